"""An agent's session with its model during one phase: replays recorded calls, then makes new ones.

Every reply is recorded before it is read, so a phase that was killed, cancelled or failed pays for nothing twice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace

from iicl_tui.agents.access import Access
from iicl_tui.agents.base import ModelClient, ReplyReader, UnreadableReply
from iicl_tui.agents.call_pool import OnWait, together
from iicl_tui.agents.calls import (
    MAX_TOKEN_COUNT,
    NO_REPLY,
    Call,
    Exchange,
    Purpose,
    Reply,
    Request,
    Usage,
    dialogue,
    max_record_bytes,
)
from iicl_tui.agents.failures import CallFailed
from iicl_tui.agents.money import Budget, Spent, WorstCase, estimated_tokens, money_text, prompt_tokens, worst_case
from iicl_tui.agents.retry import RetryWait, duration_text, send_with_retries
from iicl_tui.errors import ChainStopped


@dataclass(frozen=True)
class PendingCall:
    """The call that a chain is making.

    Attributes:
        purpose: Why the model is called.
        model: The model's name.
        since: When the call started, on the monotonic clock.
        waiting: The wait before the next attempt; None while a request is under way.
        progress: How far a set of calls has come, such as "34 of 81"; "" for a single call.
    """

    purpose: Purpose
    model: str
    since: float
    waiting: RetryWait | None = None
    progress: str = ""

    @property
    def in_flight(self) -> bool:
        """Whether a request is under way, which may be billed even if it is cancelled."""
        return self.waiting is None


MAY_BE_BILLED = "The provider may still bill the call that was given up."

PURPOSE_PHRASES: dict[Purpose, str] = {
    "imitate": "asks what it learns",
    "draw": "draws another rule",
    "probe": "asks what the temperature does",
    "score": "reads how likely it is to go on with each state",
    "prior": "asks what it believes without examples",
    "prior-score": "reads how likely each state is to it without examples",
    "transmit": "asks for examples",
    "self-refine": "asks it to check its rule",
    "hypothesis-search": "tells it what its rule gets wrong",
    "repair": "asks again, since the reply could not be read",
}
"""What a call of each purpose does."""


def pending_call_text(calling: PendingCall, now: float) -> str:
    """Describes the call; the text changes every second.

    Args:
        calling: The call.
        now: The monotonic time.
    """
    parts = (PURPOSE_PHRASES.get(calling.purpose, calling.purpose), calling.progress, calling.model)
    action = " · ".join(part for part in parts if part)
    waiting = calling.waiting
    if waiting is None:
        return f"{action} · {max(now - calling.since, 0):.0f} s"
    left = max(waiting.until - now, 0)
    if waiting.attempts is not None:
        return f"try {waiting.attempt} of {waiting.attempts} in {_left(left)}: {waiting.reason} · {action}"
    more = f", for {_left(waiting.deadline - now)} more" if waiting.deadline is not None and waiting.deadline > now else ""
    return f"try {waiting.attempt} in {_left(left)}{more}: {waiting.reason} · {action}"


def _left(seconds: float) -> str:
    """Seconds up to ten minutes, then longer units."""
    return f"{seconds:.0f} s" if seconds < 600 else duration_text(seconds)


class BudgetReached(ChainStopped):
    """The next call could exceed the budget, so it was not made."""


class ReplyUnreadable(ChainStopped):
    """A reply cannot be read, and nobody is there to decide about it."""


@dataclass(frozen=True)
class ChainServices:
    """What all model sessions of a chain share.

    Attributes:
        record: Records a call.
        check_space: Raises StoreError if a record of so many bytes could not be written.
        spent: What the chain has spent so far.
        budget: What the chain may spend.
        on_call: Called with the pending call, and with None when it ends.
        notify: Shows the person a notice.
        reader: Who decides about unreadable replies; None if nobody does.
        access: Which keys may go to which hosts.
        record_loss: Records the attempts of a call without a reply. Raises nothing.
        record_loosely: Records calls, all or none, of several that are made together. They survive the end of the process.
        sync: Makes them durable.
    """

    record: Callable[[Call], None]
    check_space: Callable[[int], None]
    spent: Callable[[], Spent]
    budget: Callable[[], Budget]
    on_call: Callable[[PendingCall | None], None]
    notify: Callable[[str], None]
    reader: Callable[[], ReplyReader | None]
    access: Access
    record_loss: Callable[[Call], None]
    record_loosely: Callable[..., None]
    sync: Callable[[], None]


class RecordedModelSession:
    """Implements `ModelSession`.

    Args:
        services: What the chain provides.
        generation: The generation.
        phase: The phase.
        calls: All calls of this generation so far. The list grows as calls are recorded.
        earlier: The agent's exchanges before this generation.
        lookback: How many exchanges are sent along.
        previous: The hypothesis of the previous generation.
        is_first: Whether this is the agent's first generation.
        past: The calls of the agent's own earlier generations.
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
        is_first: bool,
        past: Callable[[], tuple[Call, ...]] = lambda: (),
    ) -> None:
        self.phase, self.previous, self.is_first = phase, previous, is_first
        self.examples_used = 0
        self._services = services
        self._generation = generation
        self._calls = calls
        self._recorded = [call for call in calls if call.phase == phase]
        self._earlier, self._lookback, self._past = tuple(earlier), lookback, past
        self._seen: list[Call] = []
        self._asked_again = False
        self._under_way: list[WorstCase] = []

    @property
    def upcoming(self) -> Call | None:
        """The next recorded call; None if all were asked for."""
        return self._recorded[len(self._seen)] if len(self._seen) < len(self._recorded) else None

    def past_calls(self) -> tuple[Call, ...]:
        """The calls of the agent's own earlier generations."""
        return self._past()

    def history(self, purpose: Purpose) -> tuple[Exchange, ...]:
        """The last exchanges, including this generation's learning once it is over."""
        if self._lookback == 0:
            return ()
        is_learning = purpose in ("imitate", "draw", "score")
        now = () if is_learning else dialogue([call for call in self._calls if call.purpose != "transmit"])
        return (*self._earlier, *now)[-self._lookback :]

    def calls(self) -> tuple[Call, ...]:
        """The calls of this phase so far."""
        return tuple(self._seen)

    def earlier_calls(self) -> tuple[Call, ...]:
        """The calls of this generation's earlier phases."""
        return tuple(call for call in self._calls if call.phase != self.phase)

    def notify(self, text: str) -> None:
        """Shows the person a notice."""
        self._services.notify(text)

    async def ask(self, purpose: Purpose, request: Request, client: ModelClient) -> Call:
        """Returns the recorded call, or asks the model."""
        known = self._next(purpose)
        if known is not None:
            return known
        since = time.monotonic()

        def on_wait(waiting: RetryWait | None) -> None:
            self._services.on_call(PendingCall(purpose, client.model, since, waiting))

        self._check_budget(request, client)
        self._services.check_space(max_record_bytes(request))
        try:
            return (await self._make_several(purpose, request, client, on_wait))[0]
        finally:
            self._services.on_call(None)

    async def ask_several(self, purpose: Purpose, request: Request, client: ModelClient) -> tuple[Call, ...]:
        """As `ask`, for `n` replies, each a call. Those on record come one at a time; a server may make fewer."""
        known = self._next(purpose)
        if known is not None:
            return (known,)
        since = time.monotonic()

        def on_wait(waiting: RetryWait | None) -> None:
            self._services.on_call(PendingCall(purpose, client.model, since, waiting))

        self._services.check_space(max_record_bytes(request))
        try:
            return await self._make_several(purpose, request, client, on_wait, loosely=True)
        finally:
            self._services.on_call(None)
            self._services.sync()

    async def ask_all(self, purpose: Purpose, requests: Sequence[Request], client: ModelClient, parallel: int) -> tuple[Call, ...]:
        """Returns the recorded calls, and makes those that are missing."""
        left = {request.prompt: request for request in requests}
        found: dict[str, Call] = {}
        while left and (known := self._next(purpose, left)) is not None:
            found[known.prompt] = known
            del left[known.prompt]
        if left:
            self._services.check_space(sum(map(max_record_bytes, left.values())))
        since = time.monotonic()

        def on_wait(waiting: RetryWait | None) -> None:
            progress = f"{len(found) + 1} of {len(requests)}" if len(requests) > 1 else ""
            self._services.on_call(PendingCall(purpose, client.model, since, waiting, progress))

        async def make(request: Request, on_wait: OnWait) -> None:
            (found[request.prompt],) = await self._make_several(purpose, request, client, on_wait, loosely=True)

        try:
            while left:
                before = len(found)
                failure = await together(list(left.values()), make, parallel, on_wait)
                left = {prompt: request for prompt, request in left.items() if prompt not in found}
                if failure is not None and not (isinstance(failure, BudgetReached) and len(found) > before):
                    raise failure
                # The budget had to hold the longest reply of every call under way; now their true cost is known.
        finally:
            self._services.on_call(None)
            self._services.sync()  # once for all of them, before any is read
        return tuple(found[request.prompt] for request in requests)

    async def _make_several(
        self, purpose: Purpose, request: Request, client: ModelClient, on_wait: OnWait, loosely: bool = False
    ) -> tuple[Call, ...]:
        """Makes a call and records each of its replies as one; only the first has the usage.

        Args:
            loosely: The records need not be durable yet. They are written at once: one bill, so all of them or none.
        """
        worst = self._check_budget(request, client)
        self._asked_again = True
        without: tuple[str, ...] = ()

        mine, lost = [worst], 0  # what this call's attempts can be billed for: failed ones, and the one under way
        in_flight = False
        self._under_way.append(worst)

        async def send() -> Reply:
            nonlocal without, in_flight
            if len(mine) == lost:
                mine.append(self._check_budget(request, client))
                self._under_way.append(mine[-1])
            in_flight = True
            reply, without = await client.send(request, self._services.access)
            in_flight = False
            return reply

        def on_failure(failure: CallFailed) -> None:
            nonlocal lost, in_flight
            lost += failure.billed
            in_flight = False

        on_wait(None)
        answered = False
        try:
            reply, attempts, latency = await send_with_retries(send, client.retry_policy, on_wait, on_failure=on_failure)
            answered = True
        except asyncio.CancelledError:
            lost += in_flight  # it was sent, and the provider may go on with it
            raise
        finally:
            for each in mine:
                self._under_way.remove(each)
            most = prompt_tokens(request), request.max_tokens * (request.n or 1)
            bound = Usage(*(min(lost * tokens, MAX_TOKEN_COUNT) for tokens in most))
            if lost and not answered:
                self._services.record_loss(
                    Call(self._generation, self.phase, NO_REPLY, model=client.model, attempts=lost, lost=bound)
                )
        sent = prompt_tokens(request.without(without)) if reply.usage is None else None
        thoughts = estimated_tokens(reply.thoughts) if reply.usage is None else 0
        lost_or_unreported = Usage(bound.prompt, min(bound.completion + thoughts, MAX_TOKEN_COUNT)) if lost or thoughts else None
        if request.continuation:  # its one token is the whole reply
            reply = replace(reply, text="", finish="stop")
        call = Call(
            self._generation, self.phase, purpose, request.prompt, reply.text, reply.finish, reply.tokens, reply.usage,
            reply.model, round(latency, 3), attempts, without, sent=sent, continuation=request.continuation,
            lost=lost_or_unreported, adapted=reply.adapted,
        )  # fmt: skip
        more = reply.more[: (request.n or 1) - 1]
        if request.n is not None and 1 + len(more) < request.n and "n" not in without:
            call = replace(call, without=(*without, "n"))  # it was taken, and ignored
        usage, sent = (Usage(0, 0), None) if call.usage is not None else (None, 0)
        others = [
            replace(call, reply=each.text, finish=each.finish, tokens=each.tokens, usage=usage, sent=sent, latency=None, lost=None)
            for each in more
        ]
        calls = (call, *others)
        if loosely:
            self._services.record_loosely(*calls)
        else:
            for made in calls:
                self._services.record(made)
        self._seen += calls
        return calls

    async def ask_person(
        self, purpose: Purpose, prompt: str, reply: str, problem: str, skip_effect: str, read: Callable[[str], str]
    ) -> Call:
        """Returns the recorded decision, or asks the person.

        If a phase is resumed and nobody is there, the decision is to ask the model once more.
        """
        known = self._next("person")
        if known is not None:
            return known
        reader = self._services.reader()
        shown = UnreadableReply(self._generation, self.phase, purpose, prompt, reply, problem, skip_effect, read)
        answer = await reader.reply(shown) if reader is not None else None
        if answer is not None and (skip_effect or answer.verdict != "skip"):
            call = Call(self._generation, self.phase, "person", reply=answer.text, verdict=answer.verdict)
        elif self._recorded and not self._asked_again:
            call = Call(self._generation, self.phase, "person", verdict="redraw")
        else:
            raise ReplyUnreadable(
                f"A reply of generation {self._generation} cannot be read",
                f"{problem} It is saved as it came.",
                "Open the session in the program to edit it, redraw or skip; `iicl-tui resume` asks the model once more.",
            )
        self._asked_again = True
        self._services.record(call)
        self._seen.append(call)
        return call

    def _next(self, purpose: Purpose, prompts: Container[str] | None = None) -> Call | None:
        """The next recorded call; None if there is none. prompts: the prompts that it may have; None for any."""
        if len(self._seen) >= len(self._recorded):
            return None
        call = self._recorded[len(self._seen)]
        if call.purpose != purpose or (prompts is not None and call.prompt not in prompts):
            raise ChainStopped(
                f"The recorded calls of generation {self._generation} do not fit",
                f"The file has a call to {call.purpose} where the chain would make one to {purpose}: "
                "the configuration was changed after that call.",
                "Undo the change, or branch from the generation before.",
            )
        self._seen.append(call)
        return call

    def _check_budget(self, request: Request, client: ModelClient) -> WorstCase:
        """The most that the call can use. Raises BudgetReached if it may not, beside the calls under way."""
        worst = tokens, dollars = worst_case(request, client.price)
        spent = self._services.spent()
        for other in self._under_way:
            spent += Spent(prompt=other.tokens, dollars=other.dollars or 0.0)
        reason = self._services.budget().refuses(spent, tokens, dollars)
        if reason is not None:
            in_dollars = Budget(self._services.budget().dollars).refuses(spent, tokens, dollars) is not None
            option = "--budget USD" if in_dollars else "--token-budget N"
            raise BudgetReached(
                "The budget stops the chain before its next call",
                f"{reason} Spent so far: {money_text(spent.dollars)} in {spent.calls} calls.",
                f"Continue with a larger budget (the lab asks; without a screen: {option}), or stop here: everything is saved.",
            )
        return worst
