from __future__ import annotations

from itertools import islice

from hypothesis import given, settings
from hypothesis import strategies as st

from iicl_tui.present.row_text import lines, wrapped
from iicl_tui.text import printable

texts = st.text(st.sampled_from(list("ab 漢\n\t`*_#>-1.\x1b\u202e")), max_size=120)


def shown(text: str, drawn: bool = True) -> list[str]:
    return [line.plain for line in lines(text, drawn)]


@settings(max_examples=60)
@given(texts, st.booleans())
def test_every_character_is_shown_and_none_controls_the_terminal(text: str, drawn: bool) -> None:
    assert "\n".join(shown(text, drawn)) == printable(text, newlines=True)


@settings(max_examples=60)
@given(texts, st.integers(2, 30))
def test_wrapped_lines_fit_and_lose_only_spaces(text: str, width: int) -> None:
    found = list(wrapped(lines(text), width))
    assert all(line.width <= width for line in found)
    assert "".join("".join(line.plain for line in found).split()) == "".join(printable(text, newlines=True).split())


def test_markdown_and_code_have_roles() -> None:
    text = "# Title\nA **bold** word, `code` and snake_case_name\n- item\n```\n**not bold**\n```\n**again**"
    runs = [run for line in lines(text) for run in line.runs]
    assert ("# Title", "strong accent") in runs
    assert {("bold", "strong"), ("code", "code"), ("- ", "accent"), ("**not bold**", "code"), ("again", "strong")} <= set(runs)
    assert ("case", "italic") not in runs
    assert all(role == "" for line in lines(text, drawn=False) for _, role in line.runs)


def test_list_items_keep_their_indent_when_wrapped() -> None:
    assert [line.plain for line in wrapped(lines("- one two three"), 9)] == ["- one two", "  three"]


def test_lines_end_between_wide_characters_and_not_within_a_word() -> None:
    assert [line.plain for line in wrapped(lines("ab 漢字漢字abc"), 9)] == ["ab 漢字漢", "字abc"]
    assert [line.plain for line in wrapped(lines("abcdefgh漢字"), 9)] == ["abcdefgh", "漢字"]


def test_a_megabyte_is_wrapped_as_far_as_it_is_looked_at() -> None:
    for text in ("x" * 1_000_000, "漢a" * 500_000, "word " * 200_000, "line\n" * 200_000):
        found = list(islice(wrapped(lines(text), 80), 50))
        assert len(found) == 50
        assert all(line.width <= 80 for line in found)
