"""A model as first reader: what it is asked, how its replies are read, counted and kept. The SDK talks to a server of this test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from loopback import Loopback, Text, status

from iicl_tui.errors import ConfigError, LabError
from iicl_tui.review.decisions import Decision
from iicl_tui.review.first_reader import FirstReader, read_suggestion
from iicl_tui.review.reader_file import read_reader
from iicl_tui.review.reviewers import read_reviewers
from iicl_tui.review.row_opening import OpenedRows, RowOptions, open_rows


@pytest.mark.parametrize(
    ("reply", "verdict", "reason"),
    [
        ('{"verdict": "reject", "reason": "too  long"}', "reject", "too long"),
        ('Sure!\n```json\n{"verdict": "Approve"}\n```', "approve", ""),
        ('{"note": 1} {"verdict": "reject", "reason": null}', "reject", ""),
        ('<think>{"verdict": "reject"}</think>{"verdict": "approve", "reason": "fine"}', "approve", "fine"),
        ("Rejected: it is untrue.", "reject", "it is untrue."),
        ("I thought.\nVerdict: **Accept** – good", "approve", "good"),
        ('{"verdict": "reject", "reason": "\\u001b[31m red"}', "reject", "␛[31m red"),
    ],
)
def test_a_reply_is_read_as_json_or_as_a_line(reply: str, verdict: str, reason: str) -> None:
    assert read_suggestion(reply) == (verdict, reason)


@pytest.mark.parametrize("reply", ["", "It is a text.", '{"verdict": "maybe"}', "{" * 9, "[" * 100_000, "approves of it?"])
def test_a_reply_without_a_verdict_is_a_fault(reply: str) -> None:
    with pytest.raises(ValueError, match="no verdict"):
        read_suggestion(reply)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected one [agent] table"),
        ('[agent]\nkind = "bayes"', "is no language model"),
        ('[agent]\nkind = "opnai"', "nearest: openai"),
        ('[agent]\nkind = "openai"\nmodle = "x"', "nearest known: model"),
        ('[agent]\nkind = "openai"\n[reader]\nshow = "never"', "after, before"),
        ('[agent]\nkind = "openai"\n[reader]\nprompt = "none.txt"', "cannot be read"),
        ('[agent]\nkind = "openai"\n[reader]\nprompt = "bad.txt"', "lacks {text}"),
        ('[agent]\nkind = "openai"\n[reader]\nprompt = "../other.txt"', "outside"),
        ("[agents]", "unknown key"),
        ("agent = 3", "expected one [agent] table"),
        ("[", "cannot be read"),
    ],
)
def test_faults_of_the_readers_file_are_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "bad.txt").write_text("Is it good?")
    (tmp_path / "reader.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_reader(tmp_path / "reader.toml")
    assert words in str(caught.value)


def opened(folder: Path, url: str, more: str = "", agent: str = "", **options: Any) -> tuple[OpenedRows, FirstReader]:
    data = folder / "mine.jsonl"
    if not data.exists():
        rows = [{"question": "What is it?", "text": f"Kettle {at}.", "topic": "pan"} for at in range(4)]
        data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    setup = f'[reader]\n{more}\n[agent]\nkind = "openai"\nmodel = "m"\nbase-url = "{url}/v1"\nattempts = 1\n{agent}'
    (folder / "reader.toml").write_text(setup)
    (folder / "mine.reasons.txt").write_text("dull\nuntrue\n")
    found = open_rows(data, RowOptions(reader=folder / "reader.toml", reviewer="ada", **options), lambda: 0.0)
    assert found.reader is not None
    return found, found.reader


async def closed(found: OpenedRows) -> None:
    assert found.reader is not None
    await found.reader.close()
    found.session.close()


async def test_each_row_is_paid_for_once_and_the_model_is_a_reviewer(tmp_path: Path) -> None:
    (tmp_path / "judge.txt").write_text('{asked}\n{text} ({topic})\n{reasons}\nSay {"verdict": …}\n')
    with Loopback() as server:
        server.replies = [
            Text('{"verdict": "reject", "reason": "dull"}', usage=(10, 5)),
            Text("I do not know.", usage=(10, 5)),
            status(500),
        ]
        found, reader = opened(tmp_path, server.url, 'prompt = "judge.txt"', "temperature = 0\njson-schema = true")
        assert await reader.suggest(0) == ("reject", "dull")
        asked = server.seen[0].body
        words = 'It answers this:\nWhat is it?\nKettle 0. (pan)\nReasons to reject, if one fits: dull; untrue.\nSay {"verdict": …}'
        assert [message["content"] for message in asked["messages"]] == [words]
        assert asked["temperature"] == 0
        assert asked["response_format"]["json_schema"]["schema"]["properties"]["verdict"]["enum"] == ["approve", "reject"]
        with pytest.raises(LabError, match="no verdict on row 2"):
            await reader.suggest(1)
        with pytest.raises(LabError):
            await reader.suggest(2)
        assert [reader.wants(row) for row in range(4)] == [False, False, False, True], (
            "a failure stops neither others nor the review"
        )
        await closed(found)

        server.replies = [Text("Approve")]
        found, reader = opened(tmp_path, server.url, 'prompt = "judge.txt"')
        assert reader.on(0) == ("reject", "dull")
        assert (reader.spent.calls, reader.spent.tokens) == (2, 30), "what was spent earlier counts"
        with pytest.raises(LabError, match="no verdict"):
            await reader.suggest(1)
        assert await reader.suggest(2) == ("approve", "")
        assert len(server.seen) == 4, "replies on record are not paid for again"
        await closed(found)
    (model,) = read_reviewers([tmp_path / "mine.m.decisions.toml"])
    assert (model.name, sorted(model.verdicts.values())) == ("m", ["approve", "reject"])


async def test_agreement_is_counted_as_decisions_come_and_go(tmp_path: Path) -> None:
    with Loopback() as server:
        server.replies = [Text("Approve"), Text("Reject: dull")]
        found, reader = opened(tmp_path, server.url)
        for row in (0, 1):
            await reader.suggest(row)
        seen = []
        for row, verdict in ((0, "edit"), (1, "approve"), (1, "reject"), (1, "flag"), (2, "reject"), (0, None)):
            reader.count(row, Decision(verdict))  # type: ignore[arg-type]
            seen.append((reader.agreed, reader.both))
        assert seen == [(1, 1), (1, 2), (2, 2), (1, 1), (1, 1), (0, 0)]
        await closed(found)


async def test_the_budget_and_a_missing_key_stop_the_model_and_not_the_review(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Loopback() as server:
        found, reader = opened(tmp_path, server.url, "token-budget = 50")
        with pytest.raises(LabError, match="not asked any more"):
            await reader.suggest(0)
        assert "budget" in reader.stopped
        assert not reader.wants(1)
        assert not server.seen
        assert found.session.decide("approve")
        await closed(found)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
        with pytest.raises(LabError, match="key was not sent"):
            opened(tmp_path, server.url)
        monkeypatch.delenv("OPENAI_API_KEY")
        (tmp_path / "odd.txt").write_text("{text} {txet}")
        with pytest.raises(LabError, match=r"slot \{txet\}"):
            opened(tmp_path, server.url, 'prompt = "odd.txt"')
        with pytest.raises(LabError, match="name of the reviewer and of the model"):
            opened(tmp_path, server.url, 'name = "ada"')
