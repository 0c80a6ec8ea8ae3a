"""The library's promise: its names, what they cost to import, and what they do."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import iicl_tui

ROOT = Path(__file__).parents[1]
PROMISED = {
    "ChainConfig", "ConfigError", "Ensemble", "LabError", "Measures", "Outcome", "Prediction", "Preset", "Session", "__version__",
    "ensemble", "measure", "open_session", "predict", "presets", "read_config", "run", "run_async",
}  # fmt: skip


def test_the_names_are_the_promised_ones() -> None:
    assert set(iicl_tui.__all__) == PROMISED
    for name in PROMISED:
        assert getattr(iicl_tui, name) is not None
    assert set(dir(iicl_tui)) >= PROMISED
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        iicl_tui.nothing  # noqa: B018 (the access is what is tested)
    assert list(inspect.signature(iicl_tui.run).parameters) == ["source", "changes", "path", "decisions"]
    assert list(inspect.signature(iicl_tui.open_session).parameters) == ["path", "writable"]
    assert inspect.signature(iicl_tui.run).parameters == inspect.signature(iicl_tui.run_async).parameters


def test_the_import_alone_loads_nothing() -> None:
    code = "import sys, iicl_tui; print(*sorted({name.partition('.')[0] for name in sys.modules} & {'numpy', 'textual', 'openai'}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == ""


def test_the_package_says_that_it_is_typed() -> None:
    assert (Path(iicl_tui.__file__).parent / "py.typed").is_file()


def test_a_run_has_its_beliefs_as_one_array() -> None:
    session = iicl_tui.run("theory-1-sampling", {"chain.generations": 5})
    beliefs, rules = session.beliefs, session.rules
    assert (session.status, session.path) == ("finished", None)
    assert beliefs.shape == (5, len(rules)) == (5, 243)
    assert np.allclose(beliefs.sum(axis=1), 1.0)
    assert len(set(rules)) == 243
    assert session.hypotheses.shape == (5,)
    measures = iicl_tui.measure(session)
    assert isinstance(measures, iicl_tui.Measures)
    entropy = -np.where(beliefs > 0, beliefs * np.log(np.where(beliefs > 0, beliefs, 1)), 0).sum(axis=1)
    assert np.allclose(measures.entropy, entropy)
    assert np.allclose(measures.p_target, beliefs[:, session.target])
    assert session.outcome is not None
    assert session.outcome.generation == 5
    assert [len(session.data(t)) for t in range(6)] == [len(session.data(0)), *[session.config.task.samples] * 5]
    with pytest.raises(IndexError, match="no generation 6"):
        session.data(6)
    assert "finished at generation 5" in repr(session)


def test_the_same_seed_is_the_same_chain_in_memory_in_a_file_and_awaited(tmp_path: Path) -> None:
    changes = {"chain.seed": 11, "chain.generations": 4}
    memory = iicl_tui.run("e3-none", changes)
    filed = iicl_tui.run("e3-none", changes, path=tmp_path / "one.toml")
    awaited = asyncio.run(iicl_tui.run_async("e3-none", changes))
    assert filed.path == tmp_path / "one.toml"
    filed.close()
    with iicl_tui.open_session(tmp_path / "one.toml") as read:
        for other in (filed, awaited, read):
            assert np.array_equal(memory.beliefs, other.beliefs)
            assert np.array_equal(memory.hypotheses, other.hypotheses)


def test_a_session_goes_on_where_it_stopped(tmp_path: Path) -> None:
    config = iicl_tui.read_config("e3-none", {"chain.generations": 4})
    with iicl_tui.Session(config) as whole:
        whole.run(until=2)
        assert (len(whole.generations), whole.status) == (2, "under way")
        whole.run()
    assert np.array_equal(whole.beliefs, iicl_tui.run(config).beliefs)

    filtered = {"filter": [{"kind": "human"}], "chain": {"generations": 2}}
    with pytest.raises(iicl_tui.LabError):  # nobody is there to decide
        iicl_tui.run(filtered, path=tmp_path / "stopped.toml")
    with iicl_tui.open_session(tmp_path / "stopped.toml") as read:
        assert read.status == "waiting for review"
        with pytest.raises(iicl_tui.LabError, match="writable=True"):
            read.run()


def test_sources(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[chain]\ngenerations = 3\n")
    assert iicl_tui.read_config(str(file)).generations == iicl_tui.read_config(file).generations == 3
    assert iicl_tui.read_config({"chain": {"generations": 2}}, {"agent[1].noise": 0.25}).document["agent"][0]["noise"] == 0.25
    config = iicl_tui.read_config("e3-none")
    assert iicl_tui.read_config(config) is config
    assert iicl_tui.read_config(config, {"chain.seed": 99}).start.samples == config.start.samples
    assert {preset.name for preset in iicl_tui.presets()} >= {"e3-none", "theory-1-sampling"}


def test_numbers_of_numpy_are_numbers() -> None:
    config = iicl_tui.read_config(
        "e3-none", {"chain.seed": np.int64(7), "agent.temperature": np.float64(0.5), "task.distinct": np.bool_(True)}
    )
    assert config.document["chain"]["seed"] == 7
    weights = np.ones(243)
    changed = iicl_tui.read_config("e3-none", {"agent.prior": {"weights": weights}})
    given = iicl_tui.read_config(
        {"chain": {"generations": np.int32(2)}, "agent": [{"kind": "bayes", "prior": {"weights": weights}}]}
    )
    assert given.generations == 2
    assert changed.document["agent"][0]["prior"]["weights"] == given.document["agent"][0]["prior"]["weights"] == [1.0] * 243


def test_every_fault_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[chain]\ngenerations = -3\nsead = 1\n")
    with pytest.raises(iicl_tui.ConfigError) as caught:
        iicl_tui.read_config(file, {"chain.seed": -1})
    assert {(fault.key, fault.line) for fault in caught.value.faults} == {
        ("chain.generations", 2), ("chain.sead", 3), ("chain.seed", None),
    }  # fmt: skip
    with pytest.raises(iicl_tui.ConfigError, match="set is no value of a TOML file"):
        iicl_tui.read_config({}, {"chain.title": {1}})
    with pytest.raises(iicl_tui.LabError, match="no preset"):
        iicl_tui.read_config("e3-nonesuch")
    with pytest.raises(iicl_tui.LabError, match="is a folder"):
        iicl_tui.read_config(tmp_path)


async def test_in_a_running_loop_it_says_what_to_do() -> None:
    with pytest.raises(RuntimeError, match=r"await iicl_tui\.run_async"):
        iicl_tui.run("e3-none")
    session = await iicl_tui.run_async("e3-none", {"chain.generations": 2})
    with pytest.raises(RuntimeError, match=r"await session\.run_async"):
        session.run()


def test_a_chain_in_memory_is_not_called_saved(tmp_path: Path) -> None:
    (tmp_path / "none.toml").write_text("")
    with pytest.raises(iicl_tui.LabError, match="no more decisions") as caught:
        iicl_tui.run("e3-human", decisions=tmp_path / "none.toml")
    assert "saved" not in str(caught.value)


def test_a_chain_with_models_needs_a_file() -> None:
    with pytest.raises(iicl_tui.LabError, match="needs a file"):
        iicl_tui.run("e3-none-openai")


TYPED = """
import iicl_tui
from numpy import float64
from numpy.typing import NDArray

session: iicl_tui.Session = iicl_tui.run("e3-none", {"chain.seed": 1})
beliefs: NDArray[float64] = session.beliefs
rules: tuple[str, ...] = session.rules
wrong: int = session.rules
"""


@pytest.mark.slow
@pytest.mark.slow
def test_a_type_checker_sees_the_names(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    (tmp_path / "used.py").write_text(TYPED)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", f"--cache-dir={tmp_path}", "used.py"],
        capture_output=True, text=True, cwd=tmp_path, check=False,
    )  # fmt: skip
    found = done.stdout.splitlines()
    assert len(found) == 2, done.stdout + done.stderr
    assert found[0].startswith("used.py:9: error: Incompatible types")
