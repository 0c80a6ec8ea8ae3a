"""Follows the folder of a study while its chains run, here or in another process: reads only files that have changed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

from iicl_tui.errors import LabError
from iicl_tui.files import read_beginning
from iicl_tui.store import library
from iicl_tui.store.session import SUFFIX
from iicl_tui.study.collection import ChainData, gathered, labels_of, read_chain
from iicl_tui.study.collection import Collection as Sessions
from iicl_tui.study.folder import FAILED, MANIFEST
from iicl_tui.study.study_file import Study
from iicl_tui.tasks.base import Task
from iicl_tui.text import printable

State = Literal["waiting", "running", "begun", "reading", "done", "stuck", "failed"]
"""waiting: there is no file; running: this program is at it; begun: its file is not complete; reading: it is not read yet."""
STATES: tuple[State, ...] = ("done", "stuck", "failed", "running", "begun", "reading", "waiting")

MOST_CHAINS = 100_000
"""Of a study that can be followed."""
MOST_BYTES = 4_000_000
"""Of a file that is read as a whole while it grows; of a larger one only its head and its end, until it is complete."""
_MOST_TOLD = 4_000
_TELL_AFTER = 0.3
"""Seconds of reading after which what was found so far is told."""


@dataclass(frozen=True, eq=False)
class ChainRow:
    """One chain of a study as it is now.

    Attributes:
        generation: The last generation that has begun.
        spent: US dollars.
        rule: The last hypothesis, in words.
        fault: Why it failed, or what is wrong with its file; "" otherwise.
        data: Its measures; None if they were not read.
    """

    state: State = "waiting"
    generation: int = 0
    spent: float = 0.0
    rule: str = ""
    fault: str = ""
    data: ChainData | None = None


WAITING = ChainRow()
UNREAD = ChainRow("reading")


@dataclass(frozen=True, eq=False)
class StudyNow:
    """A study at one moment. rows: those of its chains that have a file or failed, by index. task: None before any was read."""

    study: Study
    rows: Mapping[int, ChainRow] = field(default_factory=dict)
    task: Task | None = None

    def row(self, index: int) -> ChainRow:
        """One chain."""
        return self.rows.get(index, WAITING)

    @cached_property
    def counts(self) -> dict[State, int]:
        """How many chains are in which state; only states that there are."""
        out = dict.fromkeys(STATES, 0)
        for row in self.rows.values():
            out[row.state] += 1
        out["waiting"] += self.study.count - len(self.rows)
        return {state: count for state, count in out.items() if count}

    @property
    def ended(self) -> int:
        """Chains that are complete or stuck."""
        return self.counts.get("done", 0) + self.counts.get("stuck", 0)

    @cached_property
    def spent(self) -> float:
        """US dollars of all chains."""
        return sum(row.spent for row in self.rows.values())

    @cached_property
    def sessions(self) -> Sessions | None:
        """The chains that have a generation, in the study's order; None without any."""
        chains = [data for _, row in sorted(self.rows.items()) if (data := row.data) is not None]
        return gathered(self.study, chains, self.task) if chains and self.task is not None else None

    def with_running(self, names: Collection[str], places: Mapping[str, int]) -> StudyNow:
        """The same with these chains as running."""
        rows = dict(self.rows)
        for name in names:
            index = places.get(name)
            if index is not None and (row := rows.get(index, WAITING)).state in ("waiting", "begun", "failed"):
                rows[index] = replace(row, state="running", fault="")
        return replace(self, rows=rows)


