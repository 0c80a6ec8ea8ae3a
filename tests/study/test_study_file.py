"""A study's file: what it makes, and all that can be wrong with it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from iicl_tui.chain.config import read_config
from iicl_tui.chain.estimate import estimate
from iicl_tui.commands import check
from iicl_tui.errors import ConfigError, LabError
from iicl_tui.study.cost import total
from iicl_tui.study.folder import open_folder
from iicl_tui.study.sources import named
from iicl_tui.study.study_file import Study, is_study, read_study
from iicl_tui.study.study_text import study_text

BASE = """
[chain]
title = "Study"
generations = 2
[task]
objects = ["A", "B", "screen"]
hypothesis = 1
spurious = "screen"
initial = 2
"""


def study(vary: str, changes: Sequence[str] = (), varied: Sequence[str] = ()) -> Study:
    return read_study(BASE + vary, "study.toml", None, changes, varied)


def faults(vary: str, base: str = BASE) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read_study(base + vary, "study.toml", None)
    return [str(fault) for fault in caught.value.faults]


def test_all_combinations_each_with_a_name_of_its_own() -> None:
    made = study('[vary]\n"chain.seed" = "1..3"\n"task.bias" = ["none", "high"]\nfilter = [[], [{kind = "effective-set"}]]\n')
    plans = [made.plan(index) for index in range(made.count)]
    assert made.count == len({plan.name for plan in plans}) == 3 * 2 * 2
    assert plans[0].name == "seed-1_bias-none_filter-none"
    assert plans[-1].labels == {"chain.seed": "3", "task.bias": "high", "filter": "effective-set"}
    config = made.config(plans[-1])
    assert (config.seed, config.document["task"]["bias"], [each.kind for each in config.filters]) == (3, "high", ["effective-set"])
    assert config.title == "Study · seed 3 · bias high · filter effective-set"


def test_a_name_does_not_depend_on_the_other_values() -> None:
    few = study('[vary]\n"chain.seed" = [7]\n"task.bias" = ["high"]\n')
    many = study('[vary]\n"chain.seed" = "1..9"\n"task.bias" = ["none", "high"]\n')
    assert few.plan(0).name in {many.plan(index).name for index in range(many.count)}


def test_keys_in_step_with_a_name_and_names() -> None:
    made = study(
        '[[vary.together]]\nname = "panel"\nnames = ["weak", "strong"]\n"task.bias" = ["low", "high"]\n"task.samples" = [2, 8]\n'
    )
    assert [made.plan(index).name for index in range(made.count)] == ["weak", "strong"]
    assert made.plan(1).values == {"task.bias": "high", "task.samples": 8}
    assert made.plan(1).labels == {"panel": "strong"}


def test_names_of_conditions() -> None:
    made = study('[vary]\nfilter = [[], [{kind = "effective-set"}]]\n[vary.names]\nfilter = ["without", "with"]\n')
    assert [made.plan(index).name for index in range(2)] == ["without", "with"]


def test_keys_without_quotes() -> None:
    assert study("[vary]\nchain.seed = [1, 2]\n").plan(1).values == {"chain.seed": 2}


def test_a_range_on_the_command_line_varies_any_configuration() -> None:
    made = study("", changes=["chain.seed=1..20", "chain.generations=5"], varied=['task.bias=["none", "low"]'])
    assert made.count == 40
    assert made.config(made.plan(39)).generations == 5
    narrowed = study('[vary]\n"chain.seed" = "1..3"\n', changes=["chain.seed=4..5"])
    assert [narrowed.plan(index).values["chain.seed"] for index in range(narrowed.count)] == [4, 5]
    fixed = study('[vary]\n"chain.seed" = "1..3"\n', changes=["chain.seed=9"])
    assert (fixed.count, fixed.config(fixed.plan(0)).seed) == (1, 9)


def test_a_million_chains_are_counted_without_being_made() -> None:
    made = study('[vary]\n"chain.seed" = "1..1000000"\n"chain.rule-seed" = "0..999"\n')
    assert made.count == 10**9
    assert made.plan(10**9 - 1).values == {"chain.seed": 10**6, "chain.rule-seed": 999}


def test_its_text_is_read_as_the_same_study() -> None:
    made = study(
        '[vary]\n"chain.seed" = "1..3"\nfilter = [[], [{kind = "effective-set"}]]\n[vary.names]\nfilter = ["a", "b"]\n'
        '[[vary.together]]\nname = "p"\n"task.bias" = ["low", "high"]\n"task.samples" = [2, 8]\n[study]\nmetrics = ["both"]\n'
    )
    again = read_study(study_text(made), "again", None)
    assert (again.base, again.options["metrics"]) == (made.base, ["both"])
    assert [again.plan(index) for index in range(again.count)] == [made.plan(index) for index in range(made.count)]


def test_all_faults_at_once_each_with_its_line() -> None:
    found = faults('[vary]\n"chain.seed" = "9..1"\n"task.bais" = ["none"]\n"task.initial" = [2, "x"]\n"task.samples" = []\n')
    assert [fault.partition(":")[0] for fault in found] == ["line 11", "line 12", "line 13", "line 14"]
    assert "makes no chain" in found[0]
    assert "nearest known: bias" in found[1]
    assert '"x"' in found[2]
    assert "makes no chain" in found[3]


@pytest.mark.parametrize(
    ("vary", "said"),
    [
        ('[vary]\n"task.bias" = "high"\n', "expected a list of values, or a range"),
        ("[vary]\nchian.seed = [1]\n", "nearest known: chain"),
        ('[vary]\n"agent[3].noise" = [0.1]\n', "there is no agent[3]"),
        ('[vary]\n"chain.title" = ["A b", "a-B"]\n', '"A b" and "a-B" would write one file'),
        ('[vary]\n"chain.seed" = [1, 1]\n', '"1" is there twice'),
        ('[vary]\n"chain.seed" = [1]\n[[vary.together]]\n"chain.seed" = [1]\n', "varied twice"),
        ('[[vary.together]]\n"chain.seed" = [1, 2]\n"task.bias" = ["none"]\n', "chain.seed 2, task.bias 1"),
        ('[vary]\n"chain.seed" = [1]\n[vary.names]\n"chain.sed" = ["a"]\n', "nearest varied: chain.seed"),
        ('[vary]\n"chain.seed" = [1]\n[vary.names]\n"chain.seed" = ["a", "b"]\n', "expected 1 names"),
        ('[[filter]]\nkind = "human"\n', "a study runs without one"),
        ('[study]\nmetrics = ["bothe"]\n', "nearest known: both"),
        ("[study]\nrequests-per-minute = {openai = 0}\n", "a number above 0"),
        ("[[generation]]\nindex = 1\n", "not a study"),
    ],
)
def test_what_cannot_be(vary: str, said: str) -> None:
    assert any(said in fault for fault in faults(vary))


RANDOM: dict[str, Any] = {
    "chain": {"generations": 1, "seed": 5},
    "task": {"hypothesis": "random", "spurious": "screen", "draw": "overlap"},
}


def start(**seeds: int):
    return read_config({**RANDOM, "chain": {**RANDOM["chain"], **seeds}}).start


def test_the_rule_and_the_data_have_seeds_of_their_own() -> None:
    assert start(**{"rule-seed": 5, "data-seed": 5}) == start()
    rules = {start(seed=seed, **{"rule-seed": 3}).target for seed in range(8)}
    assert rules == {start(seed=3).target}
    assert len({start(seed=seed, **{"rule-seed": 3}).samples for seed in range(8)}) > 1
    assert len({(start(seed=seed, **{"rule-seed": 3, "data-seed": 3})) for seed in range(8)}) == 1
    kept = [start(seed=seed, **{"data-seed": 9}) for seed in range(8)]
    assert [each.target for each in kept] == [start(seed=seed).target for seed in range(8)]


@pytest.mark.parametrize("task", [{"task": "naming"}, {"task": "acronym"}])
def test_seeds_of_d0_in_every_task(task: dict[str, str]) -> None:
    def samples(seed: int):
        return read_config({"chain": {**task, "seed": seed, "data-seed": 4, "rule-seed": 4}}).start

    assert samples(1) == samples(2) == read_config({"chain": {**task, "seed": 4}}).start


def test_the_cost_of_a_study_is_that_of_its_chains() -> None:
    """Two models and 3 seeds: each condition counts with all of its seeds, and a shard with its share."""
    base = BASE + '[[agent]]\nkind = "openai"\nmodel = "gpt-4o"\nbelief = "none"\n'
    made = read_study(base + '[vary]\n"chain.seed" = "1..3"\n"agent.model" = ["gpt-4o", "mine"]\n', "study.toml", None)
    chains = [estimate(made.config(made.plan(index))) for index in range(made.count)]
    found = total(made, made.count)
    assert found.work.calls == sum(each.work.calls for each in chains)
    assert found.dollars == pytest.approx(sum(each.dollars for each in chains), rel=0.02)  # d⁰ differs from seed to seed
    assert ["mine" in each for each in found.unpriced] == [True]
    assert total(made, 3).work.calls == pytest.approx(found.work.calls / 2, abs=1)
    assert [made.index(made.steps(index)) for index in range(made.count)] == list(range(made.count))
    assert total(study('[vary]\n"chain.seed" = "1..3"\n'), 3).text == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (BASE + '[vary]\n"chain.seed" = "1..3"\n', True),
        (BASE + "[[vary.together]]\n", True),
        (BASE + "[study]\nbroken = [", True),
        ("vary.filter = []\n" + BASE, True),
        (BASE + '# [vary]\n[chain.vary]\ntitle = "[vary]"\n', False),
        (BASE + "[vary]\n\n[[generation]]\nindex = 1\n", False),
    ],
)
def test_a_study_is_told_from_a_chain_by_its_text(text: str, expected: bool) -> None:
    assert is_study(text) is expected


def test_check_lists_every_fault_of_a_study_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def checked(path: Path, deep: bool = False) -> tuple[int, list[str]]:
        code = check.main(argparse.Namespace(files=[str(path)], outside=False, deep=deep))
        return code, [line.removeprefix(f"{path}") for line in capsys.readouterr().out.splitlines()]

    path = tmp_path / "mine.toml"
    path.write_text(BASE.replace("generations", "generation") + '[vary]\n"chain.seed" = "3..1"\n"task.bas" = ["none"]\n')
    code, lines = checked(path)
    assert (code, [line.partition(": ")[0] for line in lines]) == (1, [":4", ":11", ":12"])
    assert "nearest known: bias" in lines[2]
    path.write_text(BASE + '[vary]\n"chain.seed" = "1..2"\n')
    assert checked(path, deep=True) == (
        0,
        [": no fault", ": not recomputed: a study has no records; name the sessions of its folder"],
    )
    folder = open_folder(tmp_path / "out", study('[vary]\n"chain.seed" = "1..2"\n'))
    assert checked(folder.path / "study.toml") == (0, [": no fault"])
    path.write_text("[vary]\nx = [")
    assert checked(path)[0] == 1


def test_a_study_that_is_run_as_a_chain_says_how_to_run_it() -> None:
    with pytest.raises(ConfigError, match="iicl-tui sweep"):
        read_config({"vary": {}})


def test_a_study_is_found_by_the_name_of_a_preset(tmp_path: Path) -> None:
    found = named("e2-weak-high", tmp_path, None, ["chain.seed=1..3"])
    assert (found.study.count, found.folder) == (3, tmp_path / "e2-weak-high")
    assert named("e1-entropy", tmp_path).study.count == 18
    with pytest.raises(LabError) as error:
        named("e2-weak-hihg", tmp_path)
    assert "The nearest is e2-weak-high." in str(error.value)
