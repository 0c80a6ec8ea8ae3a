"""The person as a decider: what the engine asks becomes a request that a pane shows, and the engine waits for its answer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

from iicl_tui.agents.base import ReplyAnswer, UnreadableReply
from iicl_tui.agents.calls import ReplyVerdict
from iicl_tui.chain.config import ChainConfig
from iicl_tui.chain.records import PhaseRecord
from iicl_tui.filters.base import Decision, HypothesisShown, PhaseContext, Sample, SamplesShown
from iicl_tui.review import state as transitions
from iicl_tui.review.drafts import Draft, DraftFile, Round, gate_of
from iicl_tui.review.reply_drafts import ReplyDrafts
from iicl_tui.review.state import ReviewState, Shown, values_shown


def always_blind(config: ChainConfig) -> bool:
    """Whether the chain's human filter is set up blind: then nothing may show what is right, before, in or after a review."""
    return any(getattr(each, "blind", False) for each in config.filters)


class ReviewRequest:
    """One question of the engine, and what has been decided on it so far. Any pane may show it; it outlives them."""

    def __init__(self, decider: ReviewDecider, shown: Shown, number: int, state: ReviewState) -> None:
        self.decider = decider
        self.shown = shown
        self.number = number
        self.state = state
        self._answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def open(self) -> bool:
        """It still waits for an answer."""
        return not self._answered.done()

    def update(self, state: ReviewState) -> None:
        """The state after a transition; nothing any more once it is answered. Decisions are kept as a draft."""
        if not self.open:
            return
        decided = state.items != self.state.items
        self.state = state
        self.decider.keep(self, write=decided)

    def commit(self) -> bool:
        """Lets the engine go on with these decisions. False if it was answered or put off before."""
        if not self.open:
            return False
        self.decider.keep(self, committed=True)
        self._answered.set_result(None)
        return True

    def later(self) -> None:
        """Puts it off: the engine's step is cancelled (it raises CancelledError), the draft stays."""
        if self.open:
            self.decider.keep(self)
            self._answered.cancel()

    async def answer(self) -> ReviewState:
        """The state as committed. Raises CancelledError when it is put off."""
        await self._answered
        return self.state


class ReplyRequest:
    """A reply that cannot be read, until a person has said what to do. Any pane may show it; it outlives them.

    text: what the person has written in its place until now; None: nothing.
    """

    def __init__(self, decider: ReviewDecider, shown: UnreadableReply, text: str | None) -> None:
        self.decider = decider
        self.shown = shown
        self.text = text
        self._answered: asyncio.Future[ReplyAnswer] = asyncio.get_running_loop().create_future()

    @property
    def open(self) -> bool:
        """It still waits for an answer."""
        return not self._answered.done()

    def update(self, text: str | None) -> None:
        """What the person has written, kept as a draft; None: nothing any more. It can be kept until there is an answer."""
        if text != self.text and (self.open or self._answered.cancelled()):
            self.text = text
            self.decider.keep_text(self)

    def answer(self, verdict: ReplyVerdict, text: str = "") -> bool:
        """Lets the engine go on. text: what is read in place of the reply, for "edit".

        False, and nothing happens, if it was answered or put off before, the text cannot be read, or it cannot be skipped.
        """
        if not self.open or (verdict == "skip" and not self.shown.skip_effect) or (verdict == "edit" and self.shown.read(text)):
            return False
        self._answered.set_result(ReplyAnswer(verdict, text if verdict == "edit" else ""))
        return True

    def later(self) -> None:
        """Puts it off: the engine's step is cancelled (it raises CancelledError), what was written stays."""
        if self.open:
            self._answered.cancel()

    async def said(self) -> ReplyAnswer:
        """The answer. Raises CancelledError when it is put off."""
        return await self._answered


AnyRequest = ReviewRequest | ReplyRequest
"""What a person is asked: to decide on what was drawn, or what to do about a reply."""


