from __future__ import annotations

import tomllib
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st
from narrow import not_none

from iicl_tui.errors import ConfigError
from iicl_tui.store.toml_lines import line_of, parse

HAND = '''\
# a comment with = and [x]
title = "a # b"
"quoted key".inner = 'x'
long = """
[not.a.table]
key = "no" \\""" still
"""
raw = \'\'\'
[[nor.this]]
\'\'\'\'\'

[task]
objects = ["A", # one
  "B",
  "]", [1, 2,
  3],
]
when = 1979-05-27 07:32:00 # a blank inside
point = { x = 1, y.z = "}", deep = [{ a = 1 }, { b = 2 }] }

[[agent]]
kind = "bayes"
[agent.prior]
screen = { on = 1,  off = 8 }
[[agent]]
kind = "bayes"
[agent.prior.screen]
on = 1
[["agent".'more']]
a.b.c = 1
[[agent.more]]
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("quoted key",), 3),
        (("quoted key", "inner"), 3),
        (("long",), 4),
        (("raw",), 8),
        (("task",), 12),
        (("task", "objects"), 13),
        (("task", "objects", 0), 13),
        (("task", "objects", 1), 14),
        (("task", "objects", 3, 1), 15),
        (("task", "objects", 3, 2), 16),
        (("task", "when"), 18),
        (("task", "point", "y", "z"), 19),
        (("task", "point", "deep", 1, "b"), 19),
        (("agent",), 21),
        (("agent", 0), 21),
        (("agent", 0, "prior"), 23),
        (("agent", 0, "prior", "screen", "off"), 24),
        (("agent", 1), 25),
        (("agent", 1, "kind"), 26),
        (("agent", 1, "prior", "screen"), 27),
        (("agent", 1, "prior", "screen", "on"), 28),
        (("agent", 1, "more", 0, "a", "b", "c"), 30),
        (("agent", 1, "more", 1), 31),
        (("agent", 1, "more", 1, "missing", "key"), 31),
        (("agent", 0, "missing"), 21),
        (("missing",), None),
        ((), None),
    ],
)
def test_lines_of_a_text_written_by_hand(path: tuple[str | int, ...], line: int | None) -> None:
    tomllib.loads(HAND)
    assert line_of(HAND, path) == line
    assert line_of(HAND.replace("\n", "\r\n"), path) == line


KEYS = st.text(st.characters(codec="utf-8"), max_size=5) | st.sampled_from(["a", "b", "c", "a.b", '"', "'", "#", "["])
SCALARS = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.datetimes()
    | st.dates()
    | st.text(st.characters(codec="utf-8"), max_size=12)
    | st.text(st.sampled_from("\"'\\\n#[]{}=,a"), max_size=12)
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=12)
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=5)


def paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(deeper for key, inner in items for deeper in paths(inner, (*path, key)))]


@given(DOCUMENTS, st.booleans())
def test_every_path_of_a_document_has_the_line_that_names_it(document: dict[str, Any], multiline: bool) -> None:
    text = tomli_w.dumps(document, multiline_strings=multiline)
    rows = text.split("\n")
    for path in paths(tomllib.loads(text))[1:]:
        line = line_of(text, path)
        assert line is not None
        if isinstance(path[-1], str):
            written = tomli_w.dumps({path[-1]: 1}).removesuffix(" = 1\n")
            assert written in rows[line - 1]


@given(DOCUMENTS)
def test_cutting_a_text_before_a_line_never_moves_the_lines_above(document: dict[str, Any]) -> None:
    text = tomli_w.dumps(document)
    moved = "# one more line\n" + text
    for path in paths(tomllib.loads(text))[1:]:
        assert line_of(moved, path) == not_none(line_of(text, path)) + 1


@pytest.mark.parametrize(
    ("text", "line"),
    [("a = 1\nb = \n", 2), ("a = 1\n\nc = [1,\n\n", 3), ("a = 'b\nc = 1\n", 1), ("a = 1\na = 2", 2), ("x", 1), ("a = 1\n\x00", 2)],
)
def test_no_toml_is_a_fault_with_its_line(text: str, line: int) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, "some.toml")
    (fault,) = caught.value.faults
    assert (fault.path, fault.line) == ((), line)
    assert "some.toml" in caught.value.title
    assert "(at " not in str(fault)


def test_what_is_open_at_the_end_of_a_long_text_is_said_there() -> None:
    with pytest.raises(ConfigError) as caught:
        parse("a = [\n" + "1,\n" * 500)
    assert caught.value.faults[0].line == 501


def test_deep_nesting_is_a_fault() -> None:
    with pytest.raises(ConfigError, match="1 fault"):
        parse("a = " + "[" * 5000)
