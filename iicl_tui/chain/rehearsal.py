"""Which call a chain would make next, to the letter: its next phase is done as far as that call, and the call is not made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from iicl_tui.agents.base import ModelClient, ReplyAnswer, UnreadableReply
from iicl_tui.agents.calls import Call, Purpose, Request
from iicl_tui.agents.model_session import RecordedModelSession
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.records import Phase
from iicl_tui.errors import LabError
from iicl_tui.filters.base import Decision, HypothesisShown, Sample, SamplesShown


@dataclass(frozen=True)
class NextCall:
    """A call as it would be made now. request: without what the API or the model is known not to take; left_out names that."""

    generation: int
    phase: Phase
    purpose: Purpose
    request: Request
    left_out: tuple[str, ...]
    client: ModelClient


class _WouldAsk(Exception):
    """The rehearsal has come to a call."""

    def __init__(self, purpose: Purpose, request: Request, client: ModelClient) -> None:
        super().__init__(purpose)
        self.purpose, self.request, self.client = purpose, request, client


class _WouldAskPerson(Exception):
    """The rehearsal has come to a person."""


class _RehearsedSession(RecordedModelSession):
    """Answers from the record, and stops where that ends."""

    async def ask(self, purpose: Purpose, request: Request, client: ModelClient) -> Call:
        known = self._next(purpose)
        if known is None:
            raise _WouldAsk(purpose, request, client)
        return known


class _Person:
    """Implements `Decider`: stands for whoever would be asked."""

    async def hypothesis(self, shown: HypothesisShown) -> Decision:
        raise _WouldAskPerson

    async def samples(self, shown: SamplesShown) -> Sequence[Sample]:
        raise _WouldAskPerson

    async def reply(self, shown: UnreadableReply) -> ReplyAnswer | None:
        raise _WouldAskPerson


class _Rehearsal(Chain):
    """A chain that is kept nowhere and calls nobody."""

    SESSION = _RehearsedSession


async def next_call(chain: Chain) -> NextCall | None:
    """The first call that the next phase would make, also where it was broken off in mid-phase; None where it makes none, or where
    a person is asked before. Nothing is sent, and the chain stays as it is."""
    upcoming = chain.next
    if upcoming is None:
        return None
    person = None if chain.decider is None else _Person()
    rehearsal = _Rehearsal(chain.config, chain.generations, decider=person, calls=chain.calls, access=chain.access)
    rehearsal.notice = chain.notice  # an agent says a thing once
    try:
        await rehearsal.step()
    except _WouldAsk as found:
        asked, client = found.request, found.client
        request = client.as_sent(asked)
        names = [name for name in Request.PARAMETERS if getattr(asked, name) is not None and getattr(request, name) is None]
        return NextCall(*upcoming, found.purpose, request, tuple(names), client)
    except (_WouldAskPerson, LabError):
        return None
    return None
