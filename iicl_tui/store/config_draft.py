"""A configuration being edited: TOML text that changes key by key and keeps everything else, comments included."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path as FilePath
from typing import Any, Literal

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Array

from iicl_tui.chain.config import ChainConfig, read_config
from iicl_tui.errors import ConfigError, Fault, LabError
from iicl_tui.files import OutsideFiles, outside_files
from iicl_tui.schema import FORMAT, Path
from iicl_tui.store import crash_reports, toml_lines, toml_text
from iicl_tui.store.block_ends import head_end
from iicl_tui.store.decode import decode, located
from iicl_tui.store.format import start_table

ListName = Literal["agent", "filter"]

HISTORY = ("format", "created", "parent", "generation")
"""The keys that a session has besides its configuration."""

_MARKER = "# end:"
"""The start of the lines that end a session's blocks."""


@dataclass(frozen=True)
class Draft:
    """A valid TOML text. Every change returns a new draft."""

    text: str

    @classmethod
    def of(cls, text: str, source: str = "") -> Draft:
        """The configuration in a file's text. Only the head of a session is taken, without its history.

        Raises ConfigError with the line if the text is not valid TOML.
        """
        data = text.encode(errors="replace")
        end = head_end(data)
        draft = cls(data[: end.start()].decode() if end else text)
        toml_lines.parse(draft.text, source)
        past = [key for key in HISTORY if key in draft.document]
        return draft._edit(lambda document, _: [document.pop(key) for key in past]) if past else draft

    @cached_property
    def document(self) -> dict[str, Any]:
        """The text's values."""
        return toml_lines.parse(self.text)

    def get(self, path: Path) -> Any:
        """The value at a path, or None."""
        here: Any = self.document
        for step in path:
            try:
                here = here[step]
            except (KeyError, IndexError, TypeError):
                return None
        return here

    def set(self, path: Path, value: Any) -> Draft:
        """Sets the value at a path; None removes the key. Raises LabError if there is no such table."""
        if value is None and self.get(path) is None:
            return self

        def change(document: Any, make: _ValueFactory) -> None:
            here = document
            for step in path[:-1]:
                if isinstance(step, str) and step not in here:
                    here[step] = make.tables() if step == "agent" else make.table({})
                if step == 0 and not here:
                    here.append(make.table({"kind": "bayes"}))  # the default agent of a file without agents
                here = here[step]
            if value is None:
                del here[path[-1]]
            else:
                here[path[-1]] = make.item(value)

        return self._edit(change)

    def add(self, name: ListName, kind: str) -> Draft:
        """Adds an agent or filter at the end."""

        def change(document: Any, make: _ValueFactory) -> None:
            if name not in document:
                document[name] = make.tables()
                if name == "agent":
                    document[name].append(make.table({"kind": "bayes"}))
            document[name].append(make.table({"kind": kind}))

        return self._edit(change)

    def add_to_task(self, key: str, table: Mapping[str, Any]) -> Draft:
        """Adds a table at the end of a list of the [task] table."""

        def change(document: Any, make: _ValueFactory) -> None:
            task = document.setdefault("task", make.table({}))
            if key not in task:
                task[key] = make.tables()
            there = task[key]
            there.append((make.item if isinstance(there, Array) else make.table)(table))

        return self._edit(change)

    def remove(self, where: ListName | Path, index: int) -> Draft:
        """Removes an agent or filter, or a table of another list."""
        *outer, name = (where,) if isinstance(where, str) else where

        def change(document: Any, make: _ValueFactory) -> None:
            here = _inside(document, outer)
            del here[name][index]
            if not here[name]:
                del here[name]

        return self._edit(change)

    def move(self, where: ListName | Path, index: int, by: int) -> Draft:
        """Moves an agent or filter, or a table of another list, by some places. Nothing changes if it would leave the list."""
        path = (where,) if isinstance(where, str) else where
        to = index + by
        if not 0 <= to < len(self.get(path) or ()):
            return self

        def change(document: Any, make: _ValueFactory) -> None:
            entries = _inside(document, path)
            entry = entries[index]
            del entries[index]
            entries.insert(to, entry)

        return self._edit(change)

    def with_start(self, table: Mapping[str, Any]) -> Draft:
        """Adds first data that are given. The values of [start] that were there are replaced."""
        return Draft(self.set(("start",), None).text.rstrip("\n") + "\n\n" + toml_text.table("[start]", table))

    def with_example(self) -> Draft:
        """Adds an example to the given first data: a copy of the last one."""
        samples = self.get(("start", "sample")) or [{"input": [], "output": ""}]

        def change(document: Any, make: _ValueFactory) -> None:
            start = document["start"]
            if "sample" not in start:
                start["sample"] = make.tables()
            there = start["sample"]
            there.append((make.item if isinstance(there, Array) else make.table)(copy.deepcopy(samples[-1])))

        return self._edit(change)

    def redrawn(self) -> Draft:
        """Takes the next seed and removes [start] and its seeds, so that d⁰ and a random h* are drawn again."""
        seed = self.get(("chain", "seed"))
        fresh = seed + 1 if isinstance(seed, int) and not isinstance(seed, bool) else 43
        drawn = self.set(("start",), None).set(("chain", "rule-seed"), None).set(("chain", "data-seed"), None)
        return drawn.set(("chain", "seed"), max(fresh, 0) % 2**63)

    def head(self, config: ChainConfig, created: datetime) -> str | None:
        """A session's head that keeps this draft's own text and comments.

        It adds what makes the file self-contained: the defaults of [chain], embedded tables, and the start as it was drawn.

        Args:
            config: The configuration that was read from this draft.
            created: The time of the session's creation.

        Returns:
            The head; None if the text cannot be kept. `format.head_text` writes an equivalent one.
        """

        def change(document: Any, make: _ValueFactory) -> None:
            for name, given in config.document.items():
                if isinstance(given, Mapping):
                    _complete(document.setdefault(name, make.table({})), given, make)
                elif name not in document:
                    document[name] = make.tables()
                    for table in given:
                        document[name].append(make.table(table))
                else:
                    for there, table in zip(document[name], given, strict=True):
                        _complete(there, table, make)
            document.pop("start", None)

        text = self._edit(change).text
        if any(line.lstrip().startswith(_MARKER) for line in text.splitlines()):
            return None
        lines = [f"format = {toml_text.string(FORMAT)}", f"created = {toml_text.value(created)}", "", text.rstrip("\n"), ""]
        head = "\n".join(lines) + "\n" + toml_text.table("[start]", start_table(config.task, config.start))
        try:
            same = decode(head).config
        except ConfigError:
            return None
        return head if same.document == config.document and same.start == config.start else None

    def _edit(self, change: Callable[[Any, _ValueFactory], object]) -> Draft:
        try:
            plain = copy.deepcopy(self.document)
            change(plain, _PLAIN)
            kept = tomlkit.parse(self.text)
            change(kept, _KEPT)
        except TOMLKitError:
            return Draft(_rewritten(plain))
        except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
            raise LabError(
                "The form cannot change this file",
                "Its tables do not have the form [chain], [task], [[agent]] and [[filter]].",
                "Start from a preset, or correct the file by hand.",
            ) from error
        text = tomlkit.dumps(kept)
        for candidate in (_spaced(text), text):
            try:
                if toml_lines.parse(candidate) == plain:
                    return Draft(candidate)
            except ConfigError:
                continue
        return Draft(_rewritten(plain))  # values matter more than comments


