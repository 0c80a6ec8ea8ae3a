"""Reads a study: the configuration of a chain, and in [vary] what differs between the study's chains. All faults at once."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any
from zlib import crc32

from iicl_tui.chain.config import ChainConfig, assign, assign_value, read_config
from iicl_tui.errors import ConfigError, Fault
from iicl_tui.files import at_home
from iicl_tui.schema import Field, describe, nearest, read_table
from iicl_tui.store import toml_lines
from iicl_tui.store.presets import summary
from iicl_tui.store.session import SUFFIX
from iicl_tui.study.axes import Axis, is_range, read_values
from iicl_tui.study.measures import measures_of

MOST_UNASKED = 10_000
"""Chains that a study may have before the person is asked."""
_MOST_CHECKED = 400
"""Conditions whose every combination is checked; of more, each value is checked once."""
_LONGEST_NAME = 180
_WRITTEN = ("created", "parent", "generation")
_TABLES = re.compile(r"^\s*\[{1,2}\s*(?:vary|study)\s*[\].]|^\s*(?:vary|study)\s*[.=]", re.MULTILINE)

STUDY_FIELDS = (
    Field("title", "str", "title", "What the study is called.", None),
    Field("metrics", "strings", "metrics", "The metrics that comparison and report show first.", ()),
    Field("budget", "float", "budget, US dollars", "What the calls of all chains may cost together.", None, low=0),
    Field("token-budget", "int", "budget, tokens", "The same in tokens.", None, low=0),
    Field("requests-per-minute", "any", "requests a minute", "For each provider; or a table with a number for each.", None),
    Field("tokens-per-minute", "any", "tokens a minute", "For each provider; or a table with a number for each.", None),
)
"""The [study] table."""


@dataclass(frozen=True)
class ChainPlan:
    """One chain of a study.

    Attributes:
        index: Its place in the study, from 0.
        name: The name of its file, without the suffix.
        values: The varied keys and their values.
        labels: For each axis its step in a word or two.
    """

    index: int
    name: str
    values: Mapping[str, Any]
    labels: Mapping[str, str]

    @property
    def file(self) -> str:
        """The name of its file."""
        return self.name + SUFFIX


@dataclass(frozen=True)
class Study:
    """A checked study.

    Attributes:
        title: What it is called.
        text: The file's text, with whatever the command line added.
        base: The configuration that all chains share.
        axes: What differs; the last one changes fastest.
        options: The values of [study].
        folder: Where file names in the configuration are looked up.
        home: The folder that files may be in, if that is another one.
    """

    title: str
    text: str
    base: Mapping[str, Any]
    axes: tuple[Axis, ...]
    options: Mapping[str, Any]
    folder: Path | None
    home: Path | None = None

    @cached_property
    def count(self) -> int:
        """How many chains it has."""
        return prod(map(len, self.axes))

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that are wanted first; () for a choice of the program."""
        return tuple(self.options["metrics"])

    def steps(self, index: int) -> list[int]:
        """For each axis the step of one chain."""
        out = []
        for axis in reversed(self.axes):
            index, step = divmod(index, len(axis))
            out.append(step)
        return out[::-1]

    def index(self, steps: Sequence[int]) -> int:
        """The chain with these steps of the axes; the inverse of `steps`."""
        found = 0
        for axis, step in zip(self.axes, steps, strict=True):
            found = found * len(axis) + step
        return found

    def plan(self, index: int) -> ChainPlan:
        """The chain of this index."""
        pairs = list(zip(self.axes, self.steps(index), strict=True))
        values = {key: value for axis, step in pairs for key, value in axis.values(step).items()}
        name = "_".join(axis.part(step) for axis, step in pairs) or "chain"
        if len(name.encode()) > _LONGEST_NAME:
            name = f"{name.encode()[:_LONGEST_NAME].decode(errors='ignore')}_{crc32(name.encode()):08x}"
        return ChainPlan(index, name, values, {axis.title: axis.label(step) for axis, step in pairs})

    def document(self, plan: ChainPlan) -> dict[str, Any]:
        """The configuration of one chain. Raises ValueError for a key that has no place."""
        document = copy.deepcopy(dict(self.base))
        for key, value in plan.values.items():
            assign_value(document, key, copy.deepcopy(value))
        if plan.labels and "chain.title" not in plan.values:
            chain = document.setdefault("chain", {})
            words = [
                label if axis.names else f"{axis.title.rpartition('.')[2]} {label}"
                for axis, label in zip(self.axes, plan.labels.values(), strict=True)
            ]
            chain["title"] = " · ".join((str(chain.get("title", self.title)), *words))[:300]
        return document

    def config(self, plan: ChainPlan) -> ChainConfig:
        """The checked configuration of one chain. Raises ConfigError."""
        with at_home(self.home):
            return read_config(self.document(plan), self.folder)


