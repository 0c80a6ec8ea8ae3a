"""The paper's interaction of the naming game, against its exact chances, its records, and what it needs.

Bounds are at 3.3 standard deviations (a chance of 5e-4 to fail a right program under an arbitrary seed); the seeds are fixed.
"""

from __future__ import annotations

import itertools
import json
import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from docs_scripts import script

from iicl_tui.agents.bayesian import BayesianAgent
from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.errors import ChainStopped, ConfigError
from iicl_tui.filters.base import Exchange
from iicl_tui.filters.conversation import Listener, Rules
from iicl_tui.filters.partner import Conversation, Partner
from iicl_tui.present.transcript import entries
from iicl_tui.present.words import interaction_text
from iicl_tui.record_tables import INTERACTION
from iicl_tui.store.decode import decode
from iicl_tui.store.session import SessionFile
from iicl_tui.tasks.base import Example
from iicl_tui.tasks.naming.task import MEANINGS, SIGNALS, Naming

GAME = Naming()
NOISE = 0.15
PAIRS = [Example(meaning, signal) for meaning in MEANINGS for signal in SIGNALS]


def document(rounds: int = 2, generations: int = 5, task: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    return {
        "chain": {"task": "naming", "generations": generations, "seed": 1},
        "task": {"samples": 1, "initial": 1, "scale": 6, **(task or {})},
        "agent": [{"noise": NOISE}],
        "filter": [{"kind": "partner", "passes": "fresh", "rounds": rounds, **options}],
    }


def chances(log_prior: np.ndarray, draws: str, guess: str, update: str) -> np.ndarray:
    """(16, 16): from each dataset of one pair to the next, with M = 1 and two rounds. From the definitions alone.

    A round adds a pair (x, y) to d_comm with the chance ¼ p(y|x) g(x|y), where p(y|x) is that of the belief, or of the one
    hypothesis that all rounds share, and g is the partner's guess; otherwise it adds nothing.
    """
    language = GAME.space.codes
    label = np.where(language[:, :, None] == np.arange(4), 1 - NOISE, NOISE / 3).reshape(256, 16)
    with_none = np.hstack([label, np.ones((256, 1))])  # the last column: nothing was understood
    out = np.zeros((16, 16))
    for d in range(16):
        p = np.exp(log_prior) * label[:, d]
        p /= p.sum()
        believed = (p @ label).reshape(4, 4)
        if guess == "drawn":
            g = believed / believed.sum(axis=0)
        else:
            g = (believed >= believed.max(axis=0) * (1 - 1e-9)).astype(float)
            g /= g.sum(axis=0)
        said = (p @ label)[None] if draws == "pair" else label
        once = np.hstack([said / 4 * g.ravel(), np.zeros((len(said), 1))])
        once[:, 16] = 1 - once.sum(axis=1)
        twice = np.einsum("s,si,sj->ij", np.ones(1) if draws == "pair" else p, once, once, optimize=True)
        own = np.exp(log_prior) * (label[:, d] if update == "added" else 1.0)
        learned = own[:, None, None] * with_none[:, :, None] * with_none[:, None, :]  # (h, first pair, second pair)
        out[d] = np.einsum("ij,hij,hk->k", twice, learned / learned.sum(axis=0), label / 4, optimize=True)
    return out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("draws", "guess", "update"),
    [("pair", "best", "added"), ("pair", "drawn", "instead"), ("generation", "best", "instead"), ("generation", "drawn", "added")],
)
async def test_what_a_generation_passes_on_has_the_exact_chances(draws: str, guess: str, update: str) -> None:
    config = read_config(document(generations=1200, draws=draws, guess=guess, update=update))
    chain = Chain(config)
    await chain.run()
    agent = config.agents[0]
    assert isinstance(agent, BayesianAgent)
    expected = chances(agent.log_prior, draws, guess, update)
    assert expected.sum(axis=1) == pytest.approx(1)
    data = [PAIRS.index(chain.data(t)[0]) for t in range(1201)]
    counts = np.zeros((16, 16))
    np.add.at(counts, (data[:-1], data[1:]), 1)
    # The sum of squared standardised differences of 256 cells, each of a multinomial row: chi-square with 16 · 15 degrees.
    row = counts.sum(axis=1, keepdims=True)
    large = row[:, 0] >= 40
    statistic = (((counts - row * expected) ** 2) / (row * expected))[large].sum()
    freedom = 15 * int(large.sum())
    assert freedom >= 150
    assert statistic < freedom + 3.3 * (2 * freedom) ** 0.5 + 3.3**2
    assert statistic > freedom - 3.3 * (2 * freedom) ** 0.5
    # A procedure with another option is told apart in at least one of the four.
    assert not np.allclose(
        expected, chances(agent.log_prior, draws, guess, "added" if update == "instead" else "instead"), atol=0.01
    )


