"""Kills the program before, halfway and after each call that writes: the next start finds all as it should be."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from attack_disks import ACTIONS, Files, contents, difference, patched, unsound, whole
from disk_actions import Action
from tally import Tally

from iicl_tui.store import atomic

WRITING = (
    "open",
    "pwrite",
    "write",
    "fsync",
    "link",
    "replace",
    "rename",
    "unlink",
    "ftruncate",
    "posix_fallocate",
    "fchmod",
    "mkdir",
)
_HALVED = ("pwrite", "write")
_KILLED = 9
_ENDED, _FAILED = 0, 3


def attack(tally: Tally, folder: Path) -> None:
    """Each action with a kill at each call that writes."""
    for name, action in ACTIONS.items():
        if name == "a creation without hard links":  # it claims the name first, so that a kill may leave an empty file
            continue
        expected, calls = whole(action, folder / name)
        cases = [
            (call, number, when)
            for call in WRITING
            for number in range(calls.get(call, 0))
            for when in ("before", "after", *(("halfway",) if call in _HALVED else ()))
        ]
        step = max(1, round(1 / tally.share))
        for case in cases[tally.seed % min(step, len(cases)) :: step]:
            tally.tried[f"kills in {name}"] += 1
            for wrong in _try(action, folder / name, case, expected):
                tally.fail(f"{name}: killed {case[2]} {case[0]} {case[1] + 1}: {wrong}")


def _try(action: Action, folder: Path, case: tuple[str, int, str], expected: Files) -> Iterator[str]:
    """Does it in a process that is killed, and then again. Yields what went wrong."""
    shutil.rmtree(folder)
    folder.mkdir()
    prepared = action.prepare(folder)
    before = contents(folder)
    if (code := _killed(lambda: action.act(folder, prepared), case)) not in (_KILLED, _ENDED):  # what was read once is kept
        yield f"the process ended with {code}"
    action.done(prepared)
    yield from unsound(action, before, contents(folder), expected, left=True)
    atomic._cleaned.clear()  # as in a new process
    prepared = action.again(folder) if action.again is not None else prepared
    failed = ""
    try:
        action.act(folder, prepared)
    except Exception as error:  # it may have been done before the kill
        failed = f" fails: {type(error).__name__}: {error}"
    finally:
        if action.again is not None:
            action.done(prepared)
    found = {path: data for path, data in contents(folder).items() if not _is_spare(path)}
    if different := difference(found, {path: data for path, data in expected.items() if not _is_spare(path)}):
        yield f"other files after the next try, which{failed or ' succeeds'}: {different}"
    if left := [path for path in found if path.endswith(".tmp")]:
        yield f"left over after the next try: {left}"


def _is_spare(path: str) -> bool:
    """Whether a file may be there after a kill: an unfinished block that was set aside, or a deleted session once more."""
    return path.endswith((".torn", ".trash/s-2.toml"))


def _killed(act: Callable[[], object], case: tuple[str, int, str]) -> int:
    """The exit code of a process that does it and ends at one call to the system, as by SIGKILL: nothing is tidied up."""
    process = os.fork()
    if process:
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    try:
        with patched(_dying(*case)):
            act()
        os._exit(_ENDED)
    except BaseException:
        os._exit(_FAILED)


def _dying(name: str, number: int, when: str) -> Callable[[str, Callable[..., Any]], Callable[..., Any]]:
    seen = 0

    def wrap(each: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal seen
            if each != name:
                return real(*args, **kwargs)
            seen += 1
            if seen != number + 1:
                return real(*args, **kwargs)
            if when == "halfway":
                real(args[0], bytes(args[1])[: max(1, len(args[1]) // 2)], *args[2:])
            elif when == "after":
                real(*args, **kwargs)
            os._exit(_KILLED)

        return call

    return wrap
