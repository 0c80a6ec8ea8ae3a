"""A lesson's texts: slots filled with a chain's own numbers, and lines of at most 76 cells."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping

from iicl_tui.lessons.expressions import Chains, Reference, number_text, read_expression
from iicl_tui.lessons.hints import hint
from iicl_tui.text import printable

WIDTH = 76
"""Cells of a line: 80 columns, less the panel's border and padding."""
MOST_LINES = 5

_OPTIONAL = re.compile(r"\[([^\[\]]*\{guess\}[^\[\]]*)\]")
_SLOT = re.compile(r"\{([^{}]*)\}")
_WORD = re.compile(r"\s*(rule|data|example)(?:\s+(\d{1,3}))?\s*@\s*(\d{1,9}|last)(?:\s+of\s+([\w-]+))?\s*")
_FORMATS = ("points", "times", "share")
GUESS_SLOTS = ("guess", "truth", "gap")


def fill(text: str, chains: Chains, given: Mapping[str, str] | None = None) -> str:
    """The text with every slot filled. Raises ValueError with a sentence for the author.

    Args:
        text: Slots are {P(screen off) @6}, {rule @2}, {data @0}, {example 1 @0}; `| points` after an expression writes a difference
            of shares in percentage points, `| times` a ratio, `| share` a number in per cent.
        chains: The lesson's chains.
        given: Values of further slots, such as guess. A part in [ ] with {guess} in it is left out where nobody guessed.
    """
    known = (given or {}).get("guess", "")
    text = _OPTIONAL.sub(lambda match: match[1] if known else "", text)
    if re.sub(_SLOT, "", text).count("{") or re.sub(_SLOT, "", text).count("}"):
        raise ValueError("a brace without its partner")
    return _SLOT.sub(lambda match: _slot(match[1], chains, given or {}), text)


def _slot(inner: str, chains: Chains, given: Mapping[str, str]) -> str:
    if inner.strip() in given:
        return given[inner.strip()]
    if inner.strip() in GUESS_SLOTS:
        raise ValueError(f"{{{inner.strip()}}} is known only in the explanation of a question")
    if word := _WORD.fullmatch(inner):
        return _word(word, chains)
    text, _, form = inner.partition("|")
    form = form.strip()
    if form and form not in _FORMATS:
        raise ValueError(f'unknown form "{form}"; {hint(form, _FORMATS)}')
    expression = read_expression(text)
    value = expression.value(chains)
    if form == "points":
        return f"{abs(100 * value):.0f}"
    if form == "times":
        return f"{value:.0f}" if value >= 10 else f"{value:.1f}"
    return number_text(value, "share" if form == "share" else expression.unit(chains))


def _word(match: re.Match[str], chains: Chains) -> str:
    what, number, at, chain_name = match.groups()
    chain, generation = Reference("rules", "", None if at == "last" else int(at), chain_name or "").find(chains)
    if what == "rule":
        if generation < 1:
            raise ValueError("a rule is kept from generation 1 on")
        return printable(chain.task.rule(chain.generations[generation - 1].hypothesis), 200)
    examples = chain.data(generation)
    if what == "data":
        return printable("; ".join(map(chain.task.example_text, examples)), 400)
    if number is None or not 1 <= int(number) <= len(examples):
        raise ValueError(f"example takes a number from 1 to {len(examples)}, as {{example 1 @{at}}}")
    return printable(chain.task.example_text(examples[int(number) - 1]), 200)


def wrap(text: str, width: int = WIDTH) -> list[str]:
    """The text in lines; an empty line of the source begins a new line."""
    lines: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        lines += textwrap.wrap(paragraph, max(width, 10)) or [""]
    return lines


def length_fault(text: str) -> str | None:
    """Says that a filled text is too long; None if it is not."""
    count = len(wrap(text))
    return None if count <= MOST_LINES else f"takes {count} lines at 80 columns; at most {MOST_LINES} fit the panel"
