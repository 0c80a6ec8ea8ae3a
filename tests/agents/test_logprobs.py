"""Beliefs from tokens, against small models of which every whole reply is known: what a token list says is compared with sums
over all replies that begin as the drawn one does."""

from __future__ import annotations

import itertools
import json
import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iicl_tui.agents.beliefs import Belief, FactorMass, TokenMasses
from iicl_tui.agents.calls import UNKNOWN_LOGPROB, Token
from iicl_tui.agents.logprobs import MISSING, PARTLY_SPELLED, RAW_VOCABULARY, SCALED, NoBelief, belief_from_tokens
from iicl_tui.bayes.space import Factor, ProductSpace
from iicl_tui.tasks.wording import Span

profile = settings(derandomize=True, deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])

STATES = ("on", "off", "und")
WORDS = (("on",), ("off",), ("und", "undetermined", "unknown"))


def space_of(names: Sequence[str], values: Sequence[str] = STATES) -> ProductSpace:
    return ProductSpace(tuple(Factor(name, tuple(values)) for name in names))


ONE = space_of(["A"])


def token(
    drawn: str | bytes, p: float, top: Mapping[str, float] | Mapping[bytes, float] | Mapping[str | bytes, float] | None = None
) -> Token:
    def data(text: str | bytes) -> bytes:
        return text if isinstance(text, bytes) else text.encode()

    return Token(data(drawn), math.log(p), tuple((data(text), math.log(q)) for text, q in (top or {}).items()))


def plain(*texts: str) -> list[Token]:
    return [token(text, 1.0, {text: 1.0}) for text in texts]


def of_one(
    tokens: Sequence[Token], value: str, words: Sequence[Sequence[str]] = WORDS, space: ProductSpace = ONE
) -> tuple[list[float], float, float]:
    """The masses where there is one factor, and its value is the only place of this word."""
    text = b"".join(one.data for one in tokens).decode()
    start = text.index(value)
    belief = belief_from_tokens(text, tokens, [(start, start + len(value))], space, [words])
    assert isinstance(belief, Belief), belief
    assert isinstance(belief.evidence, TokenMasses)
    (mass,) = belief.evidence.factors
    assert mass.observed.sum() + mass.other + mass.unobserved == pytest.approx(1, abs=2e-6)
    return [round(float(p), 9) for p in mass.observed], round(mass.other, 9), round(mass.unobserved, 9)


# -- single places --------------------------------------------------------------------------------------------------------


def test_the_words_of_one_place() -> None:
    tokens = [*plain('{"', "A", '":', ' "'), token("on", 0.7, {"on": 0.7, "off": 0.2, "und": 0.05}), *plain('"}')]
    assert of_one(tokens, "on") == ([0.7, 0.2, 0.05], 0, 0.05)


def test_the_figures_on_record() -> None:
    """One recorded place of the notebooks' run: P(screen off) = .00175."""
    top = {"on": -0.002666146, "off": -6.346416, "und": -7.002666, "ond": -15.893291, " on": -18.049541}
    recorded = Token(b"on", -0.002666146, tuple((word.encode(), logprob) for word, logprob in top.items()))
    tokens = [*plain('"screen', '":', ' "'), recorded, *plain('"}')]
    observed, other, unobserved = of_one(tokens, "on", space=space_of(["screen"]))
    assert observed[1] == pytest.approx(0.00175, abs=5e-6)
    assert observed[0] == pytest.approx(math.exp(top["on"]) + math.exp(top[" on"]), abs=1e-9)
    assert other == pytest.approx(math.exp(top["ond"]), abs=1e-9)
    assert unobserved < 1e-4


@pytest.mark.parametrize("sign", ["é", "“", "😊"])
def test_a_character_before_the_value_is_completed_from_all_of_its_bytes(sign: str) -> None:
    """The value's token begins with the last byte of a character; an alternative completes it to another character."""
    start, last = sign.encode()[:-1], sign.encode()[-1:]
    other = bytes([last[0] + 1])
    assert (start + other).decode() != sign
    top: dict[str | bytes, float] = {last + b"x on": 0.5, last + b"x off": 0.2, other + b"x und": 0.1}
    tokens = [*plain('"A": '), token(start, 1.0), token(last + b"x on", 0.5, top), *plain('"}')]
    assert of_one(tokens, "on") == ([0.5, 0.2, 0], 0.1, 0.2)


