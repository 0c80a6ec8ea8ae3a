"""Estimates what the calls of a whole study will cost."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from itertools import islice, product
from math import prod

from iicl_tui.agents.base import UsageEstimate
from iicl_tui.chain.estimate import Estimate, estimate
from iicl_tui.study.study_file import Study

MOST_CONDITIONS = 400
"""Conditions that are estimated one by one; of more, these stand for all."""


def total(study: Study, count: int) -> Estimate:
    """The estimate for this many of a study's chains, run from the beginning.

    Each condition is estimated with its first seed, and counts as often as its share of the chains.
    """
    steps = [(0,) if axis.is_seed else range(len(axis)) for axis in study.axes]
    found = [estimate(study.config(study.plan(study.index(each)))) for each in islice(product(*steps), MOST_CONDITIONS)]
    whole = reduce(Estimate.__add__, found)
    share = count / min(prod(map(len, steps)), MOST_CONDITIONS)
    work = UsageEstimate(*(round(share * each) for each in (whole.work.calls, whole.work.prompt, whole.work.completion)))
    return replace(whole, work=work, dollars=share * whole.dollars)
