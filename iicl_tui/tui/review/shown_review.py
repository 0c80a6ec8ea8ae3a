"""Read-only access to the review that a pane shows."""

from __future__ import annotations

from iicl_tui.review.forecast import Forecast
from iicl_tui.review.request import Reviewer, ReviewRequest
from iicl_tui.review.state import Refusal, ReviewState, refusal
from iicl_tui.review.subject import ReviewSubject
from iicl_tui.tui.review.frame import ReviewFrame


class ShownReview(ReviewFrame):
    """A review frame that knows the open request."""

    def __init__(self, reviewer: Reviewer, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.reviewer = reviewer
        self.request: ReviewRequest | None = None
        self.forecast: Forecast | None = None

    @property
    def blind(self) -> bool:
        """Marks of right and wrong are hidden."""
        return self.reviewer.blind

    @property
    def subject(self) -> ReviewSubject | None:
        """What is reviewed, if anything is."""
        return self.request.subject if self.request is not None else None

    @property
    def state(self) -> ReviewState:
        """The decisions so far; empty if nothing is asked."""
        return self.request.state if self.request is not None else ReviewState(())

    def copy_text(self) -> str | None:
        """Returns the item under the cursor as text."""
        item, subject = self.state.item, self.subject
        return subject.copy_text(item.value) if item is not None and subject is not None else None

    @property
    def single(self) -> bool:
        """The subject is a single hypothesis."""
        return self.subject is not None and self.subject.gate is not None

    @property
    def refusal(self) -> Refusal | None:
        """Why the decisions cannot be committed as they are."""
        subject = self.subject
        if subject is None:
            return None
        unlearnable = self.forecast is not None and self.forecast.unlearnable
        return refusal(subject.rules, len(subject.kept), self.state, unlearnable)
