"""What a review says, as coloured text: values in, Content out. Nothing here is read as markup."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from textual.content import Content

from iicl_tui.bayes import inference
from iicl_tui.bayes.space import ProductSpace
from iicl_tui.chain.engine import Chain
from iicl_tui.charts.marginals import figure_text
from iicl_tui.charts.numbers import VERTICAL, eighths, percent_text, probability_text, scale_for
from iicl_tui.filters.base import HypothesisShown, Sample, SamplesShown, Verdict
from iicl_tui.review.effect import Effect, belief_now, figures
from iicl_tui.review.state import Item, Refusal, ReviewState, Shown
from iicl_tui.tasks.base import Example, Task
from iicl_tui.text import printable, superscript

Key = Callable[[str], str]
"""The key that runs an action now, as a person reads it."""

SIGNS: dict[Verdict | None, str] = {"approve": "✓", "reject": "✗", "edit": "✎", None: "·"}
VERDICTS: dict[Verdict | None, str] = {"approve": "approved", "reject": "rejected", "edit": "edited", None: "undecided"}
_COLOURS: dict[Verdict | None, str] = {"approve": "$text-success", "reject": "$text-error", "edit": "$text-warning",
                                       None: "$text-muted"}  # fmt: skip
MUTED = "$text-muted"
STATES = 6
_MOST_EXAMPLES = 60
_LONG = 200


def state_style(position: int) -> str:
    """The style of the position-th of a task's states."""
    return f"$state-{position % STATES}"


def sign(verdict: Verdict | None) -> Content:
    """✓ ✗ ✎ or · in its colour."""
    return Content.styled(SIGNS[verdict], _COLOURS[verdict])


def example_content(task: Task, example: Example) -> Content:
    """A, C → on, with the output in its colour."""
    text, output = printable(task.example_text(example), _LONG), printable(example.output)
    if example.output in task.outputs and text.endswith(output):
        style = state_style(task.outputs.index(example.output))
        return Content.assemble(text[: len(text) - len(output)], (output, style))
    return Content(text)


def rule_content(space: ProductSpace, hypothesis: int) -> Content:
    """A on  B off  …, each value in its colour."""
    parts: list[str | tuple[str, str]] = []
    for factor, code in zip(space.factors, space.codes[hypothesis].tolist(), strict=True):
        parts += ["  " if parts else "", printable(factor.name, _LONG) + " ",
                  (printable(factor.values[code], _LONG), state_style(code))]  # fmt: skip
    return Content.assemble(*parts)


def title(shown: Shown) -> str:
    """What is reviewed, in a line."""
    t = superscript(shown.context.generation)
    if isinstance(shown, HypothesisShown):
        return f"review h{t}: may it go on?"
    return f"review d{t}: keep what may pass on"


def progress(shown: Shown, state: ReviewState) -> str:
    """How far it is."""
    if isinstance(shown, HypothesisShown):
        parts = ["not decided" if state.undecided else "decided"]
    else:
        parts = [f"{state.decided} of {len(state.items)} decided"]
    if isinstance(shown, SamplesShown) and shown.kept:
        parts.insert(0, f"{len(shown.kept)} kept")
    if shown.attempt:
        parts.insert(0, f"draw {shown.attempt + 1}")
    elif isinstance(shown, SamplesShown) and shown.more_requested:
        parts.insert(0, "a filter asks for more")
    return " · ".join(parts)


def redraws(shown: Shown) -> str:
    """How often it may be drawn again."""
    left = shown.redraws_left
    return "no redraws left" if left == 0 else f"{left} redraw{'s' * (left != 1)} left"


# -- the first gate ---------------------------------------------------------------------------------------------------


