"""What calls to language models cost: prices, estimates before a call, sums after it, and a budget that holds the next one back."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from iicl_tui.agents.calls import Call, Request, Usage
from iicl_tui.errors import Fault
from iicl_tui.schema import REQUIRED, Field, read_table
from iicl_tui.schema import Path as KeyPath

PER_MESSAGE = 5
"""Tokens that a message costs beside its text: its role and its marks (OpenAI says 4; others keep it to themselves)."""
PER_REQUEST = 3
"""Tokens that a request costs beside its messages: the beginning of the reply."""

_SNAPSHOT = re.compile(r"(?P<name>.+)-(?P<day>\d{4}-\d{2}-\d{2}|\d{8})", re.ASCII)


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens. as_of: a day on which the source says so; None where a person gave the price."""

    input: float
    output: float
    as_of: date | None
    source: str


class WorstCase(NamedTuple):
    """What a call can come to: tokens, and US dollars where the price is known."""

    tokens: int
    dollars: float | None


PRICE_FIELDS = (
    Field("input", "float", "prompt price", "US dollars per million tokens of the prompt.", REQUIRED, low=0),
    Field("output", "float", "reply price", "US dollars per million tokens of the reply.", REQUIRED, low=0),
)
"""The keys of an agent's own price table."""


# -- prices ---------------------------------------------------------------------------------------------------------------


def configured_price(table: Mapping[str, Any], path: KeyPath, faults: list[Fault]) -> Price | None:
    """The price that a person gives in an agent's `price` table; what is wrong with it is added to faults (then None)."""
    found = len(faults)
    values = read_table(PRICE_FIELDS, table, path, faults)
    return None if len(faults) > found else Price(values["input"], values["output"], None, "configuration")


def known_price(kind: str, model: str) -> Price | None:
    """What the kind's own provider asks for the model, by prices.toml; None where it is not known, never another model's.

    A snapshot named with a full date is taken for its model, unless it is newer than the price (then nobody says that it
    costs the same). A model of this name on another server than the provider's may cost anything, or nothing.
    """
    prices = _prices().get(kind, {})
    if model in prices:
        return prices[model]
    match = _SNAPSHOT.fullmatch(model)
    price = prices.get(match["name"]) if match else None
    if match is None or price is None or price.as_of is None:
        return None
    try:
        day = date.fromisoformat(match["day"])
    except ValueError:
        return None
    return price if day <= price.as_of else None


@cache
def _prices() -> dict[str, dict[str, Price]]:
    """By kind and model."""
    document = tomllib.loads(Path(__file__).with_name("prices.toml").read_text(encoding="utf-8"))
    return {
        kind: {
            model: Price(float(entry["input"]), float(entry["output"]), entry["as-of"], entry["source"])
            for model, entry in models.items()
        }
        for kind, models in document.items()
    }


def cost(usage: Usage, price: Price) -> float:
    """US dollars for these tokens."""
    return (usage.prompt * price.input + usage.completion * price.output) / 1e6


# -- before a call --------------------------------------------------------------------------------------------------------

_PIECES = re.compile(
    r"(?<![A-Z])[A-Z][a-z]{1,3}|[a-z]{1,4}"
    r"|[A-Z]{1,2}"
    r"|(?:(?! [^\s\d])\s){1,4}"  # save a single blank before a word or a mark
    r"|[^\sA-Za-z\x80-\U0010ffff]",
    re.ASCII,
)
"""Each match is a token of ASCII text."""
_FOREIGN = re.compile(r"[^\x00-\x7f]+")


@lru_cache(maxsize=512)  # a system's message comes with every call
def estimated_tokens(text: str) -> int:
    """About how many tokens a text has, without a tokenizer: rather too many than too few, but no bound.

    Counted are a token for each four letters of a word, each two capitals, each two bytes of what is not ASCII (as UTF-8),
    each digit and mark, and each four blanks in a row; a single blank before a word or a mark belongs to it. English prose
    comes to about a third more than it has; rules and examples, full of marks and short words, to less than twice.
    """
    total = len(_PIECES.findall(text))
    if not text.isascii():
        total += sum(math.ceil(len(run.encode("utf-8", "surrogatepass")) / 2) for run in _FOREIGN.findall(text))
    return total


