"""Runs chains with language models: several at a time in one event loop, each saved call by call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from iicl_tui.agents.access import Access
from iicl_tui.agents.language import LanguageAgent
from iicl_tui.agents.model_session import BudgetReached
from iicl_tui.agents.money import Budget, Spent
from iicl_tui.chain.config import ChainConfig
from iicl_tui.chain.engine import Chain
from iicl_tui.study.chain_job import Job, Outcome, existing_state, failure, open_session, read
from iicl_tui.study.provider_limits import Rates, SharedBudget, SharedLimits
from iicl_tui.study.sweep import Progress


class ModelSweep:
    """Runs chains that call models.

    Args:
        access: Which keys may go to which servers.
        budget: What all chains may cost together.
        rates: Requests and tokens a minute.
        at_once: How many chains run at the same time.
        before: What the chains of the folder have spent so far.
        tell: Called with sentences that a person should read.
    """

    def __init__(
        self,
        access: Access,
        budget: Budget,
        rates: Rates,
        at_once: int,
        before: Spent | None = None,
        tell: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.budget = SharedBudget(budget, before)
        self.reached: BudgetReached | None = None
        self._access, self._at_once, self._tell = access, at_once, tell
        self._limits = SharedLimits(rates, self.budget)
        self._told: set[str] = set()

    async def run(self, work: Iterable[Job], progress: Progress) -> None:
        """Runs the chains. A failed chain stops no other; a reached budget stops all before their next call."""
        left = iter(work)

        async def take() -> None:
            for job in left:
                progress.note(await self._one(job))
                progress.spent = self.budget.spent.dollars
                progress.show(progress)
                if self.reached is not None:
                    return

        tasks = [asyncio.create_task(take()) for _ in range(self._at_once)]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._limits.close()

    async def _one(self, job: Job) -> Outcome:
        if not job.retry and job.folder.has_failed(job.name):
            return Outcome(job.name, "skipped")
        try:
            config = read(job)
            if (state := existing_state(job, config)) is not None:
                return Outcome(job.name, state)
            with open_session(job, config) as session:
                chain = Chain(self._limited(config), session.generations, session, None, session.calls, self._access)
                chain.on_notice = self._notice
                with self.budget.counting(chain):
                    try:
                        await chain.run()
                    finally:
                        await chain.close()
        except BudgetReached as error:
            self.reached = error
            return Outcome(job.name, "stopped", str(error))
        except Exception as error:
            return failure(job, error)
        job.folder.forget_failure(job.name)
        return Outcome(job.name, "stuck" if chain.stuck else "done")

    def _limited(self, config: ChainConfig) -> ChainConfig:
        for agent in config.agents:
            if isinstance(agent, LanguageAgent):
                self._limits.put_on(agent)
        return config

    def _notice(self, text: str) -> None:
        """Tells each sentence once, not once a chain."""
        if text not in self._told:
            self._told.add(text)
            self._tell(text)


def spent_before(work: Iterable[Job]) -> Spent:
    """What the chains of a folder have spent so far, by their files. A file that cannot be read counts nothing."""
    total = Spent()
    for job in work:
        if job.folder.session(job.name).exists():
            try:
                config = read(job)
                with open_session(job, config) as session:
                    total += Chain(config, session.generations, calls=session.calls).spent
            except Exception:  # its own run says what is wrong with it
                continue
    return total
