"""The dialog of a branch: seed, length, filters, agents, prior and bias, one below the other, with faults shown at once."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Label, Static

from iicl_tui.present import branch_plan
from iicl_tui.present.lab_session import LabSession
from iicl_tui.present.words import kept_generations
from iicl_tui.tui.lab.dialogs import ALONE, BESIDE, BRANCH, complete_generations
from iicl_tui.tui.widgets.inline_form import InlineForm, Question, one_of, whole_number, word_of
from iicl_tui.tui.widgets.plain_input import PlainInput

_MOST_SEED = 2**63 - 1
_LABELS = {"filter": "filter", "agent": "agent", "prior": "prior weights", "bias": "bias"}
_EMPTY = {"prior": "none of its own; for example screen: on=1, off=4"}


class BranchForm(InlineForm):
    """Asks what a branch from a generation shall change."""

    DEFAULT_CSS = """
    BranchForm .line { height: 1; }
    BranchForm .line Label { width: 15; margin: 0; }
    BranchForm Input { max-width: 100; }
    """

    def __init__(self, session: LabSession, selected: int, beside: bool) -> None:
        """Set up the dialog.

        Args:
            session: The session that is branched.
            selected: The generation shown.
            beside: Whether the branch opens beside its parent, unless the person says otherwise.
        """
        config, keep = session.chain.config, complete_generations(session, selected)
        length = max(config.generations, keep + 1)
        other = str(secrets.randbelow(1_000_000))
        choices, where = branch_plan.others(config), (BESIDE, ALONE)
        questions = [
            Question("seed", "seed", str(config.seed), whole_number(0, _MOST_SEED), (str(config.seed), other)),
            Question("generations", "generations", str(length), whole_number(keep + 1, 1_000_000)),
            *(
                Question(key, _LABELS[key], text, lambda text: "", choices.get(key, ()))
                for key, text in branch_plan.texts(config).items()
            ),
        ]
        questions.append(Question("open", "open it", where[not beside], one_of(*where), where, word_of(*where)))

        def hint(answers: Mapping[str, str]) -> str:
            changed = [_LABELS[key] for key in _LABELS if answers.get(key, now.get(key)) != now.get(key)]
            numbers = "the same" if int(answers["seed"]) == config.seed else "other"
            what = f", another {' and '.join(changed)}" if changed else ""
            kept = kept_generations(keep)
            return f"A new file keeps {kept} and continues with {numbers} random numbers{what}. This session stays as it is."

        now = branch_plan.texts(config)
        title = f"Branch after generation {keep}" if keep else "Branch from d⁰"
        super().__init__(BRANCH, title, questions, hint)
        self._config = config

    def fields(self) -> ComposeResult:
        yield Static(self._title, classes="ask-title", markup=False)
        for question in self.questions:
            with Horizontal(classes="line"):
                yield Label(Content(question.label))
                yield PlainInput(question.value, placeholder=_EMPTY.get(question.key, ""), id=f"ask-{question.key}", compact=True)

    @property
    def wrong(self) -> str:
        """The first fault of a field or of the configuration that the fields make, or ""."""
        return super().wrong or branch_plan.fault(self._config, self.answers)
