"""How well a person decided within a chain, where its records say what was right: hits, false alarms and d′.

A hypothesis is right if it explains as much of d⁰ as h* does: without noise in d⁰, if it is in the effective set of d⁰. A sample is
right if h* predicts it. Only what passes as it was shown counts as let pass: an edit, like a rejection, holds the shown one back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from iicl_tui.chain.history import ChainHistory
from iicl_tui.filters.base import Gate
from iicl_tui.filters.human import Human
from iicl_tui.review.agreement import Detection, detection

_VERDICTS = {True: "approve", False: "reject"}


@dataclass(frozen=True)
class ChainRates:
    """A person's decisions at one gate against the truth."""

    gate: Gate
    found: Detection


def person_rates(chain: ChainHistory) -> tuple[ChainRates, ...]:
    """The rates at each gate where a person alone decided on something whose truth is known."""
    if not chain.task.predictive or not any(isinstance(each, Human) for each in chain.config.filters):
        return ()
    kinds: tuple[tuple[Gate, Iterator[tuple[bool, bool]]], ...] = (("hypothesis", _hypotheses(chain)), ("samples", _samples(chain)))
    return tuple(ChainRates(gate, _detection(list(pairs))) for gate, pairs in kinds if _decides(chain, gate))


def _decides(chain: ChainHistory, gate: Gate) -> bool:
    """Whether a person is asked at this gate, and what is rejected there was rejected by the person."""
    acting = [each for each in chain.config.filters if each.acts_at(gate)]
    alone = gate == "hypothesis" or len(acting) == 1
    return alone and any(isinstance(each, Human) for each in acting)


def _hypotheses(chain: ChainHistory) -> Iterator[tuple[bool, bool]]:
    """For each decision whether the hypothesis was right, and whether it passed as it was shown."""
    explained = chain.task.explained(chain.start.samples)
    for generation in chain.generations:
        for decision in generation.interaction.decisions if generation.interaction is not None else ():
            yield bool(explained[decision.shown] >= explained[chain.start.target]), decision.verdict == "approve"


def _samples(chain: ChainHistory) -> Iterator[tuple[bool, bool]]:
    for generation in chain.generations:
        for sample in generation.transmission.samples if generation.transmission is not None else ():
            if sample.origin is None:
                yield chain.task.agrees(chain.start.target, sample.drawn), sample.verdict == "approved"


def _detection(pairs: list[tuple[bool, bool]]) -> Detection:
    verdicts = {str(place): _VERDICTS[passed] for place, (_, passed) in enumerate(pairs)}
    return detection(verdicts, {str(place): right for place, (right, _) in enumerate(pairs)})
