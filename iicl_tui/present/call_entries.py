"""Calls to models as entries of the transcript: the prompt, the reply word for word, and what was read from it."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp

from iicl_tui.agents.calls import ADAPTATIONS, NO_REPLY, PARAMETER_NAMES, Call
from iicl_tui.agents.model_session import PURPOSE_PHRASES
from iicl_tui.agents.money import cost, money_text, spent, spent_text, tokens_text
from iicl_tui.chain.engine import Chain
from iicl_tui.present.entry import Entry
from iicl_tui.present.remarks import read_reply

_FINISHES = {"length": "cut off after max-tokens", "refused": "refused", "other": "ended for another reason"}
_PERSON = {
    "edit": ("a person replaced the reply", "use this text"),
    "redraw": ("a person asked again", "ask again"),
    "skip": ("a person skipped the reply", "continue without it"),
}


class CallEntries:
    """Makes entries of calls, in their order. A repair or a person's answer belongs to the call before it."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self._asked_for_samples = False

    def entry(self, call: Call) -> Entry:
        """The entry of one call, or of a person's answer about one."""
        if call.purpose not in ("repair", "person"):
            self._asked_for_samples = call.purpose == "transmit"
        if call.purpose == "person":
            title, text = _PERSON[call.verdict or "skip"]
            return Entry(call.generation, call.phase, title, call.reply or text, "person")
        if call.purpose == NO_REPLY:
            return Entry(call.generation, call.phase, "no reply", self._loss(call), "call")
        figures = self._figures(call)
        said = f"[asked]\n{call.prompt}\n\n[answered]\n{call.reply or '(nothing)'}"
        text = "\n".join([" · ".join(figures), *self._warnings(call), "", said])
        return Entry(call.generation, call.phase, PURPOSE_PHRASES.get(call.purpose, call.purpose), text, "call")

    def _loss(self, call: Call) -> str:
        price = self.chain.agent(call.generation).price
        tries = "1 try" if call.attempts == 1 else f"{call.attempts} tries"
        return f"{tries} without a reply may be billed for up to {spent_text(spent([call], lambda call: price))}"

    def scoring(self, calls: Sequence[Call]) -> Entry:
        """One entry for consecutive calls of one token each: every beginning, and the tokens listed after it."""
        first, agent = calls[0], self.chain.agent(calls[0].generation)
        used = spent(calls, lambda call: agent.price)
        reads = f"{len(calls):,} reads" if len(calls) != 1 else "one read"
        head = " · ".join([reads, spent_text(used), first.model or agent.describe()])
        return Entry(
            first.generation, first.phase, PURPOSE_PHRASES[first.purpose], "\n".join([head, "", *map(_read, calls)]), "call"
        )

    def _figures(self, call: Call) -> list[str]:
        agent = self.chain.agent(call.generation)
        found = []
        if call.usage is not None:
            found += [money_text(cost(call.usage, agent.price))] if agent.price is not None else []
            found.append(f"{call.usage.prompt:,} + {tokens_text(call.usage.completion)}")
        else:
            found.append("tokens unknown")
        found.append(call.model or agent.describe())
        if call.latency is not None:
            found.append(f"{call.latency:.1f} s")
        if call.attempts > 1:
            found.append(f"{call.attempts} tries")
        if call.finish in _FINISHES:
            found.append(_FINISHES[call.finish])
        return found

    def _warnings(self, call: Call) -> list[str]:
        """Parameters that were left out, and remarks on the reply."""
        lines = []
        if call.adapted:
            lines.append("adapted to the server: " + "; ".join(ADAPTATIONS.get(name, name) for name in call.adapted))
        if call.without:
            lines.append(f"left out: {', '.join(PARAMETER_NAMES.get(name, name) for name in call.without)}")
        reading = read_reply(self.chain, call, self._asked_for_samples)
        remarks, trouble = reading.remarks, reading.trouble
        return [*lines, *([f"problem: {trouble}"] if trouble else []), *(f"remark: {remark}" for remark in remarks)]


_LISTED = 6
"""The likeliest tokens of a read that are shown."""


def _read(call: Call) -> str:
    listed = call.tokens[0].top if call.tokens else ()
    shown = [f"{data.decode('utf-8', 'replace')!r} {exp(log_p):.3g}" for data, log_p in listed[:_LISTED]]
    more = len(listed) - len(shown)
    return f"{call.prompt}  →  {', '.join(shown) or 'nothing listed'}{f', {more} more' if more > 0 else ''}"
