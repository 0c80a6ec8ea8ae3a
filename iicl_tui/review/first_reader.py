"""A model as first reader: it suggests a verdict and a reason for each row, and its file of decisions is a reviewer's.

    reader = FirstReader(read_reader(path), subject, file, access, lambda: reasons)
    await reader.suggest(7)      # a Suggestion, from the file if it is there; LabError: no reply, or one that cannot be read
    reader.on(7)                 # the Suggestion, if there is one already
    reader.count(7, decision)    # after a step on the row
    reader.agreed, reader.both   # how often both said the same, and on how many rows both gave a verdict

Each reply is recorded before it is read, so that a row is paid for once however the review ends. Budget, retries and keys are those
of chains.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from iicl_tui.agents.access import Access
from iicl_tui.agents.calls import Call, Message, Request, Usage
from iicl_tui.agents.failures import CallFailed, FailureKind
from iicl_tui.agents.model_session import BudgetReached, ChainServices, RecordedModelSession
from iicl_tui.agents.money import Spent, spent
from iicl_tui.errors import LabError
from iicl_tui.review.agreement import passes
from iicl_tui.review.decision_file import DecisionFile
from iicl_tui.review.decisions import Decision, RowVerdict, match
from iicl_tui.review.reader_file import SLOTS, ReaderFile
from iicl_tui.review.row_subject import RowsSubject, value_text
from iicl_tui.schema import nearest
from iicl_tui.tasks.prompts import fill
from iicl_tui.text import printable

PURPOSE = "review"
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"verdict": {"type": "string", "enum": ["approve", "reject"]}, "reason": {"type": "string"}},
    "required": ["verdict", "reason"],
    "additionalProperties": False,
}
_MOST_TEXT = 100_000
"""Characters of a field that are sent."""
_MOST_REASON = 300
_FOR_ALL_ROWS: frozenset[FailureKind] = frozenset({"no-key", "key-refused", "unknown-model", "no-credit", "setup"})
"""Failures that the next row would have, too."""
_WORDS: Mapping[str, RowVerdict] = {
    **dict.fromkeys(("approve", "approved", "accept", "accepted", "pass", "good", "yes"), "approve"),
    **dict.fromkeys(("reject", "rejected", "fail", "bad", "no"), "reject"),
}
_LINE = re.compile(r"^\W*(?:verdict\W+)?(approved?|accept(?:ed)?|reject(?:ed)?)\b\W*(.*)", re.IGNORECASE | re.MULTILINE)
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)


class Suggestion(NamedTuple):
    """What the model says about a row: its verdict, approve or reject, and its reason."""

    verdict: RowVerdict
    reason: str


class FirstReader:
    """Asks a model about rows, each once.

    Attributes:
        setup: The model, and when it is shown.
        stopped: Why nothing is asked any more; empty if it is.
        agreed, both: On how many rows it said the same as the person, of how many on which both gave a verdict.
        spent: What its calls have used.
    """

    def __init__(
        self, setup: ReaderFile, subject: RowsSubject, file: DecisionFile, access: Access, reasons: Callable[[], Sequence[str]]
    ) -> None:
        self.setup = setup
        self.stopped = file.read_only
        self.agreed = self.both = 0
        self._subject, self._file, self._access, self._reasons = subject, file, access, reasons
        self._same: dict[int, bool] = {}
        self._failed: set[int] = set()
        self._is_loaded = False
        self._calls = [_read_call(table) for table in file.calls]
        self.spent: Spent = spent(self._calls, lambda call: setup.agent.price)
        self._on: dict[int, Suggestion] = {
            row: Suggestion(step.decision.verdict, step.decision.reason)
            for row, step in match(file.steps, subject.table).steps.items()
            if step.decision.verdict is not None
        }
        self._check_slots()

    @property
    def name(self) -> str:
        """What it is called."""
        return self.setup.name

    def on(self, row: int) -> Suggestion | None:
        """What it said about a row; None if nothing yet."""
        return self._on.get(row)

    def wants(self, row: int) -> bool:
        """Whether it has not been asked about this row."""
        return not self.stopped and row not in self._on and row not in self._failed

    def try_again(self) -> None:
        """Asks again where calls failed."""
        self.stopped = self._file.read_only
        self._failed.clear()

    def count(self, row: int, decision: Decision) -> None:
        """Counts whether both agree on a row, after a step on it or a suggestion."""
        before = self._same.pop(row, None)
        if before is not None:
            self.agreed, self.both = self.agreed - before, self.both - 1
        said, mine = self._on.get(row), passes(decision.verdict)
        if said is not None and mine is not None:
            self._same[row] = (said.verdict == "approve") == mine
            self.agreed, self.both = self.agreed + self._same[row], self.both + 1

    async def suggest(self, row: int) -> Suggestion:
        """Returns what the model says about a row. Raises LabError: there is no reply, or none that can be read."""
        known = self._on.get(row)
        if known is not None:
            return known
        self._failed.add(row)  # until it is answered
        request = self._request(row)
        try:
            if not self._is_loaded:  # what makes calls is imported at first, which takes a while
                await asyncio.to_thread(self.setup.agent.connect, self._access)
                self._is_loaded = True
            call = await self._session(row, request).ask(PURPOSE, request, self.setup.agent)
            found = read_suggestion(call.reply)
            reason = f"{found.reason} (cut off)" if call.is_cut and found.reason else found.reason
            self._file.append("decide", self._subject.table[row], Decision(found.verdict, None, reason, call.latency or 0.0))
        except ValueError as error:
            raise LabError(f"{self.name} gave no verdict on row {row + 1}", str(error)) from error
        except BudgetReached as error:
            self.stopped = f"The budget of the reader's file is used up. {error.what}"
            raise LabError(f"{self.name} is not asked any more", self.stopped) from error
        except CallFailed as error:
            if error.kind in _FOR_ALL_ROWS:
                self.stopped = error.title
            raise
        self._failed.discard(row)
        self._on[row] = Suggestion(found.verdict, reason)
        return self._on[row]

    async def close(self) -> None:
        """Ends its connections and its file."""
        await self.setup.agent.close()
        self._file.close()

    def _session(self, row: int, request: Request) -> RecordedModelSession:
        """The session about one row, with the call on record for the same words."""
        key = self._subject.table.key(row)
        recorded = [call for call in self._calls if call.phase == key and call.prompt == request.prompt and call.purpose == PURPOSE]

        def record(call: Call) -> None:
            self._file.append_call(self._subject.table[row], _call_table(call))
            self._calls.append(call)
            self.spent += spent([call], lambda _: self.setup.agent.price)

        def record_loss(call: Call) -> None:
            with suppress(LabError):
                record(call)

        services = ChainServices(
            record, self._file.check_space, lambda: self.spent, lambda: self.setup.budget, _ignore, _ignore, lambda: None,
            self._access, record_loss, record, lambda: None,
        )  # fmt: skip
        return RecordedModelSession(services, 0, key, recorded[-1:], (), 0, None, True)

    def _request(self, row: int) -> Request:
        settings = self.setup.agent.settings
        text = fill(self.setup.prompt, **self._slots(row))
        return Request(
            (Message("user", text),), settings.max_tokens, settings.temperature, settings.top_p, None, None,
            SCHEMA if settings.schema else None, settings.reasoning_effort,
        )  # fmt: skip

    def _slots(self, row: int) -> dict[str, str]:
        subject = self._subject
        mapping = subject.mapping
        assert mapping is not None
        values = subject.table[row].values
        found = {name: value_text(values.get(name))[:_MOST_TEXT] for name in self.setup.slots}
        prompt = value_text(values.get(mapping.prompt))[:_MOST_TEXT] if mapping.prompt is not None else ""
        reasons = self._reasons()
        found |= {"text": value_text(values.get(mapping.judged))[:_MOST_TEXT], "prompt": prompt}
        found["asked"] = f"It answers this:\n{prompt}" if prompt else ""
        found["reasons"] = f"Reasons to reject, if one fits: {'; '.join(reasons)}." if reasons else ""
        return found

    def _check_slots(self) -> None:
        if self._subject.mapping is None:
            return  # the fields are asked first
        names = [*SLOTS, *(field.name for field in self._subject.table.fields)]
        unknown = next((name for name in self.setup.slots if name not in names), None)
        if unknown is not None:
            near = nearest(unknown, names)
            near = f"; nearest: {near}" if near else ""
            what = f"The data have no such field{near}. {{{{name}}}} is written where the words {{name}} are meant."
            raise LabError(f"The reader's prompt has the slot {{{printable(unknown, 60)}}}", what, "Correct the prompt.")


def _ignore(_: object) -> None:
    """The screen shows no waits."""


def read_suggestion(reply: str) -> Suggestion:
    """Reads the verdict and the reason from a reply: a JSON object in it, or else a line that begins with the verdict.

    Raises:
        ValueError: There is no verdict in it.
    """
    text = _THOUGHT.sub("", reply)
    decoder = json.JSONDecoder()
    for found in re.finditer(r"\{", text):
        try:
            values, _ = decoder.raw_decode(text, found.start())
        except (ValueError, RecursionError):
            continue
        verdict = _WORDS.get(str(values.get("verdict")).strip().casefold()) if isinstance(values, dict) else None
        if verdict is not None:
            return Suggestion(verdict, _reason(str(values.get("reason") or "")))
    line = _LINE.search(text)
    if line is None:
        raise ValueError(f"The reply has no verdict: {printable(text.strip(), 120) or '(empty)'}")
    return Suggestion(_WORDS[line[1].casefold()], _reason(line[2]))


def _reason(text: str) -> str:
    return printable(" ".join(text.split()), _MOST_REASON)


def _call_table(call: Call) -> dict[str, Any]:
    """A call as a table; what is as usual is left out."""
    found: dict[str, Any] = {"purpose": call.purpose, "prompt": call.prompt, "reply": call.reply}
    usual = Call(0, "", "")
    for name in ("finish", "model", "latency", "attempts", "sent"):
        if (value := getattr(call, name)) is not None and value != getattr(usual, name):
            found[name] = value
    for name in ("usage", "lost"):
        if (tokens := getattr(call, name)) is not None:
            found[name] = tokens._asdict()
    return found | ({"without": list(call.without)} if call.without else {})


def _read_call(table: Mapping[str, Any]) -> Call:
    """A call on record. What cannot be used is read as absent."""

    def of(name: str, kind: type, default: Any) -> Any:
        value = table.get(name, default)
        return value if isinstance(value, kind) else default

    def usage(name: str) -> Usage | None:
        counts = of(name, dict, {})
        tokens = [counts.get(each, 0) for each in Usage._fields]
        return Usage(*tokens) if counts and all(type(each) is int and each >= 0 for each in tokens) else None

    return Call(
        0, of("row", str, ""), of("purpose", str, PURPOSE), of("prompt", str, ""), of("reply", str, ""), of("finish", str, "stop"),
        None, usage("usage"), of("model", str, ""), of("latency", float, None), of("attempts", int, 1), sent=of("sent", int, None),
        lost=usage("lost"),
    )  # fmt: skip
