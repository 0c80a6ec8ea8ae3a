"""Which key goes to which host. A key is read when a call is made, and kept nowhere."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
"""An environment variable's name."""
_NAME = re.compile(r"[a-z0-9._-]+")
_USUAL = {"https": 443, "http": 80}


def host_of(url: str) -> str:
    """The host of a URL, in lower case, with its port where that is not the scheme's own; "" where there is none.

    A host with other letters than ASCII's is none: which one is called would depend on who reads it.
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
        if ":" in host and host.isascii():
            ipaddress.ip_address(host)
            host = f"[{host}]"
        elif not _NAME.fullmatch(host):
            return ""
    except ValueError:
        return ""
    return host if port is None or port == _USUAL.get(parts.scheme) else f"{host}:{port}"


def loopback(url: str) -> bool:
    """Whether a URL's host is this machine."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.endswith(".localhost") or re.fullmatch(r"127(\.\d{1,3}){3}", host) is not None


def place_of(url: str) -> str:
    """The host as one agrees to it: http://host where a key would go to another machine unencrypted, else as `host_of`."""
    host = host_of(url)
    return f"http://{host}" if host and urlsplit(url).scheme == "http" and not loopback(url) else host


def same_address(url: str, other: str) -> bool:
    """Whether two base addresses are one, whatever slash is at their ends and however their hosts are spelt."""
    one, two = urlsplit(url), urlsplit(other)
    return (one.scheme, host_of(url), one.path.rstrip("/")) == (two.scheme, host_of(other), two.path.rstrip("/"))


def entry_of(text: str) -> str:
    """What a person agrees to, in its one form: a host, or VARIABLE@host; an address stands for its host. "" for neither."""
    variable, at, where = text.strip().rpartition("@")
    place = place_of(where if "://" in where else f"https://{where}")
    if not at or not place:
        return place
    return f"{variable}@{place}" if VARIABLE.fullmatch(variable) else ""


class Credential(NamedTuple):
    """A key that is wanted. variable: the environment variable that has it. base_url: None for the provider's own address.
    own_variable, own_url: those of the kind of agent."""

    variable: str
    base_url: str | None
    own_variable: str
    own_url: str

    @property
    def host(self) -> str:
        """The host that would get it, as `place_of` writes it."""
        return place_of(self.own_url if self.base_url is None else self.base_url)

    @property
    def entry(self) -> str:
        """What is to be agreed to: the host for the kind's own variable, VARIABLE@host for another."""
        return self.host if self.variable == self.own_variable else f"{self.variable}@{self.host}"

    @property
    def own(self) -> bool:
        """The kind's own variable is wanted for the kind's own host."""
        return (self.variable, self.host) == (self.own_variable, place_of(self.own_url))


@dataclass(frozen=True)
class Access:
    """entries: what the person has agreed to, as `entry_of` writes it. environment: where keys are."""

    entries: frozenset[str] = frozenset()
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    def key(self, wanted: Credential) -> str | None:
        """The key, if it is set and may go there.

        The kind's own variable always may go to the kind's own host. Every other pair must be agreed to, since a session file
        that somebody else wrote can name any variable and any host.
        """
        agreed = wanted.own or not self.entries.isdisjoint((wanted.entry, f"{wanted.variable}@{wanted.host}"))
        return self._set(wanted.variable) if agreed else None

    def withheld(self, wanted: Credential) -> bool:
        """Whether there is a key that this host does not get, since nobody agreed to it."""
        return self._set(wanted.variable) is not None and self.key(wanted) is None

    def agreed(self, entries: Iterable[str]) -> Access:
        """With these hosts and VARIABLE@hosts agreed to as well. What is neither changes nothing."""
        return Access(self.entries | ({entry_of(entry) for entry in entries} - {""}), self.environment)

    def _set(self, variable: str) -> str | None:
        return self.environment.get(variable, "").strip() or None
