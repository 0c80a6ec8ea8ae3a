"""Further kinds of files that `attack_files` mutates: rows, decisions, lessons, studies and small ones."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
from disk_actions import ROWS, STUDY
from made import CREATED, make

from iicl_tui.agents import prices
from iicl_tui.chain.config import read_config
from iicl_tui.data_files import FieldMapping, open_table
from iicl_tui.errors import LabError
from iicl_tui.lessons import library, notes, progress
from iicl_tui.lessons.reading import read_lesson
from iicl_tui.present import presenting
from iicl_tui.review.decision_file import DecisionFile
from iicl_tui.review.decisions import Decision, Sitting, match, steps_on
from iicl_tui.review.reader_file import read_reader
from iicl_tui.store.array_cache import ArrayCache
from iicl_tui.study.folder import check_study, open_folder, read_folder
from iicl_tui.study.study_file import read_study

Reader = Callable[[Path, bytes], bool]
Kind = Callable[[], tuple[list[bytes], Reader]]


def _rows(name: str) -> Kind:
    def make_rows() -> tuple[list[bytes], Reader]:
        seeds = {
            "rows.jsonl": ROWS.encode() + '{"text": "漢字 \\u202e", "n": [1, {"a": null}]}\n'.encode(),
            "rows.csv": 'text,n\n"say ""so""",1\n"two\nlines",-2\n漢字,\n'.encode(),
            "rows.parquet": _parquet(),
        }

        def read(folder: Path, data: bytes) -> bool:
            (folder / name).write_bytes(data)
            with open_table(folder / name) as table:
                for row in table:
                    row.text("text")
            return False

        return [seeds[name]], read

    return make_rows


def _parquet() -> bytes:
    sink = pyarrow.BufferOutputStream()
    columns = {"text": ["a", "b", None], "n": [1, 2, 3], "at": np.array(["2026-01-02"] * 3, dtype="datetime64[s]")}
    pyarrow.parquet.write_table(pyarrow.table(columns), sink)
    return bytes(sink.getvalue())


def _row_decisions() -> tuple[list[bytes], Reader]:
    with tempfile.TemporaryDirectory() as where:
        rows, path = Path(where) / "rows.jsonl", Path(where) / "d.toml"
        rows.write_text(ROWS)
        with open_table(rows) as table:
            sitting = Sitting("ada", FieldMapping("text"), "file")
            with DecisionFile.create(path, table, sitting, lambda: CREATED) as file:
                file.append("decide", table[0], Decision("reject", reason="too short", seconds=2.0))
                file.append("decide", table[1], Decision("edit", text="better \x1b \u202e", seconds=1.0))
                file.append("undo", table[1], Decision())
            seeds = [path.read_bytes()]

    def read(folder: Path, data: bytes) -> bool:
        (folder / "rows.jsonl").write_text(ROWS)
        (folder / "d.toml").write_bytes(data)
        with open_table(folder / "rows.jsonl") as table, DecisionFile.open(folder / "d.toml", read_only=True) as file:
            match(file.steps, table)
            steps_on(file.steps, table)
        return False

    return seeds, read


def _lessons() -> tuple[list[bytes], Reader]:
    seeds = [library.path_of(name).read_bytes() for name in ("passing-on", "a-filter", "the-bottleneck")]

    def read(folder: Path, data: bytes) -> bool:
        (folder / "lesson.toml").write_bytes(data)
        read_lesson(folder / "lesson.toml")
        return False

    return seeds, read


