"""What passes between an agent and a language model: requests, replies, and calls as they are kept on record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

Role = Literal["system", "user", "assistant"]
Purpose = Literal["imitate", "draw", "transmit", "self-refine", "hypothesis-search", "repair", "person"]
"""Why a model is asked. draw: another hypothesis from the same prompt, to estimate the belief. repair: the same again, since
the reply could not be read. person: no model at all, but what a person said of a reply that could not be read."""
PURPOSES: tuple[Purpose, ...] = ("imitate", "draw", "transmit", "self-refine", "hypothesis-search", "repair", "person")

Finish = Literal["stop", "length", "refused", "other"]
"""Why a reply ended: of itself, cut off by max-tokens, refused by the model or a content filter, or something else."""
FINISHES: tuple[Finish, ...] = ("stop", "length", "refused", "other")

ReplyVerdict = Literal["edit", "redraw", "skip"]
"""What a person said of an unreadable reply: take this text in its place, ask again, or go on without it."""
REPLY_VERDICTS: tuple[ReplyVerdict, ...] = ("edit", "redraw", "skip")


class Message(NamedTuple):
    """One message of a dialogue."""

    role: Role
    text: str


class Exchange(NamedTuple):
    """One round of a dialogue: what the agent was asked, and what it answered."""

    prompt: str
    reply: str


class Usage(NamedTuple):
    """Tokens that were paid for."""

    prompt: int
    completion: int


MOST_TOKENS = 10**12
"""More than any call has: a count above it is none."""


ROUNDED = 1e-6
"""A log-probability that is above 0 by no more than this was rounded; one that is higher is none."""


class Token(NamedTuple):
    """One token of a reply as UTF-8 (a part of a character, where a token is one), with natural log-probabilities.

    top: the likeliest tokens at this place, as (UTF-8, log-probability); the one that was drawn may or may not be among them.
    """

    data: bytes
    logprob: float
    top: tuple[tuple[bytes, float], ...] = ()


PARAMETER_WORDS = {
    "temperature": "temperature",
    "top_p": "top-p",
    "seed": "seed",
    "top_logprobs": "log-probabilities",
    "schema": "JSON schema",
}
"""The parameters of a request as a person knows them."""


@dataclass(frozen=True)
class Request:
    """One call to make. None: not asked for. top_logprobs: how many of the likeliest tokens at each place.

    schema: a JSON schema that the reply has to follow.
    """

    messages: tuple[Message, ...]
    max_tokens: int
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    top_logprobs: int | None = None
    schema: Mapping[str, Any] | None = None

    PARAMETERS = ("temperature", "top_p", "seed", "top_logprobs", "schema")
    """What an API or a model may not take; a request can do without."""

    def without(self, parameters: Sequence[str]) -> Request:
        """The same request without these parameters."""
        kept = {name: None if name in parameters else getattr(self, name) for name in self.PARAMETERS}
        return Request(self.messages, self.max_tokens, **kept)

    @property
    def prompt(self) -> str:
        """The last message: what is asked now."""
        return self.messages[-1].text


_BYTES_A_TOKEN = 64
"""About what a token takes on record: its text, a log-probability of some 20 digits, and what stands between them."""


_MOST_ROOM = 64_000_000
"""No reply is longer, whatever it may be."""


def room_for(request: Request) -> int:
    """About how many bytes the call's record takes if the reply is as long as it may be."""
    alternatives = 1 + (request.top_logprobs or 0)
    reply = min(request.max_tokens * alternatives * _BYTES_A_TOKEN, _MOST_ROOM)
    return reply + len(request.prompt.encode("utf-8", "surrogatepass"))


@dataclass(frozen=True)
class Reply:
    """What a provider answered. text may be empty. model: as the provider names it, "" where it does not.

    tokens: with their log-probabilities; None where the provider gave none. usage: None where it did not say.
    """

    text: str
    finish: Finish = "stop"
    tokens: tuple[Token, ...] | None = None
    usage: Usage | None = None
    model: str = ""


class Provider(Protocol):
    """One model behind one API, asked once: it neither tries again nor waits."""

    async def send(self, request: Request) -> Reply:
        """The reply. Raises CallFailed, and nothing else, when there is none."""

    async def close(self) -> None:
        """Give up its connections; it can be used again afterwards."""


@dataclass(frozen=True)
class Call:
    """One call as it is kept on record: all that cannot be computed again.

    generation, phase: when. prompt: the last message sent; the messages before it follow from the configuration and from
    earlier calls. attempts: how often it was tried. latency: seconds that the last try took. without: the parameters that
    the API or the model did not take, so that they were left out. verdict: a person's, for the purpose "person"; then reply
    is the text to take in place of the one that could not be read. sent: about how many tokens the whole request had, with the
    messages before the prompt, where the provider did not say what was used.
    """

    generation: int
    phase: str
    purpose: Purpose
    prompt: str = ""
    reply: str = ""
    finish: Finish = "stop"
    tokens: tuple[Token, ...] | None = None
    usage: Usage | None = None
    model: str = ""
    latency: float | None = None
    attempts: int = 1
    without: tuple[str, ...] = ()
    verdict: ReplyVerdict | None = None
    sent: int | None = None


def answer(calls: Sequence[Call], purpose: Purpose) -> tuple[Call, Call] | None:
    """The last call of this purpose, and the call whose reply stands for it: itself, its repair, or a person's text."""
    start = next((at for at in reversed(range(len(calls))) if calls[at].purpose == purpose), None)
    if start is None:
        return None
    last = calls[start]
    for call in calls[start + 1 :]:
        if call.purpose == "repair" or (call.purpose == "person" and call.verdict == "edit"):
            last = call
        elif call.purpose != "person":
            break
    return calls[start], last


def dialogue(calls: Sequence[Call]) -> tuple[Exchange, ...]:
    """What an agent said in one generation, given all of the generation's calls: learning, then making examples.

    Refinements are not part of it, as in the paper's notebooks.
    """
    found = (answer(calls, "imitate"), answer(calls, "transmit"))
    return tuple(Exchange(asked.prompt, said.reply) for asked, said in filter(None, found))
