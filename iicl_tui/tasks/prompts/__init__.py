"""Prompt texts for language models: TOML files whose texts have named slots, checked when they are read.

A slot is a name in braces, such as {objects}; write {{objects}} for the literal text. Any other brace is literal, so that JSON
needs no escapes, but braces must balance.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from iicl_tui.errors import Fault
from iicl_tui.files import BeyondLimits, named_file, parse_toml, unquoted
from iicl_tui.schema import Path as KeyPath
from iicl_tui.schema import describe, nearest
from iicl_tui.text import printable

MOST_BYTES = 100_000
"""Size limit of a prompts file, far above any text that one would pay for by the token."""

PLACES = ("before", "after")
"""The keys of a bias level: its sentence before the data and its sentence after them."""

_NAME = r"[A-Za-z][A-Za-z0-9_-]*"
_KEY = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_HERE = "this-is-the-line"
"""A key that no file has."""
_SLOT = re.compile(rf"\{{\{{(?P<literal>{_NAME})\}}\}}|\{{(?P<slot>\s*{_NAME}\s*)\}}")


@dataclass(frozen=True)
class Prompts:
    """The texts of one agent.

    Attributes:
        texts: by name, with slots such as {objects}.
        bias: for each level, the sentences before and after the data.
    """

    texts: Mapping[str, str]
    bias: Mapping[str, tuple[str, str]]


class Slots(NamedTuple):
    """The required and the optional slots of a text."""

    must: tuple[str, ...] = ()
    may: tuple[str, ...] = ()


NO_SLOTS = Slots()


@dataclass(frozen=True)
class Layout:
    """What a task's prompts file contains.

    Attributes:
        texts: the slots of each text.
        levels: the bias levels, the neutral one first.
        sentence: the slots of a bias level's sentences.
    """

    texts: Mapping[str, Slots]
    levels: tuple[str, ...] = ()
    sentence: Slots = NO_SLOTS


def fill(text: str, /, **slots: str) -> str:
    """Fill the slots of a text once; braces in the values stay as they are.

    A line that contains only empty slots is removed, and so is a blank line that would then follow another. Trailing blanks of
    lines and blank lines at both ends of the text are removed too.

    Raises:
        KeyError: a slot has no value.
    """

    lines: list[str] = []
    gap = False  # a line was removed right after a blank line
    for is_blank, parts in _lines(text):
        filled = "".join([part if at % 2 == 0 else slots[part] for at, part in enumerate(parts)]).rstrip()
        if not is_blank and not filled:
            gap = not lines or not lines[-1]
        elif filled or not gap:
            lines.append(filled)
            gap = False
        else:
            gap = False
    return "\n".join(lines).strip("\n")


@lru_cache(maxsize=256)  # the texts of a few prompts files
def _lines(text: str) -> tuple[tuple[bool, tuple[str, ...]], ...]:
    """Each line: whether it is blank, and its parts, alternately literal text and the name of a slot."""
    return tuple((not line.strip(), tuple(_parts(line))) for line in text.split("\n"))


def _parts(line: str) -> Iterator[str]:
    plain, at = "", 0
    for found in _SLOT.finditer(line):
        plain += line[at : found.start()]
        at = found.end()
        if found["slot"] is None:
            plain += f"{{{found['literal']}}}"
        else:
            yield plain
            yield found["slot"]
            plain = ""
    yield plain + line[at:]


@cache
def own_prompts(task: str) -> Prompts:
    """The built-in prompts of the task with this name. Tests check them, so they are not checked here."""
    table = tomllib.loads((Path(__file__).parent / f"{task}.toml").read_text(encoding="utf-8"))
    bias = table.pop("bias", {})
    texts = {name: text.strip("\r\n") for name, text in table.items()}
    return Prompts(texts, {level: (sentences["before"], sentences["after"]) for level, sentences in bias.items()})


@cache
def variants(task: str) -> Mapping[str, Mapping[str, Any]]:
    """The built-in variants of a task's prompts by name; each has the texts that differ. Empty if there are none."""
    file = Path(__file__).parent / f"{task}-variants.toml"
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def as_table(prompts: Prompts) -> dict[str, Any]:
    """The prompts as a table that `read_prompts` restores, so that a session file stands alone."""
    table: dict[str, Any] = dict(prompts.texts)
    if prompts.bias:
        table["bias"] = {level: dict(zip(PLACES, sentences, strict=True)) for level, sentences in prompts.bias.items()}
    return table


