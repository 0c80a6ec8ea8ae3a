"""Names a server and its model for a person, and hides the key."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from iicl_tui.agents.access import host_of, is_loopback
from iicl_tui.agents.calls import Token
from iicl_tui.agents.failures import CallFailed
from iicl_tui.agents.providers.redaction import redactor
from iicl_tui.text import printable

QUOTED = 200
"""The longest quotation of a server, in characters."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Endpoint:
    """A model behind an API.

    Attributes:
        provider: The provider's name for a person.
        model: The model's name.
        url: The base URL.
        path: The path that the SDK appends.
        own: Whether it is the provider's official host.
        key: The key; None if there is none. It is left out of the repr.
        key_env: The environment variable that holds the key.
    """

    provider: str
    model: str
    url: str
    path: str
    own: bool
    key: str | None = field(repr=False)
    key_env: str

    @property
    def host(self) -> str:
        """The host for a person, without path and password."""
        return printable(host_of(self.url), 80)

    @property
    def name(self) -> str:
        """For example "OpenAI (gpt-6-luna at api.openai.com)"."""
        return f"{self.provider} ({printable(self.hide(self.model), 80)} at {self.host})"

    @property
    def who(self) -> str:
        """The provider, or the host if it is not the official one."""
        return self.provider if self.own else self.host

    @property
    def address(self) -> str:
        """The full URL for a person, without password."""
        return printable(f"{urlsplit(self.url).scheme}://{self.host}{urlsplit(self.url).path}{self.path}", QUOTED)

    @property
    def is_loopback(self) -> bool:
        """Whether the server is on this machine."""
        return is_loopback(self.url)

    def hide(self, text: str) -> str:
        """The text without the key, which a server may repeat; see `redaction`."""
        found = redactor(self.key) if self.key is not None else None
        return text if found is None else found.redact(text)

    def hides(self, tokens: Iterable[Token]) -> bool:
        """Whether the tokens, drawn or listed, spell the key."""
        found = redactor(self.key) if self.key is not None else None
        return found is not None and found.found_in_tokens(tokens)

    def quote(self, text: str, limit: int = QUOTED) -> str:
        """A server's text as a quotation: printable, shortened, and without the key; "" if it is empty."""
        # Hidden before it is cut: half a key would be too much.
        text = printable(" ".join(self.hide(text).split()), limit)
        return f"“{text}”" if text else ""

    def check(self) -> None:
        """Raises CallFailed if no call can be made, for want of a valid key or URL."""
        if not host_of(self.url) or urlsplit(self.url).scheme.lower() not in ("http", "https"):
            raise CallFailed(
                "bad-request",
                "base-url is not an address",
                f"A call to {self.provider} needs an address such as http://localhost:8080/v1; base-url is {self.quote(self.url)}.",
                "Correct base-url.",
            )
        variable = printable(self.key_env, 80)
        if self.key is None and self.own:
            raise CallFailed(
                "no-key",
                f"No key for {self.provider}",
                f"{self.name} needs a key, and the environment variable {variable} holds none that may be sent there.",
                f"Set {variable} to your key and start again, or use base-url to name a server that needs none. Another "
                f"variable needs your consent: the lab asks, and `run` and `resume` take --trust {variable}@{self.host}.",
            )
        if self.key is not None and not re.fullmatch(r"[!-~]+", self.key):
            raise CallFailed(
                "no-key",
                f"The key for {self.provider} cannot be sent",
                f"The environment variable {variable} contains blanks, line ends or characters that no key has.",
                f"Copy the key into {variable} again.",
            )


def replace_surrogates(text: str) -> str:
    """The text with lone surrogates, which cannot be encoded, replaced by U+FFFD."""
    return _LONE_SURROGATE.sub("\ufffd", text)
