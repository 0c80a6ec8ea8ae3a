"""How an agent's belief is known, in words, and where it is not known, why."""

from __future__ import annotations

from iicl_tui.agents.beliefs import Belief, Source
from iicl_tui.chain.engine import Chain
from iicl_tui.charts.view import NO_BELIEF
from iicl_tui.text import printable

_FROM: dict[Source, str] = {
    "exact": "exact",
    "logprobs": "from log-probabilities",
    "samples": "from draws",
    "examples": "from the examples it made",
}


def uses_models(chain: Chain) -> bool:
    """Whether any of the chain's agents is asked, and not computed."""
    return any(not agent.exact for agent in chain.config.agents)


def caption(chain: Chain, belief: Belief | None) -> str:
    """How this belief is known; "" where all agents are exact, since then nothing else is to be expected."""
    if belief is None or not uses_models(chain):
        return ""
    parts = [belief.caption, *belief.notes]
    if belief.notebook_entropy is not None:
        parts.append(f"their entropy {belief.notebook_entropy:.3f} nats")
    return printable(" · ".join(parts), 200)


def ghost(belief: Belief | None, before: Belief | None, look: int) -> str:
    """What the belief before is called; where it is known in another way, how."""
    name = "last generation" if look > 1 else "before any data"
    if belief is None or before is None or belief.source == before.source:
        return name
    return f"{name}, {_FROM[before.source]}"


def absence(chain: Chain, generation: int) -> str:
    """Why no belief is known of a generation, 0 for before any data: one sentence without its full stop."""
    agent = chain.agent(max(generation, 1))
    if agent.exact:
        return NO_BELIEF
    if not agent.has_belief:
        return 'no belief: the agent is set up with belief = "none"'
    if generation == 0:
        return "no belief: nothing is known of a model before it has seen data"
    if generation > len(chain.generations):
        return f"no belief yet: it is known when generation {generation} has learned its hypothesis"
    return f"no belief: {agent.missing_belief(chain.calls_of(generation, 'imitation'))}"
