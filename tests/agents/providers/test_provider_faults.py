from __future__ import annotations

import asyncio
import json
import socket
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loopback import (
    Loopback,
    Text,
    close_before_reply,
    close_mid_body,
    half_json,
    hang,
    html,
    other_shape,
    raw,
    redirect,
    reset_mid_body,
    status,
    trickle,
)
from provider_cases import BASES, FULL, KEY, PLAIN, PROVIDERS, failure
from waiting import LONGEST

from iicl_tui.agents.calls import Reply
from iicl_tui.agents.failures import RETRIABLE, CallFailed


def openai_error(message: str, code: str | None = None, param: str | None = None, kind: str = "invalid_request_error"):
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def anthropic_error(kind: str, message: str):
    return {"type": "error", "error": {"type": kind, "message": message, "details": None}, "request_id": "req_1"}


def mistral_error(message: str, code: str = "1000", kind: str = "invalid_request_error"):
    return {"object": "error", "message": message, "type": kind, "param": None, "code": code, "raw_status_code": 400}


# What each provider itself answers: the status, its body, the kind of failure, and what the message has to say.
REFUSALS = {
    "openai": [
        (401, openai_error("Incorrect API key provided.", "invalid_api_key"), "key-refused", "Incorrect API key"),
        (403, openai_error("Country, region, or territory not supported", "unsupported_country_region_territory"),
         "key-refused", "territory"),
        (404, openai_error("The model `model-1` does not exist or you do not have access to it.", "model_not_found"),
         "unknown-model", "does not exist"),
        (403, openai_error("Project does not have access to model model-1", "model_not_found"), "unknown-model", "access"),
        (404, openai_error("This is not a chat model.", None, "model"), "unknown-model", "not a chat model"),
        (400, openai_error("This model's maximum context length is 8192 tokens.", "context_length_exceeded", "messages"),
         "too-long", "8192"),
        (400, openai_error("The response was filtered.", "content_filter"), "refused", "filtered"),
        (400, openai_error("Invalid prompt: your prompt was flagged as potentially violating our usage policy.", "invalid_prompt"),
         "refused", "flagged"),
        (429, openai_error("You exceeded your current quota, please check your plan.", "insufficient_quota",
                           kind="insufficient_quota"), "no-credit", "quota"),
        (429, openai_error("Rate limit reached. Add a payment method at https://platform.openai.com/account/billing.",
                           "rate_limit_exceeded", kind="requests"), "busy", "Rate limit"),
        (429, openai_error("Request too large for model-1 on tokens per min (TPM): Limit 30000, Requested 40000.",
                           "rate_limit_exceeded", kind="tokens"), "too-long", "40000"),
        (503, openai_error("The engine is currently overloaded.", kind="server_error"), "server", "overloaded"),
        (400, openai_error("max_tokens is too large: 999999. This model supports at most 16384 completion tokens.",
                           "invalid_value", "max_tokens"), "bad-request", "16384"),
    ],
    "anthropic": [
        (401, anthropic_error("authentication_error", "invalid bearer token"), "key-refused", "invalid bearer token"),
        (403, anthropic_error("permission_error", "Your API key may not use this resource."), "key-refused", "resource"),
        (404, anthropic_error("not_found_error", "model: model-1"), "unknown-model", "model: model-1"),
        (400, anthropic_error("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"), "too-long", "210000"),
        (413, anthropic_error("request_too_large", "Request exceeds the maximum size"), "too-long", "maximum size"),
        (400, anthropic_error("invalid_request_error", "Output blocked by content filtering policy"), "refused", "filtering"),
        (400, anthropic_error("invalid_request_error", "Your credit balance is too low to access the Anthropic API."),
         "no-credit", "credit balance"),
        (402, anthropic_error("billing_error", "There is an issue with billing."), "no-credit", "billing"),
        (429, anthropic_error("rate_limit_error", "This request would exceed your rate limit."), "busy", "rate limit"),
        (529, anthropic_error("overloaded_error", "Overloaded"), "server", "Overloaded"),
        (500, anthropic_error("api_error", "Internal server error"), "server", "Internal"),
        (400, anthropic_error("invalid_request_error", "messages: at least one is required"), "bad-request", "at least one"),
    ],
    "mistral": [
        (401, {"detail": "Unauthorized"}, "key-refused", "Unauthorized"),
        (401, {"message": "Unauthorized", "request_id": "1"}, "key-refused", "Unauthorized"),
        (400, mistral_error("Invalid model: model-1", "1500", "invalid_model"), "unknown-model", "Invalid model"),
        (400, mistral_error("Prompt contains 40000 tokens, too large for model with 32768 maximum context length", "3051"),
         "too-long", "32768"),
        (402, {"detail": "Payment required"}, "no-credit", "Payment"),
        (429, {"message": "Requests rate limit exceeded"}, "busy", "rate limit"),
        (422, {"object": "error", "type": "invalid_request_error", "message": {"detail": [
            {"type": "missing", "loc": ["body", "messages"], "msg": "Field required", "input": {"temperature": 1, "logprobs": True}}
        ]}}, "bad-request", "messages: Field required"),
        (422, {"detail": [{"type": "value_error", "loc": ["body", "messages", 0], "msg": "Expected last role User"}]},
         "bad-request", "last role"),
        (500, mistral_error("Service unavailable.", "3000"), "server", "unavailable"),
    ],
}  # fmt: skip

