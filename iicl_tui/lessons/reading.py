"""Reads lesson files: every fault at once, each with its line."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from iicl_tui import files
from iicl_tui.chain.config import ChainConfig, assign, read_config
from iicl_tui.errors import ConfigError, Fault
from iicl_tui.files import named_file
from iicl_tui.lessons.expressions import read_condition, read_expression, read_reference
from iicl_tui.lessons.hints import hint
from iicl_tui.lessons.lesson import (
    CHARTS,
    FORMAT,
    MOST_CHAINS,
    QUESTIONS,
    BarsQuestion,
    ChainSource,
    ChoiceQuestion,
    FilterQuestion,
    Lesson,
    NumberQuestion,
    Question,
    Step,
)
from iicl_tui.record_tables import PHASES
from iicl_tui.schema import REQUIRED, Field, describe, read_table
from iicl_tui.schema import Path as KeyPath
from iicl_tui.store import toml_lines
from iicl_tui.store.errors import from_os_error
from iicl_tui.store.presets import load as load_preset

_T = TypeVar("_T")
MOST_BYTES = 1_000_000
_SOURCES = ("config", "preset", "session", "like")

LESSON_FIELDS = (
    Field("format", "choice", "format", "The file's format.", REQUIRED, choices=(FORMAT,)),
    Field("title", "str", "title", "A few words.", REQUIRED),
    Field("idea", "str", "idea", "One sentence.", REQUIRED),
    Field("minutes", "int", "minutes", "How long it takes.", REQUIRED, low=1, high=60),
)
CHAIN_FIELDS = (
    Field("name", "str", "name", "What texts call the chain.", REQUIRED),
    Field("title", "str", "title", "What stands above its charts.", ""),
    Field("config", "table", "configuration", "The tables of a configuration."),
    Field("preset", "str", "preset", "A preset's name."),
    Field("session", "str", "session", "A session file, beside the lesson or in the folder that the path names."),
    Field("live", "bool", "live", "Ask the session's models again where they are installed on this machine.", False),
    Field("like", "str", "like", "The name of the chain before: the same configuration, changed by `set`, `config` or both."),
    Field("set", "strings", "set", "Changes such as chain.seed=7.", []),
)
STEP_FIELDS = (
    Field("text", "str", "text", "At most five lines at 80 columns.", REQUIRED),
    Field("generation", "int", "generation", "What the charts show; 0 is d⁰.", REQUIRED, low=0),
    Field("phase", "choice", "phase", "The last phase shown.", "transmission", choices=PHASES),
    Field("show", "strings", "show", "Charts, the most important first.", ["belief"]),
    Field("then", "strings", "then", "Charts once the question is answered, if they are others.", []),
    Field("object", "str", "object", "The object to colour by."),
    Field("hypothesis", "any", "hypothesis", "The rule under the cursor."),
    Field("chain", "str", "chain", "The chain in front.", ""),
    Field("question", "table", "question", "A question."),
    Field("notes", "str", "speaker's notes", "What a speaker says to this step; `iicl-tui notes` shows it.", ""),
)
ASK = Field("ask", "str", "ask", "The question.", REQUIRED)
EXPLAIN = Field("explain", "str", "explain", "Shown with the answer: why it is so.", REQUIRED)
QUESTION_FIELDS: Mapping[str, tuple[Field, ...]] = {
    "number": (
        Field("answer", "str", "answer", "An expression, as P(screen off) @6.", REQUIRED),
        Field("low", "float", "low", "The least guess.", 0.0),
        Field("high", "float", "high", "The greatest guess.", 1.0),
        Field("by", "float", "by", "What an arrow adds.", 0.05),
        Field("start", "float", "start", "Where the guess begins."),
    ),
    "bars": (Field("answer", "str", "answer", "A distribution, as P(screen) @3.", REQUIRED),),
    "choice": (Field("option", "any", "options", "Tables with a text and a condition `when`.", REQUIRED),),
    "filter": (
        Field("generation", "int", "generation", "Whose samples are shown.", REQUIRED, low=1),
        Field("chain", "str", "chain", "Of which chain.", ""),
    ),
}
OPTION_FIELDS = (
    Field("text", "str", "text", "One line.", REQUIRED),
    Field("when", "str", "when", "True of the chain, as P(screen off) @6 > 0.5.", REQUIRED),
)


def read_lesson(path: Path) -> Lesson:
    """Reads a lesson file. Raises StoreError if it cannot be read, ConfigError with every fault and its line."""
    try:
        data = files.read_bytes(path, MOST_BYTES)
    except OSError as error:
        raise from_os_error(error, "read", path) from error
    return parse_lesson(toml_lines.text_of(data, path.name), path)


def parse_lesson(text: str, path: Path) -> Lesson:
    """Reads the text of a lesson file. Raises ConfigError."""
    document = toml_lines.parse(text, path.name)
    faults: list[Fault] = []
    values = read_table(LESSON_FIELDS, document, (), faults, also=("chain", "step"))
    chains = _chains(_tables(document, "chain", faults), path.parent, faults)
    steps = tuple(_step(table, ("step", i), faults) for i, table in enumerate(_tables(document, "step", faults)))
    if faults:
        raise with_lines(faults, text, path.name)
    return Lesson(path.stem, values["title"], values["idea"], values["minutes"], chains, steps, text, path.name)


def with_lines(faults: Sequence[Fault], text: str, name: str) -> ConfigError:
    """The faults as one error, each with its line."""
    found = [replace(fault, line=fault.line or toml_lines.line_of(text, fault.path)) for fault in faults]
    return ConfigError(sorted(found, key=lambda fault: fault.line or 0), name)


def _tables(document: Mapping[str, Any], key: str, faults: list[Fault]) -> list[Mapping[str, Any]]:
    value = document.get(key)
    if not isinstance(value, list) or not value or not all(isinstance(each, dict) for each in value):
        faults.append(Fault((key,) if key in document else (), f"expected at least one table [[{key}]], found {describe(value)}"))
        return []
    return value


# -- chains -----------------------------------------------------------------------------------------------------------


def _chains(tables: Sequence[Mapping[str, Any]], folder: Path, faults: list[Fault]) -> tuple[ChainSource, ...]:
    documents: dict[str, Mapping[str, Any]] = {}
    out = []
    for i, table in enumerate(tables):
        path: KeyPath = ("chain", i)
        values = read_table(CHAIN_FIELDS, table, path, faults)
        name = values["name"]
        if i >= MOST_CHAINS:
            faults.append(Fault(path, f"a lesson shows at most {MOST_CHAINS} chains"))
        elif name in documents:
            faults.append(Fault((*path, "name"), f'another chain is called "{name}"'))
        elif isinstance(name, str) and (source := _source(values, documents, path, folder, faults)) is not None:
            out.append(source)
    return tuple(out)


def _source(
    values: Mapping[str, Any], documents: dict[str, Mapping[str, Any]], path: KeyPath, folder: Path, faults: list[Fault]
) -> ChainSource | None:
    name, title = values["name"], values["title"] or values["name"]
    if not name.replace("-", "").replace("_", "").isalnum():
        faults.append(Fault((*path, "name"), f"expected letters, digits and hyphens, found {describe(name)}"))
        return None
    given = [key for key in _SOURCES if values[key] is not None]
    if given not in (["config"], ["preset"], ["session"], ["like"], ["config", "like"]):
        found = " and ".join(given) or "none"
        faults.append(Fault(path, f"expected one of config, preset, session and like (which may have config, too), found {found}"))
        return None
    documents[name] = {}
    if values["session"] is not None:
        try:
            file = named_file(values["session"], folder)
        except ValueError as error:
            faults.append(Fault((*path, "session"), f"{values['session']} is not read: {error}"))
            return None
        if not os.path.isfile(file):
            faults.append(Fault((*path, "session"), f"there is no file {values['session']} beside the lesson"))
            return None
        if values["set"]:
            faults.append(Fault((*path, "set"), "a stored session cannot be changed; give its configuration instead"))
        return ChainSource(name, title, session=file, live=values["live"])
    if values["live"]:
        faults.append(Fault((*path, "live"), "belongs to a stored session; any other chain is run live anyway"))
    key = given[-1]
    document = _document(values, documents, path, faults)
    if document is None:
        return None
    documents[name] = document
    config = _config(document, (*path, key), folder, faults)
    return ChainSource(name, title, config) if config is not None else None


def _document(
    values: Mapping[str, Any], documents: Mapping[str, Mapping[str, Any]], path: KeyPath, faults: list[Fault]
) -> dict[str, Any] | None:
    """The tables of a chain's configuration, before they are checked."""
    document: dict[str, Any] = {}
    try:
        if values["preset"] is not None:
            document = toml_lines.parse(load_preset(values["preset"]).text)
    except Exception as error:
        faults.append(Fault((*path, "preset"), str(error).replace("\n", " ")))
        return None
    if values["like"] is not None:
        before = documents.get(values["like"])
        if not before:
            known = ", ".join(name for name, each in documents.items() if each) or "none"
            faults.append(Fault((*path, "like"), f"no chain before it has a configuration and this name; known: {known}"))
            return None
        document = copy.deepcopy(dict(before))
    document |= copy.deepcopy(values["config"] or {})
    for i, change in enumerate(values["set"]):
        try:
            assign(document, change)
        except ConfigError as error:
            faults.append(Fault((*path, "set", i), error.faults[0].message))
    return document


