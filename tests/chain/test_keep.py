"""What is kept between generations, against sums over all datasets of a small task, and on record."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chi_square import bound, pearson

from iicl_tui.bayes import inference, markov
from iicl_tui.chain.config import ChainConfig, read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.estimate import estimate
from iicl_tui.errors import ConfigError
from iicl_tui.present.config_form import format_value, parse_text, read_form
from iicl_tui.store.config_draft import Draft
from iicl_tui.store.session import SessionFile
from iicl_tui.study.theory.ensemble import simulate
from iicl_tui.tasks.acre.task import Acre
from iicl_tui.tasks.base import Example

Make = Callable[..., ChainConfig]
NOISE = 0.2
TASK = Acre(("A", "B"))
D0 = (Example(("A",), "off"), Example(("A", "B"), "on"))
PRIOR = np.array([3, 1, 2, 2, 0.5, 1, 1, 4, 2.5]) / 17
PAIRS = [Example(x, y) for x in TASK.inputs for y in TASK.outputs]
P_PAIR = np.exp(TASK.log_likelihood([[pair] for pair in PAIRS], NOISE)) / len(TASK.inputs)  # (9, H)


def document(keep: Any, **chain: Any) -> dict[str, Any]:
    return {
        "chain": {"generations": 3, "keep": keep, **chain},
        "task": {"objects": ["A", "B"], "samples": 2},
        "agent": [{"noise": NOISE, "prior": {"weights": PRIOR.tolist()}}],
        "start": {"sample": [{"input": list(x), "output": y} for x, y in D0]},
    }


def learned(examples: tuple[Example, ...]) -> np.ndarray:
    """(H,) P(h | d) by Bayes' rule, in plain probabilities."""
    p = PRIOR * np.exp(TASK.log_likelihood([examples], NOISE))[0]
    return p / p.sum()


def accumulated(generations: int) -> list[np.ndarray]:
    """The distributions of hᵗ if each agent sees d⁰ … dᵗ⁻¹: a sum over all sequences of datasets."""
    weights: dict[tuple[Example, ...], np.ndarray] = {
        (): learned(D0)
    }  # by the data that came after d⁰, the joint distribution with the present hypothesis
    out = [learned(D0)]
    for _ in range(generations - 1):
        after: dict[tuple[Example, ...], np.ndarray] = {}
        for data, p in weights.items():
            for first, second in itertools.product(range(9), repeat=2):
                chance = float((p * P_PAIR[first] * P_PAIR[second]).sum())
                new = tuple(sorted((*data, PAIRS[first], PAIRS[second])))
                after[new] = after.get(new, np.zeros(9)) + chance * learned((*D0, *new))
        weights = after
        out.append(np.sum(list(weights.values()), axis=0))
    return out


def mixed() -> tuple[np.ndarray, np.ndarray]:
    """The first distribution, and T if one of the two samples is one of the two of d⁰."""
    matrix = np.zeros((9, 9))
    for at, old in itertools.product(range(9), D0):
        matrix += np.outer(P_PAIR[at], learned((PAIRS[at], old))) / 2
    return learned(D0), matrix


def assert_close(counts: np.ndarray, p: np.ndarray) -> None:
    statistic, freedom = pearson(counts, p)
    assert statistic < bound(freedom)


async def engine_counts(config: ChainConfig, chains: int) -> np.ndarray:
    """(T, H) of the engine's chains."""
    out = np.zeros((config.generations, 9))
    for seed in range(chains):
        chain = Chain(replace(config, seed=seed))
        await chain.run()
        for t, generation in enumerate(chain.generations):
            out[t, generation.hypothesis] += 1
    return out


@pytest.mark.parametrize("keep", ["accumulate", {"mix": 0.5}])
async def test_small_chains_have_the_exact_law(keep: Any) -> None:
    config = read_config(document(keep))
    exact = accumulated(3) if keep == "accumulate" else list(markov.predict(*mixed(), 3))
    engine, ensemble = await engine_counts(config, 300), simulate(config, 20_000)
    for t in range(3):
        assert_close(engine[t], exact[t])
        assert_close(ensemble.counts[t], exact[t])
    plain = simulate(read_config(document("replace")), 20_000)
    statistic, freedom = pearson(plain.counts[2], exact[2])
    assert statistic > bound(freedom)  # the test can tell them apart


def test_a_share_of_d0_pulls_the_chain_away_from_the_prior() -> None:
    """Without it the prior is the stationary distribution; with it, what d⁰ says stays."""
    stationary = markov.stationary(mixed()[1])
    assert inference.total_variation(stationary, PRIOR) > 0.05
    explains = TASK.explained(D0) == 2
    assert stationary[explains].sum() > PRIOR[explains].sum()


async def test_what_is_taken_from_d0_is_on_record_and_not_judged(config: Make) -> None:
    chain = Chain(config(
        chain={"keep": {"mix": 0.5}, "generations": 4}, task={"samples": 4, "initial": 5}, agent=[{"noise": 0.5}],
        filter=[{"kind": "consistent", "on-reject": "drop"}],
    ))  # fmt: skip
    await chain.run()
    start = chain.start.samples
    for generation in chain.generations:
        assert generation.transmission is not None
        samples = generation.transmission.samples
        old = [sample for sample in samples if sample.origin == 0]
        assert [sample.number for sample in samples] == list(range(4))
        assert samples[2:] == tuple(old)
        assert len({sample.example for sample in old}) == 2
        assert {sample.example for sample in old} <= set(start)
        assert all(sample.passes for sample in old)
        assert generation.data[-2:] == tuple(sample.example for sample in old)
        assert not [
            pooled for pooled in generation.pooled if pooled.example in {s.example for s in old} - {s.example for s in samples[:2]}
        ]
    assert len({generation.data[-2:] for generation in chain.generations}) > 1  # drawn anew


