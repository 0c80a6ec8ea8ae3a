"""What home shows while there are no sessions: what the program is, what to do first, and a small moving picture."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from iicl_tui.present.first_visit import GROWTH, GROWTH_SHORT, GROWTH_TITLE, GROWTH_WORDS, INTRO, LESSONS_TITLE, TITLE, growth_lines
from iicl_tui.tui.widgets.action_bar import ActionBar, ActionButton

_STEP = 0.5
"""Seconds from one generation of the picture to the next."""
FIRST_STEPS = (
    ("home.tour", "Start the tour", "short lessons, one idea each, with nothing to read before"),
    ("home.examples", "Open an example", "finished chains, with what to notice in them"),
    ("home.presets", "Pick an experiment", "grouped by the question that it answers"),
    ("home.new", "Set up a chain", "your own task, agents and filters"),
)
"""Action, label, and what it leads to."""


class Growth(Widget):
    """A bias that grows, one generation after another. It plays once; without animations it stands complete."""

    def __init__(self) -> None:
        super().__init__(id="growth")
        self.shown = 0
        self._timer: Timer | None = None

    def on_mount(self) -> None:
        still = self.app.animation_level == "none" or self.app.no_color
        self.shown = len(GROWTH) if still else 1
        if not still:
            self._timer = self.set_interval(_STEP, self._next)

    def _next(self) -> None:
        self.shown += 1
        self.refresh()
        if self.shown >= len(GROWTH) and self._timer is not None:
            self._timer.stop()

    def render(self) -> Content:
        return Content("\n".join(growth_lines(self.shown, self.content_size.width)))


class Welcome(Container):
    """Two panels: what this is and what to do first, and the moving picture."""

    SCOPED_CSS = False  # some rules go by the size of the screen
    DEFAULT_CSS = """
    Welcome {
        display: none;
        layout: horizontal;
        height: 100%;
    }

    HomeScreen.-first-visit Welcome {
        display: block;
    }

    Welcome #about, Welcome #watch, Welcome #tour {
        border: round $border-blurred;
        border-title-color: $text-accent;
        border-title-style: bold;
        border-subtitle-color: $text-muted;
    }

    Welcome #about, Welcome #watch {
        width: 1fr;
        height: auto;
        padding: 1 2;
    }

    HomeScreen.-tall Welcome #about, HomeScreen.-tall Welcome #watch {
        padding: 3 5;
    }

    Welcome #intro {
        height: auto;
        margin-bottom: 1;
    }

    Welcome .what {
        height: auto;
        padding: 0 2;
        color: $text-muted;
        margin-bottom: 1;
    }

    Welcome #growth {
        width: 1fr;
        height: 7;
        color: $text-accent;
        text-wrap: nowrap;
    }

    Welcome #growth-words {
        height: auto;
        margin-top: 1;
        color: $text-muted;
    }

    HomeScreen.-narrow Welcome {
        layout: vertical;
        overflow-y: auto;
    }

    HomeScreen.-narrow Welcome #about, HomeScreen.-narrow Welcome #watch {
        width: 100%;
        padding: 0 1;
    }

    HomeScreen.-narrow Welcome .what, HomeScreen.-narrow Welcome #growth-words {
        display: none;
    }

    HomeScreen.-narrow.-short Welcome #intro {
        margin-bottom: 0;
    }

    Welcome #tour {
        display: none;
        height: auto;
        padding: 1 5;
    }

    HomeScreen.-wide.-tall Welcome {
        layout: grid;
        grid-size: 2;
        grid-rows: auto;
    }

    HomeScreen.-wide.-tall Welcome #tour {
        display: block;
        column-span: 2;
    }
    """

    def compose(self) -> ComposeResult:
        with Vertical(id="about") as about:
            about.border_title = TITLE
            yield Static(INTRO, id="intro", markup=False)
            for action, label, what in FIRST_STEPS:
                bar = ActionBar(classes="step")
                bar.show("", [ActionButton(action, label, chosen=True)])
                yield bar
                yield Static(what, classes="what", markup=False)
        with Vertical(id="watch") as watch:
            watch.border_title = GROWTH_TITLE
            yield Growth()
            yield Static(GROWTH_WORDS, id="growth-words", markup=False)
        with Vertical(id="tour") as tour:
            tour.border_title = LESSONS_TITLE
            yield Static(id="lessons", markup=False)

    def on_mount(self) -> None:
        self.call_after_refresh(self._fit)

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        self.query_one("#watch").border_subtitle = GROWTH_SHORT if self.screen.has_class("-narrow") else ""
        self._list_lessons()

    def _list_lessons(self) -> None:
        """List the lessons where a large window has room for them. The first text of home does not wait for it."""
        from iicl_tui.lessons.library import lessons as headings

        lessons = self.query_one("#lessons", Static)
        if self.query_one("#tour").display and not lessons.content:
            found = headings()
            wide = max(len(each.title) for each in found)
            lines = [Content.assemble(f"{each.number:>2}  {each.title:<{wide}}  ", (each.idea, "$text-muted")) for each in found]
            lessons.update(Content("\n").join(lines))