# What every one of them has to understand: local servers speak the protocol of one with the words of another.
ANYWHERE = [
    (404, {"error": {"message": 'model "model-1" not found, try pulling it first'}}, "unknown-model", "pulling"),
    (404, {"error": "model 'model-1' not found"}, "unknown-model", "not found"),
    (404, {"detail": "Not Found"}, "bad-request", "Not Found"),
    (405, {"detail": "Method Not Allowed"}, "bad-request", "Not Allowed"),
    (400, {"error": {"code": 400, "message": "request exceeds the available context", "type": "exceed_context_size_error"}},
     "too-long", "available context"),
    (400, {"object": "error", "message": "This model's maximum context length is 4096 tokens.", "type": "BadRequestError"},
     "too-long", "4096"),
    (400, {"error": {"message": "API key not valid. Please pass a valid API key."}}, "key-refused", "not valid"),
    (408, None, "busy", "408"),
    (409, None, "busy", "409"),
    (429, None, "busy", "429"),
    (500, None, "server", "500"),
    (502, None, "server", "502"),
    (503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}, "server", "Loading model"),
    (529, None, "server", "529"),
    (418, {"error": {"message": "teapot"}}, "bad-request", "teapot"),
    (200, {"error": {"message": "Rate limited upstream", "code": 429}}, "busy", "upstream"),
    (200, {"object": "error", "message": "engine is dead", "code": 500}, "server", "engine is dead"),
    (200, {"error": {"message": "something odd"}}, "unexpected-shape", "something odd"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "code", "body", "kind", "words"),
    [(name, *case) for name, cases in REFUSALS.items() for case in cases]
    + [(name, *case) for name in REFUSALS for case in ANYWHERE],
)
async def test_a_servers_refusal_is_understood_and_quoted(name, code, body, kind, words, server, make) -> None:
    server.replies = [status(code, body, {"retry-after": "7"})]
    error = await failure(make(name))
    assert error.kind == kind
    assert words in str(error)
    assert str(server.port) in error.what
    assert "model-1" in error.what
    assert error.status in (code, *({429, 500} if code == 200 else ()))
    assert error.retry_after == (7.0 if kind in RETRIABLE else None)
    assert error.parameter is None
    assert len(server.seen) == 1, "it is for the agent to try again"


