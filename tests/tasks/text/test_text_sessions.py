"""Sessions of texts: saved, opened again, resumed, branched, checked and exported, whatever the texts hold."""

from __future__ import annotations

import csv
import json
import math
import os
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import run_here
from hypothesis import given, settings
from hypothesis import strategies as st

from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.metrics import measure
from iicl_tui.filters.scripted import ScriptedDecider
from iicl_tui.present.remarks import remarks
from iicl_tui.store.check import check
from iicl_tui.store.export import export
from iicl_tui.store.presets import load
from iicl_tui.store.session import SessionFile

TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30).filter(lambda words: words.strip() != "")
FEATURES = [
    {"name": "length", "kind": "words", "bins": [2]},
    {"name": "near", "kind": "similarity-start", "bins": [0.5]},
    {"name": "last", "kind": "similarity-last"},
]
HOSTILE = [
    "\x1b]0;title\x07 \x1b[31mred",
    "\u202eright to left\u2066",
    "\"\"\"\n[generation]\nindex = 9\n'''",
    "[/] [bold]markup[/bold] {slot} | \\n \\",
    "line\r\nend\n\n# a comment = 1",
    "e\u0301 \U0001f9d1\u200d\U0001f680 \x00 \x7f",
]


def document(**more: Any) -> dict[str, Any]:
    return {
        "chain": {"task": "text", "generations": 3, "seed": 5},
        "task": {"file": "mine.jsonl", "initial": 3, "samples": 3, "fields": ["topic"], "feature": FEATURES},
        **more,
    }


async def run(folder: Path, rows: list[dict[str, str]], **more: Any) -> tuple[Path, Chain]:
    (folder / "mine.jsonl").write_text("\n".join(json.dumps(row) for row in rows) + "\n", encoding="utf-8")
    config = read_config(document(**more), folder)
    with SessionFile.create(config, folder / "session.toml") as session:
        chain = Chain(config, sink=session, decider=ScriptedDecider({"default": "approve"}, config.task))
        await chain.run()
    (folder / "mine.jsonl").unlink()  # a session file stands alone
    return folder / "session.toml", chain


@settings(max_examples=12, deadline=None)
@given(st.lists(TEXT, min_size=3, max_size=5, unique=True))
def test_any_texts_come_back(found: list[str]) -> None:
    import asyncio

    with tempfile.TemporaryDirectory() as name:
        rows = [{"text": each, "topic": each[::-1]} for each in found]
        path, chain = asyncio.run(run(Path(name), rows))
        with SessionFile.open(path, read_only=True) as session:
            again = Chain(session.config, session.generations)
        assert again.start == chain.start
        assert again.generations == chain.generations


async def test_hostile_texts_of_every_kind_and_size(tmp_path: Path) -> None:
    huge = "word " * 200_000  # 1 MB
    rows = [{"text": each, "topic": "t"} for each in (*HOSTILE, huge)]
    path, chain = await run(tmp_path, rows, start={"sample": [{"input": [], "output": each} for each in (*HOSTILE, huge)]})
    with SessionFile.open(path, read_only=True) as session:
        assert list(session.generations) == list(chain.generations)
        assert session.config.start == chain.start
    assert check(path) == []
    shown = run_here(tmp_path, "show", path.name, environment=dict(os.environ)).stdout
    assert not any(sign in shown for sign in "\x1b\x07\u202e\u2066\x00\x7f")


async def test_resume_branch_and_export(tmp_path: Path) -> None:
    rows = [{"text": f"text number {at}" if at % 2 else "=short", "topic": f"t{at}"} for at in range(8)]
    filters = [{"kind": "human", "gates": "samples"}, {"kind": "rank", "prefer": "most length"}]
    path, chain = await run(tmp_path, rows, filter=filters)
    half = Chain(chain.config, chain.generations[:1], decider=ScriptedDecider({"default": "approve"}, chain.task))
    await half.run()
    assert half.generations == chain.generations, "resumed, it is the same chain"
    with SessionFile.open(path, read_only=True) as session:
        branched = session.branch(1, tmp_path / "branch.toml")
        with branched:
            assert list(branched.generations) == list(chain.generations[:1])
    files = export(path, "csv", tmp_path / "out")
    with next(file for file in files if file.name.endswith("samples.csv")).open(newline="") as stream:
        table = list(csv.DictReader(stream))
    drawn = [row for row in table if row["generation"] == "1"]
    assert {"length", "near", "last", "note", "input", "output", "verdict"} <= set(table[0])
    assert all(float(row["length"]) == len(row["output"].lstrip("'").split()) for row in table)
    assert all(0 <= float(row["last"]) <= 1 for row in drawn)
    assert all(not row["output"].startswith("=") for row in table)
    assert all(row["input"].startswith("topic=t") for row in table)
    [written] = export(path, "json", tmp_path / "out")
    measures = json.loads(written.read_text())["generations"][0]["measures"]
    assert set(measures["made"]) == {"length", "near", "last", "different texts"}


async def test_the_reviews_preset_shows_what_it_says() -> None:
    text = load("text-reviews").text
    chain = Chain(read_config(tomllib.loads(text)))
    await chain.run()
    negative = measure(chain).marginals[0][:, 2]
    assert negative[0] == pytest.approx((10 + 1 / 4) / 21)
    assert negative[1:] == pytest.approx(np.full(5, (1 / 4) / 21))
    assert "1.2 % for A = 1" in " ".join(text.replace("#", " ").split())


async def test_a_feature_that_fails_in_mid_chain_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def shortest(words: str, fields: dict[str, str]) -> int:
        return {"A short text.": 1, "one": 3}[words]

    monkeypatch.setattr("iicl_tui.tasks.text.functions._load", lambda name: shortest)
    feature = [{"name": "odd", "kind": "function", "function": "odd", "bins": [2]}]
    task = {"file": "mine.jsonl", "initial": 2, "samples": 2, "feature": feature}
    _, chain = await run(
        tmp_path, [{"text": "one"}, {"text": "two"}], task=task, chain={"task": "text", "generations": 1, "seed": 5}
    )
    passed = chain.data(1)
    failed = sum(example.output == "two" for example in passed)
    assert failed, "the seed draws one that fails"
    words = f"generation 1, transmission: odd could not be measured in {failed} of 2 texts: KeyError: 'two'"
    assert [str(remark) for remark in remarks(chain, 1)] == [words]


@pytest.mark.parametrize("mix", [0.4, 1.0])
async def test_a_share_of_the_first_texts_is_mixed_in(tmp_path: Path, mix: float) -> None:
    rows = [{"text": f"{'w ' * (at % 4 + 1)}{at}", "topic": "a"} for at in range(30)]
    more = {"chain": {"task": "text", "generations": 4, "seed": 5, "keep": {"mix": mix}}}
    path, chain = await run(tmp_path, rows, **more)
    taken = max(math.floor(mix * 3 + 0.5), 1)
    for data in map(chain.data, range(1, 5)):
        assert len(data) == 3
        assert sum(example in chain.data(0) for example in data) >= taken
    assert check(path) == []
