"""Exports a session as the logs of the paper's notebooks, so that their plotting cells can read them.

Their reader takes the value of an object from the third token after its name, the screen's from the last token but one, and expects
five alternatives at each. A model's own tokens are exported if they have this form. Otherwise tokens are made from the belief's
marginal of each object. Names of rules are swapped back: their h* is ĥ here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from iicl_tui.agents.beliefs import Belief
from iicl_tui.agents.calls import Call, Purpose, Token, answer_to
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.metrics import BLOCK
from iicl_tui.chain.records import Generation
from iicl_tui.errors import LabError
from iicl_tui.store import notebook_log as log
from iicl_tui.store.errors import ExistingFile
from iicl_tui.store.notebook_acronyms import DATA, acronym_files, acronym_notices
from iicl_tui.store.notebook_setup import E3_INITIAL, EXACT_PAIRS, INTERACTIONS, NEAREST, REFINING, STATES
from iicl_tui.tasks.acre.bias import PAIRS
from iicl_tui.tasks.acre.task import as_acre
from iicl_tui.tasks.base import Example
from iicl_tui.text import visible

_ALTERNATIVES = 5
_NEVER = -9999.0
"""The log-probability of an impossible token: JSON has no infinity."""


def notebook_files(chain: Chain, mark: str = "") -> Iterator[tuple[str, Iterable[bytes]]]:
    """(path, content) of each file, in folders named as theirs. Raises LabError if they have none of this task.

    Args:
        chain: The chain.
        mark: What tells this session from others with the same settings; it goes into the chat log, see `check_other_run`.
    """
    if chain.task.name == "acronym":
        yield from acronym_files(chain, model_folder(chain), mark)
        return
    logs = _Logs(chain, mark)
    folder = logs.folder
    # The chat log has the mark, so it comes first: an export that stops half-way can be made again.
    yield f"{folder}/{log.CHAT}", (visible(part).encode(errors="replace") for part in logs.chat())
    if logs.beliefs:
        yield f"{folder}/{log.TOKENS}", logs.tokens()
    yield f"{folder}/{log.RESULTS}", [_json(logs.results())]


def check_other_run(folder: Path, mark: str) -> None:
    """Raises ExistingFile if the folder has the logs of a run with another mark: of a notebook, or of another session."""
    names = (log.RESULTS, log.TOKENS, log.CHAT, DATA)
    if not any((folder / name).exists() for name in names):
        return
    chat = log.read_text(folder / log.CHAT) or ""
    if f", session {mark} @@@" not in chat:
        raise ExistingFile(
            f"{folder} holds another run",
            "Its logs are not those of this session, and the notebooks know both by the same name. Nothing was written.",
            "Export to another folder with -o, or move that run away.",
        )


def notebook_notices(chain: Chain) -> list[str]:
    """Sentences on what the notebooks cannot express or will misread. Raises LabError if they have none of this task."""
    return acronym_notices(chain) if chain.task.name == "acronym" else _Logs(chain).notices()


def model_folder(chain: Chain) -> str:
    """exp_logs_MODEL, for the first agent's model."""
    table = (chain.config.document.get("agent") or [{}])[0]
    name = table.get("model") or table.get("kind") or chain.config.agents[0].kind
    return f"{log.MODEL_FOLDER}{re.sub(r'[^A-Za-z0-9._-]+', '-', name)}"


def _json(value: Any) -> bytes:
    return json.dumps(value, allow_nan=False).encode()


@dataclass(frozen=True)
class _ExportedBelief:
    """How a generation's belief is exported.

    Attributes:
        own: In the model's own tokens.
        source: How the belief is known.
        marginals: Otherwise, for each object in the notebooks' order, the log-probabilities of its states in nats.
    """

    own: bool
    source: str
    marginals: tuple[tuple[float, ...], ...] = ()


