"""Kills running chains at random instants: each file opens with all that was recorded, and goes on to the undisturbed end."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from loopback import Answer, Loopback, Seen, Text, tokens_of
from speaking import follows
from tally import Tally

from iicl_tui.agents.calls import Message, Request
from iicl_tui.chain.config import read_config
from iicl_tui.store import toml_lines
from iicl_tui.store.check import check
from iicl_tui.store.session import SessionFile

KILLS = 200
"""Of each kind of chain."""

SWEEP_KILLS = 60
"""Of a sweep on two processes."""

_KILLS_A_CHAIN = 8
_VARIES = re.compile(rb"(?:created =|# begun:) [0-9TZ:-]+|# made with: .*|latency = [0-9.e-]+|sum [0-9a-f]{8}")
_TASK = '[task]\nspurious = "screen"\nbias = "high"\nhypothesis = 33\ninitial = 4\ndraw = "overlap"\n'
BAYES = f"[chain]\ngenerations = 400\n{_TASK}[[agent]]\nnoise = 0.1\n[[agent]]\ntemperature = 0.5\nnoise = 0.05\n"
MODEL = f'[chain]\ngenerations = 8\n{_TASK}[[agent]]\nkind = "openai"\nmodel = "m"\nbase-url = "{{}}/v1"\nattempts = 1\n'
SWEEP = f"[chain]\ngenerations = 60\n{_TASK}[[agent]]\nnoise = 0.1\n[vary]\nchain.seed = '1..40'\n"
STATES = {"on": 0.7, "off": 0.2, "und": 0.1}


@dataclass
class Chain:
    """A chain to kill. asked: how many requests the server has answered; None without a server."""

    name: str
    config: Path
    server: Loopback | None

    @property
    def asked(self) -> int:
        """How many requests the server has had."""
        return len(self.server.seen) if self.server else 0


def attack(tally: Tally, folder: Path) -> None:
    """Kills chains of Bayesian agents, and chains of a language model on a server of this machine."""
    for name in ("Bayesian", "language model's"):
        with nullcontext() if name == "Bayesian" else Loopback() as server:
            path = folder / f"{name.split()[0]}.toml"
            path.write_text(MODEL.format(server.url) if server else BAYES)
            if server:
                server.replies = _model(read_config(toml_lines.parse(path.read_text())))
            _attack(tally, Chain(name, path, server), folder / name.split()[0])
    _sweeps(tally, folder / "sweeps")


def _sweeps(tally: Tally, folder: Path) -> None:
    """Kills a sweep on two processes, again and again until it ends: each chain is as in an undisturbed sweep."""
    rng = random.Random(tally.seed)
    folder.mkdir()
    study = folder / "study.toml"
    study.write_text(SWEEP)

    def sweep(where: Path) -> subprocess.Popen[bytes]:
        return _start("sweep", str(study), "-o", str(where), "--jobs", "2", "-q")

    begun = time.monotonic()
    sweep(folder / "whole").wait()
    seconds = time.monotonic() - begun
    expected, left, number = _chains(folder / "whole"), tally.part(SWEEP_KILLS), 0
    while left:
        number += 1
        where = folder / str(number)
        for _ in range(min(left, _KILLS_A_CHAIN)):
            process = sweep(where)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(rng.random() * seconds)
            process.kill()
            process.communicate()
            left -= 1
            tally.tried["kills of a sweep"] += 1
            for name, data in _chains(where).items():
                if data != expected.get(name) and name != "study.toml":
                    tally.fail(f"sweep {number}: {name} is not as in an undisturbed sweep")
        last = sweep(where)
        said = last.communicate()[1]
        tally.tried["sweeps that went on to their end"] += 1
        if last.returncode or _chains(where) != expected:
            tally.fail(f"sweep {number}: another end, exit code {last.returncode}: {said.decode()[-300:]}")
        if left_over := [path.name for path in where.rglob("*.tmp")]:
            tally.fail(f"sweep {number}: left over: {left_over}")


def _chains(folder: Path) -> dict[str, bytes]:
    return {path.name: _timeless(path.read_bytes()) for path in sorted(folder.glob("*.toml"))}


def _attack(tally: Tally, chain: Chain, folder: Path) -> None:
    rng = random.Random(tally.seed)
    folder.mkdir()
    whole = folder / "whole.toml"
    begun = time.monotonic()
    _start("run", str(chain.config), "-o", str(whole), "-q").wait()
    seconds = time.monotonic() - begun
    calls = chain.asked
    expected, left, number, grown = whole.read_bytes(), tally.part(KILLS), 0, 0
    while left:
        number += 1
        path = folder / f"{number}.toml"
        asked, kills = chain.asked, 0
        while kills < min(left, _KILLS_A_CHAIN):
            before = path.read_bytes() if path.exists() else b""
            arguments = ["resume", str(path)] if before else ["run", str(chain.config), "-o", str(path)]
            if not _kill(_start(*arguments, "-q"), path, len(before), len(expected), seconds, rng):
                break  # it came to its end
            kills += 1
            if path.exists():
                grown += path.stat().st_size > len(before)
                for wrong in _look(path, before, expected):
                    tally.fail(f"{chain.name} chain {number}: {wrong}")
        left -= kills
        tally.tried[f"kills of a {chain.name} chain"] += kills
        if not path.exists():
            _start("run", str(chain.config), "-o", str(path), "-q").wait()
        resumed = _start("resume", str(path), "-q")
        said = resumed.communicate()[1]
        tally.tried[f"{chain.name} chains that went on to their end"] += 1
        if resumed.returncode or _timeless(path.read_bytes()) != _timeless(expected):
            tally.fail(f"{chain.name} chain {number}: another end, exit code {resumed.returncode}: {said.decode()[-300:]}")
        if left_over := [each.name for each in folder.iterdir() if each.name.endswith(".tmp")]:
            tally.fail(f"{chain.name} chain {number}: left over: {left_over}")
        if chain.asked - asked > calls + kills:
            tally.fail(f"{chain.name} chain {number}: {chain.asked - asked} requests for {calls} calls and {kills} kills")
        for each in folder.glob(f"{number}.toml*"):
            each.unlink()
    tally.notes.append(f"{grown} of the killed processes of the {chain.name} chain had written something")


def _start(*arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "iicl_tui", *arguments]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def _kill(process: subprocess.Popen[bytes], path: Path, before: int, whole: int, seconds: float, rng: random.Random) -> bool:
    """Kills at a random instant of the whole run, or while the file grows. Returns False if it had ended by itself."""
    if rng.random() < 0.3:
        time.sleep(rng.random() * seconds / 2)
    else:
        target = before + 1 + rng.randrange(max(1, whole // _KILLS_A_CHAIN))
        while process.poll() is None and (path.stat().st_size if path.exists() else 0) < target:
            time.sleep(0.0005)
        time.sleep(rng.random() * 0.01)
    alive = process.poll() is None
    if alive:
        os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    return alive


def _look(path: Path, before: bytes, expected: bytes) -> list[str]:
    """What is wrong with the file of a killed process."""
    found = path.read_bytes()
    whole = found[: _end(found)]
    wrong = []
    if not found.startswith(before[: _end(before)]):
        wrong.append("something recorded is lost")
    if not _timeless(expected).startswith(_timeless(whole)):
        wrong.append("the file differs from the undisturbed run's")
    faults = [fault for fault in check(path) if "unfinished block" not in fault.message]
    if faults:
        wrong.append(f"faults: {faults[0]}")
    with SessionFile.open(path, read_only=True) as session:
        if len(session.calls) != whole.count(b"# end: call "):
            wrong.append(f"{len(session.calls)} calls are read, {whole.count(b'# end: call ')} are in the file")
    return wrong


def _end(data: bytes) -> int:
    """Where the last whole block ends."""
    at = data.rfind(b"\n# end: ")
    end = data.find(b"\n", at + 1)
    return end + 1 if end >= 0 else _end(data[:at]) if at > 0 else 0


def _timeless(data: bytes) -> bytes:
    """The file without times, and the checksums over them."""
    return _VARIES.sub(b"", data)


def _model(config: object) -> Callable[[Seen], Answer]:
    """The server's answers: they depend on the last message alone."""
    answer = follows(config)  # type: ignore[arg-type]

    def reply(seen: Seen) -> Answer:
        text = answer(Request((Message("user", seen.body["messages"][-1]["content"]),), 1))
        assert isinstance(text, str)
        return Text(text, tokens=tokens_of(text, dict.fromkeys(STATES, STATES)))

    return reply
