"""How a model's belief is known from the calls of one imitation: from log-probabilities, from drawn hypotheses, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from iicl_tui.agents.beliefs import Belief, from_draws
from iicl_tui.agents.calls import Call, answer
from iicl_tui.agents.logprobs import NoBelief, TokenReading, belief_from_tokens
from iicl_tui.bayes.space import ProductSpace
from iicl_tui.tasks.wording import Wording

UNDER_SCHEMA = "under a JSON schema"


@dataclass(frozen=True)
class Measuring:
    """source: what the belief is known from. draws: hypotheses drawn a generation, the one that goes on included.

    smoothing: weight of the uniform prior over hypotheses, in draws. top_logprobs: how many tokens are asked for at each place.
    reading: of token log-probabilities. fallback: what is used where a model gives none.
    schema: replies follow a JSON schema, which changes what the model says, and so the belief.
    """

    source: Literal["logprobs", "samples", "none"]
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

    def belief(self, calls: Sequence[Call], space: ProductSpace, wording: Wording) -> Belief | None:
        """The belief, or None where these calls say nothing of it."""
        found = self.from_tokens(calls, space, wording) if self.source == "logprobs" else None
        found = None if isinstance(found, NoBelief) else found
        if found is None and (self.source == "samples" or any(call.purpose == "draw" for call in calls)):
            found = self._from_draws(calls, space, wording)
        return replace(found, notes=(*found.notes, UNDER_SCHEMA)) if found is not None and self.schema else found

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
        return belief_from_tokens(reply, tokens, reading.spans, space, spellings, self.reading)

    def _from_draws(self, calls: Sequence[Call], space: ProductSpace, wording: Wording) -> Belief | None:
        """Counted are all replies to the one prompt; a repaired one is the answer to another."""
        drawn = [wording.read_rule(call.reply).hypothesis for call in calls if call.purpose in ("imitate", "draw")]
        read = [hypothesis for hypothesis in drawn if hypothesis is not None]
        return from_draws(space, read, len(drawn), self.smoothing) if read else None
