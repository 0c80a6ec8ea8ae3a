"""A person's way through a lesson, as a pure state: the step, the guesses, what is revealed."""

from __future__ import annotations

from dataclasses import dataclass, replace

from iicl_tui.lessons.chains import Moment
from iicl_tui.lessons.lesson import BarsQuestion, Chart, ChoiceQuestion, FilterQuestion, NumberQuestion
from iicl_tui.lessons.prepared import Asked, Guess, Prepared, PreparedStep, explanation

BAR_STEP = 0.05


@dataclass(frozen=True, eq=False)
class Attempt:
    """Where a person is.

    Attributes:
        at: The step, from 0.
        guesses: The guess of each step, as far as there is one.
        revealed: The steps whose answer is shown.
        place: The bar, option or sample under the cursor.
    """

    prepared: Prepared
    at: int = 0
    guesses: tuple[Guess | None, ...] = ()
    revealed: frozenset[int] = frozenset()
    place: int = 0

    @classmethod
    def begin(cls, prepared: Prepared, at: int = 0) -> Attempt:
        """A new attempt at a step."""
        guesses = tuple(step.asked.start if step.asked is not None else None for step in prepared.steps)
        return cls(prepared, max(0, min(at, len(prepared.steps) - 1)), guesses)

    @property
    def step(self) -> PreparedStep:
        """The step shown."""
        return self.prepared.steps[self.at]

    @property
    def asked(self) -> Asked | None:
        """The question of the step."""
        return self.step.asked

    @property
    def guess(self) -> Guess | None:
        """The guess of the step."""
        return self.guesses[self.at]

    @property
    def is_revealed(self) -> bool:
        """The answer of the step is shown."""
        return self.at in self.revealed

    @property
    def is_open(self) -> bool:
        """The step asks and waits for a guess."""
        return self.asked is not None and not self.is_revealed

    @property
    def is_last(self) -> bool:
        """No step follows."""
        return self.at == len(self.prepared.steps) - 1

    @property
    def hides_truth(self) -> bool:
        """h* is hidden: a question in which the person decides what is right, here or later, is not answered yet."""
        filters = {
            i for i, step in enumerate(self.prepared.steps) if step.asked and isinstance(step.asked.question, FilterQuestion)
        }
        return bool(filters - self.revealed)

    @property
    def finished(self) -> bool:
        """The last step is shown, and every question is answered."""
        asked = {i for i, step in enumerate(self.prepared.steps) if step.asked is not None}
        return self.is_last and asked <= self.revealed

    @property
    def moment(self) -> Moment:
        """What the charts show."""
        return self.asked.reveal if self.asked is not None and self.is_revealed else self.step.moment

    @property
    def charts(self) -> tuple[Chart, ...]:
        """The charts to show, the most important first."""
        step = self.step.step
        return step.then if self.is_revealed and step.then else step.show

    @property
    def text(self) -> str:
        """The text of the step, or the explanation of its answer."""
        return explanation(self.prepared, self.at, self.guess) if self.is_revealed else self.step.text

    # -- moving -------------------------------------------------------------------------------------------------------

    def jump(self, at: int) -> Attempt:
        """At another step; the nearest one if there is none."""
        return replace(self, at=max(0, min(at, len(self.prepared.steps) - 1)), place=0)

    def next(self) -> Attempt:
        """At the next step. An open question stays open."""
        return self if self.is_last else self.jump(self.at + 1)

    def back(self) -> Attempt:
        """At the step before."""
        return self if self.at == 0 else self.jump(self.at - 1)

    def commit(self) -> Attempt:
        """The guess is made: shows the answer."""
        return replace(self, revealed=self.revealed | {self.at}) if self.asked is not None else self

    # -- guessing -----------------------------------------------------------------------------------------------------

    @property
    def places(self) -> int:
        """How many bars, options or samples the cursor can be at; a filter has one more, for the number thought right."""
        if self.asked is None or isinstance(self.asked.question, NumberQuestion):
            return 1
        return len(self.asked.labels) + isinstance(self.asked.question, FilterQuestion)

    def move(self, by: int) -> Attempt:
        """Moves the cursor; a choice is chosen by that."""
        if not self.is_open or self.asked is None:
            return self
        place = max(0, min(self.place + by, self.places - 1))
        moved = replace(self, place=place)
        return moved.put(float(place)) if isinstance(self.asked.question, ChoiceQuestion) else moved

    def change(self, by: int) -> Attempt:
        """Changes what is under the cursor by so many steps."""
        asked, guess = self.asked, self.guess
        if not self.is_open or asked is None or guess is None:
            return self
        question = asked.question
        if isinstance(question, NumberQuestion):
            return self.put(guess[0] + by * question.by)
        if isinstance(question, BarsQuestion):
            return self.put(guess[self.place] + by * BAR_STEP)
        if isinstance(question, ChoiceQuestion):
            return self.move(by)
        if self.place < len(asked.labels):
            return self.put(1.0 - guess[self.place] if abs(by) == 1 else guess[self.place])
        return self.put(guess[self.place] + by)

    def put(self, value: float) -> Attempt:
        """Gives what is under the cursor a value, within its limits. Other bars shrink or grow so that all add up to 1."""
        asked, guess = self.asked, self.guess
        if not self.is_open or asked is None or guess is None:
            return self
        question = asked.question
        if isinstance(question, NumberQuestion):
            new: Guess = (round(max(question.low, min(value, question.high)), 9),)
        elif isinstance(question, ChoiceQuestion):
            new = (float(max(0, min(int(value), len(asked.labels) - 1))),)
        elif isinstance(question, BarsQuestion):
            new = _balanced(guess, self.place, max(0.0, min(round(value, 9), 1.0)))
        else:
            most = 1 if self.place < len(asked.labels) else len(asked.labels)
            new = tuple(float(max(0, min(round(value), most))) if i == self.place else old for i, old in enumerate(guess))
        return self.with_guess(new)

    def with_guess(self, guess: Guess) -> Attempt:
        """With another guess for the step shown."""
        return replace(self, guesses=(*self.guesses[: self.at], guess, *self.guesses[self.at + 1 :]))


def _balanced(guess: Guess, place: int, value: float) -> Guess:
    """The bars with one set; the others share the rest in their proportions, or equally if all of them are 0."""
    others = sum(guess) - guess[place]
    left = 1.0 - value
    return tuple(
        value if i == place else (old * left / others if others > 1e-9 else left / (len(guess) - 1)) for i, old in enumerate(guess)
    )
