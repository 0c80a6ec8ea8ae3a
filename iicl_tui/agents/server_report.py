"""Finds out what a server can do, by a bounded number of small calls."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from iicl_tui.agents import probes
from iicl_tui.agents.calls import Call, Message, Provider, Reply, Request
from iicl_tui.agents.failures import CallFailed
from iicl_tui.agents.scored_belief import ScoreSettings, Scoring, continuation_probability, probe_text, read_request
from iicl_tui.text import printable

Answer = Literal["yes", "no", "unknown"]

REPEATS = 6
"""Replies at temperature 0."""
MOST_CALLS = 28
"""No report takes more calls."""
MOST_TOKENS = 60
"""No reply is longer, in tokens."""

_CHANCE = 0.05
"""Less than this is not taken for chance."""

SCHEMA: Mapping[str, Any] = {
    "type": "object", "properties": {"colour": {"enum": ["red", "blue"]}}, "required": ["colour"], "additionalProperties": False,
}  # fmt: skip

_WAYS = {
    "assistant": "an assistant message at the end is continued",
    "continue-final-message": "continue_final_message is heeded",
    "assistant-only": "an assistant message at the end is continued, without extra fields",
    "completion": "llama.cpp's own /completion gives n_probs",
    "prompt-logprobs": "prompt_logprobs scores whole answers",
    "echo": "/v1/completions with echo scores whole answers",
    "text": "/v1/completions continues a text",
    "prefix": "prefix on the last message is heeded",
}


@dataclass(frozen=True)
class Finding:
    """What was found about one ability.

    Attributes:
        name: The ability.
        answer: Whether the server has it.
        evidence: What shows it.
    """

    name: str
    answer: Answer
    evidence: str


class ServerReport:
    """One report. Each call is a single attempt.

    Args:
        provider: The server and its model.
        kind: The kind of agent that speaks its protocol.
        ways: The ways to continue an answer that this protocol knows.
        reasoning_effort: Sent with each call, if it is set.
    """

    def __init__(self, provider: Provider, kind: str, ways: tuple[str, ...], reasoning_effort: str | None = None) -> None:
        self.calls = 0
        self._provider, self._kind, self._ways, self._effort = provider, kind, ways, reasoning_effort
        self._has_no_chat = False

    async def findings(self) -> AsyncIterator[Finding]:
        """The findings, each as soon as it is known. Without chat they are those of the completions endpoint."""
        found, reply = await self._chat()
        for finding in found:
            yield finding
        if reply is None:
            if self._kind == "openai" and self._has_no_chat:
                yield await self._completions()
            return
        yield _thinking(reply)
        one, half = await self._letters()
        yield _log_probabilities(one)
        yield _stage(one, half)
        yield await self._temperature(one, half)
        yield await self._seed()
        yield await self._schema()
        yield await self._continuation()
        if self._kind == "openai":
            yield await self._completions()
        if "echo" in self._ways:
            yield await self._echo()

    async def _ask(self, request: Request) -> Reply | CallFailed:
        self.calls += 1
        try:
            return await self._provider.send(replace(request, reasoning_effort=self._effort))
        except CallFailed as failure:
            return failure

    async def _chat(self) -> tuple[list[Finding], Reply | None]:
        question = Message("user", "Say hello.")
        with_system = Request((Message("system", "Answer with one word."), question), MOST_TOKENS)
        reply = await self._ask(with_system)
        refusal = reply if isinstance(reply, CallFailed) and reply.parameter == "system" else None
        if refusal is not None:
            reply = await self._ask(with_system.without(("system",)))
        if isinstance(reply, CallFailed):
            self._has_no_chat = reply.kind in ("bad-request", "parameter", "unknown-model")
            return [Finding("chat", "no", _said(reply))], None
        role = (
            Finding("system role", "no", _said(refusal)) if refusal else Finding("system role", "yes", "a system message was taken")
        )
        return [Finding("chat", "yes", f"it answered {_quoted(reply.text)}"), role], reply

    async def _letters(self) -> tuple[Reply | CallFailed, Reply | CallFailed]:
        """The replies at the temperatures 1 and 1/2."""
        top = 20
        one = await self._ask(probes.letter_request(1.0, top))
        if isinstance(one, CallFailed) and one.parameter == "top_logprobs" and one.kind == "bad-request":
            top = 5  # so many were too many
            one = await self._ask(probes.letter_request(1.0, top))
        has_them = isinstance(one, Reply) and bool(one.tokens)
        return one, await self._ask(probes.letter_request(probes.HALF, top if has_them else None))

    async def _temperature(self, one: Reply | CallFailed, half: Reply | CallFailed) -> Finding:
        name = "temperature"
        if isinstance(half, CallFailed):
            return Finding(name, "no" if half.parameter == "temperature" else "unknown", _said(half))
        tokens = one.tokens if isinstance(one, Reply) else None
        if probes.stage_of_temperature(tokens, half.tokens) == "after":
            return Finding(name, "yes", "the log-probabilities follow it")
        replies = [await self._ask(probes.letter_request(0.0)) for _ in range(REPEATS)]
        failed = next((reply for reply in replies if isinstance(reply, CallFailed)), None)
        if failed is not None:
            return Finding(name, "unknown", f"1/2 is accepted, 0 is not: {_said(failed)}")
        texts = {reply.text for reply in replies if isinstance(reply, Reply)}
        if len(texts) > 1:
            return Finding(name, "no", f"it is accepted and ignored: {REPEATS} replies at temperature 0 were not the same")
        if texts == {""}:
            return Finding(name, "unknown", "it is accepted; the replies of one token are empty")
        p = probes.likeliest(tokens)
        if not p:
            return Finding(
                name, "unknown", f"it is accepted; {REPEATS} replies at temperature 0 were the same, which may be chance"
            )
        chance = p ** (REPEATS - 1)
        same = f"{REPEATS} replies at temperature 0 were the same, which without it has a probability of at most {chance:.2g}"
        return Finding(name, "yes" if chance < _CHANCE else "unknown", same)

    async def _seed(self) -> Finding:
        requests = [replace(probes.letter_request(1.0, max_tokens=MOST_TOKENS), seed=seed) for seed in (1, 1, 2)]
        story = Message("user", "Write six random words.")
        replies = [await self._ask(replace(request, messages=(story,))) for request in requests]
        failed = next((reply for reply in replies if isinstance(reply, CallFailed)), None)
        if self._kind == "anthropic":
            return Finding("seed", "no", "this API has none")
        if failed is not None:
            return Finding("seed", "no" if failed.parameter == "seed" else "unknown", _said(failed))
        first, again, other = (reply.text for reply in replies if isinstance(reply, Reply))
        if first != again:
            return Finding("seed", "no", "it is accepted, and two replies with the same seed differed")
        if first == other:
            return Finding("seed", "unknown", "it is accepted; replies with the same and with another seed were the same")
        return Finding("seed", "yes", "two replies with the same seed were the same, with another one it differed")

    async def _schema(self) -> Finding:
        name = "JSON schema"
        reply = await self._ask(Request((Message("user", "Tell me about the weather."),), MOST_TOKENS, schema=SCHEMA))
        if isinstance(reply, CallFailed):
            return Finding(name, "no" if reply.parameter == "schema" else "unknown", _said(reply))
        try:
            fits = json.loads(reply.text).get("colour") in ("red", "blue")
        except (ValueError, AttributeError, RecursionError):
            fits = False
        return Finding(
            name, "yes" if fits else "no", f"{'it' if fits else 'it is accepted and ignored: it'} answered {_quoted(reply.text)}"
        )

    async def _continuation(self) -> Finding:
        name = "continuation"
        if not self._ways:
            beginning = (Message("user", probes.LETTERS), Message("assistant", "My letter is:"))
            reply = await self._ask(Request(beginning, 5))
            if isinstance(reply, CallFailed):
                return Finding(name, "no", _said(reply))
            return Finding(name, "yes", f"it continued with {_quoted(reply.text)}; without log-probabilities nothing can be scored")
        scoring = Scoring(ScoreSettings(probes.FORM, self._ways, 0.0, 1000, 1))
        question = Request((Message("user", "State any rule, such as " + probes.FORM.beginning((1, 0))),), 1)
        while not scoring.refusal and scoring.pending == (probe_text(probes.FORM, scoring.continuation),):
            way = scoring.continuation
            request = read_request(question, scoring.pending[0], way)
            reply = await self._ask(request)
            if isinstance(reply, CallFailed) and reply.retriable:
                return Finding(name, "unknown", _said(reply))
            if isinstance(reply, CallFailed):
                scoring.cannot(_said(reply))
                continue
            call = Call(0, "", "score", request.prompt, tokens=reply.tokens, continuation=way)
            scoring.add(call)
            if not scoring.refusal and scoring.continuation == way and continuation_probability(probes.FORM, call) >= 0.5:
                p = continuation_probability(probes.FORM, call)
                return Finding(name, "yes", f"{_WAYS.get(way, way)} ({way}): the certain next text had a probability of {p:.2g}")
        return Finding(name, "no", scoring.refusal or "nothing continues")

    async def _completions(self) -> Finding:
        """Whether a text without a chat template is continued, with log-probabilities. Nothing else is sent with it."""
        name = "completions"
        counting = (Message("user", "Counting:"), Message("assistant", "One, two, three,"))
        request = Request(counting, 3, 1.0, top_logprobs=5, continuation="text")
        reply = await self._ask(request)
        if isinstance(reply, CallFailed) and reply.parameter == "top_logprobs":
            reply = await self._ask(replace(request, top_logprobs=None))
        if isinstance(reply, CallFailed):
            return Finding(name, "unknown" if reply.retriable else "no", _said(reply))
        listed = f"{len(reply.tokens[0].top)} tokens were listed at a place" if reply.tokens else "without log-probabilities"
        return Finding(name, "yes", f'it continued a plain text with {_quoted(reply.text)}, {listed} (endpoint = "completions")')

    async def _echo(self) -> Finding:
        request = read_request(Request((Message("user", "State any rule."),), 1), probe_text(probes.FORM, "echo"), "echo")
        reply = await self._ask(request)
        if isinstance(reply, CallFailed):
            return Finding("echo", "unknown" if reply.retriable else "no", _said(reply))
        return Finding("echo", "yes", f"{len(reply.tokens or ())} tokens of the given text came with log-probabilities")


def _thinking(reply: Reply) -> Finding:
    if reply.thought:
        return Finding("thinking", "yes", "thoughts came with its answer, or were counted")
    return Finding("thinking", "no", "no thoughts came with its answer, and none were counted")


def _log_probabilities(one: Reply | CallFailed) -> Finding:
    name = "log-probabilities"
    if isinstance(one, CallFailed):
        return Finding(name, "no" if one.parameter == "top_logprobs" else "unknown", _said(one))
    if not one.tokens:
        return Finding(name, "no", "they were asked for, and none came")
    return Finding(name, "yes", f"{len(one.tokens[0].top)} tokens were listed at a place (20 were asked for)")


def _stage(one: Reply | CallFailed, half: Reply | CallFailed) -> Finding:
    name = "log-probabilities after temperature"
    found = [reply.tokens if isinstance(reply, Reply) else None for reply in (one, half)]
    stage = probes.stage_of_temperature(*found)
    evidence = {
        "before": "they are the same at the temperatures 1 and 1/2: raw",
        "after": "their differences doubled from temperature 1 to 1/2",
        "unknown": "the two replies do not tell",
    }
    answers: Mapping[str, Answer] = {"before": "no", "after": "yes", "unknown": "unknown"}
    return Finding(name, answers[stage], evidence[stage])


def _said(failure: CallFailed) -> str:
    return printable((failure.what or failure.title).partition(" The call went to")[0], 200)


def _quoted(text: str) -> str:
    return f"“{printable(' '.join(text.split()), 60)}”"
