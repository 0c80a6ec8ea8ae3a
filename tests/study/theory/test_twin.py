"""Twins of known agents: what is recovered, how well intervals hold, and what the data cannot tell."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import run_here

import iicl_tui
from iicl_tui.agents.beliefs import Belief, from_draws
from iicl_tui.bayes import inference
from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.errors import LabError
from iicl_tui.study.theory import fit
from iicl_tui.study.theory.fit import Estimate, fit_agent, fit_choosing, noise_of, temperature_of
from iicl_tui.study.theory.prediction import predict
from iicl_tui.study.theory.twin import twins, with_twins
from iicl_tui.tasks.acre.task import Acre

PRIOR = {"A": {"on": 1, "off": 4, "und": 1}, "screen": {"on": 1, "off": 6, "und": 2}}
CODES = Acre(("A", "B")).space.codes


async def chain_of(generations: int = 40, **agent: Any) -> Chain:
    chain = Chain(read_config({"chain": {"generations": generations}, "agent": [{"prior": PRIOR, "noise": 0.1, **agent}]}))
    await chain.run()
    return chain


def centred(weights: Sequence[float], temperature: float) -> np.ndarray:
    """Tempered log weights against their mean."""
    log = np.log(np.array(weights, dtype=float)) / temperature
    return log - log.mean()


async def test_known_beliefs_give_back_the_agent() -> None:
    """β = λ/τ with λ = ln(.9 · 2/.1), and the prior's weights to the power 1/τ."""
    (twin,) = twins(await chain_of(temperature=0.7))
    assert twin.evidence == "beliefs"
    assert twin.fit.beta.value == pytest.approx(math.log(18) / 0.7, abs=1e-4)
    for at, weights in ((0, [1, 4, 1]), (1, [1, 1, 1]), (4, [1, 6, 2])):
        found = [weight.value for weight in twin.fit.weights[at]]
        np.testing.assert_allclose(found, centred(weights, 0.7), atol=1e-4)
    assert twin.fit.distance < 1e-4
    assert twin.choosing is not None
    assert twin.choosing.verdict == "sampler"
    assert twin.noise.low < 0.1 < twin.noise.high
    assert twin.temperature.low < 0.7 < twin.temperature.high


def test_one_sampler_in_twenty_is_beyond_the_reach_of_samplers() -> None:
    """The level of the test, over 20 sets of beliefs and 500 agents that sample from each."""
    rng = np.random.default_rng(8)
    grid = np.sort(np.concatenate([[0.0, 1.0], np.geomspace(1e-3, fit.MOST_GAMMA, 200)]))
    beyond = []
    for _ in range(20):
        log_p = np.log(rng.dirichlet(np.full(9, 0.3), size=10) + 1e-12)
        log_p -= log_p.max(axis=1, keepdims=True)
        totals = fit._log_totals(log_p, grid)
        sums = np.sum([rng.choice(row, size=500, p=np.exp(row) / np.exp(row).sum()) for row in log_p], axis=0)
        below = fit._below_greatest(sums, grid, totals)[:, int(np.searchsorted(grid, 1.0))]
        beyond.append((below > fit._reach_of_samplers(log_p, grid, totals)).mean())
    assert 0.035 < np.mean(beyond) < 0.06


def test_few_that_sample_are_called_anything_else() -> None:
    """The test has a level of 5 %: of 100 samplers with 10 choices at most 12 (a chance of 1 in 400)."""
    rng = np.random.default_rng(30)
    wrong = 0
    for _ in range(100):
        p = rng.dirichlet(np.full(9, 0.3), size=10) + 1e-12
        p /= p.sum(axis=1, keepdims=True)
        chosen = (p.cumsum(axis=1) > rng.random((10, 1))).argmax(axis=1)
        wrong += fit_choosing(np.log(p), chosen).verdict not in ("sampler", "cannot tell")
    assert wrong <= 12


async def test_one_that_takes_the_maximum_is_told_from_its_choices() -> None:
    (twin,) = twins(await chain_of(30, choose="map", noise=0.2))
    assert twin.choosing is not None
    assert twin.choosing.verdict == "maximiser"
    assert twin.choosing.modes == 30
    assert math.isinf(twin.choosing.gamma.value)
    assert twin.agent(read_config({})).choose == "map"


@pytest.mark.parametrize(
    ("p", "chosen", "verdict"),
    [
        ([0.99, 0.01], [0, 0, 0], "cannot tell"),
        ([0.6, 0.4], [0] * 30, "maximiser"),
        ([0.6, 0.4], [0] * 18 + [1] * 12, "sampler"),
        ([0.9, 0.1], [0] * 10 + [1] * 10, "neither"),
    ],
)
def test_how_it_chooses(p: list[float], chosen: list[int], verdict: str) -> None:
    found = fit_choosing(np.log(np.tile(p, (len(chosen), 1))), np.array(chosen))
    assert found.verdict == verdict


def test_the_exponent_of_two_rules_has_a_closed_form() -> None:
    """With 15 of 20 choices of a rule of probability .6: (.6/.4)^γ = 15/5."""
    found = fit_choosing(np.log(np.tile([0.6, 0.4], (20, 1))), np.array([0] * 15 + [1] * 5))
    assert found.gamma.value == pytest.approx(math.log(3) / math.log(1.5), rel=0.02)  # the grid's step
    assert found.gamma.low < found.gamma.value < found.gamma.high


