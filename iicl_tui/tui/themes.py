"""Reads theme files (TOML) as Textual themes. A bad file is reported and ignored; the program goes on."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from textual.color import Color, ColorParseError
from textual.theme import BUILTIN_THEMES, Theme

from iicl_tui.files import parse_toml
from iicl_tui.store.crash_reports import cannot_show
from iicl_tui.store.paths import shipped
from iicl_tui.text import printable

DEFAULT = "iicl-dark"

COLOURS = ("primary", "secondary", "warning", "error", "success", "accent", "foreground", "background", "surface",
           "panel", "boost")  # fmt: skip
_FLAGS = ("dark",)
_NUMBERS = {"luminosity-spread": (0.0, 1.0), "text-alpha": (0.0, 1.0)}
_FIELDS = ("name", *COLOURS, *_FLAGS, *_NUMBERS, "variables")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_VARIABLE = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
# A variable is a colour, optionally with an opacity ("auto" is the contrasting colour), or a text style.
_SHARE = re.compile(r"(?P<colour>\S+) (?P<percent>\d{1,3})%")
_STYLES = frozenset({"none", "bold", "dim", "italic", "underline", "reverse", "strike", "not", "b", "i", "u"})
MAX_BYTES = 64_000

# The program's own colours. state-0 … state-5: a task's states in order (ACRE: on, off, und). mark: ★ + ▲ and the cursor.
_DARK = {
    "state-0": "#e5b450",
    "state-1": "#6cabf5",
    "state-2": "#d68fc0",
    "state-3": "#8fc78a",
    "state-4": "#d3cf6f",
    "state-5": "#e8937c",
    "mark": "#f0f2f5",
}
_LIGHT = {
    "state-0": "#8a5a00",
    "state-1": "#1257b0",
    "state-2": "#8f2f73",
    "state-3": "#2c6b2f",
    "state-4": "#5f5c00",
    "state-5": "#a33c1e",
    "mark": "#14181f",
}
_ANSI = {
    "state-0": "ansi_yellow",
    "state-1": "ansi_blue",
    "state-2": "ansi_magenta",
    "state-3": "ansi_green",
    "state-4": "ansi_cyan",
    "state-5": "ansi_red",
    "mark": "ansi_default",
}


def defaults(theme: Theme) -> dict[str, str]:
    """The program's own variables, for a theme that does not set them."""
    return dict(_ANSI if theme.ansi else _DARK if theme.dark else _LIGHT)


def load_all(user: Path) -> tuple[list[Theme], list[str]]:
    """Load the shipped themes and the person's own. Never raises.

    A person's theme replaces a shipped one of the same name.

    Returns:
        The themes, and the faults found.
    """
    found: dict[str, Theme] = {}
    faults: list[str] = []
    try:
        folders = [shipped("themes"), user]
    except FileNotFoundError as error:
        faults.append(str(error))
        folders = [user]
    for folder in folders:
        try:
            paths = sorted(path for path in folder.iterdir() if path.suffix == ".toml")
        except FileNotFoundError:
            continue
        except OSError as error:
            faults.append(f"{printable(str(folder), 120)}: {error.strerror or error}")
            continue
        for path in paths:
            theme, wrong = load(path)
            name = printable(path.name, 60)
            faults += [f"{name}: {fault}" for fault in wrong]
            if theme is not None:
                found[theme.name] = theme
    return list(found.values()), faults


def load(path: Path) -> tuple[Theme | None, list[str]]:
    """Load one file: its theme, or None, and its faults. Never raises."""
    try:
        if not path.is_file():
            return None, ["This is not a file."]
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            return None, [f"The file is longer than {MAX_BYTES:,} bytes."]
        table = parse_toml(data.decode("utf-8-sig"))
    except OSError as error:
        return None, [f"The file cannot be read: {error.strerror or error}."]
    except UnicodeDecodeError:
        return None, ["The file is not valid UTF-8."]
    except tomllib.TOMLDecodeError as error:
        return None, [f"The file is not valid TOML: {printable(str(error), 120)}."]
    try:
        return read(table, path.stem)
    except Exception as error:  # no single file may end the program
        return None, [f"{cannot_show(error)}."]