# Faults that look the same whoever speaks: the answer, the kind of failure, what the message has to say, and the status.
BROKEN = {
    "a page": (html(), "not-json", "page", 200),
    "a page with 404": (html(404), "bad-request", "base-url", 404),
    "a page with 502": (html(502), "server", "502", 502),
    "half a JSON": (half_json(), "not-json", "stops in the middle", 200),
    "half a character": (raw('{"a": "漢'.encode()[:-1]), "not-json", "stops in the middle", 200),
    "nothing": (raw(b""), "not-json", "empty body", 200),
    "nothing, and no content": (raw(b"", code=204), "not-json", "204", 204),
    "a text": (raw(b"hello", "text/plain"), "not-json", "hello", 200),
    "a stream": (raw(b"data: {}\n\ndata: [DONE]\n\n", "text/event-stream"), "not-json", "with a stream", 200),
    "no UTF-8": (raw(b"\xff\xfe\xff"), "not-json", "not JSON", 200),
    "no gzip": (raw(b"hello").__class__(200, b"hello", {"content-encoding": "gzip"}), "not-json", "decompressed", 200),
    "very deep": (raw(b"[" * 100_000), "not-json", "", 200),
    "a number of 5,000 digits": (raw(b'{"a": ' + b"9" * 5000 + b"}"), "unexpected-shape", "without", 200),
    "a list": (other_shape([]), "unexpected-shape", "a list", 200),
    "a string": (other_shape("yes"), "unexpected-shape", "a text", 200),
    "null": (other_shape(None), "unexpected-shape", "null", 200),
    "a number": (other_shape(1.5), "unexpected-shape", "a number", 200),
    "true": (other_shape(True), "unexpected-shape", "a truth value", 200),
    "an empty object": (other_shape({}), "unexpected-shape", "without", 200),
    "an object full of null": (
        other_shape(dict.fromkeys(("id", "object", "model", "usage", "created", "choices", "content", "role", "type"))),
        "unexpected-shape", "without", 200,
    ),
    "no choices": (other_shape({"choices": [], "content": None}), "unexpected-shape", "", 200),
    "a choice of null": (other_shape({"choices": [None], "content": [None]}), "unexpected-shape", "", 200),
    "no message": (other_shape({"choices": [{"message": None}], "content": "x"}), "unexpected-shape", "", 200),
    "an empty message": (
        other_shape({"choices": [{"message": {}, "finish_reason": None}], "content": {}}), "unexpected-shape", "", 200,
    ),
    "a reset": (reset_mid_body(), "disconnected", "was lost", 200),
    "an early end": (close_mid_body(), "disconnected", "was lost", 200),
    "no answer": (close_before_reply(), "disconnected", "before it answered", None),
}  # fmt: skip


@pytest.mark.parametrize("what", list(BROKEN))
async def test_a_broken_answer_is_one_kind_of_failure_whoever_sends_it(name, what, server, make) -> None:
    answer, kind, words, code = BROKEN[what]
    server.replies = [answer]
    error = await failure(make(name))
    assert error.kind == kind
    assert words in str(error)
    assert str(server.port) in error.what
    if what != "a reset":  # which may overtake the status
        assert error.status == code
    assert error.retriable == (kind in RETRIABLE)


@pytest.mark.parametrize("answer", [trickle(), hang()], ids=["trickle", "hang"])
async def test_a_call_has_one_time_limit_whatever_trickles_in(name, answer, server, make) -> None:
    server.replies = [Text("warm"), answer]
    await make(name).send(PLAIN)  # the SDK is there: its import is not the server's fault
    error = await failure(make(name, timeout=1.2))
    assert error.kind == "time-out"
    assert "1.2 s" in error.what
    assert await asyncio.to_thread(server.seen[1].gone.wait, LONGEST), "the connection is given up"


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_and_says_where_it_led(name, code, server, decoy, make) -> None:
    server.replies = [redirect(f"{decoy.url}/v1/chat/completions?key={KEY}", code)]
    error = await failure(make(name))
    assert error.kind == "bad-request"
    assert error.status == code
    assert decoy.url in error.what
    assert "base-url" in error.remedy


