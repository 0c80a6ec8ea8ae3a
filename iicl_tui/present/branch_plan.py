"""What a branch changes, as short texts that a person edits: filters, agents, prior weights and bias.

A list of filters or agents reads `effective-set mode=restrict + human redraws=3`. Values that take more than a word, such as a
filter's recorded decisions, are not shown; they stay as they are as long as the kind at their place stays.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any

from iicl_tui.agents.base import agent_kinds
from iicl_tui.chain.config import ChainConfig, read_config
from iicl_tui.errors import ConfigError
from iicl_tui.files import parse_toml
from iicl_tui.filters.base import filter_kinds
from iicl_tui.present.config_form import format_value, parse_text
from iicl_tui.schema import Field, describe, nearest
from iicl_tui.store import toml_text
from iicl_tui.store.format import start_table
from iicl_tui.tasks.base import task_kinds

NONE = "none"
_PAIR = re.compile(r"([A-Za-z0-9_-]+)=(\"[^\"]*\"|\S+)")
_SHORT = ("int", "float", "str", "bool", "choice")
"""The kinds of values that fit in a word."""


def texts(config: ChainConfig) -> dict[str, str]:
    """What can be changed, by "filter", "agent", "prior" and "bias", as far as this chain has it."""
    document = config.document
    found = {
        "filter": _list_text(document.get("filter", ()), filter_kinds()) or NONE,
        "agent": _list_text(document["agent"], agent_kinds()),
    }
    if any(_has(table, "prior") for table in document["agent"]):
        found["prior"] = _prior_text(next(table for table in document["agent"] if _has(table, "prior")).get("prior", {}))
    field = _bias_field(config)
    if field is not None:
        found["bias"] = str(document.get("task", {}).get("bias", field.default))
    return found


def others(config: ChainConfig) -> dict[str, tuple[str, ...]]:
    """Further texts to choose from, by the same keys, the current one first."""
    now = texts(config)
    agents = ["bayes choose=sample", "bayes choose=map", *(name for name in agent_kinds() if name != "bayes")]
    found = {
        "filter": dict.fromkeys([now["filter"], NONE, *filter_kinds()]),
        "agent": dict.fromkeys([now["agent"], *agents]),
    }
    field = _bias_field(config)
    if field is not None:
        found["bias"] = dict.fromkeys([now["bias"], *field.choices])
    return {key: tuple(values) for key, values in found.items()}


def changes(config: ChainConfig, answers: Mapping[str, str]) -> list[str]:
    """The assignments that make a branch as answered; a text that was not changed makes none. Raises ValueError with a sentence."""
    now, document, made = texts(config), config.document, []
    changed = {key: answers[key] for key in now if key in answers and answers[key] != now[key]}
    if "filter" in changed:
        tables = _read_list(changed["filter"], document.get("filter", ()), "filter")
        made.append(f"filter={toml_text.value(tables)}")
    agents = document["agent"]
    if "agent" in changed:
        agents = _read_list(changed["agent"], document["agent"], "agent")
    if "prior" in changed:
        weights = _read_prior(changed["prior"])
        agents = [_with_prior(table, weights) if _has(table, "prior") else table for table in agents]
    if "agent" in changed or "prior" in changed:
        made.append(f"agent={toml_text.value(agents)}")
    if "bias" in changed:
        made.append(f"task.bias={toml_text.value(changed['bias'])}")
    return made


def fault(config: ChainConfig, answers: Mapping[str, str]) -> str:
    """Why the answers make no configuration, as a sentence; "" if they do."""
    try:
        assignments = changes(config, answers)
    except ValueError as error:
        return str(error)
    if not assignments:
        return ""
    document = copy.deepcopy(dict(config.document)) | {"start": start_table(config.task, config.start)}
    for assignment in assignments:
        key, _, value = assignment.partition("=")
        here = document
        *sections, last = key.split(".")
        for section in sections:
            here = here.setdefault(section, {})
        here[last] = parse_toml(f"value = {value}")["value"]
    try:
        read_config(document)
    except ConfigError as error:
        first = error.faults[0]
        return f"{first.key}: {first.message}" if first.path else first.message
    return ""


# -- lists of filters and agents --------------------------------------------------------------------------------------


def _list_text(tables: Sequence[Mapping[str, Any]], kinds: Mapping[str, Any]) -> str:
    return " + ".join(_table_text(table, kinds) for table in tables)


def _table_text(table: Mapping[str, Any], kinds: Mapping[str, Any]) -> str:
    name = str(table.get("kind", "bayes"))
    fields = kinds[name].fields if name in kinds else ()
    words = [f"{field.key}={_word(field, table[field.key])}" for field in fields if _is_short(field, table)]
    return " ".join([name, *words])


def _is_short(field: Field, table: Mapping[str, Any]) -> bool:
    return field.key in table and field.kind in _SHORT and '"' not in str(table[field.key]) and "+" not in str(table[field.key])


def _word(field: Field, value: Any) -> str:
    text = format_value(field, value)
    return f'"{text}"' if not text or re.search(r"\s", text) else text


def _read_list(text: str, before: Sequence[Mapping[str, Any]], name: str) -> list[dict[str, Any]]:
    if text.strip() in ("", NONE):
        if name == "agent":
            raise ValueError("a chain needs an agent; expected a kind, as bayes choose=map")
        return []
    kinds = agent_kinds() if name == "agent" else filter_kinds()
    old = [dict(each) for each in before]
    return [
        _read_one(part.strip(), old[place] if place < len(old) else {}, kinds, name) for place, part in enumerate(text.split("+"))
    ]


def _read_one(text: str, old: Mapping[str, Any], kinds: Mapping[str, Any], name: str) -> dict[str, Any]:
    kind, _, rest = text.partition(" ")
    if kind not in kinds:
        near = nearest(kind, kinds)
        raise ValueError(f"no {name} is called {describe(kind)}; " + (f"nearest: {near}" if near else f"known: {', '.join(kinds)}"))
    fields = {field.key: field for field in kinds[kind].fields}
    table: dict[str, Any] = {"kind": kind}
    if old.get("kind", "bayes") == kind:
        table |= {key: value for key, value in old.items() if key != "kind" and not _shown(key, old, fields)}
    left = _PAIR.sub("", rest).strip()
    if left:
        raise ValueError(f"{kind}: expected key=value after it, found {describe(left)}")
    for key, value in _PAIR.findall(rest):
        if key not in fields:
            near = nearest(key, fields)
            raise ValueError(f"{kind} has no {key}; " + (f"nearest: {near}" if near else f"known: {', '.join(fields)}"))
        table[key] = _value(fields[key], value.strip('"'))
    return table


def _shown(key: str, table: Mapping[str, Any], fields: Mapping[str, Field]) -> bool:
    return key in fields and _is_short(fields[key], table)


def _value(field: Field, text: str) -> Any:
    if field.kind == "bool" and text in ("true", "false"):
        return text == "true"
    return parse_text(field, text) if text else ""


# -- prior weights and bias -------------------------------------------------------------------------------------------


def _has(table: Mapping[str, Any], key: str) -> bool:
    kind = agent_kinds().get(str(table.get("kind", "bayes")))
    return kind is not None and any(field.key == key for field in kind.fields)


def _bias_field(config: ChainConfig) -> Field | None:
    kind = task_kinds()[config.document["chain"]["task"]]
    return next((field for field in kind.fields if field.key == "bias"), None) if kind.name == "acre" else None


def _prior_text(prior: Mapping[str, Any]) -> str:
    """Weights as `screen: on=1, off=4; A: on=2`; anything else as TOML."""
    if all(isinstance(weights, Mapping) for weights in prior.values()):
        parts = {name: ", ".join(f"{value}={weight:g}" for value, weight in weights.items()) for name, weights in prior.items()}
        return "; ".join(f"{name}: {weights}" for name, weights in parts.items())
    return toml_text.value(prior)


def _read_prior(text: str) -> Any:
    if text.lstrip().startswith("{"):
        try:
            return parse_toml(f"value = {text}")["value"]
        except ValueError as error:
            raise ValueError(f"prior: {error}") from error
    weights: dict[str, dict[str, float]] = {}
    for part in filter(str.strip, text.split(";")):
        name, colon, values = part.partition(":")
        pairs = [pair.partition("=") for pair in values.split(",") if pair.strip()]
        try:
            weights[name.strip()] = {value.strip(): float(weight) for value, _, weight in pairs}
        except ValueError:
            pairs = []
        if not colon or not pairs:
            raise ValueError(f"prior: expected weights, as screen: on=1, off=4, found {describe(part.strip())}")
    return weights


def _with_prior(table: Mapping[str, Any], weights: Any) -> dict[str, Any]:
    rest = {key: value for key, value in table.items() if key != "prior"}
    return rest | ({"prior": weights} if weights else {})
