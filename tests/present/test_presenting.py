"""The file that says where a presentation is, the speaker's page, and the large figures."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from iicl_tui.chain.config import ChainConfig
from iicl_tui.chain.engine import Chain
from iicl_tui.charts.big_figures import big_lines
from iicl_tui.commands import notes
from iicl_tui.errors import LabError
from iicl_tui.lessons import library
from iicl_tui.lessons.notes import Note
from iicl_tui.lessons.prepared import prepare_now
from iicl_tui.lessons.reading import read_lesson
from iicl_tui.present import presenting, speaker_notes
from iicl_tui.present.lab_builder import build_lab_state
from iicl_tui.present.lab_session import LabSession
from iicl_tui.present.lab_state import ChartSettings
from iicl_tui.present.presenting import FILE, SILENT_AFTER, Position

LESSON = library.path_of("choosing-makes-it-grow").resolve()
AT = Position("lesson", str(LESSON), "Choosing the best makes it grow", 1, True, 1, "transmission")


def text(lines: list[speaker_notes.Line]) -> str:
    return "\n".join(line.text for line in lines)


def test_a_position_is_read_as_written_until_it_is_silent(tmp_path: Path) -> None:
    assert presenting.read(tmp_path) is None
    presenting.write(tmp_path / "new", AT)
    assert presenting.read(tmp_path / "new") == AT
    path = tmp_path / "new" / FILE
    os.utime(path, (0, time.time() - SILENT_AFTER - 1))  # as after kill -9
    assert presenting.read(tmp_path / "new") is None
    presenting.beat(tmp_path / "new")
    assert presenting.read(tmp_path / "new") == AT
    presenting.clear(tmp_path / "new")
    presenting.clear(tmp_path / "new")
    presenting.beat(tmp_path / "new")
    assert presenting.read(tmp_path / "new") is None
    presenting.write(path / "not a folder", AT)  # a disk that cannot be written to disturbs no talk


@pytest.mark.parametrize(
    "broken",
    [
        "", "[position", "format = 'iicl-tui-presenting/1'", "format = 'other'\n[position]\nkind = 'lesson'",
        "format = 'iicl-tui-presenting/1'\nposition = 3", "x" * 30_000,
        "format = 'iicl-tui-presenting/1'\n[position]\nkind = 'lesson'\npath = 1",
    ],
)  # fmt: skip
def test_a_broken_file_counts_as_nobody(tmp_path: Path, broken: str) -> None:
    (tmp_path / FILE).write_text(broken)
    assert presenting.read(tmp_path) is None


def test_the_page_has_the_notes_the_answer_and_what_comes_next() -> None:
    prepared = prepare_now(read_lesson(LESSON))
    page = text(speaker_notes.lesson_page(prepared, AT, 80))
    assert "step 2 of 4" in page
    assert "The room guesses. Answer: “It rises above the leaning's own size”." in page
    assert "The leaning has no chance at first: under 1 %." in page
    assert page.index("SAY") < page.index("ON THE SCREEN") < page.index("NEXT: step 3") < page.index("Here it turned.")
    assert "This is the last step." in text(speaker_notes.lesson_page(prepared, Position("lesson", "", "", 99), 80))
    assert text(speaker_notes.lesson_overview(prepared, 80)).count("step ") == 4
    assert all(len(line.text) <= 40 for line in speaker_notes.lesson_page(prepared, AT, 40)[1:])


def test_who_is_wanted_is_followed_and_others_are_not(tmp_path: Path) -> None:
    other = library.path_of("passing-on").resolve()
    assert "step 2 of 4" in text(notes.page(AT, None, 80))
    assert "step 2 of 4" in text(notes.page(AT, LESSON, 80))
    assert text(notes.page(AT, other, 200)).startswith(speaker_notes.NOBODY)
    assert "The whispering game" in text(notes.page(None, other, 80))
    assert text(notes.page(None, None, 200)) == speaker_notes.NOBODY
    gone = Position("session", str(tmp_path / "gone.toml"), "gone", 0, False, 1)
    assert "gone" in text(notes.page(gone, None, 80))
    with pytest.raises(LabError, match="no file"):
        notes._named(str(tmp_path / "gone.toml"))


def test_a_page_that_is_too_long_says_so() -> None:
    lines = [speaker_notes.Line(f"line {at}") for at in range(9)]
    assert "larger" not in notes.drawn(lines, 9)
    drawn = notes.drawn(lines, 5)
    assert drawn.count("\r\n") == 4
    assert "larger" in drawn


@pytest.mark.parametrize(("said", "shown"), [
    ("Saved a copy as /home/ada/my-talk/x.toml.", "Saved a copy as x.toml."),
    ("12 files in ~/chains/exports. The budget of $5.00 stops it.", "12 files in exports. The budget of $… stops it."),
    ("$0.0123 · 1,024 + 300 tokens · small-7b · 1.2 s\nd⁰ 7/8 · 412/h", "small-7b · 1.2 s\nd⁰ 7/8 · 412/h"),
    ("≈$1 left, <$0.0001; / to search, a/b", "$… left, $…; / to search, a/b"),
])  # fmt: skip
def test_the_room_sees_no_paths_and_no_money(said: str, shown: str) -> None:
    assert presenting.for_the_room(said) == shown


def test_the_words_of_a_page_are_explained_by_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    keys, drawn = iter(["", "i", "i", "i", "q"]), []

    def key(seconds: float) -> str:
        drawn.append(capsys.readouterr().out)
        return next(keys)

    notes.follow(lambda width: notes.page(AT, LESSON, width), key)
    asked, again, plain, exact, last = drawn
    assert speaker_notes.KEYS in asked
    assert again == ""  # nothing is drawn where nothing is new
    assert "A slight preference that an agent has" in plain  # what is meant by a leaning
    assert "A prior that is not uniform" in exact
    assert last == asked


def test_a_sessions_notes_go_with_its_generations() -> None:
    known = [Note(1, "transmission", "first"), Note(3, "imitation", "third")]
    page = text(
        speaker_notes.session_page(known, ["look here"], Position("session", "", "title", generation=1, upcoming="then"), 60)
    )
    for part in ("title: generation 1", "  first", "  look here", "  then", "generation 3", "  third"):
        assert part in page


def test_the_headline_is_the_likeliest_value_of_the_object(config: Callable[..., ChainConfig]) -> None:
    task = {"objects": ["A", "screen"], "spurious": "screen", "hypothesis": 1, "initial": 2}
    session = LabSession(Chain(config(task=task, agent=[{"prior": {"screen": {"off": 7, "on": 2, "und": 1}}}])))
    figure, what = presenting.headline(build_lab_state(session, 0, ChartSettings(by=1)))
    assert (figure, what) == ("70%", "screen off")
    assert presenting.headline(build_lab_state(session, 0, ChartSettings(by=None)))


def test_figures_of_blocks_are_as_wide_as_their_characters() -> None:
    assert big_lines("7", tall=True) == ["██████", "    ██", "  ██", "  ██", "  ██"]
    for figure in ("7%", "100%", "<1%"):
        assert len(big_lines(figure)) == 3
        assert len(big_lines(figure, tall=True)) == 5
        assert max(map(len, big_lines(figure, tall=True))) <= 7 * len(figure)
    assert big_lines("") == ["", "", ""]
    assert big_lines("88", tall=True)[0] == "██████ ██████"
