"""The chains of a lesson: run with their seeds, or read from stored sessions, and cut back to a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from iicl_tui.chain.engine import Chain
from iicl_tui.chain.records import PHASES, Phase
from iicl_tui.errors import ConfigError, Fault, LabError
from iicl_tui.lessons.lesson import ChainSource
from iicl_tui.store.session import SessionFile

Moment = tuple[int, Phase]
"""A generation and its last phase that is shown. All of generation 0 is d⁰."""


@dataclass(frozen=True)
class Built:
    """The chains by name, and what was wrong with them."""

    chains: Mapping[str, Chain]
    faults: tuple[Fault, ...]


async def build(sources: Sequence[ChainSource], given: Mapping[str, Chain] | None = None) -> Built:
    """Runs or reads all chains of a lesson. given: chains that have run already."""
    chains: dict[str, Chain] = {}
    faults: list[Fault] = []
    for i, source in enumerate(sources):
        try:
            chains[source.name] = (given or {}).get(source.name) or await _build(source)
        except ConfigError as error:
            faults += [Fault(("chain", i, "session"), f"{source.session}: {fault}") for fault in error.faults]
        except LabError as error:
            key = "session" if source.session is not None else "config"
            faults.append(Fault(("chain", i, key), str(error).replace("\n", " ")))
    return Built(chains, tuple(faults))


def build_now(sources: Sequence[ChainSource]) -> Built:
    """The same for callers without an event loop."""
    return asyncio.run(build(sources))


async def _build(source: ChainSource) -> Chain:
    if source.session is not None:
        with SessionFile.open(source.session, read_only=True) as file:
            return Chain(file.config, file.generations, calls=file.calls)
    assert source.config is not None
    chain = Chain(source.config)
    await chain.run()
    return chain


def cut(chain: Chain, moment: Moment) -> Chain:
    """The chain as it was after a phase."""
    generation, phase = moment
    if generation == 0:
        return Chain(chain.config, calls=chain.calls_of(1, "imitation"))  # a model was asked for its prior in these
    done = list(chain.generations[:generation])
    if done and len(done) == generation:
        after = PHASES.index(phase)
        last = done[-1]
        done[-1] = replace(
            last, interaction=last.interaction if after >= 1 else None, transmission=last.transmission if after >= 2 else None
        )
    shown = set(PHASES[: PHASES.index(phase) + 1])
    calls = [
        call for call in chain.calls if call.generation < generation or (call.generation == generation and call.phase in shown)
    ]
    return Chain(chain.config, done, calls=calls)


def end_of(chain: Chain) -> Moment:
    """The last moment of a chain so far."""
    if not chain.generations:
        return 0, PHASES[-1]
    last = chain.generations[-1]
    phase: Phase = "transmission" if last.transmission else "interaction" if last.interaction else "imitation"
    return len(chain.generations), phase


def order(moment: Moment) -> tuple[int, int]:
    """Moments in time, for comparisons."""
    return moment[0], PHASES.index(moment[1])


def after(moment: Moment, by: int = 1) -> Moment:
    """The moment so many phases later, or earlier; never before d⁰."""
    count = max(0, (moment[0] - 1) * len(PHASES) + PHASES.index(moment[1]) + 1 + by) if moment[0] else max(0, by)
    return (1 + (count - 1) // len(PHASES), PHASES[(count - 1) % len(PHASES)]) if count else (0, PHASES[-1])


def moments(chain: Chain, until: Moment) -> list[Moment]:
    """All moments from d⁰ to `until`."""
    generation, phase = until
    last = PHASES.index(phase)
    out: list[Moment] = [(0, "transmission")]
    for each in range(1, min(generation, len(chain.generations)) + 1):
        out += [(each, name) for i, name in enumerate(PHASES) if each < generation or i <= last]
    return out
