"""Recomputes every figure that a preset of E1, E2 or E3 takes from many chains, with its standard error.

    python tests/benchmarks/preset_figures.py            # checks the texts of the presets; exit code 1 if one has another figure
    python tests/benchmarks/preset_figures.py e3         # only those whose names begin so
    python tests/benchmarks/preset_figures.py --write    # writes the E2 presets of all bias levels

Takes about five minutes on one core. A figure is the mean of the chains ± its standard error, the standard deviation over √n.
"""

from __future__ import annotations

import asyncio
import copy
import sys
import textwrap
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.metrics import Measures, measure
from iicl_tui.store.presets import FOLDER, load
from iicl_tui.tasks.acre.bias import BIASES, doublings

PAPERS_SEEDS = (10086, 42, 1314, 1024, 14843, 916)
E2_SEEDS, E3_SEEDS = range(200), range(100)


@dataclass(frozen=True)
class Runs:
    """What came out of a preset's chains, one row a chain and one column a generation."""

    entropy: NDArray[np.float64]
    off: NDArray[np.float64]
    explained: NDArray[np.float64]
    both: NDArray[np.float64]


def run(document: dict[str, Any], seed: int) -> tuple[Chain, Measures]:
    """One chain of a configuration with this seed."""
    document = copy.deepcopy(document)
    document["chain"]["seed"] = seed
    chain = Chain(read_config(document))
    asyncio.run(chain.run())
    return chain, measure(chain)


def runs(document: dict[str, Any], seeds: Iterable[int]) -> Runs:
    """The chains of a configuration with these seeds."""
    found = []
    for seed in seeds:
        chain, measures = run(document, seed)
        focus = chain.task.focus
        length = len(measures)
        off = measures.marginals[focus][:, 1] if focus is not None else np.full(length, np.nan)
        found.append((measures.entropy, off, measures.explained, measures.both))
    return Runs(*(np.array(column, dtype=np.float64) for column in zip(*found, strict=True)))


def mean_text(values: NDArray[np.float64]) -> str:
    """The mean ± its standard error: ".946 ± .008". Both have as many decimals as the error needs for one digit, two or three."""
    mean, error = float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))
    if error == 0:
        return f"{mean:g} ± 0"
    digits = 3 if error < 0.0095 else 2
    return f"{_number(mean, digits)} ± {_number(error, digits) if error >= 0.0005 else '< .001'}"


def share_text(values: NDArray[np.float64]) -> str:
    """How many of the chains, with the standard error of that number: "83 ± 4 of 100 chains"."""
    count, n = round(float(values.sum())), len(values)
    error = float(values.std(ddof=1) * np.sqrt(n))
    return f"{count} ± {round(error)} of {n} chains"


def _number(value: float, digits: int = 2) -> str:
    text = f"{value:.{digits}f}"
    return text.removeprefix("0") if abs(value) < 1 and float(text) < 1 else text


def listed(values: Sequence[float]) -> str:
    """ ".94, 1.00, .92, .94" """
    return ", ".join(_number(float(value)) for value in values)


def document_of(name: str) -> dict[str, Any]:
    """The tables of a preset."""
    return tomllib.loads(load(name).text)


# -- the claims of the presets ---------------------------------------------------------------------------------------------


def e1(name: str) -> list[str]:
    """Entropy in the first and in the last generation, over the paper's seeds."""
    found = runs(document_of(name), PAPERS_SEEDS)
    return [f"it is {mean_text(found.entropy[:, 0])} at first and {mean_text(found.entropy[:, -1])} at the end"]


def e1_hidden(name: str) -> list[str]:
    """Entropy with hidden rules, beside that with stated ones."""
    hidden, stated = (runs(document_of(each), range(100)) for each in (name, "e1-temperature-1"))
    first, last, other = (mean_text(values) for values in (hidden.entropy[:, 0], hidden.entropy[:, -1], stated.entropy[:, -1]))
    return [f"the entropy is {first} nats in generation 1 and {last} in generation 6", f"it is {other} in generation 6"]


def e2(name: str) -> list[str]:
    """The whole text: it is made of the figures."""
    likelihood, _, level = name.removeprefix("e2-").partition("-")
    return [e2_summary(likelihood, level)]


def e3(name: str) -> list[str]:
    """How many of d⁰'s eight examples generation 4 explains, and in how many chains it does BOTH."""
    found = runs(document_of(name), E3_SEEDS)
    last = found.explained[:, -1]
    mean = "all 8 in every chain" if (last == 8).all() else f"{mean_text(last)} of 8"
    return [f"generation 4 explains {mean}", share_text(found.both[:, -1])]


E2_RULES = {"strong": (0, "Rule h000: every object is on."), "weak": (33, "Rule h033: A on, B off, C undetermined, D off.")}
"""The notebooks' number of ĥ, and what the preset says of it."""

E2_LEVELS = BIASES


@cache
def e2_runs(likelihood: str, level: str, temperature: float) -> Runs:
    """The chains of one condition."""
    document = tomllib.loads(e2_tables(likelihood, level))
    document["agent"][0]["temperature"] = temperature
    return runs(document, E2_SEEDS)


