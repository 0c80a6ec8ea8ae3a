"""A pause that waits for the app's state.

Textual's own pilot waits until the process uses little CPU time, which a busy machine makes true too early, and never less than
20 ms. Here a pause ends when nothing is left to do: no message is queued, no callback, layout or short timer is pending, nothing
moves, no thread works. Movements end at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from time import monotonic, process_time
from typing import Any

import pytest
from textual import app as app_module
from textual import constants
from textual import pilot as pilot_module
from textual._context import active_app
from textual.message_pump import MessagePump
from waiting import LONGEST

QUIET_TURNS = 3
"""Turns of the event loop without anything to do before the app counts as settled."""
MOST_WORK = 5.0
"""CPU seconds of this process, so that a busy machine does not shorten the wait. A configuration form that is made anew works for
1.2 of them. An app that is never quiet (a chain that runs on) must not hold a test for ever, and no other gets so far."""
SHORT = 0.02
"""Seconds. A pause waits for timers up to this long, as Textual and the screens set to gather what comes in dozens."""
_PENDING = ("_layout_required", "_scroll_required", "_repaint_required")


async def settled(min_sleep: float = 0, max_sleep: float = 0) -> None:
    """Wait until the active app has nothing left to do. Takes the place of `textual._wait.wait_for_idle`."""
    app = active_app.get()
    end, worked = monotonic() + LONGEST, process_time() + MOST_WORK
    quiet = 0
    while quiet < QUIET_TURNS and monotonic() < end and process_time() < worked:
        if _threads_work(app):
            quiet = 0
            await asyncio.sleep(0.001)
            continue
        await asyncio.sleep(0)
        quiet = 0 if _has_work(app) or asyncio.get_running_loop()._ready else quiet + 1  # type: ignore[attr-defined]


def _has_work(app: Any) -> bool:
    if app._exception is not None:  # what a crashed app has left in its queues stays there
        return False
    if not app._running:
        return not app._task.done()  # it is closing
    if app.animator._animations:
        app.animator()  # now, and not with the next sixtieth of a second
        return True
    if app.animator._scheduled or any(_is_busy(pump) for pump in _pumps(app)):
        return True
    if not app._screen_stack:
        return False
    if app._resize_event is not None:  # Textual lets a new size rest for a moment, since a person's come in dozens
        app._check_resize()
        return True
    screen = app.screen
    if screen._callbacks or screen._dirty_widgets or any(getattr(screen, flag) for flag in _PENDING):
        screen._on_timer_update()  # now, and not with the next sixtieth of a second
        return True
    return False


def _is_busy(pump: MessagePump) -> bool:
    if pump._message_queue.qsize() or pump._next_callbacks:
        return True
    return any(
        timer._repeat == 0 and timer._interval <= SHORT and timer._task is not None and not timer._task.done()
        for timer in pump._timers
    )


def _pumps(app: Any) -> Iterator[MessagePump]:
    yield app
    for screen in app._screen_stack:
        yield from screen.walk_children(with_self=True)


def _threads_work(app: Any) -> bool:
    return any(worker.is_running and worker._thread_worker for worker in app.workers)


@pytest.fixture(autouse=True, scope="session")
def _pilots_wait_for_the_state() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pilot_module, "wait_for_idle", settled)
        patch.setattr(app_module, "wait_for_idle", settled)
        patch.setattr(constants, "TEXTUAL_ANIMATIONS", "none")
        yield
