from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from review_chains import make_chain

from iicl_tui.chain.engine import Chain
from iicl_tui.errors import StoreError
from iicl_tui.review.chain_subject import HypothesisSubject, SamplesSubject
from iicl_tui.review.decider import ReviewDecider, always_blind
from iicl_tui.review.request import AnyRequest, ReviewReopened, ReviewRequest
from iicl_tui.review.state import ReviewState
from iicl_tui.tasks.base import Example


class Person:
    """Answers requests one by one: `asked` gives the next one."""

    def __init__(self, chain: Chain, folder: Path | None = None, created: str = "") -> None:
        self.chain = chain
        self.requests: asyncio.Queue[ReviewRequest] = asyncio.Queue()
        self.ended = 0
        session = None if folder is None else folder / "session.toml"
        self.decider = chain.decider = ReviewDecider(lambda: chain, self._ask, folder, session, created)
        self.task: asyncio.Task[Any] | None = None

    def _ask(self, request: AnyRequest | None) -> None:
        if request is None:
            self.ended += 1
        else:
            assert isinstance(request, ReviewRequest)
            self.requests.put_nowait(request)

    async def asked(self) -> ReviewRequest:
        """The next request; steps on until there is one."""
        while True:
            if self.task is None or self.task.done():
                self.task = asyncio.ensure_future(self.chain.step())
            get = asyncio.ensure_future(self.requests.get())
            await asyncio.wait({get, self.task}, return_when=asyncio.FIRST_COMPLETED)
            if get.done():
                return get.result()
            get.cancel()
            if not self.task.cancelled():
                self.decider.recorded(self.task.result())

    async def done(self) -> Any:
        assert self.task is not None
        record = await self.task
        self.decider.recorded(record)
        return record


def shown_in(request: ReviewRequest) -> Any:
    """What the filter shows, of a chain's phase."""
    assert isinstance(request.subject, HypothesisSubject | SamplesSubject)
    return request.subject.shown


async def answer(request: ReviewRequest, *transitions: Any) -> None:
    for transition in transitions:
        request.update(transition(request.state))
    assert request.commit()
    await asyncio.sleep(0)


async def test_both_gates_leave_their_decisions_on_record() -> None:
    person = Person(make_chain())
    first = await person.asked()
    assert shown_in(first).attempt == 0
    assert shown_in(first).redraws_left == 20
    await answer(first, lambda s: s.add_viewing_time(2.5), lambda s: s.reason("too bright"), ReviewState.reject)
    second = await person.asked()
    assert shown_in(second).attempt == 1
    await answer(second, lambda s: s.edit(33))
    record = await person.done()
    assert [d.verdict for d in record.decisions] == ["reject", "edit"]
    assert (record.decisions[0].reason, record.decisions[0].seconds) == ("too bright", 2.5)
    assert record.hypothesis == 33
    assert record.redraws == 1

    first = await person.asked()
    drawn = [sample.example for sample in shown_in(first).samples]
    mine = Example(("A",), "off")
    await answer(first, ReviewState.reject, lambda s: s.edit(mine), ReviewState.approve_rest)
    again = await person.asked()
    assert [sample.example for sample in shown_in(again).kept] == [mine, *drawn[2:]]
    assert len(shown_in(again).samples) == 1
    assert shown_in(again).attempt == 1
    await answer(again, ReviewState.approve_rest)
    record = await person.done()
    assert [sample.verdict for sample in record.samples] == ["rejected", "edited", "approved", "approved", "approved"]
    assert record.samples[1].shown == drawn[1]
    assert person.decider.request is None


async def test_a_request_is_answered_once() -> None:
    person = Person(make_chain())
    request = await person.asked()
    request.update(request.state.approve())
    assert request.open
    assert request.commit()
    assert not request.commit()
    request.postpone()
    request.update(request.state.reject())
    assert (await person.done()).decisions[0].verdict == "approve"
    assert not request.open


