"""iicl-tui twin FILE"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

from iicl_tui.chain.history import ChainHistory
from iicl_tui.errors import LabError
from iicl_tui.store.session import SessionFile
from iicl_tui.study.theory.fit import KNOWN, SIGMA, Choosing, Estimate
from iicl_tui.study.theory.prediction import predict
from iicl_tui.study.theory.twin import Twin, twins, with_twins
from iicl_tui.text import outwards, printable


def main(arguments: argparse.Namespace) -> int:
    """Prints the Bayesian agents that are most like those of a session, and what they would do. Raises LabError."""
    with SessionFile.open(Path(arguments.file), read_only=True) as file:
        if file.damage is not None:
            print(printable(file.damage), file=sys.stderr)
        chain = ChainHistory(file.config, file.generations, file.calls)
        found = twins(chain)
        lines = [file.config.title]
        for twin in found:
            lines += ["", *describe(chain, twin)]
        lines += ["", *_forecast(chain, found, arguments.generations)]
    for line in lines:
        print(printable(line))
    return 0


def describe(chain: ChainHistory, twin: Twin) -> list[str]:
    """One agent's twin, in words."""
    fit, space = twin.fit, chain.task.space
    where = {
        "beliefs": "its beliefs",
        "draws": "the hypotheses drawn to estimate its beliefs",
        "choices": "the hypotheses it learned",
    }
    lines = [
        f"Agent {twin.turn + 1}, {chain.config.agents[twin.turn].describe()}: fitted to {where[twin.evidence]} in "
        f"{len(twin.generations)} generations.",
        f"  β = {fit.beta.text} nats a wrong example: how much the data count, λ/τ"
        + ("" if fit.beta.low > 0 else "; perhaps not at all"),
        _noise(twin),
        _temperature(twin.temperature),
        f"  Tempered prior, log weights against the mean of each row (penalised: standard deviation {SIGMA:g}):",
    ]
    width = max(len(factor.name) for factor in space.factors)
    for factor, weights in zip(space.factors, fit.weights, strict=True):
        values = "   ".join(f"{value} {weight.text}" for value, weight in zip(factor.values, weights, strict=True))
        lines.append(f"    {factor.name:<{width}}  {values}")
    if not fit.informed:
        lines.append("  The data cannot tell these weights: most of them may be wrong by a factor of 7 or more.")
    lines.append(f"  Mean distance between the twin's beliefs and {where[twin.evidence]}: {fit.distance:.3f} (total variation).")
    if fit.p_value is not None:
        fits = "the twin could have drawn these" if fit.p_value >= 0.05 else "the twin would hardly have drawn these"
        lines.append(f"  Goodness of fit: {fits} (p = {fit.p_value:.3f}, χ² over rules, simulated).")
    else:
        lines.append(f"  Known beliefs count as {KNOWN:,.0f} draws each; intervals come from the spread over generations.")
    return [*lines, _choosing(twin.choosing)]


def _noise(twin: Twin) -> str:
    samples, wrong = twin.made
    if not samples:
        return "  ε: no samples on record."
    return f"  ε = {twin.noise.text}: its rule contradicts {wrong} of the {samples} samples that it made"


def _temperature(tau: Estimate) -> str:
    if math.isnan(tau.value) or (tau.low <= 0.5 and tau.high >= 2):
        least, most = outwards(tau.low, tau.high, 2)
        least = f"at least {least}" if math.isinf(tau.high) else f"{least} to {most}"
        return f"  τ: the data cannot tell it ({least})."
    return f"  τ = {tau.text}"


def _choosing(choosing: Choosing | None) -> str:
    if choosing is None:
        return "  Sampler or maximiser? Its beliefs are not known well enough to tell."
    words = {
        "sampler": "It chooses as one that samples from its belief",
        "maximiser": "It chooses as one that takes the likeliest rule",
        "neither": "It chooses neither as one that samples nor as one that takes the likeliest rule",
        "cannot tell": "The choices cannot tell whether it samples or takes the likeliest rule",
    }
    least, most = outwards(choosing.gamma.low, choosing.gamma.high, 2)
    return (
        f"  {words[choosing.verdict]}: {choosing.modes} of {choosing.choices} choices are the likeliest rule; P^γ with γ from "
        f"{least} to {most.replace('inf', '∞')}, where 1 is sampling and ∞ the maximum."
    )


def _forecast(chain: ChainHistory, found: tuple[Twin, ...], generations: int | None) -> list[str]:
    """What chains of the twins do from the same d⁰, beside what happened."""
    wanted = len(chain.generations) if generations is None else generations
    try:
        predicted = predict(with_twins(chain.config, found), wanted, chains=2000, exact=False)
    except LabError as error:
        return [f"No forecast: {error.what}"]
    start = chain.start
    names = [("h*", start.target)] + ([("ĥ", start.rival)] if start.rival is not None else [])
    lines = [f"2,000 chains of the twins from the same d⁰, {wanted} generations. The share that has", "generation  " + "  ".join(
        f"{name:>6}" for name, _ in names) + "   the rule that happened"]  # fmt: skip
    for t in range(wanted):
        shares = "  ".join(f"{predicted.distributions[t, rule]:6.3f}" for _, rule in names)
        happened = f"{predicted.distributions[t, chain.generations[t].hypothesis]:.3f}" if t < len(chain.generations) else "-"
        lines.append(f"{t + 1:>10}  {shares}   {happened:>22}")
    return lines
