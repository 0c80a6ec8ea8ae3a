"""Calls that were not made yet, as entries of a page: the exact messages and parameters that would be sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from iicl_tui.agents.calls import PARAMETER_NAMES, Call, Message
from iicl_tui.agents.model_session import PURPOSE_PHRASES
from iicl_tui.agents.money import WorstCase, money_text, tokens_text, worst_case
from iicl_tui.chain.config import ChainConfig
from iicl_tui.chain.dry_run import NextCall, next_call
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.records import Generation, ImitationRecord, InteractionRecord
from iicl_tui.present.entry import Entry
from iicl_tui.present.temperature_warnings import temperature_warnings

SILENT = "The next phase does not begin with a language model: nothing is sent."
NO_MODEL = "No agent of this chain is a language model: nothing is sent."


async def next_entries(chain: Chain) -> list[Entry]:
    """The chain's next call: one entry per message, then the parameters. Empty if it makes none."""
    call = await next_call(chain)
    return [] if call is None else _call(call, chain.config, chain.calls)


async def first_entries(config: ChainConfig) -> list[Entry]:
    """What a new chain would send: its first call word for word, then an example of each other kind of call. Empty if it asks no
    model."""
    call = await next_call(Chain(config))
    found = _call(call, config) if call is not None else []
    for turn, agent in enumerate(config.agents[: config.generations]):
        asks_prior = call is not None and call.purpose in ("prior", "prior-score")
        if (turn or asks_prior) and not agent.exact:  # what it will see is not known yet, or not asked first
            supposed = agent.first_messages([config.start.samples])
            found.append(Entry(turn + 1, "imitation", "if it saw d⁰", _dialogue(supposed), "supposed"))
    if call is None:
        return found
    explained = config.task.explained(config.start.samples)
    for hypothesis, phase in ((int(explained.argmin()), "interaction"), (config.start.target, "transmission")):
        other = await next_call(_after_learning(config, call, hypothesis, phase == "transmission"))
        if other is not None and other.phase == phase:
            supposing = f"{PURPOSE_PHRASES.get(other.purpose, other.purpose)}, if it learned  {config.task.rule(hypothesis)}"
            found.append(Entry(1, phase, supposing, _dialogue(other.request.messages), "supposed"))
    return found


def _after_learning(config: ChainConfig, asked: NextCall, hypothesis: int, filtered: bool) -> Chain:
    """The chain after its first agent answered with this hypothesis in exactly the requested form."""
    wording = config.task.wording
    reply = wording.rule_reply(hypothesis) if wording is not None else ""
    generation = Generation(1, ImitationRecord(1, 0, hypothesis))
    if filtered:
        generation = generation.with_record(InteractionRecord(1, tuple(each.kind for each in config.filters), hypothesis))
    return Chain(config, [generation], calls=[Call(1, "imitation", asked.purpose, asked.request.prompt, reply)])


def _call(call: NextCall, config: ChainConfig, calls: Sequence[Call] = ()) -> list[Entry]:
    messages, last = call.request.messages, len(call.request.messages) - 1
    found = []
    for at, message in enumerate(messages):
        title: str = message.role
        if at == last:
            title = f"{message.role}: {PURPOSE_PHRASES.get(call.purpose, call.purpose)}"
        elif message.role != "system":
            title = f"{message.role}, earlier"
        found.append(Entry(call.generation, call.phase, title, message.text, "message"))
    found.append(Entry(call.generation, call.phase, "parameters", _parameters(call, config), "parameters"))
    if warnings := temperature_warnings(config, calls):
        found.append(Entry(call.generation, call.phase, "warning", "\n".join(warnings), "parameters"))
    return found


def _dialogue(messages: Sequence[Message]) -> str:
    return "\n\n".join(f"[{message.role}]\n{message.text}" for message in messages)


def _parameters(call: NextCall, config: ChainConfig) -> str:
    request, client = call.request, call.client
    table = config.document["agent"][(call.generation - 1) % len(config.agents)]
    lines: list[tuple[str, Any]] = [("model", client.model)]
    if client.credential is not None:
        key, url = client.credential.variable, client.credential.base_url
        lines += [("server", url or f"the provider's ({client.kind})"), ("key", f"from {key}, if this server may get it")]
    if table.get("endpoint") == "completions":
        lines.append(("endpoint", "completions: these messages as one text, with an empty line between them, and a line break"))
    shown = {"temperature": request.temperature, "top-p": request.top_p, "seed": request.seed, "max-tokens": request.max_tokens}
    lines += [(name, value) for name, value in shown.items() if value is not None]
    if request.top_logprobs is not None:
        lines.append(("log-probabilities", f"of the {request.top_logprobs} likeliest tokens at each place"))
    if request.schema is not None:
        lines.append(("JSON schema", json.dumps(request.schema, ensure_ascii=False)))
    if table.get("extra-body"):
        lines.append(("extra body", json.dumps(table["extra-body"], ensure_ascii=False, default=str)))
    if call.left_out:
        lines.append(("left out", ", ".join(PARAMETER_NAMES.get(name, name) for name in call.left_out)))
    lines.append(("at most", _worst_case_text(worst_case(request, client.price))))
    return "\n".join(f"{name}: {value}" for name, value in lines)


def _worst_case_text(worst: WorstCase) -> str:
    about = f"about {tokens_text(worst.tokens)}, if the reply is as long as max-tokens allows"
    return about if worst.dollars is None else f"{money_text(worst.dollars)}: {about}"
