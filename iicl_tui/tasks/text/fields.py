"""The options of a text task's [task] table, and those of each [[task.feature]]."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from iicl_tui.schema import REQUIRED, Field
from iicl_tui.tasks.text.sets import SETS

MOST_CELLS = 2_000
"""Limit on the grid: a belief has one number per cell and generation, and each chart draws them all."""

KINDS = ("words", "chars", "regex", "label", "distinct", "similarity-start", "similarity-last", "field", "function")

KEYS: Mapping[str, tuple[str, ...]] = {
    "words": (),
    "chars": (),
    "regex": ("pattern",),
    "label": ("values", "field"),
    "distinct": (),
    "similarity-start": (),
    "similarity-last": (),
    "field": ("field", "values"),
    "function": ("function", "values"),
}
"""The options that only some kinds have, beside `n` of distinct."""

SLOT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
OWN_SLOTS = ("examples", "count", "form", "after", "before", "what", "trouble", "fields", "number", "item", "text")
"""The slots of the prompts that the program fills."""

PERSONAS = ("neutral", "positive", "negative", "short", "long", "plain")


def _not_empty(value: str) -> str:
    if not value.strip():
        raise ValueError("the name is empty; give one, or remove the key")
    return value


FIELDS = (
    Field("initial", "int", "|d⁰|", "How many texts start the chain. No text appears twice.", 20, low=1, high=255),
    Field("samples", "int", "samples M", "How many texts a generation passes to the next: the bottleneck.", 20, low=1, high=1000),
    Field("set", "choice", "texts of ours", "Texts that come with the program: d⁰ is drawn from them, and an agent that computes "
          "passes them on. Ignored if `file` names a file.", "reviews", choices=SETS),
    Field("file", "str", "texts from file", "Your own texts: a JSONL or CSV file. d⁰ is drawn from it, and an agent that computes "
          "passes on its rows (a session file holds a copy). Empty: texts of ours.", None, convert=_not_empty),
    Field("text", "str", "field of the text", "The field or column that holds the text.", "text", convert=_not_empty),
    Field("fields", "strings", "further fields", "Fields that belong to an example beside its text, such as a topic. A language "
          "model is asked for them too. Absent: all of a set of ours, none of a file.", None, in_form=False),
    Field("quota", "table", "quota of d⁰", "How many texts of d⁰ have a value of one feature, as { sentiment = { negative = 6 } }. "
          "The others have another value.", {}, in_form=False),
    Field("feature", "any", "features", "What is measured, one [[task.feature]] each; absent: length in words.", None,
          in_form=False),
    Field("smoothing", "float", "smoothing A", "Weight of the uniform prior over the cells of the grid, in texts.", 1.0, low=0.001,
          high=1000),
    Field("slots", "table", "own slots", "Words of yours for the prompts, as { product = \"a kettle\" }: {product} stands for "
          "them.", {}, in_form=False),
    Field("what", "str", "what they are", "Plural noun for the texts, in prompts.", "texts", convert=_not_empty),
    Field("persona", "choice", "persona", "What a language model is told to prefer. Bayesian agents have a prior.", "neutral",
          choices=PERSONAS),
    Field("rows", "table", "copy of the file", "A session file's copy of the file that `file` names.", None, in_form=False),
)  # fmt: skip

FEATURE_FIELDS = (
    Field("name", "str", "name", "What it is called in charts, priors and filters.", REQUIRED),
    Field("kind", "choice", "kind", "words, chars: the length. regex: whether a pattern is found, or with bins how often. label: "
          "one of `values`, in the text or in `field`. distinct: share of different n-grams. similarity-start, similarity-last: to "
          "the nearest text of d⁰ or of the generation before. field: a field's number or value. function: of another package.",
          REQUIRED, choices=KINDS),
    Field("bins", "any", "bins", "Where one bin ends and the next begins, in ascending order.", None),
    Field("values", "strings", "values", "The labels, or the values of a field or function.", None),
    Field("field", "str", "field", "The field that is measured.", None),
    Field("pattern", "str", "pattern", "The regular expression.", None),
    Field("n", "int", "n", "Length of the n-grams of distinct-n, in words.", 2, low=1, high=5),
    Field("function", "str", "function", "Name of an entry point in the group iicl_tui.features.", None),
    Field("belief", "bool", "in the belief", "Whether it is an axis of the grid of hypotheses. If not, it is only measured.", None),
)  # fmt: skip


def feature_fields(table: Mapping[str, Any]) -> tuple[Field, ...]:
    """The options of a feature for a form: those that its kind has, the kind first."""
    kind = table.get("kind")
    keys = {"kind", "name", "bins", "belief", *(KEYS[kind] if kind in KINDS else ()), *(("n",) if kind == "distinct" else ())}
    fields = sorted((field for field in FEATURE_FIELDS if field.key in keys), key=lambda field: field.key != "kind")
    return tuple(replace(field, default=kind != "similarity-last") if field.key == "belief" else field for field in fields)
