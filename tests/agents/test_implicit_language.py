"""Models that state no rule: what they make when they learn is what they pass on, for one call a generation."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from deciders import Unasked
from speaking import InMemory, connected

from iicl_tui.agents.base import RefineRequest, ReplyAnswer, UnreadableReply
from iicl_tui.agents.belief_estimator import EDITED, UNDER_SCHEMA
from iicl_tui.agents.beliefs import Belief
from iicl_tui.agents.calls import Call, Reply, Request, Usage
from iicl_tui.agents.language import LanguageAgent
from iicl_tui.agents.model_session import ReplyUnreadable
from iicl_tui.agents.money import estimated_tokens, prompt_tokens
from iicl_tui.agents.request_settings import without_bounds
from iicl_tui.bayes.inference import log_normalise
from iicl_tui.chain.config import ChainConfig, read_config
from iicl_tui.chain.dry_run import next_call
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.estimate import estimate
from iicl_tui.chain.records import Generation, ImitationRecord, Record, in_order
from iicl_tui.errors import ChainStopped
from iicl_tui.filters.scripted import ScriptedDecider
from iicl_tui.store.session import SessionFile
from iicl_tui.tasks.base import Example

SAMPLES = 4


def spoken(*, agent: dict[str, Any] | list[dict[str, Any]] | None = None, **document: Any) -> tuple[ChainConfig, InMemory]:
    """A chain of three generations of four acronyms each, and the model that it asks."""
    agents = agent if isinstance(agent, list) else [{"kind": "openai", "model": "gpt-6-luna", **(agent or {})}]
    config = read_config(
        {
            **document,
            "chain": {"task": "acronym", "generations": 3, "seed": 5, **document.get("chain", {})},
            "task": {"samples": SAMPLES, "initial": 4, "easy": 2, **document.get("task", {})},
            "agent": agents,
        }
    )
    model = InMemory(follows(config))
    return connected(config, model), model


def made(config: ChainConfig, count: int, seed: int) -> tuple[Example, ...]:
    return config.task.transmit(seed % config.task.space.size, count, 0.0, np.random.default_rng(seed))


def follows(config: ChainConfig) -> Callable[[Request], str]:
    """A model that makes as many examples as it is asked for, others each time."""

    def answer(request: Request) -> str:
        (count,) = re.findall(r"exactly (\d+)", request.prompt, re.IGNORECASE)
        return text(config, made(config, int(count), request.seed or 0))

    return answer


def text(config: ChainConfig, examples: Sequence[Example]) -> str:
    assert config.task.wording is not None
    return config.task.wording.samples_reply(examples)


def implied(config: ChainConfig, examples: Sequence[Example]) -> int:
    assert config.task.wording is not None
    return config.task.wording.implied(examples)


def purposes(chain: Chain) -> list[str]:
    return [call.purpose for call in chain.calls]


def everything(chain: Chain) -> list[Record]:
    records = in_order(chain.generations, chain.calls)
    return [replace(record, latency=None) if isinstance(record, Call) else record for record in records]


class Person(Unasked):
    """Answers about replies in order; approves everything else."""

    def __init__(self, *answers: ReplyAnswer) -> None:
        self.answers = list(answers)
        self.shown: list[UnreadableReply] = []

    async def reply(self, shown: UnreadableReply) -> ReplyAnswer:
        self.shown.append(shown)
        return self.answers.pop(0)


# -- one call a generation ------------------------------------------------------------------------------------------------


async def test_what_is_made_when_learning_is_what_is_passed_on() -> None:
    config, model = spoken()
    chain = Chain(config)
    await chain.run()
    assert chain.status == "finished"
    assert purposes(chain) == ["imitate"] * 3
    assert [call.phase for call in chain.calls] == ["imitation"] * 3
    for t, request in enumerate(model.requests, 1):
        examples = made(config, SAMPLES, request.seed or 0)
        assert chain.data(t) == examples
        assert chain.generations[t - 1].hypothesis == implied(config, examples)
        assert text(config, chain.data(t - 1)) in request.prompt
        assert len(request.messages) == 2
        assert (request.top_logprobs, request.schema) == (None, None)
    assert len({chain.data(t) for t in range(4)}) == 4


async def test_two_models_in_turn_look_back_on_their_own_dialogues() -> None:
    agents = [{"kind": "openai", "model": "a"}, {"kind": "mistral", "model": "b"}]
    config, model = spoken(agent=agents, chain={"generations": 5, "lookback": 1})
    chain = Chain(config)
    await chain.run()
    said = [(call.prompt, call.reply) for call in chain.calls]
    for number, request in enumerate(model.requests):
        before = said[number - 2 : number - 1] if number > 1 else []
        turns = [(m.role, m.text) for m in request.messages[1:-1]]
        assert turns == [(role, words) for pair in before for role, words in zip(("user", "assistant"), pair, strict=True)]
        assert text(config, chain.data(number)) in request.prompt


async def test_a_computed_agent_takes_its_turn_beside_a_model() -> None:
    config, _ = spoken(agent=[{"kind": "openai"}, {"kind": "bayes"}])
    chain = Chain(config)
    await chain.run()
    assert [call.generation for call in chain.calls] == [1, 3]
    assert [belief.source for belief in chain.beliefs(1, 3) if belief is not None] == ["examples", "exact", "examples"]
    assert len(chain.data(2)) == SAMPLES


async def test_a_schema_is_asked_for_where_it_is_wanted() -> None:
    config, model = spoken(agent={"json-schema": True}, chain={"generations": 1})
    chain = Chain(config)
    await chain.run()
    assert config.task.wording is not None
    assert [request.schema for request in model.requests] == [without_bounds(config.task.wording.samples_schema(SAMPLES))]
    belief = chain.belief(1)
    assert belief is not None
    assert belief.notes == (UNDER_SCHEMA,)


# -- the belief -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("belief", ["logprobs", "samples", "none"])
async def test_the_belief_is_inferred_from_what_was_made_or_not_known(belief: str) -> None:
    config, _ = spoken(agent={"belief": belief, "draws": 3})
    chain = Chain(config)
    said: list[str] = []
    chain.on_notice = said.append
    await chain.run()
    assert purposes(chain) == ["imitate"] * 3
    assert not said
    for t in (1, 2, 3):
        found = chain.belief(t)
        if belief == "none":
            assert found is None
            continue
        assert found is not None
        assert found.source == "examples"
        assert found.caption == "inferred from the 4 examples it made, uniform prior"
        assert (found.low, found.draws, found.notes) == (None, None, ())
        expected = log_normalise(config.task.log_likelihood([chain.data(t)], 0.0)[0])
        np.testing.assert_allclose(found.log_p, expected, atol=1e-12)
        assert np.exp(found.log_p).sum() == pytest.approx(1)
        assert found.log_p[chain.generations[t - 1].hypothesis] == found.log_p.max()


def test_captions_fit_a_title() -> None:
    captions = [Belief(np.zeros(1), "examples", made=count).caption for count in (1, 20, 1000)]
    assert captions[0] == "inferred from the one example it made, uniform prior"
    assert all(len(caption) <= 60 for caption in (*captions, Belief(np.zeros(1), "examples").caption))


async def test_where_no_hypothesis_can_have_made_them_nothing_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    config, _ = spoken()
    impossible = np.full((1, config.task.space.size), -np.inf)
    monkeypatch.setattr(config.task, "log_likelihood", lambda datasets, noise: impossible)
    chain = Chain(config)
    await chain.run(1)
    assert chain.belief(1) is None
    assert chain.generations[0].hypothesis == 0


# -- more is asked for only where more is needed --------------------------------------------------------------------------


async def test_rejected_samples_are_asked_for_anew_and_no_others() -> None:
    config, model = spoken(filter=[{"kind": "human", "gates": "samples"}], chain={"generations": 2})
    rejected = [{"verdict": "rejected"}, {"verdict": "approved"}, {"verdict": "rejected"}, {"verdict": "approved"}]
    script = {"default": "approve", "generation": [{"transmission": {"sample": [*rejected, {"verdict": "rejected"}]}}]}
    chain = Chain(config, decider=ScriptedDecider(script, config.task))
    await chain.run()
    assert purposes(chain) == ["imitate", "transmit", "transmit", "imitate"]
    first, second, third, _ = model.requests
    learned, two, one = (made(config, count, r.seed or 0) for count, r in ((4, first), (2, second), (1, third)))
    assert chain.data(1) == (learned[1], learned[3], two[1], one[0])
    for request, count in ((second, 2), (third, 1)):
        assert text(config, chain.data(0)) in request.prompt
        assert f"exactly {count}." in request.prompt
        assert text(config, learned) not in request.prompt
    assert len({request.seed for request in model.requests}) == 4


async def test_dropped_samples_are_not_asked_for_anew() -> None:
    config, model = spoken(filter=[{"kind": "human", "gates": "samples", "on-reject": "drop"}], chain={"generations": 1})
    script = {"default": "approve", "generation": [{"transmission": {"sample": [{"verdict": "rejected"}]}}]}
    chain = Chain(config, decider=ScriptedDecider(script, config.task))
    await chain.run()
    assert purposes(chain) == ["imitate"]
    assert chain.data(1) == made(config, SAMPLES, model.requests[0].seed or 0)[1:]


async def test_a_rejected_hypothesis_is_made_anew_and_the_last_examples_are_passed_on() -> None:
    config, model = spoken(filter=[{"kind": "human", "gates": "hypothesis"}], chain={"generations": 1})
    decisions = [{"verdict": "reject"}, {"verdict": "reject"}, {"verdict": "approve"}]
    script = {"generation": [{"interaction": {"decision": decisions}}]}
    chain = Chain(config, decider=ScriptedDecider(script, config.task))
    await chain.run()
    assert [(call.purpose, call.phase) for call in chain.calls] == [
        ("imitate", "imitation"), ("imitate", "interaction"), ("imitate", "interaction"),
    ]  # fmt: skip
    last = made(config, SAMPLES, model.requests[2].seed or 0)
    assert chain.data(1) == last
    assert chain.generations[0].hypothesis == implied(config, last)
    belief = chain.belief(1)  # of the imitation
    assert belief is not None
    first = made(config, SAMPLES, model.requests[0].seed or 0)
    np.testing.assert_allclose(belief.log_p, log_normalise(config.task.log_likelihood([first], 0.0)[0]))


async def test_what_was_handed_out_is_not_handed_out_again() -> None:
    """A filter may ask for a few at a time, and for more than there are."""
    config, model = spoken(chain={"generations": 1})
    chain = Chain(config)
    await chain.step()
    await chain.step()
    agent, line, rng = config.agents[0], chain._model_session(1, "transmission"), np.random.default_rng(0)
    learned = made(config, SAMPLES, model.requests[0].seed or 0)
    rounds = chain.rounds(1)
    assert await agent.transmit(0, 3, rounds, rng, line) == learned[:3]
    assert await agent.transmit(0, 0, rounds, rng, line) == ()
    assert len(model.requests) == 1
    assert (await agent.transmit(0, 3, rounds, rng, line))[0] == learned[3]
    assert "exactly 2." in model.requests[1].prompt
    assert len(await agent.transmit(0, 3, rounds, rng, line)) == 3
    assert "exactly 3." in model.requests[2].prompt


# -- replies that cannot be read ------------------------------------------------------------------------------------------


async def test_fewer_than_asked_for_are_mended_once_and_the_rest_is_asked_for_at_transmission() -> None:
    config, model = spoken(chain={"generations": 2})
    five = made(config, 5, 1)
    model.answers = [text(config, five[:2]), text(config, five[:3]), text(config, five[4:]), text(config, five[:4])]
    chain = Chain(config)
    await chain.run()
    assert purposes(chain) == ["imitate", "repair", "transmit", "imitate"]
    assert chain.generations[0].hypothesis == implied(config, five[:3])
    assert chain.data(1) == (*five[:3], five[4])
    assert "2 of 4 examples can be read." in model.requests[1].prompt
    assert "exactly 4" in model.requests[1].prompt.lower()
    assert "exactly 1." in model.requests[2].prompt


@pytest.mark.parametrize("repair", ["That is all.", "one of them"])
async def test_a_first_reply_stands_where_its_repair_is_worse(repair: str) -> None:
    config, model = spoken(chain={"generations": 1})
    two = made(config, 2, 1)
    model.answers = [text(config, two), text(config, two[:1]) if repair == "one of them" else repair, text(config, two)]
    chain = Chain(config)
    await chain.run()
    assert chain.generations[0].hypothesis == implied(config, two)
    assert chain.data(1) == (*two, *two)
    assert not config.agents[0].awaits_person(chain.calls_of(1, "imitation"))
    belief = chain.belief(1)
    assert belief is not None
    assert belief.made == 2


async def test_a_skipped_reply_leaves_the_hypothesis_and_transmission_asks_anew() -> None:
    config, model = spoken(chain={"generations": 2})
    first, second = made(config, 4, 1), made(config, 4, 2)
    person = Person(ReplyAnswer("redraw"), ReplyAnswer("skip"))
    model.answers = ["?", "?", text(config, first), "?", "?", text(config, second)]
    chain = Chain(config, decider=person)
    await chain.run()
    assert purposes(chain) == ["imitate", "repair", "person", "imitate", "imitate", "repair", "person", "transmit"]
    assert [each.hypothesis for each in chain.generations] == [implied(config, first)] * 2
    assert (chain.data(1), chain.data(2)) == (first, second)
    assert chain.belief(2) is None
    assert [shown.skip_effect for shown in person.shown] == ["", "the hypothesis of the previous generation is kept"]
    assert text(config, first) in model.requests[-1].prompt


async def test_a_persons_text_takes_the_place_of_the_reply_and_the_belief_says_so() -> None:
    config, model = spoken(chain={"generations": 1})
    four = made(config, 4, 1)
    person = Person(ReplyAnswer("edit", "no"), ReplyAnswer("edit", text(config, four)))
    model.answers = ["?", "?"]
    chain = Chain(config, decider=person)
    await chain.run()
    assert chain.data(1) == four
    assert chain.generations[0].hypothesis == implied(config, four)
    assert person.shown[0].read("nonsense")
    assert not person.shown[0].read(text(config, four[:1]))
    belief = chain.belief(1)
    assert belief is not None
    assert belief.notes == (EDITED,)


async def test_without_a_person_the_chain_stops_and_going_on_asks_once_more() -> None:
    config, model = spoken(chain={"generations": 1})
    model.answers = ["?", "?", text(config, made(config, 4, 1))]
    chain = Chain(config)
    with pytest.raises(ReplyUnreadable):
        await chain.run()
    assert chain.has_unread_reply
    chain = Chain(config, calls=chain.calls)
    assert chain.has_unread_reply
    await chain.run()
    assert not chain.has_unread_reply
    assert purposes(chain) == ["imitate", "repair", "person", "imitate"]
    assert len(model.requests) == 3


async def test_a_refused_or_cut_reply_is_not_asked_for_again() -> None:
    for finish, what in (("refused", "refused"), ("length", "max-tokens")):
        config, model = spoken()
        model.answers = lambda request, finish=finish: Reply("Output: CA", finish=finish)
        chain = Chain(config)
        with pytest.raises(ReplyUnreadable) as error:
            await chain.step()
        assert what in error.value.what
        assert len(model.requests) == 1
        assert chain.has_unread_reply


# -- nothing is lost, nothing is paid for twice ---------------------------------------------------------------------------

EVENTFUL: dict[str, Any] = {
    "chain": {"generations": 3, "lookback": 1, "seed": 2},
    "agent": [{"kind": "openai", "belief": "samples"}, {"kind": "mistral"}],
    "filter": [{"kind": "human"}],
}
REJECT, APPROVE = {"verdict": "reject"}, {"verdict": "approve"}
SCRIPT: dict[str, Any] = {
    "default": "approve",
    "generation": [
        {
            "interaction": {"decision": [REJECT, APPROVE]},
            "transmission": {"sample": [{"verdict": "rejected"}, {"verdict": "approved"}, {"verdict": "rejected"}]},
        },
        {"transmission": {"sample": [{"number": 1, "verdict": "rejected"}, {"number": 4, "verdict": "rejected"}]}},
        {"interaction": {"decision": [REJECT, REJECT, APPROVE]}},
    ],
}


def eventful(config: ChainConfig) -> Callable[[Request], str]:
    """Whole replies, short ones and unreadable ones; a repair always helps."""
    whole = follows(config)

    def answer(request: Request) -> str:
        reply, kind = whole(request), (request.seed or 0) % 3
        if kind == 0 or "could not be read" in request.prompt:
            return reply
        return "\n".join(reply.split("\n")[:2]) if kind == 1 else "I would rather not."

    return answer


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


def resumed(config: ChainConfig, kept: Sequence[Record]) -> Chain:
    generations: list[Generation] = []
    for record in kept:
        if isinstance(record, ImitationRecord):
            generations.append(Generation(record.generation, record))
        elif not isinstance(record, Call):
            generations[-1] = generations[-1].with_record(record)
    calls = [record for record in kept if isinstance(record, Call)]
    return Chain(config, generations, decider=ScriptedDecider(SCRIPT, config.task), calls=calls)


async def test_a_chain_killed_at_any_record_goes_on_as_if_nothing_had_happened() -> None:
    config, model = spoken(**EVENTFUL)
    model.answers = eventful(config)
    chain = Chain(config, decider=ScriptedDecider(SCRIPT, config.task))
    await chain.run()
    whole, asked = everything(chain), len(model.requests)
    assert {call.purpose for call in chain.calls} == {"imitate", "transmit", "repair"}
    assert {(call.purpose, call.phase) for call in chain.calls} >= {("imitate", "interaction"), ("repair", "transmission")}
    assert asked == len(chain.calls)
    for after in (False, True):
        for most in range(len(whole)):
            model.requests.clear()
            sink = DyingSink(most, after)
            with pytest.raises(Killed):
                await Chain(config, sink=sink, decider=ScriptedDecider(SCRIPT, config.task)).run()
            assert len(sink.records) == most + after
            lost = 1 if not after and isinstance(whole[most], Call) else 0  # the one that the kill took with it
            chain = resumed(config, sink.records)
            await chain.run()
            assert everything(chain) == whole
            assert len(model.requests) == asked + lost


async def test_each_phase_begins_with_the_call_that_was_foretold() -> None:
    config, model = spoken(**EVENTFUL)
    model.answers = eventful(config)
    chain = Chain(config)
    phases = []
    while chain.next is not None:
        before, (generation, phase) = len(model.requests), chain.next
        chain.decider = None if phase == "imitation" else ScriptedDecider(SCRIPT, config.task)
        foretold = await next_call(chain)
        await chain.step()
        if foretold is not None:
            assert (foretold.generation, foretold.phase) == (generation, phase)
            assert foretold.request == model.requests[before]
            phases.append(phase)
    assert phases[:1] == ["imitation"]
    assert phases.count("imitation") == 3


async def test_a_transmission_that_needs_no_call_foretells_none() -> None:
    config, _ = spoken()
    chain = Chain(config)
    await chain.step()
    await chain.step()
    assert chain.next == (1, "transmission")
    assert await next_call(chain) is None


def test_a_session_file_goes_on_and_branches(tmp_path: Path) -> None:
    import asyncio

    config, model = spoken()
    path = tmp_path / "a.toml"
    with SessionFile.create(config, path) as session:
        chain = Chain(session.config, sink=session)
        asyncio.run(chain.run(2))
        before = everything(chain)
    with SessionFile.open(path) as session:
        chain = Chain(connected(session.config, model), session.generations, session, calls=session.calls)
        assert everything(chain) == before
        assert session.config.document["agent"][0]["prompts"]["output-first"]
        asyncio.run(chain.run())
        whole = everything(chain)
        with session.branch(1, tmp_path / "b.toml") as branch:
            again = Chain(connected(branch.config, model), branch.generations, branch, calls=branch.calls)
            asyncio.run(again.run())
            assert everything(again) == whole


# -- what cannot be, and what it costs ------------------------------------------------------------------------------------


async def test_there_is_no_rule_to_refine() -> None:
    config, model = spoken()
    chain = Chain(config)
    for purpose in ("self-refine", "hypothesis-search"):
        request = RefineRequest(purpose, 0, ())
        with pytest.raises(ChainStopped, match="needs a rule") as error:
            await config.agents[0].refine(request, (), np.random.default_rng(0), chain._model_session(1, "interaction"))
        assert purpose in error.value.remedy
    assert not model.requests


@pytest.mark.parametrize("lookback", [0, 2])
async def test_the_estimate_is_near_what_is_sent(lookback: int) -> None:
    """By the same count of tokens: what is made differs by its words, and by one letter of seven at most on average."""
    config, model = spoken(chain={"generations": 6, "lookback": lookback})
    guessed = estimate(config)
    used: list[Usage] = []

    def answer(request: Request) -> Reply:
        reply = text(config, config.task.transmit(config.start.target, SAMPLES, 0.0, np.random.default_rng(len(used))))
        used.append(Usage(prompt_tokens(request), estimated_tokens(reply)))
        return Reply(reply)

    model.answers = answer
    await Chain(config).run()
    assert guessed.work.calls == len(used) == 6
    assert guessed.work.prompt == pytest.approx(sum(usage.prompt for usage in used), rel=0.2)
    assert guessed.work.completion == pytest.approx(sum(usage.completion for usage in used), rel=0.2)


def test_an_agent_shows_what_it_would_be_asked_first() -> None:
    config, _ = spoken(task={"persona": "rare", "order": "input-first", "case": "lower"})
    (agent,) = config.agents
    assert isinstance(agent, LanguageAgent)
    system, question = agent.first_messages([config.start.samples])
    assert system.text.endswith("Prefer rare words.")
    assert question.text.endswith("Prefer rare words.")
    first = config.start.samples[0]
    assert f"Input: {', '.join(first.input)}\nOutput: {first.output}\n" in question.text
