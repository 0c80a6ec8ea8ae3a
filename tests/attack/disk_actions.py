"""What writes beside sessions: decisions on rows, lessons, studies, reports and small files of the program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from made import CREATED, make

from iicl_tui.data_files import DataTable, FieldMapping, open_table
from iicl_tui.errors import LabError
from iicl_tui.lessons import notes, progress
from iicl_tui.present import presenting
from iicl_tui.review.decision_file import DecisionFile
from iicl_tui.review.decisions import Decision, Sitting
from iicl_tui.review.row_export import open_decided, write_rows
from iicl_tui.review.row_session import ReasonList
from iicl_tui.store.array_cache import ArrayCache
from iicl_tui.store.paths import Paths
from iicl_tui.store.reviewed import note_reviewed
from iicl_tui.study.chain_job import Job, run_job
from iicl_tui.study.collection import collect
from iicl_tui.study.folder import SweepFolder, open_folder
from iicl_tui.study.study_file import Study, read_study
from iicl_tui.study.tables import write_csv

ROWS = "".join(f'{{"text": "row {number}", "n": {number}}}\n' for number in range(6))
STUDY = (
    "[chain]\ngenerations = 2\n[task]\nspurious = 'screen'\nbias = 'high'\n[[agent]]\nnoise = 0.1\n[vary]\nchain.seed = '1..{}'\n"
)


@dataclass
class Action:
    """Something that writes.

    Attributes:
        prepare: Makes the files that are there before, in an empty folder, and returns what `act` needs.
        act: Does it.
        done: Closes what `prepare` opened.
        raises: How it may fail.
        again: Opens in another process what `act` needs, after the first one was killed; None: the same will do.
        quiet: It may leave the file as it was and say nothing, since losing it costs nothing.
        notes: Files that may be there after it failed.
    """

    prepare: Callable[[Path], Any]
    act: Callable[[Path, Any], Any]
    done: Callable[[Any], None] = lambda prepared: None
    raises: type[Exception] = LabError
    again: Callable[[Path], Any] | None = None
    quiet: bool = False
    notes: tuple[str, ...] = ()


def _table(folder: Path) -> DataTable:
    if not (folder / "rows.jsonl").exists():
        (folder / "rows.jsonl").write_text(ROWS)
    return open_table(folder / "rows.jsonl")


_SITTING = Sitting("ada", FieldMapping("text"), "file")


def _first_decision(folder: Path, table: DataTable) -> None:
    with DecisionFile.open_or_create(folder / "rows.decisions.toml", table, _SITTING, lambda: CREATED) as file:
        if not file.steps:
            file.append("decide", table[0], Decision("approve"))


def _decided(folder: Path) -> tuple[DataTable, DecisionFile]:
    table = _table(folder)
    if not (folder / "rows.decisions.toml").exists():
        _first_decision(folder, table)
    return table, DecisionFile.open(folder / "rows.decisions.toml", clock=lambda: CREATED)


def _decide(_: Path, opened: tuple[DataTable, DecisionFile]) -> None:
    table, file = opened
    if len(file.steps) == 1:
        file.append("decide", table[1], Decision("edit", text="“better”\n", reason="x", seconds=1.0))


def _close_both(opened: tuple[DataTable, DecisionFile]) -> None:
    for each in opened:
        each.close()


def _exported(folder: Path) -> None:
    table, file = _decided(folder)
    _decide(folder, (table, file))
    _close_both((table, file))


def _export(folder: Path, _: Any) -> None:
    decided = open_decided(folder / "rows.decisions.toml")
    try:
        write_rows(decided, "csv", folder / "out.csv", force=True)
    finally:
        decided.table.close()


def _progress(folder: Path) -> None:
    progress.save(folder / "lessons.toml", "passing-on", progress.Progress(3, 9, True))


def _note(folder: Path, _: Any) -> None:
    if len(notes.load(folder / "s.toml")) < 2:
        notes.add(folder / "s.toml", notes.Note(1, "imitation", "Look."))


def _study(count: int = 2) -> Study:
    return read_study(STUDY.format(count), "study.toml", None)


def _begun(folder: Path) -> SweepFolder:
    return open_folder(folder / "study", _study())


def _run_chain(_: Path, folder: SweepFolder) -> None:
    study = _study()
    plan = study.plan(0)
    outcome = run_job(Job(plan.name, study.document(plan), None, folder, retry=True))
    if outcome.message.startswith("Traceback"):
        raise RuntimeError(outcome.message)
    if outcome.state == "failed":
        raise LabError(outcome.message)


def _swept(folder: Path) -> None:
    _run_chain(folder, _begun(folder))


def _paths(folder: Path) -> Paths:
    return Paths(folder / "settings.toml", folder / "themes", folder / "sessions", folder / "state")


def _reviewed(folder: Path) -> None:
    for name in ("old.jsonl", "new.jsonl"):
        (folder / name).write_text(ROWS)
    note_reviewed(_paths(folder), folder / "old.jsonl")


def _position(title: str) -> presenting.Position:
    return presenting.Position("session", "/s.toml", title)


MORE_ACTIONS = {
    "a first decision on rows": Action(_table, _first_decision, DataTable.close, again=_table),
    "a decision on rows": Action(_decided, _decide, _close_both, again=_decided),
    "an export of decided rows": Action(_exported, _export),
    "a list of reasons": Action(
        lambda folder: ReasonList(folder / "reasons.txt").write("old"),
        lambda folder, _: ReasonList(folder / "reasons.txt").write("new"),
    ),
    "the progress of a lesson": Action(
        _progress, lambda folder, _: progress.save(folder / "lessons.toml", "the-bottleneck", progress.Progress(2, 7))
    ),
    "a note on a session": Action(
        lambda folder: notes.add(make(folder / "s.toml", generations=1), notes.Note(0, "transmission", "The start.")),
        _note,
    ),
    "the folder of a study": Action(lambda folder: None, lambda folder, _: open_folder(folder / "study", _study())),
    "the folder of a study that grew": Action(_begun, lambda folder, _: open_folder(folder / "study", _study(3))),
    "a chain of a study": Action(_begun, _run_chain, again=_begun, notes=("study/failed/",)),
    "a table of many chains": Action(
        _swept, lambda folder, _: write_csv(collect([folder / "study"]), folder / "out" / "chains.csv")
    ),
    "a list of reviewed files": Action(
        _reviewed, lambda folder, _: note_reviewed(_paths(folder), folder / "new.jsonl"), quiet=True
    ),
    "what is presented": Action(
        lambda folder: presenting.write(folder, _position("a")),
        lambda folder, _: presenting.write(folder, _position("b")),
        quiet=True,
    ),
    "an array of a prediction": Action(
        lambda folder: None, lambda folder, _: ArrayCache(folder / "cache").put("key", {"p": np.arange(4.0)}), quiet=True
    ),
}