class Follower:
    """Reads a folder again and again. For one worker thread at a time.

    Raises:
        LabError: The study is too large to be followed.
    """

    def __init__(self, study: Study, folder: Path) -> None:
        if study.count > MOST_CHAINS:
            raise LabError(
                f"The study makes {study.count:,} chains; at most {MOST_CHAINS:,} can be followed on the screen",
                "",
                "`iicl-tui sweep` runs it, and `report` reads it.",
            )
        self.study, self.folder = study, folder
        self._known: dict[str, tuple[object, ChainRow]] = {}
        self._task: Task | None = None

    @cached_property
    def places(self) -> dict[str, int]:
        """The index of each chain by its name."""
        return {self.study.plan(index).name: index for index in range(self.study.count)}

    def look(self, rest: Callable[[], None] = lambda: None, cancelled: Callable[[], bool] = lambda: False) -> Iterator[StudyNow]:
        """What there is now, told several times if much has to be read; nothing if nothing has changed.

        Args:
            rest: Called after each file.
            cancelled: Asked after each file whether to stop.
        """
        stamps = self._stamps()
        gone = self._known.keys() - stamps.keys()
        changed = [name for name, stamp in stamps.items() if name not in self._known or self._known[name][0] != stamp]
        for name in gone:
            del self._known[name]
        changed.sort(key=self.places.__getitem__)
        for name in changed:
            self._known.setdefault(name, (None, UNREAD))
        if len(changed) > 1:
            yield self._now()
        last = time.monotonic()
        for at, name in enumerate(changed):
            self._known[name] = stamps[name], self._read(name, stamps[name])
            rest()
            if cancelled():
                return
            if time.monotonic() - last > _TELL_AFTER and at + 1 < len(changed):
                yield self._now()
                last = time.monotonic()
        if gone or changed:
            yield self._now()

    def _now(self) -> StudyNow:
        return StudyNow(self.study, {self.places[name]: row for name, (_, row) in self._known.items()}, self._task)

    def _stamps(self) -> dict[str, tuple[tuple[int, int] | None, int | None]]:
        """For each chain with a file or a failure: time and size of the file, and the time of the failure."""
        files, failures = _entries(self.folder, SUFFIX), _entries(self.folder / FAILED, ".txt")
        files.pop(MANIFEST.removesuffix(SUFFIX), None)
        names = [name for name in dict.fromkeys([*files, *failures]) if name in self.places]
        return {name: (files.get(name), failures[name][0] if name in failures else None) for name in names}

    def _read(self, name: str, stamp: tuple[tuple[int, int] | None, int | None]) -> ChainRow:
        there, failed = stamp
        row = WAITING if there is None else self._session(name, there[1])
        if failed is None:
            return row
        return replace(row, state="failed", fault=_beginning(self.folder / FAILED / f"{name}.txt"))

    def _session(self, name: str, size: int) -> ChainRow:
        path = self.folder / f"{name}{SUFFIX}"
        if size > MOST_BYTES:
            found = library.summary(path, 0.0)
            if found.status not in ("finished", "stuck"):
                fault = found.fault or ""
                state: State = "failed" if found.status == "broken" else "begun"
                return ChainRow(state, found.generation, 0.0, printable(found.rule, 200), fault)
        try:
            data, chain = read_chain(path, str(self.folder), labels_of(self.study, self.study.plan(self.places[name])))
        except LabError as error:
            return self._without_generation(path, error)
        self._task = self._task or chain.task
        state = "stuck" if chain.stuck else "done" if chain.next is None else "begun"
        rule = printable(chain.task.rule(chain.generations[-1].hypothesis), 200)
        return ChainRow(state, len(chain.generations), chain.spent.dollars, rule, "", data)

    @staticmethod
    def _without_generation(path: Path, error: LabError) -> ChainRow:
        """A chain that was begun but has no generation yet, or a file that cannot be read."""
        found = library.summary(path, 0.0)
        if found.status == "broken":
            return ChainRow("failed", fault=found.fault or str(error))
        return ChainRow("begun")


def _entries(folder: Path, suffix: str) -> dict[str, tuple[int, int]]:
    """The files of a folder with this suffix: their names without it, with time and size. None if it cannot be read."""
    found = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith(suffix) and not entry.name.startswith("."):
                    try:
                        there = entry.stat()
                    except OSError:  # gone meanwhile
                        continue
                    found[entry.name.removesuffix(suffix)] = there.st_mtime_ns, there.st_size
    except OSError:
        return {}
    return found


def _beginning(path: Path) -> str:
    try:
        return read_beginning(path, _MOST_TOLD).decode(errors="replace").strip()
    except OSError:
        return ""
