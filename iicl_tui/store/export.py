"""Exports a session to other programs, as CSV tables or one JSON document, with all derived quantities."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iicl_tui.agents.beliefs import Belief
from iicl_tui.agents.money import cost
from iicl_tui.chain.bayes_check import BayesCheck, check_models
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.metrics import BLOCK, Measures, measure, so_far
from iicl_tui.chain.records import Generation
from iicl_tui.errors import LabError
from iicl_tui.filters.base import Sample
from iicl_tui.record_tables import CALL, IMITATION, INTERACTION, SAMPLE, TRANSMISSION
from iicl_tui.schema import describe, nearest
from iicl_tui.store import atomic, errors
from iicl_tui.store.format import start_table
from iicl_tui.store.notebook_export import check_other_run, notebook_files, notebook_notices
from iicl_tui.store.session import SessionFile
from iicl_tui.text import as_cell

Array = NDArray[np.float64]

_ROWS_AT_ONCE = 5000


def export(path: Path, to: str, folder: Path, tell: Callable[[str], None] = lambda text: None) -> list[Path]:
    """Exports the session into the folder, and replaces files of an earlier export.

    Args:
        path: The session file.
        to: One of KINDS.
        folder: The folder for the export. It is created.
        tell: Called with a sentence for each thing that the format cannot express.

    Returns:
        The files written.

    Raises:
        LabError: `to` is unknown.
        StoreError, ConfigError: The session cannot be read, or a file cannot be written; ExistingFile if the notebooks' folder
            for this run holds the logs of another one.
    """
    if to not in _WRITERS:
        near = nearest(to, _WRITERS)
        raise LabError(
            f"There is no export format {describe(to)}",
            f"Known: {', '.join(_WRITERS)}.",
            f"Try --to {near}." if near else "Choose one of them.",
        )
    with SessionFile.open(path, read_only=True) as session:
        chain = Chain(session.config, session.generations, calls=session.calls)
        if session.damage is not None:
            tell(session.damage)
        stem = path.stem if to != "notebook" else (session.created.isoformat() if session.created else path.stem)
    for notice in notebook_notices(chain) if to == "notebook" else ():
        tell(notice)
    written: list[Path] = []
    try:
        for name, parts in _WRITERS[to](chain, stem):
            target = folder / name
            if to == "notebook" and not written:  # all files of a run are in one folder
                check_other_run(target.parent, stem)
            target.parent.mkdir(parents=True, exist_ok=True)
            atomic.replace(target, parts)
            written.append(target)
    except OSError as error:
        raise errors.from_os_error(error, "export", folder) from error
    return written


def _csv_files(chain: Chain, stem: str) -> Iterator[tuple[str, Iterable[bytes]]]:
    yield f"{stem}-generations.csv", _csv(_generation_rows(chain))
    yield f"{stem}-samples.csv", _csv(_sample_rows(chain))
    yield f"{stem}-beliefs.csv", _csv(_belief_rows(chain))
    if chain.calls:
        yield f"{stem}-calls.csv", _csv(_call_rows(chain))


def _json_files(chain: Chain, stem: str) -> Iterator[tuple[str, Iterable[bytes]]]:
    yield f"{stem}.json", _json(chain)


def _notebook_files(chain: Chain, stem: str) -> Iterator[tuple[str, Iterable[bytes]]]:
    return notebook_files(chain, stem)  # named as in the notebooks, not by the session


_WRITERS: dict[str, Callable[[Chain, str], Iterator[tuple[str, Iterable[bytes]]]]] = {
    "csv": _csv_files,
    "json": _json_files,
    "notebook": _notebook_files,
}
KINDS = tuple(_WRITERS)


def _csv(rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    for number, row in enumerate(rows, 1):
        writer.writerow([safe_cell(item) for item in row])
        if number % _ROWS_AT_ONCE == 0:
            yield _bytes(text.getvalue())
            text.seek(0)
            text.truncate()
    yield _bytes(text.getvalue())


def safe_cell(item: Any) -> Any:
    """The cell; empty if the value is unknown. No text can become a formula in a spreadsheet or control a terminal."""
    if isinstance(item, str):
        return as_cell(item)
    return "" if item is None or (isinstance(item, float) and math.isnan(item)) else item


def _bytes(text: str) -> bytes:
    return text.encode(errors="replace")


def _has_estimates(chain: Chain) -> bool:
    """Whether some beliefs are estimated. Further columns then say how, and how precisely."""
    return any(not agent.exact for agent in chain.config.agents)


def _generation_rows(chain: Chain) -> Iterator[Sequence[Any]]:
    """One row per generation.

    If beliefs are estimated, further columns hold their source, bounds of each probability, the unobserved mass of each factor,
    for the notebooks' reading the entropy by their own formula, and for draws the range of entropies that they can show.
    """
    space, estimated = chain.task.space, _has_estimates(chain)
    values = [f"{split.name}={value}" for split in space.groupings for value in split.values]
    bounded = values[: sum(space.shape)]  # only values of factors have bounds
    metrics = [metric.name.replace(" ", "_") for metric in chain.task.dataset_metrics]
    yield (
        *("generation", "agent", "learned", "hypothesis", "entropy_nats", "p_target", "p_rival", "p_hypothesis"),
        *(
            "d0_explained",
            "d0_size",
            "both",
            "is_target",
            "target_explains",
            "rival_explains",
            *INTERACTION.columns(),
            "samples_drawn",
            "samples_passed",
        ),
        *(f"p({value})" for value in values),
        *(f"{which}_{name}" for name in metrics for which in ("made", "passed")),
        *(f"so_far_{name}" for name, metric in zip(metrics, chain.task.dataset_metrics, strict=True) if metric.pooled),
        *(("belief", "how_known", "draws_read", "draws_asked", "own_entropy_nats") if estimated else ()),
        *(("entropy_least_nats", "entropy_most_nats") if estimated else ()),
        *(f"{end}({value})" for value in bounded if estimated for end in ("p_low", "p_high")),
        *(f"{name}({factor.name})" for name in ("unobserved", "other") if estimated for factor in space.factors),
        *(_BAYES if (checks := check_models(chain)) else ()),
    )
    measures = measure(chain)
    pooled = so_far(measures, chain.task, chain.start)
    for row, (generation, belief) in enumerate(_beliefs(chain)):
        kept, made = generation.interaction, generation.transmission
        yield (
            generation.index,
            chain.agent(generation.index).describe(),
            chain.task.rule(generation.imitation.hypothesis),
            chain.task.rule(generation.hypothesis),
            *(float(values[row]) for values in (measures.entropy, measures.p_target, measures.p_rival, measures.p_kept)),
            int(measures.explained[row]) if chain.task.predictive else None,
            len(chain.start.samples),
            *(_count(values[row]) for values in (measures.both, measures.is_target, measures.fits_target, measures.fits_rival)),
            *INTERACTION.cells(kept).values(),
            sum(sample.origin is None for sample in made.samples) if made else None,
            len(generation.data) if made else None,
            *(float(p) for marginal in measures.marginals for p in marginal[row]),
            *(float(pair[row, at]) for at in range(len(metrics)) for pair in (measures.made, measures.passed)),
            *(float(pooled[row, at]) for at, metric in enumerate(chain.task.dataset_metrics) if metric.pooled),
            *(_estimate_cells(belief, len(space.factors), len(bounded)) if estimated else ()),
            *(_beside_bayes(checks, generation.index).values() if checks else ()),
        )


_BAYES = ("tv_bayes", "noise_bayes", "noise_low_bayes", "noise_high_bayes", "own_noise_bayes", "own_tv_bayes")
"""A belief beside Bayes' rule: the distance, the noise fitted to all of the agent's generations with its interval, the noise fitted
to this one, and the distance with that."""


def _beside_bayes(checks: Sequence[BayesCheck], generation: int) -> dict[str, float | None]:
    """The cells of `_BAYES`."""
    for check in checks:
        if (row := check.row(generation)) is not None:
            fit = check.fit
            figures = (fit.distances[row], fit.noise, *(fit.interval or (None, None)), fit.noises[row], fit.own_distances[row])
            return {name: None if value is None else _finite(value) for name, value in zip(_BAYES, figures, strict=True)}
    return dict.fromkeys(_BAYES)


def _count(value: Any) -> int | None:
    return int(value) if math.isfinite(value) else None


def _estimate_cells(belief: Belief | None, factors: int, values: int) -> Iterator[Any]:
    """The cells on how a belief was estimated and how precisely; empty if they do not apply."""
    if belief is None:
        yield from [None] * 5
    else:
        yield from (
            belief.source,
            "; ".join((belief.caption, *belief.notes)),
            *(belief.draws or (None, None)),
            belief.notebook_entropy,
        )
    yield from (belief.entropy_range if belief is not None else None) or (None, None)
    bounds = [belief.bounds(factor) for factor in range(factors)] if belief is not None else []
    ends = [end for each in bounds if each is not None for pair in zip(*each, strict=True) for end in map(float, pair)]
    yield from ends if ends else [None] * (2 * values)
    for masses in (belief.unobserved, belief.other) if belief is not None else (None, None):
        yield from [None] * factors if masses is None else masses.tolist()


def _sample_rows(chain: Chain) -> Iterator[Sequence[Any]]:
    """One row per sample; generation 0 is d⁰.

    `follows` says whether the output is the one that the generation's hypothesis predicts, `from` which earlier generation made the
    sample. If the task has metrics, there are also those of each example, and its note.
    """
    task = chain.task
    metrics = [metric.name.replace(" ", "_") for metric in task.dataset_metrics]
    columns = ["generation", *_sample_columns(), *((*metrics, "note") if metrics else ()), "from"]
    yield columns

    def row(generation: int, sample: Sample, hypothesis: int, **more: Any) -> list[Any]:
        example = sample.example
        cells = {"generation": generation, **SAMPLE.cells(sample), "passed_on": sample.passes}
        cells |= {"follows": task.agrees(hypothesis, example)}
        if metrics:
            before = chain.data(generation - 1) if generation else ()
            cells |= {**dict(zip(metrics, task.measure([example], before), strict=True)), "note": task.example_note(example)}
        return [(cells | more)[name] for name in columns]

    for number, example in enumerate(chain.start.samples):
        yield row(0, Sample(example, number), chain.start.target, verdict="given", reason=None)
    for generation in chain.generations:
        for sample in generation.transmission.samples if generation.transmission else ():
            yield row(generation.index, sample, generation.hypothesis)


def _sample_columns() -> list[str]:
    """The columns of a sample's own fields, its number first, with computed ones after its verdict. `from` is added last."""
    own = [name for name in SAMPLE.columns() if name not in ("number", "from")]
    return _with_columns(["number", *own], passed_on="verdict", follows="passed_on")


