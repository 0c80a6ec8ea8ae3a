"""The control filters: an imperfect judge, and random rejection yoked to another chain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chi_square import bound, pearson

from iicl_tui.agents.bayesian import BayesianAgent
from iicl_tui.bayes import inference
from iicl_tui.chain.config import ChainConfig, read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.errors import ConfigError
from iicl_tui.store.session import SessionFile
from iicl_tui.study.theory.ensemble import simulate

TASK = {"objects": ["A", "B"], "samples": 2}
D0 = [{"input": ["A"], "output": "on"}, {"input": ["B"], "output": "off"}]


def made(filter: dict[str, Any], generations: int = 1, noise: float = 0.3, start: Any = D0) -> ChainConfig:
    return read_config(
        {
            "chain": {"generations": generations},
            "task": TASK,
            "agent": [{"noise": noise}],
            "filter": [filter],
            "start": {"sample": start},
        }
    )


def posterior(config: ChainConfig) -> np.ndarray:
    agent = config.agents[0]
    assert isinstance(agent, BayesianAgent)
    belief = agent.belief([config.start.samples])
    assert belief is not None
    return np.exp(belief.log_p)


async def engine(config: ChainConfig, chains: int) -> list[Chain]:
    from dataclasses import replace

    out = [Chain(replace(config, seed=seed)) for seed in range(chains)]
    for chain in out:
        await chain.run()
    return out


async def test_an_imperfect_judge_of_hypotheses_reweighs_the_belief() -> None:
    """P(h) ∝ P(h|d) · (1 − miss) for a right h, · false alarm for a wrong one: a sum of a geometric series."""
    config = made({"kind": "imperfect", "miss": 0.3, "false-alarm": 0.2})
    right = config.task.explained(config.start.samples) == 2
    expected = posterior(config) * np.where(right, 0.7, 0.2)
    expected /= expected.sum()
    assert inference.total_variation(expected, posterior(config)) > 0.1
    counts = np.bincount([chain.generations[0].hypothesis for chain in await engine(config, 400)], minlength=9)
    for found in (counts, simulate(config, 20_000).counts[0]):
        statistic, freedom = pearson(found, expected)
        assert statistic < bound(freedom)


def test_its_ends_are_an_effective_set_and_no_filter() -> None:
    ends: list[tuple[dict[str, Any], dict[str, Any] | None]] = [
        ({"kind": "imperfect"}, {"kind": "effective-set"}),
        ({"kind": "imperfect", "least": 1}, {"kind": "effective-set", "least": 1}),
        ({"kind": "imperfect", "false-alarm": 1.0}, None),
    ]
    for judge, like in ends:
        config = made(judge)
        members = np.ones(9, dtype=bool)
        if like is not None:
            members = config.task.explained(config.start.samples) >= like.get("least", 2)
        expected = posterior(config) * members
        statistic, freedom = pearson(simulate(config, 5000).counts[0], expected / expected.sum())
        assert statistic < bound(max(freedom, 1))


@pytest.mark.parametrize("truth", ["rule", "target"])
@pytest.mark.parametrize("on_reject", ["redraw", "drop"])
async def test_an_imperfect_judge_of_samples(truth: str, on_reject: str) -> None:
    """Of n samples seen it passes a share 1 − miss of the right ones and the false alarms of the wrong ones, within 4σ."""
    config = made(
        {"kind": "imperfect", "gates": "samples", "miss": 0.25, "false-alarm": 0.4, "truth": truth, "on-reject": on_reject}, 3
    )
    seen = {True: [0, 0], False: [0, 0]}
    for chain in await engine(config, 150):
        for generation in chain.generations:
            assert generation.transmission is not None
            by = chain.start.target if truth == "target" else generation.hypothesis
            for sample in generation.transmission.samples:
                seen[chain.task.agrees(by, sample.example)][sample.passes] += 1
            if on_reject == "redraw":
                assert len(generation.data) == 2
    for right, chance in ((True, 0.75), (False, 0.4)):
        total = sum(seen[right])
        assert total > 50
        assert abs(seen[right][1] / total - chance) < 4 * (chance * (1 - chance) / total) ** 0.5


@pytest.mark.parametrize(
    "filter",
    [
        {"kind": "imperfect", "gates": "both", "miss": 0.25, "false-alarm": 0.4, "on-reject": "drop"},
        {"kind": "imperfect", "gates": "samples", "miss": 0.5, "truth": "target"},
        {"kind": "yoked", "rates": {"samples": [1.0, 0.3]}, "on-reject": "drop"},
        {"kind": "yoked", "rates": {"hypothesis": [0.5], "samples": [0.0, 1.0]}, "redraws": 2},
    ],
)
async def test_ensembles_have_the_law_of_the_engine(filter: dict[str, Any]) -> None:
    from chi_square import two_samples

    config = made(filter, 3)
    counts = np.zeros((3, 10))
    for chain in await engine(config, 200):
        for t in range(3):
            done = t < len(chain.generations) and not chain.generations[t].stuck
            counts[t, chain.generations[t].hypothesis if done else 9] += 1
    ensemble = simulate(config, 5000)
    for t in range(3):
        statistic, freedom = two_samples(counts[t], np.append(ensemble.counts[t], 5000 - ensemble.counts[t].sum()))
        assert statistic < bound(max(freedom, 1))


async def test_a_yoked_filter_rejects_as_often_as_the_session_did(tmp_path: Path) -> None:
    judged = made({"kind": "imperfect", "gates": "both", "miss": 0.5, "false-alarm": 0.5}, 4)
    with SessionFile.create(judged, tmp_path / "judged.toml") as file:
        chain = Chain(file.config, (), file)
        await chain.run()
    (tmp_path / "yoked.toml").write_text('[chain]\ngenerations = 5\n[[filter]]\nkind = "yoked"\nsession = "judged.toml"\n')
    import iicl_tui

    config = iicl_tui.read_config(tmp_path / "yoked.toml")
    rates = config.document["filter"][0]["rates"]
    for at, generation in enumerate(chain.generations):
        assert generation.interaction is not None
        assert generation.transmission is not None
        samples = generation.transmission.samples
        assert rates["hypothesis"][at] == 1 / (1 + generation.interaction.redraws)
        assert rates["samples"][at] == sum(sample.passes for sample in samples) / len(samples)
    with SessionFile.create(config, tmp_path / "own.toml") as file:  # the session stands alone
        (tmp_path / "judged.toml").unlink()
        await Chain(file.config, (), file).run()
    with SessionFile.open(tmp_path / "own.toml", read_only=True) as again:
        assert again.config.document["filter"][0]["rates"] == rates
        assert len(again.generations) == 5


async def test_after_the_last_rate_the_last_one_holds() -> None:
    config = made({"kind": "yoked", "rates": {"samples": [1.0, 0.0]}, "on-reject": "drop"}, 3)
    (chain,) = await engine(config, 1)
    assert [len(generation.data) for generation in chain.generations] == [2, 0, 0]


@pytest.mark.parametrize(
    ("filter", "words"),
    [
        ({"kind": "imperfect", "miss": 1.5}, "filter[1].miss"),
        ({"kind": "imperfect", "false-alarm": "no"}, "filter[1].false-alarm"),
        ({"kind": "imperfect", "truth": "h"}, "filter[1].truth"),
        ({"kind": "yoked"}, "filter[1].session: is missing"),
        ({"kind": "yoked", "rates": {"samples": [1.5]}}, "filter[1].rates.samples"),
        ({"kind": "yoked", "rates": {"sample": [0.5]}}, "filter[1].rates.sample: unknown key"),
        ({"kind": "yoked", "session": "nowhere.toml"}, "filter[1].session: nowhere.toml is not read"),
    ],
)
def test_bad_values_are_faults(filter: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        made(filter)
    assert words in str(raised.value)


@pytest.mark.parametrize("text", ["", "x = 1\n", "generation = 3\n", "generation = [1]\n", "[[generation]]\n", "= broken", "\x00"])
def test_a_file_that_is_no_session_is_a_fault(tmp_path: Path, text: str) -> None:
    (tmp_path / "other.toml").write_text(text)
    with pytest.raises(ConfigError, match=r"filter\[1\]\.session|1 fault"):
        read_config({"filter": [{"kind": "yoked", "session": "other.toml"}]}, tmp_path)


def test_an_agent_that_takes_the_maximum_cannot_be_judged_by_redraws() -> None:
    with pytest.raises(ConfigError, match="1 fault"):
        read_config({"agent": [{"choose": "map"}], "filter": [{"kind": "imperfect"}]})
    read_config({"agent": [{"choose": "map"}], "filter": [{"kind": "imperfect", "gates": "samples"}]})
    with pytest.raises(ConfigError, match="1 fault"):
        read_config({"chain": {"task": "acronym"}, "filter": [{"kind": "imperfect"}]})
