"""What the lab does with more than its chain: predicts it, compares it with others, and runs it many times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from iicl_tui.charts.view import BeliefView
from iicl_tui.errors import LabError
from iicl_tui.present.lab_builder import build_lab_state
from iicl_tui.tui.screens.chain_view import ChainViewScreen

if TYPE_CHECKING:
    from iicl_tui.tui.widgets.inline_form import InlineForm

MANY = "many"
"""The subject of the dialog that asks how many times."""


class LabManyScreen(ChainViewScreen):
    """Opens the prediction, the comparison and the study of the chain. It imports what they need when it is needed."""

    def action_prediction(self) -> None:
        state = self.state
        if state is not None:
            self.lab_app.open("prediction", state.title, self.session.chain, state.selected, self._belief_of)

    def _belief_of(self, generation: int) -> BeliefView:
        """The belief of a generation as it is drawn here; without a belief for one that has not begun."""
        state = build_lab_state(self.session, None, self._charts, self.activity, self.blind, self.clock())
        if generation > state.now:
            marks = tuple(mark for mark in state.belief.marks if mark.symbol in "★+")
            return replace(state.belief, log_p=None, previous=None, marks=marks, low=None, high=None, bounds=())
        return build_lab_state(self.session, generation, self._charts, self.activity, self.blind, self.clock()).belief

    def action_compare(self) -> None:
        file = self.session.file
        if file is None or not self.session.chain.generations:
            raise LabError("There is nothing to compare yet", "The chain has no generation in a file.", "Run it first.")
        self.lab_app.open("compare", [file.path])

    async def _ask(self, dialog: InlineForm) -> None:
        raise NotImplementedError

    async def action_study(self) -> None:
        """Ask how many times to run the chain."""
        from iicl_tui.tui.study import dialogs

        config = self.session.chain.config
        if not self.activity.busy:
            await self._ask(dialogs.many(config.title, config.seed + 1, self.session.output_folder(self.lab_app.paths.sessions)))

    def open_many(self, answers: Mapping[str, str]) -> None:
        """Open the study that the dialog's answers describe. Raises LabError."""
        from iicl_tui.store.format import head_text
        from iicl_tui.tui.study import dialogs

        config, file = self.session.chain.config, self.session.file
        text = head_text(config, datetime.now(UTC))
        base = file.path.parent if file is not None else None
        study, folder = dialogs.many_study(text, config.title, base, config.seed + 1, answers)
        self.lab_app.open("study", folder=folder, study=study, start=True)
