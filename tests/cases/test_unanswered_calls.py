"""Attempts without a reply that may be billed are in the file, and how requests are adapted to a server is said."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from speaking import InMemory, connected, follows, rule, spoken

from iicl_tui.agents.calls import NO_REPLY, Reply, Request
from iicl_tui.agents.failures import CallFailed
from iicl_tui.agents.model_session import BudgetReached
from iicl_tui.chain.engine import Chain
from iicl_tui.errors import ConfigError
from iicl_tui.present.transcript import entries
from iicl_tui.store.check import check
from iicl_tui.store.errors import FullDisk
from iicl_tui.store.library import summary
from iicl_tui.store.session import SessionFile

CREATED = datetime(2026, 1, 2, tzinfo=UTC)
PRICED: dict[str, Any] = {"price": {"input": 0.0, "output": 10.0}, "max-tokens": 1000, "attempts": 1}


def too_slow() -> CallFailed:
    return CallFailed("time-out", "Slow", "It took too long.", "Wait.", billed=True)


async def fail_once(path: Path, **options: Any) -> None:
    """Makes a session in which the only attempt of the first call may be billed and got no reply."""
    config, model = spoken(agent=PRICED, **options)
    model.answers = lambda request: too_slow()
    with SessionFile.create(config, path, created=CREATED) as session, pytest.raises(CallFailed):
        await Chain(config, sink=session).run()


def reopened(path: Path) -> Chain:
    """The chain of a file, with a model that answers."""
    session = SessionFile.open(path)
    config = connected(session.config, InMemory(follows(session.config)))
    return Chain(config, session.generations, session, calls=session.calls)


async def test_an_attempt_without_a_reply_that_may_be_billed_is_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    await fail_once(path)
    assert check(path) == []
    assert summary(path, 0.0).status == "under way"
    chain = reopened(path)
    assert chain.calls == ()
    assert chain.spent.dollars == chain.spent_in(1).dollars == pytest.approx(0.01)
    assert chain.spent.calls == 0
    await chain.run()
    again = reopened(path)
    assert [call.purpose for call in again.recorded_calls[:3]] == ["imitate", NO_REPLY, "transmit"]
    assert len(again.calls) == 6
    assert again.spent.completion == chain.spent.completion > 1000
    [entry] = [entry for entry in entries(again) if entry.title == "no reply"]
    assert entry.text.startswith("1 try without a reply may be billed for up to ≈$0.0100 · ≈")


async def test_a_budget_holds_over_the_end_of_the_program(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    await fail_once(path, chain={"budget": 0.015})
    chain = reopened(path)
    with pytest.raises(BudgetReached):
        await chain.run()
    assert [call.purpose for call in chain.recorded_calls] == [NO_REPLY]


async def test_a_full_disk_does_not_hide_the_failure_and_the_next_step_saves_the_loss() -> None:
    config, model = spoken(agent=PRICED)
    model.answers = lambda request: too_slow()
    saved: list[Any] = []

    class Sink:
        full = True

        def append(self, *records: Any) -> None:
            if self.full:
                raise FullDisk("full", "", "")
            saved.extend(records)

        def check_space(self, size: int) -> None:
            pass

        append_loosely, sync = append, lambda self: None

    sink = Sink()
    chain = Chain(config, sink=sink)
    with pytest.raises(CallFailed):
        await chain.step()
    assert [record.purpose for record in chain.unsaved] == [NO_REPLY]  # type: ignore[union-attr]
    sink.full = False
    chain.flush()
    assert [record.purpose for record in saved] == [NO_REPLY]


async def test_a_record_without_what_was_lost_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    await fail_once(path)
    lines = [line for line in path.read_text().splitlines() if not line.startswith(("lost", "# end: call"))]
    path.write_text("\n".join([*lines, "# end: call 1", ""]))
    with pytest.raises(ConfigError, match=r'line \d+: generation\[1\].call\[1\].lost: is missing: purpose = "no-reply"'):
        SessionFile.open(path)


async def test_how_requests_were_adapted_is_recorded_and_told_once(tmp_path: Path) -> None:
    config, model = spoken()
    answer = follows(config)

    def adapted(request: Request) -> Reply:
        return replace(Reply(answer(request)), adapted=("developer", "max_tokens", "stream"))

    model.answers = adapted
    told: list[str] = []
    with SessionFile.create(config, tmp_path / "s.toml", created=CREATED) as session:
        chain = Chain(config, sink=session)
        chain.on_notice = told.append
        await chain.run()
    assert [text.partition(".")[0] for text in told] == [
        "gpt-6-luna has the role developer in place of system",
        "gpt-6-luna limits the reply by max_tokens in place of max_completion_tokens",
        "gpt-6-luna answers in a stream only",
    ]
    again = reopened(tmp_path / "s.toml")
    assert {call.adapted for call in again.calls} == {("developer", "max_tokens", "stream")}
    assert rule(config, 5) == again.calls[0].reply


async def test_show_says_how_requests_were_adapted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from iicl_tui.cli import main

    config, model = spoken()
    answer = follows(config)
    model.answers = lambda request: replace(Reply(answer(request)), adapted=("stream",))
    with SessionFile.create(config, tmp_path / "s.toml", created=CREATED) as session:
        await Chain(config, sink=session).run()
    assert main(["show", str(tmp_path / "s.toml"), "--no-charts"]) == 0
    said = capsys.readouterr().out
    assert said.count("gpt-6-luna answers in a stream only. Its replies are put together from it") == 1


# -- calls that are cancelled while they are under way ----------------------------------------------------------------------


async def cancelled(chain: Chain, model: InMemory) -> None:
    """Cancels the chain's step while its call is under way."""
    model.hold = True
    step = asyncio.ensure_future(chain.step())
    await model.asked.wait()
    model.asked.clear()
    step.cancel()
    with pytest.raises(asyncio.CancelledError):
        await step


async def test_a_call_that_is_cancelled_under_way_counts_as_a_bound_and_is_said(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    config, model = spoken(agent=PRICED)
    told: list[str] = []
    with SessionFile.create(config, path, created=CREATED) as session:
        chain = Chain(config, sink=session)
        chain.on_notice = told.append
        await cancelled(chain, model)
        await cancelled(chain, model)
    assert len(told) == 2
    assert all(text.startswith("A call that got no reply may be billed for up to ") for text in told)
    assert check(path) == []
    again = reopened(path)
    assert [(call.purpose, call.attempts) for call in again.recorded_calls] == [(NO_REPLY, 1)] * 2
    assert again.spent.dollars == chain.spent.dollars == pytest.approx(2 * 1000 * 10 / 1e6)
    await again.run()
    assert again.next is None


async def test_a_call_that_is_cancelled_while_it_waits_for_another_try_counts_what_was_sent() -> None:
    config, model = spoken(agent={**PRICED, "attempts": 2})
    for failure, tries in ((too_slow(), 1), (CallFailed("unreachable", "Refused"), 0)):
        model.answers = lambda request, failure=failure: failure
        chain = Chain(config)
        step = asyncio.ensure_future(chain.step())
        while chain.calling is None or chain.calling.waiting is None:
            assert not step.done()
            await asyncio.sleep(0)
        step.cancel()
        with pytest.raises(asyncio.CancelledError):
            await step
        assert [call.attempts for call in chain.recorded_calls] == [tries] * tries
