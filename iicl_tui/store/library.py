"""The sessions of a folder: a cheap summary of each, renaming, deleting and restoring."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from iicl_tui import files
from iicl_tui.errors import ConfigError, Fault, LabError, StoreError
from iicl_tui.schema import FORMAT, describe
from iicl_tui.store import atomic, blocks, crash_reports, errors, toml_lines
from iicl_tui.store.block_ends import HEAD, head_end, last_end, last_generation, marker_line
from iicl_tui.store.journal import Journal, split
from iicl_tui.store.lock import Lock, take
from iicl_tui.store.toml_lines import text_of

if TYPE_CHECKING:  # the list of sessions is shown first and does not wait for numpy
    from iicl_tui.chain.history import Status
    from iicl_tui.filters.base import Gate

TRASH = ".trash"
_TAIL = 64 * 1024
_GENERATION = re.compile(rb"^\[\[generation\]\]\r?\n", re.MULTILINE)
_MOST_HEAD = 8_000_000
_MOST_TAIL = 16_000_000
"""The most bytes of a file's end that are read for its summary."""


@dataclass(frozen=True)
class Summary:
    """One row of the list of sessions. All texts come from the file and are untrusted.

    Attributes:
        path: The file.
        title: The title; the file's name if it has none.
        modified: Seconds since the epoch.
        task: The task's name.
        agents: A few words for each agent.
        filters: The kind of each filter.
        generation: The last generation that has begun.
        generations: The planned number.
        status: The chain's status; "configuration" for a file without records, "broken" for a faulty one.
        rule: The last hypothesis that was kept or learned.
        fault: What is wrong with the file, or None.
        seed: The chain's seed, if the file gives one.
    """

    path: Path
    title: str
    modified: float
    task: str = ""
    agents: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    generation: int = 0
    generations: int = 0
    status: Status | Literal["configuration", "broken"] = "broken"
    rule: str = ""
    fault: str | None = None
    seed: int | None = None


@dataclass(frozen=True)
class Deleted:
    """A deleted session, for `restore`.

    Attributes:
        path: Where it was.
        kept: Its path in the trash.
    """

    path: Path
    kept: Path


class Library:
    """A folder of sessions. Summaries are cached until a file's time or size changes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, tuple[int, int, Summary]] = {}
        atomic.clean(folder)

    def sessions(self) -> list[Summary]:
        """All sessions and configurations, newest first, broken ones included; none if there is no such folder.

        Raises StoreError if the folder cannot be read.
        """
        known: dict[str, tuple[int, int, Summary]] = {}
        try:
            with os.scandir(self.folder) as entries:
                for entry in entries:
                    if entry.name.startswith(".") or not entry.name.endswith(".toml"):
                        continue
                    try:
                        if not entry.is_file():
                            continue
                        there = entry.stat()
                    except OSError:  # gone since the folder was read, or a broken link
                        continue
                    old = self._known.get(entry.name)
                    if old is None or old[:2] != (there.st_mtime_ns, there.st_size):
                        old = there.st_mtime_ns, there.st_size, summary(self.folder / entry.name, there.st_mtime)
                    known[entry.name] = old
        except FileNotFoundError:
            return []
        except OSError as error:
            raise errors.from_os_error(error, "list", self.folder) from error
        self._known = known
        return sorted((each for _, _, each in known.values()), key=lambda each: (-each.modified, each.path.name))

    def rename(self, path: Path, title: str) -> None:
        """Gives a session another title. Its file name stays, since branches refer to it.

        Raises StoreError if it is open elsewhere or cannot be written, ConfigError if it is broken.
        """
        import tomlkit

        with Journal.open(path) as journal:
            if journal.read_only:
                raise errors.ReadOnlyFile(f"{path.name} was not renamed", journal.read_only, "Close it there, then try again.")
            head, rest = _split_head(journal.read())
            text = text_of(head, path.name)
            if not isinstance(toml_lines.parse(text, path.name).get("chain"), dict):
                raise ConfigError([Fault(("chain",), "expected a table [chain]")], path.name)
            document = tomlkit.parse(text)
            document["chain"]["title"] = title.encode(errors="replace").decode()
            try:
                head = tomlkit.dumps(document).encode()
                atomic.replace(path, head + (marker_line(HEAD, head).encode() if rest else b"") + rest)
            except OSError as error:
                raise errors.from_os_error(error, "write", path) from error

    def delete(self, path: Path) -> Deleted:
        """Moves a session to the folder's trash. Raises StoreError if it is open elsewhere or cannot be moved."""
        try:
            with files.open_regular(path) as descriptor:
                if take(descriptor) is Lock.TAKEN:
                    raise StoreError(f"{path.name} was not deleted", "It is open in another window or program.", "Close it there.")
                trash = self.folder / TRASH
                trash.mkdir(exist_ok=True)
                return Deleted(path, _move(path, trash / path.name))
        except OSError as error:
            raise errors.from_os_error(error, "delete", path) from error

    def restore(self, deleted: Deleted) -> Path:
        """Undoes a deletion. Returns the session's path, a new one if its name is taken by now. Raises StoreError."""
        try:
            return _move(deleted.kept, deleted.path)
        except OSError as error:
            raise errors.from_os_error(error, "restore", deleted.path) from error


