"""`doctor --base-url … --model …`, through the real SDKs, against servers that can do different things."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from math import exp, log
from typing import Any

import pytest
from loopback import UNLIKELY, Answer, Loopback, Seen, Text, hang, html, status, token, trickle

from iicl_tui.agents import probes
from iicl_tui.agents.calls import Token
from iicl_tui.agents.server_report import MOST_CALLS
from iicl_tui.cli import main

KEY = "sk-never-to-be-seen-0123456789"
LETTERS = {"A": 0.4, "B": 0.3, "C": 0.2, "D": 0.1}


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback() as running:
        yield running


class Server:
    """A server whose abilities are options.

    system: takes a system message. stage: of its log-probabilities, "before" or "after" the temperature, "none" or "refused".
    temperature, seed, schema: "heeded", "ignored" or "refused". continues: the way. thinks: it shows thoughts.
    """

    def __init__(self, **options: Any) -> None:
        self.able = {
            "system": True, "stage": "before", "temperature": "heeded", "seed": "heeded", "schema": "heeded",
            "continues": "assistant", "thinks": False, "p": LETTERS, "most": 20, "chat": True, "completions": False, **options,
        }  # fmt: skip
        self.count = 0

    def __call__(self, seen: Seen) -> Answer:
        if seen.protocol == "get":
            return status(200, {"object": "list", "data": [{"id": "able", "object": "model", "shutdown_date": "2027-01-14"}]})
        if seen.path == "/v1/completions" and self.able["completions"] and not seen.body.get("echo"):
            assert seen.body["prompt"] == "Counting:\nOne, two, three,"
            logprobs = {"tokens": [" four"], "token_logprobs": [-0.5], "top_logprobs": [{" four": -0.5, " 4": -1.0}]}
            choice = {"index": 0, "text": " four", "finish_reason": "length", "logprobs": logprobs}
            return status(200, {"id": "1", "object": "text_completion", "choices": [choice]})
        if not self.able["chat"]:
            return status(400, {"error": {"message": "This model has no chat template."}})
        if not seen.path.endswith(("/chat/completions", "/v1/messages")):
            return status(404, {"detail": "Not Found"})
        self.count += 1
        body, able = seen.body, self.able
        refusal = self._refusal(body)
        if refusal:
            return status(400, {"error": {"message": f"Unsupported parameter: '{refusal}' is not supported.", "param": refusal}})
        last = body["messages"][-1]
        if last["role"] == "assistant":
            return self._continued(body)
        fields = {"usage": {"prompt_tokens": 9, "completion_tokens": 99, "completion_tokens_details": {"reasoning_tokens": 90}}}
        more = fields if able["thinks"] else {}
        if "response_format" in body:
            return Text('{"colour": "red"}' if able["schema"] == "heeded" else "Sunny.", fields=more)
        if "Choose one" not in last["content"]:
            number = body.get("seed", body.get("random_seed"))
            return Text(f"words {number if number is not None and able['seed'] == 'heeded' else self.count}", fields=more)
        return self._letter(body)

    def _refusal(self, body: Mapping[str, Any]) -> str:
        able = self.able
        if not able["system"] and any(each["role"] == "system" for each in body["messages"]):
            return "system role"
        wanted = {"temperature": "temperature", "seed": "seed", "random_seed": "seed", "response_format": "schema"}
        refused = next((name for name, ability in wanted.items() if name in body and able[ability] == "refused"), "")
        if refused == "temperature" and body["temperature"] == 1:
            refused = ""
        return refused or ("logprobs" if able["stage"] == "refused" and body.get("logprobs") else "")

    def _letter(self, body: Mapping[str, Any]) -> Answer:
        able, tau = self.able, body.get("temperature", 1.0)
        p = able["p"]
        drawn = (
            max(p, key=lambda letter: p[letter]) if tau == 0 and able["temperature"] == "heeded" else list(p)[self.count % len(p)]
        )
        if able["stage"] in ("none", "refused"):
            return Text(drawn)
        if able["stage"] == "after" and tau:
            powers = {letter: share ** (1 / tau) for letter, share in p.items()}
            p = {letter: share / sum(powers.values()) for letter, share in powers.items()}
        return Text(drawn, (token(drawn, p),), "length")

    def _continued(self, body: Mapping[str, Any]) -> Answer:
        way, rest = self.able["continues"], probes.FORM.certain.rest
        heeds = {
            "assistant": True, "continue-final-message": body.get("continue_final_message") is True,
            "prefix": body["messages"][-1].get("prefix") is True, "": False,
        }[way]  # fmt: skip
        return Text(
            rest if heeds else "Rule", (token(rest if heeds else "Rule", {rest if heeds else "Rule": 0.98, "x": 0.02}),), "length"
        )


def findings(server: Loopback, capsys: pytest.CaptureFixture[str], *more: str, kind: str = "openai") -> dict[str, Any]:
    base = server.url + ("/v1" if kind == "openai" else "")
    code = main(["doctor", "--base-url", base, "--model", "able", "--kind", kind, "--json", *more])
    document = json.loads(capsys.readouterr().out)
    assert document["calls"] <= MOST_CALLS
    talks = {each["name"] for each in document["findings"] if each["answer"] == "yes"} & {"chat", "completions"}
    assert code == (0 if talks else 1)
    assert all(each["evidence"] for each in document["findings"])
    return {each["name"]: each["answer"] for each in document["findings"]}


ABLE = {
    "chat": "yes", "system role": "yes", "thinking": "no", "log-probabilities": "yes", "log-probabilities after temperature": "no",
    "temperature": "yes", "seed": "yes", "JSON schema": "yes", "continuation": "yes", "completions": "no",
    "echo": "no", "shutdown date": "yes",
}  # fmt: skip


WITHOUT = {"log-probabilities": "no", "log-probabilities after temperature": "unknown", "temperature": "unknown"}


@pytest.mark.parametrize(
    ("options", "differs"),
    [
        ({}, {}),
        ({"stage": "after"}, {"log-probabilities after temperature": "yes"}),
        ({"stage": "none"}, WITHOUT),
        ({"stage": "refused"}, {**WITHOUT, "continuation": "no"}),
        ({"temperature": "ignored"}, {"temperature": "no"}),
        ({"temperature": "refused"}, {"temperature": "no", "log-probabilities after temperature": "unknown"}),
        ({"p": {"A": 0.999, "B": 0.001}, "temperature": "heeded"}, {"temperature": "unknown"}),
        ({"seed": "ignored"}, {"seed": "no"}),
        ({"seed": "refused"}, {"seed": "no"}),
        ({"schema": "ignored"}, {"JSON schema": "no"}),
        ({"schema": "refused"}, {"JSON schema": "no"}),
        ({"system": False}, {"system role": "no"}),
        ({"continues": "continue-final-message"}, {}),
        ({"continues": ""}, {"continuation": "no"}),
        ({"thinks": True}, {"thinking": "yes"}),
        ({"completions": True}, {"completions": "yes"}),
    ],
    ids=str,
)  # fmt: skip
def test_each_ability_is_found(server: Loopback, capsys: Any, options: dict[str, Any], differs: dict[str, str]) -> None:
    server.replies = Server(**options)
    assert findings(server, capsys) == {**ABLE, **differs}


def test_mistral_and_anthropic(server: Loopback, capsys: Any) -> None:
    server.replies = Server(continues="prefix")
    found = findings(server, capsys, kind="mistral")
    assert found == {name: answer for name, answer in ABLE.items() if name not in ("echo", "completions")}
    server.replies = Server()
    found = findings(server, capsys, kind="anthropic")
    assert (found["chat"], found["seed"], found["log-probabilities"]) == ("yes", "no", "no")


def test_a_base_model_without_a_chat_is_found(server: Loopback, capsys: Any) -> None:
    server.replies = Server(chat=False, completions=True)
    assert findings(server, capsys) == {"chat": "no", "completions": "yes", "shutdown date": "yes"}
    assert main(["doctor", "--base-url", f"{server.url}/v1", "--model", "able"]) == 0
    assert "continued a plain text with “four”, 2 tokens were listed" in capsys.readouterr().out


def test_the_cost_is_said_first_and_each_line_has_its_evidence(server: Loopback, capsys: Any) -> None:
    server.replies = Server()
    assert main(["doctor", "--base-url", f"{server.url}/v1", "--model", "able"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"At most {MOST_CALLS} calls and ")
    assert lines[0].endswith("their price is not known.")
    assert any(line.startswith("yes     continuation ") and "(assistant)" in line for line in lines)
    assert lines[-1].endswith("calls were made.")
    calls = int(lines[-1].split()[0])
    assert calls == sum(seen.protocol != "get" for seen in server.seen)


def test_without_a_model_the_models_are_listed(server: Loopback, capsys: Any) -> None:
    entries = [
        {"id": "one"},
        {"id": "two\x1b[31m", "shutdown_date": "2027-04-01"},
        {"id": 7},
        "x",
        {"id": "three", "shutdown_date": None},
    ]
    server.replies = lambda seen: status(200, {"data": entries})
    assert main(["doctor", "--base-url", f"{server.url}/v1"]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "one\n" in shown
    assert "ends on 2027-04-01" in shown
    assert main(["doctor", "--base-url", f"{server.url}/v1", "--json"]) == 0
    assert [each["name"] for each in json.loads(capsys.readouterr().out)["models"]] == ["one", "two\x1b[31m", "three"]
    server.replies = lambda seen: html()
    assert main(["doctor", "--base-url", f"{server.url}/v1"]) == 1


@pytest.mark.parametrize(
    ("field", "ends"),
    [("retires_at", "2027-02-01T00:00:00Z"), ("deprecation", "2027-02-01T00:00:00Z"), ("shutdown_date", 7), ("x", None)],
)
@pytest.mark.parametrize("kind", ["openai", "mistral", "anthropic"])
def test_the_day_on_which_a_model_ends_is_read_in_every_apis_word(
    server: Loopback, capsys: Any, kind: str, field: str, ends: Any
) -> None:
    server.replies = lambda seen: status(200, {"data": [{"id": "one", field: ends}]})
    assert main(["doctor", "--base-url", server.url + ("/v1" if kind == "openai" else ""), "--kind", kind]) == 0
    assert ("2027-02-01" in capsys.readouterr().out) is isinstance(ends, str)


@pytest.mark.parametrize(
    "answer",
    [html(), status(500, {"error": "boom\x1b[31m"}), status(200, []), status(200, {"choices": "x"}), status(200, None),
     status(401, {}),
     status(200, {"choices": [{"message": {"content": None}}]}), status(429, {"error": "busy"}, {"retry-after": "9"})],
)  # fmt: skip
def test_nonsense_is_said_and_ends_the_report(server: Loopback, capsys: Any, answer: Answer) -> None:
    server.replies = lambda seen: answer
    assert main(["doctor", "--base-url", f"{server.url}/v1", "--model", "\u202eodd\x1b[2J"]) == 1
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "no      chat" in shown
    assert sum(seen.protocol != "get" for seen in server.seen) == 1


@pytest.mark.parametrize("answer", [hang(), trickle(0.001)], ids=["hang", "trickle"])
def test_a_server_that_hangs_is_not_waited_for(server: Loopback, capsys: Any, answer: Answer) -> None:
    server.replies = lambda seen: answer
    assert main(["doctor", "--base-url", f"{server.url}/v1", "--model", "m", "--timeout", "0.2"]) == 1
    assert "had " in capsys.readouterr().out


def test_nonsense_in_the_middle_is_unknown_or_no_and_never_a_crash(server: Loopback, capsys: Any) -> None:
    able = Server()
    for after in range(1, 12):
        able.count = 0

        def reply(seen: Seen, after: int = after) -> Answer:
            return (
                able(seen)
                if able.count < after or seen.protocol == "get"
                else status(200, {"choices": [{"message": {"content": 7}}]})
            )

        server.replies = reply
        found = findings(server, capsys)
        assert found["chat"] == "yes"
        assert "no" in found.values() or "unknown" in found.values()


def test_the_key_is_sent_only_where_it_was_named_and_never_shown(server: Loopback, capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    server.replies = lambda seen: status(401, {"error": {"message": f"wrong key {seen.headers.get('authorization')}"}})
    for more, sent in (([], False), (["--key-variable", "MY_KEY"], True)):
        server.seen.clear()
        main(["doctor", "--base-url", f"{server.url}/v1", "--model", "m", *more])
        assert all((f"Bearer {KEY}" == seen.headers.get("authorization")) is sent for seen in server.seen)
        shown = capsys.readouterr()
        assert KEY not in shown.out + shown.err
    assert main(["doctor", "--base-url", f"{server.url}/v1", "--key-variable", "sk-a key"]) == 2
    assert "sk-a key" not in capsys.readouterr().err


@pytest.mark.parametrize("more", [["--base-url", "nonsense"], ["--json"], ["--base-url", "http://h\u00e9/v1"]])
def test_wrong_use(capsys: Any, more: list[str]) -> None:
    assert main(["doctor", *more]) == 2


def test_the_two_temperatures_tell_raw_log_probabilities_from_others() -> None:
    def tokens(shares: Mapping[str, float]) -> tuple[Token, ...]:
        return (token("A", shares),)

    squares = {letter: share**2 for letter, share in LETTERS.items()}
    half = {letter: share / sum(squares.values()) for letter, share in squares.items()}
    assert probes.stage_of_temperature(tokens(LETTERS), tokens(LETTERS)) == "before"
    assert probes.stage_of_temperature(tokens(LETTERS), tokens(half)) == "after"
    assert probes.stage_of_temperature(tokens(LETTERS), tokens({"A": 1.0})) == "unknown"
    assert probes.stage_of_temperature(tokens({"A": 0.5, "B": 0.5}), tokens({"A": 0.5, "B": 0.5})) == "unknown"
    assert probes.stage_of_temperature(None, ()) == "unknown"
    assert probes.stage_of_temperature((Token(b"A", UNLIKELY, ((b"A", UNLIKELY),)),), tokens(LETTERS)) == "unknown"
    assert probes.likeliest(tokens(LETTERS)) == pytest.approx(exp(log(0.4)))
