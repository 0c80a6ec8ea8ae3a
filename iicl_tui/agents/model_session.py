"""The line between an agent and its model at one phase: answered from the record as far as there is one, then by the model.

Whatever was paid for is on record before anybody reads it, so a phase that was killed, cancelled or failed costs nothing twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from iicl_tui.agents.access import Access
from iicl_tui.agents.base import ModelClient, ReplyReader, Unreadable
from iicl_tui.agents.calls import Call, Exchange, Purpose, Reply, Request, dialogue, room_for
from iicl_tui.agents.money import Budget, Spent, money_text, prompt_tokens, worst_case
from iicl_tui.agents.retry import Waiting, duration_text, send_with_retries
from iicl_tui.errors import ChainStopped


@dataclass(frozen=True)
class Calling:
    """What a chain is asking for at this moment. since: on the monotonic clock. waiting: it waits before it tries again."""

    purpose: Purpose
    model: str
    since: float
    waiting: Waiting | None = None

    @property
    def sent(self) -> bool:
        """A request is at the provider's: whoever gives it up now may have to pay for it."""
        return self.waiting is None


STILL_BILLED = "The provider may still bill the call that was given up."


DOING: dict[Purpose, str] = {
    "imitate": "asks what it learns",
    "draw": "draws another rule",
    "transmit": "asks for examples",
    "self-refine": "asks it to check its rule",
    "hypothesis-search": "tells it what its rule gets wrong",
    "repair": "asks again, since the reply could not be read",
}
"""What a call of each purpose does, in words."""


def calling_text(calling: Calling, now: float) -> str:
    """What is being asked for, in words that change by the second. now: on the monotonic clock."""
    doing = f"{DOING.get(calling.purpose, calling.purpose)} · {calling.model}"
    waiting = calling.waiting
    if waiting is None:
        return f"{doing} · {max(now - calling.since, 0):.0f} s"
    left = max(waiting.until - now, 0)
    return f"try {waiting.attempt} of {waiting.attempts} in {_left(left)}: {waiting.what} · {doing}"


def _left(seconds: float) -> str:
    """Counted in seconds for as long as that says something."""
    return f"{seconds:.0f} s" if seconds < 600 else duration_text(seconds)


class BudgetReached(ChainStopped):
    """The next call could pass the budget, so it was not made."""


class ReplyUnreadable(ChainStopped):
    """A reply cannot be read, and nobody is there who could say what to do."""


@dataclass(frozen=True)
class ChainServices:
    """What all lines of a chain share, as functions of the chain.

    keep: puts a call on record; ready: raises StoreError where it is seen beforehand that a record of so many bytes could not be
    kept. spent, budget: until now. tell: what is being asked for, None when nothing is. say: a notice for the person. reader: who
    is asked about unreadable replies.
    """

    keep: Callable[[Call], None]
    ready: Callable[[int], None]
    spent: Callable[[], Spent]
    budget: Callable[[], Budget]
    tell: Callable[[Calling | None], None]
    say: Callable[[str], None]
    reader: Callable[[], ReplyReader | None]
    access: Access


