"""The exact agent against Bayes' rule in fractions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iicl_tui.agents.base import RefineRequest, agent_kinds
from iicl_tui.agents.bayesian import KIND, BayesianAgent
from iicl_tui.bayes import inference
from iicl_tui.errors import ChainStopped, Fault
from iicl_tui.tasks.acre.task import Acre
from iicl_tui.tasks.base import Example

TASK = Acre(("A", "B", "C"))
WEIGHTS = [1 + (7 * h) % 5 for h in range(27)]
LOG_PRIOR = inference.log_normalise(np.log(WEIGHTS))


def by_hand(data: list[Example], noise: Fraction, power: int) -> list[Fraction] | None:
    joint = []
    for h in range(27):
        p = Fraction(WEIGHTS[h])
        for example in data:
            p *= 1 - noise if TASK.predict(h, example.input) == example.output else noise / 2
        joint.append(p**power)
    total = sum(joint)
    return [p / total for p in joint] if total else None


rounds = st.lists(
    st.lists(st.builds(Example, st.sampled_from(TASK.inputs), st.sampled_from(TASK.outputs)), max_size=4), min_size=1, max_size=3
)


@settings(deadline=None)
@given(st.lists(rounds, max_size=4), st.sampled_from([Fraction(0), Fraction(1, 10)]), st.sampled_from([1, 2, 10]))
def test_the_belief_is_bayes_rule(generations: list[Any], noise: Fraction, power: int) -> None:
    agent = BayesianAgent(TASK, LOG_PRIOR, temperature=1 / power, noise=float(noise))
    beliefs = agent.beliefs([(seen, ()) for seen in generations])
    assert len(beliefs) == len(generations)
    for seen, belief in zip(generations, beliefs, strict=True):
        expected = by_hand([example for data in seen for example in data], noise, power)
        if expected is None:
            assert belief is None
        else:
            assert belief is not None
            assert belief.source == "exact"
            assert not np.isnan(belief.log_p).any()
            np.testing.assert_allclose(np.exp(belief.log_p), [float(p) for p in expected], rtol=1e-8, atol=1e-300)
        alone = agent.belief(seen)
        assert (alone is None) == (belief is None)
        if alone is not None and belief is not None:
            np.testing.assert_allclose(alone.log_p, belief.log_p, atol=1e-9)


def test_no_data_gives_the_prior() -> None:
    agent = BayesianAgent(TASK, LOG_PRIOR)
    nothing: tuple[list[list[Example]], ...] = ([], [[]], [[], []])
    for empty in nothing:
        belief = agent.belief(empty)
        assert belief is not None
        np.testing.assert_allclose(belief.log_p, LOG_PRIOR)


async def test_sampling_and_the_maximum() -> None:
    data = [[Example(("A", "B"), "on")]]
    expected = by_hand(data[0], Fraction(0), 1)
    assert expected is not None
    sampler, best = BayesianAgent(TASK, LOG_PRIOR), BayesianAgent(TASK, LOG_PRIOR, choose="map")
    rng = np.random.default_rng(4)
    n = 5000
    counts = np.bincount([await sampler.imitate(data, rng) for _ in range(n)], minlength=27)
    p = np.array([float(q) for q in expected])
    assert (counts[p == 0] == 0).all()
    there = p > 0
    # 15 hypotheses are possible: chi-square with 14 degrees of freedom exceeds 36.1 with chance 1e-3
    assert there.sum() == 15
    assert (((counts - n * p) ** 2)[there] / (n * p[there])).sum() < 36.1
    ties = {h for h in range(27) if expected[h] == max(expected)}
    assert len(ties) > 1
    assert {await best.imitate(data, rng) for _ in range(200)} == ties


async def test_nothing_explains_the_data() -> None:
    agent = BayesianAgent(TASK, LOG_PRIOR)
    impossible = [[Example(("A",), "on"), Example(("A",), "off")]]
    assert agent.belief(impossible) is None
    with pytest.raises(ChainStopped, match="No hypothesis explains"):
        await agent.imitate(impossible, np.random.default_rng(0))
    assert BayesianAgent(TASK, LOG_PRIOR, noise=0.01).belief(impossible) is not None


async def test_samples_carry_the_agents_noise() -> None:
    rng = np.random.default_rng(0)
    quiet = await BayesianAgent(TASK, LOG_PRIOR).transmit(5, 300, (), rng)
    noisy = await BayesianAgent(TASK, LOG_PRIOR, noise=0.3).transmit(5, 300, (), rng)
    wrong = [sum(TASK.predict(5, e.input) != e.output for e in made) for made in (quiet, noisy)]
    assert wrong[0] == 0
    assert abs(wrong[1] - 90) < 32  # four standard deviations


def test_the_kind_of_the_configuration() -> None:
    assert agent_kinds()["bayes"] is KIND
    values = {field.key: field.default for field in KIND.fields}
    faults: list[Fault] = []
    agent = KIND.build(values | {"choose": "map", "noise": 0.05, "temperature": 0.5}, TASK, ("agent", 0), faults, None)
    assert not faults
    assert agent.describe() == "bayes map τ0.5 ε0.05"
    assert BayesianAgent(TASK, LOG_PRIOR, choose="map").describe() == "bayes map"
    assert KIND.build(values | {"temperature": 0.1}, TASK, ("agent", 0), faults, None).describe() == "bayes sample τ0.1"
    KIND.build(values | {"prior": {"D": {}}}, TASK, ("agent", 1), faults, None)
    assert [fault.key for fault in faults] == ["agent[2].prior.D"]


# -- refining -------------------------------------------------------------------------------------------------------------


async def test_a_refined_hypothesis_explains_what_it_was_shown() -> None:
    agent, rng = BayesianAgent(TASK, LOG_PRIOR), np.random.default_rng(5)
    for truth in range(0, 27, 5):
        examples = TASK.transmit(truth, 6, 0.0, rng)
        for shown in range(27):
            refined = await agent.refine(RefineRequest("self-refine", shown, examples), [()], rng)
            assert TASK.explained(examples)[refined] == len(examples)
            if TASK.explained(examples)[shown] == len(examples):
                assert refined == shown


async def test_refining_draws_from_the_posterior_over_all_that_was_seen() -> None:
    """Frequencies of n = 20,000 draws against the exact posterior, by total variation. Its mean is ½ Σ √(2 p(1 − p) / πn), at most
    ½ √(2·26 / πn) = .0144 for 27 hypotheses (Cauchy–Schwarz); that it exceeds it by .011 has a probability below
    exp(−2n·.011²) = .008 (McDiarmid), and the seed is fixed."""
    agent, rng = BayesianAgent(TASK, LOG_PRIOR, noise=0.1), np.random.default_rng(6)
    seen, shown = TASK.transmit(3, 2, 0.0, rng), TASK.transmit(7, 3, 0.0, rng)
    wrong = int(TASK.explained(shown).argmin())
    joint = LOG_PRIOR + TASK.log_likelihood([[*seen, *shown]], 0.1)[0]
    exact = np.exp(joint - joint.max())
    exact /= exact.sum()
    drawn = [await agent.refine(RefineRequest("hypothesis-search", wrong, shown), [seen], rng) for _ in range(20_000)]
    shares = np.bincount(drawn, minlength=27) / 20_000
    assert 0.5 * np.abs(shares - exact).sum() < 0.025


async def test_where_old_and_new_contradict_each_other_the_new_counts() -> None:
    agent, rng = BayesianAgent(TASK, LOG_PRIOR), np.random.default_rng(7)
    x = TASK.inputs[0]
    old, new = [Example(x, "on")], [Example(x, "off")]
    before = int(np.flatnonzero(TASK.explained(old) == 1)[0])
    assert TASK.explained(new)[await agent.refine(RefineRequest("self-refine", before, new), [old], rng)] == 1
    impossible = [*old, *new]
    assert await agent.refine(RefineRequest("self-refine", before, impossible), [()], rng) == before
    assert await agent.refine(RefineRequest("self-refine", before, ()), [old], rng) == before
