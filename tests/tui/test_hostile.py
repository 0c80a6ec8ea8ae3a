"""Hostile text through every place that shows text: nothing raises, and no control character reaches the terminal."""

from __future__ import annotations

import asyncio
import os
import re
import unicodedata
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from deciders import Unasked
from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen
from waiting import app_until

from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.errors import ConfigError, Fault, LabError
from iicl_tui.filters.base import Decision, HypothesisShown, Sample, SamplesShown
from iicl_tui.present.entry import Entry
from iicl_tui.present.lab_session import LabSession
from iicl_tui.review.chain_subject import ChainSubject
from iicl_tui.store import settings as settings_file
from iicl_tui.store.format import Parent
from iicl_tui.store.paths import Paths
from iicl_tui.store.session import SessionFile
from iicl_tui.store.toml_text import string
from iicl_tui.tui.app import LabApp, Start
from iicl_tui.tui.review.pane import ReviewPane
from iicl_tui.tui.screens.lab import LabScreen

TEXTS = {
    "markup": "[/] [/red] [red]x [bold",
    "click": "[@click=app.quit]x[/] [link=http://x]y[/link]",
    "clipboard": "a\x1b]52;c;QUFBQQ==\x07b",
    "title": "a\x1b]0;PWNED\x1b\\b\x1b[2J\x1b[31m",
    "c1": "a\x9b31mb\x9d0;x\x9cc\x85d",
    "bidi": "a\u202egnp.exe\u2066b\u2069\u200f\u061c\u200b\ufeffc",
    "long": "x" * 10_000,
    "long words": "[/ 漢 " * 2_000,
    "cjk": "漢字カタカナ한글" * 20,
    "combining": "a\u0301\u0302\u0303\u0304" * 40 + "e" + "\u0300" * 200,
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪" * 10,
    "lines": "a\nb\r\nc\rd\te\x0bf\x0cg\u2028h\u2029i",
    "nul": "a\x00b\x01\x08\x7fc",
}
"""Each as it may stand in a TOML string; a file may hold controls as escapes."""
NAMES = ("[/", "[red]", "[@click=app.quit]", "漢字", "a\u0301\u0302b", "x" * 24)
"""What a task takes as the name of an object or a state: printable characters, at most 24, no comma."""
FEARED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\ud800")

TOGETHER = {
    "steering": "".join(TEXTS[name] for name in ("clipboard", "title", "c1", "bidi", "nul")),
    "marking": TEXTS["click"] + TEXTS["markup"] + TEXTS["lines"] + TEXTS["cjk"][:9],
    "long": TEXTS["long"],
    "long words": TEXTS["long words"],
    "odd": TEXTS["cjk"][:9] + TEXTS["combining"] + TEXTS["emoji"],
}
"""Together, since each screen takes its time."""
EVERYWHERE = ("steering", (120, 40)), ("marking", (80, 24))

each_text = pytest.mark.parametrize("text", TOGETHER.values(), ids=list(TOGETHER))
at_both_sizes = pytest.mark.parametrize("size", [(80, 24), (160, 50)], ids=["80x24", "160x50"])


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    made = Paths(tmp_path / "settings.toml", tmp_path / "themes", tmp_path / "sessions", tmp_path / "state")
    made.sessions.mkdir()
    made.themes.mkdir()
    return made


def shown(app: App[Any]) -> str:
    """The text of every cell, as it goes to the terminal."""
    return "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())


def attempt(pane: ReviewPane) -> int | None:
    """Which draw a person sees; None if nobody is asked."""
    subject = pane.request and pane.request.subject
    return subject.attempt if isinstance(subject, ChainSubject) else None


