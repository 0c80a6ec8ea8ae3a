"""The text task: its belief, its offline learner against first principles, and its files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from text_tasks import GOOD, built, config, samples, task_of, text

from iicl_tui.bayes.dirichlet import log_mean
from iicl_tui.bayes.inference import log_normalise
from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.metrics import measure
from iicl_tui.errors import ConfigError, Fault
from iicl_tui.tasks.base import Task
from iicl_tui.tasks.text.pool import MOST_ROWS
from iicl_tui.tasks.text.sets import SETS, own_rows

SENTIMENT = {"name": "sentiment", "kind": "label", "field": "sentiment", "values": ["positive", "neutral", "negative"]}
LENGTH = {"name": "length", "kind": "words", "bins": [10, 20]}


def test_it_is_a_task() -> None:
    task: Task = task_of(SENTIMENT, LENGTH)
    assert task.space.shape == (4, 3)
    assert task.rule(0) == "sentiment positive, length under 10"
    assert task.read_hypothesis(task.write_hypothesis(7)) == 7


def test_the_belief_is_the_dirichlet_predictive() -> None:
    task = task_of(SENTIMENT, LENGTH)
    data = [text("a b", sentiment="negative"), text("c d", sentiment="negative"), text("e", sentiment="neutral")]
    belief = log_normalise(task.log_likelihood([data], 0.0)[0])
    counts = np.zeros(12)
    counts[[task.cell(each) for each in data]] = [2, 2, 1]
    assert belief == pytest.approx(log_mean(counts, 1.0))
    noisy = np.exp(log_normalise(task.log_likelihood([data], 0.2)[0]))
    assert noisy == pytest.approx((0.8 * counts + 0.2 * 3 / 12 + 1 / 12) / 4)


@pytest.mark.parametrize("smoothing", [1.0, 0.5])
async def test_rejecting_every_bad_one_leaves_what_smoothing_gives(tmp_path: Path, smoothing: float) -> None:
    """Two cells, M = 4: after the first generation all of dᵗ are good, so P(bad) = (A/2) / (M + A) in every later one."""
    file = tmp_path / "mine.jsonl"
    file.write_text('{"text": "good"}\n{"text": "bad"}\n{"text": "good too"}\n{"text": "bad too"}\n')
    task = {"file": "mine.jsonl", "feature": [GOOD], "samples": 4, "initial": 4, "smoothing": smoothing}
    document = {
        "chain": {"task": "text", "generations": 5},
        "task": task,
        "filter": [{"kind": "select", "feature": "good", "reject": ["no"]}],
    }
    chain = Chain(read_config(document, tmp_path))
    await chain.run()
    measures = measure(chain)
    assert measures.marginals[0][0] == pytest.approx([0.5, 0.5])  # two of four are good in d⁰
    bad = (smoothing / 2) / (4 + smoothing)
    assert measures.marginals[0][1:] == pytest.approx(np.array([[1 - bad, bad]] * 4))
    assert (measures.passed[:, 0] == 1).all()


async def test_without_a_filter_the_number_of_good_ones_is_the_chain_of_its_matrix(tmp_path: Path) -> None:
    """The number of good ones among M is a Markov chain: Binomial(M, (n + A/2) / (M + A)), a Wright–Fisher chain with mutation."""
    file = tmp_path / "mine.csv"
    file.write_text("text\ngood\nbad\n")
    m, runs, generations = 3, 120, 3
    p = (np.arange(m + 1) + 0.5) / (m + 1)
    matrix = np.array([[_binomial(m, k, q) for k in range(m + 1)] for q in p])
    expected = np.eye(m + 1)[m] @ np.linalg.matrix_power(matrix, generations)  # from three good ones
    found = np.zeros(m + 1)
    for seed in range(runs):
        start = samples("good", "good", "good")
        document: dict[str, Any] = {
            "chain": {"task": "text", "generations": generations, "seed": seed},
            "task": {"file": "mine.csv", "feature": [GOOD], "samples": m},
            "start": start,
        }
        chain = Chain(read_config(document, tmp_path))
        await chain.run()
        found[sum(example.output == "good" for example in chain.data(generations))] += 1
    error = np.sqrt(expected * (1 - expected) / runs)
    assert (np.abs(found / runs - expected) < 4 * error + 1e-9).all()


def _binomial(n: int, k: int, p: float) -> float:
    from math import comb

    return float(comb(n, k) * p**k * (1 - p) ** (n - k))


async def test_a_prior_is_a_liking_that_acts_in_every_generation() -> None:
    prior = {"good": {"yes": 3, "no": 1}}
    read = config(
        {"feature": [GOOD]}, agent=[{"kind": "bayes", "prior": prior}], start=samples("good", "bad"), chain={"generations": 1}
    )
    chain = Chain(read)
    await chain.run()
    assert measure(chain).marginals[0][0] == pytest.approx([0.75, 0.25])  # 3 × (1 + ½) against 1 × (1 + ½)


async def test_noise_draws_other_cells() -> None:
    read = config(
        {"feature": [SENTIMENT], "samples": 200},
        agent=[{"kind": "bayes", "noise": 0.5}],
        start={"sample": [{"input": ["sentiment=neutral"], "output": f"text {at}"} for at in range(200)]},
        chain={"generations": 1},
    )
    chain = Chain(read)
    await chain.run()
    # An agent with noise ½ believes in neutral with about ½ + ⅛, and says so with probability ½; else one of four cells.
    assert measure(chain).made[0][1] == pytest.approx(0.5 * 0.625 + 0.5 * 0.375, abs=0.12)


def test_an_empty_cell_gives_its_nearest_rows() -> None:
    task = task_of(SENTIMENT, {"name": "length", "kind": "words", "bins": [1_000, 2_000, 3_000]})
    rng = np.random.default_rng(0)
    wanted = task.read_hypothesis({"sentiment": "negative", "length": "3000 up"})
    drawn = task.transmit(wanted, 20, 0.0, rng)
    assert {task.rule(task.cell(each)) for each in drawn} == {"sentiment negative, length under 1000"}


def test_similarity_to_the_start_and_to_the_last_generation() -> None:
    task = task_of(
        LENGTH,
        {"name": "near start", "kind": "similarity-start", "bins": [0.5]},
        {"name": "near last", "kind": "similarity-last"},
    )
    faults: list[Fault] = []
    start = task.start(np.random.default_rng(1), samples("the same words", "others"), ("start",), faults)
    assert faults == []
    near = [metric.name for metric in task.dataset_metrics].index("near start")
    measured = task.measure(start.samples, [text("the same words"), text("the same words")])
    assert measured[near] == 1
    assert measured[near + 1] < 1
    assert np.isnan(task.measure(start.samples)[near + 1])
    assert task.rule(task.cell(text("the same words"))) == "length under 10, near start 0.5 up"


def test_quotas() -> None:
    task, faults = built(feature=[SENTIMENT], quota={"sentiment": {"negative": 3, "neutral": 2}}, initial=10)
    assert faults == []
    start = task.start(np.random.default_rng(3), {}, ("start",), faults)
    found = [task.traits["sentiment"].of(each) for each in start.samples]
    assert (found.count("negative"), found.count("neutral"), found.count("positive")) == (3, 2, 5)
    again = task.start(np.random.default_rng(3), {}, ("start",), faults)
    assert again == start


@pytest.mark.parametrize(
    ("quota", "words"),
    [
        ({"sentimnt": {"negative": 1}}, "nearest: sentiment"),
        ({"sentiment": {"bad": 1}}, "none of its values"),
        ({"sentiment": {"negative": -1}}, "whole number"),
        ({"sentiment": {"negative": 30}}, "only 20"),
        ({"sentiment": 3}, "expected one feature"),
    ],
)
def test_faults_of_a_quota(quota: dict[str, Any], words: str) -> None:
    _, faults = built(feature=[SENTIMENT], quota=quota)
    assert words in faults[0].message
    assert len(faults) == 1


def test_a_quota_that_no_rows_fill() -> None:
    with pytest.raises(ConfigError, match="150 texts"):
        config({"feature": [SENTIMENT], "initial": 200, "quota": {"sentiment": {"negative": 151}}})


@pytest.mark.parametrize("name", SETS)
def test_our_sets_can_be_read(name: str) -> None:
    rows = own_rows(name)
    assert len({row["text"] for row in rows}) == len(rows) >= 30
    assert len({tuple(row) for row in rows}) == 1
    assert all(each.isprintable() for row in rows for each in row.values())
    if name == "reviews":
        assert len(rows) == 400


# -- a person's file -----------------------------------------------------------------------------------------------------


def write(folder: Path, rows: list[dict[str, Any]], name: str = "mine.jsonl") -> None:
    (folder / name).write_text("\n".join(json.dumps(row) for row in rows) + "\n", encoding="utf-8")


def read(folder: Path, **task: Any) -> Any:
    return read_config({"chain": {"task": "text"}, "task": {"file": "mine.jsonl", "initial": 2, **task}}, folder)


def test_a_session_holds_a_copy_of_the_file(tmp_path: Path) -> None:
    write(tmp_path, [{"body": f"line\n{at} | \\n", "topic": "a|b"} for at in range(5)])
    first = read(tmp_path, text="body", fields=["topic"])
    assert len(first.task.pool.examples) == 5
    (tmp_path / "mine.jsonl").unlink()
    again: Any = read_config({**first.document, "start": samples()}, tmp_path)
    assert again.task.pool.examples == first.task.pool.examples
    with pytest.raises(ConfigError, match="cannot be read"):
        read_config({**first.document, "task": {**first.document["task"], "text": "other"}}, tmp_path)


@pytest.mark.parametrize(
    ("rows", "task", "words"),
    [
        ([{"text": "a"}], {}, "there are 1 different texts"),
        ([{"txt": "a"}], {}, "nearest: txt"),
        ([{"text": "a"}, {"text": "  "}, {"text": "b"}], {}, "line 2: text: expected a text that is not empty"),
        ([{"text": "a"}, {"text": "b"}], {"fields": ["topic"]}, "no field"),
        ([{"text": "a"}, {"text": "b"}], {"fields": ["a=b"]}, "without ="),
        ([{"text": "a"}] * (MOST_ROWS + 1), {}, "20,001 rows"),
    ],
)
def test_faults_of_a_file(tmp_path: Path, rows: list[dict[str, Any]], task: dict[str, Any], words: str) -> None:
    write(tmp_path, rows)
    with pytest.raises(ConfigError) as found:
        read(tmp_path, **task)
    assert words in str(found.value)


def test_a_fault_of_the_file_is_not_said_of_the_features_too(tmp_path: Path) -> None:
    write(tmp_path, [{"text": "", "tone": "rude"}, {"text": "b", "tone": "kind"}])
    tone = {"name": "tone", "kind": "label", "field": "tone", "values": ["rude", "kind"]}
    task = {"file": "mine.jsonl", "initial": 2, "fields": ["tone"], "feature": [tone]}
    with pytest.raises(ConfigError) as found:
        read_config(
            {"chain": {"task": "text"}, "task": task, "filter": [{"kind": "select", "feature": "tone", "reject": ["rude"]}]},
            tmp_path,
        )
    assert [fault.key for fault in found.value.faults] == ["task.file"]


def test_a_file_outside_the_folder_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, [{"text": "a"}, {"text": "b"}])
    (tmp_path / "inner").mkdir()
    with pytest.raises(ConfigError, match="outside the folder"):
        read(tmp_path / "inner", file="../mine.jsonl")


# -- round trips ---------------------------------------------------------------------------------------------------------

HOSTILE = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60).filter(lambda words: words.strip() != "")


@settings(max_examples=60, deadline=None)
@given(HOSTILE, st.text(st.characters(codec="utf-8"), max_size=20))
def test_lines_and_files_give_back_any_text(words: str, topic: str) -> None:
    task = task_of(LENGTH, fields=["topic"])
    example = text(words, topic=topic) if topic else text(words)
    assert task.read_line(task.example_text(example)) == example
    assert task.read_example(list(example.input), example.output) == example
    assert "\n" not in task.example_text(example)


def test_what_stands_beside_a_text() -> None:
    task = task_of(SENTIMENT, LENGTH, GOOD, {"name": "near", "kind": "similarity-start", "belief": False})
    example = text("a | good one", sentiment="positive", topic="travel")
    assert task.example_text(example) == "positive | travel | a | good one"
    assert task.example_note(example) == "length under 10 · good yes"


def test_bad_lines_and_values() -> None:
    task = task_of(LENGTH, set="advice")
    inputs: list[Any] = [["topic"], ["other=x"], "x", ["tone=a", "tone=b"], [1]]
    outputs: list[Any] = ["", "  \n", 3, None, "x" * 2_000_001]
    for wrong in inputs:
        with pytest.raises(ValueError, match="input:"):
            task.read_example(wrong, "text")
    for wrong in outputs:
        with pytest.raises(ValueError, match="output:"):
            task.read_example([], wrong)
    with pytest.raises(ValueError, match="1 vertical bars"):
        task.read_line("no field")
    assert task.read_example([], "\ud800x").output == "\ufffdx"
