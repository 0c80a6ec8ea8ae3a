"""The configure screen, driven as a person drives it."""

from __future__ import annotations

import errno
import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static, Switch, TextArea
from waiting import app_until

from iicl_tui.store import atomic
from iicl_tui.store.paths import Paths
from iicl_tui.store.presets import load, presets
from iicl_tui.store.session import SessionFile
from iicl_tui.tui.app import LabApp, Start
from iicl_tui.tui.configure.blank import BLANK
from iicl_tui.tui.configure.choice import Choice
from iicl_tui.tui.configure.fields import FieldRow, SectionButton, row_id
from iicl_tui.tui.configure.prior_box import WeightCell
from iicl_tui.tui.screens.configure import ConfigureScreen
from iicl_tui.tui.screens.error import ErrorScreen
from iicl_tui.tui.screens.messages import MessagesScreen
from iicl_tui.tui.widgets.header import HeaderLine

HOSTILE = "[/] [bold]x \x1b]52;c;AAAA\x07 \u202e" + "漢" * 300


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path / "settings.toml", tmp_path / "themes", tmp_path / "sessions", tmp_path / "state")


def app_of(paths: Paths, **values: Any) -> LabApp:
    return LabApp(paths, start=Start("configure", values))


def screen_of(pilot: Pilot[Any]) -> ConfigureScreen:
    screen = pilot.app.screen
    assert isinstance(screen, ConfigureScreen)
    return screen


def row(pilot: Pilot[Any], *path: str | int) -> FieldRow:
    return screen_of(pilot).query_one(f"#{row_id(path)}", FieldRow)


def words(pilot: Pilot[Any], selector: str) -> str:
    content: Any = screen_of(pilot).query_one(selector, Static).content
    return str(getattr(content, "plain", content))


async def ready(pilot: Pilot[Any]) -> ConfigureScreen:
    """The form is there and was checked."""
    await app_until(pilot, lambda: isinstance(pilot.app.screen, ConfigureScreen) and bool(words(pilot, "#total")))
    return screen_of(pilot)


async def settled(pilot: Pilot[Any], faults: int) -> None:
    """The form was checked and has so many faults."""
    await app_until(pilot, lambda: screen_of(pilot).form.count == faults and (screen_of(pilot).config is None) == bool(faults))


async def focus(pilot: Pilot[Any], *path: str | int) -> None:
    """The field has the focus."""
    control = row(pilot, *path).control
    control.focus()
    await app_until(pilot, lambda: screen_of(pilot).focused is control)


async def choose(pilot: Pilot[Any], key: str, *path: str | int) -> None:
    """Opens the field's choices, presses a key in them, and takes what is under the cursor."""
    await focus(pilot, *path)
    control = row(pilot, *path).control
    await pilot.press("enter")
    await app_until(pilot, lambda: isinstance(screen_of(pilot).focused, OptionList))
    await pilot.press(key, "enter")
    await app_until(pilot, lambda: screen_of(pilot).focused is control)


async def press(pilot: Pilot[Any], label: str, *path: str | int) -> None:
    """The button with this label, which acts on this path, by keyboard."""
    button = next(b for b in screen_of(pilot).query(SectionButton) if str(b.label) == label and b.path == path)
    button.focus()
    await app_until(pilot, lambda: screen_of(pilot).focused is button)
    await pilot.press("enter")


async def in_lab(pilot: Pilot[Any]) -> None:
    await app_until(pilot, lambda: getattr(pilot.app.screen, "GROUP", "") == "lab")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_from_nothing_to_the_lab(paths: Paths, size: tuple[int, int]) -> None:
    async with app_of(paths).run_test(size=size) as pilot:
        screen = await ready(pilot)
        assert screen.draft.text == BLANK
        assert words(pilot, "#total").startswith("✓ ready  F5 writes untitled-chain.toml")
        await pilot.press("f5")
        await in_lab(pilot)
    written = (paths.sessions / "untitled-chain.toml").read_text()
    assert tomllib.loads(written)["start"]["sample"]