@pytest.mark.parametrize(
    ("share", "samples", "taken"), [(0.2, 4, 1), (0.5, 3, 2), (0.01, 4, 1), (1, 3, 3), (0, 3, 0), (0.2, 20, 4)]
)
def test_shares_are_rounded(share: float, samples: int, taken: int) -> None:
    made = read_config({"chain": {"keep": {"mix": share}}, "task": {"samples": samples, "initial": 8}})
    assert made.keep.from_start(samples) == taken
    assert made.own_samples == samples - taken


async def test_everything_may_come_from_d0() -> None:
    chain = Chain(read_config({"chain": {"keep": {"mix": 1.0}, "generations": 2}, "task": {"samples": 2, "initial": 2}}))
    await chain.run()
    assert all(set(generation.data) == set(chain.start.samples) for generation in chain.generations)


@pytest.mark.parametrize("keep", ["accumulate", {"mix": 0.5}])
async def test_a_file_has_it_and_the_chain_goes_on_and_branches(tmp_path: Path, keep: Any) -> None:
    config = read_config(document(keep))
    whole = Chain(config)
    await whole.run()
    with SessionFile.create(config, tmp_path / "one.toml") as file:
        await Chain(file.config, file.generations, file).run(2)
    with SessionFile.open(tmp_path / "one.toml") as again:
        assert again.config.keep == config.keep
        assert again.config.document["chain"]["keep"] == keep
        chain = Chain(again.config, again.generations, again)
        assert [chain.belief(t).log_p.tolist() for t in (1, 2)] == [whole.belief(t).log_p.tolist() for t in (1, 2)]  # type: ignore[union-attr]
        await chain.run()
    assert chain.generations == whole.generations
    with SessionFile.open(tmp_path / "one.toml") as again, again.branch(2, seed=99) as branch:
        other = Chain(branch.config, branch.generations, branch)
        await other.run()
    assert other.generations[:2] == whole.generations[:2]
    assert other.belief(2).log_p.tolist() == whole.belief(2).log_p.tolist()  # type: ignore[union-attr]
    if keep == "accumulate":
        assert other.rounds(3) == whole.rounds(3) == [(*D0, *whole.data(1), *whole.data(2))]


def test_forecasts_see_what_is_kept() -> None:
    chain = Chain(read_config(document("accumulate")))
    belief = chain.belief_if(0, [PAIRS[0]])
    assert belief is not None
    np.testing.assert_allclose(np.exp(belief.log_p), learned((PAIRS[0],)), atol=1e-12)


@pytest.mark.parametrize(
    ("chain", "words"),
    [
        ({"keep": "all"}, "chain.keep: expected"),
        ({"keep": {"mix": 1.5}}, "mix = 1.5"),
        ({"keep": {"mix": True}}, "mix = true"),
        ({"keep": {"share": 0.2}}, "found a table"),
        ({"keep": 0.2}, "found 0.2"),
        ({"keep": {"mix": 0.9}}, "4 of 4 samples would come from d⁰, which has only 2"),
        ({"keep": "accumulate", "lookback": 1}, "chain.lookback: with keep"),
    ],
)
def test_what_cannot_be_kept_is_a_fault(chain: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=r"1 fault") as raised:
        read_config({"chain": chain, "task": {"samples": 4, "initial": 2}})
    assert words in str(raised.value)


def test_the_form_shows_and_reads_it() -> None:
    draft = Draft("[chain]\nkeep = {mix = 0.2}\n")
    row = read_form(draft).rows[("chain", "keep")]
    assert row.text == "{ mix = 0.2 }"
    assert parse_text(row.field, "{ mix = 0.3 }") == {"mix": 0.3}
    assert parse_text(row.field, "{ mix = }") == "{ mix = }"
    assert parse_text(row.field, "accumulate") == "accumulate"
    assert format_value(row.field, "accumulate") == "accumulate"


def test_accumulated_data_cost_more_to_send() -> None:
    """The mean dataset of generations 1 … 6 has |d⁰| + M · 2.5 examples, that of the plain chain |d⁰|."""
    document: dict[str, Any] = {"chain": {"generations": 6}, "agent": [{"kind": "openai", "model": "gpt-4.1"}]}
    plain = estimate(read_config(document)).work
    more = estimate(read_config({**document, "chain": {"generations": 6, "keep": "accumulate"}})).work
    longer = estimate(read_config({**document, "task": {"initial": 14}})).work
    assert more.calls == plain.calls
    assert plain.prompt < more.prompt
    assert more.prompt == pytest.approx(longer.prompt, rel=0.05)


def test_data_that_go_on_from_others_are_counted_as_from_the_beginning() -> None:
    rng = np.random.default_rng(3)
    data = [example for h in rng.integers(9, size=60) for example in TASK.transmit(int(h), 3, 0.2, rng)]
    grown = [data[:size] for size in (20, 70, 100, 100, 180, 90)] + [[*data[60:150]], [*data[:60], data[70]]]
    used = Acre(("A", "B"))
    for datasets in (grown, [tuple(each) for each in grown], [grown[4]]):
        found = used.log_likelihood(datasets, NOISE)
        assert found.tolist() == [Acre(("A", "B")).log_likelihood([each], NOISE)[0].tolist() for each in datasets]
