"""Reads acronyms from a reply in any form: words and the word that they spell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from iicl_tui.tasks.example import Example
from iicl_tui.tasks.reply_parsing.cleaning import clean
from iicl_tui.tasks.reply_parsing.doubts import doubts_after
from iicl_tui.tasks.reply_parsing.initials import (
    MOST_INPUT,
    MOST_OUTPUT,
    MOST_WORDS,
    Found,
    example,
    has_letter,
    is_list,
    letters_of,
    spelt,
    visible,
)
from iicl_tui.tasks.reply_parsing.words import MARK, WINDOW, dataset_remarks, json_values, quoted
from iicl_tui.tasks.wording import SamplesReading
from iicl_tui.text import printable

_INPUTS = (
    "list of words",
    "word list",
    "full form",
    "stands for",
    "expansion",
    "expanded",
    "meaning",
    "phrase",
    "inputs",
    "input",
    "words",
)
_OUTPUTS = ("abbreviation", "acronym", "outputs", "output", "initials", "result", "word")
_MOST_LINE = MOST_INPUT + MOST_OUTPUT
_MOST_DETAILS = 3

_LABEL = re.compile(
    rf"(?<![^\W_])(?:(?P<input>{'|'.join(_INPUTS)})|(?P<output>{'|'.join(_OUTPUTS)}))(?![^\W_])"
    rf"{MARK}{{0,4}}(?:#?\d{{1,4}}|\([^)\n]{{0,30}}\))?{MARK}{{0,4}}(?:[:=：＝]|[-–—=]{{1,2}}>|[→⇒➜])",
    re.IGNORECASE,
)
_TAG = re.compile(rf"<(?P<end>/?)(?P<label>{'|'.join((*_INPUTS, *_OUTPUTS))})>", re.IGNORECASE)
_HEAD = re.compile(
    r"(?:[\s>*_~#•·‣▪+–—-]|\(?\d{1,4}[.):](?!\S)|\(?\d{1,4}[.)](?=[*_])"
    r"|\b(?:example|sample|pair|case|no|nr)\b[\s#.]{0,3}\d{1,4}[*_]{0,3}[:.)–—-]?)*+",
    re.IGNORECASE,
)
_NEXT_HEAD = re.compile(r"[\s;,|](?:(?:example|sample|pair|case)[\s#]{0,3})?\(?\d{1,4}[.):]?[\s*_-]*\Z", re.IGNORECASE)
_ITEM = re.compile(
    r"(?P<indent>\s*)(?:(?P<bullet>[-*•·‣▪+–])|(?P<number>\(?\d{1,4}[.)])|(?P<quote>[\"'“])"
    r"|(?P<letter>[^\W\d_](?:\s*[:=→]|\s+[-–—]+>?\s|\s*->)))\s*\S"
)
_SIGN = re.compile(
    r"[-–—=~]{1,2}>|<[-–—=~]{1,2}|[→⇒⟶➜➔➡←⇐]|[:=：＝\t(]|\s[-–—]{1,2}\s|\s(?:stands\s+for|is\s+short\s+for|spells?)\s",
    re.IGNORECASE,
)
_AFTER = re.compile(r"[(#|;,]|\s[-–—]{1,2}\s|//|[→⇒]|->")


def read_acronyms(text: str, count: int, read: Callable[[list[str], str], Example]) -> SamplesReading:
    """Read the first count examples in a reply. Never raises, whatever the text.

    The words need not spell the output. Of a huge text the beginning is read, or else the end.

    Args:
        text: the reply.
        count: how many examples were requested.
        read: makes an example of words and an output (letters a–z, lower case), or raises ValueError, which makes the
            example unreadable.
    """
    answer = clean(text)
    if answer.trouble:
        return SamplesReading((), trouble=answer.trouble)
    found = _find(answer.text[:WINDOW], count)
    if not _readable(found) and len(answer.text) > WINDOW:  # very long replies answer at the end
        found = _find(answer.text[-WINDOW:], count)
    examples: list[Example] = []
    left_out: list[str] = []
    unread: list[str] = []
    for number, one in enumerate(found, 1):
        if len(examples) == count:
            break
        fault = one.fault
        if not fault:
            try:
                examples.append(read(list(one.words), one.output))
            except ValueError as error:
                fault = printable(str(error), 200)
        if fault:
            unread.append(f"Example {number}: {fault}.")
        else:
            left_out += [f"Example {number}: {quoted(word)} has no letter and is left out." for word in one.dropped]
    remarks = [*answer.remarks, *doubts_after(answer.text, examples[-1].input[-1] if examples else "")]
    details = _few(unread, "more cannot be read.")
    remarks = [*remarks, *_few(left_out, "more have no letter and are left out."), *dataset_remarks(examples)]
    if len(examples) < count:
        few = f"{len(examples)} of {count} examples can be read." if found else "There are no examples in the reply."
        return SamplesReading(tuple(examples), tuple(remarks), " ".join((few, *details)))
    if len(found) > count + len(unread):
        remarks.insert(0, f"There are {len(found)} examples: the first {count} that can be read are kept.")
    return SamplesReading(tuple(examples), (*details, *remarks))


def _few(sentences: Sequence[str], more: str) -> list[str]:
    """The first sentences, and how many more there are."""
    rest = len(sentences) - _MOST_DETAILS
    return [*sentences[:_MOST_DETAILS], *([f"{rest} {more}"] if rest > 0 else [])]


def _find(text: str, enough: int) -> list[Found]:
    """The examples of a text in the form that has most: JSON, labels, or lines. Stops at a form with `enough` readable ones."""
    text = visible(text)
    plain = _TAG.sub(lambda tag: "\n" if tag["end"] else f"{tag['label']}: ", text.replace("\\n", "\n"))
    best: list[Found] = []
    for form in (_json, _labelled, _lines, _stacked, _rows):
        found = form(text if form is _json else plain)
        if _readable(found) > _readable(best) or not best:
            best = found
        if _readable(best) >= enough:
            break
    return best


def _readable(found: Sequence[Found]) -> int:
    return sum(not one.fault for one in found)


def _matching(found: Sequence[Found]) -> tuple[int, int]:
    return sum(one.matches for one in found), _readable(found)


# -- JSON -------------------------------------------------------------------------------------------------------------


def _json(text: str) -> list[Found]:
    """JSON: [{"output": "CAT", "input": ["cold", "air", "test"]}], {"CAT": "cold, air, test"} or ["CAT", ["cold", …]]."""
    all_found = []
    for value in json_values(text):
        pending = [value]
        while pending:
            item = pending.pop()
            if isinstance(item, dict):
                shown = next((item[key] for key in item if key.lower() in _INPUTS), None)
                output = next((item[key] for key in item if key.lower() in _OUTPUTS), None)
                if shown is not None and isinstance(output, str):
                    all_found.append(_of_json(shown, output))
                else:
                    pending += [[key, inner] if isinstance(inner, (str, list)) else inner for key, inner in reversed(item.items())]
            elif isinstance(item, list):
                found = _json_pair(item)
                if found is not None:
                    all_found.append(found)
                else:
                    pending += [inner for inner in reversed(item) if isinstance(inner, (dict, list))]
    return all_found


def _json_pair(item: Sequence[Any]) -> Found | None:
    """An example from a list of an output and its words, in either order; None if it is not one."""
    if len(item) != 2:
        return None
    for output, shown in (item, item[::-1]):
        if isinstance(output, str) and isinstance(shown, (str, list)):
            found = _of_json(shown, output)
            if found.likely(isinstance(shown, list) or is_list(shown)):
                return found
    return None


def _of_json(shown: Any, output: str) -> Found:
    """An example whose words are a text, a list, or the values of an object."""
    if isinstance(shown, dict):
        shown = list(shown.values())
    if not isinstance(shown, list):
        return example(shown if isinstance(shown, str) else "", output)
    if len(shown) == 1 and isinstance(shown[0], str):
        return example(shown[0], output)
    first = shown[: MOST_WORDS + 1]
    return example([str(word) if isinstance(word, (str, int)) and not isinstance(word, bool) else "" for word in first], output)


# -- labels -----------------------------------------------------------------------------------------------------------


def _labelled(text: str) -> list[Found]:
    """Examples such as Output: CAT, Input: cold, air, test, in either order.

    The order with more matching outputs wins; if none match, that of the first label.
    """
    marks = list(_LABEL.finditer(text))
    if not marks:
        return []
    orders = ("output", "input") if marks[0]["output"] else ("input", "output")
    return max((list(_in_order(text, marks, first)) for first in orders), key=_matching)


def _in_order(text: str, marks: Sequence[re.Match[str]], first: str) -> Iterator[Found]:
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    for (mark, end), (after, stop) in pairwise(zip(marks, ends, strict=True)):
        if mark[first] and not after[first]:
            last = text[after.end() : stop]
            parts = text[mark.end() : end], last if stop == len(text) else _NEXT_HEAD.sub("", last[:_MOST_LINE])
            words, output = parts if first == "input" else parts[::-1]
            yield example(_words_part(words[:MOST_INPUT]), _output_part(output[:MOST_OUTPUT]))


def _words_part(text: str) -> str:
    """The words after a label: a line, with those that follow after a comma, or a list of items."""
    lines = text.split("\n")
    if has_letter(lines[0]):
        end = 1
        while end < len(lines) and lines[end - 1].rstrip().endswith((",", ";")) and has_letter(lines[end]):
            end += 1
        return " ".join(lines[:end])
    rest = [line for line in lines[1:] if line.strip(" \t[{")]
    return "\n".join(rest[: max(_items(rest)[0], 1)])


def _items(lines: Sequence[str]) -> list[int]:
    """For each line, how many lines starting with it are items of one list."""
    counts = [0] * (len(lines) + 1)
    after = None
    for at in reversed(range(len(lines))):
        item = _ITEM.match(lines[at])
        kind = (item.lastgroup, item["indent"]) if item is not None else None
        counts[at] = 0 if kind is None else 1 + (counts[at + 1] if kind == after else 0)
        after = kind
    return counts


def _output_part(text: str) -> str:
    """The output after a label."""
    line = next((line for line in text.split("\n")[:4] if has_letter(line)), "")
    return line if spelt(line) else _AFTER.split(line.lstrip(" ([{"), maxsplit=1)[0]


# -- lines ------------------------------------------------------------------------------------------------------------


def _unlabelled(text: str) -> list[str]:
    return [line[:_MOST_LINE] for line in text.split("\n") if line.strip() and not _LABEL.search(line)]


def _lines(text: str) -> list[Found]:
    """Lines such as CAT: cold, air, test; cold, air, test → CAT; Cold Air Test (CAT); or CAT,cold,air,test."""
    found = []
    for line in _unlabelled(text):
        parts = line.split(";")
        whole = len(parts) == 1 or not all(_SIGN.search(part) for part in parts if part.strip())
        for part in [line] if whole else parts:
            body = part[_head(part) :]
            sign = _SIGN.search(body)
            if sign is not None:
                found.append(_pair(body[: sign.start()], body[sign.end() :]))
            elif "," in body:
                first, _, after = body.partition(",")
                before, _, last = body.rpartition(",")
                found.append(_likelier(_likely(after, first), _likely(before, last)))
    return [one for one in found if one is not None]


def _stacked(text: str) -> list[Found]:
    """An output on a line of its own, with its words on the next line or in a list below; or the words first."""
    lines = _unlabelled(text)
    items = _items(lines)
    return max((list(_in_turn(lines, items, words_first)) for words_first in (False, True)), key=_matching)


def _in_turn(lines: Sequence[str], items: Sequence[int], words_first: bool) -> Iterator[Found]:
    at = 0
    while at + 1 < len(lines):
        here = lines[at][_head(lines[at]) :].rstrip(" :*_")
        listed = 0 if words_first else items[at + 1]
        if 1 < listed <= MOST_WORDS and abs(listed - len(letters_of(here))) <= 2:
            found = _likely("\n".join(lines[at + 1 : at + 1 + listed]), here)
        else:
            below = lines[at + 1][_head(lines[at + 1]) :]
            found, listed = _likely(here, below) if words_first else _likely(below, here), 1
        at += 1 if found is None else 1 + listed
        if found is not None:
            yield found


def _rows(text: str) -> list[Found]:
    """Rows of a table: an output next to its words, or each word in its own cell."""
    rows = []
    for line in _unlabelled(text):
        cells = [cell.strip() for cell in line.split("|") if has_letter(cell)]
        if len(cells) < 2:
            continue
        pairs = [_pair(left, right) for left, right in pairwise(cells)]
        pairs += [_likely(", ".join(cells[1:]), cells[0]), _likely(", ".join(cells[:-1]), cells[-1])]
        rows += [pair for pair in pairs if pair is not None][:1]
    return rows


def _head(line: str) -> int:
    """Where the content of a line begins, after its bullet, number or title."""
    head = _HEAD.match(line)
    return head.end() if head is not None else 0


def _pair(left: str, right: str) -> Found | None:
    """An output and words, or words and an output, whichever is more probable; None if neither is possible."""
    return _likelier(_likely(right, left), _likely(left, right))


def _likelier(one: Found | None, other: Found | None) -> Found | None:
    if one is None or other is None:
        return one or other
    return max((one, other), key=lambda found: (found.matches, found.raw.isupper()))


def _likely(words: str, output: str) -> Found | None:
    if not letters_of(output):
        return None
    found = example(words, output)
    return found if found.likely(is_list(words)) else None