@pytest.mark.parametrize("location", ["", "://", "ftp://elsewhere/", "\x1b[31m", "http://[", "/" + "x" * 3000])
async def test_a_redirect_to_nowhere_is_said_too(name, location, server, make) -> None:
    server.replies = [redirect(location, 302)]
    error = await failure(make(name))
    assert (error.kind, error.status) == ("bad-request", 302)


@pytest.mark.parametrize("code", [200, 400, 401, 403, 404, 429, 500])
async def test_a_server_that_sends_the_key_back_does_not_make_it_appear(name, code, server, make) -> None:
    far = "x" * 180 + KEY  # where a quotation is cut
    for message in (
        f"bad key {KEY}",
        f"{KEY}{KEY}",
        far,
        *("".join(f"\\u{ord(char):04x}" for char in text) for text in (KEY, far)),
    ):
        document = f'{{"error": {{"message": "{message}", "type": "{KEY}", "code": "{KEY}"}}}}'
        server.replies = [raw(document.encode(), f"application/json; key={KEY}", code)]
        error = await failure(make(name))
        assert KEY[:12] not in str(error)
    for fault in (status(code, {"error": "no"}, {"x-echo": f"Bearer {KEY}"}), raw(f"<html>{KEY}".encode(), "text/html", code)):
        server.replies = [fault]
        await failure(make(name))


async def test_a_reply_that_holds_the_key_comes_without_it(name, server, make) -> None:
    server.replies = [Text(f"Your key is {KEY}!", model=KEY)]
    reply = await make(name).send(PLAIN)
    assert reply.text == "Your key is …!"
    assert reply.model == "…"


@pytest.mark.parametrize("name", ["openai", "mistral"])
@pytest.mark.parametrize("where", ["whole", "cut", "split", "listed", "listed and split", "without bytes", "not there"])
async def test_tokens_that_spell_the_key_do_not_come(name, where, server, make) -> None:
    key = {"not there": KEY[::2] + KEY[1::2], "cut": KEY[:-1] + "?"}.get(where, KEY)
    parts = [key[:5], key[5:9], key[9:]] if "split" in where else [key]
    entries = [{"token": "x", "logprob": -1.0}]
    for part in parts:
        spelt = {"token": "?", "logprob": -1.0, "bytes": list(part.encode())}
        if where == "without bytes":
            spelt = {"token": part, "logprob": -1.0}
        listed = {"token": "x", "logprob": -1.0, "top_logprobs": [{"token": "y", "logprob": -1.0}, spelt]}
        entries.append(listed if "listed" in where else spelt)
    choice = {"finish_reason": "stop", "message": {"content": "hello"}, "logprobs": {"content": entries}}
    server.replies = [status(200, {"choices": [choice]})]
    reply = await make(name).send(PLAIN)
    assert reply.text == "hello"
    if where in ("not there", "without bytes"):  # a key in the text of a token is taken out below
        assert reply.tokens is not None
        assert KEY.encode() not in b"".join(token.data for token in reply.tokens)
    else:
        assert reply.tokens is None


async def test_a_stand_in_for_a_key_is_no_secret(name, server, make) -> None:
    server.replies = [Text("none of them is on"), status(401, {"error": {"message": "none is no key"}})]
    provider = make(name, key="none")
    assert (await provider.send(PLAIN)).text == "none of them is on"
    assert "none is no key" in (await failure(provider)).what


async def test_what_steers_a_terminal_is_shown_as_symbols(name, server, make) -> None:
    server.replies = [status(400, {"error": {"message": "\x1b[31mred\x07\u202e \n\r " + "x" * 1000}})]
    error = await failure(make(name, model="m\x1b[0m" + "y" * 1000))
    assert "␛[31mred" in error.what
    assert len(error.what) < 450


# -- no answer at all -----------------------------------------------------------------------------------------------------


