"""A lesson as plain text: read in any terminal or pipe, its questions asked on standard input if that is a terminal."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable

from iicl_tui.lessons.attempt import Attempt
from iicl_tui.lessons.lesson import BarsQuestion, ChoiceQuestion, FilterQuestion, NumberQuestion
from iicl_tui.lessons.prepared import Asked, Guess, Prepared, explanation
from iicl_tui.lessons.texts import fill, wrap
from iicl_tui.present.lesson_guess import gap_words
from iicl_tui.present.lesson_words import chart_words
from iicl_tui.text import printable

WIDTH = 78
Ask = Callable[[str], str | None]
"""Asks for a line; None where nobody answers."""


def ask_terminal(prompt: str) -> str | None:
    """Asks on the terminal; None at the end of the input."""
    try:
        return input(prompt)
    except EOFError:
        return None


def read_aloud(attempt: Attempt, ask: Ask | None, moved: Callable[[Attempt], None]) -> Attempt:
    """Prints the lesson from the step of the attempt to its end.

    Args:
        attempt: Where to begin.
        ask: Asks for guesses; None: nobody is asked, and the answers follow the questions.
        moved: Called with every new step, to keep the progress.
    """
    while True:
        moved(attempt)
        step = attempt.step
        print(f"\n{attempt.at + 1} of {len(attempt.prepared.steps)}")
        _say(step.text)
        _say_charts(attempt)
        if attempt.asked is not None:
            attempt = _question(attempt, ask)
        elif ask is not None and not attempt.is_last and ask("Enter goes on. ") is None:
            ask = None
        if attempt.is_last:
            moved(attempt)
            return attempt
        attempt = attempt.next()


def _question(attempt: Attempt, ask: Ask | None) -> Attempt:
    asked = attempt.asked
    assert asked is not None
    print()
    _say(fill(asked.question.ask, attempt.prepared.chains))
    for i, label in enumerate(asked.labels, 1):
        print(printable(f"  {i}  {label}"))
    guess = None
    while ask is not None and guess is None:
        reply = ask(f"{_prompt(asked)} ")
        if reply is None or not reply.strip():
            break
        try:
            guess = read_guess(asked, reply)
        except ValueError as error:
            print(printable(str(error)))
    if guess is not None:
        attempt = attempt.with_guess(guess)
    attempt = attempt.commit()
    print()
    if guess is not None:
        _say(f"Your guess: {answer_text(asked, guess)}")
    _say(f"The answer: {answer_text(asked)}")
    if guess is not None:
        _say(f"{gap_words(asked, guess).capitalize()}.")
    _say(attempt.text if guess is not None else _without_guess(attempt))
    if attempt.step.step.then:
        _say_charts(attempt)
    return attempt


def _say_charts(attempt: Attempt) -> None:
    """What the charts show, in words."""
    for line in chart_words(attempt):
        print("\n".join(textwrap.wrap(line, WIDTH, subsequent_indent="    ")))


def _without_guess(attempt: Attempt) -> str:
    return explanation(attempt.prepared, attempt.at, None)


def _say(text: str) -> None:
    for line in wrap(text, WIDTH):
        print(printable(line))


def answer_text(asked: Asked, guess: Guess | None = None) -> str:
    """The answer in words, or a guess."""
    given = asked.truth if guess is None else guess
    if isinstance(asked.question, NumberQuestion):
        return asked.text(given[0])
    if isinstance(asked.question, ChoiceQuestion):
        return asked.labels[int(given[0])]
    if isinstance(asked.question, BarsQuestion):
        return ", ".join(f"{label} {asked.text(share)}" for label, share in zip(asked.labels, given, strict=True))
    return ", ".join(f"{i} {'pass' if true > 0.5 else 'reject'}" for i, true in enumerate(given[: len(asked.labels)], 1))


def _prompt(asked: Asked) -> str:
    question = asked.question
    if isinstance(question, NumberQuestion):
        if asked.unit == "share":
            return f"Your guess in per cent, {100 * question.low:.0f} to {100 * question.high:.0f}:"
        return f"Your guess, {question.low:g} to {question.high:g}:"
    if isinstance(question, ChoiceQuestion):
        return f"Your guess, 1 to {len(asked.labels)}:"
    if isinstance(question, BarsQuestion):
        return f"Your guess for {', '.join(asked.labels)}, in per cent:"
    return "Which may pass, and how many of your decisions are right (as 1 3 / 2):"


def read_guess(asked: Asked, text: str) -> Guess:
    """The guess that a line of text means. Raises ValueError with a sentence."""
    question = asked.question
    if isinstance(question, FilterQuestion):
        return _read_filter(asked, text)
    numbers = [_number(word) for word in text.replace("%", " ").replace(";", " ").replace(",", " ").split()]
    if isinstance(question, BarsQuestion):
        if len(numbers) != len(asked.labels) or min(numbers) < 0 or sum(numbers) <= 0:
            raise ValueError(f"That takes {len(asked.labels)} numbers, one for each of {', '.join(asked.labels)}.")
        return tuple(number / sum(numbers) for number in numbers)
    if len(numbers) != 1:
        raise ValueError("That takes one number.")
    number = numbers[0]
    if isinstance(question, ChoiceQuestion):
        if number not in range(1, len(asked.labels) + 1):
            raise ValueError(f"That takes a number from 1 to {len(asked.labels)}.")
        return (number - 1,)
    value = number / 100 if asked.unit == "share" else number
    if not question.low <= value <= question.high:
        raise ValueError(f"That is not between {asked.text(question.low)} and {asked.text(question.high)}.")
    return (value,)


def _read_filter(asked: Asked, text: str) -> Guess:
    passing, slash, right = text.partition("/")
    count = len(asked.labels)
    places = [_number(word) for word in passing.replace(",", " ").split()]
    if any(place not in range(1, count + 1) for place in places):
        raise ValueError(f"The examples are numbered from 1 to {count}.")
    thought = _number(right) if slash else -1.0
    if thought not in range(count + 1):
        raise ValueError(f"After the stroke, say how many of your {count} decisions are right, as in 1 3 / 2.")
    return (*(float(i in places) for i in range(1, count + 1)), thought)


def _number(word: str) -> float:
    try:
        number = float(word)
    except ValueError:
        raise ValueError(f"“{word.strip()[:20]}” is no number.") from None
    if number != number or abs(number) == float("inf"):
        raise ValueError(f"“{word.strip()[:20]}” is no number.")
    return number


def open_text(prepared: Prepared, at: int, moved: Callable[[Attempt], None]) -> None:
    """Reads a lesson in this terminal, or prints it where standard input is none."""
    lesson = prepared.lesson
    print(printable(lesson.title))
    _say(lesson.idea)
    asks = sys.stdin is not None and sys.stdin.isatty()
    read_aloud(Attempt.begin(prepared, at if asks else 0), ask_terminal if asks else None, moved)
    print("\nThe end of this lesson.")
