"""Reads how long a server asks to wait, from headers, fields and messages."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

_UNITS = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_NUMBER = r"\d{1,14}(?:[.,]\d{1,12})?"
_PART = re.compile(
    rf"({_NUMBER})\s*(ms|msecs?|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)(?![a-z])", re.I
)
_DURATION = re.compile(rf"(?:PT?)?(?:{_PART.pattern}[\s,]*(?:and\s+)?){{1,4}}", re.I)
_ISO = re.compile(r"P(?:\d+D)?(?:T(?:[\d.]+H)?(?:[\d.]+M)?(?:[\d.]+S)?)?", re.I)
_ONE = re.compile(r"(?:an?|one)\s+(second|minute|hour|day)\b", re.I)
_CLOCK = re.compile(r"(\d{1,3}):(\d\d):(\d\d)(?![\d:])")
_DATE = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?"
    r"|(?:[a-z]{3,9},\s)?\d{1,2}[\s-][a-z]{3}[\s-]\d{2,4}\s\d\d:\d\d:\d\d(?:\s(?:GMT|UTC|[+-]\d{4}))?",
    re.I,
)
_ASKS = re.compile(
    r"\b(?:retry(?:[_-]?(?:delay|after|in))?|try again|waits?|available|allowed|back|reset\w*|resume|replenish\w*|refresh\w*"
    r"|unblock\w*|blocked|ready|cool(?:ing)?[ -]?down|back[ -]?off|estimated[_ ](?:time|wait)|eta)\b"
    r"[^.\n\d]{0,40}?(?=\d|\b(?:an?|one)\s+(?:second|minute|hour|day)\b|\b[a-z]{3,9},\s\d)",
    re.I,
)
_IN_SECONDS = re.compile(rf"(?:retry[_ -]?(?:after|in|delay)|estimated[_ ]time)\W{{1,4}}({_NUMBER})(?![\w:-])", re.I)
"""A plain number is one of seconds only right after such a word."""
_DELAY_KEYS = re.compile(
    r"(?:x_)?(?:rate_?limit_)?(?:(?:re_?)?tr(?:y|ies)_(?:again_)?(?:delay|after|in|at)|(?:wait|resets?|cool_?down|back_?off|delay)"
    r"(?:_(?:time|after|in|at|tokens|requests))?|(?:estimated|wait(?:ing)?)_(?:time|wait)|retry_time|seconds_until_(?:reset|retry))"
    r"(?P<unit>_(?:ms|millis|milliseconds|s|secs?|seconds|minutes))?",
    re.I,
)
_SCALES = {"_ms": 1e-3, "_millis": 1e-3, "_milliseconds": 1e-3, "_minutes": 60.0}
_MOST_SECONDS = 1e9
"""A larger number is a time: seconds since 1970, or milliseconds from a hundred times as much on."""


def duration(text: str) -> float | None:
    """A duration in seconds: "20s", "6m0s", "350ms", "1 minute 5 seconds", "PT20S", "0:01:30", or a plain number of seconds."""
    text = text.strip().strip("\"'")
    if re.fullmatch(_NUMBER, text):
        return _amount(text)
    if clock := _CLOCK.fullmatch(text):
        return _on_clock(clock)
    if not _DURATION.fullmatch(text) and not (len(text) > 2 and _ISO.fullmatch(text)):
        return None
    return _seconds(text)


def _amount(text: str) -> float:
    """A number; a comma before three digits groups them, any other is a decimal comma."""
    return float(re.sub(r",(?=\d{3}\Z)", "", text).replace(",", "."))


def _on_clock(clock: re.Match[str]) -> float:
    return int(clock[1]) * 3600.0 + int(clock[2]) * 60.0 + int(clock[3])


def _seconds(text: str) -> float:
    total = 0.0
    for amount, unit in _PART.findall(text):
        unit = unit.lower()
        name = "ms" if unit.startswith(("ms", "milli")) else unit[0]
        total += _amount(amount) * _UNITS[name]
    return total


def wait_in_text(text: str) -> float | None:
    """The wait that a message asks for, such as "Please retry in 20.1s"."""
    text = text[:2000]
    for hit in _ASKS.finditer(text):
        at = hit.end()
        if found := _DURATION.match(text, at):
            return _seconds(found[0])
        if one := _ONE.match(text, at):
            return _UNITS[one[1][0].lower()]
        if clock := _CLOCK.match(text, at):
            return _on_clock(clock)
        if date := _DATE.match(text, at):
            return _until(date[0], None)
    plain = _IN_SECONDS.search(text)
    return _relative(_amount(plain[1]), None) if plain is not None else None


def wait_in_fields(fields: Mapping[str, Any]) -> float | None:
    """The wait in an object's own fields, such as {"retryDelay": "20s"}, {"retry_after": 20} or {"estimated_time": 20.0}."""
    for key, value in list(fields.items())[:50]:
        if not isinstance(key, str) or isinstance(value, bool):
            continue
        name = _DELAY_KEYS.fullmatch(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key[:60]).replace("-", "_").lower())
        if name is None:
            continue
        if isinstance(value, Mapping):  # {"seconds": 20, "nanos": 0}
            value = value.get("seconds")
        seconds = float(value) if isinstance(value, (int, float)) and abs(value) < 1e14 else None
        if isinstance(value, str):
            seconds = duration(value)
            seconds = _until(value, None) if seconds is None else seconds
        if seconds is not None and math.isfinite(seconds) and seconds >= 0:
            return _relative(seconds * _SCALES.get(name["unit"] or "", 1.0), None)
    return None


