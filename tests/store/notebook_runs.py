"""Logs as the paper's notebooks write them, and a reader as their plotting cells are: both follow them step by step, in our words.

A made-up model stands in for the provider's: it draws rules from probabilities of its own, so that every figure is known.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

STATES = ["on", "off", "und"]
SCREEN = ["A", "B", "C", "D", "screen"]
LETTERS = ["A", "B", "C", "D", "E"]

Rule = dict[str, str]
Pair = tuple[list[str], str]


def light(shown: Sequence[str], rule: Rule) -> str:
    """On if any is on, else undetermined if any is, else off."""
    states = [rule[name] for name in shown]
    return "on" if "on" in states else "und" if "und" in states else "off"


def all_rules(objects: Sequence[str]) -> list[Rule]:
    """Every rule, the first object slowest, on before off before und."""
    found: list[Rule] = [{}]
    for name in objects:
        found = [{**rule, name: state} for rule in found for state in STATES]
    return found


def indexed(index: int) -> Rule:
    """The rules whose screen is not off, counted."""
    return [rule for rule in all_rules(SCREEN) if rule["screen"] != "off"][index]


def shown_in(number: int, objects: Sequence[str]) -> list[str]:
    """The objects of an input: its binary digits, the first object the highest."""
    return [name for name, digit in zip(objects, format(number, f"0{len(objects)}b"), strict=True) if digit == "1"]


def data_text(pairs: Sequence[Pair]) -> str:
    """As they put examples into a prompt."""
    return "".join(f"Input: {', '.join(shown)}\nOutput: {output}\n" for shown, output in pairs)


@dataclass
class Run:
    """One run. interaction None: E1, else none, self or hypothesis. index: the notebooks' of ĥ. refined_as_text: a refined rule is
    a text within the reply's JSON, else a table. What came of the run is in the fields below."""

    root: Path
    model: str = "gpt-3.5-turbo-0125"
    interaction: str | None = "none"
    index: int = 33
    bias: tuple[str, str] = ("strong", "none")
    seed: int = 42
    generations: int = 4
    samples: int = 4
    temperature: float = 1.0
    lookback: int = 2
    refined_as_text: bool = True
    rules: list[Rule] = field(default_factory=list)
    kept: list[Rule] = field(default_factory=list)
    data: list[list[Pair]] = field(default_factory=list)
    marginals: list[list[list[float]]] = field(default_factory=list)
    rivals: Rule = field(default_factory=dict)
    target: Rule = field(default_factory=dict)
    prompts: list[list[str]] = field(default_factory=list)
    usage: list[tuple[int, int, int]] = field(default_factory=list)

    @property
    def objects(self) -> list[str]:
        return LETTERS if self.interaction is None else SCREEN

    @property
    def folder(self) -> Path:
        base = self.root / f"exp_logs_{self.model}"
        if self.interaction is None:
            return base / "entropy" / f"tmp{self.temperature:.1f}_M{self.samples}_LB{self.lookback}_seed{self.seed}"
        kind = "sup_corr" if self.interaction == "none" else "add_interaction"
        start, end = self.bias
        return base / kind / f"{self.interaction}_h{self.index:03d}_start{start}_end{end}_seed{self.seed}"

    def log(self, text: str) -> None:
        with (self.folder / "chat_log.txt").open("a", encoding="utf-8") as file:
            file.write(text + "\n")

    def call(self, prompt: str, reply: str) -> tuple[int, int, int]:
        """One call: into the chat log; its tokens (completion, prompt, total)."""
        self.log("\n## TO GPT:")
        self.log(prompt)
        self.log("\n## FEEDBACK:")
        self.log(reply)
        self.prompts[-1].append(prompt)
        completion, asked = len(reply) // 4 + 1, len(prompt) // 4 + 1
        return completion, asked, completion + asked

    # -- the model ----------------------------------------------------------------------------------------------------

    def learned(self) -> tuple[str, list[dict[str, Any]]]:
        """A reply, and its tokens with five alternatives at each value."""
        marginals = self.model_rng.dirichlet([1.0, 1.0, 1.0], size=len(self.objects)) * (1 - 1e-6)
        states = [int(self.model_rng.choice(3, p=row / row.sum())) for row in marginals]
        rule = {name: STATES[state] for name, state in zip(self.objects, states, strict=True)}
        self.rules.append(rule)
        self.marginals.append(marginals.tolist())
        tokens = [plain("Rule"), plain(":"), plain(' {"')]
        for place, (name, state, row) in enumerate(zip(self.objects, states, marginals, strict=True)):
            alternatives = [(STATES[at], math.log(row[at])) for at in np.argsort(-row)] + [(" on", -17.5), ("ond", -18.25)]
            value = {"token": STATES[state], "logprob": math.log(row[state]), "top_logprobs": []}
            value["top_logprobs"] = [{"token": text, "logprob": p, "bytes": list(text.encode())} for text, p in alternatives]
            tokens += [plain(name), plain('":'), plain(' "'), value]
            tokens += [plain('",'), plain(' "')] if place < len(self.objects) - 1 else [plain('"}')]
        return "Rule: " + json.dumps(rule), tokens

    def made(self, rule: Rule) -> str:
        pairs = []
        for _ in range(self.samples):
            shown = shown_in(int(self.model_rng.integers(1, 2 ** len(self.objects))), self.objects)
            pairs.append((shown, light(shown, rule)))
        self.data.append(pairs)
        return "\n".join(data_text([pair]) for pair in pairs).rstrip("\n")

    # -- the notebook -------------------------------------------------------------------------------------------------

    def write(self) -> Run:
        """The whole run, and its files."""
        self.model_rng = np.random.default_rng(self.seed + 1)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log("\n" + "@" * 62)
        self.log("@" * 18 + " Mon Jan 15 10:11:12 2024 " + "@" * 18)
        self.log("@" * 62)
        self.log("This is an experiment on a light")
        world = np.random.RandomState(self.seed)
        if self.interaction is None:
            while True:
                drawn = {name: str(world.choice(STATES, size=1, p=[0.5, 0.3, 0.2])[0]) for name in self.objects}
                if {"on", "off"} <= set(drawn.values()):
                    break
            self.target = drawn
            train = world.permutation(np.arange(31))[:21]
            rows = [number for number in range(1, 32) if number in train]
            first = drawn
            said = f"In this experiment,h* is {drawn}. Global temperature is {self.temperature:f}\n"
            size = 4
        else:
            first = self.rivals = indexed(self.index)
            self.target = {**first, "screen": "off"}
            world.permutation(np.arange(31))
            inputs = {number: shown_in(number, self.objects) for number in range(1, 32)}
            rows = [number for number, shown in inputs.items() if light(shown, first) == light(shown, self.target)]
            said = f"In this experiment,h* is {first}, h_bar is {self.target}. Global temperature is {self.temperature:f}\n"
            size = 4 if self.interaction == "none" else 8
        chosen = [rows[place] for place in world.choice(len(rows), size=size, replace=False)]
        d0 = [(shown_in(number, self.objects), light(shown_in(number, self.objects), first)) for number in chosen]
        self.data.append(d0)
        self.log(said)
        self.log("\n## TO GPT:")
        self.log(f"A game about a light and the objects {self.objects}. A sentence on the screen.\n")
        text = d0_text = data_text(d0)
        results: dict[str, Any] = {"nh_corr": [], "nh_perf": [], "d_sampled": [], "prompt_token": [], "rules": []}
        if self.interaction is not None:
            results["rules_refine"] = []
            results["d_sampled"].append(text)
            results["rules"].append(first)
        tokens = []
        for generation in range(self.generations):
            self.prompts.append([])
            self.log(f"----------- Gen {generation} -----------")
            reply, probabilities = self.learned()
            used = self.call(f"What is the rule?\n\n{text}\nAnswer as Rule: {{...}}", reply)
            results["rules"].append(reply)
            tokens.append(probabilities)
            results["prompt_token"].append(used)
            rule = json.loads(reply.split("Rule: ")[-1])
            same = sum(rule[name] == first[name] for name in rule)
            results["nh_corr"].append(same / 5)
            results["nh_perf"].append(int(same == 5))
            goes_on: Any = rule
            if self.interaction == "self":
                better = {**rule, "A": STATES[int(self.model_rng.integers(3))]}
                inner = json.dumps(better) if self.refined_as_text else better
                answer = json.dumps({"reason": "it fits better", "Rule": inner})
                used = self.call(f"Check {rule}\n\n{d0_text}", answer)
                goes_on = json.loads(answer)["Rule"]
            elif self.interaction == "hypothesis":
                failing = [pair for pair in d0 if light(pair[0], rule) != pair[1]]
                better = {**rule, "B": STATES[int(self.model_rng.integers(3))]}
                answer = "Rule: " + json.dumps(better) if failing else "Good."
                used = self.call(f"Mend {rule}: {len(failing)} fail", answer)
                goes_on = answer.split("Rule: ")[1] if failing else rule
            if self.interaction is not None:
                results["rules_refine"].append(goes_on)
                results["prompt_token"].append(used)
            self.kept.append(json.loads(goes_on) if isinstance(goes_on, str) else goes_on)
            if generation < self.generations - 1:
                reply = self.made(self.kept[-1])
                used = self.call(f"The rule is {goes_on}. Give {self.samples} examples.", reply)
                results["prompt_token"].append(used)
                results["d_sampled"].append(reply)
                text = reply
        self.usage = results["prompt_token"]
        if self.model.startswith("gpt"):
            (self.folder / "prob_list_all.json").write_text(json.dumps(tokens))
        (self.folder / "other_results_all.json").write_text(json.dumps(results))
        return self


