"""Chains of language models: what is asked, what is kept of it, and that nothing is ever paid for twice."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from deciders import Unasked
from narrow import not_none
from speaking import RULE, Answer, connected, follows, rule, samples, spoken, with_logprobs
from waiting import until

from iicl_tui.agents.base import ReplyAnswer, UnreadableReply
from iicl_tui.agents.calls import Call, Finish, Reply, Request, Token, Usage
from iicl_tui.agents.failures import CallFailed
from iicl_tui.agents.model_session import BudgetReached, ReplyUnreadable, pending_call_text
from iicl_tui.agents.money import Budget, cost, prompt_tokens
from iicl_tui.agents.prices import known_price
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.metrics import measure
from iicl_tui.chain.records import Record, in_order
from iicl_tui.errors import ChainStopped, StoreError
from iicl_tui.filters.scripted import ScriptedDecider
from iicl_tui.store.format import Encoder
from iicl_tui.store.session import SessionFile

LOOKBACK: dict[str, Any] = {"chain": {"lookback": 2}}


def everything(chain: Chain) -> list[Record]:
    return list(in_order(chain.generations, chain.calls))


class Killed(BaseException):
    """The process is gone."""


class DyingSink:
    """Keeps so many records, then the process is killed: before the next one, or (after) just when it is on the disk."""

    def __init__(self, most: int, after: bool) -> None:
        self.records: list[Record] = []
        self.most, self.after = most, after

    def append(self, *records: Record) -> None:
        if len(self.records) >= self.most and not self.after:
            raise Killed
        self.records += records
        if len(self.records) > self.most:
            raise Killed

    append_loosely = append

    def sync(self) -> None:
        """Every record is kept at once."""

    def check_space(self, size: int) -> None:
        """A kill is not seen beforehand."""


def resumed(config: Any, kept: Sequence[Record]) -> Chain:
    """A chain that goes on from what is on the disk."""
    generations: list[Any] = []
    from iicl_tui.chain.records import Generation, ImitationRecord

    for record in kept:
        if isinstance(record, ImitationRecord):
            generations.append(Generation(record.generation, record))
        elif not isinstance(record, Call):
            generations[-1] = generations[-1].with_record(record)
    return Chain(config, generations, calls=[record for record in kept if isinstance(record, Call)])


class Person(Unasked):
    """Answers about replies in order; approves everything else."""

    def __init__(self, *answers: ReplyAnswer) -> None:
        self.answers = list(answers)
        self.shown: list[UnreadableReply] = []

    async def reply(self, shown: UnreadableReply) -> ReplyAnswer:
        self.shown.append(shown)
        return self.answers.pop(0)


# -- what is asked --------------------------------------------------------------------------------------------------------


async def test_each_generation_is_asked_for_a_rule_and_for_examples() -> None:
    config, model = spoken()
    chain = Chain(config)
    await chain.run()
    assert chain.status == "finished"
    assert [call.purpose for call in chain.calls] == ["imitate", "transmit"] * 3
    assert [request.messages[0].role for request in model.requests] == ["system"] * 6
    for t in (1, 2, 3):
        asked = model.requests[2 * (t - 1)].prompt
        for example in chain.data(t - 1):
            assert f"Input: {', '.join(example.input)}\nOutput: {example.output}" in asked
        assert chain.generations[t - 1].hypothesis == 5
        made = chain.generations[t - 1].data
        assert made == not_none(config.task.wording).read_samples(samples(config, 0, 1, 2, 3, hypothesis=5), 4).examples
    assert all(call.prompt == request.prompt for call, request in zip(chain.calls, model.requests, strict=True))


async def test_look_back_sends_the_last_rounds_of_the_agents_own_dialogue() -> None:
    config, model = spoken(**LOOKBACK)
    chain = Chain(config)
    await chain.run()
    said = [(call.prompt, call.reply) for call in chain.calls]
    for number, request in enumerate(model.requests):
        before = said[max(number - 2, 0) : number]
        turns = [(m.role, m.text) for m in request.messages[1:-1]]
        assert turns == [(role, text) for pair in before for role, text in zip(("user", "assistant"), pair, strict=True)]
        assert request.messages[-1].text == said[number][0]
    assert [chain.looks_back(t) for t in (1, 2, 3, 4)] == [0, 2, 2, 2]


async def test_agents_in_turn_each_have_a_dialogue_of_their_own() -> None:
    agents: list[dict[str, Any]] = [
        {"kind": "openai", "belief": "none"},
        {"kind": "bayes", "noise": 0.1},
        {"kind": "mistral", "belief": "none"},
    ]
    config, model = spoken(agent=agents, chain={"generations": 7, "lookback": 4})
    chain = Chain(config)
    await chain.run()
    assert {call.generation for call in chain.calls} == {1, 3, 4, 6, 7}
    learning = [request for request in model.requests if "Find a rule" in request.prompt]
    before = [[m.text for m in request.messages[1:-1] if m.role == "user"] for request in learning]
    prompts = {t: [call.prompt for call in chain.calls_of(t)] for t in range(1, 8)}
    assert before == [[], [], prompts[1], prompts[3], prompts[1] + prompts[4]]
    beliefs = chain.beliefs(1, 7)
    assert [belief is not None for belief in beliefs] == [False, True, False, False, True, False, False]


async def test_calls_have_seeds_from_the_chains_random_numbers() -> None:
    async def seeds(seed: int) -> list[int | None]:
        config, model = spoken(chain={"seed": seed})
        await Chain(config).run()
        return [request.seed for request in model.requests]

    first = await seeds(3)
    assert first == await seeds(3)
    assert len(set(first)) == len(first)
    assert not set(first) & set(await seeds(4))
    config, model = spoken(agent={"seed": False})
    await Chain(config).run(1)
    assert [request.seed for request in model.requests] == [None, None]


async def test_parameters_that_are_not_taken_are_left_out_said_once_and_recorded() -> None:
    config, model = spoken()

    def answer(request: Request) -> Any:
        for name in ("temperature", "seed"):
            if getattr(request, name) is not None:
                return CallFailed("parameter", f"takes no {name}", parameter=name)
        return follows(config)(request)

    model.answers = answer
    said: list[str] = []
    chain = Chain(config)
    chain.on_notice = said.append
    await chain.run()
    assert [call.without for call in chain.calls] == [("temperature", "seed")] * 6
    assert len(model.requests) == 6 + 2  # each is found out once
    assert len(said) == 2
    assert "temperature" in said[0]


async def test_a_parameter_complained_of_for_no_reason_is_an_error() -> None:
    config, model = spoken()
    model.answers = lambda request: CallFailed("parameter", "takes no top_p", parameter="top_p")
    with pytest.raises(CallFailed, match="top_p"):
        await Chain(config).step()


# -- replies that cannot be read ------------------------------------------------------------------------------------------


async def test_an_unreadable_reply_is_repaired_by_one_call() -> None:
    config, model = spoken(chain={"generations": 1})
    model.answers = ["I would rather not say.", rule(config, 9), "Well!", samples(config, 3, 4, 5, 6)]
    chain = Chain(config)
    await chain.run()
    assert [call.purpose for call in chain.calls] == ["imitate", "repair", "transmit", "repair"]
    assert chain.generations[0].hypothesis == 9
    assert len(chain.data(1)) == 4
    repair = model.requests[1]
    assert [m.role for m in repair.messages] == ["system", "user", "assistant", "user"]
    assert repair.messages[2].text == "I would rather not say."
    assert repair.seed != model.requests[0].seed


async def test_a_base_model_is_asked_the_same_once_more() -> None:
    config, model = spoken(chain={"generations": 1}, agent={"endpoint": "completions"})
    model.answers = ["A rule is", rule(config, 5), "Input: Input:", samples(config, 1, 2, 3, 4)]
    chain = Chain(config)
    await chain.run()
    assert [call.purpose for call in chain.calls] == ["imitate", "repair", "transmit", "repair"]
    for first, again in (model.requests[:2], model.requests[2:]):
        assert again.messages == first.messages
        assert again.seed != first.seed


async def test_a_base_model_that_goes_on_after_its_answer_is_read_to_where_that_ends() -> None:
    config, model = spoken(chain={"generations": 1}, agent={"endpoint": "completions"})
    made = samples(config, 1, 2, 3, 4)
    cut = Reply("1. A -> on\n2. B, C -> o", finish="length")
    model.answers = [rule(config, 5), cut, Reply(f"{made}\nInput: A, B, C, D", finish="length")]
    chain = Chain(config)
    await chain.run()
    assert [call.purpose for call in chain.calls] == ["imitate", "transmit", "repair"]
    assert len(chain.data(1)) == 4


async def test_an_empty_reply_is_repaired_without_an_empty_message() -> None:
    config, model = spoken(chain={"generations": 1})
    model.answers = ["", rule(config, 9), samples(config, 3, 4, 5, 6)]
    await Chain(config).run()
    assert [m.role for m in model.requests[1].messages] == ["system", "user"]
    assert model.requests[1].prompt.startswith(model.requests[0].prompt)


@pytest.mark.parametrize(
    ("reply", "what"),
    [
        (Reply("no", finish="refused"), "refused"),
        (Reply('Rule: {"A": "on", "B', finish="length"), "max-tokens"),
    ],
)
async def test_what_asking_again_cannot_mend_is_not_asked_again(reply: Reply, what: str) -> None:
    config, model = spoken()
    model.answers = lambda request: reply
    chain = Chain(config)
    with pytest.raises(ReplyUnreadable) as error:
        await chain.step()
    assert what in error.value.what
    assert error.value.exit_code == 3
    assert [call.purpose for call in chain.calls] == ["imitate"]
    assert chain.has_unread_reply


@pytest.mark.parametrize("finish", ["length", "other"])
async def test_a_cut_reply_is_repaired_even_if_it_states_a_rule(finish: Finish) -> None:
    config, model = spoken(chain={"generations": 1})
    model.answers = [Reply(rule(config, 7) + "\nThat is, I thi", finish=finish), rule(config, 3), samples(config, 1, 2, 3, 4)]
    chain = Chain(config)
    await chain.run()
    assert [call.purpose for call in chain.calls] == ["imitate", "repair", "transmit"]
    assert chain.generations[0].hypothesis == 3


async def test_a_reply_whose_repair_is_cut_too_is_for_a_person() -> None:
    config, model = spoken(chain={"generations": 1})
    model.answers = lambda request: Reply(rule(config, 7) + "\nThat is, I thi", finish="length")
    chain = Chain(config)
    with pytest.raises(ReplyUnreadable) as error:
        await chain.run()
    assert "cut off" in error.value.what
    assert [call.purpose for call in chain.calls] == ["imitate", "repair"]
    assert chain.has_unread_reply
    person = Person(ReplyAnswer("edit", rule(config, 7)))
    model.answers = lambda request: samples(config, 1, 2, 3, 4)
    again = Chain(config, decider=person, calls=chain.calls)
    await again.run()
    assert again.generations[0].hypothesis == 7


async def test_cut_samples_are_not_passed_on_as_if_they_were_all() -> None:
    config, model = spoken(chain={"generations": 1})
    model.answers = [rule(config, 7), Reply(samples(config, 1, 2), finish="length"), samples(config, 3, 4, 5, 6)]
    chain = Chain(config)
    await chain.run()
    assert [call.purpose for call in chain.calls] == ["imitate", "transmit", "repair"]
    assert len(chain.data(1)) == 4


async def test_without_a_person_the_chain_stops_and_going_on_asks_once_more(memory: Any) -> None:
    config, model = spoken(chain={"generations": 1})
    model.answers = ["?", "??", "???", "????", rule(config, 4), samples(config, 1, 2, 3, 4)]
    for times in (1, 2):
        chain = resumed(config, memory.records)
        chain.sink = memory
        assert chain.has_unread_reply == (times > 1)
        with pytest.raises(ReplyUnreadable):
            await chain.run()
        assert len(model.requests) == 2 * times
        assert chain.has_unread_reply
        assert chain.status == "waiting for review"
    chain = resumed(config, memory.records)
    chain.sink = memory
    await chain.run()
    assert chain.generations[0].hypothesis == 4
    verdicts = [(call.purpose, call.verdict) for call in chain.calls]
    again = [("person", "redraw"), ("imitate", None)]
    assert verdicts == [("imitate", None), ("repair", None), *again, ("repair", None), *again, ("transmit", None)]
    assert len(model.requests) == 6


async def test_a_persons_text_takes_the_place_of_the_reply() -> None:
    config, model = spoken(chain={"generations": 2, "lookback": 1})
    person = Person(
        ReplyAnswer("edit", "Rule: A = on"), ReplyAnswer("edit", rule(config, 11)), ReplyAnswer("edit", samples(config, 2))
    )
    model.answers = ["?", "?", "?", "?", rule(config, 3), samples(config, 1, 2, 3, 4)]
    chain = Chain(config, decider=person)
    await chain.run()
    assert chain.generations[0].hypothesis == 11
    assert chain.data(1) == not_none(config.task.wording).read_samples(samples(config, 2), 1).examples
    first, second, third = person.shown
    assert "?" in first.reply
    assert second.reply == "Rule: A = on"
    assert first.problem
    assert second.problem != first.problem
    assert first.read("nonsense")
    assert not first.read(rule(config, 1))
    assert first.skip_effect == ""  # there is no generation before
    assert third.skip_effect
    # what was put in its place is what the dialogue has
    assert [m.text for m in model.requests[4].messages[1:-1]] == [chain.calls_of(1, "transmission")[0].prompt, samples(config, 2)]


async def test_a_person_may_ask_again_or_skip() -> None:
    config, model = spoken(chain={"generations": 2})
    person = Person(ReplyAnswer("redraw"), ReplyAnswer("skip"), ReplyAnswer("skip"))
    model.answers = ["?", "?", rule(config, 8), "?", "?", "?", "?", samples(config, 1, 2, 3, 4)]
    chain = Chain(config, decider=person)
    await chain.run()
    assert chain.generations[0].hypothesis == 8
    assert chain.data(1) == ()  # skipped
    assert chain.generations[1].hypothesis == 8  # the one before
    assert len({request.seed for request in model.requests}) == 8


async def test_scripted_answers_about_replies() -> None:
    config, model = spoken(chain={"generations": 2})
    script = {
        "generation": [
            {"call": [{"verdict": "redraw"}, {"verdict": "edit", "reply": rule(config, 12)}, {"purpose": "imitate", "reply": "x"}]},
            {"call": [{"phase": "transmission", "verdict": "skip"}]},
        ]
    }
    model.answers = ["?", "?", "?", "?", samples(config, 1, 2, 3, 4), rule(config, 2), "?", "?"]
    chain = Chain(config, decider=ScriptedDecider(script, config.task))
    await chain.run()
    assert [each.hypothesis for each in chain.generations] == [12, 2]
    assert chain.data(2) == ()


async def test_fewer_examples_than_asked_for_pass_after_a_second_try() -> None:
    config, model = spoken(chain={"generations": 2})
    two, three = samples(config, 1, 2), samples(config, 1, 2, 3)
    model.answers = [rule(config, 1), two, three, rule(config, 1), three, "I have no more."]
    chain = Chain(config)
    await chain.run()
    assert [len(chain.data(t)) for t in (1, 2)] == [3, 3]


async def test_a_repair_that_brings_fewer_examples_is_not_taken() -> None:
    config, model = spoken(chain={"generations": 1})
    model.answers = [rule(config, 1), samples(config, 1, 2, 3), samples(config, 4)]
    chain = Chain(config)
    await chain.run()
    assert [example.input for example in chain.data(1)] == [config.task.inputs[number] for number in (1, 2, 3)]


async def test_a_skip_where_nothing_could_go_on_is_no_answer() -> None:
    config, model = spoken(chain={"generations": 1})
    script = {"generation": [{"call": [{"verdict": "skip"}]}]}
    model.answers = ["?", "?", rule(config, 8), samples(config, 1, 2, 3, 4)]
    chain = Chain(config, decider=ScriptedDecider(script, config.task))
    with pytest.raises(ReplyUnreadable):
        await chain.run()
    assert not [call for call in chain.calls if call.purpose == "person"]
    skipped = Call(1, "imitation", "person", verdict="skip")  # as a file by hand may have it
    on = Chain(config, calls=[*chain.calls, skipped])
    await on.run()
    assert on.generations[0].hypothesis == 8


# -- nothing is lost, nothing is paid for twice ---------------------------------------------------------------------------

EVENTFUL: dict[str, Any] = {
    "chain": {"generations": 2, "lookback": 2},
    "filter": [{"kind": "self-refine"}, {"kind": "hypothesis-search", "rounds": 2}],
    "agent": [{"kind": "mistral", "belief": "samples", "draws": 3}],
}


def eventful(config: Any) -> Any:
    """Answers of every kind: unreadable ones, repaired ones, wrong rules that are mended on the second hint."""
    wrong = 242  # everything undetermined: it explains nothing of d⁰ but by chance

    def answer(request: Request) -> Any:
        prompt, seed = request.prompt, request.seed or 0
        if "Write examples" in prompt:
            return samples(config, seed % 31, seed % 29, seed % 23, seed % 19) if seed % 3 else "none"
        if "No rule could be read" in prompt:
            return rule(config, wrong)
        if "examples were asked for" in prompt:
            return samples(config, 1, 2, 3, 4)
        if "It fails on these" in prompt:
            return rule(config, config.start.target if seed % 2 else wrong)
        return rule(config, wrong) if seed % 3 else "I do not know."

    return answer


async def whole_eventful() -> tuple[list[Record], int]:
    config, model = spoken(**EVENTFUL)
    model.answers = eventful(config)
    chain = Chain(config)
    await chain.run()
    return everything(chain), len(model.requests)


def without_times(records: Sequence[Record]) -> list[Record]:
    return [replace(record, latency=None) if isinstance(record, Call) else record for record in records]


@pytest.mark.slow
async def test_a_chain_killed_at_any_record_goes_on_as_if_nothing_had_happened() -> None:
    whole, asked = await whole_eventful()
    assert {record.purpose for record in whole if isinstance(record, Call)} >= {
        "repair",
        "draw",
        "self-refine",
        "hypothesis-search",
    }
    assert asked == sum(isinstance(record, Call) for record in whole)
    for after in (False, True):
        for most in range(len(whole)):
            config, model = spoken(**EVENTFUL)
            model.answers = eventful(config)
            sink = DyingSink(most, after)
            with pytest.raises(Killed):
                await Chain(config, sink=sink).run()
            lost = 1 if not after and isinstance(whole[most], Call) else 0  # the one that the kill took with it
            chain = resumed(config, sink.records)
            await chain.run()
            assert without_times(everything(chain)) == without_times(whole)
            assert len(model.requests) == asked + lost


async def test_a_call_that_cannot_be_kept_waits_and_is_not_made_again(memory: Any) -> None:
    config, model = spoken(chain={"generations": 1})
    chain = Chain(config, sink=memory)
    memory.fail_next = 2
    for _ in range(2):
        with pytest.raises(StoreError):
            await chain.step()
        assert [record.purpose for record in chain.unsaved if isinstance(record, Call)] == ["imitate"]
        assert len(model.requests) == 1
    await chain.run()
    assert memory.records == everything(chain)
    assert len(model.requests) == 2


async def test_before_a_call_there_is_room_for_the_longest_reply_with_its_log_probabilities(memory: Any) -> None:
    """The record of such a reply, as the file has it, is not longer than what was asked for."""
    tokens, top = 400, 20
    config, model = spoken(agent={"belief": "logprobs", "top-logprobs": top, "max-tokens": tokens})
    chain, asked = Chain(config, sink=memory), list[int]()
    memory.check_space = asked.append
    each = Token(b" and/or", -0.35667494393873245, ((b" whatever", -12.345678901234567),) * top)
    text = rule(config, 5)
    model.answers = lambda request: Reply(text, tokens=(each,) * tokens)
    await chain.step()
    block, _ = Encoder(config.task).block(chain.calls[0])
    assert 256 * 1024 < len(block.encode()) <= asked[0] < 4 * len(block.encode())


async def test_a_step_cancelled_in_mid_call_leaves_the_chain_as_it_was() -> None:
    config, model = spoken()
    chain = Chain(config)
    model.hold = True
    step = asyncio.ensure_future(chain.step())
    await model.asked.wait()
    assert chain.calling is not None
    assert chain.calling.purpose == "imitate"
    step.cancel()
    with pytest.raises(asyncio.CancelledError):
        await step
    assert chain.calling is None
    assert not chain.calls
    model.hold = False
    assert (await chain.step()).phase == "imitation"
    assert model.requests[0] == model.requests[1]


async def test_a_call_that_fails_for_a_passing_reason_is_tried_again_in_sight_and_within_bounds() -> None:
    config, model = spoken(agent={"attempts": 3, "retry-after": 0.01})
    chain = Chain(config)
    told: list[str] = []

    def answer(request: Request) -> Any:
        if chain.calling is not None and len(model.requests) % 3:
            return CallFailed("busy", "Too many requests", status=429)
        return follows(config)(request)

    model.answers = answer
    tell = chain._set_calling

    def note(calling: Any) -> None:
        if calling is not None and calling.waiting is not None:
            told.append(pending_call_text(calling, calling.waiting.until))
        tell(calling)

    chain._set_calling = note  # type: ignore[method-assign]
    await chain.run(1)
    assert [call.attempts for call in chain.calls] == [3, 3]
    assert ["try 2 of 3" in text for text in told] == [True, False] * 2
    assert ["try 3 of 3" in text for text in told] == [False, True] * 2
    assert all("Too many requests" in text for text in told)
    model.answers = lambda request: CallFailed("server", "It broke", status=500)
    made = len(model.requests)
    with pytest.raises(CallFailed, match="It broke") as error:
        await chain.step()
    assert "3 tries" in error.value.what
    assert len(model.requests) == made + 3
    assert chain.calling is None


async def test_a_wait_before_the_next_try_can_be_cancelled_at_once() -> None:
    config, model = spoken()
    model.answers = lambda request: CallFailed("busy", "Too many requests", retry_after=50.0)
    chain = Chain(config)
    step = asyncio.ensure_future(chain.step())
    await until(lambda: chain.calling is not None and chain.calling.waiting is not None)
    step.cancel()
    with pytest.raises(asyncio.CancelledError):
        await step
    assert chain.calling is None
    assert len(model.requests) == 1


async def test_a_chain_that_has_called_is_under_way() -> None:
    config, model = spoken(agent={"belief": "samples", "draws": 3})
    asked, chain = follows(config), Chain(config)
    model.answers = lambda request: CallFailed("key-refused", "no")
    with pytest.raises(CallFailed):
        await chain.step()
    assert chain.status == "new"
    model.answers = lambda request: CallFailed("key-refused", "no") if len(model.requests) > 2 else asked(request)
    with pytest.raises(CallFailed):
        await chain.step()
    assert (chain.status, len(chain.calls), len(chain.generations)) == ("under way", 1, 0)


async def test_a_failed_call_leaves_what_was_done_before() -> None:
    config, model = spoken()
    answers: list[Answer] = [rule(config, 3), CallFailed("key-refused", "The key was refused", "401", "Set the key.")]
    model.answers = lambda request: answers[min(len(model.requests) - 1, 1)]
    chain = Chain(config)
    with pytest.raises(CallFailed, match="key") as error:
        await chain.run()
    assert error.value.exit_code == 3
    assert chain.next == (1, "transmission")
    assert not chain.has_unread_reply
    model.answers = follows(config)
    await chain.run()
    assert chain.status == "finished"


async def test_calls_that_do_not_fit_the_configuration_are_not_taken_for_others() -> None:
    config, _ = spoken()
    other = [Call(1, "imitation", "transmit", "?", "Input: A\nOutput: on")]
    with pytest.raises(ChainStopped, match="do not fit"):
        await Chain(config, calls=other).step()


def test_a_session_file_keeps_calls_through_reopening_and_branching(tmp_path: Path) -> None:
    config, model = spoken(**EVENTFUL)
    model.answers = eventful(config)
    path = tmp_path / "a.toml"
    with SessionFile.create(config, path) as session:
        asyncio.run(Chain(session.config, sink=session).run())
        kept = session.calls
    with SessionFile.open(path) as session:
        assert list(session.calls) == list(kept)
        assert session.config.document["agent"][0]["prompts"]["system"]
        whole = list(in_order(session.generations, session.calls))
        with session.branch(1, tmp_path / "b.toml") as branch:
            assert list(in_order(branch.generations, branch.calls)) == [r for r in whole if r.generation == 1]
        session.save_copy(tmp_path / "c.toml")
    with SessionFile.open(tmp_path / "b.toml") as branch:
        chain = Chain(connected(branch.config, model), branch.generations, branch, calls=branch.calls)
        asyncio.run(chain.run())
        assert without_times(everything(chain)) == without_times(whole)
    assert (tmp_path / "c.toml").read_bytes() == path.read_bytes()


# -- money ----------------------------------------------------------------------------------------------------------------


async def test_what_is_spent_is_the_sum_of_the_calls() -> None:
    config, model = spoken(chain={"generations": 2})
    model.answers = lambda request: replace(Reply(""), text=follows(config)(request), usage=Usage(1000, 100))
    chain = Chain(config)
    await chain.run()
    price = known_price("openai", "gpt-6-luna")
    assert price is not None
    assert chain.spent.calls == 4
    assert chain.spent.tokens == 4 * 1100
    assert chain.spent.dollars == pytest.approx(4 * cost(Usage(1000, 100), price))
    assert chain.spent_in(1).calls == 2
    assert resumed(config, everything(chain)).spent == chain.spent


async def test_the_budget_stops_the_chain_before_the_call_that_could_pass_it() -> None:
    price = {"input": 1000.0, "output": 1000.0}  # a dollar for a thousand tokens
    config, model = spoken(agent={"price": price, "max-tokens": 1000}, chain={"budget": 3.0, "generations": 5})
    model.answers = lambda request: replace(Reply(""), text=follows(config)(request), usage=Usage(500, 500))
    chain = Chain(config)
    with pytest.raises(BudgetReached) as error:
        await chain.run()
    assert error.value.exit_code == 3
    assert chain.spent.dollars == pytest.approx(len(chain.calls))
    assert 1 <= len(chain.calls) <= 2  # the third could come to $3 with its prompt
    made = len(model.requests)
    with pytest.raises(BudgetReached):
        await chain.run()
    assert len(model.requests) == made
    chain.budget = Budget(100.0)
    await chain.run()
    assert chain.status == "finished"


async def test_where_no_usage_is_said_the_whole_request_counts_also_when_it_is_read_again(tmp_path: Path) -> None:
    """The system's message and the look-back are as much of what is paid for as the last prompt is."""
    config, model = spoken(chain={"lookback": 4, "generations": 2})
    model.answers = lambda request: replace(Reply(""), text=follows(config)(request))
    with SessionFile.create(config, tmp_path / "s.toml") as session:
        chain = Chain(config, sink=session)
        await chain.run()
    assert chain.spent.prompt == sum(map(prompt_tokens, model.requests))
    assert chain.spent.estimated == chain.spent.calls == len(model.requests)
    with SessionFile.open(tmp_path / "s.toml") as again:
        assert Chain(again.config, again.generations, calls=again.calls).spent == chain.spent


