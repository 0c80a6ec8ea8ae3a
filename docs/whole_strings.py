"""How far the scored joint of SmolLM2-135M-Instruct is from that of whole answers: `python docs/whole_strings.py`.

The joint is conditional on the text between the states, which the model is given. Here the same answers are read token by token,
and this text, the end `"}` and the end of the turn count too. Three objects, 27 rules, the prompt of the presets `…-embedded`.
Needs `pip install "iicl-tui[embedded]"`.
"""

from __future__ import annotations

import json
import tomllib
import urllib.request
from math import exp
from typing import Any

import numpy as np

from iicl_tui.agents.providers.embedded import DEFAULT_MODEL, _launched, model_file
from iicl_tui.chain.config import read_config
from iicl_tui.store.presets import load

SEEDS = range(1, 7)


def main() -> None:
    prompt = tomllib.loads(load("e3-embedded").text)["agent"][0]["prompts"]["imitate"]
    child, _ = _launched((str(model_file(DEFAULT_MODEL)), "1", "2048"))
    engine = child.stdout.readline().strip()
    found = []
    for seed in SEEDS:
        config = read_config(
            {
                "chain": {"generations": 1, "seed": seed},
                "task": {"objects": ["A", "B", "screen"], "spurious": "screen", "initial": 4, "bias": "high"},
                "agent": [{"kind": "embedded", "belief": "score", "prompts": {"imitate": prompt}}],
            }
        )
        messages = config.agents[0].first_messages([config.start.samples])
        strings = Strings(engine, [{"role": message.role, "content": message.text} for message in messages])
        found.append(distances(strings, config.task.space.codes.tolist(), config.task.wording.answer_form))
    child.kill()
    for name, values in zip(("with the text between", "with the end of the turn too"), np.array(found).T.tolist(), strict=True):
        error = np.std(values, ddof=1) / np.sqrt(len(values))
        print(f"total variation, {name:<28} mean {np.mean(values):.2f} ± {error:.2f}, largest {max(values):.2f}, of {len(values)}")


def distances(strings: Strings, rules: list[list[int]], form: Any) -> tuple[float, float]:
    """The total variation of the joint from that of whole answers, without and with the end of the turn."""
    given, ended, whole = (np.ones(len(rules)) for _ in range(3))
    start = form.literals[0]
    for h, codes in enumerate(rules):
        for factor, code in enumerate(codes):
            given[h] *= strings.state(form.beginning(codes[:factor]), form.values[factor][code], form.literals[factor + 1])
        whole[h] = strings.text(start, form.beginning(codes))
        ended[h] = whole[h] * strings.end(form.beginning(codes))
    joint = given / given.sum()
    return tuple(float(np.abs(joint - each / each.sum()).sum() / 2) for each in (whole, ended))


class Strings:
    """Reads answers token by token, in the tokens that the model itself cuts them into."""

    def __init__(self, engine: str, messages: list[dict[str, str]]) -> None:
        self._engine, self._messages = engine, messages
        self._read: dict[tuple[int, ...], list[dict[str, Any]]] = {}

    def state(self, given: str, text: str, literal: str) -> float:
        """That the model writes a state after a given beginning, and then begins the literal or writes it all."""
        listed = self._next(self._ids(given + text))
        fitting = (one for one in listed if one["token"] and (literal.startswith(one["token"]) or one["token"].startswith(literal)))
        return self.text(given, given + text) * sum(exp(one["logprob"]) for one in fitting)

    def text(self, given: str, answer: str) -> float:
        """That the model goes on from a given beginning to this answer."""
        ids, whole, p = self._ids(given), self._ids(answer), 1.0
        for end in range(len(ids), len(whole)):
            p *= next((exp(one["logprob"]) for one in self._next(whole[:end]) if one["id"] == whole[end]), 0.0)
        return p

    def end(self, answer: str) -> float:
        """That the model ends its turn there. The tokens that do have no text."""
        return sum(exp(one["logprob"]) for one in self._next(self._ids(answer)) if not one["token"])

    def _ids(self, answer: str) -> list[int]:
        messages = [*self._messages, {"role": "assistant", "content": answer}]
        prompt = self._post("/apply-template", {"messages": messages})["prompt"]
        return self._post("/tokenize", {"content": prompt, "parse_special": True})["tokens"]

    def _next(self, ids: list[int]) -> list[dict[str, Any]]:
        if tuple(ids) not in self._read:
            body = {"prompt": ids, "n_predict": 1, "n_probs": 200, "temperature": 1.0, "cache_prompt": True}
            self._read[tuple(ids)] = self._post("/completion", body)["completion_probabilities"][0]["top_logprobs"]
        return self._read[tuple(ids)]

    def _post(self, path: str, body: Any) -> Any:
        request = urllib.request.Request(self._engine + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=300) as reply:
            return json.load(reply)


if __name__ == "__main__":
    main()