def hypothesis_lines(chain: Chain, shown: HypothesisShown, item: Item, blind: bool, width: int) -> list[Content]:
    """The drawn hypothesis large: rule, verdict, P and rank, and what it explains."""
    space, task, generation = chain.task.space, chain.task, shown.context.generation
    edited = item.value != item.shown
    lines = [Content.assemble(sign(item.verdict), " ", rule_content(space, item.value).stylize("bold"))]
    words = [VERDICTS[item.verdict]]
    log_p = belief_now(chain, generation)
    if log_p is not None:
        place = inference.rank(log_p, item.value)
        words += [f"P {probability_text(float(log_p[item.value]))}", f"rank {place} of {space.size}"]
    words.append(redraws(shown))
    lines.append(Content.styled("  " + " · ".join(words), MUTED))
    if edited:
        lines.append(Content.assemble(("  drawn: ", MUTED), rule_content(space, item.shown)))
    if item.reason:
        lines.append(reason_line(item))
    lines += _explained(task, item.value, f"d{superscript(0)}", chain.start.samples, blind, width)
    if generation > 1:
        lines += _explained(task, item.value, f"d{superscript(generation - 1)}", chain.data(generation - 1), blind, width)
    return lines


def _explained(task: Task, hypothesis: int, name: str, examples: Sequence[Example], blind: bool, width: int) -> list[Content]:
    right = [task.agrees(hypothesis, example) for example in examples]
    count = f"explains {sum(right)}/{len(examples)} of {name}" if not blind else f"{len(examples)} of {name}"
    parts = []
    for example, explained in list(zip(examples, right, strict=True))[:_MOST_EXAMPLES]:
        mark = Content("") if blind else Content.styled("✓ " if explained else "✗ ", _COLOURS["approve" if explained else "reject"])
        parts.append(mark + example_content(task, example))
    if len(examples) > _MOST_EXAMPLES:
        parts.append(Content.styled(f"… {len(examples) - _MOST_EXAMPLES} more", MUTED))
    return [Content.styled("  " + count, MUTED), *flow(parts, width, 3, 4)]


def flow(parts: Sequence[Content], width: int, gap: int, indent: int = 0) -> list[Content]:
    """The parts side by side, in as many lines as it takes."""
    lines: list[Content] = []
    line = Content("")
    for part in parts:
        room = width - indent
        if line and line.cell_length + gap + part.cell_length > room:
            lines.append(line)
            line = Content("")
        line = (line + " " * gap if line else line) + part.truncate(max(room, 1), ellipsis=True)
    return [Content(" " * indent) + one for one in (*lines, line) if one]


# -- the second gate --------------------------------------------------------------------------------------------------


def marks(chain: Chain, hypothesis: int, example: Example, blind: bool) -> list[str]:
    """What can be said of a sample: what the task notes of it, that it follows or goes against hᵗ, stands in d⁰ or contradicts it.
    When blind, only the task's note."""
    note = printable(chain.task.example_note(example), 80)
    noted = [note] if note else []
    if blind:
        return noted
    if not chain.task.predictive:
        return [*noted, *([f"seen in d{superscript(0)}"] if example in chain.start.samples else [])]
    h = f"h{superscript(chain.generations[-1].index)}"
    follows = chain.task.agrees(hypothesis, example)
    words = [f"follows {h}" if follows else f"against {h}", *noted]
    if example in chain.start.samples:
        words.append(f"seen in d{superscript(0)}")
    else:
        said = {seen.output: None for seen in chain.start.samples if seen.input == example.input}
        if said:
            words.append(f"d{superscript(0)} says {printable(', '.join(said), 40)}")
    return words


def sample_line(chain: Chain, shown: SamplesShown, item: Item, here: bool, blind: bool, wide: int) -> Content:
    """One row of the list; the text of the example is `wide` cells wide."""
    text = example_content(chain.task, item.value).truncate(wide, ellipsis=True, pad=True)
    tail = " · ".join(marks(chain, shown.hypothesis, item.value, blind))
    reason = f"  {printable(item.reason, _LONG)}" if item.reason else ""
    return Content.assemble("▸ " if here else "  ", sign(item.verdict), " ", text, (f"  {tail}" if tail else "", MUTED),
                            (reason, "italic"))  # fmt: skip


