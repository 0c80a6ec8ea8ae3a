"""Exact predictions against sums over single slots and tries, simulated ones against exact ones, and what is said of ends."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from iicl_tui.bayes import inference, markov
from iicl_tui.chain.config import ChainConfig, read_config
from iicl_tui.errors import LabError
from iicl_tui.store.array_cache import ArrayCache, content_key
from iicl_tui.study.theory import transitions
from iicl_tui.study.theory.ensemble import simulate
from iicl_tui.study.theory.prediction import against_ensemble, compare, deviation, predict, sampling_distance
from iicl_tui.study.theory.setting import setting_of
from iicl_tui.study.theory.transitions import NoMatrix, law_of
from iicl_tui.tasks.base import Example

WEIGHTS = [3, 1, 2, 2, 0.5, 1, 1, 4, 2.5]
D0 = [{"input": ["A"], "output": "on"}, {"input": ["A", "B"], "output": "on"}, {"input": ["B"], "output": "off"}]


def small(agent: Any = (), task: Any = (), **document: Any) -> ChainConfig:
    """Two objects, nine rules."""
    agents = [
        {"noise": 0.2, "prior": {"weights": WEIGHTS}, **dict(each)} for each in (agent if isinstance(agent, list) else [agent])
    ]
    return read_config(
        {"task": {"objects": ["A", "B"], "samples": 2, **dict(task)}, "agent": agents, "start": {"sample": D0}, **document}
    )


def by_slots(config: ChainConfig) -> np.ndarray:
    """T of a chain of one agent, from its definition: slot by slot, dataset by dataset, and try by try."""
    task, agent, start = config.task, config.agents[0], config.start
    noise, tau = agent.noise, agent.temperature  # type: ignore[attr-defined]
    filters = config.document.get("filter", [])
    pairs = [Example(x, y) for x in task.inputs for y in task.outputs]
    chance = np.exp(task.log_likelihood([[pair] for pair in pairs], noise)) / len(task.inputs)
    agrees = np.array([[task.agrees(h, pair) for h in range(9)] for pair in pairs])
    slots = np.vstack([chance, np.zeros(9)])  # the last one: nothing
    for each in filters:
        accept = None
        if each["kind"] == "consistent":
            accept, tries = agrees.astype(float), (each.get("redraws", 20) if each.get("on-reject") != "drop" else 0) + 1
        elif each["kind"] == "imperfect" and each["gates"] == "samples":
            right = agrees[:, [start.target]] & np.ones((1, 9), dtype=bool) if each.get("truth") == "target" else agrees
            accept = np.where(right, 1 - each.get("miss", 0), each.get("false-alarm", 0))
            tries = (each.get("redraws", 1000) if each.get("on-reject") != "drop" else 0) + 1
        if accept is not None:
            passed, still = np.zeros((9, 9)), np.ones(9)
            for _ in range(tries):
                passed += still * slots[:-1] * accept
                still = still * (1 - (slots[:-1] * accept).sum(axis=0))
            slots = np.vstack([passed, still])
    own = config.own_samples
    mixes = list(itertools.combinations(start.samples, config.task.samples - own))
    total = np.zeros((9, 9))
    for places in itertools.product(range(10), repeat=own):
        p_data = np.prod([slots[place] for place in places], axis=0)
        for mixed in mixes:
            data = [*(pairs[place] for place in places if place < 9), *mixed]
            joint = np.array(WEIGHTS) * np.exp(task.log_likelihood([data], noise))[0]
            if joint.sum() == 0:
                continue
            belief = (joint / joint.sum()) ** (1 / tau)
            total += np.outer(p_data, gated(belief / belief.sum(), config, filters)) / len(mixes)
    return total


def picked(belief: np.ndarray, choose: str) -> np.ndarray:
    """The chances to be learned from a belief."""
    if belief.sum() == 0:
        return belief
    if choose == "map":
        best = belief > belief.max() * (1 - 1e-9)
        return best / best.sum()
    return belief / belief.sum()


def gated(belief: np.ndarray, config: ChainConfig, filters: list[dict[str, Any]]) -> np.ndarray:
    """What passes the filters of hypotheses, try by try."""
    choose = config.agents[0].choose  # type: ignore[attr-defined]
    p = picked(belief, choose)
    for each in filters:
        if each["kind"] not in ("effective-set", "imperfect") or each.get("gates") == "samples":
            continue
        right = config.task.explained(config.start.samples) >= each.get("least", len(config.start.samples))
        if each.get("mode") == "restrict":
            p = p * right + p[~right].sum() * picked(belief * right, choose)
            continue
        accept = right.astype(float)
        if each["kind"] == "imperfect":
            accept = np.where(right, 1 - each.get("miss", 0), each.get("false-alarm", 0))
        out, rejected = np.zeros(9), 1.0
        for _ in range(each.get("redraws", 1000) + 1):
            out += rejected * p * accept
            rejected *= (p * (1 - accept)).sum()
        p = out
    return p


CASES: list[dict[str, Any]] = [
    {},
    {"agent": {"temperature": 0.5}},
    {"agent": {"choose": "map", "prior": {}}},
    {"filter": [{"kind": "effective-set"}]},
    {"filter": [{"kind": "effective-set", "redraws": 2, "least": 2}]},
    {"agent": {"noise": 0.0}, "filter": [{"kind": "effective-set", "mode": "restrict"}]},
    {"agent": {"choose": "map"}, "filter": [{"kind": "effective-set", "mode": "restrict"}]},
    {"filter": [{"kind": "imperfect", "gates": "hypothesis", "miss": 0.3, "false-alarm": 0.1, "redraws": 4}]},
    {
        "filter": [
            {"kind": "effective-set", "least": 2, "redraws": 5},
            {"kind": "imperfect", "gates": "hypothesis", "miss": 0.5, "redraws": 3},
        ]
    },
    {
        "filter": [
            {"kind": "imperfect", "gates": "hypothesis", "miss": 0.5, "redraws": 3},
            {"kind": "effective-set", "mode": "restrict"},
        ]
    },
    {"filter": [{"kind": "consistent"}]},
    {"filter": [{"kind": "consistent", "on-reject": "drop"}]},
    {"filter": [{"kind": "consistent", "redraws": 1}, {"kind": "imperfect", "gates": "samples", "miss": 0.5, "redraws": 1}]},
    {
        "filter": [
            {"kind": "imperfect", "gates": "samples", "miss": 0.2, "false-alarm": 0.5, "truth": "target", "on-reject": "drop"}
        ]
    },
    {"chain": {"keep": {"mix": 0.5}}},
    {"chain": {"keep": {"mix": 0.5}}, "agent": {"temperature": 2.0}, "filter": [{"kind": "effective-set", "redraws": 9}]},
]


@pytest.mark.parametrize("document", CASES)
def test_matrices_are_sums_over_slots_and_tries(document: dict[str, Any]) -> None:
    config = small(**document)
    expected = by_slots(config) if document.get("agent", {}).get("prior") != {} else None
    law = law_of(setting_of(config))
    if expected is not None:
        np.testing.assert_allclose(law.turns[0], expected, atol=1e-12)
        p = np.array(WEIGHTS) * np.exp(config.task.log_likelihood([config.start.samples], config.agents[0].noise))[0]  # type: ignore[attr-defined]
        belief = (p / p.sum()) ** (1 / config.agents[0].temperature)  # type: ignore[attr-defined]
        np.testing.assert_allclose(law.first, gated(belief / belief.sum(), config, config.document.get("filter", [])), atol=1e-12)


def test_every_generation_is_a_row_of_the_powers() -> None:
    config = small(chain={"generations": 5})
    found = predict(config)
    matrix = by_slots(config)
    for t in range(5):
        np.testing.assert_allclose(found.distributions[t], found.distributions[0] @ np.linalg.matrix_power(matrix, t), atol=1e-12)
    assert found.exact
    assert found.errors.tolist() == [0] * 5
    assert found.stationary is not None
    np.testing.assert_allclose(found.stationary, np.array(WEIGHTS) / 17, atol=1e-10)  # the first statement of the theory
    eigenvalues = np.sort(np.abs(np.linalg.eigvals(matrix)))
    assert found.second_eigenvalue == pytest.approx(eigenvalues[-2])
    assert found.relaxation == pytest.approx(-1 / np.log(eigenvalues[-2]))


def test_agents_in_turn() -> None:
    """With other priors, the next agent learns from what this one made."""
    config = small(agent=[{}, {"prior": {}, "temperature": 0.5}], chain={"generations": 4})
    alone = [law_of(setting_of(small(agent=each))).turns[0] for each in ({}, {"prior": {}, "temperature": 0.5})]
    found = predict(config)
    p = found.distributions[0]
    for t in range(3):
        p = p @ alone[(t + 1) % 2]  # both have the same noise, so that only the learner matters
        np.testing.assert_allclose(found.distributions[t + 1], p, atol=1e-12)
    assert found.stationary is not None
    np.testing.assert_allclose(found.stationary, markov.stationary(alone[1] @ alone[0]), atol=1e-9)


def test_acronyms_have_a_chain_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Share and length are learned independently, and together they give what the whole grid gives."""
    document = {
        "chain": {"task": "acronym"},
        "task": {"samples": 2},
        "agent": [{"prior": {"easy": 2, "longer": 1.2}, "noise": 0.1}],
    }
    config = read_config(document)
    parts = law_of(setting_of(config)).turns[0]
    monkeypatch.setattr(transitions, "_independent_parts", lambda *given: [])
    whole = law_of(setting_of(config)).turns[0]
    np.testing.assert_allclose(parts, whole, atol=1e-12)
    agent = config.agents[0]
    assert inference.total_variation(markov.stationary(whole), np.exp(agent.log_prior)) < 1e-9  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "document",
    [
        {"chain": {"lookback": 1}},
        {"chain": {"keep": "accumulate"}},
        {"task": {"rules": "hidden"}},
        {"filter": [{"kind": "self-refine"}]},
        {"filter": [{"kind": "yoked", "rates": {"samples": [0.5, 0.25]}}]},
        {"task": {"samples": 40}},
    ],
)
def test_what_has_no_matrix_is_simulated_and_says_why(document: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transitions, "MOST_WORK", 1e6)
    config = small(**document)
    found = predict(config, 2, chains=200)
    assert not found.exact
    assert found.why_simulated
    assert found.distributions.shape == (2, 9)
    assert (found.errors > 0).all()
    assert found.stationary is None
    with pytest.raises(NoMatrix):
        predict(config, exact=True)


