"""Makes a study of the configuration in the form: the same chain many times, with other seeds."""

from __future__ import annotations

from textual import on

from iicl_tui.chain.config import ChainConfig
from iicl_tui.files import outside_files
from iicl_tui.tui.screens.configure_outside import ConfigureOutsideScreen
from iicl_tui.tui.widgets.inline_form import InlineForm


class ConfigureManyScreen(ConfigureOutsideScreen):
    """The part of the form's screen that runs its configuration many times."""

    async def checked(self) -> ChainConfig | None:
        """The configuration, checked now; None, and a message, if it has faults."""
        raise NotImplementedError

    async def action_many(self) -> None:
        from iicl_tui.tui.study import dialogs

        config = await self.checked()
        if config is not None and not self.query(InlineForm):
            self.query_one("#body").mount(dialogs.many(config.title, config.seed, self.lab_app.paths.sessions))

    @on(InlineForm.Answered)
    async def _many_answered(self, event: InlineForm.Answered) -> None:
        """Open the study. An error leaves the dialog open, so that it can be corrected."""
        from iicl_tui.tui.study import dialogs

        if event.form.subject != dialogs.MANY:
            return
        event.stop()
        config = await self.checked() if event.answers is not None else None
        if config is not None and event.answers is not None:
            with outside_files(self.outside):
                study, folder = dialogs.many_study(self.draft.text, config.title, self.folder, config.seed, event.answers)
            self.lab_app.open("study", folder=folder, study=study, start=True, outside=True)  # it names none that it may not name
        self.close_many()

    def close_many(self) -> None:
        """Close the dialog, and go back to the form."""
        self.query(InlineForm).remove()
        self.set_focus(self.query("#form .control").first(), scroll_visible=False)