class ReviewDecider:
    """Implements filters.base.Decider for one open session.

    ask: told of each request, in the engine's task, and of None when nothing is asked any more; it should post a message.
    folder, session: where a draft is kept on disk (the user's state folder) and for which file; None: in memory only.
    created: when the session was, so that its drafts are told from those of another of the same name.
    Give every record that was kept to `recorded`, so that its draft goes.
    """

    def __init__(
        self,
        ask: Callable[[AnyRequest | None], None],
        folder: Path | None = None,
        session: Path | None = None,
        created: str = "",
    ) -> None:
        self._ask = ask
        self._file = DraftFile(folder, session, created) if folder is not None and session is not None else None
        self._replies = ReplyDrafts(folder, session, created)
        self._draft: Draft | None = None
        self._loaded = False
        self._scene: PhaseContext | None = None
        self._asked = 0
        self.request: AnyRequest | None = None
        self.hide = False
        """The person's own choice not to see what is right. `blind` says whether it is hidden now."""
        self.trouble = ""
        """Why drafts are not kept on disk, in words; empty while they are."""

    @property
    def blind(self) -> bool:
        """h*, ĥ, P(h*) and every mark of right and wrong are hidden: by choice, or by the filter that asks."""
        return self.hide or (isinstance(self.request, ReviewRequest) and self.request.shown.blind)

    async def hypothesis(self, shown: HypothesisShown) -> Decision:
        """A verdict on the drawn hypothesis. Raises CancelledError when it is put off."""
        return transitions.decision(shown, await self._answer(shown))

    async def samples(self, shown: SamplesShown) -> Sequence[Sample]:
        """A verdict on each sample, in order. Raises CancelledError when it is put off."""
        if not shown.samples:
            return ()
        return transitions.samples(shown, await self._answer(shown))

    async def reply(self, shown: UnreadableReply) -> ReplyAnswer:
        """What to do about a reply that cannot be read. Raises CancelledError when it is put off."""
        self.request = request = ReplyRequest(self, shown, self._replies.of(shown))
        try:
            self._ask(request)
            return await request.said()
        finally:
            self.request = None
            self._ask(None)

    def recorded(self, record: PhaseRecord) -> None:
        """A phase is over and kept: a draft of it, or of what came before, is of no more use."""
        self._scene = None
        with contextlib.suppress(OSError):  # one that stays behind is found by no other reply
            self._replies.over()
        if record.phase == "imitation":
            return
        draft, self._draft, self._loaded = self._draft, None, True
        if self._file is not None and draft is not None:
            with contextlib.suppress(OSError):  # a draft that stays behind is never asked for again
                self._file.remove()

    async def _answer(self, shown: Shown) -> ReviewState:
        number = self._number(shown)
        earlier = self._earlier(shown, number)
        if earlier is not None and earlier.committed:
            return earlier.state
        state = earlier.state if earlier is not None else ReviewState.of(values_shown(shown))
        self.request = request = ReviewRequest(self, shown, number, state)
        try:
            self._ask(request)
            return await request.answer()
        finally:
            self.request = None
            self._ask(None)

    def _number(self, shown: Shown) -> int:
        # The engine makes one context a phase, so another context means that the phase began, anew or again.
        if shown.context is not self._scene:
            self._scene, self._asked = shown.context, 0
        self._asked += 1
        return self._asked - 1

    def _earlier(self, shown: Shown, number: int) -> Round | None:
        if not self._loaded and self._file is not None:
            self._draft = self._file.load(shown.context.task)
        self._loaded = True
        place = (shown.context.generation, gate_of(shown))
        if self._draft is None or (self._draft.generation, self._draft.gate) != place:
            self._draft = Draft(*place)
        rounds = self._draft.rounds
        if number < len(rounds) and rounds[number].answers(shown):
            return rounds[number]
        self._draft = self._draft.before(number)
        return None

    def keep(self, request: ReviewRequest, committed: bool = False, write: bool = True) -> None:
        """Keeps the request's state as a draft; never raises, `trouble` says what went wrong."""
        if self._draft is None:
            return
        one = Round(request.shown.attempt, request.state, committed)
        self._draft = self._draft.with_round(request.number, one)
        if not write or self._file is None:
            return
        try:
            self._file.save(self._draft, request.shown.context.task)
            self.trouble = ""
        except OSError as error:
            self.trouble = f"{self._file.path}: {error.strerror or error}"

    def keep_text(self, request: ReplyRequest) -> None:
        """Keeps what a person has written so far; never raises, `trouble` says what went wrong."""
        try:
            self._replies.keep(request.shown, request.text)
            self.trouble = ""
        except OSError as error:
            self.trouble = f"{self._replies.path}: {error.strerror or error}"
