"""The person as the decider of a chain: turns the engine's questions into requests, and keeps drafts of the answers."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from iicl_tui.agents.base import ReplyAnswer, UnreadableReply
from iicl_tui.chain.config import ChainConfig
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.history import ChainHistory
from iicl_tui.chain.records import PhaseRecord
from iicl_tui.filters.base import Decision, HypothesisShown, PhaseContext, Sample, SamplesShown
from iicl_tui.review.drafts import Draft, DraftFile, Round
from iicl_tui.review.reply_drafts import ReplyDrafts
from iicl_tui.review.request import AnyRequest, ReplyRequest, Reviewer, ReviewRequest
from iicl_tui.review.state import ReviewState

if TYPE_CHECKING:  # imported when a person is asked, since most chains ask nobody
    from iicl_tui.review.chain_subject import ChainSubject, Shown


def always_blind(config: ChainConfig) -> bool:
    """Returns whether the human filter is blind: then no screen may show what is right, even outside a review."""
    return any(getattr(each, "blind", False) for each in config.filters)


def hides_truth(chain: ChainHistory) -> bool:
    """Returns whether a person who must not know what is right will still be asked."""
    return chain.next is not None and always_blind(chain.config)


class ReviewDecider(Reviewer):
    """Implements filters.base.Decider for one open session.

    Call `recorded` with each record that was saved, so that its draft is removed.
    """

    def __init__(
        self,
        chain: Callable[[], Chain],
        ask: Callable[[AnyRequest | None], None],
        folder: Path | None = None,
        session: Path | None = None,
        created: str = "",
    ) -> None:
        """Sets up the drafts.

        Args:
            chain: Returns the session's chain.
            ask: See `Reviewer`. It should post a message.
            folder: Where drafts are kept (the user's state folder); None: in memory only.
            session: The session's file; None: in memory only.
            created: When the session was created, so that another session of the same name does not get its drafts.
        """
        super().__init__(ask)
        self._chain = chain
        self._file = DraftFile(folder, session, created) if folder is not None and session is not None else None
        self._replies = ReplyDrafts(folder, session, created)
        self._draft: Draft | None = None
        self._loaded = False
        self._context: PhaseContext | None = None
        self._asked = 0

    async def hypothesis(self, shown: HypothesisShown) -> Decision:
        """Asks for a verdict on the drawn hypothesis. Raises CancelledError when it is put off."""
        from iicl_tui.review.chain_subject import hypothesis_answer

        return hypothesis_answer(shown, await self._decide(shown))

    async def samples(self, shown: SamplesShown) -> Sequence[Sample]:
        """Asks for a verdict on each sample. Raises CancelledError when it is put off."""
        if not shown.samples:
            return ()
        from iicl_tui.review.chain_subject import samples_answer

        return samples_answer(shown, await self._decide(shown))

    async def reply(self, shown: UnreadableReply) -> ReplyAnswer:
        """Asks what to do about a reply that cannot be read. Raises CancelledError when it is put off."""
        request = ReplyRequest(shown, self._replies.get(shown), self._keep_text)
        with self._asking(request):
            return await request.result()

    def recorded(self, record: PhaseRecord) -> None:
        """Forgets the drafts of a phase that is on record, and of earlier ones."""
        self._context = None
        with contextlib.suppress(OSError):  # a draft that stays behind matches no other reply
            self._replies.clear()
        if record.phase == "imitation":
            return
        draft, self._draft, self._loaded = self._draft, None, True
        if self._file is not None and draft is not None:
            with contextlib.suppress(OSError):  # a draft that stays behind is never used again
                self._file.remove()

    async def _decide(self, shown: Shown) -> ReviewState:
        from iicl_tui.review.chain_subject import chain_subject

        subject, number = chain_subject(self._chain(), shown), self._number(shown)
        earlier = self._earlier(subject, number)
        if earlier is not None and earlier.committed:
            return earlier.state

        def keep(request: ReviewRequest, decided: bool, committed: bool) -> None:
            self._keep(subject, number, Round(subject.attempt, request.state, committed), write=decided)

        def reopen() -> None:
            self._reopen(subject, number - 1)

        state = earlier.state if earlier is not None else None
        return await self.review(subject, state, keep, reopen if number else None)

    def _number(self, shown: Shown) -> int:
        # The engine makes one context per phase, so a new context means that the phase began, or began again.
        if shown.context is not self._context:
            self._context, self._asked = shown.context, 0
        self._asked += 1
        return self._asked - 1

    def _earlier(self, subject: ChainSubject, number: int) -> Round | None:
        if not self._loaded and self._file is not None:
            self._draft = self._file.load(subject)
        self._loaded = True
        place = (subject.generation, subject.stage)
        if self._draft is None or (self._draft.generation, self._draft.gate) != place:
            self._draft = Draft(*place)
        rounds = self._draft.rounds
        if number < len(rounds) and rounds[number].matches(subject):
            return rounds[number]
        self._draft = self._draft.first_rounds(number)
        return None

    def _reopen(self, subject: ChainSubject, number: int) -> None:
        """Makes a round of this phase undecided again, with the decisions as they were, and drops later rounds."""
        if self._draft is not None:
            self._keep(subject, number, replace(self._draft.rounds[number], committed=False), write=True)

    def _keep(self, subject: ChainSubject, number: int, one: Round, write: bool) -> None:
        """Keeps a draft. Never raises; `trouble` says what went wrong."""
        if self._draft is None:
            return
        self._draft = self._draft.with_round(number, one)
        if not write or self._file is None:
            return
        try:
            self._file.save(self._draft, subject)
            self.trouble = ""
        except OSError as error:
            self.trouble = f"{self._file.path}: {error.strerror or error}"

    def _keep_text(self, request: ReplyRequest) -> None:
        """Keeps what has been written so far. Never raises; `trouble` says what went wrong."""
        try:
            self._replies.keep(request.shown, request.text)
            self.trouble = ""
        except OSError as error:
            self.trouble = f"{self._replies.path}: {error.strerror or error}"
