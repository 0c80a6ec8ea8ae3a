"""Opens a data file and its decisions for a sitting."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from iicl_tui.data_files import DataTable, FieldMapping, guess_mapping, open_table
from iicl_tui.errors import LabError
from iicl_tui.review.decision_file import SUFFIX, DecisionFile, default_path
from iicl_tui.review.decisions import Sitting, match
from iicl_tui.review.row_order import read_order
from iicl_tui.review.row_session import ReasonList, RowSession
from iicl_tui.review.row_subject import RowsSubject
from iicl_tui.text import printable

if TYPE_CHECKING:
    from iicl_tui.agents.access import Access
    from iicl_tui.review.first_reader import FirstReader

REASONS = ".reasons.txt"
_MOST_SHOWN = 4
"""Fields that are shown beside the text if nobody says which."""


@dataclass(frozen=True)
class RowOptions:
    """What a person may say about a review of rows. None: as the file of decisions says, or as can be guessed.

    Attributes:
        decisions: The file of decisions; None: beside the data, one for each named reviewer.
        judged, shown, prompt, group, truth: Fields of the data.
        order: file, length, seed:N or disagreement.
        reviewer: Who decides; None: the name of the login.
        reasons: The list of reasons; None: beside the data.
        others: Other people's decisions on the same data.
        encoding: The data's encoding, if it is not UTF-8.
        reader: A file that names a model as first reader.
        suggest: When its verdicts are shown: after, before; None: as its file says.
        access: The keys that may be sent.
    """

    decisions: Path | None = None
    judged: str | None = None
    shown: tuple[str, ...] = ()
    prompt: str | None = None
    group: str | None = None
    truth: str | None = None
    order: str | None = None
    blind: bool | None = None
    reviewer: str | None = None
    reasons: Path | None = None
    others: tuple[Path, ...] = ()
    encoding: str | None = None
    reader: Path | None = None
    suggest: str | None = None
    access: Access | None = None


@dataclass(frozen=True)
class OpenedRows:
    """A sitting that can begin.

    Attributes:
        ask_fields: The person has to say which field is judged.
        notices: Sentences for the person.
        reader: A model that reads first.
    """

    session: RowSession
    ask_fields: bool
    notices: tuple[str, ...]
    reader: FirstReader | None = None


def open_rows(data: Path, options: RowOptions, clock: Callable[[], float]) -> OpenedRows:
    """Opens a sitting. The data file is only read; decisions of an earlier sitting are continued.

    Raises:
        LabError: A file cannot be read or written, or has faults, or there is no such field or order.
    """
    if data.name.endswith(SUFFIX):
        raise LabError(f"{data.name} has decisions, not rows", "", "Name the data file; -o names its decisions.")
    read_order(options.order or "file")  # before the data is read, which may take long
    table = open_table(data, options.encoding)
    file: DecisionFile | None = None
    try:
        asked = _asked(table, options)
        reviewer = options.reviewer if options.reviewer is not None else _login()
        path = options.decisions or default_path(data, options.reviewer or "")
        sitting = Sitting(reviewer, asked, options.order or "", options.blind or False, table.digest)
        there = os.path.lexists(path)
        file, notices = _continued(path, table, sitting, options.blind) if there else _new(path, table, sitting)
        mapping = file.sitting.fields or guess_mapping(table)
        if mapping is not None:
            file.use(replace(file.sitting, fields=mapping.checked(table)))
        subject = RowsSubject(table, mapping, file.sitting.blind)
        subject.others = tuple(_other(path, table) for path in options.others)
        reasons = ReasonList.read(options.reasons or data.with_name(data.stem + REASONS))
        session = RowSession(subject, file, read_order(file.sitting.order)(subject), reasons, clock)
        reader = _reader(options, session, file.path) if options.reader is not None else None
    except BaseException:
        if file is not None:
            file.close()
        table.close()
        raise
    return OpenedRows(session, mapping is None, (*table.notices, *notices, *session.notices), reader)


def _reader(options: RowOptions, session: RowSession, mine: Path) -> FirstReader:
    """Opens the model's own file of decisions, beside the data. Raises LabError."""
    from iicl_tui.agents.access import Access  # most reviews ask no model
    from iicl_tui.review.first_reader import FirstReader
    from iicl_tui.review.reader_file import read_reader

    assert options.reader is not None
    setup = read_reader(options.reader)
    if options.suggest is not None:
        setup = replace(setup, show=options.suggest)
    access, wanted = options.access or Access(), setup.agent.credential
    if wanted is not None and access.needs_consent(wanted):
        what = f"{printable(options.reader.name)} would send the key in {wanted.variable} to {wanted.host}."
        raise LabError("The model's key was not sent", what, f"Give --key-variable {wanted.variable} if you agree.")
    table = session.subject.table
    path = default_path(table.path, setup.name)
    if path.resolve() == mine.resolve():
        raise LabError(f"{setup.name} is the name of the reviewer and of the model", "", "Give the model another `name`.")
    file = DecisionFile.open_or_create(path, table, Sitting(setup.name, session.subject.mapping, "file", True))
    try:
        return FirstReader(setup, session.subject, file, access, lambda: session.reasons.reasons)
    except BaseException:
        file.close()
        raise


def _new(path: Path, table: DataTable, sitting: Sitting) -> tuple[DecisionFile, list[str]]:
    return DecisionFile.create(path, table, replace(sitting, order=sitting.order or "file")), []


def _continued(path: Path, table: DataTable, sitting: Sitting, blind: bool | None) -> tuple[DecisionFile, list[str]]:
    """Opens the decisions of an earlier sitting: what was not said now is as it was then. Returns notices, too."""
    file = DecisionFile.open(path)
    before = file.sitting
    order, blind = sitting.order or before.order or "file", before.blind if blind is None else blind
    file.use(replace(sitting, fields=sitting.fields or before.fields, order=order, blind=blind))
    changed = [f"{table.path.name} has changed since the last sitting. Rows are found by their content."]
    notices = changed if before.data_digest not in ("", table.digest) else []
    return file, [*file.notices, *notices]


def _asked(table: DataTable, options: RowOptions) -> FieldMapping | None:
    """The fields that the person named; None if none was. Raises LabError."""
    named = {role: name for role in ("group", "prompt", "truth") if (name := getattr(options, role)) is not None}
    if options.judged is None and not named and not options.shown:
        return None
    guessed = guess_mapping(table)
    if options.judged is not None:
        used = {options.judged, *named.values()}
        left = tuple(field.name for field in table.fields if field.name not in used)[:_MOST_SHOWN]
        mapping = FieldMapping(options.judged, options.shown or left, **named)
    elif guessed is not None:
        mapping = replace(guessed, shown=options.shown or guessed.shown, **named)
    else:
        what = f"{table.path.name} has no field that is plainly the text."
        raise LabError("Which field is judged?", what, "Name it with --text.")
    return mapping.checked(table)


def _other(path: Path, table: DataTable) -> dict[int, tuple[str, str]]:
    """Another person's decisions by row, as pairs (verdict, words). Raises LabError."""
    with DecisionFile.open(path, read_only=True) as file:
        found = match(file.steps, table).steps
    return {
        row: (step.decision.verdict, f"{step.by or path.stem}: {step.decision.verdict}{_because(step.decision.reason)}")
        for row, step in found.items()
        if step.decision.verdict is not None
    }


def _because(reason: str) -> str:
    return f", {reason}" if reason else ""


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such user, as in some containers
        return ""