@pytest.mark.parametrize(
    ("alternative", "where"),
    [
        ("on", 0),
        ("ON", 0),
        ("off", 1),
        ("Off", 1),
        ("und", 2),
        ("undetermined", 2),
        ("un", 2),
        ("unk", 2),
        ("unknown", 2),
        (" off", 1),
        ('"off', 1),
        (' "off', 1),
        ("“off", 1),
        ("**off", 1),
        ('off"', 1),
        ('off",', 1),
        ("off\n", 1),
        ("off}", 1),
        ("off.", 1),
        ("of", 1),
        ("once", "other"),
        ("one", "other"),
        ("offer", "other"),
        ("office", "other"),
        ("off-hand", "other"),
        ("undo", "other"),
        ("until", "other"),
        ("maybe", "other"),
        ('",', "other"),
        ("", "open"),
        (" ", "open"),
        ('"', "open"),
        (' "', "open"),
        ("\n", "open"),
        ("o", "open"),
        ("u", 2),
        (b"\xe2\x80", "open"),  # the first bytes of a typographic quote
        (b"\xff", "other"),
        (b"\xf0\x9f", "other"),  # of a picture
    ],
)
def test_an_alternative_is_sorted_by_what_it_can_begin(alternative: str | bytes, where: int | str) -> None:
    top: dict[str | bytes, float] = {"on": 0.5, alternative: 0.3} if alternative != "on" else {"on": 0.8}
    observed, other, unobserved = of_one([*plain('"A": "'), token("on", 0.5, top), *plain('"')], "on")
    expected = [0.5, 0.0, 0.0]
    if isinstance(where, int):
        expected[where] += 0.3
    assert (observed, other, unobserved) == (
        pytest.approx(expected),
        pytest.approx(0.3 if where == "other" else 0),
        pytest.approx(0.5 if where == "open" else 0.2),
    )


def test_the_drawn_token_counts_where_it_is_not_listed() -> None:
    tokens = [*plain("A: "), token("und", 0.01, {"on": 0.6, "off": 0.3}), *plain("\n")]
    assert of_one(tokens, "und") == ([0.6, 0.3, 0.01], 0, 0.09)


def test_what_could_begin_several_values_is_followed_where_it_was_drawn() -> None:
    first = token("o", 0.8, {"o": 0.8, "un": 0.15})
    second = token("ff", 0.6, {"ff": 0.6, "n": 0.3, "x": 0.1})
    tokens = [*plain('A": "'), first, second, *plain('"')]
    assert of_one(tokens, "off") == (pytest.approx([0.24, 0.48, 0.15]), pytest.approx(0.08), pytest.approx(0.05))


def test_it_is_followed_as_far_as_it_takes() -> None:
    words = (("aab",), ("aac",), ("b",))
    tokens = [
        *plain("x="),
        token("a", 0.5, {"a": 0.5, "b": 0.5}),
        token("a", 0.9, {"a": 0.9, "z": 0.1}),
        token("c", 0.25, {"b": 0.75, "c": 0.25}),
        *plain("."),
    ]
    space = space_of(["x"], ["aab", "aac", "b"])
    assert of_one(tokens, "aac", words, space) == (pytest.approx([0.3375, 0.1125, 0.5]), pytest.approx(0.05), 0)


def test_one_value_that_begins_another_is_told_by_what_follows() -> None:
    words, space = (("on",), ("on hold",)), space_of(["x"], ["on", "on hold"])
    following = token('"', 0.25, {'"': 0.25, " hold": 0.75})
    tokens = [*plain('x: "'), token("on", 1.0, {"on": 1.0}), following]
    assert of_one(tokens, "on", words, space) == (pytest.approx([0.25, 0.75]), 0, 0)


def test_what_the_end_of_the_reply_leaves_open_stays_open() -> None:
    words, space = (("on",), ("on hold",), ("off",)), space_of(["x"], ["on", "on hold", "off"])
    tokens = [*plain("x: "), token("on", 0.6, {"on": 0.6, "off": 0.4})]
    assert of_one(tokens, "on", words, space) == (pytest.approx([0, 0, 0.4]), 0, pytest.approx(0.6))


def test_a_value_within_a_token() -> None:
    tokens = [*plain('{"A'), token('": "on", ', 0.5, {'": "on", ': 0.5, '": "off"': 0.25, '": ': 0.125, '",': 0.0625}), *plain("}")]
    assert of_one(tokens, "on") == ([0.5, 0.25, 0], 0.0625, 0.1875)