def read_study(
    text: str,
    source: str,
    folder: Path | None,
    changes: Sequence[str] = (),
    varied: Sequence[str] = (),
    *,
    home: Path | None = None,
    with_chains: bool = True,
) -> Study:
    """Reads a study, or makes one of a configuration.

    Args:
        text: The file's text.
        source: What the file is called in messages.
        folder: Where file names in it are looked up.
        changes: Assignments such as "chain.generations=12". One to a range, such as "chain.seed=1..20", varies the key.
        varied: Assignments of lists or ranges, such as 'task.bias=["none", "high"]', that vary the key.
        home: The folder that files may be in, if it is not `folder`.
        with_chains: Whether the chains' configurations are checked, for which the files that they name are read.

    Raises:
        ConfigError: With every fault, each with its line.
    """
    document = copy.deepcopy(toml_lines.parse(text, source))
    faults: list[Fault] = []
    if "generation" in document:
        raise ConfigError([Fault(("generation",), "this is a session with generations, not a study")], source)
    for key in ("created", "parent"):
        document.pop(key, None)
    axes = _axes(document.pop("vary", {}), faults)
    options = read_table(STUDY_FIELDS, _table(document.pop("study", {}), ("study",), faults), ("study",), faults)
    for change in changes:
        key, _, value = change.partition("=")
        if is_range(value):
            _replace(axes, _given(key.strip(), value.strip().strip('"'), faults), faults)
        else:
            axes[:] = [axis for axis in axes if key.strip() not in axis.keys]
            assign(document, change)
    for change in varied:
        holder: dict[str, Any] = {}
        assign(holder, f"values={change.partition('=')[2]}")
        _replace(axes, _given(change.partition("=")[0].strip(), holder["values"], faults), faults)
    faults += [Fault((key,), "cannot be set; the program writes it") for key in _WRITTEN if key in document]
    _limits(options, faults)
    title = options["title"] or str(_table(document.get("chain", {}), ("chain",), []).get("title", source))
    study = Study(title, text, document, tuple(axes), options, folder, home)
    _check_names(study, faults)
    if with_chains:
        _check_chains(study, faults)
    if faults:
        raise ConfigError(_with_lines(faults, text, axes), source)
    return study


def is_study(text: str) -> bool:
    """Whether a file's text, valid or not, is that of a study and no chain's: it has [vary] or [study]."""
    return "\n[[generation]]" not in text and _TABLES.search(text) is not None


def headline(study: Study) -> str:
    """The first paragraph of the comment at the start of the file."""
    return summary(study.text).partition("\n\n")[0]


def _given(key: str, value: Any, faults: list[Fault]) -> Axis | None:
    """An axis from the command line."""
    try:
        return Axis((key,), (read_values(value),))
    except ValueError as error:
        faults.append(Fault((), f"{key}: {error}"))
        return None


