"""A model's prior: its belief without examples, asked for once, read as other beliefs are, and never paid twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from loopback import Loopback
from scored_model import Learner
from speaking import SHARES, follows, rule, samples, spoken, with_logprobs

from iicl_tui.agents.calls import Request
from iicl_tui.bayes import dirichlet
from iicl_tui.chain.config import ChainConfig, read_config
from iicl_tui.chain.dry_run import next_call
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.estimate import estimate
from iicl_tui.errors import ConfigError
from iicl_tui.present.belief_provenance import absence
from iicl_tui.present.next_messages import first_entries
from iicl_tui.present.transcript import entries
from iicl_tui.store.session import SessionFile

RULE = {"A": "on", "B": "off", "C": "und", "D": "off", "screen": "off"}


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback() as running:
        yield running


def scored(server: Loopback, asks_prior: bool = True, **agent: Any) -> tuple[ChainConfig, Learner]:
    """A chain whose model believes as the number of examples says: prior[0] without any."""
    asking = {"kind": "openai", "model": "cut", "ask-prior": asks_prior}
    config = read_config(
        {
            "chain": {"title": "Prior", "generations": 2, "seed": 3},
            "task": {"objects": ["A", "B", "screen"], "spurious": "screen", "hypothesis": 3, "initial": 4},
            "agent": [{**asking, "base-url": f"{server.url}/v1", "belief": "score", "floor": 0, **agent}],
        }
    )
    learner = server.replies = Learner(config.task, lambda examples: known(config.task.space.size, len(examples)))
    return config, learner


def known(size: int, examples: int) -> np.ndarray:
    return np.random.default_rng(100 + examples).dirichlet(np.full(size, 0.3))


async def run(chain: Chain) -> Chain:
    await chain.run()
    await chain.close()
    return chain


def not_asked_again(chain: Chain) -> None:
    first = chain.calls_of(1, "imitation")
    assert {call.purpose for call in first if call.purpose.startswith("prior")}
    assert not [call for call in chain.calls if call.purpose.startswith("prior") and call not in first]


async def test_the_prior_is_scored_on_the_question_without_examples(server: Loopback, tmp_path: Path) -> None:
    config, learner = scored(server, choose="belief")
    with SessionFile.create(config, tmp_path / "x.toml") as session:
        chain = await run(Chain(config, sink=session))
    prior, belief = chain.prior(), chain.belief(1)
    assert prior is not None
    assert belief is not None
    np.testing.assert_allclose(np.exp(prior.log_p), known(27, 0), atol=1e-9)
    np.testing.assert_allclose(np.exp(belief.log_p), known(27, 4), atol=1e-9)
    assert prior.caption.startswith("joint, scored: ")
    assert next(iter(learner.asked)) == ()
    not_asked_again(chain)
    with SessionFile.open(tmp_path / "x.toml", read_only=True) as file:
        again = Chain(file.config, file.generations, calls=file.calls)
        found = again.prior()
        assert found is not None
        np.testing.assert_array_equal(found.log_p, prior.log_p)
    texts = [entry.title for entry in entries(chain) if entry.generation == 1]
    assert texts[:2] == ["reads how likely each state is to it without examples", "reads how likely it is to go on with each state"]


async def test_a_prior_that_is_on_record_is_not_asked_for_again(server: Loopback) -> None:
    config, learner = scored(server, choose="belief")
    chain = Chain(config)
    await chain.step()
    calls = chain.calls
    asked, part = len(learner.bodies), [call for call in calls if call.purpose == "prior-score"]
    for kept in (calls, part, part[:7]):
        again = Chain(config, calls=kept)
        await again.step()
        assert len(learner.bodies) - asked == len(calls) - len(kept)
        asked = len(learner.bodies)
        found = again.prior()
        assert found is not None
        np.testing.assert_allclose(np.exp(found.log_p), known(27, 0), atol=1e-9)
        await again.close()
    await chain.close()


async def test_asking_for_the_prior_changes_nothing_else(server: Loopback) -> None:
    config, _ = scored(server, asks_prior=False, choose="belief")
    plain = await run(Chain(config))
    asked = await run(Chain(scored(server, choose="belief")[0]))
    assert [generation.data for generation in plain.generations] == [generation.data for generation in asked.generations]
    assert [generation.hypothesis for generation in plain.generations] == [
        generation.hypothesis for generation in asked.generations
    ]
    assert plain.prior() is None
    assert absence(plain, 0) == "no belief: a model's belief is unknown before it has seen data; ask-prior = true asks for it"


async def test_a_prior_from_draws() -> None:
    config, model = spoken(agent={"belief": "samples", "draws": 4, "ask-prior": True}, chain={"generations": 1})
    given = [rule(config, 1), "no rule", rule(config, 1), rule(config, 2), *[rule(config, 5)] * 4, samples(config, 1, 2, 3, 4)]
    model.answers = given
    chain = await run(Chain(config))
    prior = chain.prior()
    assert prior is not None
    assert (prior.source, prior.draws) == ("samples", (3, 4))
    counts = np.zeros(243)
    counts[1], counts[2] = 2, 1
    np.testing.assert_allclose(prior.log_p, dirichlet.log_mean(counts))
    assert [call.purpose for call in chain.calls] == ["prior"] * 4 + ["imitate"] + ["draw"] * 3 + ["transmit"]
    assert "Examples:\n(none)" in model.requests[0].prompt
    assert model.requests[0].messages[:-1] == model.requests[4].messages[:-1]
    not_asked_again(chain)


async def test_a_factorised_prior_and_its_fallback() -> None:
    config, model = spoken(agent={"belief": "logprobs", "draws": 3, "ask-prior": True}, chain={"generations": 1})
    learned = rule(config, config.task.read_hypothesis(RULE))
    model.answers = lambda request: (
        samples(config, 1, 2, 3, 4) if "Write examples" in request.prompt else with_logprobs(learned, SHARES)
    )
    chain = await run(Chain(config))
    prior = chain.prior()
    assert prior is not None
    assert prior.caption.startswith("factorised, along one reply")
    assert [call.purpose for call in chain.calls] == ["prior", "imitate", "transmit"]

    config, model = spoken(agent={"belief": "logprobs", "draws": 3, "ask-prior": True}, chain={"generations": 1})
    chain = await run(Chain(config))  # a model without log-probabilities
    prior = chain.prior()
    assert prior is not None
    assert prior.draws == (3, 3)
    assert [call.purpose for call in chain.calls] == ["prior"] * 3 + ["imitate", "draw", "draw", "transmit"]


async def test_each_agent_in_turn_has_its_own_prior() -> None:
    asking = {"kind": "openai", "model": "m", "belief": "samples", "draws": 2, "ask-prior": True}
    config, model = spoken(agent=[{**asking}, {"kind": "bayes"}, {**asking}], chain={"generations": 6})

    def answer(request: Request) -> str:
        if "(none)" in request.prompt:
            return rule(config, len(model.requests))
        return follows(config)(request)

    model.answers = answer
    chain = await run(Chain(config))
    found = {call.generation for call in chain.calls if call.purpose == "prior"}
    assert found == {1, 3}
    first, exact, third = chain.prior(1), chain.prior(2), chain.prior(3)
    assert first is not None
    assert exact is not None
    assert third is not None
    assert exact.source == "exact"
    assert not np.array_equal(first.log_p, third.log_p)
    again = chain.prior(4)
    assert again is not None
    assert np.array_equal(first.log_p, again.log_p)


async def test_an_unreadable_prior_stops_nothing() -> None:
    config, model = spoken(agent={"belief": "samples", "draws": 2, "ask-prior": True}, chain={"generations": 1})
    model.answers = lambda request: "?" if "(none)" in request.prompt else follows(config)(request)
    chain = await run(Chain(config))
    assert chain.status == "finished"
    assert chain.prior() is None
    assert absence(chain, 0) == "no belief: none of 2 drawn hypotheses could be read"
    assert absence(Chain(config), 0) == "no belief: it is asked for in its first generation"


@pytest.mark.parametrize("agent", [{"belief": "samples", "draws": 4}, {"belief": "logprobs"}])
async def test_the_estimate_counts_the_calls_for_the_prior(agent: dict[str, Any]) -> None:
    config, model = spoken(agent={**agent, "ask-prior": True}, chain={"generations": 2})
    learned = rule(config, config.task.read_hypothesis(RULE))
    model.answers = lambda request: (
        samples(config, 1, 2, 3, 4) if "Write examples" in request.prompt else with_logprobs(learned, SHARES)
    )
    more, plain = estimate(config).work, estimate(spoken(agent=agent, chain={"generations": 2})[0]).work
    extra = 4 if agent["belief"] == "samples" else 1
    assert more.calls == plain.calls + extra
    assert more.prompt > plain.prompt
    assert more.completion > plain.completion
    assert estimate(config, done=1).work == estimate(spoken(agent=agent, chain={"generations": 2})[0], done=1).work
    chain = await run(Chain(config))
    assert len(chain.calls) == more.calls


async def test_the_estimate_counts_the_reads_of_a_scored_prior(server: Loopback) -> None:
    more, plain = (estimate(scored(server, asks_prior=asks)[0]).work.calls for asks in (True, False))
    assert more == plain + 1 + 3 + 9 + 1


async def test_the_first_messages_are_shown_before_they_are_sent() -> None:
    config, _ = spoken(agent={"belief": "samples", "draws": 2, "ask-prior": True})
    call = await next_call(Chain(config))
    assert call is not None
    assert call.purpose == "prior"
    titles = [(entry.title, entry.kind) for entry in await first_entries(config)]
    assert ("user: asks what it believes without examples", "message") in titles
    assert ("if it saw d⁰", "supposed") in titles


@pytest.mark.parametrize(
    ("document", "what"),
    [
        ({"agent": {"belief": "none", "ask-prior": True}}, 'needs a belief other than "none"'),
        ({"agent": {"belief": "samples", "ask-prior": "yes"}}, "ask-prior"),
        ({"agent": {"kind": "bayes", "ask-prior": True}}, "ask-prior"),
    ],
)
def test_a_prior_that_cannot_be_asked_for_is_a_fault(document: dict[str, Any], what: str) -> None:
    with pytest.raises(ConfigError) as caught:
        spoken(agent=[{"kind": "openai", "model": "m", **document["agent"]}])
    assert what in str(caught.value)


def test_a_task_without_rules_has_no_prior_to_ask_for() -> None:
    agent = {"kind": "openai", "model": "m", "belief": "samples", "ask-prior": True}
    with pytest.raises(ConfigError, match="no belief without examples"):
        read_config({"chain": {"task": "acronym"}, "task": {}, "agent": [agent]})
