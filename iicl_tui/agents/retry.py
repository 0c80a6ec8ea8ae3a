"""Retries failed calls: one policy for all providers, bounded in attempts and in time, with visible waits."""

from __future__ import annotations

import asyncio
import random as chance
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from iicl_tui.agents.calls import Reply
from iicl_tui.agents.failures import CallFailed


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how long a call is retried.

    Attributes:
        attempts: The maximum number of attempts.
        seconds: No attempt starts later than this after the first. The agent's time-out bounds each attempt.
        max_wait: The longest wait between attempts in seconds, even if the server asks for more.
    """

    attempts: int = 5
    seconds: float = 300.0
    max_wait: float = 60.0


@dataclass(frozen=True)
class RetryWait:
    """A wait before the next attempt, for display.

    Attributes:
        reason: What went wrong, in a few words.
        attempt: The number of the next attempt.
        attempts: The maximum number of attempts.
        until: When the next attempt starts, on the monotonic clock.
    """

    reason: str
    attempt: int
    attempts: int
    until: float


async def send_with_retries(
    send: Callable[[], Awaitable[Reply]],
    policy: RetryPolicy,
    on_wait: Callable[[RetryWait | None], None],
    *,
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
        clock: The monotonic time in seconds.
        sleep: Waits for some seconds.
        random: A uniform random number in [0, 1).

    Returns:
        The reply, the number of attempts, and the duration of the last attempt in seconds.

    Raises:
        CallFailed: The last failure; its text says how many attempts were made and for how long.
    """
    began = clock()
    attempt = 0
    while True:
        attempt += 1
        start = clock()
        try:
            reply = await send()
            return reply, attempt, clock() - start
        except CallFailed as error:
            if not error.retriable:
                raise
            failure = error
        now = clock()
        asked = failure.retry_after if failure.retry_after is not None and failure.retry_after > 0 else None
        if asked is not None and asked > policy.max_wait:
            raise _wait_refused(failure, asked, policy) from failure
        wait = asked if asked is not None else min(2.0 ** min(attempt - 1, 60), policy.max_wait) * (1 - random() / 2)
        if attempt >= policy.attempts or now + wait > began + policy.seconds:
            raise _given_up(failure, attempt, now - began) from failure
        on_wait(RetryWait(failure.title, attempt + 1, policy.attempts, now + wait))
        try:
            await sleep(wait)
        finally:
            on_wait(None)


def _given_up(failure: CallFailed, attempts: int, seconds: float) -> CallFailed:
    """Adds how long the call was tried."""
    tries = "1 try" if attempts == 1 else f"{attempts} tries"
    return _extended(failure, f"Given up after {tries} in {duration_text(seconds)}.", "")


def _wait_refused(failure: CallFailed, asked: float, policy: RetryPolicy) -> CallFailed:
    """Adds how long the server asks to wait."""
    return _extended(
        failure,
        f"The server asks to wait {duration_text(asked)} before the next attempt; the limit is {duration_text(policy.max_wait)}.",
        "Resume later, or raise the agent's `retry-after` to wait that long.",
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
