"""Requests to language models, their replies, and calls as they are recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

Role = Literal["system", "user", "assistant"]
Purpose = str
"""Why a model is called: one of PURPOSES, or the kind of the filter that wants a hypothesis revised."""
NO_REPLY: Purpose = "no-reply"
"""Not an answered call, but attempts without a reply that may be billed."""

PURPOSES: tuple[Purpose, ...] = (
    "imitate", "draw", "probe", "score", "prior", "prior-score", "transmit", "repair", "person", NO_REPLY,
)  # fmt: skip
"""draw: another hypothesis from the same prompt, to estimate the belief. score: the next token of a given beginning of the answer,
for the joint belief. probe: what the temperature does to log-probabilities. prior, prior-score: a hypothesis and the next token
as for these, but without any example, for the prior. repair: asks again because the reply could not be read. person: no model
call, but a person's decision about a reply that could not be read."""

READS: tuple[Purpose, ...] = ("score", "prior-score")
"""Calls for one token; only its log-probabilities are used."""

Finish = Literal["stop", "length", "refused", "other"]
"""Why a reply ended: complete, cut off at max-tokens, refused by the model or a content filter, or another reason."""
FINISHES: tuple[Finish, ...] = ("stop", "length", "refused", "other")

ReplyVerdict = Literal["edit", "redraw", "skip"]
"""A person's decision about an unreadable reply: use another text, ask again, or continue without it."""
REPLY_VERDICTS: tuple[ReplyVerdict, ...] = ("edit", "redraw", "skip")


class Message(NamedTuple):
    """One chat message."""

    role: Role
    text: str


class Exchange(NamedTuple):
    """One prompt and its reply."""

    prompt: str
    reply: str


class Usage(NamedTuple):
    """Billed tokens.

    Attributes:
        prompt: Tokens of the prompt.
        completion: Tokens of the reply.
        cached: How many of the prompt's tokens were read from a cache.
    """

    prompt: int
    completion: int
    cached: int = 0


MAX_TOKEN_COUNT = 10**12
"""No call has more. A larger count is invalid."""

LOGPROB_TOLERANCE = 1e-6
"""A log-probability up to this much above 0 is a rounding error. A larger one is invalid."""


UNKNOWN_LOGPROB = -9999.0
"""The log-probability of a drawn token whose own is missing or invalid: its mass stays unobserved. OpenAI uses the same."""


class Token(NamedTuple):
    """One token of a reply.

    Attributes:
        data: The token in UTF-8; it may be part of a character.
        logprob: Its natural log-probability.
        top: The likeliest tokens at this position as (UTF-8, log-probability). It may or may not contain the drawn token.
    """

    data: bytes
    logprob: float
    top: tuple[tuple[bytes, float], ...] = ()


UNREADABLE = "log-probabilities in a form that cannot be read"
"""The remark of a reply whose log-probabilities cannot be read."""

PARAMETER_NAMES = {
    "temperature": "temperature",
    "top_p": "top-p",
    "seed": "seed",
    "top_logprobs": "log-probabilities",
    "schema": "JSON schema",
    "reasoning_effort": "this reasoning-effort",
    "n": "several replies to one call",
    "system": "a system role",
}
"""The names of a request's parameters for a person."""

ADAPTATIONS = {
    "stream": "answers in a stream only. Its replies are put together from it",
    "developer": "has the role developer in place of system. The requests name it so",
    "top_logprobs": "lists fewer log-probabilities at a place than were asked for. Fewer are asked for",
    "max_tokens": "limits the reply by max_tokens in place of max_completion_tokens. The requests name it so",
    "max_completion_tokens": "limits the reply by max_completion_tokens in place of max_tokens. The requests name it so",
}
"""How requests are adapted to a server, as what its model does."""


@dataclass(frozen=True)
class Request:
    """One call to make. A parameter that is None is not sent.

    Attributes:
        messages: The whole dialogue.
        max_tokens: The longest reply, in tokens.
        temperature: The sampling temperature.
        top_p: The nucleus-sampling threshold.
        seed: The sampling seed.
        top_logprobs: How many of the likeliest tokens to return at each position.
        schema: A JSON schema that the reply must follow.
        reasoning_effort: How much the model thinks before it answers.
        n: How many replies to make.
        continuation: How the server is told to continue the last message, which is the beginning of the model's own answer; ""
            for an ordinary request. See `agents.scored_belief.CONTINUATIONS`.
    """

    messages: tuple[Message, ...]
    max_tokens: int
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    top_logprobs: int | None = None
    schema: Mapping[str, Any] | None = None
    reasoning_effort: str | None = None
    n: int | None = None
    continuation: str = ""

    PARAMETERS = ("temperature", "top_p", "seed", "top_logprobs", "schema", "reasoning_effort", "n")
    """The optional parameters, which an API or a model may not support."""

    @property
    def features(self) -> tuple[str, ...]:
        """What the request uses that an API or a model may not support: the parameters that are set, and a system message."""
        used = [name for name in self.PARAMETERS if getattr(self, name) is not None]
        return (*used, "system") if any(message.role == "system" for message in self.messages) else tuple(used)

    def without(self, features: Sequence[str]) -> Request:
        """The same request without these features. A system message's text moves into the first user message."""
        kept = {name: None if name in features else getattr(self, name) for name in self.PARAMETERS}
        messages = _without_system(self.messages) if "system" in features else self.messages
        return Request(messages, self.max_tokens, **kept, continuation=self.continuation)

    @property
    def prompt(self) -> str:
        """The last message."""
        return self.messages[-1].text


