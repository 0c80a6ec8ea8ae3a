from __future__ import annotations

from collections.abc import Callable
from math import log
from typing import Any

import numpy as np
import pytest
from narrow import not_none

from iicl_tui.bayes import inference
from iicl_tui.chain.config import ChainConfig
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.metrics import measure
from iicl_tui.errors import LabError
from iicl_tui.filters.scripted import ScriptedDecider
from iicl_tui.present.curves import axis_length
from iicl_tui.present.lab_builder import build_lab_state, initial_charts
from iicl_tui.present.lab_session import LabSession
from iicl_tui.present.lab_state import Activity, ChartSettings
from iicl_tui.present.transcript import entries, first_entry_of
from iicl_tui.text import superscript

Make = Callable[..., ChainConfig]
BIASED = {"hypothesis": 33, "spurious": "screen", "bias": "high", "draw": "overlap", "initial": 4}
BY_SCREEN = ChartSettings(by=4)


@pytest.fixture
def session(config: Make) -> LabSession:
    made = config(chain={"generations": 3}, task=BIASED, agent=[{"kind": "bayes", "noise": 0.05}])
    return LabSession(Chain(made))


async def stepped(session: LabSession, steps: int) -> LabSession:
    for _ in range(steps):
        await session.chain.step()
    session.refresh()
    return session


async def test_a_new_chain_shows_what_its_first_generation_will_draw_from(session: LabSession) -> None:
    state = build_lab_state(session, None, BY_SCREEN)
    assert (state.selected, state.now, state.last) == (1, 1, 0)
    belief = session.chain.belief(1)
    assert belief is not None
    assert np.array_equal(not_none(state.belief.log_p), belief.log_p)
    assert "Generation 1 draws from this." in state.belief.title
    assert [mark.symbol for mark in state.belief.marks] == ["★", "+"]
    assert [step.mark for step in state.phases] == ["◉", "○", "○"]
    assert state.words == "Next: an agent sees d⁰ and learns a hypothesis, h¹."
    assert state.belief.ghost == "before any data"


async def test_the_rounds_that_an_agent_still_has_are_counted(config: Make) -> None:
    made = config(chain={"generations": 4, "lookback": 2}, task=BIASED)
    session = LabSession(Chain(made))
    said = []
    for what in (*["for the next agent to learn from"] * 3, "the last ones of this chain"):
        said.append(build_lab_state(session, None, BY_SCREEN).words)
        await stepped(session, 2)
        assert build_lab_state(session, None, BY_SCREEN).words.endswith(f", {what}.")
        await stepped(session, 1)
    assert [" and 1 earlier round," in words for words in said] == [False, True, False, False]
    assert [" and 2 earlier rounds," in words for words in said] == [False, False, True, True]
    assert "earlier" not in said[0]
    assert max(map(len, said)) <= 78
    assert build_lab_state(session, 2, BY_SCREEN).belief.ghost == "last generation"


async def test_d0_shows_the_prior(session: LabSession) -> None:
    state = build_lab_state(session, 0, BY_SCREEN)
    prior = session.chain.config.agents[0].log_prior  # type: ignore[attr-defined]
    np.testing.assert_allclose(np.exp(not_none(state.belief.log_p)), np.exp(prior), atol=1e-12)
    assert state.belief.previous is None
    assert state.data[0].name == "d⁰"
    assert len(state.data[0].items) == 4


@pytest.mark.parametrize("steps", range(10))
async def test_at_every_step_the_state_agrees_with_the_chain(session: LabSession, steps: int) -> None:
    await stepped(session, steps)
    chain, state = session.chain, build_lab_state(session, None, BY_SCREEN)
    assert state.now == (chain.next[0] if chain.next else 3)
    assert state.selected == state.now
    assert state.following
    assert state.steppable == (chain.next is not None)
    if chain.next is not None:
        at = {"imitation": 0, "interaction": 1, "transmission": 2}[chain.next[1]]
        assert [step.mark for step in state.phases] == ["●"] * at + ["◉"] + ["○"] * (2 - at)
    else:
        assert [step.mark for step in state.phases] == ["●"] * 3
        assert state.words.startswith("All 3 generations are done.")
    # What is kept up to date step by step is what is measured from nothing.
    fresh = LabSession(chain)
    np.testing.assert_array_equal(session.measures.entropy, fresh.measures.entropy)
    film = state.film.totals
    assert len(film) == max(state.now, state.last)
    np.testing.assert_allclose(film.sum(axis=1), 1.0)
    assert state.film.selected == state.selected - 1


