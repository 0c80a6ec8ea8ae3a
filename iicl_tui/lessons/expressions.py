"""Numbers in a lesson: `P(screen off) @6 of filtered - 0.1`, computed from its chains."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from iicl_tui.chain.engine import Chain
from iicl_tui.lessons.hints import hint
from iicl_tui.lessons.metrics import METRICS, Unit, distribution, unit_of

Operator = Literal["+", "-", "*", "/"]
_REFERENCE = re.compile(
    r"\s*(?P<name>[A-Za-z][A-Za-z ]*?)\s*(?:\((?P<argument>[^()]*)\))?\s*@\s*(?P<at>\d{1,9}|last)(?:\s+of\s+(?P<chain>[\w-]+))?"
)
_NUMBER = re.compile(r"\s*(\d+(?:\.\d+)?)")
_OPERATOR = re.compile(r"\s*([-+*/])")
_COMPARISON = re.compile(r"(<=|>=|<|>|=)(?![^()]*\))")
_CLOSE = 1e-9

Chains = Mapping[str, Chain]
"""The chains of a lesson by name, each run to its end. The first one is meant where a text names none."""


@dataclass(frozen=True)
class Reference:
    """A metric at a generation of a chain.

    Attributes:
        generation: None is the last one.
        chain: "" is the lesson's first chain.
    """

    name: str
    argument: str
    generation: int | None
    chain: str = ""

    def find(self, chains: Chains) -> tuple[Chain, int]:
        """The chain and the generation. Raises ValueError if there is none."""
        if self.chain and self.chain not in chains:
            raise ValueError(f'there is no chain "{self.chain}"; {hint(self.chain, chains)}')
        chain = chains[self.chain] if self.chain else next(iter(chains.values()))
        last = len(chain.generations)
        generation = last if self.generation is None else self.generation
        if generation > last:
            raise ValueError(f"there is no generation {generation}; the chain ends at {last}")
        return chain, generation

    def value(self, chains: Chains) -> float:
        """The number. Raises ValueError."""
        chain, generation = self.find(chains)
        metric = METRICS[self.name]
        if generation < metric.first:
            raise ValueError(f"{self.name} begins at generation {metric.first}, not at {generation}")
        return metric.value(chain, generation, self.argument)

    def values(self, chains: Chains) -> tuple[tuple[str, ...], NDArray[np.float64]]:
        """The names and probabilities of all values of a grouping, for P(screen). Raises ValueError."""
        chain, generation = self.find(chains)
        if self.name != "P":
            raise ValueError(f"bars show P of an object, as P(screen) @1, not {self.name}")
        p = distribution(chain, generation, self.argument)
        split = next(each for each in chain.task.space.groupings if each.name == self.argument)
        return split.values, p


@dataclass(frozen=True)
class Expression:
    """A sum or product of numbers and references, from left to right without precedence.

    Attributes:
        text: As the author wrote it.
    """

    text: str
    first: Reference | float
    rest: tuple[tuple[Operator, Reference | float], ...] = ()

    @property
    def references(self) -> tuple[Reference, ...]:
        """The metrics that it names."""
        return tuple(each for each in (self.first, *(term for _, term in self.rest)) if isinstance(each, Reference))

    def value(self, chains: Chains) -> float:
        """The number. Raises ValueError with a sentence for the author."""
        out = _term(self.first, chains)
        for operator, term in self.rest:
            by = _term(term, chains)
            if operator == "/" and by == 0:
                raise ValueError(f"{self.text}: divides by 0")
            out = {"+": out + by, "-": out - by, "*": out * by, "/": out / by if by else out}[operator]
        if not np.isfinite(out):
            raise ValueError(f"{self.text} is no finite number here")
        return out

    def unit(self, chains: Chains) -> Unit:
        """The unit of the first metric; of a ratio, a plain number."""
        if any(operator == "/" for operator, _ in self.rest) or not self.references:
            return "number"
        first = self.references[0]
        return unit_of(first.find(chains)[0], first.name, first.argument)

    def latest(self, chains: Chains) -> int:
        """The latest generation that it looks at."""
        return max((each.find(chains)[1] for each in self.references), default=0)


def _term(term: Reference | float, chains: Chains) -> float:
    return term.value(chains) if isinstance(term, Reference) else term


@dataclass(frozen=True)
class Comparison:
    """A comparison of two expressions."""

    left: Expression
    sign: str
    right: Expression

    def holds(self, chains: Chains) -> bool:
        """Whether it is true of the chains. Raises ValueError."""
        difference = self.left.value(chains) - self.right.value(chains)
        return {
            "<": difference < -_CLOSE,
            ">": difference > _CLOSE,
            "<=": difference <= _CLOSE,
            ">=": difference >= -_CLOSE,
            "=": abs(difference) <= _CLOSE,
        }[self.sign]


@dataclass(frozen=True)
class Condition:
    """Comparisons that must all hold. Without any it means: otherwise."""

    comparisons: tuple[Comparison, ...] = ()

    def holds(self, chains: Chains) -> bool:
        """Whether all are true of the chains; False for "otherwise". Raises ValueError."""
        held = [each.holds(chains) for each in self.comparisons]  # all of them, so that a fault in any is named
        return bool(held) and all(held)

    def latest(self, chains: Chains) -> int:
        """The latest generation that it looks at."""
        return max((max(each.left.latest(chains), each.right.latest(chains)) for each in self.comparisons), default=0)


def read_expression(text: str) -> Expression:
    """Reads an expression. Raises ValueError with a sentence for the author."""
    first, at = _read_term(text, 0)
    rest: list[tuple[Operator, Reference | float]] = []
    while text[at:].strip():
        found = _OPERATOR.match(text, at)
        if not found:
            raise ValueError(f'expected + - * or / at "{text[at:].strip()[:30]}"')
        term, at = _read_term(text, found.end())
        rest.append((found[1], term))  # type: ignore[arg-type]
    return Expression(text.strip(), first, tuple(rest))


def read_reference(text: str) -> Reference:
    """Reads one metric at a generation. Raises ValueError."""
    expression = read_expression(text)
    if expression.rest or not isinstance(expression.first, Reference):
        raise ValueError(f'expected one metric, as P(screen) @1, found "{text[:40]}"')
    return expression.first


def read_condition(text: str) -> Condition:
    """Reads comparisons joined by "and", or "otherwise". Raises ValueError."""
    if text.strip() == "otherwise":
        return Condition()
    return Condition(tuple(_comparison(part) for part in re.split(r"\band\b", text)))


def _comparison(text: str) -> Comparison:
    parts = _COMPARISON.split(text)
    if len(parts) != 3:
        raise ValueError(f'expected a comparison, as P(screen off) @6 > 0.5, or "otherwise", found "{text.strip()[:40]}"')
    return Comparison(read_expression(parts[0]), parts[1], read_expression(parts[2]))


def _read_term(text: str, at: int) -> tuple[Reference | float, int]:
    if found := _NUMBER.match(text, at):
        return float(found[1]), found.end()
    found = _REFERENCE.match(text, at)
    if not found:
        raise ValueError(f'expected a number or a metric with its generation, as entropy @2, found "{text[at:].strip()[:40]}"')
    name = " ".join(found["name"].split())
    metric = METRICS.get(name)
    if metric is None:
        raise ValueError(f'unknown metric "{name}"; {hint(name, METRICS)}')
    if metric.argument != (found["argument"] is not None):
        needs = "needs what it is of, as" if metric.argument else "takes nothing in parentheses, as"
        example = f"{name}(screen off) @1" if metric.argument else f"{name} @1"
        raise ValueError(f"{name} {needs} {example}")
    generation = None if found["at"] == "last" else int(found["at"])
    return Reference(name, (found["argument"] or "").strip(), generation, found["chain"] or ""), found.end()


def number_text(value: float, unit: Unit) -> str:
    """A number as a text shows it: shares in per cent, counts whole, others with two decimals."""
    if unit == "share":
        return share_text(value)
    if unit == "count" and float(value).is_integer():
        return f"{value:.0f}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def share_text(share: float) -> str:
    """A share in whole per cent; never 0 or 100 % of what is only near it."""
    if 1e-9 < share < 0.005:
        return "under 1 %"
    if 0.995 <= share < 1 - 1e-9:
        return "over 99 %"
    return f"{100 * share:.0f} %"
