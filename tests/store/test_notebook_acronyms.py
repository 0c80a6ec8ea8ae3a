"""data.csv of the notebook on acronyms: written so that its plots read it, and read back as a session."""

from __future__ import annotations

import csv
from pathlib import Path

import made
import numpy as np
import pytest

from iicl_tui.agents.calls import Call
from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.metrics import measure, so_far
from iicl_tui.errors import LabError
from iicl_tui.store.errors import ExistingFile
from iicl_tui.store.export import export
from iicl_tui.store.notebook_export import notebook_notices
from iicl_tui.store.notebook_import import read_logs
from iicl_tui.store.session import SessionFile

HEADER = ["", "Output_upper", "Output_lower", "Input", "RANK", "TOTAL", "generation"]


async def session(folder: Path, prefer: str | None) -> tuple[Path, Chain]:
    """A finished session of an exact agent, and its chain."""
    tables = {
        "chain": {"task": "acronym", "generations": 3, "seed": 9},
        "task": {"initial": 8, "easy": 3, "samples": 8},
        "filter": [{"kind": "rank", "prefer": prefer}] if prefer else [],
    }
    config = read_config(tables)
    with SessionFile.create(config, folder / f"{prefer}.toml", created=made.CREATED) as file:
        chain = Chain(config, sink=file)
        await chain.run()
    return file.path, chain


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize(("prefer", "condition"), [(None, "imitation"), ("easy", "easy"), ("random", "random")])
async def test_the_file_gives_the_figures_of_the_notebooks_plots(tmp_path: Path, prefer: str | None, condition: str) -> None:
    path, chain = await session(tmp_path, prefer)
    _, data = export(path, "notebook", tmp_path / "out")
    where = Path("exp_logs_bayes", "acronym", condition, "inputfirstF_upperT_M8_easy3_G3_seed9", "data.csv")
    assert data == tmp_path / "out" / where
    rows = rows_of(data)
    assert list(rows[0]) == HEADER
    measures = measure(chain)
    pooled = so_far(measures, chain.task, chain.start)
    easy = total = 0
    for generation in range(4):
        mine = [row for row in rows if int(row["generation"]) == generation]
        ranks = [int(row["RANK"]) for row in mine]
        easy += sum(rank < 60_001 for rank in ranks)
        total += len(ranks)
        assert all(row["Output_lower"].upper() == row["Output_upper"] for row in mine)
        if generation:
            share, mean = measures.made[generation - 1, :2]
            assert sum(rank < 60_001 for rank in ranks) / len(ranks) == pytest.approx(share)
            assert sum(ranks) / len(ranks) == pytest.approx(mean)
            assert easy / total == pytest.approx(pooled[generation - 1, 0])
    assert len(rows) == 8 + 3 * 8


@pytest.mark.parametrize("prefer", [None, "easy"])
async def test_it_comes_back_with_what_was_made_and_passed_on(tmp_path: Path, prefer: str | None) -> None:
    path, chain = await session(tmp_path, prefer)
    _, data = export(path, "notebook", tmp_path / "out")
    imported = read_logs(data.parent)
    config = read_config(imported.document)
    with SessionFile.create(config, tmp_path / "again.toml") as file:
        for record in imported.records:
            file.append(record)
    with SessionFile.open(tmp_path / "again.toml", read_only=True) as file:
        again = Chain(file.config, file.generations, calls=file.calls)
    assert again.status == "finished"
    assert again.start.samples == chain.start.samples
    assert (again.config.seed, again.task.samples) == (9, 8)
    for one, other in zip(chain.generations, again.generations, strict=True):
        assert sorted(one.data) == sorted(other.data)
    np.testing.assert_array_equal(measure(again).made, measure(chain).made)
    assert all(again.belief(t) is not None for t in (1, 2, 3))
    assert sum(isinstance(record, Call) for record in imported.records) == 3


async def test_random_passing_cannot_be_known_again(tmp_path: Path) -> None:
    path, _ = await session(tmp_path, "random")
    _, data = export(path, "notebook", tmp_path / "out")
    with pytest.raises(LabError, match="passed on"):
        read_logs(data.parent)


async def test_another_run_in_the_folder_stays(tmp_path: Path) -> None:
    path, _ = await session(tmp_path, None)
    chat, data = export(path, "notebook", tmp_path / "out")
    assert export(path, "notebook", tmp_path / "out") == [chat, data]
    chat.unlink()  # now it might be the notebook's own
    with pytest.raises(ExistingFile, match="another run"):
        export(path, "notebook", tmp_path / "out")


async def test_what_the_notebook_misreads_is_said(tmp_path: Path) -> None:
    _, chain = await session(tmp_path, "long")
    notices = notebook_notices(chain)
    assert any("TOTAL" in notice for notice in notices)
    assert any("no condition long" in notice for notice in notices)


def test_a_torn_file_gives_what_can_be_read(tmp_path: Path) -> None:
    folder = tmp_path / "some run"
    folder.mkdir()
    lines = [",".join(HEADER), '0,CAT,cat,"cold, air, test",10,5,0', '0,DOG,dog,"dull, old, gem",20,5,1', '1,DO,do,"dull', "x"]
    (folder / "data.csv").write_text("\n".join(lines))
    imported = read_logs(folder)
    assert imported.document["chain"]["generations"] == 1
    assert any("could not be read" in notice for notice in imported.notices)
    (folder / "data.csv").write_text(lines[0])
    with pytest.raises(LabError, match="no chain"):
        read_logs(folder)