async def test_a_generation_of_a_running_chain_is_shown_before_it_is_measured(session: LabSession) -> None:
    await stepped(session, 3)
    for _ in range(4):
        await session.chain.step()
    state = build_lab_state(session, None, BY_SCREEN)
    assert (state.selected, len(session.measures)) == (3, 1)
    shown = [block for block in state.data if block.name == "h³"]
    assert [item.text for block in shown for item in block.items]
    session.refresh()
    assert len(session.measures) == 3


async def test_look_back_is_what_was_seen_then(session: LabSession) -> None:
    await stepped(session, 2)
    then = build_lab_state(session, None, BY_SCREEN)
    await stepped(session, 7)
    back = build_lab_state(session, 1, BY_SCREEN)
    assert np.array_equal(not_none(back.belief.log_p), not_none(then.belief.log_p))
    assert not back.following
    assert back.words == "The chain is finished at generation 3."
    assert "lab.latest" in back.action_ids
    assert [mark.hypothesis for mark in back.belief.marks if mark.symbol == "▲"] == [session.chain.generations[0].hypothesis]


async def test_a_look_beyond_the_chain_is_where_the_chain_is(session: LabSession) -> None:
    await stepped(session, 4)
    assert build_lab_state(session, 99, BY_SCREEN).selected == 2
    assert build_lab_state(session, -5, BY_SCREEN).selected == 0


async def test_totals_by_fit_are_kept_up_to_date(session: LabSession) -> None:
    charts = ChartSettings(by=None)
    for _ in range(9):
        await stepped(session, 1)
        session.group_probabilities(None)
    fresh = LabSession(session.chain)
    np.testing.assert_allclose(session.group_probabilities(None), fresh.group_probabilities(None))
    assert build_lab_state(session, None, charts).film.totals.shape == (3, len(session.fit_groups))


async def test_curves_have_their_reference_lines_and_only_what_applies(session: LabSession, config: Make) -> None:
    await stepped(session, 9)
    panels = build_lab_state(session, 2, BY_SCREEN).curves
    titles = ["How unsure? Entropy, nats", "How likely, for screen?", "How likely are h* and ĥ?", "d⁰ that hᵗ explains (of 4)",
              "Is hᵗ right? (1: yes)", "dᵗ that h*, ĥ explain (of 4)"]  # fmt: skip
    assert [panel.title for panel in panels] == titles
    assert panels[0].references == (("uniform", log(243)), ("one-hot", 0.0))
    assert all(panel.selected == 1 and panel.length == 3 for panel in panels)
    plain = LabSession(Chain(config(task={"initial": 0})))
    assert [panel.title for panel in build_lab_state(plain, None, ChartSettings(by=0)).curves] == [
        "How unsure? Entropy, nats",
        "How likely is h*?",
    ]


def test_an_axis_grows_in_few_steps() -> None:
    lengths = [axis_length(known, 10_000) for known in range(1, 10_001)]
    assert lengths == sorted(lengths)
    assert all(length >= known for known, length in enumerate(lengths, 1))
    assert len(set(lengths)) < 12
    assert lengths[-1] == 10_000
    assert axis_length(0, 6) == 6


async def test_blind_shows_nothing_of_what_is_right(session: LabSession) -> None:
    await stepped(session, 9)
    for look in range(4):
        state = build_lab_state(session, look, ChartSettings(by=None), blind=True)
        assert not [mark for mark in state.belief.marks if mark.symbol in "★+"]
        assert state.belief.explained is None
        assert state.rows.initial == 0
        assert all("h*" not in panel.title and "explained" not in panel.title for panel in state.curves)
        assert all(block.name != "h*" for block in state.data)
        assert all("explains" not in item.note for block in state.data for item in block.items)
    assert all("h*" not in entry.text for entry in entries(session.chain, blind=True))


async def test_verdicts_stand_beside_the_data(config: Make) -> None:
    made = config(chain={"generations": 2}, task=BIASED, filter=[{"kind": "human", "on-reject": "drop"}])
    samples = [{"verdict": "rejected", "reason": "no \x1b[31m"}, {"verdict": "edited", "input": ["A"], "output": "off"}]
    script = {"default": "approve", "generation": [{"index": 1, "transmission": {"sample": samples}}]}
    session = await stepped(LabSession(Chain(made, decider=ScriptedDecider(script, made.task))), 3)
    block = build_lab_state(session, 1, BY_SCREEN).data[2]
    assert [item.mark for item in block.items] == ["✗", "✎", "✓", "✓"]
    assert block.caption == "3 of 4 passed on"
    assert "␛" in block.items[0].note
    assert "was " in block.items[1].note
    assert [item.mark for item in build_lab_state(session, 2, BY_SCREEN).data[0].items] == ["✎", "✓", "✓"]
    assert build_lab_state(session, None, BY_SCREEN).rows.note == "next"
    await stepped(session, 1)
    state = build_lab_state(session, None, BY_SCREEN)
    assert state.waits_for_person
    assert "you decide" in state.words


