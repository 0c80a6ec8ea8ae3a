"""Rules read from replies of every form that models use, and from texts that are made to mislead."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iicl_tui.bayes.space import Factor, ProductSpace
from iicl_tui.tasks.acre.task import Acre
from iicl_tui.tasks.reply_parsing import read_rule
from iicl_tui.tasks.wording import RuleReading

profile = settings(derandomize=True, deadline=None, max_examples=150)

OBJECTS = ("A", "B", "C", "D", "screen")
UND = ("und", "undetermined", "undefined", "undecided", "unknown", "uncertain", "indeterminate")
STATES = (("on",), ("off",), UND)

RULE = {"A": "on", "B": "off", "C": "und", "D": "off", "screen": "on"}
OTHER = {"A": "off", "B": "off", "C": "und", "D": "off", "screen": "on"}


def space_of(names: Sequence[str] = OBJECTS, states: Sequence[str] = ("on", "off", "und")) -> ProductSpace:
    return ProductSpace(tuple(Factor(name, tuple(states)) for name in names))


ACRE = space_of()
TASK = Acre()


def read(text: str) -> RuleReading:
    return read_rule(text, ACRE, [STATES] * 5)


def found(text: str) -> dict[str, str]:
    """The rule that is read; its words have to stand where the reading says."""
    reading = read(text)
    assert reading.hypothesis is not None, reading.trouble
    assert reading.trouble == ""
    rule = ACRE.assignment(reading.hypothesis)
    assert len(reading.spans) == 5
    for state, (start, end) in zip(rule.values(), reading.spans, strict=True):
        assert text[start:end].lower() in STATES[("on", "off", "und").index(state)]
    return rule


def trouble(text: str) -> str:
    reading = read(text)
    assert reading.hypothesis is None, reading
    assert reading.spans == ()
    assert reading.trouble.endswith(".")
    return reading.trouble


def each(form: str, between: str = "\n", rule: dict[str, str] = RULE) -> str:
    return between.join(form.format(name, state) for name, state in rule.items())


PRETTY = json.dumps(RULE, indent=2)
FORMS = {
    "json": f"Rule: {json.dumps(RULE)}",
    "pretty": PRETTY,
    "fenced": f"```json\n{PRETTY}\n```",
    "fenced, and chat": f"Sure! This explains all of them:\n\n```\nRule: {json.dumps(RULE)}\n```\nIf A is off, say so.",
    "python": f"Rule: {RULE}",
    "not quoted": "Rule: {" + each("{}: {}", ", ") + "}",
    "typographic quotes": "Rule: {" + each("“{}”: “{}”", ", ") + "}",
    "other quotes": each("«{}»: ‘{}’", "; "),
    "backticks": each("`{}`: `{}`", ", "),
    "upper case": f"RULE: {json.dumps(RULE)}".upper(),
    "equals": each("{}={}", ", "),
    "toml": each('{} = "{}"'),
    "assigned": each("{} := {}"),
    "arrow": each("{} -> {}", "; "),
    "fat arrow": each("{} => {}"),
    "real arrow": each("{} → {}", ", "),
    "dash": each("{} - {}"),
    "long dash": each("{} — {}", ", "),
    "is": each("{} is {}", ", "),
    "sentence": "A is on, B is off, C is undetermined, D is off and the screen is on.",
    "sentences": "I think that A is on. B must be off. C is clearly undetermined. D is set to off, and the screen should be on.",
    "state of": each("The state of {} is {}.", " "),
    "possessive": each("{}'s state is {}.", " "),
    "one a line": each("{}: {}"),
    "crlf": each("{}: {}", "\r\n"),
    "nothing between": each("{} {}", "  "),
    "word under word": each("{}\n{}"),
    "bullets": each("- {}: {}"),
    "other bullets": each("• {}: {}"),
    "numbered": "\n".join(f"{n}. {name}: {state}" for n, (name, state) in enumerate(RULE.items(), 1)),
    "bold": each("- **{}**: {}"),
    "bold all": each("* **{}:** **{}**"),
    "emphasis": each("_{}_: __{}__"),
    "latex": each("\\({}\\): ${}$"),
    "object": each("Object {}: {}", ", "),
    "headed": each("### {}\n{}\n"),
    "brackets": each("{} ({})", ", "),
    "square brackets": each("[{}]: [{}]", ", "),
    "tuples": each("({}, {})", ", "),
    "lists": json.dumps(list(RULE.items())),
    "csv": each("{},{}"),
    "table": "| Object | State |\n|---|:-:|\n" + each("| {} | {} |"),
    "bare table": "Object | State\n--- | ---\n" + each("{} | {}"),
    "numbered table": "| # | Object | State | Why |\n|-|-|-|-|\n" + each("| 1 | **{}** | `{}` | on or off |"),
    "lying table": f"| {' | '.join(RULE)} |\n|{'---|' * 5}\n| {' | '.join(RULE.values())} |",
    "reason": json.dumps({"reason": "The light is on if A is off.", "Rule": RULE}),
    "reason last": json.dumps({"rule": RULE, "reason": "B is on"}),
    "rule as a string": json.dumps({"rule": json.dumps(RULE)}),
    "rule as a string of lines": json.dumps({"rule": each("{}: {}")}),
    "tables in a list": json.dumps([{"object": name, "state": state} for name, state in RULE.items()]),
    "tables the other way": json.dumps([{"state": state, "object": name} for name, state in RULE.items()]),
    "yaml": each("- object: {}\n  state: {}"),
    "yaml the other way": "\n".join(f"- state: {state}\n  object: {name}" for name, state in RULE.items()),
    "nested": json.dumps({name: {"state": state, "why": "A is off"} for name, state in RULE.items()}),
    "trailing comma": json.dumps(RULE)[:-1] + ",}",
    "no closing brace": json.dumps(RULE)[:-1],
    "no opening brace": "Rule: " + json.dumps(RULE)[1:],
    "comments": each("{}: {} — because B: on would fail"),
    "comments below": each("{}: {}\nIn example 1 the light is on.\n"),
    "comments in brackets": each("{}: {} (example 3, where it is off)", ", "),
    "other order": each("{}: {}", ", ", dict(reversed(RULE.items()))),
    "invisible characters": each("\u200b{}\ufeff: \u202a{}\u202c"),
    "no-break spaces": each("{}\u00a0:\u00a0{}", ",\u00a0"),
    "no final e": f"Rule: {json.dumps(RULE)}\x00\x1b[0m",
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_rule_in_every_form(form: str) -> None:
    assert found(FORMS[form]) == RULE
    assert read(FORMS[form]).remarks in ((), ("The rule was put together from several sentences.",))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "around", ["Let me think.\n\n{}", "{}\n\nI hope that this helps!", "> {}", "\ufeff{}\n", "<think>A: off</think>\n{}"]
)
def test_what_stands_around_a_rule_changes_nothing(form: str, around: str) -> None:
    assert found(around.replace("{}", FORMS[form])) == RULE


@pytest.mark.parametrize("word", UND)
def test_every_spelling_of_a_state(word: str) -> None:
    for text in (each("{}: {}", ", "), json.dumps(RULE)):
        assert found(text.replace("und", word)) == RULE
        assert found(text.replace("und", word.title())) == RULE


# -- several rules --------------------------------------------------------------------------------------------------------

SEVERAL = "There are several rules, and they differ: the last whole one counts."


@pytest.mark.parametrize(
    "text",
    [
        f"The old rule was {json.dumps(OTHER)}, which fails.\nRule: {json.dumps(RULE)}",
        f"Rule: {json.dumps(RULE)}\n\nThe old rule was {json.dumps(OTHER)}.",
        json.dumps({"new_rule": RULE, "old_rule": OTHER}),
        f"{each('{}: {}', rule=OTHER)}\n\nNo, B... wait.\n\n{each('{}: {}')}",
        f"{each('{}: {}', rule=OTHER)}\n{each('{}: {}')}",
        f"First {each('{} is {}', ', ', OTHER)}. That fails, so {each('{} is {}', ', ')}.",
        f"{each('{}: {}', ', ', OTHER)}. Hmm, example 2 fails. {each('{}: {}', ', ')}.",
        f"[{json.dumps(OTHER)}, {json.dumps(RULE)}]",
        f"{each('| {} | {} |', rule=OTHER)}\n\nCorrected:\n\n{each('| {} | {} |')}",
    ],
)
def test_the_last_whole_rule_counts(text: str) -> None:
    assert found(text) == RULE
    assert read(text).remarks == (SEVERAL,)


def test_the_same_rule_twice_is_nothing_to_remark() -> None:
    assert read(f"{json.dumps(RULE)}\n\nRule:\n{each('{}: {}')}").remarks == ()


def test_an_old_rule_counts_where_there_is_no_other() -> None:
    assert found(f"I keep my previous rule: {json.dumps(RULE)}") == RULE


def test_what_follows_a_whole_rule_and_is_not_one_does_not_count() -> None:
    text = f'Rule: {json.dumps(RULE)}\nPerhaps {{"A": "off", "B": "on"}} would do as well.'
    assert found(text) == RULE
    assert read(text).remarks == ("What is said after the last whole rule differs from it, and does not count.",)
    assert read(f"Rule: {json.dumps(RULE)}\nCheck: A, C -> on, B -> off.").remarks == ()


@pytest.mark.parametrize(
    "echo",
    [
        json.dumps(dict.fromkeys(OBJECTS, "on/off/und")),
        json.dumps(dict.fromkeys(OBJECTS, "on|off|und")),
        json.dumps(dict.fromkeys(OBJECTS, "on, off or und")),
        json.dumps(dict.fromkeys(OBJECTS, "...")),
        json.dumps(dict.fromkeys(OBJECTS, "<state>")),
        each("{}: on/off/und"),
        "A: on or off, B: on or off, C: on or off, D: on or off, screen: on or off",
    ],
)
def test_the_form_of_a_rule_is_no_rule(echo: str) -> None:
    for text in (f"The form is {echo}\nRule: {json.dumps(RULE)}", f"Rule: {json.dumps(RULE)}\n(in the form {echo})"):
        assert found(text) == RULE
        assert read(text).remarks == ()
    trouble(f"Rule: {echo}")


def test_thoughts_are_not_the_answer() -> None:
    assert found(f"<think>{json.dumps(OTHER)}</think>{json.dumps(RULE)}") == RULE
    assert found(f"{json.dumps(OTHER)}</think>{json.dumps(RULE)}") == RULE
    assert "There is no rule" in trouble(f"<think>{json.dumps(OTHER)}</think>I do not know.")
    assert "before the answer" in trouble(f"<think>{json.dumps(OTHER)}")
    assert "before the answer" in trouble("<Thinking>")


def test_a_key_that_stands_twice() -> None:
    text = json.dumps(OTHER)[:-1] + ', "A": "on"}'
    assert found(text) == RULE
    assert read(text).remarks == ("There is more than one word for A: the last counts.",)
    assert found(f"A: off, {each('{}: {}', ', ')}") == RULE


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({**RULE, "E": "off"}),
        json.dumps({"E": "off", **RULE}),
        json.dumps({"A": "on", "E": "und", **RULE}),
        each("{}: {}", ", ", {**RULE, "E": "off"}),
        each("{}: {}", "\n", {"E": "off", **RULE}),
        each("- {} = {}", "\n", {**RULE, "E": "off"}),
        each("{}: {}, E: off", "\n"),
    ],
)
def test_objects_that_were_not_asked_for(text: str) -> None:
    assert found(text) == RULE
    assert read(text).remarks == ("It also says something of “E”, which was not asked for.",)


@pytest.mark.parametrize("name", ["big screen", "screen 2", "screens", "screen_2", "off-screen", "ABCD"])
def test_a_longer_name_is_another_name(name: str) -> None:
    for text in (json.dumps({**RULE, name: "off"}), each("{}: {}", ", ", {**RULE, name: "off"})):
        assert found(text) == RULE


def test_examples_are_no_rule() -> None:
    examples = "Input: A\nOutput: on\n\nInput: B\nOutput: off\n\nInput: C, D, screen\nOutput: on\n"
    assert "no rule" in trouble(examples)
    assert found(f"{examples}\nRule: {json.dumps(RULE)}") == RULE
    assert found(f"Rule: {json.dumps(RULE)}\n\n{examples}") == RULE
    assert "no rule" in trouble("A, B -> on\nA, C, D and screen -> off")


# -- what cannot be read --------------------------------------------------------------------------------------------------


def test_a_rule_that_leaves_objects_out() -> None:
    assert trouble('Rule: {"A": "on", "B": "off", "screen": "on"}') == "The rule says nothing of C and D."
    assert trouble("A: on") == "The rule says nothing of B, C, D and screen."
    assert "nothing of D and screen" in trouble("A is on, B is off and C is und.")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ('"maybe"', "maybe"),
        ("maybe", "maybe"),
        ("null", "null"),
        ("true", "true"),
        ('"on-ish"', "on-ish"),
        ('"once"', "once"),
        ('"not on"', "not on"),
        ('"on and off"', "on and off"),
        ('"\\u001b[31m"', "␛[31m"),
    ],
)
def test_a_word_that_is_no_state(word: str, said: str) -> None:
    text = json.dumps(RULE).replace('"und"', word)
    assert trouble(text) == f"The rule says “{said}” of C, which is none of on, off and und."


def test_words_in_a_trouble_are_cut() -> None:
    assert len(trouble(json.dumps(dict.fromkeys(OBJECTS, "x" * 70)))) < 500


def test_the_last_rule_is_not_passed_over_because_of_its_word() -> None:
    text = f"Old: {json.dumps(OTHER)}. Rule: {json.dumps(RULE | {'B': 'perhaps'})}"
    assert trouble(text) == "The rule says “perhaps” of B, which is none of on, off and und."


def test_a_missing_object_and_a_wrong_word_are_both_said() -> None:
    said = trouble('{"A": "maybe", "B": "off", "C": "und", "D": "off"}')
    assert "“maybe” of A" in said
    assert "nothing of screen" in said


@pytest.mark.parametrize("text", ["", " \n\t", "\u3000"])
def test_an_empty_reply(text: str) -> None:
    assert trouble(text) == "The reply is empty."


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "There is no rule that explains the examples.",
        "Turn the screen off!",
        "If A is on, the light is on; whether B is off I cannot say.",
        "on, off, und, off, on",
        "\ud800\x00\x1b]0;title\x07\u202e",
        "A" * 1000,
    ],
)
def test_prose_without_a_rule(text: str) -> None:
    assert trouble(text) == "There is no rule in the reply."


def test_what_only_may_be_is_not_said() -> None:
    assert "nothing of A" in trouble("If A is on, then B is off. C is und, D is off, the screen is on.")
    assert "nothing of A" in trouble("A is not on. B is off. C is und, D is off, the screen is on.")


def test_sentences_that_contradict_each_other_are_no_rule() -> None:
    said = trouble(f"{each('I see that {} is {}.', ' ')} But wait, example 3 says that B is on!")
    assert said == "The reply says different things of B, and does not end with a whole rule."


# -- names and states that may be anything ----------------------------------------------------------------------------------


def read_with(text: str, names: Sequence[str], states: Sequence[str]) -> tuple[ProductSpace, RuleReading]:
    space = space_of(names, states)
    return space, read_rule(text, space, [[(state.lower(),) for state in states]] * len(names))


@pytest.mark.parametrize(
    ("names", "states"),
    [
        (("A", "A screen"), ("on", "off")),
        (("screen", "A screen", "the A screen"), ("on", "off")),
        (("a", "A"), ("on", "off")),
        (("Ab", "aB", "AB"), ("on", "off")),
        (("red ball", "blue ball", "ball"), ("ja", "nein", "weiß nicht")),
        (("x.*", "x+", "x"), ("on", "off")),
        (("(a)", "[b]", "c{2}"), ("on", "off")),
        (("salt and pepper", "salt", "pepper"), ("on", "off")),
        (("it's", 'a "b"', "c`d"), ("on", "off")),
        (("été", "日本", "Ж"), ("on", "off")),
        (("A=1", "A:2", "A->3"), ("on", "off")),
        (("1", "12", "123"), ("0", "1")),
        (("A", "B"), ("+", "-")),
        (("A", "B"), ("red", "red light", "light")),
        (("A", "B"), ("on", "on hold", "once")),
        (("state", "value", "status"), ("on", "off")),
        (("input", "output", "object"), ("on", "off")),
    ],
)
def test_names_that_may_be_mistaken_for_something(names: tuple[str, ...], states: tuple[str, ...]) -> None:
    space = space_of(names, states)
    for hypothesis in range(space.size):
        rule = space.assignment(hypothesis)
        for text in (
            f"Rule: {json.dumps(rule)}",
            f"Rule: {json.dumps(rule, ensure_ascii=False)}",
            json.dumps(rule, indent=1),
            json.dumps({"rule": json.dumps(rule)}),
            each("{}: {}", rule=rule),
            each("- **{}**: {}", rule=rule),
            each("| {} | {} |", rule=rule),
        ):
            _, reading = read_with(text, names, states)
            assert reading.hypothesis == hypothesis, (text, reading)
            for value, (start, end) in zip(rule.values(), reading.spans, strict=True):
                assert text[start:end] in (value, json.dumps(value)[1:-1], json.dumps(json.dumps(value)[1:-1])[1:-1])


SIGNS = "abAB on.:;=->*_|'\"{}[]()`/&+#$\\é日0 1"
names_of_signs = st.lists(
    st.text(st.sampled_from(SIGNS), min_size=1, max_size=8).map(str.strip).filter(bool),
    min_size=2,
    max_size=5,
    unique_by=lambda name: " ".join(name.split()).lower(),
)
state_names = st.sampled_from([("on", "off", "und"), ("ja", "nein"), ("an", "aus", "unklar"), ("red light", "red", "dark")])


@pytest.mark.slow
@given(names_of_signs, state_names, st.data())
@profile
def test_any_names_are_read_from_json(names: list[str], states: tuple[str, ...], data: st.DataObject) -> None:
    space = space_of(names, states)
    hypothesis = data.draw(st.integers(0, space.size - 1))
    rule = space.assignment(hypothesis)
    indent, ascii_only = data.draw(st.sampled_from([None, 2])), data.draw(st.booleans())
    text = f"Rule: {json.dumps(rule, indent=indent, ensure_ascii=ascii_only)}"
    _, reading = read_with(text, names, states)
    assert reading.hypothesis == hypothesis
    assert [text[start:end] for start, end in reading.spans] == list(rule.values())


@pytest.mark.slow
@given(names_of_signs.map(lambda names: [name.replace("\\", "/") for name in names]), state_names, st.data())
@profile
def test_any_names_are_read_from_lines(names: list[str], states: tuple[str, ...], data: st.DataObject) -> None:
    if len({" ".join(name.split()).lower() for name in names}) < len(names):
        return
    space = space_of(names, states)
    hypothesis = data.draw(st.integers(0, space.size - 1))
    text = f"Rule:\n{each('{}: {}', rule=space.assignment(hypothesis))}"
    assert read_with(text, names, states)[1].hypothesis == hypothesis


BLANKS = st.text(st.sampled_from(" \n\t\u00a0"), max_size=4)
QUOTES = st.sampled_from(["", '"', "'", "`", "**", "_"])
TYPOGRAPHIC = st.sampled_from([("“", "”"), ("«", "»"), ("‘", "’")])


@pytest.mark.slow
@given(st.integers(0, 242), st.data())
@profile
def test_every_word_is_found_whatever_blanks_and_quotes_are_around_it(hypothesis: int, data: st.DataObject) -> None:
    text, spans = data.draw(st.sampled_from(["", "Rule: ", "Sure:\n\n", "{"])), []
    sign = data.draw(st.sampled_from([":", "=", " -> ", "→"]))
    for factor, value in enumerate(ACRE.codes[hypothesis].tolist()):
        word = data.draw(st.sampled_from(STATES[value]))
        word = data.draw(st.sampled_from([word, word.upper(), word.title()]))
        marks = data.draw(QUOTES.map(lambda quote: (quote, quote)) | TYPOGRAPHIC)
        text += f"{marks[0]}{OBJECTS[factor]}{marks[1]}{data.draw(BLANKS)}{sign}{data.draw(BLANKS)}{marks[0]}"
        spans.append((len(text), len(text) + len(word)))
        text += f"{word}{marks[1]}{data.draw(BLANKS)},{data.draw(BLANKS)} "
    reading = read(text)
    assert reading.hypothesis == hypothesis
    assert reading.spans == tuple(spans)
    assert reading.remarks == ()


# -- nothing is raised, and nothing takes long --------------------------------------------------------------------------------

PIECES = ["A", "B", "C", "D", "screen", "on", "off", "und", ":", "=", ",", "\n", '"', "'", "{", "}", "[", "]", "|", "->", " ", "is",
          "object", "state", "rule", "old rule", "and", "or", "if", "\\", "\\n", "\x00", "\x1b", "\u202e", "\ud800", "<think>",
          "</think>", "```", "E", "1.", "-", "**", "é", "maybe"]  # fmt: skip


@pytest.mark.slow
@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join) | st.text(st.characters(), max_size=80))
@settings(profile, max_examples=600)
def test_nothing_is_raised_and_every_reading_is_sound(text: str) -> None:
    reading = read(text)
    if reading.hypothesis is None:
        assert reading.trouble
        assert reading.spans == ()
    else:
        assert reading.trouble == ""
        for value, (start, end) in zip(ACRE.codes[reading.hypothesis].tolist(), reading.spans, strict=True):
            assert text[start:end].lower() in STATES[value]
    for said in (*reading.remarks, reading.trouble):
        assert len(said) <= 600
        assert not {char for char in said if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")}


HUGE: dict[str, Callable[[int], str]] = {
    "colons": lambda n: ":" * n,
    "quotes": lambda n: '"' * n,
    "letters": lambda n: "A" * n,
    "brackets": lambda n: "(" * n,
    "braces": lambda n: "{" * n,
    "pipes": lambda n: "|" * n,
    "backslashes": lambda n: "\\" * n,
    "escaped lines": lambda n: "\\n" * (n // 2),
    "blanks behind": lambda n: "A:" + " " * n,
    "names": lambda n: "A, " * (n // 3),
    "names and signs": lambda n: "A: " * (n // 3),
    "verbs": lambda n: "A is " * (n // 5),
    "pairs": lambda n: "A: on, " * (n // 7),
    "extras": lambda n: "E: on, " * (n // 7),
    "rows": lambda n: "| A | x |\n" * (n // 10),
    "cells": lambda n: "| A " * (n // 4),
    "keys": lambda n: '"A": "' * (n // 6),
    "tables": lambda n: '{"A": "on"} ' * (n // 12),
    "choices": lambda n: "A: on / " * (n // 8),
    "thoughts": lambda n: "<think>" * (n // 7),
    "hostile": lambda n: "\x00\ud800\x1b\u202e" * (n // 4),
    "dashes": lambda n: "A-" * (n // 2),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", HUGE)
def test_200_kilobytes_of_anything_are_read_in_linear_time(kind: str) -> None:
    trouble(HUGE[kind](200_000))  # a pattern that backtracks would need many minutes


@pytest.mark.slow
def test_a_rule_at_either_end_of_a_megabyte() -> None:
    filler = "The light is on again. " * 50_000
    for text in (f"{json.dumps(RULE)}\n{filler}", f"{filler}\nRule: {json.dumps(RULE)}"):
        assert found(text) == RULE


@pytest.mark.parametrize(
    "doubtful",
    ["off → on", "off -> on", "off => on", "off, no: on", "off (should be on)", "off, actually on", "on, no wait, off",
     "on — sorry, off", "**off** **on**", "off on", "off/on", "off or on", "off → und → on", "not on", "~~off~~"],
)  # fmt: skip
def test_a_value_that_is_taken_back_is_none(doubtful: str) -> None:
    text = f"A: {doubtful}\nB: off\nC: und\nD: off\nscreen: on"
    assert read(text).hypothesis is None
    samples = TASK.wording.read_samples(f"Input: A\nOutput: {doubtful}\nInput: B\nOutput: off", 1)  # type: ignore[union-attr]
    assert [example.input for example in samples.examples] == [("B",)]


@pytest.mark.parametrize(
    ("said", "state"),
    [("on (was off)", "on"), ("off (not on)", "off"), ("und (undetermined)", "und"), ("on on", "on"), ("[ ] on [x] off", "off"),
     ("[x] on [ ] off [ ] und", "on"), ("☐ on ☑ off ☐ und", "off")],
)  # fmt: skip
def test_a_value_with_a_note_counts(said: str, state: str) -> None:
    rule = {"A": state, "B": "off", "C": "und", "D": "off", "screen": "on"}
    assert found(f"A: {said}\nB: off\nC: und\nD: off\nscreen: on") == rule


@pytest.mark.parametrize("later", ["Wait, A should be off.", "Correction: A: off", "Actually, A is off."])
def test_a_correction_after_the_rule_is_said(later: str) -> None:
    reading = read(f"{json.dumps(RULE)}\n{later}")
    assert reading.hypothesis is not None
    assert reading.remarks == ("What is said after the last whole rule differs from it, and does not count.",)
