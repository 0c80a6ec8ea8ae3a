"""Waiting for a state. Nothing here goes by a number of turns or by a pause: what is waited for is looked at until it is there.

There is one limit for all tests. Only a broken program reaches it, however busy the machine is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from textual.pilot import Pilot

LONGEST = 120.0
"""Seconds."""


async def until(true: Callable[[], bool]) -> None:
    """Lets all other tasks go on until it is true."""
    end, loop = time.monotonic() + LONGEST, asyncio.get_running_loop()
    while not true():
        assert time.monotonic() < end, "this never became true"
        await asyncio.sleep(0 if loop._ready else 0.001)  # type: ignore[attr-defined]  # what is left is a timer, a thread or a server


async def app_until(pilot: Pilot[Any], true: Callable[[], bool], message: Callable[[], str] = lambda: "") -> None:
    """Lets the app work and come to rest until it is true. message: what to say where it never becomes true."""
    end = time.monotonic() + LONGEST
    await pilot.pause()
    while not true():
        assert time.monotonic() < end, message() or "this never became true"
        await pilot.pause(0.002)


def process_until(true: Callable[[], bool], message: Callable[[], str] = lambda: "") -> None:
    """Looks again and again until it is true of another process or thread."""
    end = time.monotonic() + LONGEST
    while not true():
        assert time.monotonic() < end, message() or "this never became true"
        time.sleep(0.001)