async def test_put_off_the_chain_stays_before_the_phase_and_the_draft_comes_back() -> None:
    person = Person(make_chain())
    await answer(await person.asked(), ReviewState.approve)
    request = await person.asked()
    assert person.task is not None
    request.update(request.state.reject().edit(Example(("A",), "off")))
    request.postpone()
    with pytest.raises(asyncio.CancelledError):
        await person.task
    assert person.chain.next == (1, "transmission")
    assert person.decider.request is None
    assert person.ended == 2
    again = await person.asked()
    assert again is not request
    assert again.state == request.state
    assert len(again.state.past) == 2
    await answer(again, ReviewState.undo, ReviewState.approve_rest)
    refill = await person.asked()
    await answer(refill, ReviewState.approve_rest)
    assert [sample.verdict for sample in (await person.done()).samples][:2] == ["rejected", "approved"]


async def test_a_cancelled_step_is_as_good_as_later() -> None:
    person = Person(make_chain())
    request = await person.asked()
    request.update(request.state.reason("hm"))
    assert person.task is not None
    person.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await person.task
    assert not request.open
    assert not request.commit()
    assert person.chain.next == (1, "interaction")
    assert (await person.asked()).state.items[0].reason == "hm"


async def test_rounds_that_were_committed_are_not_asked_again() -> None:
    person = Person(make_chain())
    await answer(await person.asked(), ReviewState.reject)
    await answer(await person.asked(), ReviewState.reject)
    third = await person.asked()
    assert shown_in(third).attempt == 2
    third.update(third.state.approve())
    third.postpone()
    again = await person.asked()
    assert shown_in(again).attempt == 2
    assert again.state.items[0].verdict == "approve"
    await answer(again)
    assert [d.verdict for d in (await person.done()).decisions] == ["reject", "reject", "approve"]


async def test_going_back_opens_the_round_before_also_after_a_restart(tmp_path: Path) -> None:
    person = Person(make_chain(), tmp_path)
    first = await person.asked()
    assert not first.can_reopen
    await answer(first, lambda s: s.reason("no"), ReviewState.reject)
    second = await person.asked()
    second.update(second.state.approve())
    assert second.can_reopen
    second.reopen()
    assert not second.open
    assert not second.can_reopen
    assert person.task is not None
    with pytest.raises(ReviewReopened):
        await person.task
    other = Person(make_chain(), tmp_path)  # another program opens the session
    again = await other.asked()
    assert again.subject.attempt == 0
    assert (again.state.items[0].verdict, again.state.items[0].reason) == ("reject", "no")
    await answer(again, ReviewState.approve)
    record = await other.done()
    assert [d.verdict for d in record.decisions] == ["approve"]
    assert record.redraws == 0


async def test_two_people_in_a_row_are_asked_one_by_one() -> None:
    person = Person(make_chain(filter=[{"kind": "human"}, {"kind": "human", "on-reject": "drop"}]))
    for _ in range(2):
        await answer(await person.asked(), ReviewState.approve)
    await person.done()
    await answer(await person.asked(), lambda s: s.edit(Example(("A",), "off")), ReviewState.approve_rest)
    second = await person.asked()
    assert shown_in(second).samples[0].verdict == "edited"
    second.postpone()
    second = await person.asked()  # the first one's answer is not taken for the second one's
    assert second.state.undecided == 4
    await answer(second, ReviewState.reject_rest)
    record = await person.done()
    assert [sample.verdict for sample in record.samples] == ["rejected"] * 4
    assert person.chain.data(1) == ()


async def test_nobody_is_asked_about_nothing() -> None:
    person = Person(make_chain(filter=[{"kind": "human", "gates": "samples", "on-reject": "drop"}] * 2))
    await answer(await person.asked(), ReviewState.reject_rest)
    record = await person.done()
    assert len(record.samples) == 4