def test_a_token_that_is_parts_of_characters() -> None:
    words, space = (("é",), ("è",), ("日",)), space_of(["x"], ["é", "è", "日"])
    first = token(b'"\xc3', 0.75, {b'"\xc3': 0.75, b'"\xe6\x97': 0.25})
    second = token(b"\xa9", 0.5, {b"\xa9": 0.5, b"\xa8": 0.25, b"\x89": 0.125})
    tokens = [*plain("x = "), first, second, *plain('"')]
    # c3 89 is É
    assert of_one(tokens, "é", words, space) == (pytest.approx([0.46875, 0.1875, 0.25]), 0, pytest.approx(0.09375))


def test_a_quote_that_ends_in_the_values_token() -> None:
    quote = "“".encode()
    top: dict[str | bytes, float] = {quote[1:] + b"on": 0.5, quote[1:] + b"off": 0.25, quote[1:]: 0.25}
    tokens = [*plain("A: "), token(quote[:1], 1, {quote[:1]: 1.0}), token(quote[1:] + b"on", 0.5, top)]
    tokens += [token("”", 1)]
    assert of_one(tokens, "on") == ([0.5, 0.25, 0], 0, 0.25)


def test_values_of_other_names() -> None:
    words, space = (("ja",), ("nein",), ("+",)), space_of(["x"], ["ja", "nein", "+"])
    top = {"+": 0.5, "J": 0.25, " N": 0.125, "++": 0.0625}
    tokens = [*plain("x:"), token("+", 0.5, top), *plain("\n")]
    assert of_one(tokens, "+", words, space) == ([0.25, 0.125, 0.5625], 0, 0.0625)


# -- where there is no belief ---------------------------------------------------------------------------------------------


def refused(text: str, tokens: Sequence[Token], spans: Sequence[Span], space: ProductSpace = ONE) -> str:
    belief = belief_from_tokens(text, tokens, spans, space, [WORDS] * len(space.factors))
    assert isinstance(belief, NoBelief)
    assert belief.reason.endswith(".")
    return belief.reason


def test_tokens_that_do_not_spell_the_reply() -> None:
    assert "do not spell" in refused("A: on", plain("A: ", "off"), [(3, 5)])
    assert "do not spell" in refused("A: on", [], [(3, 5)])
    assert "do not spell" in refused("A: \ud800on", plain("A: on"), [(4, 6)])


@pytest.mark.parametrize("thoughts", ["A: on.\n", "<think>A: on</think>\n\n", "[THINK]A: on[/THINK]"])
def test_the_last_place_that_spells_the_reply_is_the_reply(thoughts: str) -> None:
    before, _, after = thoughts.partition("on")
    draft = [*plain(before), token("on", 0.9, {"on": 0.9, "off": 0.1}), *plain(after)]
    tokens = [*draft, *plain("A: "), token("on", 0.6, {"on": 0.6, "off": 0.4})]
    belief = belief_from_tokens("A: on", tokens, [(3, 5)], ONE, [WORDS])
    assert isinstance(belief, Belief)
    assert np.exp(belief.log_p) == pytest.approx([0.6, 0.4, 0])


def test_a_reply_that_only_the_thoughts_spell_gives_no_belief() -> None:
    tokens = [*plain("<think>A: "), token("on", 0.9, {"on": 0.9, "off": 0.1}), *plain("</think>", "A: \ufffd")]
    assert "thoughts" in refused("A: on", tokens, [(3, 5)])


@pytest.mark.parametrize("reply", ["😊 A: on\n", "A: on 😊", "“Sure”\nA: on", "😊 A: on 😊"])
def test_characters_that_come_as_replacements_cost_no_belief(reply: str) -> None:
    """Some servers write U+FFFD for each byte of a character that tokens share."""
    start = reply.index("on")
    pieces = ["\ufffd" * len(char.encode()) if len(char.encode()) > 2 else char for char in reply]
    before, after = "".join(pieces[: reply.index("A")]), "".join(pieces[start + 2 :])
    tokens = [*plain(before), *plain("A: "), token("on", 0.5, {"on": 0.5, "off": 0.3}), *plain(after)]
    belief = belief_from_tokens(reply, tokens, [(start, start + 2)], ONE, [WORDS])
    assert isinstance(belief, Belief), belief
    assert belief.notes == (PARTLY_SPELLED,)
    assert np.exp(belief.log_p) == pytest.approx([0.625, 0.375, 0])


