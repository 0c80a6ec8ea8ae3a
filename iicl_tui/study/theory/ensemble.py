"""Many chains of Bayesian agents at once, by the same law as the engine's, chain by chain in numpy's rows.

A generation costs one matrix product (counts of outcomes with log-likelihoods), one exponential, one cumulative sum and one search
for each chain and hypothesis. The random numbers are others than the engine's, so that a seed gives another chain there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from iicl_tui.chain.config import ChainConfig
from iicl_tui.errors import LabError
from iicl_tui.study.theory.gates import normalised
from iicl_tui.study.theory.learning import Learner, drawn
from iicl_tui.study.theory.making import Making, fresh, predictive
from iicl_tui.study.theory.outcomes import ABSENT, counted
from iicl_tui.study.theory.ranking import MOST_POOLED, Pools
from iicl_tui.study.theory.revising import Revise, Revising
from iicl_tui.study.theory.setting import Setting, setting_of

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

BLOCK = 1024
"""Chains computed together: with 243 hypotheses their weights take 2 MB, which the processor's cache holds."""

MOST_CELLS = 400_000_000
"""Chains × generations, or chains × examples kept: the result takes two bytes for each."""

_SPAWN = 2**32 - 1
"""The part of the spawn key that stands for ensembles; the engine's keys are shorter."""


@dataclass(frozen=True, eq=False)
class Ensemble:
    """What N chains did in T generations.

    Attributes:
        config: Their configuration.
        hypotheses: (N, T) hᵗ of each chain, after the filters; −1 where the chain had stopped.
        passed: (T, K) how often each outcome was passed on by all chains.
        beliefs: (T, H) the mean over chains of P(h | d) after the imitation; None if it was not asked for.
        entropy: (T,) the mean entropy of these beliefs in nats; None if it was not asked for.
    """

    config: ChainConfig
    hypotheses: NDArray[np.int16]
    passed: Array
    beliefs: Array | None
    entropy: Array | None

    def __len__(self) -> int:
        return len(self.hypotheses)

    @property
    def generations(self) -> int:
        """T: how many generations are done; fewer than planned if it was cancelled."""
        return self.hypotheses.shape[1]

    @property
    def counts(self) -> Ints:
        """(T, H) how many chains have each hypothesis. A row sums to N less the chains that stopped."""
        size = self.config.task.space.size
        return np.array([np.bincount(column[column >= 0], minlength=size) for column in self.hypotheses.T], dtype=np.int64).reshape(
            self.generations, size
        )

    @property
    def frequencies(self) -> Array:
        """(T, H) the share of all chains that have each hypothesis."""
        return self.counts / len(self)

    @property
    def stopped(self) -> Array:
        """(T,) the share of chains that stopped in this generation or before: no hypothesis was possible, or none passed."""
        return np.asarray((self.hypotheses < 0).mean(axis=0))

    @property
    def rules(self) -> tuple[str, ...]:
        """(H,) every hypothesis in words."""
        return tuple(map(self.config.task.rule, range(self.config.task.space.size)))


