"""Recomputes a chain's records from its configuration, its seed, the replies of models and the decisions of persons on record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from iicl_tui.agents.base import ReplyAnswer, UnreadableReply
from iicl_tui.agents.calls import Call
from iicl_tui.chain.dry_run import DryRunSession, ReachedCall
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.history import ChainHistory
from iicl_tui.chain.records import PHASES, Generation, InteractionRecord, Phase, PhaseRecord, TransmissionRecord
from iicl_tui.errors import ChainStopped, LabError
from iicl_tui.filters.base import Decision, HypothesisShown, Sample, SamplesShown


@dataclass(frozen=True)
class Replayed:
    """A phase on record, and what came of running it again.

    Attributes:
        recorded: The record of the file.
        computed: The record that follows from the rest of the file; None if it could not be computed.
        why_not: Why it could not be computed.
    """

    recorded: PhaseRecord
    computed: PhaseRecord | None
    why_not: str = ""


@dataclass(frozen=True)
class ReplayedBelief:
    """The belief of a generation's agent. fault: what is wrong with it, or ""."""

    generation: int
    known: bool
    fault: str = ""


async def replay(history: ChainHistory, first: int = 1) -> list[Replayed | ReplayedBelief]:
    """Runs each phase on record again, each after the records before it, and computes each belief. Calls no model.

    first: the first generation. Those before it are taken as they are.
    """
    chain = _Replay(history.config, history.generations[: first - 1], calls=[c for c in history.calls if c.generation < first])
    found: list[Replayed | ReplayedBelief] = []
    for generation in history.generations[first - 1 :]:
        for phase in PHASES:
            recorded = _record(generation, phase)
            if recorded is None:
                break
            chain.learn(history.calls_of(generation.index, phase))
            found.append(await chain.replay(recorded))
            if phase == "imitation":
                found.append(chain.checked_belief(generation.index))
    return found


class _Replay(Chain):
    """A chain that saves nothing, calls no model, and decides as on record."""

    SESSION = DryRunSession

    def learn(self, calls: Sequence[Call]) -> None:
        """Adds the calls of the next phase."""
        for call in calls:
            self._add_call(call)

    async def replay(self, recorded: PhaseRecord) -> Replayed:
        """Runs the next phase, and goes on with the record of the file."""
        self.decider = _Recorded(recorded)
        try:
            return Replayed(recorded, await self._run_phase(recorded.generation, recorded.phase))
        except ReachedCall as reached:
            return Replayed(recorded, None, f"a call to {reached.purpose} is not in the file")
        except LabError as error:
            return Replayed(recorded, None, error.title)
        finally:
            self._add(recorded)

    def checked_belief(self, generation: int) -> ReplayedBelief:
        """The belief after the imitation of a generation."""
        try:
            belief = self.belief(generation)
        except LabError as error:
            return ReplayedBelief(generation, False, error.title)
        if belief is None:
            return ReplayedBelief(generation, False)
        total = float(np.exp(belief.log_p).sum())
        return ReplayedBelief(generation, True, "" if abs(total - 1) < 1e-6 else f"its probabilities add up to {total:.6g}")


class _Recorded:
    """Implements `Decider`: decides as the record of a phase says."""

    def __init__(self, record: PhaseRecord) -> None:
        self._decisions: Iterator[Decision] = iter(record.decisions if isinstance(record, InteractionRecord) else ())
        self._samples = record.samples if isinstance(record, TransmissionRecord) else ()

    async def hypothesis(self, shown: HypothesisShown) -> Decision:
        decision = next(self._decisions, None)
        if decision is None:
            raise ChainStopped("a decision of the person is not in the file")
        return decision

    async def samples(self, shown: SamplesShown) -> Sequence[Sample]:
        return [self._decided(sample) for sample in shown.samples]

    def _decided(self, sample: Sample) -> Sample:
        if sample.number >= len(self._samples):
            raise ChainStopped("a decision of the person is not in the file")
        decided = self._samples[sample.number]
        # What a later filter set aside, the person had approved.
        verdict = "approved" if decided.verdict == "pooled" else decided.verdict
        return Sample(
            decided.example if verdict == "edited" else sample.example, sample.number, verdict,
            sample.example if verdict == "edited" else sample.shown, decided.reason, decided.seconds, sample.origin,
        )  # fmt: skip

    async def reply(self, shown: UnreadableReply) -> ReplyAnswer | None:
        raise ChainStopped("a decision of the person on a reply is not in the file")


def _record(generation: Generation, phase: Phase) -> PhaseRecord | None:
    records: dict[Phase, PhaseRecord | None] = {
        "imitation": generation.imitation,
        "interaction": generation.interaction,
        "transmission": generation.transmission,
    }
    return records[phase]
