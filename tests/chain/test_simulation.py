"""The simulated chain, as the engine runs it, against the exact one.

Without look-back hᵗ is followed by hᵗ⁺¹ with the chances in row hᵗ of the exact matrix, independently of all that was
before. So the transitions out of each hypothesis are a multinomial sample of its row, and Pearson's statistics of all rows
add up to a chi-square variable. Its bound is at 3.3 standard deviations (a chance of 5e-4 to fail a right program under an
arbitrary seed); the seeds are fixed, so a test that passes keeps passing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from chi_square import bound, pearson

from iicl_tui.agents.bayesian import BayesianAgent
from iicl_tui.bayes import inference, markov
from iicl_tui.chain.config import ChainConfig
from iicl_tui.chain.engine import Chain
from iicl_tui.tasks.base import Example

Make = Callable[..., ChainConfig]


def exact(
    config: ChainConfig, members: np.ndarray | None = None, distinct: bool = False, within: np.ndarray | None = None
) -> np.ndarray:
    """The matrix of a chain of one agent; within: it chooses among these hypotheses, as with a prior of 0 outside."""
    task, agent = config.task, config.agents[0]
    assert isinstance(agent, BayesianAgent)
    single = [[Example(x, y)] for x in task.inputs for y in task.outputs]
    label = task.log_likelihood(single, agent.noise).reshape(len(task.inputs), len(task.outputs), -1)
    return markov.transition(
        agent.log_prior if within is None else np.where(within, agent.log_prior, -np.inf),
        label,
        task.samples,
        choose=agent.choose,  # type: ignore[arg-type]
        temperature=agent.temperature,
        members=members,
        distinct=distinct,
    )


PRIOR = {"A": {"on": 1, "off": 2, "und": 1}, "C": {"on": 3, "off": 1.5, "und": 1}}
D0 = [{"input": ["A"], "output": "off"}, {"input": ["B", "C"], "output": "on"}]


@pytest.mark.parametrize(
    ("agent", "task", "filters"),
    [
        ({}, {"samples": 1}, []),
        ({"noise": 0.1}, {"samples": 2}, []),
        ({"temperature": 0.5, "noise": 0.2}, {"samples": 2}, []),
        ({"temperature": 3.0}, {"samples": 2, "distinct": True}, []),
        ({"choose": "map", "noise": 0.3}, {"samples": 2}, []),
        ({"choose": "map", "noise": 0.3, "prior": {}}, {"samples": 1, "states": ["on", "off", "und"]}, []),  # ties
        ({"noise": 0.05}, {"samples": 2}, [{"kind": "effective-set"}]),
        ({}, {"samples": 1}, [{"kind": "effective-set", "least": 1}]),
        ({"noise": 0.1}, {"samples": 2}, [{"kind": "effective-set", "mode": "restrict"}]),
        ({}, {"samples": 1}, [{"kind": "effective-set", "mode": "restrict", "least": 1}]),
        ({"temperature": 0.5, "noise": 0.2}, {"samples": 2}, [{"kind": "effective-set", "mode": "restrict"}]),
        ({"temperature": 0.5}, {"samples": 1}, [{"kind": "effective-set", "mode": "restrict"}]),
        ({"choose": "map", "noise": 0.3}, {"samples": 2}, [{"kind": "effective-set", "mode": "restrict", "least": 1}]),
        ({"choose": "map", "prior": {}}, {"samples": 1}, [{"kind": "effective-set", "mode": "restrict", "least": 1}]),  # ties
    ],
)
async def test_transitions_have_the_exact_chances(
    config: Make, agent: dict[str, Any], task: dict[str, Any], filters: list[dict[str, Any]]
) -> None:
    checked = config(
        task={"objects": ["A", "B", "C"], **task},
        chain={"generations": 4000, "seed": 3},
        agent=[{"prior": PRIOR, **agent}],
        filter=filters,
        start={"sample": D0},
    )
    chain = Chain(checked)
    await chain.run()
    assert chain.status == "finished"
    members = None
    if filters:
        members = chain.task.explained(chain.start.samples) >= filters[0].get("least", 2)
        assert members.sum() < 27
    if filters and filters[0].get("mode") == "restrict":
        matrix = exact(checked, within=members)
    else:
        matrix = exact(checked, members, task.get("distinct", False))
    kept = np.array([generation.hypothesis for generation in chain.generations])
    counts = np.zeros((27, 27))
    np.add.at(counts, (kept[:-1], kept[1:]), 1)
    results = [pearson(counts[h], matrix[h]) for h in np.flatnonzero(counts.sum(axis=1) >= 10)]
    statistic, freedom = (sum(column) for column in zip(*results, strict=True))
    assert freedom >= 10
    assert statistic < bound(int(freedom))
    # All steps together see a small drift that single rows do not: arrivals less their chances are a martingale whose
    # variance is below that of one multinomial sample, so the same bound holds.
    arrivals, chances = counts.sum(axis=0), counts.sum(axis=1) @ matrix
    statistic, freedom = pearson(arrivals, chances)
    assert statistic < bound(freedom)


@pytest.mark.parametrize("choose", ["sample", "map"])
async def test_every_generation_is_predicted_exactly(config: Make, choose: str) -> None:
    """ACRE's 243 hypotheses, a biased prior, M = 2: p_t = p_1 T^(t−1) over 1,500 chains."""
    checked = config(
        task={"spurious": "screen", "hypothesis": 33, "bias": "mild", "draw": "overlap", "samples": 2},
        chain={"generations": 4},
        agent=[{"choose": choose, "noise": 0.02}],
    )
    chains = [Chain(replace(checked, seed=seed)) for seed in range(1500)]
    for chain in chains:
        await chain.run()
    belief = chains[0].belief(1)
    assert belief is not None
    first = np.exp(belief.log_p)
    if choose == "map":
        first = inference.is_mode(belief.log_p) / inference.is_mode(belief.log_p).sum()
    predicted = markov.predict(first, exact(checked), 4)
    for t in range(1, 5):
        counts = np.bincount([chain.generations[t - 1].hypothesis for chain in chains], minlength=243)
        statistic, freedom = pearson(counts, predicted[t - 1])
        if choose == "sample":
            assert freedom > 5
        assert statistic < bound(max(freedom, 1))


