from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from loopback import Loopback, Text
from rows_host import RowsApp
from textual.pilot import Pilot
from textual.widgets import Static
from waiting import app_until

from iicl_tui.errors import StoreError
from iicl_tui.review.decision_file import DecisionFile
from iicl_tui.review.row_review import PAUSE
from iicl_tui.tui.actions import GROUPS
from iicl_tui.tui.review.boxes import LineInput, Lines
from iicl_tui.tui.review.clickables import ClickableRow
from iicl_tui.tui.review.reply_boxes import ReplyEditor
from iicl_tui.tui.review.row_widgets import FieldsPane, MarkColumn, RowPage
from iicl_tui.tui.screens.rows import RowsScreen
from iicl_tui.tui.widgets.footer import KeyBar
from iicl_tui.tui.widgets.header import HeaderLine

SIZES = [(80, 24), (120, 40)]
ROWS = [
    {
        "prompt": "Describe a kettle",
        "text": f"Kettle number {at} boils.",
        "topic": "kettle" if at % 2 else "pan",
        "truth": "approve",
    }
    for at in range(6)
]
HOSTILE = "[/] [bold]x \x1b]52;c;AAAA\x07 \x9b31m \u202e" + "漢" * 50

Opened = tuple[Pilot[None], RowsApp, RowsScreen]


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., Any]:
    @asynccontextmanager
    async def run(size: tuple[int, int] = (120, 40), rows: Any = ROWS, **options: Any) -> AsyncIterator[Opened]:
        app = RowsApp(tmp_path, rows, **options)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            yield pilot, app, app.rows

    return run


def seen(screen: RowsScreen) -> str:
    """All that the screen shows."""
    kinds = (HeaderLine, Lines, MarkColumn, RowPage, ClickableRow, FieldsPane, KeyBar)
    return "\n".join(str(widget.render()) for kind in kinds for widget in screen.query(kind) if widget.is_on_screen)