@pytest.mark.parametrize("name", ["e3-human", "theory-5-markov"])
async def test_a_preset_opens_without_a_fault(paths: Paths, name: str) -> None:
    async with app_of(paths, preset=name).run_test(size=(120, 40)) as pilot:
        screen = await ready(pilot)
        assert screen.config is not None
        assert screen.query_one("#toml", TextArea).text == load(name).text


async def test_typing_writes_into_the_file_beside(paths: Paths) -> None:
    async with app_of(paths).run_test(size=(120, 40)) as pilot:
        screen = await ready(pilot)
        control = row(pilot, "task", "samples").control
        assert isinstance(control, Input)
        await focus(pilot, "task", "samples")
        await pilot.press("end", "backspace", *"12")
        await settled(pilot, 0)
        assert screen.draft.document["task"]["samples"] == 12
        area = screen.query_one("#toml", TextArea)
        assert area.document.get_line(area.cursor_location[0]) == "samples = 12"
        assert "samples M" in words(pilot, "#help")
        await pilot.press("backspace", "backspace")
        await app_until(pilot, lambda: "samples" not in screen.draft.document["task"])
        assert control.placeholder == "if empty: 4"
        await pilot.press("4")
        await app_until(pilot, lambda: screen.draft.text == BLANK)


async def test_typing_faster_than_the_checks_loses_nothing(paths: Paths) -> None:
    async with app_of(paths).run_test(size=(120, 40)) as pilot:
        screen = await ready(pilot)
        control = row(pilot, "task", "samples").control
        assert isinstance(control, Input)
        control.value = "77"  # typed, and not yet heard of
        await screen._show_check(screen.config, [])
        assert control.value == "77"
        await app_until(pilot, lambda: screen.draft.document["task"]["samples"] == 77)
        control.value = "79"
        control.value = "7"
        await app_until(pilot, lambda: screen.draft.document["task"]["samples"] == 7)
        await settled(pilot, 0)
        assert control.value == "7"


async def test_the_hint_of_the_file_name_follows_the_title(paths: Paths) -> None:
    async with app_of(paths).run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        name = row(pilot, "file").control
        assert isinstance(name, Input)
        assert name.placeholder == "untitled-chain.toml"
        await focus(pilot, "chain", "title")
        await pilot.press("end", *" 2")
        await app_until(pilot, lambda: name.placeholder == "untitled-chain-2.toml")


async def test_a_fault_stands_beside_its_field_and_stops_the_writing(paths: Paths) -> None:
    async with app_of(paths).run_test(size=(120, 40)) as pilot:
        screen = await ready(pilot)
        await focus(pilot, "chain", "generations")
        await pilot.press("end", "backspace", *"six")
        await settled(pilot, 1)
        assert "whole number" in str(row(pilot, "chain", "generations").render())
        assert row(pilot, "chain", "generations").has_class("-wrong")
        assert words(pilot, "#total").startswith("✗ 1 fault · line 4: chain.generations")
        await focus(pilot, "task", "objects")
        await pilot.press("f5")
        assert screen.focused is row(pilot, "chain", "generations").control
        assert not paths.sessions.exists()
        await pilot.press("end", "backspace", "backspace", "backspace", "9")
        await settled(pilot, 0)
        assert not row(pilot, "chain", "generations").has_class("-wrong")


async def test_choices_and_switches(paths: Paths) -> None:
    async with app_of(paths).run_test(size=(120, 40)) as pilot:
        screen = await ready(pilot)
        await choose(pilot, "down", "agent", 0, "choose")
        await app_until(pilot, lambda: screen.draft.document["agent"][0]["choose"] == "map")
        await focus(pilot, "task", "distinct")
        await pilot.press("space")
        await app_until(pilot, lambda: screen.draft.document["task"].get("distinct") is True)
        await app_until(pilot, lambda: str(row(pilot, "task", "distinct").query_one(".word", Static).content) == "yes")
        await focus(pilot, "task", "spurious")
        await pilot.press(*"screen")
        await choose(pilot, "end", "task", "bias")
        await settled(pilot, 0)
        assert screen.draft.document["task"]["bias"] == "none/weak"  # the last choice
        await app_until(pilot, lambda: "ĥ" in words(pilot, "#start"))


