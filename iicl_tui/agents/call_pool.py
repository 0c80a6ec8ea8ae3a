"""Makes independent calls side by side, a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from iicl_tui.agents.retry import RetryWait

Job = TypeVar("Job")

OnWait = Callable[[RetryWait | None], None]
"""Called with each wait before another attempt, and with None when it is over."""


async def together(
    jobs: Sequence[Job], make: Callable[[Job, OnWait], Awaitable[None]], limit: int, on_wait: OnWait
) -> Exception | None:
    """Makes the calls of these jobs in order, at most `limit` at a time.

    After a failure no other call is started. Calls under way are awaited, since they may be billed; calls that wait for another
    attempt are cancelled. A cancellation cancels all calls.

    Returns:
        The first failure; None if all calls were made.
    """
    left = iter(jobs)
    failures: list[Exception] = []
    waiting: set[asyncio.Task[None]] = set()

    def watched(wait: RetryWait | None) -> None:
        task = asyncio.current_task()
        assert task is not None
        (waiting.discard if wait is None else waiting.add)(task)
        on_wait(wait)
        if wait is not None and failures:
            task.cancel()

    async def work() -> None:
        for job in left:
            try:
                await make(job, watched)
            except Exception as failure:
                failures.append(failure)
            if failures:
                for task in waiting:
                    task.cancel()
                return

    tasks = [asyncio.create_task(work()) for _ in range(min(limit, len(jobs)))]
    try:
        await asyncio.wait(tasks)
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        if isinstance(end, BaseException) and not isinstance(end, asyncio.CancelledError):
            raise end
    return failures[0] if failures else None
