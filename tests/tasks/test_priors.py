from __future__ import annotations

import itertools
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iicl_tui.errors import Fault
from iicl_tui.tasks.acre.bias import BIASES, PAIRS, doublings
from iicl_tui.tasks.acre.task import Acre
from iicl_tui.tasks.priors import read_prior

TASK = Acre(("A", "B"), ("on", "off"))
HEADER = "A,B,weight\n"
ROWS = ["on,on,1", "on,off,2", "off,on,3", "off,off,4"]


def prior(table: Any, folder: Path | None = None, task: Acre = TASK) -> tuple[np.ndarray, list[Fault]]:
    faults: list[Fault] = []
    return np.exp(read_prior(task.space, table, ("agent", 0, "prior"), faults, folder)), faults


@given(st.lists(st.integers(1, 9), min_size=4, max_size=4))
def test_weights_of_each_state_multiply(weights: list[int]) -> None:
    a_on, a_off, b_on, b_off = weights
    p, faults = prior({"A": {"on": a_on, "off": a_off}, "B": {"on": b_on, "off": float(b_off)}})
    assert not faults
    products = [a * b for a, b in itertools.product((a_on, a_off), (b_on, b_off))]
    np.testing.assert_allclose(p, np.array(products) / sum(products))


def test_absent_is_equal() -> None:
    assert prior({})[0].tolist() == pytest.approx([0.25] * 4)
    assert prior({"A": {"off": 3}})[0].tolist() == pytest.approx([1 / 8, 1 / 8, 3 / 8, 3 / 8])
    assert prior({"A": {"on": 0}})[0].tolist() == pytest.approx([0, 0, 0.5, 0.5])


def test_weights_of_whole_hypotheses_and_of_states_together() -> None:
    assert prior({"weights": [1, 2, 3, 4]})[0].tolist() == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert prior({"weights": [1, 2, 3, 4], "A": {"on": 0}})[0].tolist() == pytest.approx([0, 0, 3 / 7, 4 / 7])


def test_a_table_in_any_order_of_rows_and_columns(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(
        "note,weight,B,A\n" + "".join(f"x,{w},{b},{a}\n" for a, b, w in (row.split(",") for row in reversed(ROWS))),
        encoding="utf-8-sig",
    )
    p, faults = prior({"table": "p.csv"}, tmp_path)
    assert not faults
    assert p.tolist() == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_a_table_that_was_read_in_already_is_not_read_again(tmp_path: Path) -> None:
    p, faults = prior({"table": "gone.csv", "weights": [1, 0, 0, 0]}, tmp_path)
    assert not faults
    assert p.tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no column A, B, weight"),
        ("A,weight\n", "no column B"),
        (HEADER + "\n".join(ROWS[:3]), "3 of the 4"),
        (HEADER + "\n".join([*ROWS, "on,on,1"]), "line 6: this hypothesis appears twice"),
        (HEADER + "on,onn,1", "line 2: B must be one of on, off"),
        (HEADER + "on", "line 2: B must be one of on, off"),
        (HEADER + "on,on,much", "line 2: the weight is not a number"),
        (HEADER + "on,on", "line 2: the weight is not a number"),
        (HEADER + "\n".join([*ROWS[:3], "off,off,-1"]), "a weight must be a number of at least 0, found -1"),
        (HEADER + "\n".join([*ROWS[:3], "off,off,nan"]), "found nan"),
        (HEADER + "\n".join([*ROWS[:3], "off,off,1e999"]), "found inf"),
        ("A,B,A,weight\n", "the column A appears twice"),
    ],
)
def test_every_fault_of_a_table_file(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "p.csv").write_text(text)
    p, faults = prior({"table": "p.csv"}, tmp_path)
    assert [fault.key for fault in faults] == ["agent[1].prior.table"]
    assert words in faults[0].message
    assert p.tolist() == pytest.approx([0.25] * 4)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes by name")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "prior.csv")
    assert [fault.message for fault in prior({"table": "prior.csv"}, tmp_path)[1]] == ["prior.csv is not a regular file"]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "binary.csv").write_bytes(b"A,B,weight\n\xff\xfe")
    (tmp_path / "nul.csv").write_bytes(b"A,B,weight\non,\0,1\n")
    for name in ("binary.csv", "nul.csv", "none.csv", ".", "bad\0name", 3, ["p.csv"]):
        _, faults = prior({"table": name}, tmp_path)
        assert [fault.key for fault in faults] == ["agent[1].prior.table"], name


