"""Session format 1, read: every fault of a text at once, with its line and the nearest known key.

A chain of 10,000 generations must open at once, so what is as it should be is taken straight; the schema is asked only
about what is not, for the words of the fault.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from iicl_tui.agents.calls import FINISHES, LOGPROB_TOLERANCE, MAX_TOKEN_COUNT, PURPOSES, REPLY_VERDICTS, Call, Token, Usage
from iicl_tui.chain.config import ChainConfig, read_config
from iicl_tui.chain.records import PHASES, Generation, ImitationRecord, InteractionRecord, TransmissionRecord
from iicl_tui.errors import ConfigError, Fault
from iicl_tui.filters.base import Decision, Refinement, Sample, filter_kinds
from iicl_tui.schema import REQUIRED, Field, Kind, describe, is_finite, nearest, not_texts, read_table
from iicl_tui.schema import Path as KeyPath
from iicl_tui.store import blocks, toml_lines
from iicl_tui.store.format import Parent
from iicl_tui.tasks.base import Example, Task


@dataclass(frozen=True)
class Contents:
    """All that a session file says. created and parent are None where it does not say.

    calls: in their order; those after the last phase belong to one that is not over.
    """

    config: ChainConfig
    created: datetime | None
    parent: Parent | None
    generations: tuple[Generation, ...]
    calls: tuple[Call, ...] = ()


def decode(text: str, source: str = "", folder: Path | None = None) -> Contents:
    """The contents of a session file, or of a configuration (which has no generations yet).

    folder: where file names in it are looked up. Raises ConfigError with all faults and their lines.
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
    reader = _Reader(config, faults)
    found = reader.generations(generations)
    if config is None or faults:
        raise ConfigError(located(faults, text), source)
    return Contents(config, created, parent, found, tuple(reader.calls))


def located(faults: list[Fault], text: str) -> list[Fault]:
    """The faults with their lines, in the order of the lines. The text is valid TOML."""
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


def _field(
    key: str,
    kind: Kind,
    default: Any = REQUIRED,
    low: float | None = None,
    choices: tuple[str, ...] = (),
    high: float | None = None,
) -> Field:
    return Field(key, kind, key, "", default, choices, low, high)


_PARENT = (_field("file", "str"), _field("generation", "int", low=0))
_GENERATION = (_field("index", "int", low=1),)
_IMITATION = (_field("agent", "int", 1, 1), _field("hypothesis", "any"))
_INTERACTION = (
    _field("filter", "strings", []),
    _field("hypothesis", "any"),
    _field("redraws", "int", 0, 0),
    _field("exhausted", "str", None),
    _field("decision", "any", []),
    _field("refinement", "any", []),
)
_REFINEMENT = (
    _field("filter", "str"),
    _field("shown", "any"),
    _field("hypothesis", "any"),
    _field("failing", "int", 0, 0),
)
_CALL = (
    _field("phase", "choice", choices=PHASES),
    _field("purpose", "choice", choices=PURPOSES),
    _field("verdict", "choice", None, choices=REPLY_VERDICTS),
    _field("model", "str", ""),
    _field("prompt", "str", ""),
    _field("reply", "str", ""),
    _field("finish", "choice", "stop", choices=FINISHES),
    _field("logprobs", "any", None),
    _field("usage", "table", None),
    _field("latency", "float", None, 0),
    _field("attempts", "int", 1, 1),
    _field("without", "strings", []),
    _field("sent", "int", None, 0, high=MAX_TOKEN_COUNT),
)
_USAGE = (_field("prompt", "int", low=0, high=MAX_TOKEN_COUNT), _field("completion", "int", low=0, high=MAX_TOKEN_COUNT))
_DECISION = (
    _field("shown", "any"),
    _field("verdict", "choice", choices=("approve", "reject", "edit")),
    _field("hypothesis", "any", None),
    _field("reason", "str", ""),
    _field("seconds", "float", None, 0),
)
_TRANSMISSION = (_field("sample", "any", []),)
_SAMPLE = (
    _field("input", "any"),
    _field("output", "any"),
    _field("verdict", "choice", "approved", choices=("approved", "rejected", "edited", "pooled")),
    _field("number", "int", None, 0),
    _field("from", "int", None, 0),
    _field("shown", "table", None),
    _field("reason", "str", ""),
    _field("seconds", "float", None, 0),
)
_SHOWN = (_field("input", "any"), _field("output", "any"))
_COMMON_SAMPLE = {"input", "output", "verdict"}
_POOL_SAMPLE = {*_COMMON_SAMPLE, "from"}
_COMMON_IMITATION = {"agent", "hypothesis"}
_COMMON_INTERACTION = {"filter", "hypothesis"}


