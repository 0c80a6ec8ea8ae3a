"""What `check --deep` finds in files that were changed by hand, their checksums made right again."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from made import CREATED, make, run
from speaking import InMemory, connected, follows, spoken

from iicl_tui import cli
from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.store.block_ends import checksum
from iicl_tui.store.check import check
from iicl_tui.store.deep_check import deep_check
from iicl_tui.store.session import SessionFile

PARTNER = {
    "chain": {"task": "naming", "generations": 3, "seed": 4},
    "filter": [{"kind": "partner", "rounds": 40}],
}

CHANGED = (
    r"(?<=\[generation.imitation\]\nagent = 2\nhypothesis = )\{.*",
    '{ A = "on", B = "on", C = "on", D = "on", screen = "on" }',
)


def change(path: Path, pattern: str, to: str, count: int = 1) -> int:
    """Replaces the first match, makes all checksums right, and returns the line of the match."""
    text = path.read_text()
    found = re.search(pattern, text, re.MULTILINE)
    assert found
    text = text[: found.start()] + found.expand(to) + text[found.end() :]
    out, block = "", ""
    for line in text.splitlines(keepends=True):
        if line.startswith("# end: "):
            out += block + re.sub(r"sum [0-9a-f]{8}", f"sum {checksum(block.encode())}", line)
            block = ""
        else:
            block += line
    path.write_text(out + block)
    assert check(path) == []
    return text.count("\n", 0, found.start()) + 1


def made(folder: Path, document: object) -> Path:
    with SessionFile.create(read_config(document), folder / "s.toml", created=CREATED) as session:  # type: ignore[arg-type]
        run(session)
        return session.path


def model(folder: Path) -> Path:
    config, _ = spoken(agent={"belief": "samples", "draws": 3})
    with SessionFile.create(config, folder / "m.toml", created=CREATED) as session:
        asyncio.run(Chain(connected(session.config, InMemory(follows(config))), (), session).run())
        return session.path


@pytest.mark.parametrize(
    ("build", "phases", "beliefs"),
    [
        (lambda folder: make(folder / "s.toml"), 9, 3),
        (lambda folder: make(folder / "s.toml", human=True), 9, 3),
        (lambda folder: make(folder / "s.toml", until=1), 3, 1),
        (lambda folder: made(folder, PARTNER), 9, 3),
        (model, 9, 3),
    ],
    ids=["Bayesian", "reviewed", "begun", "partner", "model"],
)
def test_a_sound_session_agrees(tmp_path: Path, build: Callable[[Path], Path], phases: int, beliefs: int) -> None:
    found = deep_check(build(tmp_path))
    assert found.differences == []
    assert (found.phases, found.beliefs) == (phases, beliefs)
    assert found.left_out == ["[start]: it may have been given"]


def test_a_changed_hypothesis_is_found_at_its_line(tmp_path: Path) -> None:
    path = make(tmp_path / "s.toml")
    line = change(path, *CHANGED)
    found = deep_check(path).differences
    assert (found[0].line, found[0].key) == (line, "generation[2].imitation.hypothesis")
    assert found[0].message.startswith("recorded is ")


def test_a_changed_verdict_of_a_partner_is_found(tmp_path: Path) -> None:
    path = made(tmp_path, PARTNER)
    line = change(path, r'^verdict = "approved"', 'verdict = "rejected"')
    found = deep_check(path).differences
    assert (found[0].line, found[0].key) == (line, found[0].key)
    assert found[0].key.endswith(".verdict")
    assert found[0].message == "recorded is rejected, but approved follows from the rest of the file"


def test_a_changed_sample_is_found(tmp_path: Path) -> None:
    path = make(tmp_path / "s.toml")
    line = change(path, r"(?<=\[\[generation.transmission.sample\]\]\n)input = .*", 'input = ["A", "B", "C", "D", "screen"]')
    assert line in [each.line for each in deep_check(path).differences]


def test_a_changed_reply_is_found_where_it_was_read(tmp_path: Path) -> None:
    path = model(tmp_path)
    change(path, r'(?<=purpose = "imitate"\n)((?:.*\n)*?reply = .*?A\\": \\")\w+', r"\1und")
    assert deep_check(path).differences[0].key == "generation[1].imitation.hypothesis"


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    path = model(tmp_path)
    text = path.read_text()
    block = re.search(r'\[\[generation.call\]\]\nphase = "transmission"\n(?:.*\n)*?# end: call 1.*\n', text)
    assert block
    path.write_text(text.replace(block[0], "", 1))
    found = deep_check(path)
    assert found.differences == []
    assert "1 phase: a call to transmit is not in the file" in found.left_out


def test_generations_of_another_session_are_left_out(tmp_path: Path) -> None:
    with SessionFile.open(make(tmp_path / "s.toml")) as session, session.branch(2, tmp_path / "b.toml", seed=9) as branch:
        run(branch)
    found = deep_check(tmp_path / "b.toml")
    assert (found.differences, found.phases) == ([], 3)
    assert found.left_out[0].startswith("generations 1 to 2: they are another session's")


def test_the_command_prints_it_and_exits_as_for_faults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = make(tmp_path / "s.toml")
    assert cli.main(["check", "--deep", str(path)]) == 0
    assert "recomputed 9 phases and 3 beliefs; they agree with the file" in capsys.readouterr().out
    line = change(path, *CHANGED)
    assert cli.main(["check", "--deep", str(path)]) == 1
    assert f"{path}:{line}: generation[2].imitation.hypothesis: recorded is" in capsys.readouterr().out
    path.write_text("[chain")
    assert cli.main(["check", "--deep", str(path)]) == 1
    assert "not recomputed: a file with faults cannot be" in capsys.readouterr().out
