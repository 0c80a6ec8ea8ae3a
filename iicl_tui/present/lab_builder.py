"""Builds what the lab shows from a session: a pure function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from iicl_tui.agents.beliefs import Belief
from iicl_tui.agents.model_session import pending_call_text
from iicl_tui.agents.money import spent_text
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.records import PHASES, Generation
from iicl_tui.charts.film import FilmView
from iicl_tui.charts.marginals import MarginalsView
from iicl_tui.charts.view import BeliefView, Form, Group, Mark, ScaleKind, group_totals, groups_of, view_groups
from iicl_tui.filters.base import Sample
from iicl_tui.filters.effective_set import EffectiveSet
from iicl_tui.present import belief_provenance, words
from iicl_tui.present.costs import cost_text
from iicl_tui.present.curves import panels
from iicl_tui.present.lab_session import LabSession
from iicl_tui.present.lab_state import (
    IDLE,
    Activity,
    ChartSettings,
    DataBlock,
    DataItem,
    GenerationRows,
    LabState,
    PhaseStep,
    Sign,
)
from iicl_tui.tasks.base import Example, Task
from iicl_tui.text import printable, superscript

NO_START = "no examples: the chain starts without data"
MARKS = {"approved": "✓", "rejected": "✗", "edited": "✎", "pooled": "○"}

Array = NDArray[np.float64]


def build_lab_state(
    session: LabSession,
    selected: int | None,
    charts: ChartSettings,
    activity: Activity = IDLE,
    blind: bool = False,
    clock: float = 0.0,
) -> LabState:
    """The lab's state.

    Args:
        session: The session.
        selected: The selected generation; None follows the chain.
        charts: How the belief is drawn.
        activity: What the chain is doing.
        blind: Show nothing that gives h* away.
        clock: The monotonic clock's time in seconds, for the call in progress.
    """
    chain = session.chain
    now = current_generation(chain)
    selected = now if selected is None else max(0, min(selected, now))
    beliefs = _beliefs(chain, selected, now)
    saving = session.saving
    if charts.by is None and (blind or not session.compared_examples):
        charts = replace(charts, by=chain.task.focus or 0)
    sentence, action_ids = words.lab_status(chain, saving, activity, selected, now, beliefs.upcoming is not None)
    if session.file is not None and session.file.is_configuration:
        sentence, action_ids = words.CONFIGURATION, ("lab.start-session", "lab.branch")
    upcoming = chain.next
    last, total = len(chain.generations), chain.config.generations
    return LabState(
        title=printable(chain.config.title, 200),
        facts=header_facts(session),
        saving=saving,
        activity=activity,
        selected=selected,
        now=now,
        last=last,
        total=total,
        belief=_belief(session, selected, charts, beliefs, blind),
        film=_film(session, selected, now, charts, beliefs.upcoming),
        objects=_objects(chain, selected, charts.by, beliefs.here),
        curves=panels(session.measures, chain.task, chain.start, selected, total, blind, session.checks),
        phases=_phases(chain, selected),
        words=printable(sentence, 600),
        action_ids=action_ids,
        data=_data(session, selected, last, blind),
        rows=GenerationRows(
            selected,
            now,
            total,
            session.measures.entropy,
            session.measures.explained,
            0 if blind else session.compared_examples,
            _row_note(chain),
            *_first_figure(session),
            np.isfinite(session.measures.entropy_least),
        ),
        steppable=(upcoming is not None or saving.kind == "unsaved") and saving.kind != "read-only",
        waits_for_person=chain.waits_for_person,
        cost=cost_text(chain.spent_in(selected)),
        calling=call_in_progress(chain, clock),
        bayes=charts.bayes if session.checks else None,
        entropy_range=beliefs.here.entropy_range if beliefs.here is not None else None,
    )


def initial_charts(task: Task, chosen: Mapping[str, str]) -> ChartSettings:
    """How the belief is drawn when a session opens: as the settings' [lab] table says, if that fits this task."""
    names = [split.name for split in task.space.groupings]
    by: int | None = task.focus if task.focus is not None else 0
    wanted = chosen.get("by")
    if wanted in names:
        by = names.index(wanted)
    elif wanted == "d0":
        by = None
    form: Form = chosen.get("form", "strips")  # type: ignore[assignment]  # the settings' schema has checked both
    scale: ScaleKind = chosen.get("scale", "linear")  # type: ignore[assignment]
    return ChartSettings(form, scale, by)


