"""The joint belief by scoring, against models whose joint distribution and tokenisation are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from math import exp, log
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scored_model import CutModel

from iicl_tui.agents.scoring import NextTokens, ScoredMasses, TooManyReads, TreeScore
from iicl_tui.bayes.space import Factor, ProductSpace
from iicl_tui.tasks.answer_form import AnswerForm

STATES = ("on", "off", "und")
OBJECTS = ("A", "B", "C", "D", "screen")


def form_of(names: Sequence[str], values: Sequence[str]) -> AnswerForm:
    """{"A": "on", "B": "off"}"""
    between = [f'", "{name}": "' for name in names[1:]]
    return AnswerForm((f'{{"{names[0]}": "', *between, '"}'), (tuple(values),) * len(names))


def space_of(names: Sequence[str], values: Sequence[str]) -> ProductSpace:
    return ProductSpace(tuple(Factor(name, tuple(values)) for name in names))


def scored(form: AnswerForm, after: Callable[[str], NextTokens], **options: float) -> TreeScore:
    tree = TreeScore(form, **{"floor": 0.0, **options})  # type: ignore[arg-type]
    while not tree.done:
        tree.add({beginning: after(beginning) for beginning in tree.pending})
    return tree


def joint(shape: tuple[int, ...], seed: int) -> np.ndarray:
    p = np.random.default_rng(seed).dirichlet(np.full(int(np.prod(shape)), 0.3))
    return p.reshape(shape)


@pytest.mark.parametrize("seed", range(6))
def test_the_joint_is_found_however_the_states_are_cut(seed: int) -> None:
    form, space, p = form_of(OBJECTS, STATES), space_of(OBJECTS, STATES), joint((3,) * 5, seed)
    found = scored(form, CutModel(form, p, seed).after).result(space)
    log_p = found.log_p()
    assert log_p is not None
    np.testing.assert_allclose(np.exp(log_p), p.reshape(-1), atol=1e-9)
    assert found.on_form == pytest.approx(1, abs=1e-9)
    assert found.off_form == pytest.approx(0, abs=1e-9)
    assert found.unobserved_mass == pytest.approx(0, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(st.text("abn", min_size=1, max_size=4), min_size=2, max_size=4, unique=True),
    factors=st.integers(1, 3),
    seed=st.integers(0, 10_000),
)
def test_values_that_begin_each_other_are_told_apart(values: list[str], factors: int, seed: int) -> None:
    names = OBJECTS[:factors]
    form, space, p = form_of(names, values), space_of(names, values), joint((len(values),) * factors, seed)
    found = scored(form, CutModel(form, p, seed).after).result(space)
    log_p = found.log_p()
    assert log_p is not None
    np.testing.assert_allclose(np.exp(log_p), p.reshape(-1), atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), factors=st.integers(1, 2))
def test_all_tokenisations_of_an_answer_are_added_up(seed: int, factors: int) -> None:
    """Against a walk over every token sequence, for a model that can write one answer in several ways."""
    form, space = form_of(OBJECTS[:factors], STATES), space_of(OBJECTS[:factors], STATES)
    answers = [form.beginning(codes) for codes in product(range(3), repeat=factors)]

    def after(beginning: str) -> NextTokens:
        left = [answer[len(beginning) :] for answer in answers if answer.startswith(beginning)]
        pieces = sorted({text[:length] for text in left for length in (1, 2, 4)})
        shares = np.random.default_rng([seed, crc32(beginning.encode())]).dirichlet(np.ones(len(pieces)))
        return [(piece, log(share)) for piece, share in zip(pieces, shares, strict=True)]

    def walk(text: str) -> dict[str, float]:
        """The probability of each answer from here; text without a choice is given."""
        going_on = [answer for answer in answers if answer.startswith(text)]
        if len(going_on) == 1 and (text == going_on[0] or going_on[0][len(text) :] in form.literals[-1]):
            return {going_on[0]: 1.0}
        for depth in range(1, factors):
            for codes in product(range(3), repeat=depth):
                whole, value_end = form.beginning(codes), len(form.beginning(codes)) - len(form.literals[depth]) + 1
                if len(text) >= value_end and whole.startswith(text) and text != whole:
                    return walk(whole)
        out: dict[str, float] = {}
        for piece, log_p in after(text):
            for answer, share in walk(text + piece).items():
                out[answer] = out.get(answer, 0.0) + exp(log_p) * share
        return out

    expected = walk(form.literals[0])
    found = scored(form, after).result(space)
    np.testing.assert_allclose(found.mass, [expected.get(answer, 0.0) for answer in answers], atol=1e-9)


def test_one_token_a_value_takes_one_read_for_each_beginning() -> None:
    form, space, p = form_of(OBJECTS, STATES), space_of(OBJECTS, STATES), joint((3,) * 5, 1)
    model = CutModel(form, p, 1)

    def whole(beginning: str) -> NextTokens:
        shares = {state: sum(share for answer, share in model.answers.items() if answer.startswith(f'{beginning}{state}"'))
                  for state in STATES}  # fmt: skip
        total = sum(shares.values())
        return [(f'{state}",', log(share / total)) if "screen" not in beginning else (f'{state}"', log(share / total))
                for state, share in shares.items()]  # fmt: skip

    tree = scored(form, whole)
    assert tree.reads == form.least_reads == 121
    np.testing.assert_allclose(tree.result(space).mass, p.reshape(-1), atol=1e-12)


def test_mass_that_begins_no_answer_is_counted_and_never_renormalised_away() -> None:
    names = OBJECTS[:2]
    form, space, p = form_of(names, STATES), space_of(names, STATES), joint((3, 3), 5)
    found = scored(form, CutModel(form, p, 5, other=0.25).after).result(space)
    assert 0 < found.on_form < 0.8
    assert found.on_form + found.off_form + found.unobserved_mass == pytest.approx(1, abs=1e-9)
    assert f"{found.on_form:.2f}".removeprefix("0") in found.caption


def known_after(lists: dict[str, dict[str, float]]) -> Callable[[str], NextTokens]:
    return lambda beginning: [(text, log(p)) for text, p in lists[beginning].items()]


ONE = AnswerForm(('{"', '"}'), (STATES,))
ONE_SPACE = space_of(("x",), STATES)


def test_mass_that_was_not_listed_is_bounded() -> None:
    found = scored(ONE, known_after({'{"': {'on"': 0.5, "of": 0.2}, '{"of': {'f"': 0.9}})).result(ONE_SPACE)
    np.testing.assert_allclose(found.mass, [0.5, 0.18, 0])
    np.testing.assert_allclose(found.open, [0.3, 0.32, 0.3])
    assert found.unobserved_mass == pytest.approx(0.32)
    low, high = found.bounds(0)
    # Worst case for "on": the other rules get all that is open. Best case: it gets all that it can have.
    np.testing.assert_allclose(low, [0.5 / (0.68 + 0.32), 0.18 / (0.68 + 0.32), 0], rtol=1e-12)
    np.testing.assert_allclose(high, [0.8 / (0.68 + 0.3), 0.5 / (0.68 + 0.32), 0.3 / (0.68 + 0.3)], rtol=1e-12)
    assert found.group_bounds([0, 1, 2]) == (1.0, 1.0)
    assert found.group_bounds([]) == (0.0, 0.0)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), most=st.integers(1, 4), floor=st.sampled_from([0.0, 1e-3, 0.05]))
def test_the_bounds_hold_whatever_was_left_out(seed: int, most: int, floor: float) -> None:
    """The k likeliest tokens are listed, and thin branches cut: the model's true masses lie within the bounds."""
    names = OBJECTS[:3]
    form, space, p = form_of(names, STATES), space_of(names, STATES), joint((3,) * 3, seed)
    model = CutModel(form, p, seed)
    found = scored(form, lambda text: sorted(model.after(text), key=lambda token: -token[1])[:most], floor=floor).result(space)
    assert found.on_form + found.off_form + found.unobserved_mass == pytest.approx(1, abs=1e-9)
    assert (found.mass <= p.reshape(-1) + 1e-9).all()
    assert (p.reshape(-1) <= found.mass + found.open + 1e-9).all()
    low, high = (np.exp(ends) for ends in found.log_bounds())
    assert (low <= p.reshape(-1) + 1e-9).all()
    assert (p.reshape(-1) <= high + 1e-9).all()
    for factor in range(3):
        truth = p.sum(axis=tuple(other for other in range(3) if other != factor))
        low, high = found.bounds(factor)
        assert (low <= truth + 1e-9).all()
        assert (truth <= high + 1e-9).all()


