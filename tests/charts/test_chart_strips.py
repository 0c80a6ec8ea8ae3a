from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from chart_cases import acre, product, random_belief

from iicl_tui.bayes.space import ProductSpace
from iicl_tui.charts import strips
from iicl_tui.charts.picture import Picture, Role, unpack
from iicl_tui.charts.view import BeliefView

BLOCKS = " ▁▂▃▄▅▆▇█"


def bar_height(picture: Picture, x: int, foot: int) -> int:
    """Eighths of the bar that stands at column x, read off the picture."""
    height, y = 0, foot
    while y >= 0 and unpack(int(picture.inks[y, x])).role == Role.BAR:
        height += BLOCKS.index(chr(picture.chars[y, x]))
        y -= 1
    return height


def rows_of(picture: Picture, x: int, foot: int) -> int:
    """Rows that the strip has above its foot: as many as a certain hypothesis fills."""
    rows = 0
    while foot - rows >= 0 and chr(picture.chars[foot - rows, x]) == "█":
        rows += 1
    return rows


@pytest.mark.parametrize("size", [(96, 24), (120, 30), (200, 60)])
def test_bars_are_as_high_as_the_logarithm_says(size: tuple[int, int], space: ProductSpace) -> None:
    certain = np.full(243, -np.inf)
    certain[0] = 0.0
    x, foot = strips.position(BeliefView(space, certain, by=4), *size, 0) or (-1, -1)
    rows = rows_of(strips.draw(BeliefView(space, certain, by=4), *size), x, foot)
    assert rows >= 3
    log_p = random_belief(space, 3)
    view = BeliefView(space, log_p, by=4)
    picture = strips.draw(view, *size)
    for hypothesis in range(243):
        p = float(np.exp(log_p[hypothesis]))
        share = max(0.0, 1 + np.log10(p) / 6) if p > 0 else 0.0
        expected = round(share * 8 * rows)
        x, foot = strips.position(view, *size, hypothesis) or (-1, -1)
        assert bar_height(picture, x, foot) == expected


def test_bars_are_proportional_on_the_linear_scale(space: ProductSpace) -> None:
    p = np.full(243, 0.4 / 241)
    p[[0, 100]] = [0.4, 0.2]
    view = BeliefView(space, np.log(p), by=4, scale="linear")
    picture = strips.draw(view, 120, 30)
    tall = bar_height(picture, *(strips.position(view, 120, 30, 0) or (-1, -1)))
    half = bar_height(picture, *(strips.position(view, 120, 30, 100) or (-1, -1)))
    assert abs(tall - 2 * half) <= 1
    assert "linear, full = 50%" in picture.plain()[0]


def test_on_the_linear_scale_next_to_nothing_is_a_dot_and_not_a_line(space: ProductSpace) -> None:
    p = np.full(243, 1e-9)
    p[0] = 1 - p[1:].sum()
    picture = strips.draw(BeliefView(space, np.log(p), by=4, scale="linear"), 120, 30)
    x, y = strips.position(BeliefView(space, np.log(p), by=4), 120, 30, 7) or (-1, -1)
    assert chr(picture.chars[y, x]) == "·"


def test_each_strip_says_its_name_and_its_total(space: ProductSpace) -> None:
    log_p = random_belief(space, 5)
    lines = strips.draw(BeliefView(space, log_p, by=4, title="P(h | d²)"), 120, 30).plain()
    assert lines[0].startswith("P(h | d²)  log, 1e-6 to 1 · by screen")
    for state, total in zip(("on", "off", "und"), space.marginal(np.exp(log_p), 4), strict=True):
        at = next(number for number, line in enumerate(lines) if line.strip().startswith(f"screen {state}"))
        assert f"{100 * total:.1f}%" in lines[at + 1]


def test_strips_by_examples_explained_hold_the_hypotheses_that_explain_as_many(space: ProductSpace) -> None:
    explained = np.arange(243) % 5
    view = BeliefView(space, random_belief(space), explained=explained, explained_of=4, by=None)
    rows: dict[int, set[int]] = {}
    for hypothesis in range(243):
        _, y = strips.position(view, 120, 40, hypothesis) or (-1, -1)
        rows.setdefault(y, set()).add(int(explained[hypothesis]))
    assert [rows[y] for y in sorted(rows)] == [{4}, {3}, {2}, {1}, {0}]


