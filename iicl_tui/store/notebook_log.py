"""Reads the files of a run of the paper's notebooks: its folder's name, its JSON files, its chat log.

Any of them may be missing, truncated or malformed, because a notebook that fails leaves what it has written. This module knows only
the format; `notebook_import` makes a chain of it.
"""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from iicl_tui import files
from iicl_tui.agents.calls import Exchange
from iicl_tui.errors import LabError
from iicl_tui.store import errors

TOKENS = "prob_list_all.json"
RESULTS = "other_results_all.json"
CHAT = "chat_log.txt"
MODEL_FOLDER = "exp_logs_"
FOLDERS = {"E1": "entropy", "E2": "sup_corr", "E3": "add_interaction"}
"""The folder of each experiment's runs."""

MOST_BYTES = 64_000_000
"""The largest file that is read. The notebooks' own files have about 100,000 bytes."""

_ENTROPY_RUN = re.compile(r"tmp(?P<temperature>\d+(\.\d+)?)_M(?P<samples>\d+)_LB(?P<lookback>\d+)_seed(?P<seed>\d+)", re.ASCII)
_RULE_RUN = re.compile(
    r"(?P<interaction>[a-z][a-z-]*)_h(?P<rule>\w+?)_(start(?P<start>[a-z]+)_end(?P<end>[a-z]+)|\w+?)_seed(?P<seed>\d+)", re.ASCII
)


@dataclass(frozen=True)
class RunName:
    """What the names of a run's folder and its parents say; None if they do not.

    Attributes:
        experiment: E1, E2 or E3.
        interaction: none, self or hypothesis, or a filter's name.
        rule: The notebooks' index of ĥ.
        bias: The strengths before and after the data.
    """

    model: str | None = None
    experiment: str | None = None
    temperature: float | None = None
    samples: int | None = None
    lookback: int | None = None
    seed: int | None = None
    interaction: str | None = None
    rule: int | None = None
    bias: tuple[str, str] | None = None


def read_name(folder: Path) -> RunName:
    """Reads names such as exp_logs_MODEL/entropy/tmp1.0_M4_LB2_seed42 or …/sup_corr/none_h033_startnone_endnone_seed42."""
    parts = folder.resolve().parts
    models = [part.removeprefix(MODEL_FOLDER) for part in parts if part.startswith(MODEL_FOLDER)]
    experiment = next((known for known, name in FOLDERS.items() if name in parts[-2:-1]), None)
    around = RunName(models[-1] or None if models else None, experiment)
    name = parts[-1] if parts else ""
    if match := _ENTROPY_RUN.fullmatch(name):
        return replace(
            around,
            experiment="E1",
            temperature=float(match["temperature"]),
            samples=_number(match["samples"]),
            lookback=_number(match["lookback"]),
            seed=_number(match["seed"]),
        )
    if match := _RULE_RUN.fullmatch(name):
        return replace(
            around,
            seed=_number(match["seed"]),
            interaction=match["interaction"],
            rule=_number(match["rule"]) if match["rule"].isdecimal() else None,
            bias=(match["start"], match["end"]) if match["start"] else None,
        )
    return around


def _number(digits: str) -> int | None:
    return int(digits) if len(digits) < 19 else None


# -- files ----------------------------------------------------------------------------------------------------------------


def read_text(path: Path) -> str | None:
    """A log's text, whatever system wrote it; None if there is no such file. Raises StoreError, and LabError if it is too large."""
    try:
        data = files.read_bytes(path, MOST_BYTES)
    except FileNotFoundError:
        return None
    except files.TooLarge as error:
        title, what = f"{path.name} is not a log of the notebooks", f"{path}: {error.strerror}."
        raise LabError(title, what, "Name the folder of one run.") from error
    except OSError as error:
        raise errors.from_os_error(error, "read", path) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")  # a chat log is written in the encoding of the system
    return text.replace("\r\n", "\n")


def read_json(path: Path, notices: list[str]) -> Any:
    """The value of a JSON file; of a torn one, the part before the tear. None if there is none."""
    text = read_text(path)
    if text is None:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        found = _before_the_tear(text)
    notices.append(
        f"{path.name} is not JSON and was ignored."
        if found is None
        else f"{path.name} is truncated. The part that is there is used."
    )
    return found


