"""Small questions that show what a server can do, and what their answers say. Used before a chain's calls and by `doctor`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import exp
from typing import Literal

from iicl_tui.agents.calls import UNKNOWN_LOGPROB, Call, Message, Request, Token
from iicl_tui.tasks.answer_form import AnswerForm

LETTERS = "Choose one of the letters A, B, C, D, E and F at random. Answer with that letter alone."
"""A question whose first token is uncertain."""

HALF = 0.5
"""The temperature that is compared with 1."""

FORM = AnswerForm(('Rule: {"A": "', '", "B": "', '"}'), (("on", "off"), ("on", "off")))
"""A small form, to try whether a given beginning of an answer is continued."""

Stage = Literal["before", "after", "unknown"]
"""Whether log-probabilities are those before or after the temperature."""


def letter_request(temperature: float | None, top_logprobs: int | None = None, max_tokens: int = 1) -> Request:
    """The question for a letter."""
    return Request((Message("user", LETTERS),), max_tokens, temperature, top_logprobs=top_logprobs)


def stage_requests(reasoning_effort: str | None) -> tuple[Request, Request]:
    """The questions that show whether log-probabilities are those before the temperature."""
    one, half = (replace(letter_request(tau, 20), reasoning_effort=reasoning_effort) for tau in (1.0, HALF))
    return one, half


def probe_calls(calls: Iterable[Call]) -> tuple[Call, ...]:
    """The calls that asked these questions."""
    return tuple(call for call in calls if call.purpose == "probe")


def stage_of_calls(calls: Iterable[Call]) -> Stage | None:
    """What the first of these calls show; None if the questions were not asked."""
    asked = probe_calls(calls)
    return stage_of_temperature(asked[0].tokens, asked[1].tokens) if len(asked) > 1 else None


def stage_of_temperature(one: Sequence[Token] | None, half: Sequence[Token] | None) -> Stage:
    """Compares the tokens listed for one question at the temperatures 1 and 1/2.

    After the temperature all differences of log-probabilities are doubled at 1/2; before it they stay. The slope of a regression
    through 0 of the differences from the likeliest token tells the two apart.
    """
    known = [dict(_listed(tokens)) for tokens in (one, half)]
    shared = [data for data in known[0] if data in known[1]]
    if len(shared) < 2:
        return "unknown"
    top = max(shared, key=lambda data: known[0][data])
    pairs = [(known[0][top] - known[0][data], known[1][top] - known[1][data]) for data in shared if known[0][data] > -12]
    size = sum(x * x for x, _ in pairs)
    if size < 0.05:  # they are all but equally likely
        return "unknown"
    slope = sum(x * y for x, y in pairs) / size
    if abs(slope - 1) < 0.25:
        return "before"
    return "after" if abs(slope - 1 / HALF) < 0.5 else "unknown"


def likeliest(tokens: Sequence[Token] | None) -> float:
    """The probability of the likeliest listed token at the first place; 0 if none is listed."""
    return max((exp(log_p) for _, log_p in _listed(tokens)), default=0.0)


def _listed(tokens: Sequence[Token] | None) -> list[tuple[bytes, float]]:
    return [(data, log_p) for data, log_p in tokens[0].top if log_p > UNKNOWN_LOGPROB] if tokens else []
