"""iicl-tui predict CONFIG|PRESET|FILE|DIR"""

from __future__ import annotations

import argparse
import copy
import math
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from iicl_tui.agents.bayesian import BayesianAgent
from iicl_tui.bayes.inference import total_variation
from iicl_tui.chain.config import ChainConfig, assign, read_config
from iicl_tui.charts.numbers import probability_text
from iicl_tui.commands.common import reading_outside
from iicl_tui.errors import ConfigError
from iicl_tui.present.sources import read_source, with_lines
from iicl_tui.store import toml_lines
from iicl_tui.store.array_cache import ArrayCache
from iicl_tui.store.paths import cache_folder
from iicl_tui.store.session import SessionFile
from iicl_tui.study.theory.prediction import Prediction, compare, predict
from iicl_tui.text import printable, rounded_up

Array = NDArray[np.float64]

MOST_ROWS = 20
MOST_RULES = 8


def main(arguments: argparse.Namespace) -> int:
    """Prints the distribution of each generation, where the chain ends, and how fast. Raises LabError."""
    if Path(arguments.source).is_dir():
        from iicl_tui.commands import predict_own

        for line in predict_own.lines(Path(arguments.source)):
            print(printable(line))
        return 0
    config, happened = _read(arguments)
    if not all(agent.exact for agent in config.agents):
        from iicl_tui.commands.predict_own import needs_chains

        raise needs_chains(config, arguments.source)
    cache = ArrayCache(cache_folder() / "predictions")
    shown = None if arguments.quiet or not sys.stderr.isatty() else _progress()
    found = predict(
        config,
        arguments.generations,
        chains=arguments.chains,
        exact=False if arguments.simulate else None,
        cache=cache,
        progress=shown,
    )
    if shown is not None:
        print("\r" + " " * 40 + "\r", end="", file=sys.stderr)
    for line in [*_head(found), "", *_generations(found), "", *_end(found), *_beside(found, happened)]:
        print(printable(line))
    return 0


def _read(arguments: argparse.Namespace) -> tuple[ChainConfig, list[int]]:
    """The configuration, and the hypotheses of the generations on record."""
    text, name, folder = read_source(arguments.source)
    document = copy.deepcopy(toml_lines.parse(text, name))
    happened: list[int] = []
    if document.pop("generation", None) is not None and not arguments.assignments:
        with SessionFile.open(folder / name if folder else name, read_only=True) as file:  # type: ignore[arg-type]
            if file.damage is not None:
                print(printable(file.damage), file=sys.stderr)
            happened = [generation.hypothesis for generation in file.generations if generation.interaction is not None]
            return file.config, happened
    document.pop("parent", None)
    for assignment in arguments.assignments:
        assign(document, assignment)
    try:
        return reading_outside(name, arguments.outside, lambda: read_config(document, folder)), happened
    except ConfigError as error:
        given = [assignment.partition("=")[0].strip() for assignment in arguments.assignments]
        raise with_lines(error, text, name, given) from None


def _progress() -> Callable[[float], None]:
    last = [-1]

    def show(share: float) -> None:
        if int(100 * share) != last[0]:
            last[0] = int(100 * share)
            print(f"\r{last[0]} % computed", end="", file=sys.stderr, flush=True)

    return show


def _head(found: Prediction) -> list[str]:
    config = found.config
    agents = ", then ".join(agent.describe() for agent in config.agents)
    filters = " + ".join(each.kind for each in config.filters) or "no filter"
    lines = [config.title, f"{agents} · {filters} · M = {config.task.samples} · {config.task.space.size:,} hypotheses"]
    if found.exact:
        return [*lines, "Exact: by the matrix of all transitions from one hypothesis to the next."]
    error = rounded_up(found.errors.max(), 3)
    return [
        *lines,
        f"Simulated with {found.chains:,} chains: each distribution is within {error} (total variation) with probability .95.",
        f"No exact result: {found.why_simulated}",
    ]


