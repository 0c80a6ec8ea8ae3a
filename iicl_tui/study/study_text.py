"""Writes a study as a text that `read_study` reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from iicl_tui.store import toml_text
from iicl_tui.study.axes import Axis
from iicl_tui.study.study_file import STUDY_FIELDS, Study


def study_text(study: Study) -> str:
    """The study's configuration, [vary] and [study], without comments."""
    tables = []
    for name, value in study.base.items():
        if isinstance(value, Mapping):
            tables.append(toml_text.table(f"[{toml_text.key(name)}]", value))
        elif isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
            tables += [toml_text.table(f"[[{toml_text.key(name)}]]", each) for each in value]
        else:
            tables.insert(0, f"{toml_text.key(name)} = {toml_text.value(value)}\n")
    tables += _vary(study.axes)
    options = {field.key: study.options[field.key] for field in STUDY_FIELDS if study.options[field.key] != field.default}
    if "metrics" in options:
        options["metrics"] = list(options["metrics"])
    if options:
        tables.append(toml_text.table("[study]", options))
    return "\n".join(tables)


def _vary(axes: Sequence[Axis]) -> list[str]:
    """[vary] with its axes of one key, then those of keys in step, which change faster."""
    single = [axis for axis in axes if len(axis.keys) == 1 and not axis.name]
    lines = ["[vary]", *(f"{toml_text.key(axis.keys[0])} = {_column(axis.columns[0])}" for axis in single)]
    tables = ["\n".join(lines) + "\n"] if single else []
    named = [axis for axis in single if axis.names]
    if named:
        lines = [f"{toml_text.key(axis.keys[0])} = {toml_text.value(axis.names)}" for axis in named]
        tables.append("[vary.names]\n" + "\n".join(lines) + "\n")
    for axis in axes:
        if axis in single:
            continue
        lines = ["[[vary.together]]"]
        if axis.name:
            lines.append(f"name = {toml_text.string(axis.name)}")
        if axis.names:
            lines.append(f"names = {toml_text.value(axis.names)}")
        lines += [f"{toml_text.key(key)} = {_column(column)}" for key, column in zip(axis.keys, axis.columns, strict=True)]
        tables.append("\n".join(lines) + "\n")
    return tables


def _column(values: Sequence[Any]) -> str:
    if isinstance(values, range):
        return toml_text.string(f"{values[0]}..{values[-1]}")
    return toml_text.value(values)
