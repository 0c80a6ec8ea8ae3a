"""Ready-made studies: the paper's experiments as a whole, shipped with the program."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from iicl_tui.files import parse_toml
from iicl_tui.store.presets import summary

FOLDER = Path(__file__).parent.parent / "studies"


@dataclass(frozen=True)
class StudyPreset:
    """A ready-made study: its name on the command line, its title, its comment at the start, and the whole text."""

    name: str
    title: str
    summary: str
    text: str


@cache
def study_presets() -> tuple[StudyPreset, ...]:
    """All studies by name."""
    found = []
    for path in sorted(FOLDER.glob("*.toml")):
        text = path.read_text(encoding="utf-8")
        found.append(StudyPreset(path.stem, str(parse_toml(text)["study"]["title"]), summary(text), text))
    return tuple(found)


def find(name: str) -> StudyPreset | None:
    """The study of this name, or None."""
    return next((preset for preset in study_presets() if preset.name == name), None)
