from __future__ import annotations

import gc
import re
import tomllib
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import CREATED, HOSTILE, config
from narrow import not_none

from iicl_tui.agents.calls import FINISHES, REPLY_VERDICTS, Call, Token, Usage
from iicl_tui.chain.records import PHASES, Generation, ImitationRecord, InteractionRecord, TransmissionRecord, in_order
from iicl_tui.errors import ConfigError
from iicl_tui.filters.base import Decision, Refinement, Sample
from iicl_tui.store import blocks, toml_text
from iicl_tui.store.block_ends import marker_line
from iicl_tui.store.decode import decode
from iicl_tui.store.format import Encoder, Parent, head_text
from iicl_tui.store.journal import split
from iicl_tui.store.session import encode
from iicl_tui.tasks.base import Example

CONFIG = config(generations=4, human=True)
HEAD = head_text(CONFIG, CREATED, Parent("a b/ü.toml", 2)) + marker_line("head")

TEXTS = st.text(st.characters(codec="utf-8"), max_size=20) | st.just(HOSTILE)
SECONDS = st.none() | st.floats(0, 1e6)
HYPOTHESES = st.integers(0, 242)
EXAMPLES = st.builds(Example, st.sampled_from(CONFIG.task.inputs), st.sampled_from(CONFIG.task.outputs))
SAMPLES = st.builds(
    Sample,
    EXAMPLES,
    st.integers(0, 30),
    st.sampled_from(["approved", "rejected", "edited"]),
    st.none() | EXAMPLES,
    TEXTS,
    SECONDS,
).map(lambda made: replace(made, shown=made.example) if made.verdict == "edited" and made.shown is None else made)
DECISIONS = st.builds(Decision, HYPOTHESES, st.sampled_from(["approve", "reject", "edit"]), HYPOTHESES, TEXTS, SECONDS)
VALUES = st.recursive(
    st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
REFINEMENTS = st.builds(
    Refinement, st.sampled_from(["self-refine", "hypothesis-search"]), HYPOTHESES, HYPOTHESES, st.integers(0, 8)
)
DATA = st.binary(max_size=5) | TEXTS.map(str.encode)
LOGPROBS = st.floats(-9999, 0)
TOKENS = st.builds(Token, DATA, LOGPROBS, st.lists(st.tuples(DATA, LOGPROBS), max_size=2).map(tuple))
PARAMETERS = st.lists(st.sampled_from(["temperature", "seed", "top_logprobs"]), max_size=2, unique=True).map(tuple)


@st.composite
def calls(draw: st.DrawFn, generation: int, phases: int) -> list[Call]:
    """Calls of the first so many phases, in order."""
    out = []
    for phase in PHASES[:phases]:
        for _ in range(draw(st.integers(0, 2))):
            if draw(st.booleans()):
                verdict = draw(st.sampled_from(REPLY_VERDICTS))
                text = draw(TEXTS) if verdict == "edit" else ""
                out.append(Call(generation, phase, "person", reply=text, verdict=verdict))
                continue
            purpose = draw(st.sampled_from(["imitate", "draw", "transmit", "self-refine", "hypothesis-search", "repair"]))
            tokens = draw(st.none() | st.lists(TOKENS, max_size=2).map(tuple))
            usage = draw(st.none() | st.builds(Usage, *[st.integers(0, 9)] * 3))
            finish, attempts = draw(st.sampled_from(FINISHES)), draw(st.integers(1, 5))
            words = [draw(TEXTS) for _ in range(3)]
            latency, without = draw(SECONDS), draw(PARAMETERS)
            sent = draw(st.none() | st.integers(0, 10**12))
            out.append(
                Call(
                    generation, phase, purpose, words[0], words[1], finish, tokens, usage, words[2], latency, attempts, without,
                    sent=sent,
                )
            )  # fmt: skip
    return out


@st.composite
def chains(draw: st.DrawFn) -> tuple[list[Generation], list[Call]]:
    out, said = [], []
    count = draw(st.integers(0, 3))
    for index in range(1, count + 1):
        is_last = index == count
        generation = Generation(index, ImitationRecord(index, (index - 1) % 2, draw(HYPOTHESES)))
        steps = draw(st.integers(0, 2)) if is_last else 2
        exhausted = None
        if steps:
            exhausted = draw(st.sampled_from([None, "human"])) if is_last and steps == 1 else None
            filters = draw(st.sampled_from([(), ("human",), ("effective-set", "human")]))
            decisions = tuple(draw(st.lists(DECISIONS, max_size=2)))
            refinements = tuple(draw(st.lists(REFINEMENTS, max_size=2)))
            redraws = draw(st.integers(0, 9))
            record = InteractionRecord(index, filters, draw(HYPOTHESES), redraws, decisions, exhausted, refinements)
            generation = generation.with_record(record)
        if steps == 2:
            samples = tuple(draw(st.lists(SAMPLES, max_size=4)))
            generation = generation.with_record(TransmissionRecord(index, samples))
        out.append(generation)
        said += draw(calls(index, min(steps + 1 + (not exhausted), 3)))
    if not out or out[-1].complete:
        said += draw(calls(count + 1, 1))
    return out, said


def written(chain: tuple[list[Generation], list[Call]]) -> str:
    return HEAD + encode(in_order(*chain), Encoder(CONFIG.task)).decode()


@given(chains())
def test_whatever_happened_is_read_as_it_was_written(chain: tuple[list[Generation], list[Call]]) -> None:
    text = written(chain)
    contents = decode(text)
    assert list(contents.generations) == chain[0]
    assert list(contents.calls) == chain[1]
    assert contents.config.document == CONFIG.document
    assert contents.config.start == CONFIG.start
    assert (contents.created, contents.parent) == (CREATED, Parent("a b/ü.toml", 2))
    assert split(text.encode()).whole == text.encode()
    assert len(re.findall(r"^# end: ", text, re.MULTILINE)) == text.count("\n# end: ")


@given(chains())
def test_the_fast_reading_is_tomllibs(chain: tuple[list[Generation], list[Call]]) -> None:
    text = written(chain)
    assert blocks.parse(text) == tomllib.loads(text)


EDITS = [
    "",
    "[[generation]]",
    "[generation.imitation]",
    "[generation.interaction]",
    "[generation.transmission]",
    "[[generation.transmission.sample]]",
    "[[generation.interaction.decision]]",
    "[[generation.interaction.refinement]]",
    "[[generation.call]]",
    " [generation.transmission]",
    "[start]",
    "[other]",
    "index = 1",
    "index = 7",
    "agent = 1",
    "agent.x = 1",
    'sample = "x"',
    "call = []",
    "sample = []",
    "imitation = { agent = 1 }",
    'input = ["a", "b c"]',
    'input = ["a" , "b"]',
    'input = ["a", "b",]',
    'input = ["a", "\\u0062"]',
    'output = "a\\tb"',
    'output = "a" # b',
    'output = "a" "b"',
    'output = "\x7f"',
    'reply = """',
    '"""',
    "filter = [",
    "]",
    "# a comment",
    "# a \x01 comment",
    "  # indented",
    "x = 1 # and a comment",
    '"quoted key" = 1',
    "x = 1\r",
    "x",
]


@pytest.mark.slow
@settings(max_examples=400)
@given(st.data())
def test_the_fast_reading_of_edited_texts_is_tomllibs_too(data: st.DataObject) -> None:
    made = [Generation(1, ImitationRecord(1, 0, 5)).with_record(InteractionRecord(1, ("human",), 6))]
    made[0] = made[0].with_record(TransmissionRecord(1, (Sample(Example(("A",), "on")),)))
    lines = encode(in_order(made, [Call(1, "imitation", "imitate")]), Encoder(CONFIG.task)).decode().split("\n")
    for _ in range(data.draw(st.integers(0, 4))):
        lines.insert(data.draw(st.integers(0, len(lines))), data.draw(st.sampled_from(EDITS)))
        if data.draw(st.booleans()):
            lines.pop(data.draw(st.integers(0, len(lines) - 1)))
    text = 'format = "iicl-tui/1"\n' + "\n".join(lines)
    try:
        expected: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        with pytest.raises(ConfigError):
            blocks.parse(text)
    else:
        assert blocks.parse(text) == expected


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_any_table_is_read_as_it_was_written(table: dict[str, Any]) -> None:
    assert tomllib.loads(toml_text.table("[a]", table)) == {"a": table}
    assert tomllib.loads(toml_text.table("[[a]]", table) + toml_text.table("[[a]]", {})) == {"a": [table, {}]}


def test_lone_surrogates_become_replacement_characters() -> None:
    record = Call(1, "imitation", "imitate", reply="a\ud800b\udfffc")
    text, _ = Encoder(CONFIG.task).block(record)
    (call,) = decode(HEAD + text).calls
    assert call.reply == "a\ufffdb\ufffdc"
    assert text.encode()


def test_what_is_no_toml_is_refused() -> None:
    with pytest.raises(TypeError, match="NoneType"):
        toml_text.value({"a": [None]})


def test_long_lists_are_broken_into_lines() -> None:
    weights = [n / 7 for n in range(243)]
    text = toml_text.table("[x]", {"weights": weights})
    assert max(map(len, text.split("\n"))) < 130
    assert tomllib.loads(text)["x"]["weights"] == weights


FAULTY = """\
format = "iicl-tui/1"
created = "yesterday"
parent = { flie = "a.toml", generation = -1 }
[chain]
title = "x"
generations = 2
[task]
spurious = "screen"
initail = 4
[[agent]]
kind = "bayes"
[[generation]]
index = 1
[generation.imitation]
agnet = 1
agent = 0
hypothesis = 3
[generation.interaction]
filter = ["hunam"]
hypothesis = { A = "on" }
redraws = -1
[[generation.interaction.decision]]
verdict = "aprove"
[generation.transmission]
[[generation.transmission.sample]]
inptu = ["A"]
output = "on"
verdict = "approvd"
[[generation]]
index = 3
tranmission = 1
[generation.imitation]
hypothesis = 3
"""

# Without the fault in [task], what has a meaning only in a task is read too.
SEMANTIC = """\
[chain]
generations = 2
[[agent]]
kind = "bayes"
[[generation]]
index = 1
[generation.imitation]
agent = 2
hypothesis = { A = "on", B = "on", C = "on", D = "on", screen = "no" }
[generation.interaction]
hypothesis = { A = "on", B = "on", C = "on", D = "on" }
exhausted = "human"
[generation.transmission]
[[generation.transmission.sample]]
input = ["A", "scren"]
output = "on"
[[generation.transmission.sample]]
input = "A"
output = "on"
verdict = "approved"
[[generation.transmission.sample]]
input = ["A"]
output = "maybe"
[[generation]]
index = 2
[generation.imitation]
hypothesis = { A = "on", B = "on", C = "on", D = "on", screen = "on" }
[generation.transmission]
[[generation]]
index = 3
[generation.interaction]
hypothesis = { A = "on", B = "on", C = "on", D = "on", screen = "on" }
[generation.transmission]
smaple = 3
sample = 3
"""


def faults(text: str) -> list[tuple[int | None, str, str]]:
    with pytest.raises(ConfigError) as caught:
        decode(text, "x.toml")
    return [(fault.line, fault.key, fault.message) for fault in caught.value.faults]


def test_all_faults_at_once_with_lines_and_the_nearest_known_key() -> None:
    found = faults(FAULTY)
    assert [(line, key) for line, key, _ in found] == [
        (2, "created"),
        (3, "parent.flie"),
        (3, "parent.file"),
        (3, "parent.generation"),
        (9, "task.initail"),
        (15, "generation[1].imitation.agnet"),
        (16, "generation[1].imitation.agent"),
        (19, "generation[1].interaction.filter[1]"),
        (21, "generation[1].interaction.redraws"),
        (22, "generation[1].interaction.decision[1].shown"),
        (23, "generation[1].interaction.decision[1].verdict"),
        (25, "generation[1].transmission.sample[1].input"),
        (26, "generation[1].transmission.sample[1].inptu"),
        (28, "generation[1].transmission.sample[1].verdict"),
        (30, "generation[2].index"),
        (31, "generation[2].tranmission"),
    ]
    near = {key: message for _, key, message in found}
    assert "initial" in near["task.initail"]
    assert "agent" in near["generation[1].imitation.agnet"]
    assert "human" in near["generation[1].interaction.filter[1]"]
    assert "approve" in near["generation[1].interaction.decision[1].verdict"]
    assert "input" in near["generation[1].transmission.sample[1].inptu"]
    assert "transmission" in near["generation[2].tranmission"]


def test_the_agents_take_turns() -> None:
    """Beliefs are computed with the agent whose turn it is, so a file cannot say another."""
    rule = '{ A = "on", B = "on", C = "on", D = "on", screen = "on" }'
    text = f"[[agent]]\n[[agent]]\n[[generation]]\nindex = 1\n[generation.imitation]\nagent = 2\nhypothesis = {rule}\n"
    assert faults(text) == [(6, "generation[1].imitation.agent", "found 2, but it is the turn of agent 1")]
    assert decode(text.replace("agent = 2\n", "")).generations[0].imitation.agent == 0


def test_a_pool_needs_a_filter_that_has_one() -> None:
    rule = '{ A = "on", B = "on", C = "on", D = "on", screen = "on" }'
    sample = '[[generation.transmission.sample]]\ninput = ["A"]\noutput = "on"\n'
    text = (
        f"[[agent]]\n[[generation]]\nindex = 1\n[generation.imitation]\nhypothesis = {rule}\n"
        f"[generation.interaction]\nfilter = []\nhypothesis = {rule}\n"
        f'[generation.transmission]\n{sample}verdict = "pooled"\n{sample}verdict = "approved"\nfrom = 0\n'
    )
    assert [(line, key.rpartition(".")[2], message) for line, key, message in faults(text)] == [
        (13, "verdict", "no filter of this chain has a pool"),
        (18, "from", "no filter of this chain has a pool"),
    ]
    unshown = text.replace('"pooled"', '"edited"').replace('"approved"\nfrom = 0', '"rejected"')
    assert faults(unshown) == [(13, "generation[1].transmission.sample[1].verdict", "an edited sample has `shown`, what was drawn")]
    start = '[[start.sample]]\ninput = ["A"]\noutput = "on"\n'
    ranked = f'[[filter]]\nkind = "rank"\n{start}' + text.replace("filter = []", 'filter = ["rank"]')
    assert [made.origin for made in not_none(decode(ranked).generations[0].transmission).samples] == [None, 0]
    other = ranked.replace('["A"]\noutput = "on"', '["B"]\noutput = "on"', 1)
    assert [(line, message) for line, _, message in faults(other)] == [
        (23, "d⁰ has none such that it could be taken from the pool")
    ]


def test_faults_of_meaning_have_their_lines() -> None:
    found = faults(SEMANTIC)
    assert [(line, key) for line, key, _ in found] == [
        (8, "generation[1].imitation.agent"),
        (9, "generation[1].imitation.hypothesis"),
        (11, "generation[1].interaction.hypothesis"),
        (12, "generation[1].interaction.exhausted"),
        (15, "generation[1].transmission.sample[1].input"),
        (18, "generation[1].transmission.sample[2].input"),
        (23, "generation[1].transmission.sample[3].output"),
        (28, "generation[2].transmission"),
        (29, "generation[3]"),
        (29, "generation[3]"),
        (31, "generation[3].interaction"),
        (34, "generation[3].transmission.smaple"),
        (35, "generation[3].transmission.sample"),
    ]


@pytest.mark.parametrize(
    "text",
    ["generation = 3", "generation = [1]", "[[generation]]\nindex = 1\nimitation = 4", 'format = "iicl-tui/2"', "parent = 1"],
)
def test_wrong_kinds_are_faults(text: str) -> None:
    assert faults(text)


@pytest.mark.parametrize(("number", "is_right"), [("0", True), ("-1e-9", True), ("1e-7", True), ("0.01", False), ("3", False)])
@pytest.mark.parametrize("entry", ['[["on", {}, []]]', '[["on", -0.1, [["off", {}]]]]'])
def test_a_log_probability_above_0_is_a_fault(number: str, is_right: bool, entry: str) -> None:
    call = f'[[generation.call]]\nphase = "imitation"\npurpose = "imitate"\nlogprobs = {entry.format(number)}\n'
    text = f"[[agent]]\n[[generation]]\nindex = 1\n{call}"
    if is_right:
        assert decode(text).calls[0].tokens is not None
    else:
        [(line, key, message)] = faults(text)
        assert (line, key) == (7, "generation[1].call[1].logprobs")
        assert "none above 0" in message


@pytest.mark.parametrize(("count", "is_right"), [(str(10**12), True), (str(10**12 + 1), False), ("1" + "0" * 400, False)])
def test_a_count_of_tokens_that_no_call_has_is_a_fault(count: str, is_right: bool) -> None:
    for said in f"usage = {{prompt = 1, completion = {count}}}", f"sent = {count}":
        text = f'[[generation]]\nindex = 1\n[[generation.call]]\nphase = "imitation"\npurpose = "imitate"\n{said}\n'
        if is_right:
            assert len(decode(text).calls) == 1
            continue
        with pytest.raises(ConfigError) as error:
            decode(text)
        assert [fault.line for fault in error.value.faults] == [6]


def test_a_generation_without_its_end_before_another_is_a_fault() -> None:
    rule = '{ A = "on", B = "on", C = "on", D = "on", screen = "on" }'
    text = "".join(f"[[generation]]\nindex = {n}\n[generation.imitation]\nhypothesis = {rule}\n" for n in (1, 2))
    ((line, key, message),) = faults(text)
    assert (line, key) == (1, "generation[1]")
    assert "interaction" in message


@pytest.mark.parametrize("is_on", [True, False])
@pytest.mark.parametrize("text", [HEAD, HEAD + "[[generation]]\n"], ids=["valid", "faulty"])
def test_reading_leaves_the_garbage_collector_as_it_was(text: str, is_on: bool) -> None:
    was_on = gc.isenabled()
    try:
        (gc.enable if is_on else gc.disable)()
        with suppress(ConfigError):
            decode(text)
        assert gc.isenabled() == is_on
    finally:
        (gc.enable if was_on else gc.disable)()


def test_created_keeps_its_zone() -> None:
    text = head_text(CONFIG, datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC))
    assert "created = 2026-05-06T07:08:09Z\n" in text
    assert "parent" not in text


PARTS = (
    *('"a"', '"\\""', '"\\u00e9"', '"\\ud83d"', '"\\/"', '"{x"', '"é漢"', '"\x7f"', "'a'", '"', "\\"),
    *("-0.5", "1e5", "1E-05", "-0", "01", "1.", "+1", "1_0", "1e400", "9" * 4400, "null", "true", "NaN", "inf"),
    *("{}", '{"a": 1}', "# x", "[", "]", "[1]", ",", ", ", " ", "\t"),
)


@settings(max_examples=400)
@given(st.lists(st.sampled_from(PARTS), max_size=6))
def test_a_list_is_read_as_tomllib_reads_it(parts: list[str]) -> None:
    for text in (f"[{', '.join(parts)}]", f"[{''.join(parts)}"):
        try:
            expected: object = tomllib.loads(f"x = {text}")["x"]
        except ValueError:
            expected = ValueError
        try:
            found: object = blocks._pair(f"x = {text}")[1]
        except ValueError:
            found = ValueError
        assert repr(found) == repr(expected)
