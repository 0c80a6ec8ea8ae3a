"""A comparison as a screen shows it: its numbers are those of the statistics, and its panels have one scale."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.charts import multiples
from iicl_tui.present.branch_tree import read_tree, tree_lines
from iicl_tui.present.comparison import table_lines, view_of, with_chain
from iicl_tui.present.explain import DEPTHS
from iicl_tui.present.mean_explained import explained
from iicl_tui.store.session import SessionFile
from iicl_tui.study.collection import collect
from iicl_tui.study.comparison import Comparison, compare
from iicl_tui.study.folder import open_folder
from iicl_tui.study.statistics import difference, mean, number, paired_difference
from iicl_tui.study.study_file import read_study
from iicl_tui.study.sweep import Progress, Shard, jobs, run_exact

TASK = """
[chain]
title = "Study"
generations = 3
[task]
objects = ["A", "screen"]
hypothesis = 1
spurious = "screen"
initial = 2
"""
METRIC = "p(screen=off)"


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    study = read_study(TASK + '[vary]\n"chain.seed" = "1..4"\n"task.bias" = ["none", "high"]\n', "study.toml", None)
    folder = tmp_path_factory.mktemp("swept")
    run_exact(jobs(study, open_folder(folder, study), Shard(), False, False), Progress(study.count), 1)
    return compare(collect([folder]))


def test_the_table_has_means_and_differences_with_their_intervals(compared: Comparison) -> None:
    none, high = (np.array([chain.metrics[METRIC][-1] for chain in group.chains]) for group in compared.groups)
    view = view_of(compared, METRIC)
    assert view.names == ("bias none", "bias high")
    assert view.head == ("bias", "chains", "mean", "interval", "minus none")
    for row, values in zip(view.rows, (none, high), strict=True):
        found = mean(values)
        assert row[1:4] == ("4", number(values.mean()), f"[{number(found.low)}, {number(found.high)}]")
    pairs = paired_difference(high, none)
    assert view.rows[1][4] == f"{number(float((high - none).mean()))} [{number(pairs.low)}, {number(pairs.high)}]"
    assert view.differences == ("", f"high − none: {view.rows[1][4]}, 4 pairs of chains")
    assert "Student's t" in view.how
    ((_, plain),), ((_, exact),) = (explained(view, 1, depth) for depth in DEPTHS)
    for text in (plain, exact):
        assert f"4 chains: {'  '.join(number(value) for value in high)}" in text
        assert view.differences[1] in text
    assert f"between {number(mean(high).low)} and {number(mean(high).high)}" in plain
    assert f"= {number(float(high.std(ddof=1)))}" in exact
    assert explained(None, 0, "newcomer") == explained(view, 2, "newcomer") == []
    other = view_of(compared, METRIC, base=1)
    assert other.rows[0][4].startswith(number(float((none - high).mean())))
    assert other.rows[1][4] == ""


def test_conditions_that_share_no_seed_are_not_paired(compared: Comparison) -> None:
    first, second = compared.groups
    uneven = replace(compared, groups=(replace(first, chains=first.chains[:3]), second))
    one, two = (np.array([chain.metrics[METRIC][-1] for chain in group.chains]) for group in uneven.groups)
    found = difference(two, one)
    assert view_of(uneven, METRIC).differences[1].endswith(f"[{number(found.low)}, {number(found.high)}], unpaired")


def test_each_condition_has_a_panel_of_the_same_scale(compared: Comparison) -> None:
    view = view_of(compared, METRIC)
    assert [panel.title for panel in view.panels] == ["none", "high"]
    assert {(panel.low, panel.high) for panel in view.panels} == {(0.0, 1.0)}
    for panel, group in zip(view.panels, compared.groups, strict=True):
        assert panel.series[0].values == pytest.approx(np.mean([chain.metrics[METRIC] for chain in group.chains], axis=0))
    chain = compared.groups[1].chains[2]
    marked = with_chain(view.panels, view.places[chain.path], chain, METRIC)
    assert marked[0] is view.panels[0]
    assert marked[1].series[1].values is chain.metrics[METRIC]
    (together,) = view_of(compared, METRIC, together=True).panels
    assert [series.name for series in together.series] == ["none", "high"]


def test_a_table_gives_way_from_the_right() -> None:
    head, rows = ("condition", "chains", "mean"), [("a long name of a condition", "12", "0.5"), ("b", "3", "")]
    wide, middle, narrow = (table_lines(head, rows, width) for width in (60, 30, 12))
    assert wide[1] == "a long name of a condition      12   0.5"
    assert middle[1] == "a long name of …      12   0.5"
    assert narrow[0] == "con…  chains"


@pytest.mark.parametrize("count", [1, 2, 5, 12, 60])
@pytest.mark.parametrize("size", [(62, 23), (120, 30), (30, 8), (5, 2)])
def test_small_multiples_fill_their_box_and_never_overlap(count: int, size: tuple[int, int]) -> None:
    found = multiples.boxes(count, *size, first=1)
    cells = [(i, j) for _, x, y, width, height in found for i in range(x, x + width) for j in range(y, y + height)]
    assert len(set(cells)) == len(cells)
    assert all(0 <= i < size[0] and 0 <= j < size[1] for i, j in cells)
    assert len({panel for panel, *_ in found}) == len(found) <= count
    assert len({box[3:] for box in found}) == 1


def test_the_tree_of_branches_says_what_differs_at_each(tmp_path: Path) -> None:
    config = read_config(
        {
            "chain": {"title": "Root", "generations": 3, "seed": 1},
            "task": {"objects": ["A", "screen"], "hypothesis": 1, "initial": 2},
        }
    )

    async def run() -> None:
        with SessionFile.create(config, tmp_path / "root.toml") as file:
            await Chain(config, sink=file).run()
            file.branch(2, tmp_path / "cooler.toml", changes=["agent[1].temperature=0.5"]).close()
            with file.branch(1, tmp_path / "other.toml", seed=7) as branch:
                branch.branch(0, tmp_path / "last.toml", changes=["chain.generations=9"]).close()

    asyncio.run(run())
    lines = [text for text, _ in tree_lines(read_tree([tmp_path / name for name in ("cooler.toml", "last.toml")]))]
    assert lines == [
        "(Root)",
        "├─ (other)  after generation 1: seed 1 → 7",
        "│  └─ last  from d⁰: generations 3 → 9",
        "└─ cooler  after generation 2: temperature default → 0.5",
    ]
    (tmp_path / "root.toml").unlink()
    (line,) = [text for text, node in tree_lines(read_tree([tmp_path / "cooler.toml"]))]
    assert line == "cooler  after generation 2: branched from root.toml, which is not there"
