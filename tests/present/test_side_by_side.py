"""What two configurations differ in, and two chains at one moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iicl_tui.chain.config import ChainConfig
from iicl_tui.chain.engine import Chain
from iicl_tui.lessons.chains import after, end_of, moments, order
from iicl_tui.present.lab_session import LabSession
from iicl_tui.present.lab_state import ChartSettings
from iicl_tui.present.side_by_side import ALIKE, can_advance, common_moment, difference_line, next_words, session_until, state_at

Make = Callable[..., ChainConfig]
TASK = {"objects": ["A", "B", "screen"], "spurious": "screen", "hypothesis": 3}
BASE: dict[str, Any] = {"task": TASK, "chain": {"generations": 2, "seed": 7}}


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({}, ALIKE),
        ({"chain": {"generations": 2, "seed": 7, "title": "other", "budget": 1.0}}, ALIKE),
        ({"task": {**TASK, "bias": "none", "samples": 4}}, ALIKE),  # a default written out is no difference
        ({"agent": [{"kind": "bayes", "temperature": 1.0, "prior": {}}]}, ALIKE),
        ({"filter": [{"kind": "effective-set", "mode": "restrict"}]}, "filter none | effective-set mode restrict"),
        ({"agent": [{"kind": "bayes", "temperature": 0.5}]}, "temperature τ 1 | 0.5"),
        ({"task": {**TASK, "bias": "high"}}, "bias none | high"),
        ({"agent": [{"prior": {"screen": {"off": 4}}}]}, "prior weights none | screen off 4"),
        ({"chain": {"generations": 9, "seed": 7}}, "generations 2 | 9"),
    ],
)
def test_what_differs_is_said_with_defaults_counted(config: Make, change: Mapping[str, Any], line: str) -> None:
    assert difference_line(config(**BASE), config(**{**BASE, **change})) == line


def test_another_seed_says_which_data_it_drew(config: Make) -> None:
    one, other = config(**BASE), config(**{**BASE, "chain": {"generations": 2, "seed": 8}})
    line = difference_line(one, other)
    assert line.startswith("seed 7 | 8 · d⁰ " + one.task.example_text(one.start.samples[0]))
    assert "task acre | naming" in difference_line(one, config(chain={"task": "naming"}, task={}))


@given(st.integers(0, 40), st.integers(0, 40))
def test_moments_are_counted_in_phases(first: int, by: int) -> None:
    start = after((0, "transmission"), first)
    assert order(after(start, by)) >= order(start)
    assert after(after(start, by), -by) == start
    assert after(start, -first - by) == (0, "transmission")


async def test_both_chains_stand_at_one_moment(config: Make) -> None:
    filtered = {**BASE, "filter": [{"kind": "effective-set", "mode": "restrict"}]}
    long, short = LabSession(Chain(config(**BASE))), LabSession(Chain(config(**filtered)))
    await long.chain.run()
    for _ in range(4):
        await short.chain.step()
    both = [long, short]
    assert common_moment([long.chain, short.chain]) == end_of(short.chain) == (2, "imitation")
    assert next_words(both, (2, "imitation")) == (
        "Next: the interaction of generation 2 runs in one and is looked at in the other."
    )
    assert moments(long.chain, end_of(long.chain))[-1] == end_of(long.chain)
    for moment in moments(long.chain, (2, "imitation")):
        assert can_advance(both, moment)
        states = [state_at(each, moment, ChartSettings(by=2)) for each in both]
        assert {state.selected for state in states} == {moment[0]}
        assert all(end_of(session_until(each, moment).chain) == moment for each in both)
    await short.chain.run()
    assert not can_advance(both, (2, "transmission"))
    assert next_words(both, (2, "transmission")).startswith("Both chains are over")
    asking = LabSession(Chain(config(**{**BASE, "filter": [{"kind": "human"}]})))
    await asking.chain.step()
    assert not can_advance([asking, asking], end_of(asking.chain))
    assert "waits for your decision" in next_words([asking, asking], end_of(asking.chain))
