"""Estimates the calls and tokens of a language agent before anything is asked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from iicl_tui.agents.base import UsageEstimate
from iicl_tui.agents.calls import Message, Request
from iicl_tui.agents.money import estimated_tokens, prompt_tokens
from iicl_tui.tasks.base import Example, Task
from iicl_tui.tasks.prompts import Prompts
from iicl_tui.tasks.wording import Wording


def belief_usage(wording: Wording, opening: Sequence[Message], replies: int, reads: int) -> UsageEstimate:
    """The usage of asking for one belief with these messages: by replies that state a rule, and reads of one token."""
    asked, rule = prompt_tokens(Request(tuple(opening), 1)), estimated_tokens(wording.rule_reply(0))
    # Half of a rule is given with each read, on average.
    return UsageEstimate(replies + reads, (replies + reads) * asked + reads * rule // 2, replies * rule + reads, reads)


def aside_usage(
    wording: Wording, asked: Sequence[Message], draws: int, reads: int, lookback: int, own: range, at_once: int
) -> UsageEstimate:
    """The usage of measuring beliefs about rules beside chains that state none. See `estimate_usage` for the arguments.

    Args:
        wording: How a rule is asked for.
        asked: The messages that ask for it.
    """
    prompts = -(-draws // at_once) + reads  # how often the question is billed
    question, rule = prompt_tokens(Request(tuple(asked), 1)), estimated_tokens(wording.rule_reply(0))
    history = sum(min(lookback, k) for k in own) * prompts * question  # an earlier exchange is about as long
    prompt = len(own) * (prompts * question + reads * rule // 2) + history
    return UsageEstimate(len(own) * (draws + reads), prompt, len(own) * (draws * rule + reads), len(own) * reads)


def estimate_usage(
    task: Task,
    wording: Wording,
    prompts: Prompts,
    opening: Sequence[Message],
    data: Sequence[Example],
    draws: int,
    reads: int,
    refinements: int,
    lookback: int,
    own: range,
    at_once: int = 1,
) -> UsageEstimate:
    """The usage of some of an agent's own generations, without repairs and redraws.

    The prompts are counted as they are written. Replies are assumed to be as short as the prompts ask for.

    Args:
        task: The task.
        wording: How the task is put into words.
        prompts: The prompt texts.
        opening: The messages of the first call.
        data: Typical examples.
        draws: Hypotheses drawn per generation.
        reads: Reads of one token per generation for the joint belief, if no token is cut.
        refinements: Requests for a refinement per generation.
        lookback: How many earlier exchanges are sent along.
        own: The agent's generations to count, from 0.
        at_once: The most replies to one draw's call, whose prompt is billed once.
    """
    opening_tokens = prompt_tokens(Request(tuple(opening), 1))
    if not wording.states_rule:
        reply = estimated_tokens(wording.rule_reply(wording.implied(data)))
        exchanges = sum(min(lookback, k) for k in own)
        return UsageEstimate(len(own), len(own) * opening_tokens + exchanges * (opening_tokens + reply), len(own) * reply)
    rule = estimated_tokens(wording.rule_reply(0))
    examples = estimated_tokens(wording.samples_reply(task.transmit(0, task.samples, 0.0, np.random.default_rng(0))))
    transmit_tokens = opening_tokens - estimated_tokens(opening[-1].text)
    transmit_tokens += estimated_tokens(wording.transmit(prompts, 0, task.samples))
    refine_tokens = prompt_tokens(Request((Message("user", wording.self_refine(prompts, 0, data)),), 1))
    calls = draws + reads + 1 + refinements
    asked = min(draws, 1) + -(-max(draws - 1, 0) // at_once) + reads  # how often the opening is billed
    # Half of a rule is given with each read, on average.
    prompt = asked * opening_tokens + reads * rule // 2 + transmit_tokens + refinements * refine_tokens
    completion = (draws + refinements) * rule + reads + examples
    # Before its generation k an agent has 2k exchanges, and one more when it makes examples.
    exchanges = sum(asked * min(lookback, 2 * k) + (1 + refinements) * min(lookback, 2 * k + 1) for k in own)
    history = exchanges * (opening_tokens + transmit_tokens + rule + examples) // 2
    return UsageEstimate(len(own) * calls, len(own) * prompt + history, len(own) * completion, len(own) * reads)
