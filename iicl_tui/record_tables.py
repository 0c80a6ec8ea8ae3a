"""The records of session format 1, field by field. See docs/session-format.md for what they mean."""

from __future__ import annotations

from typing import Any, Literal

from iicl_tui.agents.calls import FINISHES, LOGPROB_TOLERANCE, MAX_TOKEN_COUNT, NO_REPLY, REPLY_VERDICTS, Call, Token, Usage
from iicl_tui.errors import Fault
from iicl_tui.record_codec import (
    COUNTED_FROM_ONE,
    FILTER_KIND,
    FILTER_KINDS,
    FLOAT,
    HYPOTHESIS,
    PURPOSE,
    WORDS,
    Plain,
    ReadContext,
    RecordField,
    Records,
    RecordTable,
    WriteContext,
    field,
)
from iicl_tui.schema import REQUIRED, Field, is_finite, read_table
from iicl_tui.schema import Path as KeyPath

Phase = Literal["imitation", "interaction", "transmission"]
PHASES: tuple[Phase, ...] = ("imitation", "interaction", "transmission")


# -- values that are more than one word -----------------------------------------------------------------------------------

_EXAMPLE = ("input", "output")
_INPUT, _OUTPUT = (Field(key, "any", key, "", REQUIRED) for key in _EXAMPLE)


class _Example(Plain):
    """An example under two keys of its record's table."""

    def lines(self, key: str, value: Any, context: WriteContext) -> str:
        return context.example(value)

    def read(self, value: Any, path: KeyPath, context: ReadContext) -> Any:
        return context.example(value, path)

    def export(self, value: Any) -> Any:
        return value._asdict()

    def columns(self, name: str) -> tuple[str, ...]:
        return _EXAMPLE

    def cells(self, value: Any) -> tuple[Any, ...]:
        return ", ".join(value.input), value.output


class _InlineExample(Plain):
    """An example as a table on one line, or None."""

    def text(self, value: Any, context: WriteContext) -> str:
        return context.value(value._asdict())

    def read(self, value: Any, path: KeyPath, context: ReadContext) -> Any:
        read_table((_INPUT, _OUTPUT), value, path, context.faults)
        return context.example(value, path)

    def export(self, value: Any) -> Any:
        return None if value is None else value._asdict()

    def columns(self, name: str) -> tuple[str, ...]:
        return tuple(f"{name}_{key}" for key in _EXAMPLE)

    def cells(self, value: Any) -> tuple[Any, ...]:
        return (None, None) if value is None else (", ".join(value.input), value.output)


class _Usage(Plain):
    """The tokens that were paid for as a table on one line, or None."""

    def text(self, value: Any, context: WriteContext) -> str:
        return context.value({key: count for key, count in value._asdict().items() if count or key != "cached"})

    def read(self, value: Any, path: KeyPath, context: ReadContext) -> Any:
        defaults = {"cached": 0}
        counts = [Field(key, "int", key, "", defaults.get(key, REQUIRED), low=0, high=MAX_TOKEN_COUNT) for key in Usage._fields]
        return Usage(*(count or 0 for count in read_table(counts, value, path, context.faults).values()))

    def export(self, value: Any) -> Any:
        return None if value is None else value._asdict()

    def columns(self, name: str) -> tuple[str, ...]:
        return tuple(f"{key}_tokens" for key in Usage._fields)

    def cells(self, value: Any) -> tuple[Any, ...]:
        return (None,) * len(Usage._fields) if value is None else tuple(value)


class _Tokens(Plain):
    """Tokens with log-probabilities, each as [token, log-probability, [[token, log-probability], …]], or None."""

    def text(self, value: Any, context: WriteContext) -> str:
        return context.value([_written(token) for token in value])

    def read(self, value: Any, path: KeyPath, context: ReadContext) -> Any:
        try:
            return tuple(_token(entry) for entry in value)
        except (TypeError, ValueError, LookupError):
            what = "expected [[token, log-probability, [[token, log-probability], …]], …] with finite numbers, none above 0"
            context.faults.append(Fault(path, what))
            return None


def _written(token: Token) -> list[Any]:
    return [_spelled(token.data), token.logprob, [[_spelled(data), logprob] for data, logprob in token.top]]