def simulate(
    config: ChainConfig,
    chains: int = 1000,
    *,
    generations: int | None = None,
    seed: int | None = None,
    beliefs: bool = False,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Ensemble:
    """Runs chains of one configuration, all from the same d⁰.

    Args:
        chains: N.
        generations: T; None: the configuration's.
        seed: None: the configuration's.
        beliefs: Also compute the mean belief and its entropy. It takes about as long again.
        progress: Called after each generation with how many are done, and T.
        cancelled: Asked before each block of chains. If true, the generations that are done are returned.

    Raises:
        LabError: The chain has no theory, or the ensemble is too large.
    """
    setting = setting_of(config)
    wanted = config.generations if generations is None else generations
    if chains < 1 or wanted < 0:
        raise LabError("No ensemble", f"It has {chains} chains of {wanted} generations; give at least one chain.")
    if chains * max(wanted, setting.samples) > MOST_CELLS:
        raise LabError("The ensemble is too large", f"{chains:,} chains × {wanted:,} generations; at most {MOST_CELLS:,} in all.")
    if setting.ranking is not None and chains * setting.ranking.width(wanted, setting.config.own_samples) > MOST_POOLED:
        what = f"The pools of {chains:,} chains would have more than {MOST_POOLED:,} examples after {wanted:,} generations."
        raise LabError("The ensemble is too large", what)
    run = _Run(setting, chains, config.seed if seed is None else seed, beliefs)
    hypotheses = np.full((wanted, chains), -1, dtype=np.int16)
    passed, rows, entropies = [], [], []
    for generation in range(1, wanted + 1):
        step = run.step(generation, hypotheses[generation - 1], cancelled)
        if step is None:
            break
        passed.append(step.passed)
        rows.append(step.belief)
        entropies.append(step.entropy)
        if progress is not None:
            progress(generation, wanted)
    done = len(passed)
    size = config.task.space.size
    return Ensemble(
        config,
        np.ascontiguousarray(hypotheses[:done].T),
        np.array(passed).reshape(done, setting.outcomes.size),
        np.array(rows).reshape(done, size) if beliefs else None,
        np.array(entropies) if beliefs else None,
    )


@dataclass(frozen=True, eq=False)
class _Step:
    passed: Array
    belief: Array
    entropy: float


class _Run:
    """The state of all chains between two generations."""

    def __init__(self, setting: Setting, chains: int, seed: int, beliefs: bool) -> None:
        self.setting, self.chains, self.beliefs = setting, chains, beliefs
        self.rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_SPAWN,)))
        self.size = setting.outcomes.size
        self.alive = np.ones(chains, dtype=np.bool_)
        start = np.broadcast_to(setting.start.astype(np.int16), (chains, len(setting.start)))
        self._room = np.empty(
            (2, min(chains, BLOCK), setting.config.task.space.size)
        )  # new arrays of 2 MB cost more to get than to fill
        accumulates = setting.config.keep.accumulates
        self.kept = np.zeros((chains, self.size)) if accumulates else None  # how often each chain has had each outcome
        self.pools = Pools(setting.ranking, chains) if setting.ranking is not None else None
        self.data: list[NDArray[np.int16]] = [start]  # of the last generations, as far back as agents look

    def seen(self, generation: int, rows: slice) -> Ints:
        """(n, …) the outcomes that the agents of a generation see, of the last generations."""
        turns, lookback = len(self.setting.learners), self.setting.config.lookback
        back = [turns * k + 1 for k in range(lookback, -1, -1) if turns * k + 1 <= min(generation, len(self.data))]
        return np.concatenate([self.data[-k][rows] for k in back], axis=1).astype(np.int64)

    def step(self, generation: int, out: NDArray[np.int16], cancelled: Callable[[], bool] | None) -> _Step | None:
        """Computes a generation of all chains; None if it was cancelled, and then no chain counts for it."""
        made = np.full((self.chains, self.setting.samples), ABSENT, dtype=np.int16)
        passed, belief, entropy, living = np.zeros(self.size + 1), np.zeros(0), 0.0, 0
        learner = self.setting.learner(generation)
        if self.pools is not None:
            self.pools.begin(self.setting.config.own_samples)
        for first in range(0, self.chains, BLOCK):
            if cancelled is not None and cancelled():
                return None
            rows = slice(first, first + BLOCK)
            seen = self.seen(generation, rows)
            counts = counted(seen, self.size)
            most = seen.shape[1]
            if self.kept is not None:
                self.kept[rows] += counts[:, :-1]
                counts[:, :-1] = self.kept[rows]
                most = int(counts[:, :-1].sum(axis=1).max())
            block = _Block(self.setting, learner, counts, most, generation, self.rng, self._room)
            learned = block.learn()
            learned[~self.alive[rows]] = -1
            self.alive[rows] &= learned >= 0
            out[rows] = learned
            at = np.flatnonzero(self.alive[rows])
            if at.size:
                made[first + at] = block.make(learned, at, self.pools, first + at)
            passed += counted(made[rows].astype(np.int64), self.size).sum(axis=0)
            if self.beliefs:
                sums, entropies = block.beliefs(at)
                belief, entropy, living = belief + sums if belief.size else sums, entropy + entropies, living + at.size
        if self.pools is not None:
            self.pools.end()
        self.data = [*self.data, made][-(len(self.setting.learners) * self.setting.config.lookback + 1) :]
        return _Step(passed[:-1], belief / max(living, 1), entropy / max(living, 1))


