"""Reads session format 1, and reports all faults of a text at once, with their lines and the nearest known keys."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from iicl_tui.agents.calls import Call
from iicl_tui.chain.config import ChainConfig, read_config
from iicl_tui.chain.records import PHASES, Generation, ImitationRecord
from iicl_tui.errors import ConfigError, Fault
from iicl_tui.record_codec import are_tables
from iicl_tui.record_tables import GENERATION_KEYS
from iicl_tui.schema import REQUIRED, Field, describe, read_table
from iicl_tui.schema import Path as KeyPath
from iicl_tui.store import blocks, toml_lines
from iicl_tui.store.format import Parent
from iicl_tui.store.garbage import paused_garbage_collection
from iicl_tui.store.record_reader import RecordReader


@dataclass(frozen=True)
class Contents:
    """Everything in a session file.

    Attributes:
        config: The configuration.
        created: The time of creation; None if the file does not name it.
        parent: The session that it was branched from; None if there is none.
        generations: The generations that have begun.
        calls: All calls in order. Those after the last phase belong to a phase that is not complete.
    """

    config: ChainConfig
    created: datetime | None
    parent: Parent | None
    generations: tuple[Generation, ...]
    calls: tuple[Call, ...] = ()


@paused_garbage_collection()
def decode(text: str, source: str = "", folder: Path | None = None) -> Contents:
    """The contents of a session file, or of a configuration (which has no generations yet).

    folder: where relative file names start. Raises ConfigError with all faults and their lines.
    """
    document = blocks.parse(text, source)
    faults: list[Fault] = []
    generations = document.pop("generation", [])
    created, parent = _origin(document, faults)
    config: ChainConfig | None = None
    try:
        config = read_config(document, folder)
    except ConfigError as error:
        faults = [*error.faults, *faults]
    reader = _Generations(config, faults)
    found = reader.read(generations)
    if config is None or faults:
        raise ConfigError(located(faults, text), source)
    return Contents(config, created, parent, found, tuple(reader.calls))


def located(faults: list[Fault], text: str) -> list[Fault]:
    """The faults with their lines, in the order of the lines. text: valid TOML."""
    with_lines = [replace(f, line=f.line or toml_lines.line_of(text, f.path)) for f in faults]
    return sorted(with_lines, key=lambda fault: fault.line or 0)


def _origin(document: Mapping[str, Any], faults: list[Fault]) -> tuple[datetime | None, Parent | None]:
    created = document.get("created")
    if created is not None and not isinstance(created, datetime):
        faults.append(Fault(("created",), f"expected a date and time, found {describe(created)}"))
    given = document.get("parent")
    if given is None:
        return created, None
    if not isinstance(given, dict):
        faults.append(Fault(("parent",), f"expected a table, found {describe(given)}"))
        return created, None
    values = read_table(_PARENT, given, ("parent",), faults)
    return created, Parent(values["file"], values["generation"])


_PARENT = (Field("file", "str", "file", "", REQUIRED), Field("generation", "int", "generation", "", REQUIRED, low=0))
_INDEX = (Field("index", "int", "index", "", REQUIRED, low=1),)
_GENERATION_KEYS = frozenset(GENERATION_KEYS)
_OTHER_KEYS = tuple(key for key in GENERATION_KEYS if key != "index")


class _Generations:
    """Reads the [[generation]] tables, and checks their numbers and the order of their phases and calls."""

    def __init__(self, config: ChainConfig | None, faults: list[Fault]) -> None:
        self.calls: list[Call] = []
        self.faults = faults
        self._last = config.generations if config else None
        self._records = RecordReader(config, faults)

    def read(self, tables: Any) -> tuple[Generation, ...]:
        if not are_tables(tables):
            self.faults.append(Fault(("generation",), f"expected tables [[generation]], found {describe(tables)}"))
            return ()
        if tables and tables[-1].keys() == {"index", "call"}:  # the last generation has not learned a hypothesis yet
            complete, begun = tables[:-1], tables[-1]
        else:
            complete, begun = tables, None
        found = tuple(self._generation(table, i, i == len(tables) - 1) for i, table in enumerate(complete))
        if begun is not None:
            self._numbered(begun, len(complete))
            self._calls_of(begun, len(complete) + 1, ("generation", len(complete)))
            if complete and "transmission" not in complete[-1]:
                self.faults.append(Fault(("generation", len(complete)), "begins before the previous generation is complete"))
        return found

    def _generation(self, table: Mapping[str, Any], place: int, is_last: bool) -> Generation:
        path: KeyPath = ("generation", place)
        number = place + 1
        self._numbered(table, place)
        if "call" in table:
            self._calls_of(table, number, path)
        tables = {phase: self._phase_table(table, phase, path) for phase in PHASES if phase in table}
        for earlier, later in itertools.pairwise(PHASES):
            if later in table and earlier not in table:
                self.faults.append(Fault((*path, later), f"needs a [generation.{earlier}] before it"))
        read = self._records
        imitation = ImitationRecord(number, 0, 0)
        interaction = transmission = None
        if "imitation" in tables:
            imitation = read.imitation(tables["imitation"], number, (*path, "imitation"))
        if "interaction" in tables:
            interaction = read.interaction(tables["interaction"], number, (*path, "interaction"))
        if "transmission" in tables:
            transmission = read.transmission(tables["transmission"], number, (*path, "transmission"))
        if "imitation" not in table:
            self.faults.append(Fault(path, "has no [generation.imitation]"))
        elif not is_last and "transmission" not in table:
            missing = "transmission" if "interaction" in table else "interaction"
            self.faults.append(Fault(path, f"has no [generation.{missing}], but another generation follows"))
        if interaction and interaction.exhausted and (transmission or not is_last):
            self.faults.append(Fault((*path, "interaction", "exhausted"), "the chain stopped here, but more records follow"))
        return Generation(number, imitation, interaction, transmission)

    def _numbered(self, table: Mapping[str, Any], place: int) -> None:
        path: KeyPath = ("generation", place)
        number = place + 1
        if table.get("index") != number or not table.keys() <= _GENERATION_KEYS:
            index = read_table(_INDEX, table, path, self.faults, also=_OTHER_KEYS)["index"]
            if index is not None and index != number:
                self.faults.append(
                    Fault((*path, "index"), f"expected {number}, found {index}: generations are numbered 1, 2, 3, …")
                )
        if self._last is not None and number == self._last + 1:
            self.faults.append(Fault(path, f"the chain has only {self._last} generations; see chain.generations"))

    def _calls_of(self, table: Mapping[str, Any], number: int, path: KeyPath) -> None:
        entries = table["call"]
        if not are_tables(entries):
            self.faults.append(Fault((*path, "call"), f"expected tables, found {describe(entries)}"))
            return
        found = [self._records.call(entry, number, (*path, "call", i)) for i, entry in enumerate(entries)]
        order = [PHASES.index(call.phase) for call in found if call.phase in PHASES]
        if order != sorted(order):
            self.faults.append(Fault((*path, "call"), "the calls are not in the order of the phases"))
        begun = [phase for phase in PHASES if phase in table]
        if order and max(order) > len(begun):
            missing = PHASES[max(order) - 1]
            self.faults.append(
                Fault((*path, "call"), f"a call of the {PHASES[max(order)]} needs a [generation.{missing}] before it")
            )
        self.calls += found

    def _phase_table(self, table: Mapping[str, Any], phase: str, path: KeyPath) -> Mapping[str, Any]:
        value = table[phase]
        if isinstance(value, dict):
            return value
        self.faults.append(Fault((*path, phase), f"expected a table [generation.{phase}], found {describe(value)}"))
        return {}