def test_a_certain_token_with_nothing_beside_it_says_nothing() -> None:
    for drawn in (Token(b"on", 0.0), Token(b"on", -0.0, ((b"on", -0.0),)), Token(b"on", 1e-7, ((b"on", 0.0),))):
        found = belief_from_tokens("A: on", [*plain("A: "), drawn], [(3, 5)], ONE, [WORDS], distrusts_certain=True)
        assert isinstance(found, NoBelief)
        assert "say nothing" in found.reason
    sure = Token(b"on", 0.0, ((b"on", 0.0), (b"off", -30.0)))
    assert isinstance(belief_from_tokens("A: on", [*plain("A: "), sure], [(3, 5)], ONE, [WORDS], distrusts_certain=True), Belief)


@pytest.mark.parametrize("raw", ["Ġ{}", "▁{}", "Ċ{}", "ĠĠ{}"])
@pytest.mark.parametrize("drawn_is_raw", [False, True])
def test_alternatives_from_the_raw_vocabulary_count(raw: str, drawn_is_raw: bool) -> None:
    blank = "".join({"Ġ": " ", "▁": " ", "Ċ": "\n"}.get(char, "") for char in raw)
    drawn = raw.format("on") if drawn_is_raw else blank + "on"
    top: dict[str | bytes, float] = {drawn: 0.5, raw.format("off"): 0.3, raw.format("und"): 0.15}
    text = f"A:{blank}on"
    belief = belief_from_tokens(text, [*plain("A:"), token(drawn, 0.5, top)], [(len(text) - 2, len(text))], ONE, [WORDS])
    assert isinstance(belief, Belief), belief
    assert belief.notes == (RAW_VOCABULARY,)
    assert np.exp(belief.log_p) == pytest.approx([0.5 / 0.95, 0.3 / 0.95, 0.15 / 0.95])


def test_raw_bytes_of_other_scripts_are_decoded() -> None:
    words = (("开",), ("关",))
    space = space_of(["A"], ("开", "关"))
    top: dict[str | bytes, float] = {" 开": 0.5, "Ġå\u0127³": 0.3}
    belief = belief_from_tokens("A: 开", [*plain("A:"), token(" 开", 0.5, top)], [(3, 4)], space, [words])
    assert isinstance(belief, Belief), belief
    assert np.exp(belief.log_p) == pytest.approx([0.625, 0.375])


def test_an_accent_is_no_raw_byte() -> None:
    top: dict[str | bytes, float] = {" on": 0.5, "Ġoff": 0.2, " é": 0.1, "é": 0.05}
    belief = belief_from_tokens("A: on", [*plain("A:"), token(" on", 0.5, top)], [(3, 5)], ONE, [WORDS])
    assert isinstance(belief, Belief)
    assert belief.other is not None
    assert belief.other[0] == pytest.approx(0.15)


def test_an_alternative_under_unknown_signs_stays_unobserved() -> None:
    top: dict[str | bytes, float] = {"on": 0.5, "⟪off": 0.3, "⟪maybe": 0.1}
    assert of_one([*plain('"A": "'), token("on", 0.5, top), *plain('"')], "on") == ([0.5, 0, 0], 0.1, 0.4)


def test_a_token_that_is_listed_twice_counts_once() -> None:
    drawn = token("on", 0.6, {"on": 0.6, "off": 0.3})
    twice = drawn._replace(top=(drawn.top[0], *drawn.top, drawn.top[1]))
    assert of_one([*plain('"A": "'), twice, *plain('"')], "on") == ([0.6, 0.3, 0], 0, 0.1)


def test_sixteen_bit_sums_are_scaled() -> None:
    tokens = [*plain("A: "), token("on", 0.7021, {"on": 0.7021, "off": 0.2009, "und": 0.1003})]
    belief = belief_from_tokens("A: on", tokens, [(3, 5)], ONE, [WORDS])
    assert isinstance(belief, Belief)
    assert belief.notes == (SCALED,)
    assert np.exp(belief.log_p).sum() == pytest.approx(1)