async def test_another_task_and_back_loses_nothing(paths: Paths) -> None:
    async with app_of(paths).run_test(size=(120, 40)) as pilot:
        screen = await ready(pilot)
        await focus(pilot, "task", "initial")
        await pilot.press("end", "backspace", "7")
        await app_until(pilot, lambda: screen.draft.get(("task", "initial")) == 7)
        before = screen.draft.document["task"]
        task = row(pilot, "chain", "task").control
        assert isinstance(task, Choice)
        task.value = "acronym"
        await app_until(pilot, lambda: bool(screen.query("#row-task-easy")) and screen.draft.get(("task", "draw")) is None)
        task = row(pilot, "chain", "task").control
        assert isinstance(task, Choice)
        task.value = "acre"
        await app_until(pilot, lambda: screen.draft.document.get("task") == before)
        await settled(pilot, 0)


async def test_filters_are_added_ordered_changed_and_removed(paths: Paths) -> None:
    async with app_of(paths).run_test(size=(120, 40)) as pilot:
        screen = await ready(pilot)

        def filters() -> list[str]:
            return [table["kind"] for table in screen.draft.document.get("filter", [])]

        await press(pilot, "+ effective-set", "filter", "effective-set")
        await app_until(pilot, lambda: filters() == ["effective-set"])
        await press(pilot, "+ human", "filter", "human")
        await app_until(pilot, lambda: filters() == ["effective-set", "human"])
        await app_until(pilot, lambda: screen.focused is row(pilot, "filter", 1, "kind").control)
        await press(pilot, "↑", "filter", 1)
        await app_until(pilot, lambda: filters() == ["human", "effective-set"])
        await press(pilot, "remove", "filter", 0)
        await app_until(pilot, lambda: filters() == ["effective-set"])
        kind = row(pilot, "filter", 0, "kind").control
        assert isinstance(kind, Choice)
        kind.value = "human"
        await app_until(pilot, lambda: filters() == ["human"] and bool(screen.query("#row-filter-0-blind")))
        assert screen.focused is not None
        await press(pilot, "+ bayes", "agent", "bayes")
        await app_until(pilot, lambda: len(screen.draft.document["agent"]) == 2)
        await settled(pilot, 0)
        await pilot.press("f5")
        await in_lab(pilot)


async def test_features_of_texts_are_added_changed_and_removed(paths: Paths) -> None:
    async with app_of(paths, preset="text-term").run_test(size=(120, 40)) as pilot:
        screen = await ready(pilot)

        def names() -> list[str]:
            return [table["name"] for table in screen.draft.document["task"]["feature"]]

        before = names()
        await press(pilot, "+ chars", "task", "feature", "chars")
        await app_until(pilot, lambda: names() == [*before, "chars"])
        at = len(before)
        await app_until(pilot, lambda: screen.focused is row(pilot, "task", "feature", at, "kind").control)
        kind = row(pilot, "task", "feature", at, "kind").control
        assert isinstance(kind, Choice)
        kind.value = "regex"
        await app_until(pilot, lambda: bool(screen.query(f"#row-task-feature-{at}-pattern")))
        await settled(pilot, 1)
        await focus(pilot, "task", "feature", at, "pattern")
        await pilot.press("t", "a", "x")
        await settled(pilot, 0)
        await press(pilot, "↑", "task", "feature", at)
        await app_until(pilot, lambda: names() == [*before[:-1], "chars", before[-1]])
        button = next(b for b in screen.query(SectionButton) if b.operation == "down" and b.path == ("task", "feature", 0))
        button.focus()
        await app_until(pilot, lambda: "Puts this feature after the one below." in words(pilot, "#help"))
        await press(pilot, "remove", "task", "feature", at - 1)
        await app_until(pilot, lambda: names() == before)
        await settled(pilot, 0)


