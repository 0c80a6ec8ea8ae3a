"""Runs the chains of a study: exact ones on several processes or a Dask cluster, those of language models in one event loop."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from iicl_tui.agents.retry import duration_text
from iicl_tui.errors import LabError
from iicl_tui.study.chain_job import Job, Outcome, State, failure, run_job
from iicl_tui.study.folder import SweepFolder
from iicl_tui.study.study_file import Study

_WINDOW = 8
"""Chains that wait for each process, so that none is idle and the memory does not grow with the study."""
_MOST_TOLD = 5
_CONNECT = 10.0
"""Seconds to wait for a Dask scheduler."""


@dataclass(frozen=True)
class Shard:
    """Part `number` of `count`, counted from 1: every count-th chain."""

    number: int = 1
    count: int = 1

    def indices(self, total: int) -> range:
        """The chains of this part."""
        return range(self.number - 1, total, self.count)

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Reads "2/8". Raises LabError."""
        first, _, second = text.partition("/")
        if not (first.isdecimal() and second.isdecimal() and 1 <= int(first) <= int(second)):
            raise LabError("--shard takes i/n with i from 1 to n, as 2/8")
        return cls(int(first), int(second))


@dataclass
class Progress:
    """How far a sweep is.

    Attributes:
        total: Chains of this part of the study.
        counts: How many chains ended in which way.
        told: The first failures with their messages.
        spent: What was spent in US dollars; None if no model is called.
        show: Called after each chain.
    """

    total: int
    show: Callable[[Progress], None] = lambda progress: None
    counts: dict[State, int] = field(default_factory=dict)
    told: list[Outcome] = field(default_factory=list)
    spent: float | None = None
    begun: float = field(default_factory=time.monotonic)

    def note(self, outcome: Outcome) -> None:
        """Counts one more chain."""
        self.counts[outcome.state] = self.counts.get(outcome.state, 0) + 1
        if outcome.state == "failed" and len(self.told) < _MOST_TOLD:
            self.told.append(outcome)
        self.show(self)

    @property
    def ended(self) -> int:
        """Chains that ended in any way."""
        return sum(self.counts.values())

    @property
    def failed(self) -> int:
        """Chains that failed now or before."""
        return self.counts.get("failed", 0) + self.counts.get("skipped", 0)

    @property
    def line(self) -> str:
        """done, failed, money and time left on one line."""
        from iicl_tui.agents.money import money_text

        done = self.counts.get("done", 0) + self.counts.get("stuck", 0)
        words = [f"{done:,} of {self.total:,} chains done"]
        if stuck := self.counts.get("stuck"):
            words.append(f"{stuck:,} of them stuck")
        if self.failed:
            words.append(f"{self.failed:,} failed")
        if self.spent is not None:
            words.append(money_text(self.spent))
        if self.seconds_left is not None:
            words.append(f"{duration_text(self.seconds_left)} left")
        return " · ".join(words)

    @property
    def seconds_left(self) -> float | None:
        """How long the rest will take if it goes on like this; None if that is not known."""
        seconds = time.monotonic() - self.begun
        return seconds / self.ended * (self.total - self.ended) if 0 < self.ended < self.total and seconds > 1 else None


def jobs(study: Study, folder: SweepFolder, shard: Shard, outside: bool, retry: bool) -> Iterator[Job]:
    """The chains of one part of a study, made one by one."""
    for index in shard.indices(study.count):
        plan = study.plan(index)
        yield Job(plan.name, study.document(plan), study.folder, folder, outside, study.home, retry)


def run_exact(work: Iterable[Job], progress: Progress, processes: int) -> None:
    """Runs chains of exact agents on this many processes. A failed chain stops no other."""
    if processes == 1:
        for job in work:
            progress.note(run_job(job))
        return
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), initializer=begin_worker)
    try:
        feed(lambda job: pool.submit(run_job, job), iter(work), progress, processes * _WINDOW)
    except BrokenProcessPool as error:
        raise LabError(
            "A process of the sweep was killed",
            "The system may have run out of memory.",
            "Every finished chain is saved. Run the same command again, perhaps with fewer --jobs.",
        ) from error
    except KeyboardInterrupt:
        end_pool(pool)
        raise
    pool.shutdown()


def feed(submit: Callable[[Job], Future[Outcome]], work: Iterator[Job], progress: Progress, window: int) -> None:
    """Submits the chains, at most `window` at a time, and counts how each ends."""
    under_way = {submit(job) for job in islice(work, window)}
    while under_way:
        done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
        for future in done:
            progress.note(future.result())
        under_way |= {submit(job) for job in islice(work, len(done))}


def begin_worker() -> None:
    """Leaves Ctrl-C to the parent, and ends when the parent is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        assert parent is not None
        parent.join()
        os._exit(1)

    if parent is not None:
        threading.Thread(target=watch, daemon=True).start()


def end_pool(pool: ProcessPoolExecutor) -> None:
    """Ends the processes at once; what they were at is not saved, and is made again."""
    running = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in running:
        process.terminate()


def run_on_dask(work: Iterable[Job], progress: Progress, address: str) -> None:
    """Runs chains of exact agents on a Dask cluster whose workers see the same folder.

    A chain fails if its worker dies more often than the cluster allows. Paths are made absolute: workers may be in another folder.

    Raises:
        LabError: Dask is not installed, there is no cluster at the address, or the cluster is gone.
    """
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError as error:
        raise LabError("Dask is not installed", "--dask needs the package distributed.", "pip install 'iicl-tui[dask]'") from error
    try:
        client = distributed.Client(address, timeout=_CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise LabError(
            f"There is no Dask scheduler at {address}", str(error), "Check the address; the workers need iicl-tui, too."
        ) from error
    try:
        threads = max(sum(client.nthreads().values()), 1)
        left = map(_absolute, work)
        under_way: dict[Any, Job] = {}
        running = distributed.as_completed(loop=client.loop)
        for job in islice(left, threads * _WINDOW):
            _submit(client, job, under_way, running)
        for future in running:
            progress.note(_result(future, under_way.pop(future)))
            for job in islice(left, 1):
                _submit(client, job, under_way, running)
    finally:
        client.close()


def _submit(client: Any, job: Job, under_way: dict[Any, Job], running: Any) -> None:
    future = client.submit(run_job, job, pure=False)
    under_way[future] = job
    running.add(future)


def _result(future: Any, job: Job) -> Outcome:
    """How a chain ended. One whose worker was lost has failed. Raises LabError if the cluster is gone."""
    if future.status == "cancelled":
        raise LabError(
            "The Dask cluster is gone", "Its scheduler was stopped, or cannot be reached any more.",
            "Every finished chain is saved. Run the same command again with another cluster, or without --dask.",
        )  # fmt: skip
    error = future.exception()
    if error is None:
        outcome: Outcome = future.result()
        return outcome
    return failure(job, LabError("The worker of this chain was killed", str(error), "--retry-failed runs it again."))


def _absolute(job: Job) -> Job:
    folder = replace(job.folder, path=job.folder.path.resolve())
    base, home = (each.resolve() if each is not None else None for each in (job.base, job.home))
    return replace(job, folder=folder, base=base, home=home)
