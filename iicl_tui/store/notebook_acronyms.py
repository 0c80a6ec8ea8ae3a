"""Exports acronym sessions as data.csv of the paper's notebook, and imports such a file.

The file has d⁰ as generation 0 and what each generation made. What was passed on follows from the condition, which is the name of
the folder: imitation passes on the latest generation's words, the other conditions sort everything so far by its columns.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from iicl_tui.agents.calls import Call
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.records import ImitationRecord, InteractionRecord, Record, TransmissionRecord
from iicl_tui.errors import LabError
from iicl_tui.filters.base import Sample
from iicl_tui.store import notebook_log as log
from iicl_tui.tasks.acronym.task import Acronym
from iicl_tui.tasks.base import Example

DATA = "data.csv"
COLUMNS = ("", "Output_upper", "Output_lower", "Input", "RANK", "TOTAL", "generation")
UNLISTED = 60_001
"""The rank that the notebook gives to words in no list."""

IMITATION = "imitation"
SORTED_BY: Mapping[str, tuple[str, bool]] = {
    "easy": ("RANK", False),
    "hard": ("RANK", True),
    "easyshort": ("TOTAL", False),
    "easylong": ("TOTAL", True),
}
"""For each condition, the column it sorts by, and whether it sorts in descending order."""

_RUN = re.compile(
    r"inputfirst(?P<input>[TF])_upper(?P<upper>[TF])_M(?P<m>\d{1,4})_easy(?P<easy>\d{1,4})_G\d{1,6}_seed(?P<seed>\d{1,18})",
    re.ASCII,
)
_MOST_GENERATIONS = 10_000


# -- export ---------------------------------------------------------------------------------------------------------------


def acronym_files(chain: Chain, model: str, mark: str) -> Iterator[tuple[str, Iterable[bytes]]]:
    """(path, content) of each file, in folders named as the notebook's.

    Args:
        chain: The chain.
        model: The folder of the model.
        mark: What tells this session from others with the same settings.
    """
    task, config = chain.task, chain.config
    assert isinstance(task, Acronym)
    order, case = task.order == "input-first", task.case == "upper"
    run = f"inputfirst{'FT'[order]}_upper{'FT'[case]}_M{task.samples}_easy{task.easy}_G{config.generations}_seed{config.seed}"
    folder = f"{model}/acronym/{_condition(chain)}/{run}"
    title = " ".join(config.title.split())
    yield f"{folder}/{log.CHAT}", [f"@@@ iicl-tui: {title}, session {mark} @@@\n".encode(errors="replace")]
    yield f"{folder}/{DATA}", _csv(task, chain)


def _condition(chain: Chain) -> str:
    tables = chain.config.document.get("filter") or []
    names = [str(table.get("prefer", table.get("kind"))) for table in tables]
    return "+".join(names) or IMITATION


def _csv(task: Acronym, chain: Chain) -> Iterator[bytes]:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    given = list(chain.start.samples)
    made = [[s.example for s in g.transmission.samples if s.origin is None and s.verdict != "rejected"]
            for g in chain.generations if g.transmission is not None]  # fmt: skip
    for generation, examples in enumerate([given, *made]):
        for place, example in enumerate(examples):
            rank = task.words.rank(example.output) if task.is_easy(example) else None
            word = example.output
            total = 0 if rank is None else len(word)
            writer.writerow(
                (place, word.upper(), word, ", ".join(example.input), UNLISTED if rank is None else rank, total, generation)
            )
    yield text.getvalue().encode(errors="replace")


def acronym_notices(chain: Chain) -> list[str]:
    """Sentences on what the notebook will misread."""
    found = ["TOTAL, by which the notebook's easylong and easyshort sort, is not known: the number of letters stands there."]
    if (condition := _condition(chain)) not in {IMITATION, "random", *SORTED_BY}:
        found.append(f"The notebook knows no condition {condition}; its folder is named so.")
    return found


# -- import ---------------------------------------------------------------------------------------------------------------


class _Row(NamedTuple):
    """One row of the file."""

    example: Example
    rank: float
    total: float
    generation: int


def read_acronyms(folder: Path) -> tuple[dict[str, Any], list[Record], list[str]]:
    """The document, the records and the notices of the run whose data.csv is in this folder. Raises LabError, StoreError."""
    notices: list[str] = []
    name = _RUN.fullmatch(folder.resolve().name)
    condition = folder.resolve().parent.name if name else IMITATION
    if name is None:
        notices.append(
            "The folder's name says no condition, seed or M, so they are imitation, 0, and the number of examples in d⁰."
        )
    if condition != IMITATION and condition not in SORTED_BY:
        raise LabError(
            f"What was passed on is not in {DATA}",
            f"The condition {condition} draws it at random.",
            "Import a run of imitation, easy, hard, easylong or easyshort.",
        )
    rows = _rows(folder, notices)
    last = max((row.generation for row in rows), default=0)
    given = [row.example for row in rows if row.generation == 0]
    if not given or not last:
        raise LabError(f"{DATA} holds no chain", "It needs d⁰ as generation 0, and generation 1.", "Name the folder of one run.")
    samples = int(name["m"]) if name else len(given)
    document = _document(folder, name, condition, samples, given, last)
    task = Acronym(samples=samples)
    kinds = () if condition == IMITATION else ("rank",)
    records: list[Record] = []
    for generation in range(1, last + 1):
        made = [row.example for row in rows if row.generation == generation]
        if not made:
            notices.append(f"Generation {generation} made nothing that could be read: the session ends before it.")
            break
        hypothesis = task.wording.implied(made)
        reply = task.wording.samples_reply(made)
        records.append(Call(generation, "imitation", "imitate", "", reply, model=str(document["agent"][0]["model"])))
        records.append(ImitationRecord(generation, 0, hypothesis))
        records.append(InteractionRecord(generation, kinds, hypothesis))
        records.append(TransmissionRecord(generation, _samples(rows, generation, condition, samples)))
    if condition.startswith("easy") and condition != "easy":
        notices.append(f"The notebook's {condition} sorts by how often a word occurs; going on, this program sorts by length.")
    notices.append("The replies are written anew from the words. Which of equally good words were passed on follows their order.")
    return document, records, notices


def _document(
    folder: Path, name: re.Match[str] | None, condition: str, samples: int, given: Sequence[Example], last: int
) -> dict[str, Any]:
    model = log.read_name(folder).model or "unknown"
    starts = (("claude", "anthropic"), ("mistral", "mistral"))
    kind = next((kind for start, kind in starts if model.startswith(start)), "openai")
    task: dict[str, Any] = {"initial": len(given), "samples": samples}
    if name is not None:
        task["easy"] = min(int(name["easy"]), len(given))
        task["order"] = "input-first" if name["input"] == "T" else "output-first"
        task["case"] = "upper" if name["upper"] == "T" else "lower"
    else:
        task["easy"] = 0
    seed = int(name["seed"]) if name else 0
    document: dict[str, Any] = {
        "chain": {"title": f"E4, {condition}, {model}, seed {seed}", "task": "acronym", "generations": last, "seed": seed},
        "task": task,
        "agent": [{"kind": kind, "model": model, "temperature": 1.0}],
        "start": {"sample": [{"input": list(each.input), "output": each.output} for each in given]},
    }
    if condition != IMITATION:
        document["filter"] = [{"kind": "rank", "prefer": condition}]
    return document


def _samples(rows: Sequence[_Row], generation: int, condition: str, count: int) -> tuple[Sample, ...]:
    """What a generation made, and what it took from the pool."""
    made = [row for row in rows if row.generation == generation]
    if condition == IMITATION:
        return tuple(Sample(row.example, number) for number, row in enumerate(made))
    column, highest_first = SORTED_BY[condition]
    pool = [row for row in rows if row.generation <= generation and (column == "RANK" or row.rank != UNLISTED)]

    def value(row: _Row) -> float:
        found = row.rank if column == "RANK" else row.total
        return -found if highest_first else found

    passed = sorted(pool, key=value)[:count]
    own = [id(row) for row in passed if row.generation == generation]
    found = [Sample(row.example, at, "approved" if id(row) in own else "pooled") for at, row in enumerate(made)]
    earlier = [row for row in passed if row.generation < generation]
    return (*found, *(Sample(row.example, len(made) + at, origin=row.generation) for at, row in enumerate(earlier)))


def _rows(folder: Path, notices: list[str]) -> list[_Row]:
    text = log.read_text(folder / DATA)
    found: list[_Row] = []
    left_out = 0
    task = Acronym()
    for cells in csv.DictReader(io.StringIO(text or "", newline="")):
        try:
            generation = int(float(cells["generation"]))
            words = [word.strip() for word in cells["Input"].split(",") if word.strip()]
            example = task.read_example(words, cells["Output_lower"].strip())
            row = _Row(example, float(cells["RANK"]), float(cells["TOTAL"] or 0), generation)
            if not 0 <= generation <= _MOST_GENERATIONS:
                raise ValueError("no generation")
        except (KeyError, ValueError, TypeError, AttributeError, OverflowError):
            left_out += 1
        else:
            found.append(row)
    if left_out:
        notices.append(f"Rows of {DATA} that could not be read are left out: {left_out}.")
    return found