async def test_redrawing_takes_the_next_seed_and_says_so(paths: Paths) -> None:
    async with app_of(paths).run_test(size=(120, 40)) as pilot:
        screen = await ready(pilot)
        await app_until(pilot, lambda: "drawn with seed 42" in words(pilot, "#start"))
        first = words(pilot, "#start")
        await pilot.press("f6")
        await app_until(pilot, lambda: "drawn with seed 43" in words(pilot, "#start"))
        assert words(pilot, "#start").splitlines()[1:] != first.splitlines()[1:]
        assert [n.message for n in pilot.app._notifications] == ["Drew d⁰ again, with seed 43."]
        seed = row(pilot, "chain", "seed").control
        assert isinstance(seed, Input)
        assert seed.value == "43"
        assert screen.config is not None
        drawn = screen.config.start
        await pilot.press("f5")
        await in_lab(pilot)
    with SessionFile.open(next(paths.sessions.glob("*.toml")), read_only=True) as session:
        assert session.config.start == drawn


async def test_the_form_edits_a_configuration_without_losing_anything(paths: Paths, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        '# Mine.\n[chain]\ntitle = "Mine" # so\n\n[task]\nobjects = ["A", "B", "C"]\n\n[[agent]]\nkind = "bayes"\n\n'
        "[agent.prior] # odds\nA = { on = 1, off = 8 }\n\n[start]\nhypothesis = { A = 'on', B = 'off', C = 'off' }\n\n"
        "[[start.sample]]\ninput = ['A'] # seen\noutput = 'on'\n"
    )
    async with app_of(paths, file=file).run_test(size=(120, 40)) as pilot:
        screen = await ready(pilot)
        assert "1 examples, given in [start]" in words(pilot, "#start")
        await focus(pilot, "chain", "title")
        await pilot.press("end", *" too")
        await settled(pilot, 0)
        assert screen.draft.text == file.read_text().replace('"Mine" # so', '"Mine too" # so')
        await pilot.press("f5")
        await in_lab(pilot)
    written = (paths.sessions / "mine-too.toml").read_text()
    for comment in ("# Mine.", "# so", "# odds"):
        assert comment in written
    assert tomllib.loads(written)["start"]["sample"] == [{"input": ["A"], "output": "on"}]
    assert file.read_text().startswith("# Mine.")


async def test_what_the_form_cannot_say_can_be_taken_out(paths: Paths) -> None:
    text = BLANK.replace("samples = 4", "samples = 4\nsampels = 3") + "[stat]\n"
    async with app_of(paths, text=text).run_test(size=(120, 40)) as pilot:
        screen = await ready(pilot)
        assert screen.form.count == 2
        await press(pilot, "remove", "task", "sampels")
        await settled(pilot, 1)
        await press(pilot, "remove", "stat")
        await settled(pilot, 0)
        assert screen.draft.document == tomllib.loads(BLANK)


async def test_presets_fill_the_form_and_what_was_there_comes_back(paths: Paths) -> None:
    async with app_of(paths).run_test(size=(120, 40)) as pilot:
        screen = await ready(pilot)
        await focus(pilot, "task", "samples")
        await pilot.press("end", "9")
        await app_until(pilot, lambda: screen.draft.document["task"]["samples"] == 49)
        await pilot.press("f7", "down")
        await app_until(pilot, lambda: presets()[1].summary.splitlines()[0] in words(pilot, "#start"))
        await pilot.press("enter")
        await app_until(pilot, lambda: screen.draft.text == presets()[1].text)
        await settled(pilot, 0)
        assert screen.focused is not None
        await pilot.press("f7", "enter")
        await app_until(pilot, lambda: screen.draft.document["task"].get("samples") == 49)
        await pilot.press("f7", "escape")
        assert not screen.query_one("#presets", OptionList).display
        await pilot.press("f6")
        await app_until(pilot, lambda: screen.draft.document["chain"]["seed"] == 43)


async def test_two_tabs_where_it_is_narrow(paths: Paths) -> None:
    async with app_of(paths).run_test(size=(80, 24)) as pilot:
        screen = await ready(pilot)
        assert not screen.query_one("#toml").is_on_screen
        await pilot.press("f8")
        await pilot.pause()
        assert screen.query_one("#toml").has_focus
        assert screen.query_one("#start").is_on_screen
        await pilot.press("f6")
        await app_until(pilot, lambda: "drawn with seed 43" in words(pilot, "#start"))
        await pilot.click("#tabs", offset=(3, 0))
        await app_until(pilot, lambda: not screen.has_class("-file"))
        await pilot.resize_terminal(120, 40)
        await app_until(pilot, lambda: screen.query_one("#toml").is_on_screen and screen.query_one("#form").is_on_screen)