class _Logs:
    def __init__(self, chain: Chain, mark: str = "") -> None:
        task = as_acre(chain.task)
        if task is None:
            raise LabError(
                "The notebooks cannot read this task",
                f"The task is {chain.task.name}; they read only ACRE and acronyms.",
                "Export csv or json.",
            )
        self.chain, self.mark = chain, mark
        self.task = task
        self.generations = chain.generations
        self.rival = chain.start.rival
        order = range(len(self.task.objects))
        self.order = sorted(order, key=lambda place: place == self.task.focus)  # the notebooks have the screen last
        self.objects = [self.task.objects[place] for place in self.order]

    # -- names -------------------------------------------------------------------------------------------------------

    @property
    def folder(self) -> str:
        """exp_logs_MODEL/sup_corr/none_h033_startnone_endnone_seed42; without a spurious object, the form of E1."""
        config = self.chain.config
        model = model_folder(self.chain)
        if self.rival is None:
            run = f"tmp{self.temperature:.1f}_M{self.task.samples}_LB{config.lookback}_seed{config.seed}"
            return f"{model}/{log.FOLDERS['E1']}/{run}"
        start, end = PAIRS.get(self.task.bias) or NEAREST.get(self.task.bias, ("none", "none"))
        name = next((name for name, kinds in INTERACTIONS.items() if kinds == self.filters[:1]), "".join(self.filters[:1]))
        run = f"{name}_h{self._index(self.rival):03d}_start{start}_end{end}_seed{config.seed}"
        return f"{model}/{log.FOLDERS['E3' if self.filters or self._is_e3 else 'E2']}/{run}"

    @property
    def _is_e3(self) -> bool:
        """Without a filter E2 and E3 differ in |d⁰|; the cell that makes E3's table counts on eight examples."""
        return len(self.chain.start.samples) == E3_INITIAL

    def _agent(self, key: str) -> Any:
        tables = self.chain.config.document.get("agent") or [{"kind": self.chain.config.agents[0].kind}]
        return tables[0].get(key)

    @property
    def temperature(self) -> float:
        """The first agent's temperature."""
        value = self._agent("temperature")
        return 1.0 if value is None else float(value)

    @cached_property
    def filters(self) -> tuple[str, ...]:
        """The filters' kinds, one that the notebooks know first: they have only one."""
        kinds = [each.kind for each in self.chain.config.filters]
        return tuple(sorted(kinds, key=lambda kind: (kind,) not in INTERACTIONS.values()))

    def _index(self, hypothesis: int) -> int:
        """The notebooks' index of a hypothesis: they count those whose spurious object is not off, that object fastest."""
        codes = [int(self.task.space.codes[hypothesis, place]) for place in self.order]
        index = 0
        for code in codes[:-1]:
            index = 3 * index + code
        return 2 * index + (codes[-1] == 2)

    # -- rules and examples -------------------------------------------------------------------------------------------

    def _rule(self, hypothesis: int) -> dict[str, str]:
        codes = self.task.space.codes[hypothesis]
        return {self.task.objects[place]: STATES[codes[place]] for place in self.order}

    def _examples(self, examples: Sequence[Example]) -> str:
        states = dict(zip(self.task.outputs, STATES, strict=False))
        return "".join(f"Input: {', '.join(example.input)}\nOutput: {states[example.output]}\n" for example in examples)

    def _own_reply(self, generation: Generation) -> str | None:
        """The model's own reply, if the notebooks read the same rule in it. They look for "Rule: " first."""
        call = self._learning(generation)
        if call is None:
            return None
        rule = self._rule(generation.imitation.hypothesis)
        return next((text for text in (call.reply, f"Rule: {call.reply}") if _as_notebooks_read(text) == rule), None)

    def _reply(self, generation: Generation) -> str:
        """The model's own reply if its own tokens or none are exported; otherwise the rule as spelled by the tokens made for it."""
        place = generation.index - 1
        own = self._own_reply(generation) if place >= len(self.beliefs) or self.beliefs[place].own else None
        return own or f"Rule: {json.dumps(self._rule(generation.imitation.hypothesis), ensure_ascii=False)}"

    def _learning(self, generation: Generation) -> Call | None:
        found = answer_to(self.chain.calls_of(generation.index, "imitation"), "imitate")
        return found[1] if found is not None else None

    def results(self) -> dict[str, Any]:
        """other_results_all.json. E1's has neither the true rule nor d⁰, and has rules_refine only with a filter."""
        learned = [self._rule(generation.imitation.hypothesis) for generation in self.generations]
        first = self._rule(self.chain.start.target if self.rival is None else self.rival)
        same = [sum(rule[name] == state for name, state in first.items()) for rule in learned]
        made = [self._examples(generation.data) for generation in self.generations if self._made_some(generation)]
        kept = [self._rule(generation.hypothesis) for generation in self.generations]
        replies = [self._reply(generation) for generation in self.generations]
        results: dict[str, Any] = {
            "nh_corr": [count / len(first) for count in same],
            "nh_perf": [int(count == len(first)) for count in same],
            "d_sampled": made if self.rival is None else [self._examples(self.chain.start.samples), *made],
            "prompt_token": [usage for generation in self.generations for usage in self._usage(generation)],
            "rules": replies if self.rival is None else [first, *replies],
        }
        return results if self.rival is None and not self.filters else {**results, "rules_refine": kept}

    def _usage(self, generation: Generation) -> list[tuple[int, int, int]]:
        """(completion, prompt, total) of each phase, summed over its calls; the notebooks have one call per phase."""

        def of(phase: Any) -> tuple[int, int, int]:
            known = [call.usage for call in self.chain.calls_of(generation.index, phase) if call.usage is not None]
            completion, prompt = sum(usage.completion for usage in known), sum(usage.prompt for usage in known)
            return completion, prompt, completion + prompt

        found = [of("imitation")]
        if self.rival is not None:
            found.append(of("interaction" if self.filters else "imitation"))
        return [*found, of("transmission")] if self._made_some(generation) else found

    def _made_some(self, generation: Generation) -> bool:
        """Whether it has examples for the logs. The notebooks' last generation makes none."""
        return generation.complete and bool(generation.data or generation.index < self.chain.config.generations)

    # -- beliefs ------------------------------------------------------------------------------------------------------

    @cached_property
    def beliefs(self) -> list[_ExportedBelief]:
        """The beliefs of all generations before the first unknown one."""
        found: list[_ExportedBelief] = []
        for first in range(1, len(self.generations) + 1, BLOCK):
            last = min(first + BLOCK - 1, len(self.generations))
            for generation, belief in zip(self.generations[first - 1 : last], self.chain.beliefs(first, last), strict=True):
                call = self._learning(generation)
                if call is not None and call.tokens is not None and self._suits_the_notebooks(call, generation):
                    found.append(_ExportedBelief(True, "logprobs"))
                elif belief is not None:
                    found.append(_ExportedBelief(False, belief.source, self._marginals(belief)))
                else:
                    return found
        return found

    def tokens(self) -> Iterator[bytes]:
        """prob_list_all.json."""
        for generation, each in zip(self.generations, self.beliefs, strict=False):
            call = self._learning(generation) if each.own else None
            entries = self._made(each, generation.imitation.hypothesis) if call is None else map(_entry, call.tokens or ())
            yield (b"[" if generation.index == 1 else b", ") + _json(list(entries))
        yield b"]"

    def _marginals(self, belief: Belief) -> tuple[tuple[float, ...], ...]:
        p = np.exp(belief.log_p)
        with np.errstate(divide="ignore"):
            logs = [np.log(self.task.space.marginal(p, place)) for place in self.order]
        return tuple(tuple(np.clip(each, _NEVER, 0.0).tolist()) for each in logs)

    def _suits_the_notebooks(self, call: Call, generation: Generation) -> bool:
        """Whether the notebooks find each object's value in these tokens, and nothing that they would misread."""
        texts = [token.data.decode(errors="replace") for token in call.tokens or ()]
        if self._own_reply(generation) is None:
            return False
        rule = self._rule(generation.imitation.hypothesis)
        places = [place for place, text in enumerate(texts) if text in rule]
        if {texts[place] for place in places} != rule.keys():
            return False
        for place in places:
            at = place + 3
            if at >= len(texts) or texts[at] != rule[texts[place]] or len((call.tokens or ())[at].top) < _ALTERNATIVES:
                return False
        return self.rival is None or (texts[places[-1]] == self.objects[-1] and places[-1] + 3 == len(texts) - 2)

    def _made(self, exported: _ExportedBelief, hypothesis: int) -> list[dict[str, Any]]:
        """The tokens of Rule: {"A": "on", …}, with the belief in each object at its value."""
        entries = [_plain(text) for text in ("Rule", ":", " {")]
        for number, (name, state, logs) in enumerate(
            zip(self.objects, self._rule(hypothesis).values(), exported.marginals, strict=True)
        ):
            known = dict.fromkeys(STATES, _NEVER) | dict(zip(STATES, logs, strict=False))
            others = [*known.items(), (" on", _NEVER), (" off", _NEVER)]
            value = Token(state.encode(), known[state], tuple((text.encode(), logprob) for text, logprob in others))
            entries += [_plain('"' if number == 0 else ' "'), _plain(name), _plain('":'), _plain(' "'), _entry(value)]
            entries += [_plain('",')] if number < len(self.objects) - 1 else [_plain('"}')]
        return entries

    # -- the chat log -------------------------------------------------------------------------------------------------

    def chat(self) -> Iterator[str]:
        """chat_log.txt, in parts: the prompts of a model, or the data that an exact agent learned from."""
        rule, partner = self.chain.start.target, ""
        if self.rival is not None:
            rule, partner = self.rival, f", h_bar is {self._rule(self.chain.start.target)}"
        line = "@" * 62
        opening = self.chain.agent(1).first_messages(self.chain.rounds(1)) if self.generations else ()
        session = f", session {self.mark}" if self.mark else ""
        yield f"\n{line}\n@@@ iicl-tui: {_one_line(self.chain.config.title)}{session} @@@\n{line}\n"
        yield from (f"{notice}\n" for notice in self.notices())
        yield f"In this experiment,h* is {self._rule(rule)}{partner}. Global temperature is {self.temperature:f}\n\n"
        yield f"\n## TO GPT:\n{opening[0].text if opening else ''}\n"
        refining = next((kind for kind in REFINING if kind in self.filters), None)
        for place, generation in enumerate(self.generations):
            reply = self._reply(generation)
            yield f"----------- Gen {place} -----------\n"
            yield self._exchange(generation, "imitate", self._examples(self.chain.data(place)), reply)
            if refining is not None:
                kept = f"Rule: {json.dumps(self._rule(generation.hypothesis), ensure_ascii=False)}"
                yield self._exchange(generation, refining, self._examples(self.chain.start.samples), kept)
            if self._made_some(generation):
                yield self._exchange(generation, "transmit", reply, self._examples(generation.data))

    def _exchange(self, generation: Generation, purpose: Purpose, prompt: str, reply: str) -> str:
        found = answer_to(self.chain.calls_of(generation.index), purpose)
        asked = found[0].prompt if found is not None else prompt
        return f"\n## TO GPT:\n{asked}\n\n## FEEDBACK:\n{reply}\n"

    # -- what they cannot express -------------------------------------------------------------------------------------

    def notices(self) -> list[str]:
        """Sentences on what the notebooks cannot express."""
        found = []
        made = [place for place, each in enumerate(self.beliefs, 1) if not each.own]
        if any(each.source != "logprobs" for each in self.beliefs):
            found.append(
                "The notebooks know no joint distribution. They get the belief in each object separately, so the entropies that "
                "they show are at least as large as those of this program."
            )
        elif made:
            found.append(f"The tokens of generations {_listed(made)} were put into the order that the notebooks look for.")
        if len(self.beliefs) < len(self.generations):
            first = len(self.beliefs) + 1
            found.append(f"The belief of generation {first} is not known, so {log.TOKENS} ends before it." if self.beliefs else
                         f"No belief is known, so there is no {log.TOKENS}.")  # fmt: skip
        if len(self.objects) != 5:
            found.append("The notebooks' cells are written for five objects: change 5 and 243 in them.")
        if self.task.outputs != STATES[: len(self.task.outputs)]:
            found.append("The states are exported as on, off and und, the only ones that the notebooks know.")
        if self.rival is not None and self.task.bias in NEAREST and NEAREST[self.task.bias] not in EXACT_PAIRS:
            before, after = NEAREST[self.task.bias]
            found.append(f"The bias {self.task.bias} is exported as {before} before and {after} after the data, the nearest.")
        if len(self.chain.config.agents) > 1:
            found.append("The notebooks know only one agent: all generations are exported as those of the first.")
        if self.filters[1:] or (self.filters and self.filters[:1] not in INTERACTIONS.values()):
            found.append("Of the filters, the notebooks know only self-refine and hypothesis-search, one at a time.")
        return found


def _plain(text: str) -> dict[str, Any]:
    return _entry(Token(text.encode(), 0.0, ((text.encode(), 0.0),)))


def _entry(token: Token) -> dict[str, Any]:
    """One token in the notebooks' form."""
    top = sorted(token.top, key=lambda pair: -pair[1])
    return {
        "token": _spelled(token.data),
        "logprob": token.logprob,
        "top_logprobs": [{"token": _spelled(data), "logprob": logprob, "bytes": list(data)} for data, logprob in top],
    }


def _spelled(data: bytes) -> str:
    return data.decode(errors="backslashreplace")


def _as_notebooks_read(text: str) -> Any:
    """A reply as the notebooks read it: JSON after "Rule: ". None if they cannot."""
    try:
        return json.loads(text.split("Rule: ")[1])
    except (ValueError, IndexError, RecursionError):
        return None


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))
