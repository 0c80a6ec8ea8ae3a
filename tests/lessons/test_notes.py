"""Notes on a session, and the lesson made from them."""

from __future__ import annotations

from pathlib import Path

import pytest

import iicl_tui
from iicl_tui.chain.engine import Chain
from iicl_tui.cli import main
from iicl_tui.errors import LabError
from iicl_tui.lessons.notes import Note, add, fault_of, file_of, lesson_from, load, moment_of
from iicl_tui.lessons.prepared import prepare_now
from iicl_tui.lessons.reading import read_lesson


@pytest.fixture
def session(tmp_path: Path) -> Path:
    path = tmp_path / "here" / "chain.toml"
    iicl_tui.run("e2-weak-high", {"chain.generations": 3}, path=path).close()
    return path


def test_notes_make_a_lesson_in_the_order_of_the_chain(session: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert add(session, Note(3, "imitation", "Third.")) == 1
    assert add(session, Note(0, "transmission", "The start [bold]")) == 2
    assert add(session, Note(3, "interaction", "Later in the third.")) == 3
    target = tmp_path / "mine.toml"
    assert main(["learn", "--from", str(session), "-o", str(target)]) == 0
    assert "no fault; 3 steps, 1 questions" in capsys.readouterr().out
    prepared = prepare_now(read_lesson(target))
    assert [step.text for step in prepared.steps] == ["The start [bold]", "Third.", "Later in the third."]
    assert [step.moment for step in prepared.steps] == [(0, "transmission"), (3, "imitation"), (3, "interaction")]
    asked = prepared.steps[-1].asked
    assert asked is not None
    with iicl_tui.open_session(session) as opened:
        assert asked.truth[0] == pytest.approx(opened.measures.marginals[4][2][1])
    assert main(["learn", "--from", str(session), "-o", str(target)]) == 2
    assert prepare_now(read_lesson(target)).steps


def test_a_lesson_needs_notes_and_a_chain_that_has_run(session: Path, tmp_path: Path) -> None:
    with pytest.raises(LabError, match="has no notes"):
        lesson_from(session, tmp_path / "x.toml")
    assert main(["learn", "--from", str(session)]) == 2
    file_of(session).write_text("no [toml")
    with pytest.raises(LabError):
        load(session)


@pytest.mark.parametrize("text", ["", "  ", "word " * 100, "a {slot}"])
def test_a_note_that_does_not_fit_is_refused(text: str) -> None:
    assert fault_of(text)
    assert not fault_of("Look at the screen.")


def test_the_moment_is_the_last_phase_done() -> None:
    chain = Chain(iicl_tui.read_config("e2-weak-high"))
    assert moment_of(chain, 0) == moment_of(chain, 1) == (0, "transmission")
