"""What can go wrong with a call, as one type of error, each kind in words a person can act on."""

from __future__ import annotations

from typing import Literal

from iicl_tui.errors import ChainStopped

FailureKind = Literal[
    "no-key",
    "key-refused",  # 401, 403
    "unknown-model",
    "too-long",  # more tokens than the model's context has
    "parameter",  # the API or the model does not take a parameter; `parameter` names it
    "refused",  # by a content filter, before any reply
    "no-credit",  # the account has none left: waiting does not help
    "bad-request",  # another 4xx
    "busy",  # 408, 409, 429
    "server",  # 5xx
    "time-out",
    "unreachable",  # refused connection, unknown host, TLS
    "broken-off",  # reset, or closed before the whole reply was there
    "not-json",  # 200 with HTML or half a JSON
    "odd-shape",  # JSON, but no reply in it
]

RETRIABLE: frozenset[FailureKind] = frozenset({"busy", "server", "time-out", "unreachable", "broken-off"})
"""What may be otherwise in a moment."""


class CallFailed(ChainStopped):
    """A call that brought no reply. The chain stands where it was and can be resumed.

    status: the HTTP status, where there was one. retry_after: seconds that the server asks one to wait.
    """

    def __init__(
        self,
        kind: FailureKind,
        title: str,
        what: str = "",
        remedy: str = "",
        *,
        status: int | None = None,
        retry_after: float | None = None,
        parameter: str | None = None,
    ) -> None:
        super().__init__(title, what, remedy)
        self.kind = kind
        self.status = status
        self.retry_after = retry_after
        self.parameter = parameter

    @property
    def retriable(self) -> bool:
        """Whether the same call may succeed in a moment."""
        return self.kind in RETRIABLE
