"""The words of a review, as styled text. Nothing here is read as markup."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes.space import ProductSpace
from iicl_tui.charts.marginals import figure_text
from iicl_tui.charts.numbers import VERTICAL, eighths, percent_text, probability_text, scale_for
from iicl_tui.filters.base import Verdict
from iicl_tui.review.forecast import BeliefFrame, Forecast, summarize
from iicl_tui.review.rules import VerdictRules
from iicl_tui.review.state import Item, Refusal, ReviewState
from iicl_tui.review.styled import StyledText, hue, styled, wrap_words
from iicl_tui.review.subject import ExampleTable, HypothesisGate, KeptItem, ReviewSubject
from iicl_tui.text import printable

Key = Callable[[str], str]
"""Returns the key of an action, as a person reads it."""

SIGNS: dict[Verdict | None, str] = {"approve": "✓", "reject": "✗", "edit": "✎", None: "·"}
VERDICTS: dict[Verdict | None, str] = {"approve": "approved", "reject": "rejected", "edit": "edited", None: "undecided"}
_MOST_EXAMPLES = 60
_LONG = 200


def sign(verdict: Verdict | None) -> StyledText:
    """Returns ✓ ✗ ✎ or · with its role."""
    return styled((SIGNS[verdict], verdict or "muted"))


def progress(subject: ReviewSubject, state: ReviewState, blind: bool) -> str:
    """Says how far the review is."""
    parts = [*subject.progress]
    if subject.kept:
        parts.append(f"{len(subject.kept)} kept")
    if subject.gate is not None:
        parts.append("undecided" if state.undecided else "decided")
    else:
        parts.append(f"{state.decided} of {len(state.items)} decided")
    if blind:
        parts.append("always blind" if subject.blind else "blind")
    return " · ".join(parts)


def redraws(rules: VerdictRules) -> str:
    """Says how many redraws are left."""
    left = rules.redraws_left
    return "no redraws left" if left == 0 else f"{left} redraw{'s' * (left != 1)} left"


# -- a hypothesis -----------------------------------------------------------------------------------------------------


def hypothesis_lines(subject: ReviewSubject, gate: HypothesisGate, item: Item, blind: bool, width: int) -> list[StyledText]:
    """Shows a hypothesis with its verdict, P and rank, and the examples it explains."""
    facts = [VERDICTS[item.verdict]]
    place = gate.place(item.value)
    if place is not None:
        log_p, rank, size = place
        facts += [f"P {probability_text(log_p)}", f"rank {rank} of {size}"]
    facts.append(redraws(subject.rules))
    lines = [
        styled(sign(item.verdict), " ", subject.text(item.value).with_role("strong")),
        styled(("  " + " · ".join(facts), "muted")),
    ]
    lines += _changes(subject, item)
    for table in gate.tables(item.value):
        lines += _explained(table, blind, width)
    return lines


def _changes(subject: ReviewSubject, item: Item) -> list[StyledText]:
    """Shows the value before an edit, and the reason."""
    before = [styled(("  drawn: ", "muted"), subject.text(item.shown))] if item.value != item.shown else []
    reason = [styled(("  reason: ", "muted"), (printable(item.reason, 1000), "italic"))] if item.reason else []
    return before + reason


def _explained(table: ExampleTable, blind: bool, width: int) -> list[StyledText]:
    count = len(table.rows)
    explained = sum(right for _, right in table.rows)
    heading = (
        f"explains {explained}/{count} of {table.name}" if not blind else f"{count} example{'s' * (count != 1)} of {table.name}"
    )
    parts = [example if blind else styled(_mark(right), example) for example, right in table.rows[:_MOST_EXAMPLES]]
    if count > _MOST_EXAMPLES:
        parts.append(styled((f"… {count - _MOST_EXAMPLES} more", "muted")))
    return [styled(("  " + heading, "muted")), *flow(parts, width, 3, 4)]


def _mark(right: bool) -> tuple[str, str]:
    return ("✓ ", "approve") if right else ("✗ ", "reject")


def flow(parts: Sequence[StyledText], width: int, gap: int, indent: int = 0) -> list[StyledText]:
    """Lays the parts out side by side, in as many lines as needed."""
    lines: list[StyledText] = []
    line = StyledText()
    room = width - indent
    for part in parts:
        if line and line.width + gap + part.width > room:
            lines.append(line)
            line = StyledText()
        line = (line + " " * gap if line else line) + part.cut(max(room, 1))
    return [styled(" " * indent, each) for each in (*lines, line) if each]


# -- a list of items --------------------------------------------------------------------------------------------------


def item_line(subject: ReviewSubject, item: Item, here: bool, blind: bool, text_width: int) -> StyledText:
    """Shows one row of the list; the item's text takes `text_width` cells."""
    notes = " · ".join(subject.marks(item.value, blind))
    reason = f"  {printable(item.reason, _LONG)}" if item.reason else ""
    return styled("▸ " if here else "  ", sign(item.verdict), " ", subject.text(item.value).cut(text_width, pad=True),
                  (f"  {notes}" if notes else "", "muted"), (reason, "italic"))  # fmt: skip


