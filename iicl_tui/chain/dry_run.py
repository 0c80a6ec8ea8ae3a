"""Runs a chain's next phase up to its first call to a model, and returns that call without making it."""

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
    """A call as it would be made now.

    Attributes:
        request: Without the parameters that the API or the model is known not to take.
        left_out: The names of those parameters.
        client: Who would send it.
    """

    generation: int
    phase: Phase
    purpose: Purpose
    request: Request
    left_out: tuple[str, ...]
    client: ModelClient


class ReachedCall(Exception):
    """The dry run has reached a call to a model."""

    def __init__(self, purpose: Purpose, request: Request, client: ModelClient) -> None:
        super().__init__(purpose)
        self.purpose, self.request, self.client = purpose, request, client


class _ReachedPerson(Exception):
    """The dry run has reached a decision of a person."""


class DryRunSession(RecordedModelSession):
    """Answers from the record, and stops where the record ends."""

    async def ask(self, purpose: Purpose, request: Request, client: ModelClient) -> Call:
        known = self._next(purpose)
        if known is None:
            raise ReachedCall(purpose, request, client)
        return known

    async def ask_several(self, purpose: Purpose, request: Request, client: ModelClient) -> tuple[Call, ...]:
        return (await self.ask(purpose, request, client),)

    async def ask_all(self, purpose: Purpose, requests: Sequence[Request], client: ModelClient, parallel: int) -> tuple[Call, ...]:
        found: dict[str, Call] = {}
        for _ in requests:
            known = self._next(purpose, {each.prompt for each in requests} - found.keys())
            if known is None:
                raise ReachedCall(purpose, next(each for each in requests if each.prompt not in found), client)
            found[known.prompt] = known
        return tuple(found[request.prompt] for request in requests)


class _Person:
    """Implements `Decider` in place of the person who would be asked."""

    async def hypothesis(self, shown: HypothesisShown) -> Decision:
        raise _ReachedPerson

    async def samples(self, shown: SamplesShown) -> Sequence[Sample]:
        raise _ReachedPerson

    async def reply(self, shown: UnreadableReply) -> ReplyAnswer | None:
        raise _ReachedPerson


class _DryRun(Chain):
    """A chain that saves nothing and calls no model."""

    SESSION = DryRunSession


async def next_call(chain: Chain) -> NextCall | None:
    """Finds the next call of the next phase, even if that phase is half done. Sends nothing and does not change the chain.

    Returns:
        None if the phase makes no call, or asks a person first.
    """
    upcoming = chain.next
    if upcoming is None:
        return None
    person = None if chain.decider is None else _Person()
    dry_run = _DryRun(chain.config, chain.generations, decider=person, calls=chain.calls, access=chain.access)
    dry_run.on_notice = chain.on_notice  # an agent gives each notice once
    try:
        await dry_run.step()
    except ReachedCall as found:
        asked, client = found.request, found.client
        request = client.as_sent(asked)
        names = [name for name in Request.PARAMETERS if getattr(asked, name) is not None and getattr(request, name) is None]
        return NextCall(*upcoming, found.purpose, request, tuple(names), client)
    except (_ReachedPerson, LabError):
        return None
    return None
