"""Members of the kinds in which servers and proxies differ: errors, refusals, waits, addresses, usage and ends of replies."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from math import log
from typing import Any

import numpy as np
import pytest
from loopback import Fault, Loopback, Seen, Text, status
from speaking import follows, spoken

from iicl_tui.agents.beliefs import Belief, TokenMasses
from iicl_tui.agents.calls import Message, Reply, Request, Token, Usage
from iicl_tui.agents.failures import CallFailed
from iicl_tui.agents.logprobs import belief_from_tokens
from iicl_tui.agents.money import estimated_tokens
from iicl_tui.agents.providers.endpoint import Endpoint
from iicl_tui.agents.providers.error_body import parse_error_body, text_of_page
from iicl_tui.agents.providers.http_client import RawResponse
from iicl_tui.agents.providers.http_errors import asks_for_stream, failure_from_response, most_logprobs, rejects_parameter
from iicl_tui.agents.providers.openai import OpenAIProvider
from iicl_tui.agents.providers.response_parsing import error_in, read_completion, read_json, read_message
from iicl_tui.agents.providers.surroundings import BadSetting, check_environment, proxy_for
from iicl_tui.agents.providers.token_parsing import parse_tokens
from iicl_tui.agents.providers.waits import retry_after, wait_in_fields, wait_in_text
from iicl_tui.bayes.space import Factor, ProductSpace
from iicl_tui.chain.engine import Chain

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
FULL = Request(
    (Message("system", "S"), Message("user", "Which rule?")), 50, 0.7, 0.9, 42, 20, {"type": "object"}, reasoning_effort="low", n=4
)
THERE = Endpoint("OpenAI", "m", "http://10.0.0.5/v1", "/chat/completions", False, None, "K")


def failed(code: int, body: Any, headers: dict[str, str] | None = None) -> CallFailed:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return failure_from_response(THERE, RawResponse(code, headers or {}, content), FULL)


def error(message: str, **fields: Any) -> dict[str, Any]:
    return {"error": {"message": message, **fields}}


# -- reasons of errors -----------------------------------------------------


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<?xml version='1.0'?><Error><Code>Denied</Code><Message>no access</Message></Error>", "no access"),
        (b"<!doctype html><html><head><style>a{}</style><title>524</title></head><body><h1>A time-out</h1></body>", "A time-out"),
        (b'{"detail": ["one thing", "another"]}', "one thing; another"),
        (
            b'{"error": {"message": "All providers failed", "metadata": {"previous_errors": [{"message": "bad thing"}]}}}',
            "bad thing",
        ),
        (b'{"error": "bad thing"}\n{"done": true}\n', "bad thing"),
        (b'litellm.BadRequestError: {"error": {"message": "bad thing"}}', "bad thing"),
        (b'{"success": false, "errors": [], "messages": ["bad thing"]}', "bad thing"),
        (b'{"data": {"error": "bad thing"}}', "bad thing"),
        (b'{"error": {"message": "bad thing", "n": ' + b"9" * 5000 + b"}}", "bad thing"),
    ],
)
def test_the_reason_is_found_or_what_people_see_of_a_page(body: bytes, said: str) -> None:
    assert said in failed(400, body).what
    assert "<" not in failed(400, body).what


def test_a_page_is_quoted_by_its_text() -> None:
    page = (
        "<html><head><title>Blocked</title><script>x()</script></head><body><!-- no --><p>By&nbsp;policy</p><p>Blocked</p></body>"
    )
    assert text_of_page(page) == "Blocked: By policy"
    assert text_of_page("<>") == "<>"
    assert parse_error_body(page.encode()).message == "", "it is no message of the API"


@pytest.mark.parametrize(
    ("code", "body", "kind", "parameter"),
    [
        # parameters, in the words of gateways and of servers that fail at them
        (400, error("seed is not supported", param="None"), "parameter", "seed"),
        (400, error("Invalid parameters", params=["seed"]), "parameter", "seed"),
        (422, error("Unsupported", param="body.seed", code="unsupported_parameter"), "parameter", "seed"),
        (500, {"detail": "TypeError: generate() got an unexpected keyword argument 'seed'"}, "parameter", "seed"),
        (501, error("logprobs not implemented"), "parameter", "top_logprobs"),
        (404, error("No endpoints found that support the requested parameters. Please remove: seed"), "parameter", "seed"),
        (400, error('model "x" does not support thinking'), "parameter", "reasoning_effort"),
        (400, error("guided decoding is not supported with this backend"), "parameter", "schema"),
        (400, error("JSON mode is not enabled for this model"), "parameter", "schema"),
        (400, error("multiple choices not supported"), "parameter", "n"),
        (400, error("candidate_count must be 1"), "parameter", "n"),
        (400, error("Seed must be a positive integer"), "parameter", "seed"),
        (400, error("Input validation error: `temperature` must be strictly positive"), "bad-request", "temperature"),
        (400, error("top_p must be in (0, 1], got 0."), "bad-request", "top_p"),
        (400, b"no no no " * 200, "bad-request", None),
        # what is not the address's fault, the key's, or the account's
        (404, error("No endpoints found for foo/bar."), "unknown-model", None),
        (404, error("The API deployment for this resource does not exist.", code="DeploymentNotFound"), "unknown-model", None),
        (400, error("foo/bar is not a valid model ID"), "unknown-model", None),
        (403, error("Input was flagged for: violence"), "refused", None),
        (403, {"message": "You have exceeded a secondary rate limit."}, "busy", None),
        (400, {"message": "Too many requests", "__type": "ThrottlingException"}, "busy", None),
        (498, error("Flex tier capacity exceeded"), "busy", None),
        (424, {"error": "Request failed during generation", "error_type": "generation"}, "server", None),
        (400, error("Failed to generate JSON.", code="json_validate_failed"), "server", None),
        (400, error("Budget has been exceeded! Current cost: 10.1, Max budget: 10"), "no-credit", None),
        (422, {"error": "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000"}, "too-long", None),
        (511, b"<html>log in</html>", "setup", None),
    ],
)
def test_what_other_servers_say_is_understood(code: int, body: Any, kind: str, parameter: str | None) -> None:
    found = failed(code, body)
    assert (found.kind, found.parameter) == (kind, parameter)


def test_a_quota_that_is_filled_again_is_waited_for() -> None:
    said = "You exceeded your current quota, please check your plan and billing details. Please retry in 20.1s."
    found = failed(429, [error(said, status="RESOURCE_EXHAUSTED")])
    assert (found.kind, found.retry_after) == ("busy", 20.1)
    assert failed(429, error(said, code="insufficient_quota")).kind == "no-credit"


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "server"),
        (error("The server had an error", type="server_error"), "server"),
        (error("Slow down", code="rate_limit_exceeded"), "busy"),
        ({"base_resp": {"status_code": 1002, "status_msg": "rate limit"}, "choices": None}, "server"),
        ({"error_code": 336003, "error_msg": "something odd"}, "unexpected-shape"),
        ({"detail": [{"loc": ["body", "x"], "msg": "Field required"}]}, "unexpected-shape"),
    ],
)
def test_an_error_in_a_200_is_retried_where_its_code_or_words_say_that_it_passes(document: dict[str, Any], kind: str) -> None:
    whole = json.dumps(document).encode()
    bodies = [whole, b": ping\n\ndata: " + whole + b"\n\n"] if "error" in document else [whole]
    for body in bodies:
        raw = RawResponse(200, {}, body)
        inner = error_in(read_json(THERE, raw))
        assert inner is not None
        assert failure_from_response(THERE, raw, FULL, inner).kind == kind


# -- how requests are adapted -----------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "Expected user message first",
        "A conversation must start with a user message.",
        "Invalid value: 'system'. Supported values are: 'user' and 'assistant'.",
        "Input validation error: role must be one of user, assistant",
        "[{'loc': ('body', 'messages', 0, 'role'), 'msg': \"Input should be 'user' or 'assistant'\", 'input': 'system'}]",
        "Unrecognized role 'system' in message 0",
        "'system' is not one of ['user', 'assistant'] - 'messages.0.role'",
        "The role 'system' cannot be used with this model",
        "System message must not be used with this model",
        "Chat template does not handle system",
        "Messages with role system are disabled",
        "no system role in this model's template",
    ],
)
def test_more_ways_to_say_that_there_is_no_system_role(words: str) -> None:
    assert failed(400, error(words)).parameter == "system"


@pytest.mark.parametrize(
    ("words", "streams"),
    [
        ("Non-streaming requests are not supported", True),
        ("This endpoint does not support non-streaming responses", True),
        ("stream=false is not supported", True),
        ("Field stream: expected true", True),
        ("Current user api does not support http call.", True),
        ("This model does not support streaming", False),
    ],
)
def test_more_ways_to_ask_for_a_stream(words: str, streams: bool) -> None:
    assert asks_for_stream(parse_error_body(words.encode())) == streams


@pytest.mark.parametrize(
    "words",
    [
        "Please use max_completion_tokens instead of max_tokens",
        "Setting 'max_tokens' is invalid for this model; max_completion_tokens is expected",
        "the parameter max_tokens is obsolete",
    ],
)
def test_more_ways_to_ask_for_the_other_name_of_the_limit(words: str) -> None:
    assert rejects_parameter(parse_error_body(words.encode()), "max_tokens")
    assert not rejects_parameter(parse_error_body(b"max_tokens is too large: 9. At most 4 completion tokens"), "max_tokens")


@pytest.mark.parametrize(
    ("words", "most"),
    [
        ("Requested sample logprobs of 20, which is greater than max allowed: 5", 5),
        ("top_logprobs must be between 0 and 5", 5),
        ("top_logprobs: Input should be less than or equal to 8", 8),
        ("Invalid 'top_logprobs': integer above maximum value. Expected a value <= 5, but got 20 instead.", 5),
        ("logprobs is not supported", None),
        ("temperature must be at most 2", None),
    ],
)
def test_how_servers_say_how_many_log_probabilities_they_list(words: str, most: int | None) -> None:
    assert most_logprobs(parse_error_body(words.encode())) == most


async def test_fewer_log_probabilities_are_asked_for_where_a_server_lists_fewer() -> None:
    def answer(seen: Seen) -> Text | Fault:
        return Text("yes") if seen.body["top_logprobs"] <= 5 else status(400, error("top_logprobs must be at most 5"))

    with Loopback() as server:
        server.replies = answer
        provider = OpenAIProvider("m", base_url=server.url + "/v1")
        request = Request((Message("user", "hi"),), 9, top_logprobs=20)
        replies = [await provider.send(request) for _ in range(2)]
        await provider.close()
        assert [seen.body["top_logprobs"] for seen in server.seen] == [20, 5, 5]
    assert [reply.adapted for reply in replies] == [("top_logprobs",)] * 2


# -- waits -----------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"retry-after": "PT20S"},
        {"retry-after": "20, 20"},
        {"retry-after": '"20"'},
        {"retry-after": "0:00:20"},
        {"retry-after": str(int(NOW.timestamp()) + 20)},
        {"retry-after": "Sat, 28 Nov 2026 15:00:20 GMT", "date": "Sat, 28 Nov 2026 15:00:00 GMT"},  # its clock is another
        {"x-retry-after": "20"},
        {"x-ms-retry-after-ms": "20000"},
        {"ratelimit": '"default";r=0;t=20'},
        {"ratelimit": "limit=9, remaining=0, reset=20"},
        {"x-ratelimit-reset-requests": "20s", "x-ratelimit-reset-tokens": "6m0s"},
        {"x-ratelimit-reset": f"{int(NOW.timestamp()) + 20}000"},
        {"x-ratelimit-remaining": "0", "x-ratelimit-reset-after": "20"},
    ],
)
def test_twenty_seconds_in_a_header(headers: dict[str, str]) -> None:
    assert retry_after(headers, NOW, limited=True) == 20


def test_a_limit_of_which_something_remains_is_not_waited_for() -> None:
    assert retry_after({"x-ratelimit-reset": "20", "x-ratelimit-remaining": "7"}, NOW, limited=True) is None
    assert retry_after({"x-ratelimit-reset": "20"}, NOW) is None, "where the rate is not what failed"


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("Retry after 20", 20),
        ("Please retry after 20,5 seconds", 20.5),
        ("next request allowed in 20 seconds", 20),
        ("Model is currently loading, estimated time 20 seconds", 20),
        ("cooldown period: 20 seconds", 20),
        ("Please try again in a minute", 60),
        ("try again in PT20S", 20),
        ("Rate limit exceeded: 60 requests per 1 minute", None),
        ("The limit is 20 seconds of audio", None),
    ],
)
def test_waits_in_more_words(words: str, seconds: float | None) -> None:
    assert wait_in_text(words) == seconds


@pytest.mark.parametrize(
    "fields",
    [
        {"estimated_time": 20.0},
        {"retryAfterSeconds": 20},
        {"retryAfterMs": 20_000},
        {"retryDelay": {"seconds": 20}},
        {"try_again_in": "20s"},
        {"seconds_until_reset": 20},
    ],
)
def test_twenty_seconds_in_a_field(fields: dict[str, Any]) -> None:
    assert wait_in_fields(fields) == 20


def test_the_headers_of_a_server_behind_the_server_count() -> None:
    body = error("Rate limit exceeded", code=429, metadata={"headers": {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "20"}})
    assert failed(429, body).retry_after == 20


# -- the right one is blamed -----------------------------------------------------


@contextmanager
def answering(data: bytes) -> Iterator[int]:
    """A port that answers whatever comes with these bytes, and closes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65_536)
                    connection.sendall(data)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


