"""Trying a call again: one policy for every provider, bounded in attempts and in time, and visible while it waits."""

from __future__ import annotations

import asyncio
import random as chance
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from iicl_tui.agents.calls import Reply
from iicl_tui.agents.failures import CallFailed


@dataclass(frozen=True)
class Patience:
    """How long a call is tried. attempts: at most so many tries. seconds: none begins later than this after the first did;
    a try's own length is bounded by the agent's time-out. longest_wait: seconds that one wait may take, also where the server
    asks for more."""

    attempts: int = 5
    seconds: float = 300.0
    longest_wait: float = 60.0


@dataclass(frozen=True)
class Waiting:
    """Shown while it waits. what: what went wrong, a few words. attempt: the one that comes next, of attempts at most.

    until: when it does, on the clock's scale.
    """

    what: str
    attempt: int
    attempts: int
    until: float


async def send_with_retries(
    send: Callable[[], Awaitable[Reply]],
    patience: Patience,
    tell: Callable[[Waiting | None], None],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    random: Callable[[], float] = chance.random,
) -> tuple[Reply, int, float]:
    """The reply, the number of tries that it took, and the seconds that the last of them took.

    Tried again is what may be otherwise in a moment (CallFailed.retriable), after 1, 2, 4, … seconds, from each of which
    chance takes up to half, or after as long as the server asks for. A server that asks for more than longest_wait, or for
    more than there is time left, is not waited for. tell is told of each wait before it begins, and None when it is over, also
    when it is cancelled. random: uniform in [0, 1).

    Raises CallFailed: the last one, which says after how many tries and seconds it was given up; other errors as they are.
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
        if asked is not None and asked > patience.longest_wait:
            raise _too_long(failure, asked, patience) from failure
        wait = asked if asked is not None else min(2.0 ** min(attempt - 1, 60), patience.longest_wait) * (1 - random() / 2)
        if attempt >= patience.attempts or now + wait > began + patience.seconds:
            raise _given_up(failure, attempt, now - began) from failure
        tell(Waiting(failure.title, attempt + 1, patience.attempts, now + wait))
        try:
            await sleep(wait)
        finally:
            tell(None)


def _given_up(failure: CallFailed, attempts: int, seconds: float) -> CallFailed:
    """The same failure, which says how long it was tried."""
    tries = "1 try" if attempts == 1 else f"{attempts} tries"
    return _again(failure, f"Given up after {tries} in {duration_text(seconds)}.", "")


def _too_long(failure: CallFailed, asked: float, patience: Patience) -> CallFailed:
    """The same failure, which says how long the server wants one to wait."""
    return _again(
        failure,
        f"The server asks to wait {duration_text(asked)} before the next try; the limit is {duration_text(patience.longest_wait)}.",
        "Resume later, or raise the agent's `retry-after` to wait that long.",
    )


def _again(failure: CallFailed, what: str, remedy: str) -> CallFailed:
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
