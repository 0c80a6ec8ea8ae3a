"""Each preset shows what its text says; the figures here are the ones in the texts."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import numpy as np
import pytest
from narrow import not_none
from speaking import InMemory, connected, follows

from iicl_tui.agents.bayesian import BayesianAgent
from iicl_tui.chain.config import assign, read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.metrics import Measures, measure
from iicl_tui.errors import LabError
from iicl_tui.filters.scripted import ScriptedDecider
from iicl_tui.store.presets import load, presets, summary
from iicl_tui.tasks.acre.bias import BIASES
from iicl_tui.tasks.acre.task import Acre

NAMES = [preset.name for preset in presets()]


async def run(name: str) -> tuple[Chain, Measures]:
    config = read_config(tomllib.loads(load(name).text))
    config = connected(config, InMemory(follows(config)))  # where models are asked, one that always says the same
    chain = Chain(config, decider=ScriptedDecider({"default": "approve"}, config.task))
    await chain.run()
    return chain, measure(chain)


def shares(chain: Chain, measures: Measures) -> np.ndarray:
    """How often each state of the screen occurs among all hᵗ."""
    codes = chain.task.space.codes[measures.hypothesis, chain.task.focus]
    return np.bincount(codes, minlength=3) / len(codes)


@pytest.mark.parametrize("name", [name for name in NAMES if not name.endswith("-embedded") and name != "e2-base-local"])
async def test_runs_to_its_end(name: str) -> None:
    """Of those whose belief is scored, test_embedded.py and test_scored_chain.py run the first generation."""
    chain, measures = await run(name)
    assert chain.status == "finished"
    assert len(measures) == chain.config.generations


@pytest.mark.parametrize("name", NAMES)
def test_says_what_it_is(name: str) -> None:
    preset = load(name)
    headline, _, rest = preset.summary.partition("\n")
    assert headline.endswith(".")
    assert len(headline) < 80
    assert len(rest) > 200
    assert "#" not in preset.summary


@pytest.mark.parametrize(("name", "first", "last"), [("1", 4.52, 3.19), ("0.5", 3.82, 0.90), ("0.1", 0.19, 0.11)])
async def test_e1_entropy_falls(name: str, first: float, last: float) -> None:
    _, measures = await run(f"e1-temperature-{name}")
    assert measures.entropy[[0, -1]] == pytest.approx([first, last], abs=0.005)


E2 = [(likelihood, level) for likelihood in ("strong", "weak") for level in BIASES]


def document(name: str) -> dict[str, Any]:
    return tomllib.loads(load(name).text)


@pytest.mark.parametrize(("likelihood", "level"), E2)
async def test_an_e2_preset_is_the_condition_of_its_name(likelihood: str, level: str) -> None:
    number, rule = {"strong": (0, ["on"] * 4), "weak": (33, ["on", "off", "und", "off"])}[likelihood]
    tables = document(f"e2-{likelihood}-{level}")
    assert tables["task"] == {
        "objects": ["A", "B", "C", "D", "screen"],
        "hypothesis": number,
        "initial": 4,
        "samples": 4,
        "draw": "overlap",
        "spurious": "screen",
        "bias": level,
    }
    assert tables["agent"] == [{"kind": "bayes", "choose": "sample", "temperature": 1.0}]
    assert (tables["chain"]["generations"], tables["chain"]["lookback"]) == (4, 1)
    chain, measures = await run(f"e2-{likelihood}-{level}")
    target = chain.task.write_hypothesis(chain.start.target)
    assert list(target.values()) == [*rule, "off"]
    assert measures.explained[0] == 4
    said = load(f"e2-{likelihood}-{level}").summary
    assert f" {2 ** BIASES.index(level)} times" in said or level == "none"
    figures = re.search(r"P\(screen off\) is ([\d., ]+) over the four generations", said)
    off = [float(figure) for figure in not_none(figures)[1].split(", ")]
    assert measures.marginals[not_none(chain.task.focus)][:, 1] == pytest.approx(off, abs=0.0051)


@pytest.mark.parametrize("provider", ["openai", "anthropic", "mistral"])
@pytest.mark.parametrize("prefer", ["easy", "hard", "easylong", "easyshort", "random", "imitation"])
async def test_every_condition_of_e4_is_one_command_for_every_provider(provider: str, prefer: str) -> None:
    tables = document(f"e4-{'imitation' if prefer == 'imitation' else 'easy'}-{provider}")
    if prefer != "imitation":
        assign(tables, f"filter.prefer={prefer}")
    assign(tables, "chain.generations=2")
    config = read_config(tables)
    assert [agent.kind for agent in config.agents] == [provider]
    assert [each.kind for each in config.filters] == ([] if prefer == "imitation" else ["rank"])
    chain = Chain(connected(config, InMemory(follows(config))))
    await chain.run()
    assert chain.status == "finished"


async def test_the_papers_h001_changes_nothing_but_the_mark_of_its_rival() -> None:
    tables = document("e2-strong-high")
    found = []
    for number in (0, 1):
        tables["task"]["hypothesis"] = number
        chain = Chain(read_config(tables))
        await chain.run()
        found.append(chain)
    notebook, paper = found
    assert notebook.start.target == paper.start.target
    assert (notebook.start.samples, notebook.generations) == (paper.start.samples, paper.generations)
    assert np.array_equal(measure(notebook).marginals[4], measure(paper).marginals[4])
    rivals = [chain.task.write_hypothesis(not_none(chain.start.rival)) for chain in found]
    assert [rival["screen"] for rival in rivals] == ["on", "und"]


def test_presets_say_what_look_back_counts() -> None:
    for name in NAMES:
        tables, text = document(name), load(name).text
        if not name.startswith(("e1-", "e2-", "e3-")) or not tables["chain"].get("lookback"):
            continue
        counted = "# answers" if load(name).asks_models else "# datasets"
        assert tables["chain"]["lookback"] == (2 if load(name).asks_models else 1)
        assert ("two earlier" in text) == (load(name).asks_models and tables["task"].get("rules") == "hidden")
        assert any(line.startswith("lookback = ") and counted in line for line in text.splitlines())


@pytest.mark.parametrize(
    ("name", "explained"),
    [
        ("none", [8, 8, 8, 6]),
        ("human", [8, 8, 8, 6]),
        ("effective-set", [8, 8, 8, 8]),
        ("self-refine", [8, 8, 8, 8]),
        ("hypothesis-search", [8, 8, 8, 8]),
    ],
)
async def test_e3_filters_keep_faith_with_d0(name: str, explained: list[int]) -> None:
    _, measures = await run(f"e3-{name}")
    assert measures.explained.tolist() == explained


async def test_sampling_gives_back_the_prior() -> None:
    chain, measures = await run("theory-1-sampling")
    assert shares(chain, measures) == pytest.approx([0.102, 0.802, 0.096], abs=0.0006)


async def test_tempered_learners_amplify() -> None:
    chain, measures = await run("theory-2-tempered")
    assert shares(chain, measures)[1] == pytest.approx(0.976, abs=0.0006)
    assert measures.marginals[4][:, 1].mean() == pytest.approx(0.970, abs=0.0006)


async def test_effective_set_gives_back_the_prior_within_it() -> None:
    chain, measures = await run("theory-3-effective-set")
    inside = chain.task.explained(chain.start.samples) == 4
    assert inside.sum() == 21
    prior = np.where(inside, np.exp(log_prior(chain)), 0)
    assert chain.task.space.marginal(prior / prior.sum(), 4) == pytest.approx([0, 0.857, 0.143], abs=0.0005)
    assert shares(chain, measures) == pytest.approx([0, 0.864, 0.136], abs=0.0006)
    assert (measures.explained == 4).all()


async def test_map_within_the_effective_set_ends_at_what_the_prior_likes_best_there() -> None:
    chain, measures = await run("theory-3-map-in-effective-set")
    inside = chain.task.explained(chain.start.samples) >= 20
    assert (inside.sum(), chain.start.target) == (29, (await run("theory-4-map-prior-wins"))[0].start.target)
    prior = np.where(inside, log_prior(chain), -np.inf)
    table = chain.task.table  # type: ignore[attr-defined]
    agree = (table[:, None, :] == table[None]).sum(axis=-1) >= chain.task.samples
    np.fill_diagonal(agree, False)
    leaves = agree & (prior[None, :] >= prior[:, None] - 1e-9) & inside[None, :]
    assert np.flatnonzero(inside & ~leaves.any(axis=1)).tolist() == [prior.argmax()]
    assert chain.task.space.assignment(int(prior.argmax())) == {"A": "on", **dict.fromkeys(["B", "C", "D", "screen"], "off")}
    assert (np.flatnonzero(measures.hypothesis == prior.argmax()) + 1).tolist() == list(range(11, 41))
    assert (np.diff(prior[measures.hypothesis]) >= -1e-12).all()
    assert sum(bool(not_none(generation.interaction).refinements) for generation in chain.generations) == 9


def log_prior(chain: Chain) -> np.ndarray:
    agent = chain.config.agents[0]
    assert isinstance(agent, BayesianAgent)
    return agent.log_prior


def traps(chain: Chain) -> np.ndarray:
    """(H,): the most inputs that a hypothesis shares with one that the prior likes as much; below M it is a trap."""
    assert isinstance(chain.task, Acre)
    table, prior = chain.task.table, log_prior(chain)
    agree = (table[:, None, :] == table[None]).sum(axis=-1)
    better = prior[None, :] >= prior[:, None] - 1e-9
    np.fill_diagonal(better, False)
    return np.where(better, agree, -1).max(axis=1)


@pytest.mark.parametrize(
    ("name", "count", "moves"), [("prior-wins", 1, [4, 5, 7, 8, 16]), ("stops-short", 11, [3]), ("frozen", 243, [])]
)
async def test_map_learners_and_the_bottleneck(name: str, count: int, moves: list[int]) -> None:
    chain, measures = await run(f"theory-4-map-{name}")
    shared = traps(chain)
    assert (shared < chain.task.samples).sum() == count
    assert [(shared < m).sum() for m in (24, 30)] == [51, 211]
    assert [at + 2 for at in np.flatnonzero(np.diff(measures.hypothesis))] == moves
    prior = log_prior(chain)
    assert (np.diff(prior[measures.hypothesis]) >= -1e-12).all()
    assert shared[measures.hypothesis[-1]] < chain.task.samples
    favourite = measures.hypothesis[-1] == prior.argmax()
    assert favourite == (name == "prior-wins")
    if name == "stops-short":
        assert np.exp(prior[[measures.hypothesis[-1], prior.argmax()]]) == pytest.approx([0.012, 0.070], abs=0.0005)
    if name == "frozen":
        assert (measures.p_target == 1).all()


async def test_the_markov_preset_states_its_matrix() -> None:
    chain, measures = await run("theory-5-markov")
    task = chain.task
    matrix = np.zeros((4, 4))
    for hypothesis in range(4):
        for x in task.inputs:
            example = task.read_example(list(x), task.predict(hypothesis, x))
            explains = task.explained([example])
            matrix[hypothesis] += explains / explains.sum() / len(task.inputs)
    rows = [line.split()[1:] for line in load("theory-5-markov").summary.splitlines() if line.startswith("  ")]
    assert np.array(rows, dtype=float) == pytest.approx(matrix, abs=0.0005)
    assert np.bincount(measures.hypothesis) / 2000 == pytest.approx([0.25] * 4, abs=0.026)
    moves = np.zeros((4, 4))
    np.add.at(moves, (measures.hypothesis[:-1], measures.hypothesis[1:]), 1)
    assert moves[3, 3] / moves[3].sum() == pytest.approx(0.627, abs=0.0005)
    assert moves[3, 0] == 0


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(LabError, match="e3-none") as caught:
        load("e3-nome")
    assert caught.value.exit_code == 2
    with pytest.raises(LabError, match="theory-5-markov"):
        load("\x1b[31m")


def test_summary_joins_lines_and_keeps_set_in_ones() -> None:
    assert summary("# One\n# two.\n#\n# Three\n#   a b\n#   c d\n# four\n\n# not this\n") == "One two.\n\nThree\n  a b\n  c d\nfour"
    assert summary("x = 1") == ""
