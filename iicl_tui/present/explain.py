"""Explains how a belief came about: this chain's numbers put into Bayes' rule, example by example, in odds and in bits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import exp, inf, isfinite, log
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from iicl_tui.agents.bayesian import BayesianAgent
from iicl_tui.chain.engine import Chain
from iicl_tui.charts.numbers import percent_text
from iicl_tui.text import printable, superscript

Array = NDArray[np.float64]
Depth = Literal["newcomer", "researcher"]

DEPTHS: tuple[Depth, ...] = ("newcomer", "researcher")
_LN2 = log(2.0)
_WEAK = 0.05
"""Bits below which an example is said to say nothing about a claim."""


class Claim(NamedTuple):
    """Something that may be true of the rule: that it is this one, or that an object has this state.

    Attributes:
        text: In words.
        members: (H,) The hypotheses of which it is true.
    """

    text: str
    members: NDArray[np.bool_]


class Step(NamedTuple):
    """What one example, or the agent's temperature, did to a claim.

    Attributes:
        text: The example, or the temperature.
        odds: log₂ of the claim's odds after it.
        bits: log₂ of (odds after / odds before); inf if it made the claim certain, −inf if impossible.
    """

    text: str
    odds: float
    bits: float

    @property
    def after(self) -> float:
        """The claim's probability after it."""
        return _share(self.odds)


@dataclass(frozen=True)
class Explanation:
    """How a claim's probability came about.

    Attributes:
        prior_bits: log₂ of its odds before any data.
        steps: One for each example seen, in order, then one for the temperature if that is not 1.
        noise: ε of the agent.
    """

    claim: str
    generation: int
    prior_bits: float
    steps: tuple[Step, ...]
    noise: float

    @property
    def prior(self) -> float:
        """The claim's probability before any data."""
        return _share(self.prior_bits)

    @property
    def posterior(self) -> float:
        """The claim's probability in the agent's belief."""
        return self.steps[-1].after if self.steps else self.prior


def claim_of_rule(chain: Chain, hypothesis: int) -> Claim:
    """The claim that the rule is this one."""
    members = np.zeros(chain.task.space.size, dtype=np.bool_)
    members[hypothesis] = True
    return Claim(printable(chain.task.rule(hypothesis), 200), members)


def claim_of_value(chain: Chain, grouping: int, value: int) -> Claim:
    """The claim that the rule has this value in a grouping, such as screen off."""
    split = chain.task.space.groupings[grouping]
    return Claim(printable(f"{split.name} {split.values[value]}", 80), split.codes == value)


def explain(chain: Chain, generation: int, claim: Claim) -> Explanation | None:
    """How a generation's agent came to believe a claim; None if its belief is not computed by Bayes' rule, or is empty.

    The odds of a claim, P : 1 − P, change with each example by the ratio of how likely the example is if the claim is true to how
    likely it is if not, given all examples before it. A temperature τ then raises every P(h | d) to 1/τ.
    """
    agent = chain.agent(max(generation, 1))
    if not isinstance(agent, BayesianAgent):
        return None
    seen = [example for dataset in chain.rounds(generation) for example in dataset] if generation else []
    joint = np.asarray(agent.log_prior, dtype=np.float64)
    bits = prior_bits = _odds(joint, claim.members)
    steps: list[Step] = []
    for example in seen:
        joint = joint + agent.task.log_likelihood([[example]], agent.noise)[0]
        if not np.isfinite(joint.max()):
            return None
        before, bits = bits, _odds(joint, claim.members)
        steps.append(Step(printable(agent.task.example_text(example), 80), bits, _change(before, bits)))
    if agent.temperature != 1.0:
        before, bits = bits, _odds(joint / agent.temperature, claim.members)
        steps.append(Step(f"temperature {agent.temperature:g}", bits, _change(before, bits)))
    return Explanation(claim.text, generation, prior_bits, tuple(steps), agent.noise)


def lines(told: Explanation, depth: Depth) -> Iterator[str]:
    """The explanation as text, one step a line."""
    yield from _for_newcomers(told) if depth == "newcomer" else _for_researchers(told)


def _for_newcomers(told: Explanation) -> Iterator[str]:
    yield f"{told.claim}: how agent {max(told.generation, 1)} came to give it {percent_text(told.posterior)}"
    yield ""
    yield f"  before any data         {percent_text(told.prior):>6}   what the agent leans to by itself"
    for step in told.steps:
        yield f"  {step.text:<22}  {percent_text(step.after):>6}   {_in_words(step)}"
    if not told.steps:
        yield "  It has seen no data yet."


def _in_words(step: Step) -> str:
    if step.text.startswith("temperature"):
        return "the agent trusts the likelier more than it must" if abs(step.bits) >= _WEAK else "changes little here"
    if step.bits == -inf:
        return "rules it out"
    if step.bits == inf:
        return "rules out everything else"
    if not isfinite(step.bits) or abs(step.bits) < _WEAK:
        return "says nothing about it"
    times = 2.0 ** abs(step.bits)
    if step.bits > 0:
        return f"for it: odds multiplied by {times:.3g}"
    return f"against it: odds divided by {times:.3g}"


def _for_researchers(told: Explanation) -> Iterator[str]:
    given = f"d{superscript(told.generation - 1)}" if told.generation else "no data"
    yield f"P({told.claim} | {given}) = {told.posterior:.4g}, by Bayes' rule in odds; ε = {told.noise:g}"
    yield ""
    yield f"  {'log₂ odds':>32}  {'change':>8}  {'P':>8}"
    yield f"  {'prior':<22}{_number(told.prior_bits):>10}  {'':>8}  {told.prior:8.4f}"
    for step in told.steps:
        yield f"  {step.text:<22}{_number(step.odds):>10}  {_number(step.bits, True):>8}  {step.after:8.4f}"
    yield ""
    yield "  change = log₂ P(example | claim, examples before) / P(example | not claim, examples before), in bits;"
    yield "  a temperature τ raises each P(h | d) to 1/τ and renormalises."


def _number(bits: float, signed: bool = False) -> str:
    if not isfinite(bits):
        return "∞" if bits > 0 else "−∞" if bits < 0 else "–"
    return f"{bits:+.2f}" if signed else f"{bits:.2f}"


def _odds(joint: Array, members: NDArray[np.bool_]) -> float:
    """log₂ of the odds of the members, from (H,) log weights; ±inf if one side has no weight."""
    return (_log_sum(joint[members]) - _log_sum(joint[~members])) / _LN2 if members.any() and not members.all() else inf


def _log_sum(weights: Array) -> float:
    top = float(weights.max(initial=-inf))
    return top + log(float(np.exp(weights - top).sum())) if isfinite(top) else -inf


def _share(bits: float) -> float:
    """The probability whose odds have this log₂."""
    return 0.0 if bits == -inf else 1.0 / (1.0 + exp(min(-bits * _LN2, 700.0)))


def _change(before: float, after: float) -> float:
    """The difference of two log₂ odds; 0 between equal infinities."""
    return 0.0 if before == after else after - before