async def test_the_prior_never_falls_along_map_chains_without_noise(config: Make) -> None:
    rng = np.random.default_rng(8)
    for m, distinct in ((2, False), (8, True), (24, True)):
        checked = config(
            task={"samples": m, "distinct": distinct},
            chain={"generations": 30},
            agent=[{"choose": "map", "prior": {"weights": (rng.random(243) + 0.01).tolist()}}],
        )
        agent = checked.agents[0]
        assert isinstance(agent, BayesianAgent)
        absorbing = markov.absorbing_map(agent.log_prior, checked.task.table, m)  # type: ignore[attr-defined]
        for seed in range(20):
            chain = Chain(replace(checked, seed=seed))
            await chain.run()
            kept = [generation.hypothesis for generation in chain.generations]
            climbs = np.diff(agent.log_prior[kept])
            assert (climbs >= -1e-9).all()
            if distinct:
                frozen = [h for h, after in itertools.pairwise(kept) if absorbing[h] and after != h]
                assert not frozen


async def test_passing_everything_on_freezes_a_map_chain(config: Make) -> None:
    checked = config(
        task={"samples": 31, "distinct": True, "spurious": "screen", "bias": "very-high", "hypothesis": 0},
        chain={"generations": 5},
        agent=[{"choose": "map"}],
        start={"sample": [{"input": ["screen"], "output": "und"}]},
    )
    for seed in range(10):
        chain = Chain(replace(checked, seed=seed))
        await chain.run()
        assert len({generation.hypothesis for generation in chain.generations}) == 1