def _relative(seconds: float, now: datetime | None) -> float:
    """A number of seconds, also where it is a time since 1970 in seconds or milliseconds."""
    if seconds <= _MOST_SECONDS:
        return seconds
    stamp = seconds / 1000 if seconds > 100 * _MOST_SECONDS else seconds
    return max(0.0, stamp - (now or datetime.now(UTC)).timestamp())


def retry_after(headers: Mapping[str, str], now: datetime | None = None, limited: bool = False) -> float | None:
    """How long the headers ask to wait, in seconds ≥ 0.

    Read are Retry-After and its variants (seconds, a duration, or a time by the server's own clock), and the reset times of
    exhausted rate limits.

    Args:
        headers: The headers, by their names in lower case.
        now: The present; None for the clock's.
        limited: Whether the rate was limited, so that a reset counts even if no header says that nothing remains.
    """
    now = _server_clock(headers) or now
    for name, value in sorted(headers.items(), key=lambda item: "-ms" not in item[0]):
        if not (named := _RETRY_HEADER.fullmatch(name)):
            continue
        unit = 1e-3 if named["ms"] else 1.0
        first = re.split(r"[;,](?!\s?\d{1,2}[\s-][A-Za-z]{3})", value.strip(), maxsplit=1)[0].strip().strip("\"'")
        try:
            seconds: float | None = float(first)
        except ValueError:
            seconds = duration(first)
        if seconds is None:
            seconds, unit = _until(value, now), 1.0
        if seconds is not None and math.isfinite(seconds):
            return _relative(max(0.0, seconds) * unit, now)
    return _exhausted(headers, now, limited) if not headers.get("retry-after", "").strip() else None


_RETRY_HEADER = re.compile(r"(?:x-)?(?:ms-)?(?:rate-?limit-)?retry-after(?:-(?:(?P<ms>ms)|s|secs|seconds))?")


def _server_clock(headers: Mapping[str, str]) -> datetime | None:
    """The server's own time, which its dates are meant by; None if it gives none."""
    try:
        return parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _until(text: str, now: datetime | None) -> float | None:
    """Seconds until an HTTP date or an ISO 8601 time."""
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        if not re.match(r"\d{4}-\d\d-\d\d[T ]", text.strip()):
            return None
        try:
            date = datetime.fromisoformat(text.strip())
        except ValueError:
            return None
    try:
        if date.tzinfo is None:
            date = date.replace(tzinfo=UTC)
        present = now or datetime.now(UTC)
        return max(0.0, (date - (present if present.tzinfo is not None else present.replace(tzinfo=UTC))).total_seconds())
    except OverflowError:
        return None


_LIMIT = re.compile(r"rate-?limit")


def _exhausted(headers: Mapping[str, str], now: datetime | None, limited: bool) -> float | None:
    """The longest reset time of the rate limits of which nothing remains (x-ratelimit-remaining-requests: 0).

    limited: if no header says what remains, the shortest reset time.
    """
    waits, others = [], []
    knows = False
    for name, value in headers.items():
        if _LIMIT.search(name) is None:
            continue
        if name in ("ratelimit", "x-ratelimit"):  # "default";r=0;t=20, or limit=100, remaining=0, reset=20
            left, reset = (re.search(rf"\b(?:{key})=(\d{{1,12}})", value) for key in ("remaining|r", "reset|t"))
            knows = knows or left is not None
            if left is not None and reset is not None and int(left[1]) == 0:
                waits.append(_relative(float(reset[1]), now))
        elif "remaining" in name:
            knows = True
            if value.strip() in ("0", "0.0"):
                after = (headers.get(name.replace("remaining", each), "").strip() for each in ("reset", "reset-after"))
                waits += [wait for text in after if (wait := _reset(text, now)) is not None][:1]
        elif "reset" in name:
            others.append(_reset(value, now))
    if waits:
        return max(waits)
    return min((wait for wait in others if wait is not None), default=None) if limited and not knows else None


def _reset(text: str, now: datetime | None) -> float | None:
    """When a limit is reset: a duration, a time since 1970, or a date."""
    seconds = duration(text)
    return _until(text, now) if seconds is None else _relative(seconds, now)