def current_generation(chain: Chain) -> int:
    """The generation in progress or next; the last one if the chain is over."""
    upcoming = chain.next
    return upcoming[0] if upcoming is not None else len(chain.generations)


def header_facts(session: LabSession) -> tuple[str, ...]:
    """The facts about the chain for the header. They change with every call."""
    chain, parent = session.chain, session.file.parent if session.file is not None else None
    agents = dict.fromkeys(printable(agent.describe(), 40) for agent in chain.config.agents)
    return (
        f"generation {current_generation(chain)}/{chain.config.generations}",
        spent_text(chain.spent) if belief_provenance.uses_models(chain) else "",
        " + ".join(agents),
        f"seed {chain.config.seed}",
        f"branched after {parent.generation} from {printable(parent.file, 60)}" if parent is not None else "",
    )


def call_in_progress(chain: Chain, clock: float) -> str:
    """The call in progress in words, with the seconds so far; "" if there is none."""
    return printable(pending_call_text(chain.calling, clock), 400) if chain.calling is not None else ""


def _first_figure(session: LabSession) -> tuple[str, Array | None]:
    """The name and values of the task's first metric, of what each generation made; "" and None if it has none."""
    figures = session.chain.task.dataset_metrics
    return (printable(figures[0].short or figures[0].name, 5), session.measures.made[:, 0]) if figures else ("", None)


def _row_note(chain: Chain) -> str:
    if chain.stuck:
        return "stuck"
    upcoming = chain.next
    if upcoming is None:
        return ""
    if chain.waits_for_person:
        return "asks you"
    return {"imitation": "next", "interaction": "learned", "transmission": "goes on"}[upcoming[1]]


# -- the belief -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Beliefs:
    """The beliefs of the selected generation, of the one before it, and of the next one if it has not begun."""

    here: Belief | None
    before: Belief | None
    upcoming: Belief | None


def _beliefs(chain: Chain, selected: int, now: int) -> _Beliefs:
    first = max(selected - 1, 1)
    known = chain.beliefs(first, min(selected, len(chain.generations)))
    if selected > len(chain.generations):
        known.append(chain.belief(selected))
    here = known[-1] if selected else chain.prior()
    before = (known[0] if selected > 1 else chain.prior()) if selected else None
    upcoming = None
    if now > len(chain.generations):
        upcoming = here if selected == now else chain.belief(now)
    return _Beliefs(here, before, upcoming)


def _log_p(belief: Belief | None) -> Array | None:
    return belief.log_p if belief is not None else None


def _belief(session: LabSession, selected: int, charts: ChartSettings, beliefs: _Beliefs, blind: bool) -> BeliefView:
    chain = session.chain
    marks = tuple(mark for mark in _marks(chain, selected) if not (blind and mark.symbol in "★+"))
    belief = beliefs.here
    view = BeliefView(
        chain.task.space,
        _log_p(belief),
        _log_p(beliefs.before) if charts.ghost else None,
        marks,
        session.explained if session.compared_examples and not blind else None,
        session.compared_examples,
        charts.form,
        charts.scale,
        charts.by,
        charts.cursor,
        words.belief_question(chain, selected),
        belief_provenance.ghost(belief, beliefs.before, selected),
        caption=belief_provenance.caption(chain, belief),
        effective=_effective(chain),
    )
    if charts.bayes and session.checks:
        view = _beside_bayes(session, view, selected)
    if belief is None:
        return replace(view, absent=printable(belief_provenance.absence(chain, selected), 200))
    if belief.low is None:
        return view
    return replace(view, low=belief.low, high=belief.high, bounds=_group_bounds(belief, view))


def _effective(chain: Chain) -> int | None:
    """How many examples of d⁰ the hypotheses of H_eff explain at least; None without such a filter."""
    return max((each.least_of(chain.start) for each in chain.config.filters if isinstance(each, EffectiveSet)), default=None)


