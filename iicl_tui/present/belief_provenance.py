"""How an agent's belief is known, in words, or why it is not known."""

from __future__ import annotations

from math import floor, inf, isnan, log

from iicl_tui.agents.beliefs import Belief, Source
from iicl_tui.chain.bayes_check import BayesCheck
from iicl_tui.chain.engine import Chain
from iicl_tui.charts.numbers import bounds_text
from iicl_tui.charts.view import NO_BELIEF
from iicl_tui.text import outwards, printable

_FROM: dict[Source, str] = {
    "exact": "exact",
    "scored": "joint, scored",
    "logprobs": "factorised, along one reply",
    "samples": "from draws",
    "examples": "from the examples it made",
}


def uses_models(chain: Chain) -> bool:
    """Whether any of the chain's agents is a language model."""
    return any(not agent.exact for agent in chain.config.agents)


def caption(chain: Chain, belief: Belief | None) -> str:
    """How this belief is known; "" if all agents are exact."""
    if belief is None or not uses_models(chain):
        return ""
    parts = [belief.caption, *belief.notes]
    if belief.notebook_entropy is not None:
        parts.append(f"their entropy {belief.notebook_entropy:.3f} nats")
    return printable(" · ".join(parts), 200)


def bayes_name(check: BayesCheck) -> str:
    """What Bayes' rule is drawn as."""
    noise = check.fit.noise
    return "Bayes' rule" if isnan(noise) else f"Bayes' rule, noise {noise:.2g}"


def distance_text(check: BayesCheck, row: int) -> str:
    """How far a belief is from Bayes' rule."""
    return f"{check.fit.distances[row]:.2f} total variation from Bayes' rule"


def fit_text(check: BayesCheck) -> str:
    """The noise fitted to all generations, with its interval, as a clause."""
    fit = check.fit
    if isnan(fit.noise):
        return "no noise can be fitted: the data tell no hypotheses apart"
    noise = f"label noise {fit.noise:.3g} fits best"
    if fit.interval is None:
        return f"{noise}; an interval needs two generations"
    low, high = (log(end) if end > 0 else -inf for end in fit.interval)
    return f"{noise}, {bounds_text(low, high)} (interval of level {floor(100 * fit.level + 1e-9)} %)"


def entropy_text(entropy: float, shown: tuple[float, float] | None, digits: int = 2, unit: str = "") -> str:
    """The entropy as "H 1.23"; from draws with the range that these can show at all.

    Args:
        entropy: In nats.
        shown: What the draws can show; None if the belief is not estimated from draws.
        digits: Decimal places.
        unit: " nats", or "" where there is little room.
    """
    text = f"H {entropy:.{digits}f}{unit}"
    return text if shown is None else f"{text} (draws show {'–'.join(outwards(*shown, 2))})"


def ghost(belief: Belief | None, before: Belief | None, selected: int) -> str:
    """The label of the previous belief; it says how that is known if this one is known in another way."""
    name = "last generation" if selected > 1 else "before any data"
    if belief is None or before is None or belief.source == before.source:
        return name
    return f"{name}, {_FROM[before.source]}"


def absence(chain: Chain, generation: int) -> str:
    """Why a generation's belief is not known (0: before any data), as a sentence without its full stop."""
    agent = chain.agent(max(generation, 1))
    if agent.exact:
        return NO_BELIEF
    if not agent.has_belief:
        return 'no belief: its configuration says belief = "none"'
    if generation == 0:
        return f"no belief: {agent.missing_prior(chain.first_calls(1))}"
    if generation > len(chain.generations):
        return f"no belief yet: it is known after generation {generation} has learned its hypothesis"
    return f"no belief: {agent.missing_belief(chain.calls_of(generation, 'imitation'))}"
