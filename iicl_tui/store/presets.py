"""Ready-made experiments: configurations shipped with the program. Each says what it is and what to expect."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from iicl_tui.agents.base import agent_kinds
from iicl_tui.errors import LabError
from iicl_tui.schema import describe, nearest
from iicl_tui.store import crash_reports

FOLDER = Path(__file__).parent.parent / "presets"


@dataclass(frozen=True)
class Preset:
    """A ready-made experiment.

    Attributes:
        name: The name on the command line.
        title: The session's title.
        summary: Paragraphs with empty lines between them; the first is a headline.
        text: The whole file.
        asks_models: Some of its agents are language models, not computed.
    """

    name: str
    title: str
    summary: str
    text: str
    asks_models: bool


@cache
def presets() -> tuple[Preset, ...]:
    """All presets by name, those that call no model first."""
    return tuple(
        sorted((_read_safely(path) for path in FOLDER.glob("*.toml")), key=lambda preset: (preset.asks_models, preset.name))
    )


def load(name: str) -> Preset:
    """The preset of this name. Raises LabError for an unknown name."""
    known = {preset.name: preset for preset in presets()}
    if name in known:
        return known[name]
    near = nearest(name, known)
    raise LabError(
        f"There is no preset {describe(name)}",
        f"The nearest is {near}." if near else "Known are: " + ", ".join(known) + ".",
        "`iicl-tui presets` lists them all.",
    )


def _read_safely(path: Path) -> Preset:
    """The preset, or one whose summary says why it cannot be shown."""
    try:
        return _read(path)
    except Exception as error:  # no single file may end the program
        return Preset(path.stem, path.stem, crash_reports.cannot_show(error), "", False)


def _read(path: Path) -> Preset:
    text = path.read_text(encoding="utf-8")
    document = tomllib.loads(text)
    kinds = agent_kinds()
    asks_models = not all(kinds[agent["kind"]].exact for agent in document.get("agent", ()))
    return Preset(path.stem, document["chain"]["title"], summary(text), text, asks_models)


def summary(text: str) -> str:
    """The comment at the start of a file, with lines joined to paragraphs. Indented lines stay as they are."""
    paragraphs: list[str] = []
    fresh = True
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        comment = line[1:].removeprefix(" ").rstrip()
        if not comment:
            paragraphs.append("")
            fresh = True
        elif fresh or comment.startswith(" "):
            paragraphs.append(comment)
            fresh = comment.startswith(" ")
        else:
            paragraphs[-1] += f" {comment}"
    return "\n".join(paragraphs).strip("\n")
