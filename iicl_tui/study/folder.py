"""The folder of a sweep: the study, one session file a chain, and a text for each chain that failed.

Whether a chain is done is read from its own file alone, so that a killed sweep has nothing to repair. `study.toml` keeps the time
of the first start, which all sessions have as `created`: one study in one folder gives the same files, whoever writes them.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from iicl_tui.errors import ConfigError, Fault, LabError
from iicl_tui.files import read_bytes
from iicl_tui.store import atomic, errors, toml_lines, toml_text
from iicl_tui.store.session import SUFFIX
from iicl_tui.study.study_file import Study, read_study

MANIFEST = "study.toml"
FAILED = "failed"
_CREATED = "# begun: "
_COMMAND = "# made with: "


@dataclass(frozen=True)
class SweepFolder:
    """A sweep's folder.

    Attributes:
        path: The folder.
        created: When the study was first started here.
    """

    path: Path
    created: datetime

    def session(self, name: str) -> Path:
        """The session file of a chain."""
        return self.path / f"{name}{SUFFIX}"

    def failure(self, name: str) -> Path:
        """Where it is said why a chain failed."""
        return self.path / FAILED / f"{name}.txt"

    def has_failed(self, name: str) -> bool:
        """Whether the chain failed when it was last run."""
        return self.failure(name).exists()

    def note_failure(self, name: str, message: str) -> None:
        """Notes why a chain failed. What cannot be noted is only told."""
        with contextlib.suppress(OSError):
            self.failure(name).parent.mkdir(exist_ok=True)
            atomic.replace(self.failure(name), message.rstrip("\n").encode(errors="replace") + b"\n")

    def forget_failure(self, name: str) -> None:
        """Removes the note of a chain that did not fail this time."""
        with contextlib.suppress(OSError):
            os.unlink(self.failure(name))

    def failures(self) -> Iterator[tuple[str, str]]:
        """The names of the chains that failed, and why, in the order of their names."""
        try:
            files = sorted((self.path / FAILED).glob("*.txt"))
        except OSError:
            return
        for file in files:
            with contextlib.suppress(OSError):
                yield file.stem, read_bytes(file).decode(errors="replace").strip()


def open_folder(path: Path, study: Study, command: str = "") -> SweepFolder:
    """Creates a sweep's folder, or opens one for the same study.

    A study may have grown: other values in [vary] and [study] are fine, since each chain's file is named by what it varies.

    Args:
        path: The folder.
        study: The study.
        command: The options of the command line that made this study of its file, for the record.

    Raises:
        LabError: The folder belongs to a study with another configuration.
        StoreError: It cannot be written.
    """
    manifest = path / MANIFEST
    try:
        path.mkdir(parents=True, exist_ok=True)
        atomic.clean(path)
        before = _manifest(manifest)
        if before is None:
            created = datetime.now(UTC).replace(microsecond=0)
            data = _manifest_text(study, created, command)
            try:
                atomic.close(atomic.create(manifest, data.encode()))
            except FileExistsError:  # another shard was first
                before = _manifest(manifest)
            else:
                return SweepFolder(path, created)
        assert before is not None
        old, created = before
        if dict(old.base) != dict(study.base):
            raise LabError(
                f"{path} belongs to another study",
                f"Its {MANIFEST} has another configuration outside [vary] and [study].",
                "Give this study a folder of its own with -o.",
            )
        if (old.axes, old.options) != (study.axes, study.options):
            atomic.replace(manifest, _manifest_text(study, created, command).encode())
        return SweepFolder(path, created)
    except OSError as error:
        raise errors.from_os_error(error, "write", path) from error


def read_folder(path: Path) -> tuple[Study, SweepFolder] | None:
    """The study of a folder; None if it has none. Raises ConfigError, StoreError."""
    try:
        found = _manifest(path / MANIFEST)
    except OSError as error:
        raise errors.from_os_error(error, "read", path / MANIFEST) from error
    return None if found is None else (found[0], SweepFolder(path, found[1]))


def check_study(path: Path, read: Callable[[Callable[[], object]], object] = lambda read: read()) -> list[Fault]:
    """All faults of a study's file, or of the manifest of a sweep, with their lines.

    read: calls what reads the study, and may call it again. Raises StoreError.
    """
    try:
        text = toml_lines.text_of(read_bytes(path), path.name)
        if text.startswith(_CREATED):
            read(lambda: _manifest(path, with_chains=True))
        else:
            read(lambda: read_study(text, path.name, path.parent))
    except OSError as error:
        raise errors.from_os_error(error, "read", path) from error
    except ConfigError as error:
        return list(error.faults)
    return []


def _manifest(path: Path, with_chains: bool = False) -> tuple[Study, datetime] | None:
    """The study of a manifest. The files that it names may be in its own folder only, since anybody may have written it."""
    try:
        data = read_bytes(path)
    except FileNotFoundError:
        return None
    text = toml_lines.text_of(data, path.name)
    first, _, rest = text.partition("\n")
    try:
        created = datetime.fromisoformat(first.removeprefix(_CREATED))
    except ValueError:
        raise ConfigError([Fault((), f'expected "{_CREATED.strip()}" and a time', 1)], str(path)) from None
    second, _, below = rest.partition("\n")
    text = below if second.startswith(_COMMAND) else rest
    return read_study(text, str(path), _folder_of(second), home=path.parent, with_chains=with_chains), created


def _folder_of(line: str) -> Path | None:
    folder = line.rpartition(" in ")[2] if line.startswith(_COMMAND) else ""
    return Path(folder) if folder else None


def _manifest_text(study: Study, created: datetime, command: str) -> str:
    """The study as one file: its configuration, and what is varied, also on the command line."""
    from iicl_tui.study.study_text import study_text

    lines = [f"{_CREATED}{toml_text.value(created)}", f"{_COMMAND}{command} in {study.folder.resolve() if study.folder else ''}"]
    return "\n".join(lines) + "\n" + study_text(study)
