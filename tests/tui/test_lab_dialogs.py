"""The lab's dialogs, and what runs a chain, without a screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from speaking import spoken

from iicl_tui.agents.key_consent import KeyRequest
from iicl_tui.agents.money import Budget, WorstCase
from iicl_tui.chain.config import ChainConfig
from iicl_tui.chain.engine import Chain
from iicl_tui.errors import LabError, StoreError
from iicl_tui.present.lab_builder import build_lab_state
from iicl_tui.present.lab_session import LabSession
from iicl_tui.present.lab_state import ChartSettings
from iicl_tui.store.session import SessionFile
from iicl_tui.tui.lab.branch_form import BranchForm
from iicl_tui.tui.lab.chain_runner import run_phases
from iicl_tui.tui.lab.dialogs import budget, complete_generations, parse_budget, run_to, save_copy, trust
from iicl_tui.tui.widgets.inline_form import amount, one_of

Make = Callable[..., ChainConfig]
BIASED = {"hypothesis": 33, "spurious": "screen", "bias": "high", "draw": "overlap", "initial": 4}
BY_SCREEN = ChartSettings(by=4)
CONFIG, _ = spoken()


def nothing(record: object) -> None:
    pass


@pytest.fixture
def file(config: Make, tmp_path: Path) -> SessionFile:
    return SessionFile.create(config(chain={"generations": 3, "title": "t"}, task=BIASED), tmp_path)


async def test_what_could_not_be_kept_is_tried_first_and_then_told(
    file: SessionFile, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    session = LabSession.from_file(file)
    done: list[Any] = []
    with monkeypatch.context() as patch:

        def full(*_: object) -> None:
            raise StoreError("The disk is full", "No room.", "Make room.")

        patch.setattr(file, "append", full)
        error = await run_phases(session, None, done.append, tmp_path)
        assert isinstance(error, StoreError)
        assert session.saving.kind == "unsaved"
        assert done == []
        state = build_lab_state(session, None, BY_SCREEN)
        assert state.words.startswith("Not saved yet; it is kept in memory and written as soon as possible. The disk")
        assert "lab.save-copy" in state.action_ids
        assert state.steppable
        assert await run_phases(session, None, done.append, tmp_path) is not None
    assert await run_phases(session, None, done.append, tmp_path) is None
    assert [record.phase for record in done] == ["imitation"]
    assert session.saving.kind == "saved"
    assert len(file.generations) == 1
    assert len(session.chain.generations) == 1


async def test_a_copy_takes_over_where_the_file_is_gone(file: SessionFile, tmp_path: Path) -> None:
    session = LabSession.from_file(file)
    await run_phases(session, 1, nothing, tmp_path)
    file.path.unlink()
    error = await run_phases(session, None, nothing, tmp_path)
    assert isinstance(error, StoreError)
    assert session.save_copy(tmp_path / "other.toml")
    assert session.saving.kind == "saved"
    assert await run_phases(session, 3, nothing, tmp_path) is None
    session.close()
    again = LabSession.open(tmp_path / "other.toml")
    assert again.chain.status == "finished"
    assert [g.hypothesis for g in again.chain.generations] == [g.hypothesis for g in session.chain.generations]
    again.close()


async def test_a_copy_of_a_healthy_session_is_only_a_copy(file: SessionFile, tmp_path: Path) -> None:
    session = LabSession.from_file(file)
    await run_phases(session, 1, nothing, tmp_path)
    assert not session.save_copy(tmp_path / "other.toml")
    assert session.file is file
    with pytest.raises(StoreError):
        session.save_copy(tmp_path / "other.toml")


async def test_a_chain_in_no_file_is_kept_by_a_copy(config: Make, tmp_path: Path) -> None:
    session = LabSession(Chain(config(chain={"generations": 2}, task=BIASED)))
    assert await run_phases(session, 1, nothing, tmp_path) is None
    assert session.saving.kind == "memory"
    with pytest.raises(LabError):
        session.branch(1, tmp_path, 42, 2)
    assert session.save_copy(tmp_path / "kept.toml")
    assert await run_phases(session, 2, nothing, tmp_path) is None
    session.close()
    with SessionFile.open(tmp_path / "kept.toml") as again:
        assert len(again.generations) == 2


async def test_a_branch_with_the_same_seed_goes_the_same_way(file: SessionFile, tmp_path: Path) -> None:
    session = LabSession.from_file(file)
    await run_phases(session, 3, nothing, tmp_path)
    same = LabSession.from_file(session.branch(1, tmp_path / "new", 42, 3))
    assert len(same.chain.generations) == 1
    await run_phases(same, 3, nothing, tmp_path)
    assert [g.hypothesis for g in same.chain.generations] == [g.hypothesis for g in session.chain.generations]
    longer = LabSession.from_file(session.branch(3, tmp_path / "new", 7, 5))
    assert (longer.chain.config.seed, longer.chain.config.generations) == (7, 5)
    assert longer.chain.next == (4, "imitation")
    for each in (session, same, longer):
        each.close()


async def test_an_error_in_the_program_stops_the_chain_alone(
    file: SessionFile, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    session = LabSession.from_file(file)

    key = "sk-" + "a1b2" * 8

    def broken(*_: object) -> None:
        raise ZeroDivisionError(key)

    monkeypatch.setattr(session.chain.task, "transmit", broken)
    error = await run_phases(session, 3, nothing, tmp_path / "state")
    assert error is not None
    assert "error in the program" in error.title
    reports = list((tmp_path / "state").glob("crash-*.txt"))
    assert len(reports) == 1
    assert key not in reports[0].read_text()
    assert session.chain.next == (1, "transmission")


async def test_questions_check_what_is_typed(file: SessionFile, tmp_path: Path) -> None:
    session = LabSession.from_file(file)
    await run_phases(session, 1, nothing, tmp_path)
    (goal,) = run_to(session.chain).questions
    assert goal.check("2") == goal.check("3") == ""
    for text in ("1", "4", "", "x", "2.0", "²", "-1", "9" * 30):
        assert goal.check(text)
    assert goal.value == "3"
    assert complete_generations(session, 2) == complete_generations(session, 1) == 1
    assert complete_generations(session, 0) == 0
    seed, length, *_ = BranchForm(session, 1, beside=False).questions
    assert seed.check("0") == seed.check(str(2**63 - 1)) == ""
    assert seed.check(str(2**63))
    assert length.check("1")
    assert length.check("2") == ""
    (path,) = save_copy(session, tmp_path).questions
    assert path.check(path.value) == ""
    assert path.check(str(file.path))
    assert path.check("")
    assert path.check("/tmp/x")


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.floats(0, 1e6), st.none() | st.integers(0, 10**9))
def test_a_budgets_question_proposes_what_its_own_check_takes(dollars: float, tokens: int | None) -> None:
    chain = Chain(CONFIG)
    chain.budget = Budget(dollars, tokens)
    ask = budget(chain, WorstCase(0, 0.0))
    assert all(question.check(question.value) == "" or float(question.value) > 1e6 for question in ask.questions)
    found = parse_budget(chain, {question.key: question.value for question in ask.questions})
    assert found.dollars is not None
    assert found.dollars == pytest.approx(2 * dollars or 1.0, abs=1e-6) or (dollars < 5e-7 and found.dollars == 1.0)
    assert found.tokens == (None if tokens is None else 2 * tokens or 10_000)


@settings(derandomize=True, deadline=None)
@given(st.text(max_size=30))
def test_whatever_passes_as_an_amount_is_a_number_in_its_bounds(text: str) -> None:
    if amount(100)(text) == "":
        assert 0 <= float(text) <= 100
    assert one_of("no", "yes")(text) == "" or text not in ("no", "yes")


def test_a_key_dialog_says_what_each_answer_does() -> None:
    asked = KeyRequest("evil.example", "evil.example", ("OPENAI_API_KEY", "MISTRAL_API_KEY"))
    hints = {answer: trust(asked)._hint({"answer": answer}) for answer in ("no", "yes", "always")}
    assert all("evil.example" in hint and "OPENAI_API_KEY and MISTRAL_API_KEY" in hint for hint in hints.values())
    assert "without the key" in hints["no"]
    assert "settings" in hints["always"]
