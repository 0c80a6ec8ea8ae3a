"""The effective set: redrawing, and choosing within it from the agent's own belief."""

from __future__ import annotations

import tomllib
from collections import Counter
from typing import Any

import numpy as np
import pytest

from iicl_tui.agents.bayesian import BayesianAgent
from iicl_tui.bayes import inference
from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.errors import ConfigError
from iicl_tui.filters.base import Exhausted, PhaseContext, Refinement
from iicl_tui.filters.effective_set import EffectiveSet
from iicl_tui.present.transcript import entries
from iicl_tui.present.words import interaction_text
from iicl_tui.store.decode import decode
from iicl_tui.store.session import SessionFile
from iicl_tui.tasks.acre.task import Acre
from iicl_tui.tasks.base import Example, Start

TASK = Acre(("A", "B", "C"))
D0 = (Example(("A",), "on"), Example(("B", "C"), "on"))
START = Start(0, None, D0)
INSIDE = EffectiveSet().members(TASK, START)
DATA = [[Example(("A", "B"), "on"), Example(("B",), "off"), Example(("C",), "off")]]
LOG_PRIOR = inference.log_normalise(np.log(np.random.default_rng(1).random(27) + 0.01))


def test_the_members_are_those_that_explain_enough() -> None:
    for least in (None, 0, 1, 2, 5):
        expected = [sum(TASK.agrees(h, example) for example in D0) >= min(2 if least is None else least, 2) for h in range(27)]
        assert EffectiveSet(least).members(TASK, START).tolist() == expected


def posterior(temperature: float, noise: float) -> np.ndarray:
    """P(h|d)^(1/τ), by multiplying, over all 27 hypotheses; not normalised."""
    p = np.exp(LOG_PRIOR)
    for example in DATA[0]:
        p = p * [1 - noise if TASK.agrees(h, example) else noise / 2 for h in range(27)]
    return np.asarray(p ** (1 / temperature))


async def proposed(agent: BayesianAgent, seed: int, first: int | None = None) -> tuple[int, PhaseContext]:
    """What passes when the agent proposes once, and the context afterwards."""
    rng = np.random.default_rng(seed)

    async def propose() -> int:
        return await agent.imitate(DATA, rng) if first is None else first

    async def choose(members: np.ndarray) -> int | None:
        return await agent.choose_within(members, DATA, rng)

    context = PhaseContext(TASK, 1, START, choose_within=choose)
    return await EffectiveSet(mode="restrict").hypothesis(propose, context), context


@pytest.mark.parametrize(("temperature", "noise"), [(1.0, 0.3), (0.4, 0.3), (3.0, 0.1)])
async def test_what_passes_has_the_belief_restricted_to_the_set(temperature: float, noise: float) -> None:
    agent = BayesianAgent(TASK, LOG_PRIOR, temperature=temperature, noise=noise)
    expected = posterior(temperature, noise) * INSIDE
    expected /= expected.sum()
    counts = Counter([(await proposed(agent, seed))[0] for seed in range(4000)])
    for h in range(27):
        assert abs(counts[h] - 4000 * expected[h]) <= 3.5 * (4000 * expected[h] * (1 - expected[h])) ** 0.5 + 1e-9


@pytest.mark.parametrize("noise", [0.05, 0.3])
async def test_map_takes_the_likeliest_of_the_set(noise: float) -> None:
    agent = BayesianAgent(TASK, LOG_PRIOR, choose="map", noise=noise)
    within = posterior(1.0, noise) * INSIDE
    for seed in range(5):
        assert (await proposed(agent, seed))[0] == within.argmax()


async def test_equally_likely_ones_pass_equally_often_whether_the_maximum_was_inside_or_not() -> None:
    agent = BayesianAgent(TASK, np.zeros(27) - np.log(27), choose="map", noise=0.3)
    within = (posterior(1, 0.3) / np.exp(LOG_PRIOR) * INSIDE).round(12)
    best = np.flatnonzero(within == within.max())
    assert len(best) > 1
    counts = Counter([(await proposed(agent, seed))[0] for seed in range(2000)])
    assert set(counts) == set(best.tolist())
    share = 1 / len(best)
    assert all(abs(count - 2000 * share) < 3.5 * (2000 * share * (1 - share)) ** 0.5 for count in counts.values())


