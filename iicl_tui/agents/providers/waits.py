"""Reads how long a server asks to wait, from headers, fields and messages."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

_UNITS = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_PART = re.compile(
    r"(\d{1,12}(?:\.\d{1,12})?)\s*(ms|msecs?|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)(?![a-z])", re.I
)
_DURATION = re.compile(rf"(?:{_PART.pattern}[\s,]*(?:and\s+)?){{1,4}}", re.I)
_CLOCK = re.compile(r"(\d{1,3}):(\d\d):(\d\d)(?![\d:])")
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?")
_ASKS = re.compile(
    r"\b(?:retry(?:[_-]?(?:delay|after))?|try again|wait|available|reset\w*|resume|come back)\b[^.\n]{0,40}?(?=\d)", re.I
)
_DELAY_KEYS = re.compile(r"retry[_-]?(?:delay|after|in)|(?:wait|reset)[_-]?(?:time|seconds|after|in)?", re.I)


def duration(text: str) -> float | None:
    """A duration in seconds: "20s", "6m0s", "350ms", "1 minute 5 seconds", or a plain number of seconds."""
    text = text.strip()
    if re.fullmatch(r"\d{1,12}(?:\.\d{1,12})?", text):
        return float(text)
    if not _DURATION.fullmatch(text):
        return None
    return _seconds(text)


def _seconds(text: str) -> float:
    total = 0.0
    for amount, unit in _PART.findall(text):
        unit = unit.lower()
        name = "ms" if unit.startswith(("ms", "milli")) else unit[0]
        total += float(amount) * _UNITS[name]
    return total


def wait_in_text(text: str) -> float | None:
    """The wait that a message asks for, such as "Please retry in 20.1s"."""
    for hit in _ASKS.finditer(text[:2000]):
        found = _DURATION.match(text, hit.end())
        if found:
            return _seconds(found[0])
        if clock := _CLOCK.match(text, hit.end()):
            return int(clock[1]) * 3600.0 + int(clock[2]) * 60.0 + int(clock[3])
        if date := _DATE.match(text, hit.end()):
            return _until(date[0], None)
    return None


def wait_in_fields(fields: Mapping[str, Any]) -> float | None:
    """The wait in an object's own fields, such as {"retryDelay": "20s"} or {"retry_after": 20}."""
    for key, value in list(fields.items())[:50]:
        if not isinstance(key, str) or isinstance(value, bool):
            continue
        name, scale = (key[:-3], 1e-3) if key.lower().endswith(("_ms", "-ms")) else (key, 1.0)
        if not _DELAY_KEYS.fullmatch(name):
            continue
        seconds = float(value) if isinstance(value, (int, float)) and abs(value) < 1e12 else None
        if isinstance(value, str):
            seconds = duration(value)
        if seconds is not None and math.isfinite(seconds) and seconds >= 0:
            return seconds * scale
    return None


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """How long the headers ask to wait, in seconds ≥ 0.

    Read are retry-after-ms, Retry-After (seconds, a duration, or an HTTP date), and the reset times of exhausted rate limits.
    """
    for name, unit in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        try:
            seconds = float(value) * unit
        except ValueError:
            continue
        if math.isfinite(seconds):
            return max(0.0, seconds)
    text = headers.get("retry-after", "")
    named = duration(text)
    if named is not None:
        return named
    return _until(text, now) if text.strip() else _exhausted(headers, now)


def _until(text: str, now: datetime | None) -> float | None:
    """Seconds until an HTTP date or an ISO 8601 time."""
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        if not re.match(r"\d{4}-\d\d-\d\dT", text):
            return None
        try:
            date = datetime.fromisoformat(text.strip())
        except ValueError:
            return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    try:
        return max(0.0, (date - (now or datetime.now(UTC))).total_seconds())
    except OverflowError:
        return None


def _exhausted(headers: Mapping[str, str], now: datetime | None) -> float | None:
    """The longest reset time of the rate limits of which nothing remains (x-ratelimit-remaining-requests: 0)."""
    waits = []
    for name, value in headers.items():
        if "ratelimit" not in name or "remaining" not in name or value.strip() not in ("0", "0.0"):
            continue
        reset = headers.get(name.replace("remaining", "reset"), "").strip()
        seconds = duration(reset)
        if seconds is not None and seconds > 1e9:  # seconds since 1970, or milliseconds
            stamp = seconds / 1000 if seconds > 1e11 else seconds
            seconds = max(0.0, stamp - (now or datetime.now(UTC)).timestamp())
        waits.append(seconds if seconds is not None else _until(reset, now))
    return max((wait for wait in waits if wait is not None), default=None)
