"""Reads examples from a reply in any form: objects and an output each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from iicl_tui.tasks.example import Example
from iicl_tui.tasks.reply_parsing.cleaning import clean
from iicl_tui.tasks.reply_parsing.doubts import doubt_remarks
from iicl_tui.tasks.reply_parsing.exact_form import plain_examples
from iicl_tui.tasks.reply_parsing.words import (
    FILLER,
    MARK,
    WINDOW,
    Names,
    any_of,
    dataset_remarks,
    json_values,
    listed,
    quoted,
    second_value,
    strip_marks,
    word_pattern,
)
from iicl_tui.tasks.wording import SamplesReading
from iicl_tui.text import printable

_INPUTS = ("input", "inputs", "objects", "object", "shown", "scene", "x")
_OUTPUTS = ("output", "outputs", "light", "lamp", "result", "state", "label", "outcome", "prediction", "y")
_OF_RULES = ("object", "x")
"""Labels of inputs that rules have, too."""
_FILL = (
    r"\b(?:and|both|the|objects?|items?|only|just|are|is|shown|present|visible|with|plus|together|alone|no|none|nothing|empty)"
    r"\b"
)
_ARROW = r"[-–—=~]{1,2}>|[→⇒⟶↦➜➔➡]\ufe0f?"
_HEAD = re.compile(
    r"(?:[\s>*_~#•·‣▪`–—-]|\(?\d{1,4}[.):](?!\S)|\(?\d{1,4}[.)]|\b(?:example|sample|pair|case|no|nr)\b[\s#.]{0,3}\d{0,4}[*_]{0,3}[:.)–—-]?[*_]{0,3})*+",
    re.IGNORECASE,
)
_NEXT_HEAD = re.compile(r"\n[^\w\n]*(?:(?:example|sample|pair|case)[\s#]{0,3})?\d{0,4}[^\w\n]*\Z", re.IGNORECASE)
_END = re.compile(rf"{MARK}*+(?:[}}.!✓✔✗✅]|{MARK})*+(?=[,;|\n(#]|//|--|—|–|\\n|\Z)")
_ROW = re.compile(r"^[^\n]*\|[^\n]*", re.MULTILINE)
_HEADER = re.compile(r"\|[^\w|\n]*(?:output|light|lamp|result)s?[^\w|\n]*(?:\||\Z)", re.IGNORECASE)
_WORD = re.compile(r"[^\n,;|{}\[\]]{1,60}")
_RULE = re.compile(r"(?:(?:the|your|my|given)\s)?rule\b", re.IGNORECASE)
_RULE_LINE = re.compile(r"^[^\n:]{0,60}\brule\b[^\n:]{0,40}:[^\n]{0,600}", re.IGNORECASE | re.MULTILINE)
_JSON_LIST = re.compile(r"\[\s*[\[{]|\{\s*\"(?:input|objects?|examples?|shown)s?\"", re.IGNORECASE)
_MOST_INPUT = 400
_MOST_DETAILS = 3


class _Found(NamedTuple):
    """One example as found in a reply.

    Attributes:
        objects: names of the objects.
        unknown: a word in their place that is not an object; "" if there is none.
        output: the output; None if it is not a known one.
        word: the output as written.
        form: labelled as an input and an output; written with an arrow; or a pair as rules have it ("A: on").
    """

    objects: tuple[str, ...]
    unknown: str
    output: str | None
    word: str
    form: Literal["labelled", "arrow", "pair"] = "pair"


class _Finder:
    """Finds the examples of one set of objects and outputs."""

    def __init__(self, objects: tuple[str, ...], outputs: tuple[tuple[str, tuple[str, ...]], ...]) -> None:
        self.names = Names(objects)
        self.outs = Names([name for name, _ in outputs], [words for _, words in outputs])
        self._plain = plain_examples(objects, self.outs.own, (*_INPUTS, *_OUTPUTS))
        name, value = self.names.pattern(), self.outs.pattern(before=False)
        taken = {form.lower() for form in self.names.forms}
        after = rf"{MARK}{{0,4}}(?:#?\d{{1,4}}|\([^)\n]{{0,30}}\))?{MARK}{{0,4}}(?:[:=：]|{_ARROW})"
        labels = [any_of(word for word in words if len(word) > 1 or word not in taken) for words in (_INPUTS, _OUTPUTS)]
        longer = any_of(word_pattern(form) for form in self.names.forms if form.lower() not in (*_INPUTS, *_OUTPUTS))
        self._name = re.compile(name, re.IGNORECASE)
        self.output = re.compile(rf"(?<![^\W_]){value}", re.IGNORECASE)
        label = rf"(?P<input>{labels[0]})|(?:state\s+of\s+(?:the\s+)?)?(?P<output>{labels[1]})"
        self._label = re.compile(rf"(?P<name>{longer})|(?<![^\W_])(?:{label}){after}", re.IGNORECASE)
        self._part = re.compile(
            rf"(?P<name>{name})|(?:(?!{name})(?:{FILLER}|[,;+&/|.:=·•…→–—-]|{_ARROW}|{_FILL}))++"
            rf"|(?P<other>[^\s,;+&/|(){{}}\[\]\"]++(?:[^\S\n][^\s,;+&/|(){{}}\[\]\"]++){{0,3}})|(?s:.)",
            re.IGNORECASE,
        )
        self._step = re.compile(rf"(?P<name>{name})|(?:(?!{name})(?:{FILLER}|[,;+&/]|{_FILL}))++", re.IGNORECASE)
        self._sign = re.compile(
            rf"{FILLER}{{0,4}}(?:(?P<arrow>{_ARROW})|(?P<plain>[:=：＝]{{1,2}}|\b(?:is|gives|yields|makes)\b|[-–—]{{1,2}})|(?<=[\s,]))"
            rf"{FILLER}{{0,6}}(?:(?:the\s)?{any_of(_OUTPUTS)}{MARK}{{0,3}}(?:[:=]|\bis\b){MARK}{{0,4}})?(?P<value>{value})",
            re.IGNORECASE,
        )
        self._arrow = re.compile(_ARROW)
        said = rf"(?:the\s)?{any_of(_OUTPUTS)}\s(?:is|will\sbe|would\sbe)\s{MARK}{{0,4}}"
        self._second = second_value(value)
        self._next = re.compile(rf"{MARK}{{0,4}}(?:{name}|[:=])", re.IGNORECASE)
        self._value = re.compile(rf"{FILLER}{{0,8}}(?:{said})?(?P<value>{value})", re.IGNORECASE)

    def find(self, text: str) -> list[_Found]:
        """The examples of a text: in JSON, with labels or with arrows, whichever are most; otherwise in a table; otherwise in
        lines with other separators, which rules have too."""
        if self._plain is not None and self._plain[0].fullmatch(text) is not None:
            return [_Found(tuple(each[1].split(", ")), "", each[2], each[2], "labelled") for each in self._plain[1].finditer(text)]
        written, labelled = list(self._json(text)), self._labelled(text)
        lines = list(self._lines(text))
        arrows = [found._replace(form="arrow") for found, arrow in lines if arrow]
        if _is_rule(arrows, self.names.own) and (_readable(written) or _readable(labelled)):
            arrows = []
        best = max(written, labelled, arrows, key=lambda found: len(found) if _readable(found) else 0)
        rows, others = list(self._rows(text)), [found for found, arrow in lines if not arrow]
        unread = next((found for found in (written, labelled, arrows, rows, others) if found), [])
        return next((found for found in (best, rows, others) if _readable(found)), unread)

    def states_rule_after(self, text: str, kept: Sequence[_Found]) -> bool:
        """Whether a text states a rule beside or after its first example: each object once, in JSON, in lines or after "Rule:".

        A rule before the examples is the one that was asked about.
        """
        known = {(one.objects, one.output) for one in kept}
        begin = self._first_example(text, known)
        after = text[begin:]
        for value in json_values(after):
            inner = value.get("rule", value.get("Rule")) if isinstance(value, dict) else None
            stated = inner if isinstance(inner, dict) else value
            if isinstance(stated, dict) and {self.names.index(key) for key in stated} >= set(range(len(self.names.own))):
                return True
        for line in _RULE_LINE.finditer(after):
            if len(set(self._name.findall(line[0]))) > 1 and len(self.output.findall(line[0])) > 1:
                return True
        single = [one for one, _ in self._lines(after) if len(one.objects) == 1 and not one.unknown and one.output is not None]
        runs = (single[at : at + len(self.names.own)] for at in range(len(single) - len(self.names.own) + 1))
        return any(_is_rule(run, self.names.own) and not {(one.objects, one.output) for one in run} <= known for run in runs)

    def _first_example(self, text: str, known: set[tuple[tuple[str, ...], str | None]]) -> int:
        """Where the first example begins: at a label, a list in JSON, or a line with it."""
        labels = (match.start() for match in self._label.finditer(text) if match["name"] is None)
        lists = (match.start() for match in _JSON_LIST.finditer(text))
        lines = (
            at.start()
            for at in re.finditer(r"^[^\n]+", text, re.MULTILINE)
            if not _RULE.match(text, at.start()) and any((one.objects, one.output) in known for one, _ in self._lines(at[0]))
        )
        return min((at for at in (next(labels, None), next(lists, None), next(lines, None)) if at is not None), default=0)

    def _json(self, text: str) -> Iterator[_Found]:
        """JSON such as [{"input": ["A", "C"], "output": "on"}] or [[["A", "C"], "on"]]."""
        for value in json_values(text):
            pending = [value]
            while pending:
                item = pending.pop()
                if isinstance(item, dict):
                    key = next((key for key in item if key.lower() in _INPUTS), "")
                    shown = item.get(key)
                    output = next((item[key] for key in item if key.lower() in _OUTPUTS), None)
                    if isinstance(shown, (list, str)) and isinstance(output, str):
                        sure = isinstance(shown, list) or key.lower() not in _OF_RULES
                        yield self._of_json(shown, output)._replace(form="labelled" if sure else "pair")
                    else:
                        pending += reversed(item.values())
                elif isinstance(item, list):
                    if len(item) == 2 and isinstance(item[0], list) and isinstance(item[1], str):
                        yield self._of_json(*item)._replace(form="labelled")
                    else:
                        pending += reversed(item)

    def _of_json(self, shown: list[Any] | str, output: str) -> _Found:
        word = self.outs.find_whole(output)[0]
        named = self.outs.own[word] if word is not None else None
        if isinstance(shown, str) and self.names.index(shown) is None:
            return self._example(shown, named, output)
        items = [str(item) for item in (shown if isinstance(shown, list) else [shown])]
        places = [self.names.find_whole(item)[0] for item in items]
        unknown = next((item for item, place in zip(items, places, strict=True) if place is None), None)
        objects = tuple(self.names.own[place] for place in places if place is not None)
        return _Found(objects, "" if unknown is None else unknown or " ", named, output)

    def _labelled(self, text: str) -> list[_Found]:
        """Input: A, C and Output: on, or the output first."""
        marks = [match for match in self._label.finditer(text) if match["name"] is None]
        found = []
        for at, match in enumerate(marks):
            if not match["input"]:
                continue
            after = marks[at + 1] if at + 1 < len(marks) else None
            stop = after.start() if after is not None else len(text)
            inputs = text[match.end() : min(stop, match.end() + _MOST_INPUT)]
            if marks[0]["output"] and marks[-1]["input"]:  # the output comes first, in the last example too
                before = marks[at - 1]
                if before["output"]:
                    inputs = _NEXT_HEAD.sub("", inputs) if after is not None else inputs.partition("\n\n")[0]
                    found.append(self._example(inputs, *self._output(text, before.end(), match.start()))._replace(form="labelled"))
            elif after is not None and after["output"]:
                end = marks[at + 2].start() if at + 2 < len(marks) else len(text)
                found.append(self._example(inputs, *self._output(text, after.end(), end)))
                if match["input"].lower() not in _OF_RULES:
                    found[-1] = found[-1]._replace(form="labelled")
            elif (lone := self._example(inputs.strip().partition("\n")[0], None, "")).objects and not lone.unknown:
                found.append(lone)
        return found

    def _rows(self, text: str) -> Iterator[_Found]:
        """Examples in rows of a table."""
        form: Literal["labelled", "pair"] = "pair"
        for row in _ROW.finditer(text):
            if _HEADER.search(row[0]):
                form = "labelled"
            cells = [strip_marks(cell)[0] for cell in row[0].split("|")]
            states = [at for at, cell in enumerate(cells) if self.outs.index(cell) is not None]
            shown = [at for at, cell in enumerate(cells) if cell and (e := self._example(cell, None, "")).objects and not e.unknown]
            if states:
                at = states[-1]
                before = next((i for i in reversed(shown) if i < at), max(at - 1, 0))
                yield self._example(cells[before], self._named(cells[at]), cells[at])._replace(form=form)
            elif shown and shown[-1] + 1 < len(cells) and cells[shown[-1] + 1]:
                yield self._example(cells[shown[-1]], None, cells[shown[-1] + 1])

    def _lines(self, text: str) -> Iterator[tuple[_Found, bool]]:
        """Examples in lines such as A, C -> on, each with whether it has an arrow."""
        for line in text.replace("\\n", "\n").split("\n"):
            at = len(line) - len(line.lstrip())
            if self._name.match(line, at) is None and (head := _HEAD.match(line)) is not None:
                at = head.end()
            if _RULE.match(line, at):
                continue
            first = True
            while at < len(line):
                objects, stop = self._objects(line, at)
                sign = self._sign.match(line, stop) if objects else None
                if sign is None and objects:  # the comma before the output also matches a step: ["A", "C"], "on"
                    sign = self._sign.match(line, max(stop - 1, at))
                if sign is not None and (sign["arrow"] or _END.match(line, sign.end())):
                    found = self._example(line[at : sign.start()], *self._sure(line, sign))
                    yield found, sign["arrow"] is not None
                    at = sign.end()
                elif (first or objects) and (arrow := self._arrow.search(line, at)) is not None and arrow.start() - at <= 120:
                    output, word = self._output(line, arrow.end(), len(line))
                    value = self._value.match(line, arrow.end())
                    yield self._example(line[at : arrow.start()], output, word), True
                    at = value.end() if value is not None else len(line)
                else:
                    break
                first = False

    def _objects(self, line: str, at: int) -> tuple[list[str], int]:
        """The objects at this position, and where they end."""
        objects = []
        while (step := self._step.match(line, at)) is not None:
            if step["name"] is not None:
                objects.append(step["name"])
            at = step.end()
        return objects, at

    def _example(self, inputs: str, output: str | None, word: str) -> _Found:
        objects: list[str] = []
        unknown = ""
        for part in self._part.finditer(inputs):
            place = self.names.index(part["name"]) if part["name"] is not None else None
            if place is not None:
                objects.append(self.names.own[place])
            elif not unknown and (part["name"] or part["other"]):
                unknown = part[0]
        return _Found(tuple(objects), unknown, output, word)

    def _output(self, text: str, start: int, stop: int) -> tuple[str | None, str]:
        """The output at this position, and its word."""
        value = self._value.match(text, start, stop)
        if value is not None:
            return self._sure(text, value)
        word = _WORD.search(text, start, min(stop, start + 200))
        return None, strip_marks(word[0])[0] if word is not None else ""

    def _sure(self, text: str, match: re.Match[str]) -> tuple[str | None, str]:
        """The output of a match, and its word; no output if another one follows, as in "off → on"."""
        output = self._named(match["value"])
        second = self._second.match(text, match.end("value"))
        if second is None or self._named(second["second"]) == output or self._next.match(text, second.end()):
            return output, match["value"]
        return None, text[match.start("value") : second.end()]

    def _named(self, word: str) -> str | None:
        place = self.outs.index(word)
        return self.outs.own[place] if place is not None else None


@lru_cache(maxsize=16)
def _finder(objects: tuple[str, ...], outputs: tuple[tuple[str, tuple[str, ...]], ...]) -> _Finder:
    return _Finder(objects, outputs)


@lru_cache(maxsize=64)  # one reply is read several times: for its examples, its belief and its faults
def _found(finder: _Finder, text: str) -> tuple[_Found, ...]:
    """The examples of an answer."""
    found = finder.find(text[:WINDOW])
    if not _readable(found) and len(text) > WINDOW:  # very long replies answer at the end
        found = finder.find(text[-WINDOW:])
    return tuple(found)


def _readable(found: Sequence[_Found]) -> int:
    return sum(bool(one.objects) and not one.unknown and one.output is not None for one in found)


def read_samples(
    text: str, count: int, objects: Sequence[str], outputs: Mapping[str, Sequence[str]], read: Callable[[list[str], str], Example]
) -> SamplesReading:
    """Read the first count examples in a reply. Never raises, whatever the text.

    Of a huge text the beginning is read, or else the end.

    Args:
        text: the reply.
        count: how many examples were requested.
        objects: names of the objects.
        outputs: for each output its spellings in lower case.
        read: makes an example of objects and an output, or raises ValueError, which makes the example unreadable.
    """
    answer = clean(text)
    if answer.trouble:
        return SamplesReading((), trouble=answer.trouble)
    finder = _finder(tuple(objects), tuple((name, tuple(words)) for name, words in outputs.items()))
    examples: list[Example] = []
    remarks = list(answer.remarks)
    unread: list[str] = []
    everything = _found(finder, answer.text)
    found = _without_rule(everything, count, finder.names.own)
    if not found and everything:
        return SamplesReading((), tuple(remarks), "The reply states a rule instead of examples.")
    if len(found) < len(everything) or (found and finder.states_rule_after(answer.text[:WINDOW], everything)):
        remarks.append("The reply states the rule, too. Its pairs do not count as examples.")
    for number, one in enumerate(found, 1):
        if len(examples) == count:
            break
        fault = _fault(one, outputs)
        if not fault:
            try:
                examples.append(read(list(dict.fromkeys(one.objects)), one.output or ""))
            except ValueError as error:
                fault = printable(str(error), 200)
        if fault:
            unread.append(f"Example {number}: {fault}.")
        elif len(set(one.objects)) < len(one.objects):
            twice = [name for name, times in Counter(one.objects).items() if times > 1]
            remarks.append(f"Example {number} shows {listed(twice)} more than once: it counts once.")
    first = finder.output.search(answer.text)
    remarks += doubt_remarks(answer.text, first.start() if first is not None and examples else len(answer.text), finder.output)
    details = unread[:_MOST_DETAILS]
    if len(unread) > _MOST_DETAILS:
        details.append(f"{len(unread) - _MOST_DETAILS} more cannot be read.")
    if len(examples) < count:
        few = f"{len(examples)} of {count} examples can be read." if found else "There are no examples in the reply."
        return SamplesReading(tuple(examples), (*remarks, *dataset_remarks(examples)), " ".join((few, *details)))
    if len(found) > count + len(unread):
        remarks.append(f"There are {len(found)} examples: the first {count} that can be read are kept.")
    return SamplesReading(tuple(examples), (*details, *remarks, *dataset_remarks(examples)))


def _is_rule(run: Sequence[_Found], objects: Sequence[str]) -> bool:
    """Whether each object stands alone in one of these, and none is labelled as an example."""
    alone = [one.objects[0] for one in run if len(one.objects) == 1 and not one.unknown and one.form != "labelled"]
    return len(alone) == len(run) == len(objects) and set(alone) == set(objects)


def _without_rule(found: Sequence[_Found], count: int, objects: Sequence[str]) -> Sequence[_Found]:
    """The examples without the pairs of a rule, which also give single objects an output.

    A run that gives every object one output is a rule. So are pairs without a label or an arrow ("A: on") if each of them is
    about another single object.
    """
    kept: list[_Found] = []
    size, at = len(objects), 0
    while at < len(found):
        run = found[at : at + size]
        as_many_as_wanted = len(found) == size == count and run[0].form == "arrow"
        if _is_rule(run, objects) and not as_many_as_wanted:
            at += size
        else:
            kept.append(found[at])
            at += 1
    singles = [one.objects for one in kept if one.form == "pair" and len(one.objects) == 1 and not one.unknown]
    return [] if 1 < len(kept) == len(singles) == len(set(singles)) else kept


def _fault(found: _Found, outputs: Mapping[str, Sequence[str]]) -> str:
    """Why an example cannot be read; "" if it can."""
    if found.unknown:
        return f"{quoted(found.unknown)} is no object"
    if not found.objects:
        return "it shows no object"
    if found.output is None:
        return f"{quoted(found.word)} is none of {listed(outputs)}" if found.word else "it has no output"
    return ""