async def test_a_budget_in_tokens_holds_where_the_price_is_not_known() -> None:
    config, _ = spoken(agent={"model": "nobody-knows-it"}, chain={"budget": 0.0, "token-budget": 2000})
    chain = Chain(config)
    with pytest.raises(BudgetReached, match="budget"):
        await chain.run()
    assert chain.spent.unpriced == chain.spent.calls > 0
    assert chain.spent.tokens <= 2000


# -- beliefs --------------------------------------------------------------------------------------------------------------

SHARES = {
    "A": {"on": 0.9, "off": 0.06, "und": 0.03},
    "B": {"off": 0.5, "on": 0.25, "und": 0.25},
    "C": {"und": 0.7, "on": 0.1},
    "D": {"off": 1.0},
    "screen": {"off": 0.6, "on": 0.3, "und": 0.1},
}


async def test_a_belief_from_log_probabilities_is_the_product_of_its_shares() -> None:
    config, model = spoken(agent={"belief": "logprobs"}, chain={"generations": 1})
    text = rule(config, config.task.read_hypothesis({"A": "on", "B": "off", "C": "und", "D": "off", "screen": "off"}))
    model.answers = [with_logprobs(text, SHARES), samples(config, 1, 2, 3, 4)]
    chain = Chain(config)
    await chain.run()
    assert [request.top_logprobs for request in model.requests] == [5, None]
    belief = chain.belief(1)
    assert belief is not None
    assert belief.source == "logprobs"
    for h in range(243):
        expected = 1.0
        for name, state in config.task.write_hypothesis(h).items():
            expected *= SHARES[name].get(state, 0.0) / sum(SHARES[name].values())
        assert np.exp(belief.log_p[h]) == pytest.approx(expected, abs=1e-12)
    assert belief.unobserved == pytest.approx([1 - sum(SHARES[name].values()) for name in "ABCD"] + [0.0], abs=1e-9)
    assert measure(chain).marginals[4][0] == pytest.approx([0.3, 0.6, 0.1])


