"""An agent that is a language model: what it is asked, how its replies are read, and what they say of its belief."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from iicl_tui.agents.access import Access, Credential
from iicl_tui.agents.base import ModelSession, Rounds, Workload
from iicl_tui.agents.beliefs import Belief
from iicl_tui.agents.calls import PARAMETER_WORDS, Call, Message, Provider, Purpose, Reply, Request
from iicl_tui.agents.failures import CallFailed
from iicl_tui.agents.logprobs import NoBelief
from iicl_tui.agents.measuring import Measuring, examples_made
from iicl_tui.agents.money import Price, estimated_tokens, prompt_tokens
from iicl_tui.agents.retry import Patience
from iicl_tui.errors import ChainStopped
from iicl_tui.tasks.base import Example, Task
from iicl_tui.tasks.prompts import Prompts
from iicl_tui.tasks.wording import RuleReading, SamplesReading, Wording

Reading = TypeVar("Reading", RuleReading, SamplesReading)


@dataclass(frozen=True)
class Asking:
    """How a model is asked. seed: one drawn from the chain's random numbers is sent, where the API has one.

    measuring: how the belief is known. schema: the reply has to follow a JSON schema.
    """

    model: str
    max_tokens: int
    measuring: Measuring
    temperature: float | None = None
    top_p: float | None = None
    seed: bool = True
    schema: bool = False


class LanguageAgent:
    """Implements `Agent` by asking a model.

    Where the task's wording states no rule, the model learns by making examples at once. They are what it passes on, and whatever
    `asking` says of measuring, a belief can only be inferred from them.

    lacks: the parameters that the API never takes. connect: makes the provider, given the access that says which key it gets.
    """

    exact = False

    def __init__(
        self,
        kind: str,
        task: Task,
        wording: Wording,
        prompts: Prompts,
        asking: Asking,
        connect: Callable[[Access], Provider],
        credential: Credential,
        *,
        lacks: frozenset[str] = frozenset(),
        patience: Patience | None = None,
        price: Price | None = None,
    ) -> None:
        self.kind = kind
        self.task = task
        self.wording = wording
        self.prompts = prompts
        self.asking = asking
        if self._implicit and asking.measuring.source != "none":
            self.asking = replace(asking, measuring=replace(asking.measuring, source="examples"))
        self.patience = patience or Patience()
        self.credential = credential
        self._price = price
        self.connect = connect
        self._provider: tuple[Access, Provider] | None = None
        self._left_out = set(lacks)
        self._said: set[str] = set()
        self._beliefs: dict[tuple[Call, ...], Belief | None] = {}

    @property
    def model(self) -> str:
        """The model's name."""
        return self.asking.model

    @property
    def believes(self) -> bool:
        """Unless it is set up not to be measured."""
        return self.asking.measuring.source != "none"

    @property
    def price(self) -> Price | None:
        """What a million of its tokens costs; None where that is not known."""
        return self._price

    def describe(self) -> str:
        """openai gpt-4o-mini τ1"""
        temperature = self.asking.temperature
        return f"{self.kind} {self.model}" + (f" τ{temperature:g}" if temperature is not None else "")

    # -- the three things that it is asked ----------------------------------------------------------------------------

    async def imitate(self, rounds: Rounds, rng: np.random.Generator, session: ModelSession) -> int:
        """Asks for a rule that explains the last of the rounds; where its belief is estimated, it is asked again and again.
        Where no rule is stated, it asks for examples like those.

        Raises CallFailed, ChainStopped where the budget or an unreadable reply stops it.
        """
        prompt = self.wording.imitate(self.prompts, _latest(rounds))
        if self._implicit:
            return await self._imitate_by_examples(prompt, rng, session)
        request = self._request("imitate", prompt, session, self.wording.rule_schema())
        if self.asking.measuring.asks_logprobs:
            request = replace(request, top_logprobs=self.asking.measuring.top_logprobs)
        skipping = "" if session.previous is None else "the rule of the generation before goes on"
        reading = await self._rule("imitate", request, rng, session, skipping)
        if session.phase == "imitation":
            await self._draws(replace(request, top_logprobs=None), rng, session)
        if reading is not None:
            return reading
        assert session.previous is not None
        return session.previous

    async def transmit(
        self, hypothesis: int, count: int, rounds: Rounds, rng: np.random.Generator, session: ModelSession
    ) -> tuple[Example, ...]:
        """Asks for count examples. Fewer come back where the model made fewer, asked twice. Raises as `imitate`.

        Where no rule is stated, those that it made when it learned come first, and it is asked for what is missing only.
        """
        made: tuple[Example, ...] = ()
        if self._implicit:
            made = examples_made(session.before(), self.wording, self.task.samples).examples[session.taken : session.taken + count]
            session.taken += len(made)
        missing = count - len(made)
        if missing == 0:
            return made
        prompt = self.wording.transmit(self.prompts, hypothesis, missing, _latest(rounds))
        skipping = "no further example is passed on" if session.taken else "no example is passed on"
        more = await self._examples("transmit", prompt, missing, rng, session, skipping)
        return (*made, *(more or ()))

    async def _imitate_by_examples(self, prompt: str, rng: np.random.Generator, session: ModelSession) -> int:
        skipping = "" if session.previous is None else "the hypothesis of the generation before goes on"
        examples = await self._examples("imitate", prompt, self.task.samples, rng, session, skipping)
        if examples is not None:
            return self.wording.implied(examples)
        assert session.previous is not None
        return session.previous

    async def _examples(
        self, purpose: Purpose, prompt: str, count: int, rng: np.random.Generator, session: ModelSession, skipping: str
    ) -> tuple[Example, ...] | None:
        """At most count examples; None where a person skips an unreadable reply."""
        request = self._request(purpose, prompt, session, self.wording.samples_schema(count))
        reading = await self._ask(
            purpose,
            request,
            rng,
            session,
            lambda text: self.wording.read_samples(text, count),
            lambda reading: bool(reading.examples),
            lambda trouble: self.wording.repair_samples(self.prompts, trouble, count),
            self.wording.samples_schema(count),
            skipping,
        )
        return reading.examples if reading is not None else None

    async def refine(
        self,
        purpose: Purpose,
        hypothesis: int,
        examples: Sequence[Example],
        rounds: Rounds,
        rng: np.random.Generator,
        session: ModelSession,
    ) -> int:
        """Asks it to check its rule, or to mend it where it fails. Raises as `imitate`, and ChainStopped where it states none."""
        if self._implicit:
            raise ChainStopped(
                f"The filter {purpose} needs a rule",
                f"In the task {self.task.name} a model states no rule that it could refine: it makes examples at once.",
                f"Leave {purpose} out, in a new session; filters of samples, as rank or human, do their work here too.",
            )
        make = self.wording.self_refine if purpose == "self-refine" else self.wording.hypothesis_search
        request = self._request(purpose, make(self.prompts, hypothesis, examples), session, self.wording.rule_schema())
        reading = await self._rule(purpose, request, rng, session, "the rule stays as it was")
        return hypothesis if reading is None else reading

    # -- what is known of it ------------------------------------------------------------------------------------------

    def beliefs(self, generations: Sequence[tuple[Rounds, Sequence[Call]]]) -> list[Belief | None]:
        """From the calls of each imitation alone, as `Measuring` reads them."""
        return [self._belief(tuple(calls)) for _, calls in generations]

    def _belief(self, calls: tuple[Call, ...]) -> Belief | None:
        if calls not in self._beliefs:
            self._beliefs[calls] = self.asking.measuring.belief(calls, self.task, self.wording)
        return self._beliefs[calls]

    def unread(self, calls: Sequence[Call]) -> bool:
        """As the protocol says: neither a reply nor its repair (where asking again could mend it) can be read."""
        if not calls or (calls[-1].purpose != "repair" and (calls[-1].finish == "stop" or calls[-1].purpose in ("draw", "person"))):
            return False
        tried = calls[-2:] if calls[-1].purpose == "repair" else calls[-1:]
        if tried[0].purpose == "transmit" or self._implicit:
            return not any(self.wording.read_samples(call.reply, self.task.samples).examples for call in tried)
        return self.wording.read_rule(calls[-1].reply).hypothesis is None

    def opening(self, rounds: Rounds) -> tuple[Message, ...]:
        """The system's message and the question."""
        prompt = self.wording.imitate(self.prompts, _latest(rounds))
        return self._system, Message("user", prompt)

    def workload(self, rounds: Rounds, filters: Sequence[str], lookback: int, own: range) -> Workload:
        """Estimated from the texts themselves; replies are taken to be as short as they are asked to be."""
        count, data = self.task.samples, _latest(rounds)
        opening = prompt_tokens(Request(self.opening(rounds), 1))
        if self._implicit:
            reply = estimated_tokens(self.wording.rule_reply(self.wording.implied(data)))
            rounds_sent = sum(min(lookback, k) for k in own)
            return Workload(len(own), len(own) * opening + rounds_sent * (opening + reply), len(own) * reply)
        rule = estimated_tokens(self.wording.rule_reply(0))
        made = estimated_tokens(self.wording.samples_reply(self.task.transmit(0, count, 0.0, np.random.default_rng(0))))
        making = opening - estimated_tokens(self.opening(rounds)[-1].text)
        making += estimated_tokens(self.wording.transmit(self.prompts, 0, count))
        draws = self.asking.measuring.draws if self.asking.measuring.source == "samples" else 1
        refining = sum(name in ("self-refine", "hypothesis-search") for name in filters)
        refine = prompt_tokens(Request((Message("user", self.wording.self_refine(self.prompts, 0, data)),), 1))
        one = Workload(draws + 1 + refining, draws * opening + making + refining * refine, (draws + refining) * rule + made)
        # A round is a question and its answer; before its generation k an agent has had 2k of them, and one more when it makes.
        rounds_sent = sum(draws * min(lookback, 2 * k) + (1 + refining) * min(lookback, 2 * k + 1) for k in own)
        history = rounds_sent * (opening + making + rule + made) // 2
        return Workload(len(own) * one.calls, len(own) * one.prompt + history, len(own) * one.completion)

    async def close(self) -> None:
        """Give up its connections."""
        if self._provider is not None:
            await self._provider[1].close()

    # -- asking -------------------------------------------------------------------------------------------------------

    async def send(self, request: Request, access: Access) -> tuple[Reply, tuple[str, ...]]:
        """One try. A parameter that turns out not to be taken is left out from then on. Raises CallFailed."""
        if self._provider is None or self._provider[0] is not access:
            await self.close()
            self._provider = (access, self.connect(access))
        asked = [name for name in Request.PARAMETERS if getattr(request, name) is not None]
        while True:
            try:
                reply = await self._provider[1].send(self.sent(request))
            except CallFailed as failure:
                unwanted = failure.parameter
                if failure.kind != "parameter" or unwanted not in asked or unwanted in self._left_out:
                    raise
                self._left_out.add(unwanted)
            else:
                return reply, tuple(name for name in asked if name in self._left_out)

    def sent(self, request: Request) -> Request:
        """The request as it goes out: without the parameters that are known not to be taken."""
        return request.without(sorted(self._left_out))

    @property
    def _implicit(self) -> bool:
        """It states no rule. An agent of a task that has no wording is a fault of the configuration, and never asked."""
        return self.wording is not None and not self.wording.states_rule

    @cached_property
    def _system(self) -> Message:
        return Message("system", self.wording.system(self.prompts))

    def _request(self, purpose: Purpose, prompt: str, session: ModelSession, schema: Mapping[str, Any]) -> Request:
        messages = [self._system]
        for exchange in session.history(purpose):
            messages += [Message("user", exchange.prompt), Message("assistant", exchange.reply or "(no answer)")]
        messages.append(Message("user", prompt))
        asking = self.asking
        schema_wanted = schema if asking.schema else None
        return Request(tuple(messages), asking.max_tokens, asking.temperature, asking.top_p, None, None, schema_wanted)

    def _seeded(self, request: Request, rng: np.random.Generator) -> Request:
        """A seed is drawn whether it is sent or not, and whether the reply is on record or not: others depend on its place."""
        seed = int(rng.integers(2**31))
        return replace(request, seed=seed if self.asking.seed else None)

    async def _call(self, purpose: Purpose, request: Request, rng: np.random.Generator, session: ModelSession) -> Call:
        request = self._seeded(request, rng)
        call = await session.ask(purpose, request, self)
        for name in call.without:
            self._say(
                session, f"{self.model} takes no {PARAMETER_WORDS[name]}: it is left out, and the record of each call says so."
            )
        if request.top_logprobs is not None and call.tokens is None and "top_logprobs" not in call.without:
            self._say(session, f"{self.model} answered without the log-probabilities that were asked for.")
        return call

    def _say(self, session: ModelSession, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            session.say(text)

    async def _draws(self, request: Request, rng: np.random.Generator, session: ModelSession) -> None:
        """Further hypotheses from the same prompt, where the belief can be known from nothing else."""
        measuring = self.asking.measuring
        if measuring.source == "logprobs":
            if self._belief(session.calls()) is not None:
                return
            why = measuring.from_tokens(session.calls(), self.task.space, self.wording)
            if isinstance(why, NoBelief):
                self._say(session, f"The log-probabilities of {self.model} give no belief. {why.reason}")
            if measuring.fallback != "samples":
                return
            self._say(session, f"The belief is estimated from {measuring.draws} drawn hypotheses a generation instead.")
        elif measuring.source != "samples":
            return
        for _ in range(measuring.draws - 1):
            await self._call("draw", request, rng, session)

    async def _rule(
        self, purpose: Purpose, request: Request, rng: np.random.Generator, session: ModelSession, skipping: str
    ) -> int | None:
        reading = await self._ask(
            purpose,
            request,
            rng,
            session,
            self.wording.read_rule,
            lambda reading: reading.hypothesis is not None,
            lambda trouble: self.wording.repair_rule(self.prompts, trouble),
            self.wording.rule_schema(),
            skipping,
        )
        return reading.hypothesis if reading is not None else None

    async def _ask(
        self,
        purpose: Purpose,
        request: Request,
        rng: np.random.Generator,
        session: ModelSession,
        read: Callable[[str], Reading],
        usable: Callable[[Reading], bool],
        repair: Callable[[str], str],
        schema: Mapping[str, Any],
        skipping: str,
    ) -> Reading | None:
        """The reading of a reply; where there is none, of its repair; where there is none, what a person says. None: skipped."""
        while True:
            call = await self._call(purpose, request, rng, session)
            reading = read(call.reply)
            trouble = self._trouble(call, reading)
            if trouble and call.finish == "stop":
                call = await self._call("repair", self._repair(request, call.reply, repair(trouble)), rng, session)
                again = read(call.reply)
                if _worth(again) >= _worth(reading):
                    reading, trouble = again, self._trouble(call, again)
            if usable(reading):
                return reading
            reply = call.reply
            while True:
                said = await session.help(purpose, call.prompt, reply, trouble, skipping, lambda text: _problem(read, usable, text))
                if said.verdict != "edit":
                    break
                edited = read(said.reply)
                if usable(edited):
                    return edited
                reply, trouble = said.reply, edited.trouble
            if said.verdict == "skip" and skipping:
                return None

    def _repair(self, request: Request, reply: str, prompt: str) -> Request:
        """The same dialogue, gone on with. Some APIs refuse an empty message of the assistant: the question is then put anew."""
        if reply.strip():
            return replace(request, messages=(*request.messages, Message("assistant", reply), Message("user", prompt)))
        return replace(request, messages=(*request.messages[:-1], Message("user", f"{request.prompt}\n\n{prompt}")))

    def _trouble(self, call: Call, reading: RuleReading | SamplesReading) -> str:
        if not reading.trouble:
            return ""
        if call.finish == "refused":
            return "The model refused to answer."
        if call.finish == "length":
            return f"The reply was cut off after {self.asking.max_tokens} tokens: raise `max-tokens` of the agent."
        return reading.trouble if call.reply.strip() else "The reply is empty."


def _latest(rounds: Rounds) -> Sequence[Example]:
    """dᵗ⁻¹: models are shown no other round but by their own dialogue."""
    return rounds[-1] if rounds else ()


def _worth(reading: RuleReading | SamplesReading) -> int:
    """By which one of two readings is taken: how many examples it has, or whether it has a rule."""
    return len(reading.examples) if isinstance(reading, SamplesReading) else int(reading.hypothesis is not None)


def _problem(read: Callable[[str], Reading], usable: Callable[[Reading], bool], text: str) -> str:
    """What is wrong with a text that a person would put in a reply's place; "" where it can be read."""
    reading = read(text)
    return "" if usable(reading) else reading.trouble