@pytest.mark.parametrize("draws", ["pair", "generation"])
@pytest.mark.parametrize("guess", ["best", "drawn"])
@pytest.mark.parametrize("update", ["added", "instead"])
def test_the_search_of_the_docs_has_the_exact_chances_too(draws: str, guess: str, update: str) -> None:
    naming_search = script("naming_search")
    setup = naming_search.Setup(scale=6, noise=NOISE, samples=1, rounds=2, draws=draws, guess=guess, update=update)
    game = naming_search.Game(setup, np.random.default_rng(4))
    expected = chances(game.log_prior, draws, guess, update)
    data = np.repeat(np.eye(16), 400, axis=0)
    counts = game.step(data)[0].reshape(16, 400, 16).sum(axis=1)
    statistic = ((counts - 400 * expected) ** 2 / (400 * expected)).sum()
    assert abs(statistic - 240) < 3.3 * 480**0.5 + 11


def belief(seed: int = 2) -> np.ndarray:
    return np.asarray(np.log(np.random.default_rng(seed).dirichlet(np.full(256, 0.1))))


def meanings_of(log_p: np.ndarray, signal: str) -> np.ndarray:
    """(4,) P(x|y) by summing over all languages."""
    p = np.array(
        [
            sum(np.exp(log_p[h]) * (1 - NOISE if GAME.predict(h, meaning) == signal else NOISE / 3) for h in range(256))
            for meaning in MEANINGS
        ]
    )
    return np.asarray(p / p.sum())


@pytest.mark.parametrize("guess", ["best", "drawn"])
def test_the_partner_guesses_by_what_it_believes(guess: Any) -> None:
    log_p, rng = belief(), np.random.default_rng(0)
    listener = Listener(GAME, log_p, NOISE, Rules(1, guess=guess))
    for signal in SIGNALS:
        expected = meanings_of(log_p, signal)
        heard = [listener.hear(Example(MEANINGS[0], signal), rng) for _ in range(1500)]
        counts = Counter((MEANINGS[0] if said.guess is None else said.guess.input) for said in heard)
        assert all(said.guess is None or said.guess.output == signal for said in heard)
        if guess == "best":
            assert set(counts) == {MEANINGS[expected.argmax()]}
        else:
            for meaning, p in zip(MEANINGS, expected, strict=True):
                assert abs(counts[meaning] - 1500 * p) <= 3.5 * (1500 * p * (1 - p)) ** 0.5


def test_among_equals_it_guesses_by_chance_and_also_where_it_rules_out_the_output() -> None:
    same = GAME.read_hypothesis(dict.fromkeys((" ".join(meaning) for meaning in MEANINGS), "01"))
    with np.errstate(divide="ignore"):
        log_p = np.log(np.arange(256) == same)
    for guess, signal in itertools.product(("best", "drawn"), ("01", "10")):
        listener, rng = Listener(GAME, log_p, 0.0, Rules(1, guess=guess)), np.random.default_rng(1)  # type: ignore[arg-type]
        right = sum(listener.hear(Example(MEANINGS[2], signal), rng).guess is None for _ in range(1200))
        assert abs(right - 300) < 3.3 * 15


