"""Imports the logs of the paper's notebooks as a session: a configuration and the records of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from iicl_tui.agents.calls import LOGPROB_TOLERANCE, Call, Exchange, Purpose, Token, Usage
from iicl_tui.chain.records import ImitationRecord, InteractionRecord, Phase, Record, TransmissionRecord
from iicl_tui.errors import LabError
from iicl_tui.filters.base import Refinement, Sample
from iicl_tui.schema import is_finite
from iicl_tui.store import notebook_log as log
from iicl_tui.store.notebook_acronyms import DATA, read_acronyms
from iicl_tui.store.notebook_setup import REFINING, Setup, text_of
from iicl_tui.text import printable

_MOST_SAMPLES = 1000


class Imported(NamedTuple):
    """An imported run. document: a configuration's tables. records: in order. notices: sentences for a person."""

    document: dict[str, Any]
    records: list[Record]
    notices: list[str]


def read_logs(folder: Path, reading: str | None = None) -> Imported:
    """Reads the run whose logs are in this folder, up to the first generation that cannot be read.

    Args:
        folder: The folder of one run.
        reading: How beliefs are read from log-probabilities, as the agent's key of this name says; None: as usual.

    Replies are read like any model's. Raises LabError if there is no chain at all, StoreError if a file cannot be read.
    """
    notices: list[str] = []
    if (folder / DATA).exists() and not (folder / log.RESULTS).exists():
        return Imported(*read_acronyms(folder))
    results = log.read_json(folder / log.RESULTS, notices)
    tokens = log.read_json(folder / log.TOKENS, notices)
    chat = log.read_text(folder / log.CHAT)
    if not isinstance(results, dict):
        if chat is None:
            raise _no_logs(folder, notices)
        if results is not None or not notices:
            notices.append(f"{log.RESULTS} is missing or has another form.")
        notices.append(f"Everything is read from {log.CHAT}. The token usage is unknown.")
        results = {}
    elif chat is None:
        notices.append(f"{log.CHAT} is missing: what the model was asked is not known.")
    chat_log = log.read_chat(chat or "")
    setup = Setup(log.read_name(folder), results, chat_log, notices)
    setup.note_assumptions()
    records = _Records(setup, results, tokens, chat_log)
    document = setup.document(records.has_tokens)
    if reading is not None and records.has_tokens:
        document["agent"][0]["reading"] = reading
    elif reading is not None:
        notices.append("The logs have no log-probabilities that could be read in one way or another: --reading changes nothing.")
    return Imported(document, records.found, notices)


def _no_logs(folder: Path, notices: Sequence[str]) -> LabError:
    below = log.runs_below(folder)
    remedy = f"Name the folder of one run, which has {log.RESULTS} in it."
    if below:
        names = ", ".join(printable(str(path), 300) for path in below[:5])
        remedy = f"Name one run's folder: {names}{', …' if len(below) > 5 else ''}."
    what = " ".join(notices) or f"It has neither {log.RESULTS} nor {log.CHAT}."
    return LabError(f"No logs of the notebooks in {folder.name or folder}", what, remedy)


@dataclass(frozen=True)
class _Round:
    """The texts of one generation; None if the logs do not have one.

    Attributes:
        learned: The reply with the learned rule.
        refined: The rule after the interaction.
        refinement: The exchange of the interaction.
        made: The examples.
        prompts: The known prompts, by phase.
    """

    learned: str | None
    refined: str | None
    refinement: Exchange | None
    made: str | None
    prompts: Mapping[str, str]


