"""The preview of a session beside the list: its progress and its last belief."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, log
from pathlib import Path

from iicl_tui.agents.beliefs import Belief
from iicl_tui.agents.money import spent_text
from iicl_tui.chain.bayes_check import check_models
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.keep import REPLACE
from iicl_tui.chain.metrics import Outcome, measure, outcome
from iicl_tui.charts.numbers import probability_text
from iicl_tui.charts.panel import Panel
from iicl_tui.charts.view import BeliefView, Mark
from iicl_tui.present import belief_provenance
from iicl_tui.present.curves import panels
from iicl_tui.present.words import belief_question, next_phase_text, rule_text
from iicl_tui.review.decider import hides_truth
from iicl_tui.store.session import SessionFile
from iicl_tui.text import printable, superscript

_BARS = "▁▂▃▄▅▆▇█"
_MOST_METRICS = 2
"""Maximum number of the task's metrics, so that the line stays short."""


@dataclass(frozen=True, eq=False)
class Preview:
    """A preview of a session.

    Attributes:
        view: The last belief as a mosaic.
        facts: (label, value) in order, safe to print.
        description: What the session is about, safe to print.
        notice: What to look at in it, safe to print.
        curves: The measures by generation.
    """

    view: BeliefView | None
    facts: tuple[tuple[str, str], ...]
    description: str = ""
    notice: tuple[str, ...] = ()
    curves: tuple[Panel, ...] = ()


def read_preview(path: Path) -> Preview:
    """The preview of a session's file. Raises LabError if it cannot be read."""
    with SessionFile.open(path, read_only=True) as file:
        chain = Chain(file.config, file.generations, calls=file.calls)
        facts = [*_progress(chain), *_setting(chain, file)]
        if file.damage is not None:
            facts.insert(0, ("changed", file.damage))
        return Preview(
            _view(chain),
            tuple((what, printable(value, 400)) for what, value in facts if value),
            printable(chain.config.description, 600),
            tuple(printable(each, 300) for each in chain.config.notice),
            _curves(chain),
        )


def _curves(chain: Chain) -> tuple[Panel, ...]:
    """The curves of the generations so far; none if there is none."""
    last = len(chain.generations)
    if not last:
        return ()
    return panels(measure(chain), chain.task, chain.start, last, chain.config.generations, hides_truth(chain), check_models(chain))


def outcome_text(path: Path) -> str:
    """A session's last belief in a few numbers; "" if there is none yet. Raises LabError if it cannot be read."""
    return outcome_and_spark(path)[0]


def outcome_and_spark(path: Path) -> tuple[str, str]:
    """A session's last belief in a few numbers, and a small curve of what they end; both "" if there is none yet.

    Raises LabError if the file cannot be read.
    """
    with SessionFile.open(path, read_only=True) as file:
        chain = Chain(file.config, file.generations, calls=file.calls)
        last = outcome(chain)
        if last is None:
            return "", ""
        return printable(" · ".join(_belief_words(last, unit="")), 100), spark(_metric(chain, last))


def _metric(chain: Chain, last: Outcome) -> Sequence[float]:
    """What the chain is about, by generation: the probability of the state in which its focus ended, or its entropy as a share."""
    measures = measure(chain)
    if last.focus is not None and chain.task.focus is not None:
        values = chain.task.space.groupings[chain.task.focus].values
        return [float(p) for p in measures.marginals[chain.task.focus][:, values.index(last.focus[1])]]
    return [float(h) / log(chain.task.space.size) for h in measures.entropy]


