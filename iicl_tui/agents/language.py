"""An agent that is a language model: what it is asked, how its replies are read, and what they say about its belief."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iicl_tui.agents.access import Access, Credential
from iicl_tui.agents.base import Datasets, ModelSession, RefineRequest, UsageEstimate
from iicl_tui.agents.belief_estimator import examples_made
from iicl_tui.agents.belief_questions import MAX_CHOICES, BeliefQuestions
from iicl_tui.agents.beliefs import Belief
from iicl_tui.agents.call_notices import CallNotices
from iicl_tui.agents.calls import READS, Call, Message, Provider, Purpose, Reply, Request
from iicl_tui.agents.language_usage import aside_usage, belief_usage, estimate_usage
from iicl_tui.agents.logprobs import NoBelief
from iicl_tui.agents.model_connection import ModelConnection
from iicl_tui.agents.prices import Price
from iicl_tui.agents.prior_belief import as_imitation
from iicl_tui.agents.probes import probe_calls, stage_requests
from iicl_tui.agents.reply_repair import ReplyFormat, ask_until_readable
from iicl_tui.agents.request_settings import RequestSettings, without_bounds
from iicl_tui.agents.retry import RetryPolicy
from iicl_tui.agents.scoring import ScoredMasses
from iicl_tui.agents.temperature import temperature_warning
from iicl_tui.bayes import inference
from iicl_tui.errors import ChainStopped
from iicl_tui.tasks.base import Example, Task
from iicl_tui.tasks.prompts import Prompts
from iicl_tui.tasks.wording import RuleReading, Wording, rule_wording


class LanguageAgent:
    """Implements `Agent` by asking a model.

    If the task's wording states no rule, the model learns by making examples directly, and passes these on. Its belief is inferred
    from them, or measured beside the chain if the wording has a question for rules and `settings` ask for a score or draws.

    Args:
        kind: The agent's kind.
        task: The task.
        wording: How the task is put into words.
        prompts: The prompt texts.
        settings: How the model is asked.
        connect: Creates the provider, given the access that decides which key it gets.
        credential: The key that the provider needs.
        unsupported: The parameters that the API never takes.
        retry_policy: How failed calls are retried.
        find_price: Finds the model's price, when it is first needed.
    """

    exact = False

    def __init__(
        self,
        kind: str,
        task: Task,
        wording: Wording,
        prompts: Prompts,
        settings: RequestSettings,
        connect: Callable[[Access], Provider],
        credential: Credential | None,
        *,
        unsupported: frozenset[str] = frozenset(),
        retry_policy: RetryPolicy | None = None,
        find_price: Callable[[], Price | None] = lambda: None,
    ) -> None:
        self.kind = kind
        self.task = task
        self.wording = wording
        self.prompts = prompts
        self.settings = settings
        self._rules = rule_wording(wording) if wording is not None else None
        measured = ("none", "score", "samples") if self._rules is not None else ("none",)
        if self._implicit and settings.estimator.source not in measured:
            self.settings = replace(settings, estimator=replace(settings.estimator, source="examples"))
        self.retry_policy = retry_policy or RetryPolicy()
        self.credential = credential
        self._find_price = find_price
        self.connect = connect
        self._connection = ModelConnection(lambda access: self.connect(access), unsupported)
        self._notices = CallNotices(settings.model, self._connection)
        self._questions = BeliefQuestions(self, self.settings, self._notices)
        self._beliefs: dict[tuple[Call, ...], Belief | None] = {}

    @property
    def model(self) -> str:
        """The model's name."""
        return self.settings.model

    @property
    def has_belief(self) -> bool:
        """Whether the agent is configured to have its belief measured."""
        return self.settings.estimator.source != "none"

    @property
    def states_nothing(self) -> bool:
        """Whether its hypotheses are drawn from its belief, so that it is asked for no rule."""
        return self.settings.choose != "reply"

    @property
    def chooses_within(self) -> bool:
        """Whether it can choose among given hypotheses: only where it draws them from a belief over all."""
        return self.states_nothing

    @property
    def takes_maximum(self) -> bool:
        """Whether it takes the likeliest hypothesis of its belief."""
        return self.settings.choose == "map" or (self.states_nothing and self.settings.temperature == 0)

    @cached_property
    def price(self) -> Price | None:
        """The model's price; None if it is unknown."""
        return self._find_price()

    def describe(self) -> str:
        """openai gpt-6-luna τ1, or with "sample" or "map" before τ if its hypotheses are drawn from its belief."""
        temperature, choose = self.settings.temperature, self.settings.choose
        chosen = f" {choose}" if choose != "reply" else ""
        return f"{self.kind} {self.model}{chosen}" + (f" τ{temperature:g}" if temperature is not None else "")

    # -- learning, making examples, refining ----------------------------------------------------------------------------

    async def imitate(self, datasets: Datasets, rng: np.random.Generator, session: ModelSession) -> int:
        """Asks for a rule that explains the latest data, and for further draws if the belief is estimated from them.

        If the wording states no rule, asks for examples like the data. If the hypothesis is to come from the scored belief, asks
        for no rule.

        Raises:
            CallFailed: A call failed.
            ChainStopped: The budget or an unreadable reply stops the chain.
        """
        if session.is_first and session.phase == "imitation" and self.settings.estimator.prior:
            await self._ask_prior(rng.spawn(1)[0], session)
        prompt = self.wording.imitate(self.prompts, _latest(datasets))
        if self._implicit:
            implied = await self._imitate_by_examples(prompt, rng, session)
            if session.phase == "imitation":
                await self._measure_aside(datasets, rng, session)
            return implied
        request = self._request("imitate", prompt, session, self.wording.rule_schema())
        if self.settings.choose != "reply":
            return await self._choose(request, rng, session)
        if session.phase == "imitation" and self._needs_stage and not probe_calls(session.past_calls()):
            for asked in stage_requests(self.settings.reasoning_effort):
                await session.ask("probe", asked, self)
        if self.settings.estimator.asks_logprobs:
            request = replace(request, top_logprobs=self.settings.estimator.top_logprobs)
        skip_effect = "" if session.previous is None else "the rule of the previous generation is kept"
        reading = await self._rule("imitate", request, rng, session, skip_effect)
        if session.phase == "imitation":
            if self.settings.estimator.score is not None:
                await self._questions.score(request, session)
            await self._draws(replace(request, top_logprobs=None), rng, session)
        if reading is not None:
            return reading
        assert session.previous is not None
        return session.previous

    async def transmit(
        self, hypothesis: int, count: int, datasets: Datasets, rng: np.random.Generator, session: ModelSession
    ) -> tuple[Example, ...]:
        """Asks for count examples. The model may make fewer, even after a repair. Raises as `imitate`.

        If the wording states no rule, the examples made while learning come first, and only missing ones are asked for.
        """
        made: tuple[Example, ...] = ()
        if self._implicit:
            earlier = examples_made(session.earlier_calls(), self.wording, self.task.samples).examples
            made = earlier[session.examples_used :][:count]
            session.examples_used += len(made)
        missing = count - len(made)
        if missing == 0:
            return made
        prompt = self.wording.transmit(self.prompts, hypothesis, missing, _latest(datasets))
        skip_effect = "no further example is passed on" if session.examples_used else "no example is passed on"
        more = await self._examples("transmit", prompt, missing, rng, session, skip_effect)
        return (*made, *(more or ()))

    @property
    def _needs_stage(self) -> bool:
        """Whether it matters if the log-probabilities are those before the temperature."""
        return self.settings.estimator.source == "logprobs" and self.settings.temperature not in (None, 1.0)

    async def _choose(self, request: Request, rng: np.random.Generator, session: ModelSession) -> int:
        """A hypothesis from the scored belief, tempered as a whole. A filter's redraws score nothing again."""
        refusal = "The calls of its imitation are not on record."
        if session.phase == "imitation":
            refusal = await self._questions.score(request, session)
        masses = self._scored([*session.earlier_calls(), *session.calls()])
        log_p = masses.log_p() if masses is not None else None
        if log_p is None:
            raise ChainStopped(
                f"{self.model} gives no belief to draw a hypothesis from",
                refusal or "None of its probability is on rules of the form that was asked for.",
                'Resume to try again. A new session with choose = "reply" takes its rules from its replies, and with '
                'belief = "logprobs" its belief, factorised along one reply. All that was read is saved.',
            )
        return self._pick(log_p, rng)

    async def choose_within(
        self, members: NDArray[np.bool_], datasets: Datasets, rng: np.random.Generator, session: ModelSession
    ) -> int | None:
        """A hypothesis from the scored belief restricted to the (H,) members, without a further call; see `Chooser`."""
        masses = self._scored([*session.earlier_calls(), *session.calls()])
        log_p = masses.log_p() if masses is not None else None
        within = None if log_p is None else inference.restrict(log_p, members)
        return None if within is None else self._pick(within, rng)

    def _pick(self, log_p: NDArray[np.float64], rng: np.random.Generator) -> int:
        if self.takes_maximum:
            return inference.argmax(log_p, rng)
        temperature = 1.0 if self.settings.temperature is None else self.settings.temperature
        return inference.sample(inference.temper(log_p, temperature), rng)

    def _scored(self, calls: Sequence[Call]) -> ScoredMasses | None:
        return self.settings.estimator.scored([call for call in calls if call.phase == "imitation"], self.task.space)

    async def _ask_prior(self, rng: np.random.Generator, session: ModelSession) -> None:
        """Asks for the belief without examples. Its random numbers are its own, so that later ones stay the same."""
        assert self._rules is not None
        request = self._request("imitate", self._rules.imitate(self.prompts, ()), session, self._rules.rule_schema())
        estimator, chooses = self.settings.estimator, self.settings.choose != "reply"
        if estimator.score is not None and (not await self._questions.score(request, session, "prior-score") or chooses):
            return
        for asked in estimator.prior_requests(request, lambda: self.prior(session.calls()) is not None):
            await self._call("prior", asked, rng, session)

    async def _measure_aside(self, datasets: Datasets, rng: np.random.Generator, session: ModelSession) -> None:
        """Asks beside the chain which rule explains the data. The chain does not use the answers."""
        if self._rules is not None and self.settings.estimator.source in ("score", "samples"):
            prompt = self._rules.imitate(self.prompts, _latest(datasets))
            await self._questions.aside(self._request("draw", prompt, session, self._rules.rule_schema()), rng, session)

    async def _imitate_by_examples(self, prompt: str, rng: np.random.Generator, session: ModelSession) -> int:
        skip_effect = "" if session.previous is None else "the hypothesis of the previous generation is kept"
        examples = await self._examples("imitate", prompt, self.task.samples, rng, session, skip_effect)
        if examples is not None:
            return self.wording.implied(examples)
        assert session.previous is not None
        return session.previous

    async def _examples(
        self, purpose: Purpose, prompt: str, count: int, rng: np.random.Generator, session: ModelSession, skip_effect: str
    ) -> tuple[Example, ...] | None:
        """At most count examples; None if a person skips an unreadable reply."""
        reply_format = ReplyFormat(
            lambda text: self.wording.read_samples(text, count),
            lambda reading: len(reading.examples),
            lambda problem: self.wording.repair_samples(self.prompts, problem, count),
            asks_again=self.settings.plain_text,
        )
        request = self._request(purpose, prompt, session, self.wording.samples_schema(count))
        reading = await ask_until_readable(self._caller(rng, session), session, purpose, request, reply_format, skip_effect)
        return reading.examples if reading is not None else None

    async def refine(self, request: RefineRequest, datasets: Datasets, rng: np.random.Generator, session: ModelSession) -> int:
        """Asks the model to check its rule, or to correct it. Raises as `imitate`, and ChainStopped if it states no rule."""
        purpose = request.purpose
        if self._implicit:
            raise ChainStopped(
                f"The filter {purpose} needs a rule",
                f"In the task {self.task.name} a model states no rule that it could refine. It makes examples directly.",
                f"Remove {purpose} in a new session. Filters of samples, such as rank and human, work here too.",
            )
        ask = self.wording.hypothesis_search if request.only_failing else self.wording.self_refine
        prompt = ask(self.prompts, request.hypothesis, request.examples)
        sent = self._request(purpose, prompt, session, self.wording.rule_schema())
        reading = await self._rule(purpose, sent, rng, session, "the rule stays as it is")
        return request.hypothesis if reading is None else reading

    # -- what is known about it ------------------------------------------------------------------------------------------

    def beliefs(self, generations: Sequence[tuple[Datasets, Sequence[Call]]]) -> list[Belief | None]:
        """From the calls of each imitation alone; see `BeliefEstimator`."""
        return [self._belief(tuple(calls)) for _, calls in generations]

    def _belief(self, calls: tuple[Call, ...], wording: Wording | None = None) -> Belief | None:
        """wording: how its replies are read; None: as those of its chain."""
        if calls not in self._beliefs:
            self._beliefs[calls] = self.settings.estimator.belief(calls, self.task, wording or self.wording)
        return self._beliefs[calls]

    def prior(self, calls: Sequence[Call]) -> Belief | None:
        """From the calls that asked for it; None if it was not asked for."""
        return self._belief(asked, self._rules) if (asked := as_imitation(calls)) else None

    def missing_prior(self, calls: Sequence[Call]) -> str:
        """As the protocol says."""
        return self.settings.estimator.missing_prior(calls)

    def temperature_warning(self, calls: Sequence[Call]) -> str:
        """What is wrong with the temperature, given the agent's calls so far, as a sentence; "" if nothing is known to be."""
        settings = self.settings
        if settings.choose != "reply":
            return ""  # it is applied to the belief as a whole
        official = self.credential is not None and self.credential.base_url is None
        return temperature_warning(
            self.kind, self.model, settings.temperature, settings.reasoning_effort, official, calls
        )  # fmt: skip

    def missing_belief(self, calls: Sequence[Call]) -> str:
        """As the protocol says."""
        rules = [call for call in calls if call.purpose == "draw"] if self._implicit else []
        return self.settings.estimator.missing_reason(rules or calls)

    def awaits_person(self, calls: Sequence[Call]) -> bool:
        """Whether neither a reply nor its repair was accepted. Unreadable replies that did not end by themselves get no repair."""
        if not calls or calls[-1].purpose in _UNREPAIRED:
            return False
        if calls[-1].purpose == "repair":
            return not any(self._yield(call, calls[-2].purpose) and not call.is_cut for call in calls[-2:])
        return calls[-1].finish != "stop" and not self._yield(calls[-1], calls[-1].purpose)

    def _yield(self, call: Call, purpose: Purpose) -> bool:
        """Whether something can be read in a reply to a call of this purpose."""
        if purpose == "transmit" or self._implicit:
            return bool(self.wording.read_samples(call.reply, self.task.samples).examples)
        return self.wording.read_rule(call.reply).hypothesis is not None

    def first_messages(self, datasets: Datasets) -> tuple[Message, ...]:
        """The system message and the question."""
        prompt = self.wording.imitate(self.prompts, _latest(datasets))
        return self._system, Message("user", prompt)

    def estimate_usage(self, datasets: Datasets, refinements: int, lookback: int, own: range) -> UsageEstimate:
        """As the protocol says; see `language_usage`."""
        estimator = self.settings.estimator
        reads = estimator.score.form.least_reads + 1 if estimator.score is not None else 0
        draws = estimator.draws if estimator.source == "samples" else int(self.settings.choose == "reply" and not self._implicit)
        opening, data = self.first_messages(datasets), _latest(datasets)
        at_once = 1 if "n" in self._connection.unsupported else MAX_CHOICES
        work = estimate_usage(
            self.task, self.wording, self.prompts, opening, data, draws, reads, refinements, lookback, own, at_once
        )
        if self._rules is None:
            return work
        asked = (self._system, Message("user", self._rules.imitate(self.prompts, data)))
        if self._implicit:
            work += aside_usage(self._rules, asked, draws, reads, lookback, own, at_once)
        if estimator.prior and own.start == 0 and len(own):
            replies = estimator.draws if estimator.source == "samples" else int(not reads)
            asked = (self._system, Message("user", self._rules.imitate(self.prompts, ())))
            work += belief_usage(self._rules, asked, replies, reads)
        return work

    async def close(self) -> None:
        """Closes the connections."""
        await self._connection.close()

    # -- sending requests -------------------------------------------------------------------------------------------------------

    async def send(self, request: Request, access: Access) -> tuple[Reply, tuple[str, ...]]:
        """Makes one attempt; see `ModelConnection`. Raises CallFailed."""
        return await self._connection.send(request, access)

    def as_sent(self, request: Request) -> Request:
        """The request without the parameters that are known to be unsupported."""
        return self._connection.as_sent(request)

    @property
    def _implicit(self) -> bool:
        """Whether the wording states no rule. A task without wording is a fault of the configuration; its agent is never asked."""
        return self.wording is not None and not self.wording.states_rule

    @cached_property
    def _system(self) -> Message:
        return Message("system", self.wording.system(self.prompts))

    def _request(self, purpose: Purpose, prompt: str, session: ModelSession, schema: Mapping[str, Any]) -> Request:
        messages = [self._system]
        for exchange in session.history(purpose):
            messages += [Message("user", exchange.prompt), Message("assistant", exchange.reply or "(no answer)")]
        messages.append(Message("user", prompt))
        settings = self.settings
        wanted = (schema if settings.schema_bounds else without_bounds(schema)) if settings.schema else None
        return Request(
            tuple(messages), settings.max_tokens, settings.temperature, settings.top_p, None, None, wanted,
            settings.reasoning_effort,
        )  # fmt: skip

    def _seeded(self, request: Request, rng: np.random.Generator) -> Request:
        """The request with a seed, which is drawn even if it is not sent, so that later random numbers stay the same."""
        seed = int(rng.integers(2**31))
        return replace(request, seed=seed if self.settings.seed else None)

    def _caller(self, rng: np.random.Generator, session: ModelSession) -> Callable[[Purpose, Request], Awaitable[Call]]:
        """A function that makes calls in this session."""

        async def call(purpose: Purpose, request: Request) -> Call:
            return await self._call(purpose, request, rng, session)

        return call

    async def _call(self, purpose: Purpose, request: Request, rng: np.random.Generator, session: ModelSession) -> Call:
        request = self._seeded(request, rng)
        call = await session.ask(purpose, request, self)
        self._notices.about(call, request, session)
        return call

    async def _draws(self, request: Request, rng: np.random.Generator, session: ModelSession) -> None:
        """Draws further hypotheses from the same prompt if the belief cannot be read from log-probabilities."""
        estimator = self.settings.estimator
        if estimator.asks_logprobs:
            if self._belief(session.calls()) is not None:
                return
            found = estimator.from_tokens(session.calls(), self.task.space, self.wording)
            if isinstance(found, NoBelief):
                self._notices.once(session, f"The log-probabilities of {self.model} give no belief. {found.reason}")
            if estimator.fallback != "samples":
                return
            self._notices.once(session, f"The belief is estimated from {estimator.draws} drawn hypotheses per generation instead.")
        elif estimator.source != "samples":
            return
        await self._questions.draw(request, estimator.draws - 1, rng, session)

    async def _rule(
        self, purpose: Purpose, request: Request, rng: np.random.Generator, session: ModelSession, skip_effect: str
    ) -> int | None:
        reply_format = ReplyFormat[RuleReading](
            self.wording.read_rule,
            lambda reading: int(reading.hypothesis is not None),
            lambda problem: self.wording.repair_rule(self.prompts, problem),
            asks_again=self.settings.plain_text,
        )
        reading = await ask_until_readable(self._caller(rng, session), session, purpose, request, reply_format, skip_effect)
        return reading.hypothesis if reading is not None else None


_UNREPAIRED: tuple[Purpose, ...] = ("draw", "probe", "prior", *READS, "person")
"""Calls that are not repaired."""


def _latest(datasets: Datasets) -> Sequence[Example]:
    """dᵗ⁻¹. A model sees earlier datasets only in its own dialogue."""
    return datasets[-1] if datasets else ()
