"""Replies in exactly the form that is asked for, which most are: one pattern finds what the readers of free text would find.

A pattern is made only for names that mean nothing else to those readers; for others, and for every other form, they read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from iicl_tui.bayes.space import ProductSpace

_NAME = re.compile(r"[^\W_](?:[ -]?[^\W_]){0,15}")
_GAP = r"[ \n]{0,8}"


def plain_rule(space: ProductSpace) -> re.Pattern[str] | None:
    """Pattern of a whole reply {"A": "on", …}, Rule: before it or not: every name once, in the space's order and spelling.

    Each group is a factor's value. None where the names or values are unusual.
    """
    if not all(map(_is_plain, (name for factor in space.factors for name in (factor.name, *factor.values)))):
        return None
    pairs = (rf'"{factor.name}"{_GAP}:{_GAP}"({"|".join(factor.values)})"' for factor in space.factors)
    return re.compile(rf"{_GAP}(?:Rule:{_GAP})?{{{_GAP}{f'{_GAP},{_GAP}'.join(pairs)}{_GAP}}}{_GAP}")


def plain_examples(
    objects: Sequence[str], outputs: Sequence[str], labels: Sequence[str]
) -> tuple[re.Pattern[str], re.Pattern[str]] | None:
    """Patterns of a whole reply and of one example in it: Input: A, C, and Output: on in the next line, in the very spelling.

    The groups of an example are its objects, with ", " between, and its output. labels: words that head an input or an output,
    in lower case. None where the names are unusual or are labels.
    """
    if not all(map(_is_plain, (*objects, *outputs))) or any(name.lower() in labels for name in objects):
        return None
    name = f"(?:{'|'.join(objects)})"
    example = rf"Input: ({name}(?:, {name}){{0,11}})\nOutput: ({'|'.join(outputs)})(?=[^\S\n]*(?:\n|\Z))"
    return re.compile(rf"\s*{example}(?:\n{{1,2}}{example})*+\s*"), re.compile(example)


def _is_plain(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and not {"rule", "object", "obj", "item"} & set(re.split("[ -]", name.lower()))
