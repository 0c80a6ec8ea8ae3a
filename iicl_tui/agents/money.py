"""Costs of calls to language models: estimates before a call, sums after it, and the budget."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from iicl_tui.agents.calls import NO_REPLY, Call, Request, Usage
from iicl_tui.agents.prices import Price

PER_MESSAGE = 5
"""Tokens per message in addition to its text: its role and delimiters (OpenAI documents 4, others nothing)."""
PER_REQUEST = 3
"""Tokens per request in addition to its messages: the start of the reply."""


class WorstCase(NamedTuple):
    """The most that a call can use: tokens, and US dollars if the price is known."""

    tokens: int
    dollars: float | None


def cost(usage: Usage, price: Price) -> float:
    """The cost of these tokens in US dollars."""
    cached = min(usage.cached, usage.prompt)
    discount = 0.0 if price.cached is None else cached * (price.input - price.cached)
    return (usage.prompt * price.input - discount + usage.completion * price.output) / 1e6


# -- before a call --------------------------------------------------------------------------------------------------------

_PIECES = (
    r"(?<![A-Z])[A-Z][a-z]{1,3}|[a-z]{1,4}"
    r"|[A-Z]{1,2}"
    r"|(?:(?! [^\s\d])\s){1,4}"  # save a single blank before a word or a mark
    r"|[^\sA-Za-z\x80-\U0010ffff]"
)
"""Each match counts as one token of ASCII text. It is compiled on first use: that takes longer than all else in this module."""
_FOREIGN = r"[^\x00-\x7f]+"


@lru_cache(maxsize=512)  # the system message comes with every call
def estimated_tokens(text: str) -> int:
    """Estimates a text's tokens without a tokenizer. It tends to overestimate, but is no bound.

    One token is counted for every four letters of a word, two capitals, two bytes of non-ASCII text (as UTF-8), digit,
    punctuation mark, and four blanks in a row. A single blank before a word or a mark is part of it. English prose is
    overestimated by about a third; rules and examples, with their many marks and short words, by less than a factor of two.
    """
    total = len(re.findall(_PIECES, text, re.ASCII))
    if not text.isascii():
        total += sum(math.ceil(len(run.encode("utf-8", "surrogatepass")) / 2) for run in re.findall(_FOREIGN, text))
    return total


def prompt_tokens(request: Request) -> int:
    """Estimates the prompt tokens of a request: messages, their delimiters, and the schema."""
    schema = estimated_tokens(json.dumps(request.schema)) if request.schema is not None else 0
    return PER_REQUEST + schema + sum(PER_MESSAGE + estimated_tokens(message.text) for message in request.messages)


def worst_case(request: Request, price: Price | None) -> WorstCase:
    """The most that a call can use: its estimated prompt and the longest reply that max_tokens allows."""
    usage = Usage(prompt_tokens(request), request.max_tokens * (request.n or 1))
    return WorstCase(usage.prompt + usage.completion, None if price is None else cost(usage, price))


# -- after it -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spent:
    """What calls have used.

    Attributes:
        calls: The number of calls.
        prompt: Their prompt tokens.
        completion: Their completion tokens.
        dollars: The cost in US dollars of the calls whose price is known.
        unpriced: The number of calls without a known price.
        estimated: The number of calls without reported usage, whose tokens are estimated.
    """

    calls: int = 0
    prompt: int = 0
    completion: int = 0
    dollars: float = 0.0
    unpriced: int = 0
    estimated: int = 0

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens."""
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
    """What these calls have used. A person's decisions are free and do not count as calls.

    If a call's usage was not reported, its reply is estimated now and its request was estimated when it was sent. Calls from the
    notebooks have no such estimate: only their prompt counts, without the dialogue before it.

    Args:
        calls: The calls.
        price_of: The price of a call's model; None if it is unknown.
    """
    total = Spent()
    for call in calls:
        if call.purpose == "person":
            continue
        price = price_of(call)
        total += Spent() if call.purpose == NO_REPLY else _call_spent(call, price)
        if call.lost is not None:
            total += lost_spent(call.lost, price)
    return total


def _call_spent(call: Call, price: Price | None) -> Spent:
    usage = call.usage
    if usage is None:
        prompt = call.sent if call.sent is not None else PER_REQUEST + PER_MESSAGE + estimated_tokens(call.prompt)
        usage = Usage(prompt, len(call.tokens) if call.tokens is not None else estimated_tokens(call.reply))
    dollars = 0.0 if price is None else cost(usage, price)
    return Spent(1, usage.prompt, usage.completion, dollars, int(price is None), int(call.usage is None))


def lost_spent(lost: Usage, price: Price | None) -> Spent:
    """What failed attempts may be billed for, as an estimate that counts as no call."""
    return Spent(0, lost.prompt, lost.completion, 0.0 if price is None else cost(lost, price), 0, 1)


@dataclass(frozen=True)
class Budget:
    """The most that a session may spend in US dollars and in tokens; None: no limit."""

    dollars: float | None = None
    tokens: int | None = None

    def refuses(self, spent: Spent, tokens: int, dollars: float | None) -> str | None:
        """Why the next call could exceed the budget; None if it cannot.

        Args:
            spent: What has been spent so far.
            tokens: The most tokens that the call can use.
            dollars: The most dollars that it can cost; None if its price is unknown, so that only tokens are checked.
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


# -- as text -------------------------------------------------------------------------------------------------------------


def money_text(dollars: float) -> str:
    """US dollars for a header: $0, <$0.0001, $0.0123, $1.20, $1,234.50."""
    if dollars == 0:
        return "$0"
    if dollars < 0.0001:
        return "<$0.0001"
    return f"${dollars:.4f}" if dollars < 0.99995 else f"${dollars:,.2f}"


def spent_text(spent: Spent) -> str:
    """What was spent: "$0.0123 · 4,512 tokens", with ≈ or ≥ if it is estimated or incomplete."""
    tokens = f"{'≈' if spent.estimated else ''}{tokens_text(spent.tokens)}"
    if spent.unpriced == spent.calls and not spent.dollars:
        return f"{tokens}, price unknown" if spent.calls else tokens
    more = "≥" if spent.unpriced else "≈" if spent.estimated else ""
    return f"{more}{money_text(spent.dollars)} · {tokens}"


def tokens_text(count: int) -> str:
    """For example "1 token" or "4,512 tokens"."""
    return f"{count:,} token{'s' if count != 1 else ''}"
