"""Finds the line of a key in a TOML text, and parses TOML with faults that name their lines.

tomllib gives values without positions. The scanner finds the positions in a text that tomllib has accepted, so it checks nothing.
"""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from typing import Any

from iicl_tui.errors import ConfigError, Fault
from iicl_tui.files import BeyondLimits, parse_toml

Path = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BASIC = re.compile(r'"(?:[^"\\]|\\.)*"')
_LITERAL = re.compile(r"'[^']*'")
_LONG_BASIC = re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}(?!")', re.DOTALL)
_LONG_LITERAL = re.compile(r"'''.*?'{3,5}(?!')", re.DOTALL)
_SCALAR = re.compile(r"[^,\[\]{}#\r\n]+")
_MOST_TRIED = 400
_MOST_PARSED = 500_000
"""Characters that are parsed in search of a line, about a tenth of a second."""
_AT_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


def text_of(data: bytes, source: str) -> str:
    """A file's text. Raises ConfigError with the line of what is no UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        fault = Fault((), "this is no UTF-8 text", data.count(b"\n", 0, error.start) + 1)
        raise ConfigError([fault], source) from error


def parse(text: str, source: str = "") -> dict[str, Any]:
    """The text's values. Raises ConfigError with the line of the first thing that is no TOML."""
    try:
        return parse_toml(text)
    except tomllib.TOMLDecodeError as error:
        found = _AT_LINE.search(str(error))
        message = _AT_LINE.sub("", str(error))
        message = f"{message[:1].lower()}{message[1:]}"
        if isinstance(error, BeyondLimits):
            raise ConfigError([Fault((), message, int(found[1]) if found and found[1] else None)], source) from error
        line = int(found[1]) if found and found[1] else _unclosed(text)
        raise ConfigError([Fault((), f"no valid TOML: {message}", line)], source) from error


def _unclosed(text: str) -> int:
    """The line where a construct begins that is still open at the end of the text; in a very long text, the last line."""
    lines = text.splitlines(keepends=True)
    left = _MOST_PARSED
    for count in range(len(lines) - 1, 0, -1) if len(lines) <= _MOST_TRIED else ():
        before = "".join(lines[:count])
        left -= len(before)
        if left < 0:
            return len(lines)
        try:
            tomllib.loads(before)
        except tomllib.TOMLDecodeError:
            continue
        return count + 1
    return 1 if len(lines) <= _MOST_TRIED else len(lines)


def line_of(text: str, path: Path) -> int | None:
    """The line, from 1, of a key or a table's header, or of the nearest enclosing one; None for the whole text.

    path: such as ("agent", 0, "prior", "screen"). The text must be one that `parse` accepts.
    """
    if not path:
        return None  # also for a text that is no TOML
    lines = _lines(text)
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return None


@lru_cache(maxsize=2)  # a text often has many faults
def _lines(text: str) -> dict[Path, int]:
    return _Scanner(text).scan()


class _Scanner:
    """Scans a valid text once, and notes the first line of each path."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Path, int] = {}
        self.arrays: dict[Path, int] = {}  # arrays of tables: how many headers so far
        self._counted_to = 0
        self._line = 1

    def scan(self) -> dict[Path, int]:
        table: Path = ()
        self._skip_blank()
        while self.at < len(self.text):
            if self.text.startswith("[[", self.at):
                table = self._header(2)
            elif self.text[self.at] == "[":
                table = self._header(1)
            else:
                self._pair(table)
            self._skip_blank()
        return self.lines

    def _header(self, brackets: int) -> Path:
        line = self._current_line()
        self.at += brackets
        keys = self._key()
        self.at += brackets
        path: Path = ()
        for key in keys[:-1]:
            path = (*path, key)
            self.lines.setdefault(path, line)
            if path in self.arrays:
                path = (*path, self.arrays[path] - 1)
        path = (*path, keys[-1])
        self.lines.setdefault(path, line)
        if brackets == 2:
            self.arrays[path] = self.arrays.get(path, 0) + 1
            path = (*path, self.arrays[path] - 1)
            self.lines[path] = line
        return path

    def _pair(self, table: Path) -> None:
        line = self._current_line()
        path = table
        for key in self._key():
            path = (*path, key)
            self.lines.setdefault(path, line)
        self.at += 1  # =
        self._skip_blank()
        self._value(path)

    def _key(self) -> list[str]:
        """A dotted key, up to the = or ] that follows."""
        keys = []
        while True:
            self._skip_blank()
            start = self.at
            for pattern in (_BARE_KEY, _BASIC, _LITERAL):
                if self._skip(pattern):
                    break
            keys.append(_unquoted(self.text[start : self.at]))
            self._skip_blank()
            if self.text[self.at] != ".":
                return keys
            self.at += 1

    def _value(self, path: Path) -> None:
        char = self.text[self.at]
        if char == "[":
            self._list(path)
        elif char == "{":
            self._inline_table(path)
        elif char == '"':
            self._skip(_LONG_BASIC) or self._skip(_BASIC)
        elif char == "'":
            self._skip(_LONG_LITERAL) or self._skip(_LITERAL)
        else:
            self._skip(_SCALAR)

    def _list(self, path: Path) -> None:
        self.at += 1
        index = 0
        while True:
            self._skip_blank()
            if self.text[self.at] == "]":
                self.at += 1
                return
            self.lines[(*path, index)] = self._current_line()
            self._value((*path, index))
            index += 1
            self._skip_comma()

    def _inline_table(self, path: Path) -> None:
        self.at += 1
        while True:
            self._skip_blank()
            if self.text[self.at] == "}":
                self.at += 1
                return
            self._pair(path)
            self._skip_comma()

    def _skip_comma(self) -> None:
        self._skip_blank()
        if self.text[self.at] == ",":
            self.at += 1

    def _skip_blank(self) -> None:
        self._skip(_BLANK)

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        match = pattern.match(self.text, self.at)
        if match:
            self.at = match.end()
        return match is not None

    def _current_line(self) -> int:
        self._line += self.text.count("\n", self._counted_to, self.at)
        self._counted_to = self.at
        return self._line


def _unquoted(key: str) -> str:
    if key[0] == '"' and "\\" in key:
        return str(tomllib.loads(f"key = {key}")["key"])
    return key[1:-1] if key[0] in "\"'" else key
