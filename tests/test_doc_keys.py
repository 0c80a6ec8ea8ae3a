"""Every key that the documents name does what they say it does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from iicl_tui.tui.actions import ACTIONS
from iicl_tui.tui.keymap import key_label, resolve

ROOT = Path(__file__).parents[1]
_KEY = re.compile(r"(?<!`)`([^`\s\w\\]|[A-Za-z0-9]|F\d+|Enter|Esc|Space|PgDn|PgUp|Home|End)`(?!`)")
_FENCED = re.compile(r"(?ms)^```.*?^```")

NAMED: dict[str, str] = {
    "README.md": "t=home.tour 4=home.lessons "
    "Esc=app.back 2=home.examples Enter=home.open,review.commit Space=lab.next-phase i=lab.explain "
    "d=explain.depth 3=home.presets F5=configure.create a=review.approve x=review.reject e=review.edit q=app.quit "
    "F2=app.command-palette ?=app.help c=lab.colour-by b=lab.branch",
    "docs/belief.md": "P=lab.bayes",
    "docs/guide-filtering.md": "F5=configure.create Space=lab.next-phase a=review.approve x=review.reject e=review.edit "
    "n=review.reason u=review.undo U=review.redo Enter=review.commit B=review.blind t=lab.transcript R=rows.reasons",
    "docs/guide-researcher.md": "←=prior.less →=prior.more F5=configure.create i=lab.explain F9=configure.messages",
    "docs/guide-teacher.md": "Enter=lesson.go-on i=lesson.explain d=explain.depth o=lesson.try Esc=app.back p=lesson.play "
    "[=lesson.earlier ]=lesson.later z=app.present F3=app.theme #=lab.note",
    "docs/lessons.md": "4=home.lessons t=home.tour "
    "Enter=lesson.go-on b=lesson.back p=lesson.play +=lesson.faster -=lesson.slower [=lesson.earlier "
    "]=lesson.later i=lesson.explain g=lesson.jump c=lesson.chain o=lesson.try Esc=app.back z=app.present #=lab.note",
    "docs/local-servers.md": "Space=lab.next-phase Esc=app.back",
    "docs/own-data.md": "v=home.review,rows.filter a=rows.approve x=rows.reject Esc=app.back n=rows.reason e=rows.edit "
    "F5=text.keep F8=text.start-over F9=text.undo E=rows.editor f=rows.flag s=rows.skip Enter=rows.next-undecided "
    "]=rows.next-undecided [=rows.previous-undecided u=rows.undo U=rows.redo ↓=rows.down ↑=rows.up j=rows.down k=rows.up "
    "Home=rows.first End=rows.last Space=rows.page-down PgDn=rows.page-down PgUp=rows.page-up g=rows.jump /=rows.search "
    ">=rows.next-match <=rows.previous-match R=rows.reasons F=rows.fields m=rows.plain D=rows.near B=rows.blind M=rows.model "
    "1=rows.reason-1 9=rows.reason-9",
    "docs/studies.md": "F11=configure.many *=lab.study s=home.study C=home.compare Space=home.mark m=study.metric Enter=study.open "
    "Esc=app.back b=compare.base B=compare.branches F=lab.prediction",
}
"""The keys that a page names, each with the actions that it is said to run."""
NO_KEYS = {"docs/lessons.md": "M", "docs/local-servers.md": "n", "docs/own-data.md": "=", "docs/text.md": "n"}
"""What looks like a key and is something else."""
LISTS = ("keys.md", "glossary.md", "session-format.md")
"""Pages without prose about keys: made from the registry, or about the file."""


@pytest.mark.parametrize("page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda page: page.name)
def test_each_key_that_is_named_runs_what_is_said(page: Path) -> None:
    if page.name in LISTS:
        return
    where = str(page.relative_to(ROOT))
    named = dict(pair.split("=", 1) for pair in NAMED.get(where, "").split())
    found = set(_KEY.findall(_FENCED.sub("", page.read_text(encoding="utf-8"))))
    assert found - set(NO_KEYS.get(where, "").split()) == set(named)
    keymap = resolve({})
    for key, actions in named.items():
        for action in actions.split(","):
            assert action in ACTIONS, f"{where}: {key} is said to run {action}, which is no action"
            assert key in {key_label(each) for each in keymap[action]}, f"{where}: {key} is not a key of {action}"