async def call(url: str) -> CallFailed:
    provider = OpenAIProvider("m", base_url=url, timeout=30)
    with pytest.raises(CallFailed) as caught:
        await provider.send(Request((Message("user", "hi"),), 9))
    await provider.close()
    return caught.value


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No settings of proxies and certificates."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy") or name.startswith("SSL_CERT")]:
        monkeypatch.delenv(name)
    return monkeypatch


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("line", "kind", "title"),
    [
        ("407 Proxy Authentication Required", "setup", "wants a password"),
        ("403 Forbidden", "setup", "forbids the call"),
        ("502 Bad Gateway", "unreachable", "does not connect"),
    ],
)
async def test_a_proxy_that_refuses_is_blamed(bare: pytest.MonkeyPatch, scheme: str, line: str, kind: str, title: str) -> None:
    answer = f"HTTP/1.1 {line}\r\nproxy-authenticate: Basic\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode()
    with answering(answer) as port:
        bare.setenv(f"{scheme.upper()}_PROXY", f"http://127.0.0.1:{port}")
        found = await call(f"{scheme}://iicl.invalid/v1")
    assert (found.kind, title in found.title) == (kind, True)
    assert f"{scheme.upper()}_PROXY" in found.what


async def test_a_proxy_that_speaks_no_tls_is_blamed(bare: pytest.MonkeyPatch) -> None:
    with answering(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n") as port:
        bare.setenv("HTTPS_PROXY", f"https://127.0.0.1:{port}")
        found = await call("https://iicl.invalid/v1")
    assert "Write http:// instead of https:// in HTTPS_PROXY" in found.remedy


@pytest.mark.parametrize("named", ["not a url", "http://[::1:9", '"http://127.0.0.1:9"', "http://:80", "http://h:0"])
def test_a_proxy_that_is_no_address_is_a_setting(bare: pytest.MonkeyPatch, named: str) -> None:
    bare.setenv("HTTPS_PROXY", named)
    with pytest.raises(BadSetting, match="address is wrong") as caught:
        check_environment("https://api.example/v1")
    assert "HTTPS_PROXY" in caught.value.what


async def test_proxies_that_a_call_does_not_need_do_no_harm(bare: pytest.MonkeyPatch) -> None:
    with answering(b"HTTP/1.1 407 no\r\ncontent-length: 0\r\nconnection: close\r\n\r\n") as port:
        bare.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
        bare.setenv("HTTPS_PROXY", "foo://x")
        bare.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
        assert "wants a password" in (await call("http://iicl.invalid/v1")).title


@pytest.mark.parametrize("excepted", ["*.example", ".example", "api.example", "*", "10.0.0.0/8", "[fe80::1]"])
def test_what_no_proxy_names(bare: pytest.MonkeyPatch, excepted: str) -> None:
    bare.setenv("HTTP_PROXY", "http://proxy.example")
    bare.setenv("NO_PROXY", excepted)
    urls = ("http://api.example/v1", "http://10.1.2.3/v1", "http://[fe80::1]/v1")
    assert any(proxy_for(url) is None for url in urls)
    assert excepted == "*" or any(proxy_for(url) is not None for url in urls)


async def test_another_program_at_the_port_is_told_apart() -> None:
    with answering(b"SSH-2.0-OpenSSH_9.6\r\n\r\n") as port:
        found = await call(f"http://127.0.0.1:{port}/v1")
    assert found.title in ("The answer is not HTTP", "The connection was lost")  # a reset may come first
    assert "https://" in found.remedy


async def test_a_host_of_impossible_numbers_is_no_address(bare: pytest.MonkeyPatch) -> None:
    assert (await call("http://256.256.256.256/v1")).title == "base-url is not an address"


# -- usage, ends and tokens -----------------------------------------------------


def completion(text: str, finish: str | None, usage: tuple[int, int]) -> dict[str, Any]:
    counted = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
    return {"choices": [{"message": {"content": text}, "finish_reason": finish}], "usage": counted}


CHUNKS = [
    {"choices": [{"index": 0, "delta": {"content": "ye"}}]},
    {"choices": [{"index": 0, "delta": {"content": "s"}, "finish_reason": "stop"}], "x_groq": {"usage": {"prompt_tokens": 7}}},
]
LINES = [json.dumps(chunk).encode() for chunk in CHUNKS]


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf" + b"".join(b"data: " + line + b"\n\n" for line in LINES),
        b"".join(b"data: " + line + b"\n" for line in LINES),  # no blank lines between the events
        b"".join(b"data: " + line + b"\n\n" for line in LINES) + b"data: [done]\n\n",
        b"\n".join(LINES),
        b'{"choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}]}\0\n',
        b'{"note": "gr\xfcn\n", "choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}]}',
        b'{"created": ' + b"9" * 5000 + b', "choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}]}',
    ],
)
def test_a_reply_with_something_odd_around_it_is_read(body: bytes) -> None:
    assert read_completion(read_json(THERE, RawResponse(200, {}, body))).text == "yes"