def _generations(found: Prediction) -> list[str]:
    """A table: a row a generation, the first ones and then ever fewer."""
    start, stationary = found.config.start, found.stationary
    names = ["generation", "P(h*)", *(["P(ĥ)"] if start.rival is not None else []), "entropy"]
    names += ["to the end"] if stationary is not None else []
    names += ["stopped"] if found.stopped.max() > 1e-9 else []
    rows = [names]
    for t in _some(len(found.distributions)):
        p = found.distributions[t]
        row = [str(t + 1), _text(p[start.target])]
        row += [_text(p[start.rival])] if start.rival is not None else []
        row.append(f"{0.0 - float((p[p > 0] * np.log(p[p > 0])).sum()):.3f}")
        row += [f"{total_variation(p, stationary):.2g}"] if stationary is not None else []
        row += [_text(float(found.stopped[t]))] if "stopped" in names else []
        rows.append(row)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    notes = ["Entropy of the distribution of hᵗ in nats."]
    notes += ["To the end: total variation to the stationary distribution."] if stationary is not None else []
    return [*lines, " ".join(notes)]


def _text(p: float) -> str:
    return probability_text(math.log(p)) if p > 0 else "0"


def _some(generations: int) -> list[int]:
    """At most so many generations: all, or the first ones and then ever fewer, and the last."""
    if generations <= MOST_ROWS:
        return list(range(generations))
    return sorted({*range(5), *(round(t) for t in np.geomspace(5, generations - 1, MOST_ROWS - 5))})


def _end(found: Prediction) -> list[str]:
    if not found.exact:
        return ["The most probable rules in the last generation:", *_rules(found, found.distributions[-1])]
    stationary, ends = found.stationary, found.ends
    assert ends is not None
    lines: list[str] = []
    if stationary is not None and len(ends.classes[0]) > 1:
        lines += ["In the long run, whatever it began with, each rule has its stationary probability:", *_rules(found, stationary)]
        agent = found.config.agents[0]
        assert isinstance(agent, BayesianAgent)
        distance = total_variation(stationary, np.exp(agent.log_prior))
        same = "It is the prior." if distance < 1e-8 else f"Its distance from the prior is {distance:.4f} (total variation)."
        lines.append(same)
    elif ends.classes:
        lines += _absorbed(found)
    if not ends.classes or ends.chances.sum() < 1 - 1e-9:
        lines.append(f"The chain stops for good with probability {_text(float(1 - ends.chances.sum()))}.")
    if found.relaxation is not None and stationary is not None:
        lines.append(
            f"|λ₂| = {found.second_eigenvalue:.6f}: in the end the distance falls to 1/e every {found.relaxation:.3g} generations."
        )
    return lines


def _absorbed(found: Prediction) -> list[str]:
    ends = found.ends
    assert ends is not None
    assert found.law is not None
    single = sum(len(members) == 1 for members in ends.classes)
    held = "1 rule holds the chain for ever once it is" if single == 1 else f"{single} rules hold the chain for ever once they are"
    lines = [f"{held} reached"]
    lines[0] += f", and {len(ends.classes) - single} sets of rules." if len(ends.classes) > single else "."
    lines.append(
        f"It takes {1 + len(found.law.turns) * ends.generations:.3g} generations on average until it is held. Then it is at"
    )
    return [*lines, *_rules(found, ends.chances @ ends.distributions)]


def _rules(found: Prediction, p: Array) -> list[str]:
    order = np.argsort(-p, kind="stable")[:MOST_RULES]
    marks = {found.config.start.target: "  (h*)", found.config.start.rival: "  (ĥ)"}
    return [f"  {_text(float(p[h])):>8}  {found.config.task.rule(int(h))}{marks.get(int(h), '')}" for h in order if p[h] > 0]


def _beside(found: Prediction, happened: list[int]) -> list[str]:
    """What is on record beside what was predicted."""
    if not happened:
        return []
    counts = np.bincount(happened, minlength=found.config.task.space.size)
    mean = found.distributions[: len(happened)].mean(axis=0)
    against = [("the predicted generations", mean)] + (
        [("the stationary distribution", found.stationary)] if found.stationary is not None else []
    )
    lines = ["", f"On record: {len(happened)} generation{'s' if len(happened) != 1 else ''}. Total variation of their hᵗ from"]
    for name, p in against:
        assert p is not None
        beside = compare(counts, p)
        lines.append(f"  {name}: {beside.distance:.3f}; at most {rounded_up(beside.expected, 3)} is expected of independent draws")
    return [*lines, "Neighbouring generations are alike, so that more than that is no sign of another law."]
