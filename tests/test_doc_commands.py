"""Every command in the documents is one that the program has; those that need no screen, key or server are run."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from pathlib import Path

import pytest
from command_line import run_here

from iicl_tui.cli import parser
from iicl_tui.data_files import FieldMapping, open_table
from iicl_tui.lessons.notes import Note, add
from iicl_tui.review.decision_file import DecisionFile, default_path
from iicl_tui.review.decisions import Decision, Sitting

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
_FENCED = re.compile(r"(?ms)^```sh\n(.*?)^```$")
_INLINE = re.compile(r"`((?:\.venv/bin/)?iicl-tui [^`]+)`")

# A screen needs a terminal: tests/tui and tests/browser open each of them, and tests/tui/test_terminal.py on a real one.
SCREENS = ("home", "open", "new", "review", "serve", "study", "notes", "side-by-side")
"""Commands that open a screen or serve one."""
LONG = ("sweep", "report", "import")
"""Commands that run many chains, load a plotting library, or need a folder of other programs; tests of their own run them."""
MODELS = ("openai", "anthropic", "mistral", "embedded", "-local", "base-url", "two-models")
"""What names a model, a server or a key."""
RUN = ("presets", "run", "resume", "compare", "show", "check", "export", "agreement", "learn", "twin", "predict", "doctor")


def commands(text: str) -> list[list[str]]:
    """The arguments of each call of the program in a piece of shell: comments, variables and other programs are left out."""
    found = []
    for part in re.split(r"\n|&&", text):
        words = shlex.split(part, comments=True)
        while words and re.fullmatch(r"\w+=\S*", words[0]):
            words = words[1:]
        if words and words[0].removeprefix(".venv/bin/") == "iicl-tui":
            found.append(words[1:])
    return found


FENCED = [(page, line) for page in PAGES for block in _FENCED.findall(page.read_text("utf-8")) for line in commands(block)]
INLINE = [(page, line) for page in PAGES for text in _INLINE.findall(page.read_text("utf-8")) for line in commands(text)]


def kind_of(line: list[str]) -> str:
    """Whether a command is "run", or why it is only parsed: "screen", "long" or "model"."""
    name = line[0] if line and not line[0].startswith("-") else "home"
    if any(part in word for word in line for part in MODELS):
        return "model"
    if (
        name in SCREENS
        or {"--screen", "--present"} & set(line)
        or (name == "learn" and not {"--list", "--check", "--no-charts", "--from"} & set(line))
    ):
        return "screen"
    assert name in (*LONG, *RUN), f"say of the command {name} whether it can be run here: SCREENS, LONG or RUN"
    return "long" if name in LONG else "run"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_has_only_options_that_there_are(page: Path) -> None:
    arguments = parser()
    for where, line in (*FENCED, *INLINE):
        if where == page and len(line) == 1:  # a command that is only named
            assert kind_of(line)
        elif where == page and not {"--help", "--version"} & set(line):
            try:
                arguments.parse_args(line)
            except SystemExit:
                pytest.fail(f"{page.name}: iicl-tui {shlex.join(line)}")


def decided(folder: Path, reviewer: str | None) -> None:
    """Two rows of mine.jsonl, and one reviewer's decisions on them."""
    data = folder / "mine.jsonl"
    data.write_text("".join(json.dumps({"text": f"text {at}", "truth": at}) + "\n" for at in range(2)))
    path = default_path(data, reviewer) if reviewer else folder / "mine.decisions.toml"
    sitting = Sitting(reviewer or "me", FieldMapping("text", truth="truth"))
    with open_table(data) as table, DecisionFile.create(path, table, sitting) as file:
        for row in table:
            file.append("decide", row, Decision("approve", None, "", 1.0))


def test_the_commands_of_the_documents_run(tmp_path: Path) -> None:
    """In the order of the pages, in a folder with the files that they take for granted."""
    environment = {**os.environ, "HOME": str(tmp_path), "TERM": "dumb"}

    def lab(*line: str) -> None:
        done = run_here(tmp_path, *line, environment=environment)
        assert done.returncode == 0, f"iicl-tui {shlex.join(line)}\n{done.stdout[-500:]}{done.stderr[-500:]}"

    for reviewer in (None, "ada", "bob"):
        decided(tmp_path, reviewer)
    lab("run", "e3-effective-set", "-q", "--set", "chain.generations=2", "-o", "mine.toml")
    chains = tmp_path / "two chains"
    chains.mkdir()
    for preset in ("e3-effective-set", "e3-none"):
        lab("run", preset, "-q", "--set", "chain.generations=4", "-o", str(chains / f"{preset}.toml"))
    for folder in (
        "table-1",
        "naming",
        *(line[line.index("-o") + 1] for _, line in FENCED if line[:1] == ["sweep"] and "-o" in line),
    ):
        if not (tmp_path / folder).exists():  # in place of many chains
            shutil.copytree(chains, tmp_path / folder)
    add(tmp_path / "mine.toml", Note(1, "transmission", "Look at this."))
    lab("run", "text-reviews", "-q", "--set", "chain.generations=1", "-o", "text-reviews.toml")
    done: set[tuple[str, ...]] = set()
    for _, line in FENCED:
        if kind_of(line) == "run" and tuple(line) not in done:
            done.add(tuple(line))
            for name in line[1:]:
                if name.endswith(".toml") and "/" in name and not (tmp_path / name).exists():  # a chain of one of the studies
                    (tmp_path / name).parent.mkdir(exist_ok=True)
                    shutil.copy(chains / "e3-none.toml", tmp_path / name)
            lab(*line)
    assert len(done) >= 15
    for _, line in FENCED:
        if kind_of(line) == "long" and line[0] == "sweep" and Path(line[1]).suffix != ".toml":
            lab(*[word for word in line if word != "--estimate"], "--estimate")  # counts the chains and runs none


def test_each_kind_of_command_is_in_the_documents() -> None:
    assert {kind_of(line) for _, line in FENCED} == {"run", "screen", "long", "model"}
    assert {line[0] for _, line in FENCED if kind_of(line) == "run"} == set(RUN)
