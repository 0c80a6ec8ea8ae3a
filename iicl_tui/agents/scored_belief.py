"""Scores a model's joint belief in calls of one token each: which to make next, and what they say.

The same code follows a scoring that is under way and one that is read from a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, log

from iicl_tui.agents.base import ModelClient, ModelSession
from iicl_tui.agents.beliefs import Belief
from iicl_tui.agents.calls import Call, Message, Purpose, Request, Token
from iicl_tui.agents.failures import CallFailed, FailureKind
from iicl_tui.agents.scoring import NextTokens, ScoredMasses, TooManyReads, TreeScore
from iicl_tui.bayes.space import ProductSpace
from iicl_tui.tasks.answer_form import AnswerForm

CONTINUATIONS = ("assistant", "continue-final-message", "assistant-only", "prefix")
"""How a server can be told to continue the beginning of an answer.

assistant: the last message is the assistant's; thinking is switched off by the chat template's argument. continue-final-message:
also vLLM's and SGLang's two fields. assistant-only: the message alone, for servers that refuse unknown fields. prefix: Mistral's
mark on the message.
"""

TOP_LOGPROBS = 20
"""How many tokens are listed for a read: the most that servers offer."""
CONTINUES = 0.5
"""A server continues a beginning if the text that the form prescribes next has at least this probability."""
SUSPICIOUS = 0.05
"""If less of a read's probability continues an answer, the server is asked again whether it still continues."""

_CANNOT: frozenset[FailureKind] = frozenset({"parameter", "bad-request", "unexpected-shape"})
"""Failures which say that a server does not take a continued message."""


@dataclass(frozen=True)
class ScoreSettings:
    """How joint beliefs are scored.

    Attributes:
        form: The canonical answers.
        continuations: The ways to try, the likeliest first.
        floor: Branches with less probability are not followed.
        max_reads: The most reads for one belief.
        parallel: The most reads under way at a time.
    """

    form: AnswerForm
    continuations: tuple[str, ...]
    floor: float
    max_reads: int
    parallel: int


class Scoring:
    """One scoring: first a probe whether the server continues a beginning, then the reads of the tree, round by round.

    Attributes:
        refusal: Why there is no belief, as a sentence; "" if there may be one.
        continuation: How the next calls tell the server to continue.
    """

    def __init__(self, settings: ScoreSettings, first: str = "") -> None:
        """first: the way that worked the last time."""
        self.refusal = ""
        self._settings = settings
        self._tree = TreeScore(settings.form, settings.floor, settings.max_reads)
        self._probe = settings.form.certain
        self._ways = sorted(settings.continuations, key=lambda way: way != first)
        self._untried = list(self._ways)
        self.continuation = self._ways[0]
        self._probing = self._first_probe = True
        self._round: dict[str, NextTokens] = {}
        self._impossible = False

    @property
    def pending(self) -> tuple[str, ...]:
        """The beginnings to read next. After a refusal they are what would be read to try again."""
        if self._impossible:
            return ()
        if self._probing:
            return (self._probe.beginning,)
        return self._unread

    @property
    def _unread(self) -> tuple[str, ...]:
        return tuple(beginning for beginning in self._tree.pending if beginning not in self._round)

    @property
    def is_choosing(self) -> bool:
        """Whether it is not known yet how the server can be told to continue."""
        return self._probing and self._first_probe

    def result(self, space: ProductSpace) -> ScoredMasses | None:
        """The masses; None if the scoring was refused or is not done."""
        return self._tree.result(space) if self._tree.done and not self.refusal else None

    def cannot(self, reason: str) -> None:
        """The server refused a call of the present way."""
        self._try_next(self.continuation, reason)

    def add(self, call: Call) -> None:
        """Takes a call. One that was not to be made is left out."""
        problem = _problem(call)
        if call.prompt == self._probe.beginning:
            if self._probing:
                self._probed(call, problem)
        elif call.prompt in self._unread and not self._first_probe:
            if problem:
                self._probing, self.refusal = True, f"In the middle of the scoring: {problem}."
            else:
                self._round[call.prompt] = next_tokens(call.tokens or ())
            if not self._unread and not self._probing:
                self._end_round()

    def _probed(self, call: Call, problem: str) -> None:
        if not problem and _continues(next_tokens(call.tokens or ()), self._probe.rest) < CONTINUES:
            problem = "it answers afresh instead of continuing a given beginning of its answer"
        if problem and self._first_probe:
            self._try_next(call.continuation, problem)
        elif problem:
            self.refusal = f"In the middle of the scoring: {problem}."
        else:
            self.continuation = call.continuation
            refused, self.refusal = self.refusal, ""
            self._probing = self._first_probe = False
            if refused:  # it continues again, so what was suspicious is read again
                self._round = {text: tokens for text, tokens in self._round.items() if not self._is_odd(text, tokens)}
            if self._round and not self._unread:
                self._take_round()

    def _try_next(self, way: str, problem: str) -> None:
        if way in self._untried:
            self._untried.remove(way)
        if not self._untried:
            self.refusal = f"The server cannot score: {problem.rstrip('.')}."
            self._untried = list(self._ways)
        self.continuation = self._untried[0]

    def _end_round(self) -> None:
        if any(self._is_odd(beginning, tokens) for beginning, tokens in self._round.items()):
            self._probing = True
        else:
            self._take_round()

    def _is_odd(self, beginning: str, tokens: NextTokens) -> bool:
        return self._tree.share_on_form(beginning, tokens) < SUSPICIOUS

    def _take_round(self) -> None:
        try:
            self._tree.add(self._round)
        except TooManyReads as error:
            self.refusal, self._impossible = f"{str(error)[:1].upper()}{str(error)[1:]}.", True
        self._round = {}


