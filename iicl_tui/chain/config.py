"""Reads the configuration of a chain: from a file's tables to a task, agents and filters, with all faults at once."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from iicl_tui.agents.base import Agent, agent_kinds
from iicl_tui.agents.money import Budget
from iicl_tui.chain.keep import REPLACE, Keep, check_keep, keep_faults, read_keep
from iicl_tui.errors import ConfigError, Fault
from iicl_tui.files import parse_toml
from iicl_tui.filters.base import Filter, filter_kinds
from iicl_tui.registry import plug_in_of
from iicl_tui.schema import FORMAT, Field, Kind, describe, nearest, read_table, table_at
from iicl_tui.tasks.base import Start, Task, task_kinds

_T = TypeVar("_T")

CHAIN_FIELDS = (
    Field("title", "str", "title", "What the session is called in lists and in its file name.", "Untitled chain"),
    Field("task", "choice", "task", "What is learned.", "acre"),
    Field("description", "str", "description", "What the session is about, in a sentence or two.", "", in_form=False),
    Field("notice", "strings", "notice", "What to look at in it, one sentence each.", (), in_form=False),
    Field("generations", "int", "generations", "How many generations the chain has.", 6, low=1, high=1_000_000),
    Field("seed", "int", "seed", "The same seed gives the same chain, however it is stepped, resumed or branched.", 42, low=0,
          high=2**63 - 1),
    Field("rule-seed", "int", "seed of h*", "Draws a random h*, which then stays as it is whatever `seed` is. Empty: `seed`.",
          None, low=0, high=2**63 - 1),
    Field("data-seed", "int", "seed of d⁰", "Draws d⁰, which then stays as it is whatever `seed` is. Empty: `seed`.",
          None, low=0, high=2**63 - 1),
    Field("lookback", "int", "look-back", "How many earlier rounds of its own data an agent still sees; 0 is a fresh agent.", 0,
          low=0, high=1000),
    Field("keep", "any", "keeps", "What the next agent learns from. replace: only dᵗ. accumulate: d⁰ and all data so far. "
          "{ mix = 0.2 }: dᵗ, of which this share is taken from d⁰, drawn without repetition.", "replace", convert=check_keep),
    Field("budget", "float", "budget, US dollars", "What the calls to language models may cost in all. The chain stops before "
          "the call that could pass it. A Bayesian chain costs nothing.", 5.0, low=0, high=1_000_000),
    Field("token-budget", "int", "budget, tokens", "The same in tokens, sent and received. Empty: no limit.", None, low=0),
)  # fmt: skip
"""The [chain] table. `chain_fields` fills in the choices of `task`, since tasks are discovered, not listed."""

SECTIONS = ("format", "created", "parent", "chain", "task", "agent", "filter", "start", "generation")
OF_STUDIES = ("vary", "study")
"""Tables that a study has beside those of a chain."""

MOST_FILTERS = 50
"""Filters call one another, so that many would exhaust the stack."""

LISTS = ("agent", "filter", "generation")
"""The sections that are lists of tables."""


@dataclass(frozen=True, eq=False)
class ChainConfig:
    """A checked configuration.

    Attributes:
        document: The tables of a session's head, with the contents of files that it names.
    """

    title: str
    generations: int
    seed: int
    lookback: int
    task: Task
    agents: tuple[Agent, ...]
    filters: tuple[Filter, ...]
    start: Start
    document: Mapping[str, Any]
    budget: Budget
    keep: Keep = REPLACE
    description: str = ""
    notice: tuple[str, ...] = ()

    @property
    def own_samples(self) -> int:
        """How many samples a generation makes itself: M less those that are taken from d⁰."""
        return max(self.task.samples - self.keep.from_start(self.task.samples), 0)

    def asks_at(self, gate: Any) -> bool:
        """Whether a person is asked at a gate ("hypothesis" or "samples")."""
        return any(each.asks_at(gate) for each in self.filters)


def chain_fields() -> tuple[Field, ...]:
    """The fields of [chain], with every installed task as a choice."""
    return tuple(replace(field, choices=task_kinds()) if field.key == "task" else field for field in CHAIN_FIELDS)


def _built(build: Callable[[], _T], path: tuple[str | int, ...], faults: list[Fault]) -> _T | None:
    """What a kind builds; None and a fault if a plug-in fails at it."""
    try:
        return build()
    except Exception as error:
        if not (plug_in := plug_in_of(error)):
            raise
        faults.append(Fault(path, f"the plug-in {plug_in} failed: {type(error).__name__}: {error}"))
        return None


def read_config(document: Mapping[str, Any], folder: Path | None = None) -> ChainConfig:
    """Reads a configuration from a file's tables, except [[generation]]. The seed decides what [start] leaves out.

    Args:
        folder: Where file names in the configuration are looked up.

    Raises:
        ConfigError: With every fault.
    """
    faults: list[Fault] = []
    for key in document:
        if key in OF_STUDIES:
            faults.append(Fault((key,), "makes the file a study of many chains; run it with `iicl-tui sweep`"))
        elif key not in SECTIONS:
            near = nearest(key, SECTIONS)
            faults.append(Fault((key,), f"unknown key; {f'nearest known: {near}' if near else 'known: ' + ', '.join(SECTIONS)}"))
    if document.get("format", FORMAT) != FORMAT:
        faults.append(Fault(("format",), f'expected "{FORMAT}", found {describe(document["format"])}'))
    chain = read_table(chain_fields(), table_at(document, "chain", faults), ("chain",), faults)
    task_kind = task_kinds()[chain["task"]]
    task_values = read_table(task_kind.fields, table_at(document, "task", faults), ("task",), faults)
    task = _built(lambda: task_kind.build(task_values, ("task",), faults, folder), ("chain", "task"), faults)
    if task is None:
        raise ConfigError(faults)
    agents, agent_tables = [], []
    for i, table in enumerate(_tables(document, "agent", faults) or [{"kind": "bayes"}]):
        kind = _kind(table, agent_kinds(), ("agent", i), faults, default="bayes")
        if kind is not None:
            before = len(faults)
            values = read_table(kind.fields, table, ("agent", i), faults, also=("kind",))
            agent = _built(partial(kind.build, values, task, ("agent", i), faults, folder), ("agent", i, "kind"), faults)
            if agent is not None:
                agents.append(agent)
                agent_tables.append(kind.embed(table, task, folder) if len(faults) == before else table)
    filters, embedded = [], list[Mapping[str, Any]]()
    filter_tables = _tables(document, "filter", faults)
    if len(filter_tables) > MOST_FILTERS:
        faults.append(Fault(("filter", MOST_FILTERS), f"a chain has at most {MOST_FILTERS} filters, found {len(filter_tables)}"))
    for i, table in enumerate(filter_tables[:MOST_FILTERS]):
        filter_kind = _kind(table, filter_kinds(), ("filter", i), faults)
        if filter_kind is not None:
            table = filter_kind.embed(table, ("filter", i), faults, folder)
            embedded.append(table)
            values = read_table(filter_kind.fields, table, ("filter", i), faults, also=("kind",))
            built = _built(partial(filter_kind.build, values, task, ("filter", i), faults), ("filter", i, "kind"), faults)
            if built is not None:
                filter_kind.check_agents(built, task, agents, ("filter", i), faults)
                if "created" not in document:  # a session on record has this key
                    filter_kind.check_new(built, agents, ("filter", i), faults)
                filters.append(built)
    if chain["lookback"] and any(getattr(agent, "states_nothing", False) for agent in agents):
        what = 'an agent with choose = "belief" states no rule that it could look back on: expected 0'
        faults.append(Fault(("chain", "lookback"), what))
    keep = read_keep(chain["keep"])
    start = _start(task, _seeds(chain), document, faults)
    if start is not None:
        faults += keep_faults(keep, task.samples, start.samples, chain["lookback"])
    if faults or start is None:
        raise ConfigError(faults)
    written = {key: copy.deepcopy(document[key]) for key in ("chain", "task") if document.get(key)}
    if embedded:
        written["filter"] = copy.deepcopy(embedded)
    if "task" in written:
        written["task"] = task_kind.embed(written["task"], folder)
    written["agent"] = copy.deepcopy(agent_tables)
    written["chain"] = {"title": chain["title"], "task": chain["task"], **written.get("chain", {})}
    for key in ("generations", "seed", "lookback"):
        written["chain"].setdefault(key, chain[key])
    budget = Budget(chain["budget"], chain["token-budget"])
    return ChainConfig(
        chain["title"], chain["generations"], chain["seed"], chain["lookback"], task, tuple(agents), tuple(filters), start, written,
        budget, keep, chain["description"], tuple(chain["notice"]),
    )  # fmt: skip


def _seeds(chain: Mapping[str, Any]) -> tuple[int, int]:
    """The seeds that h* and d⁰ are drawn with."""
    rule, data = (chain["seed"] if chain[key] is None else chain[key] for key in ("rule-seed", "data-seed"))
    return rule, data


def _start(task: Task, seeds: tuple[int, int], document: Mapping[str, Any], faults: list[Fault]) -> Start | None:
    given = table_at(document, "start", faults)
    before = len(faults)
    kinds: dict[str, Kind] = {"hypothesis": "any", "rival": "any", "sample": "any"}
    read_table([Field(key, kind, key, "") for key, kind in kinds.items()], given, ("start",), faults)
    if "sample" in given:
        entries = given["sample"]
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            faults.append(Fault(("start", "sample"), "expected [[start.sample]] tables"))
        else:
            for i, entry in enumerate(entries):
                read_table([Field("input", "any", "", ""), Field("output", "any", "", "")], entry, ("start", "sample", i), faults)
    if len(faults) > before:
        return None
    rule, data = (np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,))) for seed in seeds)
    if seeds[0] == seeds[1] or not task.predictive or "hypothesis" in given:  # otherwise no rule is drawn before d⁰
        return task.start(data, given, ("start",), faults)
    drawn = task.start(rule, given, ("start",), faults)
    if len(faults) > before:
        return None
    pinned = {"hypothesis": task.write_hypothesis(drawn.target)}
    if drawn.rival is not None:
        pinned["rival"] = task.write_hypothesis(drawn.rival)
    return task.start(data, {**pinned, **given}, ("start",), faults)


def _tables(document: Mapping[str, Any], key: str, faults: list[Fault]) -> list[Mapping[str, Any]]:
    value = document.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        faults.append(Fault((key,), f"expected tables [[{key}]], found {describe(value)}"))
        return []
    return value


def _kind(table: Mapping[str, Any], kinds: Mapping[str, Any], path: Any, faults: list[Fault], default: str | None = None) -> Any:
    name = table.get("kind", default)
    if isinstance(name, str) and name in kinds:
        return kinds[name]
    near = nearest(name, kinds) if isinstance(name, str) else None
    found = "nothing" if name is None else describe(name)
    hint = f"nearest: {near}" if near else "known: " + ", ".join(kinds)
    faults.append(Fault((*path, "kind"), f"found {found}; {hint}"))
    return None


_STEP = re.compile(r"([A-Za-z0-9_-]+)(?:\[(\d{1,9})\])?")


def assign(document: dict[str, Any], assignment: str) -> None:
    """Applies an assignment such as `chain.seed=7` or `agent[1].temperature=0.5` to the document.

    List indices start at 1. A value that is not valid TOML is read as a text. Raises ConfigError if it cannot be applied.
    """
    where, equals, text = assignment.partition("=")
    if not equals or not all(_steps(where)):
        raise ConfigError([Fault((), f"--set {assignment}: expected section.key=value, as chain.seed=7")])
    try:
        value = parse_toml(f"value = {text.strip()}")["value"]
    except ValueError:
        value = text.strip()
    try:
        assign_value(document, where, value)
    except ValueError as error:
        raise ConfigError([Fault((), f"--set {assignment}: {error}")]) from error


def _steps(where: str) -> list[re.Match[str] | None]:
    return [_STEP.fullmatch(step) for step in where.strip().split(".")]


def assign_value(document: dict[str, Any], where: str, value: Any) -> None:
    """Sets the value of a key such as `agent[1].temperature` in the document. Raises ValueError if there is no such place."""
    steps = _steps(where)
    here: Any = document
    for position, step in enumerate(steps):
        if step is None:
            raise ValueError("expected section.key, as chain.seed")
        name, number, last = step[1], step[2], position == len(steps) - 1
        if number is None:
            if last:
                here[name] = value
                return
            here = here.setdefault(name, [{}] if position == 0 and name in LISTS else {})
            here = here[0] if isinstance(here, list) and len(here) == 1 else here
        else:
            items, at = here.setdefault(name, []), int(number) - 1
            if not isinstance(items, list) or not 0 <= at <= len(items):
                raise ValueError(f"there is no {name}[{number}]")
            if at == len(items):
                items.append({})
            if last:
                items[at] = value
                return
            here = items[at]
        if not isinstance(here, dict):
            raise ValueError(f"{name} is no table")
