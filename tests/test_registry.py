"""Kinds that other packages bring: found by their entry points, and never able to end the program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PLUGIN = """
from iicl_tui.agents.base import AgentKind
from iicl_tui.agents.bayesian import FIELDS, build

KIND = AgentKind("elsewhere", "Elsewhere", "From another package.", FIELDS, build, order=50)
OURS = AgentKind("bayes", "Not ours", "Takes the name of another.", FIELDS, build)
NOTHING = object()
"""

EXITING = "raise SystemExit(3)\n"

A_FILTER = """
from iicl_tui.filters.base import FilterKind

KIND = FilterKind("a-filter", "A filter", "It is no agent.", (), lambda values, task, path, faults: None)
"""

POINTS = """[iicl_tui.agents]
elsewhere = a_plugin:KIND
bayes = a_plugin:OURS
gone = a_plugin:NO_SUCH_NAME
missing = no_such_package:KIND
nothing = a_plugin:NOTHING
exiting = exiting:KIND
a-filter = a_filter:KIND
"""


def run(folder: Path, code: str) -> str:
    info = folder / "a_plugin-1.0.dist-info"
    info.mkdir(exist_ok=True)
    (folder / "a_plugin.py").write_text(PLUGIN)
    (folder / "exiting.py").write_text(EXITING)
    (folder / "a_filter.py").write_text(A_FILTER)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: a-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(POINTS)
    env = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_kind_of_another_package_is_a_kind(tmp_path: Path) -> None:
    code = (
        "from iicl_tui.chain.config import read_config\n"
        "config = read_config({'agent': [{'kind': 'elsewhere', 'noise': 0.1}]})\n"
        "print(config.agents[0].describe())\n"
    )
    assert run(tmp_path, code) == "bayes sample τ1 ε0.1\n"


def test_to_read_a_configuration_takes_no_more_than_the_kinds_that_it_names(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from iicl_tui.chain.config import read_config\n"
        "read_config({'filter': [{'kind': 'human'}]})\n"
        "rooms = ('iicl_tui.tasks', 'iicl_tui.agents', 'iicl_tui.filters')\n"
        "kinds = [name for name in sys.modules if name.startswith(rooms) and hasattr(sys.modules[name], 'KIND')]\n"
        "print(*kinds, 'a_plugin' in sys.modules)\n"
    )
    assert run(tmp_path, code) == "iicl_tui.tasks.acre iicl_tui.agents.bayesian iicl_tui.filters.human False\n"


def test_ours_go_first_and_what_is_broken_is_told(tmp_path: Path) -> None:
    code = (
        "from iicl_tui import registry\n"
        "from iicl_tui.agents.base import GROUP, agent_kinds\n"
        "print(agent_kinds()['bayes'].title, sorted(agent_kinds()))\n"
        "print(*registry.broken(GROUP), sep='\\n')\n"
    )
    first, *faults = run(tmp_path, code).splitlines()
    assert first == "Bayesian ['anthropic', 'bayes', 'elsewhere', 'embedded', 'mistral', 'openai']"
    assert len(faults) == 5
    assert any("FilterKind is no AgentKind" in fault for fault in faults)
    assert all("a-plugin" in fault for fault in faults)
