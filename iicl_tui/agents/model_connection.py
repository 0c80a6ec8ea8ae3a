"""An agent's connection to its model, which remembers what the model does not support."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set

from iicl_tui.agents.access import Access
from iicl_tui.agents.calls import Provider, Reply, Request
from iicl_tui.agents.failures import CallFailed


class ModelConnection:
    """Sends requests to one model, without the parameters that it turned out not to support.

    Args:
        connect: Creates the provider, given the access that decides which key it gets.
        unsupported: The parameters that the API never takes.

    Attributes:
        unsupported: The parameters that are left out.
        remarks: What was odd about the replies so far.
    """

    def __init__(self, connect: Callable[[Access], Provider], unsupported: Iterable[str]) -> None:
        self.unsupported = set(unsupported)
        self.remarks: dict[str, None] = {}
        self._connect = connect
        self._provider: tuple[Access, Provider] | None = None

    async def send(self, request: Request, access: Access) -> tuple[Reply, tuple[str, ...]]:
        """Makes one attempt. A parameter that turns out to be unsupported is left out from then on. Raises CallFailed."""
        if self._provider is None or self._provider[0] is not access:
            await self.close()
            self._provider = (access, self._connect(access))
        wanted = request.features
        while True:
            try:
                reply = await self._provider[1].send(self.as_sent(request))
            except CallFailed as failure:
                refused = failure.parameter
                is_new = refused in wanted and refused not in self.unsupported
                is_vital = request.continuation and refused == "top_logprobs"  # nothing can be scored without them
                if failure.kind != "parameter" or refused is None or not is_new or is_vital:
                    raise
                self.unsupported.add(refused)
            else:
                self.remarks |= dict.fromkeys(reply.remarks)
                return reply, tuple(name for name in wanted if name in self._left_out(request))

    def as_sent(self, request: Request) -> Request:
        """The request without the parameters that are known to be unsupported."""
        return request.without(sorted(self._left_out(request)))

    async def close(self) -> None:
        """Closes the provider's connections."""
        if self._provider is not None:
            await self._provider[1].close()

    def _left_out(self, request: Request) -> Set[str]:
        """The parameters that are known to be unsupported. Chat may lack log-probabilities where other ways have them."""
        return self.unsupported - {"top_logprobs"} if request.continuation else self.unsupported