def test_thin_branches_are_cut_and_their_mass_is_bounded() -> None:
    lists = {'{"': {'on"': 0.9, "o": 0.0999999, "u": 1e-7}, '{"o': {'ff"': 1.0}}
    found = scored(ONE, known_after(lists), floor=1e-6).result(ONE_SPACE)  # "u" is not read: there is no entry for it
    assert found.mass[2] == 0
    assert found.open[2] == pytest.approx(1e-7)
    assert found.unobserved_mass == pytest.approx(1e-7)


def test_log_probabilities_that_add_up_to_more_than_1_share_what_there_is() -> None:
    found = scored(ONE, known_after({'{"': {'on"': 0.7, 'off"': 0.303}})).result(ONE_SPACE)
    assert found.on_form == pytest.approx(1)
    assert found.unobserved_mass == 0


def test_a_scoring_goes_on_from_the_reads_on_record() -> None:
    names = OBJECTS[:3]
    form, space, p = form_of(names, STATES), space_of(names, STATES), joint((3,) * 3, 9)
    model, record = CutModel(form, p, 9), {}
    tree = TreeScore(form, floor=0.0)
    for _ in range(3):
        reads = {beginning: model.after(beginning) for beginning in tree.pending}
        record.update(reads)
        tree.add(reads)
    again = TreeScore(form, floor=0.0)
    again.add(record)
    assert again.pending == tree.pending
    assert again.reads == tree.reads
    while not again.done:
        assert not set(again.pending) & set(record), "nothing is read twice"
        again.add({beginning: model.after(beginning) for beginning in again.pending})
    np.testing.assert_allclose(again.result(space).mass, p.reshape(-1), atol=1e-9)


