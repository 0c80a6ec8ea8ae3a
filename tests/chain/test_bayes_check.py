"""Beliefs of chains beside Bayes' rule: a model that follows it, one that does not, exact agents; and how that is shown."""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from loopback import Loopback
from scored_model import Learner

from iicl_tui.bayes.inference import log_normalise
from iicl_tui.chain.bayes_check import BayesCheck, check_bayes, seen_examples
from iicl_tui.chain.config import ChainConfig, read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.commands import show
from iicl_tui.present.lab_builder import build_lab_state
from iicl_tui.present.lab_session import LabSession
from iicl_tui.present.lab_state import ChartSettings
from iicl_tui.store.export import export
from iicl_tui.store.session import SessionFile
from iicl_tui.tasks.base import Example

NOISE = 0.13
PRIOR = np.random.default_rng(5).dirichlet(np.full(27, 0.8))
Belief = Callable[[ChainConfig, tuple[Example, ...]], np.ndarray]


def bayes(config: ChainConfig, examples: tuple[Example, ...], noise: float = NOISE) -> np.ndarray:
    """P(h | examples) by Bayes' rule, label by label."""
    p = PRIOR.copy()
    for example in examples:
        for h in range(27):
            p[h] *= 1 - noise if config.task.predict(h, example.input) == example.output else noise / 2
    return p / p.sum()


def stubborn(config: ChainConfig, examples: tuple[Example, ...]) -> np.ndarray:
    """The prior without examples. Else .7 of Bayes' rule, and .3 of it upside down among rules that get as many examples wrong."""
    if not examples:
        return PRIOR
    p = bayes(config, examples)
    right, twisted = config.task.explained(examples), np.zeros(27)
    for count in set(right.tolist()):
        members = np.flatnonzero(right == count)
        twisted[members] = p[members][::-1]
    return 0.7 * p + 0.3 * twisted


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback() as running:
        yield running


def configured(server: Loopback, belief: Belief, **chain: Any) -> ChainConfig:
    agent = {"kind": "openai", "model": "cut", "base-url": f"{server.url}/v1", "belief": "score", "floor": 0, "choose": "belief"}
    config = read_config(
        {
            "chain": {"title": "Bayes", "generations": 3, "seed": 3, **chain},
            "task": {"objects": ["A", "B", "screen"], "spurious": "screen", "hypothesis": 3, "initial": 4},
            "agent": [{**agent, "ask-prior": True}],
        }
    )
    server.replies = Learner(config.task, lambda examples: belief(config, examples))
    return config


async def finished(config: ChainConfig, path: Path | None = None) -> Chain:
    if path is None:
        chain = Chain(config)
        await chain.run()
    else:
        with SessionFile.create(config, path) as session:
            chain = Chain(config, sink=session)
            await chain.run()
    await chain.close()
    return chain


def only(checks: tuple[BayesCheck, ...]) -> BayesCheck:
    (check,) = checks
    return check


async def test_a_model_that_is_bayesian_has_distance_0_and_its_noise_is_found(server: Loopback) -> None:
    chain = await finished(configured(server, bayes))
    check = only(check_bayes(chain))
    assert check.generations == (1, 2, 3)
    assert np.exp(check.prior.log_p) == pytest.approx(PRIOR, abs=1e-9)
    assert check.fit.noise == pytest.approx(NOISE, abs=1e-9)
    assert check.fit.noises == pytest.approx(np.full(3, NOISE), abs=1e-8)
    assert (check.fit.distances < 1e-9).all()


async def test_a_model_that_is_not_has_a_distance_that_can_be_computed(server: Loopback) -> None:
    config = configured(server, stubborn)
    chain = await finished(config)
    check = only(check_bayes(chain))
    assert check.fit.noise == pytest.approx(NOISE, abs=1e-9), "it expects as many wrong examples as Bayes' rule does"
    for row, t in enumerate(check.generations):
        seen = chain.data(t - 1)
        known = np.abs(stubborn(config, seen) - bayes(config, seen)).sum() / 2
        assert known > 0.01
        assert check.fit.distances[row] == pytest.approx(known, abs=1e-9)


async def test_exact_agents_are_bayesian_and_tempered_ones_only_with_less_noise() -> None:
    """Raised to 1/τ, both the prior and the likelihood stay of their form: λ becomes λ/τ."""
    for temperature in (1.0, 0.5):
        agent = {"kind": "bayes", "noise": 0.1, "temperature": temperature}
        chain = await finished(read_config({"chain": {"generations": 4, "seed": 2}, "agent": [agent]}))
        check = only(check_bayes(chain))
        assert (check.fit.distances < 1e-9).all()
        weight = np.log(0.9 * 2 / 0.1) / temperature
        assert check.fit.noise == pytest.approx(2 / (2 + np.exp(weight)), rel=1e-9)


async def test_what_an_agent_looks_back_on_is_among_the_examples() -> None:
    agents = [{"kind": "bayes", "noise": 0.1}, {"kind": "bayes", "noise": 0.2}]
    chain = await finished(read_config({"chain": {"generations": 6, "seed": 2, "lookback": 1}, "agent": agents}))
    assert seen_examples(chain, 5) == (*chain.data(2), *chain.data(4))
    found = check_bayes(chain)
    assert [check.generations for check in found] == [(1, 3, 5), (2, 4, 6)]
    assert [check.fit.noise for check in found] == pytest.approx([0.1, 0.2])
    assert all((check.fit.distances < 1e-9).all() for check in found)


