"""Scores a model's joint belief with one-token calls: chooses the next calls and interprets their replies.

The same code serves a scoring under way and one that is read from a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, log

from iicl_tui.agents.base import ModelClient, ModelSession
from iicl_tui.agents.beliefs import Belief
from iicl_tui.agents.calls import READS, Call, Message, Purpose, Request, Token
from iicl_tui.agents.failures import CallFailed, FailureKind
from iicl_tui.agents.scoring import NextTokens, ScoredMasses, TooManyReads, TreeScore
from iicl_tui.agents.string_score import StringScore, answer_read, ending_probability
from iicl_tui.bayes.space import ProductSpace
from iicl_tui.tasks.answer_form import AnswerForm

CONTINUATIONS = (
    "assistant", "continue-final-message", "assistant-only", "completion", "prompt-logprobs", "echo", "prefix", "text",
)  # fmt: skip
"""How a server can be told to continue the beginning of an answer, or to score a whole one.

assistant: the last message is the assistant's; thinking is switched off by the chat template's argument. continue-final-message:
also vLLM's and SGLang's two fields. assistant-only: the message alone, for servers that refuse unknown fields. completion:
llama.cpp's own /completion, after its own /apply-template. prompt-logprobs: vLLM's log-probabilities of a given dialogue, for
whole answers. echo: the completions API repeats a given text with log-probabilities, for whole answers; the dialogue is given
without a chat template. prefix: Mistral's mark on the message. text: the completions API continues a text;
the dialogue is given without a chat template, too.
"""

WHOLE_ANSWERS = frozenset({"prompt-logprobs", "echo"})
"""The ways that score whole answers."""
WITHOUT_TEMPLATE = frozenset({"echo", "text"})
"""The ways that give the dialogue as plain text."""

TOP_LOGPROBS = 20
"""How many tokens are listed for a read: the most that servers offer."""
CONTINUES = 0.5
"""A server continues a beginning if the text that the form prescribes next has at least this probability."""
SUSPICIOUS = 0.05
"""If less of a read's probability continues an answer, the server is asked again whether it still continues."""
_THOUGHT = re.compile(r"\s*[<\[◁]\W{0,3}(?:begin_of_|start_)?(?:think|thought|reason|channel|analysis)", re.IGNORECASE)
"""How a model's thoughts begin."""

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
    """One scoring: first a probe whether the server does what it is told, then the reads, round by round.

    A way that is known to work is used without the probe. If its first reads look odd, the ways are tried as if none were known.

    Attributes:
        refusal: Why there is no belief, as a sentence; "" if there may be one.
        continuation: How the next calls tell the server to continue.
    """

    def __init__(self, settings: ScoreSettings, known: str = "") -> None:
        """known: the way that worked the last time."""
        self.refusal = ""
        self._settings = settings
        self._tree: TreeScore | StringScore = TreeScore(settings.form, settings.floor, settings.max_reads)
        self._ways = sorted(settings.continuations, key=lambda way: way != known)
        self._untried = list(self._ways)
        self.continuation = self._ways[0]
        self._probing = self._first_probe = self._new = True
        self._confirmed = self._taken = False
        self._problems: list[str] = []
        self._round: dict[str, NextTokens] = {}
        self._impossible = False
        if known in self._ways:
            self._use(known)

    @property
    def pending(self) -> tuple[str, ...]:
        """The beginnings to read next. After a refusal they are what would be read to try again."""
        if self._impossible:
            return ()
        if self._probing:
            return (probe_text(self._settings.form, self.continuation),)
        return self._unread

    @property
    def _unread(self) -> tuple[str, ...]:
        return tuple(beginning for beginning in self._tree.pending if beginning not in self._round)

    @property
    def is_choosing(self) -> bool:
        """Whether another way may still be tried, since nothing was read in the present one."""
        return self._first_probe or not (self._confirmed or self._taken or self._round)

    @property
    def is_last_way(self) -> bool:
        """Whether no other way is left to try."""
        return len(self._untried) == 1

    def result(self, space: ProductSpace) -> ScoredMasses | None:
        """The masses; None if the scoring was refused or is not done."""
        return self._tree.result(space) if self._tree.done and not self.refusal else None

    def cannot(self, reason: str) -> None:
        """Records that the server refuses the present way."""
        self._try_next(self.continuation)
        if not self._untried:
            self._refuse(reason)

    def add(self, call: Call) -> None:
        """Adds the result of a call. Ignores calls that this scoring would not make."""
        problem = _problem(call)
        probes = is_probe(call, self._settings.form)
        if self._new and not probes and call.continuation in self._ways:
            self._use(call.continuation)  # it was known when this call was made
        self._new = False
        if probes:
            if call.continuation != self.continuation and not self._taken:
                self._choose()
            if self._probing:
                self._probed(call, problem)
        elif call.prompt in self._unread and not self._first_probe:
            read = None if problem else self._read(call)
            if read is None:
                self._interrupt(problem or "it gives no log-probabilities for the whole answer")
            else:
                self._round[call.prompt] = read
            if not self._unread and not self._probing:
                self._end_round()

    def _probed(self, call: Call, problem: str) -> None:
        if not problem and continuation_probability(self._settings.form, call) < CONTINUES:
            how = "thinks first" if _thinks(call) else "answers afresh"
            problem = f"it {how} instead of continuing a given beginning of its answer"
        if problem and self._first_probe:
            self._problems.append(problem)
            self._try_next(call.continuation)
            if not self._untried:
                self._refuse(problem)
        elif problem:
            self.refusal = f"In the middle of the scoring: {problem}."
        else:
            refused, self.refusal = self.refusal, ""
            if self._first_probe:
                self._use(call.continuation)
            self._probing, self._confirmed = False, True
            if refused:  # it continues again, so what was suspicious is read again
                self._round = {text: tokens for text, tokens in self._round.items() if not self._is_odd(text, tokens)}
            if self._round and not self._unread:
                self._take_round()

    def _try_next(self, way: str) -> None:
        self._choose()
        if way in self._untried:
            self._untried.remove(way)
        if self._untried:
            self.continuation = self._untried[0]

    def _choose(self) -> None:
        self._probing = self._first_probe = True
        self._round = {}

    def _refuse(self, problem: str) -> None:
        """Ends the scoring after all ways have failed. A problem seen in a reply explains more than a refused call."""
        self.refusal = f"The server cannot score: {(self._problems or [problem])[0].rstrip('.')}."
        self._untried = list(self._ways)
        self.continuation = self._untried[0]

    def _use(self, way: str) -> None:
        """Uses this way for the reads."""
        self.continuation = way
        self._probing = self._first_probe = False
        try:
            if way in WHOLE_ANSWERS and not isinstance(self._tree, StringScore):
                self._tree = StringScore(self._settings.form, self._settings.max_reads)
            elif way not in WHOLE_ANSWERS and isinstance(self._tree, StringScore):
                self._tree = TreeScore(self._settings.form, self._settings.floor, self._settings.max_reads)
        except TooManyReads as error:
            self._give_up(error)

    def _interrupt(self, problem: str) -> None:
        """Handles a read without information: keeps all other reads and probes the server again."""
        self._probing = True
        if self._taken:
            self.refusal = f"In the middle of the scoring: {problem}."
        else:
            self._first_probe = True

    def _read(self, call: Call) -> NextTokens | None:
        if call.continuation in WHOLE_ANSWERS:
            return answer_read(self._settings.form, call.prompt, call.tokens or ())
        return next_tokens(call.tokens or ())

    def _give_up(self, error: TooManyReads) -> None:
        self.refusal, self._impossible = f"{str(error)[:1].upper()}{str(error)[1:]}.", True

    def _end_round(self) -> None:
        if any(self._is_odd(beginning, tokens) for beginning, tokens in self._round.items()):
            self._probing = True
            self._first_probe = not self._taken and not self._confirmed
        else:
            self._take_round()

    def _is_odd(self, beginning: str, tokens: NextTokens) -> bool:
        return self._tree.share_on_form(beginning, tokens) < SUSPICIOUS

    def _take_round(self) -> None:
        try:
            self._tree.add(self._round)
        except TooManyReads as error:
            self._give_up(error)
        self._taken, self._round = True, {}


