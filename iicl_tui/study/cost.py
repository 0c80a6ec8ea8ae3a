"""Estimates what the calls of a whole study will cost, and says whether a person should be asked before they are made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from functools import reduce
from itertools import islice, product
from math import prod

from iicl_tui.agents.access import is_loopback
from iicl_tui.agents.base import Agent, UsageEstimate
from iicl_tui.chain.estimate import Estimate, estimate
from iicl_tui.study.study_file import Study

MOST_CONDITIONS = 400
"""Conditions that are estimated one by one; of more, these stand for all."""

MOST_CALLS = 1_000
"""Paid calls that are made without asking the person."""


def total(study: Study, count: int, conditions: int = MOST_CONDITIONS) -> Estimate:
    """The estimate for this many of a study's chains, run from the beginning.

    Each condition is estimated with its first seed, and counts as often as its share of the chains.

    Args:
        conditions: Conditions that are estimated one by one; of more, the first ones stand for all.
    """
    steps = [(0,) if axis.is_seed else range(len(axis)) for axis in study.axes]
    found = [estimate(study.config(study.plan(study.index(each)))) for each in islice(product(*steps), conditions)]
    whole = reduce(Estimate.__add__, found)
    share = count / min(prod(map(len, steps)), conditions)
    work = UsageEstimate(*(round(share * getattr(whole.work, field.name)) for field in fields(UsageEstimate)))
    return replace(whole, work=work, dollars=share * whole.dollars)


def uses_models(study: Study) -> bool:
    """Whether any chain has an agent that is no exact one."""
    return any(not agent.exact for agent in _agents(study))


def costs_money(study: Study) -> bool:
    """Whether any chain has a model that is not known to be free: one on this machine is, and one whose price is 0."""
    return any(not agent.exact and not _is_free(agent) for agent in _agents(study))


def _is_free(agent: Agent) -> bool:
    here = agent.credential is not None and agent.credential.base_url is not None and is_loopback(agent.credential.base_url)
    return here or (agent.price is not None and agent.price.input == agent.price.output == 0)


def _agents(study: Study) -> Iterator[Agent]:
    """The agents of the first chain of each step of each axis, which tell what kinds there are."""
    found, block = [0], study.count
    for axis in study.axes:
        block //= len(axis)
        if not axis.is_seed:
            found += [step * block for step in range(1, len(axis))]
    for index in found:
        yield from study.config(study.plan(index)).agents
