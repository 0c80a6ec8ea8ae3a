"""From tables to a chain, and back: every fault at once, and what is written reads the same."""

from __future__ import annotations

import contextlib
import copy
import math
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from iicl_tui.agents.bayesian import BayesianAgent
from iicl_tui.chain.config import ChainConfig, assign, chain_fields, read_config
from iicl_tui.errors import ConfigError

Make = Callable[..., ChainConfig]


def faults_of(document: dict[str, Any], folder: Path | None = None) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        read_config(document, folder)
    keys = [fault.key for fault in caught.value.faults]
    assert len(set(keys)) == len(keys), f"named twice: {keys}"
    return {fault.key: fault.message for fault in caught.value.faults}


def with_start(config: ChainConfig) -> dict[str, Any]:
    """The document and what was drawn, as a session's head has them."""
    task, start = config.task, config.start
    table: dict[str, Any] = {"hypothesis": task.write_hypothesis(start.target)}
    if start.rival is not None:
        table["rival"] = task.write_hypothesis(start.rival)
    table["sample"] = [{"input": list(example.input), "output": example.output} for example in start.samples]
    return {**copy.deepcopy(dict(config.document)), "start": table}


def log_priors(config: ChainConfig) -> list[np.ndarray]:
    assert all(isinstance(agent, BayesianAgent) for agent in config.agents)
    return [agent.log_prior for agent in config.agents]  # type: ignore[attr-defined]


def same(one: ChainConfig, other: ChainConfig) -> None:
    for name in ("title", "generations", "seed", "lookback", "start", "document"):
        assert getattr(one, name) == getattr(other, name), name
    assert (one.task.space, one.task.focus, one.task.samples) == (other.task.space, other.task.focus, other.task.samples)
    assert [agent.describe() for agent in one.agents] == [agent.describe() for agent in other.agents]
    np.testing.assert_allclose(log_priors(one), log_priors(other))
    assert [vars(each) for each in one.filters] == [vars(each) for each in other.filters]


def test_nothing_at_all_is_a_chain() -> None:
    config = read_config({})
    assert (config.title, config.generations, config.seed, config.lookback) == ("Untitled chain", 6, 42, 0)
    assert [agent.describe() for agent in config.agents] == ["bayes sample τ1"]
    assert not config.filters
    assert not config.asks_at("samples")
    assert len(config.start.samples) == 4
    assert config.document["agent"] == [{"kind": "bayes"}]


def test_the_tasks_there_are_can_be_chosen() -> None:
    field = next(field for field in chain_fields() if field.key == "task")
    assert "acre" in field.choices


def test_every_fault_at_once() -> None:
    faults = faults_of(
        {
            "format": "iicl-tui/2",
            "chian": {},
            "chain": {"title": 3, "generations": 0, "seed": -1, "lookback": 1.5, "sede": 1, "task": "acer"},
            "task": {"objects": ["A", "B", "screen"], "spurious": "scren", "initail": 3, "samples": True, "bias": "hihg"},
            "agent": [
                {"kind": "bayse"},
                {"kind": "bayes", "temperature": math.nan, "noise": 0.6, "choose": "max", "prior": {"A": {"onn": 1}}},
                {"tempreature": 1},
            ],
            "filter": [{}, {"kind": "humn"}, {"kind": "human", "blind": "yes", "on_reject": "drop"}],
            "start": {"hypotesis": {}, "sample": [{"inptu": ["A"], "output": "on"}]},
        }
    )
    nearest = {
        "chian": "chain", "chain.sede": "seed", "chain.task": "acre", "task.spurious": "screen", "task.initail": "initial",
        "task.bias": "high", "agent[1].kind": "bayes", "agent[2].choose": "map", "agent[2].prior.A": "on",
        "agent[3].tempreature": "temperature", "filter[2].kind": "human", "filter[3].on_reject": "on-reject",
        "start.hypotesis": "hypothesis", "start.sample[1].inptu": "input",
    }  # fmt: skip
    for key, word in nearest.items():
        assert f"nearest known: {word}" in faults[key] or f"nearest: {word}" in faults[key] or word in faults[key], key
    assert {key for key in faults if key not in nearest} == {
        "format", "chain.title", "chain.generations", "chain.seed", "chain.lookback", "task.samples",
        "agent[2].temperature", "agent[2].noise", "filter[1].kind", "filter[3].blind",
    }  # fmt: skip


