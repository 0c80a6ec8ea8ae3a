from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loopback import UNLIKELY, Text, other_shape, raw, token, tokens_of
from provider_cases import FULL, PLAIN

from iicl_tui.agents.calls import UNKNOWN_LOGPROB, Token, Usage
from iicl_tui.agents.providers.response_parsing import read_completion
from iicl_tui.agents.providers.token_parsing import PARTLY_INVALID, parse_tokens

SPEAKS_LOGPROBS = ["openai", "mistral"]
TEXT = '{"A": "on", "B": "off"}'


async def test_a_reply_is_read_with_its_usage_and_model(name, server, make) -> None:
    server.replies = [Text(TEXT, usage=(123, 45), model="model-1-2026-01-01")]
    reply = await make(name).send(PLAIN)
    assert (reply.text, reply.finish, reply.tokens) == (TEXT, "stop", None)
    assert reply.usage == Usage(123, 45)
    assert reply.model == "model-1-2026-01-01"


@pytest.mark.parametrize("text", ["", " ", "\n\n", "a\x00b\x1b[31m\u202e", "漢字 🙂 é", "x" * 200_000, '"\\'])
async def test_any_text_comes_back_as_it_is(name, text, server, make) -> None:
    server.replies = [Text(text)]
    assert (await make(name).send(PLAIN)).text == text


WIRE = {
    "openai": {"stop": "stop", "length": "length", "content_filter": "refused", "tool_calls": "other", "function_call": "other"},
    "anthropic": {
        "end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "model_context_window_exceeded": "length",
        "refusal": "refused", "tool_use": "other", "pause_turn": "other",
    },
    "mistral": {"stop": "stop", "length": "length", "model_length": "length", "error": "other", "tool_calls": "other"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "wire", "finish"), [(name, *pair) for name, words in WIRE.items() for pair in [*words.items(), ("new_word", "other")]]
)
async def test_every_word_for_an_end_is_understood(name, wire, finish, server, make) -> None:
    server.replies = [Text("so far", wire_finish=wire)]
    reply = await make(name).send(PLAIN)
    assert (reply.text, reply.finish) == ("so far", finish)


@pytest.mark.parametrize("finish", ["stop", "length", "refused", "other"])
async def test_the_loopback_server_says_each_end_in_each_protocol(name, finish, server, make) -> None:
    server.replies = [Text("so far", finish=finish)]
    assert (await make(name).send(PLAIN)).finish == finish


async def test_a_refusal_is_a_reply_that_says_so(server, make) -> None:
    server.replies = [Text("", refusal="I cannot help with that.")]
    reply = await make("openai").send(PLAIN)
    assert (reply.text, reply.finish) == ("I cannot help with that.", "refused")


@pytest.mark.parametrize("name", SPEAKS_LOGPROBS)
@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "ab"),
        ([{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "b"}], "b"),
        ([{"type": "thinking", "thinking": []}, None, 3, {"type": "text", "text": None}], ""),
        ([], ""),
        (None, ""),
    ],
)
async def test_all_text_parts_are_the_text(name, content, text, server, make) -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    server.replies = [other_shape({"choices": [choice]})]
    reply = await make(name).send(PLAIN)
    assert (reply.text, reply.finish, reply.usage, reply.model) == (text, "stop", None, "")


