"""What was decided on the rows of a file, in numbers: by verdict, group, reason and time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median

from iicl_tui.data_files import DataTable
from iicl_tui.review.decisions import BETWEEN_REASONS, VERDICTS, Matched
from iicl_tui.text import printable

_MOST_LISTED = 20
_WORDS = {"approve": "approved", "edit": "edited", "reject": "rejected", "flag": "flagged", "skip": "skipped"}


@dataclass(frozen=True)
class Summary:
    """Counts of decisions.

    Attributes:
        rows: Rows in the data file.
        verdicts: How many rows have each verdict.
        groups: The same in each group, in the order of the file; empty if no field is the group.
        reasons: For each verdict, how many rows have each reason.
        seconds: How long each decision took, pauses left out.
    """

    rows: int
    verdicts: Mapping[str, int]
    groups: Mapping[str, Mapping[str, int]]
    reasons: Mapping[str, Mapping[str, int]]
    seconds: tuple[float, ...]


def summarize(matched: Matched, table: DataTable, group: str | None = None) -> Summary:
    """Counts the decisions. group: the field that they are counted by."""
    verdicts: Counter[str] = Counter()
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    reasons: dict[str, Counter[str]] = defaultdict(Counter)
    seconds = []
    for index, step in matched.steps.items():
        decision = step.decision
        if decision.verdict is None:
            continue
        verdicts[decision.verdict] += 1
        seconds.append(decision.seconds)
        if group is not None:
            groups[table[index].text(group)][decision.verdict] += 1
        if decision.reason:
            reasons[decision.verdict].update(dict.fromkeys(decision.reason.split(BETWEEN_REASONS), 1))
    return Summary(len(table), verdicts, groups, reasons, tuple(seconds))


def lines(summary: Summary) -> Iterator[str]:
    """The summary in words and numbers, for a plain terminal."""
    decided = sum(summary.verdicts.values())
    counts = ", ".join(f"{count:,} {_WORDS[name]}" for name in VERDICTS if (count := summary.verdicts.get(name, 0)))
    yield f"{decided:,} of {summary.rows:,} rows decided{f': {counts}' if counts else ''}"
    if decided:
        total = sum(summary.seconds)
        pace = f", {3600 * decided / total:,.0f} an hour" if total else ""
        yield f"time: {_time(total)}, {median(summary.seconds):.1f} s a row (median){pace}"
    if summary.groups:
        yield "accepted (approved or edited), of those accepted or rejected, by group:"
        widest = max(len(printable(name, 30)) for name in summary.groups)
        for name, found in list(summary.groups.items())[:_MOST_LISTED]:
            good, bad = found.get("approve", 0) + found.get("edit", 0), found.get("reject", 0)
            rate = f"{good / (good + bad):4.0%}" if good + bad else "   –"
            yield f"  {printable(name, 30) or '(empty)':<{max(widest, 7)}}  {rate}  {good:,} of {good + bad:,}"
        if len(summary.groups) > _MOST_LISTED:
            yield f"  and {len(summary.groups) - _MOST_LISTED:,} groups more"
    for verdict, found in summary.reasons.items():
        yield f"reasons of those {_WORDS[verdict]}:"
        total_given = sum(found.values())
        for reason, count in Counter(dict(found)).most_common(_MOST_LISTED):
            yield f"  {count:>6,}  {count / total_given:4.0%}  {printable(reason, 80)}"


def _time(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
