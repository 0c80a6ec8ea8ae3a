"""Yoked: rejects at random, as often as another chain's filters did in the same generation. A control for what a judge knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from iicl_tui.agents.base import Agent
from iicl_tui.errors import Fault
from iicl_tui.files import named_file, parse_toml, read_bytes, unquoted
from iicl_tui.filters.base import Draw, FilterKind, Gate, PhaseContext, Propose, Sample
from iicl_tui.filters.chances import passed_hypothesis, passed_samples
from iicl_tui.schema import Field, describe, is_finite
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.base import Task

GATES: tuple[Gate, ...] = ("hypothesis", "samples")
MOST = 256_000_000
"""Bytes of a session file."""


class Yoked:
    """Lets each hypothesis and each sample pass with the chance of its generation; after the last one, with that of the last.

    Attributes:
        rates: For each gate the chances by generation; none: all pass.
        redraws: How often hypotheses and samples are drawn again in a generation; samples never if they are dropped.
    """

    kind = "yoked"

    def __init__(self, rates: Mapping[str, Sequence[float]], on_reject: str = "redraw", redraws: int = 1000) -> None:
        self.rates, self.redraws = rates, redraws
        self.sample_redraws = redraws if on_reject == "redraw" else 0

    def asks_at(self, gate: Gate) -> bool:
        """Returns False."""
        return False

    def acts_at(self, gate: Gate) -> bool:
        """Returns whether it rejects anything at this gate."""
        return any(rate < 1 for rate in self.rates.get(gate, ()))

    def rate(self, gate: Gate, generation: int) -> float:
        """Returns the chance to pass in a generation."""
        rates = self.rates.get(gate, ())
        return rates[min(generation, len(rates)) - 1] if rates else 1.0

    async def hypothesis(self, propose: Propose, context: PhaseContext) -> int:
        """Returns a hypothesis that passes. Raises Exhausted if none does within the redraws."""
        if not self.acts_at("hypothesis"):
            return await propose()
        rate = self.rate("hypothesis", context.generation)
        return await passed_hypothesis(self.kind, propose, lambda h: rate, self.redraws, context)

    async def samples(self, draw: Draw, count: int, hypothesis: int, context: PhaseContext) -> Sequence[Sample]:
        """Returns all samples drawn, each with its status. Fewer than `count` pass if the redraws are used up."""
        if not self.acts_at("samples"):
            return await draw(count)
        rate = self.rate("samples", context.generation)
        return await passed_samples(draw, count, lambda sample: rate, "rejected at random", self.sample_redraws, context)


def session_rates(document: Mapping[str, Any]) -> dict[str, list[float]]:
    """The shares of a session's hypotheses and samples that passed, by generation, of its finished generations.

    A hypothesis drawn r times more passed once in r + 1. Samples that were pooled or taken from the pool do not count.
    """
    rates: dict[str, list[float]] = {"hypothesis": [], "samples": []}
    for generation in document.get("generation", ()):
        interaction, transmission = generation.get("interaction"), generation.get("transmission")
        if interaction is None or transmission is None:
            break
        rates["hypothesis"].append(1 / (interaction.get("redraws", 0) + 1))
        verdicts = [sample["verdict"] for sample in transmission.get("sample", ()) if "from" not in sample]
        judged = [verdict != "rejected" for verdict in verdicts if verdict != "pooled"]
        rates["samples"].append(sum(judged) / len(judged) if judged else 1.0)
    return rates


def embed(table: Mapping[str, Any], path: KeyPath, faults: list[Fault], folder: Path | None) -> Mapping[str, Any]:
    """Reads the rates of the session that the table names into `rates`."""
    name = table.get("session")
    if "rates" in table or not isinstance(name, str):
        return table
    try:
        rates = session_rates(parse_toml(read_bytes(named_file(name, folder), MOST).decode()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = error.strerror if isinstance(error, OSError) else unquoted(error) if isinstance(error, ValueError) else ""
        faults.append(Fault((*path, "session"), f"{name} is not read: {why or 'it is no session'}"))
        return {**table, "rates": {"hypothesis": [1.0]}}
    if not rates["samples"]:
        faults.append(Fault((*path, "session"), f"{name} has no finished generation to take rates from"))
    return {**table, "rates": rates}


FIELDS = (
    Field("session", "str", "as in session", "A session file: it rejects as often as the filters there did, by generation.", None),
    Field("rates", "table", "rates", "The chances to pass by generation, as { samples = [0.5, 0.75] }; hypothesis likewise. Read "
          "from the session if absent.", {}, in_form=False),
    Field("on-reject", "choice", "rejected samples", "redraw: draw others in their place. drop: pass on fewer samples.", "redraw",
          choices=("redraw", "drop")),
    Field("redraws", "int", "max. redraws", "How often a generation's hypothesis or samples are drawn again, at most.", 1000, low=0,
          high=1_000_000),
)  # fmt: skip


def build(values: Mapping[str, Any], task: Task, path: KeyPath, faults: list[Fault]) -> Yoked:
    """Builds the filter from the values of its [[filter]] table."""
    rates: dict[str, Sequence[float]] = {}
    for gate, given in values["rates"].items():
        if gate not in GATES:
            faults.append(Fault((*path, "rates", gate), f"unknown key; known: {', '.join(GATES)}"))
        elif not isinstance(given, list) or not all(map(_is_chance, given)):
            faults.append(Fault((*path, "rates", gate), f"expected a list of numbers from 0 to 1, found {describe(given)}"))
        else:
            rates[gate] = given
    return Yoked(rates, values["on-reject"], values["redraws"])


def check_new(filter: Yoked, agents: Sequence[Agent], path: KeyPath, faults: list[Fault]) -> None:
    """Adds a fault if it is yoked to nothing."""
    if not filter.rates:
        faults.append(Fault((*path, "session"), "is missing; expected a session file, or `rates`"))


def _is_chance(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and is_finite(value) and 0 <= value <= 1


KIND = FilterKind(
    "yoked",
    "yoked",
    "Rejects at random, as often as the filters of another session did.",
    FIELDS,
    build,
    check_new=check_new,
    order=8,
    embed=embed,
)
