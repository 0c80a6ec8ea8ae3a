"""Decisions that are not committed yet, kept on disk beside the user's state, so that quitting in mid-review loses nothing."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast, get_args

import tomli_w

from iicl_tui.filters.base import HypothesisShown, Verdict
from iicl_tui.review.state import Item, ReviewState, Shown, Value, values_shown
from iicl_tui.store import atomic
from iicl_tui.tasks.base import Example, Task

Gate = Literal["hypothesis", "samples"]
MOST_BYTES = 4_000_000
"""A file that is larger is none of ours."""


@dataclass(frozen=True)
class Round:
    """One question of a phase: what was shown, what is decided on it, and whether that was committed."""

    attempt: int
    state: ReviewState
    committed: bool = False

    def answers(self, shown: Shown) -> bool:
        """Whether this is what is shown now."""
        return self.attempt == shown.attempt and tuple(item.shown for item in self.state.items) == values_shown(shown)


@dataclass(frozen=True)
class Draft:
    """All questions of one phase so far, in order. A phase that is taken up again asks the same ones again."""

    generation: int
    gate: Gate
    rounds: tuple[Round, ...] = ()

    def before(self, number: int) -> Draft:
        """Only the first `number` questions."""
        return replace(self, rounds=self.rounds[:number])

    def with_round(self, number: int, one: Round) -> Draft:
        """The question of this number answered anew; what came after it is forgotten."""
        return replace(self, rounds=(*self.rounds[:number], one))


def gate_of(shown: Shown) -> Gate:
    """The gate that asks this."""
    return "hypothesis" if isinstance(shown, HypothesisShown) else "samples"


class DraftFile:
    """The draft of one session: a small TOML file in `folder` (the user's state), found by the session's path.

    created: when the session was; another one that has taken its name does not get its draft.
    """

    def __init__(self, folder: Path, session: Path, created: str = "") -> None:
        path = str(session.resolve())
        self.session = f"{path} {created}".rstrip()
        self.path = folder / "drafts" / f"{hashlib.sha256(path.encode()).hexdigest()[:24]}.toml"

    def save(self, draft: Draft, task: Task) -> None:
        """Writes it, whole or not at all. Raises OSError."""
        document = {
            "session": self.session,
            "generation": draft.generation,
            "gate": draft.gate,
            "round": [_write_round(one, draft.gate, task) for one in draft.rounds],
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        atomic.replace(self.path, tomli_w.dumps(document).encode())

    def load(self, task: Task) -> Draft | None:
        """The draft, or None where there is none that can be used: it is a convenience, never a reason to stop."""
        try:
            if self.path.stat().st_size > MOST_BYTES:
                return None
            document = tomllib.loads(self.path.read_text(encoding="utf-8"))
            gate = document["gate"]
            if document["session"] != self.session or gate not in get_args(Gate):
                return None
            rounds = tuple(_read_round(table, gate, task) for table in document["round"])
            return Draft(int(document["generation"]), gate, rounds)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def remove(self) -> None:
        """It is committed. Raises OSError."""
        self.path.unlink(missing_ok=True)


def _write_round(one: Round, gate: Gate, task: Task) -> dict[str, Any]:
    items = [_write_item(item, looked, gate, task) for item, looked in zip(one.state.items, one.state.looked, strict=True)]
    return {"attempt": one.attempt, "committed": one.committed, "cursor": one.state.cursor, "item": items}


def _write_item(item: Item, looked: float, gate: Gate, task: Task) -> dict[str, Any]:
    table: dict[str, Any] = {"shown": _write_value(item.shown, gate, task), "looked": looked}
    if item.value != item.shown:
        table["value"] = _write_value(item.value, gate, task)
    if item.verdict is not None:
        table["verdict"] = item.verdict
    if item.reason:
        table["reason"] = item.reason
    if item.seconds is not None:
        table["seconds"] = item.seconds
    return table


def _read_round(table: Mapping[str, Any], gate: Gate, task: Task) -> Round:
    items = tuple(_read_item(entry, gate, task) for entry in table["item"])
    looked = tuple(float(entry["looked"]) for entry in table["item"])
    # What was decided before can be taken back as one step.
    fresh = tuple(Item(item.shown, item.shown) for item in items)
    past = ((fresh, 0),) if fresh != items else ()
    state = ReviewState(items, looked=looked, past=past).move_to(int(table["cursor"]))
    return Round(int(table["attempt"]), state, bool(table["committed"]))


def _read_item(entry: Mapping[str, Any], gate: Gate, task: Task) -> Item:
    shown = _read_value(entry["shown"], gate, task)
    value = _read_value(entry["value"], gate, task) if "value" in entry else shown
    verdict = entry.get("verdict")
    if verdict is not None and verdict not in get_args(Verdict):
        raise ValueError(verdict)
    seconds = None if "seconds" not in entry else float(entry["seconds"])
    return Item(shown, value, cast("Verdict | None", verdict), str(entry.get("reason", "")), seconds)


def _write_value(value: Value, gate: Gate, task: Task) -> Any:
    if gate == "hypothesis":
        return task.write_hypothesis(value)
    return {"input": list(value.input), "output": value.output}


def _read_value(value: Any, gate: Gate, task: Task) -> int | Example:
    return task.read_hypothesis(value) if gate == "hypothesis" else task.read_example(value["input"], value["output"])
