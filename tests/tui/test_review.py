from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from review_chains import make_chain
from review_host import Clock, Host, HostApp
from textual.pilot import Pilot
from waiting import app_until

from iicl_tui.chain.engine import Chain
from iicl_tui.filters.base import Sample
from iicl_tui.present.lab_session import LabSession
from iicl_tui.review.edit import ExampleEdit, HypothesisEdit
from iicl_tui.store.paths import Paths
from iicl_tui.tasks.base import Example
from iicl_tui.tui.actions import ACTIONS, GROUPS
from iicl_tui.tui.app import LabApp, Start
from iicl_tui.tui.review.boxes import EditBox, LineInput, Lines, RowList
from iicl_tui.tui.review.clickables import ClickableRow
from iicl_tui.tui.review.pane import ReviewPane

SAMPLES = {"kind": "human", "gates": "samples"}
HOSTILE = "[/] [bold]x \x1b]52;c;AAAA\x07 \x9b31m \u202e" + "漢" * 50

Opened = tuple[Pilot[None], Host, ReviewPane]


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., Any]:
    @asynccontextmanager
    async def run(size: tuple[int, int] = (120, 40), chain: Chain | None = None, **filter: Any) -> AsyncIterator[Opened]:
        clock = filter.pop("clock", None)
        app = HostApp(tmp_path, chain or make_chain(filter=[{"kind": "human", **filter}]), clock=clock)
        async with app.run_test(size=size) as pilot:
            await app.host.until_asked(pilot)
            yield pilot, app.host, app.host.pane

    return run


def text(pane: ReviewPane) -> str:
    """All that the pane shows."""
    parts = [str(widget.render()) for kind in (Lines, RowList, ClickableRow) for widget in pane.query(kind) if widget.display]
    return "\n".join([*parts, str(pane.query_one("#review-large").render()), notice(pane)])


def notice(pane: ReviewPane) -> str:
    return str(pane.query_one("#review-notice").render())


