"""A chain's measures as panels of curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite, log, nan

import numpy as np
from numpy.typing import NDArray

from iicl_tui.chain.bayes_check import BayesCheck
from iicl_tui.chain.metrics import Measures, so_far
from iicl_tui.charts.panel import Panel, Series
from iicl_tui.tasks.base import DatasetMetric, Start, Task
from iicl_tui.text import printable

_STEPS = (1, 2, 5)
_SHORT = 40
"""Chains up to this length have their whole axis from the beginning."""


def axis_length(known: int, total: int) -> int:
    """How many generations the axis spans. It grows in few steps, so that a running chain's curves stay in place."""
    if total <= _SHORT:
        return total
    power = 10
    while True:
        for step in _STEPS:
            if step * power >= max(known, _SHORT):
                return min(step * power, total)
        power *= 10


def panels(
    measures: Measures,
    task: Task,
    start: Start,
    generation: int,
    total: int,
    blind: bool = False,
    checks: Sequence[BayesCheck] = (),
) -> tuple[Panel, ...]:
    """The panels of a chain, in the order in which they are shown.

    They are the task's metrics, the entropy, the states of the task's focus as learned and within what an effective-set filter
    passes, the distance from Bayes' rule with the noise that fits it best, P(h*) with P(ĥ), the d⁰ examples explained, BOTH with
    hᵗ = h*, and the examples of dᵗ that h* and ĥ explain.

    Args:
        generation: the selected generation; 0 for d⁰.
        total: generations of the whole chain.
        blind: leave out those from P(h*) on, which show what is right.
        checks: beliefs beside Bayes' rule; without any, these two panels are left out.
    """
    length = max(axis_length(len(measures), total), len(measures))
    selected = generation - 1 if generation <= length else None  # −1 (d⁰) selects no generation

    def line(name: str, values: NDArray[np.float64], style: str = "text") -> Series:
        return Series(name, _padded(values, length), style)

    given = task.measure(start.samples) if start.samples else (nan,) * len(task.dataset_metrics)
    pooled = so_far(measures, task, start)
    out = [
        _figure(
            figure,
            line("made", measures.made[:, place]),
            line("dᵗ", measures.passed[:, place]),
            line("so far", pooled[:, place], "mark") if figure.pooled else None,
            level,
            selected,
        )
        for place, (figure, level) in enumerate(zip(task.dataset_metrics, given, strict=True))
    ]
    out.append(_entropy(measures, log(task.space.size), length, selected))
    if task.focus is not None:
        split = task.space.groupings[task.focus]
        values = measures.marginals[task.focus]
        states = tuple(line(printable(name, 12), values[:, code], f"state.{code}") for code, name in enumerate(split.values))
        banded = tuple(
            _with_band(one, measures.focus_low[:, code], measures.focus_high[:, code]) for code, one in enumerate(states)
        )
        out.append(Panel(f"How likely, for {printable(split.name, 24)}?", banded, 0.0, 1.0, (), selected, 1))
        if np.isfinite(measures.going_on).any():
            passing = tuple(replace(one, values=_padded(measures.going_on[:, code], length)) for code, one in enumerate(states))
            out.append(Panel("How likely, of what may pass?", passing, 0.0, 1.0, (), selected, 1))
    out += _bayes(checks, length, selected)
    if blind:
        return tuple(out)
    rules = [_with_band(line("h*", measures.p_target, "accent"), measures.rules_low[:, 0], measures.rules_high[:, 0])]
    if start.rival is not None:
        rules.append(_with_band(line("ĥ", measures.p_rival, "text"), measures.rules_low[:, 1], measures.rules_high[:, 1]))
    out.append(
        Panel(
            "How likely are h* and ĥ?" if start.rival is not None else "How likely is h*?", tuple(rules), 0.0, 1.0, (), selected, 1
        )
    )
    if start.samples and task.predictive:
        right = line("hᵗ", measures.explained.astype(np.float64), "accent")
        out.append(
            Panel(f"d⁰ that hᵗ explains (of {len(start.samples)})", (right,), 0.0, float(len(start.samples)), (), selected, 1)
        )
    if task.focus is not None and task.predictive:
        out.append(Panel("Is hᵗ right? (1: yes)", (line("BOTH", measures.both, "accent"), line("= h*", measures.is_target)),
                         0.0, 1.0, (), selected, 1))  # fmt: skip
    if start.rival is not None and task.predictive:
        out.append(_fits(line("h*", measures.fits_target, "accent"), line("ĥ", measures.fits_rival), task.samples, selected))
    return tuple(out)