def e2_tables(likelihood: str, level: str) -> str:
    """The preset's tables."""
    number, _ = E2_RULES[likelihood]
    levels = " | ".join(BIASES)
    return f'''[chain]
title = "E2 spurious bias · {level} · h{number:03d}"
task = "acre"
generations = 4
seed = 42
lookback = 1 # datasets

[task]
objects = ["A", "B", "C", "D", "screen"]
hypothesis = {number}
initial = 4
samples = 4
draw = "overlap"
spurious = "screen"
bias = "{level}" # {levels}

[[agent]]
kind = "bayes"
choose = "sample"
temperature = 1.0
'''


def e2_summary(likelihood: str, level: str) -> str:
    """The preset's text, as `presets` reads it."""
    number, rule = E2_RULES[likelihood]
    words = "no bias" if level == "none" else f"{level.replace('-', ' ')} bias"
    off = run(tomllib.loads(e2_tables(likelihood, level)), 42)[1].marginals[4][:, 1]
    sampled, sharper = (e2_runs(likelihood, level, temperature) for temperature in (1.0, 0.5))
    weight = 2 ** doublings(level)
    if level == "none":
        first = "Nothing favours a state of the screen here: the level to compare the others with."
    else:
        first = f'The bias weighs "screen off" {weight} times as much as each other state.'
    if level == "none":
        amplified = "Without noise and bias a temperature changes nothing, since all rules that explain the data are equally likely"
    else:
        amplified = "An agent that draws from its posterior takes the bias over and does not add to it"
    other = (
        "The paper's text has h001 in its place, with the screen undetermined in ĥ: --set task.hypothesis=1. h*, d⁰ and every "
        "belief stay as they are; only the mark of ĥ moves."
        if number == 0
        else "A weak likelihood leaves more rules open than a strong one (e2-strong), so that the prior decides more."
    )
    paragraphs = [
        f"A spurious bias against a {likelihood} likelihood: {words}.",
        "Four examples start the chain, and both h* (screen off) and ĥ (screen the cause too) explain them, so that only the "
        f"bias can tell the two apart. {rule} Edit `bias` to see the other levels: each of the six doubles the weight of "
        '"screen off", and a pair such as none/strong names the sentences before and after the data, which for an exact agent '
        "are a weight, too.",
        "Each agent also sees the dataset before the last (lookback = 1, which counts datasets): as in the notebooks, whose 2 "
        "counts answers, two a generation.",
        f"{first} With seed 42, P(screen off) is {listed(off.tolist())} over the four generations. Over seeds 0–199 it is "
        f"{mean_text(sampled.off[:, 0])} in generation 1 and {mean_text(sampled.off[:, -1])} in generation 4 (mean ± standard "
        f"error of 200 chains), while h explains {mean_text(sampled.explained[:, 0])} of d⁰'s four examples in generation 1 and "
        f"{mean_text(sampled.explained[:, -1])} in generation 4. {amplified}. With temperature = 0.5, P(screen off) is "
        f"{mean_text(sharper.off[:, 0])} in generation 1 and {mean_text(sharper.off[:, -1])} in generation 4.",
        other,
    ]
    return "\n\n".join(paragraphs)


def e2_text(likelihood: str, level: str) -> str:
    """The preset's file."""
    lines: list[str] = []
    for paragraph in e2_summary(likelihood, level).split("\n\n"):
        wrapped = textwrap.wrap(paragraph, 52, break_long_words=False, break_on_hyphens=False)
        lines += [*(["#"] if lines else []), *(f"# {line}" for line in wrapped)]
    return "\n".join(lines) + "\n\n" + e2_tables(likelihood, level)


CLAIMS: dict[str, Callable[[str], list[str]]] = {
    **{f"e1-temperature-{temperature}": e1 for temperature in ("1", "0.5", "0.1")},
    "e1-hidden": e1_hidden,
    **{f"e2-{likelihood}-{level}": e2 for likelihood in E2_RULES for level in E2_LEVELS},
    **{f"e3-{name}": e3 for name in ("none", "effective-set", "self-refine", "hypothesis-search")},
}
"""What the texts of the presets must say."""


def main(arguments: Sequence[str]) -> int:
    """Checks the texts, or writes those of E2. Returns the exit code."""
    if "--write" in arguments:
        for likelihood in E2_RULES:
            for level in E2_LEVELS:
                path = FOLDER / f"e2-{likelihood}-{level}.toml"
                path.write_text(e2_text(likelihood, level), encoding="utf-8")
                print(path.name, flush=True)
        return 0
    wrong = 0
    for name, claims in CLAIMS.items():
        if arguments and not name.startswith(tuple(arguments)):
            continue
        said = " ".join(load(name).summary.split())
        for claim in claims(name):
            there = " ".join(claim.split()) in said
            wrong += not there
            print(f"{name}: {'ok' if there else 'should say'}: {claim}", flush=True)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