async def test_data_that_nothing_explains_are_told_before_they_are_tried(config: Make) -> None:
    made = config(chain={"generations": 3}, task=BIASED, agent=[{"kind": "bayes"}], filter=[{"kind": "human"}])
    samples = [{"verdict": "edited", "input": ["A"], "output": output} for output in ("on", "off")]
    script = {"default": "approve", "generation": [{"index": 1, "transmission": {"sample": samples}}]}
    session = await stepped(LabSession(Chain(made, decider=ScriptedDecider(script, made.task))), 3)
    state = build_lab_state(session, None, BY_SCREEN)
    assert state.words == "No hypothesis explains what generation 2 sees. Go back and branch from an earlier generation."
    assert build_lab_state(session, 1, BY_SCREEN).words != state.words
    with pytest.raises(LabError):
        await session.chain.step()


async def test_a_stuck_chain_says_so(config: Make) -> None:
    made = config(
        chain={"generations": 3},
        task={**BIASED, "samples": 1},
        agent=[{"kind": "bayes", "noise": 0.3, "temperature": 50.0}],
        filter=[{"kind": "effective-set", "redraws": 0}],
    )
    session = LabSession(Chain(made))
    while session.chain.next is not None:
        await session.chain.step()
    session.refresh()
    state = build_lab_state(session, None, BY_SCREEN)
    assert session.chain.stuck
    assert [step.mark for step in state.phases][1:] == ["✗", "○"]
    assert "stuck" in state.words
    assert state.rows.note == "stuck"
    assert not state.steppable


async def test_a_running_chain_says_how_far(session: LabSession) -> None:
    state = build_lab_state(session, None, BY_SCREEN, Activity("run", 3))
    assert state.words == "Running to the end of generation 3; now in 1."
    assert state.action_ids == ("lab.pause",)


async def test_the_transcript_has_every_phase(session: LabSession) -> None:
    await stepped(session, 8)
    found = entries(session.chain)
    assert [(entry.generation, entry.phase) for entry in found] == [
        (0, "start"), (1, "imitation"), (1, "interaction"), (1, "transmission"),
        (2, "imitation"), (2, "interaction"), (2, "transmission"), (3, "imitation"), (3, "interaction"),
    ]  # fmt: skip
    assert first_entry_of(found, 2) == 4
    assert first_entry_of(found, 9) == len(found) - 1


def test_settings_say_how_the_belief_is_looked_at_first(session: LabSession, config: Make) -> None:
    task = session.chain.task
    assert initial_charts(task, {}) == ChartSettings("strips", "linear", 4)
    assert initial_charts(task, {"form": "mosaic", "scale": "log", "by": "B"}) == ChartSettings("mosaic", "log", 1)
    assert initial_charts(task, {"by": "d0"}).by is None
    assert initial_charts(task, {"by": "no such object"}).by == 4
    assert initial_charts(config().task, {}).by == 0


def test_raised() -> None:
    assert superscript(1203) == "¹²⁰³"


async def test_building_costs_no_more_for_a_long_chain(config: Make) -> None:
    """Nothing in a state is measured again but the generations looked at."""
    session = LabSession(Chain(config(chain={"generations": 700}, task=BIASED)))
    await session.chain.run()
    session.refresh()
    asked: list[tuple[int, int]] = []
    real = session.chain.beliefs

    def beliefs(first: int, last: int) -> Any:
        asked.append((first, last))
        return real(first, last)

    session.chain.beliefs = beliefs  # type: ignore[method-assign]
    build_lab_state(session, 650, BY_SCREEN)
    session.refresh()
    assert asked == [(649, 650), (700, 700)]
    np.testing.assert_array_equal(session.measures.entropy, measure(session.chain).entropy)
    assert inference.entropy(build_lab_state(session, 650, BY_SCREEN).belief.log_p) == session.measures.entropy[649]  # type: ignore[arg-type]