async def score(
    session: ModelSession, client: ModelClient, request: Request, scoring: Scoring, parallel: int, purpose: Purpose = "score"
) -> None:
    """Makes the calls of a scoring until it is done or refused. Reads on record are not made again.

    A refusal that is on record is tested again.

    Args:
        session: The agent's access to its model.
        client: The client.
        request: The request whose answer is scored.
        scoring: The scoring; its `refusal` says how it ended.
        parallel: The most calls under way at a time.
        purpose: One of READS.
    """
    while scoring.pending:
        on_record = session.upcoming is not None and session.upcoming.purpose == purpose
        requests = [read_request(request, beginning, scoring.continuation) for beginning in scoring.pending]
        try:
            calls = await session.ask_all(purpose, requests, client, parallel)
        except CallFailed as failure:
            if not scoring.is_choosing or not _means_no(failure, scoring.is_last_way):
                raise
            scoring.cannot(failure.what or failure.title)
        else:
            for call in calls:
                scoring.add(call)
        upcoming = session.upcoming
        if scoring.refusal and not (on_record and (upcoming is None or upcoming.purpose == purpose)):
            return


def _means_no(failure: CallFailed, last: bool) -> bool:
    """Whether the server does not support a way. A server error may also be temporary, so it does not rule out the last way."""
    return failure.kind in _CANNOT or (failure.kind == "server" and not failure.hopeful and not last)