def _spelled(data: bytes) -> str | list[int]:
    """A token's text; where it is a part of a character only, its bytes."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return list(data)


def _token(entry: Any) -> Token:
    data, logprob, top = entry
    return Token(_data(data), _logprob(logprob), tuple((_data(text), _logprob(number)) for text, number in top))


def _data(spelled: Any) -> bytes:
    if isinstance(spelled, str):
        return spelled.encode()
    if isinstance(spelled, list) and all(type(number) is int for number in spelled):
        return bytes(spelled)
    raise ValueError("no token")


def _logprob(number: Any) -> float:
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not is_finite(number) or number > LOGPROB_TOLERANCE:
        raise ValueError("no log-probability")
    return float(number)


# -- the records ----------------------------------------------------------------------------------------------------------


def _is_from_model(call: Call) -> bool:
    return call.verdict is None


def _has_reply(call: Call) -> bool:
    return call.verdict in (None, "edit") and not call.continuation and call.purpose != NO_REPLY


def _is_answered(call: Call) -> bool:
    return _is_from_model(call) and call.purpose != NO_REPLY


CALL = RecordTable(
    "[[generation.call]]",
    (
        field("phase", "choice", choices=PHASES),
        field("purpose", "str", value=PURPOSE),
        field("verdict", "choice", default=None, choices=REPLY_VERDICTS),
        field("model", "str", default="", always=True, only_if=_is_from_model),
        field("prompt", "str", default="", always=True, only_if=_is_answered),
        field("reply", "str", default="", always=True, only_if=_has_reply),
        field("finish", "choice", default="stop", choices=FINISHES),
        field("logprobs", "any", "tokens", value=_Tokens(), default=None, exported=False),
        field("usage", "table", value=_Usage(), default=None),
        field("sent", "int", default=None, low=0, high=MAX_TOKEN_COUNT, exported=False),
        field("lost", "table", value=_Usage(), default=None, exported=False),
        field("latency", "float", value=FLOAT, default=None, low=0, column="latency_seconds"),
        field("attempts", "int", default=1, low=1),
        field("without", "strings", value=WORDS, default=()),
        field("adapted", "strings", value=WORDS, default=(), exported=False),
        field("continuation", "str", default=""),
    ),
)
"""The belief is what the log-probabilities come to, so an export goes without them."""

IMITATION = RecordTable(
    "[generation.imitation]",
    (
        field("agent", "int", value=COUNTED_FROM_ONE, default=0, low=1, always=True),
        field("hypothesis", "any", value=HYPOTHESIS),
    ),
)

DECISION = RecordTable(
    "[[generation.interaction.decision]]",
    (
        field("shown", "any", value=HYPOTHESIS),
        field("verdict", "choice", choices=("approve", "reject", "edit")),
        field("hypothesis", "any", value=HYPOTHESIS, default_of=lambda decision, place: decision("shown")),
        field("reason", "str", default=""),
        field("seconds", "float", value=FLOAT, default=None, low=0),
    ),
)

REFINEMENT = RecordTable(
    "[[generation.interaction.refinement]]",
    (
        field("filter", "str", value=FILTER_KIND),
        field("shown", "any", value=HYPOTHESIS),
        field("hypothesis", "any", value=HYPOTHESIS),
        field("failing", "int", default=0, low=0, always=True),
    ),
)

EXCHANGE = RecordTable(
    "[[generation.interaction.exchange]]",
    (
        RecordField((_INPUT, _OUTPUT), "example", _Example(), always=True),
        field("guess", "table", value=_InlineExample(), default=None),
    ),
)

INTERACTION = RecordTable(
    "[generation.interaction]",
    (
        field("filter", "strings", "filters", value=FILTER_KINDS, default=(), always=True, column=None),
        field("hypothesis", "any", value=HYPOTHESIS, column=None),
        field("redraws", "int", default=0, low=0),
        field("exhausted", "str", value=FILTER_KIND, default=None),
        field("decision", "any", "decisions", value=Records(DECISION), default=()),
        field("refinement", "any", "refinements", value=Records(REFINEMENT), default=()),
        field("exchange", "any", "exchanges", value=Records(EXCHANGE), default=()),
    ),
)

SAMPLE = RecordTable(
    "[[generation.transmission.sample]]",
    (
        RecordField((_INPUT, _OUTPUT), "example", _Example(), always=True),
        field("verdict", "choice", default="approved", choices=("approved", "rejected", "edited", "pooled"), always=True),
        field("number", "int", default_of=lambda sample, place: place, low=0),
        field("from", "int", "origin", default=None, low=0),
        field("shown", "table", value=_InlineExample(), default=None),
        field("reason", "str", default=""),
        field("seconds", "float", value=FLOAT, default=None, low=0),
    ),
)

TRANSMISSION = RecordTable(
    "[generation.transmission]",
    (field("sample", "any", "samples", value=Records(SAMPLE), default=()),),
)

PHASE_TABLES = dict(zip(PHASES, (IMITATION, INTERACTION, TRANSMISSION), strict=True))

GENERATION_KEYS = ("index", "call", *PHASES)
