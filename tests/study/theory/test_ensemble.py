"""Ensembles against exact matrices and against the engine's own chains.

The bounds are at 3.3 standard deviations of a chi-square variable (a chance of 5e-4 to fail a right program under an arbitrary
seed); the seeds are fixed, so a test that passes keeps passing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from chi_square import bound, pearson, two_samples

from iicl_tui.agents.bayesian import BayesianAgent
from iicl_tui.bayes import inference, markov
from iicl_tui.chain.config import ChainConfig
from iicl_tui.chain.engine import Chain
from iicl_tui.errors import ChainStopped, LabError
from iicl_tui.study.theory import ensemble as ensembles
from iicl_tui.study.theory.ensemble import Ensemble, simulate

Make = Callable[..., ChainConfig]
PRIOR = {"A": {"on": 1, "off": 2, "und": 1}, "C": {"on": 3, "off": 1.5, "und": 1}}
D0 = [{"input": ["A"], "output": "off"}, {"input": ["B", "C"], "output": "on"}]


def matrix(config: ChainConfig, turn: int = 0, members: np.ndarray | None = None, within: np.ndarray | None = None) -> np.ndarray:
    """The exact matrix of agents like the one of this turn. within: they choose among these hypotheses."""
    agent = config.agents[turn]
    assert isinstance(agent, BayesianAgent)
    labels = config.task.log_labels(agent.noise)
    assert labels is not None
    return markov.transition(
        agent.log_prior if within is None else np.where(within, agent.log_prior, -np.inf),
        labels,
        config.task.samples,
        choose=agent.choose,  # type: ignore[arg-type]
        temperature=agent.temperature,
        members=members,
        distinct=bool(getattr(config.task, "distinct", False)),
    )


def first(config: ChainConfig, members: np.ndarray | None = None) -> np.ndarray:
    """(H,) the exact distribution of h¹, restricted to the members."""
    agent = config.agents[0]
    assert isinstance(agent, BayesianAgent)
    belief = agent.belief([config.start.samples])
    assert belief is not None
    log_p = belief.log_p if members is None else np.where(members, belief.log_p, -np.inf)
    if agent.choose == "map":
        modes = inference.is_mode(log_p)
        return modes / modes.sum()
    return np.exp(inference.log_normalise(log_p))


def assert_law(ensemble: Ensemble, start: np.ndarray, transition: np.ndarray, generations: range | None = None) -> None:
    """The chains' generations are distributed as predicted, and their transitions as the matrix says."""
    predicted = markov.predict(start, transition, ensemble.generations)
    for t in generations or range(ensemble.generations):
        statistic, freedom = pearson(ensemble.counts[t], predicted[t])
        assert statistic < bound(max(freedom, 1)), f"generation {t + 1}"
    size = len(start)
    counts = np.zeros((size, size))
    h = ensemble.hypotheses
    there = (h[:, :-1] >= 0) & (h[:, 1:] >= 0)
    np.add.at(counts, (h[:, :-1][there], h[:, 1:][there]), 1)
    results = [pearson(counts[row], transition[row]) for row in np.flatnonzero(counts.sum(axis=1) >= 10)]
    statistic, freedom = (sum(column) for column in zip(*results, strict=True))
    assert statistic < bound(max(int(freedom), 1))