def simulated(seed: int, generations: int, draws: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts of draws and of wrong examples of an agent with known weights and β = 2, and its weights, centred."""
    rng = np.random.default_rng(seed)
    theta = np.array([[0.8, -0.5, -0.3], [-0.6, 0.9, -0.3]])
    log_prior = theta[0][CODES[:, 0]] + theta[1][CODES[:, 1]]
    wrong = rng.integers(0, 4, size=(generations, 9)).astype(float)
    q = np.exp(inference.log_normalise(log_prior - 2.0 * wrong))
    return np.array([rng.multinomial(draws, row) for row in q], dtype=float), wrong, theta


def test_intervals_hold_what_they_say() -> None:
    """Over 25 seeds the intervals of 7 parameters hold the truth in about 95 % of cases; `calibrate_twin.py` has more seeds."""
    held = []
    for seed in range(25):
        counts, wrong, theta = simulated(seed, 40, 3)
        fit = fit_agent(counts, wrong, CODES)
        truths = [*theta.ravel().tolist(), 2.0]
        found = [*(weight for factor in fit.weights for weight in factor), fit.beta]
        held.append([each.low <= truth <= each.high for each, truth in zip(found, truths, strict=True)])
    assert 0.88 < np.mean(held) <= 1.0


def test_beta_is_not_biased_by_few_choices() -> None:
    """Agents with 15 choices each and β = 2. Without Jeffreys' prior the mean of 40 is 4.8, and the greatest 33."""
    found = np.array([fit_agent(*simulated(100 + seed, 15, 1)[:2], CODES).beta.value for seed in range(25)])
    assert found.mean() == pytest.approx(2.0, abs=3 * found.std() / math.sqrt(25))
    assert found.max() < 5


def test_a_good_fit_is_no_surprise_and_a_bad_one_is() -> None:
    counts, wrong, _ = simulated(1, 60, 5)
    good = fit_agent(counts, wrong, CODES)
    assert good.p_value is not None
    assert good.p_value > 0.05
    other = np.zeros_like(counts)
    other[np.arange(60), np.random.default_rng(2).integers(0, 2, 60) * 8] = 5.0  # two rules by turns, whatever the data
    bad = fit_agent(other, wrong, CODES)
    assert bad.p_value is not None
    assert bad.p_value < 0.01
    assert bad.distance > good.distance


def test_few_data_tell_nothing_and_it_says_so() -> None:
    counts, wrong, _ = simulated(3, 3, 1)
    assert not fit_agent(counts, wrong, CODES).informed
    assert fit_agent(*simulated(3, 100, 5)[:2], CODES).informed
    with pytest.raises(LabError, match="Nothing to fit"):
        fit_agent(np.zeros((3, 9)), wrong, CODES)


def test_noise_and_temperature() -> None:
    """τ = λ(ε)/β; without a wrong sample ε may be 0 and λ infinite, so that τ has no upper end."""
    assert noise_of(0, 0).high == 1
    assert noise_of(0, 20).low == 0
    noise = noise_of(10, 100)
    assert noise.low < 0.1 < noise.high
    tau = temperature_of(Estimate(2.0, 1.9, 2.1), noise, 3)
    assert tau.value == pytest.approx(math.log(18) / 2)
    assert tau.low < tau.value < tau.high
    assert math.isinf(temperature_of(Estimate(2.0, 1.9, 2.1), noise_of(0, 20), 3).high)
    assert math.isinf(temperature_of(Estimate(0.1, 0.0, 0.2), noise, 3).high)


async def test_a_twin_runs_forward_as_the_agent_does() -> None:
    chain = await chain_of(60, temperature=0.7)
    forecast = predict(with_twins(chain.config, twins(chain)), 4, chains=4000, exact=False)
    truth = predict(chain.config, 4, chains=4000, exact=False)
    for p, q in zip(forecast.distributions, truth.distributions, strict=True):
        assert inference.total_variation(p, q) < truth.errors.max() + 0.1  # the noise of its samples is an estimate


class DrawnBeliefs(Chain):
    """A chain whose beliefs are estimated from ten draws each, as a model's are."""

    def belief(self, generation: int) -> Belief | None:
        known = super().belief(generation)
        assert known is not None
        rng = np.random.default_rng(generation)
        return from_draws(self.task.space, [inference.sample(known.log_p, rng) for _ in range(10)], 10)


async def test_drawn_beliefs_are_counted_as_draws() -> None:
    chain = await chain_of(40, temperature=0.7)
    (twin,) = twins(DrawnBeliefs(chain.config, chain.generations))
    assert twin.evidence == "draws"
    assert twin.choosing is None  # ten draws of 243 rules tell too little of the belief that it chose from
    beta = twin.fit.beta
    assert abs(beta.value - math.log(18) / 0.7) < beta.high - beta.low  # 3.9 standard errors
    assert twin.fit.p_value is not None
    assert twin.fit.p_value > 0.01


async def test_a_chain_that_is_too_short_or_has_no_predictions_has_no_twin() -> None:
    with pytest.raises(LabError, match="No twin"):
        twins(await chain_of(2))
    acronyms = Chain(read_config({"chain": {"task": "acronym", "generations": 3}}))
    await acronyms.run()
    with pytest.raises(LabError, match="No twin"):
        twins(acronyms)


async def test_without_scipy_it_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(LabError, match="scipy is not installed") as raised:
        fit_agent(*simulated(3, 3, 1)[:2], CODES)
    assert "iicl-tui[studies]" in raised.value.remedy


def test_the_command_says_it_in_words(tmp_path: Path) -> None:
    agents = [{"prior": PRIOR, "noise": 0.1}, {"choose": "map", "noise": 0.1}]
    iicl_tui.run({"chain": {"generations": 12}, "agent": agents}, path=tmp_path / "one.toml").close()
    done = run_here(tmp_path, "twin", "one.toml", "--generations", "3", environment={"HOME": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    for words in ("Agent 1, bayes sample", "Agent 2, bayes map", "β = ", "takes the likeliest rule", "2,000 chains of the twins"):
        assert words in done.stdout
