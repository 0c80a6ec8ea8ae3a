"""From a session to what the laboratory shows: a pure function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from iicl_tui.chain.engine import Chain
from iicl_tui.chain.records import PHASES, Generation
from iicl_tui.filters.base import Sample
from iicl_tui.tasks.base import Example, Task
from iicl_tui.text import printable
from iicl_tui.tui.charts.film import FilmView
from iicl_tui.tui.charts.marginals import MarginalsView
from iicl_tui.tui.charts.view import BeliefView, Form, Group, Mark, ScaleKind, group_totals, groups_of
from iicl_tui.tui.lab import words
from iicl_tui.tui.lab.curves import panels
from iicl_tui.tui.lab.session import LabSession
from iicl_tui.tui.lab.state import (
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
from iicl_tui.tui.lab.words import raised

NO_START = "no example: the chain starts from nothing"
MARKS = {"approved": "✓", "rejected": "✗", "edited": "✎"}

Array = NDArray[np.float64]


def build(session: LabSession, look: int | None, charts: ChartSettings, activity: Activity = IDLE, blind: bool = False) -> LabState:
    """The state. look: the generation looked at; None follows the chain. blind: nothing shows what is right."""
    chain = session.chain
    now = current(chain)
    look = now if look is None else max(0, min(look, now))
    beliefs = _beliefs(chain, look, now)
    saving = session.saving
    if blind and charts.by is None:
        charts = replace(charts, by=chain.task.focus or 0)
    sentence, offers = words.standing(chain, saving, activity, look, now, beliefs.upcoming is not None)
    upcoming = chain.next
    last, total = len(chain.generations), chain.config.generations
    return LabState(
        title=printable(chain.config.title, 200),
        facts=_facts(session, now),
        saving=saving,
        activity=activity,
        look=look,
        now=now,
        last=last,
        total=total,
        belief=_belief(session, look, charts, beliefs, blind),
        film=_film(session, look, now, charts, beliefs.upcoming),
        objects=MarginalsView(chain.task.space, beliefs.here, charts.by),
        curves=panels(session.measures, chain.task, chain.start, look, total, blind),
        phases=_phases(chain, look),
        words=printable(sentence, 600),
        offers=offers,
        data=_data(session, look, last, blind),
        rows=GenerationRows(
            look,
            now,
            total,
            session.measures.entropy,
            session.measures.explained,
            0 if blind else len(chain.start.samples),
            _row_note(chain),
        ),
        steppable=(upcoming is not None or saving.kind == "unsaved") and saving.kind != "read-only",
        waits_for_person=chain.waits_for_person,
    )


def first_charts(task: Task, chosen: Mapping[str, str]) -> ChartSettings:
    """How the belief is looked at when a session is opened: as the settings' [lab] says, as far as it fits this task."""
    names = [factor.name for factor in task.space.factors]
    by: int | None = task.focus if task.focus is not None else 0
    wanted = chosen.get("by")
    if wanted in names:
        by = names.index(wanted)
    elif wanted == "d0":
        by = None
    form: Form = chosen.get("form", "strips")  # type: ignore[assignment]  # the settings' schema has checked both
    scale: ScaleKind = chosen.get("scale", "log")  # type: ignore[assignment]
    return ChartSettings(form, scale, by)


def current(chain: Chain) -> int:
    """The generation under way or about to begin; the last one where nothing follows."""
    upcoming = chain.next
    return upcoming[0] if upcoming is not None else len(chain.generations)


def _facts(session: LabSession, now: int) -> tuple[str, ...]:
    chain, parent = session.chain, session.file.parent if session.file is not None else None
    agents = dict.fromkeys(printable(agent.describe(), 40) for agent in chain.config.agents)
    return (
        f"generation {now}/{chain.config.generations}",
        " + ".join(agents),
        f"seed {chain.config.seed}",
        f"branched after {parent.generation} from {printable(parent.file, 60)}" if parent is not None else "",
    )


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
    """Log-probabilities: of the generation looked at, of the one before, and of the one about to begin (if it is)."""

    here: Array | None
    before: Array | None
    upcoming: Array | None


def _beliefs(chain: Chain, look: int, now: int) -> _Beliefs:
    first = max(look - 1, 1)
    known = [belief.log_p if belief is not None else None for belief in chain.beliefs(first, look)] if look else []
    here = known[-1] if look else _prior(chain)
    before = (known[0] if look > 1 else _prior(chain)) if look else None
    upcoming = None
    if now > len(chain.generations):
        belief = chain.belief(now) if look != now else None
        upcoming = here if look == now else belief.log_p if belief is not None else None
    return _Beliefs(here, before, upcoming)


def _prior(chain: Chain) -> Array | None:
    """What the first agent believes before it has seen anything."""
    belief = chain.agent(1).beliefs([((), {})])[0]
    return belief.log_p if belief is not None else None


def _belief(session: LabSession, look: int, charts: ChartSettings, beliefs: _Beliefs, blind: bool) -> BeliefView:
    chain = session.chain
    marks = tuple(mark for mark in _marks(chain, look) if not (blind and mark.symbol in "★+"))
    return BeliefView(
        chain.task.space,
        beliefs.here,
        beliefs.before if charts.ghost else None,
        marks,
        session.explained if chain.start.samples and not blind else None,
        len(chain.start.samples),
        charts.form,
        charts.scale,
        charts.by,
        charts.cursor,
        _belief_title(chain, look),
        "last generation" if look > 1 else "before any data",
    )


def _belief_title(chain: Chain, look: int) -> str:
    if look == 0:
        return "P₀(h)  before any data"
    given = f"P(h | d{raised(look - 1)})" if not chain.config.lookback else f"P(h | … d{raised(look - 1)})"
    if look > len(chain.generations):
        return f"{given}  what generation {look} will draw from"
    return f"{given}  generation {look}"