def _replace(axes: list[Axis], axis: Axis | None, faults: list[Fault]) -> None:
    """Adds an axis; it takes the place of one that varies the same key alone."""
    if axis is None:
        return
    for place, old in enumerate(axes):
        if old.keys == axis.keys:
            axes[place] = axis
            return
        if axis.keys[0] in old.keys:
            faults.append(Fault((), f"{axis.keys[0]} is varied in step with others in [[vary.together]]; change it there"))
            return
    axes.append(axis)


def _table(value: Any, path: tuple[str | int, ...], faults: list[Fault]) -> Mapping[str, Any]:
    if isinstance(value, dict):
        return value
    faults.append(Fault(path, f"expected a table [{path[0]}], found {describe(value)}"))
    return {}


def _axes(vary: Any, faults: list[Fault]) -> list[Axis]:
    table = dict(_table(vary, ("vary",), faults))
    together = table.pop("together", [])
    names = dict(_flat(_table(table.pop("names", {}), ("vary", "names"), faults)))
    axes = []
    for path, given in _flat_paths(table, ("vary",)):
        key = ".".join(map(str, path[1:]))
        try:
            axis = Axis((key,), (read_values(given),), path=path)
        except ValueError as error:
            faults.append(Fault(path, str(error)))
            continue
        axes.append(_named(axis, names.pop(key, ()), ("vary", "names", key), faults))
    for key in names:
        near = nearest(key, [axis.keys[0] for axis in axes])
        hint = f"; nearest varied: {near}" if near else ""
        faults.append(Fault(("vary", "names", key), f"names the steps of a key that is not varied{hint}"))
    if not isinstance(together, list) or not all(isinstance(each, dict) for each in together):
        faults.append(Fault(("vary", "together"), f"expected tables [[vary.together]], found {describe(together)}"))
        together = []
    for place, each in enumerate(together):
        if (in_step := _in_step(dict(each), ("vary", "together", place), faults)) is not None:
            axes.append(in_step)
    seen: dict[str, Axis] = {}
    for axis in axes:
        for key in axis.keys:
            if key in seen:
                faults.append(Fault(axis.path, f"{key} is varied twice"))
            seen[key] = axis
    return axes


def _in_step(table: dict[str, Any], path: tuple[str | int, ...], faults: list[Fault]) -> Axis | None:
    names, name = table.pop("names", ()), table.pop("name", "")
    if not isinstance(name, str):
        faults.append(Fault((*path, "name"), f"expected a text in quotes, found {describe(name)}"))
        name = ""
    keys, columns = [], []
    for where, given in _flat_paths(table, path):
        try:
            columns.append(read_values(given))
            keys.append(".".join(map(str, where[len(path) :])))
        except ValueError as error:
            faults.append(Fault(where, str(error)))
    if not keys:
        faults.append(Fault(path, "names no key to vary"))
        return None
    lengths = {key: len(column) for key, column in zip(keys, columns, strict=True)}
    if len(set(lengths.values())) > 1:
        counts = ", ".join(f"{key} {count}" for key, count in lengths.items())
        faults.append(Fault(path, f"keys in step need equally many values, found {counts}"))
        return None
    return _named(Axis(tuple(keys), tuple(columns), name, path=path), names, (*path, "names"), faults)


def _named(axis: Axis, names: Any, path: tuple[str | int, ...], faults: list[Fault]) -> Axis:
    if not names:
        return axis
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        faults.append(Fault(path, f"expected a list of texts, found {describe(names)}"))
    elif len(names) != len(axis):
        faults.append(Fault(path, f"expected {len(axis)} names, one for each value of {axis.keys[0]}, found {len(names)}"))
    else:
        return replace(axis, names=tuple(names))
    return axis


def _flat_paths(table: Mapping[str, Any], path: tuple[str | int, ...]) -> list[tuple[tuple[str | int, ...], Any]]:
    """The values with their paths. A key without quotes, as chain.seed, is a table within a table."""
    out: list[tuple[tuple[str | int, ...], Any]] = []
    for key, value in table.items():
        out += _flat_paths(value, (*path, key)) if isinstance(value, dict) else [((*path, key), value)]
    return out