@pytest.mark.parametrize(
    "end", [b"data: [ERROR] it broke\n\n", b'event: error\ndata: {"message": "it broke"}\n\n', b'data: {"detail": "it broke"}\n\n']
)
def test_the_reason_why_a_stream_breaks_is_told(end: bytes) -> None:
    raw = RawResponse(200, {}, b"data: " + LINES[0] + b"\n\n" + end)
    try:
        said = str(error_in(read_json(THERE, raw)))
    except CallFailed as failure:
        said = failure.what
    assert "it broke" in said


def test_usage_that_counts_nothing_is_no_report() -> None:
    assert read_completion(completion("yes", "stop", (0, 0))).usage is None
    assert read_completion(completion("yes", "stop", (9, 0))).usage is None
    assert read_completion(completion("", "stop", (9, 0))).usage == Usage(9, 0)
    message = {"content": [{"type": "text", "text": "yes"}], "usage": {"input_tokens": 0, "output_tokens": 0}}
    assert read_message(message).usage is None


async def test_thoughts_count_against_the_budget_where_no_usage_is_reported() -> None:
    thoughts = "I wonder. " * 200
    message = {"choices": [{"message": {"content": "yes", "reasoning_content": thoughts}, "finish_reason": "stop"}]}
    assert read_completion(message).thoughts == thoughts
    assert read_completion({**message, "usage": {"prompt_tokens": 9, "completion_tokens": 800}}).thoughts == ""
    blocks = [{"type": "thinking", "thinking": thoughts}, {"type": "text", "text": "yes"}]
    assert read_message({"content": blocks, "stop_reason": "end_turn"}).thoughts == thoughts
    config, model = spoken(chain={"generations": 1})
    says = follows(config)
    model.answers = lambda request: Reply(says(request), thoughts=thoughts)
    chain = Chain(config)
    await chain.run()
    assert [call.lost for call in chain.calls] == [Usage(0, estimated_tokens(thoughts))] * 2
    assert chain.spent.completion > 2 * estimated_tokens(thoughts)


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("MAX_TOKENS", "length"),
        ("FINISH_REASON_MAX_TOKENS", "length"),
        ("max_output_tokens", "length"),
        ("SAFETY", "refused"),
        ("sensitive", "refused"),
        ("content-filter", "refused"),
        ("abort", "other"),
        ("insufficient_system_resource", "other"),
        (None, "length"),
    ],
)
def test_why_replies_end_in_the_words_of_other_servers(reason: str | None, finish: str) -> None:
    assert read_completion(completion("yes", reason, (9, 50)), 50).finish == finish


