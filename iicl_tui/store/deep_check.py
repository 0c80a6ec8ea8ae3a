"""Compares a session's records with those that follow from the rest of its file."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from iicl_tui.chain.history import ChainHistory
from iicl_tui.chain.records import ImitationRecord, InteractionRecord, PhaseRecord, TransmissionRecord
from iicl_tui.chain.replay import Replayed, ReplayedBelief, replay
from iicl_tui.errors import Fault
from iicl_tui.filters.base import Decision, Refinement
from iicl_tui.schema import Path as KeyPath
from iicl_tui.store import toml_lines
from iicl_tui.store.session import SessionFile
from iicl_tui.tasks.base import Task


@dataclass
class DeepCheck:
    """The result of recomputing a session.

    Attributes:
        differences: Each record that does not follow from the rest of the file, with its line.
        phases: How many phases could be recomputed.
        beliefs: How many beliefs could be.
        left_out: What could not be recomputed, and why.
    """

    differences: list[Fault] = field(default_factory=list)
    phases: int = 0
    beliefs: int = 0
    left_out: list[str] = field(default_factory=list)


def deep_check(path: Path) -> DeepCheck:
    """Recomputes what draws, filters, partners and readers of replies gave, and the beliefs.

    Raises StoreError and ConfigError as opening does.
    """
    with SessionFile.open(path, read_only=True) as session:
        text = session.text()
        history = ChainHistory(session.config, session.generations, session.calls)
        parent = session.parent
    found = DeepCheck()
    first = 1
    if parent is not None and parent.generation:
        first = min(parent.generation, len(history.generations)) + 1
        found.left_out.append(f"generations 1 to {first - 1}: they are another session's, whose seed and agents may be others")
    reasons: Counter[str] = Counter()
    for each in asyncio.run(replay(history, first)):
        if isinstance(each, ReplayedBelief):
            found.beliefs += each.known
            if each.fault:
                found.differences.append(Fault(("generation", each.generation - 1), f"the belief is not sound: {each.fault}"))
        elif each.computed is None:
            reasons[each.why_not] += 1
        else:
            found.phases += 1
            found.differences += _differences(each, history.task)
    found.left_out += [f"{count} phase{'s' if count > 1 else ''}: {reason}" for reason, count in reasons.items()]
    unknown = len(history.generations) - first + 1 - found.beliefs
    if unknown:
        found.left_out.append(
            f"{unknown} belief{'s' if unknown > 1 else ''}: the file has nothing that they could be computed from"
        )
    found.left_out.append("[start]: it may have been given")
    found.differences = [Fault(each.path, each.message, toml_lines.line_of(text, each.path)) for each in found.differences]
    return found


def _differences(found: Replayed, task: Task) -> Iterator[Fault]:
    recorded, computed = found.recorded, found.computed
    path: KeyPath = ("generation", recorded.generation - 1, recorded.phase)
    if isinstance(recorded, TransmissionRecord) and isinstance(computed, TransmissionRecord):
        yield from _different_samples(recorded, computed, path, task)
        return
    for key, said, follows in _values(recorded, computed, task):
        if said != follows:
            yield Fault((*path, key), f"recorded is {said}, but {follows} follows from the rest of the file")


def _values(recorded: PhaseRecord, computed: PhaseRecord | None, task: Task) -> Iterator[tuple[str, str, str]]:
    """(key, as recorded, as computed) of what an imitation or an interaction says."""
    if isinstance(recorded, ImitationRecord) and isinstance(computed, ImitationRecord):
        yield "hypothesis", task.rule(recorded.hypothesis), task.rule(computed.hypothesis)
    elif isinstance(recorded, InteractionRecord) and isinstance(computed, InteractionRecord):
        yield "hypothesis", task.rule(recorded.hypothesis), task.rule(computed.hypothesis)
        yield "redraws", str(recorded.redraws), str(computed.redraws)
        yield "exhausted", recorded.exhausted or "no filter", computed.exhausted or "no filter"
        yield "decision", _shown(recorded.decisions, task), _shown(computed.decisions, task)
        yield "refinement", _shown(recorded.refinements, task), _shown(computed.refinements, task)


def _shown(records: Sequence[Decision | Refinement], task: Task) -> str:
    return ", ".join(task.rule(each.shown) for each in records) or "none"


def _different_samples(recorded: TransmissionRecord, computed: TransmissionRecord, path: KeyPath, task: Task) -> Iterator[Fault]:
    if len(recorded.samples) != len(computed.samples):
        counts = f"recorded are {len(recorded.samples)} samples, but {len(computed.samples)} follow"
        yield Fault(path, f"{counts} from the rest of the file")
    for place, (one, other) in enumerate(zip(recorded.samples, computed.samples, strict=False)):
        pairs = {
            "input": (task.example_text(one.drawn), task.example_text(other.drawn)),
            "verdict": (one.verdict, other.verdict),
            "from": (str(one.origin), str(other.origin)),
        }
        for key, (said, follows) in pairs.items():
            if said != follows:
                yield Fault((*path, "sample", place, key), f"recorded is {said}, but {follows} follows from the rest of the file")
