"""The library behind `import iicl_tui`: read a configuration, run a chain, and get its beliefs as arrays.

What `iicl_tui.__all__` names is a promise; everything else may move from one version to the next.
"""

from __future__ import annotations

import asyncio
import copy
import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iicl_tui.agents.calls import Call
from iicl_tui.chain import metrics
from iicl_tui.chain.config import ChainConfig as ChainConfig
from iicl_tui.chain.config import assign
from iicl_tui.chain.config import read_config as config_from_document
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.history import Status
from iicl_tui.chain.metrics import Measures as Measures
from iicl_tui.chain.metrics import Outcome as Outcome
from iicl_tui.chain.records import Generation
from iicl_tui.errors import ConfigError as ConfigError
from iicl_tui.errors import Fault
from iicl_tui.errors import LabError as LabError
from iicl_tui.files import OutsideFiles, outside_files
from iicl_tui.filters.base import Decider
from iicl_tui.present.sources import read_decisions, read_source, with_lines
from iicl_tui.store import toml_lines, toml_text
from iicl_tui.store.format import start_table
from iicl_tui.store.presets import Preset as Preset
from iicl_tui.store.presets import presets as presets
from iicl_tui.store.session import SessionFile
from iicl_tui.study.theory.ensemble import Ensemble as Ensemble
from iicl_tui.study.theory.ensemble import simulate
from iicl_tui.study.theory.prediction import CHAINS
from iicl_tui.study.theory.prediction import Prediction as Prediction
from iicl_tui.study.theory.prediction import predict as predict_config
from iicl_tui.tasks.base import Example

Source = str | os.PathLike[str] | Mapping[str, Any] | ChainConfig
"""A preset's name, the path of a TOML file, the tables of one, or a configuration that was read before."""


class Session:
    """One chain, and the file that it is kept in, if any. Close it, or use it as a context manager.

    Arrays have one row for each generation that has begun, t = 1 … T. T grows while the chain runs.
    """

    def __init__(self, config: ChainConfig, file: SessionFile | None = None) -> None:
        self._file = file
        if file is None:
            self._chain = Chain(config)
        else:
            self._chain = Chain(config, file.generations, None if file.read_only else file, calls=file.calls)

    @property
    def config(self) -> ChainConfig:
        """The configuration, checked."""
        return self._chain.config

    @property
    def path(self) -> Path | None:
        """The session's file; None if the chain is in memory only."""
        return None if self._file is None else self._file.path

    @property
    def status(self) -> Status:
        """new, under way, waiting for review, stuck or finished."""
        return self._chain.status

    @property
    def generations(self) -> Sequence[Generation]:
        """One record for each generation that has begun; the last one may be incomplete."""
        return self._chain.generations

    @property
    def calls(self) -> Sequence[Call]:
        """All calls to language models, in the order in which they were made."""
        return self._chain.calls

    @cached_property
    def rules(self) -> tuple[str, ...]:
        """(H,): every hypothesis in words, in the order of the columns of `beliefs`."""
        return tuple(self._chain.task.rule(hypothesis) for hypothesis in range(self._chain.task.space.size))

    @property
    def target(self) -> int:
        """h*: the true rule, as an index into `rules`."""
        return self._chain.start.target

    @property
    def hypotheses(self) -> NDArray[np.int64]:
        """(T,): hᵗ, the hypothesis that each generation passed on, as an index into `rules`."""
        return np.array([generation.hypothesis for generation in self.generations], dtype=np.int64)

    @property
    def beliefs(self) -> NDArray[np.float64]:
        """(T, H): P(h | d) of each generation's agent after its imitation. A row of NaN where the belief is not known."""
        out = np.full((len(self.generations), self._chain.task.space.size), np.nan)
        for row, belief in zip(out, self._chain.beliefs(1, len(out)), strict=True):
            if belief is not None:
                row[:] = np.exp(belief.log_p)
        return out

    def data(self, generation: int) -> tuple[Example, ...]:
        """dᵗ: the examples that a generation passed on; d⁰ for 0. Raises IndexError where there is no such generation."""
        if not 0 <= generation <= len(self.generations):
            raise IndexError(f"there is no generation {generation}; the chain is at {len(self.generations)}")
        return self._chain.data(generation)

    @property
    def measures(self) -> Measures:
        """Entropy, P(h*), marginals and other measures, one row for each generation."""
        return metrics.measure(self._chain)

    @property
    def outcome(self) -> Outcome | None:
        """The state of the chain in a few numbers; None for a new chain."""
        return metrics.outcome(self._chain)

    def run(self, until: int | None = None, *, decider: Decider | None = None) -> None:
        """Runs the chain. For scripts; in Jupyter use `await session.run_async()`.

        Args:
            until: The last generation to run; None for all of them.
            decider: Answers for the human filter; None keeps the one given before.

        Raises:
            LabError: When the chain stops before that; what happened until then is in `generations` and in the file.
        """
        _refuse_running_loop("await session.run_async()")
        asyncio.run(self.run_async(until, decider=decider))

    async def run_async(self, until: int | None = None, *, decider: Decider | None = None) -> None:
        """The same as `run`, for code that runs in an event loop, as Jupyter's cells do."""
        if self._file is not None and self._file.read_only:
            raise LabError("The session is open for reading only", self._file.read_only, "Use open_session(path, writable=True).")
        if until is not None and (isinstance(until, bool) or not isinstance(until, int)):
            raise LabError(f"until takes the number of a generation, found {_kind_of(until)}")
        if decider is not None:
            self._chain.decider = decider
        try:
            await self._chain.run(until)
        finally:
            await self._chain.close()

    def close(self) -> None:
        """Closes the file and releases its lock. The data in memory stay."""
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        where = f"{self.path.name}, " if self.path is not None else ""
        return f"<Session {where}{self.config.title!r}, {self.status} at generation {len(self.generations)}>"


