"""Thought and turn markers, family by family: thoughts never count, and nothing after the end of the model's turn does."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iicl_tui.tasks.acre.task import Acre
from iicl_tui.tasks.acre.wording import AcreWording
from iicl_tui.tasks.acronym.task import Acronym
from iicl_tui.tasks.reply_parsing.cleaning import AFTER_TURN, NO_ANSWER
from iicl_tui.tasks.reply_parsing.markers import MARKERS, find_answer

ACRE = Acre()
WORDING = AcreWording(ACRE)
RIGHT, WRONG = 5, 211
RULE, OTHER = WORDING.rule_reply(RIGHT), WORDING.rule_reply(WRONG)

THOUGHTS: dict[str, tuple[str, ...]] = {
    "DeepSeek-R1, Qwen3, GLM": ("<think>\n", "\n</think>\n\n"),
    "upper case": ("<THINK>", "</THINK>"),
    "a blank in the tag": ("< think>", "</ think>"),
    "escaped for HTML": ("&lt;think&gt;", "&lt;/think&gt;"),
    "folded": ("<details>\n<summary>Thought for 3 seconds</summary>\n", "\n</details>\n"),
    "Apriel": ("Here are my reasoning steps:\n", "\n[BEGIN FINAL RESPONSE]\n"),
    "words in brackets": ("[BEGIN_REASONING]", "[END_REASONING]"),
    "a space in the tag": ("<think >", "</think >"),
    "attributes": ('<think duration="4">', "</think>"),
    "Exaone": ("<thought>\n", "\n</thought>\n\n"),
    "Claude's prompts": ("<thinking>", "</thinking>"),
    "reasoning": ("<reasoning>", "</reasoning>"),
    "scratchpad": ("<scratchpad>", "</scratchpad>"),
    "Seed": ("<seed:think>", "</seed:think>"),
    "LongCat": ("<longcat_think>", "</longcat_think>"),
    "Magistral": ("[THINK]", "[/THINK]"),
    "the field's name": ("<reasoning_content>", "</reasoning_content>"),
    "Chinese": ("<思考>", "</思考>"),
    "Chinese brackets": ("【思考】", "【/思考】"),
    "folded, without a summary": ('<details type="reasoning" done="true">\n', "\n</details>\n"),
    "Gemma 4, bars": ("<|think|>\n", "<think|>"),
    "Granite, shorter": ("Here's my thought process:\n", "\n\nHere's my response:\n"),
    "gpt-oss, a token lost": ("analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    "Command A, with tools": ("<|START_ACTION|>", "<|END_ACTION|><|START_TEXT|>"),
    "Kimi": ("◁think▷", "◁/think▷"),
    "Command A": ("<|START_THINKING|>", "<|END_THINKING|><|START_RESPONSE|>"),
    "Sky-T1": ("<|begin_of_thought|>\n", "\n<|end_of_thought|>\n\n<|begin_of_solution|>\n"),
    "Apertus": ("<|inner_prefix|>", "<|inner_suffix|>"),
    "bars": ("<|think|>", "<|/think|>"),
    "full-width bars": ("<｜thinking｜>", "<｜/thinking｜>"),
    "Gemma 4": ("<|channel>thought\n", "<channel|>"),
    "MedGemma": ("<unused94>thought\n", "<unused95>"),
    "Granite 3.2": ("Here is my thought process: ", "\n\nHere is my response: "),
    "gpt-oss": (
        "<|channel|>analysis<|message|>",
        "<|end|><|start|>assistant<|channel|>final<|message|>",
    ),
    "gpt-oss, with tools": (
        "<|start|>assistant<|channel|>commentary to=functions.x <|constrain|>json<|message|>",
        "<|call|><|start|>assistant<|channel|>final <|constrain|>json<|message|>",
    ),
    "gpt-oss, tokens lost": ("analysisWe need a rule. ", "assistantfinal"),
    "gpt-oss, tokens are blanks": ("analysis\nWe need a rule. ", "\nassistant final\n"),
}
TURNS: dict[str, tuple[str, ...]] = {
    "Llama 3": ("<|eot_id|>", "<|start_header_id|>user<|end_header_id|>\n\n", "<|start_header_id|>assistant<|end_header_id|>\n\n"),
    "ChatML: Qwen, Yi, SmolLM": ("<|im_end|>\n", "<|im_start|>user\n", "<|im_start|>assistant\n"),
    "Gemma 2 and 3": ("<end_of_turn>\n", "<start_of_turn>user\n", "<start_of_turn>model\n"),
    "Gemma 4": ("<turn|>\n", "<|turn>user\n", "<|turn>model\n"),
    "Llama 2, Mistral": ("</s>", "[INST] ", " [/INST]"),
    "Phi-3": ("<|end|>\n", "<|user|>\n", "<|assistant|>\n"),
    "Zephyr, OLMo": ("<|endoftext|>\n", "<|user|>\n", "<|assistant|>\n"),
    "DeepSeek": ("<｜end▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>"),
    "Command R": (
        "<|END_OF_TURN_TOKEN|>",
        "<|START_OF_TURN_TOKEN|><|USER_TOKEN|>",
        "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>",
    ),
    "Granite": (
        "<|end_of_text|>\n",
        "<|start_of_role|>user<|end_of_role|>",
        "<|start_of_role|>assistant<|end_of_role|>",
    ),
    "gpt-oss": ("<|return|>", "<|start|>user<|message|>", "<|start|>assistant<|channel|>final<|message|>"),
    "Kimi": ("<|im_end|>", "<|im_user|>user<|im_middle|>", "<|im_assistant|>assistant<|im_middle|>"),
    "Exaone": ("[|endofturn|]\n", "[|user|]", "[|assistant|]"),
    "Hunyuan": ("<｜hy_place▁holder▁no▁2｜><|eos|>", "<｜hy_User｜>", "<｜hy_Assistant｜>"),
    "Apertus": ("<|assistant_end|>", "<|user_start|>", "<|assistant_start|>"),
    "Ling": ("<|role_end|>", "<role>HUMAN</role>", "<role>ASSISTANT</role>"),
    "Seed": ("<seed:eos>", "<seed:bos>user\n", "<seed:bos>assistant\n"),
    "GigaChat": ("<|message_sep|>", "<|message_sep|>user<|role_sep|>", "<|message_sep|>assistant<|role_sep|>"),
    "Nemotron Nano": ("<SPECIAL_12>\n", "<SPECIAL_11>User\n", "<SPECIAL_11>Assistant\n"),
    "Kimi's older models": ("[EOS]", "<|im_user|>user<|im_middle|>", "<|im_assistant|>assistant<|im_middle|>"),
    "RedPajama": ("\n", "<human>: ", "\n<bot>: "),
    "MiniMax": ("[e~[\n", "]~b]user\n", "]~b]ai\n"),
    "Jamba": ("<|eom|>", "<|bom|><|user|> ", "<|bom|><|assistant|> "),
    "a token that nobody knows": ("<|end_of_my_turn|>", "<|user|>", "<|assistant|>"),
    "without an end": ("\n", "<|im_start|>user\n", "<|im_start|>assistant\n"),
    "tool results": ("<|im_end|>\n", "<|im_start|>tool\n", "<|im_start|>assistant\n"),
    "another speaker": ("<|im_end|>\n", "<|im_start|>narrator\n", "<|im_start|>assistant\n"),
    "Vicuna": ("\n", "USER: ", "\nASSISTANT: "),
    "Alpaca": ("\n\n", "### Instruction:\n", "\n\n### Response:\n"),
    "Claude 2": ("\n\n", "Human: ", "\n\nAssistant: "),
    "the person's turn is cut off": ("\n\n", "Human: Here is a new lamp. ", ""),
}


def families(table: Mapping[str, Sequence[str]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("marks", table.values(), ids=table.keys())


@families(THOUGHTS)
def test_only_what_follows_the_thoughts_is_the_answer(marks: tuple[str, str]) -> None:
    before, after = marks
    reply = f"{before}Let me try {OTHER}. No, that fails.{after}{RULE}"
    reading = WORDING.read_rule(reply)
    assert (reading.hypothesis, reading.remarks) == (RIGHT, ())
    assert [reply[start:end] for start, end in reading.spans] == list(ACRE.space.assignment(RIGHT).values())
    tried, kept = ["Input: A", "Output: on"], ["Input: B, C", "Output: off"]
    examples = WORDING.read_samples("\n".join([before, *tried, after, *kept]), 1).examples
    assert [ACRE.example_text(example) for example in examples] == ["B, C → off"]


@families(THOUGHTS)
def test_thoughts_that_never_end_leave_no_answer(marks: tuple[str, str]) -> None:
    before, _ = marks
    cut = f"{before}A first try: {OTHER}. Does it explain the first example? No, since"
    assert WORDING.read_rule(cut).hypothesis is None
    assert WORDING.read_rule(cut).trouble == NO_ANSWER
    assert WORDING.read_samples(f"{before}\nInput: A\nOutput: on\nInput: B", 4).examples == ()
    acronyms = Acronym().wording
    assert acronyms.read_samples(f"{before}\nOutput: CAT\nInput: cold, air, test\n", 1).examples == ()


@families({name: marks for name, marks in THOUGHTS.items() if marks[1].strip().startswith(("</", "[/"))})
def test_the_opening_may_be_part_of_the_prompt(marks: tuple[str, str]) -> None:
    assert WORDING.read_rule(f"Let me try {OTHER}. No.{marks[1]}{RULE}").hypothesis == RIGHT


@pytest.mark.parametrize("head", ["Thought: ", "**Thinking:** ", "### Reasoning\n", "Thoughts:\n"])
@pytest.mark.parametrize("answer", ["Answer: ", "**Final answer:** ", "### Final Answer:\n"])
def test_thoughts_under_a_heading_end_at_the_answers_heading(head: str, answer: str) -> None:
    assert WORDING.read_rule(f"{head}{OTHER}, or not.\n\n{answer}{RULE}").hypothesis == RIGHT
    reading = WORDING.read_samples(f"{head}A -> on\nB -> on\n\n{answer}\nC, D -> off", 1)
    assert [ACRE.example_text(example) for example in reading.examples] == ["C, D → off"]


@pytest.mark.parametrize("tag", ["answer", "final_answer", "response", "solution"])
def test_one_pair_of_tags_holds_the_answer(tag: str) -> None:
    text = f"A -> on fits, B -> off does not.\n<{tag}>\nC, D -> off\n</{tag}>\nI chose this since A -> on."
    reading = WORDING.read_samples(text, 1)
    assert [ACRE.example_text(example) for example in reading.examples] == ["C, D → off"]
    assert WORDING.read_rule(f"<{tag}>{RULE}</{tag}> {OTHER}").hypothesis == RIGHT
    assert WORDING.read_rule(f"{OTHER} <{tag}>{RULE}").hypothesis == RIGHT
    cut = WORDING.read_rule(f"<think>I could say <{tag}>{OTHER}</{tag}>, but")
    assert cut.trouble == NO_ANSWER


def test_many_pairs_of_tags_hold_an_example_each() -> None:
    reading = WORDING.read_samples("<answer>A -> on</answer>\n<answer>C, D -> off</answer>", 2)
    assert len(reading.examples) == 2


@families(TURNS)
def test_nothing_counts_after_the_end_of_the_turn(marks: tuple[str, str, str]) -> None:
    end, user, assistant = marks
    reply = f"{RULE}{end}{user}Now another lamp.{end}{assistant}{OTHER}"
    reading = WORDING.read_rule(reply)
    assert reading.hypothesis == RIGHT
    assert reading.remarks == (AFTER_TURN,)
    examples = WORDING.read_samples(f"Input: A\nOutput: on{end}{user}More for the lamp.{end}{assistant}Input: B\nOutput: off", 2)
    assert [ACRE.example_text(example) for example in examples.examples] == ["A → on"]
    assert AFTER_TURN in examples.remarks
    acronyms = Acronym().wording
    reply = f"Output: CAT\nInput: cold, air, test{end}{user}More of the same.{end}{assistant}Output: DOG\nInput: day, old, gas"
    assert [example.output for example in acronyms.read_samples(reply, 2).examples] == ["cat"]


@families({name: marks for name, marks in TURNS.items() if name not in ("Vicuna", "Alpaca", "Claude 2")})
def test_the_head_and_the_end_of_the_turn_itself_are_no_matter(marks: tuple[str, str, str]) -> None:
    end, _, assistant = marks
    assert WORDING.read_rule(f"{assistant}{RULE}{end}").hypothesis == RIGHT
    assert WORDING.read_rule(f"{assistant}{RULE}{end}").remarks == ()


@families(TURNS)
def test_a_turn_of_somebody_else_is_no_answer(marks: tuple[str, str, str]) -> None:
    end, user, assistant = marks
    reading = WORDING.read_rule(f"{user}Here is my own rule: {OTHER}{end}{assistant}")
    assert reading.hypothesis is None


@pytest.mark.parametrize(
    "text",
    [
        "User: on, B: off",
        '{"assistant": "on", "end": "off"}',
        "<A> is on",
        "[A] is on",
        "[/] A",
        "A < B, C > D",
        "I thought: A is on.",
        "the end",
        "x <s>struck</s> y",
        "if a<b then b|>c",
    ],
)
def test_what_is_no_marker_stays(text: str) -> None:
    assert find_answer(text) == (0, len(text), False)


def test_objects_may_be_called_like_speakers() -> None:
    task = Acre(("User", "Assistant", "end", "think"))
    wording = task.wording
    assert wording is not None
    for h in range(task.space.size):
        assert wording.read_rule(wording.rule_reply(h)).hypothesis == h
        assert wording.read_rule(json.dumps(task.write_hypothesis(h), indent=1)).hypothesis == h


def test_every_row_of_the_table_names_its_models() -> None:
    assert all(marker.family and marker.pattern for marker in MARKERS)


PARTS = sorted(
    {part for marks in (*THOUGHTS.values(), *TURNS.values()) for part in marks} | {RULE, OTHER, "Input: A\nOutput: on\n", " "}
)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(PARTS), max_size=8))
def test_markers_in_any_order_give_a_sound_answer(parts: list[str]) -> None:
    text = "".join(parts)
    answer = find_answer(text)
    assert 0 <= answer.start <= answer.stop <= len(text)
    reading = WORDING.read_rule(text)
    if reading.hypothesis is not None:
        said = [text[start:end] for start, end in reading.spans]
        assert said == list(ACRE.space.assignment(reading.hypothesis).values())


def test_thoughts_in_a_fence_are_none() -> None:
    reading = WORDING.read_rule(f"```thinking\n{OTHER}\n```\n{RULE}")
    assert (reading.hypothesis, reading.remarks) == (RIGHT, ())


@pytest.mark.parametrize(
    "after",
    [
        "assistant\n\n{}",  # Llama 3, whose special tokens were lost
        "user\n\nAnother lamp.assistant\n\n{}",
        "\nuser\nAnother lamp.\nassistant\n{}",  # ChatML
        "<tool_call>{}</tool_call>",
        "<｜tool▁calls▁begin｜>{}",
        "[TOOL_CALLS]{}",
        "<EOT>{}",
        "[END]\n{}",
        "<|im_end|\n{}",
        "\n\nQ: What of another lamp?\nA: {}",
        "\n\n### Input:\nA new lamp.\n\n### Response:\n{}",
    ],
)
def test_what_follows_the_end_in_other_ways_does_not_count(after: str) -> None:
    reading = WORDING.read_rule(RULE + after.format(OTHER))
    assert (reading.hypothesis, reading.remarks) == (RIGHT, (AFTER_TURN,))


@pytest.mark.parametrize(
    "before", ["assistant\n\n{}", "[gMASK]<sop><|assistant|>\n{}", "Question: Which rule?\nAnswer: {}", "<tool_call>{}</tool_call>"]
)
def test_a_head_before_the_answer_is_no_matter(before: str) -> None:
    assert WORDING.read_rule(before.format(RULE)).hypothesis == RIGHT


def test_an_answer_before_thoughts_that_nothing_follows_counts() -> None:
    found = WORDING.read_rule(f"<think>{OTHER}</think>{RULE}<think>{OTHER}</think>")
    assert found.hypothesis == RIGHT
    assert found.remarks
    assert WORDING.read_rule(f"{RULE}<think>{OTHER}").hypothesis is None, "cut off while it changes its mind"
