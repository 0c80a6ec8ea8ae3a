"""One session in the lab: its chain, its file, and its measures."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from iicl_tui.chain.bayes_check import BayesCheck, check_models
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.metrics import BLOCK, Measures, measure, remeasure
from iicl_tui.chain.records import in_order
from iicl_tui.charts.film import film_totals
from iicl_tui.charts.view import Group, groups_of
from iicl_tui.errors import StoreError
from iicl_tui.filters.base import Decider
from iicl_tui.present.lab_state import Saving
from iicl_tui.store.paths import shipped
from iicl_tui.store.session import SessionFile


class LabSession:
    """A chain, its file and its measures. Without a file, the chain is in memory only."""

    def __init__(self, chain: Chain, file: SessionFile | None = None) -> None:
        self.chain = chain
        self.file = file
        self.trouble: StoreError | None = None
        """Why the last record could not be saved; None if everything is saved."""
        self.measures: Measures = measure(chain)
        self._fit_totals: NDArray[np.float64] | None = None
        self._checks: tuple[int, tuple[BayesCheck, ...]] = 0, ()

    @classmethod
    def open(cls, path: Path) -> LabSession:
        """The session of a file. Raises StoreError, ConfigError."""
        return cls.from_file(SessionFile.open(path))

    @classmethod
    def from_file(cls, file: SessionFile) -> LabSession:
        """The session of an open file."""
        return cls(Chain(file.config, file.generations, file, calls=file.calls), file)

    @property
    def decider(self) -> Decider | None:
        """Who is asked by the human filter."""
        return self.chain.decider

    @decider.setter
    def decider(self, decider: Decider | None) -> None:
        self.chain.decider = decider

    @property
    def read_only(self) -> str | None:
        """Why the chain cannot be stepped here, or None."""
        return None if self.file is None else self.file.read_only

    @property
    def saving(self) -> Saving:
        """Whether every record is saved."""
        if self.chain.unsaved:
            return Saving("unsaved", f"{self.trouble.title}." if self.trouble is not None else "")
        if self.file is None:
            return Saving("memory")
        return Saving("saved") if self.read_only is None else Saving("read-only", self.read_only)

    def refresh(self) -> None:
        """Updates the measures after a step. Computes only the new rows."""
        self.measures = remeasure(self.measures, self.chain)

    @property
    def checks(self) -> tuple[BayesCheck, ...]:
        """The beliefs of models that were asked for their priors, beside Bayes' rule."""
        last = len(self.chain.generations)
        if self._checks[0] != last:
            self._checks = last, check_models(self.chain)
        return self._checks[1]

    @cached_property
    def explained(self) -> NDArray[np.int64]:
        """(H,): how many of d⁰ each hypothesis explains."""
        return self.chain.task.explained(self.chain.start.samples)

    @property
    def compared_examples(self) -> int:
        """Number of d⁰ examples that tell hypotheses apart: |d⁰|, or 0 if all hypotheses explain the same ones."""
        return len(self.chain.start.samples) if self.chain.task.predictive else 0

    @cached_property
    def fit_groups(self) -> tuple[Group, ...]:
        """The hypotheses by the number of d⁰ examples explained."""
        return groups_of(self.chain.task.space, None, self.explained, len(self.chain.start.samples))

    def group_probabilities(self, by: int | None) -> NDArray[np.float64]:
        """(T, groups): the probability of each group of hypotheses in each generation; NaN where no belief is known."""
        if by is not None:
            return self.measures.marginals[by]
        known = self._fit_totals if self._fit_totals is not None else np.empty((0, len(self.fit_groups)))
        last = len(self.measures)
        keep = min(max(len(known) - 1, 0), last)
        parts = [known[:keep]]
        for first in range(keep + 1, last + 1, BLOCK):
            beliefs = self.chain.beliefs(first, min(first + BLOCK - 1, last))
            rows = [belief.log_p if belief is not None else None for belief in beliefs]
            parts.append(film_totals(self.fit_groups, self.chain.task.space, rows))
        self._fit_totals = np.concatenate(parts)
        return self._fit_totals

    # -- files --------------------------------------------------------------------------------------------------------

    def output_folder(self, fallback: Path) -> Path:
        """The folder for a branch or a copy: this file's, or `fallback` if that is read-only or belongs to the program."""
        if self.file is None:
            return fallback
        folder = self.file.path.parent
        ours = [shipped("sessions")] if _has_shipped() else []
        if not os.access(folder, os.W_OK) or any(folder.resolve() == each.resolve() for each in ours):
            return fallback
        return folder

    def branch(self, generation: int, folder: Path, seed: int, generations: int, more: Sequence[str] = ()) -> SessionFile:
        """A new session with generations 1 … generation of this one. more: further assignments. Raises LabError."""
        config = self.chain.config
        changes = [f"chain.generations={generations}"] if generations != config.generations else []
        changes += more
        changed_seed = seed if seed != config.seed else None
        if self.file is None:
            raise StoreError("This chain has no file", "Only a saved session can be branched.", "Save a copy first.")
        folder.mkdir(parents=True, exist_ok=True)
        return self.file.branch(generation, folder, seed=changed_seed, changes=changes)

    def started(self, folder: Path) -> LabSession:
        """A new session in the folder, with this configuration and its start. Raises StoreError."""
        new = LabSession.from_file(SessionFile.create(self.chain.config, folder))
        new.chain.access = self.chain.access
        return new

    def save_copy(self, path: Path) -> bool:
        """Saves all records in another file. Never overwrites.

        Returns:
            Whether the session continues in the copy, because it cannot in its own file.

        Raises:
            StoreError: The copy could not be written.
        """
        keeps = self.file is not None and self.read_only is None and not self.chain.unsaved
        if self.file is None:
            copy = SessionFile.create(self.chain.config, path)
            for record in in_order(self.chain.generations, self.chain.recorded_calls):
                if not any(record is waiting for waiting in self.chain.unsaved):
                    copy.append(record)
        else:
            self.file.save_copy(path)
            if keeps:
                return False
            copy = SessionFile.open(path)
        self._continue_in(copy)
        return True

    def _continue_in(self, copy: SessionFile) -> None:
        old, self.file = self.file, copy
        self.chain.sink = copy
        if old is not None:
            old.close()
        self.flush()

    def flush(self) -> None:
        """Saves the records that could not be saved before. Raises StoreError."""
        try:
            self.chain.flush()
        except StoreError as error:
            self.trouble = error
            raise
        self.trouble = None

    def close(self) -> None:
        """Closes the file and releases its lock."""
        if self.file is not None:
            self.file.close()


def _has_shipped() -> bool:
    try:
        return shipped("sessions").is_dir()
    except FileNotFoundError:
        return False