@pytest.mark.parametrize(
    ("agent", "task", "filters"),
    [
        ({}, {"samples": 1}, []),
        ({"noise": 0.1}, {"samples": 2}, []),
        ({"temperature": 0.5, "noise": 0.2}, {"samples": 2}, []),
        ({"temperature": 3.0}, {"samples": 2, "distinct": True}, []),
        ({"choose": "map", "noise": 0.3}, {"samples": 2}, []),
        ({"choose": "map", "noise": 0.3, "prior": {}}, {"samples": 1}, []),  # ties
        ({"choose": "map"}, {"samples": 2, "distinct": True}, []),
        ({"noise": 0.05}, {"samples": 2}, [{"kind": "effective-set"}]),
        ({}, {"samples": 1}, [{"kind": "effective-set", "least": 1}]),
        ({"noise": 0.1}, {"samples": 2}, [{"kind": "effective-set", "mode": "restrict"}]),
        ({"temperature": 0.5}, {"samples": 1}, [{"kind": "effective-set", "mode": "restrict"}]),
        ({"choose": "map", "noise": 0.3}, {"samples": 2}, [{"kind": "effective-set", "mode": "restrict", "least": 1}]),
        ({"choose": "map", "prior": {}}, {"samples": 1}, [{"kind": "effective-set", "mode": "restrict", "least": 1}]),  # ties
        ({"noise": 1e-200, "temperature": 0.01}, {"samples": 2}, []),  # weights far below the smallest float
    ],
)
def test_ensembles_have_the_exact_law(
    config: Make, agent: dict[str, Any], task: dict[str, Any], filters: list[dict[str, Any]]
) -> None:
    checked = config(
        task={"objects": ["A", "B", "C"], **task}, chain={"generations": 6, "seed": 3}, agent=[{"prior": PRIOR, **agent}],
        filter=filters, start={"sample": D0},
    )  # fmt: skip
    members = None
    if filters:
        members = checked.task.explained(checked.start.samples) >= filters[0].get("least", 2)
    within = members if filters and filters[0].get("mode") == "restrict" else None
    exact = matrix(checked, members=members if within is None else None, within=within)
    ensemble = simulate(checked, 1500)
    assert not ensemble.stopped.any()
    assert_law(ensemble, first(checked, members), exact)


@pytest.mark.parametrize("choose", ["sample", "map"])
def test_every_generation_is_predicted_exactly_with_243_hypotheses(config: Make, choose: str) -> None:
    checked = config(
        task={"spurious": "screen", "hypothesis": 33, "bias": "mild", "draw": "overlap", "samples": 2},
        chain={"generations": 10}, agent=[{"choose": choose, "noise": 0.02}],
    )  # fmt: skip
    assert_law(simulate(checked, 4000), first(checked), matrix(checked))


def test_languages_of_the_naming_game(config: Make) -> None:
    checked = config(chain={"task": "naming", "generations": 5}, task={"samples": 3, "initial": 2}, agent=[{"noise": 0.05}])
    assert_law(simulate(checked, 3000), first(checked), matrix(checked))


def test_agents_take_turns(config: Make) -> None:
    """hᵗ⁺¹ is learned by the next agent from samples with the noise of the last one: here both have the same noise."""
    agents = [{"prior": PRIOR, "noise": 0.1}, {"noise": 0.1, "temperature": 0.5}]
    checked = config(task={"objects": ["A", "B", "C"], "samples": 2}, chain={"generations": 4}, agent=agents, start={"sample": D0})
    p, ensemble = first(checked), simulate(checked, 4000)
    for t in range(4):
        statistic, freedom = pearson(ensemble.counts[t], p)
        assert statistic < bound(freedom)
        p = p @ matrix(checked, turn=(t + 1) % 2)


def test_a_chain_stops_when_the_redraws_are_used_up(config: Make) -> None:
    """A proposal is in the set with the chance q, so that (1 − q)^(R + 1) of all chains stop in the first generation."""
    filters = [{"kind": "effective-set", "redraws": 2}]
    checked = config(task={"objects": ["A", "B"], "samples": 1}, agent=[{"noise": 0.4}], filter=filters, start={"sample": D0[:1]},
                     chain={"generations": 2})  # fmt: skip
    members = checked.task.explained(checked.start.samples) >= 1
    q = first(checked)[members].sum()
    ensemble = simulate(checked, 20_000)
    expected = (1 - q) ** 3
    assert 0.01 < expected < 0.5
    assert abs(ensemble.stopped[0] - expected) < 4 * (expected / 20_000) ** 0.5
    stuck = ensemble.hypotheses[:, 0] < 0
    assert (ensemble.hypotheses[stuck, 1] == -1).all()  # what has stopped stays stopped
    assert ensemble.counts.sum(axis=1).tolist() == [round(20_000 * (1 - part)) for part in ensemble.stopped]


