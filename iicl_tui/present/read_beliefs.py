"""How the belief of a language model was read: what was asked, how the answer became probabilities, and what stays open."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from iicl_tui.agents.beliefs import Belief, Source
from iicl_tui.chain.engine import Chain
from iicl_tui.charts.numbers import percents_text
from iicl_tui.present.explain import Depth
from iicl_tui.text import printable

_HOW: dict[Source, tuple[str, str]] = {
    "exact": (
        "This belief was computed, but not by Bayes' rule from a prior and the data.",
        "The agent gives its distribution itself.",
    ),
    "scored": (
        "Nobody can look into a language model, so its belief was read from what it would write: for each rule, the model was "
        "asked how likely it is to write down just this rule, piece by piece. Together these chances are the belief.",
        "P(h | d) ∝ Π P(token | prompt, tokens before) over the tokens of h's written form, renormalised over H: the joint "
        "distribution.",
    ),
    "logprobs": (
        "Nobody can look into a language model, so its belief was read from one reply. The model wrote one rule down, and at each "
        "object the server listed how likely each state was as the next word. Objects are taken as independent, which they need "
        "not be.",
        "Π over factors of the token masses given the reply up to there, renormalised over the values: a factorised belief along "
        "one reply, not the joint one.",
    ),
    "samples": (
        "Nobody can look into a language model, so it was asked several times for its rule, and its answers were counted. With few "
        "answers much stays open.",
        "K hypotheses drawn at the agent's temperature, smoothed with a uniform prior; intervals have level 95 %.",
    ),
    "examples": (
        "This model states no rule. It made examples, and the belief says which rules would make such examples.",
        "P(h) ∝ Π p(y | x, h) over the examples that it made, from a uniform prior.",
    ),
}  # fmt: skip


def sections(chain: Chain, belief: Belief, depth: Depth) -> Iterator[tuple[str, str]]:
    """A heading and a text for how a belief was read and for what it leaves open, safe to print."""
    yield "How this belief was read", _HOW[belief.source][depth == "researcher"]
    facts = list(_facts(chain, belief))
    if facts:
        yield "What stays open", "\n".join(facts)


def _facts(chain: Chain, belief: Belief) -> Iterator[str]:
    if belief.caption and belief.source != "exact":
        yield f"  this one: {printable(belief.caption, 200)}"
    if belief.draws is not None:
        read, asked = belief.draws
        yield f"  {read} of {asked} answers could be read"
    if belief.entropy_range is not None:
        low, high = belief.entropy_range
        yield f"  so many answers can show an entropy from {low:.2f} to {high:.2f} nats only, whatever the model believes"
    if belief.unobserved is not None and np.any(belief.unobserved > 0):
        factors = chain.task.space.factors
        parts = (
            f"{printable(factor.name, 40)} {percents_text(0.0, float(left)).removeprefix('0–')}"
            for factor, left in zip(factors, belief.unobserved, strict=True)
        )
        yield f"  not observed, at most: {', '.join(parts)}"
    if belief.other is not None and np.any(belief.other > 0):
        yield f"  words that begin no state: at most {percents_text(0.0, float(belief.other.max())).removeprefix('0–')}"
    for note in belief.notes:
        yield f"  {printable(note, 200)}"
