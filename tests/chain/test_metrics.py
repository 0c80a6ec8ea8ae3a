"""The measures of a chain, one by one, and brought up to date in any order."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from narrow import not_none

from iicl_tui.chain import metrics
from iicl_tui.chain.config import ChainConfig, read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.metrics import Measures, measure, outcome, remeasure, so_far
from iicl_tui.filters.scripted import ScriptedDecider

Make = Callable[..., ChainConfig]

E2: dict[str, Any] = {
    "task": {"spurious": "screen", "hypothesis": 33, "bias": "high", "draw": "overlap"},
    "chain": {"generations": 7},
}


RULES = ("both", "is_target", "fits_target", "fits_rival")


def same(one: Measures, other: Measures) -> None:
    for name in ("entropy", "p_target", "p_rival", "p_kept", "explained", "hypothesis", *RULES, "made", "passed", "made_count"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), err_msg=name, atol=1e-9)
    for a, b in zip(one.marginals, other.marginals, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-9)


async def test_each_measure_is_what_it_says(config: Make) -> None:
    chain = Chain(config(**E2))
    await chain.run()
    m = measure(chain)
    assert len(m) == 7
    task, start = chain.task, chain.start
    for row, generation in enumerate(chain.generations):
        belief = chain.belief(generation.index)
        assert belief is not None
        p = np.exp(belief.log_p)
        h = generation.hypothesis
        assert m.hypothesis[row] == h
        assert m.entropy[row] == pytest.approx(-sum(q * math.log(q) for q in p if q > 0))
        assert m.p_target[row] == pytest.approx(p[start.target])
        assert m.p_rival[row] == pytest.approx(p[start.rival])
        assert m.p_kept[row] == pytest.approx(p[h])
        assert m.explained[row] == sum(task.predict(h, e.input) == e.output for e in start.samples)
        off = task.space.assignment(h)["screen"] == "off"
        assert m.both[row] == (off and m.explained[row] == len(start.samples))
        assert m.is_target[row] == (h == start.target)
        assert m.fits_target[row] == sum(task.predict(start.target, e.input) == e.output for e in generation.data)
        assert m.fits_rival[row] == sum(task.predict(start.rival or 0, e.input) == e.output for e in generation.data)
        assert m.made_count[row] == 4
        for factor in range(5):
            np.testing.assert_allclose(m.marginals[factor][row], task.space.marginal(p, factor), atol=1e-12)


async def test_bringing_up_to_date_is_measuring_anew_after_every_phase(config: Make) -> None:
    chain = Chain(config(**E2, filter=[{"kind": "human", "gates": "hypothesis"}]))
    edit = {"verdict": "edit", "hypothesis": dict.fromkeys(chain.task.space.assignment(0), "und")}
    chain.decider = ScriptedDecider(
        {"default": "approve", "generation": [{"index": 3, "interaction": {"decision": [edit]}}]}, chain.task
    )
    kept = measure(chain)
    seldom = kept
    assert len(kept) == 0
    while chain.next is not None:
        record = await chain.step()
        kept = remeasure(kept, chain)
        same(kept, measure(chain))
        if record.generation in (2, 5):
            seldom = remeasure(seldom, chain)
            same(seldom, measure(chain))
    same(remeasure(seldom, chain), measure(chain))


async def test_blocks_do_not_show(config: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = Chain(config(**E2))
    await chain.run()
    whole = measure(chain)
    monkeypatch.setattr(metrics, "BLOCK", 3)
    same(measure(chain), whole)
    same(whole.extended(measure(chain, 4), 3), whole)


async def test_a_belief_that_is_not_known_is_not_a_number(config: Make) -> None:
    both = [{"input": ["A"], "output": "on"}, {"input": ["A"], "output": "off"}]
    noisy = Chain(config(start={"sample": both}, agent=[{"noise": 0.1}], chain={"generations": 2}))
    await noisy.run()
    chain = Chain(replace(noisy.config, agents=config().agents), noisy.generations)  # without noise d⁰ contradicts itself
    m = measure(chain)
    assert np.isnan([m.entropy[0], m.p_target[0], m.p_kept[0], *m.marginals[0][0]]).all()
    assert m.hypothesis.tolist() == [generation.hypothesis for generation in noisy.generations]
    assert np.isnan(m.p_rival).all()  # there is no spurious object
    assert measure(noisy).entropy[0] > 0
    began = Chain(chain.config, noisy.generations[:1])
    found = outcome(began)
    assert found is not None
    assert (found.entropy, found.p_target, found.focus) == (None, None, None)


def test_a_new_chain_has_no_outcome(config: Make) -> None:
    assert outcome(Chain(config())) is None


async def test_the_outcome_is_that_of_the_last_generation(config: Make) -> None:
    chain = Chain(config(**E2))
    for _ in range(4):
        await chain.step()
    found = outcome(chain)
    assert found is not None
    m = measure(chain)
    assert (found.generation, found.initial) == (2, 4)
    assert found.entropy == pytest.approx(m.entropy[1])
    assert found.p_target == pytest.approx(m.p_target[1])
    assert found.explained == m.explained[1]
    name, value, p = found.focus or ("", "", 0.0)
    assert (name, p) == ("screen", pytest.approx(m.marginals[4][1].max()))
    assert value == ("on", "off", "und")[int(m.marginals[4][1].argmax())]
    right = chain.task.predict(int(m.hypothesis[1]), ("screen",)) == "off"
    assert found.both == (right and found.explained == 4)


async def test_without_a_spurious_object_there_is_no_focus(config: Make) -> None:
    chain = Chain(config())
    await chain.step()
    found = outcome(chain)
    assert found is not None
    assert found.focus is None
    assert found.both is None


async def test_the_share_so_far_pools_d0_and_all_that_was_made(config: Make) -> None:
    table = {"initial": 6, "easy": 2, "samples": 5}
    rank = [{"kind": "rank", "prefer": "easy"}]
    chain = Chain(read_config({"chain": {"task": "acronym", "generations": 4, "seed": 3}, "task": table, "filter": rank}))
    await chain.run()
    task, m = chain.task, measure(chain)
    pooled = so_far(m, task, chain.start)
    everything = list(chain.start.samples)
    for row, generation in enumerate(chain.generations):
        everything += [sample.drawn for sample in not_none(generation.transmission).samples if sample.origin is None]
        assert pooled[row, 0] == pytest.approx(task.measure(everything)[0])
        assert np.isnan(pooled[row, 1:]).all()
    assert len(everything) == 6 + 4 * 5
    assert all(np.isnan(getattr(m, name)).all() for name in RULES)
    assert so_far(measure(Chain(config())), Chain(config()).task, Chain(config()).start).shape == (0, 0)


def test_what_may_go_on_is_the_belief_within_the_effective_set() -> None:
    document: dict[str, Any] = {"task": {"spurious": "screen", "initial": 4}, "agent": [{"kind": "bayes", "noise": 0.1}]}
    free = Chain(read_config(document))
    filtered = Chain(read_config({**document, "filter": [{"kind": "effective-set", "least": 3, "mode": "restrict"}]}))
    for chain in (free, filtered):
        asyncio.run(chain.run(3))
    assert np.isnan(measure(free).going_on).all()
    found = measure(filtered).going_on
    task, start = filtered.task, filtered.start
    for t in (1, 2, 3):
        belief = filtered.belief(t)
        assert belief is not None
        weights = dict.fromkeys(("on", "off", "und"), 0.0)
        for hypothesis, log_p in enumerate(belief.log_p):
            if sum(task.agrees(hypothesis, example) for example in start.samples) >= 3:
                weights[task.write_hypothesis(hypothesis)["screen"]] += np.exp(log_p)
        assert found[t - 1] == pytest.approx(np.array(list(weights.values())) / sum(weights.values()))
