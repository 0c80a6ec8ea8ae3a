"""Reads the setup of a run of the paper's notebooks as a configuration of this program.

The notebooks swap the paper's names: their h* is ĥ here, their h_bar is h*. What their files do not say is taken from the names of
the folders, then from the notebooks' own settings, and a notice says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from iicl_tui.agents.base import kind_of_model
from iicl_tui.errors import Fault, LabError
from iicl_tui.filters.base import filter_kinds
from iicl_tui.schema import read_table
from iicl_tui.store import notebook_log as log
from iicl_tui.tasks.acre import task as acre
from iicl_tui.tasks.acre.bias import PAIRS
from iicl_tui.tasks.acre.wording import AcreWording
from iicl_tui.tasks.base import Example
from iicl_tui.text import printable

MOST_GENERATIONS = 10_000
"""The largest number that is read; the notebooks have 4 or 6."""

INTERACTIONS: Mapping[str, tuple[str, ...]] = {"none": (), "self": ("self-refine",), "hypothesis": ("hypothesis-search",)}
"""The notebooks' names of interactions, and the filters that do the same."""


@dataclass(frozen=True)
class Refining:
    """How the notebooks have a rule revised. options: of the filter that does the same. only_if_failing: not if it fits d⁰."""

    options: Mapping[str, Any]
    only_if_failing: bool


REFINING = {"self-refine": Refining({}, False), "hypothesis-search": Refining({"rounds": 1}, True)}
"""By the filter's kind, which is also the purpose of the calls."""

NEAREST: Mapping[str, tuple[str, str]] = {
    "very-high": ("strong", "strong"),
    "high": ("strong", "none"),
    "medium": ("none", "strong"),
    "mild": ("medium", "none"),
    "low": ("weak", "none"),
    "very-low": ("none", "weak"),
}
"""For each named level the strengths that a folder's name would give to the sentences before and after the data. Theirs: strong
an imperative, medium "somebody will turn it off", weak "somebody will close it"."""

EXACT_PAIRS = {("strong", "strong"): "very-high", ("strong", "none"): "high", ("medium", "none"): "mild"}
"""The pairs that say what a named level says. The others stay pairs."""

E3_INITIAL = 8
"""|d⁰| in E3; in E2 it is 4."""

STATES = ("on", "off", "und")
LOOKBACK, SAMPLES = 2, 4
"""The notebooks' own settings, used if a folder's name does not say them."""

Pair = tuple[list[str], str]
"""An example as written: the objects, and the light."""


def bias_level(strengths: tuple[str, str] | None) -> str:
    """The bias level of these strengths before and after the data; "none" for other words."""
    if strengths is None:
        return "none"
    pair = "/".join(strengths)
    return EXACT_PAIRS.get(strengths, pair if pair in PAIRS else "none")


