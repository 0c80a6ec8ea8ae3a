"""A session for other programs: tables (CSV) or one document (JSON), with everything that can be computed computed."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from iicl_tui.chain.engine import Chain
from iicl_tui.chain.metrics import BLOCK, Measures, measure
from iicl_tui.chain.records import Generation
from iicl_tui.errors import LabError
from iicl_tui.schema import nearest
from iicl_tui.store import atomic, errors
from iicl_tui.store.format import start_table
from iicl_tui.store.session import SessionFile
from iicl_tui.tasks.base import Example

_ROWS_AT_ONCE = 5000


def export(path: Path, to: str, folder: Path) -> list[Path]:
    """Write the session as `to`, "csv" or "json", into the folder; the files written, which replace earlier ones.

    Raises LabError for another `to`, StoreError, ConfigError.
    """
    if to not in _WRITERS:
        near = nearest(to, _WRITERS)
        raise LabError(
            f"No export to {to}", f"Known: {', '.join(_WRITERS)}.", f"Try --to {near}." if near else "Choose one of them."
        )
    with SessionFile.open(path, read_only=True) as session:
        chain = Chain(session.config, session.generations)
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for suffix, parts in _WRITERS[to](chain):
            target = folder / f"{path.stem}{suffix}"
            atomic.replace(target, parts)
            written.append(target)
    except OSError as error:
        raise errors.of(error, "export", folder) from error
    return written


def _csv_files(chain: Chain) -> Iterator[tuple[str, Iterable[bytes]]]:
    yield "-generations.csv", _csv(_generation_rows(chain))
    yield "-samples.csv", _csv(_sample_rows(chain))
    yield "-beliefs.csv", _csv(_belief_rows(chain))


def _json_files(chain: Chain) -> Iterator[tuple[str, Iterable[bytes]]]:
    yield ".json", _json(chain)


_WRITERS: dict[str, Callable[[Chain], Iterator[tuple[str, Iterable[bytes]]]]] = {"csv": _csv_files, "json": _json_files}
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


def _generation_rows(chain: Chain) -> Iterator[Sequence[Any]]:
    space = chain.task.space
    yield (
        *("generation", "agent", "learned", "hypothesis", "entropy_nats", "p_target", "p_rival", "p_hypothesis"),
        *("d0_explained", "d0_size", "redraws", "exhausted", "samples_drawn", "samples_passed"),
        *(f"p({factor.name}={value})" for factor in space.factors for value in factor.values),
    )
    measures = measure(chain)
    for row, generation in enumerate(chain.generations):
        kept, made = generation.interaction, generation.transmission
        yield (
            generation.index,
            chain.agent(generation.index).describe(),
            chain.task.rule(generation.imitation.hypothesis),
            chain.task.rule(generation.hypothesis),
            *(float(values[row]) for values in (measures.entropy, measures.p_target, measures.p_rival, measures.p_kept)),
            int(measures.explained[row]),
            len(chain.start.samples),
            kept.redraws if kept else None,
            kept.exhausted if kept else None,
            len(made.samples) if made else None,
            len(generation.data) if made else None,
            *(float(p) for marginal in measures.marginals for p in marginal[row]),
        )


def _sample_rows(chain: Chain) -> Iterator[Sequence[Any]]:
    """Generation 0 is d⁰. follows: whether the output is the one that the generation's hypothesis gives."""
    yield (
        *("generation", "number", "input", "output", "verdict", "passed_on", "follows"),
        *("shown_input", "shown_output", "reason", "seconds"),
    )
    for number, example in enumerate(chain.start.samples):
        follows = _follows(chain, chain.start.target, example)
        yield 0, number, _input(example), example.output, "given", True, follows, None, None, None, None
    for generation in chain.generations:
        for sample in generation.transmission.samples if generation.transmission else ():
            example, shown = sample.example, sample.shown
            yield (
                *(generation.index, sample.number, _input(example), example.output, sample.verdict, sample.passes),
                _follows(chain, generation.hypothesis, example),
                *((_input(shown), shown.output) if shown else (None, None)),
                *(sample.reason, sample.seconds),
            )


def _input(example: Example) -> str:
    return ", ".join(example.input)


def _follows(chain: Chain, hypothesis: int, example: Example) -> bool:
    return chain.task.predict(hypothesis, example.input) == example.output


def _belief_rows(chain: Chain) -> Iterator[Sequence[Any]]:
    """One row for each generation and hypothesis; none for a generation whose belief is not known."""
    space = chain.task.space
    before, after = ("generation", "index"), ("p", "log_p_nats")
    names = [factor.name for factor in space.factors]
    yield *before, *(f"object {name}" if name in before + after else name for name in names), *after
    rules = [tuple(space.assignment(hypothesis).values()) for hypothesis in range(space.size)]
    for generation, log_p in _beliefs(chain):
        if log_p is not None:
            for hypothesis, (rule, p, log) in enumerate(zip(rules, np.exp(log_p).tolist(), log_p.tolist(), strict=True)):
                yield generation.index, hypothesis, *rule, p, log


def _beliefs(chain: Chain) -> Iterator[tuple[Generation, Any]]:
    for first in range(1, len(chain.generations) + 1, BLOCK):
        last = min(first + BLOCK - 1, len(chain.generations))
        for generation, belief in zip(chain.generations[first - 1 : last], chain.beliefs(first, last), strict=True):
            yield generation, None if belief is None else belief.log_p


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
    for row, (generation, log_p) in enumerate(_beliefs(chain)):
        belief = None if log_p is None else np.exp(log_p).tolist()
        yield (b",\n" if row else b"\n") + _dumps({**_generation(chain, generation, measures, row), "belief": belief})
    yield b"\n]}\n"


def _dumps(value: Any) -> bytes:
    return _bytes(json.dumps(value, ensure_ascii=False, allow_nan=False, default=str))


def _generation(chain: Chain, generation: Generation, measures: Measures, row: int) -> dict[str, Any]:
    """One generation; hypotheses are places in the list `hypotheses`, and so is the order of `belief`."""
    learned, kept, made = generation.imitation, generation.interaction, generation.transmission
    out: dict[str, Any] = {
        "index": generation.index,
        "imitation": {"agent": learned.agent + 1, "hypothesis": learned.hypothesis, **_finite(learned.evidence)},
    }
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
            }
            for sample in made.samples
        ]
    figures = {"entropy_nats": measures.entropy, "p_target": measures.p_target, "p_rival": measures.p_rival}
    out["measures"] = {
        **{name: _known(values[row]) for name, values in {**figures, "p_hypothesis": measures.p_kept}.items()},
        "d0_explained": int(measures.explained[row]),
        "marginals": {
            factor.name: {value: _known(p) for value, p in zip(factor.values, marginal[row], strict=True)}
            for factor, marginal in zip(chain.task.space.factors, measures.marginals, strict=True)
        },
    }
    return out


def _finite(value: Any) -> Any:
    """JSON has no word for NaN and infinities: null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, (list, tuple)) else value


def _known(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None
