"""Which keys a person must agree to before agents send them to a host."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from iicl_tui.agents.access import Access
from iicl_tui.agents.base import Agent


@dataclass(frozen=True)
class KeyRequest:
    """One permission to ask for.

    Attributes:
        entry: The permission as the settings file stores it.
        host: The host that would receive the keys.
        variables: The environment variables that hold them. The entry covers all of them.
    """

    entry: str
    host: str
    variables: tuple[str, ...]


def key_requests(agents: Iterable[Agent], access: Access) -> list[KeyRequest]:
    """Every permission that these agents still need."""
    wanted: dict[tuple[str, str], list[str]] = {}
    for agent in agents:
        credential = agent.credential
        if credential is not None and access.needs_consent(credential):
            wanted.setdefault((credential.entry, credential.host), []).append(credential.variable)
    return [KeyRequest(entry, host, tuple(dict.fromkeys(variables))) for (entry, host), variables in wanted.items()]


def next_key_request(agents: Iterable[Agent], access: Access, declined: Collection[str] = ()) -> KeyRequest | None:
    """The first permission whose entry was not declined; None if there is none."""
    return next((each for each in key_requests(agents, access) if each.entry not in declined), None)