async def test_a_refused_connection_is_said(name, make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = await failure(make(name, base_url=f"http://127.0.0.1:{port}/v1"))
    assert error.kind == "unreachable"
    assert "refuses the connection" in error.what
    assert str(port) in error.what


async def test_an_unknown_host_is_said(name, make, monkeypatch) -> None:
    def nowhere(host, *_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    error = await failure(make(name, base_url="http://no-such-host.invalid/v1"))
    assert error.kind == "unreachable"
    assert "No address could be found for no-such-host.invalid" in error.what


async def test_a_failure_of_tls_is_said(name, server, make) -> None:
    error = await failure(make(name, base_url=server.url.replace("http", "https") + "/v1"))
    assert error.kind == "unreachable"
    assert "TLS" in error.what
    assert server.seen == []


@pytest.mark.parametrize("key", [None, "", "  \n"])
async def test_without_a_key_the_providers_own_host_is_not_called(name, key, monkeypatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("a connection was opened"))
    for variable in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "MISTRAL_API_KEY"):
        monkeypatch.setenv(variable, KEY)
    kind = PROVIDERS[name]
    for base_url in (None, kind.URL, kind.URL + "/"):
        error = await failure(kind("model-1", base_url=base_url, key=key, key_env="MY_OWN_KEY"))
        assert error.kind == "no-key"
        assert "MY_OWN_KEY" in error.what
        assert "MY_OWN_KEY" in error.remedy


@pytest.mark.parametrize("key", [f"{KEY} {KEY}", f"{KEY}\n{KEY}", f"{KEY}é", f"“{KEY}”", f"{KEY}\x00"])
async def test_a_key_that_no_header_can_hold_is_said_before_it_goes_anywhere(name, key, server, make) -> None:
    error = await failure(make(name, key=key))
    assert error.kind == "no-key"
    assert "THE_KEY" in error.what
    assert server.seen == []


@pytest.mark.parametrize(
    "url", ["", "localhost:8080", "ftp://localhost/", "http://", "http://[", "http://h:99999999/", "http://a b/"]
)
async def test_a_base_url_that_is_no_address_is_said(name, url, make) -> None:
    error = await failure(make(name, base_url=url))
    assert error.kind in ("bad-request", "unreachable")


async def test_what_cannot_be_put_into_json_is_said(name, server, make) -> None:
    error = await failure(make(name, extra_body={"x": object()}))
    assert error.kind == "bad-request"
    assert "extra-body" in error.remedy
    assert server.seen == []


async def test_a_missing_sdk_is_said_with_how_to_install_it(name, make, monkeypatch) -> None:
    package = PROVIDERS[name].PACKAGE
    for module in [module for module in sys.modules if module.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, package, None)
    error = await failure(make(name))
    assert not error.retriable
    assert f"pip install {package}" in error.remedy


# -- anything at all ------------------------------------------------------------------------------------------------------

NAMES = [
    "choices", "message", "content", "finish_reason", "logprobs", "token", "logprob", "bytes", "top_logprobs", "error", "detail",
    "type", "code", "param", "loc", "msg", "usage", "prompt_tokens", "input_tokens", "text", "refusal", "model", "stop_reason",
]  # fmt: skip
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["text", "stop", "error"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=20,
)
bodies = documents.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40)


def test_whatever_a_server_answers_is_a_reply_or_a_call_that_failed(name) -> None:
    with Loopback() as server, asyncio.Runner() as runner:
        provider = PROVIDERS[name]("model-1", base_url=server.url + BASES[name], key=KEY, key_env="K", timeout=LONGEST)

        @settings(derandomize=True, deadline=None, max_examples=60)
        @given(body=bodies, code=st.sampled_from([200, 200, 200, 201, 302, 400, 401, 403, 404, 422, 429, 500]))
        def check(body: bytes, code: int) -> None:
            server.replies = [raw(body, code=code)]
            reply = failed = None
            try:
                reply = runner.run(provider.send(FULL))
            except CallFailed as error:
                failed = error
            if reply is not None:
                assert isinstance(reply, Reply)
                reply.text.encode()
            else:
                assert failed is not None
                assert failed.title
                assert failed.what
                assert failed.remedy

        check()
