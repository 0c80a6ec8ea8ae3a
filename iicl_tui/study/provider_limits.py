"""What all chains of a sweep share when they call models: one rate limit and one pause a provider, and one budget."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from iicl_tui.agents.access import Access
from iicl_tui.agents.calls import Provider, Reply, Request
from iicl_tui.agents.failures import CallFailed
from iicl_tui.agents.language import LanguageAgent
from iicl_tui.agents.model_session import BudgetReached
from iicl_tui.agents.money import Budget, Spent, money_text, worst_case
from iicl_tui.agents.prices import Price
from iicl_tui.agents.providers.sdk_provider import SDKProvider, SharedClients
from iicl_tui.chain.engine import Chain

if TYPE_CHECKING:
    from aiolimiter import AsyncLimiter

_MINUTE = 60.0
_SPENT = tuple(each.name for each in fields(Spent))


@dataclass(frozen=True)
class Rates:
    """Requests and tokens a minute by kind of agent; "" is for every kind without a number of its own."""

    requests: Mapping[str, float] = field(default_factory=dict)
    tokens: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, requests: Any, tokens: Any) -> Rates:
        """From a number for every provider or a table by kind; None: no limit."""
        tables = [
            dict(each) if isinstance(each, Mapping) else {} if each is None else {"": float(each)} for each in (requests, tokens)
        ]
        return cls(*tables)


class SharedBudget:
    """One budget for all chains: what they spent, and the most that their calls under way can cost.

    Args:
        budget: The budget.
        before: What was spent before the sweep was started now.
    """

    def __init__(self, budget: Budget, before: Spent | None = None) -> None:
        self.budget = budget
        self._ended = before or Spent()
        self._chains: dict[Chain, Spent] = {}
        self._reserved: list[Spent] = []
        self._settled = asyncio.Condition()

    @property
    def spent(self) -> Spent:
        """What all chains have spent."""
        total = self._ended
        for chain, before in self._chains.items():
            total += _more(chain.spent, before)
        return total

    @contextmanager
    def counting(self, chain: Chain) -> Iterator[None]:
        """Counts what a chain spends from now on."""
        self._chains[chain] = chain.spent
        try:
            yield
        finally:
            self._ended += _more(chain.spent, self._chains.pop(chain))

    async def send(self, request: Request, price: Price | None, send: Callable[[], Any]) -> Reply:
        """Makes a call within the budget. It waits while the calls under way could use up what is left.

        Raises:
            BudgetReached: The call could exceed the budget whatever they cost.
            CallFailed: As `send`.
        """
        tokens, dollars = worst_case(request, price)
        worst = Spent(prompt=tokens, dollars=dollars or 0.0)
        while (reason := self._refusal(tokens, dollars)) is not None:
            if not self._reserved:
                raise BudgetReached(
                    "The budget of the sweep stops it before its next call",
                    f"{reason} Spent so far: {money_text(self.spent.dollars)} in {self.spent.calls} calls.",
                    "Run the same command with a larger --budget or --token-budget to go on; everything is saved.",
                )
            async with self._settled:
                await self._settled.wait()
        self._reserved.append(worst)
        try:
            return await send()
        finally:
            self._reserved.remove(worst)
            async with self._settled:
                self._settled.notify_all()

    def _refusal(self, tokens: int, dollars: float | None) -> str | None:
        total = self.spent
        for worst in self._reserved:
            total += worst
        return self.budget.refuses(total, tokens, dollars)


def _more(now: Spent, before: Spent) -> Spent:
    return Spent(*(getattr(now, name) - getattr(before, name) for name in _SPENT))


class ProviderGate:
    """One provider's rate limit, and its one pause after it asked to wait.

    Args:
        requests: The most requests a minute; None: no limit.
        tokens: The most tokens a minute, of prompts and of the longest replies that were allowed; None: no limit.
    """

    def __init__(self, requests: float | None, tokens: float | None) -> None:
        self._requests, self._tokens = _limiter(requests), _limiter(tokens)
        self._until = 0.0

    async def wait(self, tokens: int) -> None:
        """Waits until it is the turn of a request with this many tokens."""
        await self.paused()
        if self._tokens is not None:
            await self._tokens.acquire(min(tokens, self._tokens.max_rate))
        if self._requests is not None:
            await self._requests.acquire()

    async def paused(self) -> None:
        """Waits until the pause that the server asked for is over, if there is one."""
        while (left := self._until - time.monotonic()) > 0:  # noqa: ASYNC110 (the pause may grow meanwhile)
            await asyncio.sleep(left)

    def pause(self, seconds: float) -> None:
        """Holds all further requests back, since the server asked one of them to wait."""
        self._until = max(self._until, time.monotonic() + seconds)


def _limiter(rate: float | None) -> AsyncLimiter | None:
    """A limiter that spreads a minute's allowance: no more than a second's worth, or one request, at once."""
    if rate is None:
        return None
    from aiolimiter import AsyncLimiter

    burst = max(rate / _MINUTE, 1.0)
    return AsyncLimiter(burst, _MINUTE * burst / rate)


class LimitedProvider:
    """Implements `Provider` within the limits that all chains share."""

    def __init__(self, provider: Provider, gate: ProviderGate, budget: SharedBudget, price: Callable[[], Price | None]) -> None:
        self._provider, self._gate, self._budget, self._price = provider, gate, budget, price

    async def send(self, request: Request) -> Reply:
        """Sends a request when its turn comes. Raises BudgetReached, CallFailed."""
        price = self._price()
        await self._gate.wait(worst_case(request, price).tokens)

        async def send() -> Reply:
            await self._gate.paused()  # a pause may have begun while the request waited
            return await self._provider.send(request)

        try:
            return await self._budget.send(request, price, send)
        except CallFailed as failure:
            if failure.retry_after:
                self._gate.pause(failure.retry_after)
            raise

    async def close(self) -> None:
        """Closes its connections."""
        await self._provider.close()


class SharedLimits:
    """The limits and connections of a sweep, which every language agent of its chains is put under."""

    def __init__(self, rates: Rates, budget: SharedBudget) -> None:
        self._rates = rates
        self._gates: dict[tuple[str, str], ProviderGate] = {}
        self._clients = SharedClients()
        self.budget = budget

    async def close(self) -> None:
        """Closes the connections."""
        await self._clients.close()

    def put_on(self, agent: LanguageAgent) -> None:
        """Has the agent's calls wait for their turn."""
        connect, gate = agent.connect, self._gate(agent)

        def limited(access: Access) -> Provider:
            provider = connect(access)
            if isinstance(provider, SDKProvider):
                provider.shared = self._clients
            return LimitedProvider(provider, gate, self.budget, lambda: agent.price)

        agent.connect = limited

    def _gate(self, agent: LanguageAgent) -> ProviderGate:
        """The gate of the agent's provider: its kind, at one host."""
        where = agent.kind, agent.credential.host if agent.credential is not None else ""
        if where not in self._gates:
            rates = [table.get(agent.kind, table.get("")) for table in (self._rates.requests, self._rates.tokens)]
            self._gates[where] = ProviderGate(*rates)
        return self._gates[where]
