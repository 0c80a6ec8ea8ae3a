"""The history of a chain, and what is derived from it: data, dialogues, beliefs, costs, status and the next phase."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Literal

import numpy as np

from iicl_tui.agents.base import Agent, Datasets
from iicl_tui.agents.beliefs import Belief
from iicl_tui.agents.calls import NO_REPLY, Call, Exchange, dialogue
from iicl_tui.agents.money import Spent, spent
from iicl_tui.agents.prices import Price
from iicl_tui.agents.probes import probe_calls
from iicl_tui.chain.config import ChainConfig
from iicl_tui.chain.records import PHASES, Generation, Phase
from iicl_tui.errors import ChainStopped
from iicl_tui.filters.base import PoolExample
from iicl_tui.tasks.base import Example

_MIXED = 5
"""The part of a spawn key that stands for what is taken from d⁰; phases and filters use lower ones."""

Status = Literal["new", "under way", "waiting for review", "stuck", "finished"]


class ChainHistory:
    """A chain's configuration and records, and all that is derived from them. It calls no model and changes nothing."""

    def __init__(self, config: ChainConfig, generations: Sequence[Generation] = (), calls: Sequence[Call] = ()) -> None:
        """Takes the records of the chain. Calls are in the order in which they were made."""
        self.config = config
        self.task = config.task
        self.start = config.start
        self._generations = list(generations)
        self._calls: dict[int, list[Call]] = {}
        self._probes: list[Call] = []
        self._losses = [call for call in calls if call.purpose == NO_REPLY]
        for call in calls:
            if call.purpose != NO_REPLY:
                self._add_call(call)
        self._spent = spent(calls, self._price)

    @property
    def generations(self) -> Sequence[Generation]:
        """Generations 1, 2, … that have begun; the last one may be incomplete."""
        return self._generations

    @property
    def calls(self) -> tuple[Call, ...]:
        """All calls to models, in the order in which they were made."""
        return tuple(call for generation in sorted(self._calls) for call in self._calls[generation])

    @property
    def recorded_calls(self) -> tuple[Call, ...]:
        """The calls, and after those of each phase its attempts without a reply."""
        return tuple(sorted((*self.calls, *self._losses), key=lambda call: (call.generation, PHASES.index(call.phase))))

    def calls_of(self, generation: int, phase: Phase | None = None) -> tuple[Call, ...]:
        """The calls of one generation, or of one of its phases."""
        return tuple(call for call in self._calls.get(generation, ()) if phase is None or call.phase == phase)

    @property
    def spent(self) -> Spent:
        """What all calls have cost."""
        return self._spent

    def spent_in(self, generation: int) -> Spent:
        """What the calls of one generation have cost."""
        losses = [loss for loss in self._losses if loss.generation == generation]
        return spent([*self._calls.get(generation, ()), *losses], self._price)

    def _price(self, call: Call) -> Price | None:
        return self.agent(call.generation).price

    @property
    def stuck(self) -> bool:
        """A filter's redraws are used up: the chain cannot continue, but it can be branched."""
        return bool(self._generations) and self._generations[-1].stuck

    @property
    def next(self) -> tuple[int, Phase] | None:
        """The generation and phase of the next step; None if the chain is finished or stuck."""
        if self.stuck:
            return None
        if not self._generations:
            return 1, "imitation"
        last = self._generations[-1]
        if last.interaction is None:
            return last.index, "interaction"
        if last.transmission is None:
            return last.index, "transmission"
        return (last.index + 1, "imitation") if last.index < self.config.generations else None

    @property
    def status(self) -> Status:
        """The status in one or two words, as lists show it."""
        if self.stuck:
            return "stuck"
        if self.next is None:
            return "finished"
        if self.waits_for_person:
            return "waiting for review"
        return "under way" if self._generations or any(self._calls.values()) or self._losses else "new"

    @property
    def has_unread_reply(self) -> bool:
        """Whether the next phase was begun and waits for a person to decide on a reply that cannot be read."""
        upcoming = self.next
        return upcoming is not None and self.agent(upcoming[0]).awaits_person(self.calls_of(*upcoming))

    @property
    def waits_for_person(self) -> bool:
        """Whether the next phase asks a person."""
        upcoming = self.next
        if self.has_unread_reply:
            return True
        if upcoming is None or upcoming[1] == "imitation":
            return False
        return self.config.asks_at("hypothesis" if upcoming[1] == "interaction" else "samples")

    def agent(self, generation: int) -> Agent:
        """The agent of a generation: the chain's agents take turns."""
        return self.config.agents[(generation - 1) % len(self.config.agents)]

    def data(self, generation: int) -> tuple[Example, ...]:
        """dᵗ, the data that generation t passed on; d⁰ for 0."""
        return self.start.samples if generation == 0 else self._generations[generation - 1].data

    def rounds(self, generation: int, latest: Sequence[Example] | None = None) -> Datasets:
        """The data that the agent of a generation sees: those of its own last `lookback` rounds, then dᵗ⁻¹.

        If the chain accumulates, there is one round, d⁰ and the data of all earlier generations.

        Args:
            generation: The agent's generation t.
            latest: Used instead of dᵗ⁻¹, to compute what other samples would lead to.
        """
        if self.config.keep.accumulates:
            before = chain.from_iterable(map(self.data, range(generation - 1)))
            return [(*before, *(self.data(generation - 1) if latest is None else latest))]
        turns = len(self.config.agents)
        own = [generation - turns * back for back in range(self.config.lookback, 0, -1)]
        earlier = [self.data(at - 1) for at in own if at >= 1]
        return [*earlier, self.data(generation - 1) if latest is None else latest]

    def looks_back(self, generation: int) -> int:
        """How many earlier rounds the agent of a generation sees: rounds of data if it is exact, of dialogue if it is a model."""
        if self.agent(generation).exact:
            return len(self.rounds(generation)) - 1
        return min(len(self._earlier_dialogue(generation)), self.config.lookback)

    def beliefs(self, first: int, last: int) -> list[Belief | None]:
        """The beliefs of generations first … last, each after its imitation. Computed together, agent by agent."""
        out: list[Belief | None] = [None] * (last - first + 1)
        turns = len(self.config.agents)
        for turn, agent in enumerate(self.config.agents):
            mine = [t for t in range(first, last + 1) if (t - 1) % turns == turn]
            known = agent.beliefs([(self.rounds(t), self._belief_calls(t)) for t in mine])
            for t, belief in zip(mine, known, strict=True):
                out[t - first] = belief
        return out

    def prior(self, generation: int = 1) -> Belief | None:
        """The belief before any data of the agent of a generation. That of a model is known if it was asked for it."""
        return self.agent(generation).prior(self.first_calls(generation))

    def first_calls(self, generation: int) -> tuple[Call, ...]:
        """The calls of the first imitation of the agent of a generation."""
        return self.calls_of((generation - 1) % len(self.config.agents) + 1, "imitation")

    def belief(self, generation: int) -> Belief | None:
        """The belief of one generation. For the one after the last: the belief that its imitation will draw from."""
        if generation > len(self._generations) and not self.agent(generation).exact:
            return None  # its calls on record belong to a phase that is not finished
        return self.agent(generation).beliefs([(self.rounds(generation), self._belief_calls(generation))])[0]

    def belief_if(self, generation: int, samples: Sequence[Example]) -> Belief | None:
        """The exact belief of generation + 1 if these samples were passed on now; None if its agent computes none."""
        return self.agent(generation + 1).beliefs([(self.rounds(generation + 1, samples), ())])[0]

    def mixed_in(self, generation: int) -> tuple[Example, ...]:
        """The examples of d⁰ that the transmission of a generation adds to its own samples, drawn without repetition."""
        count = self.config.keep.from_start(self.task.samples)
        if not count:
            return ()
        rng = np.random.default_rng(np.random.SeedSequence(self.config.seed, spawn_key=(generation, _MIXED)))
        return tuple(self.start.samples[at] for at in rng.permutation(len(self.start.samples))[:count].tolist())

    def pool(self, generation: int) -> Sequence[PoolExample]:
        """What a generation may pass on besides its own samples: d⁰ and all earlier samples that were not rejected."""
        known = [PoolExample(example, 0) for example in self.start.samples]
        for earlier in self._generations[: generation - 1]:
            known += earlier.pooled
        return known

    def end_error(self) -> ChainStopped:
        """The error that says why no phase follows, and what to do. Only for a chain whose `next` is None."""
        if self.stuck:
            interaction = self._generations[-1].interaction
            assert interaction is not None
            return ChainStopped(
                f"The chain is stuck in generation {interaction.generation}",
                f"The filter {interaction.exhausted} let no hypothesis pass; the agent drew {_times(interaction.redraws + 1)}"
                + (f" and revised its hypothesis {_times(len(interaction.refinements))}." if interaction.refinements else "."),
                "Branch from an earlier generation or from d⁰, with another seed or a milder filter.",
            )
        planned = self.config.generations
        done = "Its one generation is done." if planned == 1 else f"All {planned} generations are done."
        return ChainStopped("The chain is finished", done, "Branch it to go on.")

    def _add_call(self, call: Call) -> None:
        self._calls.setdefault(call.generation, []).append(call)
        self._probes += probe_calls([call])

    def _past(self, generation: int) -> tuple[Call, ...]:
        """The calls of the earlier generations of this generation's agent."""
        turns = len(self.config.agents)
        own = range((generation - 1) % turns + 1, generation, turns)
        return tuple(call for earlier in own for call in self._calls.get(earlier, ()))

    def _belief_calls(self, generation: int) -> tuple[Call, ...]:
        """The calls of an imitation, after those that showed earlier what the server's log-probabilities are."""
        turns = len(self.config.agents)
        probes = (call for call in self._probes if call.generation < generation and (generation - call.generation) % turns == 0)
        return (*probes, *self.calls_of(generation, "imitation"))

    def _earlier_dialogue(self, generation: int) -> tuple[Exchange, ...]:
        """The last `lookback` rounds of the dialogue that the agent of a generation had in its own earlier turns."""
        rounds: list[Exchange] = []
        turns = len(self.config.agents)
        for own in range(generation - turns, 0, -turns):
            if len(rounds) >= self.config.lookback:
                break
            rounds = [*dialogue(self._calls.get(own, ())), *rounds]
        return tuple(rounds)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
