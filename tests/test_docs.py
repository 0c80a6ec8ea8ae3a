"""What the documents say must be so: their code runs, and what they link to is there."""

from __future__ import annotations

import asyncio
import importlib.util
import math
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from iicl_tui.bayes.binomial import log_interval
from iicl_tui.bayes.dirichlet import entropy_range
from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.errors import Fault
from iicl_tui.text import outwards

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def blocks(page: Path, language: str) -> list[str]:
    """The page's fenced blocks of a language."""
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"))


def test_the_code_of_the_library_page_runs(tmp_path: Path) -> None:
    code = "\n".join(blocks(ROOT / "docs" / "api.md", "python"))
    assert code.count("\n") > 20
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "(12, 243)" in done.stdout
    assert done.stdout.count("P(h*)") == 12
    assert "entropy (nats)" in done.stdout


def test_the_first_example_has_ten_lines() -> None:
    first = blocks(ROOT / "docs" / "api.md", "python")[0]
    assert sum(bool(line.strip()) for line in first.splitlines()) <= 10


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("heading", ["## Run", "## Test"])
def test_the_readme_has_one_line_to_run_and_one_to_test(heading: str) -> None:
    section = (ROOT / "README.md").read_text(encoding="utf-8").split(f"\n{heading}\n")[1].split("\n## ")[0]
    (block,) = re.findall(r"(?ms)^```sh\n(.*?)^```$", section)
    assert len(block.splitlines()) == 1


def test_the_filter_of_the_contributors_page_is_a_kind(tmp_path: Path) -> None:
    (code,) = blocks(ROOT / "CONTRIBUTING.md", "python")
    names: dict[str, object] = {"__name__": "page"}
    exec(code, names)
    assert names["SECOND_LOOK"].name == "second-look"  # type: ignore[attr-defined]
    (package,) = blocks(ROOT / "CONTRIBUTING.md", "toml")
    example = (ROOT / "docs" / "plugin-example" / "pyproject.toml").read_text(encoding="utf-8")
    for line in package.splitlines():
        assert line in example


def test_the_example_plug_in_fits_the_protocols() -> None:
    """The same as tests/plugin, in this process: a chain with its agent and its filter."""
    path = ROOT / "docs" / "plugin-example" / "iicl_tui_example.py"
    spec = importlib.util.spec_from_file_location("iicl_tui_example", path)
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    config = read_config({"chain": {"generations": 8}})
    faults: list[Fault] = []
    agent = example.LAPSING.build({"lapse": 0.5, "noise": 0.1, "prior": {}}, config.task, (), faults, None)
    second_look = example.SECOND_LOOK.build({"examples": 2}, config.task, (), faults)
    chain = Chain(replace(config, agents=(agent,), filters=(second_look,)))
    asyncio.run(chain.run())
    assert not faults
    interactions = [generation.interaction for generation in chain.generations]
    assert any(each is not None and each.refinements for each in interactions)
    assert all(belief is not None for belief in chain.beliefs(1, 8))


def test_the_table_of_what_draws_can_show_is_computed() -> None:
    page = (ROOT / "docs" / "belief.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\d,]+) \| ([\d.]+) to ([\d.]+) \| (\.\d+) \| (\.\d+) \|$", page, re.M)
    assert len(rows) == 5
    for draws, least, most, never, always in rows:
        count = int(draws.replace(",", ""))
        assert (least, most) == outwards(*entropy_range(count, 243), 2)
        ends = math.exp(log_interval(count, count)[0]), math.exp(log_interval(0, count)[1])
        assert (f"0{always}", f"0{never}") == outwards(*ends, 3)


def factorised_error() -> ModuleType:
    spec = importlib.util.spec_from_file_location("factorised_error", ROOT / "docs" / "factorised_error.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


def test_the_error_of_a_factorised_belief_is_the_one_that_is_stated(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of fewer replies than the figure, so within 4 of their standard errors (one reply's deviation is below .25)."""
    script = factorised_error()
    monkeypatch.setattr(script, "TIMES", 300)
    script.main()
    found = float(capsys.readouterr().out.split("mean ")[1].split(" ")[0])
    assert found == pytest.approx(0.243, abs=4 * 0.25 / math.sqrt(300))
    assert ".243 ± .003" in (ROOT / "docs" / "belief.md").read_text(encoding="utf-8")


def test_a_reply_of_independent_objects_is_read_as_it_is() -> None:
    """The error is none where the objects are independent."""
    script = factorised_error()
    first, second = np.array([0.2, 0.3, 0.5]), np.array([0.6, 0.1, 0.3])
    codes = np.array([(a, b) for a in range(3) for b in range(3)])
    joint = np.outer(first, second).ravel()
    for drawn in range(9):
        assert script.along_one_reply(joint, codes, drawn) == pytest.approx(joint)
