"""Agreement and detection, against their definitions on small tables."""

from __future__ import annotations

import math
from itertools import combinations, permutations
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iicl_tui.review.agreement import (
    CATEGORIES,
    alpha,
    confusions,
    detection,
    disagreeing,
    kappa,
    rate,
    read_truth,
)

VERDICTS = st.sampled_from(["approve", "reject", "edit", "flag", "skip"])
RATER = st.dictionaries(st.integers(0, 8).map(str), VERDICTS, max_size=9)


def rater(text: str) -> dict[str, str]:
    """A reviewer from one letter a row; "." for a row left undecided."""
    words = {"a": "approve", "r": "reject", "e": "edit", "f": "flag", "s": "skip"}
    return {str(at): words[letter] for at, letter in enumerate(text) if letter != "."}


def binary(verdict: str | None) -> int | None:
    return {"approve": 1, "edit": 1, "reject": 0}.get(verdict or "")


def alpha_by_pairs(raters: list[dict[str, str]]) -> float | None:
    """1 − Dₒ / Dₑ, from pairs of values within rows and among all rows (Krippendorff 2011)."""
    rows = [[v for each in raters if (v := binary(each.get(str(row)))) is not None] for row in range(9)]
    rows = [row for row in rows if len(row) > 1]
    values = [value for row in rows for value in row]
    if len(set(values)) < 2:
        return None
    observed = sum(sum(a != b for a, b in permutations(row, 2)) / (len(row) - 1) for row in rows) / len(values)
    expected = sum(a != b for a, b in permutations(values, 2)) / (len(values) * (len(values) - 1))
    return 1 - observed / expected


@settings(max_examples=50)
@given(st.lists(RATER, min_size=2, max_size=4))
def test_alpha_is_one_minus_observed_over_expected_disagreement(raters: list[dict[str, str]]) -> None:
    found, expected = alpha(raters, draws=20), alpha_by_pairs(raters)
    assert (found.value is None) == (expected is None)
    if expected is not None:
        assert found.value == pytest.approx(expected, abs=1e-9)


@settings(max_examples=50)
@given(RATER, RATER)
def test_kappa_is_agreement_beyond_chance(first: dict[str, str], second: dict[str, str]) -> None:
    pairs = [(a, b) for key in first if (a := binary(first[key])) is not None and (b := binary(second.get(key))) is not None]
    found = kappa(first, second, draws=20)
    assert found.units == len(pairs)
    if not pairs:
        assert found.value is None
        return
    agreed = sum(a == b for a, b in pairs) / len(pairs)
    chance = sum(sum(a == value for a, _ in pairs) * sum(b == value for _, b in pairs) / len(pairs) ** 2 for value in (0, 1))
    if chance == 1:
        assert found.value is None
    else:
        assert found.value == pytest.approx((agreed - chance) / (1 - chance))


def test_known_cases() -> None:
    same = rater("aarraerrar")
    assert alpha([same, same]).value == pytest.approx(1)
    assert kappa(same, same).value == pytest.approx(1)
    # 20 yes of both, 5 and 10 apart, 15 no of both: κ = (.7 − .5) / .5 = .4
    first, second = rater("a" * 25 + "r" * 25), rater("a" * 20 + "r" * 5 + "a" * 10 + "r" * 15)
    assert kappa(first, second).value == pytest.approx(0.4)
    opposite = {key: "reject" if verdict == "approve" else "approve" for key, verdict in first.items()}
    assert kappa(first, opposite).value == pytest.approx(-1)
    assert alpha([rater("aaa"), rater("aea")]).value is None  # all passed: nothing to tell apart
    assert alpha([rater("a.."), rater(".r.")]).units == 0


