from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from iicl_tui.text import outwards, printable, text_width

ANY_TEXT = st.text(st.characters(), max_size=60) | st.text(st.sampled_from("\x1b\r\n\t\x9b\u202e\u200b\u2028\ud800a⟨…"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain [/ text", "plain [/ text"),
        ("\x1b[31mred", "␛[31mred"),
        ("a\x00b\x7f", "a␀b␡"),
        ("\x9b31m", "⟨U+009B⟩31m"),
        ("a\u202eb\u200bc\u2028d", "a⟨U+202E⟩b⟨U+200B⟩c⟨U+2028⟩d"),
        ("\ud83d", "⟨U+D83D⟩"),
        ("a\tb", "a    b"),
        ("one\ntwo\r\nthree\rfour", "one␊two␊three␍four"),
        ("漢字 é ñ\u00a0x", "漢字 é ñ\u00a0x"),
    ],
)
def test_shown(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_newlines_kept_where_asked() -> None:
    assert printable("one\ntwo\r\nthree\rfour\u2029", newlines=True) == "one\ntwo\nthree␍four⟨U+2029⟩"


@pytest.mark.parametrize(("limit", "shown"), [(0, ""), (1, "…"), (4, "abc…"), (5, "abcde"), (9, "abcde")])
def test_limit(limit: int, shown: str) -> None:
    assert printable("abcde", limit) == shown


def test_limit_counts_what_is_shown() -> None:
    assert printable("\u202e" * 3, 10) == "⟨U+202E⟩⟨…"
    assert printable("\r\n" * 3, 3) == "␊␊␊"
    assert printable("x" * 10_000_000, 5) == "xxxx…"


@given(ANY_TEXT, st.none() | st.integers(0, 20), st.booleans())
def test_nothing_left_that_steers_a_terminal(text: str, limit: int | None, newlines: bool) -> None:
    shown = printable(text, limit, newlines)
    bad = {char for char in shown if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert bad <= ({"\n"} if newlines else set())
    assert limit is None or len(shown) <= limit
    assert printable(shown, limit, newlines) == shown


@pytest.mark.parametrize(("text", "shown"), [("❤\ufe0f", "❤"), ("⌚\ufe0e x", "⌚ x"), ("1\ufe0f\u20e3", "1\u20e3")])
def test_characters_are_as_wide_as_every_terminal_draws_them(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert text_width(printable(text)) == cell_len(printable(text))  # our measure and the screens'


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.integers(0, 4))
def test_an_interval_in_words_holds_the_interval(one: float, other: float, places: int) -> None:
    low, high = sorted((one, other))
    least, most = map(float, outwards(low, high, places))
    assert low - 10.0**-places - 1e-6 < least <= low + 2e-9
    assert high - 2e-9 <= most < high + 10.0**-places + 1e-6


def test_ends_that_have_as_many_places_stay_and_there_is_no_minus_zero() -> None:
    assert outwards(0.1 + 0.2, 0.7, 2) == ("0.30", "0.70")
    assert outwards(-0.001, -0.0, 1) == ("-0.1", "0.0")
    assert outwards(0.5, float("inf"), 1) == ("0.5", "inf")