def kept_line(chain: Chain, shown: SamplesShown, sample: Sample, blind: bool, wide: int) -> Content:
    """A row for a sample that passed in an earlier round."""
    verdict: Verdict = "edit" if sample.verdict == "edited" else "approve"
    text = example_content(chain.task, sample.example).truncate(wide, ellipsis=True, pad=True)
    tail = " · ".join(["kept", *marks(chain, shown.hypothesis, sample.example, blind)])
    return Content.assemble("  ", sign(verdict), " ", text, (f"  {tail}", MUTED)).stylize("dim")


def sample_lines(chain: Chain, shown: SamplesShown, state: ReviewState, blind: bool) -> list[Content]:
    """The sample under the cursor, large."""
    item = state.item
    if item is None:
        return []
    lines = [
        Content.assemble(
            (f"sample {state.cursor + 1} of {len(state.items)} · ", MUTED), (VERDICTS[item.verdict], _COLOURS[item.verdict])
        ),
        Content("  ") + example_content(chain.task, item.value).stylize("bold"),
    ]
    if item.value != item.shown:
        lines.append(Content.assemble(("  drawn: ", MUTED), example_content(chain.task, item.shown)))
    said = marks(chain, shown.hypothesis, item.value, blind)
    if said:
        if said[0].startswith("against"):
            said[0] += f", which says {printable(chain.task.predict(shown.hypothesis, item.value.input), _LONG)}"
        lines.append(Content.styled("  " + " · ".join(said), MUTED))
    if item.reason:
        lines.append(reason_line(item))
    return lines


def reason_line(item: Item) -> Content:
    """Why."""
    return Content.assemble(("  reason: ", MUTED), (printable(item.reason, 1000), "italic"))


# -- the effect -------------------------------------------------------------------------------------------------------


def effect_lines(chain: Chain, shown: Shown, effect: Effect, blind: bool, width: int, height: int) -> list[Content]:
    """Now → then, in at most `height` lines of `width` cells; what matters less is left out first."""
    t = shown.context.generation
    heading = _fitting(width, Content.styled("if committed now", "bold"),
                       Content.styled(f" P(h | d{superscript(t - 1)}) → P(h | d{superscript(t)})", MUTED))  # fmt: skip
    notes = [line for note in effect.notes for line in Content.styled(note, MUTED).wrap(max(width, 1))]
    if effect.now is None:
        return [heading, *notes][:height]
    before = figures(effect.now, chain)
    after = figures(effect.then, chain) if effect.then is not None else None
    entropy = _change("entropy", f"{before.entropy:.2f}", f"{after.entropy:.2f} nats" if after else None)
    change = Content.styled(f"  {after.entropy - before.entropy:+.2f}" if after else "", MUTED)
    lines = [heading, _fitting(width, entropy, change)]
    if blind:
        lines.append(_change("P(h*)", "hidden", "hidden"))
    else:
        at = chain.start.target
        then = probability_text(float(effect.then[at])) if effect.then is not None else None
        lines.append(_change("P(h*)", probability_text(float(effect.now[at])), then))
    bars = _bar_lines(effect, chain.task.space, width)
    wide = _focus_lines(chain, before.focus, after.focus if after else None)
    short = flow(_focus_parts(chain, before.focus, after.focus if after else None), width, 3)
    first = [_fitting(width, short[0], Content.styled(" …", MUTED))] if len(short) > 1 else short
    for focus, some in ((wide, notes), (short, notes), (short, notes[:2]), (short, notes[:1]), (first, notes[:1]), ([], notes[:1])):
        if len(lines) + len(focus) + len(bars) + len(some) <= height:
            return [*lines, *focus, *bars, *some]
    return [*lines, *notes[:1]][:height]


def _fitting(width: int, text: Content, tail: Content) -> Content:
    return text + tail if text.cell_length + tail.cell_length <= width else text


