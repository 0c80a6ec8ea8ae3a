"""Servers that differ from the providers' own: roles, streams, error forms, limits, usage, and spellings of the key."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any
from urllib.parse import quote

import pytest
from loopback import Fault, Seen, Text, raw, status
from provider_cases import FULL, KEY, PLAIN, failure

from iicl_tui.agents.calls import Message, Request, Token, Usage
from iicl_tui.agents.providers.error_body import error_body_of
from iicl_tui.agents.providers.redaction import KeyRedactor
from iicl_tui.agents.providers.surroundings import BadSetting, check_environment, proxy_for
from iicl_tui.agents.providers.usage_parsing import parse_usage
from iicl_tui.agents.providers.waits import duration, retry_after, wait_in_fields, wait_in_text

CHATS = ["openai", "mistral"]


def error(message: str, code: int = 400, **fields) -> Fault:
    return status(code, {"error": {"message": message, "code": code, **fields}})


# -- roles ----------------------------------------------------------------------------------------------------------------

DIALOGUE = Request((Message("system", "S"), Message("user", "a"), Message("assistant", "b"), Message("user", "c")), 50)


@pytest.mark.parametrize("code", [400, 422, 500])
@pytest.mark.parametrize(
    "message",
    [
        "Failed to render the chat template: the system role is not supported by this model",
        "the chat template raised: only user and assistant roles are supported, got system",
        "System role not supported",
        "Conversation roles must alternate user/assistant/user/assistant/...",
        "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
        "Developer instruction is not enabled for models/m",
        "role 'system' is not allowed",
        "unexpected role: system",
    ],
)
async def test_a_model_without_a_system_role_is_told_apart(message: str, code: int, name, server, make) -> None:
    server.replies = [error(message, code)]
    failed = await failure(make(name))
    assert (failed.kind, failed.parameter) == ("parameter", "system")


def test_a_system_message_moves_into_the_first_user_message() -> None:
    assert DIALOGUE.without(["system"]).messages == (Message("user", "S\n\na"), *DIALOGUE.messages[2:])
    assert "system" in DIALOGUE.features
    assert "system" not in DIALOGUE.without(["system"]).features
    twice = Request((Message("system", "S"), Message("user", "a"), Message("user", "b")), 5)
    assert twice.without(["system"]).messages == (Message("user", "S\n\na\n\nb"),)


async def test_the_role_developer_is_used_where_a_server_asks_for_it(server, make) -> None:
    def answer(seen: Seen) -> Text | Fault:
        role = seen.body["messages"][0]["role"]
        return Text("yes") if role == "developer" else error("'system' is not supported with this model, use 'developer' instead.")

    server.replies = answer
    provider = make("openai")
    for _ in range(2):
        reply = await provider.send(DIALOGUE)
        assert reply.text == "yes"
        assert reply.adapted == ("developer",)
    assert [seen.body["messages"][0]["role"] for seen in server.seen] == ["system", "developer", "developer"]


@pytest.mark.parametrize("known", ["max_tokens", "max_completion_tokens"])
async def test_the_token_limit_goes_under_the_name_that_a_server_knows(known: str, server, make) -> None:
    def answer(seen: Seen) -> Text | Fault:
        wrong = {"max_tokens", "max_completion_tokens"} - {known}
        named = wrong & seen.body.keys()
        return status(400, {"success": False, "errors": [{"message": f"no such field as {named.pop()}"}]}) if named else Text("yes")

    server.replies = answer
    assert (await make("openai").send(PLAIN)).text == "yes"


async def test_a_server_that_knows_no_name_of_the_token_limit_is_asked_twice(server, make) -> None:
    server.replies = lambda seen: error(f"unknown field {next(key for key in seen.body if 'max' in key)}")
    assert (await failure(make("openai"))).kind == "bad-request"
    assert len(server.seen) == 2


# -- streams --------------------------------------------------------------------------------------------------------------


def events(*documents: object, end: str = "data: [DONE]\n\n", line: str = "\n") -> Fault:
    body = "".join(f"data: {json.dumps(document)}\n\n" for document in documents) + end
    return raw((": keep-alive\n\n" + body).replace("\n", line).encode(), "text/event-stream")


def chunk(text: str, finish: str | None = None, **fields) -> dict[str, object]:
    return {"model": "m", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish, **fields}]}


USAGE = {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}}


@pytest.mark.parametrize("line", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "words", ["this model can be called in stream mode only", "stream must be set to true", "streaming is required"]
)
async def test_a_stream_only_model_is_streamed_and_put_together(words: str, line: str, name, server, make) -> None:
    def answer(seen: Seen) -> Fault:
        if not seen.body.get("stream"):
            return error(words)
        if name != "anthropic":
            return events(chunk("Ru"), chunk("le", "stop"), USAGE, line=line)
        start = {
            "type": "message_start",
            "message": {"model": "m", "content": [], "usage": {"input_tokens": 7, "output_tokens": 1}},
        }
        pieces = [
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}} for text in ("Ru", "le")
        ]
        thought = {"type": "content_block_delta", "index": 1, "delta": {"type": "thinking_delta", "thinking": "hm"}}
        end = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 3}}
        return events(start, *pieces, thought, end, {"type": "message_stop"}, end="", line=line)

    server.replies = answer
    provider = make(name)
    for _ in range(2):
        reply = await provider.send(PLAIN)
        assert (reply.text, reply.finish, reply.usage, reply.model) == ("Rule", "stop", Usage(7, 3), "m")
    assert [bool(seen.body.get("stream")) for seen in server.seen] == [False, True, True]


@pytest.mark.parametrize("name", CHATS)
async def test_a_stream_brings_its_log_probabilities(name, server, make) -> None:
    entries: list[dict[str, Any]] = [{"token": text, "logprob": -0.5, "top_logprobs": []} for text in "ab"]
    pieces = [chunk(entry["token"], None, logprobs={"content": [entry]}) for entry in entries]
    server.replies = [events(*pieces, chunk("", "stop"))]
    reply = await make(name).send(FULL)
    assert reply.tokens == (Token(b"a", -0.5), Token(b"b", -0.5))


@pytest.mark.parametrize("name", CHATS)
async def test_a_stream_that_stops_early_is_no_reply(name, server, make) -> None:
    server.replies = [events(chunk("Ru"), end="")]
    assert (await failure(make(name))).kind == "disconnected"


@pytest.mark.parametrize("name", CHATS)
async def test_an_error_within_a_stream_is_that_error(name, server, make) -> None:
    server.replies = [events(chunk("Ru"), {"error": {"message": "gone away", "code": 502}}, end="")]
    failed = await failure(make(name))
    assert failed.kind == "server"
    assert "gone away" in failed.what


async def test_a_server_that_takes_no_stream_options_is_streamed_without_them(server, make) -> None:
    def answer(seen: Seen) -> Fault:
        if not seen.body.get("stream"):
            return error("only stream mode is supported")
        return error("Unknown parameter: 'stream_options'") if "stream_options" in seen.body else events(chunk("yes", "stop"))

    server.replies = answer
    assert (await make("openai").send(PLAIN)).text == "yes"


# -- errors ---------------------------------------------------------------------------------------------------------------

REASONS = [
    [{"error": {"message": "the reason"}}],
    {"error": {"message": "Provider returned error", "metadata": {"raw": '{"error": {"message": "the reason"}}'}}},
    {"error": {"message": "Provider returned error", "metadata": {"raw": 'upstream said {"detail": "the reason"}'}}},
    {"success": False, "errors": [{"code": 5006, "message": "the reason"}], "messages": []},
    {"errors": ["the reason"]},
    {"error": {"errors": [{"reason": "the reason"}]}},
    {"title": "Bad Request", "detail": "the reason", "status": 400},
    {"error": "invalid_request", "error_description": "the reason"},
    {"fault": {"faultstring": "the reason"}},
    {"error": {"innererror": {"message": "the reason"}}},
    ["the reason"],
    {"msg": "the reason"},
]


@pytest.mark.parametrize("document", REASONS)
@pytest.mark.parametrize("code", [400, 500])
async def test_the_reason_is_found_or_the_body_is_quoted(document, code: int, name, server, make) -> None:
    server.replies = [status(code, document)]
    assert "the reason" in (await failure(make(name))).what


async def test_an_unknown_body_is_quoted_up_to_300_characters(name, server, make) -> None:
    server.replies = [raw(json.dumps({"odd": "x\x1b[31m" * 200}).encode(), code=400)]
    failed = await failure(make(name))
    assert "odd" in failed.what
    assert len(failed.what.partition("“")[2].partition("”")[0]) == 300


def test_a_hostile_error_body_is_bounded() -> None:
    deep: object = "end"
    for _ in range(500):
        deep = {"error": [deep, deep]}
    assert error_body_of(deep).message == ""
    assert len(error_body_of({"errors": [{"message": "x"}] * 100_000}).message) <= 1


@pytest.mark.parametrize(("code", "kind"), [(429, "busy"), (502, "server"), ("rate_limit", "unexpected-shape")])
async def test_an_error_in_a_choice_is_that_error(code, kind: str, server, make) -> None:
    choice = {"index": 0, "message": {"content": ""}, "finish_reason": "error", "error": {"code": code, "message": "upstream went"}}
    server.replies = [status(200, {"choices": [choice]})]
    failed = await failure(make("openai"))
    assert failed.kind == kind
    assert "upstream went" in failed.what


# -- waits ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("20s", 20), ("6m0s", 360), ("350ms", 0.35), ("1h2m3.5s", 3723.5), ("2 minutes", 120), ("1 minute 5 seconds", 65), ("7", 7),
     ("soon", None), ("", None), ("5 apples", None)],
)  # fmt: skip
def test_durations(text: str, seconds: float | None) -> None:
    assert duration(text) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Please try again in 20.1s.", 20.1),
        ("Rate limit reached. Please retry after 30 seconds.", 30),
        ("Quota exceeded: wait 2 minutes before the next request", 120),
        ("Limit 30000, Used 29000, Requested 4000. Please try again in 1m6.2s. Visit …", 66.2),
        ("Used 5 s of 10 s", None),
        ("Too many requests", None),
    ],
)
def test_waits_in_messages(text: str, seconds: float | None) -> None:
    assert wait_in_text(text) == (None if seconds is None else pytest.approx(seconds))


def test_waits_in_fields_and_headers() -> None:
    assert wait_in_fields({"retryDelay": "20s"}) == 20
    assert wait_in_fields({"retry_after_ms": 1500}) == 1.5
    assert wait_in_fields({"retry_after": True, "other": 5}) is None
    limits = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s", "x-ratelimit-remaining-tokens": "5",
              "x-ratelimit-reset-tokens": "9h"}  # fmt: skip
    assert retry_after(limits) == 360
    assert retry_after({**limits, "retry-after": "3"}) == 3
    assert retry_after({"retry-after": "1m"}) == 60


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "Quota. Please retry in 20.1s.", "details": [{"retryDelay": "20s"}]}},
        {"error": {"message": "Slow down", "retry_after": 20.1}},
        {"detail": "try again in 20100 ms"},
        [{"error": {"message": "busy", "details": {"retry_after_ms": 20100}}}],
    ],
)
async def test_a_wait_in_a_body_is_heeded(body, name, server, make) -> None:
    server.replies = [status(429, body)]
    failed = await failure(make(name))
    assert failed.retry_after == pytest.approx(20.1)
    assert failed.hopeful


@pytest.mark.parametrize(
    ("code", "message", "hopeful"),
    [(503, "Loading model", True), (500, "the model is still loading", True), (429, "", True), (529, "Overloaded", True),
     (500, "assertion failed", False)],
)  # fmt: skip
async def test_signs_that_a_server_will_recover(code: int, message: str, hopeful: bool, name, server, make) -> None:
    server.replies = [error(message, code)]
    assert (await failure(make(name))).hopeful is hopeful


# -- limits ---------------------------------------------------------------------------------------------------------------


def bombs() -> dict[str, Fault]:
    data = b" " * 3_000_000
    return {
        "plain": raw(data),
        "gzip": Fault(200, gzip.compress(data), {"content-encoding": "gzip"}),
        "deflate": Fault(200, zlib.compress(data), {"content-encoding": "deflate"}),
        "raw deflate": Fault(200, zlib.compress(data)[2:-4], {"content-encoding": "deflate"}),
        "an error": raw(data, code=500),
    }


@pytest.mark.parametrize("what", list(bombs()))
async def test_a_larger_reply_than_allowed_fails_with_that_reason(what: str, name, server, make) -> None:
    server.replies = [bombs()[what], Text("yes")]
    provider = make(name, max_reply=1_000_000)
    failed = await failure(provider)
    assert failed.kind == "too-large"
    assert "1 MB" in failed.what
    assert "max-reply" in failed.remedy
    assert not failed.retriable
    assert (await provider.send(PLAIN)).text == "yes"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "raw deflate", "members"])
async def test_compressed_replies_are_read(encoding: str, server, make) -> None:
    document = json.dumps({"choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}]}).encode()
    bodies = {
        "gzip": gzip.compress(document),
        "deflate": zlib.compress(document),
        "raw deflate": zlib.compress(document)[2:-4],
        "members": gzip.compress(document[:9]) + gzip.compress(document[9:]),
    }
    name = "gzip" if encoding == "members" else encoding.split()[-1]
    server.replies = [Fault(200, bodies[encoding], {"content-encoding": name, "content-type": "application/json"})]
    assert (await make("openai").send(PLAIN)).text == "yes"


async def test_no_other_compression_is_asked_for_or_read(name, server, make) -> None:
    server.replies = [Fault(200, b"x", {"content-encoding": "br"})]
    failed = await failure(make(name))
    assert (failed.kind, server.seen[0].headers["accept-encoding"]) == ("not-json", "gzip, deflate")


# -- usage ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 5120}, (100, 5020)),
        ({"prompt_tokens": 100, "completion_tokens": 20, "completion_tokens_details": {"reasoning_tokens": 5000}}, (100, 5020)),
        ({"prompt_tokens": 100, "completion_tokens": 5020, "total_tokens": 5120,
          "completion_tokens_details": {"reasoning_tokens": 5000}}, (100, 5020)),
        ({"prompt_tokens": 100, "completion_tokens": 20, "reasoning_tokens": 50, "total_tokens": 170}, (100, 70)),
        ({"prompt_tokens": 100, "total_tokens": 130}, (100, 30)),
        ({"completion_tokens": 30, "total_tokens": 130}, (100, 30)),
        ({"total_tokens": 130}, (0, 130)),
        ({"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 90}, (100, 20)),
        ({"input_tokens": 1, "output_tokens": 2, "cache_read_input_tokens": 5}, (6, 2, 5)),
        ({"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}}, (9, 2, 4)),
        ({"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 40}}, (9, 2, 9)),
        ({"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": "all"}}, (9, 2)),
        ({"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": "many"}, (100, 20)),
        ({"prompt_tokens": 100}, None),
    ],
)  # fmt: skip
def test_the_largest_consistent_reading_of_usage_counts(usage, expected) -> None:
    assert parse_usage(usage) == (None if expected is None else Usage(*expected))


# -- the key --------------------------------------------------------------------------------------------------------------

SPELLINGS = {
    "wrapped": KEY[:11] + "\n" + KEY[11:],
    "wrapped and indented": KEY[:11] + "\r\n    " + KEY[11:],
    "upper case": KEY.upper(),
    "cut at its end": KEY[:-4] + "****",
    "cut at its start": KEY[8:],
    "in percent": quote(KEY, safe="").replace("-", "%2D"),
    "all in percent": "".join(f"%{ord(char):02X}" for char in KEY),
    "in HTML": "".join(f"&#{ord(char)};" for char in KEY),
    "escaped twice": "".join(f"\\u{ord(char):04x}" for char in KEY),
    "spaced": " ".join(KEY),
    "with invisible signs": "\u200b".join(KEY),
    "as a sum of texts": f'"{KEY[:9]}" + "{KEY[9:]}"',
}


@pytest.mark.parametrize("spelling", list(SPELLINGS))
async def test_a_key_in_another_spelling_does_not_appear(spelling: str, name, server, make) -> None:
    text = SPELLINGS[spelling]
    server.replies = [Text(f"It is {text} there", model=f"m {text}"), status(400, {"error": {"message": text, "type": text}})]
    provider = make(name)
    reply = await provider.send(PLAIN)
    hidden = KeyRedactor(KEY)
    assert reply.text.startswith("It is ")
    assert reply.text.endswith(" there")
    for shown in (reply.text, reply.model, str(await failure(provider))):
        assert not hidden.found_in(shown)
        assert "…" in shown


def test_short_parts_of_a_key_and_other_texts_stay() -> None:
    hidden = KeyRedactor(KEY)
    for text in ("never to be", "sk-never", "0123456789", "Rule: A = on", "50% of =3D and &#12; %zz \\u12", ""):
        assert hidden.redact(text) == text


def test_a_long_text_is_searched_across_its_windows() -> None:
    hidden, filler = KeyRedactor(KEY), "word " * 3_270
    for shift in range(0, 60, 7):
        text = filler + "x" * shift + KEY + filler * 3 + KEY.upper()
        assert hidden.redact(text) == filler + "x" * shift + "…" + filler * 3 + "…"


@pytest.mark.parametrize("rows", [
    [["a", KEY[:9]], [KEY[9:20], "b"], ["c", KEY[20:]]], [[char] for char in KEY], [["x", char.upper(), "y"] for char in KEY],
    [["x" + KEY[:7]], [KEY[7:15] + "y"]],
])  # fmt: skip
def test_tokens_that_spell_a_key_on_any_path_are_found(rows: list[list[str]]) -> None:
    tokens = [Token(row[0].encode(), -1.0, tuple((text.encode(), -1.0) for text in row[1:])) for row in rows]
    assert KeyRedactor(KEY).found_in_tokens(tokens)
    assert not KeyRedactor(KEY).found_in_tokens(tokens[:1])


# -- proxies and certificates ---------------------------------------------------------------------------------------------

ELSEWHERE = "https://api.example.invalid/v1"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.upper(), raising=False)
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(variable, raising=False)


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("HTTPS_PROXY", "foo://x", "scheme"),
        ("HTTPS_PROXY", "http://127.0.0.1:99999", "port"),
        ("ALL_PROXY", "http://", "host"),
        ("ALL_PROXY", "socks5://user:secret@127.0.0.1:9", "socksio"),
        ("SSL_CERT_FILE", "/nonexistent/ca.pem", "/nonexistent/ca.pem"),
        ("SSL_CERT_DIR", "/nonexistent", "/nonexistent"),
        ("SSL_CERT_FILE", __file__, "no certificates"),
    ],
)
async def test_a_wrong_setting_of_this_machine_is_blamed_itself(variable, value, words, name, make, monkeypatch) -> None:
    monkeypatch.setenv(variable, value)
    failed = await failure(make(name, base_url=ELSEWHERE))
    assert failed.kind == "setup"
    assert not failed.retriable
    assert words in failed.what
    assert variable in failed.what
    assert variable in failed.remedy
    assert "secret" not in str(failed)


async def test_a_proxy_that_is_down_is_named(name, make, monkeypatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@127.0.0.1:9")
    failed = await failure(make(name, base_url=ELSEWHERE))
    assert failed.kind == "unreachable"
    assert "proxy http://127.0.0.1:9" in failed.what
    assert "HTTPS_PROXY" in failed.remedy
    assert "secret" not in str(failed)


def test_the_proxy_of_an_address(monkeypatch) -> None:
    assert proxy_for(ELSEWHERE) is None
    monkeypatch.setenv("ALL_PROXY", "127.0.0.1:9")
    found = proxy_for(ELSEWHERE)
    assert found is not None
    assert (found.variable, found.address) == ("ALL_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "example.invalid")
    assert proxy_for(ELSEWHERE) is None
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")
    with pytest.raises(BadSetting):
        check_environment(ELSEWHERE)


async def test_a_server_at_a_wrong_port_for_tls_is_said(server, make) -> None:
    failed = await failure(make("openai", base_url=server.url.replace("http", "https") + "/v1"))
    assert "plain http" in failed.remedy
    server.replies = [raw(b"<h1>The plain HTTP request was sent to HTTPS port</h1>", "text/html", 400)]
    assert "https://" in (await failure(make("openai"))).remedy