def prompt_tokens(request: Request) -> int:
    """About how many tokens a request's prompt has: every message, what frames it, and the schema where there is one."""
    schema = estimated_tokens(json.dumps(request.schema)) if request.schema is not None else 0
    return PER_REQUEST + schema + sum(PER_MESSAGE + estimated_tokens(message.text) for message in request.messages)


def worst_case(request: Request, price: Price | None) -> WorstCase:
    """What a call can come to: its estimated prompt, and as long a reply as max_tokens allows."""
    usage = Usage(prompt_tokens(request), request.max_tokens)
    return WorstCase(sum(usage), None if price is None else cost(usage, price))


# -- after it -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spent:
    """What calls came to. dollars: of those whose price is known. unpriced: calls whose price is not.

    estimated: calls of which the provider did not say what they used, so that their tokens are estimates.
    """

    calls: int = 0
    prompt: int = 0
    completion: int = 0
    dollars: float = 0.0
    unpriced: int = 0
    estimated: int = 0

    @property
    def tokens(self) -> int:
        """All of them."""
        return self.prompt + self.completion

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            self.calls + other.calls,
            self.prompt + other.prompt,
            self.completion + other.completion,
            self.dollars + other.dollars,
            self.unpriced + other.unpriced,
            self.estimated + other.estimated,
        )


def spent(calls: Iterable[Call], price_of: Callable[[Call], Price | None]) -> Spent:
    """What these calls came to. What a person said in place of a model is free, and no call.

    Where a call's usage is not on record, its reply is estimated, and its request was when it was sent. Where that is not on record
    either (the notebooks' calls), its prompt alone is counted, without what stood before it in its dialogue.
    """
    total = Spent()
    for call in calls:
        if call.purpose == "person":
            continue
        usage = call.usage
        if usage is None:
            prompt = call.sent if call.sent is not None else PER_REQUEST + PER_MESSAGE + estimated_tokens(call.prompt)
            usage = Usage(prompt, len(call.tokens) if call.tokens is not None else estimated_tokens(call.reply))
        price = price_of(call)
        dollars = 0.0 if price is None else cost(usage, price)
        total += Spent(1, usage.prompt, usage.completion, dollars, int(price is None), int(call.usage is None))
    return total


@dataclass(frozen=True)
class Budget:
    """The most that a session may spend, in US dollars and in tokens; None: as much as it takes."""

    dollars: float | None = None
    tokens: int | None = None

    def refuses(self, spent: Spent, tokens: int, dollars: float | None) -> str | None:
        """Why the next call, which can come to so many tokens and dollars, would pass the budget; None where it cannot.

        dollars None: the call's price is not known, so that only the tokens can be checked.
        """
        if self.dollars is not None and dollars is not None and spent.dollars + dollars > self.dollars * (1 + 1e-12):
            return (
                f"The next call can cost up to {money_text(dollars)}, and {money_text(spent.dollars)} of the budget of "
                f"{money_text(self.dollars)} is spent."
            )
        if self.tokens is not None and spent.tokens + tokens > self.tokens:
            return (
                f"The next call can take up to {tokens_text(tokens)}, and {spent.tokens:,} of the budget of "
                f"{tokens_text(self.tokens)} are spent."
            )
        return None


# -- in words -------------------------------------------------------------------------------------------------------------


def money_text(dollars: float) -> str:
    """US dollars for a header: $0, <$0.0001, $0.0123, $1.20, $1,234.50"""
    if dollars == 0:
        return "$0"
    if dollars < 0.0001:
        return "<$0.0001"
    return f"${dollars:.4f}" if dollars < 0.99995 else f"${dollars:,.2f}"


def spent_text(spent: Spent) -> str:
    """What was spent, in a few words: $0.0123 · 4,512 tokens, with a sign where it is not all known."""
    tokens = f"{'≈' if spent.estimated else ''}{tokens_text(spent.tokens)}"
    if spent.unpriced == spent.calls:
        return f"{tokens}, price unknown" if spent.calls else tokens
    more = "≥" if spent.unpriced else "≈" if spent.estimated else ""
    return f"{more}{money_text(spent.dollars)} · {tokens}"


def tokens_text(count: int) -> str:
    """1 token, 4,512 tokens"""
    return f"{count:,} token{'s' if count != 1 else ''}"
