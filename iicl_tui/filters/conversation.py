"""The paper's interaction of the naming game: an agent talks to a copy of itself, and learns from what that copy understands.

Source: Ren, Guo, Qiu, Wang and Sutherland 2024, App. C.2. The agent says pairs (x, y) that it draws from its posterior. The
partner, who has the same posterior, guesses x from y. The agent learns from the pairs that the partner guesses right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes import inference
from iicl_tui.filters.records import Exchange
from iicl_tui.tasks.base import Example, Task

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Rules:
    """How they talk.

    Attributes:
        rounds: How many pairs are said.
        draws: "pair": a hypothesis is drawn from the posterior for each pair. "generation": all pairs are those of one hypothesis.
        guess: "best": the partner takes the likeliest input, ties with equal chances. "drawn": it draws one from P(x|y).
        update: "added": the agent learns from its data and the pairs. "instead": from the pairs alone.
    """

    rounds: int
    draws: Literal["pair", "generation"] = "pair"
    guess: Literal["best", "drawn"] = "best"
    update: Literal["added", "instead"] = "added"


class Listener:
    """The partner: guesses the input by P(x|y) ∝ Σₕ P(h) p(y|x,h), x uniform.

    Args:
        task: The task; its inputs and outputs can be listed.
        log_p: (H,) log-probabilities of the posterior in nats.
        noise: ε.
        rules: How it guesses.
    """

    def __init__(self, task: Task, log_p: Array, noise: float, rules: Rules) -> None:
        log_labels = task.log_labels(noise)
        assert log_labels is not None
        self._inputs = task.inputs
        predictive = np.exp(log_labels) @ np.exp(log_p)  # (X, Y): P(y|x)
        self._log_p = {output: _guesses(predictive[:, at], rules) for at, output in enumerate(task.outputs)}

    def hear(self, example: Example, rng: np.random.Generator) -> Exchange:
        """The exchange of one pair. Takes one uniform number."""
        guess = self._inputs[inference.sample(self._log_p[example.output], rng)]
        return Exchange(example, None if guess == example.input else Example(guess, example.output))


def _guesses(likelihood: Array, rules: Rules) -> Array:
    """(X,) log-probabilities of each guess, from the P(y|x) of one output y."""
    with np.errstate(divide="ignore"):
        log_p = np.log(likelihood)
    if rules.guess == "best" or not np.isfinite(log_p.max()):  # a person's hypothesis may be one that it rules out
        log_p = np.where(inference.is_mode(log_p), 0.0, -np.inf)
    return inference.log_normalise(log_p)
