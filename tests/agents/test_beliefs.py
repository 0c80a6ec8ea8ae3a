"""What a belief says of how it is known: bounds that hold for every way of filling in what was not seen."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iicl_tui.agents.beliefs import Belief, Draws, FactorMass, from_draws, from_masses
from iicl_tui.bayes import binomial
from iicl_tui.bayes.space import Factor, ProductSpace

profile = settings(derandomize=True, deadline=None, max_examples=100)


def space_of(*shape: int) -> ProductSpace:
    return ProductSpace(tuple(Factor(f"f{i}", tuple(f"v{j}" for j in range(n))) for i, n in enumerate(shape)))


ACRE = space_of(3, 3, 3, 3, 3)


@st.composite
def masses(draw: st.DrawFn, values: int) -> FactorMass:
    weights = np.array(draw(st.lists(st.floats(0, 1), min_size=values + 2, max_size=values + 2)))
    weights[draw(st.integers(0, values - 1))] += 0.1
    weights /= weights.sum()
    return FactorMass(weights[:values], float(weights[values]), float(weights[-1]))


@st.composite
def token_beliefs(draw: st.DrawFn) -> tuple[ProductSpace, list[FactorMass], Belief]:
    space = space_of(*draw(st.lists(st.integers(1, 3), min_size=1, max_size=3)))
    factors = [draw(masses(values)) for values in space.shape]
    return space, factors, from_masses(space, factors)


def test_an_exact_belief_has_nothing_to_bound() -> None:
    belief = Belief(np.log(np.full(243, 1 / 243)), "exact")
    assert belief.low is belief.high is belief.unobserved is belief.other is belief.draws is belief.notebook_entropy is None
    assert belief.bounds(0) is belief.group_bounds([1, 2]) is None
    assert belief.caption == "exact"
    assert belief.notes == ()


@given(token_beliefs())
@profile
def test_the_factors_are_multiplied_and_renormalised(made: tuple[ProductSpace, list[FactorMass], Belief]) -> None:
    space, factors, belief = made
    p = np.exp(belief.log_p)
    assert p.sum() == pytest.approx(1)
    for h, codes in enumerate(space.codes.tolist()):
        assert p[h] == pytest.approx(math.prod(m.observed[c] / m.observed.sum() for m, c in zip(factors, codes, strict=True)))
    for factor, mass in enumerate(factors):
        assert space.marginal(p, factor) == pytest.approx(mass.observed / mass.observed.sum())


@given(token_beliefs(), st.data())
@profile
def test_the_bounds_hold_however_the_unobserved_mass_is_filled_in(
    made: tuple[ProductSpace, list[FactorMass], Belief], data: st.DataObject
) -> None:
    space, factors, belief = made
    truth = []  # of each factor: unobserved mass spread over the values and over what is none of them
    for mass in factors:
        n = mass.observed.size + 1
        spread = np.array(data.draw(st.lists(st.floats(0, 1), min_size=n, max_size=n)))
        spread = spread / spread.sum() * mass.unobserved if spread.sum() > 0 else np.zeros(n)
        value = mass.observed + spread[:-1]
        truth.append(value / value.sum())
    p = np.array([math.prod(t[c] for t, c in zip(truth, codes, strict=True)) for codes in space.codes.tolist()])
    assert belief.low is not None
    assert belief.high is not None
    for q in (p, np.exp(belief.log_p)):
        assert (q >= np.exp(belief.low) - 1e-12).all()
        assert (q <= np.exp(belief.high) + 1e-12).all()
        for factor in range(len(factors)):
            ends = belief.bounds(factor)
            assert ends is not None
            assert (space.marginal(q, factor) >= ends[0] - 1e-12).all()
            assert (space.marginal(q, factor) <= ends[1] + 1e-12).all()
        group = data.draw(st.lists(st.integers(0, space.size - 1), max_size=space.size))
        both = belief.group_bounds(group)
        assert both is not None
        assert both[0] - 1e-12 <= q[sorted(set(group))].sum() <= both[1] + 1e-12
        assert 0 <= both[0] <= both[1] <= 1


def test_the_bounds_are_reached() -> None:
    space = space_of(2, 2)
    mass = FactorMass(np.array([0.6, 0.1]), 0.0, 0.3)
    belief = from_masses(space, [mass, mass])
    assert belief.low is not None
    assert belief.high is not None
    assert np.exp(belief.low) == pytest.approx([0.36, 0.06, 0.06, 0.01])  # all unobserved mass goes to the other value
    assert np.exp(belief.high) == pytest.approx([0.81, 0.36, 0.36, 0.16])
    ends = belief.bounds(0)
    assert ends is not None
    assert ends[0] == pytest.approx([0.6, 0.1])
    assert ends[1] == pytest.approx([0.9, 0.4])
    assert belief.unobserved == pytest.approx([0.3, 0.3])
    assert belief.other == pytest.approx([0, 0])
    assert belief.group_bounds(range(4)) == (1, 1)
    assert belief.group_bounds([]) == (0, 0)


def test_a_small_mass_that_begins_no_value_is_left_out_of_shares_and_bounds() -> None:
    belief = from_masses(space_of(2), [FactorMass(np.array([0.6, 0.3]), 0.04, 0.06)])
    ends = belief.bounds(0)
    assert ends is not None
    assert np.exp(belief.log_p) == pytest.approx([2 / 3, 1 / 3])
    assert ends[0] == pytest.approx([0.6 / 0.96, 0.3 / 0.96])
    assert ends[1] == pytest.approx([0.66 / 0.96, 0.36 / 0.96])


def test_a_large_mass_that_begins_no_value_is_left_out_of_shares_and_unobserved_in_bounds() -> None:
    belief = from_masses(space_of(2), [FactorMass(np.array([0.2, 0.1]), 0.6, 0.1)])
    ends = belief.bounds(0)
    assert ends is not None
    assert np.exp(belief.log_p) == pytest.approx([2 / 3, 1 / 3])
    assert ends[0] == pytest.approx([0.2, 0.1])
    assert ends[1] == pytest.approx([0.9, 0.8])
    assert belief.other == pytest.approx([0.6])


def test_a_value_never_seen_is_impossible_in_the_belief_but_not_in_its_bounds() -> None:
    belief = from_masses(space_of(2), [FactorMass(np.array([0.9, 0.0]), 0.0, 0.1)])
    assert belief.log_p.tolist() == [0, -math.inf]
    assert belief.high is not None
    assert math.exp(belief.high[1]) == pytest.approx(0.1)


def test_draws_are_counted_and_smoothed() -> None:
    drawn = [4] * 6 + [5] * 2
    belief = from_draws(ACRE, drawn, asked=10)
    assert belief.source == "samples"
    assert belief.draws == (8, 10)
    assert np.exp(belief.log_p).sum() == pytest.approx(1)
    assert math.exp(belief.log_p[4]) == pytest.approx((6 + 1 / 243) / 9)
    assert belief.low is not None
    assert belief.high is not None
    assert (belief.low[4], belief.high[4]) == binomial.log_interval(6, 8)
    assert belief.unobserved is belief.other is None
    for factor in range(5):
        ends = belief.bounds(factor)
        assert ends is not None
        for value in range(3):
            n = sum(ACRE.codes[h, factor] == value for h in drawn)
            low, high = binomial.log_interval(n, 8)
            assert (ends[0][value], ends[1][value]) == pytest.approx((math.exp(low), math.exp(high)))
            members = np.flatnonzero(ACRE.codes[:, factor] == value)
            assert belief.group_bounds(members) == pytest.approx((math.exp(low), math.exp(high)))
    assert belief.group_bounds([4, 4, 5]) == belief.group_bounds([4, 5])  # a hypothesis counts once
    assert belief.group_bounds(range(243)) == (1, 1)
    assert belief.group_bounds([]) == (0, 0)


@pytest.mark.parametrize("weight", [0.001, 1.0, 50.0, 1000.0])
@pytest.mark.parametrize("draws", [1, 2, 10])
def test_an_interval_holds_its_estimate_however_it_is_smoothed(draws: int, weight: float) -> None:
    belief = from_draws(ACRE, [0] * (draws - draws // 3) + [7] * (draws // 3), draws, weight)
    assert belief.low is not None
    assert belief.high is not None
    assert (belief.low <= belief.log_p).all()
    assert (belief.log_p <= belief.high).all()
    low, high = binomial.log_interval(draws - draws // 3, draws)
    assert belief.low[0] == min(low, belief.log_p[0])
    assert belief.high[0] == max(high, belief.log_p[0])
    assert belief.high[1] == max(binomial.log_interval(0, draws)[1], belief.log_p[1])
    for factor in range(5):
        ends, shares = belief.bounds(factor), ACRE.marginal(np.exp(belief.log_p), factor)
        assert ends is not None
        assert (ends[0] <= shares * (1 + 1e-12)).all()
        assert (shares <= ends[1] * (1 + 1e-12)).all()


def test_a_state_that_every_draw_has_may_be_certain() -> None:
    for draws in (1, 10, 1000):
        belief = from_draws(ACRE, [242] * draws, draws)
        assert belief.high is not None
        assert math.exp(belief.high[242]) == 1
        for factor in range(5):
            ends = belief.bounds(factor)
            assert ends is not None
            assert (ends[1][2], ends[0][0]) == (1, 0)


def test_only_draws_have_a_range_of_entropy() -> None:
    assert from_draws(ACRE, range(10), 10).entropy_range == pytest.approx((0.80, 2.87), abs=0.005)
    assert from_draws(ACRE, range(10), 10, 5.0).entropy_range != from_draws(ACRE, range(10), 10).entropy_range
    assert from_masses(space_of(2), [FactorMass(np.array([0.9, 0.0]), 0.0, 0.1)]).entropy_range is None
    assert Belief(np.log(np.full(243, 1 / 243)), "exact").entropy_range is None


def test_no_draw_read_leaves_it_uniform() -> None:
    belief = from_draws(ACRE, [], asked=10)
    assert np.exp(belief.log_p) == pytest.approx(np.full(243, 1 / 243))
    assert belief.draws == (0, 10)
    assert isinstance(belief.evidence, Draws)
    assert belief.caption == "estimated from 0 of 10 draws, 95% intervals"


@pytest.mark.parametrize(
    ("unobserved", "said"),
    [(0.0, "0.01%"), (1e-9, "0.01%"), (0.00031, "0.04%"), (0.0318, "3.2%"), (0.0999, "10.0%"), (0.1, "10%"), (0.255, "26%")],
)
def test_the_caption_rounds_what_is_unobserved_up(unobserved: float, said: str) -> None:
    belief = from_masses(space_of(2), [FactorMass(np.array([1 - unobserved, 0.0]), 0.0, unobserved)])
    assert belief.caption == f"factorised, along one reply; ≤ {said} unobserved"


def test_the_caption_adds_up_what_the_factors_leave_open() -> None:
    mass = FactorMass(np.array([0.9, 0.0]), 0.0, 0.1)
    assert "≤ 19% unobserved" in from_masses(space_of(2, 2), [mass, mass]).caption


@given(st.lists(st.floats(0, 1 - 1e-9), min_size=1, max_size=3), st.integers(0, 10**6), st.integers(0, 10**6))
@profile
def test_no_caption_is_longer_than_a_title(unobserved: list[float], drawn: int, more: int) -> None:
    factors = [FactorMass(np.array([1 - u]), 0.0, u) for u in unobserved]
    space = space_of(*(1 for _ in factors))
    one = space_of(2)
    captions = [
        from_masses(space, factors).caption,
        Belief(np.zeros(2), "samples", Draws(one, np.array([drawn, 0]), drawn + more)).caption,
        Belief(np.zeros(2), "logprobs", notebook_entropy=0.9).caption,
        *(Belief(np.zeros(2), source).caption for source in ("exact", "logprobs", "samples", "examples")),
    ]
    assert all(0 < len(caption) <= 60 for caption in captions)
    assert len(set(captions)) == len(captions)


def test_the_captions_of_the_other_sources() -> None:
    assert from_draws(ACRE, range(10), 10).caption == "estimated from 10 draws, 95% intervals"
    assert Belief(np.zeros(1), "logprobs", notebook_entropy=0.0).caption == "the notebooks' reading, factorised along one reply"


def test_groups_that_are_not_whole_values_are_bounded_by_their_members_and_by_the_others() -> None:
    space = space_of(2, 2)
    belief = from_masses(space, [FactorMass(np.array([0.5, 0.4]), 0.0, 0.1), FactorMass(np.array([0.3, 0.6]), 0.0, 0.1)])
    for size in (1, 2, 3):
        for group in itertools.combinations(range(4), size):
            rest = [h for h in range(4) if h not in group]
            ends, others = belief.group_bounds(group), belief.group_bounds(rest)
            assert ends is not None
            assert others is not None
            assert ends[1] <= 1 - others[0] + 1e-12
