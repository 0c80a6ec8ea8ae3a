from __future__ import annotations

import tomllib
from itertools import pairwise, product
from math import inf, log2
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.present.explain import DEPTHS, claim_of_rule, claim_of_value, explain, lines

STATES = ("on", "off", "und")


def light(rule: dict[str, str], objects: tuple[str, ...]) -> str:
    shown = {rule[name] for name in objects}
    return "on" if "on" in shown else "und" if "und" in shown else "off"


def by_hand(data: list[tuple[tuple[str, ...], str]], noise: float, weights: dict[str, float]) -> list[float]:
    """P(screen off) before any data and after each example, summed over all 27 rules in plain Python."""
    rules = [dict(zip(("A", "B", "screen"), states, strict=True)) for states in product(STATES, repeat=3)]
    shares = []
    for count in range(len(data) + 1):
        masses = [0.0, 0.0]
        for rule in rules:
            mass = weights[rule["screen"]]
            for objects, label in data[:count]:
                mass *= 1 - noise if light(rule, objects) == label else noise / 2
            masses[rule["screen"] == "off"] += mass
        shares.append(masses[1] / sum(masses))
    return shares


def chain_of(noise: float, temperature: float = 1.0) -> Chain:
    document: dict[str, Any] = {
        "chain": {"generations": 3},
        "task": {"objects": ["A", "B", "screen"], "samples": 3},
        "agent": [
            {"kind": "bayes", "noise": noise, "temperature": temperature, "prior": {"screen": {"on": 1, "off": 4, "und": 1}}}
        ],
        "start": {
            "hypothesis": {"A": "on", "B": "off", "screen": "on"},
            "sample": [
                {"input": ["screen"], "output": "on"},
                {"input": ["A", "B"], "output": "on"},
                {"input": ["B"], "output": "off"},
            ],
        },
    }
    return Chain(read_config(document))


@pytest.mark.parametrize("noise", [0.05, 0.2, 0.5])
def test_each_example_moves_the_odds_by_its_likelihood_ratio(noise: float) -> None:
    chain = chain_of(noise)
    shares = by_hand([(each.input, each.output) for each in chain.start.samples], noise, {"on": 1, "off": 4, "und": 1})
    told = explain(chain, 1, claim_of_value(chain, 2, 1))
    assert told is not None
    assert told.prior == pytest.approx(4 / 6)
    assert [told.prior, *(step.after for step in told.steps)] == pytest.approx(shares)
    odds = [share / (1 - share) for share in shares]
    assert [step.bits for step in told.steps] == pytest.approx([log2(after / before) for before, after in pairwise(odds)])
    belief = chain.belief(1)
    assert belief is not None
    assert told.posterior == pytest.approx(float(chain.task.space.marginal(np.exp(belief.log_p), 2)[1]))


def test_without_noise_an_example_may_rule_out_a_claim() -> None:
    told = explain(chain := chain_of(0.0), 1, claim_of_value(chain, 2, 1))
    assert told is not None
    assert told.steps[0].bits == -inf
    assert told.posterior == 0
    assert "rules it out" in "\n".join(lines(told, "newcomer"))
    assert [step.bits for step in told.steps[1:]] == [0, 0]


@pytest.mark.parametrize("temperature", [0.5, 2.0])
async def test_the_explanation_ends_at_the_belief_whatever_the_temperature(temperature: float) -> None:
    chain = chain_of(0.1, temperature)
    for _ in range(7):
        await chain.step()
    for generation in (0, 1, 2, 3):
        belief = chain.belief(generation) if generation else chain.prior()
        assert belief is not None
        for claim in (claim_of_rule(chain, 5), claim_of_value(chain, 0, 2)):
            told = explain(chain, generation, claim)
            assert told is not None
            assert told.steps[-1].text == f"temperature {temperature:g}"
            assert told.posterior == pytest.approx(float(np.exp(belief.log_p)[claim.members].sum()))
            assert told.posterior == pytest.approx(1 / (1 + 2 ** -(told.prior_bits + sum(step.bits for step in told.steps))))
            for depth in DEPTHS:
                assert "temperature" in "\n".join(lines(told, depth))


def test_a_model_is_not_explained_by_bayes_rule() -> None:
    chain = Chain(read_config({"agent": [{"kind": "openai", "model": "gpt-4.1-mini"}]}))
    assert explain(chain, 1, claim_of_rule(chain, 0)) is None


def test_the_shipped_example_is_explained_with_its_own_numbers() -> None:
    path = Path(__file__).parents[2] / "docs" / "examples" / "a-small-bias-grows.toml"
    chain = Chain(read_config(tomllib.loads(path.read_text())))
    told = explain(chain, 1, claim_of_value(chain, 4, 1))
    assert told is not None
    assert told.prior == pytest.approx(4 / 6)
    assert len(told.steps) == 5
    assert told.steps[0].bits < -3  # the screen alone turned the light on: against “the screen does nothing”