@pytest.mark.parametrize("value", [3, "x", True, [1], [[]], {"a": 1}, [{}, 2]])
@pytest.mark.parametrize("section", ["chain", "task", "agent", "filter", "start"])
def test_a_section_of_another_shape_is_one_fault(section: str, value: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        read_config({section: value})
    assert all(fault.key.startswith(section) for fault in caught.value.faults)


@pytest.mark.parametrize("value", [3, "x", {}, [3], [[]]])
def test_given_samples_of_another_shape(value: Any) -> None:
    assert list(faults_of({"start": {"sample": value}})) == ["start.sample"]


anything = st.recursive(
    st.one_of(st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just(10**400)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
KEYS = {
    "chain": ["title", "generations", "seed", "lookback", "task"],
    "task": ["objects", "states", "hypothesis", "initial", "samples", "draw", "distinct", "spurious", "rival", "bias"],
    "agent": ["kind", "choose", "temperature", "noise", "prior"],
    "filter": ["kind", "least", "redraws", "gates", "on-reject", "blind"],
    "start": ["hypothesis", "rival", "sample"],
}


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_document_ends_in_a_traceback(data: st.DataObject) -> None:
    document: dict[str, Any] = {}
    for section, keys in KEYS.items():
        table = data.draw(st.dictionaries(st.sampled_from(keys), anything, max_size=2))
        if table:
            document[section] = [{"kind": "human", **table}] if section == "filter" else [table] if section == "agent" else table
    with contextlib.suppress(ConfigError):
        read_config(document)


def test_only_real_errors_of_a_fault_are_told() -> None:
    """One mistake is told once, however much hangs on it."""
    for document, key in (
        ({"task": {"spurious": "scren", "bias": "high", "draw": "overlap", "hypothesis": 33}}, "task.spurious"),
        ({"task": {"initial": 40}}, "task.initial"),
        ({"task": {"initial": 40, "spurious": "screen", "draw": "overlap"}}, "task.initial"),
        ({"agent": [{"prior": 3}]}, "agent[1].prior"),
        ({"agent": [{"prior": {"table": "none.csv"}}]}, "agent[1].prior.table"),
    ):
        assert list(faults_of(document)) == [key]


# -- writing and reading again ------------------------------------------------------------------------------------------

DOCUMENTS: list[dict[str, Any]] = [
    {},
    {"chain": {"title": "é ü [/] \x1b", "seed": 2**63 - 1, "generations": 1_000_000, "lookback": 3}},
    {"task": {"spurious": "screen", "hypothesis": 33, "draw": "overlap", "bias": "mild", "initial": 8}},
    {"task": {"spurious": "screen", "hypothesis": "random"}, "chain": {"seed": 5}},
    {"task": {"objects": ["x", "y", "灯"], "states": ["1", "0"], "hypothesis": {"x": "1", "y": "0", "灯": "0"}}},
    {"task": {"objects": ["A", "s"], "spurious": "s", "rival": "und", "hypothesis": {"A": "on", "s": "off"}, "initial": 2}},
    {"task": {"distinct": True, "samples": 31, "initial": 0}},
    {"start": {"sample": [{"input": ["screen", "A"], "output": "und"}]}},
    {"task": {"spurious": "screen"}, "start": {"rival": dict.fromkeys(["A", "B", "C", "D", "screen"], "und")}},
    {
        "agent": [{"choose": "map", "noise": 0.05}, {"kind": "bayes", "prior": {"A": {"on": 2.5}}}],
        "filter": [
            {"kind": "effective-set", "least": 2, "mode": "restrict"},
            {"kind": "human", "blind": True, "on-reject": "drop"},
        ],
    },
]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_is_written_reads_as_the_same_chain(document: dict[str, Any]) -> None:
    before = copy.deepcopy(document)
    first = read_config(document)
    assert document == before
    written = with_start(first)
    on_disk = tomllib.loads(tomli_w.dumps(written))
    assert on_disk == written
    again = read_config(on_disk)
    same(first, again)
    assert with_start(again) == written


def test_the_document_is_a_copy() -> None:
    table: dict[str, Any] = {"agent": [{"prior": {"A": {"on": 2}}}], "task": {"objects": ["A", "B"], "initial": 2}}
    config = read_config(table)
    table["agent"][0]["prior"]["A"]["on"] = 9
    table["task"]["objects"].append("C")
    assert config.document["agent"] == [{"prior": {"A": {"on": 2}}}]
    assert config.document["task"]["objects"] == ["A", "B"]


def test_a_file_of_weights_is_embedded(tmp_path: Path) -> None:
    rows = ["A,B,weight", *(f"{a},{b},{i + 1}" for i, (a, b) in enumerate((a, b) for a in ("on", "off") for b in ("on", "off")))]
    (tmp_path / "p.csv").write_text("\n".join(rows))
    document = {
        "task": {"objects": ["A", "B"], "states": ["on", "off"], "initial": 1},
        "agent": [{"prior": {"table": "p.csv", "A": {"on": 2}}}, {}],
    }
    first = read_config(document, tmp_path)
    assert first.document["agent"][0]["prior"] == {"table": "p.csv", "A": {"on": 2}, "weights": [1, 2, 3, 4]}
    (tmp_path / "p.csv").unlink()
    same(first, read_config(with_start(first), tmp_path))
    assert list(faults_of(document, tmp_path)) == ["agent[1].prior.table"]


@pytest.mark.parametrize("seed", range(5))
def test_drawn_is_given(seed: int) -> None:
    document = {"task": {"spurious": "screen", "draw": "overlap", "initial": 8}, "chain": {"seed": seed}}
    drawn = read_config(document)
    given_again = read_config({**with_start(drawn), "chain": {"seed": seed + 1}})
    assert given_again.start == drawn.start
    assert read_config(document).start == drawn.start


# -- --set ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "assignment", "after"),
    [
        ({}, "chain.seed=7", {"chain": {"seed": 7}}),
        ({"chain": {"seed": 1, "title": "x"}}, " chain.seed = 7 ", {"chain": {"seed": 7, "title": "x"}}),
        ({}, "chain.title=two words", {"chain": {"title": "two words"}}),
        ({}, "chain.title=a=b", {"chain": {"title": "a=b"}}),
        ({}, "chain.title=", {"chain": {"title": ""}}),
        ({}, 'chain.title="7"', {"chain": {"title": "7"}}),
        ({}, 'task.objects=["A","B"]', {"task": {"objects": ["A", "B"]}}),
        ({}, "task.distinct=true", {"task": {"distinct": True}}),
        ({}, "agent[1].temperature=0.5", {"agent": [{"temperature": 0.5}]}),
        ({"agent": [{"kind": "bayes"}]}, "agent[2].choose=map", {"agent": [{"kind": "bayes"}, {"choose": "map"}]}),
        ({"agent": [{"kind": "bayes"}]}, "agent.choose=map", {"agent": [{"kind": "bayes", "choose": "map"}]}),
        ({}, "agent.choose=map", {"agent": [{"choose": "map"}]}),
        ({}, "filter.kind=human", {"filter": [{"kind": "human"}]}),
        ({}, "agent[1].prior.screen.off=8", {"agent": [{"prior": {"screen": {"off": 8}}}]}),
        ({}, "agent[1].prior.screen={off = 8}", {"agent": [{"prior": {"screen": {"off": 8}}}]}),
        ({}, "start.sample[1].output=on", {"start": {"sample": [{"output": "on"}]}}),
        ({"agent": [{"kind": "x"}]}, 'agent[1]={kind = "bayes"}', {"agent": [{"kind": "bayes"}]}),
    ],
)
def test_assigning(before: dict[str, Any], assignment: str, after: dict[str, Any]) -> None:
    assign(before, assignment)
    assert before == after


def test_assigning_a_number_too_long_to_be_one() -> None:
    document: dict[str, Any] = {}
    assign(document, "chain.seed=" + "9" * 5000)
    assert list(faults_of(document)) == ["chain.seed"]


@pytest.mark.parametrize(
    ("before", "assignment"),
    [
        ({}, "chain.seed"),
        ({}, "=7"),
        ({}, "chain..seed=7"),
        ({}, "chain.se ed=7"),
        ({}, "agent[x].kind=bayes"),
        ({}, "agent[0].kind=bayes"),
        ({}, "agent[3].kind=bayes"),
        ({"agent": [{}, {}]}, "agent.kind=bayes"),
        ({"chain": 3}, "chain.seed=7"),
        ({"agent": {"kind": "bayes"}}, "agent[1].kind=bayes"),
        ({"agent": [3]}, "agent[1].kind=bayes"),
    ],
)
def test_assignments_that_cannot_be_made(before: dict[str, Any], assignment: str) -> None:
    with pytest.raises(ConfigError, match="1 fault") as caught:
        assign(before, assignment)
    assert f"--set {assignment}" in str(caught.value)


def test_a_chain_may_say_what_it_is_about() -> None:
    plain = read_config({})
    assert (plain.description, plain.notice) == ("", ())
    told = read_config({"chain": {"description": "About.", "notice": ["One.", "Two."]}})
    assert (told.description, told.notice) == ("About.", ("One.", "Two."))
    assert told.document["chain"]["notice"] == ["One.", "Two."]


@pytest.mark.parametrize(
    ("chain", "fault"),
    [
        ({"description": 3}, "chain.description: expected a text in quotes, found 3"),
        ({"notice": "One."}, 'chain.notice: expected a list of texts, found "One."'),
        ({"notice": ["One.", 2]}, "chain.notice: expected a list of texts, found 2 as item 2"),
    ],
)
def test_what_a_chain_says_about_itself_is_text(chain: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read_config({"chain": chain})
    assert [str(each) for each in raised.value.faults] == [fault]