_OF_JSON = re.compile(r'"(?:[^"\\]|\\.)*"|["\[\]{},]', re.DOTALL)
_MOST_DEPTH = 50


def _before_the_tear(text: str) -> Any:
    """The value of a text that breaks off, with its lists closed after their last whole member; None if that gives no value."""
    opened: list[str] = []
    end, closing = 0, ""
    for match in _OF_JSON.finditer(text):
        mark = match[0]
        if mark == '"':  # an unclosed string: the text breaks off here
            break
        if mark in "[{":
            opened.append("]" if mark == "[" else "}")
            if len(opened) > _MOST_DEPTH:
                return None
        elif mark in "]}" and (not opened or opened.pop() != mark):
            return None
        if mark not in "[{" and "}" not in opened[1:]:  # half a table would be another table, so only the outermost may be cut
            end, closing = match.start() if mark == "," else match.end(), "".join(reversed(opened))
    try:
        return json.loads(text[:end] + closing)
    except (ValueError, RecursionError):
        return None


# -- the chat log ---------------------------------------------------------------------------------------------------------

_RUN = re.compile(r"^@{30,}\n@+ .* @+\n@{30,}\n(?=(?:.*\n){0,3}.*Global temperature is )", re.MULTILINE)
_RULES = re.compile(
    r"h\* is (?P<first>\{[^{}\n]{1,2000}\})(?:, h_bar is (?P<second>\{[^{}\n]{1,2000}\}))?\. "
    r"Global temperature is (?P<temperature>\d+(?:\.\d+)?)"
)
_GENERATION = re.compile(r"^-{5,} Gen (?P<number>\d{1,9}) -{5,}\n", re.MULTILINE)
_ASKED, _SAID = "\n## TO GPT:\n", "\n## FEEDBACK:\n"


@dataclass(frozen=True)
class ChatLog:
    """The last run of a chat log. (Runs with the same settings are appended to the same file.)

    Attributes:
        first, second: The rules that it calls h* and h_bar.
        generations: For each, its exchanges in order; a prompt without a reply is left out.
    """

    first: dict[str, str] | None
    second: dict[str, str] | None
    temperature: float | None
    generations: tuple[tuple[Exchange, ...], ...]


def read_chat(text: str) -> ChatLog:
    """Reads a chat log as far as possible: a reply may contain anything, these marks included."""
    runs = list(_RUN.finditer(text))
    if runs:
        text = text[runs[-1].end() :]
    rules = _RULES.search(text)
    starts: list[tuple[int, int]] = []
    for match in _GENERATION.finditer(text):
        if int(match["number"]) == len(starts):  # another number is part of a reply
            starts.append((match.start(), match.end()))
    ends = [start for start, _ in starts[1:]] + [len(text)]
    generations = tuple(_exchanges(text[begin:end]) for (_, begin), end in zip(starts, ends, strict=False))
    if rules is None:
        return ChatLog(None, None, None, generations)
    temperature = float(rules["temperature"])
    return ChatLog(_rule(rules["first"]), _rule(rules["second"]), temperature if math.isfinite(temperature) else None, generations)


def _exchanges(text: str) -> tuple[Exchange, ...]:
    found = []
    for part in text.split(_ASKED)[1:]:
        prompt, mark, reply = part.partition(_SAID)
        if mark:
            found.append(Exchange(prompt.removesuffix("\n"), reply.removesuffix("\n")))
    return tuple(found)


def _rule(text: str | None) -> dict[str, str] | None:
    """Reads a printed Python dict: {'A': 'on', …}"""
    if text is None:
        return None
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return as_rule(value)


def as_rule(value: Any) -> dict[str, str] | None:
    """A table of states by object; None for any other value."""
    is_rule = isinstance(value, dict) and bool(value) and all(isinstance(item, str) for pair in value.items() for item in pair)
    return dict(value) if is_rule else None


def at(values: Any, index: int) -> Any:
    """An entry of what should be a list; None if there is none."""
    return values[index] if isinstance(values, list) and 0 <= index < len(values) else None


def runs_below(folder: Path) -> Sequence[Path]:
    """Folders that hold logs, at most three levels below this one. Raises StoreError."""
    try:
        found = [path.parent for depth in ("*/", "*/*/", "*/*/*/") for path in sorted(folder.glob(depth + RESULTS))]
    except OSError as error:
        raise errors.from_os_error(error, "read", folder) from error
    return found
