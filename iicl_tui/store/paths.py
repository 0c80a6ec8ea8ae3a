"""Where files are: the platform's user folders, and the files shipped with the program."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import platformdirs

import iicl_tui

_NAME = "iicl-tui"
_PACKAGE = Path(iicl_tui.__file__).parent


@dataclass(frozen=True)
class Paths:
    """The user's files and folders. None is created before something is written to it.

    Attributes:
        settings: settings.toml.
        themes: The folder of the person's own themes.
        sessions: The folder of sessions.
        state: The folder of crash reports and drafts.
    """

    settings: Path
    themes: Path
    sessions: Path
    state: Path


def user_paths(sessions: str | Path | None = None, config: str | Path | None = None) -> Paths:
    """The user's paths. sessions and config, as given by --sessions and --config, replace those of the platform."""
    base = platformdirs.PlatformDirs(_NAME, appauthor=False)
    settings = Path(config).expanduser() if config else base.user_config_path / "settings.toml"
    return Paths(
        settings=settings,
        themes=settings.parent / "themes",
        sessions=Path(sessions).expanduser() if sessions else base.user_data_path / "sessions",
        state=base.user_state_path,
    )


def shipped(name: str) -> Path:
    """The folder of shipped files of this name, "themes" or "sessions", in the installed wheel or in the source tree.

    Raises FileNotFoundError if neither exists: the installation is broken.
    """
    for folder in (_PACKAGE / "_shipped" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"no shipped {name} beside {_PACKAGE}")


def cache_folder() -> Path:
    """The folder of results that can be computed again. It is not created."""
    return platformdirs.PlatformDirs(_NAME, appauthor=False).user_cache_path