def _belief_rows(chain: Chain) -> Iterator[Sequence[Any]]:
    """One row for each generation and hypothesis; none for a generation whose belief is unknown.

    If beliefs are estimated, further columns hold bounds of each probability and the belief's source. If models' priors are known,
    generation 0 is that of the first agent, and a last column holds what Bayes' rule makes of the agent's prior.
    """
    space, estimated, checks = chain.task.space, _has_estimates(chain), check_models(chain)
    known = (*(("p_low", "p_high", "belief") if estimated else ()), *(("p_bayes",) if checks else ()))
    before, after = ("generation", "index"), ("p", "log_p_nats", *known)
    names = [factor.name for factor in space.factors]
    yield *before, *(f"object {name}" if name in before + after else name for name in names), *after
    rules = [tuple(space.assignment(hypothesis).values()) for hypothesis in range(space.size)]
    priors = [(0, chain.prior())] if checks else []
    for generation, belief in (*priors, *((generation.index, belief) for generation, belief in _beliefs(chain))):
        if belief is None:
            continue
        columns = [np.exp(belief.log_p).tolist(), belief.log_p.tolist()]
        if estimated:
            columns += [[None] * space.size if end is None else np.exp(end).tolist() for end in (belief.low, belief.high)]
            columns.append([belief.source] * space.size)
        if checks:
            by_bayes = next((found for check in checks if (found := check.log_bayes(generation)) is not None), None)
            columns.append([None] * space.size if by_bayes is None else np.exp(by_bayes).tolist())
        for hypothesis, (rule, *row) in enumerate(zip(rules, *columns, strict=True)):
            yield generation, hypothesis, *rule, *row