def kept_line(subject: ReviewSubject, kept: KeptItem, blind: bool, text_width: int) -> StyledText:
    """Shows a row for an item that passed in an earlier round."""
    notes = " · ".join(["kept", *subject.marks(kept.value, blind)])
    text = subject.text(kept.value).cut(text_width, pad=True)
    return styled("  ", sign("edit" if kept.edited else "approve"), " ", text, (f"  {notes}", "muted")).with_role("dim")


def item_lines(subject: ReviewSubject, state: ReviewState, blind: bool) -> list[StyledText]:
    """Shows the item under the cursor in full."""
    item = state.item
    if item is None:
        return []
    place = f"{subject.noun} {state.cursor + 1} of {len(state.items)} · "
    lines = [
        styled((place, "muted"), (VERDICTS[item.verdict], item.verdict or "muted")),
        styled("  ", subject.text(item.value).with_role("strong")),
    ]
    changes = _changes(subject, item)
    notes = subject.marks(item.value, blind, detailed=True)
    shown = [styled(("  " + " · ".join(notes), "muted"))] if notes else []
    before = changes[: item.value != item.shown]
    return [*lines, *before, *shown, *changes[len(before) :]]


# -- the forecast -----------------------------------------------------------------------------------------------------


def forecast_lines(forecast: Forecast, blind: bool, width: int, height: int) -> list[StyledText]:
    """Shows the belief now and after a commit, in at most `height` lines of `width` cells; the least important parts go first.

    A blind review shows no forecast, since that would give away which samples are right.
    """
    if blind:
        return [styled((line, "muted")) for line in wrap_words("No forecast in a blind review.", width)][:height]
    frame = forecast.frame
    heading = _if_it_fits(
        width, styled(("if you commit now", "strong")), styled((f" {frame.names[0]} → {frame.names[1]}", "muted"))
    )
    notes = [styled((line, "muted")) for note in forecast.notes for line in wrap_words(note, width)]
    if forecast.now is None:
        return [heading, *notes][:height]
    before = summarize(forecast.now, frame)
    after = summarize(forecast.then, frame) if forecast.then is not None else None
    entropy = _change("entropy", f"{before.entropy:.2f}", f"{after.entropy:.2f} nats" if after else None)
    difference = styled((f"  {after.entropy - before.entropy:+.2f}" if after else "", "muted"))
    lines = [heading, _if_it_fits(width, entropy, difference), _target_line(forecast)]
    bars = _bar_lines(forecast, width)
    wide = _focus_lines(frame, before.focus, after.focus if after else None)
    short = flow(_focus_parts(frame, before.focus, after.focus if after else None), width, 3)
    first = [_if_it_fits(width, short[0], styled((" …", "muted")))] if len(short) > 1 else short
    for focus, some in ((wide, notes), (short, notes), (short, notes[:2]), (short, notes[:1]), (first, notes[:1]), ([], notes[:1])):
        if len(lines) + len(focus) + len(bars) + len(some) <= height:
            return [*lines, *focus, *bars, *some]
    return [*lines, *notes[:1]][:height]


def _target_line(forecast: Forecast) -> StyledText:
    assert forecast.now is not None
    at = forecast.frame.target
    then = probability_text(float(forecast.then[at])) if forecast.then is not None else None
    return _change("P(h*)", probability_text(float(forecast.now[at])), then)


def _if_it_fits(width: int, text: StyledText, tail: StyledText) -> StyledText:
    return text + tail if text.width + tail.width <= width else text


def _change(name: str, before: str, after: str | None, role: str = "muted") -> StyledText:
    return styled((f"{name:<9} ", role), before, (" → ", "muted"), (after or "?", "strong"))


def _focus_lines(frame: BeliefFrame, before: Sequence[float], after: Sequence[float] | None) -> list[StyledText]:
    if frame.focus is None:
        return []
    grouping = frame.space.groupings[frame.focus]
    names = [printable(f"{grouping.name} {value}", 24) for value in grouping.values]
    room = max(map(len, names))
    return [
        _change(f"{name:<{room}}", f"{percent_text(before[at]):>6}", percent_text(after[at]) if after else None, hue(at))
        for at, name in enumerate(names)
    ]