def verdicts(app: RowsApp) -> list[str | None]:
    return [app.session.review[row].verdict for row in range(len(app.table))]


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Presses keys as a person does, none twice at once."""
    for key in keys:
        pilot.app.clock.now += 1  # type: ignore[attr-defined]
        await pilot.press(key)
    await pilot.pause()


def test_each_action_has_its_method() -> None:
    for group, used in (("rows", RowsScreen), ("fields", FieldsPane)):
        assert group == used.GROUP
        for action in GROUPS[group]:
            assert callable(getattr(used, f"action_{action.name}", None)), action.id


@pytest.mark.parametrize("size", SIZES)
async def test_rows_are_approved_rejected_edited_flagged_and_skipped_with_one_key(opened, size: tuple[int, int]) -> None:
    async with opened(size, reasons=("off topic", "untrue")) as (pilot, app, screen):
        assert "0 of 6" in seen(screen)
        assert "Kettle number 0 boils." in seen(screen)
        assert "Describe a kettle" in seen(screen)
        await press(pilot, "a", "x", "f", "s", "2")
        assert verdicts(app) == ["approve", "reject", "flag", "skip", "reject", None]
        assert app.session.review[4].reason == "untrue"
        assert "5 of 6" in seen(screen)
        assert "1 ✗ off topic  2 ✗ untrue" in seen(screen)
        for sign in "✓✗⚑–·▸":
            assert sign in str(screen.query_one(MarkColumn).render())
        await press(pilot, "e")
        screen.query_one(ReplyEditor).load_text("Kettle five\nboils in two lines.")
        await press(pilot, "f5")
        assert app.session.review[5].verdict == "edit"
        assert app.session.review[5].text == "Kettle five\nboils in two lines."
        assert "All rows are decided" in seen(screen)
        assert app.steps == [("decide", line) for line in (1, 2, 3, 4, 5, 6)]


async def test_undo_has_no_end_and_every_step_is_written(opened) -> None:
    async with opened() as (pilot, app, screen):
        await press(pilot, "a", "x", "u", "U", "u", "u", "u", "x")
        assert verdicts(app) == ["reject", *[None] * 5]
        assert [kind for kind, _ in app.steps] == ["decide", "decide", "undo", "redo", "undo", "undo", "decide"]
        assert screen.check_action("redo", ()) is None


async def test_another_day_goes_on_where_the_last_one_ended_and_can_undo_it(opened, tmp_path: Path) -> None:
    async with opened() as (pilot, app, _):
        await press(pilot, "a", "x", "f", "u")
    data = tmp_path / "mine.jsonl"
    kept = data.read_text().splitlines(keepends=True)
    data.write_text("".join(kept[1:]) + '{"text": "A new kettle.", "prompt": "", "topic": "", "truth": ""}\n')
    async with opened(rows=None) as (pilot, app, screen):
        assert verdicts(app) == ["reject", *[None] * 5]
        assert app.session.queue.row == 1
        notices = " ".join(app.opened.notices)
        assert "mine.jsonl has changed since the last sitting" in notices
        assert "1 decided row is not in mine.jsonl any more" in notices
        await press(pilot, "U")
        assert verdicts(app) == ["reject", "flag", *[None] * 4]
        await press(pilot, "u", "u", "u")
        assert verdicts(app) == [None] * 6
        assert screen.check_action("undo", ()) is None


async def test_the_order_is_kept_and_others_are_shown_unless_blind(opened, tmp_path: Path) -> None:
    for name, keys in (("bob", "aaaxaa"), ("cyd", "aaaaxa")):
        async with opened(rows=ROWS if name == "bob" else None, reviewer=name) as (pilot, app, _):
            await press(pilot, *keys)
    files = (tmp_path / "mine.bob.decisions.toml", tmp_path / "mine.cyd.decisions.toml")
    async with opened(rows=None, reviewer="eva", others=files, order="disagreement") as (pilot, app, screen):
        assert list(app.session.order) == [3, 4, 0, 1, 2, 5]
        assert "bob: reject" in seen(screen)
        assert "others disagree" in seen(screen)
        await press(pilot, "B")
        assert "bob: reject" not in seen(screen)
    async with opened(rows=None, reviewer="fay", order="seed:3") as (pilot, app, _):
        order = list(app.session.order)
        assert sorted(order) == list(range(6))
        await press(pilot, "a")
    async with opened(rows=None, reviewer="fay") as (_, app, _):
        assert list(app.session.order) == order
        assert app.session.queue.row == order[1]


async def test_a_double_press_decides_once(opened) -> None:
    async with opened() as (pilot, app, _):
        app.clock.now += 1
        await pilot.press("a", "a")
        assert verdicts(app).count("approve") == 1


async def test_time_is_counted_without_pauses_and_tells_what_is_left(opened) -> None:
    async with opened(rows=ROWS * 5) as (pilot, app, screen):
        for seconds in (8, 8, 10_000, 8):
            app.clock.now += seconds
            await pilot.press("a")
        await pilot.pause()
        assert [change.after.seconds for change in app.session.review.past] == [8, 8, PAUSE, 8]
        assert "4 of 30" in seen(screen)
        assert "171/h" in seen(screen)  # 4 in 84 s
        assert "9 min left" in seen(screen)


async def test_reasons_are_written_by_the_person_and_kept(opened, tmp_path: Path) -> None:
    async with opened() as (pilot, app, screen):
        await press(pilot, "1")
        assert verdicts(app) == [None] * 6
        await press(pilot, "R")
        screen.query_one(ReplyEditor).load_text("off topic\n\n  too [/]long \n")
        await press(pilot, "f5")
        assert app.session.reasons.reasons == ("off topic", "too [/]long")
        assert (tmp_path / "mine.reasons.txt").read_text() == "off topic\ntoo [/]long\n"
        await press(pilot, "2")
        assert app.session.review[0].reason == "too [/]long"
        await press(pilot, "k", "n", *" indeed", "enter")
        assert app.session.review[0].reason == "too [/]long indeed"
        assert app.session.review[0].verdict == "reject"


async def test_going_to_a_row_by_number_text_and_verdict(opened) -> None:
    async with opened() as (pilot, app, screen):
        await press(pilot, "g", "4", "enter")
        assert app.session.queue.row == 3
        await press(pilot, "g", "9", "enter")
        assert "Enter a number from 1 to 6." in seen(screen)
        await press(pilot, "/", *"NUMBER", "enter")
        await app_until(pilot, lambda: app.session.queue.row == 4)
        await press(pilot, "<")
        await app_until(pilot, lambda: app.session.queue.row == 3)
        await press(pilot, "/", *"zzz", "enter")
        await app_until(pilot, lambda: "No row contains “zzz”" in seen(screen))
        await press(pilot, "/", "enter")
        await app_until(pilot, lambda: "“zzz”" in seen(screen))
        await press(pilot, "home", "x", "end", "x", "v")
        assert "4 undecided" in seen(screen)
        await press(pilot, "g", "3", "enter", "v")
        assert list(app.session.queue.order) == [0, 5]
        assert app.session.queue.row == 5, "the next row that is shown"
        await press(pilot, "home", "down")
        assert app.session.queue.row == 5
        await press(pilot, "g", "2", "enter")
        assert (app.session.queue.row, len(app.session.queue.order)) == (1, 6)
        await press(pilot, "[")
        assert app.session.queue.row == 4
        await press(pilot, "]", "]")
        assert app.session.queue.row == 2


async def test_the_mouse_does_all_of_it(opened) -> None:
    async with opened(reasons=("off topic",)) as (pilot, app, screen):

        async def click(selector: Any, words: str) -> None:
            app.clock.now += 1
            widget = screen.query_one(selector)
            for y, line in enumerate(str(widget.render()).split("\n")):
                if words in line:
                    region = widget.content_region
                    assert await pilot.click(offset=(region.x + line.index(words) + 1, region.y + y))
                    await pilot.pause()
                    return
            pytest.fail(f"{words!r} is not in {selector}")

        await click(MarkColumn, " 3")
        assert app.session.queue.row == 2
        await click(KeyBar, "approve")
        await click("#rows-reasons", "off topic")
        assert verdicts(app) == [None, None, "approve", "reject", None, None]
        await click(KeyBar, "undo")
        await click(KeyBar, "edit")
        screen.query_one(ReplyEditor).load_text("Another text")
        await click("#rows-reasons", "keep")
        assert app.session.review[3].text == "Another text"


@pytest.mark.parametrize("size", SIZES)
async def test_fields_that_cannot_be_guessed_are_asked_for_once(opened, size: tuple[int, int]) -> None:
    rows = [{"one": f"first {at}", "two": f"second {at}", "label": "approve"} for at in range(3)]
    async with opened(size, rows=rows) as (pilot, app, screen):
        assert "Which field is judged?" in seen(screen)
        assert "first 0" in seen(screen)
        await press(pilot, "a", "enter")
        assert "Choose the field that is judged." in seen(screen)
        assert verdicts(app) == [None] * 3
        await press(pilot, "down", "space", "down", "left", "left", "enter")
        mapping = app.session.subject.mapping
        assert mapping is not None
        assert (mapping.judged, mapping.shown, mapping.truth) == ("two", ("one",), "label")
        assert "second 0" in seen(screen)
        await press(pilot, "a")
        assert verdicts(app) == ["approve", None, None]
    async with opened(size, rows=None) as (_, app, screen):
        assert "Which field is judged?" not in seen(screen)
        assert app.session.queue.row == 1


async def test_blind_hides_the_truth(opened) -> None:
    async with opened(blind=True) as (pilot, _, screen):
        assert "hidden" in seen(screen)
        await press(pilot, "a")
    async with opened(rows=None) as (pilot, _, screen):
        assert "hidden" in seen(screen), "it stays blind on another day"
        await press(pilot, "B")
        assert "This review is blind" in seen(screen)
    async with opened(rows=None, blind=False) as (pilot, _, screen):
        assert "truth  approve" in seen(screen)
        await press(pilot, "B")
        assert "truth  approve" not in seen(screen)


async def test_the_text_can_be_edited_closed_and_continued(opened) -> None:
    async with opened() as (pilot, app, screen):
        await press(pilot, "e", *"New. ", "escape")
        assert verdicts(app) == [None] * 6
        await press(pilot, "e")
        assert screen.query_one(ReplyEditor).text == "New. Kettle number 0 boils."
        screen.query_one(ReplyEditor).load_text("   ")
        await press(pilot, "f5")
        assert "A row needs some text." in seen(screen)
        await press(pilot, "f8", "f5")
        assert verdicts(app)[0] == "approve"
        await press(pilot, "e", "f8")
        screen.query_one(ReplyEditor).load_text("x")
        await press(pilot, "f5", "k", "a")
        assert app.session.review[1].text == "x"  # approving keeps an edit
        await press(pilot, "k", "e", "f8", "f5")
        assert app.session.review[1][:2] == ("approve", None)
        await press(pilot, "k", "e")
        screen.query_one(ReplyEditor).load_text("x")
        await press(pilot, "f5")
        await press(pilot, "k", "x")
        assert app.session.review[1].text is None


async def test_an_editor_of_the_persons_own_changes_the_text(opened, monkeypatch, tmp_path: Path) -> None:
    script = tmp_path / "editor.sh"
    script.write_text('#!/bin/sh\nprintf "by hand\\n" > "$1"\n')
    script.chmod(0o755)
    async with opened() as (pilot, app, _):
        monkeypatch.delenv("VISUAL", raising=False)
        monkeypatch.setenv("EDITOR", "")
        await press(pilot, "E")
        await app_until(pilot, lambda: True)
        assert verdicts(app) == [None] * 6
        monkeypatch.setenv("EDITOR", str(script))
        monkeypatch.setattr(type(app), "suspend", _suspend)
        await press(pilot, "E")
        assert app.session.review[0].text == "by hand"


def _suspend(app: object) -> Any:
    import contextlib

    return contextlib.nullcontext()


async def test_a_full_disk_loses_nothing(opened, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise StoreError("mine.decisions.toml is not written", "No space left on the device.")

    async with opened() as (pilot, app, screen):
        append = DecisionFile.append
        monkeypatch.setattr(DecisionFile, "append", full)
        await press(pilot, "a", "x")
        assert "Not saved, the next key tries again." in seen(screen)
        assert "○ unsaved" in seen(screen)
        await press(pilot, "escape")
        assert isinstance(app.screen, RowsScreen)
        assert "The same key again leaves without the last decisions" in seen(screen)
        monkeypatch.setattr(DecisionFile, "append", append)
        await press(pilot, "f")
        assert app.steps == [("decide", 1), ("decide", 2), ("decide", 3)]
        assert "● saved" in seen(screen)


async def test_read_only_says_why_and_decides_nothing(opened) -> None:
    async with opened() as (_, _, _), opened(rows=None) as (pilot, app, screen):
        assert "Read-only: " in seen(screen)
        assert "◌ read-only" in seen(screen)
        await press(pilot, "a", "x", "e", "n", "u", "down")
        assert verdicts(app) == [None] * 6
        assert app.session.queue.row == 1


async def test_hostile_rows_are_shown_as_text(opened) -> None:
    rows = [
        {"text": HOSTILE, "note": HOSTILE, HOSTILE: HOSTILE},
        {"text": ""},
        {"text": None, "note": [1, {"a": "\x1b"}]},
        {"text": "y" * 1_000_000},
    ]
    async with opened(rows=rows, reasons=(HOSTILE,)) as (pilot, app, screen):
        for _ in rows:
            assert "\x1b" not in seen(screen)
            assert "\u202e" not in seen(screen)
            await press(pilot, "down", "m")
        await press(pilot, "home")
        assert "[/] [bold]x ␛]52;c;AAAA␇" in seen(screen)
        await press(pilot, "down")
        assert "The field text is empty." in seen(screen)
        await press(pilot, "end")
        assert "more: Space scrolls" in seen(screen)
        before = str(screen.query_one("#rows-text", RowPage).render())
        await press(pilot, "space", "space", "e", "escape", "F", "escape", "1")
        assert app.session.review[3].reason == HOSTILE
        assert before.count("y") > 1000


async def test_a_row_that_another_program_changes_is_not_decided(opened, tmp_path: Path) -> None:
    rows = [{"text": f"number {at} " + "x" * 50_000} for at in range(6)]
    async with opened(rows=rows) as (pilot, app, screen):
        path = tmp_path / "mine.jsonl"
        path.write_bytes(path.read_bytes().replace(b"number 3", b"number 9"))
        await press(pilot, "g", "4", "enter", "a")
        assert verdicts(app) == [None] * 6
        assert "changed by another program" in " ".join(seen(screen).split())


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (200, 60)])
async def test_all_that_matters_is_in_sight(opened, size: tuple[int, int]) -> None:
    async with opened(size, reasons=tuple(f"reason {at}" for at in range(9))) as (pilot, _, screen):
        await press(pilot, "a")
        for selector in ("#rows-marks", "#rows-text", "#rows-notice", "#rows-reasons", "KeyBar", "HeaderLine"):
            widget = screen.query_one(selector)
            assert widget.size.height > 0, selector
            assert screen.region.contains_region(widget.region), selector
        await press(pilot, "n")
        assert screen.query_one(LineInput).region.height == 1
        assert screen.query_one("#rows-prompt", Static).region.width > 0


async def test_lines_that_are_not_painted_again_are_right(opened) -> None:
    rows = [{"text": "\n".join(f"line {line} of {at}" for line in range(1 + 7 * at % 11)), "topic": "x" * at} for at in range(9)]
    async with opened(rows=rows) as (pilot, _, screen):
        for key in ("down", "a", "x", "down", "up", "up", "u", "f", "v", "v", "end", "home", "m"):
            await press(pilot, key)
            painted = [strip.text for strip in screen._compositor.render_strips()]
            for widget in screen.walk_children():
                widget.refresh()
            await pilot.pause()
            assert painted == [strip.text for strip in screen._compositor.render_strips()], key


@pytest.mark.parametrize("show", ["after", "before"])
async def test_a_model_reads_too_and_says_so_as_it_was_told(opened, tmp_path: Path, show: str) -> None:
    with Loopback() as server:
        server.replies = lambda seen: Text("Reject: dull") if "number 1" in str(seen.body) else Text("Approve")
        setup = f'[reader]\nshow = "{show}"\nahead = 3\n[agent]\nkind = "openai"\nmodel = "judge"\nbase-url = "{server.url}/v1"'
        (tmp_path / "reader.toml").write_text(setup)
        async with opened(reader=tmp_path / "reader.toml") as (pilot, _, screen):
            reader = screen.reader
            assert reader is not None
            await app_until(pilot, lambda: reader.on(3) is not None)
            assert ("judge" in seen(screen)) == (show == "before")
            await press(pilot, "M", "a", "a")
            assert "row 2: you approved, judge would reject: dull." in seen(screen)
            assert "model agrees 1 of 2" in seen(screen)
            await press(pilot, "a", "a")
            assert reader.on(4) is None, "it is not asked any more"
            await press(pilot, "M")
            await app_until(pilot, lambda: reader.on(4) is not None)
            await press(pilot, "u", "u", "u")
            assert "model agrees 1 of 1" in seen(screen)
    assert not screen.session.trouble


async def test_near_copies_are_said_beside_the_row_on_demand(opened) -> None:
    rows = [{"text": f"The kettle arrived with a dent{end}"} for end in ("", "!", "")]
    async with opened(rows=rows) as (pilot, _, screen):
        await press(pilot, "D")
        await app_until(pilot, lambda: "1 nearly equal, 1 equal" in seen(screen))
        await press(pilot, "down")
        assert "nearly equal to row 1 (98%)" in seen(screen)
        await press(pilot, "down")
        assert "copy 2 of an equal row" in seen(screen)