def _call_rows(chain: Chain) -> Iterator[Sequence[Any]]:
    """One row per call. `cost_usd` is empty if the model's price or the call's usage is unknown."""
    columns = _with_columns(("generation", *CALL.columns()), cost_usd="completion_tokens")
    yield columns
    for call in chain.calls:
        price = chain.agent(call.generation).price
        dollars = cost(call.usage, price) if call.usage is not None and price is not None else None
        cells = {"generation": call.generation, "cost_usd": dollars, **CALL.cells(call)}
        yield [cells[name] for name in columns]


def _with_columns(columns: Sequence[str], **more: str) -> list[str]:
    """The columns with more inserted. more: each new column, and the column that it follows."""
    out = list(columns)
    for name, previous in more.items():
        out.insert(out.index(previous) + 1, name)
    return out


def _beliefs(chain: Chain) -> Iterator[tuple[Generation, Belief | None]]:
    for first in range(1, len(chain.generations) + 1, BLOCK):
        last = min(first + BLOCK - 1, len(chain.generations))
        yield from zip(chain.generations[first - 1 : last], chain.beliefs(first, last), strict=True)


def _json(chain: Chain) -> Iterator[bytes]:
    config = chain.config
    head = {
        "format": "iicl-tui-export/1",
        "config": config.document,
        "start": start_table(chain.task, chain.start),
        **({"priors": _priors(chain)} if check_models(chain) else {}),
        "hypotheses": [chain.task.write_hypothesis(hypothesis) for hypothesis in range(chain.task.space.size)],
    }
    yield _dumps(head)[:-1] + b', "generations": ['
    measures, checks = measure(chain), check_models(chain)
    pooled = so_far(measures, chain.task, chain.start)
    for row, (generation, belief) in enumerate(_beliefs(chain)):
        known: dict[str, Any] = {"belief": None if belief is None else np.exp(belief.log_p).tolist()}
        if _has_estimates(chain):
            known["how_known"] = None if belief is None else _estimate_table(chain, belief)
        if checks:
            known["bayes"] = _beside_bayes(checks, generation.index)
        yield (b",\n" if row else b"\n") + _dumps({**_generation(chain, generation, measures, pooled, row), **known})
    yield b"\n]}\n"