async def test_a_belief_from_draws_counts_the_replies_to_one_prompt() -> None:
    config, model = spoken(agent={"kind": "anthropic", "model": "x", "belief": "samples", "draws": 4}, chain={"generations": 1})
    model.answers = [rule(config, 5), rule(config, 5), "?", rule(config, 7), samples(config, 1, 2, 3, 4)]
    chain = Chain(config)
    await chain.run()
    assert [call.purpose for call in chain.calls] == ["imitate", "draw", "draw", "draw", "transmit"]
    assert len({tuple(request.messages) for request in model.requests[:4]}) == 1
    belief = chain.belief(1)
    assert belief is not None
    assert belief.draws == (3, 4)
    p = np.exp(belief.log_p)
    assert p[5] == pytest.approx((2 + 1 / 243) / 4)
    assert p[7] == pytest.approx((1 + 1 / 243) / 4)
    assert p[9] == pytest.approx((1 / 243) / 4)


@pytest.mark.parametrize("fallback", ["samples", "none"])
async def test_without_the_log_probabilities_asked_for_it_falls_back_as_configured(fallback: str) -> None:
    config, _ = spoken(agent={"belief": "logprobs", "fallback": fallback, "draws": 3}, chain={"generations": 2})
    said: list[str] = []
    chain = Chain(config)
    chain.on_notice = said.append
    await chain.run()
    expected = ["imitate", "draw", "draw", "transmit"] if fallback == "samples" else ["imitate", "transmit"]
    assert [call.purpose for call in chain.calls] == expected * 2
    belief = chain.belief(2)
    assert (belief.source if belief is not None else None) == (fallback if fallback == "samples" else None)
    assert sum("log-probabilities" in text for text in said) == 1
    assert len(said) == (2 if fallback == "samples" else 1)


