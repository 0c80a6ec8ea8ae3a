"""What the form is filled from: a preset, a file, a text, or nothing."""

from __future__ import annotations

from pathlib import Path

from iicl_tui import files
from iicl_tui.store import errors, presets, toml_lines
from iicl_tui.store.config_draft import Draft
from iicl_tui.tui.configure.blank import BLANK


def open_draft(preset: str | None, file: Path | None, text: str | None) -> tuple[Draft, Path | None]:
    """The draft, and the folder where its relative file names start.

    Raises:
        LabError: The preset or file cannot be read.
        ConfigError: The file is not TOML.
    """
    if preset is not None:
        return Draft.of(presets.load(preset).text), None
    if file is None:
        return Draft.of(BLANK if text is None else text), None
    try:
        return Draft.of(toml_lines.text_of(files.read_bytes(file), file.name), file.name), file.parent
    except OSError as error:
        raise errors.from_os_error(error, "read", file) from error