def test_what_is_joined_in_a_column_is_said_and_shown_by_its_likeliest() -> None:
    space = acre(7)
    log_p = random_belief(space, 1)
    view = BeliefView(space, log_p, by=6)
    picture = strips.draw(view, 100, 30)
    assert "likeliest of 9 a column" in picture.plain()[0]
    shown = {strips.hypothesis_at(view, 100, 30, x, y) for x in range(100) for y in range(1, 30)} - {None}
    assert int(np.argmax(log_p)) in shown
    assert len(shown) == 3 * 81


def test_joined_columns_follow_the_factors(space: ProductSpace) -> None:
    view = BeliefView(space, random_belief(space), by=4)
    assert "3 a column" in strips.draw(view, 76, 20).plain()[0]
    places = [strips.position(view, 76, 20, space.index((0, 1, 2, d, 1))) for d in range(3)]
    assert len(set(places)) == 1


def test_the_last_generation_is_a_line_without_colour_too(space: ProductSpace) -> None:
    now, before = np.full(243, 1e-5), np.full(243, 1e-5)
    now[0], before[100] = 0.99, 0.99
    view = BeliefView(space, np.log(now / now.sum()), previous=np.log(before / before.sum()), by=4)
    picture = strips.draw(view, 120, 30)
    assert "last generation" in picture.plain()[0]
    for hypothesis in (0, 100):  # one has fallen from high, one has risen
        x, foot = strips.position(view, 120, 30, hypothesis) or (-1, -1)
        column = {chr(c) for c in picture.chars[foot - 5 : foot + 1, x]}
        assert column & set("▁─▔")
    without = strips.draw(replace(view, previous=None), 120, 30)
    assert "last generation" not in without.plain()[0]
    assert not any(unpack(code).role == Role.GHOST for code in np.unique(without.inks).tolist())


def test_an_unchanged_belief_has_no_ghost(space: ProductSpace) -> None:
    log_p = random_belief(space)
    picture = strips.draw(BeliefView(space, log_p, previous=log_p, by=4), 120, 30)
    assert not any(unpack(code).role == Role.GHOST for code in np.unique(picture.inks[1:]).tolist())


def test_values_without_a_row_are_counted() -> None:
    space = product(11, 3)
    lines = strips.draw(BeliefView(space, random_belief(space), by=0), 60, 6).plain()
    assert lines[-1] == "… 6 more"


def test_a_strip_of_one_row_keeps_its_total_however_large(space: ProductSpace) -> None:
    explained = np.arange(243) % 5
    log_p = np.full(243, -np.inf)
    log_p[explained == 3] = np.log(0.984 / np.count_nonzero(explained == 3))
    log_p[explained == 4] = np.log(0.016 / np.count_nonzero(explained == 4))
    view = BeliefView(space, log_p, explained=explained, explained_of=4, by=None)
    lines = strips.draw(view, 90, 10).plain()
    assert any("3/4" in line and "98.4%" in line for line in lines) or any("3 of 4" in line and "98.4%" in line for line in lines)


def test_bounds_of_the_totals_stand_below_them_where_there_is_room(space: ProductSpace) -> None:
    log_p = random_belief(space)
    view = BeliefView(space, log_p, by=4, bounds=((0.1, 0.2), (0.0, 0.014), (0.3, 1.0)))
    lines = strips.draw(view, 100, 20).plain()
    at = [next(row for row, line in enumerate(lines) if f"screen {state}" in line) for state in ("on", "off", "und")]
    assert [lines[row + 2].split()[0] for row in at] == ["10–20%", "0–2%", "30–100%"]
    low = strips.draw(view, 100, 8).plain()
    assert not any("10–20%" in line for line in low)
    exact = strips.draw(replace(view, bounds=()), 100, 20).plain()
    assert not any("–" in line for line in exact)
