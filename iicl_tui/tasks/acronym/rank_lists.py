"""Loads the rank list that a [task] table asks for: wordfreq's, a person's file, or a session file's copy of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from iicl_tui.errors import Fault
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.acronym import files as files
from iicl_tui.tasks.acronym.wordfreq import wordfreq_ranks
from iicl_tui.tasks.acronym.words import Words, words_of

LISTED = 60_000
"""How many of wordfreq's words have a rank, unless `easy-rank` asks for more."""


def standard_words() -> Words:
    """The words of a task with default options."""
    return words_of(wordfreq_ranks(LISTED), LISTED, 7)


def words_for(options: Mapping[str, Any], path: KeyPath, faults: list[Fault], folder: Path | None) -> Words | None:
    """The words that a [task] table asks for; None, with a fault, if the file cannot be read."""
    name, held = options["ranks"], options["words"]
    kept = name is not None and files.holds(held, name)
    try:
        if name is None:
            ranks = wordfreq_ranks(max(LISTED, options["easy-rank"]))
        else:
            ranks = files.unpack(held, name) if kept else files.read_ranks(name, folder)
    except ValueError as error:
        faults.append(Fault((*path, "words" if kept else "ranks"), str(error)))
        return None
    return words_of(ranks, options["easy-rank"], options["word-letters"])


def check_lengths(words: Words, lengths: range, path: KeyPath, faults: list[Fault]) -> None:
    """Check that outputs of every length can be drawn, both easy words and strings that are in no list."""
    none = [length for length in lengths if not words.has_easy(length)]
    if none:
        which = f"of {_listed(none)} letters that has a rank below {words.easy_rank:,} and can be spelt by initials of its words"
        faults.append(
            Fault((*path, "easy-rank"), f"{words.list.name} has no word {which}; change `shortest`, `longest` or `easy-rank`")
        )
    full = [length for length in lengths if not words.can_make(length)]
    if full:
        which = f"of {_listed(full)} letters is in no list and can be spelt by initials of its words"
        name = words.list.name
        faults.append(
            Fault((*path, "shortest"), f"{name}: almost no pronounceable string {which}; raise `shortest`, or change the list")
        )


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:-1])) + (" or " if len(numbers) > 1 else "") + str(numbers[-1])


def embed(table: Mapping[str, Any], folder: Path | None) -> dict[str, Any]:
    """Copy the file of ranks into `words`. A pool needs no copy, since [start] holds what was drawn from it."""
    out = dict(table)
    name = out.get("ranks")
    if name is None:
        out.pop("words", None)
    elif not files.holds(out.get("words"), name):
        out["words"] = files.pack(files.read_ranks(name, folder))
    return out
