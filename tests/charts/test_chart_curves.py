"""Curves drawn in braille dots."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from panels import entropy

from iicl_tui.charts.curves import draw, draw_panels, label_rows
from iicl_tui.charts.panel import (
    Panel,
    Series,
    generation_at,
    layout_of,
    number_text,
    panel_boxes,
    style_ink,
    visible_segments,
)
from iicl_tui.charts.picture import ACCENT, Picture, Role, ink, state_hue, unpack


@settings(max_examples=60, deadline=None)
@given(
    arrays(float, st.integers(0, 30), elements=st.floats(allow_nan=True, allow_infinity=True)),
    st.integers(0, 130),
    st.integers(0, 30),
    st.none() | st.integers(-2, 32),
)
def test_any_numbers_at_any_size(values: Any, width: int, height: int, selected: int | None) -> None:
    picture = draw(entropy(values, selected=selected), width, height)
    assert (picture.width, picture.height) == (width, height)
    text = "".join(picture.plain())
    assert "\x1b" not in text
    assert "nan" not in text


def test_one_point_is_a_marker_and_lines_have_names_and_levels_too() -> None:
    text = "\n".join(draw(entropy([3.0]), 60, 12).plain())
    assert "●" in text
    assert "uniform" in text
    assert "one-hot" in text
    assert "5.49" in text
    assert "┄" in text
    lonely = "\n".join(draw(entropy([np.nan, 2.0, np.nan, np.nan]), 60, 12).plain()[1:-2])
    assert lonely.count("●") == 2  # the point and the name


def test_the_chosen_generation_is_marked_and_the_mouse_finds_each() -> None:
    panels = (entropy(np.linspace(0, 5, 12), selected=7), entropy(np.linspace(0, 5, 12), selected=7))
    picture = draw_panels(panels, 120, 12)
    axis = [x for x in range(120) if picture.chars[10, x] == ord("▴")]
    assert len(axis) == 2
    assert all(int(picture.inks[10, x]) == ACCENT for x in axis)
    assert [generation_at(panels, 120, 12, x, 10) for x in axis] == [7, 7]
    found = {generation_at(panels, 120, 12, x, 5) for x in range(120)}
    assert found == {None, *range(12)}


@given(st.integers(0, 6), st.integers(0, 250), st.integers(0, 80), st.integers(0, 9))
def test_panels_never_overlap_and_stay_inside(count: int, width: int, height: int, current: int) -> None:
    taken = np.zeros((height, width), dtype=int)
    boxes = panel_boxes(count, width, height, current)
    assert len({box[0] for box in boxes}) == len(boxes)
    if count and width and height:
        assert boxes
    for _, x, y, box_width, box_height in boxes:
        assert x + box_width <= width
        assert y + box_height <= height
        taken[y : y + box_height, x : x + box_width] += 1
    assert taken.max(initial=0) <= 1


def test_with_little_room_the_current_panel_is_the_one_that_is_seen() -> None:
    panels = tuple(Panel(f"number {n}", (Series("x", np.ones(3)),), 0, 2) for n in range(4))
    for current in range(4):
        assert f"number {current}" in draw_panels(panels, 40, 9, current).plain()[0]
    wide = "\n".join(draw_panels(panels, 160, 12).plain())
    assert all(f"number {n}" in wide for n in range(4))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (5.493, "5.49"), (8.0, "8"), (0.031, "0.031"), (1e-9, "1e-9"), (60001.0, "60,001"), (1e6, "1e6"), (-2.5, "-2.50"),
        (float("nan"), "–"),
    ],
)  # fmt: skip
def test_numbers_are_short(value: float, text: str) -> None:
    assert number_text(value) == text


# -- what is drawn of a series ----------------------------------------------------------------------------------------


def braille(picture: Picture) -> Any:
    """(height, width) which cells have dots."""
    return (picture.chars > 0x2800) & (picture.chars <= 0x28FF)


def dots(picture: Picture) -> Any:
    """(4 · height, 2 · width) every dot of the picture."""
    bits = [[0, 3], [1, 4], [2, 5], [6, 7]]
    patterns = np.where(braille(picture), picture.chars - 0x2800, 0)
    out = np.zeros((4 * picture.height, 2 * picture.width), dtype=bool)
    for down in range(4):
        for across in range(2):
            out[down::4, across::2] = patterns >> bits[down][across] & 1
    return out


def plain_panel(*values: Any, **changes: Any) -> Panel:
    series = tuple(Series(f"s{n}", np.asarray(each, dtype=float), f"state.{n}") for n, each in enumerate(values))
    return Panel("panel", series, 0.0, 1.0, **changes)


def hues(picture: Picture, cells: Any) -> set[int]:
    return {unpack(int(code)).hue for code in picture.inks[cells]}


def test_a_gap_is_left_for_what_is_unknown() -> None:
    values = np.full(60, 0.5)
    values[20:40] = np.nan
    picture = draw(plain_panel(values), 80, 12)
    layout = layout_of(plain_panel(values), 80, 12)
    drawn = np.flatnonzero(braille(picture).any(axis=0))
    assert set(range(layout.column(1), layout.column(19))) <= set(drawn)
    assert set(range(layout.column(40) + 1, layout.column(59))) <= set(drawn)
    assert not set(range(layout.column(19) + 1, layout.column(40))) & set(drawn)


@pytest.mark.parametrize("unknown", [np.nan, np.inf, -np.inf])
def test_nothing_is_drawn_for_values_that_are_not_finite(unknown: float) -> None:
    picture = draw(plain_panel([unknown, unknown, unknown]), 60, 12)
    assert not braille(picture).any()
    assert "●" not in "".join(picture.plain()[1:])


def test_a_line_is_connected_and_one_dot_thick() -> None:
    picture = draw(plain_panel(np.linspace(0.0, 1.0, 40)), 80, 14)  # too many for a marker each
    layout = layout_of(plain_panel(np.linspace(0.0, 1.0, 40)), 80, 14)
    inside = dots(picture)[4 : 4 + 4 * layout.rows, 2 * layout.left : 2 * (layout.left + layout.columns) - 2]
    assert (inside.sum(axis=0) == 1).all()
    down = inside.argmax(axis=0)
    assert (np.diff(down) <= 0).all()
    assert np.abs(np.diff(down)).max() <= 1
    assert down[0] == 4 * layout.rows - 1


def test_ten_thousand_values_keep_their_extremes_and_their_gap() -> None:
    values = np.random.default_rng(0).uniform(0.4, 0.6, 10_000)
    values[7_777], values[1_234] = 1.0, 0.0
    values[3_000:6_000] = np.nan
    panel = plain_panel(values)
    picture, layout = draw(panel, 80, 14), layout_of(panel, 80, 14)
    drawn = braille(picture)
    assert drawn[1, layout.column(7_777)]
    assert drawn[layout.rows, layout.column(1_234)]
    assert not drawn[:, layout.column(3_000) + 1 : layout.column(6_000)].any()
    for index in (0, 2_900, 6_100, 9_900):
        assert drawn[:, layout.column(index)].any()


# -- curves that coincide ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [2, 3, 4])
def test_curves_that_coincide_are_all_seen_in_their_own_ink(count: int) -> None:
    values = np.linspace(0.2, 0.8, 60)
    picture = draw(plain_panel(*[values] * count), 90, 14)
    drawn = braille(picture)
    assert hues(picture, drawn) == set(range(1, count + 1))
    shares = [(picture.inks[drawn] == picture.inks[drawn][0]).mean() for _ in range(count)]
    assert max(shares) < 0.7
    alone = braille(draw(plain_panel(values), 90, 14))
    assert (drawn == alone).all()  # nobody's dots are lost or added


def test_markers_that_coincide_take_turns() -> None:
    picture = draw(plain_panel([0.5] * 6, [0.5] * 6), 60, 12)
    layout = layout_of(plain_panel([0.5] * 6, [0.5] * 6), 60, 12)
    text = picture.plain()[layout.row(0.5)][: layout.left + layout.columns]
    assert text.count("●") == 3
    assert text.count("▲") == 3


def test_a_dot_never_has_the_ink_of_another_curve() -> None:
    high, low = np.full(60, 0.75), np.linspace(0.0, 1.0, 60)
    both = draw(plain_panel(high, low), 90, 16)
    for number, values in enumerate((high, low)):
        own = dots(draw(Panel("panel", (Series("s0", values, f"state.{number}"),), 0.0, 1.0), 90, 16))
        mine = braille(both) & np.isin(both.inks, [style_ink(f"state.{number}")])
        assert not (dots(both) & np.kron(mine, np.ones((4, 2), dtype=bool)) & ~own).any()


# -- the panel's limits -----------------------------------------------------------------------------------------------


def test_values_at_the_limits_and_a_rounding_error_beyond_are_inside() -> None:
    for values in ([0.0, 1.0, 0.0], [-1e-12, 1.0 + 1e-12, -1e-12]):
        panel = plain_panel(values)
        picture, layout = draw(panel, 60, 12), layout_of(panel, 60, 12)
        assert chr(picture.chars[layout.rows, layout.column(0)]) == "●"
        assert chr(picture.chars[1, layout.column(1)]) == "●"
        assert not {"↑", "↓"} & set("".join(picture.plain()))


def test_a_value_outside_is_an_arrow_and_no_marker() -> None:
    panel = plain_panel([0.5, 1.4, 0.5, -0.3, 0.5])
    picture, layout = draw(panel, 60, 12), layout_of(panel, 60, 12)
    assert chr(picture.chars[1, layout.column(1)]) == "↑"
    assert chr(picture.chars[layout.rows, layout.column(3)]) == "↓"
    inside = picture.chars[1 : 1 + layout.rows, layout.left : layout.left + layout.columns]
    assert (inside == ord("●")).sum() == 3


def test_a_line_is_cut_where_it_leaves_the_panel_and_does_not_run_along_its_edge() -> None:
    values = [0.5, 2.5, 2.5, 0.5]  # a quarter of the way up to 2.5 the limit is reached
    panel = plain_panel(values)
    picture, layout = draw(panel, 80, 14), layout_of(panel, 80, 14)
    drawn = braille(picture)[1 : 1 + layout.rows]
    there = np.flatnonzero(drawn.any(axis=0)) - layout.left
    share = layout.columns / 3
    outside = there[(there > 0.25 * share + 1) & (there < layout.columns - 0.25 * share - 2)]
    assert not len(outside)
    assert there.min() < 3
    assert there.max() > layout.columns - 4
    assert drawn[0].any()  # it does reach the edge


def test_a_line_through_the_panel_between_two_values_outside_is_drawn() -> None:
    picture = draw(plain_panel([-3.0, 4.0]), 60, 12)
    rows = np.flatnonzero(braille(picture).any(axis=1))
    assert rows.min() == 1
    assert rows.max() == layout_of(plain_panel([-3.0, 4.0]), 60, 12).rows


@pytest.mark.parametrize("values", [[2.0, 3.0], [-1.0, -2.0], [1.5, 1.5], [1e300, 1e308], [-1e308, -1e300]])
def test_a_line_that_is_wholly_outside_is_not_drawn(values: list[float]) -> None:
    assert not braille(draw(plain_panel(values), 60, 12)).any()


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(arrays(float, st.integers(2, 40), elements=st.floats(-3, 4) | st.just(np.nan)), st.sampled_from([20, 200]))
@example(np.array([2.2e-309, 0.0, -1.0]), 20)
def test_what_is_drawn_is_inside_and_where_the_values_are(values: Any, bins: int) -> None:
    panel = plain_panel(values)
    layout = layout_of(panel, 80, 14)
    parts = visible_segments(panel, layout, bins)
    for xs, ys in ((parts.x0, parts.y0), (parts.x1, parts.y1)):
        assert ((ys >= 0.0) & (ys <= 1.0)).all()
        assert np.isfinite(xs).all()
        if bins == 200:  # not condensed: each end lies on the curve
            before = np.clip(np.floor(xs).astype(int), 0, len(values) - 2)
            share = xs - before
            ends = [np.where(np.isfinite(each), each, 0.0) for each in (values[before], values[before + 1])]
            known = np.isfinite(values[before]) & np.isfinite(values[before + 1])
            expected = (1 - share) * ends[0] + share * ends[1]
            assert np.allclose(ys[known], expected[known], atol=1e-6)


# -- bands ------------------------------------------------------------------------------------------------------------


def banded(mean: Any, low: Any, high: Any, style: str = "state.0") -> Panel:
    arrays_ = [np.asarray(each, dtype=float) for each in (mean, low, high)]
    return Panel("mean", (Series("m", arrays_[0], style, arrays_[1], arrays_[2]),), 0.0, 1.0)


def test_a_band_is_shaded_between_its_ends_in_a_fainter_ink() -> None:
    panel = banded([0.5] * 60, [0.3] * 60, [0.8] * 60)
    picture, layout = draw(panel, 80, 24), layout_of(panel, 80, 24)
    faint = braille(picture) & (picture.inks == ink(Role.GHOST, state_hue(0)))
    rows = np.flatnonzero(faint.any(axis=1))
    assert rows.min() == layout.row(0.8)
    assert rows.max() == layout.row(0.3)
    for row in rows:
        if row != layout.row(0.5):
            assert faint[row].sum() > layout.columns // 3  # each row of it is seen
    line = braille(picture) & (picture.inks == style_ink("state.0"))
    assert set(np.flatnonzero(line.any(axis=1))) == {layout.row(0.5)}


def test_a_band_has_dotted_edges() -> None:
    panel = banded([0.5] * 60, [0.25] * 60, [0.75] * 60)
    layout = layout_of(panel, 80, 24)
    drawn = dots(draw(panel, 80, 24))
    for value in (0.25, 0.75):
        down = 4 + int(layout.dots_down(np.array([value]))[0])
        edge = drawn[down, 2 * layout.left : 2 * (layout.left + layout.columns)]
        assert edge[::2].mean() > 0.9
        assert edge[1::2].mean() < 0.1


def test_a_band_stops_where_an_end_is_unknown_and_a_lonely_interval_is_seen() -> None:
    low, high = np.full(40, 0.2), np.full(40, 0.9)
    low[10:20], high[19:25], low[30], low[32] = np.nan, np.inf, np.nan, np.nan
    panel = banded([0.5] * 40, low, high)
    picture, layout = draw(panel, 90, 20), layout_of(panel, 90, 20)
    faint = braille(picture) & (picture.inks == ink(Role.GHOST, state_hue(0)))
    columns = set(np.flatnonzero(faint.any(axis=0)))
    assert not columns & set(range(layout.column(9) + 1, layout.column(25)))
    assert layout.column(5) in columns
    assert layout.column(27) in columns
    assert not columns & set(range(layout.column(32) + 1, layout.column(33)))


def test_a_single_known_interval_is_drawn() -> None:
    for index in range(5):
        low, high = np.full(5, np.nan), np.full(5, np.nan)
        low[index], high[index] = 0.2, 0.9
        picture = draw(banded([0.5] * 5, low, high), 60, 16)
        assert (braille(picture) & (picture.inks == ink(Role.GHOST, state_hue(0)))).any(), index


def test_an_end_of_a_band_outside_the_panel_has_no_edge() -> None:
    panel = banded([0.9] * 60, [0.6] * 60, [1.7] * 60)
    picture, layout = draw(panel, 80, 24), layout_of(panel, 80, 24)
    top = dots(picture)[4, 2 * layout.left : 2 * (layout.left + layout.columns)]
    assert top.mean() < 0.3  # sparse dots, no edge
    outside = draw(banded([0.5] * 60, [1.2] * 60, [1.9] * 60), 80, 24)
    assert not (braille(outside) & (outside.inks == ink(Role.GHOST, state_hue(0)))).any()
    below = draw(banded([0.5] * 60, [-2.0] * 60, [-1.0] * 60), 80, 24)
    assert not (braille(below) & (below.inks == ink(Role.GHOST, state_hue(0)))).any()


def test_bands_that_overlap_take_turns() -> None:
    both = Panel("two", tuple(
        Series(f"s{n}", np.full(60, 0.5), f"state.{n}", np.full(60, 0.2), np.full(60, 0.8)) for n in range(2)
    ), 0.0, 1.0)  # fmt: skip
    picture = draw(both, 80, 24)
    for number in range(2):
        assert (braille(picture) & (picture.inks == ink(Role.GHOST, state_hue(number)))).any()


# -- labels -----------------------------------------------------------------------------------------------------------


@given(st.integers(1, 12).flatmap(lambda n: st.tuples(st.lists(st.integers(1, 14), min_size=n, max_size=n), st.integers(n, 14))))
def test_labels_keep_their_order_and_have_a_row_each(case: tuple[list[int], int]) -> None:
    wanted, count = sorted(min(row, case[1]) for row in case[0]), case[1]
    rows = label_rows(wanted, count)
    assert len(rows) == len(wanted)
    assert rows == sorted(set(rows))
    assert 1 <= rows[0] <= rows[-1] <= count
    if len(set(wanted)) == len(wanted):
        assert rows == wanted


def test_labels_of_curves_that_end_at_an_edge_stand_in_the_order_of_the_curves() -> None:
    picture = draw(plain_panel([0.5, 0.0], [0.5, 0.03], [0.5, 0.01]), 70, 14)
    labels = [line.split()[-1] for line in picture.plain() if line.endswith(("s0", "s1", "s2"))]
    assert labels == ["s1", "s2", "s0"]


def test_every_label_is_read_in_full() -> None:
    panel = plain_panel([1.0] * 6, [1.0] * 6, [1.0] * 6, references=(("uniform", 1.0), ("d⁰", 0.99)))
    text = "\n".join(draw(panel, 70, 12).plain())
    for name in ("● s0", "▲ s1", "■ s2", "uniform", "d⁰"):
        assert name in text.split("\n", 1)[1]


# -- the same picture -------------------------------------------------------------------------------------------------


def test_panels_look_alike_only_if_everything_that_is_drawn_is_the_same() -> None:
    values = np.array([0.5, np.nan, 0.7])
    base = Panel("panel", (Series("s", values, "accent", values - 0.1, values + 0.1),), 0.0, 1.0, (("d⁰", 0.5),), 1, 1)
    (series,) = base.series
    assert base.looks_like(replace(base, series=(replace(series, values=values.copy()),)))
    others = [replace(base, title="other"), replace(base, low=-1.0), replace(base, high=2.0), replace(base, references=())]
    others += [replace(base, selected=2), replace(base, first=0), replace(base, series=())]
    for change in ({"name": "t"}, {"style": "text"}, {"values": values + 0.1}, {"low": None}, {"high": values + 0.2}):
        others.append(replace(base, series=(replace(series, **change),)))
    for other in others:
        assert not base.looks_like(other)
        assert not other.looks_like(base)
