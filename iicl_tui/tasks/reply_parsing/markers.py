"""Thought and turn markers of chat models: where in a reply the answer begins and ends.

To support another model, add a row to `MARKERS`. All patterns ignore case; BAR also matches the full-width bar of DeepSeek.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

Role = Literal["thought", "thought_end", "channel", "prose", "answer", "end", "own", "other", "text"]
"""What a marker does. thought, thought_end: delimit thoughts. channel: starts thoughts that the end of a message ends, too.
prose: starts thoughts in plain text, which only a heading ends.
answer: starts the answer, whatever was open. end: ends the turn. own, other: starts a turn of the model, or of somebody else.
text: no marker, although it looks like one."""


@dataclass(frozen=True)
class Marker:
    """A row of the table: what the marker does, its pattern, and the models that write it.

    only: the kind of thoughts that it ends; it means nothing elsewhere.
    """

    role: Role
    pattern: str
    family: str
    only: Role | None = None


BAR = r"[|｜]"
_THOUGHT = (
    r"(?:[a-z]{1,12}[:_])?(?:think|thinking|thoughts?|thought_process|reasoning|reason|reflection|scratchpad|inner_monologue|"
    r"analysis|cot|antthinking|reasoning_content|thinking_process|deliberation|思考|推理)"
)
_MODEL = r"(?:hy[_▁]|im_)?(?:assistant|model|chatbot|bot|ai)(?:_token|_start)?"
_PERSON = (
    r"(?:hy[_▁]|im_)?(?:user|human|system|developer|tool|tools|tool_response|tool_result|function|observation|ipython|"
    r"environment|instruction)(?:_token|_start)?"
)
_OPENING = (
    rf"(?:<{BAR}(?:im_start|start|start_header_id|start_of_role|turn_start|start_of_turn_token){BAR}>|<{BAR}turn>"
    rf"|<{BAR}message_sep{BAR}>(?=\w+<{BAR}role_sep)|<SPECIAL_11>|<start_of_turn>|<role>|<seed:bos>|<beginning_of_sentence>|\]~b\]|<extra_id_\d>)\s*"
)
_CLOSING = rf"(?:\s*(?:<{BAR}(?:end_header_id|end_of_role|im_middle|message|role_sep){BAR}>|</role>))?"
_DIALOGUE = r"^[^\S\n]*(?:#{1,4}[^\S\n]*)?\*{0,2}"
_ANSWER_HEADING = r"^\W{0,6}(?:final\s+answer|answer|final|答案|回答)[^\w\n]{0,4}(?:[:：]|$)"

MARKERS = (
    Marker("text", r"(?!\A)<s>[^<\n]{1,200}</s>", "struck-out text, which has the tags of Llama 2's turns"),
    Marker("thought", rf"<[ ]?{_THOUGHT}(?:\s[^<>\n]{{0,80}})?>", "DeepSeek-R1, Qwen3, Phi-4, GLM, Exaone, Seed, LongCat"),
    Marker("thought_end", rf"</[ ]?{_THOUGHT}\s{{0,4}}>", "the same"),
    Marker("thought", rf"&lt;{_THOUGHT}&gt;", "the same, escaped for HTML"),
    Marker("thought_end", rf"&lt;/{_THOUGHT}&gt;", "the same, escaped for HTML"),
    Marker("thought", r"[\[【](?:begin[_ ])?(?:think|thinking|reasoning|thought|思考|推理)[\]】]", "Magistral"),
    Marker("thought_end", r"[\[【](?:/|end[_ ])(?:think|thinking|reasoning|thought|思考|推理)[\]】]", "Magistral"),
    Marker(
        "thought_end",
        r"^```[^\S\n]?(?:think|thinking|thoughts?|reasoning)[^\S\n]*\n(?:(?!^```)[^\n]*\n){0,400}^```[^\S\n]*$",
        "thoughts in a fence",
    ),
    Marker("thought", r"\A\s{0,9}Here are my reasoning steps:", "Apriel"),
    Marker("answer", r"\[begin[_ ]final[_ ]response\]", "Apriel"),
    Marker("end", r"\[end[_ ]final[_ ]response\]", "Apriel"),
    Marker(
        "prose",
        r"<details[^<>\n]{0,80}>\s{0,9}<summary>[^<\n]{0,40}?(?:think|thought|reason)[^<\n]{0,40}</summary>"
        r"|<details[^<>\n]{0,40}type=[\"']reasoning[\"'][^<>\n]{0,80}>",
        "web interfaces that fold thoughts",
    ),
    Marker("answer", r"</details>", "the same", only="prose"),
    Marker("thought", r"◁think▷", "Kimi"),
    Marker("thought_end", r"◁/think▷", "Kimi"),
    Marker(
        "thought",
        rf"<{BAR}(?:(?:begin_of_|start_)(?:thought|thinking|think|reasoning)|(?:thought|thinking|think|reasoning)(?:_start)?"
        rf"|inner_prefix|start_action){BAR}>",
        "Command A, Sky-T1, Apertus",
    ),
    Marker(
        "thought_end",
        rf"<{BAR}(?:(?:end_of_|end_|/)(?:thought|thinking|think|reasoning)|(?:thought|thinking|think|reasoning)_end"
        rf"|inner_suffix|end_action){BAR}>|<think{BAR}>",
        "Command A, Sky-T1, Apertus",
    ),
    Marker("thought", r"<unused94>(?:thought\b)?", "MedGemma"),
    Marker("thought_end", r"<unused95>", "MedGemma"),
    Marker("thought", r"\A\s{0,9}Here(?: is|['’]s) my thought process:", "Granite 3.2"),
    Marker("answer", r"^[^\S\n]{0,9}Here(?: is|['’]s) my response:", "Granite 3.2"),
    Marker("answer", rf"<{BAR}(?:(?:start|begin_of)_(?:response|solution|answer|text)){BAR}>", "Command A, Sky-T1"),
    Marker("channel", rf"<{BAR}channel{BAR}>\s*(?!final)[^<]{{0,80}}(?:<{BAR}(?:message|constrain){BAR}>)?", "gpt-oss (harmony)"),
    Marker("answer", rf"<{BAR}channel{BAR}>\s*final[^<]{{0,80}}(?:<{BAR}message{BAR}>)?", "gpt-oss (harmony)"),
    Marker("thought", rf"<{BAR}channel>\s*(?:thought|analysis)\b", "Gemma 4"),
    Marker("thought_end", rf"<channel{BAR}>", "Gemma 4"),
    Marker("channel", r"\A\s{0,9}(?-i:(?:analysis|commentary)(?=[A-Z<\"'\s]))", "gpt-oss, its special tokens lost"),
    Marker("answer", r"(?-i:\bassistant\s{1,2}final\b)", "gpt-oss, its special tokens lost", only="channel"),
    Marker(
        "prose",
        rf"\A\W{{0,6}}(?:thoughts?|thinking|reasoning|scratchpad|思考|推理)\W{{0,4}}[:：\n](?=[\s\S]*?{_ANSWER_HEADING})",
        "headings in plain text",
    ),
    Marker("answer", _ANSWER_HEADING, "headings in plain text", only="prose"),
    Marker("answer", r"(?-i:assistant(?:commentary)?final)", "gpt-oss, its special tokens lost"),
    Marker("own", rf"{_OPENING}{_MODEL}\b{_CLOSING}", "ChatML, Llama 3, Gemma, Granite, gpt-oss, Ling, Seed, MiniMax"),
    Marker("own", rf"<{BAR}{_MODEL}{BAR}>{_CLOSING}", "Phi, Zephyr, DeepSeek, Hunyuan, Kimi, Command R"),
    Marker("own", rf"\[{BAR}{_MODEL}{BAR}\]", "Exaone"),
    Marker("own", r"\[/INST\]|<bos>|\[gMASK\]\s{0,3}(?:<sop>)?|^<(?:bot|assistant)>:", "Llama 2, Mistral, Gemma, GLM, RedPajama"),
    Marker("own", r"(?-i:(?:(?<=[^\w\s\"'“`])|^)(?:assistant|model)(?=\n))", "Llama 3, ChatML, Gemma, their special tokens lost"),
    Marker("other", r"(?-i:(?<=[^\w\s\"'“`])user(?=\n)|^user(?=\n[\s\S]{1,4000}?^assistant\n))|^<(?:human|user)>:", "the same"),
    Marker("own", rf"<{BAR}(?:begin_of_text|startoftext|begin▁of▁sentence|bom){BAR}>", "Llama 3, DeepSeek, Jamba"),
    Marker("other", rf"{_OPENING}(?:{_PERSON}|[a-z][\w.-]{{1,30}})\b", "the same families, another speaker"),
    Marker("other", rf"<{BAR}{_PERSON}{BAR}>", "Phi, Zephyr, DeepSeek, Hunyuan, Kimi, Command R"),
    Marker("other", rf"\[{BAR}{_PERSON}{BAR}\]", "Exaone"),
    Marker(
        "other", r"\[INST\]|\[(?:SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_RESULTS)\]|<<SYS>>|<reserved_106>", "Llama 2, Mistral, Baichuan"
    ),
    Marker(
        "other",
        rf"{_DIALOGUE}(?:human|user|instruction)\*{{0,2}}\s{{0,3}}:(?=[^\n]*(?:\n[^\n]*){{0,30}}?\n[^\S\n]*(?:#{{1,4}}[^\S\n]*)?\*{{0,2}}"
        r"(?:assistant|ai|model|bot|response|answer)\*{0,2}\s{0,3}:)",
        "Vicuna, Alpaca: a dialogue in plain text",
    ),
    Marker("other", r"^(?:#{1,4} )?(?:Human|User):(?=(?:[^\S\n]+[^\s:]+){3})", "Claude 2, Vicuna: the person's turn in plain text"),
    Marker(
        "other",
        r"^#{1,4} (?:Human|User|Instruction):?[^\S\n]*$|^#{1,4} Input:?[^\S\n]*$(?=[\s\S]{1,4000}?^#{1,4} Response\b)",
        "Alpaca: the person's turn in plain text",
    ),
    Marker(
        "end",
        r"^\*{0,2}(?:Q|Question)\*{0,2}\s?\d{0,3}:\*{0,2}(?=(?:[^\S\n]+[^\s:]+){2})(?=[\s\S]{1,4000}?^\*{0,2}(?:A|Answer)\*{0,2}\s?\d{0,3}:)",
        "base models: another question and its answer",
    ),
    Marker(
        "end",
        rf"<{BAR}(?!end_(?:of_)?(?:box|image|img|video|audio|vision|quad|object|ref|thought|think|header|role|point))"
        rf"(?:end|eo[a-z]|fin)[^|｜<>\s]{{0,40}}{BAR}>",
        "Llama 3, Phi, Granite, Apertus, DeepSeek, Command R, Jamba",
    ),
    Marker(
        "end",
        rf"<{BAR}(?:im_end|return|call|stop|done|role_end|turn_end|assistant_end|separator|sep|message_sep){BAR}>"
        rf"|<{BAR}(?:im_end|eot_id|endoftext){BAR}?(?=\s|\Z)",
        "ChatML, gpt-oss, Ling, Grok, GigaChat; cut short",
    ),
    Marker(
        "end", rf"<(?:end_of_turn|end_of_utterance|end_of_sentence|turn{BAR}|eos|eot|eod|eop|seed:eos)>", "Gemma, SmolVLM, Seed"
    ),
    Marker("end", rf"\[{BAR}end(?:_of_|of)?turn{BAR}\]|\[e~\[", "Exaone, MiniMax"),
    Marker("end", rf"<{BAR}[a-z]{{2,9}}:(?:end|eos|eot){BAR}>|\[UNUSED_TOKEN_14[56]\]", "Solar, PLaMo, InternLM 2"),
    Marker(
        "end",
        rf"<{BAR}(?:DSML{BAR}|tool[▁_](?:calls?|sep|outputs?)|tool_calls_section)[^<>\n]{{0,40}}>|<tool_call>|\[TOOL_CALLS\]",
        "DeepSeek, Kimi, Qwen, GLM, Mistral: a call of a tool follows",
    ),
    Marker(
        "end", r"<SPECIAL_1\d>|<eo[ah]>|(?-i:<(?:EOT|EOS|END|STOP)>|\[(?:EOT|EOS|SEP|END)\])", "Nemotron, InternLM, Kimi and others"
    ),
    Marker("end", r"</s>", "Llama 2, Mistral"),
    Marker("end", r"(?!\A)<s>", "Llama 2: another dialogue begins"),
)

_TABLE = re.compile("|".join(f"(?P<m{at}>{marker.pattern})" for at, marker in enumerate(MARKERS)), re.IGNORECASE | re.MULTILINE)
SPECIAL_TOKEN = re.compile(rf"<{BAR}[\w▁/.:-]{{1,40}}{BAR}>|\[{BAR}[\w/]{{1,20}}{BAR}\]|\A\s*<s>")
"""A special token of any kind, also one that the table does not know."""
_TAG = r"answer|final_answer|final|response|solution"
ANSWER_TAG = re.compile(rf"</?(?:{_TAG}|ins)>", re.IGNORECASE)
"""Tags around text that counts."""
_ANSWER_TAGS = re.compile(rf"<(?P<tag>{_TAG})>(?P<inner>(?:(?!</?(?P=tag)>)[\s\S])*+)(?:</(?P=tag)>)?", re.IGNORECASE)
_SIGNS = ("<", "[", "◁", "]~b", "&lt;", "【", "```")
_WORDS = (
    "human",
    "user",
    "instruction",
    "here is my",
    "here's my",
    "here’s my",
    "here are my",
    "assistant",
    "analysis",
    "commentary",
    "thought",
    "thinking",
    "reasoning",
    "scratchpad",
    "思考",
    "推理",
    "model\n",
    "question",
    "# input",
    "q:",
)
_CAN_BE_MARKER = re.compile(
    r"<[ ]?(?:/?[ ]?[a-z思推]|[|｜])|[a-z][|｜]>|&lt;/?[a-z]"
    r"|\[(?:/|[|｜]|think|reason|thought|inst|sys|avail|tool|e~|begin|end|unused|eo|sep|gmask)"
    r"|\]~b|◁|【|```|assistant|user\n|model\n|^\W{0,12}(?:human|user|instruction|input|here(?: is| are|['’]s) my|q\b|question)"
    r"|\A\W{0,9}(?:analysis|commentary|thought|thinking|reasoning|scratchpad|思考|推理)",
    re.IGNORECASE | re.MULTILINE,
)


class Answer(NamedTuple):
    """Where the answer stands in a reply.

    Attributes:
        start: its first character.
        stop: the end of the answer; equal to start if there is none.
        ignored: whether there is text after the end of the turn.
    """

    start: int
    stop: int
    ignored: bool = False


@lru_cache(maxsize=64)  # one reply is read several times
def find_answer(text: str) -> Answer:
    """Find the answer: after all thoughts, and before the end of the model's turn. Thoughts that never end leave none."""
    lower = text.lower()
    has_sign = any(sign in lower for sign in (*_SIGNS, *_WORDS))  # far faster than the patterns, and most replies have none
    if not has_sign or _CAN_BE_MARKER.search(text) is None:
        return Answer(0, len(text))
    start, thinking = 0, ""
    earlier: tuple[int, int] | None = None  # an answer before thoughts that nothing follows
    for match in _TABLE.finditer(text):
        marker = MARKERS[int((match.lastgroup or "m0")[1:])]
        role = marker.role
        if role == "text" or marker.only not in (None, thinking):
            continue
        if role in ("thought", "channel", "prose"):
            if not thinking and _has_words(text[start : match.start()]):
                earlier = start, match.start()
            start, thinking = match.end(), role
        elif role in ("thought_end", "answer") or (thinking == "channel" and role != "other"):
            start, thinking = match.end(), ""
        elif thinking:
            continue
        elif _has_words(text[start : match.start()]):
            rest = _TABLE.sub(" ", text[match.end() :])
            return _in_tags(text, start, match.start(), _has_words(rest))
        elif role == "other":
            return Answer(match.start(), match.start(), True)
        else:
            start = match.end()
    if earlier is not None and not thinking and not _has_words(text[start:]):
        return _in_tags(text, *earlier, True)
    return Answer(len(text), len(text)) if thinking else _in_tags(text, start, len(text), False)


def _in_tags(text: str, start: int, stop: int, ignored: bool) -> Answer:
    """The answer between tags such as <answer>, if there is just one pair of them or the end is missing."""
    tags = list(_ANSWER_TAGS.finditer(text, start, stop)) if "<" in text else []
    if len(tags) == 1 and _has_words(tags[0]["inner"]):
        return Answer(*tags[0].span("inner"), ignored)
    return Answer(start, stop, ignored)


def _has_words(text: str) -> bool:
    return any(map(str.isalnum, SPECIAL_TOKEN.sub("", text)))
