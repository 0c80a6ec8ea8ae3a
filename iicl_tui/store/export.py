"""A session for other programs: tables (CSV) or one document (JSON), with everything that can be computed computed."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from iicl_tui.agents.beliefs import Belief
from iicl_tui.agents.calls import Call
from iicl_tui.agents.money import cost
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.metrics import BLOCK, Measures, measure
from iicl_tui.chain.records import Generation
from iicl_tui.errors import LabError
from iicl_tui.schema import nearest
from iicl_tui.store import atomic, errors
from iicl_tui.store.format import start_table
from iicl_tui.store.notebook_export import notebook_files, notebook_notices
from iicl_tui.store.session import SessionFile
from iicl_tui.tasks.base import Example

_ROWS_AT_ONCE = 5000


def export(path: Path, to: str, folder: Path, tell: Callable[[str], None] = lambda text: None) -> list[Path]:
    """Write the session as `to`, one of KINDS, into the folder; the files written, which replace earlier ones.

    tell: of what the other program cannot be told. Raises LabError for another `to`, StoreError, ConfigError.
    """
    if to not in _WRITERS:
        near = nearest(to, _WRITERS)
        raise LabError(
            f"No export to {to}", f"Known: {', '.join(_WRITERS)}.", f"Try --to {near}." if near else "Choose one of them."
        )
    with SessionFile.open(path, read_only=True) as session:
        chain = Chain(session.config, session.generations, calls=session.calls)
    for notice in notebook_notices(chain) if to == "notebook" else ():
        tell(notice)
    written = []
    try:
        for name, parts in _WRITERS[to](chain, path.stem):
            target = folder / name
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
    return notebook_files(chain)  # in folders named as the notebooks name them


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
        writer.writerow([_cell(item) for item in row])
        if number % _ROWS_AT_ONCE == 0:
            yield _bytes(text.getvalue())
            text.seek(0)
            text.truncate()
    yield _bytes(text.getvalue())


def _cell(item: Any) -> Any:
    """Empty where a figure is not known."""
    return "" if item is None or (isinstance(item, float) and math.isnan(item)) else item


def _bytes(text: str) -> bytes:
    return text.encode(errors="replace")


def _measured(chain: Chain) -> bool:
    """Whether beliefs are known from more than computing, so that it is said how, and how well."""
    return any(not agent.exact for agent in chain.config.agents)


def _generation_rows(chain: Chain) -> Iterator[Sequence[Any]]:
    """Where models are asked: also how the belief is known, bounds of each probability, what was not observed of each factor, and,
    for the notebooks' reading, the entropy by their own formula."""
    space, measured = chain.task.space, _measured(chain)
    values = [f"{split.name}={value}" for split in space.groupings for value in split.values]
    bounded = values[: sum(space.shape)]  # those of the factors
    figures = [figure.name.replace(" ", "_") for figure in chain.task.dataset_metrics]
    yield (
        *("generation", "agent", "learned", "hypothesis", "entropy_nats", "p_target", "p_rival", "p_hypothesis"),
        *("d0_explained", "d0_size", "redraws", "exhausted", "samples_drawn", "samples_passed"),
        *(f"p({value})" for value in values),
        *(f"{which}_{name}" for name in figures for which in ("made", "passed")),
        *(("belief", "draws_read", "draws_asked", "own_entropy_nats") if measured else ()),
        *(f"{end}({value})" for value in bounded if measured for end in ("p_low", "p_high")),
        *(f"{name}({factor.name})" for name in ("unobserved", "other") if measured for factor in space.factors),
    )
    measures = measure(chain)
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
            kept.redraws if kept else None,
            kept.exhausted if kept else None,
            sum(sample.origin is None for sample in made.samples) if made else None,
            len(generation.data) if made else None,
            *(float(p) for marginal in measures.marginals for p in marginal[row]),
            *(float(pair[row, at]) for at in range(len(figures)) for pair in (measures.made, measures.passed)),
            *(_how_known(belief, len(space.factors), len(bounded)) if measured else ()),
        )


