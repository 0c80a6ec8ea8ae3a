"""Estimates a model's belief from the calls of one imitation: scored, from log-probabilities, drawn hypotheses or examples made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from iicl_tui.agents.beliefs import Belief, from_draws, from_examples
from iicl_tui.agents.calls import Call, Request, answer_to
from iicl_tui.agents.logprobs import NoBelief, TokenReading, belief_from_tokens
from iicl_tui.agents.prior_belief import as_imitation
from iicl_tui.agents.probes import stage_of_calls
from iicl_tui.agents.scored_belief import ScoreSettings, scored_belief, scored_masses
from iicl_tui.agents.scoring import ScoredMasses
from iicl_tui.bayes.space import ProductSpace
from iicl_tui.tasks.base import Example, Task
from iicl_tui.tasks.wording import Wording, rule_wording

UNDER_SCHEMA = "under a JSON schema"
EDITED = "as a person edited them"


class MadeExamples(NamedTuple):
    """The examples of an accepted reply.

    Attributes:
        examples: The examples.
        edited: Whether a person wrote them in place of the reply.
    """

    examples: tuple[Example, ...]
    edited: bool


def examples_made(calls: Sequence[Call], wording: Wording, count: int) -> MadeExamples:
    """The examples that the agent made when it was last asked to learn.

    They come from its reply, the repair or a person's text, whichever was accepted. Empty if nothing could be read.

    Args:
        calls: The calls of a generation.
        wording: How examples are read.
        count: The maximum number of examples.
    """
    start = next((at for at in reversed(range(len(calls))) if calls[at].purpose == "imitate"), None)
    made, cut = MadeExamples((), False), False
    for call in calls[start:] if start is not None else ():
        if call.purpose in ("imitate", "repair") or call.verdict == "edit":
            examples = wording.read_samples(call.reply, count).examples
            # A repair with fewer is not taken, unless the reply was cut off.
            least = len(made.examples) if call.purpose == "repair" and not cut else 1
            cut = call.is_cut
            made = MadeExamples(examples, call.purpose == "person") if len(examples) >= max(least, 1) else made
        elif call.purpose != "person":
            break
    return made


_UNOBSERVED_LIMIT = 0.01
"""The largest unobserved mass if no alternative is listed. With more, the drawn value would wrongly seem certain."""


@dataclass(frozen=True)
class BeliefEstimator:
    """How beliefs are estimated.

    Attributes:
        source: What the belief is estimated from.
        draws: Hypotheses drawn per generation, including the accepted one.
        smoothing: The weight of the uniform prior over hypotheses, in draws.
        top_logprobs: How many of the likeliest tokens are requested at each position.
        reading: How token log-probabilities are read.
        fallback: What to use if a model gives no log-probabilities.
        schema: Whether replies follow a JSON schema, which changes the model's distribution.
        score: How joint beliefs are scored, for the source "score". Where a server cannot, the reply's tokens are read, then
            `fallback` is used.
        temperature: The temperature of replies. A scored belief does not have it, and the log-probabilities of some servers do not.
        prior: Whether the belief without examples is asked for, too.
    """

    source: Literal["score", "logprobs", "samples", "examples", "none"]
    draws: int = 10
    smoothing: float = 1.0
    top_logprobs: int = 5
    reading: TokenReading = "spans"
    fallback: Literal["samples", "none"] = "samples"
    schema: bool = False
    score: ScoreSettings | None = None
    temperature: float | None = None
    prior: bool = False

    @property
    def asks_logprobs(self) -> bool:
        """Whether learning requests log-probabilities."""
        return self.source in ("score", "logprobs")

    def scored(self, calls: Sequence[Call], space: ProductSpace) -> ScoredMasses | None:
        """What the scoring of one imitation found; None if there was none, or it was refused."""
        return scored_masses(calls, self.score, space) if self.score is not None else None

    def belief(self, calls: Sequence[Call], task: Task, wording: Wording) -> Belief | None:
        """The belief; None if these calls give none."""
        found = self._belief(calls, task, wording)
        by_schema = found is not None and self.schema and found.source != "scored"
        return replace(found, notes=(*found.notes, UNDER_SCHEMA)) if found is not None and by_schema else found

    def _belief(self, calls: Sequence[Call], task: Task, wording: Wording) -> Belief | None:
        if self.source == "none":
            return None
        if self.source == "examples":
            return self._from_examples(calls, task, wording)
        masses = self.scored(calls, task.space)
        if masses is not None and (belief := scored_belief(masses, self.temperature)) is not None:
            return belief
        if not wording.states_rule:
            return self._from_aside(calls, task, wording)
        found = self.from_tokens(calls, task.space, wording) if self.asks_logprobs else None
        if isinstance(found, Belief):
            note = self._stage_note(calls)
            return replace(found, notes=(*found.notes, note)) if note else found
        drawn = self.source == "samples" or any(call.purpose == "draw" for call in calls)
        return self._from_draws(calls, task.space, wording) if drawn else None

    def _stage_note(self, calls: Sequence[Call]) -> str:
        """Which temperature the belief may have instead of that of the replies; "" if it has that."""
        if self.temperature is None or self.temperature == 1:
            return ""
        stage = stage_of_calls(calls)
        if stage == "before":
            return f"at τ = 1, not {self.temperature:g}: log-probabilities before the temperature"
        return f"may be at τ = 1, not {self.temperature:g}" if stage != "after" else ""

    def missing_reason(self, calls: Sequence[Call]) -> str:
        """Why these calls of an imitation give no belief, as a clause without a full stop."""
        if self.source == "examples":
            return "none of its examples could be read, or no hypothesis can have made them"
        drawn = sum(call.purpose in ("imitate", "draw") for call in calls)
        if self.source == "samples" or any(call.purpose == "draw" for call in calls):
            return f"none of {drawn} drawn hypotheses could be read" if drawn != 1 else "the drawn hypothesis could not be read"
        found = answer_to(calls, "imitate")
        if found is None:
            return "no call is on record"
        if found[1].purpose == "person":
            return "a person wrote this hypothesis in place of a reply"
        if found[1].tokens is None:
            return "the model gave no log-probabilities"
        return "the log-probabilities could not be told apart by hypothesis"

    def prior_requests(self, request: Request, is_known: Callable[[], bool]) -> Iterator[Request]:
        """The requests that ask for the prior by replies, each to be made before the next one is taken.

        Args:
            request: The question without examples.
            is_known: Whether the calls so far give the prior.
        """
        left = self.draws
        if self.asks_logprobs:
            yield replace(request, top_logprobs=self.top_logprobs)
            left = left - 1 if self.fallback == "samples" and not is_known() else 0
        for _ in range(left):
            yield request

    def missing_prior(self, calls: Sequence[Call]) -> str:
        """Why these calls of a first imitation give no prior, as a clause without a full stop."""
        if not self.prior:
            return "a model's belief is unknown before it has seen data; ask-prior = true asks for it"
        asked = as_imitation(calls)
        return self.missing_reason(asked) if asked else "it is asked for in its first generation"

    def from_tokens(self, calls: Sequence[Call], space: ProductSpace, wording: Wording) -> Belief | NoBelief | None:
        """The belief from the accepted reply's tokens, or why they give none; None if there are no tokens or no rule."""
        accepted = answer_to(calls, "imitate")
        if accepted is None or accepted[1].tokens is None:
            return None
        reply, tokens = accepted[1].reply, accepted[1].tokens
        reading = wording.read_rule(reply)
        if reading.hypothesis is None:
            return None
        spellings = [wording.spellings(factor) for factor in range(len(space.factors))]
        found = belief_from_tokens(reply, tokens, reading.spans, space, spellings, self.reading, distrusts_certain=True)
        listed = any(data != token.data for token in tokens for data, _ in token.top)
        if isinstance(found, Belief) and not listed and found.unobserved is not None and found.unobserved.max() > _UNOBSERVED_LIMIT:
            return NoBelief("No token is listed beside those that were drawn: nothing is known of the other values.")
        return found

    def _from_draws(self, calls: Sequence[Call], space: ProductSpace, wording: Wording) -> Belief | None:
        """Counts the replies to the one prompt. A repaired reply answers another prompt."""
        answers = [call for call in calls if call.purpose in ("imitate", "draw")]
        drawn = [None if call.is_cut else wording.read_rule(call.reply).hypothesis for call in answers]
        read = [hypothesis for hypothesis in drawn if hypothesis is not None]
        return from_draws(space, read, len(drawn), self.smoothing) if read else None

    def _from_aside(self, calls: Sequence[Call], task: Task, wording: Wording) -> Belief | None:
        """From rules that were drawn beside the chain; without any, from the examples made."""
        rules, drawn = rule_wording(wording), [call for call in calls if call.purpose == "draw"]
        if rules is None or not drawn:
            return self._from_examples(calls, task, wording)
        return self._from_draws(drawn, task.space, rules)

    def _from_examples(self, calls: Sequence[Call], task: Task, wording: Wording) -> Belief | None:
        examples, edited = examples_made(calls, wording, task.samples)
        found = from_examples(task.log_likelihood([examples], 0.0)[0], len(examples)) if examples else None
        return replace(found, notes=(EDITED,)) if found is not None and edited else found