def _beside_bayes(session: LabSession, view: BeliefView, selected: int) -> BeliefView:
    """The view with what Bayes' rule makes of the agent's prior in place of the previous belief, if that is known."""
    found = [(check, row) for check in session.checks if (row := check.row(selected)) is not None]
    if not found:
        return replace(view, previous=None)
    check, row = found[0]
    return replace(
        view,
        previous=check.fit.log_bayes[row],
        ghost=belief_provenance.bayes_name(check),
        caption=" · ".join([belief_provenance.distance_text(check, row), view.caption]),
    )


def _group_bounds(belief: Belief, view: BeliefView) -> tuple[tuple[float, float], ...]:
    """Bounds for the groups in the view. If they are a factor's values, the factor's own bounds are tightest."""
    known = belief.bounds(view.by) if view.by is not None and view.by < len(view.space.factors) else None
    if known is not None:
        return tuple(zip(known[0].tolist(), known[1].tolist(), strict=True))
    found = [belief.group_bounds(group.members) for group in view_groups(view)]
    return tuple(ends for ends in found if ends is not None)


def _objects(chain: Chain, selected: int, by: int | None, belief: Belief | None) -> MarginalsView:
    space, word = chain.task.space, chain.task.factor_word
    if belief is None:
        return MarginalsView(space, None, by, absent=printable(belief_provenance.absence(chain, selected), 200), word=word)
    found = [belief.bounds(factor) for factor in range(len(space.factors))]
    bounds = tuple(ends for ends in found if ends is not None)
    # Each low bound gives all unobserved mass to the other values, so what they leave together is that mass.
    left_open = np.array([1 - low.sum() for low, _ in bounds]).clip(0.0, 1.0) if belief.unobserved is not None else None
    return MarginalsView(space, belief.log_p, by, bounds, left_open, word=word)


def _marks(chain: Chain, selected: int) -> tuple[Mark, ...]:
    start = chain.start
    marks = [Mark("★", "h*", start.target)]
    if start.rival is not None:
        marks.append(Mark("+", "ĥ", start.rival))
    if 1 <= selected <= len(chain.generations):
        marks.append(Mark("▲", f"h{superscript(selected)}", chain.generations[selected - 1].hypothesis))
    elif selected > 1:
        marks.append(Mark("△", f"h{superscript(selected - 1)}", chain.generations[selected - 2].hypothesis))
    return tuple(marks)


def _film(session: LabSession, selected: int, now: int, charts: ChartSettings, upcoming: Belief | None) -> FilmView:
    space = session.chain.task.space
    groups = session.fit_groups if charts.by is None else groups_of(space, charts.by, None, 0)
    totals = session.group_probabilities(charts.by)
    if now > len(totals):
        totals = np.vstack([totals, _row(groups, _log_p(upcoming))])
    return FilmView(groups, totals, selected - 1, 1)


def _row(groups: tuple[Group, ...], log_p: Array | None) -> Array:
    return np.array(group_totals(groups, log_p)) if log_p is not None else np.full(len(groups), np.nan)


# -- phases and data --------------------------------------------------------------------------------------------------


def _phases(chain: Chain, selected: int) -> tuple[PhaseStep, ...]:
    if selected == 0:
        return ()
    upcoming = chain.next
    steps = []
    for place, phase in enumerate(PHASES):
        generation = chain.generations[selected - 1] if selected <= len(chain.generations) else None
        done = generation is not None and (generation.imitation, generation.interaction, generation.transmission)[place] is not None
        following = upcoming == (selected, phase)
        detail = words.phase_detail(chain, phase, selected)
        if phase == "interaction" and generation is not None and (what := words.interaction_text(generation)):
            detail = f"{detail}: {what}"
        mark: Sign = "●" if done else "◉" if following else "○"
        if done and generation is not None and generation.stuck and phase == "interaction":
            mark = "✗"
        steps.append(PhaseStep(phase, mark, printable(detail, 80)))
    return tuple(steps)


