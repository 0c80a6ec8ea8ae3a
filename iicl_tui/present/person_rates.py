"""A person's hits, false alarms and d′ within a chain, in words."""

from __future__ import annotations

from iicl_tui.chain.history import ChainHistory
from iicl_tui.filters.base import Gate
from iicl_tui.review.agreement import Rate
from iicl_tui.review.chain_rates import ChainRates, person_rates
from iicl_tui.text import outwards

_RIGHT: dict[Gate, str] = {
    "hypothesis": "hypotheses, right if they explain as much of d⁰ as h*",
    "samples": "samples, right if h* predicts them",
}


def rates_lines(chain: ChainHistory) -> list[str]:
    """A line for each gate where the truth of what a person decided on is known; [] if there is none."""
    return [_line(each) for each in person_rates(chain) if each.found.hits.of + each.found.false_alarms.of]


def rates_sentence(chain: ChainHistory) -> str:
    """The same in a few words: let pass 7 of 8 right hypotheses and 1 of 4 wrong ones; "" if nothing is known."""
    parts = []
    for each in person_rates(chain):
        right, wrong = each.found.hits, each.found.false_alarms
        if right.of + wrong.of:
            noun = "hypotheses" if each.gate == "hypothesis" else "samples"
            sure = f" (d′ {each.found.d_prime:.2f})" if each.found.d_prime is not None else ""
            parts.append(f"{right.count} of {right.of} right {noun} and {wrong.count} of {wrong.of} wrong ones{sure}")
    return f"The person let pass {', '.join(parts)}." if parts else ""


def _line(rates: ChainRates) -> str:
    found = rates.found
    words = f"{_RIGHT[rates.gate]}: hits {_rate(found.hits)}, false alarms {_rate(found.false_alarms)}"
    if found.d_prime is None or found.criterion is None:
        return f"{words}; d′ unknown, since all were {'right' if found.hits.of else 'wrong'}"
    return f"{words}; d′ {found.d_prime:.2f}, criterion {found.criterion:+.2f}"


def _rate(rate: Rate) -> str:
    if not rate.of:
        return "none to tell"
    return f"{rate.count} of {rate.of} ({' to '.join(outwards(rate.low, rate.high, 2))})"