def test_intervals_are_the_same_each_time_and_cover_what_resampling_rows_gives() -> None:
    rng = np.random.default_rng(5)
    letters = np.array(["a", "r", "."])
    raters = [rater("".join(letters[rng.choice(3, 60, p=[0.55, 0.35, 0.1])])) for _ in range(2)]
    raters.append({key: verdict if rng.random() < 0.8 else "approve" for key, verdict in raters[0].items()})
    found = alpha(raters)
    assert found == alpha(raters)
    assert found.low is not None
    assert found.value is not None
    assert found.high is not None
    assert found.low < found.value < found.high
    rows = sorted({key for each in raters for key in each if sum(binary(o.get(key)) is not None for o in raters) > 1})
    assert found.units == len(rows)
    resampled = []
    for _ in range(400):
        chosen = rng.choice(rows, len(rows))
        copies = [{str(at): each[key] for at, key in enumerate(chosen) if key in each} for each in raters]
        value = alpha(copies, draws=1).value
        if value is not None:
            resampled.append(value)
    low, high = np.quantile(resampled, [0.025, 0.975])
    assert found.low == pytest.approx(low, abs=0.06)
    assert found.high == pytest.approx(high, abs=0.06)


def test_confusions_and_disagreements() -> None:
    first, second, third = rater("aerf.s"), rater("aarrr."), rater("......")
    table = confusions(first, second)
    found = {
        (CATEGORIES[a], CATEGORIES[b]): int(table[a, b])
        for a in range(len(CATEGORIES))
        for b in range(len(CATEGORIES))
        if table[a, b]
    }
    assert found == {
        ("approve", "approve"): 1,
        ("edit", "approve"): 1,
        ("reject", "reject"): 1,
        ("flag", "reject"): 1,
        ("–", "reject"): 1,
        ("skip", "–"): 1,
    }
    assert disagreeing([first, second, third]) == []
    assert disagreeing([first, rater("rr"), third]) == ["0", "1"]


def test_detection_counts_hits_and_false_alarms() -> None:
    verdicts = rater("aaarraarrrf")
    truth = {str(at): at < 5 for at in range(11)}
    found = detection(verdicts, truth)
    assert (found.hits.count, found.hits.of) == (3, 5)
    assert (found.false_alarms.count, found.false_alarms.of) == (2, 5)
    z = NormalDist().inv_cdf
    assert found.d_prime == pytest.approx(z(3.5 / 6) - z(2.5 / 6))
    assert found.criterion == pytest.approx(-(z(3.5 / 6) + z(2.5 / 6)) / 2)
    perfect = detection(rater("aarr"), {str(at): at < 2 for at in range(4)})
    assert perfect.d_prime == pytest.approx(2 * z(2.5 / 3))  # finite
    assert detection(rater("aa"), {"0": True, "1": True}).d_prime is None
    assert detection({}, truth).hits.of == 0


@pytest.mark.parametrize(("count", "of"), [(0, 5), (3, 5), (5, 5), (0, 0)])
def test_the_interval_of_a_rate_holds_every_share_for_which_it_is_not_improbable(count: int, of: int) -> None:
    def tail(p: float, counts: range) -> float:
        return sum(math.comb(of, k) * p**k * (1 - p) ** (of - k) for k in counts)

    found = rate(count, of)
    assert 0 <= found.low <= found.high <= 1
    if count:
        assert tail(found.low, range(count, of + 1)) == pytest.approx(0.025)
    if count < of:
        assert tail(found.high, range(count + 1)) == pytest.approx(0.025)
    if not of:
        assert (found.low, found.high) == (0, 1)


def test_truth_is_read_from_usual_words() -> None:
    assert [read_truth(text) for text in ("1", " Approve", "TRUE", "good")] == [True] * 4
    assert [read_truth(text) for text in ("0", "reject ", "False", "bad")] == [False] * 4
    assert read_truth("") is None
    assert read_truth("perhaps") is None


def test_no_pair_is_compared_with_itself() -> None:
    raters = [rater("aarr"), rater("arar"), rater("aarr")]
    assert {kappa(a, b).value for a, b in combinations(raters, 2)} == {0.0, 1.0}