def _inside(document: Any, path: Sequence[str | int]) -> Any:
    for step in path:
        document = document[step]
    return document


def named_outside(draft: Draft, folder: FilePath | None) -> OutsideFiles:
    """What a form that was filled from a file may read: all that the person names in it, but no file outside the folder that the
    file itself named."""
    found = OutsideFiles()
    examine(draft, folder, found)
    return OutsideFiles(True, frozenset(found.refused))


def examine(
    draft: Draft, folder: FilePath | None = None, outside: OutsideFiles | None = None
) -> tuple[ChainConfig | None, list[Fault]]:
    """The configuration and no faults, or None and every fault with its line. folder: where relative file names start."""
    try:
        with outside_files(outside or OutsideFiles()):
            return read_config(draft.document, folder), []
    except ConfigError as error:
        return None, located(list(error.faults), draft.text)
    except Exception as error:  # no single file may end the program
        return None, [Fault((), crash_reports.cannot_show(error))]


@dataclass(frozen=True)
class _ValueFactory:
    """Makes values for a document: plain ones, or those of tomlkit, which keep their formatting."""

    item: Callable[[Any], Any]
    table: Callable[[Mapping[str, Any]], Any]
    tables: Callable[[], Any]


def _kept_item(value: Any) -> Any:
    if isinstance(value, Mapping):
        inline = tomlkit.inline_table()
        inline.update({key: _kept_item(inner) for key, inner in value.items()})
        return inline
    return tomlkit.item(value)


def _kept_table(values: Mapping[str, Any]) -> Any:
    table = tomlkit.table()
    for key, value in values.items():
        table.add(key, _kept_item(value))
    return table


_PLAIN = _ValueFactory(copy.deepcopy, lambda values: copy.deepcopy(dict(values)), list)
_KEPT = _ValueFactory(_kept_item, _kept_table, tomlkit.aot)


def _complete(there: Any, table: Mapping[str, Any], make: _ValueFactory) -> None:
    for key, value in table.items():
        if isinstance(value, Mapping) and isinstance(there.get(key), Mapping):
            _complete(there[key], value, make)
        elif key not in there or there[key] != value:
            there[key] = make.item(value)


def _spaced(text: str) -> str:
    """Puts one empty line before each table's header, or before the comment above it."""
    out: list[str] = []
    for line in text.splitlines():
        if line.startswith("["):
            at = len(out)
            while at and out[at - 1].startswith("#"):
                at -= 1
            while at > 1 and not out[at - 1] and not out[at - 2]:
                del out[at - 1]
                at -= 1
            if at and out[at - 1]:
                out.insert(at, "")
        out.append(line)
    return "\n".join(out).strip("\n") + "\n"


def _rewritten(document: Mapping[str, Any]) -> str:
    """The values as a new text, without comments."""
    tables = []
    for name, value in document.items():
        if isinstance(value, Mapping):
            tables.append(toml_text.table(f"[{toml_text.key(name)}]", value))
        elif isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
            tables += [toml_text.table(f"[[{toml_text.key(name)}]]", each) for each in value]
        else:
            tables.insert(0, f"{toml_text.key(name)} = {toml_text.value(value)}\n")
    return "\n".join(tables)
