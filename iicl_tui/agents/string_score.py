"""A model's joint distribution over the hypotheses, from the probabilities of whole answers, one tokenisation each.

For servers that give the log-probabilities of a given text but cannot continue one. As in `scoring`, an answer's probability is the
product over the tokens of its values, and the text between the values counts as given. Other tokenisations of an answer count as
other text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import exp, fsum, prod

import numpy as np

from iicl_tui.agents.calls import UNKNOWN_LOGPROB, Token
from iicl_tui.agents.scoring import NextTokens, ScoredMasses, TooManyReads
from iicl_tui.bayes.space import ProductSpace
from iicl_tui.tasks.answer_form import AnswerForm


class StringScore:
    """The state of one scoring by whole answers. It has the methods of `scoring.TreeScore`; a beginning is a whole answer."""

    def __init__(self, form: AnswerForm, max_reads: int) -> None:
        """Raises TooManyReads if there are more answers than that."""
        self.form = form
        self._shape = tuple(len(names) for names in form.values)
        if prod(self._shape) > max_reads:
            raise TooManyReads(prod(self._shape), max_reads)
        self._answers = {form.beginning(codes): codes for codes in product(*(range(size) for size in self._shape))}
        self._mass = np.zeros(self._shape)
        self._unread = dict.fromkeys(self._answers)

    @property
    def done(self) -> bool:
        """Whether nothing is left to read."""
        return not self._unread

    @property
    def pending(self) -> tuple[str, ...]:
        """The answers to read next."""
        return tuple(self._unread)

    def add(self, reads: Mapping[str, NextTokens]) -> None:
        """Takes the log-probabilities of these answers."""
        for answer, ((_, log_p),) in reads.items():
            self._mass[self._answers[answer]] = exp(log_p)
            del self._unread[answer]

    def share_on_form(self, beginning: str, tokens: NextTokens) -> float:
        """Always 1: the probability of a whole answer cannot show that a server has stopped following the request."""
        return 1.0

    def result(self, space: ProductSpace) -> ScoredMasses:
        """The masses in the order of the space. Raises ValueError if the scoring is not done."""
        if not self.done:
            raise ValueError("the scoring is not done")
        mass = self._mass[tuple(space.codes.T)]
        total = max(float(mass.sum()), 1.0)  # rounded log-probabilities may add up to a little more than 1
        return ScoredMasses(space, mass / total, np.zeros(space.size), max(1 - float(mass.sum()), 0.0), 0.0, mass.size, True)


def answer_read(form: AnswerForm, answer: str, tokens: Sequence[Token]) -> NextTokens | None:
    """The log-probability of an answer's values, given the text between them; None if the tokens do not determine it.

    Args:
        form: The canonical answers.
        answer: One of them.
        tokens: The tokens that hold it, the first of which may begin before it.
    """
    places = _value_places(form, answer)
    found = [
        token.logprob
        for start, end, token in _placed(answer, tokens)
        if any(start < stop and begin < end for begin, stop in places)
    ]
    covered = sum(len(token.data) for token in tokens) >= len(answer.encode())
    if not found or not covered or UNKNOWN_LOGPROB in found:
        return None
    return ((answer, fsum(found)),)


def ending_probability(answer: str, rest: str, tokens: Sequence[Token]) -> float:
    """The probability of the tokens that hold the end of a given text; 0 if there are none."""
    begin = len(answer) - len(rest)
    found = [token.logprob for start, end, token in _placed(answer, tokens) if end > begin]
    return exp(fsum(found)) if found else 0.0


def _placed(answer: str, tokens: Sequence[Token]) -> Iterator[tuple[int, int, Token]]:
    """(start, end, token) for each token, in characters of the answer, from the last token to the first."""
    end = len(answer)
    for token in reversed(tokens):
        start = end - len(token.data.decode("utf-8", "replace"))
        yield start, end, token
        end = start


def _value_places(form: AnswerForm, answer: str) -> list[tuple[int, int]]:
    """The range of each value in the answer, including the character after it."""
    places, at = [], len(form.literals[0])
    for names, after in zip(form.values, form.literals[1:], strict=True):
        name = next(name for name in names if answer.startswith(name + after[0], at))
        places.append((at, at + len(name) + 1))
        at += len(name) + len(after)
    return places
