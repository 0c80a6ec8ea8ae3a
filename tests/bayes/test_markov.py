"""The matrix against sums over sequences, and the theory's five statements with ACRE's 243 hypotheses."""

from __future__ import annotations

import itertools
import math
from typing import Any, Literal

import numpy as np
import pytest

from iicl_tui.bayes import inference, markov
from iicl_tui.tasks.acre.task import Acre
from iicl_tui.tasks.base import Example

Array = np.ndarray
ACRE = Acre()
SMALL = Acre(objects=("A", "B"))


def log_labels(task: Acre, noise: float = 0.0) -> Array:
    """(X, Y, H) log p(y|x, h), from the task's own likelihood of single examples; `Task.log_labels` says the same."""
    single = [[Example(x, y)] for x in task.inputs for y in task.outputs]
    labels = task.log_likelihood(single, noise).reshape(len(task.inputs), len(task.outputs), task.space.size)
    np.testing.assert_array_equal(task.log_labels(noise), labels)
    return labels


def random_prior(size: int, seed: int = 7) -> Array:
    return inference.log_normalise(np.random.default_rng(seed).normal(size=size))


def by_sequences(
    prior: Array, label: Array, m: int, choose: str, temperature: float, members: Array | None, distinct: bool
) -> Array:
    """T as its definition says, one ordered dataset after the other, in plain probabilities."""
    inputs, outputs, size = label.shape
    total = np.zeros((size, size))
    shown = itertools.permutations(range(inputs), m) if distinct else itertools.product(range(inputs), repeat=m)
    for xs in shown:
        p_inputs = 1 / (math.perm(inputs, m) if distinct else inputs**m)
        for ys in itertools.product(range(outputs), repeat=m):
            likelihood = np.ones(size)
            for x, y in zip(xs, ys, strict=True):
                likelihood = likelihood * np.exp(label[x, y])
            joint = np.exp(prior) * likelihood
            if joint.sum() == 0:
                continue
            learned = joint ** (1 / temperature) if choose == "sample" else (joint > joint.max() * (1 - 1e-12)) * 1.0
            learned = learned / learned.sum()
            if members is not None:
                learned = learned * members
            if learned.sum() > 0:
                total += p_inputs * np.outer(likelihood, learned / learned.sum())
    return total


@pytest.mark.parametrize("noise", [0.0, 0.1])
@pytest.mark.parametrize("distinct", [False, True])
@pytest.mark.parametrize("choose", ["sample", "map"])
@pytest.mark.parametrize(("m", "temperature"), [(0, 1.0), (1, 0.5), (2, 1.0), (3, 0.5)])
def test_the_matrix_is_the_sum_over_all_sequences(
    noise: float, distinct: bool, choose: Literal["sample", "map"], m: int, temperature: float
) -> None:
    prior = np.log(np.array([3, 1, 2, 2, 0.5, 1, 1, 4, 2.5]) / 17)  # with ties, for map
    members = np.array([1, 1, 0, 1, 0, 1, 1, 0, 1], dtype=bool)
    label = log_labels(SMALL, noise)
    for allowed in (None, members):
        exact = markov.transition(prior, label, m, choose=choose, temperature=temperature, members=allowed, distinct=distinct)
        np.testing.assert_allclose(exact, by_sequences(prior, label, m, choose, temperature, allowed, distinct), atol=1e-12)


def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    prior, label = random_prior(9), log_labels(SMALL, 0.1)
    whole = [markov.transition(prior, label, 2, distinct=distinct) for distinct in (False, True)]
    monkeypatch.setattr(markov, "BLOCK", 7)
    for distinct, expected in zip((False, True), whole, strict=True):
        np.testing.assert_allclose(markov.transition(prior, label, 2, distinct=distinct), expected, atol=1e-15)


def test_a_row_lacks_what_stops_the_chain() -> None:
    label = log_labels(SMALL)
    only = inference.log_normalise(np.where(np.arange(9) == 0, 0.0, -np.inf))  # knows of "all on" alone
    matrix = markov.transition(only, label, 1)
    # A off, B on: {A} goes off, which nobody explains; {B} and {A, B} go on
    off_on = SMALL.read_hypothesis({"A": "off", "B": "on"})
    assert matrix[off_on].sum() == pytest.approx(2 / 3)
    assert matrix[off_on, 0] == pytest.approx(2 / 3)
    assert matrix[0, 0] == pytest.approx(1)


