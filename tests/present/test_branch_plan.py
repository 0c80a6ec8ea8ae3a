"""The short texts with which a branch is changed."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from iicl_tui.chain.config import ChainConfig, assign, read_config
from iicl_tui.present import branch_plan
from iicl_tui.store.format import start_table
from iicl_tui.store.presets import load, presets

Make = Callable[..., ChainConfig]
TASK = {"objects": ["A", "B", "screen"], "spurious": "screen"}
AGENT = {"kind": "bayes", "temperature": 0.5, "prior": {"screen": {"on": 1, "off": 4}}}


def changed(config: ChainConfig, **answers: str) -> Mapping[str, Any]:
    """The configuration that the answers make."""
    document = {**config.document, "start": start_table(config.task, config.start)}
    for assignment in branch_plan.changes(config, answers):
        assign(document, assignment)
    return read_config(document).document


@pytest.mark.parametrize("name", [preset.name for preset in presets()][::6])
def test_texts_that_stay_change_nothing_and_can_be_read_again(name: str) -> None:
    preset = read_config(tomllib.loads(load(name).text))
    now = branch_plan.texts(preset)
    assert branch_plan.changes(preset, now) == []
    again = branch_plan._read_list(now["agent"], preset.document["agent"], "agent")
    assert again == [{"kind": "bayes", **table} for table in preset.document["agent"]]
    if now["filter"] != branch_plan.NONE:
        assert branch_plan._read_list(now["filter"], preset.document["filter"], "filter") == preset.document["filter"]


def test_filter_agent_prior_and_bias_are_changed(config: Make) -> None:
    here = config(task=TASK, agent=[AGENT])
    assert branch_plan.texts(here) == {
        "filter": "none", "agent": "bayes temperature=0.5", "prior": "screen: on=1, off=4", "bias": "none",
    }  # fmt: skip
    made = changed(here, filter="effective-set mode=restrict + human redraws=3", bias="high", prior="screen: off=8; A: on=0.5")
    assert made["filter"] == [{"kind": "effective-set", "mode": "restrict"}, {"kind": "human", "redraws": 3}]
    assert made["task"]["bias"] == "high"
    assert made["agent"] == [{"kind": "bayes", "temperature": 0.5, "prior": {"screen": {"off": 8.0}, "A": {"on": 0.5}}}]
    assert changed(here, agent="bayes choose=map", prior="")["agent"] == [{"kind": "bayes", "choose": "map"}]
    assert changed(here, agent="bayes choose=map")["agent"][0]["prior"] == AGENT["prior"]  # it is not a word, so it stays
    assert changed(config(task=TASK, filter=[{"kind": "human"}]), filter="none").get("filter", []) == []


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({"filter": "efective-set"}, 'no filter is called "efective-set"; nearest: effective-set'),
        ({"filter": "effective-set mod=restrict"}, "effective-set has no mod; nearest: mode"),
        ({"filter": "effective-set mode=restrictive"}, "filter[1].mode: expected one of redraw, restrict"),
        ({"filter": "effective-set restrict"}, 'expected key=value after it, found "restrict"'),
        ({"agent": ""}, "a chain needs an agent"),
        ({"agent": "bayes temperature=hot"}, "expected a number"),
        ({"prior": "screen on=1"}, "expected weights, as screen: on=1, off=4"),
        ({"prior": "screen: on=many"}, "expected weights"),
        ({"prior": "lamp: on=1"}, "lamp"),
        ({"prior": "{ screen = "}, "prior: "),
        ({"bias": "enormous"}, "expected one of none"),
    ],
)
def test_faults_are_said_in_words(config: Make, answers: Mapping[str, str], why: str) -> None:
    here = config(task=TASK, agent=[AGENT])
    assert why in branch_plan.fault(here, answers)
    assert branch_plan.fault(here, branch_plan.texts(here)) == ""
