"""What home does with several sessions: marks them, compares and exports them, and opens studies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from iicl_tui.tui.home.session_list import mark
from iicl_tui.tui.screens.exporting import ExportingScreen

if TYPE_CHECKING:
    from iicl_tui.present.session_list import Item
    from iicl_tui.tui.widgets.inline_form import InlineForm


class HomeManyScreen(ExportingScreen):
    """The part of the home screen that is about several sessions at once. It imports what it needs when it is needed.

    Attributes:
        marked: The files of the marked sessions, the newest mark last.
    """

    marked: tuple[Path, ...] = ()

    @property
    def item(self) -> Item | None:
        """The entry under the cursor."""
        raise NotImplementedError

    def ask(self, dialog: InlineForm) -> None:
        """Show a dialog."""
        raise NotImplementedError

    def close_dialog(self) -> None:
        """Close the dialog that is open."""
        raise NotImplementedError

    def fill(self) -> None:
        """List the entries anew."""
        raise NotImplementedError

    @property
    def chosen_files(self) -> list[Path]:
        """The sessions that are marked, as they were; without a mark, the one under the cursor."""
        item = self.item
        here = [item.summary.path] if item is not None and item.summary is not None else []
        return list(self.marked) or here

    @property
    def pair(self) -> list[Path]:
        """The sessions that would stand side by side: the last two marked, or the one marked and the one under the cursor."""
        item = self.item
        here = [item.summary.path] if item is not None and item.summary is not None and not item.broken else []
        return list(dict.fromkeys([*self.marked[-2:], *here]))[:2]

    def action_mark(self) -> None:
        item = self.item
        if item is not None and item.summary is not None:
            self.marked = mark(self.marked, item.summary.path)
            self.fill()

    def action_pair(self) -> None:
        self.lab_app.open("pair", self.pair)

    def action_compare(self) -> None:
        """Compare the marked sessions; without two, ask for some."""
        from iicl_tui.tui.study import dialogs

        if len(self.marked) > 1:
            self.lab_app.open("compare", self.chosen_files)
        else:
            self.ask(dialogs.compare_files(self.chosen_files or [self.lab_app.paths.sessions]))

    def action_study(self) -> None:
        from iicl_tui.tui.study import dialogs

        self.ask(dialogs.open_study(self.lab_app.paths.sessions))

    def action_export(self) -> None:
        from iicl_tui.tui.study import dialogs

        if given := self.chosen_files:
            self.ask(dialogs.export(self.lab_app.paths.sessions, given))

    def answer(self, event: InlineForm.Answered) -> bool:
        """Do what one of these dialogs asks; an error leaves it open. Returns False if it is another dialog, or was cancelled."""
        from iicl_tui.tui.study import dialogs

        subject, answers = event.form.subject, event.answers
        if answers is None or subject not in (dialogs.COMPARE, dialogs.OPEN, dialogs.EXPORT):
            return False
        if subject == dialogs.COMPARE:
            self.lab_app.open("compare", dialogs.files_of(answers))
        elif subject == dialogs.OPEN:
            from iicl_tui.study.sources import named

            found = named(answers["source"], self.lab_app.paths.sessions)
            self.lab_app.open("study", folder=found.folder, study=found.study, command=found.command)
        else:
            self.write_export(tuple(self.chosen_files), dict(answers))
        self.close_dialog()
        return True
