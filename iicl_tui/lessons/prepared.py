"""A lesson with its chains run: texts filled, answers computed, and everything that does not fit named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from iicl_tui.chain.engine import Chain
from iicl_tui.chain.records import PHASES
from iicl_tui.errors import Fault
from iicl_tui.lessons.chains import Built, Moment, build, build_now
from iicl_tui.lessons.expressions import Chains, Reference, number_text
from iicl_tui.lessons.lesson import (
    MOST_FILTERED,
    BarsQuestion,
    ChoiceQuestion,
    FilterQuestion,
    Lesson,
    NumberQuestion,
    Question,
    Step,
)
from iicl_tui.lessons.metrics import Unit, grouping
from iicl_tui.lessons.reading import with_lines
from iicl_tui.lessons.texts import MOST_LINES, fill, length_fault, wrap
from iicl_tui.schema import Path as KeyPath
from iicl_tui.text import printable

Guess = tuple[float, ...]
_WORDS = ("h*", "rival", "kept", "likeliest")


@dataclass(frozen=True)
class Asked:
    """A question with its answer.

    Attributes:
        truth: number: one value. bars: the shares of `labels`. choice: the index of the true option. filter: for each sample 1
            if h* gives it this output, else 0.
        labels: Names of the bars, options or samples.
        reveal: What the charts show with the answer.
        start: The guess that a person begins with; a filter's has one number more: how many decisions are thought right.
    """

    question: Question
    truth: Guess
    labels: tuple[str, ...]
    unit: Unit
    reveal: Moment
    start: Guess

    def text(self, value: float) -> str:
        """A guessed or true number in words."""
        return number_text(value, self.unit)


@dataclass(frozen=True)
class PreparedStep:
    """A step with its text filled."""

    step: Step
    text: str
    moment: Moment
    chain: str
    asked: Asked | None
    notes: str = ""


@dataclass(frozen=True, eq=False)
class Prepared:
    """A lesson that can be shown."""

    lesson: Lesson
    chains: Mapping[str, Chain]
    steps: tuple[PreparedStep, ...]

    def title(self, name: str) -> str:
        """What stands above a chain's charts."""
        return next(source.title for source in self.lesson.chains if source.name == name)


def prepare_now(lesson: Lesson) -> Prepared:
    """Runs the chains and prepares the lesson, for callers without an event loop. Raises ConfigError with every fault."""
    return _prepared(lesson, build_now(lesson.chains))


async def prepare(lesson: Lesson, given: Chains | None = None) -> Prepared:
    """Runs the chains and prepares the lesson. given: chains that have run already. Raises ConfigError with every fault."""
    return _prepared(lesson, await build(lesson.chains, given))


def _prepared(lesson: Lesson, built: Built) -> Prepared:
    faults = list(built.faults)
    if faults:
        raise with_lines(faults, lesson.text, lesson.file)
    steps = tuple(_step(step, built.chains, ("step", i), faults) for i, step in enumerate(lesson.steps))
    if faults:
        raise with_lines(faults, lesson.text, lesson.file)
    return Prepared(lesson, built.chains, steps)


def _step(step: Step, chains: Chains, path: KeyPath, faults: list[Fault]) -> PreparedStep:
    name = step.chain or next(iter(chains))
    try:
        chain, generation = Reference("rules", "", step.generation, step.chain).find(chains)
    except ValueError as error:
        key = "chain" if step.chain and step.chain not in chains else "generation"
        faults.append(Fault((*path, key), str(error)))
        return PreparedStep(step, step.text, (0, "transmission"), next(iter(chains)), None)
    text = _filled(step.text, chains, (*path, "text"), faults)
    notes = _filled(step.notes, chains, (*path, "notes"), faults) if step.notes else ""
    if step.focus is not None:
        try:
            grouping(chain, step.focus)
        except ValueError as error:
            faults.append(Fault((*path, "object"), str(error)))
    _check_hypothesis(step, chain, path, faults)
    asked = None
    if step.question is not None:
        try:
            asked = _asked(step.question, chains, (generation, step.phase))
        except ValueError as error:
            faults.append(Fault((*path, "question", _answer_key(step.question)), str(error)))
        else:
            guess = {slot: asked.text(1) for slot in ("guess", "truth", "gap")}
            _filled(step.question.explain, chains, (*path, "question", "explain"), faults, guess)
            ask = _filled(step.question.ask, chains, (*path, "question", "ask"), faults)
            if len(wrap(ask)) > 2:
                faults.append(Fault((*path, "question", "ask"), "takes more than 2 lines at 80 columns"))
    return PreparedStep(step, text, (generation, step.phase), name, asked, notes)


def _check_hypothesis(step: Step, chain: Chain, path: KeyPath, faults: list[Fault]) -> None:
    wanted = step.hypothesis
    if wanted is None or (wanted in _WORDS if isinstance(wanted, str) else False):
        return
    try:
        chain.task.read_hypothesis(wanted)
    except ValueError as error:
        faults.append(Fault((*path, "hypothesis"), f"{error}; or one of {', '.join(_WORDS)}"))


