"""Reads many sessions: their measures, and the keys in which they differ."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iicl_tui.chain.engine import Chain
from iicl_tui.errors import LabError
from iicl_tui.store import errors
from iicl_tui.store.session import SUFFIX, SessionFile
from iicl_tui.study.axes import SEEDS, value_text
from iicl_tui.study.folder import MANIFEST, read_folder
from iicl_tui.study.measures import Measure, default_metrics, measures_of, metrics_of
from iicl_tui.study.study_file import ChainPlan, Study
from iicl_tui.tasks.base import Task

Array = NDArray[np.float64]
Value = int | float | str

_WORDS = ("chain.title", "chain.description", "chain.notice")
"""Keys that say something of a chain and make none."""
SOURCE = "from"
"""The key that tells files and folders apart where several are given."""


@dataclass(frozen=True, eq=False)
class ChainData:
    """One session's measures.

    Attributes:
        name: The file without its suffix.
        source: The file or folder that was named.
        path: The file.
        keys: What tells it from the others, by key.
        metrics: (T,) values by generation.
        generations: How many generations the chain is to have.
        document: Its configuration.
        initial: |d⁰|; None if it is not known.
    """

    name: str
    source: str
    path: Path
    keys: Mapping[str, Value]
    metrics: Mapping[str, Array]
    generations: int
    document: Mapping[str, Any]
    initial: int | None = None

    @property
    def complete(self) -> bool:
        """Whether it has all its generations."""
        return len(next(iter(self.metrics.values()))) >= self.generations


@dataclass(frozen=True, eq=False)
class Collection:
    """Sessions of one task.

    Attributes:
        chains: In the order of their names.
        keys: The keys in which they differ.
        seeds: Those of the keys that only repeat a condition.
        left_out: Files that are no sessions with a generation, and why.
        task: The task's name.
        metrics: The names of all metrics, those that are wanted first.
        wanted: The metrics to show.
        study: The study of the folder; None without one.
        measures: What is known of each metric.
    """

    chains: tuple[ChainData, ...]
    keys: tuple[str, ...]
    seeds: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    task: str
    metrics: tuple[str, ...]
    wanted: tuple[str, ...]
    study: Study | None
    measures: Mapping[str, Measure] = field(default_factory=dict)

    def measure(self, metric: str) -> Measure:
        """What is known of a metric."""
        return self.measures.get(metric) or Measure(metric, metric)


def collect(given: Sequence[Path]) -> Collection:
    """Reads the sessions of folders and files.

    Raises:
        LabError: There is none, or they are of several tasks.
    """
    left_out: list[tuple[str, str]] = []
    found: list[ChainData] = []
    task: Task | None = None
    studies: list[Study] = []
    for place in given:
        labels: Mapping[str, Mapping[str, Value]] = {}
        if _is_folder(place):
            there = read_folder(place)
            if there is not None:
                studies.append(there[0])
                labels = _labels(there[0])
        for path in session_files(place):
            try:
                data, chain = read_chain(path, str(place), labels.get(path.stem))
            except LabError as error:
                left_out.append((str(path), _reason(error)))
            else:
                found.append(data)
                task = task or chain.task
    if task is None:
        places = ", ".join(map(str, given))
        raise LabError(
            f"There is no session with a generation in {places}",
            "\n".join(f"{path}: {why}" for path, why in left_out[:10]),
            "Name sessions, or folders with sessions.",
        )
    _check_one_task(found)
    chains, keys = _with_keys(found, len(given) > 1)
    measures = _measures(task, chains)
    study = studies[0] if len(studies) == 1 else None
    wanted = next((each.metrics for each in studies if each.metrics), ()) or default_metrics(task)
    known = [name for name in wanted if name in measures]
    seeds = tuple(key for key in keys if key in SEEDS or (study is not None and _is_seed(study, key)))
    return Collection(tuple(chains), keys, seeds, tuple(left_out), _task(found[0]), tuple(measures), tuple(known), study, measures)


def session_files(place: Path) -> list[Path]:
    """The files of a folder that may be sessions; a file itself."""
    if not _is_folder(place):
        return [place]
    try:
        return sorted(path for path in place.glob(f"*{SUFFIX}") if path.name != MANIFEST and not path.name.startswith("."))
    except OSError as error:
        raise errors.from_os_error(error, "list", place) from error


def _is_folder(place: Path) -> bool:
    """Whether it is a folder. Raises StoreError if the system cannot say."""
    try:
        return stat.S_ISDIR(os.stat(place).st_mode)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError as error:
        raise errors.from_os_error(error, "read", place) from error


def read_chain(path: Path, source: str, labels: Mapping[str, Value] | None) -> tuple[ChainData, Chain]:
    """One session's measures, and its chain. Raises LabError, also if it has no generation."""
    with SessionFile.open(path, read_only=True) as session:
        if not session.generations:
            raise LabError("it has no generation, so it is a configuration or a session that was not begun")
        if session.damage is not None:
            raise LabError(session.damage)
        chain = Chain(session.config, session.generations, calls=session.calls)
    config = chain.config
    metrics, initial = metrics_of(chain), len(chain.start.samples)
    data = ChainData(path.stem, source, path, labels or {}, metrics, config.generations, config.document, initial)
    return data, chain


