"""Connections, event loops, cancellation."""

from __future__ import annotations

import asyncio
import gc
import json

import pytest
from loopback import Loopback, Text, close_before_reply, half_json, hang, status, trickle
from provider_cases import BASES, FULL, KEY, PLAIN, PROVIDERS, failure
from waiting import LONGEST

from iicl_tui.agents.calls import Message, Reply, Request
from iicl_tui.agents.failures import CallFailed
from iicl_tui.agents.providers.sdk_provider import SDKProvider


@pytest.mark.parametrize("answer", [hang(), trickle()], ids=["hang", "trickle"])
async def test_cancelling_a_call_leaves_nothing_behind(name, answer, server, make) -> None:
    server.replies = [answer, Text("ok")]
    provider = make(name)
    call = asyncio.create_task(provider.send(FULL))
    assert await asyncio.to_thread(server.until, lambda: len(server.seen) == 1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert await asyncio.to_thread(server.seen[0].gone.wait, LONGEST), "the server sees that nobody listens"
    assert (await provider.send(PLAIN)).text == "ok", "and it can be used again"


async def test_cancelling_while_the_sdk_is_fetched_is_at_once(name, server, make) -> None:
    call = asyncio.create_task(make(name).send(FULL))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert server.seen == []


async def test_a_connection_is_used_again(name, server, make) -> None:
    server.replies = lambda seen: Text("ok")
    provider = make(name)
    for _ in range(5):
        await provider.send(PLAIN)
    assert server.connections == 1


async def test_after_closing_it_can_be_used_again(name, server, make) -> None:
    server.replies = lambda seen: Text("ok")
    provider = make(name)
    await provider.close()
    for _ in range(2):
        assert (await provider.send(PLAIN)).text == "ok"
        await provider.close()
        await provider.close()
    assert server.connections == 2


async def test_a_fault_does_not_spoil_the_next_call(name, server, make) -> None:
    provider = make(name)
    for _ in range(3):
        server.replies = [half_json(), Text("ok")]
        assert (await failure(provider)).kind == "not-json"
        assert (await provider.send(PLAIN)).text == "ok"


async def test_calls_side_by_side_do_not_mix(name, server, make) -> None:
    def answer(seen):
        asked = seen.body["messages"][-1]["content"]
        return half_json() if asked.endswith("7") else Text(f"reply to {asked}")

    server.replies = answer
    provider = make(name)
    requests = [Request((Message("user", str(number)),), 5) for number in range(20)]
    replies = await asyncio.gather(*(provider.send(request) for request in requests), return_exceptions=True)
    for number, reply in enumerate(replies):
        if number % 10 == 7:
            assert isinstance(reply, CallFailed)
            assert reply.kind == "not-json"
        else:
            assert isinstance(reply, Reply)
            assert reply.text == f"reply to {number}"
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("closed", [False, True])
def test_one_event_loop_after_the_other_can_use_it(name, closed) -> None:
    async def calls(provider: SDKProvider) -> None:
        for _ in range(2):
            assert (await provider.send(PLAIN)).text == "ok"
        if closed:
            await provider.close()

    with Loopback() as server:
        server.replies = lambda seen: Text("ok")
        provider = PROVIDERS[name]("model-1", base_url=server.url + BASES[name], key=KEY, key_env="K")
        for _ in range(3):
            asyncio.run(calls(provider))
        assert server.connections == 3
        del provider
        gc.collect()  # what was left open would warn now, and warnings are errors here


async def test_a_provider_that_is_forgotten_closes_its_connections(name) -> None:
    with Loopback() as server:
        server.replies = [Text("ok")]
        provider = PROVIDERS[name]("model-1", base_url=server.url + BASES[name], key=KEY, key_env="K")
        await provider.send(PLAIN)
        assert server.open == 1
        del provider
        gc.collect()
        assert await asyncio.to_thread(server.until, lambda: server.open == 0)


async def test_nothing_is_tried_again(name, server, make) -> None:
    for fault in (status(429), status(500), status(503, None, {"retry-after": "0"}), status(408), close_before_reply()):
        server.seen.clear()
        server.replies = [fault, Text("not this one")]
        assert (await failure(make(name))).retriable
        assert len(server.seen) == 1


async def test_large_replies_come_whole(name, server, make) -> None:
    text = json.dumps({"A": "on" * 500_000})
    server.replies = [Text(text)]
    assert (await make(name).send(PLAIN)).text == text