def _config(document: Mapping[str, Any], path: KeyPath, folder: Path, faults: list[Fault]) -> ChainConfig | None:
    try:
        config = read_config(document, folder)
    except ConfigError as error:
        faults += [Fault((*path, *fault.path), fault.message) for fault in error.faults]
        return None
    if not all(agent.exact for agent in config.agents):
        faults.append(Fault(path, "a lesson runs Bayesian agents only; store the session of a chain with language models"))
        return None
    for gate in ("hypothesis", "samples"):
        if config.asks_at(gate):
            faults.append(Fault(path, "its filter asks a person; store the session of such a chain"))
            return None
    return config


# -- steps ------------------------------------------------------------------------------------------------------------


def _step(table: Mapping[str, Any], path: KeyPath, faults: list[Fault]) -> Step:
    values = read_table(STEP_FIELDS, table, path, faults)
    for key in ("show", "then"):
        for i, chart in enumerate(values[key]):
            if chart not in CHARTS:
                faults.append(Fault((*path, key, i), f'no chart "{chart}"; {hint(chart, CHARTS)}'))
    if not values["show"]:
        faults.append(Fault((*path, "show"), f"expected at least one of {', '.join(CHARTS)}"))
    question = _question(values["question"], (*path, "question"), faults) if values["question"] is not None else None
    return Step(
        values["text"] or "", values["generation"] or 0, values["phase"], tuple(values["show"]), values["object"],
        values["hypothesis"], values["chain"], question, tuple(values["then"]), values["notes"] or "",
    )  # fmt: skip