def _without_system(messages: Sequence[Message]) -> tuple[Message, ...]:
    """User and assistant messages in strict alternation, beginning with a user message that holds the system message's text."""
    system = [message.text for message in messages if message.role == "system"]
    merged: list[Message] = [Message("user", "\n\n".join(system))] if system else []
    for message in messages:
        if message.role == "system":
            continue
        if merged and merged[-1].role == message.role:
            merged[-1] = Message(message.role, f"{merged[-1].text}\n\n{message.text}")
        else:
            merged.append(message)
    return tuple(merged)


_BYTES_PER_TOKEN = 64
"""Approximate size of a recorded token: its text, a log-probability of about 20 digits, and separators."""

_MAX_REPLY_BYTES = 64_000_000
"""The upper limit of the estimate."""


def max_record_bytes(request: Request) -> int:
    """The approximate size of the call's record, in bytes, if the reply is as long as allowed."""
    alternatives = 1 + (request.top_logprobs or 0)
    reply = min(request.max_tokens * (request.n or 1) * alternatives * _BYTES_PER_TOKEN, _MAX_REPLY_BYTES)
    return reply + len(request.prompt.encode("utf-8", "surrogatepass"))


@dataclass(frozen=True)
class Reply:
    """A provider's reply.

    Attributes:
        text: The text; it may be empty.
        finish: Why the reply ended.
        tokens: The tokens with log-probabilities; None if the provider gave none.
        usage: The billed tokens; None if the provider did not report them.
        model: The model's name in the reply; "" if it has none.
        remarks: What the program had to leave out or could not read, each to follow "answered with". They are not recorded.
        thought: Whether the model thought before it answered, as far as the reply shows. It is not recorded.
        more: Further replies to the same request, where several were asked for. Only the first one has the usage.
        adapted: How the request was adapted to the server: keys of ADAPTATIONS.
        thoughts: The text of the thoughts beside the reply, if no usage was reported that counts them. It is not recorded.
    """

    text: str
    finish: Finish = "stop"
    tokens: tuple[Token, ...] | None = None
    usage: Usage | None = None
    model: str = ""
    remarks: tuple[str, ...] = ()
    thought: bool = False
    more: tuple[Reply, ...] = ()
    adapted: tuple[str, ...] = ()
    thoughts: str = ""


class Provider(Protocol):
    """A client of one model. It makes single attempts and does not retry."""

    async def send(self, request: Request) -> Reply:
        """Sends one request.

        Raises:
            CallFailed: There is no reply. No other exception is raised.
        """

    async def close(self) -> None:
        """Closes its connections. The provider can be used again afterwards."""


@dataclass(frozen=True)
class Call:
    """One call as it is recorded: everything that cannot be computed again.

    Attributes:
        generation: The generation that made the call.
        phase: The phase that made the call.
        purpose: Why the model was called.
        prompt: The last message sent. The messages before it follow from the configuration and the earlier calls.
        reply: The reply's text; for the purpose "person" the text that replaces an unreadable reply.
        finish: Why the reply ended.
        tokens: The reply's tokens with log-probabilities.
        usage: The billed tokens; None if the provider did not report them.
        model: The model's name in the reply.
        latency: The duration of the last attempt in seconds.
        attempts: The number of attempts.
        without: The parameters that were left out because the API or the model does not support them.
        verdict: A person's decision, for the purpose "person".
        sent: The estimated prompt tokens of the whole request, if the provider did not report usage.
        lost: The most that failed attempts before this reply may be billed for, or with NO_REPLY those without any reply, and an
            estimate of thoughts that came beside the reply without a report of usage; None if there were none.
        continuation: How the server was told to continue `prompt`, for the purposes READS. Its token stands for the reply.
        adapted: How the request was adapted to the server: keys of ADAPTATIONS.
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
    lost: Usage | None = None
    continuation: str = ""
    adapted: tuple[str, ...] = ()

    @property
    def is_cut(self) -> bool:
        """Whether the reply was cut off, stopped or broke, so that what can be read in it is not the whole reply."""
        return self.finish != "stop"


def answer_to(calls: Sequence[Call], purpose: Purpose) -> tuple[Call, Call] | None:
    """The last call of this purpose, and the call whose reply was accepted for it: itself, its repair, or a person's text."""
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
    """An agent's exchanges in one generation, given all of its calls: first learning, then making examples.

    Refinements are left out, as in the paper's notebooks.
    """
    found = (answer_to(calls, "imitate"), answer_to(calls, "transmit"))
    return tuple(Exchange(asked.prompt, said.reply) for asked, said in filter(None, found))
