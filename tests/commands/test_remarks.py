"""Replies that were read as less than was asked for, or as something else: the remark is printed, and --strict stops at it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command_line import run_here, run_process
from loopback import Answer, Loopback, Seen, Text

from iicl_tui.commands.ascii_fallback import NAME

RULE = 'Rule: {"A": "on", "B": "off", "C": "off", "D": "off", "screen": "off"}'
OTHER = 'Rule: {"A": "off", "B": "on", "C": "off", "D": "off", "screen": "off"}'
EXAMPLES = ["Input: A\nOutput: on", "Input: B\nOutput: off", "Input: A, C\nOutput: on", "Input: D, screen\nOutput: off"]
ALL_FOUR = "\n".join(EXAMPLES)
CONFIG = """
chain.generations = 2
[[agent]]
kind = "openai"
model = "local"
belief = "none"
base-url = "{url}/v1"
"""

Lab = Callable[..., subprocess.CompletedProcess[str]]
AnswerTo = Callable[[str], Text]


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback() as made:
        yield made


@pytest.fixture
def lab(tmp_path: Path, server: Loopback) -> Lab:
    (tmp_path / "config.toml").write_text(CONFIG.format(url=server.url))

    def run(*arguments: str, encoding: str = "utf-8", in_a_process: bool = False) -> subprocess.CompletedProcess[str]:
        surroundings = {**os.environ, "TERM": "dumb"}
        if in_a_process:
            surroundings |= {"PYTHONUTF8": "0", "PYTHONIOENCODING": encoding}
            return run_process(tmp_path, *arguments, environment=surroundings, encoding=encoding)
        return run_here(tmp_path, *arguments, environment=surroundings, encoding=encoding)

    return run


def answers(server: Loopback, rule: Text | str = RULE, examples: Text | str = ALL_FOUR) -> None:
    """The server's replies to questions for a rule and for examples; a repair gets the same again."""

    def reply(seen: Seen) -> Answer:
        question = seen.body["messages"][1]["content"] if len(seen.body["messages"]) > 1 else ""
        text = examples if "Write examples" in question else rule
        return Text(text) if isinstance(text, str) else text

    server.replies = reply


def test_what_was_read_as_asked_has_no_remark(server: Loopback, lab: Lab) -> None:
    answers(server)
    run = lab("run", "config.toml", "-o", "s.toml", "--strict")
    assert run.returncode == 0, run.stderr
    assert "generation 1, " not in run.stderr
    assert "Remarks" not in lab("show", "s.toml").stdout


@pytest.mark.parametrize(
    ("rule", "examples", "phase", "words"),
    [
        (RULE, "\n".join(EXAMPLES[:3]), "transmission", "3 of 4 examples can be read."),
        (RULE, "\n".join([*EXAMPLES, "Input: C\nOutput: off"]), "transmission", "There are 5 examples"),
        (RULE, "\n".join([*EXAMPLES[:3], "Input: A, D\nOutput: off"]), "transmission", "A, D → off is against h¹."),
        (f"{RULE}\n{OTHER}", "\n".join(EXAMPLES), "imitation", "several rules"),
    ],
)  # fmt: skip
def test_the_remark_is_printed_and_strict_stops_at_it(
    rule: str, examples: Text | str, phase: str, words: str, server: Loopback, lab: Lab
) -> None:
    answers(server, rule, examples)
    strict = lab(
        "run", "config.toml", "-o", "s.toml", "-q", "--strict", "--set", "task.samples=4", in_a_process=phase == "imitation"
    )
    remark = next((line for line in strict.stderr.splitlines() if line.startswith(f"generation 1, {phase}: ")), "")
    assert words in remark, strict.stderr
    assert strict.returncode == 3
    assert f"Stopped after the {phase} of generation 1" in strict.stderr
    assert "iicl-tui resume" in strict.stderr or "s.toml" in strict.stderr
    asked = len(server.seen)

    show = lab("show", "s.toml", "--no-charts", "--generation", "1").stdout
    assert "Remarks on the replies of generation 1" in show
    assert words in show

    again = lab("resume", "s.toml", "-q", "--strict")  # what was accepted is not asked for again, and the next remark stops it
    assert again.returncode == 3
    assert len(server.seen) > asked
    plain = lab("resume", "s.toml", "-q")
    assert plain.returncode == 0, plain.stderr
    assert lab("check", "s.toml").returncode == 0


def test_a_reply_that_its_repair_replaced_has_no_remark(server: Loopback, lab: Lab) -> None:
    def reply(seen: Seen) -> Answer:
        messages = seen.body["messages"]
        if len(messages) > 3:
            return Text("\n".join(EXAMPLES))
        return Text(EXAMPLES[0] if "Write examples" in messages[-1]["content"] else RULE)

    server.replies = reply
    run = lab("run", "config.toml", "-o", "s.toml", "--strict")
    assert run.returncode == 0, run.stderr
    assert "can be read" not in run.stderr


def test_fewer_examples_are_no_remark_where_fewer_were_asked_for(server: Loopback, lab: Lab, tmp_path: Path) -> None:
    with (tmp_path / "config.toml").open("a") as config:
        config.write('[[filter]]\nkind = "consistent"\n')
    wrong = [*EXAMPLES[:3], "Input: A, D\nOutput: off"]

    def reply(seen: Seen) -> Answer:
        question = seen.body["messages"][-1]["content"]
        if "Write examples" not in question:
            return Text(RULE)
        return Text("\n".join(wrong) if "4" in question else EXAMPLES[3])

    server.replies = reply
    run = lab("run", "config.toml", "-o", "s.toml", "--strict", "--set", "task.samples=4")
    assert run.returncode == 0, run.stderr


def test_the_signs_of_the_header_have_a_likeness() -> None:
    assert "≡ ● ○ ◉ ★ ▲ ┊".encode("ascii", errors=NAME) == b"= o o @ * ^ |"


def test_an_encoding_without_block_characters_tells_bars_from_empty_cells(server: Loopback, lab: Lab) -> None:
    assert lab("run", "e2-weak-high", "-q", "-o", "s.toml", "--set", "chain.lookback=0").returncode == 0
    own = lab("show", "s.toml", encoding="utf-8").stdout.count("?")  # headings that are questions
    for encoding in ("latin-1", "ascii"):
        show = lab("show", "s.toml", encoding=encoding, in_a_process=encoding == "ascii")
        assert show.returncode == 0
        bar = next(line for line in show.stdout.splitlines() if line.startswith("> screen"))
        assert "#" in bar
        assert "%" in bar
        assert show.stdout.count("?") == own  # nothing else became a question mark
    assert json.dumps(lab("show", "s.toml").stdout).count("\\u2588") > 20
