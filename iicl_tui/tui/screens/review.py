"""The review as a whole screen, for windows where it does not fit below the laboratory."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import ClassVar

from textual.app import ComposeResult

from iicl_tui.chain.engine import Chain
from iicl_tui.tui.review.decider import ReviewDecider, ReviewRequest
from iicl_tui.tui.review.pane import ReviewPane
from iicl_tui.tui.screens.base import LabScreen


class ReviewScreen(LabScreen):
    """Shows what the decider asks now. Whoever runs the chain gives it each next request with `show`, and closes it with
    `dismiss` when the phase is over; put off, it leaves by itself."""

    CSS_PATH = "review.tcss"
    HELP = (
        "You are the filter between two generations. Approve, reject or edit the hypothesis that the agent drew, then each "
        "of the samples made from it; only what you approve or edit passes on. Beside it stands what the next agent would "
        "believe if you committed now. Every decision can be taken back until you commit; leaving keeps a draft."
    )
    LABELS: ClassVar[Mapping[str, str]] = {"app.back": "later"}

    def __init__(self, chain: Chain, decider: ReviewDecider, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._chain = chain
        self._decider = decider
        self._pane = ReviewPane(chain, decider, clock=clock, id="review")

    @property
    def pane(self) -> ReviewPane:
        """The pane that it is made of."""
        return self._pane

    def body(self) -> ComposeResult:
        yield self._pane

    def on_mount(self) -> None:
        self.header(self._chain.config.title, ["review"])
        self._pane.show(self._decider.request)

    def show(self, request: ReviewRequest | None) -> None:
        """The next request, or None while there is none."""
        self._pane.show(request)

    def back(self) -> None:
        if self._pane.live:
            self._pane.back()
        else:
            self.lab.leave()

    def on_review_pane_later(self) -> None:
        self.lab.leave()

    def copy_text(self) -> str | None:
        return self._pane.copy_text()
