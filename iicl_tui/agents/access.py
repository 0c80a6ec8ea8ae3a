"""Decides which key may go to which host. A key is read when a call is made and is never stored."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
"""The name of an environment variable."""
_HOST_NAME = re.compile(r"[a-z0-9._-]+")
_DEFAULT_PORTS = {"https": 443, "http": 80}


def host_of(url: str) -> str:
    """The URL's host in lower case, with its port unless it is the scheme's default; "" if the host is missing or invalid.

    Non-ASCII hosts are invalid: clients disagree about which host they name.
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
        if ":" in host and host.isascii():
            ipaddress.ip_address(host)
            host = f"[{host}]"
        elif not _HOST_NAME.fullmatch(host):
            return ""
    except ValueError:
        return ""
    return host if port is None or port == _DEFAULT_PORTS.get(parts.scheme) else f"{host}:{port}"


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.endswith(".localhost") or re.fullmatch(r"127(\.\d{1,3}){3}", host) is not None


def consent_host(url: str) -> str:
    """The host as a person agrees to it: "http://host" if a key would leave this machine unencrypted, else as `host_of`."""
    host = host_of(url)
    return f"http://{host}" if host and urlsplit(url).scheme == "http" and not is_loopback(url) else host


def same_address(url: str, other: str) -> bool:
    """Whether two base URLs are the same, apart from a final slash and the spelling of the host."""
    one, two = urlsplit(url), urlsplit(other)
    return (one.scheme, host_of(url), one.path.rstrip("/")) == (two.scheme, host_of(other), two.path.rstrip("/"))


def entry_of(text: str) -> str:
    """The normal form of a permission: host or VARIABLE@host. A URL stands for its host. "" if the text is neither."""
    variable, at, where = text.strip().rpartition("@")
    place = consent_host(where if "://" in where else f"https://{where}")
    if not at or not place:
        return place
    return f"{variable}@{place}" if VARIABLE_NAME.fullmatch(variable) else ""


class Credential(NamedTuple):
    """A key that an agent needs.

    Attributes:
        variable: The environment variable that holds the key.
        base_url: The server; None for the provider's official one.
        default_variable: The variable of the agent's kind.
        default_url: The official URL of the agent's kind.
    """

    variable: str
    base_url: str | None
    default_variable: str
    default_url: str

    @property
    def host(self) -> str:
        """The host that would receive the key, as `consent_host` writes it."""
        return consent_host(self.default_url if self.base_url is None else self.base_url)

    @property
    def entry(self) -> str:
        """The permission to ask for: the host for the kind's own variable, VARIABLE@host for another variable."""
        return self.host if self.variable == self.default_variable else f"{self.variable}@{self.host}"

    @property
    def is_default(self) -> bool:
        """Whether the kind's own variable is wanted for the kind's official host."""
        return (self.variable, self.host) == (self.default_variable, consent_host(self.default_url))


@dataclass(frozen=True)
class Access:
    """A person's permissions to send keys.

    Attributes:
        entries: The permissions, as `entry_of` writes them.
        environment: The environment variables that hold the keys.
    """

    entries: frozenset[str] = frozenset()
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    def key(self, wanted: Credential) -> str | None:
        """The key, if it is set and may be sent to the host.

        The kind's own variable may always go to the kind's official host. Every other pair needs consent, because a session
        file from somebody else can name any variable and any host.
        """
        permitted = wanted.is_default or not self.entries.isdisjoint((wanted.entry, f"{wanted.variable}@{wanted.host}"))
        return self._set(wanted.variable) if permitted else None

    def needs_consent(self, wanted: Credential) -> bool:
        """Whether a key is set but may not be sent to this host yet."""
        return self._set(wanted.variable) is not None and self.key(wanted) is None

    def with_entries(self, entries: Iterable[str]) -> Access:
        """With these permissions added. Invalid entries are ignored."""
        return Access(self.entries | ({entry_of(entry) for entry in entries} - {""}), self.environment)

    def _set(self, variable: str) -> str | None:
        return self.environment.get(variable, "").strip() or None