async def test_tokens_that_say_nothing_of_the_belief_are_told_with_the_reason() -> None:
    config, model = spoken(agent={"belief": "logprobs", "fallback": "samples", "draws": 2}, chain={"generations": 1})
    text = rule(config, config.task.read_hypothesis({"A": "on", "B": "off", "C": "und", "D": "off", "screen": "off"}))
    whole = with_logprobs(text, SHARES)
    assert whole.tokens is not None
    model.answers = [replace(whole, tokens=whole.tokens[:3]), rule(config, 5), samples(config, 1, 2, 3, 4)]
    said: list[str] = []
    chain = Chain(config)
    chain.on_notice = said.append
    await chain.run()
    assert "do not spell the reply" in said[0]
    belief = chain.belief(1)
    assert belief is not None
    assert belief.draws == (2, 2)


async def test_a_list_of_nothing_but_what_was_drawn_gives_no_certain_belief() -> None:
    config, model = spoken(agent={"belief": "logprobs", "fallback": "samples", "draws": 2}, chain={"generations": 1})
    whole = with_logprobs(rule(config, 5), {name: {"on": 0.4, "und": 0.4, "off": 0.4} for name in RULE})
    alone = tuple(replace_token(token) for token in whole.tokens or ())
    model.answers = [replace(whole, tokens=alone), rule(config, 5), samples(config, 1, 2, 3, 4)]
    said: list[str] = []
    chain = Chain(config)
    chain.on_notice = said.append
    await chain.run()
    assert "No token is listed beside those that were drawn" in said[0]
    belief = chain.belief(1)
    assert belief is not None
    assert belief.source == "samples"