async def test_arrow_keys_go_from_field_to_field(paths: Paths) -> None:
    async with app_of(paths).run_test(size=(120, 40)) as pilot:
        screen = await ready(pilot)
        await focus(pilot, "chain", "task")
        seen = []
        for _ in range(8):
            await pilot.press("down")
            focused = screen.focused
            assert focused is not None
            seen.append(next(each.row.field.key for each in focused.ancestors if isinstance(each, FieldRow)))
        assert seen == ["objects", "states", "hypothesis", "initial", "samples", "draw", "distinct", "spurious"]
        await pilot.press("up")
        assert isinstance(screen.focused, Switch)
        assert [each.row.field.key for each in screen.query(FieldRow) if each.has_class("-here")] == ["distinct"]


async def test_by_mouse_alone(paths: Paths) -> None:
    async with app_of(paths).run_test(size=(120, 40)) as pilot:
        screen = await ready(pilot)
        switch = row(pilot, "task", "distinct").control
        await pilot.click(switch)
        await app_until(pilot, lambda: screen.draft.document["task"].get("distinct") is True)
        await pilot.click(row(pilot, "agent", 0, "choose").control)
        await app_until(pilot, lambda: isinstance(screen.focused, OptionList))
        await pilot.click(screen.focused, offset=(3, 1))
        await app_until(pilot, lambda: screen.draft.document["agent"][0]["choose"] == "map")
        add = next(b for b in screen.query(SectionButton) if str(b.label) == "+ human")
        add.scroll_visible(animate=False)
        await pilot.pause()
        await pilot.click(add)
        await app_until(pilot, lambda: "filter" in screen.draft.document)
        await settled(pilot, 0)
        await pilot.click("KeyBar", offset=(2, 0))
        await in_lab(pilot)


async def test_the_file_name_may_be_chosen_and_is_never_taken_twice(paths: Paths) -> None:
    async with app_of(paths).run_test(size=(120, 40)) as pilot:
        screen = await ready(pilot)
        await focus(pilot, "file")
        await pilot.press(*"a/b")
        await app_until(pilot, lambda: row(pilot, "file").has_class("-wrong"))
        await pilot.press("f5")
        assert not paths.sessions.exists()
        await pilot.press("backspace", "backspace")
        await app_until(pilot, lambda: not row(pilot, "file").has_class("-wrong"))
        paths.sessions.mkdir()
        (paths.sessions / "a.toml").write_text("mine")
        await pilot.press("f5")
        await app_until(pilot, lambda: "file with this name" in str(row(pilot, "file").render()))
        assert isinstance(pilot.app.screen, ConfigureScreen)
        await pilot.press("b", "f5")
        await in_lab(pilot)
        assert screen.draft.text == BLANK
    assert (paths.sessions / "a.toml").read_text() == "mine"
    assert (paths.sessions / "ab.toml").exists()


@pytest.mark.parametrize(("code", "said"), [(errno.ENOSPC, "No space left"), (errno.EROFS, "Read-only"), (errno.EACCES, "denied")])
async def test_a_file_that_cannot_be_written_leaves_the_form(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, code: int, said: str
) -> None:
    def fails(*_: object, **__: object) -> int:
        raise OSError(code, os.strerror(code))

    async with app_of(paths).run_test(size=(80, 24)) as pilot:
        screen = await ready(pilot)
        await focus(pilot, "task", "samples")
        await pilot.press("end", "9")
        await app_until(pilot, lambda: screen.draft.document["task"]["samples"] == 49)
        with monkeypatch.context() as patch:
            patch.setattr(atomic, "create", fails)
            await pilot.press("f5")
            await app_until(pilot, lambda: isinstance(pilot.app.screen, ErrorScreen))
            assert said in pilot.app.screen.text  # type: ignore[attr-defined]
            await pilot.press("escape")
        await ready(pilot)
        assert screen.draft.document["task"]["samples"] == 49
        await pilot.press("f5")
        await in_lab(pilot)


