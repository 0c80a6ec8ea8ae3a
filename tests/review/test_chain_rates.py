"""A person's hits, false alarms and d′ within a chain, counted again by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import NormalDist

import pytest
from review_chains import make_chain

from iicl_tui.filters.base import Decision, Gate, HypothesisShown, Sample, SamplesShown
from iicl_tui.filters.human import Human
from iicl_tui.present.person_rates import rates_lines, rates_sentence
from iicl_tui.review.chain_rates import person_rates


class Person:
    """Rejects the first hypothesis of each generation; passes, edits and rejects samples in turn. Counts the truth."""

    def __init__(self) -> None:
        self.said: dict[Gate, list[tuple[bool, bool]]] = {"hypothesis": [], "samples": []}

    async def hypothesis(self, shown: HypothesisShown) -> Decision:
        task, start = shown.context.task, shown.context.start
        right = all(task.agrees(shown.hypothesis, example) for example in start.samples)
        passes = shown.attempt > 0
        self.said["hypothesis"].append((right, passes))
        return Decision(shown.hypothesis, "approve" if passes else "reject", shown.hypothesis)

    async def samples(self, shown: SamplesShown) -> Sequence[Sample]:
        task, target = shown.context.task, shown.context.start.target
        out = []
        for sample in shown.samples:
            at = len(self.said["samples"]) % 3
            right = task.predict(target, sample.example.input) == sample.example.output
            self.said["samples"].append((right, at == 0))
            edited = replace(sample, verdict="edited", shown=sample.example, example=shown.context.start.samples[0])
            out.append((replace(sample, verdict="approved"), edited, replace(sample, verdict="rejected"))[at])
        return out

    async def reply(self, shown: object) -> None:
        return None


async def test_a_person_is_measured_against_the_effective_set_and_h_star() -> None:
    chain, person = make_chain(chain={"generations": 12, "seed": 3}), Person()
    chain.decider = person
    await chain.run()
    found = {each.gate: each.found for each in person_rates(chain)}
    for gate, pairs in person.said.items():
        hits, alarms = ([passed for right, passed in pairs if right is kind] for kind in (True, False))
        rates = found[gate]
        assert (rates.hits.count, rates.hits.of) == (sum(hits), len(hits))
        assert (rates.false_alarms.count, rates.false_alarms.of) == (sum(alarms), len(alarms))
        z = NormalDist().inv_cdf
        by_hand = z((sum(hits) + 0.5) / (len(hits) + 1)) - z((sum(alarms) + 0.5) / (len(alarms) + 1))
        assert rates.d_prime == pytest.approx(by_hand)
    assert [line.partition(",")[0] for line in rates_lines(chain)] == ["hypotheses", "samples"]
    assert rates_sentence(chain).startswith(f"The person let pass {found['hypothesis'].hits.count} of ")


async def test_nothing_is_said_without_a_person_or_where_another_filter_rejects_too() -> None:
    alone = make_chain(filter=[])
    await alone.run()
    assert rates_lines(alone) == []
    both = make_chain(filter=[{"kind": "human", "gates": "samples"}, {"kind": "consistent"}])
    assert any(isinstance(each, Human) for each in both.config.filters)
    assert person_rates(both) == ()