def read_config(source: Source, changes: Mapping[str, Any] | None = None, *, outside: bool = False) -> ChainConfig:
    """A checked configuration.

    Args:
        source: A preset's name, the path of a TOML file, the tables of one as a dict, or a configuration.
        changes: Values by their key, such as {"chain.seed": 7, "agent[1].temperature": 0.5}. They replace the source's. A
            configuration that was read before keeps its d⁰, whatever the seed.
        outside: Whether a TOML file may name files outside its folder.

    Raises:
        ConfigError: Every fault at once.
        LabError: There is no such preset or file.
    """
    changes = _checked_changes(changes)
    if isinstance(source, ChainConfig) and not changes:
        return source
    document, text, name, folder = _document(source)
    for key, value in changes.items():
        try:
            written = toml_text.value(_plain(value))
        except TypeError as error:
            raise ConfigError([Fault((), f"{key}: {type(value).__name__} is no value of a TOML file")], name) from error
        assign(document, f"{key}={written}")
    try:
        with outside_files(OutsideFiles(outside)):
            return config_from_document(document, folder)
    except ConfigError as error:
        raise with_lines(error, text, name, list(changes)) from None


def run(
    source: Source,
    changes: Mapping[str, Any] | None = None,
    *,
    path: str | os.PathLike[str] | None = None,
    decisions: str | os.PathLike[str] | None = None,
) -> Session:
    """Runs a new chain to its end. For scripts; in Jupyter use `await run_async(…)`.

    Args:
        source: As for `read_config`.
        changes: As for `read_config`.
        path: The session file to write, or a folder; None keeps the chain in memory. A chain with language models needs one, so
            that no paid reply is lost.
        decisions: A file with a human filter's decisions, in the form of a session file.

    Raises:
        LabError: The source is faulty, or the chain stopped before its end. With a path, `open_session(path, writable=True)`
            continues it.
    """
    _refuse_running_loop("await iicl_tui.run_async(…)")
    return asyncio.run(run_async(source, changes, path=path, decisions=decisions))


async def run_async(
    source: Source,
    changes: Mapping[str, Any] | None = None,
    *,
    path: str | os.PathLike[str] | None = None,
    decisions: str | os.PathLike[str] | None = None,
) -> Session:
    """The same as `run`, for code that runs in an event loop, as Jupyter's cells do."""
    config = read_config(source, changes)
    if path is None and not all(agent.exact for agent in config.agents):
        raise LabError(
            "This chain needs a file",
            "It asks language models, and a chain in memory would lose paid replies if it stopped.",
            'Give the file to write, as path="session.toml".',
        )
    decider = None
    if decisions is not None:
        decider = read_decisions(_file(decisions, "decisions"), config.task)
    session = Session(config, None if path is None else SessionFile.create(config, _file(path, "path")))
    try:
        await session.run_async(decider=decider)
    except BaseException:
        session.close()
        raise
    return session


