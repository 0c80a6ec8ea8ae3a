"""Fast path for replies in exactly the requested form: a single pattern finds what the readers of free text would find.

Names that could mean something else to those readers get no pattern. Such replies, and all other forms, are read as free text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from iicl_tui.bayes.space import ProductSpace

_NAME = re.compile(r"[^\W_](?:[ -]?[^\W_]){0,15}")
_GAP = r"[ \n]{0,8}"


def plain_rule(space: ProductSpace) -> re.Pattern[str] | None:
    """Pattern of a whole reply {"A": "on", …}, with or without Rule: before it, in the space's order and spelling.

    Each group is a factor's value. None if the names or values are unusual.
    """
    if not all(map(_is_plain, (name for factor in space.factors for name in (factor.name, *factor.values)))):
        return None
    pairs = (rf'"{factor.name}"{_GAP}:{_GAP}"({"|".join(factor.values)})"' for factor in space.factors)
    return re.compile(rf"{_GAP}(?:Rule:{_GAP})?{{{_GAP}{f'{_GAP},{_GAP}'.join(pairs)}{_GAP}}}{_GAP}")


def plain_examples(
    objects: Sequence[str], outputs: Sequence[str], labels: Sequence[str]
) -> tuple[re.Pattern[str], re.Pattern[str]] | None:
    """Patterns of a whole reply, and of one example in it: Input: A, C and on the next line Output: on, spelt exactly.

    Args:
        objects: names of the objects.
        outputs: names of the outputs.
        labels: words that introduce an input or an output, in lower case.

    Returns:
        The two patterns. The groups of an example are its objects, separated by ", ", and its output. None if the names are
        unusual or are labels.
    """
    if not all(map(_is_plain, (*objects, *outputs))) or any(name.lower() in labels for name in objects):
        return None
    name = f"(?:{'|'.join(objects)})"
    example = rf"Input: ({name}(?:, {name}){{0,11}})\nOutput: ({'|'.join(outputs)})(?=[^\S\n]*(?:\n|\Z))"
    return re.compile(rf"\s*{example}(?:\n{{1,2}}{example})*+\s*"), re.compile(example)


def _is_plain(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and not {"rule", "object", "obj", "item"} & set(re.split("[ -]", name.lower()))
