"""Remarks on replies from which a phase read less than was asked for, or something else, and on what could not be measured."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from iicl_tui.agents import call_notices
from iicl_tui.agents.calls import READS, Call
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.records import PHASES, Phase
from iicl_tui.present.words import contradiction_note
from iicl_tui.tasks.wording import rule_wording
from iicl_tui.text import printable

CUT_OFF = "The reply was cut off after max-tokens."


class Remark(NamedTuple):
    """One sentence on what a phase read from its replies."""

    generation: int
    phase: Phase
    text: str

    def __str__(self) -> str:
        return f"generation {self.generation}, {self.phase}: {self.text}"


class Reading(NamedTuple):
    """What was read from a reply.

    Attributes:
        size: Number of examples; for a rule, 1 if there is one.
        trouble: What could not be read; "" if all of it was read.
    """

    size: int
    remarks: tuple[str, ...]
    trouble: str


def read_reply(chain: Chain, call: Call, asked_for_samples: bool) -> Reading:
    """The reading of a call's reply, as the agent read it.

    Args:
        chain: The chain whose task reads it.
        call: The call.
        asked_for_samples: Whether examples were asked for, or else a rule.
    """
    task, wording = chain.task, chain.task.wording
    if wording is None:
        return Reading(0, (), "")
    if not asked_for_samples:
        rules = rule_wording(wording) if call.purpose in ("draw", "prior") else None  # asked for a rule, whatever the chain states
        rule = (rules or wording).read_rule(call.reply)
        return Reading(int(rule.hypothesis is not None), rule.remarks, rule.trouble)
    samples = wording.read_samples(call.reply, task.samples)
    fewer_asked = samples.examples and not re.search(rf"\b{task.samples}\b", call.prompt)  # as after a rejection
    return Reading(len(samples.examples), samples.remarks, "" if fewer_asked else samples.trouble)


def phase_remarks(chain: Chain, generation: int, phase: Phase) -> tuple[Remark, ...]:
    """The remarks on one finished phase. Replies that a repair replaced and texts that a person wrote get none."""
    texts = [text for question in _questions(chain.calls_of(generation, phase)) for text in _question_remarks(chain, question)]
    if phase == "transmission":
        texts += _contradictions(chain, generation)
        texts += unmeasured(chain, generation)
    return tuple(Remark(generation, phase, printable(text, 300)) for text in dict.fromkeys(texts))


def remarks(chain: Chain, generation: int) -> tuple[Remark, ...]:
    """The remarks on all phases of a generation."""
    return tuple(remark for phase in PHASES for remark in phase_remarks(chain, generation, phase))


def server_remarks(chain: Chain) -> list[str]:
    """How requests were adapted to the models' servers, each sentence once."""
    texts: dict[str, None] = {}
    for call in chain.calls:
        if call.without or call.adapted:
            model = getattr(chain.agent(call.generation), "model", call.model)
            texts |= dict.fromkeys(printable(text, 300) for text in call_notices.server_remarks(model, call))
    return list(texts)


def _questions(calls: Sequence[Call]) -> Iterator[list[Call]]:
    """Groups calls: each question with its repair and the person's answer."""
    question: list[Call] = []
    for call in calls:
        if question and call.purpose not in ("repair", "person"):
            yield question
            question = []
        question.append(call)
    if question:
        yield question


def _question_remarks(chain: Chain, question: Sequence[Call]) -> list[str]:
    if question[0].purpose in (*READS, "probe"):  # it is a token, not a reply
        return []
    if any(call.purpose == "person" for call in question):  # a person has seen it and decided
        return []
    asked_for_samples = question[0].purpose == "transmit"
    readings = [(read_reply(chain, call, asked_for_samples), call) for call in question]
    reading, call = readings[0]
    for again, repair in readings[1:]:
        if again.size >= reading.size:
            reading, call = again, repair
    cut = [CUT_OFF] if call.finish == "length" else []
    return [*cut, *([reading.trouble] if reading.trouble else []), *reading.remarks]


def unmeasured(chain: Chain, generation: int) -> list[str]:
    """Remarks on what could not be measured in the samples that were passed on."""
    faults = getattr(chain.task, "measuring_faults", None)  # of tasks whose measures a person declares
    record = chain.generations[generation - 1].transmission if generation <= len(chain.generations) else None
    return [] if faults is None or record is None else faults([sample.example for sample in record.samples if sample.passes])


def _contradictions(chain: Chain, generation: int) -> list[str]:
    """Remarks on samples that contradict their hypothesis, if a model made them and they were passed on unedited."""
    record = chain.generations[generation - 1].transmission if generation <= len(chain.generations) else None
    texts = []
    for sample in record.samples if record is not None else ():
        if sample.passes and sample.shown is None and sample.origin is None:
            note = contradiction_note(chain, generation, sample)
            texts += [f"The example {chain.task.example_text(sample.example)} is {note}."] if note else []
    return texts
