"""Whole generations with replies as real servers send them: only the model's answer is passed on."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any, Literal

import pytest
from speaking import InMemory, rule, samples, spoken

from iicl_tui.agents.calls import Reply, Request
from iicl_tui.chain.config import ChainConfig
from iicl_tui.chain.engine import Chain
from iicl_tui.errors import ChainStopped
from iicl_tui.tasks.reply_parsing.cleaning import NO_ANSWER

Form = Literal["NFC", "NFD"]
ONE: dict[str, Any] = {"chain": {"generations": 1}}
WRAPPED = {
    "magistral": "[THINK]{0}[/THINK]{1}",
    "gpt-oss": "<|channel|>analysis<|message|>{0}<|end|><|start|>assistant<|channel|>final<|message|>{1}<|return|>",
    "gpt-oss, tokens lost": "analysisWe try {0} and see.assistantfinal{1}",
    "template opens": "{0}\n</think>\n\n{1}<|im_end|>",
    "missed stop": "{1}<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nMore.<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\n{0}<|eot_id|>",
    "both": "<think>{0}</think>{1}<|im_end|>\n<|im_start|>user\nAnd this?<|im_end|>\n<|im_start|>assistant\n{0}",
    "plain dialogue": "{1}\n\nHuman: Now another lamp, please.\n\nAssistant: {0}",
}


def speaker(config: ChainConfig, wrap: Callable[[str, str], str]) -> Callable[[Request], str]:
    """A model that states rule 5 and four examples of it, and rule 100 and others where they do not count."""

    def answer(request: Request) -> str:
        if "Write examples" in request.prompt:
            return wrap(samples(config, 10, 11, 12, 13, hypothesis=100), samples(config, 0, 1, 2, 3, hypothesis=5))
        return wrap(rule(config, 100), rule(config, 5))

    return answer


@pytest.mark.parametrize("form", WRAPPED.values(), ids=WRAPPED.keys())
async def test_thoughts_and_further_turns_are_never_passed_on(form: str) -> None:
    config, model = spoken(**ONE)
    model.answers = speaker(config, form.format)
    chain = Chain(config)
    await chain.run()
    assert chain.generations[0].hypothesis == 5
    wording = config.task.wording
    assert wording is not None
    assert chain.generations[0].data == wording.read_samples(samples(config, 0, 1, 2, 3, hypothesis=5), 4).examples
    assert [call.purpose for call in chain.calls] == ["imitate", "transmit"]  # nothing had to be asked twice


@pytest.mark.parametrize("begun", ["[THINK]", "<think>", "<|channel|>analysis<|message|>", "<|START_THINKING|>", "◁think▷"])
async def test_thoughts_that_were_cut_off_are_no_rule(begun: str) -> None:
    config, model = spoken(**ONE)
    model.answers = lambda request: Reply(f"{begun}A first try: {rule(config, 100)}. But", finish="length")
    chain = Chain(config)
    with pytest.raises(ChainStopped):
        await chain.run()
    assert not chain.generations
    wording = config.task.wording
    assert wording is not None
    assert wording.read_rule(chain.calls[-1].reply).trouble == NO_ANSWER


async def test_a_rule_instead_of_examples_is_asked_for_again() -> None:
    config, model = spoken(**ONE)
    stated = rule(config, 5).removeprefix("Rule: ")
    model.answers = [rule(config, 5), stated, samples(config, 0, 1, 2, 3, hypothesis=5)]
    chain = Chain(config)
    await chain.run()
    assert [call.purpose for call in chain.calls] == ["imitate", "transmit", "repair"]
    assert "states a rule instead of examples" in model.requests[2].prompt
    assert len(chain.generations[0].data or ()) == 4


async def test_what_is_struck_out_does_not_count() -> None:
    config, model = spoken(**ONE)
    states = config.task.write_hypothesis(5)
    text = "\n".join(f"{name}: ~~{'on' if state != 'on' else 'off'}~~ {state}" for name, state in states.items())
    model.answers = [text, samples(config, 0, 1, 2, 3, hypothesis=5)]
    chain = Chain(config)
    await chain.run()
    assert chain.generations[0].hypothesis == 5


@pytest.mark.parametrize(("written", "said"), [("NFD", "NFC"), ("NFC", "NFD"), ("NFD", "NFD")])
async def test_names_in_another_form_of_unicode(written: Form, said: Form) -> None:
    name = unicodedata.normalize(written, "Käfer")
    task = {"objects": ["A", "B", "C", "D", name], "spurious": name}
    config, model = spoken(**ONE, task=task)
    rule_text = '{"A": "on", "B": "on", "C": "on", "D": "off", "Käfer": "und"}'
    model.answers = lambda request: unicodedata.normalize(
        said, samples(config, 0, 1, 2, 3, hypothesis=5) if "Write examples" in request.prompt else rule_text
    )
    chain = Chain(config)
    await chain.run()
    assert config.task.space.assignment(chain.generations[0].hypothesis or 0)["Käfer"] == "und"
    assert [call.purpose for call in chain.calls] == ["imitate", "transmit"]


async def test_chinese_names_commas_and_full_width_signs() -> None:
    task = {"objects": ["灯", "风扇", "窗", "门", "屏"], "states": ["开", "关", "未定"], "spurious": "屏"}
    config, model = spoken(InMemory([]), **ONE, task=task)
    model.answers = ["灯：开，风扇：关，窗：未定，门：关，屏：关。", "灯，风扇 → 开\n门 → 关\n窗、屏 → 未定\n窗 → 未定"]
    chain = Chain(config)
    await chain.run()
    said = [config.task.example_text(example) for example in chain.generations[0].data or ()]
    assert said == ["灯, 风扇 → 开", "门 → 关", "窗, 屏 → 未定", "窗 → 未定"]
