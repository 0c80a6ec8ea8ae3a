"""The lines of the home screen's lists, and the search in them. Nothing here imports numpy, so the list appears at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from iicl_tui.present.preset_questions import in_order, question_of
from iicl_tui.text import printable

if TYPE_CHECKING:
    from iicl_tui.lessons.library import Heading
    from iicl_tui.store.library import Summary
    from iicl_tui.store.presets import Preset

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


@dataclass(frozen=True)
class Item:
    """One entry, safe to print.

    Attributes:
        key: Unique in its list.
        words: The text that a search looks through.
        group: The heading that it stands under.
        tag: Task, filters and seed.
        spark: Its metric by generation, as a small curve.
    """

    key: str
    title: str
    line: str
    words: str
    broken: bool = False
    group: str = ""
    spark: str = ""
    tag: str = ""
    summary: Summary | None = None
    preset: Preset | None = None
    lesson: Heading | None = None

    @property
    def shipped(self) -> bool:
        """It is a preset or a lesson, which have no file of the person's."""
        return self.preset is not None or self.lesson is not None


def session_items(
    summaries: Iterable[Summary],
    now: float,
    aged: bool = True,
    outcomes: Mapping[Path, str] | None = None,
    sparks: Mapping[Path, str] | None = None,
) -> list[Item]:
    """An item for each session.

    Args:
        summaries: The sessions.
        now: Seconds since the epoch.
        aged: Whether to show how old each is.
        outcomes: The outcomes that are known, by file; other sessions show their last rule.
        sparks: The small curves that are known, by file.
    """
    return [
        _safe_item(summary, now, aged, (outcomes or {}).get(summary.path) or summary.rule, (sparks or {}).get(summary.path, ""))
        for summary in summaries
    ]


def _safe_item(summary: Summary, now: float, aged: bool, outcome: str, spark: str) -> Item:
    """The item, or one that says why it cannot be shown."""
    try:
        return _session_item(summary, now, aged, outcome, spark)
    except Exception as error:  # no single file may end the program
        from iicl_tui.store.crash_reports import cannot_show

        name = printable(summary.path.name, 200)
        return Item(
            summary.path.name, f"✗ {name}", printable(cannot_show(error)), name.casefold(), True, summary=replace(summary, fault="")
        )


def name_items(folder: Path) -> list[Item]:
    """An item for each session file by its name alone, newest first, before any file is read. Raises OSError."""
    with os.scandir(folder) as entries:
        files = [(entry.stat().st_mtime, entry.name) for entry in entries if entry.name.endswith(".toml") and entry.name[0] != "."]
    names = [name for _, name in sorted(files, key=lambda file: (-file[0], file[1]))]
    return [Item(name, printable(name.removesuffix(".toml"), 200), "…", name.casefold()) for name in names]


def _session_item(summary: Summary, now: float, aged: bool, outcome: str, spark: str) -> Item:
    age = age_text(now - summary.modified, summary.modified) if aged else ""
    setting: list[str] = []
    if summary.fault is not None:
        facts = [summary.path.name, age, summary.fault]
    elif summary.status == "configuration":
        facts = ["configuration", age, summary.task, " + ".join(summary.filters), _joined(summary.agents)]
    else:
        standing = f"gen {summary.generation}/{summary.generations}"
        seed = f"seed {summary.seed}" if summary.seed is not None else ""
        filters = " + ".join(summary.filters) or "no filter"
        facts = [standing, summary.status, age, outcome, _joined(summary.agents)]
        setting = [summary.task, filters, seed]
    tag = " · ".join(printable(part, 80) for part in setting if part)
    title = ("✗ " if summary.fault is not None else "") + (summary.title.strip() or summary.path.name)
    line = " · ".join(printable(fact, 200) for fact in facts if fact)
    words = f"{title} {tag} {line} {summary.path.name}".casefold()
    return Item(
        summary.path.name, printable(title, 200), line, words, summary.fault is not None, spark=spark, tag=tag, summary=summary
    )


def _joined(agents: Sequence[str]) -> str:
    names = [*dict.fromkeys(agents)]
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""
    return ", ".join(names[:2]) + more


def preset_items(presets: Iterable[Preset]) -> list[Item]:
    """An item for each preset."""
    return [
        Item(
            preset.name,
            printable(preset.summary.partition(chr(10))[0]),
            printable(f"{preset.name} · {preset.title}"),
            f"{preset.name} {preset.title} {preset.summary} {' '.join(question_of(preset))}".casefold(),
            group=question_of(preset)[0],
            preset=preset,
        )
        for preset in in_order(tuple(presets))
    ]


def lesson_items(headings: Iterable[Heading]) -> list[Item]:
    """An item for each lesson, with how far the person is."""
    return [
        Item(
            each.name,
            printable(f"{each.number:>2}  {each.title}"),
            printable(f"    {_how_far(each)} · {each.idea}"),
            f"{each.number} {each.name} {each.title} {each.idea}".casefold(),
            lesson=each,
        )
        for each in headings
    ]


def _how_far(lesson: Heading) -> str:
    known = lesson.progress
    return "✓ done" if known.done else f"step {known.step + 1} of {known.steps}" if known.step else f"{lesson.minutes} minutes"


ORDERS: dict[str, str] = {"newest": "newest first", "title": "by title", "task": "by task", "state": "by state"}
"""The orders of a list of sessions, with their names."""


def ordered(items: Sequence[Item], order: str) -> list[Item]:
    """The items in one of ORDERS. Items that are alike keep their places, newest first."""
    if order == "title":
        return sorted(items, key=lambda item: item.title.casefold())
    if order in ("task", "state"):
        field = "task" if order == "task" else "status"
        return sorted(items, key=lambda item: str(getattr(item.summary, field, "")))
    return list(items)


def matching(items: Iterable[Item], text: str) -> list[Item]:
    """The items that contain every word of the text."""
    wanted = text.casefold().split()
    return [item for item in items if all(word in item.words for word in wanted)]


def age_text(seconds: float, then: float) -> str:
    """How long ago `then` (seconds since the epoch) was, in one unit; after a month, the date."""
    if seconds < _MINUTE:
        return "just now"
    if seconds < _HOUR:
        return f"{int(seconds // _MINUTE)} min ago"
    if seconds < _DAY:
        return f"{int(seconds // _HOUR)} h ago"
    if seconds < 30 * _DAY:
        days = int(seconds // _DAY)
        return f"{days} day{'s' if days > 1 else ''} ago"
    return f"{datetime.fromtimestamp(then):%Y-%m-%d}"
