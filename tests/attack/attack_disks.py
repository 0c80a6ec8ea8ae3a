"""Lets each call to the disk fail in turn, in all that writes: nothing is half written or lost, and the next try succeeds."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from disk_actions import MORE_ACTIONS, Action
from made import CREATED, config, make, run
from review_chains import make_chain
from speaking import spoken
from tally import Tally

from iicl_tui.agents.base import UnreadableReply
from iicl_tui.agents.calls import Call
from iicl_tui.errors import LabError, StoreError
from iicl_tui.filters.base import HypothesisShown, PhaseContext
from iicl_tui.review.chain_subject import HypothesisSubject
from iicl_tui.review.drafts import Draft, DraftFile, Round
from iicl_tui.review.reply_drafts import ReplyDrafts
from iicl_tui.review.state import ReviewState
from iicl_tui.store import settings
from iicl_tui.store.export import export
from iicl_tui.store.library import Library
from iicl_tui.store.session import SessionFile

CALLS = ("open", "pwrite", "write", "fsync", "link", "replace", "rename", "unlink", "ftruncate", "posix_fallocate", "fchmod",
         "mkdir", "close", "stat", "fstat", "pread", "read", "scandir")  # fmt: skip
ERRORS = {"no space": errno.ENOSPC, "input/output error": errno.EIO, "interrupted": errno.EINTR, "not permitted": errno.EACCES}
SHORT = "short write"
_NEVER_FULL = {"close", "stat", "fstat", "scandir", "pread", "read"}
"""Calls that need no room: only an input/output error is tried."""

_TIMES = re.compile(rb"(?:created =|# begun:) [0-9TZ:-]+|sum [0-9a-f]{8}")
Files = dict[str, bytes]


def attack(tally: Tally, folder: Path) -> None:
    """Each action with each fault at each call."""
    for name, action in ACTIONS.items():
        expected, calls = whole(action, folder / name)
        cases = [(call, number, fault) for call, count in calls.items() for number in range(count) for fault in _faults(call)]
        step = max(1, round(1 / tally.share))
        for call, number, fault in cases[tally.seed % min(step, len(cases)) :: step]:
            tally.tried[f"faults in {name}, which makes {sum(calls.values())} calls"] += 1
            for wrong in _try(action, folder / name, (call, number, fault), expected):
                tally.fail(f"{name}: {fault} at {call} {number + 1}: {wrong}")


def _faults(call: str) -> list[str]:
    if call in _NEVER_FULL:
        return ["input/output error"]
    return [*ERRORS, SHORT] if call in ("pwrite", "write") else [*ERRORS]


def whole(action: Action, folder: Path) -> tuple[Files, dict[str, int]]:
    """The files that the undisturbed action leaves, and how often it makes each call."""
    folder.mkdir()
    prepared = action.prepare(folder)
    with _counting() as calls:
        action.act(folder, prepared)
    action.done(prepared)
    return contents(folder), dict(calls)


def _try(action: Action, folder: Path, case: tuple[str, int, str], expected: Files) -> Iterator[str]:
    """Does it with a fault, and then without. Yields what went wrong."""
    shutil.rmtree(folder)
    folder.mkdir()
    prepared = action.prepare(folder)
    before = contents(folder)
    failed = False
    try:
        with _failing(*case):
            action.act(folder, prepared)
    except action.raises:
        failed = True
    except Exception as error:
        failed = True
        yield f"{type(error).__name__}: {error}"
    found = contents(folder)
    if not failed and (different := difference(found, expected)) and not (action.quiet and not difference(found, before)):
        yield f"no error, and other files: {different}"
    yield from unsound(action, before, found, expected, left=case[0] == "unlink")
    if failed or action.quiet:
        try:
            action.act(folder, prepared)
        except (LabError, OSError) as error:
            if "exists" not in str(error):  # it was done, and only the last step failed
                yield f"the next try fails too: {error}"
        if different := difference(contents(folder), expected):
            yield f"other files after the next try: {different}"
    action.done(prepared)


def unsound(action: Action, before: Files, found: Files, expected: Files, left: bool) -> Iterator[str]:
    """What is wrong with the files after a disturbed action. left: whether a temporary file may be left over."""
    for path, data in found.items():
        if path.endswith(".tmp"):
            if not left:
                yield f"{path} is left over"
        elif path not in before and path not in expected and path.startswith(action.notes):
            continue
        elif not _is_sound(
            _timeless(data), _timeless(before.get(path)), [_timeless(each) for each in (before.get(path), *expected.values())]
        ):
            yield f"{path} is neither as before nor as it should be"
    for path, data in before.items():
        if not any(each.startswith(data) for each in found.values()) and path not in expected:
            yield f"{path} is lost"


def _is_sound(data: bytes, before: bytes, allowed: list[bytes]) -> bool:
    """Whether a file is as before, as it should be, or has more whole blocks than before and perhaps an unfinished one."""
    if data in allowed:
        return True
    end = data.rfind(b"\n", 0, data.rfind(b"# end: ") + 1) + 1
    whole = data[: data.find(b"\n", end) + 1]
    return b"\n# end: " in data and data.startswith(before) and any(each.startswith(whole) for each in allowed)


def contents(folder: Path) -> Files:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def difference(found: Files, expected: Files) -> str:
    """The names of the files that differ."""
    names = (name for name in found.keys() | expected.keys() if not name.endswith(".tmp"))
    return ", ".join(sorted(name for name in names if _timeless(found.get(name)) != _timeless(expected.get(name))))


def _timeless(data: bytes | None) -> bytes:
    """A file without the time at which it was made, and the checksum over that."""
    return _TIMES.sub(b"", data or b"")


# -- faults ---------------------------------------------------------------------------------------------------------------


@contextmanager
def _counting() -> Iterator[dict[str, int]]:
    """Counts the calls of each kind."""
    counts: dict[str, int] = {}

    def counted(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            counts[name] = counts.get(name, 0) + 1
            return real(*args, **kwargs)

        return call

    with patched(counted):
        yield counts


@contextmanager
def _failing(name: str, number: int, fault: str) -> Iterator[None]:
    """Lets one call fail."""
    seen = 0

    def failing(each: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal seen
            if each != name:
                return real(*args, **kwargs)
            seen += 1
            if seen != number + 1:
                return real(*args, **kwargs)
            if fault == SHORT:
                return real(args[0], bytes(args[1])[: max(1, len(args[1]) // 2)], *args[2:])
            if name == "close":
                real(*args, **kwargs)
            raise OSError(ERRORS[fault], os.strerror(ERRORS[fault]))

        return call

    with patched(failing):
        yield


@contextmanager
def patched(wrap: Callable[[str, Callable[..., Any]], Callable[..., Any]]) -> Iterator[None]:
    patches = [mock.patch.object(os, name, wrap(name, getattr(os, name))) for name in CALLS if hasattr(os, name)]
    for patch in patches:
        patch.start()
    try:
        yield
    finally:
        for patch in reversed(patches):
            patch.stop()


# -- what writes ----------------------------------------------------------------------------------------------------------


def _session(folder: Path) -> Path:
    return make(folder / "s.toml", generations=2)


def _begun(folder: Path) -> SessionFile:
    return SessionFile.open(make(folder / "s.toml", until=1, generations=2))


def _reopened(folder: Path) -> SessionFile:
    return SessionFile.open(folder / "s.toml")


def _open(folder: Path, _: Any) -> None:
    with SessionFile.open(folder / "s.toml") as session:
        if session.read_only:
            raise StoreError(session.read_only)


def _torn(folder: Path) -> None:
    with _session(folder).open("ab") as file:
        file.write(b"\n[[generation]]\nind")


def _without_links(folder: Path, _: Any) -> None:
    with mock.patch.object(os, "link", side_effect=OSError(errno.ENOTSUP, "no hard links")):
        _create(folder, None)


def _create(folder: Path, _: Any) -> None:
    SessionFile.create(config(), folder / "s.toml", created=CREATED).close()


def _settings(folder: Path) -> None:
    (folder / "settings.toml").write_text('# mine\ntheme = "iicl-light"\n')


def _review(folder: Path) -> tuple[DraftFile, Draft, HypothesisSubject]:
    chain = make_chain()
    shown = HypothesisShown(PhaseContext(chain.task, 1, chain.start), 5, 0, 20, False)
    subject = HypothesisSubject(chain, shown)
    state = ReviewState.from_values(subject.values).reason("too bright").reject()
    file = DraftFile(folder, folder / "s.toml")
    file.save(Draft(1, "hypothesis", (Round(0, ReviewState.from_values(subject.values)),)), subject)
    return file, Draft(1, "hypothesis", (Round(0, state),)), subject


def _reply(folder: Path) -> UnreadableReply:
    shown = UnreadableReply(1, "imitation", "imitate", "a prompt", "a reply", "it states no rule", "", lambda text: "")
    ReplyDrafts(folder, folder / "s.toml").keep(shown, "a first try")
    return shown


def _speaking(folder: Path) -> SessionFile:
    return SessionFile.create(spoken()[0], folder / "s.toml", created=CREATED)


def _loose(_: Path, session: SessionFile) -> None:
    """Keeps calls as reads of one depth are kept: the last one makes all of them durable."""
    calls = [Call(1, "imitation", "imitate", f"prompt {number}", f"reply {number}") for number in range(3)]
    for call in calls[len(session.calls) :]:
        session.append_loosely(call)
    session.sync()


def _export(kind: str) -> Action:
    return Action(_session, lambda folder, path: export(path, kind, folder / "out"))


def _branch(folder: Path, session: SessionFile) -> None:
    session.branch(1, folder / "b.toml").close()


ACTIONS = {
    "a creation": Action(lambda folder: None, _create),
    "a creation without hard links": Action(lambda folder: None, _without_links),
    "an append": Action(_begun, lambda folder, session: run(session), SessionFile.close, again=_reopened),
    "several calls made durable together": Action(_speaking, _loose, SessionFile.close, again=_reopened),
    "an opening of a torn session": Action(_torn, _open),
    "a copy": Action(_begun, lambda folder, session: session.save_copy(folder / "c.toml"), SessionFile.close, again=_reopened),
    "a branch": Action(_begun, _branch, SessionFile.close, again=_reopened),
    "a rename": Action(_session, lambda folder, path: Library(folder).rename(path, "Another title")),
    "a deletion": Action(_session, lambda folder, path: Library(folder).delete(path)),
    "a settings save": Action(_settings, lambda folder, _: settings.save(folder / "settings.toml", {"theme": "iicl-dark"})),
    "a draft save": Action(_review, lambda folder, parts: parts[0].save(parts[1], parts[2]), raises=OSError),
    "a reply draft save": Action(
        _reply, lambda folder, shown: ReplyDrafts(folder, folder / "s.toml").keep(shown, "a second try"), raises=OSError
    ),
    "an export to CSV": _export("csv"),
    "an export to JSON": _export("json"),
    "an export for the notebooks": _export("notebook"),
    **MORE_ACTIONS,
}
