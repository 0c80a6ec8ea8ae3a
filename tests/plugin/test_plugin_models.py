"""A filter of another package refines a language model's rule: the file that has the model's calls opens again."""

from __future__ import annotations

import tomllib
import zipfile
from pathlib import Path

import pytest
from loopback import Answer, Loopback, Seen, Text
from speaking import follows
from test_plugin import SOURCE, lab, wheel

from iicl_tui.agents.calls import Message, Request
from iicl_tui.chain.config import read_config

CHAIN = {
    "chain": {"generations": 3},
    "task": {"hypothesis": 132},
    "agent": [{"kind": "openai", "model": "local", "belief": "none"}],
}
CONFIG = """
chain.generations = 3
task.hypothesis = 132
[[agent]]
kind = "openai"
model = "local"
belief = "none"
base-url = "{url}/v1"
[[filter]]
kind = "second-look"
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plugin")
    zipfile.ZipFile(wheel(SOURCE, folder)).extractall(folder / "site")
    return folder / "site"


def test_a_chain_with_a_model_opens_again(tmp_path: Path, installed: Path) -> None:
    answer = follows(read_config(CHAIN))

    def reply(seen: Seen) -> Answer:
        text = answer(Request((Message("user", seen.body["messages"][-1]["content"]),), 1))
        assert isinstance(text, str)
        return Text(text)

    with Loopback() as server:
        server.replies = reply
        (tmp_path / "config.toml").write_text(CONFIG.format(url=server.url))
        run = lab(tmp_path, installed, "run", "config.toml", "-o", "one.toml")
        asked = len(server.seen)
    assert run.returncode == 0, run.stderr
    document = tomllib.loads((tmp_path / "one.toml").read_text(encoding="utf-8"))
    purposes = [call["purpose"] for generation in document["generation"] for call in generation["call"]]
    assert len(purposes) == asked
    assert purposes.count("second-look") == 3
    check = lab(tmp_path, installed, "check", "one.toml")
    assert (check.returncode, check.stdout) == (0, "one.toml: no fault\n")
    show = lab(tmp_path, installed, "show", "one.toml", "--no-charts", "--generation", "2")
    assert show.returncode == 0, show.stderr
    assert lab(tmp_path, installed, "export", "one.toml", "--to", "json", "-o", "json").returncode == 0
    finished = lab(tmp_path, installed, "resume", "one.toml", "-q")
    assert finished.returncode == 0, finished.stderr
