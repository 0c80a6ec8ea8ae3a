"""The command `predict`: what it says of chains that end in different ways, and beside a session."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import run_here

import iicl_tui


def predicted(folder: Path, *arguments: str, code: int = 0) -> str:
    environment = {"HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache")}
    done = run_here(folder, "predict", *arguments, environment=environment)
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def test_a_chain_that_samples_gives_back_the_prior(tmp_path: Path) -> None:
    text = predicted(tmp_path, "theory-1-sampling", "--set", "task.samples=1", "--generations", "3")
    assert "Exact" in text
    assert "It is the prior." in text
    assert [line.split()[0] for line in text.splitlines() if line.lstrip()[:1].isdigit()][:3] == ["1", "2", "3"]
    assert list((tmp_path / "cache").rglob("*.npz"))
    assert predicted(tmp_path, "theory-1-sampling", "--set", "task.samples=1", "--generations", "3") == text


def test_a_chain_that_takes_the_maximum_is_held(tmp_path: Path) -> None:
    prior = "\n".join(f"{name} = {{on = 3, off = 2, und = 1}}" for name in ("A", "B", "C", "D", "screen"))
    (tmp_path / "chain.toml").write_text(f'[task]\nsamples = 1\n[[agent]]\nchoose = "map"\n[agent.prior]\n{prior}\n')
    text = predicted(tmp_path, "chain.toml")
    assert "1 rule holds the chain for ever" in text
    assert "generations on average" in text


def test_what_is_simulated_says_so(tmp_path: Path) -> None:
    text = predicted(tmp_path, "e0-interaction-holistic", "--generations", "2", "--chains", "50")
    assert "Simulated with 50 chains" in text
    assert "No exact result:" in text


def test_a_session_stands_beside_its_prediction(tmp_path: Path) -> None:
    changes = {"chain.generations": 30, "task.objects": ["A", "B"], "task.initial": 2, "task.samples": 2}
    iicl_tui.run({}, changes, path=tmp_path / "one.toml").close()
    text = predicted(tmp_path, "one.toml")
    assert "On record: 30 generations." in text
    assert "the stationary distribution: 0." in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "no preset"),
        (["e3-human"], "No theory of this chain"),
        (["theory-1-sampling", "--set", "task.samples=0"], "samples"),
        (["theory-1-sampling", "--generations", "0"], "Nothing to predict"),
    ],
)
def test_what_cannot_be_predicted(tmp_path: Path, arguments: list[str], words: str) -> None:
    assert words in predicted(tmp_path, *arguments, code=2)
