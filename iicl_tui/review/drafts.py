"""Decisions that are not committed yet, kept on disk so that quitting during a review loses nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

import tomli_w

from iicl_tui.files import parse_toml, read_bytes
from iicl_tui.filters.base import Gate, Verdict
from iicl_tui.review.state import Item, ReviewState
from iicl_tui.store import atomic

if TYPE_CHECKING:
    from iicl_tui.review.chain_subject import ChainSubject

MOST_BYTES = 4_000_000
"""Maximum size of a draft file; a larger one is ignored."""


@dataclass(frozen=True)
class Round:
    """One review of a phase: its decisions, and whether they were committed."""

    attempt: int
    state: ReviewState
    committed: bool = False

    def matches(self, subject: ChainSubject) -> bool:
        """Returns whether this round has the attempt and the items that are shown now."""
        return self.attempt == subject.attempt and tuple(item.shown for item in self.state.items) == subject.values


@dataclass(frozen=True)
class Draft:
    """All reviews of one phase so far, in order. A repeated phase asks for the same ones again."""

    generation: int
    gate: Gate
    rounds: tuple[Round, ...] = ()

    def first_rounds(self, number: int) -> Draft:
        """Returns the draft with the first `number` rounds only."""
        return replace(self, rounds=self.rounds[:number])

    def with_round(self, number: int, one: Round) -> Draft:
        """Replaces the round of this number and drops those after it."""
        return replace(self, rounds=(*self.rounds[:number], one))


class DraftFile:
    """The draft of one session: a small TOML file, named by a hash of the session's path."""

    def __init__(self, folder: Path, session: Path, created: str = "") -> None:
        """Finds the file's path.

        Args:
            folder: The user's state folder.
            session: The session's file.
            created: When the session was created, so that another session of the same name does not get its draft.
        """
        path = str(session.resolve())
        self.session = f"{path} {created}".rstrip()
        self.path = folder / "drafts" / f"{hashlib.sha256(path.encode()).hexdigest()[:24]}.toml"

    def save(self, draft: Draft, subject: ChainSubject) -> None:
        """Writes the draft atomically. Raises OSError."""
        document = {
            "session": self.session,
            "generation": draft.generation,
            "gate": draft.gate,
            "round": [_write_round(one, subject) for one in draft.rounds],
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        atomic.replace(self.path, tomli_w.dumps(document).encode())

    def load(self, subject: ChainSubject) -> Draft | None:
        """Returns the draft; None if there is no readable one for this subject's gate. Never raises."""
        try:
            document = parse_toml(read_bytes(self.path, MOST_BYTES).decode())
            if document["session"] != self.session or document["gate"] != subject.stage:
                return None
            rounds = tuple(_read_round(table, subject) for table in document["round"])
            return Draft(int(document["generation"]), subject.stage, rounds)
        except (OSError, ArithmeticError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def remove(self) -> None:
        """Removes the file. Raises OSError."""
        self.path.unlink(missing_ok=True)


def _write_round(one: Round, subject: ChainSubject) -> dict[str, Any]:
    items = [
        _write_item(item, seconds_viewed, subject)
        for item, seconds_viewed in zip(one.state.items, one.state.seconds_viewed, strict=True)
    ]
    return {"attempt": one.attempt, "committed": one.committed, "cursor": one.state.cursor, "item": items}


def _write_item(item: Item, seconds_viewed: float, subject: ChainSubject) -> dict[str, Any]:
    table: dict[str, Any] = {"shown": subject.write(item.shown), "looked": seconds_viewed}
    if item.value != item.shown:
        table["value"] = subject.write(item.value)
    if item.verdict is not None:
        table["verdict"] = item.verdict
    if item.reason:
        table["reason"] = item.reason
    if item.seconds is not None:
        table["seconds"] = item.seconds
    return table


def _read_round(table: Mapping[str, Any], subject: ChainSubject) -> Round:
    items = tuple(_read_item(entry, subject) for entry in table["item"])
    seconds_viewed = tuple(float(entry["looked"]) for entry in table["item"])
    # All decisions of the draft can be undone in one step.
    fresh = tuple(Item(item.shown, item.shown) for item in items)
    past = ((fresh, 0),) if fresh != items else ()
    state = ReviewState(items, seconds_viewed=seconds_viewed, past=past).move_to(int(table["cursor"]))
    return Round(int(table["attempt"]), state, bool(table["committed"]))


def _read_item(entry: Mapping[str, Any], subject: ChainSubject) -> Item:
    shown = subject.read(entry["shown"])
    value = subject.read(entry["value"]) if "value" in entry else shown
    verdict = entry.get("verdict")
    if verdict is not None and verdict not in get_args(Verdict):
        raise ValueError(verdict)
    seconds = None if "seconds" not in entry else float(entry["seconds"])
    return Item(shown, value, cast("Verdict | None", verdict), str(entry.get("reason", "")), seconds)
