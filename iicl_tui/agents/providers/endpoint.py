"""Who is asked, and how that is said: a key is never part of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import zip_longest
from urllib.parse import urlsplit

from iicl_tui.agents.access import host_of, is_loopback
from iicl_tui.agents.calls import Token
from iicl_tui.agents.failures import CallFailed
from iicl_tui.text import printable

QUOTED = 200
"""At most so many characters of a server's own words are quoted."""

SECRET = 8
"""A shorter key is a stand-in for a local server ("none", "ollama"), whose letters may well stand in a reply."""

HIDDEN = "…"

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Endpoint:
    """A model behind an API. provider: its name for a person. url: the base of where calls go, path: what the SDK puts behind
    it. own: whether that is the provider's own host. key: None where there is none; it is in no repr. key_env: the environment
    variable that it comes from."""

    provider: str
    model: str
    url: str
    path: str
    own: bool
    key: str | None = field(repr=False)
    key_env: str

    @property
    def host(self) -> str:
        """For a person: no path, no password."""
        return printable(host_of(self.url), 80)

    @property
    def name(self) -> str:
        """OpenAI (gpt-4o at api.openai.com)"""
        return f"{self.provider} ({printable(self.hide(self.model), 80)} at {self.host})"

    @property
    def who(self) -> str:
        """Shorter: the provider, or the host where it is another's."""
        return self.provider if self.own else self.host

    @property
    def address(self) -> str:
        """Where a call goes, for a person: no password."""
        return printable(f"{urlsplit(self.url).scheme}://{self.host}{urlsplit(self.url).path}{self.path}", QUOTED)

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine."""
        return is_loopback(self.url)

    def hide(self, text: str) -> str:
        """The text with the key taken out, wherever a server repeats it."""
        return text.replace(self.key, HIDDEN) if self.key is not None and len(self.key) >= SECRET else text

    def hides(self, tokens: Iterable[Token]) -> bool:
        """Whether the tokens spell the key: those that were drawn, or those listed at one rank, one after the other."""
        if self.key is None or len(self.key) < SECRET:
            return False
        rows = ([token.data, *(data for data, _ in token.top)] for token in tokens)
        key = self.key.encode()
        return any(key in b"".join(rank) for rank in zip_longest(*rows, fillvalue=b""))

    def quote(self, text: str) -> str:
        """A server's words, to be part of a sentence: printable, cut, and without the key; "" where there are none."""
        # Hidden before it is cut: half a key is too much already.
        text = printable(" ".join(self.hide(text).split()), QUOTED)
        return f"“{text}”" if text else ""

    def check(self) -> None:
        """Raises CallFailed where no call can be made: there is no key, or none that can be sent, or no address."""
        if not host_of(self.url) or urlsplit(self.url).scheme.lower() not in ("http", "https"):
            raise CallFailed(
                "bad-request",
                "base-url is no address",
                f"A call to {self.provider} needs an address such as http://localhost:8080/v1; base-url is {self.quote(self.url)}.",
                "Correct base-url.",
            )
        variable = printable(self.key_env, 80)
        if self.key is None and self.own:
            raise CallFailed(
                "no-key",
                f"No key for {self.provider}",
                f"{self.name} answers nobody without a key, and the environment variable {variable} holds none that may go there.",
                f"Set {variable} to your key and start again, or name a server that needs none with base-url. Another variable "
                f"than the usual one must be agreed to: the lab asks, and `run` and `resume` take --trust {variable}@{self.host}.",
            )
        if self.key is not None and not re.fullmatch(r"[!-~]+", self.key):
            raise CallFailed(
                "no-key",
                f"The key for {self.provider} cannot be sent",
                f"The environment variable {variable} holds blanks, line ends or letters that no key has.",
                f"Copy the key into {variable} again.",
            )


def replace_surrogates(text: str) -> str:
    """The text with half surrogate pairs, which no file and no call can hold, replaced by U+FFFD."""
    return _LONE_SURROGATE.sub("\ufffd", text)
