"""The loopback server itself, without an SDK: what other tests build on."""

from __future__ import annotations

import http.client
import json
import math
import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loopback import UNLIKELY, Loopback, Text, close_before_reply, hang, redirect, split, status, token, tokens_of, trickle
from waiting import LONGEST

from iicl_tui.agents.calls import Token

BODY = {"model": "m", "messages": [{"role": "user", "content": "one two three"}], "logprobs": True, "top_logprobs": 2}


def post(server: Loopback, path: str = "/v1/chat/completions", body=BODY, headers=None) -> tuple[int, dict, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=LONGEST)
    try:
        connection.request("POST", path, json.dumps(body), headers or {})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def test_it_answers_in_order_and_keeps_what_it_saw() -> None:
    with Loopback() as server:
        server.replies = [Text("a b"), status(429, {"error": "busy"}, {"retry-after": "2"}), redirect("http://x/")]
        code, _, content = post(server, headers={"X-Odd": "1"})
        document = json.loads(content)
        assert (code, document["choices"][0]["message"]["content"]) == (200, "a b")
        assert document["usage"] == {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
        assert document["choices"][0]["logprobs"] is None
        code, headers, content = post(server)
        assert (code, headers["retry-after"], json.loads(content)) == (429, "2", {"error": "busy"})
        code, headers, _ = post(server)
        assert (code, headers["location"]) == (307, "http://x/")
        assert post(server)[0] == 418, "no answer is left"
        assert [seen.body for seen in server.seen] == [BODY] * 4
        assert server.seen[0].headers["x-odd"] == "1"
        assert server.until(lambda: server.open == 0)


def test_a_function_answers_by_what_was_asked() -> None:
    with Loopback() as server:
        server.replies = lambda seen: Text(seen.body["messages"][0]["content"].upper())
        assert b"ONE TWO THREE" in post(server)[2]
        assert b"ONE TWO THREE" in post(server, "/v1/messages")[2]
        assert [seen.protocol for seen in server.seen] == ["openai", "anthropic"]


def test_another_path_is_not_found() -> None:
    with Loopback() as server:
        server.replies = lambda seen: Text("ok")
        assert post(server, "/v1/other")[0] == 404
        assert post(server, "/a/b/v1/chat/completions")[0] == 200


@pytest.mark.parametrize("answer", [hang(), trickle(0.001), close_before_reply(), None], ids=["hang", "trickle", "close", "idle"])
def test_it_stops_at_once_whatever_is_under_way(answer) -> None:
    with Loopback() as server:
        server.replies = [answer] if answer else []
        connection = socket.create_connection(("127.0.0.1", server.port))
        if answer:
            content = json.dumps(BODY).encode()
            connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: %d\r\n\r\n" % len(content) + content)
            assert server.until(lambda: len(server.seen) == 1)
    assert not any(thread.is_alive() for thread in server.threads)
    connection.close()


@pytest.mark.parametrize("answer", [hang(), trickle(0.001)], ids=["hang", "trickle"])
def test_it_sees_when_the_client_hangs_up(answer) -> None:
    with Loopback() as server:
        server.replies = [answer]
        content = json.dumps(BODY).encode()
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: %d\r\n\r\n" % len(content) + content)
            assert server.until(lambda: len(server.seen) == 1)
            assert not server.seen[0].gone.is_set()
        assert server.seen[0].gone.wait(LONGEST)


# -- tokens ---------------------------------------------------------------------------------------------------------------


@settings(derandomize=True, deadline=None)
@given(st.text())
def test_a_text_is_split_without_losing_anything(text) -> None:
    pieces = split(text)
    assert "".join(pieces) == text
    assert "" not in pieces


def test_a_reply_is_split_as_gpt_splits_it() -> None:
    assert split('{"A": "on", "screen": "und"}') == ['{"', "A", '":', ' "', "on", '",', ' "', "screen", '":', ' "', "und", '"}']


def test_a_token_has_the_log_probabilities_of_its_alternatives_likeliest_first() -> None:
    made = token("on", {"off": 0.125, "on": 0.25, "und": 0.5, "never": 0.0})
    assert made == Token(b"on", math.log(0.25), ((b"und", math.log(0.5)), (b"on", math.log(0.25)), (b"off", math.log(0.125))))
    assert token("on", {"off": 1.0}) == Token(b"on", UNLIKELY, ((b"off", 0.0),))
    assert token("on") == Token(b"on", 0.0, ((b"on", 0.0),))


def test_the_table_names_tokens_by_word_or_by_place() -> None:
    text = "A: on, B: on"
    by_word = tokens_of(text, {"on": {"on": 0.5, "off": 0.5}})
    assert [made.data for made in by_word] == [b"A", b":", b" on", b",", b" B", b":", b" on"]
    assert by_word[2].top == by_word[6].top == ((b" on", math.log(0.5)), (b" off", math.log(0.5)))
    assert by_word[0] == Token(b"A", 0.0, ((b"A", 0.0),))
    place = text.rindex("on")
    by_place = tokens_of(text, {(place, place + 2): {"on": 0.5, "off": 0.5}})
    assert by_place[2].logprob == 0.0
    assert by_place[6] == by_word[6]


def test_pieces_may_be_split_otherwise() -> None:
    made = tokens_of("A:und", {(2, 5): {"un": 0.75, "on": 0.25}}, pieces=["A", ":", "un", "d"])
    assert made[2] == Token(b"un", math.log(0.75), ((b"un", math.log(0.75)), (b"on", math.log(0.25))))
    with pytest.raises(AssertionError, match="not the text"):
        tokens_of("A", {}, pieces=["B"])
