"""How often the intervals of a twin hold the truth, over many chains of one known agent (default 200).

Prints how often sampler and maximiser are told apart by the choices from known beliefs; then, of fits to the learned rules alone,
for each parameter the share of intervals that hold the truth (95 % is wanted) and the mean error.

    .venv/bin/python tests/benchmarks/calibrate_twin.py [SEEDS] [GENERATIONS]
"""

from __future__ import annotations

import asyncio
import math
import sys
from collections import Counter
from dataclasses import replace

import numpy as np

from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.study.theory.fit import fit_agent
from iicl_tui.study.theory.twin import twins

WEIGHTS = {"A": (1, 4, 1), "screen": (1, 6, 2)}
NOISE, TEMPERATURE = 0.1, 0.7


async def main() -> None:
    """Prints the figures."""
    seeds, generations = (int(given) for given in (*sys.argv[1:], *("200", "40")[len(sys.argv) - 1 :]))
    prior = {name: dict(zip(("on", "off", "und"), weights, strict=True)) for name, weights in WEIGHTS.items()}
    for choose in ("sample", "map"):
        agent = {"prior": prior, "noise": NOISE, "temperature": TEMPERATURE, "choose": choose}
        config = read_config({"chain": {"generations": generations}, "agent": [agent]})
        space = config.task.space
        truths = {"β": math.log((1 - NOISE) * 2 / NOISE) / TEMPERATURE}
        for factor in space.factors:
            logs = np.log(WEIGHTS.get(factor.name, (1, 1, 1))) / TEMPERATURE
            truths |= {f"{factor.name} {value}": float(w) for value, w in zip(factor.values, logs - logs.mean(), strict=True)}
        held, errors, verdicts, taus, noises = Counter[str](), Counter[str](), Counter[str](), 0, 0
        for seed in range(seeds):
            chain = Chain(replace(config, seed=seed))
            await chain.run()
            (twin,) = twins(chain)
            assert twin.choosing is not None
            verdicts[twin.choosing.verdict] += 1
            noises += twin.noise.low <= NOISE <= twin.noise.high
            taus += twin.temperature.low <= TEMPERATURE <= twin.temperature.high
            if choose == "map":
                continue
            chosen = [generation.imitation.hypothesis for generation in chain.generations]
            data = [chain.data(t) for t in range(generations)]
            wrong = np.array([len(each) - chain.task.explained(each) for each in data], dtype=np.float64)
            fit = fit_agent(np.eye(space.size)[chosen], wrong, space.codes)
            found = {"β": fit.beta}
            for factor, weights in zip(space.factors, fit.weights, strict=True):
                found |= {f"{factor.name} {value}": weight for value, weight in zip(factor.values, weights, strict=True)}
            for name, truth in truths.items():
                held[name] += found[name].low <= truth <= found[name].high
                errors[name] += found[name].value - truth  # type: ignore[assignment]
        print(f"choose = {choose}: {dict(verdicts)}; ε held {noises / seeds:.1%}, τ held {taus / seeds:.1%}")
        for name, truth in truths.items() if choose == "sample" else ():
            print(f"  {name:12} true {truth:6.2f}  mean error {errors[name] / seeds:+.2f}  held {held[name] / seeds:.1%}")


if __name__ == "__main__":
    asyncio.run(main())
