"""Parses log-probabilities. What is sound is used; what is not is left out, and remarks say so."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from iicl_tui.agents.calls import LOGPROB_TOLERANCE, UNKNOWN_LOGPROB, UNREADABLE, Token
from iicl_tui.agents.providers.endpoint import replace_surrogates

_ROUNDING = 0.02
"""Log-probabilities from 16-bit numbers may exceed 0 by this much. They are taken for 0."""
PARTLY_INVALID = "some log-probabilities that are not numbers; these were left out"


_BYTES = re.compile(r"bytes: ?((?:\\x[0-9A-Fa-f]{2})+)(.*)", re.DOTALL)
"""How OpenAI's older completions write a token that is no whole character, such as "bytes:\\xe2\\x80"."""


class ParsedTokens(NamedTuple):
    """Tokens of a reply.

    Attributes:
        tokens: The tokens; None if there are none.
        remarks: What was odd about them.
    """

    tokens: tuple[Token, ...] | None
    remarks: tuple[str, ...] = ()


class _Invalid(Exception):
    """An entry is no token."""


def parse_tokens(logprobs: Any) -> ParsedTokens:
    """Parses a choice's `logprobs`.

    Known forms are {"content": [{"token", "logprob", "bytes", "top_logprobs"}]} (OpenAI), the list alone, the same with
    top_logprobs as an object {token: log-probability} or {id: {"decoded_token", "logprob"}}, and {"tokens", "token_logprobs",
    "top_logprobs"} of the older completions API, whose tokens may also be [{"text", "logprob"}].
    """
    if isinstance(logprobs, list) and all(isinstance(entry, Mapping) for entry in logprobs):
        logprobs = {"content": logprobs}
    if not isinstance(logprobs, Mapping):
        return ParsedTokens(None, (UNREADABLE,) if logprobs not in (None, [], False, "") else ())
    entries = logprobs.get("content")
    if not entries:
        entries = list(older_entries(logprobs))
    if not isinstance(entries, list) or not entries:
        return ParsedTokens(None, (UNREADABLE,) if any(logprobs.values()) else ())
    odd = _Odd()
    tokens = tuple(_tokens(entries, odd))
    if 2 * len(tokens) < len(entries) or all(token.logprob == UNKNOWN_LOGPROB and not token.top for token in tokens):
        return ParsedTokens(None, (UNREADABLE,))
    return ParsedTokens(tokens, (PARTLY_INVALID,) if odd.found else ())


class _Odd:
    """Whether an invalid number was found."""

    found = False


def older_entries(logprobs: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The parallel lists of the completions API as entries of the chat API."""
    tokens, values, tops = (logprobs.get(name) for name in ("tokens", "token_logprobs", "top_logprobs"))
    if isinstance(tokens, list) and values is None and all(isinstance(token, Mapping) for token in tokens):
        yield from tokens
    if not isinstance(tokens, list) or not isinstance(values, list) or len(tokens) != len(values):
        return
    listed = tops if isinstance(tops, list) and len(tops) == len(tokens) else [None] * len(tokens)
    for token, value, top in zip(tokens, values, listed, strict=True):
        yield {"token": token, "logprob": value, "top_logprobs": top}


def _tokens(entries: Sequence[Any], odd: _Odd) -> Iterator[Token]:
    """The tokens, without entries that are none."""
    for entry in entries:
        try:
            yield _token(entry, odd)
        except _Invalid:
            odd.found = True


def _token(entry: Any, odd: _Odd) -> Token:
    if not isinstance(entry, Mapping):
        raise _Invalid
    data = _data(entry)
    top = tuple(_alternatives(entry.get("top_logprobs"), odd))
    logprob = _logprob(entry.get("logprob"))
    if logprob is None or logprob == -math.inf:
        odd.found = odd.found or logprob is None
        logprob = next((value for other, value in top if other == data), UNKNOWN_LOGPROB)
    return Token(data, logprob, top)


def _alternatives(listed: Any, odd: _Odd) -> Iterator[tuple[bytes, float]]:
    """The valid alternatives. One of probability 0 says nothing and is left out."""
    if isinstance(listed, Mapping):
        listed = [
            {"token": token, **value} if isinstance(value, Mapping) else {"token": token, "logprob": value}
            for token, value in listed.items()
        ]
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        odd.found = odd.found or listed is not None
        return
    for entry in listed:
        if isinstance(entry, list) and len(entry) == 2:
            entry = {"token": entry[0], "logprob": entry[1]}
        logprob = _logprob(entry.get("logprob")) if isinstance(entry, Mapping) else None
        if logprob is None:
            odd.found = True
            continue
        try:
            data = _data(entry)
        except _Invalid:
            odd.found = True
            continue
        if logprob > -math.inf:
            yield data, logprob


def _data(entry: Mapping[str, Any]) -> bytes:
    """The bytes as given, or those of the text. Some servers send no bytes."""
    data = entry.get("bytes")
    text = next((entry[name] for name in ("decoded_token", "token", "text") if isinstance(entry.get(name), str)), None)
    if isinstance(data, list) and (data or not text):
        try:
            return bytes(data)
        except (ValueError, TypeError):
            pass
    if not isinstance(text, str):
        raise _Invalid
    if (written := _BYTES.fullmatch(text)) is not None:
        return bytes.fromhex(written[1].replace("\\x", "")) + replace_surrogates(written[2]).encode()
    return replace_surrogates(text).encode()


def _logprob(value: Any) -> float | None:
    """A natural log-probability, at most 0 but for rounding; −inf for probability 0; None if it is invalid."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (OverflowError, ValueError):
        return None
    if math.isnan(number) or number > _ROUNDING:
        return None
    return 0.0 if number > LOGPROB_TOLERANCE else number