async def test_leaving_with_changes_is_asked_once(paths: Paths) -> None:
    async with app_of(paths).run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await focus(pilot, "task", "samples")
        await pilot.press("end", "9")
        await app_until(pilot, lambda: screen_of(pilot).draft.text != BLANK)
        await pilot.press("escape")
        assert isinstance(pilot.app.screen, ConfigureScreen)
        assert "Press Esc again to discard" in next(n.message for n in pilot.app._notifications)
        await pilot.press("escape")
        await app_until(pilot, lambda: getattr(pilot.app.screen, "GROUP", "") == "home")


async def test_hostile_text_is_shown_and_kept(paths: Paths) -> None:
    title = HOSTILE.replace("\x1b", "\\u001b").replace("\x07", "\\u0007")
    text = BLANK.replace("Untitled chain", title) + f'\n["{title}"]\n"{title}" = "{title}"\n'
    async with app_of(paths, text=text).run_test(size=(80, 24)) as pilot:
        screen = await ready(pilot)
        shown = str(row(pilot, "chain", "title").control.value)  # type: ignore[attr-defined]
        assert shown.startswith("[/] [bold]x ␛]52")
        assert "\u202e" not in screen.query_one("#toml", TextArea).text
        key = next(key for key in screen.draft.document if key not in ("chain", "task", "agent"))
        await press(pilot, "remove", key)
        await settled(pilot, 0)
        assert screen.draft.document["chain"]["title"] == HOSTILE
        await pilot.press("f5")
        await in_lab(pilot)
    written = tomllib.loads(next(paths.sessions.glob("*.toml")).read_text())
    assert written["chain"]["title"] == HOSTILE


@pytest.mark.parametrize("text", ["chain = 3\n", "agent = [1, 2]\n", "[agent]\n", 'filter = "x"\n', "start = 1\n", "task = []\n"])
async def test_tables_of_another_shape_are_shown_and_not_lost(paths: Paths, text: str) -> None:
    async with app_of(paths, text=text).run_test(size=(120, 40)) as pilot:
        screen = await ready(pilot)
        assert screen.form.count >= 1
        await focus(pilot, "chain", "seed")
        await pilot.press("7")
        await pilot.pause()
        if isinstance(pilot.app.screen, ErrorScreen):
            await pilot.press("escape")
        assert isinstance(pilot.app.screen, ConfigureScreen)


async def test_a_file_that_is_no_toml_is_told_of(paths: Paths) -> None:
    paths.sessions.mkdir()
    (paths.sessions / "torn.toml").write_text("[chain]\ntitle = \n")
    async with LabApp(paths).run_test(size=(80, 24)) as pilot:
        await app_until(pilot, lambda: bool(getattr(pilot.app.screen, "item", None)))
        await pilot.press("e")
        await app_until(pilot, lambda: isinstance(pilot.app.screen, ErrorScreen))
        assert "line 2" in pilot.app.screen.text  # type: ignore[attr-defined]


