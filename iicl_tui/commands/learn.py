"""iicl-tui learn: lists, checks, reads and opens lessons."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from iicl_tui.commands.common import read_asking, surroundings
from iicl_tui.errors import ConfigError, LabError, StoreError
from iicl_tui.lessons import library, progress
from iicl_tui.store import atomic
from iicl_tui.store.errors import from_os_error
from iicl_tui.text import printable

if TYPE_CHECKING:
    from iicl_tui.lessons.lesson import Lesson


def main(arguments: argparse.Namespace) -> int:
    """Runs the command. Raises LabError."""
    settings = surroundings(arguments)[0].settings
    if arguments.list:
        for line in _list(settings):
            print(printable(line))
        return 0
    if arguments.source is not None:
        return _make(Path(arguments.source), arguments.output)
    path = _lesson(arguments.lesson, settings)
    if arguments.check:
        return _check(path, arguments.outside)
    if arguments.no_charts:
        return _read(_lesson_of(path, arguments.outside)[0], path, settings)
    from iicl_tui.commands.screen import check_terminal, open_app

    check_terminal()
    outside = library.heading_of(path) is None and _lesson_of(path, arguments.outside)[1]

    return open_app(arguments, "lesson", {"path": path, "outside": outside})


def _lesson(given: str | None, settings: Path) -> Path:
    """The lesson that is named; the first that is not done if none is."""
    if given is not None:
        return library.find(given)
    headings = library.lessons(settings)
    return library.path_of(next((each for each in headings if not each.progress.done), headings[0]).name)


def _list(settings: Path) -> Iterator[str]:
    """One line for each lesson."""
    headings = library.lessons(settings)
    widths = max(len(each.name) for each in headings), max(len(each.title) for each in headings)
    for each in headings:
        minutes = f"{each.minutes} min"
        yield f"{each.number:>2}  {each.name:<{widths[0]}}  {each.title:<{widths[1]}}  {minutes}  {each.progress.words}".rstrip()


def _lesson_of(path: Path, outside: bool) -> tuple[Lesson, bool]:
    """The lesson in a file, and whether it may name a session outside its folder. Raises LabError."""
    from iicl_tui.lessons.reading import read_lesson

    return read_asking(str(path), outside, lambda: read_lesson(path))


def _check(path: Path, outside: bool) -> int:
    """Prints every fault of the lesson, one per line, as FILE:LINE: KEY: what is wrong. Returns 1 if there is any."""
    from iicl_tui.lessons.prepared import prepare_now

    try:
        prepared = prepare_now(_lesson_of(path, outside)[0])
    except ConfigError as error:
        for fault in error.faults:
            where = f"{path}:{fault.line}" if fault.line is not None else str(path)
            print(printable(f"{where}: {fault.key}: {fault.message}" if fault.path else f"{where}: {fault.message}"))
        return 1
    questions = sum(step.asked is not None for step in prepared.steps)
    print(printable(f"{path}: no fault; {len(prepared.steps)} steps, {questions} questions"))
    return 0


def _make(session: Path, output: str | None) -> int:
    """Writes a lesson from the notes on a session. Never overwrites a file. Raises LabError."""
    from iicl_tui.lessons.notes import lesson_from

    if output is None:
        raise LabError("Where shall the lesson go?", "", "Name its file, as -o mine.toml.")
    target = Path(output)
    text = lesson_from(session, target)
    try:
        atomic.close(atomic.create(target, text.encode()))
    except OSError as error:
        raise from_os_error(error, "write", target) from error
    print(printable(f"{target}: a draft of a lesson; edit its texts, then open it with `iicl-tui learn {target}`"))
    return _check(target, outside=True)


def _read(lesson: Lesson, path: Path, settings: Path) -> int:
    """Reads the lesson as text."""
    from iicl_tui.commands.lesson_text import open_text
    from iicl_tui.lessons.attempt import Attempt
    from iicl_tui.lessons.prepared import prepare_now

    prepared = prepare_now(lesson)
    file, name = progress.file_beside(settings), library.progress_name(path)

    def moved(attempt: Attempt) -> None:
        try:
            progress.save(file, name, progress.Progress(attempt.at, len(prepared.steps), attempt.finished))
        except StoreError as error:
            print(printable(f"The progress is not kept: {error.title}"), file=sys.stderr)

    known = progress.load(file).get(name, library.NOT_BEGUN)
    open_text(prepared, 0 if known.done else known.step, moved)
    return 0