def _data(session: LabSession, selected: int, last: int, blind: bool) -> tuple[DataBlock, ...]:
    chain = session.chain
    if selected == 0:
        given = DataBlock("d⁰", "given, before generation 1", _examples(chain, chain.start.samples), NO_START)
        table = _table(chain.task.rule_table(chain.start.target))
        items = tuple(table or [DataItem(words.rule_text(chain, chain.start.target))])
        target = DataBlock("h*", "the true rule", items, lines=bool(table))
        return (given,) if blind else (given, target)
    seen = _seen(chain, selected)
    if selected > last:
        return (seen, DataBlock(f"h{superscript(selected)}", "learned next", (), "not learned yet"))
    generation = chain.generations[selected - 1]
    name = f"d{superscript(selected)}"
    made = DataBlock(name, "passed on", (), f"not made yet: {words.sample_count(chain)}")
    if generation.stuck:
        made = DataBlock(name, "passed on", (), "nothing: the chain is stuck here")
    if generation.transmission is not None:
        samples = generation.transmission.samples
        made = DataBlock(
            name, words.passed_on_text(samples), _samples(chain, selected, _passing_first(samples)), "nothing passed on"
        )
    hypothesis = _hypothesis(session, generation, blind)
    return (
        (hypothesis, seen, made) if hypothesis.lines else (seen, hypothesis, made)
    )  # a table comes first so that it stays visible


def _seen(chain: Chain, selected: int) -> DataBlock:
    caption = "given" if selected == 1 else "seen by this agent"
    if chain.looks_back(selected):
        caption += f", beside {words.earlier_rounds_text(chain, selected)}"
    name = f"d{superscript(selected - 1)}"
    if selected == 1:
        return DataBlock(name, caption, _examples(chain, chain.start.samples), NO_START)
    record = chain.generations[selected - 2].transmission
    samples = record.samples if record is not None else ()
    passed = [sample for sample in samples if sample.passes]
    return DataBlock(name, caption, _samples(chain, selected - 1, passed), "nothing was passed on")


def _hypothesis(session: LabSession, generation: Generation, blind: bool) -> DataBlock:
    chain = session.chain
    of = 0 if blind else session.compared_examples
    right = int(session.explained[generation.hypothesis])
    caption = "learned" if generation.interaction is None else "rejected" if generation.stuck else "goes on"
    note = f"explains {right}/{of} of d⁰" if of else ""
    measured = session.measures.both[generation.index - 1 : generation.index]  # empty until a chain that runs is measured
    if of and (measured == 1).any():
        split = chain.task.space.groupings[chain.task.focus or 0]
        value = split.values[int(split.codes[generation.hypothesis])]
        note += f", {printable(split.name, 24)} {printable(value, 24)}: BOTH"
    table = chain.task.rule_table(generation.hypothesis)
    items = [*_table(table), *([DataItem("", "", note)] if note else [])] if table else []
    items = items or [DataItem(words.rule_text(chain, generation.hypothesis), "", note)]
    if generation.hypothesis != generation.imitation.hypothesis:
        items.append(DataItem(words.rule_text(chain, generation.imitation.hypothesis), "✗", "as first learned"))
    return DataBlock(f"h{superscript(generation.index)}", caption, tuple(items), lines=bool(table))


def _table(lines: Sequence[str]) -> list[DataItem]:
    return [DataItem(printable(line, 200)) for line in lines]


def _examples(chain: Chain, examples: Sequence[Example]) -> tuple[DataItem, ...]:
    task = chain.task
    return tuple(DataItem(printable(task.example_text(each)), "", printable(task.example_note(each), 80)) for each in examples)


def _samples(chain: Chain, generation: int, samples: Sequence[Sample]) -> tuple[DataItem, ...]:
    """The samples of a generation. They have marks only if someone decides about them."""
    decided = chain.config.asks_at("samples") or any(sample.verdict != "approved" for sample in samples)
    return tuple(_sample(chain, generation, sample, decided) for sample in samples)


def _sample(chain: Chain, generation: int, sample: Sample, marked: bool) -> DataItem:
    notes = words.sample_notes(chain, generation, sample)
    if sample.shown is not None:
        notes.append(f"was {chain.task.example_text(sample.shown)}")
    if sample.reason:
        notes.append(f"“{sample.reason}”")
    mark = MARKS[sample.verdict] if marked else ""
    return DataItem(printable(chain.task.example_text(sample.example)), mark, printable(" · ".join(notes), 300))


def _passing_first(samples: Sequence[Sample]) -> Sequence[Sample]:
    """With a pool, the samples that are passed on come first; otherwise the order in which they were made."""
    if any(sample.verdict == "pooled" for sample in samples):
        return sorted(samples, key=lambda sample: not sample.passes)
    return samples