async def press(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await pilot.pause()


async def click(pilot: Pilot[None], pane: ReviewPane, selector: str, words: str) -> None:
    """Clicks the words where they stand in the widget."""
    widget = pane.query_one(selector)
    for y, line in enumerate(str(widget.render()).split("\n")):
        if words in line:
            region = widget.content_region
            assert await pilot.click(offset=(region.x + line.index(words) + 1, region.y + y))
            await pilot.pause()
            return
    pytest.fail(f"{words!r} is not in {selector}")


def test_each_action_has_its_method() -> None:
    for group, used in (("review", ReviewPane), ("edit", EditBox), ("field", LineInput)):
        assert group == used.GROUP
        for action in GROUPS[group]:
            assert callable(getattr(used, f"action_{action.name}", None)), action.id


async def test_a_hypothesis_is_rejected_edited_and_its_record_says_so(opened) -> None:
    clock = Clock()
    async with opened(clock=clock) as (pilot, host, pane):
        assert pane.has_focus
        first = pane.request.subject.shown.hypothesis
        assert "explains 8/8 of d⁰" in text(pane)
        assert "20 redraws left" in text(pane)
        before = pane.forecast
        await press(pilot, "enter")
        assert notice(pane).startswith("! Decide first: a approves it")
        clock.now += 2
        await press(pilot, "x")
        assert pane.forecast.then is None
        assert "draw another" in text(pane)
        await press(pilot, "u")
        assert pane.forecast.then is not None
        assert (pane.forecast.then == before.then).all()
        clock.now += 3
        await press(pilot, "n", *"too hot", "enter", "x")
        clock.now += 50  # decided: this is nobody's time
        await press(pilot, "enter", "enter", "enter")
        assert pane.request.subject.shown.attempt == 1
        assert pane.request.state.undecided
        await press(pilot, "e", "space", "right", "down", "right", "right", "right", "space", "enter")
        drawn = pane.request.subject.shown.hypothesis
        codes = host.chain.task.space.codes[drawn].tolist()
        expected = [(codes[0] + 1) % 3, (codes[1] - 1) % 3, codes[2], codes[3], (codes[4] + 1) % 3]
        assert pane.state.item.value == host.chain.task.space.index(tuple(expected))
        await press(pilot, "enter")
        await host.until_asked(pilot)
        record = host.records[-1] if host.records[-1].phase == "interaction" else host.records[-2]
        one, two = record.decisions
        assert (one.shown, one.verdict, one.reason, one.seconds) == (first, "reject", "too hot", 5)
        assert (two.shown, two.verdict, two.hypothesis) == (drawn, "edit", record.hypothesis)


async def test_samples_are_decided_edited_and_drawn_again(opened) -> None:
    clock = Clock()
    async with opened(chain=make_chain(filter=[SAMPLES]), clock=clock) as (pilot, host, pane):
        drawn = pane.request.subject.shown.samples
        then = pane.forecast.then
        assert "0 of 4 decided" in text(pane)
        clock.now += 1
        await press(pilot, "x")
        assert not (pane.forecast.then == then).all()
        assert "Leaves out the 1 to be redrawn." in pane.forecast.notes
        await press(pilot, "enter")
        assert notice(pane) == "! 3 undecided: A approves the rest, X rejects the rest."
        clock.now += 2
        await press(pilot, "e", "space")
        trial = pane.forecast.then
        await press(pilot, "enter")
        assert (pane.forecast.then == trial).all()
        assert pane.state.items[1].verdict == "edit"
        await press(pilot, "A", "up", "up", "k", "n", *"odd", "enter", "enter")
        again = pane.request.subject.shown
        assert again.attempt == 1
        assert len(again.kept) == 3
        assert len(again.samples) == 1
        assert "3 kept" in text(pane)
        assert "kept" in str(pane.query_one(RowList).render())
        await press(pilot, "a", "enter")
        await host.until_asked(pilot)
        samples: tuple[Sample, ...] = next(r for r in host.records if r.phase == "transmission").samples
        assert [s.verdict for s in samples] == ["rejected", "edited", "approved", "approved", "approved"]
        assert [s.example for s in samples if s.verdict == "rejected"] == [drawn[0].example]
        assert samples[1].shown == drawn[1].example
        assert (samples[0].seconds, samples[1].seconds, samples[2].seconds) == (1, 2, 0)
        assert samples[0].reason == "odd"
        assert host.chain.data(1) == tuple(s.example for s in samples if s.passes)


async def test_all_rejected_says_what_can_be_done_and_only_then_passes_nothing(opened) -> None:
    chain = make_chain(filter=[{**SAMPLES, "on-reject": "drop"}])
    async with opened(chain=chain) as (pilot, host, pane):
        await press(pilot, "0")
        assert pane.live
        await press(pilot, "X")
        assert "All samples are rejected: none would pass on." in notice(pane)
        assert "0 pass on nothing: the next agent learns from its prior alone" in text(pane)
        await press(pilot, "enter", "enter")
        assert notice(pane).startswith("! No sample would pass on: 0 goes on with none")
        await click(pilot, pane, "#review-choices", "undo")
        assert pane.state.undecided == 4
        assert not pane.query_one("#review-choices").display
        await press(pilot, "X")
        await click(pilot, pane, "#review-choices", "pass on nothing")
        await host.until_asked(pilot)
        assert chain.data(1) == ()


async def test_where_a_filter_asks_for_more_nothing_is_said_of_the_next_agent(opened) -> None:
    chain = make_chain(filter=[{**SAMPLES, "on-reject": "drop"}, {"kind": "partner", "rounds": 6}])
    async with opened(chain=chain) as (pilot, host, pane):
        await press(pilot, "X")
        assert "0 pass on none of these" in text(pane)
        assert "its prior alone" not in text(pane)
        await press(pilot, "0")
        await host.until_asked(pilot)
        assert pane.request.subject.shown.more_requested
        assert "a filter needs more samples · 0 of 2 decided" in text(pane)
        await press(pilot, "X", "0")
        await host.until_asked(pilot)
        assert chain.data(1) == ()


async def test_samples_that_no_hypothesis_explains_are_not_committed(opened) -> None:
    chain = make_chain(filter=[SAMPLES], agent=[{"kind": "bayes"}])
    async with opened(chain=chain) as (pilot, host, pane):
        for example in ("A -> on", "A -> off"):
            request = pane.request
            request.update(request.state.edit(chain.task.read_line(example)))
        await press(pilot, "A", "enter")
        assert pane.live
        assert notice(pane).startswith("! No hypothesis explains these samples, so the next agent could not learn")
        await press(pilot, "home", "down", "x", "enter")
        assert pane.request.subject.attempt == 1  # the rejected one is redrawn
        await press(pilot, "a", "enter")
        await host.until_asked(pilot)
        assert chain.belief(2) is not None


async def test_samples_that_nobody_could_learn_from_are_committed_only_with_another_key(opened) -> None:
    chain = make_chain(filter=[SAMPLES], agent=[{"kind": "bayes"}])
    async with opened(chain=chain) as (pilot, _, pane):
        for example in ("A -> on", "A -> off"):
            pane.request.update(pane.request.state.edit(chain.task.read_line(example)))
        await press(pilot, "0")
        assert pane.live
        await press(pilot, "A", "enter", "enter")
        assert pane.live
        assert "0 commit all the same: the chain stops" in text(pane)
        await press(pilot, "0")
        await app_until(pilot, lambda: chain.next == (2, "imitation"))
        assert chain.data(1)[:2] == (chain.task.read_line("A -> on"), chain.task.read_line("A -> off"))


async def test_a_hypothesis_whose_samples_contradict_what_came_before_needs_another_key(opened) -> None:
    settings = {"generations": 3, "seed": 7, "lookback": 1}
    chain = make_chain(agent=[{"kind": "bayes"}], filter=[{"kind": "human", "gates": "hypothesis"}], chain=settings)
    async with opened(chain=chain) as (pilot, host, pane):
        await press(pilot, "a", "enter")
        await host.until_asked(pilot)
        # What passed on before rules this one out.
        seen = chain.data(1)
        task = chain.task
        against = next(h for h in range(task.space.size) if not any(task.agrees(h, example) for example in seen))
        request = pane.request
        request.update(request.state.edit(against))
        await press(pilot, "u", "U", "enter")
        assert pane.live
        assert "so the next agent could not learn and the chain would stop" in text(pane)
        await press(pilot, "x", "enter")
        await host.until_asked(pilot)
        assert pane.request.subject.attempt == 1


async def test_a_double_press_decides_once(opened) -> None:
    clock = Clock()
    async with opened(chain=make_chain(filter=[SAMPLES]), clock=clock) as (pilot, _, pane):
        await press(pilot, "a", "a")
        assert pane.state.decided == 1
        clock.now += 1
        await press(pilot, "a", "x")
        assert [item.verdict for item in pane.state.items] == ["approve", "approve", "reject", None]
        await press(pilot, "u", "x", "x")
        assert pane.state.decided == 3
        clock.now += 0.1
        await click(pilot, pane, "#review-bar", "reject")
        assert pane.state.decided == 3


async def test_many_samples_get_more_lines_than_the_charts(tmp_path: Path) -> None:
    paths = Paths(tmp_path / "settings.toml", tmp_path / "themes", tmp_path / "sessions", tmp_path / "state")
    task = {"initial": 8, "samples": 20, "spurious": "screen"}
    session = LabSession(make_chain(filter=[SAMPLES], task=task))
    app = LabApp(paths, start=Start("lab", {"session": session}))
    async with app.run_test(size=(120, 40)) as pilot:
        lab = app.screen
        await press(pilot, "g")
        await app_until(pilot, lambda: bool(lab.query(ReviewPane)) and lab.query_one(ReviewPane).live)
        pane = lab.query_one(ReviewPane)
        rows = pane.query_one(RowList).size.height
        assert rows >= 10
        await press(pilot, "f")
        assert pane.query_one(RowList).size.height >= 20
        await press(pilot, "f")
        assert pane.query_one(RowList).size.height == rows


async def test_nobody_learns_from_the_last_generation(opened) -> None:
    chain = make_chain(filter=[SAMPLES], agent=[{"kind": "bayes"}], chain={"generations": 1, "seed": 7})
    async with opened(chain=chain) as (pilot, host, pane):
        for example in ("A -> on", "A -> off"):
            pane.request.update(pane.request.state.edit(chain.task.read_line(example)))
        await press(pilot, "A", "enter")
        await host.until_asked(pilot)
        assert chain.status == "finished"


async def test_all_rejected_is_drawn_again_while_there_are_redraws(opened) -> None:
    async with opened(chain=make_chain(filter=[{**SAMPLES, "redraws": 1}])) as (pilot, host, pane):
        await press(pilot, "X")
        assert "redraw 4 (1 redraw left)" in text(pane)
        await press(pilot, "0")
        assert pane.request.subject.shown.attempt == 0
        await press(pilot, "enter")
        assert pane.request.subject.shown.attempt == 1
        await press(pilot, "X", "enter")
        assert pane.live
        await press(pilot, "0")
        await host.until_asked(pilot)
        assert host.chain.data(1) == ()


async def test_undo_goes_back_across_a_redraw_of_samples(opened) -> None:
    async with opened(chain=make_chain(filter=[SAMPLES])) as (pilot, host, pane):
        drawn = pane.request.subject.values
        await press(pilot, "x", "n", *"odd", "enter", "A", "enter")
        assert pane.request.subject.attempt == 1
        replacement = pane.request.subject.values
        await press(pilot, "a", "u", "u")
        await host.until_asked(pilot)
        assert pane.request.subject.attempt == 0
        assert pane.request.subject.values == drawn
        assert [item.verdict for item in pane.state.items] == ["reject", "approve", "approve", "approve"]
        await press(pilot, "u")  # the steps before the commit can be undone, too
        assert pane.state.decided == 1
        await press(pilot, "A", "enter")
        assert pane.request.subject.values == replacement  # the same seed draws the same sample
        await press(pilot, "u")
        await host.until_asked(pilot)
        await press(pilot, "u", "u", "u", "A", "enter")
        await host.until_asked(pilot)
        record = next(record for record in host.records if record.phase == "transmission")
        assert [sample.verdict for sample in record.samples] == ["approved"] * 4
        assert tuple(sample.example for sample in record.samples) == drawn


async def test_undo_goes_back_to_a_rejected_hypothesis(opened) -> None:
    async with opened() as (pilot, host, pane):
        first = pane.request.subject.shown.hypothesis
        assert not pane.check_action("undo", ())
        await press(pilot, "x", "enter", "x", "enter")
        assert pane.request.subject.attempt == 2
        await press(pilot, "u")
        await host.until_asked(pilot)
        await press(pilot, "u", "u")
        await host.until_asked(pilot)
        assert pane.request.subject.shown.hypothesis == first
        await press(pilot, "a", "enter")
        await host.until_asked(pilot)
        record = next(record for record in host.records if record.phase == "interaction")
        assert [(decision.shown, decision.verdict) for decision in record.decisions] == [(first, "approve")]
        assert (record.hypothesis, record.redraws) == (first, 0)


async def test_without_redraws_a_hypothesis_cannot_be_rejected(opened) -> None:
    async with opened(redraws=0) as (pilot, _, pane):
        await press(pilot, "x")
        assert notice(pane) == "! No redraws are left: a approves it, e edits it."
        assert pane.state.undecided
        await press(pilot, "enter")
        assert notice(pane) == "! Decide first: a approves it, e edits it."
        assert "reject and redraw" not in text(pane)


@pytest.mark.parametrize("gate", ["hypothesis", "samples"])
async def test_blind_hides_every_mark(opened, gate: str) -> None:
    async with opened(gates=gate) as (pilot, host, pane):
        telling = ("explains", "follows", "contradicts", "seen in", "d⁰ has", "✓")

        def tells() -> list[str]:
            shown = text(pane)
            return [word for word in telling if word in shown]

        assert tells()

        def figure() -> list[str]:
            return next(line for line in text(pane).split("\n") if line.startswith("P(h*)")).split()

        assert figure()[1] != figure()[3]
        await press(pilot, "B")
        assert tells() == []
        assert "P(h*)" not in text(pane)
        assert "entropy" not in text(pane)
        assert "No forecast in a blind review." in text(pane)
        assert pane.blind
        await press(pilot, "B")
        assert tells()
        assert figure()
        assert host.blinds == [True, False]


async def test_a_filter_that_is_blind_stays_so(opened) -> None:
    async with opened(blind=True) as (pilot, host, pane):
        assert "always blind" in text(pane)
        await press(pilot, "B")
        assert pane.blind
        assert "explains" not in text(pane)
        assert notice(pane).startswith("! This review is set to blind")
        assert host.blinds == []


async def test_later_and_back_again(opened) -> None:
    async with opened(chain=make_chain(filter=[SAMPLES])) as (pilot, host, pane):
        await press(pilot, "a", "x", "escape")
        assert host.left == 1
        assert host.chain.next == (1, "transmission")
        assert not pane.live
        assert "There is nothing to review" in text(pane)
        await press(pilot, "a", "enter", "u", "e", "n", "B", "0")  # keys when nothing is asked
        assert pane.mode == "decide"
        await host.until_asked(pilot)
        assert [item.verdict for item in pane.state.items] == ["approve", "reject", None, None]
        await press(pilot, "u", "u")
        assert pane.state.decided == 0
        await press(pilot, "U")
        assert pane.state.decided == 1


async def test_a_step_that_is_cancelled_from_outside_takes_no_more_decisions(opened) -> None:
    async with opened() as (pilot, host, pane):
        host.workers.cancel_all()
        await pilot.pause()
        await press(pilot, "a", "enter")
        assert host.chain.next == (1, "interaction")
        assert not pane.live


async def test_the_mouse_does_all_of_it(opened) -> None:
    async with opened() as (pilot, host, pane):
        await click(pilot, pane, "#review-bar", "edit")
        control = str(pane.query_one(EditBox).render())
        await click(pilot, pane, "#review-edit", "B ‹")
        assert str(pane.query_one(EditBox).render()) != control
        await click(pilot, pane, "#review-bar", "keep")
        assert pane.state.item.verdict == "edit"
        await click(pilot, pane, "#review-bar", "undo")
        await click(pilot, pane, "#review-bar", "reason")
        await press(pilot, *"why")
        await click(pilot, pane, "#review-bar", "keep")
        assert pane.state.item.reason == "why"
        await click(pilot, pane, "#review-bar", "approve")
        await click(pilot, pane, "#review-bar", "commit")
        await host.until_asked(pilot)
        await click(pilot, pane, "#review-list", host.chain.task.example_text(pane.state.items[2].value))
        assert pane.state.cursor == 2
        await click(pilot, pane, "#review-bar", "edit")
        was = pane.state.item.value
        await click(pilot, pane, "#review-edit", "○")
        await click(pilot, pane, "#review-bar", "keep")
        assert pane.state.items[2].value.output != was.output
        await click(pilot, pane, "#review-bar", "reject rest")
        assert pane.state.undecided == 0
        await click(pilot, pane, "#review-bar", "later")
        assert host.left == 1


async def test_editing_shuts_out_the_other_keys_and_can_be_left(opened) -> None:
    async with opened(chain=make_chain(filter=[SAMPLES])) as (pilot, _, pane):
        before = pane.state.items
        await press(pilot, "e", "space", "a", "x", "A", "X", "u", "B", "escape")
        assert pane.state.items == before
        assert pane.mode == "decide"
        assert pane.has_focus
        await press(pilot, "n", "a", "x", "escape")
        assert pane.state.items == before
        # The last object of an input cannot be taken away.
        await press(pilot, "e")
        for _ in range(5):
            edit = pane.query_one(EditBox).edit
            if edit.controls[edit.at].on:
                await press(pilot, "space")
            await press(pilot, "right")
        assert "is not a valid input" in notice(pane) or len(pane.query_one(EditBox).edit.value.input) == 1


async def test_resizing_at_any_moment_changes_nothing(opened) -> None:
    async with opened(chain=make_chain(filter=[SAMPLES])) as (pilot, _, pane):
        for keys in (("a",), ("e", "space"), ("enter",), ("n", "w"), ("enter",), ("X",)):
            for size in ((60, 16), (200, 60), (30, 8)):
                await pilot.resize_terminal(*size)
                await pilot.pause()
            await press(pilot, *keys)
        assert [item.verdict for item in pane.state.items] == ["approve", "edit", "reject", "reject"]
        assert pane.state.items[2].reason == "w"


async def test_impatience_is_harmless(opened) -> None:
    async with opened() as (pilot, host, _):
        await press(pilot, *["a", "a", "enter", "enter", "a", "enter", "enter", "u", "x", "enter"] * 3)
        for record in host.records:
            if record.phase == "interaction":
                assert len(record.decisions) == record.redraws + 1
        assert host.chain.next is not None


async def test_reasons_with_anything_in_them_are_shown_as_text(opened) -> None:
    chain = make_chain(filter=[SAMPLES], task={"objects": ["[/red]", "漢字", "[b]", "screen"], "spurious": "screen", "samples": 4})
    async with opened(chain=chain) as (pilot, host, pane):
        await press(pilot, "n")
        pane.query_one(LineInput).insert_text_at_cursor(HOSTILE)
        await press(pilot, "enter")
        reason = pane.state.item.reason
        assert "[/]" in reason
        assert reason.isprintable()
        assert "\x1b" not in text(pane)
        assert "[/] [bold]x" in text(pane)
        await press(pilot, "e", "space", "right", "space", "enter", "B", "A", "enter")
        await host.until_asked(pilot)
        transmitted = next(record for record in host.records if record.phase == "transmission")
        assert transmitted.samples[0].reason == reason


async def test_a_long_list_keeps_the_cursor_in_sight(opened) -> None:
    task = {"initial": 8, "samples": 40, "spurious": "screen"}
    async with opened(chain=make_chain(filter=[SAMPLES], task=task)) as (pilot, _, pane):
        await press(pilot, "end")
        shown = str(pane.query_one(RowList).render())
        assert "▸" in shown
        assert "more" in shown
        await press(pilot, "home", "down")
        assert pane.state.cursor == 1
        assert "▸" in str(pane.query_one(RowList).render())


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (200, 60)])
async def test_all_keys_and_what_matters_are_in_sight(opened, size: tuple[int, int]) -> None:
    async with opened(size=size, chain=make_chain(filter=[SAMPLES])) as (pilot, _, pane):
        await press(pilot, "a")
        for selector in ("#review-title", "#review-bar", "#review-notice", "#review-list", "#review-effect", "#review-large"):
            widget = pane.query_one(selector)
            assert widget.size.height > 0, selector
            assert pane.region.contains_region(widget.region), selector
        keys = str(pane.query_one("#review-bar").render())
        for name in ("approve", "reject", "edit", "reason", "approve-rest", "reject-rest", "undo", "commit", "blind"):
            assert ACTIONS[f"review.{name}"].label in keys
        assert "later" in keys
        effect = str(pane.query_one("#review-effect").render())
        assert "entropy" in effect
        assert "P(h*)" in effect


