"""ACRE without stated rules: examples straight from examples, by models and by exact agents."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import numpy as np
import pytest
from narrow import not_none
from speaking import InMemory, connected, rule

from iicl_tui.agents.bayesian import BayesianAgent
from iicl_tui.agents.calls import Request
from iicl_tui.bayes.inference import log_normalise
from iicl_tui.chain.config import ChainConfig, read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.errors import ChainStopped, ConfigError
from iicl_tui.present.remarks import remarks
from iicl_tui.tasks.acre.task import Acre
from iicl_tui.tasks.prompts import own_prompts

TASK: dict[str, Any] = {"rules": "hidden", "spurious": "screen", "hypothesis": 33, "draw": "overlap", "bias": "very-high"}


def config_of(agent: dict[str, Any], **task: Any) -> ChainConfig:
    return read_config({"chain": {"generations": 3, "seed": 5}, "task": {**TASK, **task}, "agent": [agent]})


def test_a_model_is_shown_examples_and_asked_for_as_many_more() -> None:
    task = Acre(hypothesis=33, spurious="screen", bias="very-high", rules="hidden", samples=5)
    wording, prompts = not_none(task.wording), own_prompts("acre")
    data = task.transmit(33, 4, 0.0, np.random.default_rng(1))
    asked = wording.imitate(prompts, data)
    for x, y in data:
        assert f"Input: {', '.join(x)}\nOutput: {y}" in asked
    assert "exactly 5." in asked
    assert "Rule" not in asked
    assert asked.endswith("Turn off the screen at the end.")
    assert "exactly 2." in wording.transmit(prompts, 0, 2, data)
    assert wording.read_rule(wording.samples_reply(data)).hypothesis == wording.implied(data)
    assert wording.answer_form is None
    assert wording.rule_schema() == wording.samples_schema(5)
    for refine in (wording.self_refine, wording.hypothesis_search):
        with pytest.raises(LookupError):
            refine(prompts, 0, data)


async def test_what_a_model_makes_is_passed_on_and_its_belief_is_inferred_from_it() -> None:
    config = config_of({"kind": "openai"})
    task = config.task

    def answer(request: Request) -> str:
        count = int(not_none(re.search(r"exactly (\d+)", request.prompt))[1])
        rng = np.random.default_rng(len(request.prompt))
        return not_none(task.wording).samples_reply(task.transmit(33, count, 0.0, rng))

    chain = Chain(connected(config, InMemory(answer)))
    await chain.run()
    assert [call.purpose for call in chain.calls] == ["imitate"] * 3
    for t in (1, 2, 3):
        made = chain.data(t)
        assert len(made) == 4
        assert task.explained(made)[chain.generations[t - 1].hypothesis] == 4
        belief = not_none(chain.belief(t))
        assert belief.source == "examples"
        np.testing.assert_allclose(belief.log_p, log_normalise(task.log_likelihood([made], 0.0)[0]))


def test_an_exact_agent_draws_from_the_posterior_predictive_distribution() -> None:
    task = Acre(("A", "B"), ("on", "off"), rules="hidden", samples=1)
    agent = BayesianAgent(task, np.log(np.full(4, 0.25)), noise=0.1)
    data = [[task.read_example(["A"], "on")]]
    p = np.exp(not_none(agent.belief(data)).log_p)
    expected = np.einsum("xyh,h->xy", np.exp(not_none(task.log_labels(0.1))), p) / 3
    count = 30_000
    made = asyncio.run(agent.transmit(0, count, data, np.random.default_rng(2)))
    found = np.zeros_like(expected)
    for example in made:
        found[task.inputs.index(example.input), task.outputs.index(example.output)] += 1
    assert np.abs(found / count - expected).max() < 4 * np.sqrt(0.25 / count)
    # one rule for all of them would be another distribution: inputs that contradict one another would not occur together
    stated = asyncio.run(
        BayesianAgent(Acre(("A", "B"), ("on", "off")), agent.log_prior).transmit(0, 50, data, np.random.default_rng(2))
    )
    assert all(example.output == task.predict(0, example.input) for example in stated)


def test_hidden_rules_and_distinct_samples_are_a_fault() -> None:
    with pytest.raises(ConfigError, match="hidden rules give each example by itself"):
        config_of({"kind": "bayes"}, distinct=True)


async def test_a_filter_that_refines_a_rule_has_none_to_refine() -> None:
    tables = {"task": TASK, "agent": [{"kind": "openai"}], "filter": [{"kind": "self-refine"}]}
    config = read_config(tables)
    data = not_none(config.task.wording).samples_reply(config.start.samples)
    chain = Chain(connected(config, InMemory(lambda request: data)))
    with pytest.raises(ChainStopped, match="needs a rule"):
        await chain.run()


async def test_the_belief_is_drawn_beside_the_chain_which_stays_the_same() -> None:
    """Ten rules are drawn by the question of a chain with stated rules; what is passed on does not depend on them."""
    tables: dict[str, Any] = {"chain": {"generations": 2}, "task": TASK, "agent": [{"kind": "openai", "belief": "logprobs"}]}
    asked: list[str] = []

    def answer(request: Request) -> str:
        asked.append(request.prompt)
        if "Write new examples" in request.prompt:
            return not_none(read_config(tables).task.wording).samples_reply(read_config(tables).start.samples)
        return rule(read_config(tables), [5, 5, 7][len(asked) % 3])

    chains = {}
    for belief in ("logprobs", "samples"):
        tables["agent"] = [{"kind": "openai", "belief": belief, "draws": 10, "ask-prior": belief == "samples"}]
        chains[belief] = Chain(connected(read_config(tables), InMemory(answer)))
        await chains[belief].run()
    assert [generation.data for generation in chains["samples"].generations] == [
        generation.data for generation in chains["logprobs"].generations
    ]
    inferred, drawn = (not_none(chains[belief].belief(1)) for belief in ("logprobs", "samples"))
    assert (inferred.source, drawn.source, drawn.draws) == ("examples", "samples", (10, 10))
    stated = not_none(read_config({**tables, "task": {**TASK, "rules": "stated"}}).task.wording)
    prompts = chains["samples"].config.agents[0].prompts  # type: ignore[attr-defined]
    assert asked.count(stated.imitate(prompts, chains["samples"].start.samples)) >= 1
    calls = chains["samples"].calls_of(1)
    assert [call.purpose for call in calls] == ["prior"] * 10 + ["imitate"] + ["draw"] * 10
    counts = np.bincount([not_none(stated.read_rule(call.reply).hypothesis) for call in calls[11:]], minlength=243)
    assert np.exp(drawn.log_p) == pytest.approx((counts + 1 / 243) / 11)
    assert not_none(chains["samples"].prior(1)).draws == (10, 10)
    assert not any("rule" in remark.text.lower() for remark in remarks(chains["samples"], 1))


def test_without_a_question_for_rules_there_is_no_prior_to_ask_for() -> None:
    with pytest.raises(ConfigError, match='only belief = "score" or "samples" asks for a belief without examples'):
        read_config({"task": TASK, "agent": [{"kind": "openai", "belief": "logprobs", "ask-prior": True}]})
