"""iicl-tui predict DIR: the law of chains by their agents' own beliefs. For models: what it takes to know theirs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from iicl_tui.agents.money import money_text
from iicl_tui.chain.config import ChainConfig
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.estimate import estimate
from iicl_tui.chain.history import ChainHistory
from iicl_tui.charts.numbers import probability_text
from iicl_tui.errors import LabError
from iicl_tui.store.session import SessionFile
from iicl_tui.study.collection import session_files
from iicl_tui.study.theory.own_law import OwnLaw, alike, own_law

MOST_RULES = 8
_CHAINS = 20


def lines(folder: Path) -> Iterator[str]:
    """The law of each condition of a folder. Raises LabError if it has no session with a generation."""
    chains = [chain for path in session_files(folder) if (chain := _read(path)) is not None]
    if not chains:
        raise LabError(f"There is no session with a generation in {folder}", "", "Run a study into it with `iicl-tui sweep`.")
    for place, group in enumerate(alike(chains)):
        if place:
            yield ""
        yield from _of_condition(group)


def _read(path: Path) -> Chain | None:
    try:
        with SessionFile.open(path, read_only=True) as session:
            return Chain(session.config, session.generations, calls=session.calls) if session.generations else None
    except LabError:
        return None


def needs_chains(config: ChainConfig, source: str) -> LabError:
    """Says that a model's law comes from chains of its own, and what they take."""
    one = estimate(config)
    calls, dollars = _CHAINS * one.work.calls, _CHAINS * one.dollars
    cost = f", {money_text(dollars)}" if not one.unpriced else ""
    return LabError(
        "The law of a model comes from chains of its own",
        f"{_CHAINS} chains take about {calls:,} calls{cost}. They are kept, so that nothing is asked twice.",
        f"Make them with `iicl-tui sweep {source} --set chain.seed=1..{_CHAINS} -o DIR`, then `iicl-tui predict DIR`. "
        "`iicl-tui twin FILE` fits the Bayesian agent most like it.",
    )


def _of_condition(chains: Sequence[ChainHistory]) -> Iterator[str]:
    law, config = own_law(chains), chains[0].config
    yield config.title if len(chains) == 1 else f"{config.title}, and {len(chains) - 1} more like it"
    agent = config.agents[0].describe()
    filters = " + ".join(each.kind for each in config.filters) or "no filter"
    yield f"{agent} · {filters} · M = {config.task.samples} · {config.task.space.size:,} hypotheses"
    yield f"Means over {len(chains)} chain{'s' if len(chains) != 1 else ''} of {_source(law)}"
    start = "All from one d⁰." if law.same_start else "Each from a d⁰ of its own, which the first generations depend on."
    yield f"{start} Within: in total variation of the truth, with probability .95."
    yield ""
    yield from _generations(law, config)
    yield ""
    yield from _long_run(law, config)


def _source(law: OwnLaw) -> str:
    if law.known == 1:
        return "the beliefs that the rules were drawn from."
    if law.known == 0:
        return "the rules themselves: the beliefs that they were drawn from are not known, or a filter changed them."
    return f"the beliefs that the rules were drawn from, where they are known ({law.known:.0%}); else of the rules themselves."


def _generations(law: OwnLaw, config: ChainConfig) -> Iterator[str]:
    rival = config.start.rival if law.same_start else None
    names = ["generation", "chains", *(["P(h*)"] if law.same_start else []), *(["P(ĥ)"] if rival is not None else [])]
    rows = [[*names, "entropy", "within"]]
    for t, p in enumerate(law.distributions):
        row = [str(t + 1), str(law.counts[t])]
        row += [_text(p[config.start.target])] if law.same_start else []
        row += [_text(p[rival])] if rival is not None else []
        rows.append([*row, f"{-float((p[p > 0] * np.log(p[p > 0])).sum()):.3f}", f"{law.errors[t]:.3f}"])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    yield from ("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    yield "Entropy of the distribution of hᵗ in nats."


def _long_run(law: OwnLaw, config: ChainConfig) -> Iterator[str]:
    if law.no_rows:
        yield law.no_rows
        return
    there, datasets = int((law.visits > 0).sum()), int(law.visits.sum())
    if not datasets:
        yield "No generation was learned from data of another one, so that nothing is known of T."
        return
    p, leave = law.held()
    yield f"T(h → ·) is known from {datasets} dataset{'s' if datasets != 1 else ''}, of {there} of {len(p):,} rules."
    yield f"It leaves these rules with probability {_text(leave)} a generation. As long as it stays, in the long run:"
    order = np.argsort(-p, kind="stable")[:MOST_RULES]
    yield from (
        f"  {_text(float(p[h])):>8}  {config.task.rule(int(h))}, {law.visits[h]} dataset{'s' if law.visits[h] != 1 else ''}"
        for h in order
        if p[h] > 0
    )


def _text(p: float) -> str:
    return probability_text(math.log(p)) if p > 0 else "0"
