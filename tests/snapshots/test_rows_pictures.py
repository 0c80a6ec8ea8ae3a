"""The review of one's own rows, at three sizes."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from scenes import DARK, LARGE, LIGHT, MIDDLE, SMALL, Shoot, opened

from iicl_tui.review.row_opening import RowOptions, open_rows

TEXT = """# A kettle

It boils **fast**, in `90 s`, and:

- the handle stays cold
- the lid is loose \x1b[31m

> I would buy it again. 漢字 \u202e
"""
ASKED = {"prompt": "Review the kettle in three sentences.", "truth": "good"}
ROWS = [{**ASKED, "text": TEXT if at == 2 else f"Kettle {at} boils, and boils.", "model": "abc"[at % 3]} for at in range(40)]


@pytest.mark.parametrize(("size", "theme"), [(SMALL, DARK), (MIDDLE, LIGHT), (LARGE, DARK)])
def test_rows(shoot: Shoot, size: tuple[int, int], theme: str) -> None:
    data, seconds = Path("mine.jsonl"), itertools.count(step=5)
    data.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    Path("mine.reasons.txt").write_text("off topic\nuntrue\ntoo long\n")
    rows = open_rows(data, RowOptions(reviewer="ada"), lambda: next(seconds))
    shoot("rows", size, theme, opened("rows", "a", "1", "down", "f", "home", "down", "down"), opened=rows)
