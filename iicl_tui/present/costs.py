"""What calls to models cost, in words."""

from __future__ import annotations

from iicl_tui.agents.money import Budget, Spent, WorstCase, money_text, spent_text, tokens_text, worst_case
from iicl_tui.chain.config import ChainConfig
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.estimate import estimate
from iicl_tui.present.temperature_warnings import temperature_warnings


def cost_text(spent: Spent) -> str:
    """What a part of a chain has cost: dollars, or tokens if no price is known; "" if no call was made."""
    if not spent.calls:
        return ""
    if spent.unpriced == spent.calls:
        return f"{'≈' if spent.estimated else ''}{tokens_text(spent.tokens)}"
    return spent_text(spent).partition(" · ")[0]


def budget_text(budget: Budget) -> str:
    """The limits: $5.00 and 20,000 tokens; "" if there is none."""
    parts = [money_text(budget.dollars)] if budget.dollars is not None else []
    parts += [tokens_text(budget.tokens)] if budget.tokens is not None else []
    return " and ".join(parts)


async def next_call_worst_case(chain: Chain) -> WorstCase:
    """What the next call can cost at most; zero if the next phase makes none."""
    from iicl_tui.chain.dry_run import next_call

    call = await next_call(chain)
    return WorstCase(0, 0.0) if call is None else worst_case(call.request, call.client.price)


def estimate_text(config: ChainConfig, budget: Budget) -> str:
    """What the chain will probably cost, its budget, and what is wrong with its temperature; "" if it asks no model."""
    warnings = temperature_warnings(config)
    return " ".join(filter(None, (_cost_and_budget(config, budget), *warnings)))


def _cost_and_budget(config: ChainConfig, budget: Budget) -> str:
    found = estimate(config)
    if not found.text:
        return ""
    tokens = found.work.prompt + found.work.completion
    over = (budget.dollars is not None and found.dollars > budget.dollars) or (budget.tokens is not None and tokens > budget.tokens)
    limit = budget_text(budget)
    if budget.tokens is None and found.unpriced and not found.dollars:
        return f"{found.text} The dollar budget cannot limit it, since the price is unknown; set `token-budget`."
    if not limit:
        return f"{found.text} There is no budget."
    return f"{found.text} The budget of {limit} stops it before its end." if over else f"{found.text} The budget is {limit}."
