"""Warns before the first call of a temperature that does not work, or of which that is not known."""

from __future__ import annotations

from collections.abc import Sequence

from iicl_tui.agents.calls import Call
from iicl_tui.chain.config import ChainConfig


def temperature_warnings(config: ChainConfig, calls: Sequence[Call] = ()) -> tuple[str, ...]:
    """The warnings of all agents, each once.

    Args:
        config: The chain's configuration.
        calls: Its calls so far.
    """
    turns = len(config.agents)
    found = []
    for turn, agent in enumerate(config.agents):
        warn = getattr(agent, "temperature_warning", None)  # only models have one
        if warn is not None:
            found.append(warn([call for call in calls if (call.generation - 1) % turns == turn]))
    return tuple(dict.fromkeys(filter(None, found)))