def test_contradictory_data_stop_every_chain(config: Make) -> None:
    start = [{"input": ["A"], "output": "on"}, {"input": ["A"], "output": "off"}]
    assert simulate(config(start={"sample": start}), 3, generations=2).hypotheses.tolist() == [[-1, -1]] * 3


def engine_counts(config: ChainConfig, chains: int) -> np.ndarray:
    """(T, H + 1) hypotheses of the engine's chains; the last column counts those that had stopped."""
    size = config.task.space.size
    out = np.zeros((config.generations, size + 1))

    async def run() -> None:
        for seed in range(chains):
            chain = Chain(replace(config, seed=seed))
            with contextlib.suppress(ChainStopped):
                await chain.run()
            done = [g.hypothesis for g in chain.generations if not g.stuck and g.interaction is not None]
            for t in range(config.generations):
                out[t, done[t] if t < len(done) else size] += 1

    asyncio.run(run())
    return out


SMALL: dict[str, Any] = {"objects": ["A", "B"], "samples": 2, "initial": 1}
NAMING = {"task": "naming", "generations": 3}


LIKE_THE_ENGINE: list[dict[str, Any]] = [
    {"task": SMALL, "agent": [{"noise": 0.2}], "filter": [{"kind": "consistent"}]},
    {"task": SMALL, "agent": [{"noise": 0.4}], "filter": [{"kind": "consistent", "on-reject": "drop"}]},
    {"task": {**SMALL, "distinct": True}, "agent": [{"noise": 0.4}], "filter": [{"kind": "consistent", "redraws": 1}]},
    {"task": SMALL, "agent": [{"noise": 0.2}], "chain": {"lookback": 1}},
    {"task": SMALL, "agent": [{"noise": 0.1}, {"noise": 0.3, "choose": "map"}], "chain": {"lookback": 2, "generations": 6}},
    {"task": {**SMALL, "rules": "hidden"}, "agent": [{"noise": 0.1}]},
    {"task": {**SMALL, "rules": "hidden"}, "agent": [{"noise": 0.1, "choose": "map"}]},
    {"task": SMALL, "agent": [{"noise": 0.3}], "filter": [{"kind": "self-refine"}]},
    {"task": SMALL, "agent": [{"noise": 0.3}], "filter": [{"kind": "hypothesis-search", "rounds": 1}]},
    {"task": SMALL, "agent": [{"noise": 0.3}], "filter": [{"kind": "hypothesis-search", "otherwise": "stop", "rounds": 2}]},
    {"task": {"samples": 4}, "chain": NAMING, "agent": [{"noise": 0.05}], "filter": [{"kind": "partner"}]},
    {"task": {"samples": 4}, "chain": NAMING, "agent": [{"noise": 0.05}], "filter": [{"kind": "partner", "rounds": 8}]},
    {
        "task": {"samples": 4, "initial": 4}, "chain": NAMING, "agent": [{"noise": 0.05}],
        "filter": [{"kind": "partner", "passes": "fresh", "rounds": 3}],
    },
    {
        "task": {"samples": 4}, "chain": NAMING, "agent": [{"noise": 0.05, "choose": "map"}],
        "filter": [
            {"kind": "partner", "passes": "fresh", "rounds": 3, "guess": "drawn", "update": "instead", "draws": "generation"}
        ],
    },
    {"chain": {"task": "acronym"}, "task": {"initial": 4, "easy": 2, "samples": 3}, "agent": [{"prior": {"easy": 2}}]},
    {"chain": {"task": "acronym"}, "task": {"initial": 4, "easy": 2, "samples": 3}, "agent": [{"choose": "map", "noise": 0.1}]},
    {"task": SMALL, "agent": [{"noise": 0.2}], "filter": [{"kind": "rank", "choose": "weighted"}]},
    *(
        {"chain": {"task": "acronym"}, "task": {"initial": 6, "easy": 3, "samples": 4}, "filter": [{"kind": "rank", **options}]}
        for options in (
            {"prefer": "easyshort", "source": "pool"},
            {"prefer": "easy", "source": "last", "choose": "weighted"},
            {"prefer": "hard", "ties": "seed"},
            {"prefer": "long", "choose": "weighted"},
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize("document", LIKE_THE_ENGINE)
def test_ensembles_have_the_engines_law(config: Make, document: dict[str, Any]) -> None:
    start = {} if "task" in document.get("chain", {}) else {"start": {"sample": [{"input": ["A", "B"], "output": "on"}]}}
    checked = config(**{**start, **document, "chain": {"generations": 3, **document.get("chain", {})}})
    engine = engine_counts(checked, 150)
    ensemble = simulate(checked, 4000, seed=5)
    for t in range(checked.generations):
        stopped = 4000 - ensemble.counts[t].sum()
        statistic, freedom = two_samples(engine[t], np.append(ensemble.counts[t], stopped))
        assert statistic < bound(max(freedom, 1)), f"generation {t + 1}"


def test_the_same_seed_gives_the_same_ensemble_and_generations_do_not_depend_on_later_ones(config: Make) -> None:
    checked = config(task=SMALL)
    one, same, longer = (simulate(checked, 50, seed=9, generations=t) for t in (3, 3, 5))
    np.testing.assert_array_equal(one.hypotheses, same.hypotheses)
    np.testing.assert_array_equal(one.hypotheses, longer.hypotheses[:, :3])
    assert not np.array_equal(one.hypotheses, simulate(checked, 50, seed=10, generations=3).hypotheses)


def test_mean_beliefs_are_the_chances_of_the_draws(config: Make) -> None:
    """Without filters hᵗ is a draw from the belief, so both have the same expectation; at t = 1 the belief is the same for all."""
    checked = config(task=SMALL, agent=[{"noise": 0.1}], chain={"generations": 3})
    ensemble = simulate(checked, 3000, beliefs=True)
    assert ensemble.beliefs is not None
    assert ensemble.entropy is not None
    np.testing.assert_allclose(ensemble.beliefs[0], first(checked), atol=1e-12)
    assert ensemble.entropy[0] == pytest.approx(float(inference.entropy(np.log(first(checked)))))
    for t in range(3):
        statistic, freedom = pearson(ensemble.counts[t], ensemble.beliefs[t])
        assert statistic < bound(freedom)
    assert simulate(checked, 10).beliefs is None


def test_what_is_passed_on_is_counted(config: Make) -> None:
    checked = config(task=SMALL, chain={"generations": 2})
    ensemble = simulate(checked, 100)
    assert ensemble.passed.shape == (2, 9)
    assert ensemble.passed.sum(axis=1).tolist() == [200, 200]


def test_progress_and_cancel(config: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ensembles, "BLOCK", 10)
    checked, told = config(task=SMALL, chain={"generations": 4}), []
    ensemble = simulate(checked, 25, progress=lambda done, of: told.append((done, of)), cancelled=lambda: len(told) == 2)
    assert told == [(1, 4), (2, 4)]
    assert ensemble.hypotheses.shape == (25, 2)
    assert (ensemble.hypotheses >= 0).all()


@pytest.mark.parametrize("chains", [0, -1, 10**12])
def test_a_size_that_makes_no_sense_is_refused(config: Make, chains: int) -> None:
    with pytest.raises(LabError):
        simulate(config(), chains)


@pytest.mark.parametrize(
    "document",
    [
        {"agent": [{"kind": "openai", "model": "gpt-4.1"}]},
        {"filter": [{"kind": "human"}]},
        {"filter": [{"kind": "self-refine"}, {"kind": "effective-set"}]},
        {"filter": [{"kind": "rank", "distinct": True}]},
        {"filter": [{"kind": "rank"}, {"kind": "consistent"}]},
    ],
)
def test_a_chain_without_a_theory_is_refused_in_words(config: Make, document: dict[str, Any]) -> None:
    with pytest.raises(LabError, match="No theory"):
        simulate(config(**document), 10)
