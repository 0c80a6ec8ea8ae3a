"""Records from the tables of a session file.

A chain of 10,000 generations must open at once, so a table that has the usual keys with values of the usual types is read directly.
Any other goes through its `RecordTable`, which names what is wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from iicl_tui.agents.calls import NO_REPLY, PURPOSES, Call
from iicl_tui.chain.config import ChainConfig
from iicl_tui.chain.records import ImitationRecord, InteractionRecord, TransmissionRecord
from iicl_tui.errors import Fault
from iicl_tui.filters.base import Decision, Exchange, Refinement, Sample, filter_kinds
from iicl_tui.record_codec import RecordTable, are_tables
from iicl_tui.record_tables import CALL, DECISION, EXCHANGE, IMITATION, INTERACTION, SAMPLE, TRANSMISSION
from iicl_tui.schema import Path as KeyPath
from iicl_tui.schema import describe, nearest, not_texts
from iicl_tui.tasks.base import Example, Task

_POOL_SAMPLE = SAMPLE.usual | {"from"}


class RecordReader:
    """Builds records, and collects what is wrong. Implements `record_codec.ReadContext`.

    Without a configuration (it was at fault) the shape is checked, and what means something only in a task is left unchecked.
    """

    def __init__(self, config: ChainConfig | None, faults: list[Fault]) -> None:
        self.faults = faults
        self._task: Task | None = config.task if config else None
        self._agents = len(config.agents) if config else None
        self._made: dict[int, Collection[Example]] = {0: set(config.start.samples)} if config else {}
        """By generation, what it added to the pool."""
        self._filter_kinds = filter_kinds()
        known = [self._filter_kinds.get(each.kind) for each in config.filters] if config else [None]
        self._has_pool = any(kind is None or kind.pools for kind in known) or bool(config and config.keep.mix)
        self._filter_lists: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._purposes = set(PURPOSES)
        self._hypotheses: dict[tuple[tuple[str, Any], ...], int] = {}
        self._examples: dict[tuple[Any, ...], Example] = {}

    # -- records ------------------------------------------------------------------------------------------------------

    def call(self, table: Mapping[str, Any], generation: int, path: KeyPath) -> Call:
        """A call to a model, or what a person said of a reply."""
        values = CALL.read(table, path, self)
        if (values["purpose"] == "person") != (values["verdict"] is not None):
            self.faults.append(Fault((*path, "verdict"), 'belongs to purpose = "person", and to no other'))
        if values["purpose"] == NO_REPLY and values["lost"] is None:
            self.faults.append(Fault((*path, "lost"), f'is missing: purpose = "{NO_REPLY}" has nothing else'))
        return Call(generation, **values)

    def imitation(self, table: Mapping[str, Any], generation: int, path: KeyPath) -> ImitationRecord:
        """[generation.imitation]"""
        agent = table.get("agent")
        if table.keys() == IMITATION.usual and type(agent) is int and agent >= 1:
            values: dict[str, Any] = {"agent": agent - 1, "hypothesis": self.hypothesis(table["hypothesis"], (*path, "hypothesis"))}
        else:
            values = IMITATION.read(table, path, self)
        if self._agents is not None:
            values["agent"] = self._whose_turn(values["agent"], "agent" in table, self._agents, generation, path)
        return ImitationRecord(generation, **values)

    def _whose_turn(self, agent: int, is_given: bool, agents: int, generation: int, path: KeyPath) -> int:
        turn = (generation - 1) % agents
        if agent >= agents:
            only = "is only 1 agent" if agents == 1 else f"are only {agents} agents"
            self.faults.append(Fault((*path, "agent"), f"found {agent + 1}, but there {only}"))
        elif agent != turn and is_given:
            self.faults.append(Fault((*path, "agent"), f"found {agent + 1}, but it is the turn of agent {turn + 1}"))
        else:
            return turn
        return agent

    def interaction(self, table: Mapping[str, Any], generation: int, path: KeyPath) -> InteractionRecord:
        """[generation.interaction]"""
        if table.keys() == INTERACTION.usual:
            filters = self._filters(table["filter"], (*path, "filter"))
            return InteractionRecord(generation, filters, self.hypothesis(table["hypothesis"], (*path, "hypothesis")))
        return InteractionRecord(generation, **INTERACTION.read(table, path, self))

    def transmission(self, table: Mapping[str, Any], generation: int, path: KeyPath) -> TransmissionRecord:
        """[generation.transmission]"""
        if not table.keys() <= {"sample"}:
            TRANSMISSION.read({key: value for key, value in table.items() if key != "sample"}, path, self)
        entries = table.get("sample", [])
        if not are_tables(entries):
            self.faults.append(Fault((*path, "sample"), f"expected tables, found {describe(entries)}"))
            entries = []
        samples = tuple(self._sample(entry, place, generation, path) for place, entry in enumerate(entries))
        self._made[generation] = {sample.example for sample in samples if sample.origin is None and sample.verdict != "rejected"}
        if self._has_pool:
            self._check_origins(samples, path)
        return TransmissionRecord(generation, samples)

    def _sample(self, table: Mapping[str, Any], place: int, generation: int, path: KeyPath) -> Sample:
        origin = table.get("from")
        has_usual_keys = table.keys() == (SAMPLE.usual if origin is None else _POOL_SAMPLE)
        is_earlier = origin is None or (type(origin) is int and 0 <= origin < generation)
        is_pooled = origin is not None or table.get("verdict") == "pooled"
        if (
            has_usual_keys
            and is_earlier
            and (self._has_pool or not is_pooled)
            and table["verdict"] in ("approved", "rejected", "pooled")
        ):
            example = self._known_example(table) or self.example(table, (*path, "sample", place))
            return Sample(example, place, table["verdict"], origin=origin)
        path = (*path, "sample", place)
        sample = Sample(**SAMPLE.read(table, path, self, place))
        if sample.origin is not None and sample.origin >= generation:
            self.faults.append(Fault((*path, "from"), f"expected a generation before this one, {generation}"))
        if is_pooled and not self._has_pool:
            key = "verdict" if sample.verdict == "pooled" else "from"
            self.faults.append(Fault((*path, key), "no filter of this chain has a pool"))
        if sample.verdict == "edited" and sample.shown is None:
            self.faults.append(Fault((*path, "verdict"), "an edited sample has `shown`, what was drawn"))
        return sample

    def _check_origins(self, samples: Sequence[Sample], path: KeyPath) -> None:
        """Checks that what was taken from the pool is there."""
        for place, sample in enumerate(samples):
            if sample.origin is not None and sample.drawn not in self._made.get(sample.origin, (sample.drawn,)):
                whose = f"generation {sample.origin} made none" if sample.origin else "d⁰ has none"
                self.faults.append(Fault((*path, "sample", place, "from"), f"{whose} such that it could be taken from the pool"))

    # -- values -------------------------------------------------------------------------------------------------------

    def record(self, table: RecordTable, entry: Mapping[str, Any], path: KeyPath, place: int) -> Decision | Refinement | Exchange:
        """A decision, a refinement or an exchange of an interaction."""
        values = table.read(entry, path, self, place)
        if table is EXCHANGE:
            return Exchange(**values)
        return Decision(**values) if table is DECISION else Refinement(**values)

    def hypothesis(self, value: Any, path: KeyPath) -> int:
        """The hypothesis of a value; 0 where it cannot be read."""
        if self._task is None or value is None:
            return 0
        states = tuple(value.items()) if isinstance(value, dict) else ()
        try:
            return self._hypotheses[states]
        except (KeyError, TypeError):  # a new one, or one that cannot be a key
            pass
        try:
            hypothesis = self._task.read_hypothesis(value)
        except ValueError as error:
            self.faults.append(Fault(path, str(error)))
            return 0
        if states and all(type(state) is str for _, state in states):  # True, which is no state, equals 1
            self._hypotheses[states] = hypothesis
        return hypothesis

    def example(self, table: Mapping[str, Any], path: KeyPath) -> Example:
        """The example of a table with `input` and `output`; an empty one where it cannot be read."""
        example = Example((), "")
        if self._task is None or "input" not in table or "output" not in table:
            return example
        try:
            example = self._task.read_example(table["input"], table["output"])
            self._examples[(tuple(table["input"]), table["output"])] = example
        except ValueError as error:
            where = next((key for key in ("input", "output") if str(error).startswith(f"{key}: ")), None)
            self.faults.append(Fault((*path, where), str(error)[len(where) + 2 :]) if where else Fault(path, str(error)))
        return example

    def _known_example(self, table: Mapping[str, Any]) -> Example | None:
        if not isinstance(table["input"], list):
            return None
        try:
            return self._examples.get((tuple(table["input"]), table["output"]))
        except TypeError:
            return None

    def _filters(self, names: Any, path: KeyPath) -> tuple[str, ...]:
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            self.faults.append(Fault(path, not_texts(names)))
            return ()
        kinds = tuple(names)
        if kinds not in self._filter_lists:
            before = len(self.faults)
            for place, name in enumerate(kinds):
                self.filter_kind(name, (*path, place))
            if len(self.faults) > before:
                return kinds
            self._filter_lists[kinds] = kinds
        return self._filter_lists[kinds]

    def filter_kind(self, name: str, path: KeyPath) -> str:
        """The name of a kind of filter, one that is known."""
        if name not in self._filter_kinds:
            near = nearest(name, self._filter_kinds)
            hint = f"nearest known: {near}" if near else "known: " + ", ".join(self._filter_kinds)
            self.faults.append(Fault(path, f"unknown filter {describe(name)}; {hint}"))
        return name

    def purpose(self, name: str, path: KeyPath) -> str:
        """Why a model was asked: one of the purposes of agents, or the kind of filter that wanted a hypothesis improved."""
        if name not in self._purposes:
            if name in self._filter_kinds:
                self._purposes.add(name)
                return name
            near = nearest(name, (*PURPOSES, *self._filter_kinds))
            hint = f"; nearest known: {near}" if near else ""
            missing = "is the package that brings it installed?"
            self.faults.append(Fault(path, f"unknown purpose {describe(name)}{hint}; {missing}"))
        return name