def _reason(error: LabError) -> str:
    faults = getattr(error, "faults", ())
    return str(faults[0]) if faults else error.what or error.title


def _labels(study: Study) -> dict[str, dict[str, Value]]:
    """For each chain's name what it varies, a number where it is one."""
    plans = map(study.plan, range(study.count))
    return {plan.name: labels_of(study, plan) for plan in plans}


def labels_of(study: Study, plan: ChainPlan) -> dict[str, Value]:
    """What a chain of a study varies, a number where it is one."""
    keys: dict[str, Value] = dict(plan.labels)
    for axis in study.axes:
        value = plan.values[axis.keys[0]]
        if len(axis.keys) == 1 and not axis.names and isinstance(value, (int, float)) and not isinstance(value, bool):
            keys[axis.title] = value
    return keys


def gathered(study: Study, chains: Sequence[ChainData], task: Task) -> Collection:
    """The chains of one study that were read so far."""
    measures = _measures(task, chains)
    keys = tuple(axis.title for axis in study.axes)
    wanted = tuple(name for name in study.metrics or default_metrics(task) if name in measures)
    seeds = tuple(key for key in keys if key in SEEDS or _is_seed(study, key))
    return Collection(tuple(chains), keys, seeds, (), task.name, tuple(measures), wanted, study, measures)


def _measures(task: Task, chains: Sequence[ChainData]) -> dict[str, Measure]:
    """The measures of a task's chains; of d⁰ no more can be explained than there is in any of them."""
    found, sizes = measures_of(task), [chain.initial for chain in chains]
    known = [size for size in sizes if size is not None]
    if len(known) == len(sizes):
        found["d0_explained"] = replace(found["d0_explained"], high=float(max(known)))
    return found


def _is_seed(study: Study, key: str) -> bool:
    return any(axis.title == key and axis.is_seed for axis in study.axes)


def _task(data: ChainData) -> str:
    return str(data.document["chain"]["task"])


def _check_one_task(found: Iterable[ChainData]) -> None:
    by_task: dict[str, list[str]] = {}
    for data in found:
        by_task.setdefault(_task(data), []).append(str(data.path))
    if len(by_task) > 1:
        raise LabError(
            f"These sessions are of {len(by_task)} tasks, and their measures cannot be compared",
            "\n".join(f"{task}: {len(paths)}, such as {paths[0]}" for task, paths in by_task.items()),
            "Name sessions of one task.",
        )


def _with_keys(chains: Sequence[ChainData], several: bool) -> tuple[list[ChainData], tuple[str, ...]]:
    """The chains with what tells them apart. A study says it; otherwise it is read from the configurations."""
    if chains[0].keys and all(tuple(data.keys) == tuple(chains[0].keys) for data in chains):
        keys: tuple[str, ...] = tuple(chains[0].keys)
        tables = [dict(data.keys) for data in chains]
    else:
        flat = [flat_keys(data.document) for data in chains]
        known = list(dict.fromkeys(key for each in flat for key in each))
        keys = tuple(key for key in known if key not in _WORDS and len({value_text(each.get(key, "default")) for each in flat}) > 1)
        tables = [{key: _plain(each.get(key, "default")) for key in keys} for each in flat]
    if several and len({data.source for data in chains}) > 1:
        keys = (SOURCE, *keys)
        tables = [{SOURCE: data.source, **table} for data, table in zip(chains, tables, strict=True)]
    return [replace(data, keys=table) for data, table in zip(chains, tables, strict=True)], keys


def flat_keys(document: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration as keys and values. Filters are one value; agents too, unless there is one."""
    out: dict[str, Any] = {}
    for section, value in document.items():
        if isinstance(value, Mapping):
            out |= {f"{section}.{key}": item for key, item in value.items()}
        elif isinstance(value, list) and len(value) == 1 and section == "agent":
            out |= {f"agent.{key}": item for key, item in value[0].items()}
        else:
            out[section] = value
    out.setdefault("filter", [])
    return out


def _plain(value: Any) -> Value:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else value_text(value)