async def test_all_that_was_said_is_on_record_and_the_file_gives_the_same_chain(tmp_path: Path) -> None:
    config = read_config(document(rounds=9, generations=4, task={"samples": 5}))
    with SessionFile.create(config, tmp_path / "it.toml") as file:
        chain = Chain(config, sink=file)
        await chain.run()
    found = decode((tmp_path / "it.toml").read_text())
    assert list(found.generations) == chain.generations
    again = Chain(found.config, found.generations[:2])
    await again.run()
    assert again.generations == chain.generations
    for generation in chain.generations:
        record = generation.interaction
        assert record is not None
        assert len(record.exchanges) == 9
        (learned,) = record.refinements
        assert (learned.filter, learned.shown) == ("partner", generation.imitation.hypothesis)
        assert learned.hypothesis == record.hypothesis == generation.hypothesis
        understood = sum(said.guess is None for said in record.exchanges)
        assert f"{understood} of 9 pairs understood" in interaction_text(generation)
        (told,) = [entry for entry in entries(chain) if entry.generation == generation.index and entry.kind == "partner"]
        assert [line.split()[0] for line in told.text.splitlines()] == [
            "understood" if said.guess is None else "wrong" for said in record.exchanges
        ]
        assert json.dumps(INTERACTION.export(record)["exchanges"]).count('"guess": null') == understood
        assert len(generation.data) == 5
    table = tomllib.loads((tmp_path / "it.toml").read_text())["generation"][0]["interaction"]["exchange"]
    first = chain.generations[0].interaction.exchanges[0]
    assert (tuple(table[0]["input"]), table[0]["output"]) == first.example
    text = re.sub(r" sum \w+", "", (tmp_path / "it.toml").read_text())
    assert list(decode(text).generations) == chain.generations
    broken = re.sub(r'guess = \{ input = \["\w+"', 'guess = { input = ["green"', text, count=1)
    with pytest.raises(ConfigError, match="green"):
        decode(broken)


async def test_one_hypothesis_a_generation_says_all_without_noise() -> None:
    quiet = document(rounds=30, generations=3, task={"samples": 8, "initial": 8, "hypothesis": "systematic"}, draws="generation")
    quiet["agent"] = [{}]
    chain = Chain(read_config(quiet))
    await chain.run()
    for generation in chain.generations:
        for said in generation.interaction.exchanges:  # type: ignore[union-attr]
            assert chain.task.agrees(generation.imitation.hypothesis, said.example)


async def test_a_belief_that_is_not_known_stops_the_chain() -> None:
    chain = Chain(read_config(document()))
    chain.belief = lambda generation: None  # type: ignore[method-assign]
    await chain.step()
    with pytest.raises(ChainStopped, match="partner has no belief"):
        await chain.step()


def faults(changed: dict[str, Any]) -> list[str]:
    try:
        read_config(changed)
    except ConfigError as error:
        return [str(fault) for fault in error.faults]
    return []


def test_what_it_needs() -> None:
    model = {"kind": "openai", "model": "m"}
    fresh = {"filter": [{"kind": "partner", "passes": "fresh"}]}
    (fault,) = faults({"agent": [model], **fresh})
    assert fault.startswith('filter[1].passes: "fresh" needs Bayesian agents')
    assert faults({"agent": [model], "filter": [{"kind": "partner", "passes": "understood"}]}) == []
    for key, value in (("passes", "all"), ("draws", "round"), ("guess", "worst"), ("update", "none"), ("rounds", 0)):
        changed = document()
        changed["filter"][0][key] = value
        (fault,) = faults(changed)
        assert fault.startswith(f"filter[1].{key}: expected")


def test_without_the_key_the_pairs_themselves_pass_as_in_earlier_sessions() -> None:
    old = document()
    del old["filter"][0]["passes"]
    assert isinstance(read_config(old).filters[0], Partner)
    new = read_config(document(rounds=7)).filters[0]
    assert isinstance(new, Conversation)
    assert new.rules == Rules(7, "pair", "best", "added")
    assert [new.acts_at(gate) for gate in ("hypothesis", "samples")] == [True, False]
    assert Exchange(PAIRS[0]).guess is None
