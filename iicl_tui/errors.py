"""Errors with a title, what happened, and what a person can do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class LabError(Exception):
    """An error that is shown to a person, without a traceback.

    Attributes:
        title: A few words.
        what: What happened, in one or two sentences.
        remedy: What can be done now.
    """

    exit_code = 2

    def __init__(self, title: str, what: str = "", remedy: str = "") -> None:
        super().__init__(title)
        self.title = title
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return "\n".join(part for part in (self.title, self.what, self.remedy) if part)


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a file. path: where its key is, such as ("agent", 0, "prior", "screen")."""

    path: tuple[str | int, ...]
    message: str
    line: int | None = None

    @property
    def key(self) -> str:
        """The path as a person would write it: agent[1].prior.screen (lists count from 1)."""
        out = ""
        for part in self.path:
            out += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if out else part
        return out

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line is not None else ""
        return f"{where}{self.key}: {self.message}" if self.path else f"{where}{self.message}"


class ConfigError(LabError):
    """A file or a form that cannot be used, with all of its faults."""

    def __init__(self, faults: Sequence[Fault], source: str = "") -> None:
        self.faults = tuple(faults)
        self.source = source
        count = f"{len(self.faults)} fault{'s' if len(self.faults) != 1 else ''}"
        super().__init__(
            f"{source or 'The configuration'}: {count}",
            "\n".join(str(fault) for fault in self.faults),
            "Correct the keys above; `iicl-tui check FILE` lists what is still wrong.",
        )


class StoreError(LabError):
    """A session file that could not be read or written. What is in memory stays there."""


class ChainStopped(LabError):
    """The chain cannot continue by itself. Everything so far is saved and can be resumed."""

    exit_code = 3
