"""Retries failed calls: one policy for all providers, bounded in time, with visible waits."""

from __future__ import annotations

import asyncio
import random as chance
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from iicl_tui.agents.calls import Reply
from iicl_tui.agents.failures import CallFailed

_TRIES = 5
"""Attempts for failures without a sign that they will pass, unless the policy names a number."""
_MAX_BACKOFF = 30.0
"""The longest delay of the backoff in seconds, unless the policy names one."""


@dataclass(frozen=True)
class RetryPolicy:
    """How long a call is retried.

    Attributes:
        attempts: The maximum number of attempts. None: as many as fit into the time if the server shows that it will recover
            (it is loading, overloaded, limits the rate), otherwise five.
        seconds: No attempt starts later than this after the first. The agent's time-out bounds each attempt.
        max_wait: The longest wait between attempts in seconds, even if the server asks for more. None: `seconds`.
    """

    attempts: int | None = None
    seconds: float = 300.0
    max_wait: float | None = None

    def limit(self, failure: CallFailed) -> int | None:
        """The maximum number of attempts after this failure; None if only the time counts."""
        return self.attempts if self.attempts is not None else None if failure.hopeful else _TRIES


@dataclass(frozen=True)
class RetryWait:
    """A wait before the next attempt, for display.

    Attributes:
        reason: What went wrong, in a few words.
        attempt: The number of the next attempt.
        attempts: The maximum number of attempts; None if only the time counts.
        until: When the next attempt starts, on the monotonic clock.
        deadline: When no further attempt starts, on the monotonic clock; None if it is unknown.
    """

    reason: str
    attempt: int
    attempts: int | None
    until: float
    deadline: float | None = field(default=None, compare=False)


async def send_with_retries(
    send: Callable[[], Awaitable[Reply]],
    policy: RetryPolicy,
    on_wait: Callable[[RetryWait | None], None],
    *,
    on_failure: Callable[[CallFailed], None] = lambda failure: None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    random: Callable[[], float] = chance.random,
) -> tuple[Reply, int, float]:
    """Sends a request and retries transient failures with jittered exponential backoff.

    The delays are 1, 2, 4, … seconds, each shortened at random by up to half, or whatever the server asks for. The call fails
    at once if the server asks for more than `max_wait` or for more than the time left.

    Args:
        send: Makes one attempt.
        policy: The limits.
        on_wait: Called with each wait before it starts, and with None when it ends or is cancelled.
        on_failure: Called with each failed attempt.
        clock: The monotonic time in seconds.
        sleep: Waits for some seconds.
        random: A uniform random number in [0, 1).

    Returns:
        The reply, the number of attempts, and the duration of the last attempt in seconds.

    Raises:
        CallFailed: The last failure; its text says how many attempts were made and for how long.
    """
    began = clock()
    deadline = began + policy.seconds
    attempt = 0
    while True:
        attempt += 1
        start = clock()
        try:
            reply = await send()
            return reply, attempt, clock() - start
        except CallFailed as error:
            on_failure(error)
            if not error.retriable:
                raise
            failure = error
        now, limit = clock(), policy.limit(failure)
        wait = _wait(failure, attempt, policy, random())
        if limit is not None and attempt >= limit:
            raise _given_up(failure, attempt, now - began) from failure
        if policy.attempts is None and failure.retry_after is None:
            wait = min(wait, max(deadline - now, 0.0)) if deadline - now >= 1 else wait  # a last attempt at the end
        if now + wait > deadline:
            raise _given_up(failure, attempt, now - began) from failure
        on_wait(RetryWait(failure.title, attempt + 1, limit, now + wait, deadline))
        try:
            await sleep(wait)
        finally:
            on_wait(None)


def _wait(failure: CallFailed, attempt: int, policy: RetryPolicy, chance: float) -> float:
    """The delay before the next attempt in seconds. Raises CallFailed if the server asks for more than the policy allows."""
    asked = failure.retry_after if failure.retry_after is not None and failure.retry_after > 0 else None
    if asked is None:
        longest = policy.max_wait if policy.max_wait is not None else _MAX_BACKOFF
        return min(2.0 ** min(attempt - 1, 60), longest) * (1 - chance / 2)
    if policy.max_wait is not None and asked > policy.max_wait:
        raise _wait_refused(failure, asked, policy.max_wait, "retry-after") from failure
    if policy.max_wait is None and asked > policy.seconds:
        raise _wait_refused(failure, asked, policy.seconds, "patience") from failure
    return asked


def _given_up(failure: CallFailed, attempts: int, seconds: float) -> CallFailed:
    """Adds how long the call was tried."""
    tries = "1 try" if attempts == 1 else f"{attempts} tries"
    return _extended(failure, f"Given up after {tries} in {duration_text(seconds)}.", "")


def _wait_refused(failure: CallFailed, asked: float, limit: float, option: str) -> CallFailed:
    """Adds how long the server asks to wait."""
    return _extended(
        failure,
        f"The server asks to wait {duration_text(asked)} before the next attempt; the limit is {duration_text(limit)}.",
        f"Resume later, or raise the agent's `{option}` to wait that long.",
    )


def _extended(failure: CallFailed, what: str, remedy: str) -> CallFailed:
    return CallFailed(
        failure.kind,
        failure.title,
        " ".join(part for part in (failure.what, what) if part),
        " ".join(part for part in (failure.remedy, remedy) if part),
        status=failure.status,
        retry_after=failure.retry_after,
        parameter=failure.parameter,
        hopeful=failure.hopeful,
        billed=failure.billed,
    )


def duration_text(seconds: float) -> str:
    """0.4 s, 12 s, 2 min 5 s, 3 h 20 min, 4 days, more than a year"""
    if seconds < 1:
        return f"{seconds:.1f} s" if seconds < 0.95 else "1 s"
    if seconds < 60 - 0.5:
        return f"{seconds:.0f} s"
    if seconds < 3600 - 30:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    if seconds > 365 * 86400:
        return "more than a year"
    if seconds >= 48 * 3600:
        return f"{round(seconds / 86400)} days"
    hours, rest = divmod(round(seconds / 60), 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"