def _change(name: str, before: str, after: str | None, style: str = "") -> Content:
    return Content.assemble((f"{name:<9} ", style or MUTED), before, (" → ", MUTED), (after or "?", "bold"))


def _focus_lines(chain: Chain, before: tuple[float, ...], after: tuple[float, ...] | None) -> list[Content]:
    if chain.task.focus is None:
        return []
    split = chain.task.space.groupings[chain.task.focus]
    names = [printable(f"{split.name} {value}", 24) for value in split.values]
    room = max(map(len, names))
    return [
        _change(f"{name:<{room}}", f"{percent_text(before[at]):>6}", percent_text(after[at]) if after else None,
                style=state_style(at))
        for at, name in enumerate(names)
    ]  # fmt: skip


def _focus_parts(chain: Chain, before: tuple[float, ...], after: tuple[float, ...] | None) -> list[Content]:
    if chain.task.focus is None:
        return []
    split = chain.task.space.groupings[chain.task.focus]
    parts = []
    for at, value in enumerate(split.values):
        name = printable(value, 12)
        then = figure_text(after[at]) if after else "?"
        parts.append(Content.assemble((f"{name} ", state_style(at)), figure_text(before[at]), ("→", MUTED), (then, "bold")))
    return [Content.styled(printable(split.name, 12), MUTED), *parts]


def bar_sums(log_p: NDArray[np.float64], shape: tuple[int, ...], width: int) -> NDArray[np.float64]:
    """(columns ≤ width,): P summed over hypotheses side by side; a column is one rule on the first factors where that fits."""
    columns = 1
    for size in shape:
        if columns * size > width:
            break
        columns *= size
    if columns == 1:
        columns = min(width, log_p.size)
    edges = np.arange(columns) * log_p.size // columns
    return np.add.reduceat(np.exp(log_p), edges)


def _bar_lines(effect: Effect, space: ProductSpace, width: int) -> list[Content]:
    assert effect.now is not None
    room = width - 5
    if room < 4:
        return []
    beliefs = [("now", effect.now)] + ([("then", effect.then)] if effect.then is not None else [])
    scale = scale_for("log", space.size, 0.0)
    lines = []
    for name, log_p in beliefs:
        with np.errstate(divide="ignore"):
            cells = VERTICAL[eighths(scale.lengths(np.log(bar_sums(log_p, space.shape, room))), 1)]
        text = np.where(cells == ord(" "), ord("·"), cells).astype(np.uint32).tobytes().decode("utf-32-le")
        tail = " log" if name == "now" and len(text) + 4 <= room else ""
        lines.append(Content.assemble((f"{name:<5}", MUTED), (text, "$text-accent"), (tail, MUTED)))
    return lines


# -- sentences --------------------------------------------------------------------------------------------------------


def refused(why: Refusal, shown: Shown, state: ReviewState, key: Key) -> str:
    """Why committing is refused, and the remedy."""
    if why == "no-redraws":
        return f"No redraws are left: {key('review.approve')} approves it, {key('review.edit')} edits it."
    if why == "nothing-passes":
        return (f"Nothing would pass on: {key('review.pass-nothing')} goes on with nothing, {key('review.edit')} edits one, "
                f"{key('review.undo')} goes back.")  # fmt: skip
    if isinstance(shown, HypothesisShown):
        rejects = f" {key('review.reject')} rejects it," if shown.redraws_left else ""
        return f"Decide first: {key('review.approve')} approves it,{rejects} {key('review.edit')} edits it."
    return (f"{state.undecided} still undecided: {key('review.approve-rest')} approves all the rest, "
            f"{key('review.reject-rest')} rejects them.")  # fmt: skip


def all_rejected(shown: SamplesShown) -> str:
    """What it means that all are rejected."""
    if shown.kept:
        return f"All of these are rejected; the {len(shown.kept)} kept before pass."
    return "All are rejected: nothing would pass on."