class Watched:
    """A running app whose every screen is looked at, and whose driver's bytes are kept."""

    def __init__(self, pilot: Pilot[Any]) -> None:
        assert isinstance(pilot.app, LabApp)
        self.pilot, self.app = pilot, pilot.app

    async def look(self, *words: str) -> None:
        """Nothing on the screen steers a terminal or hides anything; it has these words."""
        await self.pilot.pause()
        text = shown(self.app)
        assert not FEARED.search(text), ascii(FEARED.search(text))
        assert not [char for char in text if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") and char != "\n"]
        for line in text.split("\n"):
            assert "\t" not in line
        for word in words:
            assert word in text

    async def until(self, true: Callable[[], bool]) -> None:
        """Lets the app work until it is so."""
        await app_until(self.pilot, true, lambda: shown(self.app))

    async def press(self, *keys: str) -> None:
        """Keys, and a look after each."""
        for key in keys:
            await self.pilot.press(key)
            await self.look()

    async def on(self, group: str) -> Screen[Any]:
        """The screen of this group is there."""
        await self.until(lambda: getattr(self.app.screen, "GROUP", "") == group)
        await self.look()
        return self.app.screen


@asynccontextmanager
async def running(app: LabApp, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Watched]:
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.pause()
        yield Watched(pilot)


class Person(Unasked):
    """Rejects once, then approves, each time with this reason."""

    def __init__(self, reason: str) -> None:
        self.reason, self.turn = reason, 0

    async def hypothesis(self, shown: HypothesisShown) -> Decision:
        self.turn += 1
        return Decision(shown.hypothesis, "reject" if self.turn == 1 else "approve", shown.hypothesis, self.reason, 1.0)

    async def samples(self, shown: SamplesShown) -> Sequence[Sample]:
        return [Sample(sample.example, sample.number, "approved", None, self.reason, 1.0) for sample in shown.samples]


def make(where: Path, text: str, phases: int, names: Sequence[str] = NAMES) -> Path:
    """A session with this text wherever the format takes any text, its objects and states named by `names`."""
    config = read_config({
        "chain": {"title": text, "generations": 3, "seed": 5},
        "task": {"objects": [*names[:3], "screen"], "states": list(names[3:]), "spurious": "screen", "bias": "high",
                 "hypothesis": 5, "draw": "overlap", "initial": 4},
        "agent": [{"kind": "bayes", "noise": 0.02}],
        "filter": [{"kind": "human"}],
    })  # fmt: skip
    with SessionFile.create(config, where, parent=Parent(text, 0)) as file:
        chain = Chain(file.config, sink=file)
        chain.decider = Person(text)

        async def run() -> None:
            for _ in range(phases):
                await chain.step()

        asyncio.run(run())
        return file.path


@pytest.mark.parametrize(("kind", "size"), EVERYWHERE)
def test_a_session_on_every_screen(paths: Paths, kind: str, size: tuple[int, int]) -> None:
    text = TOGETHER[kind]
    path = make(paths.sessions / "a.toml", text, 4)
    make(paths.sessions / "b.toml", text, 9)

    async def go() -> None:
        async with running(LabApp(paths), size) as watched:
            home: Any = await watched.on("home")
            await watched.until(lambda: "yours" in home.items and bool(home.query("#chart")))
            await watched.press("down", "up", "slash", "a", "escape", "r", "escape", "b", "escape")
            await watched.press("question_mark", "escape")
            await watched.press("e")
            await watched.on("configure")
            await watched.until(lambda: bool(str(watched.app.screen.query_one("#total").render())))
            await watched.press("f8", "f6", "f8", "f7", "escape", "escape")
            await watched.until(lambda: getattr(watched.app.screen, "GROUP", "") in ("home", "configure"))
        async with running(LabApp(paths, start=Start("lab", {"path": path})), size) as watched:
            lab: Any = await watched.on("lab")
            await watched.press("v", "v", "c", "c", "c", "G", "2", "3", "4", "5", "1", "b", "escape", "S", "escape", "r", "escape")
            await watched.press("question_mark", "escape", "space")
            await watched.until(lambda: bool(lab.query(ReviewPane)))
            pane = lab.query_one(ReviewPane)
            await watched.until(lambda: pane.live)
            await watched.press("e", "right", "space", "enter", "n", "a", "enter", "B", "a", "enter")
            await watched.until(lambda: not pane.live)
            await watched.until(lambda: not lab.activity.busy)
            await watched.press("space")
            await watched.until(lambda: pane.live)
            await watched.press("e", "space", "right", "space", "escape", "X", "u", "A", "escape", "t")
            await watched.on("transcript")
            await watched.press("home", *["down"] * 8, "slash", "a", "enter", "escape", "y")

    asyncio.run(go())


@each_text
async def test_a_reason_that_is_pasted(paths: Paths, text: str) -> None:
    from textual import events

    config = read_config({"filter": [{"kind": "human"}]})
    session = LabSession.from_file(SessionFile.create(config, paths.sessions))
    await session.chain.step()
    async with running(LabApp(paths, start=Start("lab", {"session": session}))) as watched:
        lab = await watched.on("lab")
        assert isinstance(lab, LabScreen)
        await watched.press("space")
        await watched.until(lambda: bool(lab.query(ReviewPane)))
        pane = lab.query_one(ReviewPane)
        await watched.until(lambda: pane.live)
        await watched.press("n")
        watched.app.post_message(events.Paste(text))
        await watched.press("enter", "x", "enter")
        await watched.until(lambda: pane.live and attempt(pane) == 1)
        await watched.press("t")


@pytest.mark.parametrize("text", [TOGETHER[name] for name in ("steering", "long words")], ids=["steering", "long words"])
async def test_the_name_of_a_file_and_what_is_wrong_in_it(paths: Paths, text: str) -> None:
    name = text.replace("/", "⁄").replace("\x00", "␀")
    name = name.encode()[:200].decode(errors="ignore") + ".toml"
    make_config = f'format = "iicl-tui/1"\n[chain]\ntitle = {string(text)}\ntask = {string(text)}\n{string(text)} = 1\n'
    (paths.sessions / name).write_text(make_config)
    (paths.sessions / ("2" + name)).write_text("[" + text)
    (paths.sessions / ("3" + name)).write_text(f'[chain]\ntitle = "x"\n[task]\nspurious = {string(text)}\nbias = {string(text)}\n')
    for number in range(3):
        os.utime(sorted(paths.sessions.iterdir())[number], (1e9 + number,) * 2)
    async with running(LabApp(paths), (120, 40)) as watched:
        home: Any = await watched.on("home")
        await watched.until(lambda: len(home.items.get("yours", ())) == 3)
        for _ in range(3):
            for key in ("enter", "e"):
                await watched.press(key)
                await watched.until(lambda: watched.app.screen is not home)
                await watched.look()
                await watched.press("escape")
                if watched.app.screen is not home:  # asks once more where something would be lost
                    await watched.press("escape")
                assert watched.app.screen is home
            await watched.press("down")
        await watched.press("d", "u")


@each_text
async def test_themes_settings_and_keys(paths: Paths, text: str) -> None:
    name = text.replace("/", "⁄").replace("\x00", "␀").encode()[:200].decode(errors="ignore")
    value = string(text)
    (paths.themes / f"{name}.toml").write_text(f"{value} = 1\nname = {value}\nprimary = {value}\n")
    (paths.themes / "b.toml").write_text(f'name = "b"\n{value} = 1\nprimary = {value}\n[variables]\n{value} = {value}\n')
    (paths.themes / "c.toml").write_text("name = [" + text)
    value = string(text[:2000])  # a settings file has a limit of 32 kB
    paths.settings.write_text(
        f'theme = {value}\n{value} = 1\n[keys]\n{value} = {value}\n"lab.pause" = {value}\n[lab]\nform = {value}\n'
    )
    settings, faults = settings_file.load(paths.settings)
    assert faults
    app = LabApp(paths, settings, faults)
    async with running(app, (120, 40)) as watched:
        await watched.on("home")
        assert len(app._notifications) >= 3
        await watched.press("f3", "down", "up", "escape", "f4", "down", "escape", "f2")
        await watched.press("escape")


@each_text
@at_both_sizes
async def test_messages_and_notices(paths: Paths, text: str, size: tuple[int, int]) -> None:
    async with running(LabApp(paths), size) as watched:
        await watched.on("home")
        watched.app.show_error(LabError(text))
        await watched.look()
        watched.app.show_error(LabError(text, text, text))
        await watched.on("error")
        await watched.press("y", "down", "escape")
        watched.app.show_error(ConfigError([Fault((text, 1), text, 3), Fault((), text)], text))
        await watched.on("error")
        await watched.press("escape")


@each_text
async def test_the_transcript_of_a_model(paths: Paths, text: str) -> None:
    entries = [Entry(at, "imitation", text, text) for at in range(3)]
    async with running(LabApp(paths, start=Start("transcript", {"title": text, "entries": entries}))) as watched:
        await watched.on("transcript")
        await watched.press("up", "slash", *"a[", "enter", "escape", "y", "question_mark")


async def test_what_goes_to_the_terminal(paths: Paths) -> None:
    """The bytes themselves: of all the escape sequences none is one that a text has brought."""
    text = TOGETHER["steering"]
    entries = [Entry(1, "imitation", text, text)]
    async with running(LabApp(paths, start=Start("transcript", {"title": text, "entries": entries})), (120, 40)) as watched:
        await watched.on("transcript")
        update: Any = watched.app.screen._compositor.render_update(full=True)
        written = update.render_segments(watched.app.console)
    assert "␛]52;c;QUFBQQ==" in written
    assert "␛]0;PWNED" in written
    assert not re.findall(r"\x1b(?!\[[0-9;]*[mH])[^\x1b]{0,12}", written)
    assert not FEARED.search(written.replace("\x1b", ""))
