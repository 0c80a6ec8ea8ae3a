"""The base of all full screens: header, footer, the app's keys, and errors shown to the person.

A screen is written like this:

    class HomeScreen(AppScreen):
        GROUP = "home"                      # its part of the action registry
        BINDINGS = bindings("home")
        CSS_PATH = "home.tcss"              # beside the module
        HELP = "What this screen is for."   # a paragraph on the help page
        LABELS = {"app.back": "later"}      # only if the registry's label does not fit here

        def body(self) -> ComposeResult: …  # the widgets between header and footer

        def action_open(self) -> None: …    # one method for each action of the group
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.geometry import Region
from textual.reactive import Reactive
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from iicl_tui.errors import LabError
from iicl_tui.tui.actions import TITLES
from iicl_tui.tui.app_protocol import AppProtocol, lab_app
from iicl_tui.tui.textual_adapter import ErrorHandlingScreen
from iicl_tui.tui.widgets.footer import KeyBar
from iicl_tui.tui.widgets.header import HeaderLine
from iicl_tui.tui.widgets.layers import Column

if TYPE_CHECKING:
    from iicl_tui.present.explain import Depth

TOO_SMALL = "The window is too small: iicl-tui needs 60 × 16.\nMake it larger to go on; nothing is lost."


class AppScreen(ErrorHandlingScreen):
    """A full screen: header, body, footer.

    Size classes for its .tcss: -narrow below 100 columns, -wide from 160; -short below 30 lines, -tall from 50.
    """

    GROUP: ClassVar[str] = ""
    HELP: ClassVar[str] = ""
    LABELS: ClassVar[Mapping[str, str]] = {}
    PARTS: ClassVar[frozenset[str]] = frozenset()
    """The ids of the widgets that are asked about as a whole, besides those with a title in their border."""
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny-width"), (60, "-narrow"), (100, "-normal"), (160, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-tiny-height"), (16, "-short"), (30, "-medium"), (50, "-tall")]  # noqa: RUF012

    # What gets or loses the focus draws itself again. Textual would draw the whole screen each time.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Behind its widgets a screen has no text and no border: one blank line is all of its lines."""
        line = Strip.blank(crop.width, self.visual_style.rich_style)
        for line_filter in self.get_line_filters():
            line = line.apply_filter(line_filter, self.background_colors[1])
        return [line] * crop.height

    @property
    def lab_app(self) -> AppProtocol:
        """The app, by its own type."""
        return lab_app(self)

    def compose(self) -> ComposeResult:
        self._set_size_classes()
        self.set_class(self.lab_app.presenter.on, "-presenting")
        yield HeaderLine()
        with Column(id="body"):
            yield from self.body()
        yield KeyBar()
        yield Static(TOO_SMALL, id="too-small", markup=False)

    def _set_size_classes(self) -> None:
        """Set the size classes before there are widgets: when Textual sets them, it styles every widget a second time."""
        size = self.app.size
        for length, breakpoints in ((size.width, self.HORIZONTAL_BREAKPOINTS), (size.height, self.VERTICAL_BREAKPOINTS)):
            *_, (_, fitting) = [each for each in breakpoints if each[0] <= length]
            self.add_class(fitting)

    def body(self) -> ComposeResult:
        """The widgets between header and footer."""
        raise NotImplementedError

    def header(self, title: str, facts: Sequence[str] = (), state: str = "") -> None:
        """Fill the header. The texts may be untrusted.

        Args:
            title: The screen's or the session's title.
            facts: Further facts, the most important first.
            state: saved, unsaved, read-only, running, paused, or another short text.
        """
        if self.presenting:
            facts, state = (), state.partition(" · ")[0] if state[:1] in ("▶", "‖") else ""
        self.query_one(HeaderLine).show(title, facts, state)

    @property
    def presenting(self) -> bool:
        """Whether the presenter mode is on."""
        return self.has_class("-presenting")

    def present(self, on: bool) -> None:
        """Turn the presenter mode on or off. A screen whose parts depend on it draws them again."""
        self.set_class(on, "-presenting")

    def back(self) -> None:
        """Run the back key: close what is open on the screen, or else leave it."""
        self.lab_app.leave()

    def may_leave(self) -> bool:
        """Whether the screen may be left. If that would lose something, warns the person and returns True the second time."""
        return True

    def why_not(self, action: str) -> str:
        """Why an action of this screen cannot be run now, as a sentence for the person; "" if there is nothing to say."""
        return ""

    @property
    def can_go_back(self) -> bool:
        """Whether the back key would do anything now."""
        return True

    def copy_text(self) -> str | None:
        """The text for the clipboard; None if there is nothing to copy."""
        return None

    def explanation(self, depth: Depth, part: Widget | None) -> Sequence[tuple[str, str]]:
        """What is said of the numbers of this screen, before its words are explained: headings and texts, safe to print.

        Args:
            depth: Plain or exact.
            part: What the person asks about: what is under the mouse, else what has the focus.
        """
        return ()

    def explained_values(self, part: Widget | None) -> Mapping[str, str]:
        """What terms of this screen are now, by term, to be said beside what they mean."""
        return {}

    async def action_explain(self) -> None:
        """Explain what is under the mouse or has the focus, and every word on this screen that is in the glossary."""
        from iicl_tui.tui.explaining import pages_of

        pages, first = pages_of(self, self.GROUP, self.PARTS, self.explanation, self.explained_values)
        await self.lab_app.open("explain", self.explained_title, pages, first)

    @property
    def explained_title(self) -> str:
        """What an explanation of this screen is called."""
        return TITLES.get(self.GROUP, self.GROUP)

    def handle_lab_error(self, error: LabError) -> None:
        self.lab_app.show_error(error)