def _marks(chain: Chain, look: int) -> tuple[Mark, ...]:
    start = chain.start
    marks = [Mark("★", "h*", start.target)]
    if start.rival is not None:
        marks.append(Mark("+", "ĥ", start.rival))
    if 1 <= look <= len(chain.generations):
        marks.append(Mark("▲", f"h{raised(look)}", chain.generations[look - 1].hypothesis))
    elif look > 1:
        marks.append(Mark("△", f"h{raised(look - 1)}", chain.generations[look - 2].hypothesis))
    return tuple(marks)


def _film(session: LabSession, look: int, now: int, charts: ChartSettings, upcoming: Array | None) -> FilmView:
    space = session.chain.task.space
    groups = session.fit_groups if charts.by is None else groups_of(space, charts.by, None, 0)
    totals = session.totals(charts.by)
    if now > len(totals):
        totals = np.vstack([totals, _row(groups, upcoming)])
    return FilmView(groups, totals, look - 1, 1)


def _row(groups: tuple[Group, ...], log_p: Array | None) -> Array:
    return np.array(group_totals(groups, log_p)) if log_p is not None else np.full(len(groups), np.nan)


# -- phases and data --------------------------------------------------------------------------------------------------


def _phases(chain: Chain, look: int) -> tuple[PhaseStep, ...]:
    if look == 0:
        return ()
    upcoming = chain.next
    steps = []
    for place, phase in enumerate(PHASES):
        generation = chain.generations[look - 1] if look <= len(chain.generations) else None
        done = generation is not None and (generation.imitation, generation.interaction, generation.transmission)[place] is not None
        following = upcoming == (look, phase)
        detail = words.phase_detail(chain, phase, look)
        if phase == "interaction" and generation is not None and (what := words.interaction_done(generation)):
            detail = f"{detail}: {what}"
        mark: Sign = "●" if done else "◉" if following else "○"
        if done and generation is not None and generation.stuck and phase == "interaction":
            mark = "✗"
        steps.append(PhaseStep(phase, mark, printable(detail, 80)))
    return tuple(steps)


def _data(session: LabSession, look: int, last: int, blind: bool) -> tuple[DataBlock, ...]:
    chain = session.chain
    if look == 0:
        given = DataBlock("d⁰", "given, before generation 1", _examples(chain, chain.start.samples), NO_START)
        target = DataBlock("h*", "the true rule", (DataItem(words.rule(chain, chain.start.target)),))
        return (given,) if blind else (given, target)
    seen = _seen(chain, look)
    if look > last:
        return (seen, DataBlock(f"h{raised(look)}", "learned next", (), "not learned yet"))
    generation = chain.generations[look - 1]
    name = f"d{raised(look)}"
    made = DataBlock(name, "passed on", (), f"not made yet: {words.samples(chain)}")
    if generation.stuck:
        made = DataBlock(name, "passed on", (), "none: the chain is stuck here")
    if generation.transmission is not None:
        samples = generation.transmission.samples
        made = DataBlock(name, _caption(samples), _samples(chain, samples), "nothing passed on")
    return (seen, _hypothesis(session, generation, blind), made)


def _seen(chain: Chain, look: int) -> DataBlock:
    rounds = len(chain.rounds(look)) - 1
    caption = "given" if look == 1 else "seen by this agent"
    if rounds:
        caption += f", beside {rounds} earlier round{'s' if rounds > 1 else ''}"
    name = f"d{raised(look - 1)}"
    if look == 1:
        return DataBlock(name, caption, _examples(chain, chain.start.samples), NO_START)
    record = chain.generations[look - 2].transmission
    samples = record.samples if record is not None else ()
    return DataBlock(name, caption, _samples(chain, [sample for sample in samples if sample.passes]), "nothing was passed on")


def _hypothesis(session: LabSession, generation: Generation, blind: bool) -> DataBlock:
    chain = session.chain
    of = 0 if blind else len(chain.start.samples)
    right = int(session.explained[generation.hypothesis])
    caption = "learned" if generation.interaction is None else "not let through" if generation.stuck else "goes on"
    items = [DataItem(words.rule(chain, generation.hypothesis), "", f"explains {right}/{of} of d⁰" if of else "")]
    if generation.hypothesis != generation.imitation.hypothesis:
        items.append(DataItem(words.rule(chain, generation.imitation.hypothesis), "✗", "as first learned"))
    return DataBlock(f"h{raised(generation.index)}", caption, tuple(items))


def _examples(chain: Chain, examples: Sequence[Example]) -> tuple[DataItem, ...]:
    return tuple(DataItem(printable(chain.task.example_text(example))) for example in examples)


def _samples(chain: Chain, samples: Sequence[Sample]) -> tuple[DataItem, ...]:
    """Marks say something only where something is decided."""
    decided = chain.config.asks_at("samples") or any(sample.verdict != "approved" for sample in samples)
    return tuple(_sample(chain, sample, decided) for sample in samples)


def _sample(chain: Chain, sample: Sample, marked: bool) -> DataItem:
    notes = []
    if sample.shown is not None:
        notes.append(f"was {chain.task.example_text(sample.shown)}")
    if sample.reason:
        notes.append(f"“{sample.reason}”")
    mark = MARKS[sample.verdict] if marked else ""
    return DataItem(printable(chain.task.example_text(sample.example)), mark, printable(" · ".join(notes), 300))


def _caption(samples: Sequence[Sample]) -> str:
    passed = sum(sample.passes for sample in samples)
    return "passed on" if passed == len(samples) else f"{passed} of {len(samples)} passed on"
