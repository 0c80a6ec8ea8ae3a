"""Language models from the command line: the real SDKs and a server on this machine; in a process of its own where that counts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import folders, run_here, run_process
from loopback import Answer, Loopback, Seen, Text, hang, status, tokens_of
from speaking import follows
from waiting import LONGEST

from iicl_tui.agents.calls import Message, Request
from iicl_tui.store.presets import presets
from iicl_tui.store.session import SessionFile

Lab = Callable[..., subprocess.CompletedProcess[str]]
KEY = "sk-a-very-secret-key-0123456789"
VARIABLES = {"OPENAI_API_KEY": KEY, "ANTHROPIC_API_KEY": KEY, "MISTRAL_API_KEY": KEY}
SPOKEN = [preset.name for preset in presets() if preset.asks_models and preset.name.startswith(("e2-weak", "e4-easy", "e4-two"))]
"""One of each kind for each provider: all of them run through the screens."""
IN_A_PROCESS = "e2-weak-openai"
"""Runs as it does for a person, in a process of its own; the others do within this one, where the SDKs are loaded once."""
STATES = {"on": 0.7, "off": 0.2, "und": 0.1}


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback() as made:
        yield made


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """lab("run", …, OPENAI_API_KEY=…): the program in a folder of its own; keys come from here alone."""

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return run_here(tmp_path, *arguments, environment=environment(variables))

    return run


def lab_process(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The same in a process of its own."""
    return run_process(folder, *arguments, environment=environment(variables))


def command(folder: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "iicl_tui", *arguments, *folders(folder)]


