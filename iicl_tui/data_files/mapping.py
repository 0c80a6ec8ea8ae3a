"""How a person's fields are used: what is judged, what is shown beside it, group, prompt and truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from iicl_tui.data_files.faults import named_lines
from iicl_tui.data_files.table import DataTable
from iicl_tui.errors import LabError
from iicl_tui.schema import nearest
from iicl_tui.text import printable

JUDGED = ("text", "response", "completion", "output", "answer", "reply", "generation", "content")
PROMPT = ("prompt", "instruction", "input", "question", "query")
GROUP = ("group", "condition", "model", "source")
TRUTH = ("truth",)
_MOST_SHOWN = 4
_ROLES = {
    "judged": "field to judge",
    "shown": "field to show beside it",
    "group": "group",
    "prompt": "prompt",
    "truth": "truth",
}


@dataclass(frozen=True)
class FieldMapping:
    """What the fields of a data file are used for.

    Attributes:
        judged: The field that a person judges and may edit.
        shown: Fields shown beside it.
        group: The field that rates are counted by.
        prompt: The field that the judged one answers.
        truth: The field with the known right verdict: approve or reject, or a word for one of them.
    """

    judged: str
    shown: tuple[str, ...] = ()
    group: str | None = None
    prompt: str | None = None
    truth: str | None = None

    def names(self) -> Iterator[tuple[str, str]]:
        """(role, field) of each field that is used."""
        yield "judged", self.judged
        yield from (("shown", name) for name in self.shown)
        yield from ((role, name) for role in ("group", "prompt", "truth") if (name := getattr(self, role)) is not None)

    def checked(self, table: DataTable) -> FieldMapping:
        """This mapping, if the table has all of its fields. Raises LabError, which names the nearest field."""
        for role, name in self.names():
            if table.field(name) is None:
                names = [field.name for field in table.fields]
                near = nearest(name, names)
                raise LabError(
                    f"{table.path.name} has no field {printable(name, 60)!r}",
                    f"It was named as the {_ROLES[role]}. The fields are: {printable(', '.join(names), 400)}.",
                    f"Did you mean {printable(near, 60)}?" if near else "Name one of them.",
                )
        return self

    def notices(self, table: DataTable) -> list[str]:
        """Sentences about rows whose judged field is absent or empty. Decodes all rows."""
        lines = [row.line for row in table if not row.text(self.judged)]
        if not lines:
            return []
        name = printable(self.judged, 40)
        return [f"The field {name} is empty in {len(lines):,} row{'s' * (len(lines) != 1)}: {named_lines(lines, len(lines))}."]

    def table(self) -> dict[str, Any]:
        """The values for a file; without fields that are not used."""
        return {role: list(value) if role == "shown" else value for role, value in asdict(self).items() if value}

    @staticmethod
    def from_table(values: Mapping[str, Any]) -> FieldMapping:
        """The mapping of values that `table` made. Raises ValueError."""
        shown = values.get("shown", [])
        texts = [values.get("judged"), *(shown if isinstance(shown, list) else [None])]
        texts += [values[role] for role in ("group", "prompt", "truth") if role in values]
        if not all(isinstance(text, str) for text in texts) or set(values) - {"judged", "shown", "group", "prompt", "truth"}:
            raise ValueError("fields are mapped by judged, shown, group, prompt and truth")
        return FieldMapping(values["judged"], tuple(shown), *(values.get(role) for role in ("group", "prompt", "truth")))


def guess_mapping(table: DataTable) -> FieldMapping | None:
    """The mapping that the names of the fields suggest; None if what is judged is ambiguous, so that a person has to say it.

    One field with a usual name for what a model wrote is judged; without any, the only field that is a text. A few of the fields
    that are left are shown beside it.
    """
    names = {field.name.lower(): field.name for field in reversed(table.fields)}
    prompt, group, truth = (_only(names, usual) for usual in (PROMPT, GROUP, TRUTH))
    judged = [names[name] for name in JUDGED if name in names]
    if not judged:
        judged = [f.name for f in table.fields if f.type == "text" and f.name not in (prompt, group, truth)]
    if len(judged) != 1:
        return None
    used = {judged[0], prompt, group, truth}
    shown = tuple(field.name for field in table.fields if field.name not in used)[:_MOST_SHOWN]
    return FieldMapping(judged[0], shown, group, prompt, truth)


def _only(names: Mapping[str, str], usual: Sequence[str]) -> str | None:
    """The one field with a usual name; None if there are none or several."""
    found = [names[name] for name in usual if name in names]
    return found[0] if len(found) == 1 else None
