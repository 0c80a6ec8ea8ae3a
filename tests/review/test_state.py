from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iicl_tui.filters.base import HypothesisShown, PhaseContext, Sample, SamplesShown
from iicl_tui.review.chain_subject import hypothesis_answer, hypothesis_rules, sample_rules, samples_answer
from iicl_tui.review.state import Item, ReviewState, refusal
from iicl_tui.tasks.base import Example, Start

SCENE = PhaseContext(task=None, generation=2, start=Start(0, None, ()))  # type: ignore[arg-type]
EXAMPLES = [Example((letter,), "on") for letter in "ABCDE"]
DECISIONS = {
    "approve": ReviewState.approve,
    "reject": ReviewState.reject,
    "edit": lambda state: state.edit(Example(("Z",), "off")),
    "edit-back": lambda state: state.edit(state.item.shown) if state.item else state,
    "reason": lambda state: state.reason("why"),
    "approve-rest": ReviewState.approve_rest,
    "reject-rest": ReviewState.reject_rest,
}
OTHERS = {
    "undo": ReviewState.undo,
    "redo": ReviewState.redo,
    "up": lambda state: state.move(-1),
    "down": lambda state: state.move(1),
    "end": lambda state: state.move_to(10**9),
    "look": lambda state: state.add_viewing_time(1.5),
}
ALL = {**DECISIONS, **OTHERS}


def played(names: list[str], count: int) -> ReviewState:
    state = ReviewState.from_values(EXAMPLES[:count])
    for name in names:
        state = ALL[name](state)
    return state


states = st.builds(played, st.lists(st.sampled_from(sorted(ALL)), max_size=25), st.integers(0, 5))


def shown_samples(state: ReviewState, *, kept: int = 0, refill: bool = False, left: int = 0) -> SamplesShown:
    return SamplesShown(
        SCENE,
        7,
        tuple(Sample(item.shown, number) for number, item in enumerate(state.items)),
        tuple(Sample(EXAMPLES[0], 90 + k) for k in range(kept)),
        0,
        left,
        refill,
        False,
    )


@given(states, st.sampled_from(sorted(DECISIONS)))
def test_undo_takes_back_any_decision_and_redo_brings_it_again(state: ReviewState, name: str) -> None:
    after = DECISIONS[name](state)
    if after.items == state.items:
        assert after.past == state.past  # nothing happened, nothing to undo
        return
    back = after.undo()
    assert (back.items, back.cursor, back.past) == (state.items, state.cursor, state.past)
    again = back.redo()
    assert (again.items, again.cursor, again.past) == (after.items, after.cursor, after.past)


@given(states)
def test_undoing_all_leads_back_to_nothing_decided(state: ReviewState) -> None:
    while state.past:
        state = state.undo()
    assert all(item == Item(item.shown, item.shown) for item in state.items)


@given(states, st.sampled_from(sorted(ALL)))
def test_every_transition_leaves_a_sound_state(state: ReviewState, name: str) -> None:
    after = ALL[name](state)
    assert [item.shown for item in after.items] == [item.shown for item in state.items]
    assert 0 <= after.cursor <= max(len(after.items) - 1, 0)
    for item, looked in zip(after.items, after.seconds_viewed, strict=True):
        assert (item.seconds is None) == (item.verdict is None)
        assert item.seconds is None or 0 <= item.seconds <= looked
        assert (item.value != item.shown) == (item.verdict == "edit")


@given(states, st.integers(0, 2), st.booleans(), st.integers(0, 2))
def test_commit_is_total(state: ReviewState, kept: int, refill: bool, left: int) -> None:
    shown = shown_samples(state, kept=kept, refill=refill, left=left)
    why = refusal(sample_rules(shown), kept, state)
    if why == "undecided":
        assert state.undecided
        with pytest.raises(ValueError, match="not all"):
            samples_answer(shown, state)
        return
    answer = samples_answer(shown, state)
    assert [sample.number for sample in answer] == list(range(len(state.items)))
    for sample, item in zip(answer, state.items, strict=True):
        assert sample.passes == (item.verdict != "reject")
        assert sample.example == item.value
        assert sample.shown == (item.shown if item.verdict == "edit" else None)
        assert (sample.reason, sample.seconds) == (item.reason, item.seconds)
    if why == "nothing-passes":
        assert not any(sample.passes for sample in answer)
        assert not kept
        assert not refill


