"""How a language model is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

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
        schema_bounds: Whether that schema may bound the lengths and letters of texts. Not all providers take that.
        reasoning_effort: How much the model thinks before it answers; None: as it does by itself.
        plain_text: Whether it continues plain text, as base models do, which follow no instruction.
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
    schema_bounds: bool = False
    plain_text: bool = False


def without_bounds(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON schema without bounds on lengths and letters, which some providers refuse."""
    kept: dict[str, Any] = {key: value for key, value in schema.items() if key not in ("pattern", "minItems", "maxItems")}
    if "items" in kept:
        kept["items"] = without_bounds(kept["items"])
    if "properties" in kept:
        kept["properties"] = {name: without_bounds(part) for name, part in kept["properties"].items()}
    return kept