async def test_a_draft_outlives_the_program(tmp_path: Path) -> None:
    person = Person(make_chain(), tmp_path)
    await answer(await person.asked(), ReviewState.reject)
    second = await person.asked()
    hostile = 'a "quoted" \x1b[31m\r\n [/] \u202e 漢'
    second.update(second.state.add_viewing_time(3).reason(hostile).edit(5))
    assert person.task is not None
    # Gone without a word; another program opens the session.
    other = Person(make_chain(), tmp_path)
    request = await other.asked()
    assert shown_in(request).attempt == 1
    (item,) = request.state.items
    assert (item.verdict, item.value, item.reason, item.seconds) == ("edit", 5, hostile, 3.0)
    assert request.state.undo().items[0].verdict is None
    assert list((tmp_path / "drafts").iterdir())
    await answer(request)
    await other.done()
    assert not list((tmp_path / "drafts").iterdir())
    shown = await other.asked()
    shown.update(shown.state.edit(Example(("A", "screen"), "und")))
    third = Person(other.chain, tmp_path)
    other.task.cancel()  # type: ignore[union-attr]
    with pytest.raises(asyncio.CancelledError):
        await other.task  # type: ignore[misc]
    again = await third.asked()
    assert again.state.items[0].value == Example(("A", "screen"), "und")
    assert again.state.undecided == 3
    again.postpone()
    person.task.cancel()


@pytest.mark.parametrize(
    "text",
    ["", "not toml [", "generation = 1", "session = 'x'\ngate = 'hypothesis'\ngeneration = 1\nround = []", "\x00", "round = 3"],
)
async def test_a_draft_that_cannot_be_read_is_no_draft(tmp_path: Path, text: str) -> None:
    person = Person(make_chain(), tmp_path)
    request = await person.asked()
    request.update(request.state.approve())
    (path,) = (tmp_path / "drafts").iterdir()
    path.write_text(text)
    request.postpone()
    path.write_text(text)
    other = Person(make_chain(), tmp_path)
    assert (await other.asked()).state.undecided == 1
    assert other.task is not None
    other.task.cancel()


async def test_a_draft_of_something_else_is_not_used(tmp_path: Path) -> None:
    person = Person(make_chain(seed=7), tmp_path)
    request = await person.asked()
    request.update(request.state.approve())
    request.postpone()
    seeds = (make_chain(seed=seed) for seed in range(8, 40))
    for chain in seeds:
        other = Person(chain, tmp_path)
        shown = await other.asked()
        same = shown_in(shown).hypothesis == shown_in(request).hypothesis
        assert shown.state.decided == same
        other.task.cancel()  # type: ignore[union-attr]
        if not same:
            return
    pytest.fail("every seed draws the same")


async def test_a_full_disk_is_told_of_and_nothing_is_lost(tmp_path: Path) -> None:
    (tmp_path / "drafts").write_text("a file where the folder should be")
    person = Person(make_chain(), tmp_path)
    request = await person.asked()
    request.update(request.state.approve())
    assert str(tmp_path) in person.decider.trouble
    request.postpone()
    assert (await person.asked()).state.decided == 1


async def test_a_record_that_cannot_be_kept_is_not_asked_for_again(memory) -> None:
    person = Person(make_chain(sink=memory))
    request = await person.asked()
    memory.fail_next = 1
    await answer(request, ReviewState.approve)
    assert person.task is not None
    with pytest.raises(StoreError):
        await person.task
    person.chain.flush()
    assert shown_in(await person.asked()).context.generation == 1
    assert [record.phase for record in memory.records] == ["imitation", "interaction"]
    person.task.cancel()


async def test_blind_by_choice_or_by_the_filter() -> None:
    person = Person(make_chain())
    assert not person.decider.blind
    await person.asked()
    person.decider.hide = True
    assert person.decider.blind
    blind = Person(make_chain(filter=[{"kind": "human", "blind": True}]))
    assert always_blind(blind.chain.config)
    assert not always_blind(person.chain.config)
    await blind.asked()
    assert blind.decider.blind
    for one in (person, blind):
        one.task.cancel()


async def test_a_draft_is_not_taken_over_by_another_session_of_the_same_name(tmp_path: Path) -> None:
    """One that was deleted and made again asks everything anew: it must not reject what nobody has rejected."""
    first = Person(make_chain(), tmp_path, "2026-01-01")
    request = await first.asked()
    request.update(request.state.reject())
    again = Person(make_chain(), tmp_path, "2026-01-01")
    assert (await again.asked()).state.decided == 1
    other = Person(make_chain(), tmp_path, "2026-01-02")
    assert (await other.asked()).state.decided == 0
    for person in (first, again, other):
        assert person.task is not None
        person.task.cancel()
