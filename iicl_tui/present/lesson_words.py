"""What a lesson's charts show, in words and numbers, for readers without charts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from iicl_tui.chain.engine import Chain
from iicl_tui.chain.metrics import measure
from iicl_tui.lessons.attempt import Attempt
from iicl_tui.lessons.chains import Moment, cut
from iicl_tui.lessons.expressions import number_text, share_text
from iicl_tui.lessons.lesson import Chart, Step
from iicl_tui.lessons.metrics import grouping, log_belief
from iicl_tui.text import printable, superscript

_LIKELIEST = 3
_MOST_GENERATIONS = 10
_MOST_EXAMPLES = 12


_DONE = {"imitation": " has learned", "interaction": " was checked"}
"""What has happened after a phase, for a reader who does not know the phases' names."""


def place_words(moment: Moment, last: int, exact: bool = False) -> str:
    """The moment in words; exact: with the name of its phase."""
    generation, phase = moment
    if generation == 0:
        return "the first examples, d⁰"
    done = "" if phase == "transmission" else f", after the {phase}" if exact else _DONE[phase]
    return f"generation {generation} of {last}{done}"


def chart_words(attempt: Attempt) -> Iterator[str]:
    """The lines that stand for the charts of the step."""
    prepared, step = attempt.prepared, attempt.step.step
    for name, chain in prepared.chains.items():
        moment = (min(attempt.moment[0], len(chain.generations)), attempt.moment[1])
        yield printable(f"{prepared.title(name)}: {place_words(moment, chain.config.generations)}", 200)
        shown = cut(chain, moment)
        for chart in attempt.charts:
            yield from (f"  {printable(line, 400)}" for line in _chart(shown, moment, chart, step))


def _chart(chain: Chain, moment: Moment, chart: Chart, step: Step) -> Iterator[str]:
    task, generation = chain.task, moment[0]
    by = grouping(chain, step.focus) if step.focus is not None else task.focus
    if chart == "data":
        examples = [task.example_text(each) for each in chain.data(generation)]
        more = f"; and {len(examples) - _MOST_EXAMPLES} more" if len(examples) > _MOST_EXAMPLES else ""
        yield f"examples d{superscript(generation)}: " + ("; ".join(examples[:_MOST_EXAMPLES]) + more or "none yet")
    elif chart == "belief":
        p = _belief(chain, generation)
        if p is None:
            yield "the belief is not known here"
            return
        for rank, hypothesis in enumerate(np.argsort(-p, kind="stable")[:_LIKELIEST].tolist(), 1):
            yield f"likeliest rule {rank}: {task.rule(hypothesis)}, {share_text(float(p[hypothesis]))}"
    elif chart == "objects":
        p = _belief(chain, generation)
        if p is None:
            yield "the belief is not known here"
            return
        for split in task.space.groupings:
            yield f"{split.name}: " + _values(split.values, [float(p[split.codes == i].sum()) for i in range(len(split.values))])
    elif chart == "entropy":
        values = measure(chain).entropy[-_MOST_GENERATIONS:]
        yield "entropy of the last generations, in nats: " + (
            ", ".join(number_text(float(v), "nats") for v in values) or "none yet"
        )
    else:
        yield from _curves(chain, by)


def _curves(chain: Chain, by: int | None) -> Iterator[str]:
    """The curves of the last generations."""
    measures = measure(chain)
    first = max(0, len(measures) - _MOST_GENERATIONS)
    for row in range(first, len(measures)):
        parts = []
        if by is not None and np.isfinite(measures.marginals[by][row]).all():
            split = chain.task.space.groupings[by]
            parts.append(f"{split.name} {_values(split.values, measures.marginals[by][row].tolist())}")
        for metric, value in zip(chain.task.dataset_metrics, measures.made[row].tolist(), strict=True):
            if np.isfinite(value):
                parts.append(f"{metric.name} {share_text(value) if metric.high == 1.0 else number_text(value, 'number')}")
        yield f"generation {row + 1}: " + ("; ".join(parts[:3]) or "nothing known")
    if not len(measures):
        yield "no generation yet"


def _values(names: tuple[str, ...], shares: list[float]) -> str:
    return ", ".join(f"{name} {share_text(share)}" for name, share in zip(names, shares, strict=True))


def _belief(chain: Chain, generation: int) -> np.ndarray | None:
    try:
        return np.exp(log_belief(chain, generation))
    except ValueError:
        return None
