"""The home screen's dialogs: rename a session, and branch it."""

from __future__ import annotations

from collections.abc import Mapping

from iicl_tui.present.words import kept_generations
from iicl_tui.store.library import Summary
from iicl_tui.tui.widgets.inline_form import InlineForm, Question, whole_number

RENAME, BRANCH = "rename", "branch"


def rename(key: str, summary: Summary) -> InlineForm:
    """Asks for a new title for the session with this key."""
    question = Question("title", "title:", summary.title, lambda text: "" if text else "Enter a title.")
    return InlineForm(f"{RENAME} {key}", "Rename", [question], lambda _: "The file keeps its name.")


def branch(key: str, summary: Summary) -> InlineForm:
    """Asks for the last generation to keep in a branch of the session with this key, and for the branch's seed."""
    most = max(summary.generation - (summary.status not in ("finished",)), 0)
    number = Question("generation", "after generation:", str(most), whole_number(0, summary.generation))
    seed = Question("seed", "seed:", "", lambda text: "" if not text else whole_number(0, 2**63 - 1)(text))

    def hint(answers: Mapping[str, str]) -> str:
        kept = kept_generations(int(answers["generation"]))
        return f"The new session keeps {kept}; with no seed it uses this session's."

    return InlineForm(f"{BRANCH} {key}", "Branch", [number, seed], hint)


def subject_of(form: InlineForm) -> tuple[str, str]:
    """The kind of a dialog of this module ("rename" or "branch"), and the session's key."""
    kind, _, key = form.subject.partition(" ")
    return kind, key
