"""The acronym task against its definition: semantics, likelihood, samples, prior, d⁰, and the chain that it makes."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iicl_tui.bayes import inference
from iicl_tui.bayes.markov import predict
from iicl_tui.chain.config import read_config
from iicl_tui.errors import ConfigError, Fault
from iicl_tui.schema import read_table
from iicl_tui.tasks.acronym import KIND
from iicl_tui.tasks.acronym.task import Acronym
from iicl_tui.tasks.acronym.words import RankList, Words
from iicl_tui.tasks.base import Example, task_kinds

FEW = Words(RankList("few.csv", {"cat": 1, "act": 4, "tin": 5, "dog": 9}), easy_rank=6, word_letters=3)
SHARES = [k / 20 for k in range(1, 20)]
CAT, DOG, GODS, ZAP = (Example(tuple(x), y) for x, y in [(["c", "a", "t"], "cat"), (["d", "o", "t"], "dog"), ("gods", "gods"),
                                                        ("zap", "zap")])  # fmt: skip


@pytest.fixture(scope="module")
def task() -> Acronym:
    return Acronym()


def built(**table: Any) -> tuple[Acronym, list[Fault]]:
    faults: list[Fault] = []
    made = KIND.build(read_table(KIND.fields, table, ("task",), faults), ("task",), faults, None)
    assert isinstance(made, Acronym)
    return made, faults


def start(task: Acronym, seed: int = 0, **given_values: Any) -> tuple[Any, list[Fault]]:
    faults: list[Fault] = []
    return task.start(np.random.default_rng(seed), given_values, ("start",), faults), faults


def chi_square(counts: Any, p: Any) -> float:
    expected = np.sum(counts) * np.asarray(p)
    return float(((np.asarray(counts) - expected) ** 2 / expected).sum())


def of_length(lengths: range, centre: int, spread: float) -> list[float]:
    """p(length | ℓ) by its definition."""
    weights = [math.exp(-abs(k - centre) / spread) for k in lengths]
    return [weight / sum(weights) for weight in weights]


# -- semantics -----------------------------------------------------------------------------------------------------------


def test_importing_the_tasks_does_not_import_wordfreq() -> None:
    code = "import sys; from iicl_tui.tasks.base import task_kinds; task_kinds()['acronym']; assert 'wordfreq' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3], check=False).returncode == 0
    assert task_kinds()["acronym"] is KIND


def test_the_grid_and_its_three_kinds_of_words(task: Acronym) -> None:
    assert task.space.shape == (19, 7)
    assert task.focus is not None
    kinds = task.space.groupings[task.focus]
    assert kinds.values == ("rare", "mixed", "common")
    for h in range(task.space.size):
        written = task.write_hypothesis(h)
        assert task.read_hypothesis(written) == task.read_hypothesis({**written, "length": int(written["length"])}) == h
        percent = int(written["common"].removesuffix("%"))
        assert kinds.values[kinds.codes[h]] == ("rare" if 3 * percent < 100 else "common" if 3 * percent > 200 else "mixed")
        assert task.rule(h) == f"{percent}% common, {written['length']} letters"


def test_only_the_initials_count(task: Acronym) -> None:
    assert {task.predict(h, ("canvas", "orbit", "e-mail")) for h in range(task.space.size)} == {"coe"}
    assert set(task.explained([CAT, DOG, GODS]).tolist()) == {2}  # c-a-t and g-o-d-s, but d-o-t is no dog


def test_figures_of_a_dataset() -> None:
    task = Acronym(FEW, letters=4)
    measured = task.measure([CAT, DOG, GODS, GODS])
    # ranks 1, 9 (in the list, but not below 6) and twice 10, which is one after the last
    assert measured == (
        1 / 4,
        (1 + 9 + 10 + 10) / 4,
        (1 + 9) / 2,
        14 / 4,
        3 / 4,
        3 / 4,
        1,
    )  # cat, dog, gods are in alphabetical order; equal neighbours do not count
    assert len(measured) == len(task.dataset_metrics)
    assert all(map(math.isnan, task.measure([])))
    assert math.isnan(task.measure([GODS])[2])
    assert math.isnan(task.measure([GODS, GODS])[6])
    assert task.measure([DOG, CAT, GODS, CAT])[6] == 1 / 3
    assert [metric.name for metric in task.dataset_metrics if metric.pooled] == ["share of common words"]
    assert task.dataset_metrics[1].high == 10
    assert Acronym().measure([GODS, Example(("x",), "zzqq")])[1] == (Acronym().words.rank("gods") + 60_001) / 2  # type: ignore[operator]


def test_preferences() -> None:
    task = Acronym(FEW, letters=4)
    tin = Example(("t", "i", "n"), "tin")
    pool = [DOG, GODS, tin, ZAP, CAT]
    order = {name: [each.output for each in sorted(pool, key=key)] for name, key in task.preferences.items()}
    assert order == {
        "easy": ["cat", "tin", "dog", "gods", "zap"],
        "hard": ["gods", "zap", "dog", "tin", "cat"],
        "long": ["gods", "dog", "tin", "zap", "cat"],
        "short": ["dog", "tin", "zap", "cat", "gods"],
        "easylong": ["cat", "tin", "gods", "dog", "zap"],  # by length first, and by rank where it is the same
        "easyshort": ["cat", "tin", "dog", "zap", "gods"],
    }
    longer = Words(RankList("l", {"cat": 1, "tinned": 5}), easy_rank=6, word_letters=3)
    examples = [CAT, Example(("t",), "tinned"), GODS]
    both = [sorted(examples, key=Acronym(longer).preferences[name])[0].output for name in ("easylong", "easyshort")]
    assert both == ["tinned", "cat"]


# -- words ---------------------------------------------------------------------------------------------------------------


def test_examples_are_shown_with_what_is_to_be_known_of_them() -> None:
    first, last = Acronym(FEW, letters=4), Acronym(FEW, letters=4, order="input-first", case="lower")
    assert first.example_text(CAT) == "CAT ← c, a, t"
    assert last.example_text(CAT) == "c, a, t → cat"
    assert [first.example_note(each) for each in (CAT, DOG, GODS)] == ["rank 1", "rank 9 · spells DOT", "not in the list"]
    assert Acronym().example_note(Example(("a", "b"), "gohizus")) == "not in the list · spells AB"
    assert "rank 1," in Acronym().example_note(Example(tuple("telling"), "telling"))


@pytest.mark.parametrize(
    "line", ["CAT ← Cab, ace,tin", "cat<-cab, ace, tin,", "cab, ace, tin -> Cat", "cab,ace,tin=>CAT", "cat <= cab, ace, tin"]
)
def test_lines_are_read_in_either_order(line: str) -> None:
    assert Acronym(FEW, letters=4).read_line(line) == Example(("cab", "ace", "tin"), "cat")


words = st.from_regex(r"[a-zé]([a-z0-9]|[-' ](?=[a-z])){0,8}", fullmatch=True).map(str.strip)
outputs = st.text("abcxyzéß", min_size=1, max_size=10)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.lists(words, min_size=1, max_size=6), outputs, st.sampled_from(["output-first", "input-first"]), st.booleans())
def test_every_example_that_is_read_can_be_shown_and_read_again(names: list[str], output: str, order: str, upper: bool) -> None:
    task = Acronym(FEW, letters=4, order=order, case="upper" if upper else "lower")
    try:
        example = task.read_example(names, output)
    except ValueError:
        assert "ß" in output  # SS in upper case: it could not be read again
        return
    assert task.read_line(task.example_text(example)) == example
    assert task.read_example(list(example.input), example.output) == example


@pytest.mark.parametrize(
    ("input", "output", "words"),
    [
        ("cat", "cat", "expected a list of at least one word"),
        ([], "cat", "at least one word"),
        (["a"] * 41, "cat", "at most 40 words"),
        (["a", 3], "cat", "3 is not a word"),
        (["a, b"], "cat", '"a, b" is not a word'),
        (["a → b"], "cat", "is not a word"),
        (["4th"], "cat", "expected a letter"),
        (["a" * 41], "cat", "is not a word"),
        (["a\x1b[31m"], "cat", "is not a word"),
        (["a"], "", "expected 1 to 40 letters"),
        (["a"], "ca t", "expected 1 to 40 letters"),
        (["a"], None, "expected 1 to 40 letters"),
        (["a"], "İ" * 3, "expected 1 to 40 letters"),
        (["a"], "a" * 41, "expected 1 to 40 letters"),
    ],
)
def test_what_is_no_example(input: Any, output: Any, words: str) -> None:
    with pytest.raises(ValueError, match=f"put: .*{re.escape(words)}"):
        Acronym(FEW, letters=4).read_example(input, output)


@pytest.mark.parametrize("line", ["", "cat", "cat <- a -> b", "cat <- a <- b", "a -> b -> c", "cat <-", "<- a"])
def test_what_is_no_line(line: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        Acronym(FEW, letters=4).read_line(line)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (3, "expected a table"),
        ({"common": "30%"}, "has no key length"),
        ({"common": "31%", "length": 7}, "common must be one of 5%, 10%"),
        ({"common": "30%", "length": 11}, "length must be one of 4, 5, 6, 7, 8, 9, 10, found 11"),
        ({"common": "30%", "length": 10**5000}, "length must be one of"),
        ({"common": "30%", "length": True}, "length must be one of"),
        ({"common": ["30%"], "length": 7}, "common must be one of"),
        ({"common": "30%", "length": 7, "lenght": 7}, "nearest known: length"),
    ],
)
def test_what_is_no_hypothesis(task: Acronym, value: Any, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        task.read_hypothesis(value)


# -- likelihood and samples ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("noise", "spread"), [(0.0, 1.0), (0.2, 0.4), (0.5, 30.0)])
def test_the_likelihood_is_a_product_over_the_examples(noise: float, spread: float) -> None:
    task = Acronym(FEW, shortest=3, longest=5, letters=4, spread=spread)
    data = [CAT, CAT, DOG, GODS, Example(("a",), "a"), Example(("a",), "abcdefghij")]  # the last two lie beyond the ends
    expected = []
    for s in SHARES:
        for centre in (3, 4, 5):
            p = 1.0
            for easy, length in [(True, 3), (True, 3), (False, 3), (False, 4), (False, 3), (False, 5)]:
                share = s * (1 - noise) + (1 - s) * noise
                p *= (share if easy else 1 - share) * of_length(range(3, 6), centre, spread)[length - 3]
            expected.append(math.log(p))
    both = task.log_likelihood([data, []], noise)
    np.testing.assert_allclose(both[0], expected, rtol=1e-12)
    assert not both[1].any()
    assert task.log_likelihood([], noise).shape == (0, 57)


@pytest.mark.parametrize(("h", "noise"), [(0, 0.0), (66, 0.0), (128, 0.0), (14, 0.25)])
def test_samples_follow_the_likelihood(task: Acronym, h: int, noise: float) -> None:
    n = 4000
    drawn = task.transmit(h, n, noise, np.random.default_rng(h))
    written = task.write_hypothesis(h)
    s, centre = int(written["common"][:-1]) / 100, int(written["length"])
    share = s * (1 - noise) + (1 - s) * noise
    easy = [task.is_easy(each) for each in drawn]
    # 4.5 standard deviations: exceeded by chance once in 150,000 times; the seeds are fixed
    assert abs(sum(easy) - n * share) < 4.5 * math.sqrt(n * share * (1 - share))
    lengths = np.array([len(each.output) for each in drawn])
    p = of_length(range(4, 11), centre, 1.0)
    assert chi_square(np.bincount(lengths, minlength=11)[4:], p) < 22.5  # 6 degrees of freedom: chance 1e-3
    near = np.array(easy)[lengths == centre]  # easiness does not depend on the length
    assert abs(near.sum() - len(near) * share) < 4.5 * math.sqrt(len(near) * share * (1 - share))
    assert all(map(task.matches, drawn))


def test_samples_are_few_or_many(task: Acronym) -> None:
    assert task.transmit(0, 0, 0.0, np.random.default_rng(0)) == ()
    first, again = (task.transmit(60, 7, 0.0, np.random.default_rng(5)) for _ in range(2))
    assert first == again
    assert len(first) == 7


def test_the_likeliest_hypothesis_of_samples_is_the_one_that_made_them(task: Acronym) -> None:
    for h in (0, 45, 90, 132):
        drawn = task.transmit(h, 4000, 0.0, np.random.default_rng(h))
        # 4,000 samples tell shares .05 apart: at .5, 6 standard deviations; lengths more so
        assert task.likeliest(drawn) == h


# -- prior ---------------------------------------------------------------------------------------------------------------


def log_prior(task: Acronym, **prior: Any) -> tuple[np.ndarray, list[Fault]]:
    faults: list[Fault] = []
    return task.log_prior(prior, ("agent", 0, "prior"), faults, None), faults


def test_the_prior_is_a_beta_over_the_share_times_weights_of_lengths(task: Acronym) -> None:
    found, faults = log_prior(task, easy=8, hard=2.5, longer=2, length={"4": 3, "10": 0}, common={"5%": 7})
    assert not faults
    weights = [
        s**7 * (1 - s) ** 1.5 * 2.0**length * {4: 3, 10: 0}.get(length, 1) * (7 if s == 0.05 else 1)
        for s in SHARES
        for length in range(4, 11)
    ]
    np.testing.assert_allclose(np.exp(found), np.array(weights) / sum(weights), rtol=1e-10)
    np.testing.assert_allclose(np.exp(log_prior(task)[0]), 1 / 133)
    ramp = [float(h) for h in range(133)]
    np.testing.assert_allclose(np.exp(log_prior(task, weights=ramp)[0]), np.array(ramp) / sum(ramp))


def test_faults_of_a_prior_come_all_at_once(task: Acronym) -> None:
    found, faults = log_prior(task, easy=0, hard="2", longer=math.nan, lenght={}, length={"11": 1}, esay=3, common={"5%": -1})
    np.testing.assert_allclose(np.exp(found), 1 / 133)
    said = {fault.path[-1]: fault.message for fault in faults}
    assert said.keys() == {"easy", "hard", "longer", "lenght", "length", "esay", "common"}
    assert "nearest known: length" in said["lenght"]
    assert "nearest known: easy" in said["esay"]
    assert "expected a number above 0" in said["easy"]
    assert [log_prior(task, easy=value)[1] != [] for value in (True, 1e7, math.inf, 10**400, 1e6)] == [
        True,
        True,
        True,
        True,
        False,
    ]


# -- d⁰ ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("easy", "initial", "share"), [(2, 20, "10%"), (10, 20, "50%"), (0, 5, "5%"), (5, 5, "95%"), (1, 8, "15%")]
)
def test_d0_has_so_many_easy_ones(easy: int, initial: int, share: str) -> None:
    task, faults = built(easy=easy, initial=initial, letters=6, **{"word-letters": 5})
    assert not faults
    places: Counter[int] = Counter()
    for seed in range(12):
        began, faults = start(task, seed)
        assert not faults
        assert task.write_hypothesis(began.target) == {"common": share, "length": "6"}
        assert began.rival is None
        assert len({each.output for each in began.samples}) == len(began.samples) == initial
        assert all(len(each.output) == 6 and task.matches(each) for each in began.samples)
        assert {len(word) for each in began.samples for word in each.input} == {5}
        kinds = [task.is_easy(each) for each in began.samples]
        assert sum(kinds) == easy
        assert all(task.words.rank(each.output) is None for each, known in zip(began.samples, kinds, strict=True) if not known)
        places.update(at for at, known in enumerate(kinds) if known)
        assert start(task, seed)[0] == began
    if 0 < easy < initial:
        assert len(places) > easy  # they are shuffled


def test_a_start_can_be_given() -> None:
    task = built()[0]
    sample = [{"input": ["Cab", "ace", "tin"], "output": "CAT"}, {"input": ["dot"], "output": "zzxyq"}]
    began, faults = start(task, sample=sample)
    assert not faults
    assert began.samples == (Example(("cab", "ace", "tin"), "cat"), Example(("dot",), "zzxyq"))
    assert began.target == task.likeliest(began.samples) == task.read_hypothesis({"common": "50%", "length": "4"})
    began, faults = start(task, sample=sample, hypothesis={"common": "30%", "length": 9})
    assert not faults
    assert task.rule(began.target) == "30% common, 9 letters"
    assert start(task, sample=[])[0].samples == ()
    _, faults = start(task, sample=[{"input": [], "output": "a"}, {"input": ["a"]}], hypothesis=3, rival=4)
    assert [fault.key for fault in faults] == ["start.sample[1]", "start.sample[2]", "start.hypothesis", "start.rival"]


def test_faults_of_options_come_all_at_once() -> None:
    table = {"easy": 30, "shortest": 12, "longest": 14, "easy-rank": 500, "persona": "commn", "wards": 1}
    with pytest.raises(ConfigError) as caught:
        read_config({"chain": {"task": "acronym"}, "task": table, "agent": [{"prior": {"lenght": {}, "length": {"12": 1}}}]})
    said = {fault.key: fault.message for fault in caught.value.faults}
    assert said.keys() == {"task.easy", "task.letters", "task.easy-rank", "task.persona", "task.wards", "agent[1].prior.lenght"}
    assert "no word of 12 or 14 letters that has a rank below 500" in said["task.easy-rank"]
    assert "12 to 14 letters" in said["task.letters"]
    assert "20 examples" in said["task.easy"]
    assert [fault.key for fault in built(shortest=8, longest=6)[1]] == ["task.longest"]
    assert [fault.key for fault in built(ranks=" ", pool="")[1]] == ["task.ranks", "task.pool"]


def test_more_easy_ones_than_there_are() -> None:
    task, faults = built(easy=150, initial=150, letters=10, **{"easy-rank": 1500})
    assert not faults
    _, faults = start(task)
    assert len(faults) == 1
    assert "d⁰ needs 150 different easy outputs" in faults[0].message
    assert "change `easy`" in faults[0].message


# -- the chain -----------------------------------------------------------------------------------------------------------

M = 20


def exact(weights: np.ndarray, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """(M + 1, 19) P(s | k easy ones of M) and (19, 19) T, both by their definitions, without the task."""
    share = np.array([s * (1 - noise) + (1 - s) * noise for s in SHARES])
    binomial = np.array([math.comb(M, k) * share**k * (1 - share) ** (M - k) for k in range(M + 1)])
    learned = binomial * weights
    learned /= learned.sum(axis=1, keepdims=True)
    return learned, binomial.T @ learned


def data(easy: int) -> list[Example]:
    return [Example(("a",), "another")] * easy + [Example(("a",), "gohizus")] * (M - easy)


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_a_learner_is_a_step_of_the_exact_chain(task: Acronym, noise: float) -> None:
    weights = np.array([s**7 * (1 - s) for s in SHARES])
    learned, chain = exact(weights / weights.sum(), noise)
    prior = log_prior(task, easy=8, hard=2, length={"9": 4})[0]
    beliefs = np.exp(inference.posterior(prior, task.log_likelihood([data(k) for k in range(M + 1)], noise)))
    found = np.array([task.space.marginal(belief, 0) for belief in beliefs])
    np.testing.assert_allclose(found, learned, atol=1e-12)
    np.testing.assert_allclose(weights / weights.sum() @ chain, weights / weights.sum(), atol=1e-12)  # it is stationary


def test_the_easy_bias_is_amplified_for_every_number_of_easy_ones() -> None:
    weights = np.array([s**7 * (1 - s) for s in SHARES])
    learned, chain = exact(weights, 0.0)
    ends = []
    for easy in (2, 4, 6, 8, 10):
        share = predict(learned[easy], chain, 6) @ SHARES
        assert (np.diff([easy / M, *share]) > 0.005).all()
        ends.append(share[-1])
    assert (np.diff(ends) > 0.005).all()  # the fewer there are to begin with, the lower it ends
    assert ends[-1] < weights @ SHARES / weights.sum()


def test_chains_of_sampling_learners_have_the_exact_share(task: Acronym) -> None:
    noise, chains, generations = 0.1, 150, 6
    weights = np.array([s**7 * (1 - s) for s in SHARES])
    learned, chain = exact(weights, noise)
    expected = predict(learned[4], chain, generations) @ (0.1 + 0.8 * np.array(SHARES))
    prior = log_prior(task, easy=8, hard=2)[0]
    rng = np.random.default_rng(7)
    easy = np.zeros((generations, chains))
    for at in range(chains):
        examples: Any = data(4)
        for generation in range(generations):
            h = inference.sample(inference.posterior(prior, task.log_likelihood([examples], noise)[0]), rng)
            examples = task.transmit(h, M, noise, rng)
            easy[generation, at] = task.measure(examples)[0]
    # the standard error of a mean of 150 shares of at most 1 is below .5 / √150 = .041; 4 of the errors that were found
    assert (np.abs(easy.mean(axis=1) - expected) < 4 * easy.std(axis=1) / math.sqrt(chains)).all()
    assert expected[-1] - expected[0] > 0.2  # so that a chain which stays where it began would be told apart
