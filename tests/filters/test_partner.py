"""The partner: it draws a hypothesis once a generation, guesses inputs by it, and lets pass what it guesses right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iicl_tui.agents.beliefs import Belief
from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.errors import ChainStopped, Fault
from iicl_tui.filters.base import Filter, PhaseContext, Sample, filter_kinds, hypothesis_gate, sample_gate
from iicl_tui.filters.consistent import Consistent
from iicl_tui.filters.partner import KIND, Partner, build
from iicl_tui.tasks.acre.task import Acre
from iicl_tui.tasks.base import Start, Task
from iicl_tui.tasks.naming.task import Naming

GAME = Naming()
ORDERED = GAME.read_hypothesis({"blue circle": "00", "blue box": "01", "red circle": "10", "red box": "11"})
TURNED = GAME.read_hypothesis({"blue circle": "11", "blue box": "10", "red circle": "01", "red box": "00"})
SAME = GAME.read_hypothesis(dict.fromkeys((" ".join(meaning) for meaning in GAME.inputs), "01"))
SCENE = Acre(("A", "B", "C"))

Drawing = Callable[[int], Awaitable[Sequence[Sample]]]


def scene_of(beliefs: dict[int, float], seed: int = 0, task: Task = GAME) -> PhaseContext:
    """A context in which each of these hypotheses has so much of the belief."""
    p = np.zeros(task.space.size)
    p[list(beliefs)] = list(beliefs.values())
    with np.errstate(divide="ignore"):
        belief = Belief(np.log(p), "exact")
    return PhaseContext(task, 3, Start(0, None, ()), belief=lambda: belief, seed=np.random.SeedSequence(seed))


def speaking(hypothesis: int, task: Task = GAME, noise: float = 0.0, seed: int = 1) -> tuple[Drawing, list[int]]:
    """Samples of a hypothesis, numbered, and the counts that were asked for."""
    rng = np.random.default_rng(seed)
    asked: list[int] = []

    async def draw(count: int) -> Sequence[Sample]:
        first = sum(asked)
        asked.append(count)
        made = task.transmit(hypothesis, count, noise, rng)
        return [Sample(example, first + i) for i, example in enumerate(made)]

    return draw, asked


def test_it_is_found_and_asks_nobody() -> None:
    assert filter_kinds()["partner"] is KIND
    assert [Partner().asks_at(gate) for gate in ("hypothesis", "samples")] == [False, False]


async def test_every_hypothesis_passes() -> None:
    async def propose() -> int:
        return 7

    assert await hypothesis_gate([Partner()], propose, scene_of({ORDERED: 1}))() == 7


async def test_a_partner_who_speaks_the_same_language_guesses_all_right() -> None:
    draw, asked = speaking(ORDERED)
    seen = await Partner(rounds=40).samples(draw, 20, ORDERED, scene_of({ORDERED: 1}))
    assert asked == [20]
    assert seen == await speaking(ORDERED)[0](20)  # the same samples, untouched


async def test_what_is_guessed_wrong_is_rejected_with_the_guess() -> None:
    draw, asked = speaking(ORDERED)
    seen = await Partner(rounds=30).samples(draw, 20, ORDERED, scene_of({TURNED: 1}))
    assert asked == [20, 10]
    assert [sample.number for sample in seen] == list(range(30))
    assert not any(sample.passes for sample in seen)
    guesses = {sample.example.output: sample.reason for sample in seen}
    names = {"11": "blue circle", "10": "blue box", "01": "red circle", "00": "red box"}
    assert guesses == {signal: f"the partner guessed {name}" for signal, name in names.items()}
    assert all(sample.verdict == "rejected" and sample.shown is None for sample in seen)


async def test_noise_is_heard_as_another_meaning() -> None:
    draw, _ = speaking(ORDERED, noise=0.4)
    seen = await Partner(rounds=200).samples(draw, 200, ORDERED, scene_of({ORDERED: 1}))
    assert {sample.passes for sample in seen} == {True, False}
    for sample in seen:
        assert sample.passes == (GAME.predict(ORDERED, sample.example.input) == sample.example.output)


@pytest.mark.parametrize("spoken", [SAME, ORDERED])  # with ORDERED three of four signals are none of the partner's
async def test_among_equals_it_guesses_by_chance(spoken: int) -> None:
    draw, _ = speaking(spoken)
    seen = await Partner(rounds=6000).samples(draw, 6000, spoken, scene_of({SAME: 1}))
    right = Counter(sample.passes for sample in seen)[True]
    # a quarter of 6,000, with a standard deviation of 33.5; both bounds are at 3.3 of them
    assert abs(right - 1500) < 111
    wrong = Counter((sample.example.input, sample.reason) for sample in seen if not sample.passes)
    assert len(wrong) == 12
    assert all(abs(count - 375) < 3.3 * 375**0.5 for count in wrong.values())


@pytest.mark.slow
@pytest.mark.parametrize("code", range(0, 27, 2))
async def test_acre_pairs_pass_by_how_many_outputs_the_rule_tells_apart(code: int) -> None:
    # x is uniform over X inputs, and the guess uniform over the n_y inputs of the same output: Σ_y (n_y / X)(1 / n_y)
    chance = len({SCENE.predict(code, x) for x in SCENE.inputs}) / len(SCENE.inputs)
    draw, _ = speaking(code, SCENE)
    seen = await Partner(rounds=3000).samples(draw, 3000, code, scene_of({code: 1}, task=SCENE))
    right = sum(sample.passes for sample in seen)
    assert abs(right - 3000 * chance) <= 3.3 * (3000 * chance * (1 - chance)) ** 0.5
    for sample in seen:
        if not sample.passes:
            guess = SCENE.read_line(f"{sample.reason.removeprefix('the partner guessed ')} → {sample.example.output}")
            assert SCENE.predict(code, guess.input) == sample.example.output


# -- rounds --------------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 25), st.integers(1, 60), st.integers(0, 9))
def test_rounds_end_when_enough_passed_or_none_is_left(spoken: int, heard: int, count: int, rounds: int, seed: int) -> None:
    draw, asked = speaking(spoken, noise=0.2, seed=seed)
    seen = drive(Partner(rounds).samples(draw, count, spoken, scene_of({heard: 1}, seed)))
    passed = sum(sample.passes for sample in seen)
    assert [sample.number for sample in seen] == list(range(sum(asked)))
    assert len(seen) <= rounds
    assert passed == count or (passed < count and len(seen) == rounds)
    assert passed < count or not seen or seen[-1].passes  # nothing is exchanged after the last one needed
    assert seen == drive(
        Partner(rounds).samples(speaking(spoken, noise=0.2, seed=seed)[0], count, spoken, scene_of({heard: 1}, seed))
    )


def drive(waiting: Any) -> Any:
    """What a coroutine that waits for nothing returns."""
    try:
        waiting.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waited")


async def test_without_a_number_there_are_as_many_rounds_as_samples() -> None:
    draw, asked = speaking(ORDERED)
    assert len(await Partner().samples(draw, GAME.samples, ORDERED, scene_of({TURNED: 1}))) == GAME.samples == 20
    assert asked == [20]


async def test_the_partner_stays_the_same_and_its_rounds_add_up_when_it_is_asked_again() -> None:
    kinds = set()
    for seed in range(20):
        context, partner = scene_of({ORDERED: 0.5, TURNED: 0.5}, seed), Partner(rounds=10)
        draw, asked = speaking(ORDERED, seed=seed)
        seen = [sample for _ in range(5) for sample in await partner.samples(draw, 3, ORDERED, context)]
        kinds.add(frozenset(sample.passes for sample in seen))
        assert len(seen) == sum(asked) == 10
    assert kinds == {frozenset([True]), frozenset([False])}  # never some of both


@pytest.mark.slow
async def test_it_draws_anew_in_each_generation_by_the_belief() -> None:
    partner, understood = Partner(rounds=1), 0
    for seed in range(2000):
        draw, _ = speaking(ORDERED, seed=seed)
        understood += sum(
            sample.passes for sample in await partner.samples(draw, 1, ORDERED, scene_of({ORDERED: 0.3, TURNED: 0.7}, seed))
        )
    assert abs(understood - 600) < 68  # 3.3 standard deviations of 20.5


async def test_two_partners_draw_each_their_own() -> None:
    both = 0
    for seed in range(400):
        context, aside = scene_of({ORDERED: 0.5, TURNED: 0.5}, seed), list[Sample]()
        filters: list[Filter] = [Partner(rounds=1), Partner(rounds=1)]
        both += len(await sample_gate(filters, speaking(ORDERED)[0], ORDERED, context, aside)(1))
    assert abs(both - 100) < 29  # a quarter of 400, with a standard deviation of 8.7


async def test_behind_a_filter_that_lets_nothing_pass_the_rounds_are_used_up() -> None:
    asked: list[int] = []

    async def nothing(count: int) -> Sequence[Sample]:
        asked.append(count)
        return []

    assert list(await Partner(rounds=7).samples(nothing, 3, ORDERED, scene_of({ORDERED: 1}))) == []
    assert asked == [3, 3, 1]


async def test_it_hears_only_what_passed_before_it() -> None:
    draw, _ = speaking(ORDERED, noise=0.5)
    context, aside = scene_of({ORDERED: 1}), list[Sample]()
    passed = await sample_gate([Consistent("drop"), Partner(rounds=20)], draw, ORDERED, context, aside)(20)
    assert len(passed) + len(aside) == 20
    assert 0 < len(passed) < 20
    assert {sample.reason.partition(" gives")[0] for sample in aside} == {"the rule"}


# -- what it needs -------------------------------------------------------------------------------------------------------


async def test_a_belief_that_is_not_known_stops_the_chain() -> None:
    draw, asked = speaking(ORDERED)
    with pytest.raises(ChainStopped, match="partner has no belief") as caught:
        await Partner().samples(draw, 3, ORDERED, PhaseContext(GAME, 4, Start(0, None, ())))
    assert "generation 4" in caught.value.what
    assert "belief" in caught.value.remedy
    assert not asked


def test_a_task_whose_inputs_have_no_list_is_a_fault() -> None:
    faults: list[Fault] = []
    build({"passes": "understood", "rounds": None}, GAME, ("filter", 0), faults)
    assert not faults
    build({"passes": "understood", "rounds": None}, SimpleNamespace(inputs=(), name="acronym"), ("filter", 1), faults)
    assert [fault.key for fault in faults] == ["filter[2].kind"]
    assert "acronym" in faults[0].message


@pytest.mark.parametrize("value", [0, -1, 2.5, "many"])
def test_rounds_that_cannot_be(value: Any) -> None:
    with pytest.raises(ValueError, match="whole number"):
        KIND.fields[1].read(value)


async def test_a_chain_of_acre() -> None:
    document = {
        "task": {"samples": 3},
        "chain": {"generations": 30},
        "agent": [{"noise": 0.1}],
        "filter": [{"kind": "partner", "rounds": 50}],
    }
    chains = [Chain(read_config(document)) for _ in range(2)]
    await chains[0].run()
    while chains[1].next is not None:
        await chains[1].step()
    assert [g.transmission for g in chains[0].generations] == [g.transmission for g in chains[1].generations]
    samples = [g.transmission.samples for g in chains[0].generations if g.transmission is not None]
    assert all(sum(sample.passes for sample in made) <= 3 and len(made) <= 50 for made in samples)
    assert any(sample.reason for made in samples for sample in made)