def test_a_drawn_token_without_a_log_probability_gives_no_certainty() -> None:
    unknown = Token(b"on", UNKNOWN_LOGPROB, ((b"off", math.log(0.2)),))
    assert "no log-probability" in refused("A: on", [*plain("A: "), unknown], [(3, 5)])
    rare = Token(b"on", UNKNOWN_LOGPROB, ((b"off", math.log(0.9)),))
    assert of_one([*plain("A: "), rare], "on")[1:] == (0, 0.1)


@pytest.mark.parametrize(
    ("before", "after"), [([], ["<|im_end|>"]), (["\n"], []), (["<think>", "A: off", "</think>\n\n"], ["", ""])]
)
def test_the_tokens_may_hold_more_than_the_reply(before: list[str], after: list[str]) -> None:
    tokens = [*plain(*before), *plain("A: "), token("on", 0.5, {"on": 0.5, "off": 0.5}), *plain("\n", *after)]
    belief = belief_from_tokens("A: on\n", tokens, [(3, 5)], ONE, [WORDS])
    assert isinstance(belief, Belief)
    assert np.exp(belief.log_p) == pytest.approx([0.5, 0.5, 0])


def test_a_place_where_no_value_begins() -> None:
    assert "A begins" in refused("A: maybe", plain("A: ", "maybe"), [(3, 8)])


@pytest.mark.parametrize("span", [(5, 6), (-1, 2), (10**9, 10**9)])
def test_a_place_outside_the_reply(span: Span) -> None:
    assert "not found" in refused("A: on", plain("A: ", "on"), [span])


def test_probabilities_that_are_none() -> None:
    for top in ({"on": 0.8, "off": 0.3}, {"on": 1.1}):
        assert "add up" in refused("A: on", [*plain("A: "), token("on", 0.8, dict(top))], [(3, 5)])
    for wrong in (math.nan, math.inf, 1e6):
        tokens = [*plain("A: "), Token(b"on", wrong, ((b"off", -1.0),))]
        assert "add up" in refused("A: on", tokens, [(3, 5)])
        tokens = [*plain("A: "), Token(b"on", -1.0, ((b"off", wrong),))]
        assert "add up" in refused("A: on", tokens, [(3, 5)])
    assert "listed" in refused("A: on", [*plain("A: "), Token(b"on", -math.inf, ())], [(3, 5)])


def test_a_little_above_1_is_rounding() -> None:
    tokens = [*plain("A: "), token("on", 0.6, {"on": 0.6, "off": 0.4 + 5e-7}), *plain("\n")]
    assert of_one(tokens, "on")[2] == 0


def test_a_reply_whose_words_were_not_found() -> None:
    assert "not found" in refused("A: on", plain("A: ", "on"), [])


def test_one_factor_that_cannot_be_seen_leaves_no_belief() -> None:
    space = space_of(["A", "B"])
    tokens = [*plain("A: ", "on", "\nB: "), Token(b"on", -math.inf, ()), *plain("\n")]
    assert "B" in refused("A: on\nB: on\n", tokens, [(3, 5), (9, 11)], space)


# -- against models of which everything is known ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Reply:
    """One whole reply of a small model: its tokens, its probability, and where which value stands."""

    tokens: tuple[bytes, ...]
    p: float
    codes: tuple[int, ...]
    spans: tuple[Span, ...]

    @property
    def text(self) -> str:
        return b"".join(self.tokens).decode()


def cut(text: bytes, places: Sequence[int]) -> tuple[bytes, ...]:
    ends = sorted({place for place in places if 0 < place < len(text)})
    return tuple(text[a:b] for a, b in itertools.pairwise([0, *ends, len(text)]))


def listed(model: Sequence[Reply], drawn: Reply, most: int) -> list[Token]:
    """The drawn reply's tokens with the likeliest ones at each place, from all replies that began alike."""
    tokens = []
    for at, data in enumerate(drawn.tokens):
        alike = [reply for reply in model if reply.tokens[:at] == drawn.tokens[:at]]
        total = sum(reply.p for reply in alike)
        p: dict[bytes, float] = defaultdict(float)
        for reply in alike:
            if len(reply.tokens) > at:
                p[reply.tokens[at]] += reply.p / total
        top = sorted(p.items(), key=lambda item: -item[1])[:most]
        tokens.append(Token(data, math.log(p[data]), tuple((text, math.log(q)) for text, q in top)))
    return tokens


LEADS = " \n\"'“*:="


