"""Probabilities as text and as lengths."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, exp, floor, isinf, log, log10
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_LN10 = log(10.0)

VERTICAL = np.array([ord(c) for c in " ▁▂▃▄▅▆▇█"], dtype=np.uint32)
HORIZONTAL = " ▏▎▍▌▋▊▉█"


def probability_text(log_p: float) -> str:
    """At most 7 cells: "0.031", "3.2e-10", "0". Takes a natural logarithm, so that small values do not underflow."""
    if isinf(log_p):
        return "0"
    if log_p >= log(0.0005):
        return f"{min(exp(log_p), 1.0):.3f}"
    exponent = floor(log_p / _LN10)
    mantissa = exp(log_p - exponent * _LN10)
    if mantissa >= 9.95:
        mantissa, exponent = 1.0, exponent + 1
    return f"{mantissa:.1f}e{exponent}" if exponent > -1000 else f"1e{exponent}"


def percent_text(p: float) -> str:
    """At most 6 cells: "71.6%", "100%", "<0.1%", "0%"."""
    if p <= 0.0:
        return "0%"
    if p < 0.0005:
        return "<0.1%"
    if 0.9995 <= p < 1.0 - 1e-12:
        return ">99.9%"
    return "100%" if p >= 0.9995 else f"{100 * p:.1f}%"


def bounds_text(low: float, high: float) -> str:
    """Bounds of a probability, from their natural logarithms, rounded outwards so that they still hold: ".004–.09"."""
    return f"{_short(low, floor)}–{_short(high, ceil)}"


def _short(log_p: float, to_whole: Callable[[float], int]) -> str:
    """Three places, or two digits and a power of ten; to_whole: floor or ceil."""
    if isinf(log_p):
        return "0"
    thousandths = _whole(1000 * exp(min(log_p, 0.0)), to_whole)
    if log_p >= log(0.0005) and thousandths > 0:
        return "1" if thousandths == 1000 else f".{thousandths:03}".rstrip("0")
    exponent = floor(log_p / _LN10)
    digits = 1 if exponent > -1000 else 0
    mantissa = _whole(10**digits * exp(log_p - exponent * _LN10), to_whole)
    if mantissa == 10 ** (digits + 1):
        mantissa, exponent = 10**digits, exponent + 1
    return f"{mantissa / 10**digits:.{digits}f}e{exponent}"


def _whole(value: float, to_whole: Callable[[float], int]) -> int:
    """floor or ceil, but a rounding error above or below a whole number is none."""
    nearest = round(value)
    return nearest if abs(value - nearest) < 1e-9 * max(value, 1.0) else to_whole(value)


def hundredths_text(low: float, high: float) -> str:
    """Bounds of a probability to two places, rounded outwards so that they still hold: ".59–.78"."""
    least, most = _outwards(low, high)
    ends = ["0" if end == 0 else "1" if end == 100 else f".{end:02}" for end in (least, most)]
    return "–".join(dict.fromkeys(ends))


def percents_text(low: float, high: float) -> str:
    """The same in whole percents: "59–78%"."""
    return "–".join(str(end) for end in dict.fromkeys(_outwards(low, high))) + "%"


def _outwards(low: float, high: float) -> tuple[int, int]:
    return max(floor(100 * low + 1e-9), 0), min(ceil(100 * high - 1e-9), 100)


class Scale(NamedTuple):
    """Maps probabilities to lengths between 0 and 1, with the same ends from one picture to the next."""

    kind: str  # "log" | "linear"
    floor: float  # log: nothing is drawn at or below it
    top: float

    @property
    def text(self) -> str:
        """The scale in words, with what its longest bar or brightest tile stands for."""
        return f"log, {self.floor:.0e} to 1".replace("e-0", "e-") if self.kind == "log" else f"linear, full = {100 * self.top:g}%"

    def lengths(self, log_p: NDArray[np.float64]) -> NDArray[np.float64]:
        """Lengths, 0 … 1, of natural logarithms of any shape; −inf has length 0."""
        if self.kind == "log":
            low = log(self.floor)
            return np.clip(1.0 - log_p / low, 0.0, 1.0)
        return np.clip(np.exp(log_p) / self.top, 0.0, 1.0)


def scale_for(kind: str, size: int, peak: float) -> Scale:
    """The scale for a space of `size` hypotheses whose likeliest has the natural log-probability `peak`.

    log: from 1 down to at least 1e-6, and to three decades below the uniform belief. linear: up to the next 1, 2 or 5.
    """
    decades = max(6, 3 + ceil(log10(size)))
    if kind == "log":
        return Scale("log", 10.0**-decades, 1.0)
    highest = max(exp(min(peak, 0.0)), 1e-300) * (1 - 1e-9)
    power = 10.0 ** floor(log10(highest))
    top = next((step * power for step in (1.0, 2.0, 5.0) if step * power >= highest), 10.0 * power)
    return Scale("linear", 0.0, min(float(f"{top:.0e}"), 1.0))


def eighths(lengths: NDArray[np.float64], cells: int) -> NDArray[np.intp]:
    """Lengths 0 … 1 as the nearest number of eighths of a cell: 0 … 8·cells."""
    return np.rint(lengths * (8 * cells)).astype(np.intp)
