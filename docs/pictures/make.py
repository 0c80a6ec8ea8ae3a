"""Makes the pictures in the documents from the real program: python docs/pictures/make.py [NAME …]

Every picture is of a screen at one size, with keys pressed as a person presses them. The program runs in a folder of its own, so
that the pictures are the same everywhere.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iicl_tui.review.row_opening import RowOptions, open_rows
from iicl_tui.store.paths import Paths
from iicl_tui.tui.app import LabApp, Start

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).resolve().parent
_FONT = re.compile(r"@font-face\s*\{[^}]*\}")
_LONGEST = 120.0
"""Seconds to wait for a state."""

EXAMPLE = ROOT / "sessions" / "a-small-bias-grows.toml"
SMALL_BIAS = ROOT / "docs" / "examples" / "a-small-bias-grows.toml"
KETTLES = (
    ("a kettle", "It boils fast, and the handle stays cool. I would buy it again."),
    ("a kettle", "The kettle arrived with a dent and the seller never answered. It boils fast, though, and I have kept it."),
    ("a lamp", "Good."),
    ("a lamp", "The best lamp in the world, simply amazing, five stars, everybody should buy it today."),
)


@dataclass(frozen=True)
class Scene:
    """One picture.

    Attributes:
        start: The first screen.
        keys: What is pressed; after each key the program comes to rest. A name in angle brackets focuses that widget.
        size: Columns and rows.
        ready: True when the first screen shows what it is about.
    """

    start: Callable[[], Start]
    keys: tuple[str, ...] = ()
    size: tuple[int, int] = (120, 34)
    ready: Callable[[Any], bool] = lambda screen: True


def _text(screen: Any, selector: str) -> str:
    return "".join(str(getattr(each.content, "plain", each.content)) for each in screen.query(selector))


def _lab() -> Start:
    shutil.copy(EXAMPLE, "example.toml")
    return Start("lab", {"path": Path("example.toml")})


def _configure() -> Start:
    return Start("configure", {"text": SMALL_BIAS.read_text(encoding="utf-8")})


def _rows() -> Start:
    rows = [{"prompt": f"Write a review of {topic}.", "text": text, "model": "small-7b"} for topic, text in KETTLES]
    Path("mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return Start("rows", {"opened": open_rows(Path("mine.jsonl"), RowOptions(reviewer="ada"), time.monotonic)})


def _stated(screen: Any) -> bool:
    return getattr(screen, "state", None) is not None


SCENES: dict[str, Scene] = {
    "home": Scene(Start, ready=lambda screen: "yours" in screen.items),
    "lab": Scene(_lab, ready=_stated),
    "explain": Scene(_lab, ("i",), ready=_stated),
    "lesson": Scene(
        lambda: Start("lesson", {"name": "choosing-makes-it-grow"}), ("n", "n"), ready=lambda screen: screen.attempt is not None
    ),
    "configure": Scene(_configure, ("<WeightCell:13>",), ready=lambda screen: bool(_text(screen, "#total"))),
    "review": Scene(
        lambda: Start("configure", {"preset": "e3-human"}),
        ("f5", "space", "space", "a", "enter", "space", "a", "x"),
        ready=lambda screen: bool(_text(screen, "#total")),
    ),
    "rows": Scene(_rows, ("a",)),
}


async def _rest(pilot: Any) -> None:
    """Wait until no worker works and nothing is left to draw."""
    end = time.monotonic() + _LONGEST
    await pilot.pause()
    while any(not worker.is_finished and worker.group != "chain" for worker in pilot.app.workers) and time.monotonic() < end:
        await pilot.pause(0.05)
    await pilot.pause(0.4)  # the form is checked, a forecast is made and a run is drawn a moment after a key


async def picture(scene: Scene) -> str:
    """The picture of a scene as SVG. The working folder is used for files."""
    app = LabApp(Paths(Path("settings.toml"), Path("themes"), Path("sessions"), Path("state")), start=scene.start())
    app.animation_level = "none"
    async with app.run_test(size=scene.size) as pilot:
        end = time.monotonic() + _LONGEST
        while not scene.ready(app.screen) and time.monotonic() < end:
            await pilot.pause(0.05)
        await _rest(pilot)
        for key in scene.keys:
            if key.startswith("<"):
                name, at = key.strip("<>").split(":")
                app.screen.query(name)[int(at)].focus()
            else:
                await pilot.press(key)
            await _rest(pilot)
        for field in app.screen.query("Input, TextArea"):
            field.cursor_blink = False
        await pilot.pause()
        return _FONT.sub("", app.export_screenshot(title="iicl-tui"))


def main(names: list[str]) -> None:
    """Make the pictures with these names, or all."""
    for name in names or list(SCENES):
        with tempfile.TemporaryDirectory() as folder, chdir(folder):
            (FOLDER / f"{name}.svg").write_text(asyncio.run(picture(SCENES[name])), encoding="utf-8")
        print(FOLDER / f"{name}.svg")


if __name__ == "__main__":
    main(sys.argv[1:])