class _Reader:
    """Builds records. Without a configuration (it was at fault) the shape is checked, and what means something only
    in a task is left unchecked."""

    def __init__(self, config: ChainConfig | None, faults: list[Fault]) -> None:
        self.task: Task | None = config.task if config else None
        self.agents = len(config.agents) if config else None
        self.last = config.generations if config else None
        self.faults = faults
        self.calls: list[Call] = []
        self._pool: dict[int, Collection[Example]] = {0: set(config.start.samples)} if config else {}
        """By generation, what it added to the pool."""
        self._filters = filter_kinds()
        known = [self._filters.get(each.kind) for each in config.filters] if config else [None]
        self._has_pool = any(kind is None or kind.pools for kind in known)
        self._filter_lists: set[tuple[str, ...]] = set()
        self._hypotheses: dict[tuple[Any, ...], int] = {}
        self._examples: dict[tuple[Any, ...], Example] = {}

    def generations(self, tables: Any) -> tuple[Generation, ...]:
        if not _are_tables(tables):
            self.faults.append(Fault(("generation",), f"expected tables [[generation]], found {describe(tables)}"))
            return ()
        if tables and tables[-1].keys() == {"index", "call"}:  # the last one has not learned anything yet
            complete, begun = tables[:-1], tables[-1]
        else:
            complete, begun = tables, None
        found = tuple(self._generation(table, i, i == len(tables) - 1) for i, table in enumerate(complete))
        if begun is not None:
            self._numbered(begun, len(complete))
            self._calls_of(begun, len(complete) + 1, ("generation", len(complete)))
            if complete and "transmission" not in complete[-1]:
                self.faults.append(Fault(("generation", len(complete)), "begins before the generation before it is complete"))
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
                self.faults.append(Fault((*path, later), f"comes without generation.{earlier} before it"))
        imitation = self._imitation(tables.get("imitation"), number, path)
        interaction = self._interaction(tables.get("interaction"), number, path)
        transmission = self._transmission(tables.get("transmission"), number, path)
        if "imitation" not in table:
            self.faults.append(Fault(path, "has no [generation.imitation]"))
        elif not is_last and "transmission" not in table:
            missing = "transmission" if "interaction" in table else "interaction"
            self.faults.append(Fault(path, f"has no [generation.{missing}], yet another generation follows"))
        if interaction and interaction.exhausted and (transmission or not is_last):
            self.faults.append(Fault((*path, "interaction", "exhausted"), "the chain stopped here, yet something follows"))
        return Generation(number, imitation, interaction, transmission)

    def _numbered(self, table: Mapping[str, Any], place: int) -> None:
        path: KeyPath = ("generation", place)
        number = place + 1
        if table.get("index") != number or not table.keys() <= {"index", "call", *PHASES}:
            index = read_table(_GENERATION, table, path, self.faults, also=("call", *PHASES))["index"]
            if index is not None and index != number:
                self.faults.append(Fault((*path, "index"), f"expected {number}, found {index}: generations count 1, 2, 3, …"))
        if self.last is not None and number == self.last + 1:
            self.faults.append(Fault(path, f"the chain has only {self.last} generations; see chain.generations"))

    def _calls_of(self, table: Mapping[str, Any], number: int, path: KeyPath) -> None:
        entries = table["call"]
        if not _are_tables(entries):
            self.faults.append(Fault((*path, "call"), f"expected tables, found {describe(entries)}"))
            return
        found = [self._call(entry, number, (*path, "call", i)) for i, entry in enumerate(entries)]
        order = [PHASES.index(call.phase) for call in found if call.phase in PHASES]
        if order != sorted(order):
            self.faults.append(Fault((*path, "call"), "the calls do not stand in the order of the phases"))
        begun = [phase for phase in PHASES if phase in table]
        if order and max(order) > len(begun):
            self.faults.append(Fault((*path, "call"), f"a call to the {PHASES[max(order)]} comes before the phase before it"))
        self.calls += found

    def _call(self, table: Mapping[str, Any], number: int, path: KeyPath) -> Call:
        values = read_table(_CALL, table, path, self.faults)
        usage = None
        if values["usage"] is not None:
            counts = read_table(_USAGE, values["usage"], (*path, "usage"), self.faults)
            usage = Usage(counts["prompt"] or 0, counts["completion"] or 0)
        tokens = None
        if values["logprobs"] is not None:
            try:
                tokens = tuple(_token(entry) for entry in values["logprobs"])
            except (TypeError, ValueError, LookupError):
                what = "expected [[token, log-probability, [[token, log-probability], …]], …] with finite numbers, none above 0"
                self.faults.append(Fault((*path, "logprobs"), what))
        if (values["purpose"] == "person") != (values["verdict"] is not None):
            self.faults.append(Fault((*path, "verdict"), 'belongs to purpose = "person", and to no other'))
        return Call(
            number, values["phase"] or "", values["purpose"] or "imitate", values["prompt"], values["reply"], values["finish"],
            tokens, usage, values["model"], values["latency"], values["attempts"], tuple(values["without"]), values["verdict"],
            values["sent"],
        )  # fmt: skip

    def _phase_table(self, table: Mapping[str, Any], phase: str, path: KeyPath) -> Mapping[str, Any]:
        value = table[phase]
        if isinstance(value, dict):
            return value
        self.faults.append(Fault((*path, phase), f"expected a table [generation.{phase}], found {describe(value)}"))
        return {}

    def _imitation(self, table: Mapping[str, Any] | None, number: int, path: KeyPath) -> ImitationRecord:
        if table is None:
            return ImitationRecord(number, 0, 0)
        path = (*path, "imitation")
        agent = table.get("agent")
        if table.keys() != _COMMON_IMITATION or type(agent) is not int or agent < 1:
            agent = read_table(_IMITATION, table, path, self.faults)["agent"]
        if self.agents is not None:
            turn = (number - 1) % self.agents + 1
            if agent > self.agents:
                only = "is only 1 agent" if self.agents == 1 else f"are only {self.agents} agents"
                self.faults.append(Fault((*path, "agent"), f"found {agent}, but there {only}"))
            elif agent != turn and "agent" in table:
                self.faults.append(Fault((*path, "agent"), f"found {agent}, but it is the turn of agent {turn}"))
            else:
                agent = turn
        return ImitationRecord(number, agent - 1, self._hypothesis(table, "hypothesis", path))

    def _interaction(self, table: Mapping[str, Any] | None, number: int, path: KeyPath) -> InteractionRecord | None:
        if table is None:
            return None
        path = (*path, "interaction")
        if table.keys() == _COMMON_INTERACTION:
            return InteractionRecord(number, self._kinds(table["filter"], path), self._hypothesis(table, "hypothesis", path))
        values = read_table(_INTERACTION, table, path, self.faults)
        if values["exhausted"] is not None:
            self._known_filter(values["exhausted"], (*path, "exhausted"))
        lists: dict[str, list[Mapping[str, Any]]] = {}
        for key in ("decision", "refinement"):
            lists[key] = values[key]
            if not _are_tables(values[key]):
                self.faults.append(Fault((*path, key), f"expected tables, found {describe(values[key])}"))
                lists[key] = []
        return InteractionRecord(
            number,
            self._kinds(values["filter"], path),
            self._hypothesis(table, "hypothesis", path),
            values["redraws"],
            tuple(self._decision(entry, (*path, "decision", i)) for i, entry in enumerate(lists["decision"])),
            values["exhausted"],
            tuple(self._refinement(entry, (*path, "refinement", i)) for i, entry in enumerate(lists["refinement"])),
        )

    def _kinds(self, names: Any, path: KeyPath) -> tuple[str, ...]:
        path = (*path, "filter")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            self.faults.append(Fault(path, not_texts(names)))
            return ()
        kinds = tuple(names)
        if kinds not in self._filter_lists:
            known = [self._known_filter(name, (*path, i)) for i, name in enumerate(kinds)]
            if all(known):
                self._filter_lists.add(kinds)
        return kinds

    def _known_filter(self, name: str, path: KeyPath) -> bool:
        if name in self._filters:
            return True
        near = nearest(name, self._filters)
        hint = f"nearest known: {near}" if near else "known: " + ", ".join(self._filters)
        self.faults.append(Fault(path, f"unknown filter {describe(name)}; {hint}"))
        return False

    def _decision(self, table: Mapping[str, Any], path: KeyPath) -> Decision:
        values = read_table(_DECISION, table, path, self.faults)
        shown = self._hypothesis(table, "shown", path)
        goes_on = self._hypothesis(table, "hypothesis", path) if "hypothesis" in table else shown
        return Decision(shown, values["verdict"], goes_on, values["reason"], values["seconds"])

    def _refinement(self, table: Mapping[str, Any], path: KeyPath) -> Refinement:
        values = read_table(_REFINEMENT, table, path, self.faults)
        if values["filter"] is not None:
            self._known_filter(values["filter"], (*path, "filter"))
        shown, hypothesis = self._hypothesis(table, "shown", path), self._hypothesis(table, "hypothesis", path)
        return Refinement(values["filter"] or "", shown, hypothesis, values["failing"])

    def _transmission(self, table: Mapping[str, Any] | None, number: int, path: KeyPath) -> TransmissionRecord | None:
        if table is None:
            return None
        path = (*path, "transmission")
        entries = table.get("sample", [])
        if not table.keys() <= {"sample"}:
            read_table(_TRANSMISSION, table, path, self.faults)
        if not _are_tables(entries):
            self.faults.append(Fault((*path, "sample"), f"expected tables, found {describe(entries)}"))
            entries = []
        samples = tuple(self._sample(entry, place, number, path) for place, entry in enumerate(entries))
        self._pool[number] = {sample.example for sample in samples if sample.origin is None and sample.verdict != "rejected"}
        if self._has_pool:
            self._check_origins(samples, path)
        return TransmissionRecord(number, samples)

    def _check_origins(self, samples: Sequence[Sample], path: KeyPath) -> None:
        """That what was taken from the pool is there."""
        for place, sample in enumerate(samples):
            if sample.origin is not None and sample.drawn not in self._pool.get(sample.origin, (sample.drawn,)):
                whose = f"generation {sample.origin} made none" if sample.origin else "d⁰ has none"
                self.faults.append(Fault((*path, "sample", place, "from"), f"{whose} such that it could be taken from the pool"))

    def _sample(self, table: Mapping[str, Any], place: int, generation: int, path: KeyPath) -> Sample:
        origin = table.get("from")
        usual = table.keys() == (_COMMON_SAMPLE if origin is None else _POOL_SAMPLE)
        earlier = origin is None or (type(origin) is int and 0 <= origin < generation)
        pooled = origin is not None or table.get("verdict") == "pooled"
        if usual and earlier and (self._has_pool or not pooled) and table["verdict"] in ("approved", "rejected", "pooled"):
            example = self._known_example(table) or self._example(table, (*path, "sample", place))
            return Sample(example, place, table["verdict"], origin=origin)
        path = (*path, "sample", place)
        values = read_table(_SAMPLE, table, path, self.faults)
        shown = values["shown"]
        if values["from"] is not None and values["from"] >= generation:
            self.faults.append(Fault((*path, "from"), f"expected a generation before this one, {generation}"))
        if pooled and not self._has_pool:
            key = "verdict" if values["verdict"] == "pooled" else "from"
            self.faults.append(Fault((*path, key), "no filter of this chain has a pool"))
        if values["verdict"] == "edited" and shown is None:
            self.faults.append(Fault((*path, "verdict"), "an edited sample has `shown`, what was drawn"))
        if shown is not None:
            read_table(_SHOWN, shown, (*path, "shown"), self.faults)
        return Sample(
            self._example(table, path),
            place if values["number"] is None else values["number"],
            values["verdict"],
            None if shown is None else self._example(shown, (*path, "shown")),
            values["reason"],
            values["seconds"],
            values["from"],
        )

    def _known_example(self, table: Mapping[str, Any]) -> Example | None:
        if not isinstance(table["input"], list):
            return None
        try:
            return self._examples.get((tuple(table["input"]), table["output"]))
        except TypeError:
            return None

    def _example(self, table: Mapping[str, Any], path: KeyPath) -> Example:
        example = Example((), "")
        if self.task is None or "input" not in table or "output" not in table:
            return example
        try:
            example = self.task.read_example(table["input"], table["output"])
            self._examples[(tuple(table["input"]), table["output"])] = example
        except ValueError as error:
            where = next((key for key in ("input", "output") if str(error).startswith(f"{key}: ")), None)
            self.faults.append(Fault((*path, where), str(error)[len(where) + 2 :]) if where else Fault(path, str(error)))
        return example

    def _hypothesis(self, table: Mapping[str, Any], key: str, path: KeyPath) -> int:
        value = table.get(key)
        if self.task is None or value is None:
            return 0
        known = tuple(value.values()) if isinstance(value, dict) else ()
        is_flat = bool(known) and all(type(state) is str for state in known)
        if is_flat:
            known += tuple(value)
            if known in self._hypotheses:
                return self._hypotheses[known]
        try:
            hypothesis = self.task.read_hypothesis(value)
        except ValueError as error:
            self.faults.append(Fault((*path, key), str(error)))
            return 0
        if is_flat:
            self._hypotheses[known] = hypothesis
        return hypothesis


def _are_tables(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _token(entry: Any) -> Token:
    data, logprob, top = entry
    return Token(_data(data), _logprob(logprob), tuple((_data(text), _logprob(number)) for text, number in top))


def _data(spelled: Any) -> bytes:
    return spelled.encode() if isinstance(spelled, str) else bytes(spelled)


def _logprob(number: Any) -> float:
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not is_finite(number) or number > LOGPROB_TOLERANCE:
        raise ValueError("no log-probability")
    return float(number)
