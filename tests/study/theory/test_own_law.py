"""The law of chains by their agents' own beliefs: against exact matrices, and against a model whose joint belief is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from loopback import Loopback
from scored_model import Learner

from iicl_tui.agents.access import Access, entry_of
from iicl_tui.bayes import inference
from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.errors import LabError
from iicl_tui.study.theory.own_law import alike, own_law
from iicl_tui.study.theory.prediction import predict
from iicl_tui.tasks.base import Example

TASK = {"objects": ["A", "screen"], "hypothesis": 1, "spurious": "screen", "initial": 2, "samples": 2}


async def chains_of(count: int, generations: int = 4, **document: object) -> list[Chain]:
    tables = {"task": TASK, "agent": [{"noise": 0.2}], **document}
    config = read_config({"chain": {"generations": generations, "data-seed": 1, "rule-seed": 1}, **tables})
    made = [Chain(replace(config, seed=seed)) for seed in range(count)]
    for chain in made:
        await chain.run()
    return made


@pytest.mark.parametrize("filters", [[], [{"kind": "effective-set", "mode": "restrict"}]])
async def test_the_beliefs_of_chains_give_their_exact_law(filters: list[dict[str, str]]) -> None:
    made = await chains_of(50, filter=filters)
    law, exact = own_law(made), predict(made[0].config)
    assert (law.known, law.same_start, law.counts.tolist()) == (1.0, True, [50] * 4)
    for t, p in enumerate(exact.distributions):
        assert inference.total_variation(law.distributions[t], p) < law.errors[t] < 0.4
    assert law.distributions[0] == pytest.approx(exact.distributions[0])
    assert exact.law is not None
    held, leave = law.held()
    assert leave == pytest.approx(0, abs=1e-9) or filters
    for h in np.flatnonzero(law.visits > 30):
        assert inference.total_variation(law.rows[h], exact.law.turns[0][h]) < 0.2
    assert exact.stationary is not None
    assert inference.total_variation(held, exact.stationary) < 0.2


async def test_rules_are_counted_where_a_filter_changes_them_in_its_own_way() -> None:
    made = await chains_of(5, filter=[{"kind": "self-refine"}])
    law = own_law(made)
    assert law.known == 0
    assert law.distributions[1].tolist() == (np.bincount([c.generations[1].hypothesis for c in made], minlength=9) / 5).tolist()


async def test_what_has_no_such_law_says_so() -> None:
    turns = own_law(await chains_of(2, agent=[{}, {}]))
    assert "take turns" in turns.no_rows
    assert not turns.visits.any()
    assert turns.distributions.sum(axis=1) == pytest.approx(1.0)
    with pytest.raises(LabError, match="No law"):
        own_law([Chain(read_config({}))])
    sharp, plain = await chains_of(2, agent=[{"temperature": 0.5}]), await chains_of(3)
    assert [len(group) for group in alike([*plain, *sharp])] == [3, 2]


async def test_a_models_law_is_the_mean_of_its_scored_beliefs() -> None:
    """The server's joint belief is Bayes' rule with label noise .2 on a prior of its own."""
    table = {"kind": "openai", "model": "cut", "belief": "score", "choose": "belief", "floor": 0}
    with Loopback() as server:
        agent = {**table, "base-url": f"{server.url}/v1"}
        config = read_config({"chain": {"generations": 3, "data-seed": 1}, "task": TASK, "agent": [agent]})
        task = config.task
        log_prior = np.log(np.random.default_rng(4).dirichlet(np.ones(9)))

        def belief(examples: Sequence[Example]) -> np.ndarray:
            return np.exp(inference.posterior(log_prior, task.log_likelihood([list(examples)], 0.2)[0]))

        learner = server.replies = Learner(task, belief)
        wording, rng = task.wording, np.random.default_rng(7)
        assert wording is not None
        learner.fresh = lambda prompt: wording.samples_reply(task.transmit(int(rng.integers(9)), 2, 0.2, rng))
        made = []
        for seed in range(4):
            chain = Chain(replace(config, seed=seed), access=Access(frozenset({entry_of(server.url)}), {"OPENAI_API_KEY": "sk"}))
            await chain.run()
            await chain.close()
            made.append(chain)
    law = own_law(made)
    assert law.known == 1
    for t in range(3):
        assert law.distributions[t] == pytest.approx(np.mean([belief(chain.data(t)) for chain in made], axis=0), abs=1e-9)
    for h in range(9):
        after = [belief(c.data(t)) for c in made for t in (1, 2) if c.generations[t - 1].hypothesis == h]
        assert law.visits[h] == len(after)
        assert law.rows[h] == pytest.approx(np.mean(after, axis=0) if after else np.zeros(9), abs=1e-9)