def _filled(text: str, chains: Chains, path: KeyPath, faults: list[Fault], given: Mapping[str, str] | None = None) -> str:
    try:
        out = fill(text, chains, given)
    except ValueError as error:
        faults.append(Fault(path, str(error)))
        return text
    if fault := length_fault(out):
        faults.append(Fault(path, fault))
    return out


def _answer_key(question: Question) -> str:
    return {"number": "answer", "bars": "answer", "choice": "option", "filter": "generation"}[question.kind]


def _asked(question: Question, chains: Chains, now: Moment) -> Asked:
    """The question with its answer. Raises ValueError with a sentence for the author."""
    if isinstance(question, NumberQuestion):
        value = question.answer.value(chains)
        if not question.low - 1e-9 <= value <= question.high + 1e-9:
            raise ValueError(f"the answer is {value:.4g}, outside of {question.low:g} to {question.high:g}; set low and high")
        unit = question.answer.unit(chains)
        return Asked(question, (value,), (), unit, _later(now, question.answer.latest(chains)), (question.start,))
    if isinstance(question, BarsQuestion):
        labels, p = question.answer.values(chains)
        at = question.answer.find(chains)[1]
        start = tuple([1.0 / len(labels)] * len(labels))
        return Asked(question, tuple(p.tolist()), labels, "share", _later(now, at), start)
    if isinstance(question, ChoiceQuestion):
        held = [i for i, (_, condition) in enumerate(question.options) if condition.holds(chains)]
        others = [i for i, (_, condition) in enumerate(question.options) if not condition.comparisons]
        held = held or others
        if len(held) != 1:
            true = ", ".join(f"option {i + 1}" for i in held) or "none"
            raise ValueError(f"exactly one option must be true of the chain; true are: {true}")
        latest = max(condition.latest(chains) for _, condition in question.options)
        labels = tuple(fill(text, chains) for text, _ in question.options)
        return Asked(question, (float(held[0]),), labels, "count", _later(now, latest), (0.0,))
    return _filter(question, chains, now)


def _filter(question: FilterQuestion, chains: Chains, now: Moment) -> Asked:
    chain, generation = Reference("rules", "", question.generation, question.chain).find(chains)
    record = chain.generations[generation - 1].transmission
    samples = [sample.drawn for sample in record.samples] if record is not None else []
    if not 1 <= len(samples) <= MOST_FILTERED:
        raise ValueError(f"generation {generation} has {len(samples)} samples; from 1 to {MOST_FILTERED} can be judged")
    task = chain.task
    truth = tuple(float(task.agrees(chain.start.target, sample)) for sample in samples)
    labels = tuple(printable(task.example_text(sample), 60) for sample in samples)
    start = (*([1.0] * len(samples)), float(len(samples) // 2))
    return Asked(question, truth, labels, "count", _later(now, generation), start)


def _later(now: Moment, generation: int) -> Moment:
    return now if generation <= now[0] else (generation, PHASES[-1])


def right(asked: Asked, guess: Guess) -> int:
    """How many decisions of a filter question are right."""
    return sum((decided > 0.5) == (true > 0.5) for decided, true in zip(guess, asked.truth, strict=False))


def gap(asked: Asked, guess: Guess) -> float:
    """The distance of a guess from the truth, in the question's unit; of bars, half the sum of the differences."""
    if isinstance(asked.question, FilterQuestion):
        return abs(guess[-1] - right(asked, guess))
    if isinstance(asked.question, ChoiceQuestion):
        return float(guess[0] != asked.truth[0])
    distance = sum(abs(a - b) for a, b in zip(guess, asked.truth, strict=True))
    return distance / 2 if isinstance(asked.question, BarsQuestion) else distance


def explanation(prepared: Prepared, place: int, guess: Guess | None) -> str:
    """The explanation of a step's answer, with the guess put in where the text names it."""
    asked = prepared.steps[place].asked
    assert asked is not None
    given = {"guess": "", "truth": "–", "gap": "–"}
    if isinstance(asked.question, ChoiceQuestion):
        given["truth"] = asked.labels[int(asked.truth[0])]
        given["guess"] = asked.labels[int(guess[0])] if guess is not None else ""
    elif isinstance(asked.question, FilterQuestion):
        if guess is not None:
            given |= {"truth": str(right(asked, guess)), "guess": f"{guess[-1]:.0f}", "gap": f"{gap(asked, guess):.0f}"}
    elif isinstance(asked.question, BarsQuestion):
        given |= {"guess": "–", "gap": asked.text(gap(asked, guess))} if guess is not None else {}
    else:
        given["truth"] = asked.text(asked.truth[0])
        if guess is not None:
            given |= {"guess": asked.text(guess[0]), "gap": asked.text(gap(asked, guess))}
    text = fill(asked.question.explain, prepared.chains, given)
    return "\n\n".join(wrap(text)[:MOST_LINES]) if len(wrap(text)) > MOST_LINES else text