def replace_token(token: Token) -> Token:
    """Without what could have stood in its place."""
    return token._replace(top=tuple(entry for entry in token.top if entry[0] == token.data))


async def test_a_schema_is_asked_for_and_the_belief_says_so() -> None:
    config, model = spoken(agent={"belief": "logprobs", "json-schema": True}, chain={"generations": 1})
    text = rule(config, config.task.read_hypothesis({"A": "on", "B": "off", "C": "und", "D": "off", "screen": "off"}))
    model.answers = [with_logprobs(text, SHARES), samples(config, 1, 2, 3, 4)]
    chain = Chain(config)
    await chain.run()
    assert [request.schema for request in model.requests] == [
        not_none(config.task.wording).rule_schema(),
        not_none(config.task.wording).samples_schema(4),
    ]
    belief = chain.belief(1)
    assert belief is not None
    assert any("schema" in note for note in belief.notes)


# -- filters --------------------------------------------------------------------------------------------------------------


async def test_self_refine_asks_once_and_takes_the_answer_as_it_is() -> None:
    config, model = spoken(filter=[{"kind": "self-refine"}], chain={"generations": 1})
    model.answers = [rule(config, 242), rule(config, 3), samples(config, 1, 2, 3, 4)]
    chain = Chain(config)
    await chain.run()
    assert [call.purpose for call in chain.calls] == ["imitate", "self-refine", "transmit"]
    assert chain.generations[0].hypothesis == 3
    for example in chain.start.samples:
        assert f"Input: {', '.join(example.input)}\nOutput: {example.output}" in model.requests[1].prompt
    (refinement,) = not_none(chain.generations[0].interaction).refinements
    assert (refinement.filter, refinement.shown, refinement.hypothesis) == ("self-refine", 242, 3)


