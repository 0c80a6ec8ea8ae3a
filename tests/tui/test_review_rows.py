"""A review of rows of text, which belong to no chain, in the real pane."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from review_host import Clock
from textual.app import ComposeResult
from textual.pilot import Pilot
from textual.widgets import Static

from iicl_tui.review.request import AnyRequest, Reviewer
from iicl_tui.review.state import ReviewState
from iicl_tui.review.styled import StyledText, styled
from iicl_tui.review.subject import ReviewSubject
from iicl_tui.store.paths import Paths
from iicl_tui.text import printable
from iicl_tui.tui.app import LabApp
from iicl_tui.tui.review.boxes import LineInput, Lines, RowList
from iicl_tui.tui.review.clickables import ClickableRow
from iicl_tui.tui.review.pane import ReviewPane
from iicl_tui.tui.screens.base import AppScreen

ROWS = ("The battery lasts two days.", "It broke. \x1b[31mNever again.", "漢字 [b]and markup[/]", "Fine for the price.")


class Rows(ReviewSubject):
    """Rows of plain text: no hypothesis, no forecast."""

    def __init__(self, rows: Sequence[str], blind: bool = False) -> None:
        self.rows = tuple(rows)
        self.blind = blind

    @property
    def heading(self) -> str:
        return "review reviews.txt"

    @property
    def values(self) -> tuple[str, ...]:
        return self.rows

    def text(self, value: str) -> StyledText:
        return styled(printable(value, 200))

    def marks(self, value: str, blind: bool, detailed: bool = False) -> Sequence[str]:
        return [] if blind else [f"{len(value)} characters"]

    def read_text(self, text: str) -> str:
        if not text:
            raise ValueError("a row needs some text")
        return text


class RowsScreen(AppScreen):
    """The pane alone."""

    def __init__(self, reviewer: Reviewer, clock: Clock) -> None:
        super().__init__()
        self.pane = ReviewPane(reviewer, clock=clock)

    def body(self) -> ComposeResult:
        yield self.pane

    def back(self) -> None:
        self.pane.back()


class RowsApp(LabApp):
    """The real program around it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(Paths(folder / "settings.toml", folder / "themes", folder / "sessions", folder / "state"))
        self.clock = Clock()
        self.reviewer = Reviewer(self.asked)
        self.rows = RowsScreen(self.reviewer, self.clock)

    def asked(self, request: AnyRequest | None) -> None:
        self.rows.pane.show(request)

    def make(self, room: str, /, *args: object, **values: object) -> AppScreen:
        return self.rows


async def press(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await pilot.pause()


async def started(app: RowsApp, pilot: Pilot[None], subject: ReviewSubject) -> asyncio.Task[ReviewState]:
    """The review is open, and the pane shows it."""
    task = asyncio.ensure_future(app.reviewer.review(subject))
    while not app.rows.pane.live:
        await pilot.pause()
    await pilot.pause()
    return task


def shown(pane: ReviewPane) -> str:
    parts = [str(widget.render()) for kind in (Lines, RowList, ClickableRow) for widget in pane.query(kind) if widget.display]
    notice = pane.query_one("#review-notice", Static)
    return "\n".join([*parts, str(pane.query_one("#review-large").render()), str(notice.render())])


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_rows_are_approved_rejected_edited_and_committed(tmp_path: Path, size: tuple[int, int]) -> None:
    app = RowsApp(tmp_path)
    async with app.run_test(size=size) as pilot:
        task = await started(app, pilot, Rows(ROWS))
        pane = app.rows.pane
        assert pane.forecast is None
        assert "review reviews.txt" in shown(pane)
        assert "0 of 4 decided" in shown(pane)
        assert "row 1 of 4 · undecided" in shown(pane)
        assert "27 characters" in shown(pane)
        assert "\x1b" not in shown(pane)
        app.clock.now += 2
        await press(pilot, "a", "n", *"too angry", "enter", "x")
        await press(pilot, "u")
        assert [item.verdict for item in pane.state.items] == ["approve", None, None, None]
        await press(pilot, "U", "enter")
        assert "! 2 undecided: A approves the rest, X rejects the rest." in shown(pane)
        await press(pilot, "e")
        assert pane.mode == "text"
        line = pane.query_one(LineInput)
        assert line.value == ROWS[2]
        line.value = ""
        await press(pilot, "enter")
        assert "a row needs some text" in shown(pane)
        line.value = "Plain text"
        await press(pilot, "enter", "A", "enter")
        state = await task
        assert [(item.verdict, item.value) for item in state.items] == [
            ("approve", ROWS[0]),
            ("reject", ROWS[1]),
            ("edit", "Plain text"),
            ("approve", ROWS[3]),
        ]
        assert [item.seconds for item in state.items] == [2, 0, 0, 0]
        assert state.items[1].reason == "too angry"
        assert not pane.live
        assert app.reviewer.request is None


async def test_rejecting_all_rows_is_a_decision_like_any_other(tmp_path: Path) -> None:
    app = RowsApp(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        task = await started(app, pilot, Rows(ROWS))
        await press(pilot, "X")
        assert not app.rows.pane.query_one("#review-choices").display
        await press(pilot, "enter")
        assert (await task).all_rejected


async def test_a_blind_subject_stays_blind_and_can_be_put_off(tmp_path: Path) -> None:
    app = RowsApp(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        task = await started(app, pilot, Rows(ROWS, blind=True))
        assert "characters" not in shown(app.rows.pane)
        await press(pilot, "B")
        assert app.rows.pane.blind
        await press(pilot, "a", "escape")
        with pytest.raises(asyncio.CancelledError):
            await task
        task = await started(app, pilot, Rows(ROWS[:1]))
        assert not app.rows.pane.blind
        assert app.rows.pane.state.undecided == 1
        task.cancel()