def test_a_reply_without_a_finish_reason_that_is_short_is_whole() -> None:
    assert read_completion(completion("yes", None, (9, 49)), 50).finish == "stop"


@pytest.mark.parametrize(
    "logprobs",
    [
        [{"token": "on", "logprob": -0.5, "top_logprobs": [["off", -1.25]]}],
        {"content": [{"token": "on", "logprob": "-0.5", "top_logprobs": {"off": "-1.25"}}]},
        {
            "content": [
                {"text": "on", "logprob": -0.5, "top_logprobs": {"7": {"decoded_token": "off", "logprob": -1.25, "rank": 2}}}
            ]
        },
        {"tokens": [{"id": 3, "text": "on", "logprob": -0.5, "top_logprobs": [{"text": "off", "logprob": -1.25}]}]},
        {"tokens": ["on"], "token_logprobs": [-0.5], "top_logprobs": [[["off", -1.25]]]},
    ],
)
def test_log_probabilities_in_the_forms_of_other_servers(logprobs: Any) -> None:
    assert parse_tokens(logprobs).tokens == (Token(b"on", -0.5, ((b"off", -1.25),)),)


def test_a_drawn_token_counts_with_no_more_than_its_own_probability() -> None:
    space = ProductSpace((Factor("A", ("on", "off")),))
    tokens = [Token(b"A: ", 0.0), Token(b"on", log(0.5), ((b"on", 0.0),))]
    found = belief_from_tokens("A: on", tokens, [(3, 5)], space, ((("on",), ("off",)),))
    assert isinstance(found, Belief)
    assert isinstance(found.evidence, TokenMasses)
    np.testing.assert_allclose(found.evidence.factors[0].unobserved, 0.5)


def test_tokens_that_are_written_as_bytes() -> None:
    found = parse_tokens({"tokens": ["bytes: \\xe2\\x86", "bytes:\\x92 on"], "token_logprobs": [-0.1, -0.1]})
    assert found.tokens is not None
    assert b"".join(token.data for token in found.tokens).decode() == "→ on"
