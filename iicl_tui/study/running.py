"""Runs a study beside a screen: chains of exact agents in processes, those of language models in a thread. Can be paused."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import resource_tracker

from iicl_tui.agents.access import Access
from iicl_tui.agents.money import Budget
from iicl_tui.chain.config import ChainConfig
from iicl_tui.errors import LabError
from iicl_tui.files import OutsideFiles, outside_files
from iicl_tui.study.chain_job import Job, Outcome, run_job
from iicl_tui.study.cost import uses_models
from iicl_tui.study.folder import SweepFolder
from iicl_tui.study.study_file import Study
from iicl_tui.study.sweep import Progress, Shard, begin_worker, end_pool, feed, jobs

_AT_ONCE = 8
"""Chains of language models that run at the same time."""
_WINDOW = 2
"""Chains handed to each process: the next one waits, and few are left to end after a pause."""


class StudyRun:
    """One run of a study's chains, which skips those that are done.

    Args:
        study: The study.
        folder: Its folder.
        access: Which keys may go to which servers.
        retry: Whether to run failed chains once more.
        outside: Whether configurations may name files outside their folder.
        budget: What the calls of all chains may cost together; None: as the study says.

    Attributes:
        progress: What has ended, and what was spent.
        running: The names of the chains that were handed to a process.
        error: Why the run has ended early; None otherwise.
        notices: Sentences for the person, the newest last.
    """

    def __init__(
        self,
        study: Study,
        folder: SweepFolder,
        access: Access,
        retry: bool = False,
        outside: bool = False,
        budget: Budget | None = None,
    ) -> None:
        self.study, self.folder = study, folder
        self._budget = budget
        self.progress = Progress(study.count)
        self.running: set[str] = set()
        self.error: LabError | None = None
        self.notices: list[str] = []
        self.pausing = False
        self._access, self._retry, self._outside = access, retry, outside
        self._stopped = False
        self._pool: ProcessPoolExecutor | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="study", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._thread.is_alive()

    def pause(self) -> None:
        """Ends after the chains that run now."""
        self.pausing = True

    def stop(self) -> None:
        """Ends at once. Finished chains are saved; what the others were at is made again."""
        self.pausing = self._stopped = True
        if self._pool is not None:
            end_pool(self._pool)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(self._loop)])

    def _run(self) -> None:
        try:
            with outside_files(OutsideFiles(self._outside)):
                models = uses_models(self.study)
                asyncio.run(self._models()) if models else self._exact()
        except LabError as error:
            self.error = error
        except (Exception, asyncio.CancelledError) as error:  # nothing above this thread could tell the person
            if not self._stopped:
                killed = isinstance(error, BrokenProcessPool)
                what = (
                    "A process was killed; the system may have run out of memory." if killed else f"{type(error).__name__}: {error}"
                )
                self.error = LabError("The study was stopped", what, "Every finished chain is saved. Start it again to go on.")
        finally:
            self.running.clear()

    def _work(self) -> Iterator[Job]:
        for job in jobs(self.study, self.folder, Shard(), self._outside, self._retry):
            if self.pausing:
                return
            yield job

    def _exact(self) -> None:
        with contextlib.redirect_stderr(sys.__stderr__):  # a screen's own has no file, which the tracker needs for its process
            resource_tracker.ensure_running()
        processes = min(os.cpu_count() or 1, self.study.count)
        self._pool = pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), initializer=_begin_beside_screen)

        def submit(job: Job) -> Future[Outcome]:
            self.running.add(job.name)
            future = pool.submit(run_job, job)
            future.add_done_callback(lambda _: self.running.discard(job.name))
            return future

        try:
            feed(submit, self._work(), self.progress, processes * _WINDOW)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    async def _models(self) -> None:
        from iicl_tui.study.model_sweep import ModelSweep, spent_before
        from iicl_tui.study.provider_limits import Rates

        self._loop = asyncio.get_running_loop()
        options = self.study.options
        budget = self._budget or budget_of(self.study, self.study.config(self.study.plan(0)))
        rates = Rates.of(options["requests-per-minute"], options["tokens-per-minute"])
        before = spent_before(jobs(self.study, self.folder, Shard(), self._outside, True))
        self.progress.spent = before.dollars
        sweep = ModelSweep(self._access, budget, rates, _AT_ONCE, before, self.notices.append)
        await sweep.run(self._work(), self.progress)
        if (reached := sweep.reached) is not None:
            self.error = LabError(reached.title, reached.what, "Start it again with a larger budget; everything is saved.")


def budget_of(study: Study, first: ChainConfig) -> Budget:
    """What the calls of all chains may cost together: as [study] says, else what the first chain may cost alone."""
    dollars, tokens = study.options["budget"], study.options["token-budget"]
    return Budget(first.budget.dollars if dollars is None else dollars, first.budget.tokens if tokens is None else tokens)


def _begin_beside_screen() -> None:
    """The processes leave the screen the time that it needs."""
    begin_worker()
    if hasattr(os, "nice"):
        os.nice(5)
