"""Which hosts a person must be asked about before a chain sends them a key."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from iicl_tui.chain.engine import Chain


@dataclass(frozen=True)
class Wish:
    """A host that would get keys. variables: the environment variables that have them."""

    host: str
    variables: tuple[str, ...]


def wish(chain: Chain, declined: Collection[str] = ()) -> Wish | None:
    """The first host that would get a key if it were agreed to, and was not declined; None where there is none."""
    return next((each for each in wishes(chain) if each.host not in declined), None)


def wishes(chain: Chain) -> list[Wish]:
    """Every host that would get a key if it were agreed to."""
    wanted: dict[str, list[str]] = {}
    for agent in chain.config.agents:
        credential = agent.credential
        if credential is not None and credential.base_url is not None and chain.access.withheld(credential):
            wanted.setdefault(credential.host, []).append(credential.variable)
    return [Wish(host, tuple(dict.fromkeys(variables))) for host, variables in wanted.items()]