def environment(variables: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    return {**kept, "TERM": "dumb", "PYTHONUTF8": "1", **variables}


def base_url(server: Loopback, kind: str) -> str:
    """As a person would write it for an agent of this kind."""
    return f"{server.url}/v1" if kind == "openai" else server.url


def model(config: Any) -> Callable[[Seen], Answer]:
    """The server's answers: rule 5 in tokens with log-probabilities, and four examples of it."""
    answer = follows(config)

    def reply(seen: Seen) -> Answer:
        messages = seen.body["messages"]
        text = answer(Request((Message("user", messages[-1]["content"]),), 1))
        assert isinstance(text, str)
        return Text(text, tokens=tokens_of(text, dict.fromkeys(STATES, STATES)))

    return reply


def config_of(name: str) -> Any:
    from iicl_tui.chain.config import read_config
    from iicl_tui.store import toml_lines
    from iicl_tui.store.presets import load

    return read_config(toml_lines.parse(load(name).text))


@pytest.mark.parametrize("name", SPOKEN)
def test_every_preset_runs_against_a_server_and_is_read_again(name: str, server: Loopback, lab: Lab, tmp_path: Path) -> None:
    config = config_of(name)
    server.replies = model(config)
    where = [f"agent[{at}].base-url={base_url(server, agent.kind)}" for at, agent in enumerate(config.agents, 1)]
    arguments = ("run", name, "-o", "s.toml", *(part for each in where for part in ("--set", each)))
    run = lab_process(tmp_path, *arguments, **VARIABLES) if name == IN_A_PROCESS else lab(*arguments, **VARIABLES)
    assert run.returncode == 0, run.stderr
    assert "About" in run.stderr
    assert "tokens" in run.stdout
    with SessionFile.open(tmp_path / "s.toml", read_only=True) as session:
        assert len(session.generations) == session.config.generations
        assert len(session.calls) == len(server.seen)
    said = run.stdout + run.stderr
    if name.startswith("e2-weak"):  # one of each kind; the others' files are of the same kinds
        assert lab("check", "s.toml").returncode == 0
        show = lab("show", "s.toml", "--no-charts")
        assert show.returncode == 0, show.stderr
        for kind in ("csv", "json", "notebook"):
            assert lab("export", "s.toml", "--to", kind, "-o", "out").returncode == 0
        said += show.stdout + show.stderr
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes()
    assert KEY not in said
    assert all(KEY not in str(seen.headers) for seen in server.seen), "a host that nobody agreed to got the key"


@pytest.mark.parametrize("kind", ["openai", "anthropic", "mistral"])
def test_a_host_gets_the_key_once_it_is_trusted(kind: str, server: Loopback, lab: Lab, tmp_path: Path) -> None:
    name = f"e3-none-{kind}"
    server.replies = model(config_of(name))
    host = server.url.removeprefix("http://")
    where = ["--set", f"agent.base-url={base_url(server, kind)}", "--set", "chain.generations=1", "--set", 'agent.belief="none"']
    assert lab("run", name, "-o", "a.toml", *where, "--trust", host, **VARIABLES).returncode == 0
    assert all(KEY in str(seen.headers) for seen in server.seen)
    (tmp_path / "settings.toml").write_text(f'hosts = ["{host}"]\n')
    before = len(server.seen)
    assert lab("run", name, "-o", "b.toml", *where, **VARIABLES).returncode == 0
    assert all(KEY in str(seen.headers) for seen in server.seen[before:])
    assert KEY not in (tmp_path / "a.toml").read_text() + (tmp_path / "b.toml").read_text()


def test_a_key_that_is_withheld_is_said_before_the_first_call(server: Loopback, lab: Lab) -> None:
    server.replies = model(config_of("e3-none-openai"))
    host = server.url.removeprefix("http://")
    where = ["--set", f"agent.base-url={server.url}/v1", "--set", "chain.generations=1"]
    without = lab("run", "e3-none-openai", "-o", "a.toml", *where, **VARIABLES)
    assert f"{host} is asked without the key in OPENAI_API_KEY. To send the key there, add --trust {host}." in without.stderr
    assert all(KEY not in str(seen.headers) for seen in server.seen)
    before = len(server.seen)
    given = lab("run", "e3-none-openai", "-o", "b.toml", *where, "--trust", f"{server.url}/v1", **VARIABLES)
    assert "without the key" not in given.stderr
    assert len(server.seen) > before
    assert all(KEY in str(seen.headers) for seen in server.seen[before:])


def test_another_variable_needs_a_word_also_for_the_providers_own_host(
    lab: Lab,
) -> None:
    run = lab("run", "e3-none-openai", "-o", "s.toml", "--set", "agent.key-env=SOME_TOKEN", SOME_TOKEN=KEY, **VARIABLES)
    assert run.returncode == 3  # before anything is sent
    entry = "SOME_TOKEN@api.openai.com"
    assert f"api.openai.com is asked without the key in SOME_TOKEN. To send the key there, add --trust {entry}." in run.stderr
    assert KEY not in run.stderr
    for trusted in ("b\u00fccher.example", "sk-1@api.openai.com", "http://"):
        wrong = lab("resume", "s.toml", "--trust", trusted)
        assert wrong.returncode == 2
        assert "--trust takes a host" in wrong.stderr


@pytest.mark.parametrize("kind", ["openai", "anthropic", "mistral"])
def test_without_a_key_nothing_is_sent_and_it_is_said_what_to_do(kind: str, lab: Lab, tmp_path: Path) -> None:
    run = lab("run", f"e3-none-{kind}", "-o", "s.toml")
    assert run.returncode == 3
    assert f"{kind.upper()}_API_KEY" in run.stderr
    assert "Traceback" not in run.stderr
    assert "s.toml" in run.stderr
    assert lab("check", "s.toml").returncode == 0


def test_a_wrong_key_stops_the_chain_and_the_right_one_goes_on(server: Loopback, lab: Lab, tmp_path: Path) -> None:
    config = config_of("e3-none-openai")
    good = model(config)

    def guarded(seen: Seen) -> Answer:
        if f"Bearer {KEY}" not in str(seen.headers):
            return status(401, {"error": {"message": f"Incorrect API key provided: {seen.headers.get('authorization')}"}})
        return good(seen)

    server.replies = guarded
    host = server.url.removeprefix("http://")
    where = ["--set", f"agent.base-url={server.url}/v1", "--trust", host]
    wrong = lab("run", "e3-none-openai", "-o", "s.toml", *where, OPENAI_API_KEY="sk-wrong-wrong-wrong")
    assert wrong.returncode == 3
    assert "sk-wrong" not in wrong.stderr + wrong.stdout
    assert "OPENAI_API_KEY" in wrong.stderr
    right = lab("resume", "s.toml", "--trust", host, **VARIABLES)
    assert right.returncode == 0, right.stderr


def test_killed_in_mid_call_nothing_that_was_paid_for_is_lost(server: Loopback, lab: Lab, tmp_path: Path) -> None:
    config = config_of("e3-none-openai")
    good, hung = model(config), 3

    def answer(seen: Seen) -> Answer:
        return hang() if len(server.seen) == hung else good(seen)

    server.replies = answer
    arguments = ("run", "e3-none-openai", "-o", "s.toml", "--set", f"agent.base-url={server.url}/v1")
    process = subprocess.Popen(
        command(tmp_path, *arguments), cwd=tmp_path, env=environment({}), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    assert server.until(lambda: len(server.seen) >= hung)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with SessionFile.open(tmp_path / "s.toml", read_only=True) as session:
        assert len(session.calls) == hung - 1
    again = lab("resume", "s.toml")
    assert again.returncode == 0, again.stderr
    with SessionFile.open(tmp_path / "s.toml", read_only=True) as session:
        assert len(session.calls) == 2 * session.config.generations
    assert len(server.seen) == 2 * session.config.generations + 1


@pytest.mark.parametrize("act", ["delete", "change"])
def test_a_reply_that_comes_when_the_file_is_gone_is_in_the_rescued_copy(
    act: str, server: Loopback, lab: Lab, tmp_path: Path
) -> None:
    good, path = model(config_of("e3-none-openai")), tmp_path / "s.toml"

    def answer(seen: Seen) -> Answer:
        if len(server.seen) == 2 and act == "delete":
            path.unlink()
        elif len(server.seen) == 2:
            path.write_text("x = 1\n")
        return good(seen)

    server.replies = answer
    run = lab("run", "e3-none-openai", "-o", path.name, "--set", f"agent.base-url={server.url}/v1")
    assert run.returncode == 3, run.stderr
    assert "s-rescued.toml" in run.stderr
    with SessionFile.open(tmp_path / "s-rescued.toml", read_only=True) as session:
        assert len(session.calls) == len(server.seen) == 2
    again = lab("resume", "s-rescued.toml", "-q")
    assert again.returncode == 0, again.stderr
    assert len(server.seen) == 2 * session.config.generations, "a reply was paid for twice"


def test_a_reply_that_no_copy_can_keep_is_printed(server: Loopback, lab: Lab, tmp_path: Path) -> None:
    good, path = model(config_of("e3-none-openai")), tmp_path / f"{'s' * 245}.toml"  # with -rescued in it the name is too long

    def answer(seen: Seen) -> Answer:
        path.unlink()
        return good(seen)

    server.replies = answer
    run = lab("run", "e3-none-openai", "-o", path.name, "--set", f"agent.base-url={server.url}/v1")
    assert run.returncode == 3, run.stderr
    assert "This reply could not be saved:\nRule: {" in run.stderr
    assert "was deleted" in run.stderr
    assert "resume" not in run.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_interrupted_in_mid_call_it_says_how_to_go_on(server: Loopback, tmp_path: Path, number: signal.Signals) -> None:
    server.replies = lambda seen: hang()
    arguments = ("run", "e3-none-openai", "-o", "s.toml", "--set", f"agent.base-url={server.url}/v1")
    process = subprocess.Popen(
        command(tmp_path, *arguments), cwd=tmp_path, env=environment({}), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert server.until(lambda: len(server.seen) >= 1)
    process.send_signal(number)
    _, said = process.communicate(timeout=LONGEST)
    assert process.returncode == 130
    assert "Interrupted. The provider may still bill the call that was given up. Saved: 0 of " in said
    assert "They count against the budget." in said
    assert "iicl-tui resume" in said
    assert 'purpose = "no-reply"' in (tmp_path / "s.toml").read_text()


def test_an_unreadable_reply_is_kept_and_resuming_asks_again(server: Loopback, lab: Lab, tmp_path: Path) -> None:
    config = config_of("e3-none-openai")
    good = model(config)
    server.replies = lambda seen: Text("\x1b[31mI am not sure [/].") if len(server.seen) <= 2 else good(seen)
    run = lab("run", "e3-none-openai", "-o", "s.toml", "--set", f"agent.base-url={server.url}/v1")
    assert run.returncode == 3
    assert "cannot be read" in run.stderr
    assert "\x1b" not in run.stderr + (tmp_path / "s.toml").read_text()
    assert lab("show", "s.toml").returncode == 0
    again = lab("resume", "s.toml")
    assert again.returncode == 0, again.stderr
    with SessionFile.open(tmp_path / "s.toml", read_only=True) as session:
        assert [call.purpose for call in session.calls][:4] == ["imitate", "repair", "person", "imitate"]


def test_the_budget_stops_a_run_and_a_larger_one_goes_on(server: Loopback, lab: Lab, tmp_path: Path) -> None:
    server.replies = model(config_of("e3-none-openai"))
    where = ["--set", f"agent.base-url={server.url}/v1", "--set", "agent.price={input = 500.0, output = 500.0}"]
    run = lab("run", "e3-none-openai", "-o", "s.toml", *where, "--budget", "1")
    assert run.returncode == 3
    assert "without a screen: --budget USD)" in run.stderr
    assert lab("resume", "s.toml", "--budget", "1000").returncode == 0
    assert lab("resume", "s.toml", "--budget", "-1").returncode == 2


def test_a_budget_in_tokens_is_raised_by_the_option_that_is_named(server: Loopback, lab: Lab) -> None:
    server.replies = model(config_of("e3-none-openai"))
    where = ["--set", f"agent.base-url={server.url}/v1", "--set", "chain.token-budget=100"]
    run = lab("run", "e3-none-openai", "-o", "s.toml", *where)
    assert run.returncode == 3
    assert "without a screen: --token-budget N)" in run.stderr
    assert not server.seen
    assert lab("resume", "s.toml", "--token-budget", "100_000").returncode == 0
    assert lab("resume", "s.toml", "--token-budget", "-1").returncode == 2
