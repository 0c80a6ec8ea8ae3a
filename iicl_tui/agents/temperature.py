"""What is known of a model's temperature before it is asked."""

from __future__ import annotations

from collections.abc import Sequence

from iicl_tui.agents.calls import Call
from iicl_tui.agents.model_names import known_sampling
from iicl_tui.agents.probes import stage_of_calls
from iicl_tui.text import printable


def temperature_warning(
    kind: str, model: str, temperature: float | None, effort: str | None, official: bool, calls: Sequence[Call]
) -> str:
    """Says if a model's temperature does not work, or if that is not known; "" if it works or is 1.

    Args:
        kind: The agent's kind.
        model: The model's name.
        temperature: The agent's temperature.
        effort: Its `reasoning-effort`.
        official: Whether the provider's own server is asked.
        calls: The agent's calls so far.
    """
    name = printable(model, 80)
    if temperature is None or temperature == 1 or kind == "embedded":
        return ""
    if any("temperature" in call.without for call in calls):
        return f"{name} does not take a temperature: its replies are not at τ = {temperature:g}."
    known = known_sampling(kind, model, official)
    if known == "refuses":
        return f"{name} is known to take no temperature: its replies will not be at τ = {temperature:g}."
    if known == "without-reasoning" and effort != "none":
        return f'{name} takes a temperature only with reasoning-effort = "none": its replies will not be at τ = {temperature:g}.'
    if known != "unknown" or stage_of_calls(calls) == "after":
        return ""
    return f"It is not known whether {name} heeds the temperature {temperature:g}; `iicl-tui doctor` asks it."
