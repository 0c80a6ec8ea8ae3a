"""What committing now would do: the next agent's belief, exactly, and the figures of now → then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes import inference
from iicl_tui.chain.engine import Chain
from iicl_tui.filters.base import Filter, HypothesisShown, SamplesShown, would_pass
from iicl_tui.review.state import ReviewState, Shown, Value
from iicl_tui.tasks.base import Example

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Effect:
    """now, then: (H,) log-probabilities in nats, None where they are not known exactly. passed: dᵗ as it would be.

    notes: what has been assumed, or why there is no `then`; sentences for a person.
    """

    now: Array | None
    then: Array | None
    passed: tuple[Example, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Figures:
    """entropy in nats; p_target = P(h*); focus: P of each value of what is in focus, if anything is."""

    entropy: float
    p_target: float
    focus: tuple[float, ...]


def figures(log_p: Array, chain: Chain) -> Figures:
    """The figures of one belief."""
    space, factor = chain.task.space, chain.task.focus
    p = np.exp(log_p)
    focus = () if factor is None else tuple(space.marginal(p, factor).tolist())
    return Figures(float(inference.entropy(log_p)), float(p[chain.start.target]), focus)


def belief_now(chain: Chain, generation: int) -> Array | None:
    """The belief of a generation where it is known exactly."""
    belief = chain.belief(generation)
    return belief.log_p if belief is not None and belief.source == "exact" else None


async def effect(chain: Chain, shown: Shown, state: ReviewState, trial: Value | None = None) -> Effect:
    """What would follow if this were committed; what is undecided is taken as approved.

    trial: what is being edited under the cursor, as if it were kept. Agents that are not exact are never asked ahead.
    """
    generation = shown.context.generation
    now = belief_now(chain, generation)
    notes: list[str] = []
    if isinstance(shown, HypothesisShown):
        item = state.items[0]
        if item.verdict == "reject" and trial is None:
            return Effect(now, None, notes=("The agent draws another hypothesis: what follows is not known yet.",))
        if now is None:
            return Effect(now, None, notes=("Known only for exact agents.",))
        passed = await chain.would_pass_on(item.value if trial is None else trial)
        if item.verdict is None and trial is None:
            notes.append("If it is approved.")
        notes.append(f"Given the {len(passed)} sample{'s' if len(passed) != 1 else ''} that this seed draws.")
        if chain.config.asks_at("samples"):
            notes.append("Your review of them comes after this.")
    else:
        passed = tuple(sample.example for sample in shown.kept)
        rejected = 0
        for at, item in enumerate(state.items):
            if trial is not None and at == state.cursor:
                passed += (trial,)
            elif item.verdict == "reject":
                rejected += 1
            else:
                passed += (item.value,)
        undecided = state.undecided - (trial is not None and state.items[state.cursor].verdict is None)
        if undecided:
            notes.append(f"If the {undecided} undecided {'is' if undecided == 1 else 'are'} approved.")
        if rejected and shown.refill:
            notes.append(f"Without the {rejected} to be drawn again.")
        passed = await _filtered(chain, shown, passed, notes)
    return _then(chain, generation, now, passed, notes)


def around(chain: Chain) -> tuple[list[Filter], list[Filter]]:
    """The filters that have a say on samples before and after a person does."""
    filters = chain.config.filters
    asking = max((at for at, each in enumerate(filters) if each.asks_at("samples")), default=-1)
    earlier = [each for each in filters[: max(asking, 0)] if each.acts_at("samples")]
    later = [each for each in filters[asking + 1 :] if each.acts_at("samples")]
    return earlier, later


async def _filtered(chain: Chain, shown: SamplesShown, passed: tuple[Example, ...], notes: list[str]) -> tuple[Example, ...]:
    """What the filters after the person make of it; as it is where that hangs on what they and others did before in this phase."""
    earlier, later = around(chain)
    if not later:
        return passed
    going = None
    if shown.first and not earlier:
        going = await would_pass(later, passed, chain.task.samples, shown.hypothesis, shown.context)
    if going is None:
        notes.append("Before the filters that follow.")
        return passed
    notes.append(f"After the filters that follow: {len(going)} of {chain.task.samples} go on.")
    return going


def _then(chain: Chain, generation: int, now: Array | None, passed: tuple[Example, ...], notes: list[str]) -> Effect:
    belief = chain.belief_if(generation, passed)
    if belief is not None and belief.source == "exact":
        return Effect(now, belief.log_p, passed, tuple(notes))
    if chain.agent(generation + 1).kind == "bayes":
        notes.insert(0, "No hypothesis explains these: the next agent could not learn from them.")
    else:
        notes.insert(0, "Not known before the next agent is asked.")
    return Effect(now, None, passed, tuple(notes))