def _focus_parts(frame: BeliefFrame, before: Sequence[float], after: Sequence[float] | None) -> list[StyledText]:
    if frame.focus is None:
        return []
    grouping = frame.space.groupings[frame.focus]
    parts = [styled((printable(grouping.name, 12), "muted"))]
    for at, value in enumerate(grouping.values):
        then = figure_text(after[at]) if after else "?"
        parts.append(styled((f"{printable(value, 12)} ", hue(at)), figure_text(before[at]), ("→", "muted"), (then, "strong")))
    return parts


def bar_sums(log_p: NDArray[np.float64], shape: tuple[int, ...], width: int) -> NDArray[np.float64]:
    """Sums P over neighbouring hypotheses.

    Args:
        log_p: (H,) log-probabilities in nats.
        shape: Number of values of each factor.
        width: Maximum number of columns.

    Returns:
        (columns,) probabilities. If possible, a column is one combination of values of the first factors.
    """
    columns = 1
    for size in shape:
        if columns * size > width:
            break
        columns *= size
    if columns == 1:
        columns = min(width, log_p.size)
    edges = np.arange(columns) * log_p.size // columns
    return np.add.reduceat(np.exp(log_p), edges)


def _bar_lines(forecast: Forecast, width: int) -> list[StyledText]:
    assert forecast.now is not None
    room = width - 5
    if room < 4:
        return []
    beliefs = [("now", forecast.now)] + ([("then", forecast.then)] if forecast.then is not None else [])
    return [_bar_line(name, log_p, forecast.frame.space, room) for name, log_p in beliefs]


def _bar_line(name: str, log_p: NDArray[np.float64], space: ProductSpace, room: int) -> StyledText:
    scale = scale_for("log", space.size, 0.0)
    with np.errstate(divide="ignore"):
        cells = VERTICAL[eighths(scale.lengths(np.log(bar_sums(log_p, space.shape, room))), 1)]
    text = np.where(cells == ord(" "), ord("·"), cells).astype(np.uint32).tobytes().decode("utf-32-le")
    tail = " log" if name == "now" and len(text) + 4 <= room else ""
    return styled((f"{name:<5}", "muted"), (text, "accent"), (tail, "muted"))


# -- sentences --------------------------------------------------------------------------------------------------------


def refused(why: Refusal, subject: ReviewSubject, state: ReviewState, key: Key) -> str:
    """Says why a commit is refused, and what to do."""
    if why == "no-redraws":
        return f"No redraws are left: {key('review.approve')} approves it, {key('review.edit')} edits it."
    if why == "unlearnable":
        return _unlearnable(subject)
    if why == "nothing-passes":
        return (f"No {subject.noun} would pass on: {key('review.pass-nothing')} goes on with none, {key('review.edit')} edits one, "
                f"{key('review.undo')} undoes.")  # fmt: skip
    if subject.gate is not None:
        rejects = f" {key('review.reject')} rejects it," if subject.rules.may_reject else ""
        return f"Decide first: {key('review.approve')} approves it,{rejects} {key('review.edit')} edits it."
    return (f"{state.undecided} undecided: {key('review.approve-rest')} approves the rest, "
            f"{key('review.reject-rest')} rejects the rest.")  # fmt: skip


def _unlearnable(subject: ReviewSubject) -> str:
    what = "its samples and the data before them" if subject.gate is not None else f"these {subject.noun}s"
    return f"No hypothesis explains {what}, so the next agent could not learn and the chain would stop."


def choices_notice(subject: ReviewSubject, refusal: Refusal | None) -> str:
    """Says why there are choices: all items are rejected, or the next agent could learn nothing."""
    if refusal == "unlearnable":
        return _unlearnable(subject)
    if subject.kept:
        return f"All of these are rejected; the {len(subject.kept)} kept earlier pass on."
    return f"All {subject.noun}s are rejected: none would pass on."


def choices(subject: ReviewSubject, state: ReviewState, refusal: Refusal | None) -> list[tuple[str, str]]:
    """Returns what can be done if all items are rejected, or if nobody could learn from them, as pairs (action, label)."""
    rules = subject.rules
    if refusal == "unlearnable":
        rejects = [("review.reject", "reject this one")] if rules.may_reject else []
        stop = ("review.pass-nothing", "commit all the same: the chain stops")
        return [("review.edit", "edit this one"), *rejects, ("review.undo", "undo"), stop]
    if subject.gate is not None or not state.all_rejected or rules.if_none_pass == "allow":
        return []
    if rules.redraws_rejected:
        first = ("review.commit", f"redraw {len(state.items)} ({redraws(rules)})")
    elif subject.kept:
        first = ("review.commit", "go on without them")
    elif subject.if_nothing_passes:
        first = ("review.pass-nothing", f"pass on nothing: {subject.if_nothing_passes}")
    else:
        first = ("review.pass-nothing", "pass on none of these")
    return [first, ("review.edit", "edit this one"), ("review.undo", "undo")]
