"""Many sessions as one table, and compared: against what each session says by itself."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pytest
from command_line import run_here
from pyarrow import parquet
from sweeping import CHAIN

from iicl_tui.chain.engine import Chain
from iicl_tui.chain.metrics import measure
from iicl_tui.errors import LabError
from iicl_tui.store.session import SessionFile
from iicl_tui.study.collection import collect
from iicl_tui.study.comparison import compare
from iicl_tui.study.folder import open_folder
from iicl_tui.study.measures import measures_of, metrics_of
from iicl_tui.study.statistics import mean
from iicl_tui.study.study_file import read_study
from iicl_tui.study.sweep import Progress, Shard, jobs, run_exact

STUDY = (
    CHAIN
    + """
[vary]
"chain.seed" = "1..4"
"task.bias" = ["none", "high"]
filter = [[], [{kind = "effective-set"}]]
[vary.names]
filter = ["without", "with"]
"""
)
Run = Callable[..., CompletedProcess[str]]


def made(folder: Path, text: str = STUDY) -> Path:
    study = read_study(text, "study.toml", None)
    run_exact(jobs(study, open_folder(folder, study), Shard(), False, False), Progress(study.count), 1)
    return folder


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("swept") / "out")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return lambda *arguments: run_here(tmp_path, *arguments, environment=dict(os.environ))


def chain(path: Path) -> Chain:
    with SessionFile.open(path, read_only=True) as session:
        return Chain(session.config, session.generations)


def test_every_metric_has_the_name_that_is_announced_and_the_chains_own_values(swept: Path) -> None:
    one = chain(next(swept.glob("seed-*.toml")))
    found, measures = metrics_of(one), measure(one)
    assert list(found) == list(measures_of(one.task))
    assert found["entropy_nats"] == pytest.approx(measures.entropy)
    off = [one.task.space.assignment(h)["screen"] == "off" for h in measures.hypothesis.tolist()]
    assert found["h(screen=off)"].tolist() == [float(each) for each in off]
    shares = np.sum([found[f"p(screen={state})"] for state in ("on", "off", "und")], axis=0)
    assert shares == pytest.approx(1.0)


def test_no_interval_passes_the_limits_of_its_measure(swept: Path) -> None:
    compared = compare(collect([swept]), by=["task.bias", "filter"])
    cut = 0
    for name in compared.collection.metrics:
        measure = compared.collection.measure(name)
        assert measure.text != name
        for group in compared.groups:
            mean, curve = compared.mean(group, name), compared.curve(group, name)
            cut += mean.cut
            for low, high in ((mean.low, mean.high), (np.nanmin(curve.low), np.nanmax(curve.high))):
                assert not low < measure.low
                assert not high > measure.high
    assert cut
    assert compared.collection.measure("d0_explained").high == 2  # |d⁰|


def test_the_tidy_table_has_a_row_for_each_value_with_every_varied_key(swept: Path, run: Run, tmp_path: Path) -> None:
    for to in ("csv", "parquet"):
        assert run("export", str(swept), "--to", to, "-o", "table").returncode == 0
    with (tmp_path / "table" / "chains.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["chain", "chain.seed", "task.bias", "filter", "generation", "metric", "value"]
    assert {(row["task.bias"], row["filter"]) for row in rows} == {(b, f) for b in ("none", "high") for f in ("with", "without")}
    one = [row for row in rows if row["chain"] == "seed-2_bias-high_with" and row["metric"] == "entropy_nats"]
    assert [float(row["value"]) for row in one] == pytest.approx(measure(chain(swept / "seed-2_bias-high_with.toml")).entropy)
    table = parquet.read_table(tmp_path / "table" / "chains.parquet")
    assert table.num_rows == len(rows)
    assert table.column("chain.seed").to_pylist() == [int(row["chain.seed"]) for row in rows]
    assert table.column("value").to_pylist() == [float(row["value"]) for row in rows]


def test_one_session_is_exported_as_before(swept: Path, run: Run, tmp_path: Path) -> None:
    done = run("export", str(swept / "seed-1_bias-none_with.toml"), "--to", "csv", "-o", "one")
    assert [Path(line).name.rpartition("-")[2] for line in done.stdout.splitlines()] == [
        "generations.csv",
        "samples.csv",
        "beliefs.csv",
    ]
    assert run("export", str(swept), "--to", "json", "-o", "one").returncode == 2


def test_means_and_differences_are_those_of_the_chains(swept: Path) -> None:
    comparison = compare(collect([swept]), by=["task.bias"])
    none, high = comparison.groups
    assert (none.name, high.name, len(none.chains)) == ("bias none", "bias high", 8)
    last = [measure(chain(data.path)).entropy[-1] for data in none.chains]
    seeds = [data.keys["chain.seed"] for data in none.chains]
    limit = np.log(27)
    assert comparison.mean(none, "entropy_nats") == mean(last, clusters=seeds).within(0.0, limit)
    assert compare(collect([swept]), by=["task.bias", "filter"]).clusters(none.chains[:1]) is None
    pairs = comparison.pairs(high, none)
    assert len(pairs) == 8
    assert all(a.keys["chain.seed"] == b.keys["chain.seed"] and a.keys["filter"] == b.keys["filter"] for a, b in pairs)
    by_hand = mean(
        [a.metrics["both"][-1] - b.metrics["both"][-1] for a, b in pairs], clusters=[a.keys["chain.seed"] for a, _ in pairs]
    )
    found = comparison.difference(high, none, "both")
    assert by_hand.high > 1
    assert (found.value, found.low, found.high, found.cut) == (by_hand.value, by_hand.low, 1.0, True)
    curve = comparison.curve(none, "entropy_nats")
    assert curve.mean[-1] == pytest.approx(np.mean(last))
    window = compare(collect([swept]), by=["task.bias"], last=2)
    assert window.mean(none, "entropy_nats").value == pytest.approx(
        np.mean([measure(chain(data.path)).entropy[-2:].mean() for data in none.chains])
    )


def test_groups_without_partners_are_not_paired(swept: Path) -> None:
    data = collect(
        [swept / f"seed-{seed}_bias-{bias}_with.toml" for seed, bias in ((1, "none"), (2, "none"), (3, "high"), (4, "high"))]
    )
    assert set(data.keys) == {"from", "chain.seed", "task.bias"}
    comparison = compare(data, by=["task.bias"])
    none, high = comparison.groups
    assert comparison.pairs(none, high) == []
    assert comparison.difference(none, high, "entropy_nats").how.endswith("unpaired")


def test_by_default_groups_are_all_but_seeds(swept: Path) -> None:
    names = [group.name for group in compare(collect([swept])).groups]
    assert names == [
        "bias none · filter without",
        "bias none · filter with",
        "bias high · filter without",
        "bias high · filter with",
    ]
    assert [group.name for group in compare(collect([swept]), by=[]).groups] == ["all"]
    with pytest.raises(LabError, match="do not differ in"):
        compare(collect([swept]), by=["task.bais"])


def test_the_command_prints_it(swept: Path, run: Run) -> None:
    done = run("compare", str(swept), "--by", "filter", "--metric", "entropy_nats", "--no-charts")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "16 chains of the task acre, grouped by filter, seeds chain.seed"
    head = "entropy of the belief, nats (entropy_nats), the last generation: mean over chains [95% interval, Student's t"
    assert lines[2] == f"{head}; intervals end at the limits of the measure]"
    assert any(" [0.000, " in line for line in lines[3:5])
    assert lines[3].endswith("8 chains")
    assert lines[5].startswith("  filter with − filter without: ")
    assert lines[5].endswith("8 pairs")
    assert "bootstrap" in run("compare", str(swept), "--interval", "bootstrap", "--no-charts").stdout
    assert any("┤" in line for line in run("compare", str(swept), "--metric", "both").stdout.splitlines())


def test_what_cannot_be_compared(swept: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "mixed").mkdir()
    (tmp_path / "mixed" / "notes.toml").write_text("a = 1\n", encoding="utf-8")
    (tmp_path / "mixed" / "new.toml").write_text("[chain]\n", encoding="utf-8")
    nothing = run("compare", "mixed")
    assert nothing.returncode == 2
    assert "no session with a generation" in nothing.stderr
    assert "notes.toml" in nothing.stderr
    run("run", "theory-1-sampling", "-o", "mixed/one.toml", "--set", "chain.generations=1")
    left = run("compare", "mixed", "--no-charts")
    assert left.returncode == 0
    assert "Left out: mixed/new.toml" in left.stderr
    run("run", "e0-imitation-holistic", "-o", "mixed/other.toml", "--set", "chain.generations=1")
    mixed = run("compare", "mixed")
    assert mixed.returncode == 2
    assert "of 2 tasks" in mixed.stderr
    assert "naming: 1, such as mixed/other.toml" in mixed.stderr
    for arguments, said in (
        (["--metric", "entropi"], "nearest is entropy_nats"),
        (["--by", "task.bais"], "nearest is task.bias"),
        (["--level", "95"], "a probability"),
        (["--last", "0"], "from 1 up"),
    ):
        wrong = run("compare", str(swept), *arguments)
        assert wrong.returncode == 2
        assert said in wrong.stderr
