"""Which keys a person must be asked about before a chain sends them to a host."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from iicl_tui.chain.engine import Chain


@dataclass(frozen=True)
class Wish:
    """What would be agreed to. entry: as the settings have it. host: who would get keys. variables: the environment variables
    that have them; where they are several, the entry stands for all of them."""

    entry: str
    host: str
    variables: tuple[str, ...]


def wish(chain: Chain, declined: Collection[str] = ()) -> Wish | None:
    """The first that was not declined, by its entry; None where there is none."""
    return next((each for each in wishes(chain) if each.entry not in declined), None)


def wishes(chain: Chain) -> list[Wish]:
    """Every entry by which a host would get a key if it were agreed to."""
    wanted: dict[tuple[str, str], list[str]] = {}
    for agent in chain.config.agents:
        credential = agent.credential
        if credential is not None and chain.access.withheld(credential):
            wanted.setdefault((credential.entry, credential.host), []).append(credential.variable)
    return [Wish(entry, host, tuple(dict.fromkeys(variables))) for (entry, host), variables in wanted.items()]