async def test_what_is_inside_passes_and_what_was_chosen_is_on_record() -> None:
    agent = BayesianAgent(TASK, LOG_PRIOR, noise=0.3)
    inside, outside = int(np.flatnonzero(INSIDE)[0]), int(np.flatnonzero(~INSIDE)[0])
    passed, context = await proposed(agent, 0, inside)
    assert (passed, context.refinements) == (inside, [])
    passed, context = await proposed(agent, 0, outside)
    assert INSIDE[passed]
    failing = sum(not TASK.agrees(outside, example) for example in D0)
    assert context.refinements == [Refinement("effective-set", outside, passed, failing)]


async def test_where_the_belief_rules_out_the_whole_set_the_chain_is_stuck() -> None:
    agent = BayesianAgent(TASK, LOG_PRIOR)
    against = [[Example(("A",), "off")]]

    async def propose() -> int:
        return await agent.imitate(against, np.random.default_rng(0))

    async def choose(members: np.ndarray) -> int | None:
        return await agent.choose_within(members, against, np.random.default_rng(0))

    context = PhaseContext(TASK, 1, START, choose_within=choose)
    with pytest.raises(Exhausted):
        await EffectiveSet(mode="restrict").hypothesis(propose, context)
    assert context.refinements == []
    assert await agent.choose_within(INSIDE, [[*against[0], Example(("A",), "on")]], np.random.default_rng(0)) is None


def document(**more: Any) -> dict[str, Any]:
    return {
        "chain": {"generations": 30},
        "agent": [{"noise": 0.2, **more}],
        "filter": [{"kind": "effective-set", "mode": "restrict"}],
    }


async def test_a_chain_chooses_within_the_set_and_its_file_gives_the_same_chain(tmp_path: Any) -> None:
    config = read_config(document(choose="map"))
    with SessionFile.create(config, tmp_path / "it.toml") as file:
        chain = Chain(config, sink=file)
        await chain.run()
    explained = chain.task.explained(chain.start.samples)
    chosen = [g for g in chain.generations if g.interaction is not None and g.interaction.refinements]
    assert 0 < len(chosen) < 30
    assert all(explained[g.hypothesis] == len(chain.start.samples) for g in chain.generations)
    assert all(g.imitation.hypothesis != g.hypothesis and g.interaction.redraws == 0 for g in chosen)  # type: ignore[union-attr]
    text = (tmp_path / "it.toml").read_text()
    assert list(decode(text).generations) == chain.generations
    table = tomllib.loads(text)["generation"][chosen[0].index - 1]["interaction"]["refinement"]
    assert [entry["filter"] for entry in table] == ["effective-set"]
    told = [entry for entry in entries(chain) if entry.title == "effective-set"]
    assert [entry.generation for entry in told] == [g.index for g in chosen]
    assert f"chosen within H_eff: {chain.task.rule(chosen[0].hypothesis)}" in told[0].text
    assert [g for g in chain.generations if "chosen within H_eff" in interaction_text(g)] == chosen
    again = Chain(decode(text).config, chain.generations[:7])
    await again.run()
    assert again.generations == chain.generations


def faults(document: dict[str, Any]) -> list[str]:
    try:
        read_config(document)
    except ConfigError as error:
        return [str(fault) for fault in error.faults]
    return []


def test_redraws_of_a_maximum_are_a_fault_of_a_new_chain_and_none_of_one_on_record() -> None:
    redrawing = {"agent": [{"kind": "bayes"}, {"choose": "map"}], "filter": [{"kind": "human"}, {"kind": "effective-set"}]}
    (fault,) = faults(redrawing)
    assert fault.startswith("filter[2].mode:")
    assert 'mode = "restrict"' in fault
    assert faults({**redrawing, "created": "2026-01-02"}) == []
    assert faults({**redrawing, "filter": [{"kind": "effective-set", "mode": "restrict"}]}) == []


SCORED = {"kind": "openai", "model": "m", "base-url": "http://localhost:1", "belief": "score"}


def test_agents_without_a_belief_to_choose_from_are_a_fault() -> None:
    restrict = [{"kind": "effective-set", "mode": "restrict"}]
    for agent in ({"kind": "openai", "model": "m"}, SCORED, {"kind": "anthropic", "model": "m"}):
        (fault,) = faults({"agent": [{"kind": "bayes"}, agent], "filter": restrict})
        assert fault.startswith("filter[1].mode:")
        assert str(agent["kind"]) in fault
    assert faults({"agent": [{**SCORED, "choose": "belief"}], "filter": restrict}) == []
    (fault,) = faults({"agent": [{**SCORED, "choose": "belief", "pick": "map"}], "filter": [{"kind": "effective-set"}]})
    assert "would take the same one again" in fault


def test_a_mode_that_is_none() -> None:
    (fault,) = faults({"filter": [{"kind": "effective-set", "mode": "restricted"}]})
    assert "nearest: restrict" in fault