def test_all_the_rest_is_one_step() -> None:
    state = ReviewState.from_values(EXAMPLES).reject().approve_rest()
    assert [item.verdict for item in state.items] == ["reject", *["approve"] * 4]
    assert [item.verdict for item in state.undo().items] == ["reject", *[None] * 4]
    assert ReviewState.from_values(EXAMPLES).reject_rest().all_rejected


def test_the_cursor_goes_on_to_what_is_undecided() -> None:
    state = ReviewState.from_values(EXAMPLES).move_to(1).approve().approve()
    assert state.cursor == 3
    state = state.move_to(4).reject()
    assert state.cursor == 0
    state = state.approve().reject()
    assert not state.undecided
    assert state.cursor == 3


def test_approving_what_was_edited_keeps_the_edit() -> None:
    edited = ReviewState.from_values(EXAMPLES).edit(Example(("Z",), "off")).move_to(0)
    assert edited.approve().items[0].value == Example(("Z",), "off")
    rejected = edited.reject().move_to(0)
    assert rejected.items[0].value == EXAMPLES[0]
    assert rejected.approve().items[0].verdict == "approve"


def test_seconds_are_those_under_the_cursor_until_decided() -> None:
    state = (
        ReviewState.from_values(EXAMPLES[:3]).add_viewing_time(2).move(1).add_viewing_time(3).move(-1).add_viewing_time(1).approve()
    )
    assert state.items[0].seconds == 3
    assert state.cursor == 1
    state = state.add_viewing_time(4).reject()
    assert state.items[1].seconds == 7
    state = state.undo().add_viewing_time(0.5).reject()
    assert state.items[1].seconds == 7.5  # time is not undone
    assert state.approve_rest().items[2].seconds == 0


def test_the_first_gate() -> None:
    def shown(left: int) -> HypothesisShown:
        return HypothesisShown(SCENE, 33, 0, left, False)

    state = ReviewState.from_values((33,))
    assert refusal(hypothesis_rules(shown(1)), 0, state) == "undecided"
    with pytest.raises(ValueError, match="nothing"):
        hypothesis_answer(shown(1), state)
    assert refusal(hypothesis_rules(shown(1)), 0, state.reject()) is None
    assert refusal(hypothesis_rules(shown(0)), 0, state.reject()) == "no-redraws"
    assert refusal(hypothesis_rules(shown(0)), 0, state.edit(5)) is None
    made = hypothesis_answer(shown(1), state.add_viewing_time(1.23456).reason("too odd").edit(5))
    assert (made.shown, made.verdict, made.hypothesis, made.reason, made.seconds) == (33, "edit", 5, "too odd", 1.235)
    assert hypothesis_answer(shown(1), state.edit(33)).verdict == "approve"


def test_what_a_filter_before_edited_stays_on_record() -> None:
    drawn, edited, mine = EXAMPLES[:3]
    state = ReviewState.from_values([edited])
    shown = replace(shown_samples(state), samples=(Sample(edited, 4, "edited", drawn, "theirs"),))
    for after, verdict, example, was in (
        (state.approve(), "edited", edited, drawn),
        (state.reject(), "rejected", edited, drawn),
        (state.edit(mine), "edited", mine, drawn),
        (state.edit(drawn), "approved", drawn, None),
    ):
        (sample,) = samples_answer(shown, after)
        assert (sample.verdict, sample.example, sample.shown, sample.reason, sample.number) == (verdict, example, was, "theirs", 4)