def plain(text: str) -> dict[str, Any]:
    """A token of the frame around the values."""
    return {"token": text, "logprob": -0.001, "top_logprobs": [{"token": text, "logprob": -0.001, "bytes": list(text.encode())}]}


# -- as their plotting cells read -----------------------------------------------------------------------------------------


class Plots:
    """What the plotting cells make of a folder's files. Fails, as they do, where these are not as they expect."""

    def __init__(self, folder: Path, objects: Sequence[str] = SCREEN) -> None:
        self.objects = list(objects)
        self.results = json.loads((folder / "other_results_all.json").read_text())
        tokens = folder / "prob_list_all.json"
        self.tokens = json.loads(tokens.read_text()) if tokens.exists() else []

    def alternatives(self, generation: int) -> dict[str, dict[str, float]]:
        """For each token that is an object's name: the five alternatives at the third token after it."""
        tokens, found = self.tokens[generation], {}
        for place, token in enumerate(tokens):
            if token["token"] in self.objects:
                top = tokens[place + 3]["top_logprobs"]
                found[token["token"]] = {top[rank]["token"]: top[rank]["logprob"] for rank in range(5)}
        return found

    def log_p(self, generation: int) -> list[float]:
        """Of each rule: the sum over the objects, −10 where a state is not among the alternatives."""
        known = self.alternatives(generation)
        return [sum(known[name].get(state, -10.0) for name, state in rule.items()) for rule in all_rules(self.objects)]

    def entropy(self, generation: int) -> float:
        """−Σ p ln p, not renormalised."""
        return sum(-math.exp(p) * p for p in self.log_p(generation))

    def screen(self, generation: int) -> dict[str, float]:
        """The screen's states, from the last but one token; 0 where one is not among the five."""
        top = self.tokens[generation][-2]["top_logprobs"]
        found = {top[rank]["token"]: math.exp(top[rank]["logprob"]) for rank in range(5)}
        return {state: found.get(state, 0.0) for state in STATES}

    def pairs(self, text: str) -> list[Pair]:
        lines = [line for line in text.split("\n") if line != ""]
        return [(lines[2 * at].split(": ")[1].split(", "), lines[2 * at + 1].split(": ")[1]) for at in range(len(lines) // 2)]

    def refined(self) -> list[Rule]:
        return [rule if isinstance(rule, dict) else json.loads(rule) for rule in self.results["rules_refine"]]

    def replies(self) -> list[Rule]:
        return [json.loads(rule.split("Rule: ")[1]) for rule in self.results["rules"] if not isinstance(rule, dict)]

    def d0_right(self) -> list[int]:
        """How many of d⁰ each refined rule gets right."""
        d0 = self.pairs(self.results["d_sampled"][0])
        return [sum(light(shown, rule) == output for shown, output in d0) for rule in self.refined()]

    def both(self) -> list[bool]:
        """All of d⁰, and the screen off."""
        size = len(self.pairs(self.results["d_sampled"][0]))
        return [right == size and rule["screen"] == "off" for right, rule in zip(self.d0_right(), self.refined(), strict=True)]