def _fits(target: Series, rival: Series, count: int, selected: int | None) -> Panel:
    """How many examples of each dᵗ h* and ĥ explain."""
    known = np.concatenate([target.values, rival.values])
    high = float(known[np.isfinite(known)].max(initial=count))
    return Panel(f"dᵗ that h*, ĥ explain (of {count})", (target, rival), 0.0, high, (), selected, 1)


def _entropy(measures: Measures, uniform: float, length: int, selected: int | None) -> Panel:
    """The entropy. From draws it is a curve of its own, drawn with the range that so many draws can show.

    Draws cannot show a uniform belief, so its level stands only beside entropies that could reach it.
    """
    drawn = np.isfinite(measures.entropy_least)
    known = Series("H", _padded(np.where(drawn, nan, measures.entropy), length), "accent")
    levels = (("uniform", uniform), ("one-hot", 0.0))
    if not drawn.any():
        return Panel("How unsure? Entropy, nats", (known,), 0.0, uniform * 1.0001, levels, selected, 1)
    least, most = (_padded(ends, length) for ends in (measures.entropy_least, measures.entropy_most))
    estimated = Series("draws", _padded(np.where(drawn, measures.entropy, nan), length), "text", least, most)
    ends = (("draws' most", float(np.nanmax(most))), ("draws' least", float(np.nanmin(least))))
    if np.isfinite(known.values).any():
        return Panel("How unsure? Entropy, nats", (known, estimated), 0.0, uniform * 1.0001, (*levels, *ends), selected, 1)
    return Panel(
        "How unsure? Entropy of draws, nats", (replace(estimated, style="accent"),), 0.0, uniform * 1.0001, ends, selected, 1
    )


def _bayes(checks: Sequence[BayesCheck], length: int, selected: int | None) -> list[Panel]:
    """The total variation of each belief from Bayes' rule, and the noise that fits each generation best."""
    if not checks:
        return []
    distances, noises, levels = [], [], []
    for number, check in enumerate(checks):
        at = np.array(check.generations) - 1
        name, style = ("", "accent") if len(checks) == 1 else (f" {check.turn + 1}", f"state.{number}")
        both = np.full((2, length), np.nan)
        both[:, at] = check.fit.distances, check.fit.noises
        distances.append(Series(f"TV{name}", both[0], style))
        noises.append(Series(f"ε{name}", both[1], style))
        levels += [(f"all{name}", check.fit.noise)] if isfinite(check.fit.noise) else []
    return [
        Panel("How far from Bayes' rule? (TV)", tuple(distances), 0.0, 1.0, (), selected, 1),
        Panel("Which noise fits Bayes' rule?", tuple(noises), 0.0, 1.0, tuple(levels), selected, 1),
    ]


def _figure(
    figure: DatasetMetric, made: Series, passed: Series, pooled: Series | None, given: float, selected: int | None
) -> Panel:
    """The metric of what was made and, if it differs, of what was passed on, with d⁰'s level; and of all so far if it is pooled."""
    same = np.array_equal(made.values, passed.values, equal_nan=True)
    series = (replace(made, name="dᵗ", style="accent"),) if same else (replace(made, style="accent"), passed)
    series = (*series, pooled) if pooled is not None else series
    known = np.concatenate([[given], *(one.values for one in series)])
    known = known[np.isfinite(known)]
    high = figure.high if figure.high is not None else float(known.max(initial=figure.low + 1))
    references = (("d⁰", given),) if isfinite(given) else ()
    low, high = float(known.min(initial=figure.low)), float(known.max(initial=high))
    return Panel(figure.name, series, low, high, references, selected, 1)


def _with_band(series: Series, low: NDArray[np.float64], high: NDArray[np.float64]) -> Series:
    """The curve with its intervals, if there are any."""
    if not np.isfinite(low).any():
        return series
    length = len(series.values)
    return replace(series, low=_padded(low, length), high=_padded(high, length))


def _padded(values: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    out = np.full(length, np.nan)
    out[: len(values)] = values
    return out