def test_a_simulation_is_within_its_error() -> None:
    config = small(chain={"generations": 8})
    exact, simulated = predict(config), predict(config, exact=False, chains=3000)
    for p, q, error in zip(exact.distributions, simulated.distributions, simulated.errors, strict=True):
        assert inference.total_variation(p, q) < error < 0.1


def test_the_expected_distance_of_frequencies() -> None:
    """Of 2,000 sets of 50 draws: the mean distance is below the bound, by a fifth or so, and 95 % are below the other."""
    p = np.array([0.5, 0.2, 0.2, 0.1])
    distances = [inference.total_variation(counts / 50, p) for counts in np.random.default_rng(3).multinomial(50, p, size=2000)]
    assert 0.75 * sampling_distance(p, 50) < np.mean(distances) < sampling_distance(p, 50)
    assert np.mean(np.array(distances) > sampling_distance(p, 50) + deviation(50)) < 0.05
    assert compare(np.array([5, 2, 2, 1]), p).distance == pytest.approx(0)


def test_an_ensemble_beside_its_prediction() -> None:
    config = small(chain={"generations": 3})
    for beside in against_ensemble(predict(config), simulate(config, 2000)):
        assert beside.draws == 2000
        assert beside.distance < beside.expected + deviation(2000)


def test_where_a_random_walk_ends() -> None:
    """Gambler's ruin: from i of 4 it ends at 4 with the chance i/4, after i(4 − i) steps on average."""
    walk = np.diag([1.0, 0, 0, 0, 1]) + np.diag([0.5, 0.5, 0.5, 0], -1) + np.diag([0, 0.5, 0.5, 0.5], 1)
    for i in range(5):
        found = markov.ends(walk, np.eye(5)[i])
        assert [members.tolist() for members in found.classes] == [[0], [4]]
        np.testing.assert_allclose(found.chances, [1 - i / 4, i / 4], atol=1e-12)
        assert found.generations == pytest.approx(i * (4 - i))


