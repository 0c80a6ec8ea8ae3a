from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iicl_tui.review.decisions import UNDECIDED, Decision
from iicl_tui.review.near_rows import Near, find_near
from iicl_tui.review.presses import DOUBLE, DecisionPresses
from iicl_tui.review.row_review import Pace, RowQueue, RowReview
from iicl_tui.review.row_session import ReasonList

ROWS = 6
decisions = st.builds(
    Decision,
    st.sampled_from([None, "approve", "reject", "edit", "flag"]),
    st.sampled_from([None, "another text"]),
    st.sampled_from(["", "off topic"]),
    st.sampled_from([0.0, 2.5]),
)
moves = st.lists(st.one_of(st.sampled_from(["undo", "redo"]), st.tuples(st.integers(0, ROWS - 1), decisions)), max_size=30)


@settings(max_examples=40)
@given(moves)
def test_the_decisions_are_the_fold_of_the_steps(made: list[Any]) -> None:
    review, history, future = RowReview(ROWS), [dict[int, Decision]()], list[dict[int, Decision]]()
    for move in made:
        now = history[-1]
        if move == "undo":
            assert (review.undo() is not None) == (len(history) > 1)
            if len(history) > 1:
                future.append(history.pop())
        elif move == "redo":
            assert (review.redo() is not None) == bool(future)
            if future:
                history.append(future.pop())
        else:
            row, decision = move
            step = review.decide(row, decision)
            assert (step is None) == (now.get(row, UNDECIDED) == decision)
            if step is not None:
                history.append({**now, row: decision})
                future.clear()
        assert [review[row] for row in range(ROWS)] == [history[-1].get(row, UNDECIDED) for row in range(ROWS)]
    counts = Counter(review[row].verdict for row in range(ROWS))
    assert review.undecided == counts[None]
    assert all(review.count(verdict) == counts[verdict] for verdict in ("approve", "reject", "edit", "flag"))
    while review.undo() is not None:
        pass
    assert review.decided == 0


@given(st.permutations(range(ROWS)), st.sets(st.integers(0, ROWS - 1)), st.integers(0, ROWS - 1), st.sampled_from([1, -1]))
@settings(max_examples=40)
def test_the_next_undecided_row_is_the_nearest_in_the_order(order: list[int], decided: set[int], cursor: int, step: int) -> None:
    review = RowReview(ROWS)
    for row in decided:
        review.decide(row, Decision("approve"))
    found = RowQueue(order, cursor).to_undecided(review, step)
    others = [order[(cursor + step * by) % ROWS] for by in range(1, ROWS)]
    expected = [row for row in others if row not in decided]
    assert found.row == (expected[0] if expected else order[cursor])


def test_the_queue_stays_inside_and_finds_rows() -> None:
    queue = RowQueue([4, 2, 7])
    assert [queue.move_to(at).row for at in (-3, 1, 9)] == [4, 2, 7]
    assert queue.to_row(7).cursor == 2
    assert queue.to_row(5) == queue
    assert RowQueue([]).move_to(2).row is None


def test_the_pace_is_that_of_the_last_decisions() -> None:
    pace = Pace()
    assert pace.rate is None
    for _ in range(100):
        pace.add(1000.0)
    for _ in range(50):
        pace.add(9.0)
    assert pace.rate == 400
    assert pace.minutes_left(200) == 30


def test_a_double_press_is_the_same_decision_at_once() -> None:
    now = [0.0]
    presses = DecisionPresses(lambda: now[0])
    assert not presses.is_double("approve")
    now[0] += DOUBLE / 2
    assert presses.is_double("approve")
    assert not presses.is_double("reject")
    assert not presses.is_double()
    assert not presses.is_double()
    assert not presses.is_double("reject")
    now[0] += DOUBLE
    assert not presses.is_double("reject")


def test_near_copies_are_found_whichever_end_differs() -> None:
    base = "The kettle arrived with a dent and the seller never answered my letter about it"
    texts = [base, "Another text.", base + "!", "A" + base, base.upper(), "Another taxt.", "", "", base.replace("dent", "dint")]
    found: Near = {}
    done = list(find_near(len(texts), texts.__getitem__, found))
    assert done == sorted(done)
    assert {row: other for row, (other, _) in found.items()} == {2: 0, 3: 0, 4: 0, 5: 1, 8: 0}
    assert found[2][1] == pytest.approx(1 - 1 / (2 * len(base) + 1))  # one insertion


def test_numbers_stand_for_reasons_of_the_list() -> None:
    reasons = ReasonList(None, ["dull", "untrue", "too long"])
    cases = [("1 3", "dull; too long"), ("2,1,2", "untrue; dull"), ("2", "untrue"), ("4 1", "4 1"), ("1 x", "1 x"), ("", "")]
    for typed, meant in cases:
        assert reasons.expanded(typed) == meant