def _how_known(belief: Belief | None, factors: int, values: int) -> Iterator[Any]:
    """The further cells of a generation's row; empty ones where they do not apply."""
    yield from (belief.source, *(belief.draws or (None, None)), belief.notebook_entropy) if belief is not None else [None] * 4
    bounds = [belief.bounds(factor) for factor in range(factors)] if belief is not None else []
    ends = [end for each in bounds if each is not None for pair in zip(*each, strict=True) for end in map(float, pair)]
    yield from ends if ends else [None] * (2 * values)
    for masses in (belief.unobserved, belief.other) if belief is not None else (None, None):
        yield from [None] * factors if masses is None else masses.tolist()


def _sample_rows(chain: Chain) -> Iterator[Sequence[Any]]:
    """Generation 0 is d⁰. follows: whether the output is the one that the generation's hypothesis gives. from: the earlier
    generation that made it. The task's figures of each example, and its note, where the task has figures."""
    task = chain.task
    figures = [figure.name.replace(" ", "_") for figure in task.dataset_metrics]
    own = (*figures, "note", "from") if figures else ("from",)
    yield (
        *("generation", "number", "input", "output", "verdict", "passed_on", "follows"),
        *("shown_input", "shown_output", "reason", "seconds", *own),
    )

    def known(example: Example, origin: int | None) -> Iterator[Any]:
        if figures:
            yield from (*task.measure([example]), task.example_note(example))
        yield origin

    for number, example in enumerate(chain.start.samples):
        follows = chain.task.agrees(chain.start.target, example)
        yield 0, number, _input(example), example.output, "given", True, follows, None, None, None, None, *known(example, None)
    for generation in chain.generations:
        for sample in generation.transmission.samples if generation.transmission else ():
            example, shown = sample.example, sample.shown
            yield (
                *(generation.index, sample.number, _input(example), example.output, sample.verdict, sample.passes),
                chain.task.agrees(generation.hypothesis, example),
                *((_input(shown), shown.output) if shown else (None, None)),
                *(sample.reason, sample.seconds, *known(example, sample.origin)),
            )


def _input(example: Example) -> str:
    return ", ".join(example.input)


def _belief_rows(chain: Chain) -> Iterator[Sequence[Any]]:
    """One row for each generation and hypothesis; none for a generation whose belief is not known.

    Where models are asked, also bounds of each probability, and how the belief is known.
    """
    space, measured = chain.task.space, _measured(chain)
    before, after = ("generation", "index"), ("p", "log_p_nats", *(("p_low", "p_high", "belief") if measured else ()))
    names = [factor.name for factor in space.factors]
    yield *before, *(f"object {name}" if name in before + after else name for name in names), *after
    rules = [tuple(space.assignment(hypothesis).values()) for hypothesis in range(space.size)]
    for generation, belief in _beliefs(chain):
        if belief is None:
            continue
        figures = [np.exp(belief.log_p).tolist(), belief.log_p.tolist()]
        if measured:
            figures += [[None] * space.size if end is None else np.exp(end).tolist() for end in (belief.low, belief.high)]
            figures.append([belief.source] * space.size)
        for hypothesis, (rule, *row) in enumerate(zip(rules, *figures, strict=True)):
            yield generation.index, hypothesis, *rule, *row