def exact(model: Sequence[Reply], drawn: Reply, factor: int, values: int) -> list[float]:
    """P(the value of a factor | the tokens before the one where it begins, and the words before it), by adding up replies."""
    begin = len(drawn.text[: drawn.spans[factor][0]].encode())
    at = bisect_right(list(itertools.accumulate(map(len, drawn.tokens))), begin)
    same = drawn.text[: drawn.spans[factor][0]].rstrip(LEADS)
    alike = [reply for reply in model if reply.tokens[:at] == drawn.tokens[:at]]
    total = sum(reply.p for reply in alike)
    out = [0.0] * values
    for reply in alike:
        if reply.text[: reply.spans[factor][0]].rstrip(LEADS) == same:
            out[reply.codes[factor]] += reply.p / total
    return out


WORD_LISTS = (
    (("on",), ("off",), ("und", "undetermined", "unknown")),
    (("on",), ("once",), ("one",)),
    (("on",), ("on hold",), ("off",)),
    (("é", "ê"), ("è",), ("e",)),
    (("日本",), ("日",), ("本",)),
    (("+",), ("++",), ("-",)),
    (("ja", "jawohl"), ("nein",)),
    (("only",),),
)
FORMS = ('{0}: "{1}"', "'{0}': '{1}'", "{0} = {1}", "{0}: “{1}”", "- **{0}**: *{1}*", "{0}:\n{1}")


@st.composite
def models(draw: st.DrawFn) -> tuple[ProductSpace, tuple[tuple[tuple[str, ...], ...], ...], list[Reply]]:
    """Every hypothesis in one or more spellings and forms, each cut at places of its own."""
    lists = [draw(st.sampled_from(WORD_LISTS)) for _ in range(draw(st.integers(1, 2)))]
    space = ProductSpace(tuple(Factor(name, tuple(w[0] for w in words)) for name, words in zip("AB", lists, strict=False)))
    form = draw(st.sampled_from(FORMS))
    replies = []
    for codes in space.codes.tolist():
        for _ in range(draw(st.integers(1, 2))):
            text, spans = draw(st.sampled_from(["", "Rule:\n", "Sure! "])), []
            for factor, code, words in zip(space.factors, codes, lists, strict=True):
                word = draw(st.sampled_from(words[code]))
                word = draw(st.sampled_from([word, word, word.upper(), word.title()]))
                piece = (draw(st.sampled_from(FORMS[2:4])) if form in FORMS[2:4] else form).format(factor.name, "\0")
                start = len(text) + piece.index("\0")
                spans.append((start, start + len(word)))
                text += piece.replace("\0", word) + ",\n"
            data = text.encode()
            places = draw(st.lists(st.integers(1, len(data) - 1), max_size=12))
            replies.append(Reply(cut(data, places), draw(st.floats(0.01, 1)), tuple(codes), tuple(spans)))
    return space, tuple(lists), replies


def masses(belief: Belief | NoBelief) -> tuple[FactorMass, ...]:
    assert isinstance(belief, Belief), belief
    assert isinstance(belief.evidence, TokenMasses)
    return belief.evidence.factors


@pytest.mark.slow
@given(models(), st.data())
@profile
def test_what_is_observed_is_there_and_what_is_there_is_observed_or_unobserved(
    made: tuple[ProductSpace, tuple[tuple[tuple[str, ...], ...], ...], list[Reply]], data: st.DataObject
) -> None:
    space, words, model = made
    drawn = data.draw(st.sampled_from(model))
    most = data.draw(st.integers(1, 8) | st.just(10**6))
    belief = belief_from_tokens(drawn.text, listed(model, drawn, most), drawn.spans, space, words)
    if isinstance(belief, NoBelief):  # only where nothing decides: one reply ended where another would have gone on
        assert "begin" in belief.reason
        return
    for factor, mass in enumerate(masses(belief)):
        truth = np.array(exact(model, drawn, factor, space.shape[factor]))
        assert (mass.observed <= truth + 1e-9).all()
        assert (truth <= mass.observed + mass.unobserved + 1e-9).all()
        assert mass.observed.sum() + mass.other + mass.unobserved == pytest.approx(1)
        low, high = mass.bounds
        known = truth / truth.sum()
        assert (low <= known + 1e-9).all()
        assert (known <= high + 1e-9).all()
    assert np.exp(belief.log_p).sum() == pytest.approx(1)