def _question(table: Mapping[str, Any], path: KeyPath, faults: list[Fault]) -> Question | None:
    kind = table.get("kind")
    if not isinstance(kind, str) or kind not in QUESTION_FIELDS:
        known = hint(kind, QUESTIONS) if isinstance(kind, str) else "known: " + ", ".join(QUESTIONS)
        faults.append(Fault((*path, "kind"), f"found {describe(kind)}; {known}"))
        return None
    before = len(faults)
    values = read_table((ASK, EXPLAIN, *QUESTION_FIELDS[kind]), table, path, faults, also=("kind",))
    if len(faults) > before:
        return None
    ask, explain = values["ask"], values["explain"]
    if kind == "filter":
        return FilterQuestion(ask, explain, values["generation"], values["chain"])
    if kind == "choice":
        return _choice(values, path, faults)
    if kind == "bars":
        reference = _read(read_reference, values["answer"], (*path, "answer"), faults)
        return BarsQuestion(ask, explain, reference) if reference is not None else None
    answer = _read(read_expression, values["answer"], (*path, "answer"), faults)
    low, high, by = values["low"], values["high"], values["by"]
    if not low < high or by <= 0:
        faults.append(Fault((*path, "high"), "expected low < high and a step `by` above 0"))
        return None
    start = (low + high) / 2 if values["start"] is None else min(max(values["start"], low), high)
    start = low + round((start - low) / by) * by
    return NumberQuestion(ask, explain, answer, low, high, by, start) if answer is not None else None


def _choice(values: Mapping[str, Any], path: KeyPath, faults: list[Fault]) -> ChoiceQuestion | None:
    tables = values["option"]
    if not isinstance(tables, list) or not 2 <= len(tables) <= 4 or not all(isinstance(each, dict) for each in tables):
        faults.append(Fault((*path, "option"), f"expected 2 to 4 tables [[step.question.option]], found {describe(tables)}"))
        return None
    options = []
    for i, table in enumerate(tables):
        at: KeyPath = (*path, "option", i)
        before = len(faults)
        option = read_table(OPTION_FIELDS, table, at, faults)
        if len(faults) == before:
            condition = _read(read_condition, option["when"], (*at, "when"), faults)
            if condition is not None:
                options.append((option["text"], condition))
    return ChoiceQuestion(values["ask"], values["explain"], tuple(options)) if len(options) == len(tables) else None


def _read(read: Callable[[str], _T], text: str, path: KeyPath, faults: list[Fault]) -> _T | None:
    try:
        return read(text)
    except ValueError as error:
        faults.append(Fault(path, str(error)))
        return None
