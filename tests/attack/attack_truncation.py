"""Cuts a session off at every byte: it opens with every whole block, or has a fault with a line, and goes on to the same end."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

from made import CREATED, make, run
from speaking import InMemory, connected, follows, spoken
from tally import Tally

from iicl_tui.chain.engine import Chain
from iicl_tui.errors import ConfigError
from iicl_tui.store.check import check
from iicl_tui.store.library import summary
from iicl_tui.store.session import SessionFile

Finish = Callable[[SessionFile], None]
_LATENCY = re.compile(rb"latency = [0-9.e-]+|sum [0-9a-f]{8}")


def attack(tally: Tally, folder: Path) -> None:
    """Cuts a Bayesian session, one of a language model, and one that a person reviewed."""
    sessions: dict[str, tuple[bytes, Finish | None]] = {
        "Bayesian": (make(folder / "bayes.toml").read_bytes(), run),
        "language model's": (_spoken(folder), _speak),
        "reviewed": (make(folder / "reviewed.toml", human=True).read_bytes(), None),
    }
    for name, (whole, finish) in sessions.items():
        count = len(whole) if tally.share >= 1 else tally.part(len(whole), 2)
        for size in (at * len(whole) // count for at in range(count)):
            path = folder / "cut.toml"
            path.write_bytes(whole[:size])
            tally.tried[f"lengths of a {name} session of {len(whole):,} bytes"] += 1
            try:
                for wrong in _cut(path, whole, size, finish):
                    tally.fail(f"{name} session cut at {size}: {wrong}")
            except Exception as error:
                tally.fail(f"{name} session cut at {size}: {type(error).__name__}: {error}")
            for left in folder.glob("cut*"):
                left.unlink()


def _cut(path: Path, whole: bytes, size: int, finish: Finish | None) -> list[str]:
    """What went wrong with the session cut off at this size."""
    wrong = []
    faults = check(path)
    row = summary(path, 0.0)
    end = max((end for end in _ends(whole) if end - 1 <= size), default=0)  # the last newline need not be there
    if not end:  # within the head, which a person may be writing
        try:
            SessionFile.open(path).close()
        except ConfigError:
            if not faults:
                wrong.append("it has no fault, and does not open")
        return wrong
    torn = whole[end:size]
    if bool(torn.strip()) != bool(faults):
        wrong.append(f"{len(faults)} faults with {len(torn)} bytes of an unfinished block")
    if row.fault is not None:
        wrong.append(f"it is listed as broken: {row.fault}")
    with SessionFile.open(path) as session:
        if path.read_bytes() != whole[: min(end, size)]:
            wrong.append("a whole block is missing, or a part of one is left")
        beside = path.with_name(f"{path.name}.torn")
        if (beside.read_bytes() if beside.exists() else b"").strip() != torn.strip():
            wrong.append("what was cut off is not kept")
        if finish is not None:
            finish(session)
            if _timeless(path.read_bytes()).rstrip() != _timeless(whole).rstrip():
                wrong.append("it goes on to another end")
    return wrong


def _ends(whole: bytes) -> list[int]:
    """Where the blocks end."""
    return [found.end() for found in re.finditer(rb"^# end: .*\n", whole, re.MULTILINE)]


def _timeless(data: bytes) -> bytes:
    """The file without the seconds that replies took, and the checksums over them."""
    return _LATENCY.sub(b"", data)


def _spoken(folder: Path) -> bytes:
    """A finished session whose agent is a language model."""
    path = folder / "model.toml"
    with SessionFile.create(spoken()[0], path, created=CREATED) as session:
        _speak(session)
    return path.read_bytes()


def _speak(session: SessionFile) -> None:
    config = connected(session.config, InMemory(follows(session.config)))
    asyncio.run(Chain(config, session.generations, session, calls=session.calls).run())
