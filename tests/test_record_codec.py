"""A toy record: one line in its table is all that a new field needs."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from iicl_tui.errors import Fault
from iicl_tui.record_codec import COUNTED_FROM_ONE, FLOAT, WORDS, Records, RecordTable, field
from iicl_tui.schema import Path


@dataclass(frozen=True)
class Toy:
    name: str
    weight: float = 1.0
    colours: tuple[str, ...] = ()
    place: int = 0
    parts: tuple[Toy, ...] = ()


FIELDS = (
    field("name", "str"),
    field("weight", "float", value=FLOAT, default=1.0, low=0),
    field("colour", "strings", "colours", value=WORDS, default=()),
    field("place", "int", value=COUNTED_FROM_ONE, default_of=lambda toy, place: place),
)
PART = RecordTable("[[toy.part]]", FIELDS)
TOY = RecordTable("[toy]", (*FIELDS, field("part", "any", "parts", value=Records(PART), default=())))


class Context:
    """Implements both contexts, as far as plain values go."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def value(self, item: Any) -> str:
        return json.dumps(item)

    def hypothesis(self, hypothesis: Any, path: Path = ()) -> Any:
        raise NotImplementedError

    example = filter_kind = purpose = hypothesis

    def record(self, table: RecordTable, entry: Mapping[str, Any], path: Path, place: int) -> Any:
        return Toy(**table.read(entry, path, self, place))


def test_what_is_a_default_is_left_out_and_read_back() -> None:
    toy = Toy("cart", 2, ("red", "blue"), 0, (Toy("wheel", place=0), Toy("shaft", 1.0, (), 0)))
    text = TOY.block(toy, Context())
    assert text == (
        '[toy]\nname = "cart"\nweight = 2.0\ncolour = ["red", "blue"]\n'
        '[[toy.part]]\nname = "wheel"\n[[toy.part]]\nname = "shaft"\nplace = 1\n'
    )
    context = Context()
    assert Toy(**TOY.read(tomllib.loads(text)["toy"], ("toy",), context)) == toy
    assert not context.faults


def test_every_fault_is_named_and_the_attribute_has_its_default() -> None:
    context = Context()
    values = TOY.read({"nmae": "x", "weight": -1, "colour": 3, "part": [1]}, ("toy",), context)
    assert values == {"name": None, "weight": 1.0, "colours": (), "place": 0, "parts": ()}
    assert [(fault.key, fault.message.split(",")[0]) for fault in context.faults] == [
        ("toy.nmae", "unknown key; nearest known: name"),
        ("toy.name", "is missing; expected a text in quotes"),
        ("toy.weight", "expected a number"),
        ("toy.colour", "expected a list of texts"),
        ("toy.part", "expected tables"),
    ]


@dataclass(frozen=True)
class Painted(Toy):
    gloss: float | None = None


def test_a_new_field_is_one_edit() -> None:
    table = RecordTable("[toy]", (*TOY.fields, field("gloss", "float", value=FLOAT, default=None, low=0, high=1)))
    plain, painted = Painted("cart"), Painted("cart", gloss=1)
    assert table.block(plain, Context()) == TOY.block(plain, Context())
    text = table.block(painted, Context())
    assert "gloss = 1.0\n" in text
    assert Painted(**table.read(tomllib.loads(text)["toy"], (), Context())) == painted
    assert table.export(painted)["gloss"] == 1
    assert table.cells(painted)["gloss"] == 1
    context = Context()
    table.read({"name": "cart", "gloss": 2, "glos": 1}, ("toy",), context)
    assert [str(fault) for fault in context.faults] == [
        "toy.glos: unknown key; nearest known: gloss",
        "toy.gloss: expected a number from 0 to 1, found 2",
    ]


@pytest.mark.parametrize(("toy", "cells"), [(Toy("a", 2.5, ("x", "y"), 3), ["a", 2.5, "x y", 3]), (None, [None] * 4)])
def test_a_row_of_a_table(toy: Toy | None, cells: list[Any]) -> None:
    assert TOY.columns() == ("name", "weight", "colour", "place")
    assert list(TOY.cells(toy).values()) == cells


def test_lists_of_records_are_exported_under_their_attributes_name() -> None:
    exported = TOY.export(Toy("cart", place=1, parts=(Toy("wheel"),)))
    assert exported["place"] == 2
    assert [part["name"] for part in exported["parts"]] == ["wheel"]


def test_a_document_that_says_a_part_of_a_record() -> None:
    fields = TOY.only(name="?", place=None)
    assert [(each.key, each.default) for each in fields] == [("name", "?"), ("place", None)]
    assert TOY.others(fields) == ("weight", "colour", "part")
