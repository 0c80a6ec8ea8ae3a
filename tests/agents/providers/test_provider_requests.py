from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from loopback import Text, close_before_reply, status
from narrow import not_none
from provider_cases import FULL, KEY, PATHS, PLAIN, PROVIDERS, SCHEMA, failure

from iicl_tui.agents.calls import Message, Request, Role

SYSTEM, USER = {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Which rule?"}
STRICT = {"type": "json_schema", "json_schema": {"name": "reply", "schema": SCHEMA, "strict": True}}

# What goes out for a request that asks for nothing, and what is added by each parameter.
BARE = {
    "openai": {"model": "model-1", "messages": [SYSTEM, USER], "max_tokens": 50},
    "anthropic": {"model": "model-1", "system": "Be brief.", "messages": [USER], "max_tokens": 50},
    "mistral": {"model": "model-1", "messages": [SYSTEM, USER], "max_tokens": 50, "stream": False},
}
ADDED: dict[str, dict[str, dict[str, Any]]] = {
    "temperature": {name: {"temperature": 0.7} for name in PROVIDERS},
    "top_p": {name: {"top_p": 0.9} for name in PROVIDERS},
    "seed": {"openai": {"seed": 42}, "mistral": {"random_seed": 42}, "anthropic": {}},
    "top_logprobs": {
        "openai": {"logprobs": True, "top_logprobs": 5}, "mistral": {"logprobs": True, "top_logprobs": 5}, "anthropic": {},
    },
    "schema": {
        "openai": {"response_format": STRICT}, "mistral": {"response_format": STRICT},
        "anthropic": {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
    },
    "reasoning_effort": {"openai": {"reasoning_effort": "none"}, "mistral": {"reasoning_effort": "none"}, "anthropic": {}},
    "n": {"openai": {"n": 2}, "mistral": {"n": 2}, "anthropic": {}},
}  # fmt: skip


@pytest.mark.parametrize("asked", [(), *[(each,) for each in ADDED], tuple(ADDED)], ids=str)
async def test_what_is_asked_for_goes_out_and_nothing_else(name, asked, server, make) -> None:
    server.replies = [Text("ok")]
    request = replace(PLAIN, **{parameter: getattr(FULL, parameter) for parameter in asked})
    await make(name).send(request)
    expected = dict(BARE[name])
    for parameter in asked:
        expected |= ADDED[parameter][name]
    assert server.seen[0].body == expected
    assert server.seen[0].path == PATHS[name]


def test_what_an_api_has_no_word_for_is_what_it_says_it_lacks(name) -> None:
    assert {parameter for parameter in ADDED if not ADDED[parameter][name]} == PROVIDERS[name].UNSUPPORTED
    assert set(ADDED) == set(Request.PARAMETERS)


async def test_zero_and_false_are_values(name, server, make) -> None:
    server.replies = [Text("ok")]
    await make(name).send(replace(PLAIN, temperature=0.0, top_p=1.0, seed=0, top_logprobs=0))
    body = server.seen[0].body
    assert body["temperature"] == 0
    assert body["top_p"] == 1
    if name != "anthropic":
        assert body["seed" if name == "openai" else "random_seed"] == 0
        assert (body["logprobs"], body["top_logprobs"]) == (True, 0)


async def test_a_dialogue_goes_out_in_order_with_every_character(name, server, make) -> None:
    server.replies = [Text("ok")]
    odd = 'a "b" \\ \x00\x1b \u2028 é漢🙂 \ud800.'
    dialogue = (Message("system", odd), Message("user", odd), Message("assistant", odd), Message("user", "again"))
    await make(name).send(Request(dialogue, 5))
    sent = [{"role": each["role"], "content": each["content"]} for each in server.seen[0].body["messages"]]
    replace_surrogates = odd.replace("\ud800", "\ufffd")
    expected = [{"role": m.role, "content": m.text.replace("\ud800", "\ufffd")} for m in dialogue]
    assert sent == (expected[1:] if name == "anthropic" else expected)
    if name == "anthropic":
        assert server.seen[0].body["system"] == replace_surrogates


async def test_without_a_system_message_none_goes_out(name, server, make) -> None:
    server.replies = [Text("ok")]
    await make(name).send(Request((Message("user", "Which rule?"),), 5))
    assert "system" not in server.seen[0].body
    assert server.seen[0].body["messages"] == [USER]


async def test_the_extra_body_is_put_over_the_call_as_it_is(name, server, make) -> None:
    server.replies = [Text("ok"), Text("ok")]
    extra = {"top_k": 3, "nested": {"a": [1, None, True, "漢"]}, "temperature": 0.25, "none": None}
    provider = make(name, extra_body=extra)
    for request in (FULL, PLAIN):
        await provider.send(request)
    for seen, asked in zip(server.seen, (tuple(ADDED), ()), strict=True):
        expected = dict(BARE[name])
        for parameter in asked:
            expected |= ADDED[parameter][name]
        assert seen.body == expected | extra


async def test_the_base_url_may_have_a_path_and_a_slash_at_its_end(name, server, make) -> None:
    server.replies = lambda seen: Text("ok")
    bases = ["/proxy/a/v1", "/proxy/a/v1/"] + (["/proxy/a", "/proxy/a/"] if name != "openai" else [])
    for base in bases:
        await make(name, base_url=f" {server.url}{base} ").send(PLAIN)
    assert {seen.path for seen in server.seen} == {"/proxy/a" + PATHS[name]}


# -- what max-tokens is called --------------------------------------------------------------------------------------------

OLD, NEW = "max_tokens", "max_completion_tokens"


def not_taken(parameter: str, other: str, **fields):
    message = f"Unsupported parameter: '{parameter}' is not supported with this model. Use '{other}' instead."
    return status(400, {"error": {"message": message, "param": parameter, "code": "unsupported_parameter", **fields}})


@pytest.mark.parametrize(("own", "first", "second"), [(False, OLD, NEW), (True, NEW, OLD)])
async def test_max_tokens_goes_out_under_its_other_name_where_the_first_is_not_taken(
    own, first, second, server, make, monkeypatch
) -> None:
    if own:
        monkeypatch.setattr(PROVIDERS["openai"], "URL", server.url + "/v1")
    provider = make("openai", **({"base_url": None} if own else {}))
    server.replies = [not_taken(first, second), Text("yes"), Text("and again")]
    assert (await provider.send(PLAIN)).text == "yes"
    assert (await provider.send(PLAIN)).text == "and again"
    limits = [{name: seen.body[name] for name in (OLD, NEW) if name in seen.body} for seen in server.seen]
    assert limits == [{first: 50}, {second: 50}, {second: 50}], "it is remembered"


@pytest.mark.parametrize("fields", [{"param": None}, {"param": None, "code": None}, {"code": None}], ids=str)
async def test_the_other_name_is_found_out_from_words_alone(fields, server, make) -> None:
    server.replies = [not_taken(OLD, NEW, **fields), Text("yes")]
    assert (await make("openai").send(PLAIN)).text == "yes"


async def test_pydantics_words_for_an_unknown_parameter_are_understood(server, make) -> None:
    complaint = {"type": "extra_forbidden", "loc": ["body", "max_tokens"], "msg": "Extra inputs are not permitted"}
    server.replies = [status(422, {"detail": [complaint]}), Text("yes")]
    assert (await make("openai").send(PLAIN)).text == "yes"


async def test_where_neither_name_is_taken_the_call_fails_after_two_tries(server, make) -> None:
    server.replies = [not_taken(OLD, NEW), not_taken(NEW, OLD)]
    error = await failure(make("openai"))
    assert error.kind == "bad-request"
    assert len(server.seen) == 2


async def test_what_goes_wrong_under_the_other_name_is_what_is_said(server, make) -> None:
    server.replies = [not_taken(OLD, NEW), status(429, None, {"retry-after": "3"})]
    error = await failure(make("openai"))
    assert (error.kind, error.retry_after) == ("busy", 3.0)
    server.replies = [not_taken(OLD, NEW), close_before_reply()]
    assert (await failure(make("openai"))).kind == "disconnected"


@pytest.mark.parametrize("message", ["max_tokens is too large: 50. It supports at most 5 tokens", "max_tokens must be positive"])
async def test_a_limit_of_the_wrong_size_is_not_tried_under_another_name(message, server, make) -> None:
    server.replies = [status(400, {"error": {"message": message, "param": "max_tokens", "code": "invalid_value"}})]
    assert (await failure(make("openai"))).kind == "bad-request"
    assert len(server.seen) == 1


async def test_a_limit_in_the_extra_body_stands_alone(server, make) -> None:
    server.replies = [Text("ok"), not_taken(NEW, OLD)]
    provider = make("openai", extra_body={NEW: 7})
    await provider.send(PLAIN)
    assert OLD not in server.seen[0].body
    assert server.seen[0].body[NEW] == 7


# -- parameters that are not taken ----------------------------------------------------------------------------------------


def openai(message: str, param: str | None = None, code: str | None = None):
    return {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}


def anthropic(message: str):
    return {"type": "error", "error": {"type": "invalid_request_error", "message": message}}


def detail(kind: str, message: str, *place: str):
    return {"detail": [{"type": kind, "loc": ["body", *place], "msg": message, "input": 1}]}


NOT_TAKEN = [
    (400, openai("Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is supported.",
                 "temperature", "unsupported_value"), "temperature"),
    (400, openai("Unsupported parameter: 'temperature' is not supported with this model.", "temperature", "unsupported_parameter"),
     "temperature"),
    (400, openai("Unsupported parameter: 'top_p' is not supported with this model.", None, None), "top_p"),
    (400, openai("Unsupported parameter: 'logprobs' is not supported with this model.", "logprobs"), "top_logprobs"),
    (400, openai("no", "top_logprobs", "unsupported_parameter"), "top_logprobs"),
    (403, openai("You are not allowed to request logprobs from this model"), "top_logprobs"),
    (400, openai("Log probabilities are not supported by this server."), "top_logprobs"),
    (400, openai("Unknown parameter: 'seed'.", "seed", "unknown_parameter"), "seed"),
    (400, openai("Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.", "response_format"),
     "schema"),
    (400, openai("Unsupported value: 'reasoning_effort' does not support 'none' with this model. Supported values are: 'low'.",
                 "reasoning_effort", "unsupported_value"), "reasoning_effort"),
    (400, openai("Unrecognized request argument supplied: reasoning_effort"), "reasoning_effort"),
    (400, openai("Only one completion choice is allowed"), "n"),
    (400, openai("Unsupported value: 'n' does not support 2 with this model.", "n", "unsupported_value"), "n"),
    (400, openai("Invalid schema for response_format 'reply': 'required' is required.", "response_format.json_schema"), "schema"),
    (400, anthropic("temperature: Extra inputs are not permitted"), "temperature"),
    (400, anthropic("`temperature` is deprecated for this model."), "temperature"),
    (400, anthropic("`temperature` may only be set to 1 when thinking is enabled."), "temperature"),
    (400, anthropic("`temperature` and `top_p` cannot both be specified for this model. Please use only one."), "top_p"),
    (400, anthropic("output_config.format: Extra inputs are not permitted"), "schema"),
    (400, anthropic("This model does not support structured outputs."), "schema"),
    (422, detail("extra_forbidden", "Extra inputs are not permitted", "top_p"), "top_p"),
    (422, {"object": "error", "message": detail("extra_forbidden", "Extra inputs are not permitted", "response_format", "type")},
     "schema"),
    (400, {"object": "error", "message": "temperature is not supported", "type": "invalid_request_error", "code": "3051"},
     "temperature"),
]  # fmt: skip
OWN_WORDS = {
    "openai": NOT_TAKEN,
    "anthropic": [case for case in NOT_TAKEN if case[2] not in PROVIDERS["anthropic"].UNSUPPORTED],
    "mistral": [
        *NOT_TAKEN,
        (422, detail("extra_forbidden", "Extra inputs are not permitted", "random_seed"), "seed"),
        (400, {"message": "random_seed is not supported"}, "seed"),
    ],
}


@pytest.mark.parametrize(
    ("name", "code", "body", "parameter"), [(name, *case) for name, cases in OWN_WORDS.items() for case in cases]
)
async def test_a_parameter_that_is_not_taken_is_named(name, code, body, parameter, server, make) -> None:
    server.replies = [status(code, body), Text("ok")]
    provider = make(name)
    error = await failure(provider)
    assert (error.kind, error.parameter, error.status) == ("parameter", parameter, code)
    assert not error.retriable
    request = FULL.without([not_none(error.parameter)])
    await provider.send(request)
    assert not ADDED[parameter][name].keys() & server.seen[1].body.keys()


BEYOND = [
    (400, openai("Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 3 instead.", "temperature",
                 "decimal_above_max_value"), "temperature"),
    (400, anthropic("temperature: range: 0..1"), "temperature"),
    (422, detail("less_than_equal", "Input should be less than or equal to 1.5", "temperature"), "temperature"),
    (400, openai("top_p must be in the range (0, 1]"), "top_p"),
    (400, openai("top_p must be at least 0.1"), "top_p"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "body", "parameter"), BEYOND)
async def test_a_value_out_of_range_is_for_the_person_to_correct_and_not_dropped(name, code, body, parameter, server, make) -> None:
    server.replies = [status(code, body)]
    error = await failure(make(name))
    assert (error.kind, error.parameter) == ("bad-request", parameter)
    assert "Correct" in error.remedy


@pytest.mark.parametrize("parameter", ADDED)
async def test_what_was_not_asked_for_cannot_be_complained_of(name, parameter, server, make) -> None:
    server.replies = [status(400, openai(f"{parameter} is not supported", code)) for code in (parameter, None)]
    for _ in range(2):
        error = await failure(make(name), PLAIN)
        assert (error.kind, error.parameter) == ("bad-request", None)


# -- nothing but the configuration decides where calls go and what they hold ----------------------------------------------

HEADERS = {
    "accept", "accept-encoding", "anthropic-version", "authorization", "connection", "content-length", "content-type", "host",
    "user-agent",
}  # fmt: skip


@pytest.fixture
def surroundings(decoy, monkeypatch, tmp_path: Path) -> None:
    """Everything in an environment that the SDKs would heed, and somebody else's server in all of it."""
    token = tmp_path / "token"
    token.write_text("decoy-token")
    configs = tmp_path / "configs"
    configs.mkdir()
    (configs / "default.json").write_text(f'{{"base_url": "{decoy.url}", "authentication": {{"type": "api_key"}}}}')
    custom = "Authorization: Bearer decoy-key\nX-ApiSpec-Key: decoy-key\nX-Decoy: yes\nHost: decoy.example\nCookie: decoy=1"
    for variable, value in {
        "OPENAI_API_KEY": "decoy-key", "OPENAI_ADMIN_KEY": "decoy-key", "OPENAI_BASE_URL": decoy.url, "OPENAI_ORG_ID": "decoy-org",
        "OPENAI_PROJECT_ID": "decoy-project", "OPENAI_CUSTOM_HEADERS": custom, "OPENAI_LOG": "debug",
        "ANTHROPIC_API_KEY": "decoy-key", "ANTHROPIC_AUTH_TOKEN": "decoy-token", "ANTHROPIC_BASE_URL": decoy.url,
        "ANTHROPIC_CUSTOM_HEADERS": custom, "ANTHROPIC_PROFILE": "default", "ANTHROPIC_CONFIG_DIR": str(tmp_path),
        "ANTHROPIC_WORKSPACE_ID": "decoy", "ANTHROPIC_ORGANIZATION_ID": "decoy", "ANTHROPIC_FEDERATION_RULE_ID": "decoy",
        "ANTHROPIC_IDENTITY_TOKEN": "decoy-token", "ANTHROPIC_IDENTITY_TOKEN_FILE": str(token), "ANTHROPIC_LOG": "debug",
        "MISTRAL_API_KEY": "decoy-key", "MISTRAL_SA_TOKEN_PATH": str(token), "MISTRAL_DEBUG": "1",
        "HTTP_PROXY": decoy.url, "HTTPS_PROXY": decoy.url, "ALL_PROXY": decoy.url,
        "http_proxy": decoy.url, "https_proxy": decoy.url, "all_proxy": decoy.url,
    }.items():  # fmt: skip
        monkeypatch.setenv(variable, value)


@pytest.mark.parametrize("key", [KEY, f" {KEY}\n", None])
async def test_the_environment_redirects_nothing_and_adds_nothing(name, key, server, make, surroundings, caplog) -> None:
    server.replies = [Text("ok"), status(401, {"error": {"message": "who are you?"}})]
    provider = make(name, key=key)
    assert (await provider.send(FULL)).text == "ok"
    error = await failure(provider)
    assert ("No key was sent" in error.what) == (key is None)
    for seen in server.seen:
        names = {each for each in seen.headers if not each.startswith("x-stainless-")}
        assert names <= HEADERS
        assert seen.headers.get("authorization") == (None if key is None else f"Bearer {KEY}")
        assert seen.headers["host"] == f"127.0.0.1:{server.port}"
        assert "decoy" not in str(seen.headers) + str(seen.body)
    expected = dict(BARE[name])
    for parameter in ADDED:
        expected |= ADDED[parameter][name]
    assert server.seen[0].body == expected
    assert not [record for record in caplog.records if record.name == "mistralai.client"], "MISTRAL_DEBUG turns no log on"


async def test_a_server_that_sets_cookies_gets_none_back(name, server, make) -> None:
    server.replies = [status(500, None, {"set-cookie": "a=b"}), Text("ok")]
    provider = make(name)
    await failure(provider)
    await provider.send(PLAIN)
    assert "cookie" not in server.seen[1].headers


def test_nothing_is_imported_and_nothing_listens_before_the_first_call() -> None:
    code = (
        "import asyncio, sys\n"
        "from iicl_tui.agents.providers.anthropic import AnthropicProvider\n"
        "from iicl_tui.agents.providers.mistral import MistralProvider\n"
        "from iicl_tui.agents.providers.openai import OpenAIProvider\n"
        "async def main():\n"
        "    for kind in (AnthropicProvider, MistralProvider, OpenAIProvider):\n"
        "        provider = kind('model-1', base_url='http://127.0.0.1:9', key_env='X', timeout=5.0, extra_body={'a': 1})\n"
        "        await provider.close()\n"
        "asyncio.run(main())\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not set(done.stdout.split()) & {"openai", "anthropic", "mistralai", "httpx2", "httpcore2", "pydantic", "textual", "rich"}


# -- a plain text ---------------------------------------------------------------------------------------------------------


def completed(text: str, **more: Any) -> dict[str, Any]:
    """A response of the completions API, with log-probabilities in its own form."""
    tokens = re.findall(r"\s*\S+|\s+$", text)
    logprobs = {
        "tokens": tokens, "token_logprobs": [-0.5 for _ in tokens], "text_offset": [0 for _ in tokens],
        "top_logprobs": [{token: -0.5, " other": -1.5} for token in tokens],
    }  # fmt: skip
    choice = {"index": 0, "text": text, "finish_reason": "stop", "logprobs": logprobs}
    return {"id": "1", "object": "text_completion", "created": 1, "model": "base", "choices": [choice], **more}


async def test_a_base_model_gets_one_text_and_the_older_form_of_its_log_probabilities_is_read(server, make) -> None:
    usage = {"prompt_tokens": 30, "completion_tokens": 4, "total_tokens": 34}
    server.replies = [status(200, completed("Rule: A on", usage=usage)), status(200, completed("x"))]
    provider = make("openai", completions=True, stop=["\n\n", "###"], extra_body={"top_k": 3})
    dialogue: list[tuple[Role, str]] = [("system", "Lights."), ("user", "Data"), ("assistant", "Rule: B"), ("user", "More\ud800")]
    reply = await provider.send(Request(tuple(Message(*each) for each in dialogue), 50, 0.7, 0.9, 42, 5))
    assert server.seen[0].path == "/v1/completions"
    assert server.seen[0].body == {
        "model": "model-1", "prompt": "Lights.\n\nData\n\nRule: B\n\nMore\ufffd\n", "max_tokens": 50, "logprobs": 5,
        "temperature": 0.7, "top_p": 0.9, "seed": 42, "stop": ["\n\n", "###"], "top_k": 3,
    }  # fmt: skip
    assert (reply.text, reply.finish, reply.usage, reply.model) == ("Rule: A on", "stop", (30, 4, 0), "base")
    assert [token.data for token in not_none(reply.tokens)] == [b"Rule:", b" A", b" on"]
    assert not_none(reply.tokens)[1].top == ((b" A", -0.5), (b" other", -1.5))
    beginning = (Message("user", "Data"), Message("assistant", 'Rule: {"A": "'))
    await provider.send(Request(beginning, 1, 1.0, top_logprobs=20, continuation="text"))
    assert server.seen[1].body == {
        "model": "model-1", "prompt": 'Data\nRule: {"A": "', "max_tokens": 1, "logprobs": 20, "temperature": 1.0, "top_k": 3,
    }  # fmt: skip


async def test_several_texts_come_in_one_call_and_a_stream_is_put_together(server, make) -> None:
    first = completed("one")
    second = {**completed("two")["choices"][0], "index": 1}
    server.replies = [status(200, {**first, "choices": [*first["choices"], second]})]
    reply = await make("openai", completions=True).send(Request((Message("user", "Data"),), 5, n=2))
    assert [each.text for each in (reply, *reply.more)] == ["one", "two"]
    chunks = [completed(text)["choices"][0] | {"finish_reason": end} for text, end in (("Rule", None), (": A", "stop"))]
    body = "".join(f"data: {json.dumps({'choices': [chunk]})}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
    server.replies = lambda seen: replace(status(200, {}, {"content-type": "text/event-stream"}), body=body.encode())
    reply = await make("openai", completions=True).send(Request((Message("user", "Data"),), 5, top_logprobs=2))
    assert (reply.text, reply.finish) == ("Rule: A", "stop")
    assert b"".join(token.data for token in not_none(reply.tokens)) == b"Rule: A"


async def test_a_text_that_is_refused_says_what_was_refused(server, make) -> None:
    refusal = {"error": {"message": "logprobs is out of range", "param": "logprobs", "type": "invalid_request_error"}}
    server.replies = [status(400, refusal)]
    error = await failure(make("openai", completions=True), Request((Message("user", "Data"),), 5, top_logprobs=20))
    assert error.parameter == "top_logprobs"
    assert len(server.seen) == 1