async def test_priors_first_data_and_the_file_are_edited_by_hand(paths: Paths) -> None:
    async with app_of(paths, text="# Mine.\n" + BLANK).run_test(size=(120, 40)) as pilot:
        screen = await ready(pilot)
        area = screen.query_one("#toml", TextArea)
        cell = next(each for each in screen.query(WeightCell) if (each.cell.factor, each.cell.value) == ("screen", "off"))
        cell.focus()
        await pilot.press("right", "right", "right", "left")
        await app_until(pilot, lambda: screen.draft.get(("agent", 0, "prior", "screen")) == {"on": 1, "off": 3, "und": 1})
        await app_until(pilot, lambda: "screen off: weight 3" in words(pilot, "#help"))
        assert any(line.startswith("off  60.0% ") for line in words(pilot, "#help").splitlines())
        assert "# Mine." in area.text
        assert "off = 3" in area.document.get_line(area.cursor_location[0])
        await press(pilot, "write by hand", "start")
        await app_until(pilot, lambda: len(screen.draft.get(("start", "sample")) or ()) == 4)
        await app_until(pilot, lambda: screen.focused is row(pilot, "start", "hypothesis").control)
        await press(pilot, "remove", "start", "sample", 3)
        await app_until(pilot, lambda: len(screen.draft.get(("start", "sample"))) == 3)
        await press(pilot, "+ example", "start")
        await app_until(pilot, lambda: bool(screen.query("#row-start-sample-3")))
        await focus(pilot, "start", "sample", 3)
        await pilot.press("home", "ctrl+k", *"A, B -> on")
        await app_until(pilot, lambda: screen.draft.get(("start", "sample", 3)) == {"input": ["A", "B"], "output": "on"})
        await settled(pilot, 0)
        button = next(each for each in screen.query(SectionButton) if str(each.label) == "+ human")
        button.focus()
        await app_until(pilot, lambda: "add a filter: human" in words(pilot, "#help"))

        area.focus()  # from here on in the text
        area.move_cursor(area.document.end)
        await pilot.press("enter", *"[chain")
        await app_until(pilot, lambda: words(pilot, "#total").startswith("✗ 1 fault · line"))
        assert "no valid TOML" in words(pilot, "#start")
        await pilot.press("f5")
        assert not paths.sessions.exists()
        await pilot.press(*6 * ["backspace"], *"# The end.")
        await settled(pilot, 0)
        where = next(at for at, line in enumerate(area.text.split("\n")) if line.startswith("generations"))
        area.move_cursor((where, len("generations = ")))
        await pilot.press("1")
        control = row(pilot, "chain", "generations").control
        assert isinstance(control, Input)
        await app_until(pilot, lambda: control.value == "16")
        await pilot.press("ctrl+underscore")
        await app_until(pilot, lambda: control.value == "6")
        await settled(pilot, 0)
        await pilot.press("f5")
        await in_lab(pilot)
    written = (paths.sessions / "untitled-chain.toml").read_text()
    assert "# Mine." in written
    assert tomllib.loads(written)["agent"][0]["prior"] == {"screen": {"on": 1, "off": 3, "und": 1}}
    assert tomllib.loads(written)["start"]["sample"][3] == {"input": ["A", "B"], "output": "on"}


# -- what a model would be sent, and what it would cost


async def test_the_start_says_what_a_chain_of_models_takes(paths: Paths) -> None:
    async with app_of(paths, preset="e1-openai").run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await app_until(pilot, lambda: "About 12 calls" in words(pilot, "#start"))
        assert "The budget is $5.00." in words(pilot, "#start")
    async with app_of(paths, preset="e2-weak-high").run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await app_until(pilot, lambda: "explain all of d⁰" in words(pilot, "#start"))
        assert "calls" not in words(pilot, "#start")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_f9_shows_the_messages_of_the_first_call(paths: Paths, size: tuple[int, int]) -> None:
    async with app_of(paths, preset="e2-weak-openai").run_test(size=size) as pilot:
        await ready(pilot)
        await pilot.press("f9")
        await app_until(pilot, lambda: isinstance(pilot.app.screen, MessagesScreen))
        screen = pilot.app.screen
        assert isinstance(screen, MessagesScreen)
        system, user, sent, *supposed = screen._entries
        assert (system.title, user.title) == ("system", "user: asks what it learns")
        for name in ("A", "B", "C", "D", "screen"):
            assert name in system.text
        assert user.text.count("Input: ") >= 4
        assert "model: gpt-6-luna" in sent.text
        assert "log-probabilities: of the 5 likeliest" in sent.text
        assert "seed: " in sent.text
        assert [entry.kind for entry in supposed] == ["supposed"]
        assert "next messages" in screen.query_one(HeaderLine).facts
        await pilot.press("escape")
        await app_until(pilot, lambda: isinstance(pilot.app.screen, ConfigureScreen))


async def test_f9_says_where_there_is_nothing_to_send(paths: Paths) -> None:
    app = app_of(paths)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("f9")
        await pilot.pause()
        assert "nothing is sent" in [each.message for each in app._notifications][-1]
        screen_of(pilot).draft = screen_of(pilot).draft.set(("task", "initial"), -1)
        await pilot.press("f9")
        await pilot.pause()
        assert "faults" in [each.message for each in app._notifications][-1]
        assert isinstance(pilot.app.screen, ConfigureScreen)
