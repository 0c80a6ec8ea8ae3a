"""Notes on the moments of a session, kept beside its file, and the lesson that is made from them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from iicl_tui import files
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.records import PHASES, Phase
from iicl_tui.errors import LabError
from iicl_tui.lessons.chains import Moment
from iicl_tui.lessons.lesson import FORMAT as LESSON_FORMAT
from iicl_tui.lessons.texts import length_fault
from iicl_tui.store import atomic, errors, toml_lines, toml_text
from iicl_tui.store.session import SessionFile

FORMAT = "iicl-tui-notes/1"
SUFFIX = ".notes"
MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class Note:
    """A text about a moment of a chain."""

    generation: int
    phase: Phase
    text: str

    @property
    def order(self) -> tuple[int, int]:
        """Notes are read in the order of their moments."""
        return self.generation, PHASES.index(self.phase)


def file_of(session: Path) -> Path:
    """The file with the notes of a session."""
    return session.with_suffix(SUFFIX)


def fault_of(text: str) -> str:
    """Why a text cannot be a note, as a sentence; "" if it can."""
    if not text.strip():
        return "Write what is to be noticed here."
    if "{" in text or "}" in text:
        return "Braces are slots for numbers; write them into the lesson's file later."
    fault = length_fault(text)
    return f"It {fault}." if fault else ""


def moment_of(chain: Chain, selected: int) -> Moment:
    """The moment that the lab shows: the last phase done of the selected generation, or the end of the one before."""
    if selected > len(chain.generations):
        selected -= 1
    if selected < 1:
        return 0, "transmission"
    shown = chain.generations[selected - 1]
    return selected, "transmission" if shown.transmission else "interaction" if shown.interaction else "imitation"


def load(session: Path) -> tuple[Note, ...]:
    """The notes of a session in the order of their moments. Raises StoreError or ConfigError if their file cannot be read."""
    path = file_of(session)
    try:
        document = toml_lines.parse(toml_lines.text_of(files.read_bytes(path, MOST_BYTES), path.name), path.name)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise errors.from_os_error(error, "read", path) from error
    tables = document.get("note", [])
    found = [_read(table) for table in tables] if isinstance(tables, list) else []
    return tuple(sorted((note for note in found if note is not None), key=lambda note: note.order))


def _read(table: object) -> Note | None:
    if not isinstance(table, Mapping):
        return None
    generation, phase, text = table.get("generation"), table.get("phase"), table.get("text")
    if not isinstance(generation, int) or generation < 0 or phase not in PHASES or not isinstance(text, str):
        return None
    return Note(generation, phase, text)


def add(session: Path, note: Note) -> int:
    """Keeps one more note and returns how many there are. Raises StoreError if it cannot be written."""
    count = len(load(session)) + 1
    path = file_of(session)
    table = toml_text.table("[[note]]", {"generation": note.generation, "phase": note.phase, "text": note.text})
    try:
        before = files.read_bytes(path, MOST_BYTES) if path.exists() else f"format = {toml_text.string(FORMAT)}\n".encode()
        atomic.replace(path, before.rstrip(b"\n") + f"\n\n{table}".encode())  # what a person wrote there stays
    except OSError as error:
        raise errors.from_os_error(error, "write", path) from error
    return count


def lesson_from(session: Path, target: Path) -> str:
    """The text of a lesson with a step for every note of a session, and a question about its last generation.

    Args:
        session: The session's file.
        target: Where the lesson will be, since it names the session.

    Raises:
        LabError: The session has no notes, or its chain has not begun.
    """
    notes = load(session)
    if not notes:
        raise LabError(
            f"{session.name} has no notes",
            "A lesson is made from notes on its moments.",
            "Open it in the lab; # writes a note to what you see.",
        )
    with SessionFile.open(session, read_only=True) as file:
        chain = Chain(file.config, file.generations, calls=file.calls)
    if not chain.generations:
        raise LabError(f"{session.name} has no generations yet", "A lesson shows a chain that has run.", "Run it, then try again.")
    return "\n".join([*_head(chain, session, target, len(notes)), *_steps(notes), _question(chain)])


def _head(chain: Chain, session: Path, target: Path, count: int) -> Sequence[str]:
    where = os.path.relpath(session.resolve(), target.resolve().parent)
    lesson = {"format": LESSON_FORMAT, "title": chain.config.title, "idea": "What this chain shows.", "minutes": max(2, count)}
    return [
        "".join(f"{key} = {toml_text.value(value)}\n" for key, value in lesson.items()),
        toml_text.table("[[chain]]", {"name": "chain", "title": chain.config.title, "session": where}),
    ]


def _steps(notes: Sequence[Note]) -> Sequence[str]:
    return [
        toml_text.table(
            "[[step]]",
            {"text": note.text, "generation": note.generation, "phase": note.phase,
             "show": ["curves", "data"] if note.generation else ["data", "curves"]},
        )
        for note in notes
    ]  # fmt: skip


def _question(chain: Chain) -> str:
    """A question for the last step: a number of the last generation, to be written anew by the author."""
    last, task = len(chain.generations), chain.task
    if task.dataset_metrics and chain.generations[-1].complete:
        metric, high = f"made({task.dataset_metrics[0].name})", task.dataset_metrics[0].high or 1.0
    elif chain.belief(last) is not None:
        at = task.focus if task.focus is not None else 0
        split = task.space.groupings[at]
        metric, high = f"P({split.name} {split.values[min(1, len(split.values) - 1)]})", 1.0
    else:
        metric, high = "explained", float(max(len(chain.start.samples), 1))
    values = {
        "kind": "number",
        "ask": f"Guess: {metric} in generation {last}?",
        "answer": f"{metric} @{last}",
        "high": high,
        "explain": f"It is {{{metric} @{last}}}[; you said {{guess}}].",
    }
    return toml_text.table("[step.question]", values)