async def test_tasks_whose_hypotheses_label_nothing_are_not_compared() -> None:
    chain = await finished(read_config({"chain": {"task": "acronym", "generations": 1}}))
    assert check_bayes(chain) == ()


def shown(path: Path, capsys: pytest.CaptureFixture[str], bayes: bool) -> str:
    assert show.main(argparse.Namespace(file=str(path), generation=2, no_charts=True, bayes=bayes)) == 0
    return capsys.readouterr().out


async def test_show_puts_beliefs_beside_bayes_rule(server: Loopback, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chain = await finished(configured(server, stubborn), tmp_path / "x.toml")
    page = shown(tmp_path / "x.toml", capsys, bayes=False)
    fit = only(check_bayes(chain)).fit
    assert "openai cut sample τ1: label noise 0.13 fits best, .13–.13 (interval of level 95 %)" in page
    assert "its prior: joint, scored: " in page
    assert f"      2  {fit.distances[1]:7.4f}     0.1300  {fit.own_distances[1]:10.4f}" in page


async def test_show_compares_any_agent_if_asked_and_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await finished(read_config({"chain": {"generations": 2}, "agent": [{"kind": "bayes", "noise": 0.1}]}), tmp_path / "x.toml")
    assert "Is it Bayesian?" not in shown(tmp_path / "x.toml", capsys, bayes=False)
    assert "label noise 0.1 fits best, .1–.1" in shown(tmp_path / "x.toml", capsys, bayes=True)


async def test_exports_have_the_prior_and_the_comparison(server: Loopback, tmp_path: Path) -> None:
    chain = await finished(configured(server, stubborn), tmp_path / "x.toml")
    check = only(check_bayes(chain))
    generations, _, beliefs, _ = (
        list(csv.DictReader(path.read_text(encoding="utf-8").splitlines())) for path in export(tmp_path / "x.toml", "csv", tmp_path)
    )
    assert [float(row["tv_bayes"]) for row in generations] == pytest.approx(check.fit.distances)
    assert [float(row["noise_bayes"]) for row in generations] == pytest.approx([NOISE] * 3)
    assert [float(row["own_noise_bayes"]) for row in generations] == pytest.approx(check.fit.noises)
    assert float(generations[0]["noise_low_bayes"]) <= NOISE <= float(generations[0]["noise_high_bayes"]) + 1e-9
    by = {t: [row for row in beliefs if row["generation"] == str(t)] for t in range(4)}
    assert [float(row["p"]) for row in by[0]] == pytest.approx(PRIOR)
    assert {row["p_bayes"] for row in by[0]} == {""}
    for row, t in enumerate(check.generations):
        both = np.array([[float(cells["p"]), float(cells["p_bayes"])] for cells in by[t]])
        assert np.abs(both[:, 0] - both[:, 1]).sum() / 2 == pytest.approx(check.fit.distances[row])
    (written,) = export(tmp_path / "x.toml", "json", tmp_path)
    document = json.loads(written.read_text(encoding="utf-8"))
    assert document["priors"][0]["belief"] == pytest.approx(PRIOR)
    assert document["generations"][1]["bayes"]["tv_bayes"] == pytest.approx(check.fit.distances[1])


async def test_the_lab_draws_the_prior_and_bayes_rule(server: Loopback) -> None:
    session = LabSession(await finished(configured(server, stubborn)))
    check = only(session.checks)
    start = build_lab_state(session, 0, ChartSettings())
    assert start.belief.log_p is not None
    assert np.exp(start.belief.log_p) == pytest.approx(PRIOR, abs=1e-9)
    first = build_lab_state(session, 1, ChartSettings())
    assert first.belief.previous is not None
    assert np.exp(first.belief.previous) == pytest.approx(PRIOR, abs=1e-9)
    assert first.bayes is False
    beside = build_lab_state(session, 2, ChartSettings(bayes=True))
    assert beside.bayes is True
    assert beside.belief.previous is not None
    np.testing.assert_array_equal(beside.belief.previous, check.fit.log_bayes[1])
    assert beside.belief.ghost == "Bayes' rule, noise 0.13"
    assert beside.belief.caption.startswith(f"{check.fit.distances[1]:.2f} total variation from Bayes' rule · joint, scored: ")
    assert build_lab_state(session, 0, ChartSettings(bayes=True)).belief.previous is None
    titles = [panel.title for panel in beside.curves]
    assert titles[2:4] == ["How far from Bayes' rule? (TV)", "Which noise fits Bayes' rule?"]
    assert beside.curves[2].series[0].values == pytest.approx(check.fit.distances)
    assert beside.curves[3].references == (("all", check.fit.noise),)


async def test_without_a_prior_the_lab_is_as_it_was() -> None:
    session = LabSession(await finished(read_config({"chain": {"generations": 2}})))
    assert session.checks == ()
    state = build_lab_state(session, 2, ChartSettings(bayes=True))
    assert state.bayes is None
    assert state.belief.ghost == "last generation"
    assert not [panel for panel in state.curves if "Bayes" in panel.title]


def test_log_normalise_is_what_the_model_here_does() -> None:
    config = read_config({"task": {"objects": ["A", "B", "screen"], "spurious": "screen", "hypothesis": 3, "initial": 4}})
    examples = config.start.samples
    by_task = log_normalise(np.log(PRIOR) + config.task.log_likelihood([examples], NOISE)[0])
    assert np.exp(by_task) == pytest.approx(bayes(config, examples))