def test_a_chain_that_may_stop_ends_nowhere_with_the_rest() -> None:
    found = markov.ends(np.array([[0.5, 0.25], [0.0, 1.0]]), np.array([1.0, 0.0]))
    np.testing.assert_allclose(found.chances, [0.5])
    assert markov.ends(np.array([[0.5]]), np.ones(1)).classes == ()


def test_the_second_eigenvalue_of_two_states() -> None:
    assert markov.second_eigenvalue(np.array([[0.9, 0.1], [0.3, 0.7]])) == pytest.approx(0.6)


def test_absorbing_rules_of_agents_that_take_the_maximum() -> None:
    config = read_config({"task": {"samples": 2}, "agent": [{"choose": "map", "prior": {"A": {"on": 5, "off": 2, "und": 1}}}]})
    found = predict(config)
    assert found.law is not None
    assert found.ends is not None
    absorbing = np.flatnonzero(markov.absorbing(found.law.turns[0]))
    assert {int(members[0]) for members in found.ends.classes if len(members) == 1} == set(absorbing.tolist())
    assert found.ends.chances.sum() == pytest.approx(1)


def test_the_cache_gives_the_same_and_survives_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache, config = ArrayCache(tmp_path), small()
    first = law_of(setting_of(config), cache)
    monkeypatch.setattr("iicl_tui.bayes.multisets.summed", lambda *a, **k: pytest.fail("it was computed again"))
    np.testing.assert_array_equal(law_of(setting_of(config), cache).turns[0], first.turns[0])
    monkeypatch.undo()
    (file,) = tmp_path.glob("*.npz")
    data = file.read_bytes()
    for damaged in (b"", data[:50], data[:-200] + b"\x00" * 200, data[:200] + bytes([data[200] ^ 255]) + data[201:], b"PK\x03\x04"):
        file.write_bytes(damaged)
        np.testing.assert_array_equal(law_of(setting_of(config), cache).turns[0], first.turns[0])
    assert len(list(tmp_path.glob("*.npz"))) == 1
    other = law_of(setting_of(small(filter=[{"kind": "effective-set"}])), cache)
    assert not np.array_equal(other.turns[0], first.turns[0])


def test_the_cache_is_bounded_and_drops_what_was_not_used_for_longest(tmp_path: Path) -> None:
    import os

    cache = ArrayCache(tmp_path, most=20_000)
    for at in range(4):
        cache.put(str(at), {"x": np.full(1000, float(at))})
        os.utime(tmp_path / f"{at}.npz", (at, at))
    assert sorted(path.stem for path in tmp_path.glob("*.npz")) == ["2", "3"]
    cache.put("large", {"x": np.zeros(10_000)})
    assert cache.get("large") is None
    kept = cache.get("3")
    assert kept is not None
    assert kept["x"].tolist() == [3.0] * 1000
    ArrayCache(tmp_path / "2.npz").put("x", {"x": np.zeros(2)})  # no folder: nothing is kept, and nothing fails
    assert content_key([np.zeros(2), "a"]) != content_key([np.zeros(2), "b"]) != content_key([np.ones(2), "b"])


def test_nothing_is_predicted_of_no_generations() -> None:
    with pytest.raises(LabError):
        predict(small(), 0)
