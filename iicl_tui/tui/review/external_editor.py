"""Edits a text in the person's own editor, which takes the terminal meanwhile."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from textual.app import App, SuspendNotSupported

from iicl_tui.errors import LabError


def edit(app: App[object], text: str) -> str:
    """Returns the text as the editor left it. Raises LabError."""
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "")
    if not command:
        raise LabError("No editor is set: export EDITOR=nano, for example, or press e to edit here.")
    with tempfile.TemporaryDirectory(prefix="iicl-tui-") as folder:
        file = Path(folder) / "row.txt"
        file.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
        try:
            with app.suspend():
                code = subprocess.run([*command, str(file)], check=False).returncode
            changed = file.read_bytes().decode("utf-8", errors="replace")
        except SuspendNotSupported:
            raise LabError("This terminal cannot be given to an editor. Press e to edit here.") from None
        except OSError as error:
            raise LabError(f"{command[0]}: {error.strerror or error}. Press e to edit here.") from error
    if code:
        raise LabError(f"{command[0]} ended with code {code}, so the text stays as it was.")
    return changed.removesuffix("\n") if not text.endswith("\n") else changed