def _flat(table: Mapping[str, Any]) -> dict[str, Any]:
    return {".".join(map(str, path)): value for path, value in _flat_paths(table, ())}


def _limits(options: Mapping[str, Any], faults: list[Fault]) -> None:
    for key in ("requests-per-minute", "tokens-per-minute"):
        given = options[key]
        numbers = list(given.values()) if isinstance(given, dict) else [] if given is None else [given]
        if not all(isinstance(one, (int, float)) and not isinstance(one, bool) and one > 0 for one in numbers):
            faults.append(Fault(("study", key), "expected a number above 0, or a table with one for each kind of agent"))


def _check_names(study: Study, faults: list[Fault]) -> None:
    for axis in study.axes:
        for first, second in axis.clashes():
            how = "give the steps different names"
            what = f'"{first}" and "{second}" would write one file' if first != second else f'"{first}" is there twice'
            faults.append(Fault(axis.path, f"{what}; {how}" if first != second else what))
    titles = [axis.title for axis in study.axes]
    twice = {title for title in titles if titles.count(title) > 1}
    faults += [Fault(("vary",), f'two axes are called "{title}"; give one a name of its own') for title in twice]


def _check_chains(study: Study, faults: list[Fault]) -> None:
    """Reads the configuration of each condition, with the first of all seeds."""
    free = [0 if axis.is_seed else len(axis) for axis in study.axes]
    combinations = prod(max(size, 1) for size in free)
    if combinations <= _MOST_CHECKED:
        chosen = [[0] * len(free)]
        for place, size in enumerate(free):
            chosen = [[*steps[:place], step, *steps[place + 1 :]] for steps in chosen for step in range(max(size, 1))]
    else:
        chosen = [
            [step if place == at else 0 for at in range(len(free))]
            for place, size in enumerate(free)
            for step in range(min(size, 1000))
        ]
    found: dict[tuple[Any, ...], Fault] = {}
    first: ChainConfig | None = None
    for steps in chosen:
        plan = study.plan(study.index(steps))
        try:
            config = study.config(plan)
        except ConfigError as error:
            for fault in error.faults:
                found.setdefault((fault.path, fault.message), fault)
            continue
        except ValueError as error:
            found.setdefault(("", str(error)), Fault(("vary",), str(error)))
            continue
        first = first or config
        if config.asks_at("hypothesis") or config.asks_at("samples"):
            what = "asks a person, and a study runs without one; take this filter out"
            found.setdefault(("filter", what), Fault(("filter",), what))
    faults += found.values()
    if first is not None:
        known = tuple(measures_of(first.task))
        for metric in study.metrics:
            if metric not in known:
                near = nearest(metric, known)
                hint = f"nearest known: {near}" if near else "known: " + ", ".join(known)
                faults.append(Fault(("study", "metrics"), f"unknown metric {describe(metric)}; {hint}"))


def _with_lines(faults: Sequence[Fault], text: str, axes: Sequence[Axis]) -> list[Fault]:
    """The faults with their lines. One about a varied key is at the line that varies it."""
    out = []
    for fault in faults:
        path = fault.path
        if path and path[0] not in ("vary", "study"):
            plain = fault.key.replace("[1]", "")
            for axis in axes:
                keys = [key.replace("[1]", "") for key in axis.keys]
                if any(plain == key or plain.startswith((f"{key}.", f"{key}[")) or key.startswith(f"{plain}.") for key in keys):
                    out.append(Fault(fault.path, fault.message, toml_lines.line_of(text, axis.path) if axis.path else None))
                    break
            else:
                out.append(replace(fault, line=fault.line or toml_lines.line_of(text, path)))
        else:
            out.append(replace(fault, line=fault.line or (toml_lines.line_of(text, path) if path else None)))
    return sorted(out, key=lambda fault: fault.line or 0)