def is_probe(call: Call, form: AnswerForm) -> bool:
    """Whether the call only asked whether a server continues."""
    return call.purpose in READS and call.prompt == probe_text(form, call.continuation)


def known_way(calls: Sequence[Call], form: AnswerForm) -> str:
    """How the server was told to continue in the last of these reads; "" if there are none."""
    reads = (call.continuation for call in reversed(calls) if call.purpose in READS and not is_probe(call, form))
    return next(reads, "")


def probe_text(form: AnswerForm, way: str) -> str:
    """The text of a probe: a beginning whose continuation is all but certain, or for whole answers both together."""
    certain = form.certain
    return certain.beginning + certain.rest if way in WHOLE_ANSWERS else certain.beginning


def continuation_probability(form: AnswerForm, call: Call) -> float:
    """The probability, in a probe's reply, of the text that the form prescribes next."""
    rest, tokens = form.certain.rest, call.tokens or ()
    if call.continuation in WHOLE_ANSWERS:
        return ending_probability(call.prompt, rest, tokens)
    return sum(exp(log_p) for text, log_p in next_tokens(tokens) if rest.startswith(text) or text.startswith(rest))


def read_request(request: Request, beginning: str, continuation: str) -> Request:
    """The request for one token after a beginning of the answer, at temperature 1."""
    messages = (*request.messages, Message("assistant", beginning))
    listed = {"prompt-logprobs": None, "echo": 1}.get(continuation, TOP_LOGPROBS)
    return Request(
        messages, 1, 1.0, top_logprobs=listed, reasoning_effort=request.reasoning_effort, continuation=continuation
    )  # fmt: skip


def scored_masses(calls: Iterable[Call], settings: ScoreSettings, space: ProductSpace) -> ScoredMasses | None:
    """The masses from the reads of one imitation; None if there are none, or the scoring was refused or is not done."""
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
    if masses.whole:
        notes.append("in one tokenisation each")
    if temperature is not None and temperature != 1:
        notes.append(f"at τ = 1, not {temperature:g}")
    return Belief(log_p, "scored", masses, tuple(notes))


_SHOWN = 0.0005
"""Smaller probabilities are not mentioned. The bounds still include them."""


def next_tokens(tokens: Sequence[Token]) -> NextTokens:
    """The tokens listed at the first position, merged by text. Part of a character matches no answer."""
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


def _thinks(call: Call) -> bool:
    """Whether the likeliest next token begins a thought."""
    return bool(_THOUGHT.match(max(next_tokens(call.tokens or ()), key=lambda listed: listed[1], default=("", 0.0))[0]))


def _problem(call: Call) -> str:
    """Why the call cannot be used as a read, as a clause; "" if it can."""
    if "temperature" in call.without:
        return "it does not take the temperature 1"
    if not call.tokens or (call.continuation not in WHOLE_ANSWERS and not call.tokens[0].top):
        return "it gives no log-probabilities"
    return ""


def _share(p: float) -> str:
    return f"{p:.2g}".removeprefix("0")
