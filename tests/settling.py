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
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.message_pump import MessagePump
from waiting import LONGEST

QUIET_TURNS = 3
"""Turns of the event loop without anything to do before the app is looked at."""
MOST_WORK = 5.0
"""CPU seconds of this process, so that a busy machine does not shorten the wait. A configuration form that is made anew works for
1.2 of them. An app that is never quiet (a chain that runs on) must not hold a test for ever, and no other gets so far."""
SHORT = 0.02
"""Seconds. A pause waits for timers up to this long, as Textual and the screens set to gather what comes in dozens."""
_PENDING = ("_layout_required", "_scroll_required", "_repaint_required")


async def settled(*_: object) -> bool:
    """Waits until the active app has nothing left to do.

    Takes the place of `textual._wait.wait_for_idle`, and of `Pilot._wait_for_screen`, which sends a message to every widget.
    """
    app, loop = active_app.get(), asyncio.get_running_loop()
    end, worked = monotonic() + LONGEST, process_time() + MOST_WORK
    quiet = 0
    while monotonic() < end and process_time() < worked:
        await asyncio.sleep(0 if quiet < 2 * QUIET_TURNS else 0.001)  # what is left is a timer or a thread
        quiet = 0 if loop._ready else quiet + 1  # type: ignore[attr-defined]
        if quiet >= QUIET_TURNS and not _has_work(app):
            return True
    return False


def _has_work(app: Any) -> bool:
    if app._exception is not None:  # what a crashed app has left in its queues stays there
        return False
    if not app._running:
        return not app._task.done()  # it is closing
    if any(worker.is_running and worker._thread_worker for worker in app.workers):
        return True
    if app.animator._animations:
        app.animator()  # now, and not with the next sixtieth of a second
        return True
    if app.animator._scheduled or any(map(_is_busy, (app, *app._registry))):
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
    return bool(pump._timers) and any(
        timer._repeat == 0 and timer._interval <= SHORT and timer._task is not None and not timer._task.done()
        for timer in pump._timers
    )


_parse_rules = Stylesheet._parse_rules
_parsed: dict[tuple[Any, ...], list[RuleSet]] = {}


def _rules_once(sheet: Stylesheet, *arguments: Any, **options: Any) -> list[RuleSet]:
    """The rules of a style sheet. They are parsed once for all apps, which takes a quarter of the time an app needs to start."""
    key = (arguments, *options.items(), *sheet._variables.items())
    if key not in _parsed:
        _parsed[key] = _parse_rules(sheet, *arguments, **options)
    return _parsed[key]


@pytest.fixture(autouse=True, scope="session")
def _pilots_wait_for_the_state() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pilot_module, "wait_for_idle", settled)
        patch.setattr(app_module, "wait_for_idle", settled)
        patch.setattr(pilot_module.Pilot, "_wait_for_screen", settled)
        patch.setattr(Stylesheet, "_parse_rules", _rules_once)
        patch.setattr(constants, "TEXTUAL_ANIMATIONS", "none")
        yield
