"""Finds the study that a person names: a folder, a file, one that comes with the program, or a configuration or preset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from iicl_tui.errors import LabError
from iicl_tui.files import read_bytes
from iicl_tui.schema import nearest
from iicl_tui.store import errors, toml_lines
from iicl_tui.store.presets import presets
from iicl_tui.store.session import slug
from iicl_tui.study.folder import read_folder
from iicl_tui.study.presets import find, study_presets
from iicl_tui.study.study_file import Study, read_study


@dataclass(frozen=True)
class Named:
    """A study and its folder. command: what makes the study, for the record; "" if the folder is there."""

    study: Study
    folder: Path
    command: str = ""


def named(source: str, sessions: Path, output: str | None = None, changes: Sequence[str] = ()) -> Named:
    """The study of this name.

    Args:
        source: A folder of a study, a file, or the name of a study or preset of the program's.
        sessions: Where a new study's folder goes.
        output: The folder; None: one in `sessions` that is called as the study is.
        changes: Assignments such as "chain.seed=1..20".

    Raises:
        LabError: There is no such study, or it has faults.
    """
    path = Path(source).expanduser()
    if path.is_dir():
        found = read_folder(path)
        if found is None:
            raise LabError(
                f"{path} is no folder of a study", "It has no study.toml.", f"Compare its sessions: iicl-tui compare {path}"
            )
        return Named(found[0], path)
    preset = find(source)
    if preset is not None:
        study, name = read_study(preset.text, preset.name, None, changes), preset.name
    else:
        study, name = _of_file(path, changes), slug(path.stem)
    folder = Path(output).expanduser() if output else sessions / name
    command = " ".join(["iicl-tui study", source, *(f"--set {change}" for change in changes)])
    return Named(study, folder, command)


def _of_file(path: Path, changes: Sequence[str]) -> Study:
    try:
        text = toml_lines.text_of(read_bytes(path), path.name)
    except FileNotFoundError:
        known = {preset.name: preset.text for preset in presets()} | {preset.name: preset.text for preset in study_presets()}
        if path.name in known and str(path) == path.name:
            return read_study(known[path.name], path.name, None, changes)
        near = nearest(path.name, known)
        raise LabError(
            f"There is no study {path}",
            "It is no folder, no file, and none that comes with the program." + (f" The nearest is {near}." if near else ""),
            "`iicl-tui presets` lists them all.",
        ) from None
    except OSError as error:
        raise errors.from_os_error(error, "read", path) from error
    return read_study(text, path.name, path.parent, changes)
