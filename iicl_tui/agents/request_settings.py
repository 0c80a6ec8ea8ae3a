"""How a language model is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from iicl_tui.agents.belief_estimator import BeliefEstimator


@dataclass(frozen=True)
class RequestSettings:
    """How a model is asked.

    Attributes:
        model: The model's name.
        max_tokens: The longest reply, in tokens.
        estimator: How beliefs are estimated.
        temperature: The sampling temperature.
        top_p: The nucleus-sampling threshold.
        seed: Whether a seed from the chain's random numbers is sent, if the API has one.
        schema: Whether replies must follow a JSON schema.
        reasoning_effort: How much the model thinks before it answers; None: as it does by itself.
        choose: Where its hypothesis comes from: "reply", or drawn from the scored belief by "sample" or "map".
    """

    model: str
    max_tokens: int
    estimator: BeliefEstimator
    temperature: float | None = None
    top_p: float | None = None
    seed: bool = True
    schema: bool = False
    reasoning_effort: str | None = None
    choose: Literal["reply", "sample", "map"] = "reply"
