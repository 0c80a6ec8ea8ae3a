"""Chains whose belief is scored, through the real SDKs, against a server whose joint distribution is known."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from loopback import Loopback, Seen, Text, status, token
from scored_model import (
    CutModel,
    ScoredServer,
    completing,
    echoing,
    llama_cpp,
    mistral,
    older_llama_cpp,
    prompt_scoring,
    strict,
    vllm,
)

from iicl_tui.agents.calls import Call
from iicl_tui.agents.failures import CallFailed
from iicl_tui.agents.model_session import BudgetReached
from iicl_tui.agents.money import Budget
from iicl_tui.agents.scored_belief import Scoring
from iicl_tui.agents.scoring import ScoredMasses
from iicl_tui.bayes import inference
from iicl_tui.chain.config import ChainConfig, read_config
from iicl_tui.chain.dry_run import next_call
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.estimate import estimate
from iicl_tui.errors import ChainStopped, ConfigError, StoreError
from iicl_tui.present.belief_provenance import caption
from iicl_tui.present.transcript import entries
from iicl_tui.store.presets import load
from iicl_tui.store.session import SessionFile
from iicl_tui.tasks.wording import rule_wording

STATES = (3, 3, 3)


def document(url: str, kind: str = "openai", chain: Mapping[str, Any] | None = None, **agent: Any) -> dict[str, Any]:
    base = url if kind == "mistral" else f"{url}/v1"
    return {
        "chain": {"title": "Scored", "generations": 2, "seed": 3, **(chain or {})},
        "task": {"objects": ["A", "B", "screen"], "spurious": "screen", "bias": "high", "hypothesis": 3, "initial": 4},
        "agent": [{"kind": kind, "model": "cut", "base-url": base, "belief": "score", "floor": 0, **agent}],
    }


class Made:
    """A chain's configuration, the server that it asks and that server's distribution."""

    def __init__(self, server: Loopback, config: ChainConfig, seed: int, other: float) -> None:
        wording = rule_wording(config.task.wording) if config.task.wording is not None else None
        assert wording is not None
        form = wording.answer_form
        assert form is not None
        shape = config.task.space.shape
        self.p = np.random.default_rng(seed).dirichlet(np.full(int(np.prod(shape)), 0.3))
        self.config, self.server = config, server
        self.model = CutModel(form, self.p.reshape(shape), seed, other, quotes=2)
        self.scored = server.replies = ScoredServer(self.model, self.fresh)

    def fresh(self, prompt: str) -> str:
        wording, task = self.config.task.wording, self.config.task
        assert wording is not None
        if "Write examples" in prompt or "Write new examples" in prompt:
            return wording.samples_reply(task.transmit(5, task.samples, 0.0, np.random.default_rng(0)))
        rules = rule_wording(wording)
        assert rules is not None
        return rules.rule_reply(5)

    @property
    def probe(self) -> str:
        return self.model.form.certain.beginning


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback() as running:
        yield running


def made(server: Loopback, kind: str = "openai", seed: int = 1, other: float = 0.0, **options: Any) -> Made:
    return Made(server, read_config(document(server.url, kind, **options)), seed, other)


async def run(config: ChainConfig, **options: Any) -> Chain:
    chain = Chain(config, **options)
    notices: list[str] = []
    chain.on_notice = notices.append
    chain.notices = notices  # type: ignore[attr-defined]
    try:
        await chain.run()
    finally:
        await chain.close()
    return chain


# -- the joint --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "seed"), [("openai", 1), ("openai", 2), ("mistral", 3), ("mistral", 4)])
async def test_the_joint_is_the_models_own_however_its_tokens_are_cut(server: Loopback, kind: str, seed: int) -> None:
    it = made(server, kind, seed)
    if kind == "mistral":
        it.scored.continues = mistral
    chain = await run(it.config)
    assert chain.status == "finished"
    for generation in (1, 2):
        belief = chain.belief(generation)
        assert belief is not None
        assert belief.source == "scored"
        np.testing.assert_allclose(np.exp(belief.log_p), it.p, atol=1e-9)
        assert belief.caption.startswith("joint, scored: ")
        assert belief.caption.endswith(" reads, 1.00 of all probability on rules of this form")
    assert all(count == 2 for text, count in Counter(it.scored.reads).items() if text != it.probe), "once a generation"
    assert [call.purpose for call in chain.calls_of(1)][:2] == ["imitate", "score"]


async def test_five_objects_take_121_reads_where_states_are_one_token(server: Loopback) -> None:
    given = document(server.url, chain={"generations": 1})
    given["task"] = {"spurious": "screen", "bias": "high", "hypothesis": 33, "initial": 4}
    it = Made(server, read_config(given), 5, 0.2)
    it.model._cuts = lambda beginning, text: text[-1] == '"'  # type: ignore[method-assign]
    chain = await run(it.config)
    belief = chain.belief(1)
    assert belief is not None
    np.testing.assert_allclose(np.exp(belief.log_p), it.p, atol=1e-9)
    share = 0.8**5
    assert belief.caption == f"joint, scored: 121 reads, {share:.2f} of all probability on rules of this form".replace("0.", ".")
    assert caption(chain, belief).endswith("· .67 on other text")
    [entry] = [entry for entry in entries(chain) if "122 reads" in entry.text]
    assert "'on\"' " in entry.text


async def test_the_belief_is_computed_again_from_the_file(server: Loopback, tmp_path: Path) -> None:
    it = made(server)
    path = tmp_path / "scored.toml"
    with SessionFile.create(it.config, path) as session:
        chain = await run(it.config, sink=session)
    known = [np.exp(belief.log_p) for belief in chain.beliefs(1, 2) if belief is not None]
    count = len(it.scored.bodies)
    with SessionFile.open(path) as session:
        again = Chain(session.config, session.generations, calls=session.calls)
        for before, belief in zip(known, again.beliefs(1, 2), strict=True):
            assert belief is not None
            np.testing.assert_array_equal(np.exp(belief.log_p), before)
        assert again.calls == chain.calls
        assert again.spent == chain.spent
    assert len(it.scored.bodies) == count


async def test_hidden_rules_are_scored_beside_the_chain(server: Loopback, tmp_path: Path) -> None:
    """The question is the one that a chain with stated rules asks; what the chain passes on are the examples made."""
    given = document(server.url)
    given["task"]["rules"] = "hidden"
    it = Made(server, read_config(given), 6, 0.0)
    path = tmp_path / "hidden.toml"
    with SessionFile.create(it.config, path) as session:
        chain = await run(it.config, sink=session)
    given["task"]["rules"] = "stated"
    stated = read_config(given).task.wording
    assert stated is not None
    prompts = it.config.agents[0].prompts  # type: ignore[attr-defined]
    for t, belief in enumerate(chain.beliefs(1, 2), 1):
        assert belief is not None
        assert belief.source == "scored"
        np.testing.assert_allclose(np.exp(belief.log_p), it.p, atol=1e-9)
        assert [call.purpose for call in chain.calls_of(t)][:2] == ["imitate", "score"]
        assert {call.purpose for call in chain.calls_of(t)} == {"imitate", "score"}
        asked = [body["messages"][-2]["content"] for body in it.scored.bodies if body["messages"][-1]["role"] == "assistant"]
        assert stated.imitate(prompts, chain.data(t - 1)) in asked
        made = chain.task.wording.read_samples(chain.calls_of(t)[0].reply, 4).examples  # type: ignore[union-attr]
        assert chain.data(t) == made
    assert estimate(it.config).work.calls == 2 * (1 + 1 + 13), "examples, a probe, and a read before each state"
    with SessionFile.open(path) as session:
        again = Chain(session.config, session.generations, calls=session.calls)
        for belief in again.beliefs(1, 2):
            assert belief is not None
            np.testing.assert_allclose(np.exp(belief.log_p), it.p, atol=1e-9)


async def test_hidden_rules_that_cannot_be_scored_are_drawn_or_inferred(server: Loopback) -> None:
    for fallback, source, purposes in (("samples", "samples", {"imitate", "draw"}), ("none", "examples", {"imitate"})):
        given = document(server.url, chain={"generations": 1}, fallback=fallback, draws=3)
        given["task"]["rules"] = "hidden"
        it = Made(server, read_config(given), 6, 0.0)
        it.scored.continues = lambda body: status(400, {"error": {"message": "the last message must be a user's"}})
        chain = await run(it.config)
        assert {call.purpose for call in chain.calls} == purposes
        belief = chain.belief(1)
        assert belief is not None
        assert belief.source == source
        assert sum("The joint belief of cut is not known" in text for text in chain.notices) == 1  # type: ignore[attr-defined]


# -- how a server can be told -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("continues", "way"), [(None, "assistant"), (vllm, "continue-final-message"), (strict, "assistant-only")])
async def test_the_way_that_works_is_found_and_recorded(server: Loopback, continues: Any, way: str) -> None:
    it = made(server)
    it.scored.continues = continues or it.scored.continues
    chain = await run(it.config)
    reads = [call for call in chain.calls if call.purpose == "score" and call.prompt != it.probe]
    assert {call.continuation for call in reads} == {way}
    belief = chain.belief(2)
    assert belief is not None
    np.testing.assert_allclose(np.exp(belief.log_p), it.p, atol=1e-9)
    sent = [body for body in it.scored.bodies if body["messages"][-1]["role"] == "assistant"][-1]
    assert (sent.get("chat_template_kwargs") == {"enable_thinking": False}) is (way != "assistant-only")


@pytest.mark.parametrize("elsewhere", [llama_cpp, older_llama_cpp])
@pytest.mark.parametrize("continues", [False, status(400, {"error": {"message": "the last message must be the user's"}})])
async def test_llama_cpps_own_completion_is_found_where_chat_does_not_continue(
    server: Loopback, elsewhere: Any, continues: Any
) -> None:
    it = made(server, chain={"generations": 1})
    it.scored.continues, it.scored.elsewhere = lambda body: continues, elsewhere
    chain = await run(it.config)
    reads = [call for call in chain.calls if call.purpose == "score" and call.prompt != it.probe]
    assert {call.continuation for call in reads} == {"completion"}
    assert reads[0].usage == (50, 1, 0)
    belief = chain.belief(1)
    assert belief is not None
    np.testing.assert_allclose(np.exp(belief.log_p), it.p, atol=1e-9)
    templates = [seen for seen in server.seen if seen.path == "/apply-template"]
    assert len(templates) == 1, "the prompt is the same for all reads"


@pytest.mark.parametrize("choose", ["reply", "belief"])
async def test_a_base_model_is_scored_and_asked_by_completions_of_a_text(server: Loopback, choose: str, tmp_path: Path) -> None:
    it = made(server, endpoint="completions", choose=choose, stop=["\n\n", "###"])
    it.scored.elsewhere = completing
    it.server.replies = lambda seen: completing(it.scored, seen)
    path = tmp_path / "base.toml"
    with SessionFile.create(it.config, path) as session:
        chain = await run(it.config, sink=session)
    assert {call.continuation for call in chain.calls if call.purpose == "score"} == {"text"}
    assert {seen.path for seen in server.seen} == {"/v1/completions"}
    replies = [body for body in it.scored.bodies if body["max_tokens"] > 1]
    assert len(replies) == (4 if choose == "reply" else 2)
    agent = chain.agent(1)
    sent = "\n\n".join(message.text for message in agent.first_messages([chain.start.samples])) + "\n"
    assert all(body["stop"] == ["\n\n", "###"] and "messages" not in body for body in replies)
    assert replies[0]["prompt"] == sent or choose == "belief"
    assert sum(body["prompt"] == sent + it.probe for body in it.scored.bodies) == 1, "the way is probed once"
    with SessionFile.open(path) as session:
        for belief in Chain(session.config, session.generations, calls=session.calls).beliefs(1, 2):
            assert belief is not None
            np.testing.assert_allclose(np.exp(belief.log_p), it.p, atol=1e-9)


async def test_the_preset_of_a_base_model_begins(server: Loopback) -> None:
    given = tomllib.loads(load("e2-base-local").text)
    given["chain"]["generations"], given["agent"][0]["base-url"] = 1, f"{server.url}/v1"
    it = Made(server, read_config(given), 5, 0.2)
    it.model._cuts = lambda beginning, text: text[-1] == '"'  # type: ignore[method-assign]
    task, wording = it.config.task, it.config.task.wording
    assert wording is not None
    it.scored.fresh = lambda prompt: wording.samples_reply(task.transmit(5, 4, 0.0, np.random.default_rng(0)))
    it.server.replies = lambda seen: completing(it.scored, seen)
    chain = await run(it.config)
    assert chain.status == "finished"
    assert chain.data(1) == task.transmit(5, 4, 0.0, np.random.default_rng(0))
    assert it.scored.bodies[-1]["prompt"].count("Rule: {") == 3, "two examples of the form, and its own rule"
    belief = chain.belief(1)
    assert belief is not None
    np.testing.assert_allclose(np.exp(belief.log_p), it.p, atol=1e-9)


async def test_a_base_model_that_lists_no_tokens_is_scored_by_echo_or_read_from_its_reply(server: Loopback) -> None:
    it = made(server, chain={"generations": 1}, endpoint="completions")

    def echoes(seen: Seen) -> Any:
        if seen.body.get("echo"):
            return echoing(it.scored, seen)
        return completing(it.scored, seen) if seen.body["max_tokens"] > 1 else status(400, {"error": {"message": "no logprobs"}})

    it.server.replies = echoes
    chain = await run(it.config)
    assert {call.continuation for call in chain.calls if call.purpose == "score"} == {"echo"}
    belief = chain.belief(1)
    assert belief is not None
    np.testing.assert_allclose(np.exp(belief.log_p), it.p, atol=1e-9)


@pytest.mark.parametrize("way", ["echo", "prompt-logprobs"])
async def test_whole_answers_are_scored_where_nothing_continues(server: Loopback, way: str, tmp_path: Path) -> None:
    it = made(server)
    if way == "echo":
        it.scored.continues, it.scored.elsewhere = lambda body: False, echoing
    else:
        it.scored.continues = prompt_scoring(it.scored)
    path = tmp_path / "scored.toml"
    with SessionFile.create(it.config, path) as session:
        chain = await run(it.config, sink=session)
    whole = [call for call in chain.calls if call.continuation == way]
    assert len(whole) == 1 + 2 * 27, "one probe, and each answer once a generation"
    with SessionFile.open(path) as session:
        for belief in Chain(session.config, session.generations, calls=session.calls).beliefs(1, 2):
            assert belief is not None
            np.testing.assert_allclose(np.exp(belief.log_p), it.p, atol=1e-9)
            assert belief.caption == "joint, scored: 27 whole strings, 1.00 of all probability on rules of this form"
            assert "in one tokenisation each" in belief.notes


async def test_more_answers_than_may_be_read_are_no_belief(server: Loopback) -> None:
    options: dict[str, Any] = {"max-reads": 20}
    it = made(server, chain={"generations": 1}, **options)
    it.scored.continues, it.scored.elsewhere = lambda body: False, echoing
    chain = await run(it.config)
    assert any("at least 27 reads; `max-reads` allows 20" in text for text in chain.notices)  # type: ignore[attr-defined]
    assert chain.belief(1) is None or chain.belief(1).source == "samples"  # type: ignore[union-attr]


HOSTILE = [
    status(200, {"prompt": 7}), status(200, []), status(200, "\x1b[31m"),
    status(200, {"completion_probabilities": [{"token": None}]}),
    status(200, {"choices": [{"logprobs": {"tokens": ["a"], "token_logprobs": ["b"]}}]}), status(200, {"choices": []}),
    status(404, None), status(501, {"error": "not implemented"}), status(200, {"choices": [{"logprobs": {"tokens": []}}]}),
]  # fmt: skip


@pytest.mark.parametrize("answer", HOSTILE)
async def test_nonsense_elsewhere_is_a_clear_refusal_and_the_next_best_belief_is_taken(server: Loopback, answer: Any) -> None:
    it = made(server, chain={"generations": 1}, attempts=1)
    it.scored.continues, it.scored.elsewhere = lambda body: False, lambda scored, seen: answer
    chain = await run(it.config)
    assert chain.status == "finished"
    [notice] = [text for text in chain.notices if "joint belief" in text]  # type: ignore[attr-defined]
    assert "answers afresh" in notice
    assert "10 draws" in notice
    assert "\x1b" not in notice


async def test_a_fault_inside_the_server_lets_the_next_way_be_tried(server: Loopback) -> None:
    it = made(server, chain={"generations": 1}, attempts=1)
    broken = status(500, {"error": {"message": "the template cannot be rendered"}})
    it.scored.continues, it.scored.elsewhere = lambda body: broken, llama_cpp
    chain = await run(it.config)
    belief = chain.belief(1)
    assert belief is not None
    assert belief.source == "scored"


async def test_a_resumed_chain_does_not_try_the_ways_again(server: Loopback) -> None:
    it = made(server)
    it.scored.continues = vllm
    chain = Chain(it.config)
    await chain.run(until=1)
    await chain.close()
    asked = len(it.scored.reads)
    again = Chain(read_config(document(server.url)), chain.generations, calls=chain.calls)  # as in another process
    await again.run()
    await again.close()
    assert it.scored.reads[asked:].count(it.probe) == 0
    assert {call.continuation for call in again.calls_of(2) if call.purpose == "score"} == {"continue-final-message"}
    belief = again.belief(2)
    assert belief is not None
    np.testing.assert_allclose(np.exp(belief.log_p), it.p, atol=1e-9)


async def test_a_way_that_has_stopped_working_is_given_up_for_one_that_works(server: Loopback) -> None:
    it = made(server)
    chain = Chain(it.config)
    await chain.run(until=1)
    it.scored.continues = vllm
    await chain.run()
    await chain.close()
    ways = [call.continuation for call in chain.calls_of(2) if call.purpose == "score"]
    assert ways[0] == "assistant"
    assert ways[-1] == "continue-final-message"
    kept = Chain(read_config(document(server.url)), chain.generations, calls=chain.calls)
    for belief in kept.beliefs(1, 2):
        assert belief is not None
        np.testing.assert_allclose(np.exp(belief.log_p), it.p, atol=1e-9)


async def test_a_server_that_answers_afresh_is_told_of_and_the_next_best_belief_is_taken(server: Loopback) -> None:
    it = made(server)
    it.scored.continues = lambda body: False
    chain = await run(it.config)
    assert chain.status == "finished"
    [notice] = [text for text in chain.notices if "joint belief" in text]  # type: ignore[attr-defined]
    assert "it answers afresh instead of continuing a given beginning of its answer" in notice
    assert "(factorised)" in notice
    assert {text.removesuffix(it.model.form.certain.rest) for text in it.scored.reads} == {it.probe}
    belief = chain.belief(1)
    assert belief is not None
    assert belief.source == "samples"  # the loopback's replies have no log-probabilities


async def test_a_server_that_thinks_first_is_told_of(server: Loopback) -> None:
    it = made(server, chain={"generations": 1})
    thought = token("<think>", {"<think>": 0.99, "Rule": 0.01})
    it.scored.continues = lambda body: Text("<think>", (thought,), "length", usage=(50, 1))
    chain = await run(it.config)
    assert any("it thinks first instead of continuing" in text for text in chain.notices)  # type: ignore[attr-defined]


async def test_a_server_that_refuses_the_message_is_told_of(server: Loopback) -> None:
    it = made(server, kind="mistral")
    it.scored.continues = lambda body: status(400, {"message": "the last message must be the user's"})
    chain = await run(it.config)
    assert chain.status == "finished"
    assert any("the last message must be the user's" in text for text in chain.notices)  # type: ignore[attr-defined]
    assert not [call for call in chain.calls if call.purpose == "score"]


async def test_a_server_that_stops_continuing_half_way(server: Loopback) -> None:
    it = made(server, chain={"generations": 1})
    it.scored.continues = lambda body: len(it.scored.reads) < 8
    chain = await run(it.config)
    assert chain.status == "finished"
    assert any("In the middle of the scoring: it answers afresh" in text for text in chain.notices)  # type: ignore[attr-defined]
    belief = chain.belief(1)
    assert belief is not None
    assert belief.source == "samples"


async def test_a_drawn_hypothesis_waits_until_the_server_continues_again(server: Loopback) -> None:
    it = made(server, chain={"generations": 1}, choose="belief")
    broken = True
    it.scored.continues = lambda body: not broken or len(it.scored.reads) < 8
    chain = Chain(it.config)
    for _ in range(2):
        with pytest.raises(ChainStopped, match="gives no belief to draw"):
            await chain.step()
    assert chain.next == (1, "imitation")
    broken, before = False, list(it.scored.reads)
    kept = Chain(it.config, calls=chain.calls)
    await run_to_end(kept, chain)
    belief = kept.belief(1)
    assert belief is not None
    np.testing.assert_allclose(np.exp(belief.log_p), it.p, atol=1e-9)
    good = [text for text in before[:7] if text != it.probe]
    assert not set(good) & set(it.scored.reads[len(before) :]), "what was read before the fault is not read again"


async def run_to_end(*chains: Chain) -> None:
    await chains[0].run()
    for chain in chains:
        await chain.close()


# -- interruptions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("parallel", [1, 4])
async def test_a_fault_in_mid_scoring_loses_and_repeats_nothing(server: Loopback, parallel: int) -> None:
    it = made(server, chain={"generations": 1}, parallel=parallel, attempts=1)
    failing = [9]
    answer = it.scored

    def faulty(seen: Seen) -> Any:
        reply = answer(seen)
        return status(500, {"error": {"message": "overloaded"}}) if len(answer.bodies) in failing else reply

    server.replies = faulty
    chain = Chain(it.config)
    with pytest.raises(CallFailed):
        await chain.step()
    failing.clear()
    again = Chain(it.config, calls=chain.calls)
    await run_to_end(again, chain)
    counts = Counter(it.scored.reads)
    assert sorted(counts.values())[-2:] == [1, 2], "the one that failed is asked again, and no other"
    belief = again.belief(1)
    assert belief is not None
    np.testing.assert_allclose(np.exp(belief.log_p), it.p, atol=1e-9)


async def test_the_reads_of_one_depth_are_put_on_the_disk_together_before_any_is_used(
    server: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = made(server, chain={"generations": 1}, choose="belief")
    used: list[int] = []
    rounds: list[int] = []
    add, real = Scoring.add, os.fsync

    def counted_add(scoring: Scoring, call: Call) -> None:
        used.append(len(rounds))
        add(scoring, call)

    def counted_fsync(descriptor: int) -> None:
        rounds.append(len(session.calls))
        real(descriptor)

    monkeypatch.setattr(Scoring, "add", counted_add)
    with SessionFile.create(it.config, tmp_path / "x.toml") as session:
        monkeypatch.setattr(os, "fsync", counted_fsync)
        chain = Chain(it.config, sink=session)
        await chain.step()
        await chain.close()
        on_disk = [0, *rounds]
        assert len(session.calls) == len(it.scored.reads) > 3 * len(rounds)
        live = used[: len(session.calls)]  # later ones compute the belief from the record
        assert all(on_disk[syncs] > place for place, syncs in enumerate(live))


async def test_a_disk_that_fails_in_mid_scoring_costs_no_read_twice(
    server: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = made(server, chain={"generations": 1}, choose="belief")
    real, count = os.fsync, iter(range(1000))

    def failing(descriptor: int) -> None:
        if next(count) == 3:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(descriptor)

    with SessionFile.create(it.config, tmp_path / "x.toml") as session:
        monkeypatch.setattr(os, "fsync", failing)
        chain = Chain(it.config, sink=session)
        with pytest.raises(StoreError):
            await chain.step()
        assert chain.unsaved
        assert [*session.calls, *chain.unsaved] == list(chain.calls)
        await chain.step()
        await chain.close()
        assert max(Counter(it.scored.reads).values()) == 1
        assert not chain.unsaved
    with SessionFile.open(tmp_path / "x.toml", read_only=True) as again:
        assert [call.prompt for call in again.calls] == [call.prompt for call in chain.calls]
        belief = Chain(again.config, again.generations, calls=again.calls).belief(1)
        assert belief is not None
        np.testing.assert_allclose(np.exp(belief.log_p), it.p, atol=1e-9)


async def test_a_cancelled_scoring_goes_on_from_the_reads_that_it_has(server: Loopback) -> None:
    it = made(server, chain={"generations": 1}, parallel=2)
    it.scored.before = lambda number: time.sleep(0.01)
    chain = Chain(it.config)
    step = asyncio.create_task(chain.step())
    await asyncio.to_thread(server.until, lambda: len(it.scored.reads) >= 6)
    assert chain.calling is not None
    assert chain.calling.purpose == "score"
    step.cancel()
    with pytest.raises(asyncio.CancelledError):
        await step
    assert chain.calling is None
    kept = [call.prompt for call in chain.calls if call.purpose == "score"]
    asked = len(it.scored.reads)
    await chain.run()
    await chain.close()
    assert not set(kept) & set(it.scored.reads[asked:])
    belief = chain.belief(1)
    assert belief is not None
    np.testing.assert_allclose(np.exp(belief.log_p), it.p, atol=1e-9)


async def test_the_budget_holds_in_mid_scoring(server: Loopback) -> None:
    options: dict[str, Any] = {"parallel": 8, "max-tokens": 100}
    it = made(server, chain={"generations": 1, "token-budget": 1000}, **options)
    chain = Chain(it.config)
    with pytest.raises(BudgetReached):
        await chain.step()
    assert 3 < len(chain.calls) < 27
    assert len(chain.calls) == len(it.scored.bodies), "what was asked is on record"
    assert 500 < chain.spent.tokens <= 1000
    kept = [call.prompt for call in chain.calls if call.purpose == "score"]
    chain.budget = Budget()
    asked = len(it.scored.reads)
    await chain.run()
    await chain.close()
    assert not set(kept) & set(it.scored.reads[asked:])
    assert chain.status == "finished"


async def test_the_next_read_is_shown_before_it_is_made(server: Loopback) -> None:
    it = made(server, chain={"generations": 1}, choose="belief")
    shown = await next_call(Chain(it.config))
    assert shown is not None
    assert shown.purpose == "score"
    assert shown.request.prompt == it.probe
    assert not it.scored.bodies


@pytest.mark.slow
def test_a_killed_scoring_is_resumed_without_asking_a_read_twice(server: Loopback, tmp_path: Path) -> None:
    it = made(server, seed=6, parallel=1)
    it.scored.before = lambda number: time.sleep(0.01)
    lines = [
        '[chain]\ntitle = "Killed"\ngenerations = 2\nseed = 3',
        '[task]\nobjects = ["A", "B", "screen"]\nspurious = "screen"\nbias = "high"\nhypothesis = 3\ninitial = 4',
        f'[[agent]]\nkind = "openai"\nmodel = "cut"\nbase-url = "{server.url}/v1"\nbelief = "score"\nfloor = 0\nparallel = 1',
    ]
    (tmp_path / "config.toml").write_text("\n".join(lines), encoding="utf-8")
    cut = tmp_path / "cut.toml"
    program = [sys.executable, "-m", "iicl_tui"]
    quiet: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    running = subprocess.Popen([*program, "run", "config.toml", "-o", "cut.toml"], cwd=tmp_path, env={**os.environ}, **quiet)
    deadline = time.monotonic() + 60
    while running.poll() is None and time.monotonic() < deadline:
        if cut.exists() and cut.read_text(encoding="utf-8", errors="replace").count('purpose = "score"') >= 12:
            break
        time.sleep(0.002)
    running.send_signal(signal.SIGKILL)
    running.wait(60)
    with SessionFile.open(cut, read_only=True) as session:
        kept = [call.prompt for call in session.calls if call.purpose == "score"]
        assert len(kept) >= 12
        assert not session.generations
    asked = len(it.scored.reads)
    assert subprocess.run([*program, "resume", "cut.toml", "-q"], cwd=tmp_path, timeout=120, check=False).returncode == 0
    later = Counter(it.scored.reads[asked:])
    assert all(later[text] == (text != it.probe) for text in kept), "only generation 2 reads them again, without a probe"
    with SessionFile.open(cut, read_only=True) as session:
        chain = Chain(session.config, session.generations, calls=session.calls)
        assert chain.status == "finished"
        for belief in chain.beliefs(1, 2):
            assert belief is not None
            np.testing.assert_allclose(np.exp(belief.log_p), it.p, atol=1e-9)


# -- hypotheses drawn from the belief -------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_hypotheses_are_drawn_from_the_belief_by_the_chains_seed(server: Loopback) -> None:
    drawn = []
    for tau in (1.0, 0.5):
        it = made(server, choose="belief", temperature=tau, chain={"generations": 3})
        chain = await run(it.config)
        assert not [call for call in chain.calls if call.purpose == "imitate"]
        masses = chain.belief(1).evidence  # type: ignore[union-attr]
        assert isinstance(masses, ScoredMasses)
        for generation in chain.generations:
            rng = np.random.default_rng(np.random.SeedSequence(3, spawn_key=(generation.index, 1, 0)))
            log_p = inference.temper(np.asarray(masses.log_p()), tau)
            assert generation.imitation.hypothesis == inference.sample(log_p, rng)
        drawn.append([generation.imitation.hypothesis for generation in chain.generations])
        again = await run(it.config)
        assert [generation.data for generation in again.generations] == [generation.data for generation in chain.generations]
    assert drawn[0] != drawn[1]


async def test_the_likeliest_hypothesis_and_redraws_that_read_nothing_again(server: Loopback) -> None:
    it = made(server, choose="belief", pick="map", chain={"generations": 1})
    chain = await run(it.config)
    assert chain.generations[0].imitation.hypothesis == int(it.p.argmax())
    given = document(server.url, choose="belief", chain={"generations": 1})
    given["filter"] = [{"kind": "effective-set", "redraws": 50}]
    it = Made(server, read_config(given), 8, 0.0)
    chain = await run(it.config)
    interaction = chain.generations[0].interaction
    assert interaction is not None
    reads = Counter(text for text in it.scored.reads if text != it.probe)
    assert interaction.redraws
    assert set(reads.values()) == {1}


async def test_it_chooses_within_the_effective_set_without_a_further_read(server: Loopback) -> None:
    for pick in ("map", "sample"):
        given = document(server.url, choose="belief", pick=pick, chain={"generations": 1})
        given["filter"] = [{"kind": "effective-set", "mode": "restrict"}]
        given["start"] = {"sample": [{"input": [name], "output": "off"} for name in given["task"]["objects"][:2]]}
        it = Made(server, read_config(given), 8, 0.0)
        chain = await run(it.config)
        generation = chain.generations[0]
        inside = np.asarray(it.config.task.explained(it.config.start.samples) == 2)
        within = np.where(inside, it.p, 0.0)
        assert not inside[it.p.argmax()]
        assert inside[generation.hypothesis]
        if pick == "map":
            assert generation.hypothesis == within.argmax()
            assert generation.interaction is not None
            assert [each.filter for each in generation.interaction.refinements] == ["effective-set"]
        assert not [call for call in chain.calls if call.phase == "interaction"]


# -- faults of the configuration ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agent", "chain", "where", "what"),
    [
        ({"kind": "openai", "belief": "score"}, {}, "agent[1].belief", "OpenAI's own API does not continue"),
        ({"kind": "anthropic", "belief": "score"}, {}, "agent[1].belief", "this API gives no log-probabilities"),
        ({"kind": "mistral", "choose": "belief"}, {}, "agent[1].choose", 'it needs belief = "score"'),
        ({"kind": "mistral", "belief": "score", "max-reads": 100}, {}, "agent[1].max-reads", "at least 121 reads"),
        ({"kind": "mistral", "belief": "score", "choose": "belief"}, {"lookback": 1}, "chain.lookback", "states no rule"),
    ],
)
def test_what_cannot_be_scored_is_a_fault(agent: Any, chain: Any, where: str, what: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_config({"chain": {"title": "t", "generations": 1, **chain}, "agent": [agent]})
    [fault] = caught.value.faults
    assert what in fault.message
    assert where in str(caught.value)


def test_the_estimate_counts_the_reads(server: Loopback) -> None:
    work = estimate(made(server).config).work
    assert work.calls == 2 * (1 + 13 + 1 + 1)
    assert work.reads == 2 * (1 + 13)
    assert "(up to four times as many if a state and its quote are tokens of their own)" in estimate(made(server).config).text
