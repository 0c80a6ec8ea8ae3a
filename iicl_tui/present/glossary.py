"""The glossary: what each term on a screen means, for a newcomer and for a researcher. docs/glossary.md is made from it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from iicl_tui.agents.base import agent_kinds
from iicl_tui.chain.config import chain_fields
from iicl_tui.filters.base import filter_kinds
from iicl_tui.schema import Field
from iicl_tui.tasks.base import task_kinds

FILE = Path(__file__).with_name("glossary.toml")


@dataclass(frozen=True)
class Entry:
    """One term.

    Attributes:
        shown: How it is written on screens, its own name included.
        plain: What it is, for a newcomer.
        exact: The same for a researcher.
        labels: The names that mean the term only where they stand alone, since they are everyday words or single letters.
    """

    term: str
    shown: tuple[str, ...]
    plain: str
    exact: str
    labels: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All names that it may be looked up by."""
        return (*self.shown, *(label for label in self.labels if label not in self.shown))


@cache
def terms() -> tuple[Entry, ...]:
    """The terms of charts, headings and words, in the order of the file."""
    found = tomllib.loads(FILE.read_text(encoding="utf-8"))["entry"]
    return tuple(
        Entry(
            each["term"],
            (each["term"], *each.get("shown", ())),
            each["plain"],
            each["exact"],
            tuple(each.get("labels", ())),
        )
        for each in found
    )


def settings() -> Iterator[Entry]:
    """What can be set: filters, and the keys of the chain, the tasks, the agents and the filters. Their own help explains them."""
    for filter_kind in filter_kinds().values():
        yield Entry(
            f"filter: {filter_kind.title}", (filter_kind.title, filter_kind.name), filter_kind.help, f'kind = "{filter_kind.name}"'
        )
    yield from _of_fields("chain", chain_fields())
    for task_kind in task_kinds().values():
        yield from _of_fields(f"task {task_kind.name}", task_kind.fields)
    for agent_kind in agent_kinds().values():
        yield from _of_fields(f"agent {agent_kind.name}", agent_kind.fields)
    for filter_kind in filter_kinds().values():
        yield from _of_fields(f"filter {filter_kind.name}", filter_kind.fields)


def _of_fields(where: str, fields: tuple[Field, ...]) -> Iterator[Entry]:
    for field in fields:
        yield Entry(f"{where}: {field.label}", (field.label, field.key), field.help, f"{field.key}: {field.expected}")


def lookup(text: str) -> Entry | None:
    """The entry of a term as it is shown: its own name first, then the longest one that the text begins with."""
    folded = text.casefold().strip()
    everything = (*terms(), *settings())
    for entry in everything:
        if folded in (name.casefold() for name in entry.names):
            return entry
    begun = [
        (len(name), entry)
        for entry in terms()
        for name in entry.names
        if len(name) > 3 and (folded.startswith(name.casefold()) or re.fullmatch(pattern(name), text.strip(), re.IGNORECASE))
    ]
    return max(begun, key=lambda found: found[0])[1] if begun else None


@cache
def pattern(name: str) -> str:
    """A regular expression for a name: ᵗ stands for the number of any generation, and … for a part that differs."""
    return re.escape(name).replace("ᵗ", r"[ᵗ⁰¹²³⁴⁵⁶⁷⁸⁹]+").replace("…", r"[^)]*" if "(" in name else r"\w*")


def document() -> str:
    """The text of docs/glossary.md."""
    lines = [
        "# Glossary",
        "",
        "Made by `docs/make_glossary.py` from `iicl_tui/present/glossary.toml`, which the program shows, too (key i).",
        "",
    ]
    for entry in terms():
        lines += [f"## {entry.term}", "", entry.plain, "", f"*Exactly:* {entry.exact}", ""]
    lines += ["# Settings", "", "What can be set, with the words of the form.", ""]
    for entry in settings():
        where, _, label = entry.term.partition(": ")
        lines += [f"- **{label}** ({where}; `{entry.exact.partition(': ')[0]}`): {entry.plain}"]
    return "\n".join(lines).rstrip("\n") + "\n"
