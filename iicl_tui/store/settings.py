"""settings.toml: what a person chose for all sessions. A fault in it never stops the program.

It is written with tomlkit, which keeps the person's comments.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from iicl_tui import files
from iicl_tui.errors import ConfigError, Fault, LabError
from iicl_tui.schema import Field, read_table
from iicl_tui.store import atomic, crash_reports, errors, toml_lines

MOST_BYTES = 32_000
"""Of settings.toml: tomlkit takes about 20 µs a byte."""

FIELDS = (
    Field("theme", "str", "Theme", "The name of a theme; the command palette lists them."),
    Field("sessions", "str", "Sessions folder", "Where sessions are kept."),
    Field("hosts", "strings", "Hosts", "Servers that may get a key: a host gets that of the agent's kind, as OPENAI_API_KEY; "
          "VARIABLE@host stands for another. http://host: also unencrypted.", default=[]),
    Field("keys", "table", "Keys", "Action id = keys, separated by commas.", default={}),
    Field("lab", "table", "Lab", "How the lab shows the belief.", default={}),
)  # fmt: skip
LAB_FIELDS = (
    Field("form", "choice", "Form", "How the belief is drawn.", choices=("strips", "mosaic", "ranked")),
    Field("scale", "choice", "Scale", "The scale of probabilities.", choices=("linear", "log")),
    Field("by", "str", "By", 'The object whose states part the belief, or "d0" for the examples explained.'),
)


@dataclass(frozen=True)
class Settings:
    """The settings. None and {} mean that the person chose nothing. keys: action id → keys, separated by commas."""

    theme: str | None = None
    sessions: str | None = None
    hosts: tuple[str, ...] = ()
    keys: Mapping[str, str] = field(default_factory=dict)
    lab: Mapping[str, str] = field(default_factory=dict)


def load(path: Path) -> tuple[Settings, list[Fault]]:
    """The settings and all faults with their lines. A faulty key has its default. Never raises."""
    try:
        text = toml_lines.text_of(files.read_bytes(path, MOST_BYTES), path.name)
        document = toml_lines.parse(text, path.name)
    except FileNotFoundError:
        return Settings(), []
    except OSError as error:
        return Settings(), [Fault((), f"{path} cannot be read: {error.strerror or error}")]
    except ConfigError as error:
        return Settings(), list(error.faults)
    try:
        settings, faults = read(document)
    except Exception as error:  # the settings may not end the program
        return Settings(), [Fault((), crash_reports.cannot_show(error))]
    return settings, [replace(fault, line=toml_lines.line_of(text, fault.path)) for fault in faults]


def read(document: Mapping[str, Any]) -> tuple[Settings, list[Fault]]:
    """The settings of a parsed document, and its faults without lines."""
    faults: list[Fault] = []
    values = read_table(FIELDS, document, (), faults)
    lab = read_table(LAB_FIELDS, values["lab"], ("lab",), faults)
    keys = {}
    for action, chosen in values["keys"].items():
        if isinstance(chosen, str) and chosen.strip():
            keys[action] = chosen
        else:
            faults.append(Fault(("keys", action), 'expected keys in quotes, as "f5,r"'))
    chosen_lab = {key: value for key, value in lab.items() if value is not None}
    return Settings(values["theme"], values["sessions"], tuple(values["hosts"]), keys, chosen_lab), faults


def save(path: Path, changes: Mapping[str, Any]) -> None:
    """Writes some settings and keeps the comments, order and unknown keys of the file.

    Args:
        changes: Such as {"theme": "dark", "lab": {"form": "mosaic"}, "keys": {"step": "space"}}; None removes a key.

    Raises:
        StoreError: The file cannot be written.
        LabError: The file is no TOML, so the person's text would be lost.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        text = files.read_bytes(path, MOST_BYTES).decode("utf-8-sig") if path.exists() else ""
        document = tomlkit.parse(text)
    except OSError as error:
        raise errors.from_os_error(error, "read", path) from error
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise LabError(
            "The settings were not saved", f"{path} is not valid TOML: {error}", "Correct the file, or move it away."
        ) from error
    for key, value in changes.items():
        if not isinstance(value, Mapping):
            _put(document, key, value)
            continue
        if not isinstance(document.get(key), Mapping):
            document[key] = tomlkit.table()
        for inner, inner_value in value.items():
            _put(document[key], inner, inner_value)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.replace(path, tomlkit.dumps(document).encode())
    except OSError as error:
        raise errors.from_os_error(error, "write", path) from error


def _put(table: Any, key: str, value: Any) -> None:
    if value is not None:
        table[key] = value
    elif key in table:
        del table[key]