async def test_hypothesis_search_spends_no_call_on_a_rule_that_fits() -> None:
    config, model = spoken(filter=[{"kind": "hypothesis-search"}], chain={"generations": 1})
    model.answers = [rule(config, config.start.target), samples(config, 1, 2, 3, 4)]
    chain = Chain(config)
    await chain.run()
    assert [call.purpose for call in chain.calls] == ["imitate", "transmit"]
    assert not_none(chain.generations[0].interaction).refinements == ()


@pytest.mark.parametrize("otherwise", ["pass", "stop"])
async def test_hypothesis_search_checks_again_and_is_bounded(otherwise: str) -> None:
    config, model = spoken(filter=[{"kind": "hypothesis-search", "rounds": 3, "otherwise": otherwise}], chain={"generations": 1})
    explained = config.task.explained(config.start.samples)
    wrong = [int(h) for h in np.flatnonzero(explained < len(config.start.samples))[:4]]
    model.answers = [*(rule(config, h) for h in wrong), samples(config, 1, 2, 3, 4)]
    chain = Chain(config)
    if otherwise == "stop":
        await chain.run()
        with pytest.raises(ChainStopped, match="stuck"):
            await chain.step()
        assert chain.stuck
    else:
        await chain.run()
        assert chain.generations[0].hypothesis == wrong[-1]
    assert [call.purpose for call in chain.calls][:4] == ["imitate", *["hypothesis-search"] * 3]
    for number in (1, 2, 3):
        prompt = model.requests[number].prompt
        for example in config.start.samples:
            stands = f"Input: {', '.join(example.input)}\n" in prompt
            assert stands == (config.task.predict(wrong[number - 1], example.input) != example.output)