def _priors(chain: Chain) -> list[dict[str, Any] | None]:
    """Each agent's belief before any data, in the order of `hypotheses`; None if it is not known."""
    known = [chain.prior(turn + 1) for turn in range(len(chain.config.agents))]
    return [None if p is None else {"belief": np.exp(p.log_p).tolist(), "how_known": _estimate_table(chain, p)} for p in known]


def _estimate_table(chain: Chain, belief: Belief) -> dict[str, Any]:
    """How a belief was estimated. `low` and `high` bound each probability in `belief`, `marginals` those of each value."""
    factors = chain.task.space.factors
    bounds = [belief.bounds(at) for at in range(len(factors))]
    out: dict[str, Any] = {
        "source": belief.source,
        "caption": belief.caption,
        "notes": belief.notes,
        "own_entropy_nats": belief.notebook_entropy,
        "entropy_range_nats": belief.entropy_range,
        "draws": None if belief.draws is None else dict(zip(("read", "asked"), belief.draws, strict=True)),
        "low": None if belief.low is None else np.exp(belief.low).tolist(),
        "high": None if belief.high is None else np.exp(belief.high).tolist(),
        "marginals": {
            factor.name: {value: ends for value, *ends in zip(factor.values, *map(np.ndarray.tolist, each), strict=True)}
            for factor, each in zip(factors, bounds, strict=True)
            if each is not None
        },
    }
    for name, masses in (("unobserved", belief.unobserved), ("other", belief.other)):
        names = [factor.name for factor in factors]
        out[name] = None if masses is None else dict(zip(names, masses.tolist(), strict=True))
    return out


def _dumps(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=str)
    if not text.isprintable():
        text = "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)
    return _bytes(text)


def _generation(chain: Chain, generation: Generation, measures: Measures, pooled: Array, row: int) -> dict[str, Any]:
    """One generation. Hypotheses are indices into the list `hypotheses`, and `belief` is in the same order."""
    learned, kept, made = generation.imitation, generation.interaction, generation.transmission
    out: dict[str, Any] = {"index": generation.index, "imitation": IMITATION.export(learned)}
    if calls := chain.calls_of(generation.index):
        out["calls"] = [CALL.export(call) for call in calls]
    if kept:
        out["interaction"] = INTERACTION.export(kept)
    if made:
        out["transmission"] = TRANSMISSION.export(made)["samples"]
    numbers = {
        "entropy_nats": measures.entropy,
        "p_target": measures.p_target,
        "p_rival": measures.p_rival,
        "p_hypothesis": measures.p_kept,
    }
    out["measures"] = {
        **{name: _finite(values[row]) for name, values in numbers.items()},
        "d0_explained": int(measures.explained[row]) if chain.task.predictive else None,
        "both": None if (both := _count(measures.both[row])) is None else bool(both),
        "is_target": None if (same := _count(measures.is_target[row])) is None else bool(same),
        "target_explains": _count(measures.fits_target[row]),
        "rival_explains": _count(measures.fits_rival[row]),
        "marginals": {
            split.name: {value: _finite(p) for value, p in zip(split.values, marginal[row], strict=True)}
            for split, marginal in zip(chain.task.space.groupings, measures.marginals, strict=True)
        },
    }
    if chain.task.dataset_metrics:
        out["measures"] |= {
            which: {metric.name: _finite(value) for metric, value in zip(chain.task.dataset_metrics, values[row], strict=True)}
            for which, values in (("made", measures.made), ("passed", measures.passed))
        }
        out["measures"]["so_far"] = {
            metric.name: _finite(value)
            for metric, value in zip(chain.task.dataset_metrics, pooled[row], strict=True)
            if metric.pooled
        }
    return out


def _finite(value: Any) -> float | None:
    """The number; None (null in JSON) if it is not finite."""
    return float(value) if math.isfinite(value) else None
