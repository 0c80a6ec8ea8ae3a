"""A lesson as its file says it: chains, steps and questions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from iicl_tui.chain.config import ChainConfig
from iicl_tui.chain.records import Phase
from iicl_tui.lessons.expressions import Condition, Expression, Reference

FORMAT = "iicl-tui-lesson/1"
"""The format of lesson files that this program reads."""

Chart = Literal["belief", "curves", "entropy", "objects", "data", "film"]
CHARTS: tuple[Chart, ...] = ("belief", "curves", "entropy", "objects", "data", "film")
QUESTIONS = ("number", "bars", "choice", "filter")
MOST_CHAINS = 2
MOST_FILTERED = 6
"""Examples that a question of the kind "filter" shows."""


@dataclass(frozen=True, eq=False)
class ChainSource:
    """A chain of a lesson: a configuration that is run with its seed, or a stored session.

    Attributes:
        name: What texts call it.
        title: What stands above its charts.
        config: The checked configuration; None for a session.
        session: The session's file.
        live: The session's models are asked again where they are installed.
    """

    name: str
    title: str
    config: ChainConfig | None = None
    session: Path | None = None
    live: bool = False


@dataclass(frozen=True)
class NumberQuestion:
    """Guess a number.

    Attributes:
        low, high, by: Limits and step of the guess; shares from 0 to 1.
        start: Where the guess begins.
    """

    ask: str
    explain: str
    answer: Expression
    low: float
    high: float
    by: float
    start: float
    kind: Literal["number"] = "number"


@dataclass(frozen=True)
class BarsQuestion:
    """Draw the bars of a grouping's values."""

    ask: str
    explain: str
    answer: Reference
    kind: Literal["bars"] = "bars"


@dataclass(frozen=True)
class ChoiceQuestion:
    """Choose one of a few statements, of which the chain makes exactly one true."""

    ask: str
    explain: str
    options: tuple[tuple[str, Condition], ...]
    kind: Literal["choice"] = "choice"


@dataclass(frozen=True)
class FilterQuestion:
    """Decide which samples may pass, then guess how many decisions were right: those that h* would have made."""

    ask: str
    explain: str
    generation: int
    chain: str
    kind: Literal["filter"] = "filter"


Question = NumberQuestion | BarsQuestion | ChoiceQuestion | FilterQuestion


@dataclass(frozen=True)
class Step:
    """A text beside charts, and perhaps a question.

    Attributes:
        generation, phase: What the charts show: all chains up to this phase of this generation. Generation 0 is d⁰.
        show: The charts, the most important first.
        then: The charts once the question is answered; empty: the same.
        notes: What a speaker says, with slots like the text.
        focus: The object to group and colour by; None: as the task says.
        hypothesis: The rule under the cursor: "h*", "rival", "kept", "likeliest", a file's value, or None.
        chain: The chain in front where there is room for one only.
    """

    text: str
    generation: int
    phase: Phase
    show: tuple[Chart, ...]
    focus: str | None = None
    hypothesis: Any = None
    chain: str = ""
    question: Question | None = None
    then: tuple[Chart, ...] = ()
    notes: str = ""


@dataclass(frozen=True, eq=False)
class Lesson:
    """A lesson.

    Attributes:
        name: Its file's name without the ending.
        idea: One sentence.
        text: The file, for faults found later.
    """

    name: str
    title: str
    idea: str
    minutes: int
    chains: tuple[ChainSource, ...]
    steps: tuple[Step, ...]
    text: str
    file: str