def read_prompts(value: Any, own: Prompts, layout: Layout, path: KeyPath, faults: list[Fault], folder: Path | None) -> Prompts:
    """Read an agent's `prompts`.

    Args:
        value: None, the name of a TOML file, or a table of texts.
        own: the task's own prompts. They replace every text and bias level that is missing or invalid. A bias level that
            gives one sentence only leaves the other empty.
        layout: what the texts may contain.
        path: the key's place in the configuration.
        faults: what is invalid is added here.
        folder: where file names are looked up.
    """
    where = text = ""
    if value is None:
        return own
    if isinstance(value, str):
        try:
            where, (value, text) = _shown(value), _read_file(value, folder)
        except ValueError as error:
            faults.append(Fault(path, str(error)))
            return own
    if not isinstance(value, Mapping):
        faults.append(Fault(path, f"expected the name of a TOML file or a table of texts, found {describe(value)}"))
        return own
    return _Reader(layout, faults, where, text, len(path)).prompts(value, own, path)


class _Reader:
    """Reads the tables of one file.

    Args:
        layout: What the texts may contain.
        faults: What is invalid is added here.
        where: The file's name; "" if the texts are in the configuration itself.
        text: The file's text.
        depth: The length of the path to the file's name.
    """

    def __init__(self, layout: Layout, faults: list[Fault], where: str, text: str, depth: int) -> None:
        self.layout = layout
        self.faults = faults
        self.where, self.text, self.depth = where, text, depth

    def prompts(self, table: Mapping[str, Any], own: Prompts, path: KeyPath) -> Prompts:
        self._known(table, [*self.layout.texts, *(["bias"] if self.layout.levels else [])], path, "key")
        texts = dict(own.texts)
        for name, slots in self.layout.texts.items():
            if name in table:
                text = self._text(table[name], slots, (*path, name))
                texts[name] = texts[name] if text is None else text
        bias = dict(own.bias)
        if self.layout.levels and "bias" in table:
            bias.update(self._bias(table["bias"], (*path, "bias")))
        return Prompts(texts, bias)

    def _bias(self, table: Any, path: KeyPath) -> Iterator[tuple[str, tuple[str, str]]]:
        """The valid levels among those given."""
        if not self._is_table(table, path, "a table of bias levels"):
            return
        self._known(table, self.layout.levels, path, "bias level")
        for level in self.layout.levels:
            at = (*path, level)
            if level in table and self._is_table(table[level], at, "a table with `before` and `after`"):
                faults = len(self.faults)
                self._known(table[level], PLACES, at, "key")
                before, after = (self._sentence(table[level], place, at) for place in PLACES)
                if len(self.faults) > faults:
                    continue
                if level == self.layout.levels[0] and (before or after):
                    self._fault(at, "is the neutral level, which has no sentence; use another one")
                elif level != self.layout.levels[0] and not (before or after):
                    self._fault(at, "says nothing; give it `before`, `after` or both")
                else:
                    yield level, (before, after)

    def _sentence(self, level: Mapping[str, Any], place: str, path: KeyPath) -> str:
        """A sentence of a bias level; "" if it has none or is invalid, which adds to faults."""
        value = level.get(place, "")
        if isinstance(value, str) and not value.strip():
            return ""
        return self._text(value, self.layout.sentence, (*path, place)) or ""

    def _text(self, value: Any, slots: Slots, path: KeyPath) -> str | None:
        """A text that is not empty and has valid slots and braces; otherwise None, which adds to faults."""
        if not isinstance(value, str) or not value.strip():
            self._fault(path, "is empty" if isinstance(value, str) else f"expected a text in quotes, found {describe(value)}")
            return None
        before = len(self.faults)
        known = (*slots.must, *slots.may)
        found = [match["slot"] for match in _SLOT.finditer(value) if match["slot"] is not None]
        for name in dict.fromkeys(found):
            if name not in known:
                near = nearest(name.strip().lower(), known)
                hint = f"nearest known: {{{near}}}" if near else f"known: {_listed(known)}" if known else "there are none here"
                shown = printable(name, 40)
                self._fault(path, f"unknown slot {{{shown}}}; {hint}; for the text itself write {{{{{shown.strip()}}}}}")
        for name in slots.must:
            if name not in found:
                self._fault(path, f"must have the slot {{{name}}}")
        trouble = _unbalanced(value)
        if trouble:
            self._fault(path, trouble)
        return value.strip("\r\n") if len(self.faults) == before else None

    def _known(self, table: Mapping[str, Any], known: list[str] | tuple[str, ...], path: KeyPath, what: str) -> None:
        for key in table:
            if key not in known:
                near = nearest(key, known)
                hint = f"nearest known: {near}" if near else f"known: {', '.join(known)}"
                self._fault((*path, key), f"unknown {what}; {hint}", path if self.where else None)

    def _is_table(self, value: Any, path: KeyPath, expected: str) -> bool:
        if isinstance(value, Mapping):
            return True
        self._fault(path, f"expected {expected}, found {describe(value)}")
        return False

    def _fault(self, path: KeyPath, message: str, shown: KeyPath | None = None) -> None:
        """Adds a fault at a path. shown: the path to name instead, since an unknown key of another file may be a secret."""
        if self.where:
            line = line_of_key(self.text, tuple(map(str, path[self.depth :])))
            message = f"{self.where}{f', line {line}' if line else ''}: {message}"
        self.faults.append(Fault(path if shown is None else shown, message))


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)


