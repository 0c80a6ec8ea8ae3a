"""The plug-in of the documents, installed into a folder of its own and used from the command line."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import tomllib
import zipfile
from pathlib import Path

import pytest
from waiting import LONGEST

SOURCE = Path(__file__).parents[2] / "docs" / "plugin-example"
CONFIG = re.search(r"(?ms)^```toml\n(.*?)^```$", (SOURCE / "README.md").read_text(encoding="utf-8"))[1]  # type: ignore[index]


def wheel(source: Path, folder: Path) -> Path:
    """A wheel of a package of single modules, written by hand: building one would need a network for the build backend."""
    project = tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    name = f"{project['name'].replace('-', '_')}-{project['version']}"
    points = "".join(
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in entries.items())
        for group, entries in project["entry-points"].items()
    )
    path = folder / f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for module in source.glob("*.py"):
            archive.write(module, module.name)
        archive.writestr(
            f"{name}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        )
        archive.writestr(f"{name}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{name}.dist-info/entry_points.txt", points)
    return path


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that has the plug-in, as an installed wheel lies in site-packages."""
    folder = tmp_path_factory.mktemp("plugin")
    site = folder / "site"
    zipfile.ZipFile(wheel(SOURCE, folder)).extractall(site)
    return site


def command(folder: Path, *arguments: str) -> list[str]:
    where = ["--sessions", str(folder / "sessions"), "--config", str(folder / "settings.toml")]
    return [sys.executable, "-m", "iicl_tui", *arguments, *where]


def lab(folder: Path, site: Path | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The program, with the plug-in or without it."""
    return subprocess.run(
        command(folder, *arguments), capture_output=True, text=True, cwd=folder, env=surroundings(site), timeout=LONGEST,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def surroundings(site: Path | None) -> dict[str, str]:
    return {**os.environ, "TERM": "dumb", "PYTHONUTF8": "1", **({"PYTHONPATH": str(site)} if site is not None else {})}


def records(path: Path) -> str:
    """The text without the time of its creation, and without the checksum over it."""
    return re.sub(r"(?m)^created = .*$|(?<=^# end: head) sum .*$", "", path.read_text(encoding="utf-8"))


def test_a_chain_runs_with_it_and_its_file_opens_again(tmp_path: Path, installed: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    run = lab(tmp_path, installed, "run", "config.toml", "-o", "one.toml")
    assert (run.returncode, run.stderr) == (0, "")
    assert "generation 12/12" in run.stdout
    check = lab(tmp_path, installed, "check", "one.toml")
    assert (check.returncode, check.stdout) == (0, "one.toml: no fault\n")
    document = tomllib.loads((tmp_path / "one.toml").read_text(encoding="utf-8"))
    asked = [each["filter"] for generation in document["generation"] for each in generation["interaction"].get("refinement", ())]
    assert asked
    assert set(asked) == {"second-look"}
    show = lab(tmp_path, installed, "show", "one.toml", "--no-charts")
    assert show.returncode == 0
    assert "lapsing λ0.2" in show.stdout
    assert "generation 12" in show.stdout
    for to in ("csv", "json"):
        assert lab(tmp_path, installed, "export", "one.toml", "--to", to, "-o", to).returncode == 0


def test_a_killed_chain_goes_on_with_it(tmp_path: Path, installed: Path) -> None:
    config = CONFIG.replace("generations = 12", "generations = 60")
    (tmp_path / "config.toml").write_text(config, encoding="utf-8")
    assert lab(tmp_path, installed, "run", "config.toml", "-o", "whole.toml").returncode == 0
    cut = tmp_path / "cut.toml"
    arguments = command(tmp_path, "run", "config.toml", "-o", "cut.toml")
    null = subprocess.DEVNULL
    running = subprocess.Popen(arguments, cwd=tmp_path, env=surroundings(installed), stdin=null, stdout=null, stderr=null)
    deadline = time.monotonic() + LONGEST
    while running.poll() is None and time.monotonic() < deadline:
        if cut.exists() and "# end: transmission 5" in cut.read_text(encoding="utf-8", errors="replace"):
            break
        time.sleep(0.002)
    running.send_signal(signal.SIGKILL)
    running.wait(LONGEST)
    resume = lab(tmp_path, installed, "resume", "cut.toml", "-q")
    assert (resume.returncode, resume.stdout) == (0, "")
    assert records(cut) == records(tmp_path / "whole.toml")
    assert lab(tmp_path, installed, "check", "cut.toml").returncode == 0


def test_its_own_options_are_checked(tmp_path: Path, installed: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG.replace("examples = 3", "examples = 0"), encoding="utf-8")
    run = lab(tmp_path, installed, "run", "config.toml")
    assert run.returncode == 2
    assert "line 11: filter[1].examples" in run.stderr


def test_without_it_the_file_says_what_is_missing(tmp_path: Path, installed: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    assert lab(tmp_path, installed, "run", "config.toml", "-o", "one.toml").returncode == 0
    show = lab(tmp_path, None, "show", "one.toml")
    assert show.returncode == 2
    assert 'filter[1].kind: found "second-look"' in show.stderr
    assert "Traceback" not in show.stderr


def test_a_plug_in_that_cannot_be_loaded_is_named_and_does_no_harm(tmp_path: Path, installed: Path) -> None:
    broken = tmp_path / "site"
    zipfile.ZipFile(wheel(SOURCE, tmp_path)).extractall(broken)
    (broken / "iicl_tui_example.py").write_text("import nothing_of_this_name\n")
    doctor = lab(tmp_path, broken, "doctor")
    assert "second-look of iicl-tui-example cannot be used: ModuleNotFoundError" in doctor.stdout
    assert lab(tmp_path, broken, "run", "e3-none", "-o", "one.toml").returncode == 0
