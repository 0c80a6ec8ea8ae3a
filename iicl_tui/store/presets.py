"""Ready-made experiments: configurations that travel with the program, each with a text on what it is and what to expect."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from iicl_tui.errors import LabError
from iicl_tui.schema import describe, nearest

FOLDER = Path(__file__).parent.parent / "presets"


@dataclass(frozen=True)
class Preset:
    """name: as the command line takes it. title: the session's. summary: paragraphs parted by empty lines, the first one a
    headline. text: the whole file. asks_models: some of its agents are language models."""

    name: str
    title: str
    summary: str
    text: str
    asks_models: bool


@cache
def presets() -> tuple[Preset, ...]:
    """All of them: first those that need no key and no network, each in the order of their names: E0, E1, …, theory."""
    return tuple(sorted((_read(path) for path in FOLDER.glob("*.toml")), key=lambda preset: (preset.asks_models, preset.name)))


def load(name: str) -> Preset:
    """The preset of this name. Raises LabError for an unknown one."""
    known = {preset.name: preset for preset in presets()}
    if name in known:
        return known[name]
    near = nearest(name, known)
    raise LabError(
        f"There is no preset {describe(name)}",
        f"The nearest is {near}." if near else "Known are: " + ", ".join(known) + ".",
        "`iicl-tui presets` lists them all.",
    )


def _read(path: Path) -> Preset:
    text = path.read_text(encoding="utf-8")
    document = tomllib.loads(text)
    asks_models = any(agent.get("kind", "bayes") != "bayes" for agent in document.get("agent", ()))
    return Preset(path.stem, document["chain"]["title"], summary(text), text, asks_models)


def summary(text: str) -> str:
    """The comment that a file begins with, its lines joined to paragraphs. Lines set in by blanks stay as they are."""
    paragraphs: list[str] = []
    fresh = True
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        said = line[1:].removeprefix(" ").rstrip()
        if not said:
            paragraphs.append("")
            fresh = True
        elif fresh or said.startswith(" "):
            paragraphs.append(said)
            fresh = said.startswith(" ")
        else:
            paragraphs[-1] += f" {said}"
    return "\n".join(paragraphs).strip("\n")