def test_a_tree_over_the_limit_says_what_it_would_take() -> None:
    with pytest.raises(TooManyReads, match="at least 121 reads; `max-reads` allows 100"):
        TreeScore(form_of(OBJECTS, STATES), max_reads=100)
    letters = CutModel(ONE, joint((3,), 0), 0)
    letters._cuts = lambda beginning, text: True  # type: ignore[method-assign]
    with pytest.raises(TooManyReads, match="at least 4 reads"):  # one token a letter takes more than the smallest tree
        scored(ONE, letters.after, max_reads=3)


def test_no_mass_on_any_rule_is_no_belief() -> None:
    found = scored(ONE, lambda text: [("Sorry", 0.0)]).result(ONE_SPACE)
    assert found.log_p() is None
    assert found.off_form == 1


@pytest.mark.parametrize(
    ("literals", "values"),
    [(('"',), (("a",),)), (('"', ""), (("a",),)), (('"', '"'), (('a"b',),)), (('"', '"'), (("a", "a"),)), (('"', '"'), (("",),))],
)
def test_forms_that_could_not_be_read_are_refused(literals: tuple[str, ...], values: tuple[tuple[str, ...], ...]) -> None:
    with pytest.raises(ValueError, match="must"):
        AnswerForm(literals, values)


def test_a_scoring_under_way_has_no_result() -> None:
    with pytest.raises(ValueError, match="not done"):
        TreeScore(ONE).result(ONE_SPACE)


def test_the_evidence_needs_its_own_masses() -> None:
    found = ScoredMasses(ONE_SPACE, np.array([0.2, 0.2, 0.4]), np.zeros(3), 0.2, 0.0, 7)
    assert found.caption == "joint, scored: 7 reads, .80 of all probability on rules of this form"
    np.testing.assert_allclose(np.exp(found.log_p()), [0.25, 0.25, 0.5])  # type: ignore[arg-type]