def test_prediction_is_a_power_of_the_matrix() -> None:
    matrix = markov.transition(random_prior(9), log_labels(SMALL), 1)
    first = np.arange(9) / 36
    rows = markov.predict(first, matrix, 5)
    assert rows.shape == (5, 9)
    np.testing.assert_allclose(rows[4], first @ np.linalg.matrix_power(matrix, 4))
    np.testing.assert_allclose(rows.sum(axis=1), 1)
    assert markov.predict(first, matrix, 1).tolist() == [first.tolist()]
    assert markov.predict(first, matrix, 0).shape == (0, 9)


def test_several_or_no_stationary_distributions_are_refused() -> None:
    with pytest.raises(ValueError, match="several"):
        markov.stationary(np.eye(3))
    with pytest.raises(ValueError, match="no stationary"):
        markov.stationary(np.array([[0.5, 0.0], [0.0, 0.5]]))


def test_a_stationary_distribution_of_a_chain_with_hypotheses_that_it_leaves_for_ever() -> None:
    np.testing.assert_allclose(markov.stationary(np.array([[0.5, 0.5], [0.0, 1.0]])), [0, 1], atol=1e-12)


# -- the five statements of the theory -----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("m", "noise"), [(1, 0.0), (1, 0.05), (2, 0.0), (2, 0.05), (2, 0.5)])
def test_1_sampling_gives_back_the_prior(m: int, noise: float) -> None:
    prior = random_prior(243)
    matrix = markov.transition(prior, log_labels(ACRE, noise), m)
    np.testing.assert_allclose(matrix.sum(axis=1), 1, atol=1e-12)
    assert inference.total_variation(np.exp(prior) @ matrix, np.exp(prior)) < 1e-12
    assert inference.total_variation(markov.stationary(matrix), np.exp(prior)) < 1e-10


@pytest.mark.slow
@pytest.mark.parametrize("temperature", [0.1, 0.5, 2.0])
@pytest.mark.parametrize("m", [1, 2])
def test_2_a_temperature_gives_a_power_of_the_prior(temperature: float, m: int) -> None:
    prior = random_prior(243)
    expected = np.exp(inference.temper(prior, temperature))
    exact = markov.transition(prior, log_labels(ACRE), m, temperature=temperature)
    assert inference.total_variation(expected @ exact, expected) < 1e-12
    assert inference.total_variation(markov.stationary(exact), expected) < 1e-9


def test_2_holds_with_noise_only_approximately() -> None:
    prior = random_prior(243)
    noisy = markov.transition(prior, log_labels(ACRE, 0.05), 1, temperature=0.5)
    distance = inference.total_variation(markov.stationary(noisy), np.exp(inference.temper(prior, 0.5)))
    assert 1e-6 < distance < 0.1


@pytest.mark.parametrize("m", [1, 2])
def test_3_an_effective_set_gives_the_prior_on_it(m: int) -> None:
    prior = random_prior(243)
    d0 = [Example(("A", "B"), "on"), Example(("C",), "off"), Example(("D", "screen"), "und")]
    members = ACRE.explained(d0) == 3
    assert 1 < members.sum() < 243
    matrix = markov.transition(prior, log_labels(ACRE), m, members=members)
    expected = np.where(members, np.exp(prior), 0.0) / np.exp(prior)[members].sum()
    assert inference.total_variation(markov.stationary(matrix), expected) < 1e-10


