"""The report of a study, and the studies that come with the program."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from command_line import run_here

from iicl_tui.study.page import Block, Code, Heading, Table, Text, html, markdown
from iicl_tui.study.presets import StudyPreset, study_presets
from iicl_tui.study.study_file import read_study

COUNTS = {"e0-naming-game": 60, "e1-entropy": 18, "e2-spurious-bias": 700, "e3-table-1": 800, "e4-acronyms": 300}


@pytest.mark.parametrize("preset", study_presets(), ids=lambda preset: preset.name)
def test_every_study_that_is_shipped_has_no_fault(preset: StudyPreset) -> None:
    study = read_study(preset.text, preset.name, None)
    assert study.count == COUNTS[preset.name]
    assert study.metrics
    assert preset.summary


def test_a_report_from_a_preset_to_table_1_and_figures(tmp_path: Path) -> None:
    def run(*arguments: str):
        return run_here(tmp_path, *arguments, environment=dict(os.environ))

    swept = run("sweep", "e3-table-1", "--set", "chain.seed=1..2", "--set", "task.hypothesis=33", "-o", "out", "--jobs", "1")
    assert swept.returncode == 0
    made = run("report", "out", "-o", "report", "--metric", "both", "--metric", "entropy_nats")
    assert made.returncode == 0
    names = [Path(line).name for line in made.stdout.splitlines()]
    assert names == ["report.md", "report.html", "chains.csv", "both.svg", "entropy_nats.svg", "chains.parquet"]
    text = (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    (row,) = re.findall(r"\| effective set \| 2 \| (.+) \| (.+) \| (.+) \|", text)
    assert row[0] == "8.000 ± 0.000"
    assert "chain.seed: 1–2" in text
    assert '"chain.seed" = "1..2"' in text
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/svg+xml;base64,") == 2
    assert not re.search(r'(?:src|href)="(?!data:)', page)


def test_text_from_outside_stays_text() -> None:
    blocks: list[Block] = [Heading(1, "<b>|x"), Text("a\x1b[31m"), Table(("c",), (("<script>|",),)), Code("sh", "```\n<i>")]
    page = html(blocks, {})
    assert "<script>" not in page
    assert "<b>" not in page
    assert "\x1b" not in page
    assert "\\<b\\>\\|x" in markdown(blocks, {})
    assert "````sh" in markdown(blocks, {})
