"""The effect of a review on a chain: what the next agent would believe, computed exactly."""

from __future__ import annotations

from dataclasses import replace

from iicl_tui.chain.engine import Chain
from iicl_tui.filters.base import Filter, SamplesShown, would_pass
from iicl_tui.filters.effective_set import EffectiveSet
from iicl_tui.review.forecast import Array, BeliefFrame, Forecast
from iicl_tui.review.state import ReviewState
from iicl_tui.tasks.base import Example
from iicl_tui.text import superscript


def belief_now(chain: Chain, generation: int) -> Array | None:
    """Returns a generation's belief, (H,) log-probabilities in nats; None if it is not known exactly."""
    belief = chain.belief(generation)
    return belief.log_p if belief is not None and belief.source == "exact" else None


async def hypothesis_forecast(chain: Chain, generation: int, state: ReviewState, trial: int | None = None) -> Forecast:
    """Forecasts the commit of a hypothesis. Agents that are not exact are never asked ahead.

    Args:
        chain: The chain under review.
        generation: The generation under review.
        state: The decisions so far; undecided counts as approved.
        trial: The hypothesis in the open editor, taken as if it were kept.

    Returns:
        The belief now, and the next agent's belief given the samples that this seed draws.
    """
    frame, now = _frame(chain, generation), belief_now(chain, generation)
    (item,) = state.items
    if item.verdict == "reject" and trial is None:
        return Forecast(frame, now, None, notes=("The agent will draw another hypothesis; its effect is not known yet.",))
    if now is None:
        return Forecast(frame, now, None, notes=("Only known for exact agents.",))
    hypothesis = item.value if trial is None else trial
    later = _later_hypothesis_filters(chain)
    if any(isinstance(each, EffectiveSet) and not each.members(chain.task, chain.start)[hypothesis] for each in later):
        return Forecast(
            frame, now, None, notes=("It is not in H_eff, so a later filter replaces it; its effect is not known yet.",)
        )
    passed = await chain.would_pass_on(hypothesis)
    notes = ["Assumes that you approve it."] if item.verdict is None and trial is None else []
    left_as_it_is = all(isinstance(each, EffectiveSet) for each in later)
    if not left_as_it_is:
        notes.append("Does not include the later filters.")
    notes.append(f"Uses the {_count(passed, 'sample')} that this seed draws.")
    if chain.config.asks_at("samples"):
        notes.append("You review the samples next.")
    found = _forecast(chain, generation, now, passed, notes)
    # A filter at the samples may still change what passes, and nobody learns from the last generation.
    learned_from = generation < chain.config.generations and not any(each.acts_at("samples") for each in chain.config.filters)
    return replace(found, unlearnable=left_as_it_is and learned_from and _teaches_nothing(chain, generation, found))


def _later_hypothesis_filters(chain: Chain) -> list[Filter]:
    """The filters that act on hypotheses after the last one that asks a person."""
    filters = chain.config.filters
    asking = max((at for at, each in enumerate(filters) if each.asks_at("hypothesis")), default=-1)
    return [each for each in filters[asking + 1 :] if each.acts_at("hypothesis")]


async def samples_forecast(chain: Chain, shown: SamplesShown, state: ReviewState, trial: Example | None = None) -> Forecast:
    """Forecasts the commit of samples. Undecided ones count as approved. For `trial` see `hypothesis_forecast`."""
    generation = shown.context.generation
    passed = tuple(sample.example for sample in shown.kept)
    rejected = 0
    for at, item in enumerate(state.items):
        if trial is not None and at == state.cursor:
            passed += (trial,)
        elif item.verdict == "reject":
            rejected += 1
        else:
            passed += (item.value,)
    notes: list[str] = []
    undecided = state.undecided - (trial is not None and state.items[state.cursor].verdict is None)
    if undecided:
        notes.append(f"Assumes that you approve the {undecided} undecided.")
    if rejected and shown.refill:
        notes.append(f"Leaves out the {rejected} to be redrawn.")
    left = await _after_later_filters(chain, shown, passed, notes)
    passed = (*(passed if left is None else left), *chain.mixed_in(generation))
    found = _forecast(chain, generation, belief_now(chain, generation), passed, notes)
    # Later filters may still drop what contradicts the rest, and nobody learns from the last generation.
    certain = left is not None and generation < chain.config.generations
    return replace(found, unlearnable=certain and _teaches_nothing(chain, generation, found))


def filters_around(chain: Chain) -> tuple[list[Filter], list[Filter]]:
    """Returns the filters that act on samples before and after the last one that asks a person."""
    filters = chain.config.filters
    asking = max((at for at, each in enumerate(filters) if each.asks_at("samples")), default=-1)
    earlier = [each for each in filters[: max(asking, 0)] if each.acts_at("samples")]
    later = [each for each in filters[asking + 1 :] if each.acts_at("samples")]
    return earlier, later


async def _after_later_filters(
    chain: Chain, shown: SamplesShown, passed: tuple[Example, ...], notes: list[str]
) -> tuple[Example, ...] | None:
    """Applies the filters after the person. Returns None if their result depends on what happened before in this phase."""
    earlier, later = filters_around(chain)
    if not later:
        return passed
    left = None
    if shown.first and not earlier:
        left = await would_pass(later, passed, chain.config.own_samples, shown.hypothesis, shown.context)
    if left is None:
        notes.append("Does not include the later filters.")
        return None
    notes.append(f"After the later filters, {len(left)} of {chain.config.own_samples} pass on.")
    return left


def _forecast(chain: Chain, generation: int, now: Array | None, passed: tuple[Example, ...], notes: list[str]) -> Forecast:
    frame, belief = _frame(chain, generation), chain.belief_if(generation, passed)
    if belief is not None and belief.source == "exact":
        return Forecast(frame, now, belief.log_p, passed, tuple(notes))
    found = Forecast(frame, now, None, passed)
    if _teaches_nothing(chain, generation, found):
        why = "No hypothesis explains these samples: the next agent could not learn from them."
    else:
        why = "Not known until the next agent is asked."
    return replace(found, notes=(why, *notes))


def _teaches_nothing(chain: Chain, generation: int, found: Forecast) -> bool:
    """Returns whether these samples leave an exact agent without a belief, so that it could learn nothing."""
    agent = chain.agent(generation + 1)
    return found.then is None and agent.exact and agent.has_belief


def _frame(chain: Chain, generation: int) -> BeliefFrame:
    names = (f"P(h | d{superscript(generation - 1)})", f"P(h | d{superscript(generation)})")
    return BeliefFrame(chain.task.space, chain.start.target, chain.task.focus, names)


def _count(values: tuple[Example, ...], noun: str) -> str:
    return f"{len(values)} {noun}{'s' * (len(values) != 1)}"