def spark(values: Sequence[float], cells: int = 10) -> str:
    """Shares 0 … 1 as a row of bars: at most `cells` of them, each the mean of its part; a dot where nothing is known."""
    count = min(cells, len(values))
    parts = [values[place * len(values) // count : (place + 1) * len(values) // count] for place in range(count)]
    known = [[value for value in part if isfinite(value)] for part in parts]
    return "".join(_BARS[round(min(max(sum(part) / len(part), 0.0), 1.0) * 7)] if part else "·" for part in known)


def _belief_words(last: Outcome, unit: str = " nats") -> list[str]:
    parts = []
    if last.entropy is not None:
        parts.append(belief_provenance.entropy_text(last.entropy, last.entropy_range, unit=unit))
    if last.focus is not None:
        name, value, p = last.focus
        parts.append(f"{name} {value} {p:.2f}")
    return parts


def _progress(chain: Chain) -> list[tuple[str, str]]:
    last = outcome(chain)
    if last is None and not chain.calls:
        return [("state", f"new, {chain.config.generations} generations planned"), ("", next_phase_text(chain))]
    if last is None:
        return [_interrupted(chain, 1), ("", next_phase_text(chain))]
    now = last.generation + 1
    facts = [("state", f"generation {last.generation} of {chain.config.generations}, {chain.status}")]
    if chain.calls_of(now):
        facts = [_interrupted(chain, now)]
    words = _belief_words(last)
    if chain.task.predictive and not hides_truth(chain):
        words.append(f"d⁰ {last.explained}/{last.initial} right" + (", BOTH" if last.both else ""))
    words += [f"{metric.name} {value:.{metric.digits}f}" for metric, value in last.metrics[:_MOST_METRICS]]
    facts.append(("outcome", " · ".join(words)))
    hypothesis = chain.generations[-1].hypothesis
    facts.append((f"h{superscript(last.generation)}", rule_text(chain, hypothesis)))
    return facts


def _interrupted(chain: Chain, generation: int) -> tuple[str, str]:
    """The state of a generation whose imitation is not finished."""
    count = len(chain.calls_of(generation))
    calls = f"{count} call{'s' if count != 1 else ''}"
    return "state", f"generation {generation} of {chain.config.generations}, interrupted in its imitation after {calls}"


def _setting(chain: Chain, file: SessionFile) -> list[tuple[str, str]]:
    config = chain.config
    agents = ", ".join(dict.fromkeys(agent.describe() for agent in config.agents))
    filters = " + ".join(each.kind for each in config.filters) or "none"
    known = chain.belief(max(len(chain.generations), 1))
    p = f"  P {probability_text(float(known.log_p[chain.start.target]))}" if known is not None else ""
    facts = []
    if known is None and belief_provenance.uses_models(chain):
        facts.append(("belief", belief_provenance.absence(chain, max(len(chain.generations), 1)).replace("no belief", "none", 1)))
    elif how := belief_provenance.caption(chain, known):
        facts.append(("belief", how))
    if not hides_truth(chain):
        facts.append(("h*", rule_text(chain, chain.start.target) + p))
        if chain.start.rival is not None:
            facts.append(("ĥ", rule_text(chain, chain.start.rival)))
    if chain.calls:
        facts.append(("spent", spent_text(chain.spent)))
    facts += [("agents", agents), ("filters", filters), ("seed", f"{config.seed}, look-back {config.lookback}")]
    if config.keep != REPLACE:
        facts.append(("keeps", config.keep.words()))
    if file.parent is not None:
        facts.append(("branch", f"of {file.parent.file}, generation {file.parent.generation}"))
    facts.append(("file", file.path.name))
    return facts


def _view(chain: Chain) -> BeliefView | None:
    t = max(len(chain.generations), 1)
    belief: Belief | None = chain.belief(t)
    if belief is None:
        return None
    start = chain.start
    marks = [] if hides_truth(chain) else [Mark("★", "h*", start.target)]
    if marks and start.rival is not None:
        marks.append(Mark("+", "ĥ", start.rival))
    if chain.generations:
        marks.append(Mark("▲", f"h{superscript(t)}", chain.generations[-1].hypothesis))
    return BeliefView(
        chain.task.space,
        belief.log_p,
        marks=tuple(marks),
        explained=chain.task.explained(start.samples) if chain.task.predictive else None,
        explained_of=len(start.samples),
        form="mosaic",
        by=chain.task.focus,
        scale="linear",
        title=belief_question(chain, t),
    )
