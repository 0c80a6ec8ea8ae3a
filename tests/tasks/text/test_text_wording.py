"""How texts are put to a model, with a person's own slots; and chains with the real SDKs on a loopback server."""

from __future__ import annotations

import tomllib
from typing import Any

import numpy as np
import pytest
from loopback import Loopback, Seen, Text
from narrow import not_none
from text_tasks import built, config, task_of, text

from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.errors import ConfigError, Fault
from iicl_tui.store.presets import load, presets
from iicl_tui.tasks.prompts import as_table, own_prompts
from iicl_tui.tasks.wording import Wording

OWN = own_prompts("text")


def test_it_is_a_wording() -> None:
    wording: Wording = task_of({"name": "length", "kind": "words"}).wording
    assert not wording.states_rule


def test_own_prompts_fit_their_layout() -> None:
    task = task_of({"name": "length", "kind": "words"})
    faults: list[Fault] = []
    assert task.wording.read_prompts(as_table(OWN), ("prompts",), faults, None) == OWN
    assert faults == []


@pytest.mark.parametrize(
    ("task", "data", "parts"),
    [
        ({"samples": 3}, [text("one"), text("two\nlines")], ["1. one\n2. two lines", "exactly 3 new texts", "numbered list"]),
        ({"samples": 1}, [text("one\ntwo")], ["one\ntwo\n", "exactly 1 new texts", "the new text only"]),
        (
            {"samples": 2, "fields": ["tone"], "what": "jokes"},
            [text("ha", tone="dry")],
            ['{"tone": "dry", "text": "ha"}', "new jokes", 'keys "tone", "text"'],
        ),
        ({"samples": 2, "persona": "short"}, [], ["(none)", "Prefer few words."]),
    ],
)
def test_what_is_asked(task: dict[str, Any], data: Any, parts: list[str]) -> None:
    made, faults = built(set="terms" if "fields" in task else "advice", **{"fields": [], **task})
    if task.get("fields"):
        made, faults = built(file="mine", rows={"of": ["mine", "text", "tone"], "lines": ["dry | ha"]}, **task)
    assert faults == []
    asked = made.wording.imitate(OWN, data)
    for part in parts:
        assert part in asked


@pytest.mark.parametrize("table", [{"fields": []}, {"samples": 1, "fields": []}, {}])
def test_a_reply_in_the_requested_form_is_read_back(table: dict[str, Any]) -> None:
    task, faults = built(set="reviews", **table)
    assert faults == []
    examples = task.transmit(0, task.samples, 0.0, np.random.default_rng(2))
    found = task.wording.read_samples(task.wording.samples_reply(examples), task.samples)
    assert (found.examples, found.trouble) == (examples, "")
    schema = task.wording.samples_schema(2)
    assert list(schema["properties"]) == ["text-1", "text-2"]


def test_slots_of_ones_own() -> None:
    agent = {"kind": "openai", "model": "m", "prompts": {"imitate": "{examples} Explain {term}, exactly {count}."}}
    found = config({"slots": {"term": "rain"}}, agent=[agent])
    wording = not_none(found.task.wording)
    prompts = found.agents[0].prompts  # type: ignore[attr-defined]
    assert "Explain rain, exactly 20." in wording.imitate(prompts, [])
    with pytest.raises(ConfigError, match="unknown slot"):
        config({}, agent=[agent])


@pytest.mark.parametrize(
    ("slots", "words"),
    [({"examples": "x"}, "one of the program's own"), ({"a b": "x"}, "letters, digits"), ({"term": 3}, "a text in quotes")],
)
def test_faults_of_slots(slots: dict[str, Any], words: str) -> None:
    _, faults = built(slots=slots)
    assert words in faults[0].message


SERVERS = ("openai", "anthropic", "mistral")
ON_SERVER = [each.name for each in presets() if each.name.startswith("text-") and each.name.endswith(SERVERS)]


@pytest.mark.slow
@pytest.mark.parametrize("name", ON_SERVER)
async def test_a_preset_runs_with_the_real_sdk(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "MISTRAL_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    document = tomllib.loads(load(name).text)
    document["chain"]["generations"] = 2
    with Loopback() as server:
        for agent in document["agent"]:
            agent["base-url"] = f"{server.url}/v1" if agent["kind"] == "openai" else server.url
        found = read_config(document)
        wording = not_none(found.task.wording)

        def reply(seen: Seen) -> Text:
            rng = np.random.default_rng(len(server.seen))
            made = found.task.transmit(1, found.task.samples, 0.0, rng)
            return Text("Sure, here it is:\n\n" + wording.samples_reply(made))

        server.replies = reply
        chain = Chain(found)
        await chain.run()
        await chain.close()
        prompts = [seen.body["messages"][-1]["content"] for seen in server.seen]
    assert chain.status == "finished"
    assert len(server.seen) == 2, "one call a generation"
    assert all(f"exactly {found.task.samples}" in str(prompt) for prompt in prompts)
    assert chain.data(2)
    belief = not_none(chain.belief(2))
    assert belief.source == "examples"
