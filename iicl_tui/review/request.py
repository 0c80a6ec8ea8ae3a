"""Questions to a person: a review or an unreadable reply, which any pane may show, and the person who answers them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from iicl_tui.agents.base import ReplyAnswer, UnreadableReply
from iicl_tui.agents.calls import ReplyVerdict
from iicl_tui.review.state import ReviewState

if TYPE_CHECKING:
    from iicl_tui.review.subject import ReviewSubject

Result = TypeVar("Result")


class ReviewReopened(Exception):
    """The person went back to an earlier round, so the work that asks has to be repeated."""


async def repeat_when_reopened(work: Callable[[], Awaitable[Result]]) -> Result:
    """Runs the work, and runs it again whenever the person goes back to an earlier round of it."""
    while True:
        with contextlib.suppress(ReviewReopened):
            return await work()


class ReviewRequest:
    """One review and its decisions so far. It outlives the panes that show it."""

    def __init__(
        self,
        subject: ReviewSubject,
        state: ReviewState,
        keep: Callable[[ReviewRequest, bool, bool], None],
        reopen: Callable[[], None] | None = None,
    ) -> None:
        """Sets up an open request.

        Args:
            subject: What is reviewed.
            state: The decisions so far.
            keep: Called after each change with the request, whether decisions changed, and whether they were committed.
            reopen: Makes the round before this one undecided again; None if there is none.
        """
        self.subject = subject
        self.state = state
        self._keep = keep
        self._reopen = reopen
        self._answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def open(self) -> bool:
        """It still waits for an answer."""
        return not self._answered.done()

    def update(self, state: ReviewState) -> None:
        """Replaces the state after a transition. Does nothing once the request is answered."""
        if not self.open:
            return
        decided = state.items != self.state.items
        self.state = state
        self._keep(self, decided, False)

    def commit(self) -> bool:
        """Answers with the decisions so far. Returns False if it was answered or put off before."""
        if not self.open:
            return False
        self._keep(self, True, True)
        self._answered.set_result(None)
        return True

    @property
    def can_reopen(self) -> bool:
        """There is an earlier round to go back to."""
        return self.open and self._reopen is not None

    def reopen(self) -> None:
        """Goes back to the round before this one: the asking task gets ReviewReopened and has to be repeated."""
        if self.can_reopen and self._reopen is not None:
            self._reopen()
            self._answered.set_exception(ReviewReopened())

    def postpone(self) -> None:
        """Puts the review off: the asking task is cancelled, the draft stays."""
        if self.open:
            self._keep(self, True, False)
            self._answered.cancel()

    async def answer(self) -> ReviewState:
        """Waits for the committed state. Raises CancelledError when it is put off, ReviewReopened for an earlier round."""
        await self._answered
        return self.state


class ReplyRequest:
    """A reply that cannot be read, and what has been written in its place so far. It outlives the panes that show it.

    Attributes:
        text: The text that replaces the reply; None: nothing was written.
    """

    def __init__(self, shown: UnreadableReply, text: str | None, keep: Callable[[ReplyRequest], None]) -> None:
        self.shown = shown
        self.text = text
        self._keep = keep
        self._answered: asyncio.Future[ReplyAnswer] = asyncio.get_running_loop().create_future()

    @property
    def open(self) -> bool:
        """It still waits for an answer."""
        return not self._answered.done()

    def update(self, text: str | None) -> None:
        """Keeps what has been written, until there is an answer. None: nothing."""
        if text != self.text and (self.open or self._answered.cancelled()):
            self.text = text
            self._keep(self)

    def answer(self, verdict: ReplyVerdict, text: str = "") -> bool:
        """Answers, so that the chain goes on.

        Args:
            verdict: What to do.
            text: For "edit": the text that is read in place of the reply.

        Returns:
            False, and nothing happens, if it was answered or put off before, the text cannot be read, or the reply cannot be
            skipped.
        """
        if not self.open or (verdict == "skip" and not self.shown.skip_effect) or (verdict == "edit" and self.shown.read(text)):
            return False
        self._answered.set_result(ReplyAnswer(verdict, text if verdict == "edit" else ""))
        return True

    def postpone(self) -> None:
        """Puts the answer off: the asking task is cancelled, what was written stays."""
        if self.open:
            self._answered.cancel()

    async def result(self) -> ReplyAnswer:
        """Waits for the answer. Raises CancelledError when it is put off."""
        return await self._answered


AnyRequest = ReviewRequest | ReplyRequest
"""What a person is asked: to review something, or what to do about a reply."""


def _keep_nothing(request: ReviewRequest, decided: bool, committed: bool) -> None:
    """Drafts are not kept."""


class Reviewer:
    """The person at the screen, who answers one request at a time.

    Attributes:
        request: The open request.
        hide: The person's own choice to hide what is right. `blind` says whether it is hidden now.
        trouble: Why drafts are not kept on disk; empty while they are.
    """

    def __init__(self, ask: Callable[[AnyRequest | None], None]) -> None:
        """Takes `ask`, which is called with each request, in the asking task, and with None once nothing is asked."""
        self._ask = ask
        self.request: AnyRequest | None = None
        self.hide = False
        self.trouble = ""

    @property
    def blind(self) -> bool:
        """Marks of right and wrong are hidden: by the person's choice, or by the subject."""
        return self.hide or (isinstance(self.request, ReviewRequest) and self.request.subject.blind)

    async def review(
        self,
        subject: ReviewSubject,
        state: ReviewState | None = None,
        keep: Callable[[ReviewRequest, bool, bool], None] = _keep_nothing,
        reopen: Callable[[], None] | None = None,
    ) -> ReviewState:
        """Asks for a review and waits for the committed decisions.

        Args:
            subject: What is reviewed.
            state: Decisions from a draft; None: nothing is decided yet.
            keep: Keeps drafts, see `ReviewRequest`.
            reopen: Makes the round before this one undecided again, see `ReviewRequest`.

        Raises:
            CancelledError: It is put off.
            ReviewReopened: The person went back to an earlier round.
        """
        request = ReviewRequest(subject, ReviewState.from_values(subject.values) if state is None else state, keep, reopen)
        with self._asking(request):
            return await request.answer()

    @contextlib.contextmanager
    def _asking(self, request: AnyRequest) -> Iterator[None]:
        """Makes the request the open one while the block runs."""
        self.request = request
        try:
            self._ask(request)
            yield
        finally:
            self.request = None
            self._ask(None)
