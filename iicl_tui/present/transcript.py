"""Everything that happened in a chain, as entries of the transcript."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from iicl_tui.agents.calls import READS, Call
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.records import Generation, ImitationRecord, InteractionRecord, Record, TransmissionRecord, in_order
from iicl_tui.filters.base import Exchange, Sample
from iicl_tui.present.call_entries import CallEntries
from iicl_tui.present.entry import Entry
from iicl_tui.present.words import interaction_text, passed_on_text, phase_detail, sample_notes
from iicl_tui.text import superscript

_VERBS = {"effective-set": "chosen within H_eff", "partner": "learned anew"}
_SAMPLE_WORDS = {"pooled": "in pool"}
_VERDICTS = {"approve": "approved", "reject": "rejected", "edit": "edited"}


def entries(chain: Chain, blind: bool = False) -> list[Entry]:
    """All entries, oldest first, including calls of an unfinished phase. A blind transcript leaves out h*."""
    task, start = chain.task, chain.start
    given = ["; ".join(task.example_text(example) for example in start.samples) or "nothing"]
    if not blind:
        given.append(f"h*  {task.rule(start.target)}")
        if start.rival is not None:
            given.append(f"ĥ  {task.rule(start.rival)}")
    out = [Entry(0, "start", "d⁰ given", "\n".join(given))]
    calls = CallEntries(chain)
    for scored, group in groupby(in_order(chain.generations, chain.recorded_calls), _scores):
        records = list(group)
        if scored is not None:
            out.append(calls.scoring([record for record in records if isinstance(record, Call)]))
            continue
        out += [entry for record in records for entry in _entries(chain, calls, record)]
    return out


def _scores(record: Record) -> tuple[int, str, str] | None:
    """The generation, phase and purpose of a scoring call, whose calls share one entry; None for any other record."""
    return (record.generation, record.phase, record.purpose) if isinstance(record, Call) and record.purpose in READS else None


def _entries(chain: Chain, calls: CallEntries, record: Record) -> list[Entry]:
    if isinstance(record, ImitationRecord):
        return [_imitation_entry(chain, record)]
    if isinstance(record, InteractionRecord):
        return list(_interaction_entries(chain, chain.generations[record.generation - 1], record))
    if isinstance(record, TransmissionRecord):
        return [_transmission_entry(chain, record)]
    return [calls.entry(record)]


def first_entry_of(found: list[Entry], generation: int) -> int:
    """The index of a generation's first entry; of the last entry if it has none."""
    return next((at for at, entry in enumerate(found) if entry.generation == generation), len(found) - 1)


def _imitation_entry(chain: Chain, learned: ImitationRecord) -> Entry:
    t = learned.generation
    title = f"h{superscript(t)}  {chain.task.rule(learned.hypothesis)}"
    return Entry(t, "imitation", title, f"by {phase_detail(chain, 'imitation', t)}")


def _interaction_entries(chain: Chain, generation: Generation, done: InteractionRecord) -> Iterator[Entry]:
    task, t = chain.task, generation.index
    of = len(chain.start.samples)
    if done.exchanges:
        understood = sum(each.guess is None for each in done.exchanges)
        title = f"{understood} of {len(done.exchanges)} pairs understood"
        yield Entry(t, "interaction", title, "\n".join(_exchange_line(chain, each) for each in done.exchanges), "partner")
    for refinement in done.refinements:
        lines = [f"shown: {task.rule(refinement.shown)}", f"it explained {of - refinement.failing}/{of} of d⁰"]
        same = refinement.hypothesis == refinement.shown
        verb = _VERBS.get(refinement.filter, "refined")
        lines.append("unchanged" if same else f"{verb}: {task.rule(refinement.hypothesis)}")
        yield Entry(t, "interaction", refinement.filter, "\n".join(lines), "refinement")
    for decision in done.decisions:
        lines = [f"shown: {task.rule(decision.shown)}"]
        if decision.hypothesis != decision.shown:
            lines.append(f"goes on: {task.rule(decision.hypothesis)}")
        why = _with_reason(lines, decision.reason, decision.seconds)
        yield Entry(t, "interaction", _VERDICTS[decision.verdict], why, "decision")
    what = interaction_text(generation) or ("goes on unchanged" if not done.filters else "passes")
    by = phase_detail(chain, "interaction", t)
    yield Entry(t, "interaction", f"h{superscript(t)}  {task.rule(done.hypothesis)}", f"{by}: {what}")


def _exchange_line(chain: Chain, said: Exchange) -> str:
    line = f"{'understood' if said.guess is None else 'wrong':<10} {chain.task.example_text(said.example)}"
    return line if said.guess is None else f"{line}   taken for {chain.task.example_text(said.guess).partition(' → ')[0]}"


def _transmission_entry(chain: Chain, made: TransmissionRecord) -> Entry:
    t, count, passed = made.generation, len(made.samples), passed_on_text(made.samples)
    if passed == "passed on":
        passed = f"{count} of {count} passed on"
    return Entry(
        t,
        "transmission",
        f"d{superscript(t)}  {passed}",
        "\n".join(_sample_line(chain, t, sample) for sample in made.samples),
    )


def _sample_line(chain: Chain, generation: int, sample: Sample) -> str:
    line = f"{_SAMPLE_WORDS.get(sample.verdict, sample.verdict):<9} {chain.task.example_text(sample.example)}"
    if sample.shown is not None:
        line += f"   (was {chain.task.example_text(sample.shown)})"
    return _with_reason(["   ".join([line, *sample_notes(chain, generation, sample)])], sample.reason, sample.seconds, "   ")


def _with_reason(lines: list[str], reason: str, seconds: float | None, gap: str = "\n") -> str:
    if reason:
        lines = [*lines, f"reason: {reason}"]
    if seconds is not None:
        lines = [*lines, f"{seconds:g} s"]
    return gap.join(lines)