class Setup:
    """The setup of a run. Raises LabError if it is no chain that this program knows.

    Attributes:
        count: The number of generations.
        rival: ĥ; None in E1, which has no spurious object.
        target: h*.
        d0: d⁰.
        interaction: The filters' kinds.
        first: The index of the first generation in `rules` and `d_sampled`; except in E1 these begin with ĥ and d⁰.
    """

    def __init__(self, name: log.RunName, results: Mapping[str, Any], chat: log.ChatLog, notices: list[str]) -> None:
        self.name = name
        self.notices = notices
        self._results = results
        self._chat = chat
        given = log.as_rule(log.at(results.get("rules"), 0))
        self.rival = given or (chat.first if chat.second is not None else None)
        self.first = 0 if self.rival is None else 1
        self.count = self._generations()
        if not self.count:
            raise LabError("The logs hold no generation", " ".join(notices) or "The run ended before its first.", "Run it again.")
        self.lookback = LOOKBACK if name.lookback is None else name.lookback
        self.samples = name.samples or SAMPLES
        self.spurious = None if self.rival is None else self._spurious(self.rival)
        d0 = self._given_d0()
        if self.rival is not None:
            self.target = {**self.rival, str(self.spurious): STATES[1]}
        else:
            self.target, d0 = self._of_e1(chat.first, d0)
        self.task = self._task()
        self.d0 = self._examples(d0)
        if self.rival is None:
            self._check_target()
        self.interaction = self._interaction()

    @cached_property
    def wording(self) -> AcreWording:
        """Reads replies."""
        assert self.task.wording is not None  # or there were no setup
        return self.task.wording

    def read_rule(self, text: str | None) -> int | None:
        """The rule in a text; None if there is none."""
        return None if text is None else self.wording.read_rule(text).hypothesis

    def note_assumptions(self) -> None:
        """Adds a notice for each thing that the logs do not say, and what is assumed instead."""
        name = self.name
        if name.model is None:
            self.notices.append(f"The model is unknown: no folder {log.MODEL_FOLDER}… around the run's folder names it.")
        if name.seed is None:
            self.notices.append("The folder's name has no seed, so 0 is used.")
        own = ((f"look-back {LOOKBACK}", name.lookback), (f"M = {SAMPLES}", name.samples))
        taken = [words for words, there in own if there is None]
        if taken:
            self.notices.append(f"The logs lack some settings, so the notebooks' own are used: {' and '.join(taken)}.")
        if name.bias is not None and name.bias != ("none", "none") and bias_level(name.bias) == "none":
            self.notices.append(f"The bias {' before and '.join(name.bias)} after the data is not known: it is shown as none.")
        self.notices.append(
            "If you branch or resume the session, the model is asked with this program's prompts, not the notebook's."
        )

    # -- the rules and d⁰ ---------------------------------------------------------------------------------------------

    def _generations(self) -> int:
        rules = self._results.get("rules")
        counts = [len(rules) - self.first if isinstance(rules, list) else 0, len(self._chat.generations)]
        for key in ("nh_corr", "rules_refine"):  # one entry a generation; in a torn file one may be whole and the other not
            values = self._results.get(key)
            counts.append(len(values) if isinstance(values, list) else 0)
        return min(max(counts), MOST_GENERATIONS)

    def _spurious(self, rival: Mapping[str, str]) -> str:
        """The object that is off in h* and not in ĥ; the screen if the log does not say what h* is."""
        second = self._chat.second
        if second is not None and second.keys() == rival.keys():
            differing = [name for name, state in rival.items() if state != second[name]]
            if len(differing) == 1 and second[differing[0]] == STATES[1]:
                return differing[0]
        return "screen" if "screen" in rival else list(rival)[-1]

    def _given_d0(self) -> list[Pair]:
        """d⁰ as the notebook wrote it to its results or into the first prompt."""
        given = log.at(self._results.get("d_sampled"), 0) if self.first else None
        if isinstance(given, str):
            return pairs(given)
        asked = self._chat.generations[0][:1] if self._chat.generations else ()
        return pairs(asked[0].prompt) if asked else []

    def _of_e1(self, target: dict[str, str] | None, d0: list[Pair]) -> tuple[dict[str, str], list[Pair]]:
        """h* and d⁰ of E1, whose JSON files have neither. What its chat log does not say is drawn again from the seed."""
        seed = self.name.seed
        if (target is not None and d0) or self.name.experiment != "E1" or seed is None or seed >= 2**32:
            if target is None:
                raise _unknown_target()
            return target, d0
        drawn, data = drawn_again(seed, self.samples)
        if target not in (None, drawn):
            return target, d0
        self.notices.append("These files do not have all of h* and d⁰, so both are drawn again from the seed in the folder's name.")
        return drawn, data

    def _check_target(self) -> None:
        """Checks h* against the results, which have the share of states that each rule has in common with it."""
        for place in range(self.count):
            share, rule = (
                log.at(self._results.get("nh_corr"), place),
                self.read_rule(text_of(log.at(self._results.get("rules"), place))),
            )
            if rule is None or not isinstance(share, (int, float)):
                continue
            states = self.task.space.assignment(rule)
            same = sum(states[name] == state for name, state in self.target.items())
            if abs(share * len(states) - same) > 0.01:
                raise _unknown_target()

    def _task(self) -> acre.Acre:
        faults: list[Fault] = []
        values = read_table(acre.FIELDS, self._task_table(), ("task",), faults)
        states = {*self.target.values(), *(self.rival or {}).values()}
        faults += [Fault(("task", "hypothesis"), f"{printable(state, 40)} is not a state") for state in sorted(states - {*STATES})]
        task = None if faults else acre.build(values, ("task",), faults)
        if task is None or faults or task.wording is None:
            why = printable(str(faults[0]), 200) if faults else "Two names differ in case alone."
            raise LabError("The logs are of no task that this program knows", why, "Only runs of ACRE can be imported.")
        return task

    def _task_table(self) -> dict[str, Any]:
        table: dict[str, Any] = {"objects": list(self.target), "samples": self.samples}
        if self.spurious is not None:
            table |= {"spurious": self.spurious, "draw": "overlap", "bias": bias_level(self.name.bias)}
        return table

    def _examples(self, given: Sequence[Pair]) -> tuple[Example, ...]:
        found = []
        for shown, light in given:
            try:
                found.append(self.task.read_example(shown, light))
            except ValueError as error:
                self.notices.append(f"An example of d⁰ was left out: {printable(str(error), 200)}.")
        if not found:
            self.notices.append("d⁰ is not in the logs.")
        return tuple(found)

    def _interaction(self) -> tuple[str, ...]:
        name = self.name.interaction
        if name is not None and name in INTERACTIONS:
            return INTERACTIONS[name]
        if name is not None and name in filter_kinds():
            return (name,)
        refined, rules = self._results.get("rules_refine"), self._results.get("rules")
        for place, entry in enumerate(refined if isinstance(refined, list) else ()):
            if self.read_rule(text_of(entry)) != self.read_rule(text_of(log.at(rules, place + self.first))):
                self.notices.append("Rules were refined, but the folder's name does not say how, so self-refine is assumed.")
                return ("self-refine",)
        return ()

    # -- the configuration --------------------------------------------------------------------------------------------

    def document(self, has_tokens: bool) -> dict[str, Any]:
        """The tables of a configuration. has_tokens: the logs have log-probabilities."""
        start: dict[str, Any] = {"hypothesis": dict(self.target)}
        if self.rival is not None:
            start["rival"] = dict(self.rival)
        start["sample"] = [{"input": list(example.input), "output": example.output} for example in self.d0]
        return {
            "chain": {
                "title": self._title(),
                "task": "acre",
                "generations": self.count,
                "seed": self.name.seed or 0,
                "lookback": self.lookback,
            },
            "task": self._task_with_rule(),
            "agent": [self._agent(has_tokens)],
            "filter": [{"kind": kind, **(REFINING[kind].options if kind in REFINING else {})} for kind in self.interaction],
            "start": start,
        }

    def _task_with_rule(self) -> dict[str, Any]:
        table = {**self._task_table(), "initial": len(self.d0), "hypothesis": dict(self.target)}
        if self.rival is None:
            return table
        candidates, rule = self.task.candidates(), self.name.rule
        if rule is not None and rule < len(candidates) and candidates[rule] == self.task.read_hypothesis(self.rival):
            return {**table, "hypothesis": rule}
        state = self.rival[str(self.spurious)]
        return {**table, "rival": state} if state != STATES[1] else table

    def _agent(self, has_tokens: bool) -> dict[str, Any]:
        model = printable(self.name.model or "", 100).strip() or "unknown"
        likely, kind = kind_of_model(model), kind_of_model(model, with_logprobs=has_tokens)
        if kind.name != likely.name:
            self.notices.append(
                f"The logs have log-probabilities, which {likely.title}'s API does not give: the agent's kind is {kind.name}."
            )
        temperature = self._chat.temperature if self._chat.temperature is not None else self.name.temperature
        belief = {"belief": "logprobs", "fallback": "none"} if has_tokens else {"belief": "none"}
        return {"kind": kind.name, "model": model, "temperature": 1.0 if temperature is None else temperature, **belief}

    def _title(self) -> str:
        name = self.name
        words = [name.experiment or ("E1" if self.rival is None else "E3" if self.interaction else "E2")]
        if self.rival is not None:
            words += self.interaction or ("none",)
            words += [f"h{name.rule:03d}"] if name.rule is not None else []
            words.append(f"bias {bias_level(name.bias)}")
        words += [f"τ{name.temperature:g}"] if name.temperature is not None else []
        words += [printable(name.model, 60)] if name.model else []
        words += [f"seed {name.seed}"] if name.seed is not None else []
        return ", ".join(words)