async def score(
    session: ModelSession, client: ModelClient, request: Request, scoring: Scoring, parallel: int, purpose: Purpose = "score"
) -> None:
    """Makes the calls of a scoring until it is done or refused. Reads on record are not made again.

    A refusal that is only on record is put to the test again.

    Args:
        session: The agent's access to its model.
        client: The client.
        request: The request whose answer is scored.
        scoring: The scoring; its `refusal` says how it ended.
        parallel: The most calls under way at a time.
        purpose: One of READS.
    """
    while scoring.pending:
        on_record = session.upcoming == purpose
        requests = [read_request(request, beginning, scoring.continuation) for beginning in scoring.pending]
        try:
            calls = await session.ask_all(purpose, requests, client, parallel)
        except CallFailed as failure:
            if not scoring.is_choosing or failure.kind not in _CANNOT:
                raise
            scoring.cannot(failure.what or failure.title)
        else:
            for call in calls:
                scoring.add(call)
        if scoring.refusal and not (on_record and session.upcoming in (None, purpose)):
            return


def read_request(request: Request, beginning: str, continuation: str) -> Request:
    """The request for one token after a beginning of the answer, at temperature 1."""
    messages = (*request.messages, Message("assistant", beginning))
    return Request(
        messages, 1, 1.0, top_logprobs=TOP_LOGPROBS, reasoning_effort=request.reasoning_effort, continuation=continuation
    )


def scored_masses(calls: Iterable[Call], settings: ScoreSettings, space: ProductSpace) -> ScoredMasses | None:
    """What the reads of one imitation say; None if there are none, or the scoring was refused or is not done."""
    scoring = Scoring(settings)
    for call in calls:
        if call.purpose == "score":
            scoring.add(call)
    return scoring.result(space)


def scored_belief(masses: ScoredMasses, temperature: float | None) -> Belief | None:
    """The joint belief at temperature 1; None if no rule has any probability.

    Args:
        masses: The scored masses.
        temperature: The temperature of the agent's replies or choices, which the belief does not have.
    """
    log_p = masses.log_p()
    if log_p is None:
        return None
    notes = []
    if masses.off_form >= _SHOWN:
        notes.append(f"{_share(masses.off_form)} on other text")
    if masses.unobserved_mass >= _SHOWN:
        notes.append(f"{_share(masses.unobserved_mass)} unobserved")
    if temperature is not None and temperature != 1:
        notes.append(f"at τ = 1, not {temperature:g}")
    return Belief(log_p, "scored", masses, tuple(notes))


_SHOWN = 0.0005
"""Less than this is not worth words; the bounds have it all the same."""


def next_tokens(tokens: Sequence[Token]) -> NextTokens:
    """The tokens listed for the first place, each text once; a part of a character stands for no text of an answer."""
    if not tokens:
        return ()
    drawn, listed = tokens[0], list(tokens[0].top)
    if all(data != drawn.data for data, _ in listed):
        listed.append((drawn.data, drawn.logprob))
    found: dict[str, float] = {}
    for data, log_p in listed:
        text = data.decode("utf-8", "replace")
        found[text] = found.get(text, 0.0) + exp(log_p)
    return tuple((text, log(p)) for text, p in found.items() if text and p > 0)


def _continues(tokens: NextTokens, rest: str) -> float:
    return sum(exp(log_p) for text, log_p in tokens if rest.startswith(text) or text.startswith(rest))


def _problem(call: Call) -> str:
    """Why the call is no read, as a clause."""
    if "temperature" in call.without:
        return "it does not take the temperature 1"
    if not call.tokens or not call.tokens[0].top:
        return "it gives no log-probabilities"
    return ""


def _share(p: float) -> str:
    return f"{p:.2g}".removeprefix("0")