class RecordedModelSession:
    """Implements `ModelSession`. recorded: this phase's calls on record. earlier: the agent's dialogue before this generation.

    calls: all calls of this generation so far; it grows while calls are kept. lookback: rounds of the dialogue that are sent.
    """

    def __init__(
        self,
        services: ChainServices,
        generation: int,
        phase: str,
        calls: Sequence[Call],
        earlier: Sequence[Exchange],
        lookback: int,
        previous: int | None,
    ) -> None:
        self.phase, self.previous = phase, previous
        self.taken = 0
        self._services = services
        self._generation = generation
        self._calls = calls
        self._recorded = [call for call in calls if call.phase == phase]
        self._earlier, self._lookback = tuple(earlier), lookback
        self._seen: list[Call] = []
        self._asked_anew = False

    def history(self, purpose: Purpose) -> tuple[Exchange, ...]:
        """The last look-back rounds. What was learned in this generation is one of them once it has been learned."""
        if self._lookback == 0:
            return ()
        now = () if purpose in ("imitate", "draw") else dialogue([call for call in self._calls if call.purpose != "transmit"])
        return (*self._earlier, *now)[-self._lookback :]

    def calls(self) -> tuple[Call, ...]:
        """Those of this phase that were asked for until now."""
        return tuple(self._seen)

    def before(self) -> tuple[Call, ...]:
        """Those of this generation's earlier phases."""
        return tuple(call for call in self._calls if call.phase != self.phase)

    def say(self, text: str) -> None:
        """Tell the person."""
        self._services.say(text)

    async def ask(self, purpose: Purpose, request: Request, client: ModelClient) -> Call:
        """From the record, or from the model."""
        known = self._next(purpose)
        if known is not None:
            return known
        self._check_budget(request, client)
        self._services.ready(room_for(request))
        self._asked_anew = True
        since = time.monotonic()

        def tell(waiting: Waiting | None) -> None:
            self._services.tell(Calling(purpose, client.model, since, waiting))

        without: tuple[str, ...] = ()

        async def send() -> Reply:
            nonlocal without
            reply, without = await client.send(request, self._services.access)
            return reply

        tell(None)
        try:
            reply, attempts, latency = await send_with_retries(send, client.patience, tell)
        finally:
            self._services.tell(None)
        sent = prompt_tokens(request.without(without)) if reply.usage is None else None
        call = Call(
            self._generation, self.phase, purpose, request.prompt, reply.text, reply.finish, reply.tokens, reply.usage,
            reply.model, round(latency, 3), attempts, without, sent=sent,
        )  # fmt: skip
        return self._kept(call)

    async def help(
        self, purpose: Purpose, prompt: str, reply: str, trouble: str, skipping: str, read: Callable[[str], str]
    ) -> Call:
        """From the record, or from the person. Where a phase is gone on with and nobody is there, the model is asked once more:
        that is what going on means."""
        known = self._next("person")
        if known is not None:
            return known
        reader = self._services.reader()
        shown = Unreadable(self._generation, self.phase, purpose, prompt, reply, trouble, skipping, read)
        said = await reader.reply(shown) if reader is not None else None
        if said is not None and (skipping or said.verdict != "skip"):
            call = Call(self._generation, self.phase, "person", reply=said.text, verdict=said.verdict)
        elif self._recorded and not self._asked_anew:
            call = Call(self._generation, self.phase, "person", verdict="redraw")
        else:
            raise ReplyUnreadable(
                f"A reply of generation {self._generation} cannot be read",
                f"{trouble} It is saved as it came.",
                "Open the session in the program to edit it, redraw or skip; `iicl-tui resume` asks the model once more.",
            )
        self._asked_anew = True
        return self._kept(call)

    def _kept(self, call: Call) -> Call:
        self._services.keep(call)
        self._seen.append(call)
        return call

    def _next(self, purpose: Purpose) -> Call | None:
        if len(self._seen) >= len(self._recorded):
            return None
        call = self._recorded[len(self._seen)]
        if call.purpose != purpose:
            raise ChainStopped(
                f"The calls on record for generation {self._generation} do not fit",
                f"The file has a call to {call.purpose} where the chain would make one to {purpose}: "
                "the configuration was changed after that call.",
                "Take the change back, or branch from the generation before.",
            )
        self._seen.append(call)
        return call

    def _check_budget(self, request: Request, client: ModelClient) -> None:
        tokens, dollars = worst_case(request, client.price)
        spent = self._services.spent()
        why = self._services.budget().refuses(spent, tokens, dollars)
        if why is not None:
            in_dollars = Budget(self._services.budget().dollars).refuses(spent, tokens, dollars) is not None
            option = "--budget USD" if in_dollars else "--token-budget N"
            raise BudgetReached(
                "The budget stops the chain before its next call",
                f"{why} Spent so far: {money_text(spent.dollars)} in {spent.calls} calls.",
                f"Go on with a larger budget (the lab asks for it; without a screen: {option}), or leave it here: all is saved.",
            )
