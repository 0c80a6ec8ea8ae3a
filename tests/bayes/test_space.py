from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iicl_tui.bayes.space import Factor, ProductSpace

shapes = st.lists(st.integers(1, 4), min_size=1, max_size=4)


def space_of(shape: list[int]) -> ProductSpace:
    return ProductSpace(tuple(Factor(f"f{i}", tuple(f"v{j}" for j in range(n))) for i, n in enumerate(shape)))


@given(shapes)
def test_the_first_factor_varies_slowest(shape: list[int]) -> None:
    space = space_of(shape)
    listed = list(itertools.product(*(range(n) for n in shape)))
    assert [tuple(row) for row in space.codes.tolist()] == listed
    assert [space.index(codes) for codes in listed] == list(range(space.size))
    for hypothesis in (0, space.size // 2, space.size - 1):
        written = space.assignment(hypothesis)
        assert list(written) == [factor.name for factor in space.factors]
        assert tuple(int(written[f"f{i}"][1:]) for i in range(len(shape))) == listed[hypothesis]


@given(shapes, st.integers(0, 2**32 - 1))
def test_a_marginal_adds_up_whole_hypotheses(shape: list[int], seed: int) -> None:
    space = space_of(shape)
    p = np.random.default_rng(seed).random(space.size)
    for factor, count in enumerate(shape):
        sums = [sum(p[h] for h in range(space.size) if space.codes[h, factor] == value) for value in range(count)]
        np.testing.assert_allclose(space.marginal(p, factor), sums)


def test_no_place_outside() -> None:
    space = space_of([3, 2])
    with pytest.raises(ValueError, match="invalid entry"):
        space.index((0, 2))


@pytest.mark.parametrize(
    "factors",
    [(), (Factor("a", ()),), (Factor("a", ("x", "x")),), (Factor("a", ("x",)), Factor("a", ("y",)))],
)
def test_a_space_without_distinct_names_and_values_is_refused(factors: tuple[Factor, ...]) -> None:
    with pytest.raises(ValueError, match="distinct"):
        ProductSpace(factors)