def _call_rows(chain: Chain) -> Iterator[Sequence[Any]]:
    """One row a call; cost_usd is empty where the model's price or the call's usage is not known."""
    yield (
        *("generation", "phase", "purpose", "verdict", "model", "prompt", "reply", "finish", "prompt_tokens", "completion_tokens"),
        *("cost_usd", "latency_seconds", "attempts", "without"),
    )
    for call in chain.calls:
        price = chain.agent(call.generation).price
        yield (
            *(call.generation, call.phase, call.purpose, call.verdict, call.model, call.prompt, call.reply, call.finish),
            *(call.usage or (None, None)),
            cost(call.usage, price) if call.usage is not None and price is not None else None,
            *(call.latency, call.attempts, " ".join(call.without)),
        )


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
        "hypotheses": [chain.task.write_hypothesis(hypothesis) for hypothesis in range(chain.task.space.size)],
    }
    yield _dumps(head)[:-1] + b', "generations": ['
    measures = measure(chain)
    for row, (generation, belief) in enumerate(_beliefs(chain)):
        known = {"belief": None if belief is None else np.exp(belief.log_p).tolist()}
        if _measured(chain):
            known["how_known"] = None if belief is None else _how_known_table(chain, belief)
        yield (b",\n" if row else b"\n") + _dumps({**_generation(chain, generation, measures, row), **known})
    yield b"\n]}\n"


def _how_known_table(chain: Chain, belief: Belief) -> dict[str, Any]:
    """low, high: of each probability in `belief`, and below `marginals` of each value's."""
    factors = chain.task.space.factors
    bounds = [belief.bounds(at) for at in range(len(factors))]
    out: dict[str, Any] = {
        "source": belief.source,
        "caption": belief.caption,
        "notes": belief.notes,
        "own_entropy_nats": belief.notebook_entropy,
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
    return _bytes(json.dumps(value, ensure_ascii=False, allow_nan=False, default=str))


def _generation(chain: Chain, generation: Generation, measures: Measures, row: int) -> dict[str, Any]:
    """One generation; hypotheses are places in the list `hypotheses`, and so is the order of `belief`."""
    learned, kept, made = generation.imitation, generation.interaction, generation.transmission
    out: dict[str, Any] = {
        "index": generation.index,
        "imitation": {"agent": learned.agent + 1, "hypothesis": learned.hypothesis},
    }
    if calls := chain.calls_of(generation.index):
        out["calls"] = [_call(call) for call in calls]
    if kept:
        out["interaction"] = {
            "filter": kept.filters,
            "hypothesis": kept.hypothesis,
            "redraws": kept.redraws,
            "exhausted": kept.exhausted,
            "decisions": [
                {name: getattr(each, name) for name in ("shown", "verdict", "hypothesis", "reason", "seconds")}
                for each in kept.decisions
            ],
            "refinements": [
                {name: getattr(each, name) for name in ("filter", "shown", "hypothesis", "failing")} for each in kept.refinements
            ],
        }
    if made:
        out["transmission"] = [
            {
                "number": sample.number,
                **sample.example._asdict(),
                "verdict": sample.verdict,
                "shown": sample.shown._asdict() if sample.shown else None,
                "reason": sample.reason,
                "seconds": sample.seconds,
                "from": sample.origin,
            }
            for sample in made.samples
        ]
    figures = {"entropy_nats": measures.entropy, "p_target": measures.p_target, "p_rival": measures.p_rival}
    out["measures"] = {
        **{name: _known(values[row]) for name, values in {**figures, "p_hypothesis": measures.p_kept}.items()},
        "d0_explained": int(measures.explained[row]) if chain.task.predictive else None,
        "marginals": {
            split.name: {value: _known(p) for value, p in zip(split.values, marginal[row], strict=True)}
            for split, marginal in zip(chain.task.space.groupings, measures.marginals, strict=True)
        },
    }
    if chain.task.dataset_metrics:
        out["measures"] |= {
            which: {figure.name: _known(value) for figure, value in zip(chain.task.dataset_metrics, values[row], strict=True)}
            for which, values in (("made", measures.made), ("passed", measures.passed))
        }
    return out


def _call(call: Call) -> dict[str, Any]:
    """One call as it is on record, without its log-probabilities (the belief is what they come to)."""
    names = ("phase", "purpose", "verdict", "model", "prompt", "reply", "finish", "latency", "attempts", "without")
    return {name: getattr(call, name) for name in names} | {"usage": call.usage._asdict() if call.usage else None}


def _known(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None
