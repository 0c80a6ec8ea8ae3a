"""A small study, and its sweep in this process: for tests of what a sweep writes."""

from __future__ import annotations

from pathlib import Path

from iicl_tui.study.folder import SweepFolder, open_folder
from iicl_tui.study.study_file import Study, read_study
from iicl_tui.study.sweep import Progress, Shard, jobs, run_exact

CHAIN = """
[chain]
title = "Study"
generations = 3
[task]
objects = ["A", "B", "screen"]
hypothesis = 1
spurious = "screen"
initial = 2
"""
STUDY = (
    CHAIN
    + """
[vary]
"chain.seed" = "1..3"
filter = [[], [{kind = "effective-set"}]]
"""
)


def study(text: str = STUDY) -> Study:
    return read_study(text, "study.toml", None)


def sweep(made: Study, folder: SweepFolder, shard: Shard = Shard(), retry: bool = False) -> Progress:  # noqa: B008 (frozen)
    progress = Progress(len(shard.indices(made.count)))
    run_exact(jobs(made, folder, shard, False, retry), progress, 1)
    return progress


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def begun(path: Path, made: Study, like: SweepFolder) -> SweepFolder:
    """A new folder for the study, with the time of another one's start."""
    path.mkdir()
    (path / "study.toml").write_bytes((like.path / "study.toml").read_bytes())
    return open_folder(path, made)
