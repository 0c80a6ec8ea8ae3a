"""`export` of decisions and `agreement`, as they are typed."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path

import pytest
from command_line import run_here

from iicl_tui.cli import parser
from iicl_tui.data_files import FieldMapping, open_table
from iicl_tui.errors import LabError
from iicl_tui.review.decision_file import DecisionFile, default_path
from iicl_tui.review.decisions import Decision, RowVerdict, Sitting
from iicl_tui.review.reviewers import disagreements

WORDS: dict[str, RowVerdict] = {"a": "approve", "r": "reject", "e": "edit", "f": "flag"}


def lab(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_here(folder, *arguments, environment={**os.environ, "TERM": "dumb"})


def decide(folder: Path, reviewer: str, letters: str, truth: str | None = "truth") -> Path:
    """A data file of as many rows, and one reviewer's verdicts on them."""
    data = folder / "mine.jsonl"
    rows = [{"prompt": "p", "text": f"text {at}", "truth": int(at % 2 == 0)} for at in range(len(letters))]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    path = default_path(data, reviewer)
    with open_table(data) as table, DecisionFile.create(path, table, Sitting(reviewer, FieldMapping("text", truth=truth))) as file:
        for row, letter in zip(table, letters, strict=True):
            text = "edited" if letter == "e" else None
            file.append("decide", row, Decision(WORDS[letter], text, "why" if letter == "r" else "", 2.0))
    return path


def test_decisions_are_exported_with_a_summary(tmp_path: Path) -> None:
    path = decide(tmp_path, "ada", "arear")
    done = lab(tmp_path, "export", path.name, "--to", "jsonl", "-o", "out.jsonl")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "5 of 5 rows decided: 2 approved, 2 rejected, 1 edited",
        "time: 10 s, 2.0 s a row (median), 1,800 an hour",
        "reasons of those rejected:",
        "       2  100%  why",
        "3 rows in out.jsonl",
    ]
    assert [json.loads(line)["text"] for line in (tmp_path / "out.jsonl").read_text().splitlines()] == [
        "text 0",
        "edited",
        "text 3",
    ]
    again = lab(tmp_path, "export", path.name, "--to", "jsonl", "-o", "out.jsonl")
    assert again.returncode == 2
    assert "give --force" in again.stderr
    assert lab(tmp_path, "export", path.name, "--to", "csv", "-o", "out.jsonl", "--force").returncode == 0
    pairs = lab(tmp_path, "export", path.name, "--to", "preference", "-o", "p.jsonl", "--prompt", "prompt")
    assert pairs.stdout.splitlines()[-1] == "7 pairs in p.jsonl"
    edits = lab(tmp_path, "export", path.name, "--to", "preference", "-o", "e.jsonl")
    assert edits.stdout.splitlines()[-1] == "1 pair in e.jsonl"
    assert "--prompt FIELD" in edits.stderr
    rejected = lab(tmp_path, "export", path.name, "--to", "parquet", "-o", "r.parquet", "--rejected")
    assert rejected.stdout.splitlines()[-1] == "2 rows in r.parquet"


def test_formats_of_sessions_and_of_decisions_are_told_apart(tmp_path: Path) -> None:
    path = decide(tmp_path, "ada", "ar")
    wrong = lab(tmp_path, "export", path.name, "--to", "notebook", "-o", "out")
    assert wrong.returncode == 2
    assert "Give --to jsonl, csv, parquet, chat, preference." in wrong.stderr
    lab(tmp_path, "run", "e2-weak-high", "-o", "one.toml", "-q")
    for more in (["--to", "chat"], ["--to", "csv", "--force"]):
        wrong = lab(tmp_path, "export", "one.toml", "-o", "out", *more)
        assert wrong.returncode == 2
        assert "is for files of decisions" in wrong.stderr
    assert lab(tmp_path, "export", "one.toml", "--to", "csv", "-o", "out").returncode == 0
    assert lab(tmp_path, "export", "absent.toml", "--to", "csv", "-o", "out").returncode == 2


def test_agreement_prints_coefficients_confusions_and_detection(tmp_path: Path) -> None:
    paths = [decide(tmp_path, "ada", "arareaarfr"), decide(tmp_path, "bob", "arraaaarrr")]
    done = lab(tmp_path, "agreement", *(path.name for path in paths))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == lab(tmp_path, "agreement", *(path.name for path in paths)).stdout
    lines = done.stdout.splitlines()
    assert lines[:2] == ["ada: 10 rows decided in mine.ada.decisions.toml", "bob: 10 rows decided in mine.bob.decisions.toml"]
    # Nine rows have two verdicts: four pass for both, three for none, one for ada alone, one for bob alone.
    (kappa,) = [line for line in lines if "κ" in line]
    agreed, chance = 7 / 9, (5 * 5 + 4 * 4) / 81
    assert f"{(agreed - chance) / (1 - chance):.3f} (" in kappa
    assert kappa.endswith("9 rows")
    assert "2 rows passed for one reviewer and were rejected by another" in lines
    assert any(line.split()[:3] == ["edit", "1", "0"] for line in lines)
    assert any(line.startswith("  ada: hits 1.00 (0.39 to 1.00; 4 of 4), false alarms 0.20") for line in lines)
    with open_table(tmp_path / "mine.jsonl") as table:
        assert table.find_all(disagreements(paths)) == [2, 3]
    (advice,) = [line.split("`")[1] for line in lines if "iicl-tui review" in line]
    command = shlex.split(advice.replace("DATA", "mine.jsonl").replace("FILE FILE", " ".join(path.name for path in paths)))
    assert parser().parse_args(command[1:]).order == "disagreement"


def test_agreement_says_what_is_missing(tmp_path: Path) -> None:
    one = decide(tmp_path, "ada", "arar", truth=None)
    alone = lab(tmp_path, "agreement", one.name)
    assert alone.returncode == 2
    assert "--truth FIELD" in alone.stderr
    with_truth = lab(tmp_path, "agreement", one.name, "--truth", "truth")
    assert "hits 1.00" in with_truth.stdout
    assert lab(tmp_path, "agreement", one.name, one.name).returncode == 2
    assert "no field 'trueth'" in lab(tmp_path, "agreement", one.name, "--truth", "trueth").stderr
    (tmp_path / "other").mkdir()
    data = tmp_path / "other" / "mine.jsonl"
    data.write_text('{"text": "elsewhere"}\n')
    other = tmp_path / "other.toml"
    with open_table(data) as table, DecisionFile.create(other, table, Sitting("bob", FieldMapping("text"))) as file:
        file.append("decide", table[0], Decision("approve"))
    with pytest.raises(LabError, match="no row in common"):
        disagreements([one, other])
