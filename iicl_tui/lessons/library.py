"""The lessons that come with the program, in their order. Reads heads only, so that a list needs no chain."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from iicl_tui.errors import LabError
from iicl_tui.files import read_beginning
from iicl_tui.lessons import progress
from iicl_tui.lessons.progress import Progress
from iicl_tui.schema import describe, nearest
from iicl_tui.store import crash_reports

FOLDER = Path(__file__).parent / "shipped"
ORDER = (
    "a-rule-and-its-examples",
    "what-a-posterior-is",
    "passing-on",
    "sampling-gives-back-the-prior",
    "choosing-makes-it-grow",
    "weak-and-strong-evidence",
    "the-bottleneck",
    "a-filter",
    "you-are-the-filter",
    "common-words",
    "a-partner-makes-order",
    "a-language-model",
)


NOT_BEGUN = Progress()


@dataclass(frozen=True)
class Heading:
    """A lesson in a list.

    Attributes:
        number: Its place, from 1.
        name: What `iicl-tui learn NAME` takes.
        progress: How far the person is.
    """

    number: int
    name: str
    title: str
    idea: str
    minutes: int
    progress: Progress = NOT_BEGUN


@cache
def _headings() -> tuple[Heading, ...]:
    return tuple(_heading(number, name) for number, name in enumerate(ORDER, 1))


def _heading(number: int, name: str) -> Heading:
    try:
        head = tomllib.loads(path_of(name).read_text(encoding="utf-8"))
        return Heading(number, name, str(head["title"]), str(head["idea"]), int(head["minutes"]))
    except Exception as error:  # no single file may end the program
        return Heading(number, name, name, crash_reports.cannot_show(error), 0)


def lessons(settings: Path | None = None) -> tuple[Heading, ...]:
    """All lessons in their order, with the progress kept beside a settings file."""
    known = progress.load(progress.file_beside(settings)) if settings is not None else {}
    return tuple(replace(each, progress=known.get(each.name, NOT_BEGUN)) for each in _headings())


def path_of(name: str) -> Path:
    """The file of a shipped lesson."""
    return FOLDER / f"{name}.toml"


def find(given: str) -> Path:
    """The lesson that a person names: by its name, its number, or its file. Raises LabError."""
    path = Path(given)
    if path.suffix == ".toml":
        return path
    if given.isdecimal() and 1 <= int(given) <= len(ORDER):
        return path_of(ORDER[int(given) - 1])
    if given in ORDER:
        return path_of(given)
    near = nearest(given, ORDER)
    raise LabError(
        f"There is no lesson {describe(given)}",
        f"The nearest is {near}." if near else f"They are numbered from 1 to {len(ORDER)}.",
        "`iicl-tui learn --list` lists them all.",
    )


def is_lesson(path: Path) -> bool:
    """Whether a file says that it is a lesson."""
    try:
        return b"iicl-tui-lesson/" in read_beginning(path, 2000)
    except OSError:
        return False


def heading_of(path: Path) -> Heading | None:
    """The heading of a shipped lesson's file; None for any other file."""
    if path.resolve().parent != FOLDER.resolve():
        return None
    return next((each for each in _headings() if each.name == path.stem), None)


def following(path: Path) -> Heading | None:
    """The lesson after this one."""
    here = heading_of(path)
    return _headings()[here.number] if here is not None and here.number < len(ORDER) else None


def progress_name(path: Path) -> str:
    """The name under which the progress of a lesson's file is kept."""
    here = heading_of(path)
    return here.name if here is not None else str(path.resolve())
