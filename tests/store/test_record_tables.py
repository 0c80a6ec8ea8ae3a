"""Every record that can be made is read as it was written, whichever keys it leaves out."""

from __future__ import annotations

import dataclasses
import tomllib
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_format import DECISIONS, EXAMPLES, HYPOTHESES, PARAMETERS, REFINEMENTS, SECONDS, TEXTS, TOKENS

from iicl_tui.agents.calls import FINISHES, PURPOSES, REPLY_VERDICTS, Call, Usage
from iicl_tui.chain.config import read_config
from iicl_tui.chain.records import PHASES, ImitationRecord, InteractionRecord, TransmissionRecord
from iicl_tui.errors import Fault
from iicl_tui.filters.base import Decision, Refinement, Sample, SampleStatus, Verdict, filter_kinds
from iicl_tui.record_codec import RecordTable
from iicl_tui.record_tables import CALL, DECISION, IMITATION, INTERACTION, REFINEMENT, SAMPLE, TRANSMISSION
from iicl_tui.store.decode import decode
from iicl_tui.store.format import Encoder
from iicl_tui.store.record_reader import RecordReader

CONFIG = read_config({"chain": {"generations": 9}, "task": {"spurious": "screen"}, "filter": [{"kind": "rank"}]})
KINDS = st.sampled_from(sorted(filter_kinds()))
COUNTS = st.integers(0, 10**12)
TABLES = {
    CALL: Call,
    IMITATION: ImitationRecord,
    INTERACTION: InteractionRecord,
    TRANSMISSION: TransmissionRecord,
    DECISION: Decision,
    REFINEMENT: Refinement,
    SAMPLE: Sample,
}

IMITATIONS = st.builds(ImitationRecord, st.just(1), st.just(0), HYPOTHESES)
INTERACTIONS = st.builds(
    InteractionRecord, st.just(1), st.lists(KINDS, max_size=3).map(tuple), HYPOTHESES, st.integers(0, 99),
    st.lists(DECISIONS, max_size=2).map(tuple), st.none() | KINDS, st.lists(REFINEMENTS, max_size=2).map(tuple),
)  # fmt: skip


@st.composite
def transmissions(draw: st.DrawFn) -> TransmissionRecord:
    samples = []
    for _ in range(draw(st.integers(0, 3))):
        verdict = draw(st.sampled_from(get_args(SampleStatus)))
        shown = draw(EXAMPLES if verdict == "edited" else st.none() | EXAMPLES)
        origin = draw(st.none() | st.just(2))
        samples.append(Sample(draw(EXAMPLES), draw(st.integers(0, 5)), verdict, shown, draw(TEXTS), draw(SECONDS), origin))
    return TransmissionRecord(3, tuple(samples))


@st.composite
def calls(draw: st.DrawFn) -> Call:
    phase = draw(st.sampled_from(PHASES))
    if draw(st.booleans()):
        verdict = draw(st.sampled_from(REPLY_VERDICTS))
        return Call(1, phase, "person", reply=draw(TEXTS) if verdict == "edit" else "", verdict=verdict)
    purpose = draw(st.sampled_from([each for each in PURPOSES if each != "person"]) | KINDS)
    return Call(
        1, phase, purpose, draw(TEXTS), draw(TEXTS), draw(st.sampled_from(FINISHES)),
        draw(st.none() | st.lists(TOKENS, max_size=2).map(tuple)), draw(st.none() | st.builds(Usage, COUNTS, COUNTS, COUNTS)),
        draw(TEXTS), draw(SECONDS), draw(st.integers(1, 5)), draw(PARAMETERS), sent=draw(st.none() | COUNTS),
    )  # fmt: skip


def reader(faults: list[Fault]) -> RecordReader:
    return RecordReader(CONFIG, faults)


@given(IMITATIONS | INTERACTIONS | transmissions() | calls())
def test_every_record_is_read_as_it_was_written(record: Any) -> None:
    text, _ = Encoder(CONFIG.task, record.generation).block(record)
    (table,) = tomllib.loads("[[generation]]\n" + text)["generation"]
    faults: list[Fault] = []
    if isinstance(record, Call):
        read: Any = reader(faults).call(table["call"][0], 1, ())
    else:
        read = getattr(reader(faults), record.phase)(table[record.phase], record.generation, ())
    assert read == record
    assert not faults


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.header)
def test_a_table_has_every_attribute_of_its_record(table: RecordTable) -> None:
    """So that nobody adds a field to a record and forgets the file."""
    attributes = {each.name for each in dataclasses.fields(TABLES[table])} - {"generation", "phase"}
    if table is CALL:
        attributes.add("phase")
    assert {each.attribute for each in table.fields} == attributes


def test_choices_are_those_of_the_types() -> None:
    def choices(table: RecordTable, key: str) -> tuple[str, ...]:
        return next(tuple(field.choices) for each in table.fields for field in each.keys if field.key == key)

    assert choices(DECISION, "verdict") == get_args(Verdict)
    assert set(choices(SAMPLE, "verdict")) == set(get_args(SampleStatus))


def test_a_purpose_is_one_of_the_agents_or_a_known_filters_name() -> None:
    faults: list[Fault] = []
    table = {"phase": "imitation", "model": "", "prompt": "", "reply": ""}
    for purpose in ("imitate", "self-refine", "rank", "imitaet", "acme-refine", "zzz"):
        reader(faults).call({**table, "purpose": purpose}, 1, ())
    assert [fault.message for fault in faults] == [
        'unknown purpose "imitaet"; nearest known: imitate; is the package that brings it installed?',
        'unknown purpose "acme-refine"; nearest known: self-refine; is the package that brings it installed?',
        'unknown purpose "zzz"; is the package that brings it installed?',
    ]


def test_a_file_with_an_unknown_purpose_names_the_line() -> None:
    call = '[[generation.call]]\nphase = "imitation"\npurpose = "xyz"\nmodel = ""\nprompt = ""\nreply = ""\n'
    with pytest.raises(Exception, match=r'line 5: generation\[1\].call\[1\].purpose: unknown purpose "xyz"'):
        decode(f"[[generation]]\nindex = 1\n{call}")