def read(table: Mapping[str, Any], stem: str) -> tuple[Theme | None, list[str]]:
    """Read a parsed theme file. Absent fields are filled from our own dark or light theme.

    A field or variable with a fault is ignored, and the rest is used. Only a bad name makes the whole theme unusable.

    Args:
        table: The file's content.
        stem: The theme's name if the file gives none.

    Returns:
        The theme, or None, and the faults.
    """
    faults: list[str] = []
    name = table.get("name", stem)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return None, [f"name: {_shown(name)} is not a name; use small letters, digits and hyphens."]
    if name in BUILTIN_THEMES:
        return None, [f"name: {name} is one of Textual's own themes; choose another name."]
    for key in table:
        if key not in _FIELDS:
            near = get_close_matches(key, _FIELDS, n=1)
            faults.append(f"{_shown(key)}: there is no such field." + (f" Did you mean {near[0]}?" if near else ""))
    dark = table.get("dark", True)
    if not isinstance(dark, bool):
        faults.append(f"dark: expected true or false, found {_shown(dark)}.")
        dark = True
    values: dict[str, Any] = dict(_BASE_DARK if dark else _BASE_LIGHT)
    for key in COLOURS:
        if key in table:
            if isinstance(table[key], str) and _is_colour(table[key]):
                values[key] = table[key]
            else:
                faults.append(f"{key}: {_shown(table[key])} is not a colour.")
    for key, (low, high) in _NUMBERS.items():
        if key in table:
            value = table[key]
            if isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high:
                values[key.replace("-", "_")] = float(value)
            else:
                faults.append(f"{key}: expected a number from {low:g} to {high:g}, found {_shown(value)}.")
    variables = _variables(table.get("variables", {}), faults)
    return Theme(name=name, dark=dark, variables=variables, **values), faults


def _variables(table: Any, faults: list[str]) -> dict[str, str]:
    if not isinstance(table, Mapping):
        faults.append(f"variables: expected a table, found {_shown(table)}.")
        return {}
    kept: dict[str, str] = {}
    for key, value in table.items():
        if not _VARIABLE.fullmatch(key):
            faults.append(f"variables: {_shown(key)} is not a name; use small letters, digits and hyphens.")
        elif not isinstance(value, str) or not _is_value(key, value):
            faults.append(f"variables.{key}: {_shown(value)} is not {'a text style' if _is_style_key(key) else 'a colour'}.")
        else:
            kept[key] = value
    return kept


def _is_style_key(key: str) -> bool:
    return key.endswith("-style") or "-style-" in key


def _is_value(key: str, value: str) -> bool:
    if _is_style_key(key):
        return bool(value.split()) and set(value.split()) <= _STYLES
    share = _SHARE.fullmatch(value)
    if share is None:
        return _is_colour(value)
    return int(share["percent"]) <= 100 and (share["colour"] == "auto" or _is_colour(share["colour"]))


def _is_colour(text: str) -> bool:
    if len(text) > 60 or not text.isprintable() or text.startswith("auto"):
        return False
    try:
        Color.parse(text)
    except ColorParseError:
        return False
    return True


def _shown(value: Any) -> str:
    return printable(str(value), 40) or "nothing"


_BASE_DARK: dict[str, Any] = {
    "primary": "#4a90a4",
    "secondary": "#8fa3ad",
    "accent": "#6cc4d4",
    "warning": "#e0b060",
    "error": "#e88080",
    "success": "#86c28a",
    "foreground": "#d6dbe1",
    "background": "#14181d",
    "surface": "#1a1f26",
    "panel": "#20262e",
}
_BASE_LIGHT: dict[str, Any] = {
    "primary": "#2a6f82",
    "secondary": "#52656f",
    "accent": "#0b6577",
    "warning": "#7d5200",
    "error": "#a82a2a",
    "success": "#2c6b2f",
    "foreground": "#1d242c",
    "background": "#f7f7f4",
    "surface": "#efefeb",
    "panel": "#e6e7e3",
}
