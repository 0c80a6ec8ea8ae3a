"""The options of language models: what may stand in an [[agent]] table, and what becomes of it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from narrow import not_none

from iicl_tui.agents.base import agent_kinds
from iicl_tui.agents.calls import Request
from iicl_tui.agents.language import LanguageAgent
from iicl_tui.agents.model_names import known_sampling
from iicl_tui.agents.request_settings import without_bounds
from iicl_tui.chain.config import read_config
from iicl_tui.chain.estimate import estimate
from iicl_tui.errors import ConfigError
from iicl_tui.store.presets import load

KINDS = ("openai", "anthropic", "mistral")


def agent(**table: Any) -> LanguageAgent:
    made = read_config({"agent": [table]}).agents[0]
    assert isinstance(made, LanguageAgent)
    return made


def fault(**table: Any) -> str:
    with pytest.raises(ConfigError) as error:
        read_config({"agent": [table]})
    return str(error.value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_alone_is_a_whole_agent(kind: str) -> None:
    made = agent(kind=kind)
    assert made.price is not None
    assert not_none(made.credential).variable == f"{kind.upper()}_API_KEY"
    assert made.describe().startswith(f"{kind} ")


def test_names_that_are_called_as_a_bound_stay_in_a_schema() -> None:
    text = {"type": "string", "pattern": "^[a-z]$"}
    inner = {"type": "array", "items": text, "minItems": 1, "maxItems": 3}
    schema = {"type": "object", "properties": {"pattern": inner, "minItems": text}, "required": ["pattern", "minItems"]}
    assert without_bounds(schema) == {
        "type": "object",
        "properties": {"pattern": {"type": "array", "items": {"type": "string"}}, "minItems": {"type": "string"}},
        "required": ["pattern", "minItems"],
    }


def test_a_key_in_a_file_is_refused_and_not_repeated() -> None:
    for key in ("sk-proj-0123456789abcdef", "Bearer x", "my secret", "K7hJq2LmN0pRsT3vWxY8zA1bC4dE5fGh", "abcdefghij0123456789"):
        assert key not in fault(kind="openai", **{"key-env": key})
    words = fault(kind="openai", **{"base-url": "https://me:secret@host/v1"})
    assert "secret" not in words
    assert "key-env" in words


@pytest.mark.parametrize(
    "url", ["localhost:8080", "ftp://host", "http://", "http://host/v1?key=1", "http://ho st/", "http://host:port/", "http://[::1"]
)
def test_a_base_url_must_be_a_plain_address(url: str) -> None:
    assert "agent[1].base-url" in fault(kind="openai", **{"base-url": url})


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ({"kind": "anthropic", "belief": "logprobs"}, "belief"),
        ({"kind": "anthropic", "belief": "score"}, "belief"),
        ({"kind": "openai", "belief": "score"}, "belief"),
        ({"kind": "mistral", "belief": "score", "max-reads": 120}, "max-reads"),
        ({"kind": "anthropic", "top-logprobs": 5}, "top-logprobs"),
        ({"kind": "anthropic", "temperature": 1.5}, "temperature"),
        ({"kind": "mistral", "temperature": 1.6}, "temperature"),
        ({"kind": "openai", "temperature": 2.1}, "temperature"),
        ({"kind": "openai", "top-logprobs": 21}, "top-logprobs"),
        ({"kind": "openai", "price": {"input": 1}}, "price.output"),
        ({"kind": "openai", "price": {"input": -1, "output": 1}}, "price.input"),
        ({"kind": "openai", "prompts": 7}, "prompts"),
        ({"kind": "openai", "prompts": "no-such-file.toml"}, "prompts"),
        ({"kind": "openai", "model": " gpt"}, "model"),
        ({"kind": "openai", "max-tokens": 0}, "max-tokens"),
        ({"kind": "opanai"}, "nearest: openai"),
    ],
)
def test_what_an_api_does_not_have_is_a_fault_with_its_key(table: dict[str, Any], key: str) -> None:
    assert key in fault(**table)


@pytest.mark.parametrize("name", ["MY_KEY", "my_own_openai_key_of_2026", "OPENAIKEYOFMYLABORATORY", "openaiKey"])
def test_an_environment_variable_may_have_any_usual_name(name: str) -> None:
    assert not_none(agent(kind="openai", **{"key-env": name}).credential).variable == name


@pytest.mark.parametrize("url", ["https://b\u00fccher.example/v1", "https://\u0430pi.openai.com/v1"])
def test_a_host_of_other_letters_is_refused_with_what_to_write(url: str) -> None:
    assert "xn--" in fault(kind="openai", **{"base-url": url})


@pytest.mark.parametrize("kind", KINDS)
def test_the_providers_own_address_written_out_is_its_own(kind: str) -> None:
    from iicl_tui.agents.access import Access

    made = agent(kind=kind)
    given = Access(environment={not_none(made.credential).variable: "sk-1"})
    own: Any = made.connect(given)
    addresses = {own.URL, f"{own.URL}/", f"{own.URL.removesuffix('/v1')}/v1", own.URL.replace("https://", "HTTPS://")}
    for url in addresses:
        there = agent(kind=kind, **{"base-url": url})
        provider: Any = there.connect(given)
        assert there.price == made.price is not None
        assert provider.endpoint == own.endpoint
        assert provider.endpoint.key == "sk-1"
    for url in (own.URL.replace("https:", "http:"), own.URL.replace("https://", "https://x.")):
        other: Any = agent(kind=kind, **{"base-url": url})
        assert other.price is None
        endpoint = other.connect(given).endpoint
        assert endpoint.key is None
        assert not endpoint.own


def test_on_another_server_a_models_price_is_not_known() -> None:
    there = {"kind": "openai", "base-url": "http://localhost:1/v1"}
    assert agent(**there).price is None
    own = agent(**there, price={"input": 1.0, "output": 2}).price
    assert own is not None
    assert (own.input, own.output) == (1.0, 2.0)


def test_a_session_has_the_texts_that_it_was_begun_with(tmp_path: Path) -> None:
    whole = read_config({"agent": [{"kind": "openai"}]})
    texts = whole.document["agent"][0]["prompts"]
    assert texts["imitate"]
    (tmp_path / "mine.toml").write_text('transmit = "Rule: {rule}. Write {count} examples, please."\n')
    mine = read_config({"agent": [{"kind": "openai", "prompts": "mine.toml"}]}, tmp_path)
    embedded = mine.document["agent"][0]["prompts"]
    assert embedded["transmit"].startswith("Rule: {rule}. Write")
    assert embedded["imitate"] == texts["imitate"]
    again = read_config({**mine.document})  # without the file
    assert again.document == mine.document
    assert isinstance(again.agents[0], LanguageAgent)
    assert "please" in again.agents[0].wording.transmit(again.agents[0].prompts, 3, 4)


def test_every_field_of_a_kind_can_be_set_and_none_does_nothing() -> None:
    """Each option changes the agent that is made, or the request or the patience that it has."""
    other: dict[str, Any] = {
        "model": "other", "base-url": "http://localhost:1/v1", "key-env": "OTHER", "temperature": 0.5, "top-p": 0.5, "seed": False,
        "reasoning-effort": "low", "ask-prior": True,
        "max-tokens": 7, "belief": "none", "top-logprobs": 3, "reading": "notebook", "fallback": "none", "draws": 3,
        "smoothing": 2.0, "json-schema": True, "prompts": {"transmit": "{rule} {count}"}, "timeout": 1.0, "attempts": 2,
        "patience": 9.0, "retry-after": 1.0, "max-reply": 2.0, "extra-body": {"top_k": 3}, "price": {"input": 1, "output": 1},
    }  # fmt: skip

    scored = {"belief": "score", "base-url": "http://localhost:1/v1", "choose": "belief"}  # without it these do nothing
    completed = {"endpoint": "completions"}
    only_completed: dict[str, Any] = {"endpoint": "chat", "stop": ["###"]}
    only_scored: dict[str, Any] = {"choose": "reply", "pick": "map", "floor": 0.1, "max-reads": 500, "parallel": 7}

    def shape(made: LanguageAgent) -> tuple[Any, ...]:
        from iicl_tui.agents.access import Access

        provider: Any = made.connect(Access(environment={}))
        endpoint = provider.endpoint
        return (
            *(made.settings, made.retry_policy, made.price, made.credential, made.prompts.texts),
            *(getattr(provider, "_stop", None), endpoint.path),
            *(provider.timeout, provider.extra_body, provider.max_reply, endpoint.model, endpoint.url, endpoint.key_env),
        )

    plain = shape(agent(kind="openai"))
    fields = {field.key for field in agent_kinds()["openai"].fields}
    assert fields == set(other) | set(only_scored) | set(only_completed)
    for key, value in other.items():
        assert shape(agent(kind="openai", **{key: value})) != plain, key
    for key, value in only_completed.items():
        assert shape(agent(kind="openai", **{**completed, key: value})) != shape(agent(kind="openai", **completed)), key
    for key, value in only_scored.items():
        assert shape(agent(kind="openai", **{**scored, key: value})) != shape(agent(kind="openai", **scored)), key


@pytest.mark.parametrize("name", ["e1-openai", "e1-anthropic", "e3-hypothesis-search-mistral"])
def test_the_estimate_counts_the_calls_that_are_made(name: str) -> None:
    config = read_config(tomllib.loads(load(name).text))
    told = estimate(config)
    draws = 1 if name.endswith("openai") else 10
    refining = "search" in name
    assert told.work.calls == config.generations * (draws + 1 + refining)
    assert told.work.prompt > 100 * told.work.calls
    assert 0 < told.dollars < 1
    assert "calls" in told.text
    assert estimate(config, config.generations).text == ""
    assert estimate(config, 1).work.calls == (config.generations - 1) * (draws + 1 + refining)


@pytest.mark.parametrize("model", ["gpt-6-luna", "nobody-knows-it"])
def test_the_estimate_says_what_filters_may_add(model: str) -> None:
    agents = [{"kind": "openai", "model": model}]
    for kind, more in (("human", True), ("consistent", True), ("effective-set", True), ("self-refine", False), ("", False)):
        filters = [{"kind": kind}] if kind else []
        text = estimate(read_config({"agent": agents, "filter": filters})).text
        assert (", and more if a filter rejects some" in text) is more, kind
    assert estimate(read_config({"filter": [{"kind": "human"}]})).text == ""


@pytest.mark.parametrize(
    ("table", "effort"),
    [
        ({}, "none"),  # the default model gives log-probabilities only without thinking
        ({"belief": "samples"}, None),
        ({"belief": "samples", "temperature": 0.5}, "none"),
        ({"reasoning-effort": "low"}, "low"),
        ({"model": "gpt-4o"}, None),
        ({"model": "gpt-6-astra"}, None),
        ({"model": "gpt-5"}, None),
        ({"base-url": "http://localhost:1/v1"}, None),
        ({"base-url": "http://localhost:1/v1", "belief": "score", "reasoning-effort": "none"}, "none"),
    ],
)
def test_reasoning_is_switched_off_where_what_is_asked_for_needs_it(table: dict[str, Any], effort: str | None) -> None:
    made = agent(kind="openai", **table)
    assert made.settings.reasoning_effort == effort


def test_a_reasoning_effort_that_cannot_be_is_a_fault() -> None:
    assert "agent[1].reasoning-effort" in fault(kind="openai", **{"reasoning-effort": "a lot"})
    assert "unknown key" in fault(kind="anthropic", **{"reasoning-effort": "low"})
    scored = {"base-url": "http://localhost:1/v1", "belief": "score", "reasoning-effort": "high"}
    assert "scored without thinking" in fault(kind="openai", **scored)


@pytest.mark.parametrize(
    ("kind", "model", "known"),
    [
        ("openai", "gpt-6-luna", "without-reasoning"), ("openai", "gpt-5.4-mini-2026-03-17", "without-reasoning"),
        ("openai", "gpt-6-astra", "refuses"), ("openai", "gpt-5-mini", "refuses"), ("openai", "o3-mini", "refuses"),
        ("openai", "gpt-4o-mini", "takes"), ("openai", "nobody-knows-it", "unknown"),
        ("anthropic", "claude-haiku-4-5", "takes"), ("anthropic", "claude-opus-4-7", "refuses"),
        ("anthropic", "claude-haiku-5-5", "refuses"), ("anthropic", "claude-opus-4-6", "takes"),
        ("mistral", "mistral-small-latest", "takes"), ("embedded", "SmolLM2-135M-Instruct", "unknown"),
    ],
)  # fmt: skip
def test_what_is_known_of_a_models_temperature(kind: str, model: str, known: str) -> None:
    assert known_sampling(kind, model, True) == known
    assert known_sampling(kind, model, False) == "unknown"


def test_one_call_is_one_call() -> None:
    document = {"chain": {"task": "acronym", "generations": 1}, "agent": [{"kind": "openai"}]}
    assert estimate(read_config(document)).text.startswith("About 1 call and ")


def test_an_exact_chain_costs_nothing_and_says_nothing() -> None:
    assert estimate(read_config({})).text == ""


def test_a_request_without_parameters_keeps_its_messages() -> None:
    request = Request((), 5, 1.0, 0.9, 3, 5, {"type": "object"})
    bare = request.without(Request.PARAMETERS)
    assert bare == Request((), 5)
    assert request.without(()) == request


@pytest.mark.parametrize(
    "key",
    [
        "model", "messages", "system", "temperature", "top_p", "topP", "seed", "random_seed", "logprobs", "top_logprobs",
        "response_format", "stream", "n", "N", "best_of", "num_generations", "max_tokens", "max_completion_tokens",
        "maxOutputTokens", "max_new_tokens", "n_predict", "num_predict", "Max-Tokens", "__max__tokens",
    ],
)  # fmt: skip
def test_what_the_program_itself_says_is_not_said_by_extra_body(key: str) -> None:
    assert f"agent[1].extra-body.{key}" in fault(kind="openai", **{"extra-body": {key: 1}})


def test_a_servers_own_options_are_no_way_around() -> None:
    words = fault(kind="openai", **{"extra-body": {"Options": {"num_predict": 9, "num_ctx": 1}}})
    assert "extra-body.Options.num_predict" in words
    assert "num_ctx" not in words


def test_options_of_servers_that_are_not_openais_may_stand_in_extra_body() -> None:
    extra = {
        "top_k": 40, "min_p": 0.1, "n_probs": 5, "cache_prompt": True, "stop_token_ids": [1], "eos_token": "</s>", "min_tokens": 1,
        "chat_template_kwargs": {"enable_thinking": False, "n": 3}, "options": {"num_ctx": 9}, "logit_bias": [[5, -1.0]],
        "skip_special_tokens": True, "grammar": "root ::= rule", "thinking": {"type": "enabled", "budget_tokens": 9},
        "nothing": None,
    }  # fmt: skip
    made: Any = agent(kind="openai", **{"extra-body": extra})
    from iicl_tui.agents.access import Access

    assert made.connect(Access(environment={})).extra_body == extra


def test_what_json_cannot_hold_is_a_fault_at_once() -> None:
    import datetime

    bad = {"day": datetime.date(2026, 1, 1), "a": [{"b": float("nan")}, float("inf")], "c": {"at": datetime.time(1)}, "d": 1.5}
    words = fault(kind="openai", **{"extra-body": bad})
    for key in ("day", "a[1].b", "a[2]", "c.at"):
        assert f"agent[1].extra-body.{key}: a request is JSON" in words
    assert "4 faults" in words


@pytest.mark.parametrize(
    "key", ["token", "authToken", "X-Auth", "credentials", "password", "passwd", "client_secret", "keys", "headers"]
)
def test_no_key_stands_deep_in_extra_body(key: str) -> None:
    words = fault(kind="openai", **{"extra-body": {"a": [{"b": {key: "sk-secret"}}]}})
    assert "sk-secret" not in words
    assert f"agent[1].extra-body.a[1].b.{key}: a key must not" in words


@pytest.mark.parametrize("key", ["api_key", "api-key", "Authorization", "access_token", "apikey"])
def test_no_key_stands_in_extra_body(key: str) -> None:
    words = fault(kind="openai", **{"extra-body": {key: "sk-secret"}})
    assert "sk-secret" not in words
    assert "key-env" in words


def test_the_estimate_sends_no_more_history_than_there_is() -> None:
    def prompt(lookback: int, generations: int = 2) -> int:
        chain = {"lookback": lookback, "generations": generations}
        return estimate(read_config({"chain": chain, "agent": [{"kind": "openai"}]})).work.prompt

    assert prompt(0) < prompt(1) < prompt(2) < prompt(3)
    assert prompt(3) == prompt(100)  # two generations: the last call has three rounds before it
    assert prompt(4, 3) > prompt(3, 3)


# -- the completions endpoint -----------------------------------------------------------------------------------------------


def text_faults(**options: Any) -> list[str]:
    try:
        read_config({"agent": [{"kind": "openai", "base-url": "http://localhost:1/v1", **options}]})
    except ConfigError as error:
        return [f"{'.'.join(map(str, fault.path))}: {fault.message}" for fault in error.faults]
    return []


def test_a_plain_text_has_options_of_its_own() -> None:
    assert not text_faults(endpoint="completions")
    assert not text_faults(endpoint="completions", stop=[], belief="score", choose="belief")
    for options, key, said in (
        ({"stop": ["x"]}, "stop", 'only calls with endpoint = "completions" have stop texts of their own'),
        ({"endpoint": "completions", "stop": ["a"] * 5}, "stop", "expected at most 4 texts, none of them empty"),
        ({"endpoint": "completions", "stop": [""]}, "stop", "expected at most 4 texts, none of them empty"),
        ({"endpoint": "completions", "stop": "a"}, "stop", "expected a list of texts"),
        ({"endpoint": "completions", "json-schema": True}, "json-schema", "takes no JSON schema"),
        ({"endpoint": "completions", "reasoning-effort": "low"}, "reasoning-effort", "does not think before it answers"),
        ({"endpoint": "text"}, "endpoint", "expected one of chat, completions"),
        ({"endpoint": "completions", "extra-body": {"prompt": "x"}}, "prompt", "is set by the prompts"),
    ):
        (fault,) = text_faults(**options)
        assert f"{key}: " in fault
        assert said in fault


def test_other_kinds_have_no_such_endpoint() -> None:
    for kind in ("anthropic", "mistral"):
        with pytest.raises(ConfigError, match="unknown key"):
            read_config({"agent": [{"kind": kind, "endpoint": "completions"}]})