async def test_a_rejected_rule_is_asked_for_anew_and_refined_anew() -> None:
    config, model = spoken(filter=[{"kind": "self-refine"}, {"kind": "human", "gates": "hypothesis"}], chain={"generations": 1})
    script = {"generation": [{"interaction": {"decision": [{"verdict": "reject"}, {"verdict": "approve"}]}}]}
    model.answers = [rule(config, n) for n in (1, 2, 3, 4)] + [samples(config, 1, 2, 3, 4)]
    chain = Chain(config, decider=ScriptedDecider(script, config.task))
    await chain.run()
    assert [call.purpose for call in chain.calls] == ["imitate", "self-refine", "imitate", "self-refine", "transmit"]
    assert [call.phase for call in chain.calls] == ["imitation", *["interaction"] * 3, "transmission"]
    assert chain.generations[0].hypothesis == 4
    assert not_none(chain.generations[0].interaction).redraws == 1


# -- failed attempts that may be billed -----------------------------------------------------------------------------------


def lost_attempt() -> CallFailed:
    return CallFailed("time-out", "Slow", "It took too long.", "Wait.", retry_after=0.001, billed=True)


async def test_attempts_that_may_be_billed_count_as_a_bound() -> None:
    config, model = spoken(chain={"generations": 1}, agent={"price": {"input": 1.0, "output": 10.0}, "max-tokens": 1000})
    model.answers = [lost_attempt(), lost_attempt(), rule(config, 5), samples(config, 1, 2, 3, 4)]
    chain = Chain(config)
    await chain.run()
    lost = chain.calls[0].lost
    assert lost is not None
    assert lost.completion == 2000
    assert lost.prompt > 0
    assert chain.spent.dollars > 0.02
    assert chain.spent.calls == 2
    assert chain.spent.estimated == 1