@given(st.data())
@profile
def test_cuts_outside_the_values_change_nothing(data: st.DataObject) -> None:
    """Values drawn independently of each other and whole in one token, with whatever stands around them: every probability
    is found, wherever the rest is cut."""
    lists = data.draw(st.lists(st.sampled_from(WORD_LISTS[:1] + WORD_LISTS[6:]), min_size=1, max_size=2))
    space = ProductSpace(tuple(Factor(name, tuple(w[0] for w in words)) for name, words in zip("AB", lists, strict=False)))
    shares = [np.array(data.draw(st.lists(st.floats(0.01, 1), min_size=n, max_size=n))) for n in space.shape]
    shares = [share / share.sum() for share in shares]
    form = data.draw(st.sampled_from(FORMS))
    pieces = [form.format(factor.name, "\0").encode().split(b"\0") for factor in space.factors]
    before = [data.draw(st.lists(st.integers(1, len(piece[0]) + 3))) for piece in pieces]
    after = data.draw(st.integers(0, 2))  # bytes of what follows the value in its token
    model = []
    for codes in space.codes.tolist():
        tokens: list[bytes] = []
        text, spans = "", []
        for code, words, (head, tail), places in zip(codes, lists, pieces, before, strict=True):
            word, tail = words[code][0], tail + b",\n"
            spans.append((len((text + head.decode())), len(text + head.decode()) + len(word)))
            ends = sorted({place for place in places if place <= len(head)})
            parts = [head[a:b] for a, b in itertools.pairwise([0, *ends, len(head)])]
            last = tail[: min(after, len(tail) - 1)] if tail[:1] != "”".encode()[:1] else b""
            tokens += [part for part in parts[:-1] if part]
            tokens += [parts[-1] + word.encode() + last, tail[len(last) :]]
            text += (head + word.encode() + tail).decode()
        p = math.prod(share[code] for share, code in zip(shares, codes, strict=True))
        model.append(Reply(tuple(tokens), float(p), tuple(codes), tuple(spans)))
    drawn = data.draw(st.sampled_from(model))
    found = masses(belief_from_tokens(drawn.text, listed(model, drawn, 100), drawn.spans, space, lists))
    for mass, share in zip(found, shares, strict=True):
        assert mass.observed == pytest.approx(share)
        assert (mass.other, mass.unobserved) == (0, pytest.approx(0, abs=1e-9))


@given(st.lists(st.integers(1, 11), max_size=6), st.sampled_from(WORD_LISTS), st.data())
@profile
def test_the_drawn_values_probability_is_exact_wherever_values_are_cut(
    places: list[int], words: tuple[tuple[str, ...], ...], data: st.DataObject
) -> None:
    space = space_of(["A"], [w[0] for w in words])
    share = np.array(data.draw(st.lists(st.floats(0.01, 1), min_size=len(words), max_size=len(words))))
    share /= share.sum()
    model = []
    for code, p in enumerate(share.tolist()):
        word = words[code][0]
        model.append(Reply((b'A: "', *cut(word.encode() + b'"\n', places)), p, (code,), ((4, 4 + len(word)),)))
    for drawn in model:
        belief = belief_from_tokens(drawn.text, listed(model, drawn, 100), drawn.spans, space, [words])
        (mass,) = masses(belief)
        assert mass.observed[drawn.codes[0]] == pytest.approx(share[drawn.codes[0]])
        assert (mass.observed <= share + 1e-9).all()
        assert mass.other == 0


@pytest.mark.slow
@given(
    st.text(max_size=20),
    st.lists(
        st.builds(
            Token,
            st.binary(max_size=4),
            st.floats(),
            st.lists(st.tuples(st.binary(max_size=4), st.floats()), max_size=3).map(tuple),
        ),
        max_size=6,
    ),
    st.lists(st.tuples(st.integers(-3, 30), st.integers(-3, 30)), min_size=1, max_size=1),
    st.booleans(),
    st.sampled_from(["spans", "notebook"]),
)
@settings(profile, max_examples=400)
def test_whatever_a_server_sends_nothing_is_raised(
    text: str, tokens: list[Token], spans: list[Span], spelled: bool, reading: str
) -> None:
    if spelled:
        text = b"".join(one.data for one in tokens).decode(errors="replace")
    belief = belief_from_tokens(text, tokens, spans, ONE, [WORDS], reading)  # type: ignore[arg-type]
    if isinstance(belief, Belief):
        assert np.exp(belief.log_p).sum() == pytest.approx(1)
        assert not np.isnan(belief.log_p).any()


