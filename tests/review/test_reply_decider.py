"""The request about a reply that cannot be read, and the drafts of what a person writes in its place."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from review_chains import make_chain

from iicl_tui.agents.base import ReplyAnswer, UnreadableReply
from iicl_tui.chain.records import ImitationRecord
from iicl_tui.review.decider import ReviewDecider
from iicl_tui.review.reply_drafts import ReplyDrafts
from iicl_tui.review.request import AnyRequest, ReplyRequest

SHOWN = UnreadableReply(
    2, "imitation", "imitate", "What is the rule?", "Who knows?", "There is none.", "the old one goes on",
    lambda text: "" if text.startswith("Rule") else "There is none.",
)  # fmt: skip


class Person:
    """Answers requests one by one."""

    def __init__(self, folder: Path | None = None) -> None:
        self.asked: asyncio.Queue[AnyRequest | None] = asyncio.Queue()
        session = None if folder is None else folder / "session.toml"
        self.decider = ReviewDecider(make_chain, self.asked.put_nowait, folder, session)

    async def about(self, shown: UnreadableReply = SHOWN) -> ReplyRequest:
        """The request about this reply."""
        self.task: asyncio.Task[ReplyAnswer] = asyncio.ensure_future(self.decider.reply(shown))
        while not isinstance(request := await self.asked.get(), ReplyRequest):
            pass
        return request


def drafts(folder: Path) -> list[Path]:
    return [*(folder / "drafts").iterdir()] if (folder / "drafts").exists() else []


@pytest.mark.parametrize(("verdict", "text"), [("edit", "Rule: x"), ("redraw", ""), ("skip", "")])
async def test_an_answer_is_what_the_engine_gets_once(verdict, text: str) -> None:
    person = Person()
    request = await person.about()
    assert person.decider.request is request
    assert request.answer(verdict, text)
    assert not request.answer("redraw")
    assert await person.task == ReplyAnswer(verdict, text)
    assert person.decider.request is None
    assert await person.asked.get() is None


async def test_what_the_engine_could_not_use_is_no_answer() -> None:
    person = Person()
    request = await person.about(replace(SHOWN, skip_effect=""))
    assert not request.answer("skip")
    assert not request.answer("edit", "nothing of the kind")
    assert request.open
    assert request.answer("redraw", "a text that has no place here")
    assert await person.task == ReplyAnswer("redraw")


async def test_later_cancels_the_step_and_keeps_the_text() -> None:
    person = Person()
    request = await person.about()
    request.update("half a ru")
    request.postpone()
    request.postpone()
    with pytest.raises(asyncio.CancelledError):
        await person.task
    assert not request.answer("redraw")
    request.update("half a rule")  # the screen may go a moment after the answer was put off
    assert (await person.about()).text == "half a rule"


async def test_a_step_that_is_cancelled_asks_no_more() -> None:
    person = Person()
    request = await person.about()
    person.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await person.task
    assert not request.open
    assert await person.asked.get() is None


async def test_a_reply_is_never_blind_of_itself() -> None:
    person = Person()
    await person.about()
    assert not person.decider.blind
    person.decider.hide = True
    assert person.decider.blind
    person.task.cancel()


async def test_a_text_outlives_the_program_until_its_phase_is_on_record(tmp_path: Path) -> None:
    person = Person(tmp_path)
    (await person.about()).update("mine")
    # Gone without a word; another program opens the session.
    other = Person(tmp_path)
    request = await other.about()
    assert request.text == "mine"
    assert request.answer("edit", "Rule: y")
    assert (await other.task).text == "Rule: y"
    assert len(drafts(tmp_path)) == 1
    request.update("too late")
    other.decider.recorded(ImitationRecord(2, 0, 5))
    assert drafts(tmp_path) == []
    assert (await other.about()).text is None
    person.task.cancel()
    other.task.cancel()


async def test_a_text_is_found_by_its_question_its_reply_and_its_phase(tmp_path: Path) -> None:
    person = Person(tmp_path)
    empty = replace(SHOWN, reply="")
    others = [replace(empty, purpose="self-refine"), replace(empty, prompt="And now?"), replace(empty, reply=" ")]
    (await person.about(empty)).update("for the empty one")
    for other in others:
        request = await person.about(other)
        assert request.text is None
        request.update(f"for {other.purpose} {other.prompt} {other.reply}")
    again = Person(tmp_path)
    assert (await again.about(empty)).text == "for the empty one"
    assert [(await again.about(other)).text for other in others] == [f"for {o.purpose} {o.prompt} {o.reply}" for o in others]
    for elsewhere in (replace(empty, phase="transmission"), replace(empty, generation=3)):
        assert (await again.about(elsewhere)).text is None


async def test_nothing_more_to_keep_leaves_no_file(tmp_path: Path) -> None:
    person = Person(tmp_path)
    request = await person.about()
    request.update("mine")
    assert len(drafts(tmp_path)) == 1
    request.update(None)
    assert drafts(tmp_path) == []
    assert (await person.about()).text is None


async def test_a_text_left_behind_goes_with_the_next_record(tmp_path: Path) -> None:
    (await Person(tmp_path).about()).update("mine")
    other = Person(tmp_path)
    other.decider.recorded(ImitationRecord(2, 0, 5))  # the answer was on record already: nobody is asked
    assert drafts(tmp_path) == []


UNUSABLE = {
    "empty": "",
    "torn": "not toml [",
    "half": "session = 'x'\n",
    "nul": "\x00",
    "of another shape": "draft = 3",
    "deep": "draft = " + "[" * 3000,
    "huge": "x = 1\n" * 900_000,
}


@pytest.mark.parametrize("text", UNUSABLE.values(), ids=list(UNUSABLE))
async def test_a_file_that_cannot_be_read_is_no_draft(tmp_path: Path, text: str) -> None:
    (await Person(tmp_path).about()).update("mine")
    (path,) = drafts(tmp_path)
    path.write_text(text)
    assert (await Person(tmp_path).about()).text is None


async def test_another_sessions_texts_are_not_taken(tmp_path: Path) -> None:
    (await Person(tmp_path).about()).update("mine")
    other = ReviewDecider(make_chain, lambda _: None, tmp_path, tmp_path / "other.toml")
    task = asyncio.ensure_future(other.reply(SHOWN))
    await asyncio.sleep(0)
    assert isinstance(other.request, ReplyRequest)
    assert other.request.text is None
    task.cancel()


async def test_a_full_disk_is_told_of_and_nothing_is_lost(tmp_path: Path) -> None:
    (tmp_path / "drafts").write_text("a file where the folder should be")
    person = Person(tmp_path)
    request = await person.about()
    request.update("mine")
    assert str(tmp_path) in person.decider.trouble
    request.postpone()
    again = await person.about()
    assert again.text == "mine"
    (tmp_path / "drafts").unlink()
    again.update("mine too")
    assert person.decider.trouble == ""
    assert (await Person(tmp_path).about()).text == "mine too"


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.text(), st.text())
def test_any_text_comes_back_from_the_disk_as_it_was(text: str, reply: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shown = replace(SHOWN, reply=reply)
        ReplyDrafts(Path(folder), Path(folder) / "s.toml").keep(shown, text)
        assert ReplyDrafts(Path(folder), Path(folder) / "s.toml").get(shown) == text


def test_half_a_character_is_kept_as_well_as_can_be(tmp_path: Path) -> None:
    shown = replace(SHOWN, reply="\ud800")
    ReplyDrafts(tmp_path, tmp_path / "s.toml").keep(shown, "a\udcffb")
    assert ReplyDrafts(tmp_path, tmp_path / "s.toml").get(shown) == "a?b"


def test_only_the_texts_written_last_are_kept_on_disk(tmp_path: Path) -> None:
    kept = ReplyDrafts(tmp_path, tmp_path / "s.toml")
    replies = [replace(SHOWN, reply=str(number)) for number in range(12)]
    for shown in replies:
        kept.keep(shown, f"for {shown.reply}")
    assert [kept.get(shown) for shown in replies] == [f"for {number}" for number in range(12)]
    found = [ReplyDrafts(tmp_path, tmp_path / "s.toml").get(shown) for shown in replies]
    assert found == [None] * 4 + [f"for {number}" for number in range(4, 12)]
