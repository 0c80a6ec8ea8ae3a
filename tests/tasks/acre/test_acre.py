"""ACRE against its definition, written here once more without arrays."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iicl_tui.chain.config import read_config
from iicl_tui.errors import Fault
from iicl_tui.tasks.acre import KIND
from iicl_tui.tasks.acre import task as acre
from iicl_tui.tasks.acre.task import Acre
from iicl_tui.tasks.base import Example, task_kinds

FIVE = Acre(spurious="screen")
NAMES = ("A", "B", "C", "D", "E", "F", "G", "H")
STATES = ("on", "off", "und")


def light(rule: dict[str, str], shown: tuple[str, ...]) -> str:
    seen = [rule[name] for name in shown]
    return "on" if "on" in seen else "und" if "und" in seen else "off"


def rules(objects: tuple[str, ...], states: tuple[str, ...]) -> list[dict[str, str]]:
    return [dict(zip(objects, row, strict=True)) for row in itertools.product(states, repeat=len(objects))]


def start(task: Acre, seed: int = 0, **given_values: Any) -> tuple[Any, list[Fault]]:
    faults: list[Fault] = []
    return task.start(np.random.default_rng(seed), given_values, ("start",), faults), faults


@pytest.mark.parametrize("states", [STATES, STATES[:2]])
@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_the_light_is_what_the_definition_says(count: int, states: tuple[str, ...]) -> None:
    objects = NAMES[:count]
    task = Acre(objects, states)
    listed = rules(objects, states)
    assert task.space.size == len(listed) == len(states) ** count
    shown = [s for n in range(1, count + 1) for s in itertools.combinations(objects, n)]
    assert sorted(task.inputs) == sorted(shown)
    for h, rule in enumerate(listed):
        assert task.write_hypothesis(h) == rule
        assert [task.predict(h, x) for x in task.inputs] == [light(rule, x) for x in task.inputs]


@settings(max_examples=15, deadline=None)
@given(st.integers(6, 8), st.sampled_from([2, 3]), st.data())
def test_the_light_with_many_objects(count: int, states: int, data: st.DataObject) -> None:
    task = Acre(NAMES[:count], STATES[:states])
    assert len(task.inputs) == 2**count - 1
    codes = data.draw(st.lists(st.integers(0, states - 1), min_size=count, max_size=count))
    h = task.space.index(tuple(codes))
    rule = {name: STATES[code] for name, code in zip(NAMES, codes, strict=False)}
    assert task.write_hypothesis(h) == rule
    assert task.read_hypothesis(rule) == h
    x = task.inputs[data.draw(st.integers(0, len(task.inputs) - 1))]
    assert task.predict(h, x) == light(rule, x)


def test_inputs_count_in_binary_with_the_first_object_highest() -> None:
    assert len(FIVE.inputs) == 31
    for i, x in enumerate(FIVE.inputs):
        assert f"{i + 1:05b}" == "".join("01"[name in x] for name in FIVE.objects)
    assert FIVE.inputs[0] == ("screen",)
    assert FIVE.inputs[30] == ("A", "B", "C", "D", "screen")


def test_the_notebooks_numbers() -> None:
    candidates = FIVE.candidates()
    assert len(candidates) == 162
    named = {n: list(FIVE.write_hypothesis(int(candidates[n])).values()) for n in (0, 33, 132)}
    assert named == {
        0: ["on"] * 5,
        33: ["on", "off", "und", "off", "und"],
        132: ["und", "off", "off", "on", "on"],
    }
    for n in (0, 33, 132):
        began, faults = start(Acre(spurious="screen", hypothesis=n))
        assert not faults
        assert began.rival == candidates[n]
        assert FIVE.write_hypothesis(began.target) == {**FIVE.write_hypothesis(began.rival), "screen": "off"}
    assert [start(Acre(hypothesis=n))[0].target for n in (0, 242)] == [0, 242]  # no spurious object: the whole space
    assert start(Acre(hypothesis=5))[0].rival is None


def test_every_candidate_has_fifteen_to_thirty_inputs_in_common_with_its_partner() -> None:
    common = [len(FIVE.in_common(int(h), FIVE.partner(int(h)))) for h in FIVE.candidates()]
    assert (min(common), max(common)) == (15, 30)


def test_the_effective_set_of_h132() -> None:
    task = Acre(spurious="screen", hypothesis=132, initial=8, draw="overlap")
    sizes = []
    for seed in range(200):
        began, faults = start(task, seed)
        assert not faults
        explained = task.explained(began.samples)
        assert explained[began.target] == explained[began.rival] == 8
        assert len({example.input for example in began.samples}) == 8
        sizes.append(int((explained == 8).sum()))
    # figures on record: min 3, median 9, max about 100, over another 200 draws
    assert 2 <= min(sizes) <= 4
    assert 6 <= np.median(sizes) <= 12
    assert 50 <= max(sizes) <= 162


examples_of = st.lists(st.tuples(st.integers(0, 6), st.sampled_from(STATES)).map(lambda pair: (pair[0], pair[1])), max_size=6)


@settings(max_examples=60, deadline=None)
@given(examples_of, st.sampled_from([Fraction(0), Fraction(1, 20), Fraction(1, 2)]), st.sampled_from([2, 3]))
def test_the_likelihood_is_a_product_over_the_examples(pairs: list[Any], noise: Fraction, states: int) -> None:
    task = Acre(NAMES[:3], STATES[:states])
    data = [Example(task.inputs[x], y) for x, y in pairs if y in task.outputs]
    expected, right = [], []
    for rule in rules(task.objects, task.outputs):
        p = Fraction(1)
        fits = [light(rule, example.input) == example.output for example in data]
        for fit in fits:
            p *= 1 - noise if fit else noise / (states - 1)
        expected.append(float(p))
        right.append(sum(fits))
    log_likelihood = task.log_likelihood([data, []], float(noise))
    np.testing.assert_allclose(np.exp(log_likelihood[0]), expected, rtol=1e-9)
    assert not log_likelihood[1].any()
    assert task.explained(data).tolist() == right


# -- samples -------------------------------------------------------------------------------------------------------------


def chi_square(counts: np.ndarray, p: np.ndarray) -> float:
    expected = counts.sum() * p
    assert (counts[p == 0] == 0).all()
    return float((((counts - expected) ** 2)[p > 0] / expected[p > 0]).sum())


@pytest.mark.parametrize("states", [2, 3])
def test_samples_show_uniform_inputs_and_noisy_labels(states: int) -> None:
    task = Acre(NAMES[:3], STATES[:states])
    h = task.space.index((0, 1, states - 1))
    noise, n = 0.3, 20_000
    drawn = task.transmit(h, n, noise, np.random.default_rng(3))
    inputs = np.array([task.inputs.index(example.input) for example in drawn])
    # chi-square, 6 degrees of freedom: exceeds 22.5 with chance 1e-3; the seeds are fixed
    assert chi_square(np.bincount(inputs, minlength=7), np.full(7, 1 / 7)) < 22.5
    right = task.predict(h, task.inputs[4])
    labels = Counter(example.output for example in drawn if example.input == task.inputs[4])
    p = np.array([1 - noise if y == right else noise / (states - 1) for y in task.outputs])
    assert chi_square(np.array([labels[y] for y in task.outputs]), p) < 13.8  # at most 2 degrees of freedom


def test_samples_without_noise_follow_the_rule() -> None:
    drawn = FIVE.transmit(77, 200, 0.0, np.random.default_rng(0))
    assert len(drawn) == 200
    assert all(FIVE.predict(77, example.input) == example.output for example in drawn)


def test_distinct_samples() -> None:
    task = Acre(NAMES[:3], distinct=True, samples=7)
    for noise in (0.0, 0.5):
        drawn = task.transmit(5, 7, noise, np.random.default_rng(1))
        assert sorted(example.input for example in drawn) == sorted(task.inputs)


# -- h* and d⁰ -----------------------------------------------------------------------------------------------------------


def test_a_random_rule_has_something_on_and_something_off() -> None:
    # P(on, off, und) = .5, .3, .2 given at least one on and one off, for each object by symmetry
    weights = {"on": Fraction(5, 10), "off": Fraction(3, 10), "und": Fraction(2, 10)}
    listed = rules(NAMES[:5], STATES)
    p = np.array([float(math.prod(weights[s] for s in r.values())) for r in listed])
    p *= [{"on", "off"} <= set(r.values()) for r in listed]
    p /= p.sum()
    task = Acre(NAMES[:5])
    rng = np.random.default_rng(2)
    targets = [task.start(rng, {}, (), []).target for _ in range(3000)]
    assert all(p[h] > 0 for h in targets)
    by_first = np.bincount(np.array(targets) // 81, minlength=3)
    assert chi_square(by_first, p.reshape(3, 81).sum(axis=1)) < 13.8
    ons = np.array([sum(s == "on" for s in r.values()) for r in listed])
    counts = np.bincount(ons[targets], minlength=6)
    assert chi_square(counts, np.bincount(ons, p, minlength=6)) < 16.3  # 1 to 4 are on: 3 degrees of freedom


def test_a_random_rule_with_a_spurious_object_keeps_a_cause() -> None:
    for seed in range(300):
        began, _ = start(Acre(spurious="screen"), seed)
        target, rival = FIVE.write_hypothesis(began.target), FIVE.write_hypothesis(began.rival)
        assert target["screen"] == "off"
        assert rival["screen"] in ("on", "und")
        assert {**target, "screen": rival["screen"]} == rival
        assert "on" in target.values()


def test_a_random_rule_of_two_states() -> None:
    for seed in range(50):
        target = start(Acre(NAMES[:2], STATES[:2]), seed)[0].target
        assert target in (1, 2)


@pytest.mark.parametrize("draw", ["any", "overlap"])
@pytest.mark.parametrize("initial", [0, 1, 8, 15])
def test_initial_examples_are_distinct_and_true(draw: str, initial: int) -> None:
    for seed in range(20):
        task = Acre(spurious="screen", initial=initial, draw=draw)
        began, faults = start(task, seed)
        assert not faults
        assert len({example.input for example in began.samples}) == len(began.samples) == initial
        assert task.explained(began.samples)[began.target] == initial
        if draw == "overlap":
            assert task.explained(began.samples)[began.rival] == initial


def test_any_draws_from_all_inputs() -> None:
    seen: set[Any] = set()
    for seed in range(100):
        seen |= {example.input for example in start(Acre(spurious="screen", hypothesis=0, initial=8), seed)[0].samples}
    assert len(seen) == 31


def test_what_is_given_is_taken_and_the_rest_is_what_would_have_been_drawn() -> None:
    task = Acre(spurious="screen")
    drawn, _ = start(task, 5)
    written = {
        "hypothesis": task.write_hypothesis(drawn.target),
        "rival": task.write_hypothesis(drawn.rival),
        "sample": [{"input": list(e.input), "output": e.output} for e in drawn.samples],
    }
    assert start(task, 99, **written) == (drawn, [])
    for key in written:
        assert start(task, 5, **{k: v for k, v in written.items() if k not in (key, "hypothesis")})[0] == drawn
    given_sample, faults = start(task, 5, sample=[{"input": ["screen", "A"], "output": "und"}])
    assert not faults
    assert given_sample.samples == (Example(("A", "screen"), "und"),)
    assert start(task, 5, sample=[])[0].samples == ()


def test_every_fault_of_a_given_start() -> None:
    task = Acre(spurious="screen")
    _, faults = start(
        task,
        hypothesis={"A": "on"},
        rival={**FIVE.write_hypothesis(0), "Z": "on"},
        sample=[
            {"input": ["A"], "output": "onn"},
            {"input": [], "output": "on"},
            {"input": ["A", "A"], "output": "on"},
            {"input": ["scren"], "output": "on"},
            {"input": [3], "output": "on"},
            {"input": "A", "output": "on"},
            {"output": "on"},
            {"input": ["A"]},
            {"input": ["A"], "output": "on"},
        ],
    )
    keys = [fault.key for fault in faults]
    assert keys == ["start.hypothesis", "start.rival", *(f"start.sample[{i}]" for i in range(1, 9))]
    text = "\n".join(map(str, faults))
    for words in ("gives no state to B", 'unknown object "Z"', '"onn"', "twice", 'unknown object "scren"; nearest known: screen'):
        assert words in text


@pytest.mark.parametrize(("own", "rival"), [("on", "off"), ("und", "off"), ("off", "on")])
def test_the_spurious_object_may_have_any_state_in_h_and_another_in_its_rival(own: str, rival: str) -> None:
    rule = {**FIVE.write_hypothesis(33), "screen": own}
    began, faults = start(Acre(spurious="screen", draw="overlap", initial=8), hypothesis=rule)
    assert not faults
    assert FIVE.write_hypothesis(began.target) == rule
    assert FIVE.write_hypothesis(began.rival) == {**rule, "screen": rival}
    explained = FIVE.explained(began.samples)
    assert explained[began.target] == explained[began.rival] == 8


@pytest.mark.parametrize("state", ["on", "off", "und"])
def test_h_and_its_rival_differ_in_the_spurious_object(state: str) -> None:
    rule = {**FIVE.write_hypothesis(33), "screen": state}
    _, faults = built(spurious="screen", hypothesis=rule, rival=state)
    assert [str(fault) for fault in faults] == [
        f"task.hypothesis: h* and ĥ must differ in screen, and `rival` gives it {state} in both"
    ]


# -- the table of the configuration --------------------------------------------------------------------------------------


def built(**table: Any) -> tuple[Acre, list[Fault]]:
    values = {field.key: field.default for field in KIND.fields} | table
    faults: list[Fault] = []
    return acre.build(values, ("task",), faults), faults


def test_acre_is_found() -> None:
    assert task_kinds()["acre"] is KIND


@pytest.mark.parametrize(
    ("table", "key", "words"),
    [
        ({"spurious": "scren"}, "spurious", "screen"),
        ({"bias": "high"}, "bias", "needs a spurious object"),
        ({"draw": "overlap"}, "draw", "needs a spurious object"),
        ({"rival": "on"}, "rival", "needs a spurious object"),
        ({"states": ("on", "off"), "spurious": "screen", "rival": "und"}, "rival", "third state"),
        ({"distinct": True, "samples": 32}, "samples", "31"),
        ({"hypothesis": "rnadom"}, "hypothesis", '"rnadom"'),
        ({"hypothesis": True}, "hypothesis", "true"),
        ({"hypothesis": 1.0}, "hypothesis", "1.0"),
        ({"hypothesis": 243}, "hypothesis", "0 to 242"),
        ({"hypothesis": 162, "spurious": "screen"}, "hypothesis", "0 to 161"),
        ({"hypothesis": -1}, "hypothesis", "-1"),
        ({"hypothesis": {"A": "on"}}, "hypothesis", "gives no state to B"),
        ({"hypothesis": dict.fromkeys(FIVE.objects, "on"), "spurious": "screen", "rival": "on"}, "hypothesis", "differ in screen"),
    ],
)
def test_one_fault_is_one_fault(table: dict[str, Any], key: str, words: str) -> None:
    _, faults = built(**table)
    assert [fault.path for fault in faults] == [("task", key)]
    assert words in faults[0].message


def test_a_misspelt_spurious_object_is_the_only_fault() -> None:
    _, faults = built(spurious="scren", bias="high", draw="overlap", rival="und")
    assert [fault.key for fault in faults] == ["task.spurious"]


def test_a_pool_too_small_for_the_initial_examples() -> None:
    task = Acre(spurious="screen", hypothesis=161, initial=31, draw="overlap")
    _, faults = start(task)
    assert [fault.key for fault in faults] == ["task.initial"]
    _, faults = start(Acre(initial=32))
    assert [str(fault) for fault in faults] == ["task.initial: there are only 31 inputs, and d⁰ shows none twice"]
    assert start(Acre(initial=32), sample=[])[1] == []  # d⁰ is given: nothing is drawn


def test_rival_by_name_of_the_state() -> None:
    rule = {**FIVE.write_hypothesis(0), "screen": "off"}
    for rival, code in ((None, 0), ("on", 0), ("und", 2)):
        task, faults = built(spurious="screen", hypothesis=rule, rival=rival)
        assert not faults
        assert FIVE.space.codes[start(task)[0].rival, 4] == code
    renamed = {name: {"on": "lit", "off": "dark"}[state] for name, state in rule.items()}
    task, faults = built(spurious="screen", states=("lit", "dark", "dim"), hypothesis=renamed, rival="und")
    assert not faults
    assert task.write_hypothesis(start(task)[0].rival)["screen"] == "dim"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("objects", ["A"]),
        ("objects", list("ABCDEFGHI")),
        ("objects", ["A", "A"]),
        ("objects", ["A", " B"]),
        ("objects", ["A", "B,C"]),
        ("objects", ["A", ""]),
        ("objects", ["A", "\x1b[31m"]),
        ("objects", ["A", "x" * 25]),
        ("objects", ["A", "weight"]),
        ("objects", ["A", "weights"]),
        ("objects", ["A", "table"]),
        ("objects", "AB"),
        ("states", ["on"]),
        ("states", ["on", "off", "und", "more"]),
    ],
)
def test_names_that_cannot_be_used(key: str, value: Any) -> None:
    field = next(field for field in KIND.fields if field.key == key)
    with pytest.raises(ValueError, match=r"expected|name"):
        field.read(value)


def test_names_that_can() -> None:
    field = next(field for field in KIND.fields if field.key == "objects")
    assert field.read(["灯", "the [/red] screen", "A"]) == ("灯", "the [/red] screen", "A")


def test_words() -> None:
    h = FIVE.read_hypothesis({"screen": "off", "A": "on", "B": "off", "C": "und", "D": "off"})
    assert FIVE.rule(h) == "A on  B off  C und  D off  screen off"
    assert FIVE.example_text(FIVE.read_example(["C", "A"], "on")) == "A, C → on"


def test_a_chain_about_a_spurious_object_that_is_on_can_be_configured() -> None:
    rule = {"A": "on", "B": "off", "C": "off", "D": "off", "screen": "on"}
    samples = [(["screen"], "on"), (["A"], "on"), (["B", "screen"], "on"), (["C"], "off")]
    document: dict[str, Any] = {
        "task": {"spurious": "screen", "hypothesis": rule, "samples": 6},
        "agent": [{"kind": "bayes", "temperature": 0.5, "noise": 0.05, "prior": {"screen": {"off": 4, "on": 1, "und": 1}}}],
        "start": {"sample": [{"input": shown, "output": state} for shown, state in samples]},
    }
    config = read_config(document)
    assert FIVE.write_hypothesis(config.start.target) == rule
    assert config.start.rival == FIVE.partner(config.start.target)
    again = read_config({**document, "start": {**document["start"], "hypothesis": rule}})
    assert again.start == config.start
