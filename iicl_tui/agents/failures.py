"""The one exception type for failed calls."""

from __future__ import annotations

from typing import Literal

from iicl_tui.errors import ChainStopped

FailureKind = Literal[
    "no-key",
    "key-refused",  # 401, 403
    "unknown-model",
    "too-long",  # more tokens than the model's context holds
    "parameter",  # the API or the model does not support a parameter; `parameter` names it
    "refused",  # by a content filter, before any reply
    "no-credit",  # waiting does not help
    "bad-request",  # another 4xx
    "busy",  # 408, 409, 429
    "server",  # 5xx
    "time-out",
    "unreachable",  # refused connection, unknown host, TLS
    "setup",  # a setting of this machine: a proxy, a certificate file, a missing package
    "too-large",  # a reply beyond the agent's `max-reply`
    "disconnected",  # reset, or closed before the reply was complete
    "not-json",  # 200 with HTML or truncated JSON
    "unexpected-shape",  # JSON without a reply
]

RETRIABLE: frozenset[FailureKind] = frozenset({"busy", "server", "time-out", "unreachable", "disconnected"})
"""Failures that may pass on their own."""


class CallFailed(ChainStopped):
    """A call failed. The chain is unchanged and can be resumed.

    Attributes:
        kind: What went wrong.
        status: The HTTP status, if there was one.
        retry_after: How long the server asks to wait, in seconds.
        parameter: The parameter that the failure is about.
        hopeful: Whether the server shows that it will recover: it is loading, overloaded, or limits the rate.
        billed: Whether the provider may bill the call although there is no reply.
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
        hopeful: bool = False,
        billed: bool = False,
    ) -> None:
        super().__init__(title, what, remedy)
        self.kind = kind
        self.status = status
        self.retry_after = retry_after
        self.parameter = parameter
        self.hopeful = hopeful or kind == "busy"
        self.billed = billed

    @property
    def retriable(self) -> bool:
        """Whether the same call may succeed later."""
        return self.kind in RETRIABLE