@pytest.mark.parametrize(
    ("table", "key", "words"),
    [
        ({"A": 3}, "A", "expected a table of weights, as { on = 1 }, found 3"),
        ({"A": {"onn": 1}}, "A", 'unknown value "onn"; nearest known: on'),
        ({"A": {"on": -1}}, "A", "found -1"),
        ({"A": {"on": True}}, "A", "found true"),
        ({"A": {"on": "1"}}, "A", 'found "1"'),
        ({"A": {"on": math.inf}}, "A", "found inf"),
        ({"A": {"on": math.nan}}, "A", "found nan"),
        ({"A": {"on": 10**400}}, "A", "a weight must be a number"),
        ({"weights": [1, 2, 3]}, "weights", "a list of 4 numbers"),
        ({"weights": [1, 2, 3, "4"]}, "weights", 'found "4"'),
        ({"weights": 4}, "weights", "a list of 4 numbers"),
        ({"wieghts": [1, 2, 3, 4]}, "wieghts", "nearest known: weights"),
        ({"zzzz": 1}, "zzzz", "known"),
    ],
)
def test_every_fault_of_weights(table: Any, key: str, words: str) -> None:
    p, faults = prior(table)
    assert [fault.path for fault in faults] == [("agent", 0, "prior", key)]
    assert words in faults[0].message
    assert p.tolist() == pytest.approx([0.25] * 4)


@pytest.mark.parametrize("table", [{"A": {"on": 0, "off": 0}}, {"weights": [0] * 4}, {"A": {"on": 0}, "weights": [1, 1, 0, 0]}])
def test_a_prior_that_rules_everything_out(table: Any) -> None:
    _, faults = prior(table)
    assert [fault.path for fault in faults] == [("agent", 0, "prior")]


def test_all_faults_at_once() -> None:
    _, faults = prior({"A": {"on": -1}, "B": 2, "C": {}, "weights": []})
    assert [fault.path[-1] for fault in faults] == ["A", "B", "C", "weights"]


def test_each_level_of_the_bias_doubles_the_weight_of_off() -> None:
    for objects, states in ((("A", "screen"), ("on", "off", "und")), (("A", "B", "screen"), ("on", "off"))):
        for level, bias in enumerate(BIASES):
            task = Acre(objects, states, spurious="screen", bias=bias)
            faults: list[Fault] = []
            p = np.exp(task.log_prior({}, (), faults, None))
            focus = task.space.marginal(p, len(objects) - 1)
            expected = np.array([2**level if state == "off" else 1 for state in states])
            np.testing.assert_allclose(focus, expected / expected.sum())
            np.testing.assert_allclose(task.space.marginal(p, 0), 1 / len(states))


def test_a_pair_weighs_at_least_what_its_sentences_weigh_alone() -> None:
    for pair, (before, after) in PAIRS.items():
        alone = [doublings(f"{before}/none")] if before != "none" else []
        alone += [doublings(f"none/{after}")] if after != "none" else []
        assert doublings(pair) == max(alone) + (len(alone) == 2)
    assert [doublings(f"none/{strength}") for strength in ("weak", "medium", "strong")] == [1, 2, 4]
    assert [doublings(f"{strength}/none") for strength in ("weak", "medium", "strong")] == [2, 3, 5]
    p = np.exp(Acre(("A", "screen"), ("on", "off"), spurious="screen", bias="medium/medium").log_prior({}, (), [], None))
    assert p.tolist() == pytest.approx([1 / 34, 16 / 34] * 2)


def test_the_bias_multiplies_the_agents_own_weights() -> None:
    task = Acre(("A", "screen"), ("on", "off"), spurious="screen", bias="low")
    p = np.exp(task.log_prior({"screen": {"on": 8, "off": 1}}, (), [], None))
    assert task.space.marginal(p, 1).tolist() == pytest.approx([8 / 12, 4 / 12])
    certain = np.exp(task.log_prior({"screen": {"off": 0}}, (), [], None))
    assert task.space.marginal(certain, 1).tolist() == [1, 0]