def summary(path: Path, modified: float) -> Summary:
    """The summary of a file, from its head and its last blocks. A faulty content never raises."""
    blank = Summary(path, path.stem, modified)
    try:
        head, tail, is_journal = _head_and_tail(path)
        document = toml_lines.parse(text_of(head, path.name), path.name)
        if "chain" not in document and "format" not in document:
            raise LabError("this is not a session file")
        if document.get("format", FORMAT) != FORMAT:
            raise LabError(f'expected format "{FORMAT}", found {describe(document["format"])}')
        found = _of_head(blank, document)
        if not is_journal:
            return replace(found, status="configuration", generation=len(document.get("generation", ())))
        return _with_tail(found, document, tail)
    except OSError as error:
        return replace(blank, fault=error.strerror or str(error))
    except ConfigError as error:
        return replace(blank, fault=str(error.faults[0]))
    except LabError as error:
        return replace(blank, fault=error.title)
    except (ArithmeticError, TypeError, ValueError, AttributeError, KeyError, IndexError):
        return replace(blank, fault="some values have the wrong type; `iicl-tui check` lists them")
    except Exception as error:  # no single file may end the program
        return replace(blank, fault=crash_reports.cannot_show(error))


def _of_head(blank: Summary, document: Mapping[str, Any]) -> Summary:
    chain = document.get("chain", {})
    agents = document.get("agent") or [{"kind": "bayes"}]
    return replace(
        blank,
        title=str(chain.get("title", blank.title)),
        task=str(chain.get("task", "acre")),
        agents=tuple(_agent(table) for table in agents),
        filters=tuple(str(table["kind"]) for table in document.get("filter", ())),
        generations=int(chain.get("generations", 6)),
        seed=int(chain["seed"]) if "seed" in chain else None,
        status="new",
    )


def _agent(table: Mapping[str, Any]) -> str:
    words = [table.get("kind", "bayes"), table.get("model") or table.get("choose")]
    return " ".join(str(word) for word in words if word)


def _with_tail(found: Summary, document: Mapping[str, Any], tail: bytes) -> Summary:
    number = last_generation(tail)
    if not number:
        return found
    starts = [match.start() for match in _GENERATION.finditer(tail)]
    known = blocks.parse("\n" + tail[starts[-2:][0] :].decode())["generation"] if starts else [{}]
    last = known[-1]
    learned = [each for each in known if "imitation" in each]  # a generation may have only calls so far
    hypothesis = {}
    if learned:
        hypothesis = (learned[-1].get("interaction") or learned[-1]["imitation"]).get("hypothesis", {})
    return replace(found, generation=number, rule=_rule(hypothesis), status=_status(found, document, last, number))


def _status(found: Summary, document: Mapping[str, Any], last: Mapping[str, Any], number: int) -> Status:
    if "exhausted" in last.get("interaction", {}):
        return "stuck"
    if "transmission" in last:
        return "finished" if number >= found.generations else "under way"
    calls = [call for call in last.get("call", ()) if call.get("purpose") != "no-reply"]
    pending = "transmission" if "interaction" in last else "interaction" if "imitation" in last else "imitation"
    if calls and calls[-1].get("phase") == pending and calls[-1].get("purpose") == "repair":
        return "waiting for review"  # the repaired reply cannot be read either
    if "imitation" not in last:
        return "under way"
    filters = document.get("filter", ())
    return "waiting for review" if filters and _asks_person(filters, "interaction" in last) else "under way"


def _asks_person(filters: Sequence[Mapping[str, Any]], at_samples: bool) -> bool:
    """Whether one of the [[filter]] tables asks a person at the next gate."""
    from iicl_tui.filters.base import filter_kinds  # imports numpy, which most lists do without

    kinds = [(filter_kinds().get(table["kind"]), table) for table in filters]
    gate: Gate = "samples" if at_samples else "hypothesis"
    return any(kind is not None and kind.asks_at(table, gate) for kind, table in kinds)


def _rule(hypothesis: Any) -> str:
    return "  ".join(f"{name} {state}" for name, state in hypothesis.items()) if isinstance(hypothesis, dict) else str(hypothesis)


def _head_and_tail(path: Path) -> tuple[bytes, bytes, bool]:
    """The head, the last whole blocks (at least the whole last generation), and whether the file has blocks at all."""
    with files.open_regular(path) as descriptor, open(descriptor, "rb", closefd=False) as file:
        data = file.read(_TAIL)
        size = os.fstat(descriptor).st_size
        while b"\n# end: head" not in data and len(data) < _MOST_HEAD and (more := file.read(len(data))):
            data += more
        parts = split(data)
        if parts.damaged and head_end(data) is None:
            raise LabError("the end of its head was changed after it was written")
        if not parts.is_journal:
            if len(data) < size:
                raise LabError(f"it is larger than {_MOST_HEAD // 1_000_000} MB and has no session head")
            return data, b"", False
        head, rest = _split_head(parts.whole)
        if len(data) >= size:
            return head, rest, True
        length = _TAIL
        while True:
            file.seek(max(size - length, 0))
            tail = file.read()
            tail = tail[: last_end(tail)]
            if tail.rfind(b"\n[[generation]]\n") >= 0 or length >= min(size, _MOST_TAIL):
                return head, tail, True
            length = min(length * 8, _MOST_TAIL)


def head_of(path: Path) -> Mapping[str, Any]:
    """The head of a session, or a whole configuration. Raises LabError, OSError."""
    return toml_lines.parse(text_of(_head_and_tail(path)[0], path.name), path.name)


def _split_head(data: bytes) -> tuple[bytes, bytes]:
    """A journal's head, and everything after the head's end line."""
    found = head_end(data)
    return (data[: found.start()], data[found.end() :]) if found else (data, b"")


def _move(source: Path, target: Path) -> Path:
    """Moves a file to a name that is free, and returns that path. Raises OSError."""
    number = 1
    while True:
        path = target.with_stem(f"{target.stem}-{number}") if number > 1 else target
        try:
            atomic.move(source, path)
        except FileExistsError:
            number += 1
        else:
            return path
