"""All forms of the belief chart together: sizes, mouse, keys, read-out."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from chart_cases import acre, product, random_belief
from hypothesis import given, settings
from hypothesis import strategies as st

from iicl_tui.bayes.space import Factor, ProductSpace
from iicl_tui.charts import belief
from iicl_tui.charts.picture import CURSOR, Role, unpack
from iicl_tui.charts.view import NO_BELIEF, BeliefView, Direction, Form, Mark, group_totals, view_groups

FORMS = get_args(Form)
DIRECTIONS = get_args(Direction)
SPACES = [acre(), acre(2), acre(7), product(4, 4, 4, 4), product(11, 9), product(5), product(1, 2), product(2, 3, 4)]


def make(space: ProductSpace, seed: int = 0, **changes: object) -> BeliefView:
    rng = np.random.default_rng(seed)
    view = BeliefView(
        space,
        random_belief(space, seed),
        previous=random_belief(space, seed + 1),
        marks=(Mark("★", "h*", space.size // 2), Mark("+", "ĥ", space.size - 1), Mark("▲", "h²", space.size // 2)),
        explained=rng.integers(0, 9, space.size),
        explained_of=8,
        by=len(space.shape) - 1,
        title="P(h | d²)",
    )
    return replace(view, **changes)  # type: ignore[arg-type]


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    space=st.sampled_from(SPACES),
    form=st.sampled_from(FORMS),
    scale=st.sampled_from(["log", "linear"]),
    width=st.integers(0, 210),
    height=st.integers(0, 62),
    by=st.integers(-1, 6),
    cursor=st.none() | st.integers(0, 4),
    ghost=st.booleans(),
    x=st.integers(-3, 215),
    y=st.integers(-3, 65),
)
def test_every_form_survives_every_size(
    space: ProductSpace, form: Form, scale: str, width: int, height: int, by: int, cursor: int | None, ghost: bool,
    x: int, y: int,
) -> None:  # fmt: skip
    chosen = None if by < 0 else by % len(space.shape)
    view = make(space, form=form, scale=scale, by=chosen, cursor=None if cursor is None else cursor % space.size)
    if not ghost:
        view = replace(view, previous=None, explained=None if by < 0 else view.explained)
    picture = belief.draw(view, width, height)
    assert (picture.width, picture.height) == (width, height)
    assert picture.chars.shape == (height, width)
    for code in np.unique(picture.inks).tolist():
        unpack(code)
    found = belief.hypothesis_at(view, width, height, x, y)
    assert found is None or 0 <= found < space.size
    if not (0 <= x < width and 0 <= y < height):
        assert found is None
    for direction in DIRECTIONS:
        assert 0 <= belief.neighbour(view, width, height, view.cursor or 0, direction) < space.size


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
@pytest.mark.parametrize("by", [0, 2, 4, None])
@pytest.mark.parametrize("space", [acre(), product(4, 4, 4, 4)], ids=["acre", "naming"])
def test_the_mouse_finds_every_hypothesis_where_it_is_drawn(
    form: Form, size: tuple[int, int], by: int | None, space: ProductSpace
) -> None:
    view = make(space, form=form, by=None if by is None else by % len(space.shape))
    drawn = {h: place for h in range(space.size) if (place := belief.position(view, *size, h)) is not None}
    if form != "ranked":
        assert len(drawn) == space.size
    shared = len(set(drawn.values())) < len(drawn)
    for hypothesis, place in drawn.items():
        found = belief.hypothesis_at(view, *size, *place)
        assert found is not None
        if shared:  # the likeliest of those that share the place
            assert view.log_p is not None
            assert belief.position(view, *size, found) == place
            assert view.log_p[found] >= view.log_p[hypothesis]
        else:
            assert found == hypothesis


@pytest.mark.parametrize("form", ["strips", "mosaic"])
@pytest.mark.parametrize("size", [(96, 30), (120, 40), (200, 60)])
def test_all_243_have_a_place_of_their_own_in_96_columns(form: Form, size: tuple[int, int], space: ProductSpace) -> None:
    view = make(space, form=form)
    assert len({belief.position(view, *size, h) for h in range(243)}) == 243


def test_the_mosaic_has_a_place_for_all_243_at_80_by_24(space: ProductSpace) -> None:
    view = make(space, form="mosaic")
    for width, height in ((76, 18), (76, 11), (76, 10), (40, 9)):
        assert len({belief.position(view, width, height, h) for h in range(243)}) == (243 if height > 9 else 81)


@pytest.mark.slow
def test_what_is_joined_in_a_tile_is_said_and_shown_by_its_likeliest() -> None:
    space = acre(9)
    log_p = random_belief(space, 4)
    view = BeliefView(space, log_p, form="mosaic", by=8)
    assert "likeliest of 9 h a tile" in belief.draw(view, 140, 34).plain()[0]
    shown = {belief.hypothesis_at(view, 140, 34, x, y) for x in range(140) for y in range(34)} - {None}
    assert len(shown) == space.size // 9
    assert int(np.argmax(log_p)) in shown


def test_the_mosaic_names_its_rows_and_columns(space: ProductSpace) -> None:
    lines = belief.draw(make(space, form="mosaic"), 130, 24).plain()
    states = ["on", "off", "und"]
    assert lines[1].split() == ["C", *states]
    assert lines[2].split() == ["D", *states * 3]
    assert lines[3].split() == ["A", "B", "screen", *states * 9]
    assert lines[4].split()[:2] == ["on", "on"]


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("space", [s for s in SPACES if s.size < 300], ids=lambda s: "x".join(map(str, s.shape)))
def test_the_keys_reach_every_place(form: Form, space: ProductSpace) -> None:
    view = make(space, form=form)
    size = (120, 40)
    seen, todo = {0}, [0]
    while todo:
        here = todo.pop()
        for direction in DIRECTIONS:
            there = belief.neighbour(replace(view, cursor=here), *size, here, direction)
            if there not in seen:
                seen.add(there)
                todo.append(there)
    everywhere = {belief.hypothesis_at(view, *size, x, y) for x in range(120) for y in range(40)} - {None}
    assert everywhere <= seen


@pytest.mark.parametrize("form", ["strips", "mosaic"])
def test_left_undoes_right_and_up_undoes_down(form: Form, space: ProductSpace) -> None:
    view = make(space, form=form)
    for hypothesis in range(space.size):
        for there, back in (("right", "left"), ("down", "up")):
            moved = belief.neighbour(view, 120, 40, hypothesis, there)  # type: ignore[arg-type]
            if moved != hypothesis:
                assert belief.neighbour(view, 120, 40, moved, back) == hypothesis  # type: ignore[arg-type]


@pytest.mark.parametrize("form", FORMS)
def test_marks_and_cursor_are_seen_without_colour(form: Form, space: ProductSpace) -> None:
    view = make(space, form=form, cursor=10, marks=(Mark("★", "h*", 10), Mark("+", "ĥ", 200)))
    assert view.log_p is not None
    view.log_p[[10, 200]] = -1.0
    picture = belief.draw(view, 120, 40)
    below = "\n".join(picture.plain()[1:])
    assert below.count("★") == 1
    assert below.count("+") == 1
    assert (picture.inks & CURSOR).any() or "[" in below or "┌" in below
    moved = belief.draw(replace(view, cursor=11), 120, 40)
    assert moved.plain() != picture.plain()


@pytest.mark.parametrize("form", FORMS)
def test_two_marks_on_one_hypothesis_are_both_seen_or_one_sign_says_so(form: Form, space: ProductSpace) -> None:
    view = make(space, form=form, marks=(Mark("★", "h*", 5), Mark("▲", "h²", 5)), log_p=np.log(np.full(243, 1 / 243)))
    for size in ((80, 24), (120, 40), (200, 60), (76, 9)):
        below = "\n".join(belief.draw(view, *size).plain()[1:])
        assert ("★" in below and "▲" in below) or "✱" in below


@pytest.mark.parametrize("form", FORMS)
def test_no_belief_is_said_calmly(form: Form, space: ProductSpace) -> None:
    view = make(space, form=form, log_p=None)
    assert NO_BELIEF in "\n".join(belief.draw(view, 60, 10).plain())
    assert belief.hypothesis_at(view, 60, 10, 20, 5) is None
    assert belief.neighbour(view, 60, 10, 3, "down") == 3
    assert belief.readout(view) == ""


@pytest.mark.parametrize("form", FORMS)
def test_one_certain_hypothesis_among_the_impossible(form: Form, space: ProductSpace) -> None:
    log_p = np.full(243, -np.inf)
    log_p[100] = 0.0
    for scale in ("log", "linear"):
        view = make(space, form=form, log_p=log_p, previous=log_p, scale=scale, marks=())
        text = "\n".join(belief.draw(view, 120, 30).plain())
        assert "█" in text


def test_values_that_no_chart_can_show_are_refused(space: ProductSpace) -> None:
    with pytest.raises(ValueError, match="NaN"):
        BeliefView(space, np.full(243, np.nan))
    with pytest.raises(ValueError, match="shape"):
        BeliefView(space, np.zeros(81))


@settings(deadline=None)
@given(st.integers(0, 1000), st.sampled_from(SPACES))
def test_group_totals_are_the_marginals_and_groups_part_the_space(seed: int, space: ProductSpace) -> None:
    log_p = random_belief(space, seed)
    for by in range(len(space.shape)):
        view = make(space, log_p=log_p, by=by)
        groups = view_groups(view)
        assert group_totals(groups, log_p) == pytest.approx(space.marginal(np.exp(log_p), by))
    groups = view_groups(make(space, by=None))
    assert sorted(np.concatenate([group.members for group in groups]).tolist()) == list(range(space.size))


def test_readout_says_rule_probability_rank_and_fit(space: ProductSpace) -> None:
    p = np.full(243, 0.5 / 241)
    p[[7, 8]] = 0.25
    explained = np.full(243, 8)
    view = BeliefView(space, np.log(p), marks=(Mark("★", "h*", 7),), explained=explained, explained_of=8, by=4, cursor=7)
    assert belief.readout(view) == ("★ A on  B on  C on  D und  screen off  P 0.250  rank 1 with 1 equal  d⁰ 8/8")
    assert belief.readout(replace(view, cursor=None)).startswith("likeliest ★ A on")
    assert "rank 3 with 240 equal" in belief.readout(replace(view, cursor=0, explained=None))


def test_hostile_and_wide_names_keep_their_place() -> None:
    space = ProductSpace(
        (Factor("灯\x1b[31m", ("on", "[/red]")), Factor("x" * 300, ("日本", "b\u202e")), Factor("c", ("1", "2", "3")))
    )
    for form in FORMS:
        for size in ((80, 24), (30, 8), (5, 3)):
            picture = belief.draw(make(space, form=form, marks=(), cursor=3), *size)
            text = "".join(picture.plain())
            assert "\x1b" not in text
            assert "\u202e" not in text


def test_brightness_in_the_mosaic_is_a_character_too(space: ProductSpace) -> None:
    log_p = np.log(np.full(243, 1e-12))
    log_p[0], log_p[5], log_p[10] = np.log(0.9), np.log(1e-3), np.log(2e-6)
    view = BeliefView(space, log_p, form="mosaic", by=4)
    picture = belief.draw(view, 120, 40)
    signs = []
    for hypothesis in (0, 5, 10, 20):
        x, y = belief.position(view, 120, 40, hypothesis) or (-1, -1)
        signs.append(chr(picture.chars[y, x]))
        assert unpack(int(picture.inks[y, x])).role == Role.TILE
    assert signs[:3] == ["█", "▒", "░"]
    assert signs[3] in " ·"


def test_what_the_effective_set_lets_pass_is_marked() -> None:
    explained = np.arange(243) % 3 + 6
    view = BeliefView(acre(), np.full(243, -np.log(243)), explained=explained, explained_of=8, effective=7)
    assert [group.name for group in view_groups(view)] == ["8 of 8 H_eff", "7 of 8 H_eff", "6 of 8"]
    text = "\n".join(belief.draw(view, 120, 20).plain())
    assert ("8 of 8 H_eff" in text, "6 of 8 H_eff" in text) == (True, False)
    assert [belief.readout(replace(view, cursor=h)).endswith("in H_eff") for h in range(3)] == [False, True, True]
    assert not any("H_eff" in group.name for group in view_groups(replace(view, effective=None)))
