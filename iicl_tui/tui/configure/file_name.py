"""The name of the file that a new session is written to."""

from __future__ import annotations

from pathlib import Path

from iicl_tui.present.config_form import Row
from iicl_tui.schema import Field
from iicl_tui.schema import Path as KeyPath
from iicl_tui.store.session import SUFFIX, slug

FILE: KeyPath = ("file",)
"""The path of the form's row. It is no key of the configuration."""
_HELP = "The name of the session's file in your sessions folder. If empty, it is made from the title."
UNTITLED = "Untitled chain"


def file_row(name: str, title: object, folder: Path) -> Row:
    """The form's row for the file name.

    Args:
        name: The name that the person wrote; "" for the name made from the title.
        title: The chain's title in the draft.
        folder: The sessions folder.
    """
    hint = free_name(slug(title if isinstance(title, str) else UNTITLED), folder)
    fault = name_fault(name) or ("A file with this name exists." if target(name, folder).is_file() else "")
    return Row(FILE, Field("file", "str", "file name", _HELP), name or None, name, (fault,) if fault else (), hint)


def free_name(stem: str, folder: Path) -> str:
    """The file name that the store will choose for a session: adds a number if the name exists."""
    number, name = 1, stem + SUFFIX
    while (folder / name).exists():
        number += 1
        name = f"{stem}-{number}{SUFFIX}"
    return name


def target(name: str, folder: Path) -> Path:
    """The session's file; the folder alone if there is no name that can be used."""
    if not name or name_fault(name):
        return folder
    return folder / (name if name.endswith(SUFFIX) else name + SUFFIX)


def name_fault(name: str) -> str:
    """What is wrong with a file name, or ""."""
    if any(sign in name for sign in "/\\\0") or name.startswith(".") or not name.isprintable():
        return "A file name has no / or \\ and does not begin with a dot."
    if len(name.encode(errors="replace")) > 200:
        return "This name is too long."
    return ""