class _Block:
    """Some chains in one generation."""

    def __init__(
        self, setting: Setting, learner: Learner, counts: Array, most: int, generation: int, rng: np.random.Generator, room: Array
    ) -> None:
        self.setting, self.learner, self.counts, self.most = setting, learner, counts, most
        self.generation, self.rng = generation, rng
        self._room = room[:, : len(counts)]
        self._sums: Array | None = None

    def learn(self) -> Ints:
        """(n,) hᵗ after the filters; −1 where the chain stops."""
        gates = self.setting.gates(self.generation)
        logs = self.learner.log_weights(self.counts, self._room[0])
        p = self.learner.weights(logs, self.most, out=None if gates else logs)
        uniform = self.rng.random(len(p))
        if not gates:
            sums = np.cumsum(p, axis=1, out=self._room[1])
            learned = drawn(sums, uniform)
            self._sums = None if self.learner.takes_maximum else sums
        else:
            p = normalised(p)
            for gate in gates:
                p = gate(p, logs, self.learner)
            sums = np.cumsum(p, axis=1, out=self._room[1])
            learned = (sums > uniform[:, None]).argmax(axis=1)
            learned[uniform >= sums[:, -1]] = self._rounded(p, uniform)[uniform >= sums[:, -1]]
        for revise in self.setting.revisions:
            learned = self._revised(revise, learned)
        return learned

    @staticmethod
    def _rounded(p: Array, uniform: Array) -> Ints:
        """−1, or the last possible hypothesis where the sum is below 1 by rounding alone."""
        total = p.sum(axis=1)
        last = p.shape[1] - 1 - (p[:, ::-1] > 0).argmax(axis=1)
        return np.where((total > 1 - 1e-12) & (uniform > 1 - 1e-12), last, -1)

    def _revised(self, revise: Revise, learned: Ints) -> Ints:
        out, at = learned.copy(), np.flatnonzero(learned >= 0)
        if at.size:
            state = Revising(self.setting.outcomes, self.learner, self.counts[at], self.rng)
            out[at] = revise(learned[at], state)
        return out

    def make(self, learned: Ints, at: Ints, pools: Pools | None, chains: Ints) -> Ints:
        """(n, M) outcomes passed on by the chains in these rows, which go on; those of d⁰ that are mixed in come last.

        chains: (n,) their numbers among all chains, which their pools have.
        """
        setting = self.setting
        making = Making(
            setting.outcomes, learned[at], self.learner.noise, self.generation, setting.samples, self.rng,
            lambda rows: drawn(self._belief_sums()[at[rows]], self.rng.random(len(rows))),
        )  # fmt: skip
        source = predictive(making) if setting.states_nothing else fresh(making)
        for gate in setting.sample_gates:
            source = gate(source, making)
        made = source(np.arange(len(at)), np.full(len(at), setting.config.own_samples))
        if pools is not None:
            made = pools.choose(chains, made, self.rng)
        mixed = setting.samples - setting.config.own_samples
        if not mixed:
            return made
        places = self.rng.random((len(at), len(setting.start))).argsort(axis=1)[:, :mixed]
        return np.concatenate([made, setting.start[places]], axis=1)

    def beliefs(self, at: Ints) -> tuple[Array, float]:
        """The sums of the beliefs (H,) and of their entropies in nats, over the chains in these rows."""
        p = np.diff(self._belief_sums()[at], axis=1, prepend=0.0)
        p /= p.sum(axis=1, keepdims=True)
        log_p = np.log(p, out=np.zeros_like(p), where=p > 0)
        return p.sum(axis=0), float(-(p * log_p).sum())

    def _belief_sums(self) -> Array:
        """(n, H) cumulative sums of the beliefs, up to a factor of each row."""
        if self._sums is None:
            learner = replace(self.learner, takes_maximum=False)
            self._sums = np.cumsum(learner.weights(learner.log_weights(self.counts), self.most), axis=1)
        return self._sums
