"""Text with roles, as plain values. A screen decides how each role looks."""

from __future__ import annotations

from dataclasses import dataclass

from iicl_tui.text import shorten, text_width


@dataclass(frozen=True, slots=True)
class StyledText:
    """Runs of text with roles.

    Attributes:
        runs: Pairs (text, roles). Roles are names separated by spaces: muted, strong, dim, italic, accent, code, approve, reject,
            edit, hue-N (the N-th value of a factor). An empty string means plain text.
    """

    runs: tuple[tuple[str, str], ...] = ()

    @property
    def plain(self) -> str:
        """The text without roles."""
        return "".join(text for text, _ in self.runs)

    @property
    def width(self) -> int:
        """The number of terminal cells."""
        return sum(text_width(text) for text, _ in self.runs)

    def __bool__(self) -> bool:
        return any(text for text, _ in self.runs)

    def __add__(self, other: str | StyledText) -> StyledText:
        return StyledText(self.runs + styled(other).runs)

    def with_role(self, role: str) -> StyledText:
        """Returns the text with one more role on all of it."""
        return StyledText(tuple((text, f"{roles} {role}".strip()) for text, roles in self.runs))

    def cut(self, width: int, pad: bool = False) -> StyledText:
        """Returns the text in at most `width` cells, with an ellipsis if it was cut. With `pad`, spaces fill up the width."""
        short = self if self.width <= width else StyledText(_cut(self.runs, width))
        return short + " " * max(width - short.width, 0) if pad else short


Part = str | tuple[str, str] | StyledText
"""Plain text, (text, roles), or styled text."""


def styled(*parts: Part) -> StyledText:
    """Joins parts into one styled text."""
    runs: list[tuple[str, str]] = []
    for part in parts:
        if isinstance(part, StyledText):
            runs += part.runs
        elif isinstance(part, tuple):
            runs.append(part)
        else:
            runs.append((part, ""))
    return StyledText(tuple(run for run in runs if run[0]))


def hue(position: int) -> str:
    """Returns the role of the position-th value of a factor."""
    return f"hue-{position}"


def _cut(runs: tuple[tuple[str, str], ...], width: int) -> tuple[tuple[str, str], ...]:
    """Cuts runs that are wider than `width`, so that the ellipsis fits."""
    kept: list[tuple[str, str]] = []
    room = width
    for text, roles in runs:
        used = text_width(text)
        if used < room:
            kept.append((text, roles))
            room -= used
            continue
        # A run that fills the width exactly is cut, too, because more text follows.
        kept.append((shorten(text + " ", room) if room > 0 else "", roles))
        break
    return tuple(kept)


def wrap_words(text: str, width: int) -> list[str]:
    """Wraps plain text at spaces into lines of at most `width` cells; longer words are broken."""
    width, lines, line = max(width, 1), list[str](), ""
    for word in text.split(" "):
        if line and text_width(line) + 1 + text_width(word) <= width:
            line += " " + word
            continue
        if line:
            lines.append(line)
        line = ""
        for char in word:
            if line and text_width(line + char) > width:
                lines.append(line)
                line = ""
            line += char
    return [*lines, line] if line or not lines else lines