def _small() -> tuple[list[bytes], Reader]:
    """Progress, notes, and what is presented."""
    with tempfile.TemporaryDirectory() as where:
        folder = Path(where)
        progress.save(folder / "lessons.toml", "passing-on", progress.Progress(3, 9, True))
        session = make(folder / "s.toml", generations=1)
        notes.add(session, notes.Note(1, "imitation", "Look."))
        presenting.write(folder, presenting.Position("session", str(session), "a"))
        seeds = [path.read_bytes() for path in (folder / "lessons.toml", notes.file_of(session), folder / presenting.FILE)]

    def read(folder: Path, data: bytes) -> bool:
        for path in (folder / "lessons.toml", folder / "s.notes", folder / presenting.FILE):
            path.write_bytes(data)
        progress.save(folder / "lessons.toml", "a-filter", progress.Progress(1, 2))
        found = bool(progress.load(folder / "lessons.toml")) or presenting.read(folder) is not None
        return not found and not notes.load(folder / "s.toml")

    return seeds, read


def _studies() -> tuple[list[bytes], Reader]:
    with tempfile.TemporaryDirectory() as where:
        study = read_study(STUDY.format(3), "study.toml", None)
        open_folder(Path(where) / "s", study, "iicl-tui sweep x")
        written = (Path(where) / "s" / "study.toml").read_bytes()
    together = b'[[vary.together]]\nname = "how"\nagent.noise = [0.0, 0.1]\nagent.temperature = [1, 2]\nnames = ["a", "b"]\n'
    options = b'[study]\nmetrics = ["entropy_nats"]\nbudget = 1.5\nrequests-per-minute = { openai = 60 }\n'
    seeds = [written, STUDY.format(3).encode() + together + options]

    def read(folder: Path, data: bytes) -> bool:
        (folder / "study.toml").write_bytes(data)
        faults = check_study(folder / "study.toml")
        with contextlib.suppress(LabError):
            read_folder(folder)
        return bool(faults)

    return seeds, read


def _named() -> tuple[list[bytes], Reader]:
    """Files that a configuration names, prices of one's own, and a first reader."""
    seeds = [
        b"A,B,weight\non,on,1\non,off,2\noff,on,0.5\noff,off,1e-3\n",
        b"rank,word\n1,the\n2,of\n3,and\n",
        b'output,input\nTOT,"the, of, them"\n',
        b'[openai]\n"gpt-6-luna" = { input = 0.10, output = 0.50, cached = 0.01 }\n',
        b'[reader]\nname = "first"\nahead = 2\nbudget = 1.5\n[agent]\nkind = "openai"\nmodel = "m"\nbase-url = "http://127.0.0.1:1/v1"\n',
    ]
    documents = (
        {"task": {"objects": ["A", "B"], "states": ["on", "off"]}, "agent": [{"prior": {"table": "named"}}]},
        {"chain": {"task": "acronym"}, "task": {"ranks": "named"}},
        {"chain": {"task": "acronym"}, "task": {"pool": "named"}},
        {"filter": [{"kind": "yoked", "session": "named"}]},
        {"chain": {"task": "text"}, "task": {"file": "named"}},
    )

    def read(folder: Path, data: bytes) -> bool:
        (folder / "named").write_bytes(data)
        wrong = 0
        for document in documents:
            try:
                read_config(document, folder)
            except LabError:
                wrong += 1
        prices.use_file(folder / "named")
        read_reader(folder / "named")
        return wrong == len(documents)

    return seeds, read


def _arrays() -> tuple[list[bytes], Reader]:
    with tempfile.TemporaryDirectory() as where:
        ArrayCache(Path(where)).put("key", {"p": np.arange(20.0), "q": np.eye(3)})
        seeds = [(Path(where) / "key.npz").read_bytes()]

    def read(folder: Path, data: bytes) -> bool:
        (folder / "key.npz").write_bytes(data)
        return ArrayCache(folder).get("key") is None

    return seeds, read


OTHER_KINDS: dict[str, Kind] = {
    "rows of JSON": _rows("rows.jsonl"),
    "rows of CSV": _rows("rows.csv"),
    "rows of Parquet": _rows("rows.parquet"),
    "decisions on rows": _row_decisions,
    "lessons": _lessons,
    "small files of the program": _small,
    "studies": _studies,
    "named files": _named,
    "arrays of predictions": _arrays,
}