def _unbalanced(text: str) -> str:
    """A message about braces that do not balance; "" if they do."""
    open_at: list[int] = []
    for at, char in enumerate(text):
        if char == "{":
            open_at.append(at)
        elif char == "}":
            if not open_at:
                return f"}} in line {_line(text, at)} of the text closes nothing"
            open_at.pop()
    return f"{{ in line {_line(text, open_at[0])} of the text is not closed" if open_at else ""


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _shown(name: str) -> str:
    return printable(Path(name).name or name, 60)


def line_of_key(text: str, path: tuple[str, ...]) -> int | None:
    """The line, from 1, of a key or header in a TOML text, or of its table. None for another key: a prompts file is flat."""
    before = ""
    at: int | None = None
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if path and path[-1] in line and (place := _place(before, line)) is not None and place == path:
            return number
        if at is None and len(path) > 1 and path[-2] in line and _place(before, line) == path[:-1]:
            at = number
        before += line
    return at


def _place(before: str, line: str) -> tuple[str, ...] | None:
    """The path of the key or header that a line begins with; None if it begins with neither. before: the text before it."""
    found = re.match(rf"[ \t]*(\[?)[ \t]*({_KEY}(?:[ \t]*\.[ \t]*{_KEY})*)[ \t]*[\]=]", line)
    if found is None:
        return None
    keys = tuple(part.strip("\"'") for part in re.findall(_KEY, found[2]))
    try:
        table: Any = tomllib.loads(f"{before}\n{_HERE} = 1\n")
    except tomllib.TOMLDecodeError:
        return None  # the line is inside a text
    path: tuple[str, ...] = ()
    while not found[1] and _HERE not in table:
        name = next((name for name, value in reversed(table.items()) if isinstance(value, dict) and _HERE in str(value)), None)
        if name is None:
            return None
        path, table = (*path, name), table[name]
    return (*path, *keys)


def _read_file(name: str, folder: Path | None) -> tuple[dict[str, Any], str]:
    """Read a prompts file: its values and its text. Raises ValueError with a message for the user."""
    if not name.strip():
        raise ValueError("expected the name of a TOML file, found an empty text")
    if "\0" in name:
        raise ValueError("no file can have such a name")
    shown = _shown(name)
    try:
        file = named_file(name, folder)
    except ValueError as error:
        raise ValueError(f"{shown} is not read: {error}") from None
    try:
        if file.exists() and not file.is_file():
            raise ValueError(f"{shown} is not a regular file")  # reading a pipe or device may never end
        with file.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise ValueError(f"{shown} cannot be read: {error.strerror or error}") from None
    if len(data) > MOST_BYTES:
        raise ValueError(f"{shown} is longer than {MOST_BYTES:,} bytes")
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
        return parse_toml(text), text
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{shown} is not UTF-8 text: line {line}") from None
    except BeyondLimits as error:
        raise ValueError(f"{shown}: {str(error)[:1].lower()}{str(error)[1:]}") from None
    except ValueError as error:  # TOMLDecodeError, or a number of thousands of digits
        raise ValueError(f"{shown} is not valid TOML: {printable(unquoted(error), 160)}") from None