class _Records:
    """The records of a run, up to the first generation that cannot be read.

    The JSON files take precedence over the chat log. Raises LabError if not even the first rule can be read.
    """

    def __init__(self, setup: Setup, results: Mapping[str, Any], tokens: Any, chat: log.ChatLog) -> None:
        self.found: list[Record] = []
        self.has_tokens = False
        self._setup = setup
        self._results = results
        self._tokens = tokens
        self._chat = chat
        for generation in range(1, setup.count + 1):
            if not self._generation(generation):
                break
        if not any(isinstance(record, ImitationRecord) for record in self.found):
            raise LabError("The first generation cannot be read", setup.notices[-1], "There is nothing to show.")

    def _generation(self, number: int) -> bool:
        """Adds a generation's records. Returns whether the next one can follow."""
        texts = self._round(number)
        learned = self._learn(number, texts)
        if learned is None:
            return False
        self.found.append(ImitationRecord(number, 0, learned))
        kept = self._interact(number, learned, texts)
        if kept is None:
            return self._stop(f"The rule after the interaction of generation {number} cannot be read")
        return self._transmit(number, texts)

    def _stop(self, why: str) -> bool:
        self._setup.notices.append(f"{why}: the session ends there.")
        return False

    def _learn(self, number: int, texts: _Round) -> int | None:
        reply, tokens = texts.learned, None
        if reply is None:
            self._stop(f"The rule of generation {number} is not in the logs")
            return None
        entries = log.at(self._tokens, number - 1)
        if entries is not None:
            tokens = _tokens(entries)
            spelled = b"".join(token.data for token in tokens or ()).decode(errors="replace")
            if tokens and reply == f"Rule: {spelled}":
                reply = spelled  # the export adds "Rule: " for the notebooks
            if not tokens or spelled != reply:
                tokens = None
                self._setup.notices.append(
                    f"The log-probabilities of generation {number} are torn or do not spell its reply: its belief is not known."
                )
        self.has_tokens = self.has_tokens or tokens is not None
        reading = self._setup.wording.read_rule(reply)
        if reading.hypothesis is None:
            self._stop(f"The rule of generation {number} cannot be read ({printable(reading.trouble.rstrip('.'), 200)})")
        self._keep(number, "imitation", "imitate", reply, texts, tokens)
        return reading.hypothesis

    def _interact(self, number: int, learned: int, texts: _Round) -> int | None:
        """Adds the interaction's record and returns the rule that goes on; None if it cannot be read.

        In a hypothesis search the notebooks ask even if the rule fits; that reply changes nothing.
        """
        filters = self._setup.interaction
        kept: int | None = learned
        refinements: tuple[Refinement, ...] = ()
        if filters:
            kind, text = filters[0], texts.refinement.reply if texts.refinement is not None else texts.refined
            failing = len(self._setup.d0) - int(self._setup.task.explained(self._setup.d0)[learned])
            refining = REFINING.get(kind)
            is_asked = refining is not None and (failing > 0 or not refining.only_if_failing)
            if refining is not None and text is not None and (is_asked or texts.refinement is not None):
                self._keep(number, "interaction", kind, text, texts)
            if texts.refined is not None:
                kept = self._setup.read_rule(texts.refined)
            elif is_asked:
                kept = self._setup.read_rule(text)
            if is_asked and kept is not None:
                refinements = (Refinement(kind, learned, kept, failing),)
        if kept is not None:
            self.found.append(InteractionRecord(number, filters, kept, refinements=refinements))
        return kept

    def _transmit(self, number: int, texts: _Round) -> bool:
        if texts.made is None and number < self._setup.count:
            return self._stop(f"The examples of generation {number} are not in the logs")
        if texts.made is None:  # true of the last generation of every run: it is finished
            self.found.append(TransmissionRecord(number, ()))
            return True
        self._keep(number, "transmission", "transmit", texts.made, texts)
        examples = self._setup.wording.read_samples(texts.made, _MOST_SAMPLES).examples
        if not examples:
            return self._stop(f"The examples of generation {number} cannot be read")
        if len(examples) != self._setup.samples:
            self._setup.notices.append(f"Generation {number} passed {len(examples)} examples on, not {self._setup.samples}.")
        self.found.append(TransmissionRecord(number, tuple(Sample(each, place) for place, each in enumerate(examples))))
        return True

    def _keep(
        self, number: int, phase: Phase, purpose: Purpose, reply: str, texts: _Round, tokens: tuple[Token, ...] | None = None
    ) -> None:
        prompt, model = texts.prompts.get(phase, ""), self._setup.name.model or ""
        self.found.append(Call(number, phase, purpose, prompt, reply, tokens=tokens, usage=self._usage(number, phase), model=model))

    def _usage(self, number: int, phase: Phase) -> Usage | None:
        """From `prompt_token`, one (completion, prompt, total) per call.

        E1 has two calls per generation. The others have three; without interaction the second repeats the first.
        """
        phases: tuple[Phase, ...] = ("imitation", "interaction", "transmission")
        if self._setup.rival is None:
            phases = ("imitation", "transmission")
        if phase not in phases:
            return None
        entry = log.at(self._results.get("prompt_token"), (number - 1) * len(phases) + phases.index(phase))
        is_usage = isinstance(entry, list) and len(entry) == 3 and all(type(count) is int and 0 <= count < 2**53 for count in entry)
        return Usage(entry[1], entry[0]) if is_usage and any(entry) else None

    def _round(self, number: int) -> _Round:
        """One generation's texts. A prompt is known if the chat log's reply to it is the one in the JSON files."""
        place = number - 1 + self._setup.first
        learned, made = (text_of(log.at(self._results.get(key), place)) for key in ("rules", "d_sampled"))
        refined = text_of(log.at(self._results.get("rules_refine"), number - 1))
        chat = self._chat.generations[number - 1] if number <= len(self._chat.generations) else ()
        asks = any(kind in REFINING for kind in self._setup.interaction[:1])
        phases = ("imitation", "interaction", "transmission") if asks else ("imitation", "transmission")
        exchanges = dict(zip(phases, chat, strict=False)) if len(chat) <= len(phases) else {}
        if "imitation" not in exchanges or learned not in (None, exchanges["imitation"].reply):
            if chat:
                self._setup.notices.append(f"{log.CHAT} and {log.RESULTS} differ in generation {number}. {log.RESULTS} is used.")
            return _Round(learned, refined, None, made, {})
        prompts = {phase: exchange.prompt for phase, exchange in exchanges.items()}
        if "transmission" in exchanges and made not in (None, exchanges["transmission"].reply):
            del prompts["transmission"]
        elif "transmission" in exchanges:
            made = exchanges["transmission"].reply
        return _Round(exchanges["imitation"].reply, refined, exchanges.get("interaction"), made, prompts)


# -- log-probabilities ----------------------------------------------------------------------------------------------------


def _tokens(entries: Any) -> tuple[Token, ...] | None:
    """One generation of prob_list_all.json; None if it is incomplete."""
    try:
        return tuple(_token(entry) for entry in entries)
    except (TypeError, ValueError, LookupError, AttributeError):
        return None


def _token(entry: Any) -> Token:
    top = tuple((_data(each["token"], each.get("bytes")), _logprob(each["logprob"])) for each in entry["top_logprobs"])
    same = [data for (data, _), each in zip(top, entry["top_logprobs"], strict=True) if each["token"] == entry["token"]]
    return Token(same[0] if same else _data(entry["token"], None), _logprob(entry["logprob"]), top)


def _data(text: Any, numbers: Any) -> bytes:
    """A token's bytes, if they are given: its text may be part of a character."""
    return bytes(numbers) if isinstance(numbers, list) and numbers else text.encode(errors="replace")


def _logprob(number: Any) -> float:
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not is_finite(number) or number > LOGPROB_TOLERANCE:
        raise ValueError("no log-probability")
    return float(number)
