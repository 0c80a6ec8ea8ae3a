"""A row of data as lines to read: Markdown and code as such, everything printable, wrapped line by line as far as is looked at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from iicl_tui.review.styled import StyledText, styled
from iicl_tui.text import printable, text_width

_SLICE = 4000
"""A longer line is wrapped in pieces of so many characters, so that the first screen of it is there at once."""
_FENCE = re.compile(r"\s{0,3}(```+|~~~+)")
_HEADING = re.compile(r"#{1,6} ")
_ITEM = re.compile(r"(\s*)([-*+]|\d{1,3}[.)]) ")
_INLINE = re.compile(r"(`+)[^`]+?\1|\*\*[^*\s][^*]*\*\*|__[^_\s][^_]*__|(?<![\w*])\*[^*\s][^*]*\*(?!\w)|(?<!\w)_[^_\s][^_]*_(?!\w)")
_WIDE = "\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\U00020000-\U0003fffd"
"""Characters of Chinese, Japanese and Korean, between which a line may end."""
_TOKEN = re.compile(rf"\s+|[{_WIDE}]+|[^\s{_WIDE}]+")
_WIDE_FIRST = re.compile(f"[{_WIDE}]")


def lines(text: str, drawn: bool = True) -> Iterator[StyledText]:
    """Yields the lines of a text, not wrapped yet. Markup stays in the text, dimmed, so that what is judged is what is there.

    Args:
        text: Anything.
        drawn: Show Markdown and code as such; otherwise all is plain.
    """
    fence = ""
    for raw in text.replace("\r\n", "\n").split("\n"):
        if not drawn:
            yield from _pieces(raw)
            continue
        mark = _FENCE.match(raw)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
            yield styled((printable(raw), "muted"))
        elif fence:
            yield from _pieces(raw, "code")
        else:
            yield from _markdown(raw)


def _pieces(raw: str, role: str = "") -> Iterator[StyledText]:
    start = 0
    while True:
        end = start + _SLICE
        if end < len(raw):
            end = raw.rfind(" ", start, end) + 1 or end  # between words, if there are any
        yield styled((printable(raw[start:end]), role))
        start = end
        if start >= len(raw):
            return


def _markdown(raw: str) -> Iterator[StyledText]:
    if len(raw) > _SLICE:
        yield from _pieces(raw)
        return
    line = printable(raw)
    if _HEADING.match(line):
        yield styled((line, "strong accent"))
    elif line.startswith(">"):
        yield styled((line, "italic"))
    else:
        item = _ITEM.match(line)
        head = styled((item[0], "accent")) if item else StyledText()
        yield head + _inline(line[item.end() if item else 0 :])


def _inline(line: str) -> StyledText:
    parts: list[StyledText] = []
    at = 0
    for found in _INLINE.finditer(line):
        text = found[0]
        size = len(found[1]) if found[1] else 2 if text[:2] in ("**", "__") else 1
        role = "code" if found[1] else "strong" if size == 2 else "italic"
        parts += [styled(line[at : found.start()])]
        parts += [styled((text[:size], "dim"), (text[size:-size], role), (text[-size:], "dim"))]
        at = found.end()
    return styled(*parts, line[at:])


def wrapped(lines: Iterable[StyledText], width: int) -> Iterator[StyledText]:
    """Wraps lines at spaces, and between Chinese, Japanese or Korean characters, to at most `width` cells; longer words are
    broken. Continued list items keep their indent."""
    for line in lines:
        yield from _wrap(line, max(width, 1))


def _wrap(line: StyledText, width: int) -> Iterator[StyledText]:
    if line.width <= width:
        yield line
        return
    plain = line.plain
    item = _ITEM.match(plain)
    indent = " " * (item.end() if item else len(plain) - len(plain.lstrip(" ")))
    if len(indent) > width // 2:
        indent = ""
    runs: list[tuple[str, str]] = []
    used = 0
    started = False
    for text, role in line.runs:
        for token in _TOKEN.findall(text):
            size = text_width(token)
            if used + size <= width:
                runs.append((token, role))
                used += size
                started = started or not token.isspace()
                continue
            if token.isspace():  # it would only stand at the end of the line
                yield StyledText(tuple(runs))
                runs, used, started = [(indent, "")] if indent else [], len(indent), False
                continue
            if started and (used + 2 > width or not _WIDE_FIRST.match(token)):
                yield StyledText(tuple(runs))
                runs, used = [(indent, "")] if indent else [], len(indent)
            for piece, last in _broken(token, width - used, width - len(indent)):
                runs.append((piece, role))
                if last:
                    used += text_width(piece)
                    started = True
                else:
                    yield StyledText(tuple(runs))
                    runs, used = [(indent, "")] if indent else [], len(indent)
    if (runs and used > len(indent)) or not started:
        yield StyledText(tuple(runs))


def _broken(word: str, first: int, width: int) -> Iterator[tuple[str, bool]]:
    """Yields a word in pieces that fit, each with whether it is the last."""
    room, piece, used = max(first, 1), "", 0
    for char in word:
        size = text_width(char)
        if piece and used + size > room:
            yield piece, False
            room, piece, used = max(width, 1), "", 0
        piece += char
        used += size
    yield piece, True