def open_session(path: str | os.PathLike[str], *, writable: bool = False) -> Session:
    """The session of a file.

    Args:
        path: A session file.
        writable: Take the file's lock, so that `Session.run` can go on with the chain.

    Raises:
        LabError: The file cannot be read, or is no session.
    """
    file = SessionFile.open(_file(path, "open_session"), read_only=not writable)
    return Session(file.config, file)


def ensemble(
    source: Source,
    changes: Mapping[str, Any] | None = None,
    *,
    chains: int = 1000,
    generations: int | None = None,
    seed: int | None = None,
    beliefs: bool = False,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Ensemble:
    """Many chains of Bayesian agents at once, all from the same d⁰, by the law of `run` but with other random numbers.

    Args:
        source: As for `read_config`.
        changes: As for `read_config`.
        chains: N.
        generations: T; None: the configuration's.
        seed: Of the chains; None: the configuration's.
        beliefs: Also compute the mean belief of each generation and its entropy.
        progress: Called after each generation with how many are done, and T.
        cancelled: Asked again and again. If true, the generations that are done are returned.

    Raises:
        LabError: The source is faulty, or its chain has an agent or a filter whose law is not known.
    """
    return simulate(
        read_config(source, changes),
        chains,
        generations=generations,
        seed=seed,
        beliefs=beliefs,
        progress=progress,
        cancelled=cancelled,
    )


def predict(
    source: Source,
    changes: Mapping[str, Any] | None = None,
    *,
    generations: int | None = None,
    chains: int = CHAINS,
    exact: bool | None = None,
    progress: Callable[[float], None] | None = None,
) -> Prediction:
    """What theory says of a chain of Bayesian agents: exactly where that is possible, else by simulation.

    Args:
        source: As for `read_config`.
        changes: As for `read_config`.
        generations: T; None: the configuration's.
        chains: How many chains are simulated where nothing is exact.
        exact: True: never simulate. False: always do.
        progress: Called now and then with the share that is done.

    Raises:
        LabError: The source is faulty, its chain has an agent or a filter whose law is not known, or nothing exact is possible.
    """
    return predict_config(read_config(source, changes), generations, chains=chains, exact=exact, progress=progress)


def measure(session: Session) -> Measures:
    """The measures of a session: `session.measures`."""
    return session.measures


def _document(source: Source) -> tuple[dict[str, Any], str, str, Path | None]:
    """The tables, their text, its name for errors, and the folder for file names in it."""
    if isinstance(source, ChainConfig):
        tables = {**source.document, "start": start_table(source.task, source.start)}
        return copy.deepcopy(tables), "", "The configuration", None
    if isinstance(source, Mapping):
        return _plain(source), "", "The configuration", None
    if not isinstance(source, (str, os.PathLike)):
        what = "a preset's name, the path of a TOML file, the tables of one as a dict, or a configuration"
        raise ConfigError([Fault((), f"expected {what}, found {_kind_of(source)}")], "The source")
    text, name, folder = read_source(os.fspath(source))
    return toml_lines.parse(text, name), text, name, folder


def _file(value: Any, what: str) -> Path:
    """The path that an argument gives. Raises LabError for anything else."""
    if not isinstance(value, (str, os.PathLike)):
        raise LabError(f"{what} takes the path of a file, found {_kind_of(value)}")
    return Path(value)


def _kind_of(value: Any) -> str:
    return "nothing" if value is None else f"a value of type {type(value).__name__}"


def _checked_changes(changes: Any) -> Mapping[str, Any]:
    if changes is None:
        return {}
    if not isinstance(changes, Mapping) or not all(isinstance(key, str) for key in changes):
        raise ConfigError([Fault((), 'expected a dict of values by key, as {"chain.seed": 7}')], "The changes")
    return changes


def _plain(value: Any) -> Any:
    """A copy of the value, with numpy's scalars and arrays as Python's own numbers and lists. Raises ConfigError."""
    if isinstance(value, Mapping):
        if odd := [key for key in value if not isinstance(key, str)]:
            raise ConfigError([Fault((), f"the keys of a table are texts, found {_kind_of(odd[0])}")], "The configuration")
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    return value


def _refuse_running_loop(instead: str) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError(f"An event loop is running already, as in Jupyter. Use `{instead}`.")
