"""Which key goes to which host. A key is read when a call is made, and kept nowhere."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit


def host_of(url: str) -> str:
    """The host of a URL, with its port where it names one, in lower case; "" where there is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    host = (parts.hostname or "").lower()
    return f"{host}:{port}" if host and port is not None else host


class Credential(NamedTuple):
    """A key that is wanted. variable: the environment variable that has it. base_url: None for the provider's own host."""

    variable: str
    base_url: str | None

    @property
    def host(self) -> str:
        """The host that would get it; "" for the provider's own."""
        return "" if self.base_url is None else host_of(self.base_url)


@dataclass(frozen=True)
class Access:
    """hosts: those that the person has agreed to give a key, as `host_of` writes them. environment: where keys are."""

    hosts: frozenset[str] = frozenset()
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    def key(self, wanted: Credential) -> str | None:
        """The key, if it is set and may go there.

        The provider's own host always may have it; any other host must be agreed to, since a session file that somebody else
        wrote can name one.
        """
        if wanted.base_url is not None and wanted.host not in self.hosts:
            return None
        return self.environment.get(wanted.variable, "").strip() or None

    def withheld(self, wanted: Credential) -> bool:
        """Whether there is a key that this host does not get, since nobody agreed to it."""
        return self.key(wanted._replace(base_url=None)) is not None and self.key(wanted) is None

    def agreed(self, hosts: Iterable[str]) -> Access:
        """With these hosts agreed to as well."""
        return Access(self.hosts | {host.strip().lower() for host in hosts}, self.environment)
