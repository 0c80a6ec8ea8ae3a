"""Reads texts from a reply: JSON, a numbered or bulleted list, paragraphs, lines, or one text alone.

Texts are taken as they are written: nothing is translated to plain characters, as the readers of rules and labels do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from iicl_tui.tasks.example import Example
from iicl_tui.tasks.reply_parsing.cleaning import AFTER_TURN, EMPTY, NO_ANSWER
from iicl_tui.tasks.reply_parsing.doubts import doubts_after
from iicl_tui.tasks.reply_parsing.markers import ANSWER_TAG, SPECIAL_TOKEN, find_answer
from iicl_tui.tasks.reply_parsing.words import json_values, quoted
from iicl_tui.tasks.wording import SamplesReading
from iicl_tui.text import printable

MOST_REPLY = 4_000_000
"""How many characters of a huge reply are read."""

TEXT_KEYS = ("text", "content", "review", "story", "advice", "explanation", "answer")
"""Keys under which a model may put the text of a JSON object."""

_LABEL = r"(?:[^\W\d_]{2,20}\s*)?"
_NUMBERED = re.compile(rf"^[ \t>*_#]{{0,8}}{_LABEL}#?\(?(\d{{1,4}})[ \t]*[*_]{{0,2}}[.):][*_]{{0,2}}(?:[ \t]+|$)", re.MULTILINE)
_BULLET = re.compile(r"^[ \t]{0,8}[-*•·‣▪+–][ \t]+", re.MULTILINE)
_LEAD_IN = re.compile(r"\A[^\n]{0,200}:[ \t*_]*(?:\n|\Z)")
_OPENER = re.compile(
    r"\A\W*(?:sure|here|certainly|of course|okay|ok|absolutely|below|these|following|the following)\b", re.IGNORECASE
)
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)[^\n]*$", re.MULTILINE)
_PAIRS = {'"': '"', "“": "”", "„": "“", "«": "»", "‘": "’"}
_MOST_DETAILS = 3
_MOST_MORE = 1_000
"""How many texts more than were requested are looked at."""

Items = list[tuple[dict[str, str], str]]
"""The fields and the text of each item."""


def read_texts(text: str, count: int, fields: Sequence[str], read: Callable[[list[str], str], Example]) -> SamplesReading:
    """Read the first count texts in a reply. Never raises, whatever the text.

    Args:
        text: the reply.
        count: how many texts were requested.
        fields: names of the fields that each text should have; one that is missing is left out, with a remark.
        read: makes an example of fields as name=value and a text, or raises ValueError, which makes the text unreadable.
    """
    if not text.strip():
        return SamplesReading((), (), EMPTY)
    answer = find_answer(text[:MOST_REPLY])
    body = text[answer.start : min(answer.stop, MOST_REPLY)]
    if "<" in body or "[" in body:
        body = SPECIAL_TOKEN.sub(" ", ANSWER_TAG.sub("\n", body))
    if not body.strip():
        return SamplesReading((), (), NO_ANSWER)
    remarks = [AFTER_TURN] if answer.ignored else []
    found: list[Example] = []
    wrong: list[str] = []
    items = _from_json(body, fields) or _from_lists(body, count, fields)
    for values, words in items[: count + _MOST_MORE]:
        try:
            found.append(read([f"{name}={value}" for name, value in values.items()], words))
        except ValueError as error:
            wrong.append(printable(str(error), 120))
    if len(found) > count:
        remarks.append(f"The reply has {len(items)} texts; the first {count} count.")
        found = found[:count]
    remarks += doubts_after(body, found[-1].output if found else "")
    missing = [name for name in fields if not all(f"{name}=" in "\n".join(each.input) for each in found)]
    if missing and found:
        remarks.append(f"Not every text has {quoted(missing[0])}.")
    if len({each.output for each in found}) < len(found):
        remarks.append("Some texts are there more than once.")
    trouble = ""
    if len(found) < count:
        trouble = f"It has {len(found)} of {count} texts." if found else "There is no text in it."
        trouble = " ".join([trouble, *(f"{each[:1].upper()}{each[1:]}." for each in wrong[:_MOST_DETAILS])])
    return SamplesReading(tuple(found), tuple(remarks), trouble)


# -- JSON -----------------------------------------------------------------------------------------------------------------------


def _from_json(body: str, fields: Sequence[str]) -> Items:
    """The texts in the JSON values of a reply; none if it has no such values."""
    if '"' not in body or ("[" not in body and "{" not in body):
        return []
    items: Items = []
    for value in json_values(body):
        items += _members(value, fields, 0)
    return items


def _members(value: Any, fields: Sequence[str], depth: int) -> Iterator[tuple[dict[str, str], str]]:
    if depth > 4:
        return
    if isinstance(value, str) and depth:
        if value.strip():
            yield {}, value.strip()
    elif isinstance(value, list):
        for member in value:
            yield from _members(member, fields, depth + 1)
    elif isinstance(value, dict):
        words = next((value[key] for key in _spelt(value, TEXT_KEYS) if isinstance(value[key], str)), None)
        if words is not None:
            if words.strip():
                yield {name: str(value[key]).strip() for name in fields for key in _spelt(value, (name,))[:1]}, words.strip()
        else:
            for member in value.values():
                yield from _members(member, fields, depth + 1)


def _spelt(value: dict[str, Any], names: Sequence[str]) -> list[str]:
    """The keys that are one of these names in any case, in the order of the names."""
    return [key for name in names for key in value if key.strip().lower() == name.lower()]


# -- lists and paragraphs -------------------------------------------------------------------------------------------------------


def _from_lists(body: str, count: int, fields: Sequence[str]) -> Items:
    body = _FENCE.sub("", body).strip()
    if count == 1 and not fields:
        whole = _bare(_without_lead_in(body))
        return [({}, whole)] if whole else []
    parts = _numbered(body) or _bulleted(body) or _paragraphs(body, count)
    split = (_with_fields(part, fields) for part in parts[: count + _MOST_MORE])
    return [(values, words) for values, part in split if (words := _bare(part))]


def _without_lead_in(body: str) -> str:
    """The reply without a first line such as "Sure, here it is:"."""
    lead_in = _LEAD_IN.match(body)
    if lead_in is not None and _OPENER.match(body) is not None and body[lead_in.end() :].strip():
        return body[lead_in.end() :].strip()
    return body


def _numbered(body: str) -> list[str]:
    """The items of a list whose numbers rise by one; other numbers at the start of a line belong to the text."""
    starts: list[tuple[int, int]] = []
    expected: int | None = None
    for found in _NUMBERED.finditer(body):
        number = int(found[1])
        if expected is None and number not in (0, 1):
            continue
        if expected is None or number == expected:
            starts.append(found.span())
            expected = number + 1
    ends = [start for start, _ in starts[1:]] + [len(body)]
    return [_first_block(body[at:end]) for (_, at), end in zip(starts, ends, strict=True)] if starts else []


def _bulleted(body: str) -> list[str]:
    starts = [found.span() for found in _BULLET.finditer(body)]
    ends = [start for start, _ in starts[1:]] + [len(body)]
    return [_first_block(body[at:end]) for (_, at), end in zip(starts, ends, strict=True)] if len(starts) > 1 else []


def _first_block(item: str) -> str:
    """An item up to the first blank line after it begins: what follows the list is no part of its last item."""
    return re.split(r"\n[ \t]*\n", item.strip(), maxsplit=1)[0]


def _paragraphs(body: str, count: int) -> list[str]:
    body = _without_lead_in(body)
    blocks = [block.strip() for block in re.split(r"\n[ \t]*\n", body) if block.strip()]
    lines = [line.strip() for line in body.splitlines() if line.strip()]
    return lines if len(blocks) < count <= len(lines) or len(blocks) == 1 else blocks


def _with_fields(part: str, fields: Sequence[str]) -> tuple[dict[str, str], str]:
    """An item's fields, written as "name: value" on lines or between bars, and the text that is left."""
    if not fields:
        return {}, part
    values: dict[str, str] = {}
    rest: list[str] = []
    for piece in re.split(r"\n|\s\|\s|;\s(?=\w+\s*[:=])", part):
        found = re.match(r"\W{0,4}([^:=\n]{1,40}?)\W{0,3}\s*[:=]\s*(.*)\Z", piece)
        name = found[1].strip().lower() if found is not None else ""
        known = next((each for each in fields if each.lower() == name), None)
        if found is not None and known is not None and known not in values:
            values[known] = _bare(found[2])
        elif found is not None and name in TEXT_KEYS:
            rest.append(found[2])
        else:
            rest.append(piece)
    return {name: values[name] for name in fields if values.get(name)}, "\n".join(rest)


def _bare(text: str) -> str:
    """The text without blanks, quotes or bold marks around all of it."""
    text = text.strip()
    for _ in range(2):
        if text.startswith("**") and text.endswith("**") and len(text) > 4 and "**" not in text[2:-2]:
            text = text[2:-2].strip()
        close = _PAIRS.get(text[:1])
        if close is not None and text.endswith(close) and len(text) > 2 and close not in text[1:-1]:
            text = text[1:-1].strip()
    return text