# -- the notebooks' reading -------------------------------------------------------------------------------------------------


def as_gpt(rule: dict[str, tuple[str, dict[str, float]]]) -> tuple[str, list[Token]]:
    """A rule cut as the notebooks expect it: a name, then `":`, then ` "`, then the value."""
    tokens = plain("Rule", ":", ' {"')
    for number, (name, (drawn, top)) in enumerate(rule.items()):
        tokens += plain(*([', "'] if number else []), name, '":', ' "')
        tokens += [token(drawn, top[drawn], dict(top)), *plain('"')]
    tokens += plain("}")
    return b"".join(one.data for one in tokens).decode(), tokens


def test_the_notebooks_formula() -> None:
    rule = {"A": ("on", {"on": 0.9, "off": 0.06, " on": 0.01}), "screen": ("off", {"off": 0.7, "on": 0.2, "und": 0.1})}
    text, tokens = as_gpt(rule)
    space = space_of(["A", "screen"])
    belief = belief_from_tokens(text, tokens, (), space, [WORDS] * 2, "notebook")
    assert isinstance(belief, Belief)
    missing = math.exp(MISSING)
    q = [a * s for a in (0.9, 0.06, missing) for s in (0.2, 0.7, 0.1)]
    assert np.exp(belief.log_p) == pytest.approx(np.array(q) / sum(q))
    assert belief.notebook_entropy == pytest.approx(-sum(one * math.log(one) for one in q))
    assert belief.low is belief.bounds(0) is belief.unobserved is None
    assert belief.caption == "the notebooks' reading, factorised along one reply"


def test_the_two_readings_agree_where_every_state_is_listed() -> None:
    rule = {name: ("on", {"on": 0.5, "off": 0.3, "und": 0.2}) for name in "ABCDE"}
    text, tokens = as_gpt(rule)
    assert json.loads(text.removeprefix("Rule: ")) == dict.fromkeys("ABCDE", "on")
    space = space_of("ABCDE")
    spans = [(text.index(f'"{name}": "') + 6, text.index(f'"{name}": "') + 8) for name in "ABCDE"]
    ours = belief_from_tokens(text, tokens, spans, space, [WORDS] * 5)
    theirs = belief_from_tokens(text, tokens, spans, space, [WORDS] * 5, "notebook")
    assert isinstance(ours, Belief)
    assert isinstance(theirs, Belief)
    assert np.exp(ours.log_p) == pytest.approx(np.exp(theirs.log_p))
    entropy = -sum(p * math.log(p) for p in (0.5, 0.3, 0.2))
    assert theirs.notebook_entropy == pytest.approx(5 * entropy)


def test_a_sure_rule_has_almost_no_entropy_in_the_notebooks_reading() -> None:
    rule = {name: ("on", {"on": 1 - 1e-9, "off": 1e-10}) for name in "ABCDE"}
    text, tokens = as_gpt(rule)
    belief = belief_from_tokens(text, tokens, (), space_of("ABCDE"), [WORDS] * 5, "notebook")
    assert isinstance(belief, Belief)
    assert belief.notebook_entropy is not None
    # five states at e⁻¹⁰ beside each sure one: 5 · 10 · e⁻¹⁰, and the terms of higher order
    assert belief.notebook_entropy == pytest.approx(5 * 10 * math.exp(-10), rel=0.01)


def test_the_last_token_that_is_the_name_counts_in_the_notebooks_reading() -> None:
    text, tokens = as_gpt({"A": ("off", {"off": 0.9, "on": 0.1})})
    again, more = as_gpt({"A": ("on", {"off": 0.2, "on": 0.8})})
    belief = belief_from_tokens(text + again, [*tokens, *more], (), ONE, [WORDS], "notebook")
    assert isinstance(belief, Belief)
    assert np.exp(belief.log_p[:2]) == pytest.approx([0.8, 0.2], rel=1e-3)


def test_where_the_notebooks_would_have_failed_there_is_a_reason() -> None:
    for tokens in (plain('"A"', ":", ' "', "on"), plain("A"), [], plain("x", "A", ":")):
        found = belief_from_tokens("", tokens, (), ONE, [WORDS], "notebook")
        assert isinstance(found, NoBelief)
        assert "A" in found.reason