def _unknown_target() -> LabError:
    return LabError(
        "The logs do not say what the true rule is",
        f"It is in {log.CHAT}, and for experiments with a screen also in {log.RESULTS}.",
        f"Put {log.CHAT} of the same run into the folder.",
    )


def drawn_again(seed: int, samples: int) -> tuple[dict[str, str], list[Pair]]:
    """Draws h* and d⁰ of E1 again, with numpy's legacy generator, whose stream never changes.

    Each object's state is drawn with P(on, off, und) = .5, .3, .2 until one is on and one is off. Then 31 inputs are permuted, and
    the first 21 may be shown (as numbers of which 0 is none, so there may be 20). The samples are drawn from these without
    replacement.
    """
    rng = np.random.RandomState(seed)
    objects = ("A", "B", "C", "D", "E")
    while True:
        states = [STATES[int(rng.choice(3, size=1, p=[0.5, 0.3, 0.2])[0])] for _ in objects]
        if "on" in states and "off" in states:
            break
    target = dict(zip(objects, states, strict=True))
    task = acre.Acre(objects)
    rule = task.read_hypothesis(target)
    shown = set(rng.permutation(31)[:21].tolist())
    pool = [task.inputs[number - 1] for number in range(1, 32) if number in shown]
    chosen = rng.choice(len(pool), size=min(samples, len(pool)), replace=False).tolist()
    return target, [(list(pool[place]), task.predict(rule, pool[place])) for place in chosen]


_PAIR = re.compile(r"^Input: (?P<input>[^\n]*)\nOutput: (?P<output>on|off|und)[ ]*$", re.MULTILINE)


def pairs(text: str) -> list[Pair]:
    """The examples that the notebook wrote into a text."""
    return [([name.strip() for name in match["input"].split(",")], match["output"]) for match in _PAIR.finditer(text)]


def text_of(entry: Any) -> str | None:
    """An entry of rules, rules_refine or d_sampled as text: a reply, or a rule already parsed; None for anything else."""
    if isinstance(entry, str):
        return entry.encode(errors="replace").decode().replace("\r\n", "\n")
    return f"Rule: {json.dumps(entry, ensure_ascii=False)}" if log.as_rule(entry) is not None else None