def restricted(noise: float = 0.0, m: int = 2, **options: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(H,) a prior of 0 outside of an effective set, which agents have that choose within it; the set; their matrix."""
    d0 = [Example(("A", "B"), "on"), Example(("C",), "off"), Example(("D", "screen"), "und")]
    members = ACRE.explained(d0) == 3
    prior = np.where(members, random_prior(243), -np.inf)
    return prior, members, markov.transition(prior, log_labels(ACRE, noise), m, **options)


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_3_choosing_within_an_effective_set_gives_the_prior_on_it(noise: float) -> None:
    prior, members, matrix = restricted(noise)
    assert inference.total_variation(markov.stationary(matrix), np.exp(inference.log_normalise(prior))) < 1e-10
    redrawn = markov.transition(random_prior(243), log_labels(ACRE, noise), 2, members=members)
    np.testing.assert_allclose(matrix[members], redrawn[members], atol=1e-12)  # exactly what redraws come to


@pytest.mark.parametrize("temperature", [0.3, 2.0])
def test_3_with_a_temperature_it_gives_a_power_of_the_prior_on_it(temperature: float) -> None:
    prior, _, matrix = restricted(m=1, temperature=temperature)
    expected = np.exp(inference.temper(inference.log_normalise(prior), temperature))
    assert inference.total_variation(markov.stationary(matrix), expected) < 1e-9


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_3_the_likeliest_within_it_never_leaves_the_set_and_without_noise_the_prior_never_falls(noise: float) -> None:
    prior, members, matrix = restricted(noise, choose="map")
    inside = matrix[members]
    np.testing.assert_allclose(inside.sum(axis=1), 1, atol=1e-12)
    assert not inside[:, ~members].any()
    here, there = np.nonzero(inside)
    falls = prior[there] < prior[np.flatnonzero(members)[here]] - 1e-9
    assert falls.any() == (noise > 0)
    if not noise:
        np.testing.assert_array_equal(
            markov.absorbing_map(prior, ACRE.table, 2),
            markov.absorbing(markov.transition(prior, log_labels(ACRE), 2, choose="map", distinct=True)) & members,
        )


def test_4_fewer_hypotheses_absorb_the_narrower_the_bottleneck() -> None:
    for seed in range(3):
        prior = random_prior(243, seed)
        sets = [markov.absorbing_map(prior, ACRE.table, m) for m in range(32)]
        for narrow, wide in itertools.pairwise(sets):
            assert (narrow <= wide).all()
        for few in sets[:2]:  # almost nothing is passed on: the best prior alone stays
            assert np.flatnonzero(few).tolist() == [int(prior.argmax())]
        assert sets[31].all()  # everything is passed on: nothing changes any more
        assert not sets[16].all()
        assert sets[16].sum() > 1  # so "converges to the best prior" is not true in general


@pytest.mark.parametrize("m", [1, 2])
def test_4_absorbing_by_agreement_is_absorbing_by_the_matrix(m: int) -> None:
    priors = [random_prior(243), np.log(np.where(ACRE.space.codes[:, 4] == 1, 8.0, 1.0)), np.zeros(243)]
    for prior in map(inference.log_normalise, priors):
        matrix = markov.transition(prior, log_labels(ACRE), m, choose="map", distinct=True)
        np.testing.assert_array_equal(markov.absorbing_map(prior, ACRE.table, m), markov.absorbing(matrix))


@pytest.mark.parametrize("seed", range(4))
def test_4_absorbing_by_agreement_at_every_width_of_a_small_space(seed: int) -> None:
    rng = np.random.default_rng(seed)
    task = Acre(objects=("A", "B", "C"), states=("on", "off"))
    with np.errstate(divide="ignore"):
        prior = inference.log_normalise(np.log(rng.integers(0, 4, size=8)))  # with ties, and some ruled out
    found = []
    for m in range(8):
        matrix = markov.transition(prior, log_labels(task), m, choose="map", distinct=True)
        np.testing.assert_array_equal(markov.absorbing_map(prior, task.table, m), markov.absorbing(matrix))
        found.append(int(markov.absorbing(matrix).sum()))
    assert found == sorted(found)
    assert found[7] == np.isfinite(prior).sum()


@pytest.mark.parametrize("distinct", [False, True])
def test_4_the_prior_never_falls_under_map(distinct: bool) -> None:
    prior = random_prior(243)
    matrix = markov.transition(prior, log_labels(ACRE), 2, choose="map", distinct=distinct)
    here, there = np.nonzero(matrix)
    assert (prior[there] >= prior[here] - 1e-9).all()


def test_5_three_samples_too() -> None:
    task = Acre(objects=("A", "B", "C"))
    prior = random_prior(27)
    matrix = markov.transition(prior, log_labels(task, 0.05), 3)
    assert inference.total_variation(markov.stationary(matrix), np.exp(prior)) < 1e-10
