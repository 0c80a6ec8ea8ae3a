from __future__ import annotations

import subprocess
import sys
import unicodedata

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from iicl_tui.charts.picture import (
    DIM,
    FIT_STEPS,
    MARK,
    Ink,
    Picture,
    Role,
    fit_hue,
    hue_name,
    ink,
    notice,
    shorten,
    state_hue,
    text_width,
    unpack,
)


def cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


@given(st.text(max_size=12), st.integers(-6, 14), st.integers(-1, 3), st.integers(0, 12), st.text(max_size=6))
def test_whatever_is_written_a_row_keeps_its_width_and_holds_no_control_character(
    text: str, x: int, y: int, width: int, over: str
) -> None:
    picture = Picture(width, 2)
    picture.put(x, y, text, DIM)
    picture.put(x + 1, y, over, MARK)
    for row in range(2):
        line = "".join(part for part, _ in picture.runs(row))
        assert cells(line) == width
        assert not any(unicodedata.category(char) in ("Cc", "Cf", "Mn", "Zl", "Zp") for char in line)
    assert len(picture.plain()) == 2


def test_escape_and_newline_become_symbols() -> None:
    picture = Picture(4, 1)
    picture.put(0, 0, "\x1b\na")
    assert picture.plain() == ["␛␊a"]


def test_half_of_a_wide_character_is_never_left_over() -> None:
    picture = Picture(6, 1)
    picture.put(0, 0, "日本語")
    picture.put(1, 0, "x")
    assert picture.plain() == [" x本語"]
    picture.put(2, 0, "yz")
    assert picture.plain() == [" xyz語"]


@given(st.sampled_from(list(Role)), st.integers(0, 63), st.integers(0, 15), st.integers(0, 63), st.booleans())
def test_an_ink_is_taken_apart_as_it_was_put_together(role: Role, hue: int, level: int, under: int, cursor: bool) -> None:
    assert unpack(ink(role, hue, level, under, cursor)) == Ink(role, hue, level, under, cursor)


def test_hues_of_states_and_of_fit_are_different_and_within_bounds() -> None:
    states = {state_hue(value) for value in range(100)}
    fits = {fit_hue(count, 20) for count in range(21)}
    assert not states & fits
    assert max(states | fits) < 64
    assert hue_name(fit_hue(20, 20)) == ("fit", FIT_STEPS)
    assert hue_name(fit_hue(0, 20)) == ("fit", 0)
    assert hue_name(state_hue(2)) == ("state", 2)


@given(st.text(max_size=20), st.integers(-2, 25))
def test_shortened_text_fits(text: str, width: int) -> None:
    assert text_width(shorten(text, width)) <= max(width, 0)
    if text_width(text) <= width:
        assert shorten(text, width) == text


def test_runs_join_cells_of_one_ink() -> None:
    picture = Picture(6, 1)
    picture.put(2, 0, "ab", MARK)
    assert list(picture.runs(0)) == [("  ", 0), ("ab", MARK), ("  ", 0)]


def test_a_notice_survives_any_size() -> None:
    for width in range(0, 30, 3):
        for height in range(3):
            assert len(notice(width, height, "nothing here").plain()) == height


def test_a_column_of_texts_is_cut_at_the_edges_without_splitting_a_character() -> None:
    picture = Picture(4, 3)
    picture.put_column(1, 1, ["日本", "abcd"], 4, np.array([0, 1, 0]), np.array([1, 2, 3], dtype=np.int32))
    assert picture.plain() == ["", " 日", " abc"]
    assert picture.inks[1:, 1:].tolist() == [[1, 1, 1], [2, 2, 2]]


def test_the_picture_makers_need_no_screen() -> None:
    code = (
        "import sys; from iicl_tui.charts import belief, curves, film, marginals;"
        "assert not {'textual', 'rich'} & set(sys.modules), 'a chart imports the screen'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
