"""Exports decided rows: in their own schema, as chats for fine-tuning, and as pairs for preference training."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from iicl_tui.data_files import DataTable, FieldMapping, Row, open_table, text_of
from iicl_tui.data_files.write import WRITERS, SafeCells, Written, csv_lines, json_line
from iicl_tui.errors import LabError
from iicl_tui.files import named_file
from iicl_tui.review.decision_file import DecisionFile
from iicl_tui.review.decisions import ACCEPTED, Matched, Step, match
from iicl_tui.store import atomic, errors
from iicl_tui.text import printable

ROW_KINDS = (*WRITERS, "chat", "preference")
MOST_PAIRS = 100
"""Pairs of one prompt. Every accepted and every rejected row is in some before any is in many."""


@dataclass(frozen=True)
class Decided:
    """Decisions with the rows that they are about.

    Attributes:
        table: The open data file.
        mapping: What the fields are used for.
        matched: The decisions by row.
        notices: Sentences for the person.
    """

    table: DataTable
    mapping: FieldMapping
    matched: Matched
    notices: tuple[str, ...]


def open_decided(path: Path, data: Path | None = None, encoding: str | None = None, prompt: str | None = None) -> Decided:
    """Opens a file of decisions, for reading, and its data file. Close the table.

    Args:
        path: The decisions.
        data: The data file; None: the one that the decisions name, if it is in the same folder or below.
        encoding: Of the data file, see `open_table`.
        prompt: The field with the prompt, instead of the one that was shown as prompt.

    Raises:
        LabError: A file cannot be read, or it is not known which field was judged.
    """
    with DecisionFile.open(path, read_only=True) as file:
        sitting, steps, notices = file.sitting, file.steps, [text for text in file.notices if "reading only" not in text]
    if sitting.fields is None:
        raise LabError(f"{path.name} does not say which field is judged", "", "Open it once with `iicl-tui review`.")
    if data is None:
        try:
            data = named_file(file.data, path.parent)
        except ValueError:
            what = f"The decisions are about {printable(file.data, 200)}, which is outside their folder."
            raise LabError("The data file was not read", what, "Name it with --data FILE if you trust these decisions.") from None
    table = open_table(data, encoding)
    try:
        fields = sitting.fields
        mapping = FieldMapping(fields.judged, fields.shown, fields.group, prompt or fields.prompt, fields.truth).checked(table)
        matched = match(steps, table)
    except BaseException:
        table.close()
        raise
    return Decided(table, mapping, matched, (*notices, *table.notices, *matched.notices(data.name)))


def write_rows(
    decided: Decided,
    to: str,
    out: Path,
    rejected: bool = False,
    keep: Sequence[Path] = (),
    force: bool = False,
    *,
    exact: bool = False,
    tell: Callable[[str], None] = lambda text: None,
) -> int:
    """Writes rows to a file, and returns how many lines or pairs there are.

    Args:
        decided: The rows and their decisions.
        to: One of ROW_KINDS.
        out: The file.
        rejected: Writes the rejected rows, with the reason and reviewer of each, in place of the accepted ones.
        keep: Files that are not overwritten in any case, as the data file.
        force: Overwrites the file.
        exact: Leaves texts in CSV as they are, even if a spreadsheet would run them or a terminal obey them.
        tell: Called with a sentence on texts that were changed.

    Raises:
        LabError: The file exists, or the format does not suit.
        StoreError: It cannot be written.
    """
    _check_free(out, (decided.table.path, *keep), force)
    parts: Iterable[bytes]
    cells = SafeCells()
    if to in WRITERS:
        rows = list(_rejected(decided) if rejected else _accepted(decided))
        table, judged = decided.table, decided.mapping.judged
        parts = csv_lines(table, rows, judged, cells) if to == "csv" and not exact else WRITERS[to](table, rows, judged)
        count = len(rows)
    elif rejected:
        raise LabError(f"--rejected does not go with --to {to}", "", f"Rejected rows are written to {', '.join(WRITERS)}.")
    else:
        lines = [json_line(values) for values in (chats if to == "chat" else preferences)(decided)]
        parts, count = lines, len(lines)
    try:
        atomic.replace(out, parts)
    except OSError as error:
        raise errors.from_os_error(error, "export", out) from error
    if cells.changed:
        tell(
            f"{cells.changed:,} text{'s' * (cells.changed != 1)} that a spreadsheet would run or a terminal obey got ' before "
            "them or symbols in them; --exact leaves them as they are."
        )
    return count


def _check_free(out: Path, keep: Sequence[Path], force: bool) -> None:
    """Raises LabError if this file must not be written."""
    if not os.path.lexists(out):
        return
    if any(path.exists() and out.exists() and os.path.samefile(out, path) for path in keep):
        raise LabError(f"{out.name} is what was reviewed", "The export would overwrite it.", "Choose another name with -o.")
    if not force:
        raise errors.ExistingFile(f"{out.name} exists", "Nothing was overwritten.", "Choose another name, or give --force.")
    if not out.is_file():
        raise LabError(f"{out.name} is no file", "It is a folder, a pipe or a device.", "Choose another name with -o.")


def _accepted(decided: Decided) -> Iterator[Written]:
    for index, step in decided.matched.steps.items():
        if step.decision.verdict in ACCEPTED:
            yield Written(index, _edited(step))


def _rejected(decided: Decided) -> Iterator[Written]:
    """The rejected rows, with `review_reason` and `review_by`. A name that the rows have already gets an underscore."""
    taken = {field.name for field in decided.table.fields}
    names = [name + "_" * (name in taken) for name in ("review_reason", "review_by")]
    for index, step in decided.matched.steps.items():
        if step.decision.verdict == "reject":
            yield Written(index, None, dict(zip(names, (step.decision.reason, step.by), strict=True)))


def _edited(step: Step) -> str | None:
    return step.decision.text if step.decision.verdict == "edit" else None


def chats(decided: Decided) -> Iterator[dict[str, Any]]:
    """The accepted rows in OpenAI's format for fine-tuning: the prompt from the user, the text from the assistant.

    A prompt that is a list of messages already is kept. A system's message stands before them if the row has a field `system`.

    Raises:
        LabError: No field is the prompt.
    """
    prompt = decided.mapping.prompt
    if prompt is None:
        what = "A chat has a prompt and a reply, and no field was shown as prompt."
        raise LabError("Chats need a prompt", what, "Name the field with --prompt FIELD.")
    for index, step in decided.matched.steps.items():
        if step.decision.verdict in ACCEPTED:
            row = decided.table[index]
            asked = _messages(row.values.get(prompt))
            system = row.text("system") if prompt != "system" and decided.mapping.judged != "system" else ""
            if system and not any(message["role"] == "system" for message in asked):
                asked = [{"role": "system", "content": system}, *asked]
            yield {"messages": [*asked, {"role": "assistant", "content": _text(decided, row, step)}]}


def preferences(decided: Decided) -> Iterator[dict[str, Any]]:
    """Pairs for preference training: an edited text against the original, and accepted against rejected texts of one prompt.

    Without a field that is the prompt there are only edited ones. At most MOST_PAIRS of a prompt.
    """
    by_prompt: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    prompts: dict[str, Any] = {}
    for index, step in decided.matched.steps.items():
        verdict = step.decision.verdict
        if verdict not in ("approve", "edit", "reject"):
            continue
        row = decided.table[index]
        text = _text(decided, row, step)
        prompt = row.values.get(decided.mapping.prompt) if decided.mapping.prompt is not None else None
        if verdict == "edit" and text != (original := row.text(decided.mapping.judged)):
            yield _pair(decided, prompt, text, original)
        if decided.mapping.prompt is not None:
            name = text_of(prompt)
            prompts[name] = prompt
            by_prompt[name][verdict == "reject"].append(text)
    for name, (good, bad) in by_prompt.items():
        for chosen, rejected in islice(_combined(good, bad), MOST_PAIRS):
            yield _pair(decided, prompts[name], chosen, rejected)


def _combined(good: Sequence[str], bad: Sequence[str]) -> Iterator[tuple[str, str]]:
    """All pairs of different texts, each once; the first ones have different members as far as possible."""
    seen: set[tuple[str, str]] = set()
    for turn in range(len(bad)):
        for place, chosen in enumerate(good):
            pair = (chosen, bad[(turn + place) % len(bad)])
            if pair[0] != pair[1] and pair not in seen:
                seen.add(pair)
                yield pair


def _pair(decided: Decided, prompt: Any, chosen: str, rejected: str) -> dict[str, Any]:
    pair: dict[str, Any] = {"chosen": chosen, "rejected": rejected}
    return pair if decided.mapping.prompt is None else {"prompt": text_of(prompt), **pair}


def _messages(prompt: Any) -> list[dict[str, Any]]:
    """The prompt as messages."""
    if isinstance(prompt, list) and prompt and all(isinstance(each, dict) and {"role", "content"} <= set(each) for each in prompt):
        return prompt
    return [{"role": "user", "content": text_of(prompt)}]


def _text(decided: Decided, row: Row, step: Step) -> str:
    edited = _edited(step)
    return row.text(decided.mapping.judged) if edited is None else edited
