"""Beliefs beside Bayes' rule: exact for learners that follow it, and by hand for those that do not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iicl_tui.bayes.bayes_rule import by_bayes, fit, median_interval, total_variation
from iicl_tui.bayes.inference import log_normalise

HYPOTHESES, GENERATIONS, EXAMPLES = 40, 5, 6


def posterior(log_prior: np.ndarray, wrong: np.ndarray, noise: float, outputs: int) -> np.ndarray:
    """Bayes' rule, example by example."""
    right = EXAMPLES - wrong
    with np.errstate(divide="ignore", invalid="ignore"):
        log_likelihood = right * np.log1p(-noise) + np.where(wrong > 0, wrong * np.log(noise / (outputs - 1)), 0.0)
    return log_normalise(log_prior + log_likelihood)


def made(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    log_prior = np.log(rng.dirichlet(np.full(HYPOTHESES, 0.7)))
    wrong = rng.integers(0, EXAMPLES + 1, (GENERATIONS, HYPOTHESES))
    wrong[:, 0] = 0  # one explains everything
    return log_prior, wrong


@given(st.integers(0, 10_000), st.floats(1e-9, 0.6), st.sampled_from([2, 3, 4]))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_a_bayesian_learner_has_distance_0_and_its_noise_is_found(seed: int, noise: float, outputs: int) -> None:
    noise = min(noise, 0.95 * (1 - 1 / outputs))
    log_prior, wrong = made(seed)
    found = fit(log_prior, posterior(log_prior, wrong, noise, outputs), wrong, outputs)
    assert found.noise == pytest.approx(noise, rel=1e-9)
    assert found.noises == pytest.approx(np.full(GENERATIONS, noise), rel=1e-9)
    assert found.distances == pytest.approx(np.zeros(GENERATIONS), abs=1e-9)
    assert found.own_distances == pytest.approx(np.zeros(GENERATIONS), abs=1e-9)
    assert found.interval == (pytest.approx(noise, rel=1e-9), pytest.approx(noise, rel=1e-9))
    assert found.level == 0.95


def test_without_noise_and_with_nothing_learned() -> None:
    log_prior, wrong = made(1)
    exact = fit(log_prior, posterior(log_prior, wrong, 0.0, 3), wrong, 3)
    assert (exact.noise, exact.interval) == (0, (0, 0))
    assert exact.distances == pytest.approx(np.zeros(GENERATIONS), abs=1e-12)
    deaf = fit(log_prior, np.tile(log_prior, (GENERATIONS, 1)), wrong, 3)
    assert deaf.noise == pytest.approx(2 / 3)
    assert deaf.distances == pytest.approx(np.zeros(GENERATIONS), abs=1e-12)
    contrary = fit(log_prior, posterior(log_prior, EXAMPLES - wrong, 0.1, 3), wrong, 3)
    assert contrary.noise == pytest.approx(2 / 3), "data never count against what explains them"


def test_a_known_distance_by_hand() -> None:
    """Two hypotheses, one example that the second gets wrong. P₀ = (½, ½). Bayes' rule with noise ε and two outputs gives
    (1 − ε, ε). One generation believes (.9, .1), which is noise .1; another (.7, .3), which is noise .3. Together they expect
    .4 wrong of 2: noise .2, and each is .1 away."""
    log_prior, wrong = np.log([0.5, 0.5]), np.array([[0, 1], [0, 1]])
    found = fit(log_prior, np.log([[0.9, 0.1], [0.7, 0.3]]), wrong, 2)
    assert found.noises == pytest.approx([0.1, 0.3])
    assert found.noise == pytest.approx(0.2)
    assert found.distances == pytest.approx([0.1, 0.1])
    assert found.own_distances == pytest.approx([0, 0], abs=1e-12)
    assert found.interval == (0, 0.5), "two fits say little: .1 − 9 · .2 to .3 + 9 · .2, within what a noise can be"
    assert found.level == 0.95


@pytest.mark.parametrize("moved", [0.01, 0.05])
def test_mass_that_is_moved_between_equals_is_the_distance(moved: float) -> None:
    """Among hypotheses with the same number of wrong examples the fit cannot see a difference: it is all distance."""
    log_prior = np.log(np.full(4, 0.25))
    wrong = np.array([[0, 0, 1, 2]])
    p = np.exp(posterior(log_prior, wrong, 0.2, 3))
    p[0, 0] += moved
    p[0, 1] -= moved
    found = fit(log_prior, np.log(p), wrong, 3)
    assert found.noise == pytest.approx(0.2)
    assert found.distances == pytest.approx([moved])
    assert found.interval is None


@given(st.integers(0, 10_000))
@settings(derandomize=True, deadline=None, max_examples=40)
def test_no_other_noise_has_a_smaller_divergence(seed: int) -> None:
    log_prior, wrong = made(seed)
    log_p = log_normalise(np.random.default_rng(seed + 1).normal(0, 2, (GENERATIONS, HYPOTHESES)) + log_prior)
    found = fit(log_prior, log_p, wrong, 3)

    def divergence(noise: float) -> float:
        return float((np.exp(log_p) * (log_p - posterior(log_prior, wrong, noise, 3))).sum())

    least = divergence(found.noise)
    for other in (*np.linspace(0.01, 2 / 3, 40), found.noise * 0.999, min(found.noise * 1.001, 2 / 3)):
        assert divergence(float(other)) >= least - 1e-9
    assert found.noises.min() - 1e-9 <= found.noise <= found.noises.max() + 1e-9
    assert found.interval is not None
    assert found.interval[0] <= found.noise <= found.interval[1]
    assert (found.distances >= 0).all()
    assert (found.distances <= 1).all()


def test_generations_whose_data_say_nothing_are_left_out() -> None:
    log_prior, wrong = made(3)
    wrong[2] = 0
    wrong[3] = 4
    log_p = posterior(log_prior, wrong, 0.15, 3)
    found = fit(log_prior, log_p, wrong, 3)
    assert np.isnan(found.noises).tolist() == [False, False, True, True, False]
    assert found.noise == pytest.approx(0.15)
    assert found.distances == pytest.approx(np.zeros(GENERATIONS), abs=1e-9)
    nothing = fit(log_prior, log_p, np.zeros_like(wrong), 3)
    assert math.isnan(nothing.noise)
    assert nothing.interval is None
    assert nothing.distances[2] == pytest.approx(0, abs=1e-12)
    assert nothing.distances[0] == pytest.approx(total_variation(np.exp(log_p[[0]]), log_prior)[0])


def test_a_prior_that_excludes_hypotheses() -> None:
    log_prior, wrong = made(5)
    log_prior[0] = -math.inf
    log_prior = log_normalise(log_prior)
    log_p = posterior(log_prior, wrong, 0.2, 3)
    assert fit(log_prior, log_p, wrong, 3).noise == pytest.approx(0.2)
    p = np.exp(log_p)
    p *= 0.9
    p[:, 0] = 0.1  # a tenth on what the prior excludes can be had by no noise
    with np.errstate(divide="ignore"):
        assert (fit(log_prior, np.log(p), wrong, 3).distances >= 0.1 - 1e-12).all()


def test_without_noise_only_what_explains_most_is_possible() -> None:
    wrong = np.array([[3.0, 1.0, 1.0, 2.0]])
    log_prior = np.log([0.4, 0.1, 0.3, 0.2])
    assert np.exp(by_bayes(log_prior, wrong, math.inf)) == pytest.approx(np.array([[0, 0.25, 0.75, 0]]))


@pytest.mark.parametrize("count", [2, 3, 5, 6, 8, 9, 20, 41])
def test_the_interval_holds_the_median_as_often_as_it_says(count: int) -> None:
    """Of uniform draws, whose median is ½. The level is exact, and the simulation agrees within 4 standard errors.

    Uniform draws are the worst case of fewer than six: their density does not fall away from the median.
    """
    rng = np.random.default_rng(count)
    held, level = 0, 0.0
    for _ in range(4000):
        (low, high), level = median_interval(np.sort(rng.random(count)))
        held += low <= 0.5 <= high
    assert held / 4000 == pytest.approx(level, abs=4 * math.sqrt(0.25 / 4000))
    assert level >= 0.95


SHAPES = {
    "normal": (lambda rng, shape: rng.standard_normal(shape), 0.0),
    "heavy tails": (lambda rng, shape: rng.standard_cauchy(shape), 0.0),
    "two uniform sides": (lambda rng, shape: np.where(rng.random(shape) < 0.5, -1, 5) * rng.random(shape), 0.0),
    "rising to the median on one side only": (lambda rng, shape: rng.standard_exponential(shape), math.log(2)),
    "noises, as log-odds": (lambda rng, shape: 1 / (1 + np.exp(2.5 - rng.standard_normal(shape))), 1 / (1 + math.exp(2.5))),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_the_interval_of_few_generations_holds_the_median_at_least_as_often_as_it_says(shape: str, count: int) -> None:
    """4,000 chains; not below 95 % by more than 4 standard errors of so many."""
    draw, median = SHAPES[shape]
    values = np.sort(draw(np.random.default_rng(count), (4000, count)), axis=1)
    ends = np.array([median_interval(row)[0] for row in values])
    held = float(((ends[:, 0] <= median) & (median <= ends[:, 1])).mean())
    assert held >= 0.95 - 4 * math.sqrt(0.95 * 0.05 / 4000)


def test_the_interval_of_a_learner_whose_beliefs_are_noisy_holds_its_noise() -> None:
    """Four generations, each a Bayesian belief whose log-odds are disturbed: an unbiased fit in about 95 of 100 chains or more."""
    held = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        log_prior, wrong = made(seed)
        weights = rng.normal(2.0, 0.5, 4)  # λ of each generation; its median belongs to ε = 2 / (e² + 2)
        log_p = [by_bayes(log_prior, wrong[[t]].astype(float), weight)[0] for t, weight in enumerate(weights)]
        found = fit(log_prior, np.array(log_p), wrong[:4], 3)
        assert found.interval is not None
        held += found.interval[0] <= 2 / (math.exp(2) + 2) <= found.interval[1]
    assert held / 400 >= 0.95 - 4 * math.sqrt(0.95 * 0.05 / 400)
