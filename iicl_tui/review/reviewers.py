"""Decision files of several reviewers on the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from iicl_tui.errors import LabError
from iicl_tui.review.agreement import disagreeing
from iicl_tui.review.decision_file import DecisionFile
from iicl_tui.review.decisions import final


@dataclass(frozen=True)
class Reviewer:
    """What one reviewer decided.

    Attributes:
        name: The reviewer's name; the file's, if no name was given or two have the same.
        path: The file of decisions.
        verdicts: The verdicts, by row.
        truth: The field with the known truth, if the reviewer's file names one.
    """

    name: str
    path: Path
    verdicts: dict[str, str]
    truth: str | None = None


def read_reviewers(paths: Sequence[Path]) -> list[Reviewer]:
    """Reads files of decisions, each of which counts as one reviewer. Raises LabError, also if they have no rows in common."""
    found: list[Reviewer] = []
    for path in paths:
        with DecisionFile.open(path, read_only=True) as file:
            steps, sitting = final(file.steps), file.sitting
        verdicts = {key: str(step.decision.verdict) for key, step in steps.items() if step.decision.verdict is not None}
        found.append(Reviewer(sitting.reviewer, path, verdicts, sitting.fields.truth if sitting.fields else None))
    names = [each.name for each in found]
    found = [each if each.name and names.count(each.name) == 1 else replace(each, name=each.path.name) for each in found]
    if len(found) > 1 and not any(a.verdicts.keys() & b.verdicts.keys() for at, a in enumerate(found) for b in found[:at]):
        raise LabError(
            "These reviewers have no row in common", "Rows are compared by their content.", "Name decisions on the same data."
        )
    return found


def disagreements(paths: Sequence[Path]) -> list[str]:
    """The keys of the rows on which reviewers disagree, for a third one. `DataTable.find_all` finds them. Raises LabError."""
    return disagreeing([each.verdicts for each in read_reviewers(paths)])
