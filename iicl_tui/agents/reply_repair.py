"""Asks a model until its reply can be read: one repair, then a person decides."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from iicl_tui.agents.base import ModelSession
from iicl_tui.agents.calls import Call, Message, Purpose, Request
from iicl_tui.tasks.wording import RuleReading, SamplesReading

Reading = TypeVar("Reading", RuleReading, SamplesReading)


@dataclass(frozen=True)
class ReplyFormat(Generic[Reading]):
    """How one type of reply is read.

    Attributes:
        read: Reads a reply.
        yield_of: How much a reading contains; 0 if it is unusable.
        repair_prompt: What the model is asked if its reply has a problem.
        asks_again: Whether the question itself is asked once more in its place, because a base model follows no instruction and
            would only read its bad reply as an example.
    """

    read: Callable[[str], Reading]
    yield_of: Callable[[Reading], int]
    repair_prompt: Callable[[str], str]
    asks_again: bool = False

    def accepts(self, call: Call, reading: Reading) -> bool:
        """Whether a reading can be taken: it has something, and the reply was not cut off before its answer was complete."""
        return self.yield_of(reading) > 0 and (not call.is_cut or self.went_on(call))

    def went_on(self, call: Call) -> bool:
        """Whether a base model went on after a complete answer until it was cut off. The last line is incomplete then."""
        return self.asks_again and call.finish == "length" and not self.read(call.reply.rpartition("\n")[0]).trouble

    def problem_with(self, text: str) -> str:
        """What is wrong with a text that a person wrote; "" if it can be read."""
        reading = self.read(text)
        return "" if self.yield_of(reading) else reading.trouble


async def ask_until_readable(
    call: Callable[[Purpose, Request], Awaitable[Call]],
    session: ModelSession,
    purpose: Purpose,
    request: Request,
    reply_format: ReplyFormat[Reading],
    skip_effect: str,
) -> Reading | None:
    """Asks a model and reads its reply, with one repair and then a person's decision if it cannot be read.

    Args:
        call: Makes one call.
        session: The session, through which a person is asked.
        purpose: Why the model is asked.
        request: The request.
        reply_format: How the reply is read.
        skip_effect: What happens if a person skips the reply; "" if it cannot be skipped.

    Returns:
        The reading; None if a person skipped the reply.
    """
    while True:
        made = await call(purpose, request)
        reading = reply_format.read(made.reply)
        problem, whole = _problem(made, reading, request, reply_format), reply_format.accepts(made, reading)
        if problem and (made.finish == "stop" or (made.is_cut and reply_format.yield_of(reading))):
            made = await call("repair", _repair_request(request, made.reply, reply_format, problem))
            repaired = reply_format.read(made.reply)
            accepted = reply_format.accepts(made, repaired)
            if accepted > whole or (accepted == whole and reply_format.yield_of(repaired) >= reply_format.yield_of(reading)):
                reading, problem, whole = repaired, _problem(made, repaired, request, reply_format), accepted
        if whole:
            return reading
        reply = made.reply
        while True:
            decision = await session.ask_person(purpose, made.prompt, reply, problem, skip_effect, reply_format.problem_with)
            if decision.verdict != "edit":
                break
            edited = reply_format.read(decision.reply)
            if reply_format.yield_of(edited):
                return edited
            reply, problem = decision.reply, edited.trouble
        if decision.verdict == "skip" and skip_effect:
            return None


def _repair_request(request: Request, reply: str, reply_format: ReplyFormat[Reading], problem: str) -> Request:
    """The dialogue with the reply and the repair prompt, or the same question.

    Some APIs refuse an empty assistant message. An empty reply is left out, and the question is asked again.
    """
    if reply_format.asks_again:
        return request
    prompt = reply_format.repair_prompt(problem)
    if reply.strip():
        return replace(request, messages=(*request.messages, Message("assistant", reply), Message("user", prompt)))
    return replace(request, messages=(*request.messages[:-1], Message("user", f"{request.prompt}\n\n{prompt}")))


def _problem(call: Call, reading: Reading, request: Request, reply_format: ReplyFormat[Reading]) -> str:
    if reply_format.went_on(call):
        return ""
    if call.finish == "length":
        return f"The reply was cut off after {request.max_tokens} tokens: raise `max-tokens` of the agent."
    if call.finish == "other" and not reading.trouble:
        return "The reply ended before it was complete."
    if call.finish == "refused" and not reading.trouble:
        return "The model or a content filter stopped the reply before it was complete."
    if not reading.trouble:
        return ""
    if call.finish == "refused":
        return "The model refused to answer."
    return reading.trouble if call.reply.strip() else "The reply is empty."