def test_an_example_edit_reaches_every_input_and_output_and_no_other() -> None:
    task = make_chain().task
    start = ExampleEdit.from_example(task, Example(("A",), "on"))
    assert start is not None
    assert start.change(0).value == start.value
    assert "is not a valid input" in start.change(0).fault
    seen, waiting = {start.value}, [start]
    while waiting:
        edit = waiting.pop()
        for at in range(len(edit.controls)):
            after = edit.change(at)
            assert task.read_example(list(after.value.input), after.value.output) == after.value
            if after.value not in seen:
                seen.add(after.value)
                waiting.append(after)
    assert len(seen) == 31 * 3


def test_inputs_that_exclude_each_other_are_chosen_not_added() -> None:
    inputs = (("blue", "circle"), ("blue", "box"), ("red", "circle"), ("red", "box"))
    edit = ExampleEdit(inputs, ("00", "01"), Example(("blue", "circle"), "00"))
    names = [control.value for control in edit.controls]
    assert edit.change(names.index("red")).value.input == ("red", "circle")
    assert edit.change(names.index("box")).value.input == ("blue", "box")
    assert edit.change(names.index("01")).value.output == "01"


def test_a_hypothesis_edit_goes_round_every_value() -> None:
    space = make_chain().task.space
    edit = HypothesisEdit.from_hypothesis(space, 33)
    assert edit.value == 33
    for at in range(5):
        assert edit.change(at).change(at).change(at).value == 33
        assert edit.change(at).change(at, -1).value == 33
    assert edit.move(-1).at == 4


@pytest.mark.parametrize("arrow", ["->", "→", " => "])
def test_an_example_as_text(arrow: str) -> None:
    task = make_chain().task
    assert task.read_line(f" screen , A {arrow} off ") == Example(("A", "screen"), "off")


@pytest.mark.parametrize("words", ["", "A", "A -> on -> off", "A -> bright", "Q -> on", "-> on", "A, A -> on"])
def test_what_is_no_example_is_told(words: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        make_chain().task.read_line(words)


async def test_a_task_whose_inputs_cannot_be_listed_is_edited_as_text(opened, monkeypatch) -> None:
    monkeypatch.setattr("iicl_tui.review.edit.MOST_PARTS", 2)
    async with opened(chain=make_chain(filter=[SAMPLES])) as (pilot, _, pane):
        await press(pilot, "e")
        assert pane.mode == "text"
        line = pane.query_one(LineInput)
        line.value = "A -> [/nowhere]\x1b"
        await press(pilot, "enter")
        assert pane.mode == "text"
        assert "expected one of on, off, und" in notice(pane)
        line.value = "A, screen -> und"
        await press(pilot, "enter")
        assert pane.state.items[0].value == Example(("A", "screen"), "und")