async def test_a_budget_holds_back_a_retry_after_attempts_that_may_be_billed() -> None:
    price = {"input": 0.0, "output": 10.0}
    config, model = spoken(chain={"generations": 1, "budget": 0.025}, agent={"price": price, "max-tokens": 1000, "attempts": 9})
    model.answers = lambda request: lost_attempt()
    chain = Chain(config)
    with pytest.raises(BudgetReached):
        await chain.run()
    assert len(model.requests) == 2, "a third attempt could exceed the budget"
    assert chain.spent.dollars == pytest.approx(0.02)
    with pytest.raises(BudgetReached):
        await chain.run()
    assert len(model.requests) == 2


@pytest.mark.parametrize("together", [2, 4])
async def test_draws_beside_a_chain_are_never_paid_for_twice(together: int) -> None:
    """However many replies the server makes to one call, and wherever the process is killed."""
    hidden = {"rules": "hidden", "samples": 4}
    config, model = spoken(task=hidden, chain={"generations": 1}, agent={"belief": "samples", "draws": 4, "ask-prior": True})
    follow, made = follows(config), []

    def answer(request: Request) -> Reply:
        replies = [Reply(follow(request), usage=Usage(9, 9)) for _ in range(min(request.n or 1, together))]
        made.append(len(replies))
        return replace(replies[0], more=tuple(replies[1:]))

    model.answers = answer
    chain = Chain(config)
    await chain.run()
    said, paid = [(call.purpose, call.reply) for call in chain.calls], sum(made)
    assert paid == len(chain.calls) == 4 + 1 + 4
    for most in range(len(everything(chain))):
        for after in (False, True):
            made.clear()
            sink = DyingSink(most, after)
            with pytest.raises(Killed):
                await Chain(config, sink=sink).run()
            calls = sum(isinstance(record, Call) for record in sink.records)
            lost = sum(made) - calls  # those of the one call that the kill took with it
            assert lost in (0, made[-1])
            assert not (after and lost)
            chain = resumed(config, sink.records)
            await chain.run()
            assert [(call.purpose, call.reply) for call in chain.calls] == said
            assert sum(made) == paid + lost