async def test_claudes_text_is_all_of_its_text_blocks(server, make) -> None:
    blocks = [{"type": "thinking", "thinking": "hm", "signature": ""}, {"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    server.replies = [Text("", fields={"content": blocks})]
    assert (await make("anthropic").send(PLAIN)).text == "ab"


async def test_claudes_cached_tokens_are_tokens_of_the_prompt(server, make) -> None:
    usage = {"input_tokens": 10, "cache_creation_input_tokens": 200, "cache_read_input_tokens": 3000, "output_tokens": 7}
    server.replies = [Text("ok", fields={"usage": usage}), Text("ok", fields={"usage": {"input_tokens": 10, "output_tokens": 7}})]
    provider = make("anthropic")
    assert (await provider.send(PLAIN)).usage == Usage(3210, 7, 3000)
    assert (await provider.send(PLAIN)).usage == Usage(10, 7)


@pytest.mark.parametrize("usage", [None, {}, [], "many", {"prompt_tokens": 1}, {"prompt_tokens": -1, "completion_tokens": 1},
                                   {"input_tokens": None, "output_tokens": 1}, {"input_tokens": True, "output_tokens": True},
                                   {"prompt_tokens": 10**400, "completion_tokens": 1, "input_tokens": 1, "output_tokens": 10**400},
                                   {"prompt_tokens": 1.5, "completion_tokens": "2"}])  # fmt: skip
async def test_usage_that_is_not_said_is_not_made_up(name, usage, server, make) -> None:
    server.replies = [Text("ok", fields={"usage": usage})]
    reply = await make(name).send(PLAIN)
    assert (reply.text, reply.usage) == ("ok", None)


async def test_half_a_surrogate_pair_becomes_a_character_that_files_can_hold(name, server, make) -> None:
    document = json.dumps(
        {
            "choices": [{"message": {"content": "a\ud800b\U0001f642"}, "finish_reason": "stop"}],
            "content": [{"type": "text", "text": "a\ud800b\U0001f642"}],
            "model": "m\udfff",
        }
    )
    server.replies = [raw(document.encode())]
    reply = await make(name).send(PLAIN)
    assert reply.text == "a\ufffdb🙂"
    assert reply.model == "m\ufffd"


@pytest.mark.parametrize("label", ["text/plain", "text/html", "application/octet-stream", "nonsense", None])
async def test_a_reply_under_another_content_type_is_a_reply(name, label, server, make) -> None:
    document = {
        "choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}],
        "content": [{"type": "text", "text": "yes"}],
    }
    server.replies = [raw(json.dumps(document).encode(), label)]
    assert (await make(name).send(PLAIN)).text == "yes"


# -- log-probabilities ----------------------------------------------------------------------------------------------------

HARD = (
    Token(b'{"', -0.0, ((b'{"', -0.0), (b"{", -17.25))),
    Token("漢".encode()[:2], -1.1920928955078125e-07, (("漢".encode()[:2], -1.1920928955078125e-07), (b"\xff", UNLIKELY))),
    Token("漢".encode()[2:], -0.1 - 0.2, ((b"\x80", -5e-324), ("漢".encode()[2:], -0.1 - 0.2))),
    Token("🙂".encode()[:1], UNLIKELY, ((b" on", math.log(0.7)), (b"on", math.log(0.2)), (b"\n", -1e300))),
    Token("🙂".encode()[1:], -1e-17, ()),
    Token(b"", -2.5, ((b"", -2.5),)),
)


@pytest.mark.parametrize("name", SPEAKS_LOGPROBS)
async def test_log_probabilities_come_back_bit_for_bit(name, server, make) -> None:
    text = b"".join(each.data for each in HARD).decode()
    server.replies = [Text(text, HARD)]
    reply = await make(name).send(FULL)
    assert reply.text == text == '{"漢🙂'
    assert reply.tokens == HARD
    assert [math.copysign(1, each.logprob) for each in reply.tokens] == [-1.0] * len(HARD), "also −0"


@pytest.mark.parametrize("name", SPEAKS_LOGPROBS)
async def test_as_many_alternatives_come_back_as_were_asked_for(name, server, make) -> None:
    table: dict[str | tuple[int, int], dict[str, float]] = {
        "on": {"on": 0.5, "off": 0.25, "und": 0.125, "x": 0.0625, "y": 0.03125, "z": 0.015625}
    }
    server.replies = [Text(TEXT, tokens_of(TEXT, table)), Text(TEXT, lambda text: tokens_of(text, table)), Text(TEXT)]
    provider = make(name)
    for _ in range(2):
        reply = await provider.send(FULL)
        assert [each.data for each in reply.tokens] == [
            b'{"',
            b"A",
            b'":',
            b' "',
            b"on",
            b'",',
            b' "',
            b"B",
            b'":',
            b' "',
            b"off",
            b'"}',
        ]
        assert reply.tokens[4] == Token(
            b"on", math.log(0.5), tuple((o.encode(), math.log(p)) for o, p in [*table["on"].items()][:5])
        )
    assert (await provider.send(FULL)).tokens is None, "the server gave none, though they were asked for"


async def test_log_probabilities_that_were_not_asked_for_do_not_come(name, server, make) -> None:
    server.replies = [Text(TEXT, tokens_of(TEXT, {}))]
    assert (await make(name).send(PLAIN)).tokens is None


@pytest.mark.parametrize("name", SPEAKS_LOGPROBS)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
async def test_what_is_no_finite_number_costs_no_other_log_probability(name, bad, server, make) -> None:
    good = token("on", {"on": 0.5, "off": 0.5})
    odd = Token(b"off", -1.0, ((b"x", bad), (b"off", -1.0)))
    server.replies = [Text("onoff", [good, Token(b"off", bad)]), Text("onoff", [good, odd])]
    provider = make(name)
    reply = await provider.send(FULL)
    assert (reply.text, reply.tokens) == ("onoff", (good, Token(b"off", UNKNOWN_LOGPROB)))
    reply = await provider.send(FULL)
    assert reply.tokens == (good, Token(b"off", -1.0, ((b"off", -1.0),)))
    assert reply.remarks == (() if bad == -math.inf else (PARTLY_INVALID,)), "probability 0 is no fault"


ENTRIES = [
    None, 3, {}, {"token": "a"}, {"logprob": -1}, {"token": None, "logprob": -1}, {"token": "a", "logprob": None},
    {"token": "a", "logprob": "-1"}, {"token": "a", "logprob": True}, {"token": "a", "logprob": 10**400},
    {"token": "a", "logprob": -1, "bytes": [256]}, {"token": "a", "logprob": -1, "bytes": [-1]},
    {"token": "a", "logprob": -1, "bytes": [1.5]}, {"token": "a", "logprob": -1, "bytes": "a"},
    {"token": "a", "logprob": -1, "bytes": 5}, {"token": "a", "logprob": -1, "top_logprobs": [None]},
    {"token": "a", "logprob": -1, "top_logprobs": 3}, {"token": "a", "logprob": -1, "top_logprobs": [{"token": "b"}]},
]  # fmt: skip
BROKEN: list[Any] = [
    None,
    [],
    {},
    "logprobs",
    3,
    {"content": None},
    {"content": []},
    {"content": {}},
    {"tokens": ["a"], "token_logprobs": [-1, -2]},
]
BROKEN += [{"content": [entry]} for entry in ENTRIES]


@pytest.mark.parametrize("name", SPEAKS_LOGPROBS)
async def test_broken_log_probabilities_never_fail_the_call(name, server, make) -> None:
    provider = make(name)
    for logprobs in BROKEN:
        choice = {"index": 0, "message": {"role": "assistant", "content": "a"}, "finish_reason": "stop", "logprobs": logprobs}
        server.replies = [Text("", fields={"choices": [choice]})]
        reply = await provider.send(FULL)
        assert reply.text == "a", logprobs
        sound = [each for each in reply.tokens or () if each.logprob > UNKNOWN_LOGPROB]
        assert all(each == Token(b"a", -1.0) for each in sound), logprobs


def test_where_a_server_sends_no_bytes_the_tokens_text_stands_for_them() -> None:
    entry = {"token": "é", "logprob": -1, "top_logprobs": [{"token": "\ud800", "logprob": -2, "bytes": None}]}
    assert parse_tokens({"content": [entry]}).tokens == (Token("é".encode(), -1.0, (("\ufffd".encode(), -2.0),)),)
    assert parse_tokens({"content": [{"token": "x", "bytes": [121], "logprob": -1}]}).tokens == (Token(b"y", -1.0, ()),), (
        "bytes come first"
    )


logprobs = st.floats(max_value=0, allow_nan=False, allow_infinity=False)
some_tokens = st.lists(
    st.builds(Token, st.binary(max_size=5), logprobs, st.lists(st.tuples(st.binary(max_size=5), logprobs), max_size=5).map(tuple)),
    min_size=1,
    max_size=5,
).map(tuple)


@settings(derandomize=True, deadline=None)
@given(some_tokens)
def test_any_tokens_survive_the_way_through_json(tokens) -> None:
    def entry(data: bytes, logprob: float) -> dict:
        return {"token": data.decode("utf-8", "replace"), "bytes": list(data), "logprob": logprob}

    content = [{**entry(t.data, t.logprob), "top_logprobs": [entry(*pair) for pair in t.top]} for t in tokens]
    choice = {"message": {"content": "x"}, "finish_reason": "stop", "logprobs": {"content": content}}
    assert read_completion(json.loads(json.dumps({"choices": [choice]}))).tokens == tokens
