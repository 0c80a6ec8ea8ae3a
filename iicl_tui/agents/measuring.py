"""How a model's belief is known from the calls of one imitation: from log-probabilities, from drawn hypotheses, from the examples
that it made where it states no rule, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from iicl_tui.agents.beliefs import Belief, from_draws, from_examples
from iicl_tui.agents.calls import Call, answer
from iicl_tui.agents.logprobs import NoBelief, TokenReading, belief_from_tokens
from iicl_tui.bayes.space import ProductSpace
from iicl_tui.tasks.base import Example, Task
from iicl_tui.tasks.wording import Wording

UNDER_SCHEMA = "under a JSON schema"
EDITED = "as a person edited them"


class Made(NamedTuple):
    """The examples of a reply that stands. edited: a person wrote them in its place."""

    examples: tuple[Example, ...]
    edited: bool


def examples_made(calls: Sequence[Call], wording: Wording, count: int) -> Made:
    """The examples, at most count, that the agent made when it was last asked to learn: those of its reply, of its repair, or of
    what a person wrote, whichever was taken. Empty where nothing could be read.
    """
    start = next((at for at in reversed(range(len(calls))) if calls[at].purpose == "imitate"), None)
    made = Made((), False)
    for call in calls[start:] if start is not None else ():
        if call.purpose in ("imitate", "repair") or call.verdict == "edit":
            examples = wording.read_samples(call.reply, count).examples
            least = len(made.examples) if call.purpose == "repair" else 1  # a repair with fewer is not taken
            made = Made(examples, call.purpose == "person") if len(examples) >= max(least, 1) else made
        elif call.purpose != "person":
            break
    return made


_HARDLY = 0.01
"""What may be unobserved of a value where no alternative to it is listed; with more, that value alone would seem certain."""


@dataclass(frozen=True)
class Measuring:
    """source: what the belief is known from. draws: hypotheses drawn a generation, the one that goes on included.

    smoothing: weight of the uniform prior over hypotheses, in draws. top_logprobs: how many tokens are asked for at each place.
    reading: of token log-probabilities. fallback: what is used where a model gives none.
    schema: replies follow a JSON schema, which changes what the model says, and so the belief.
    """

    source: Literal["logprobs", "samples", "examples", "none"]
    draws: int = 10
    smoothing: float = 1.0
    top_logprobs: int = 5
    reading: TokenReading = "spans"
    fallback: Literal["samples", "none"] = "samples"
    schema: bool = False

    @property
    def asks_logprobs(self) -> bool:
        """The call that learns asks for log-probabilities."""
        return self.source == "logprobs"

    def belief(self, calls: Sequence[Call], task: Task, wording: Wording) -> Belief | None:
        """The belief, or None where these calls say nothing of it."""
        found = self._belief(calls, task, wording)
        return replace(found, notes=(*found.notes, UNDER_SCHEMA)) if found is not None and self.schema else found

    def _belief(self, calls: Sequence[Call], task: Task, wording: Wording) -> Belief | None:
        if self.source == "examples":
            return self._from_examples(calls, task, wording)
        found = self.from_tokens(calls, task.space, wording) if self.source == "logprobs" else None
        if isinstance(found, Belief):
            return found
        drawn = self.source == "samples" or any(call.purpose == "draw" for call in calls)
        return self._from_draws(calls, task.space, wording) if drawn else None

    def from_tokens(self, calls: Sequence[Call], space: ProductSpace, wording: Wording) -> Belief | NoBelief | None:
        """What the tokens of the reply that stands say, or why they say nothing; None where there are none, or no rule."""
        stands = answer(calls, "imitate")
        if stands is None or stands[1].tokens is None:
            return None
        reply, tokens = stands[1].reply, stands[1].tokens
        reading = wording.read_rule(reply)
        if reading.hypothesis is None:
            return None
        spellings = [wording.spellings(factor) for factor in range(len(space.factors))]
        found = belief_from_tokens(reply, tokens, reading.spans, space, spellings, self.reading)
        listed = any(data != token.data for token in tokens for data, _ in token.top)
        if isinstance(found, Belief) and not listed and found.unobserved is not None and found.unobserved.max() > _HARDLY:
            return NoBelief("No token is listed beside those that were drawn: nothing is known of the other values.")
        return found

    def _from_draws(self, calls: Sequence[Call], space: ProductSpace, wording: Wording) -> Belief | None:
        """Counted are all replies to the one prompt; a repaired one is the answer to another."""
        drawn = [wording.read_rule(call.reply).hypothesis for call in calls if call.purpose in ("imitate", "draw")]
        read = [hypothesis for hypothesis in drawn if hypothesis is not None]
        return from_draws(space, read, len(drawn), self.smoothing) if read else None

    def _from_examples(self, calls: Sequence[Call], task: Task, wording: Wording) -> Belief | None:
        examples, edited = examples_made(calls, wording, task.samples)
        found = from_examples(task.log_likelihood([examples], 0.0)[0], len(examples)) if examples else None
        return replace(found, notes=(EDITED,)) if found is not None and edited else found
