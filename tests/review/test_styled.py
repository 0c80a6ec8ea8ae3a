from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from iicl_tui.review.styled import StyledText, styled, wrap_words
from iicl_tui.text import text_width

texts = st.text(st.sampled_from("ab 漢é✓"), max_size=12)
styled_texts = st.lists(st.tuples(texts, st.sampled_from(["", "muted", "strong hue-2"])), max_size=4).map(
    lambda runs: styled(*runs)
)


def test_parts_are_joined_and_take_more_roles() -> None:
    text = styled("a ", ("b", "hue-1"), styled(("c", "muted")), "")
    assert text.runs == (("a ", ""), ("b", "hue-1"), ("c", "muted"))
    assert text.with_role("strong").runs == (("a ", "strong"), ("b", "hue-1 strong"), ("c", "muted strong"))
    assert (text + "!").plain == "a bc!"
    assert not StyledText()
    assert styled("漢").width == 2


@given(styled_texts, st.integers(0, 30))
def test_a_cut_text_fits_and_says_that_it_was_cut(text: StyledText, width: int) -> None:
    short = text.cut(width)
    assert short.width <= width
    if text.width <= width:
        assert short == text
    elif width:
        assert short.plain.endswith("…")
        assert text.plain.startswith(short.plain[:-1])
    assert text.cut(width, pad=True).width == width


@given(texts, st.integers(2, 9))
def test_wrapped_lines_fit_and_lose_nothing(text: str, width: int) -> None:
    lines = wrap_words(text, width)
    assert lines
    assert all(text_width(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
