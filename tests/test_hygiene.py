"""What is imported when, seen from outside: each test is a process of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BELOW_THE_SCREEN = (
    "text",
    "errors",
    "registry",
    "schema",
    "data_files",
    "bayes",
    "tasks",
    "agents",
    "filters",
    "chain",
    "store",
    "review",
    "study",
    "lessons",
    "charts",
    "present",
    "api",
)
SCREENS = {"textual", "rich", "plotext"}
SDKS = {"openai", "anthropic", "mistralai"}


def loaded_after(code: str) -> set[str]:
    """The packages in sys.modules when the code has run."""
    code += "\nimport sys\nprint('loaded:', *sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("loaded:")[2].split())


IMPORT_ROOMS = """
import importlib, pkgutil
for room in {rooms!r}:
    module = importlib.import_module("iicl_tui." + room)
    for info in pkgutil.walk_packages(getattr(module, "__path__", []), module.__name__ + "."):
        importlib.import_module(info.name)
"""


@pytest.mark.slow
def test_nothing_below_the_screen_imports_a_screen_or_an_sdk() -> None:
    loaded = loaded_after(IMPORT_ROOMS.format(rooms=BELOW_THE_SCREEN))
    assert {"iicl_tui", "numpy"} <= loaded
    assert not loaded & (SCREENS | SDKS)


def test_a_whole_chain_runs_without_a_screen_or_an_sdk() -> None:
    loaded = loaded_after(
        "import asyncio\n"
        "from iicl_tui.chain.config import read_config\n"
        "from iicl_tui.chain.engine import Chain\n"
        "from iicl_tui.chain.metrics import outcome\n"
        "chain = Chain(read_config({}))\n"
        "asyncio.run(chain.run())\n"
        "assert outcome(chain).generation == 6\n"
    )
    assert not loaded & (SCREENS | SDKS)


@pytest.mark.slow
def test_the_lab_with_its_curves_needs_no_plotext(tmp_path: Path) -> None:
    loaded = loaded_after(
        "import asyncio\n"
        "from pathlib import Path\n"
        "from iicl_tui.chain.config import read_config\n"
        "from iicl_tui.present.lab_session import LabSession\n"
        "from iicl_tui.store.paths import Paths\n"
        "from iicl_tui.store.session import SessionFile\n"
        "from iicl_tui.tui.app import LabApp, Start\n"
        "from iicl_tui.tui.widgets.curves import Curves\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "async def main():\n"
        "    session = LabSession.from_file(SessionFile.create(read_config({}), folder))\n"
        "    paths = Paths(folder / 'settings.toml', folder, folder, folder)\n"
        "    app = LabApp(paths, start=Start('lab', {'session': session}))\n"
        "    async with app.run_test(size=(200, 60)) as pilot:\n"
        "        await pilot.pause()\n"
        "        curves = app.screen.query_one(Curves)\n"
        "        assert any('one-hot' in curves.render_line(y).text for y in range(curves.size.height))\n"
        "asyncio.run(main())\n"
    )
    assert "textual" in loaded
    assert not loaded & ({"plotext"} | SDKS)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["run", "--help"]])
def test_help_imports_neither_numpy_nor_a_screen_nor_an_sdk(arguments: list[str]) -> None:
    loaded = loaded_after(
        f"from iicl_tui.cli import main\ntry:\n    main({arguments!r})\nexcept SystemExit as end:\n    assert not end.code\n"
    )
    assert "iicl_tui" in loaded
    assert not loaded & ({"numpy"} | SCREENS | SDKS)


def test_the_ground_floor_needs_numpy_alone() -> None:
    code = IMPORT_ROOMS.format(rooms=["bayes"])
    code += "\nimport sys\nassert not [name for name in sys.modules if name.startswith('iicl_tui.') and '.bayes' not in name]\n"
    assert not loaded_after(code) & (SCREENS | SDKS)


def test_every_floor_imports_only_from_those_below() -> None:
    lint_imports = shutil.which("lint-imports", path=str(Path(sys.executable).parent)) or shutil.which("lint-imports")
    if lint_imports is None:
        pytest.skip("import-linter is not installed")
    done = subprocess.run([lint_imports, "--no-cache"], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_no_classifier_is_invented() -> None:
    """An unknown classifier stops `pip install .`; PyPI's list has no framework that this program uses."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert [name for name in project["classifiers"] if name.startswith("Framework ::")] == []
