"""Exact transition matrices of a chain with its filters, where one exists and is small enough to be summed."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes import multisets
from iicl_tui.errors import LabError
from iicl_tui.filters.yoked import Yoked
from iicl_tui.store.array_cache import ArrayCache, content_key
from iicl_tui.study.theory.gates import Gate, Redraw, Restrict, normalised
from iicl_tui.study.theory.learning import IMPOSSIBLE, Learner, likeliest
from iicl_tui.study.theory.making import Accept
from iicl_tui.study.theory.outcomes import AcronymOutcomes, LabelOutcomes, counted
from iicl_tui.study.theory.setting import Setting

Array = NDArray[np.float64]
Progress = Callable[[float], None]

MOST_WORK = 2e12
"""Floating-point operations of the matrix products: a minute or two. ACRE with five objects and M = 4 takes 4e11."""

_VERSION = 1
"""Of what the cache holds."""


class NoMatrix(LabError):
    """The chain has no transition matrix, or one that would take too long."""

    def __init__(self, what: str) -> None:
        super().__init__("No exact prediction", what, "It can be simulated.")


@dataclass(frozen=True, eq=False)
class Law:
    """The law of a chain.

    Attributes:
        first: (H,) the distribution of h¹ after the filters; sums to 1 less the chance that the chain stops.
        turns: One (H, H) matrix for each agent: from the hypothesis of its generation to that of the next agent's.
    """

    first: Array
    turns: tuple[Array, ...]


def why_none(setting: Setting) -> str:
    """Why the chain has no matrix over hypotheses; "" if it has one."""
    config = setting.config
    if config.keep.accumulates:
        return "All data are kept, so that the next hypothesis depends on more than the present one."
    if config.lookback:
        return "Agents look back, so that the next hypothesis depends on more than the present one."
    if setting.states_nothing:
        return "Agents state no rule: their samples are made from a fresh one each."
    if setting.revisions or not all(isinstance(gate, Accept) for gate in setting.sample_gates):
        return "A filter has the agent learn again or asks a partner: the next hypothesis depends on more than the present one."
    if setting.ranking is not None:
        return "A filter ranks samples, of a pool of all earlier ones or of this generation."
    if setting.sample_gates and getattr(config.task, "distinct", False):
        return "Samples that take the place of rejected ones may repeat an input."
    yoked = [each for each in config.filters if isinstance(each, Yoked)]
    if any(len(set(rates)) > 1 for each in yoked for rates in each.rates.values()):
        return "A filter's rates differ from one generation to the next."
    return ""


def law_of(setting: Setting, cache: ArrayCache | None = None, progress: Progress | None = None) -> Law:
    """The exact law. Raises NoMatrix."""
    if why := why_none(setting):
        raise NoMatrix(why)
    turns = len(setting.learners)
    pairs = [(setting.learners[at], setting.learners[(at + 1) % turns]) for at in range(turns)]
    return Law(first(setting), tuple(_matrix(setting, maker, learner, cache, progress) for maker, learner in pairs))


def first(setting: Setting) -> Array:
    """(H,) the distribution of h¹ after the filters."""
    learner = setting.learners[0]
    logs = learner.log_weights(counted(setting.start[None, :], setting.outcomes.size))
    p = normalised(learner.weights(logs, np.inf))
    for gate in setting.gates(1):
        p = gate(p, logs, learner)
    return np.asarray(p[0])


@dataclass(frozen=True, eq=False)
class _Sum:
    """The arguments of one sum over datasets."""

    make: Array
    learn: Array
    prior: Array
    m: int
    outputs: int | None
    gates: Sequence[Gate]
    learner: Learner

    @property
    def work(self) -> float:
        """Floating-point operations of its matrix product."""
        return 2.0 * multisets.count(len(self.make), self.m, self.outputs) * self.make.shape[1] ** 2

    def run(self, cache: ArrayCache | None, progress: Progress | None) -> Array:
        """(H, H), from the cache or computed."""
        key = content_key([
            _VERSION, self.make, self.learn, self.prior, self.m, self.outputs, self.learner.takes_maximum,
            *(part for gate in self.gates for part in (type(gate).__name__, *(getattr(gate, f.name) for f in fields(gate)))),  # type: ignore[arg-type]
        ])  # fmt: skip
        size = self.make.shape[1]
        kept = cache.get(key) if cache is not None else None
        if kept is not None and kept.get("matrix", np.zeros(0)).shape == (size, size):
            return kept["matrix"]
        found = self._summed(progress)
        if cache is not None:
            cache.put(key, {"matrix": found})
        return found

    def _summed(self, progress: Progress | None) -> Array:
        accepts, redraws, pick = None, None, None
        gate = self.gates[0] if len(self.gates) == 1 else None
        if self.learner.takes_maximum or len(self.gates) > 1:
            pick = self._pick
        elif isinstance(gate, Redraw):
            accepts, redraws = gate.accepts, gate.redraws
        elif isinstance(gate, Restrict):
            accepts = gate.members.astype(np.float64)
        elif gate is not None:
            pick = self._pick
        return multisets.summed(
            self.make, self.learn, self.prior, self.m, outputs=self.outputs, accepts=accepts, redraws=redraws, pick=pick,
            progress=progress,
        )  # fmt: skip

    def _pick(self, weights: Array) -> Array:
        with np.errstate(divide="ignore"):
            logs = np.maximum(np.log(weights), IMPOSSIBLE)
        p = normalised(likeliest(logs) if self.learner.takes_maximum else weights)
        for gate in self.gates:
            p = gate(p, logs, self.learner)
        return p


def _matrix(setting: Setting, maker: Learner, learner: Learner, cache: ArrayCache | None, progress: Progress | None) -> Array:
    if parts := _independent_parts(setting, maker, learner):
        _check(parts)
        return np.asarray(np.kron(parts[0].run(cache, progress), parts[1].run(cache, progress)), dtype=np.float64)
    if not learner.in_range(setting.samples):
        raise NoMatrix("Its chances are too small for ordinary numbers: the noise or the temperature is very low.")
    make, absent = _made(setting, maker)
    learn, prior = np.exp(learner.log_outcomes[:-1]), np.exp(learner.log_outcomes[-1])
    outputs = setting.outcomes.outputs if isinstance(setting.outcomes, LabelOutcomes) else None
    outputs = outputs if getattr(setting.config.task, "distinct", False) else None
    own = setting.config.own_samples
    fewest = 0 if absent.max() > 1e-15 else own
    mixed = Counter(tuple(sorted(chosen)) for chosen in _subsets(setting))
    jobs = [
        (times, m, _Sum(make, learn, prior * learn[list(extra)].prod(axis=0), m, outputs, setting.gates(1), learner))
        for extra, times in mixed.items()
        for m in range(fewest, own + 1)
    ]
    _check([job for _, _, job in jobs])
    size, total = setting.config.task.space.size, mixed.total()
    out = np.zeros((size, size))
    for times, m, job in jobs:
        share = times / total * math.comb(own, m) * absent ** (own - m)
        out += share[:, None] * job.run(cache, progress)
    return out


def _check(jobs: Sequence[_Sum]) -> None:
    """Raises NoMatrix if the sums would take too long."""
    work = sum(job.work for job in jobs)
    if work > MOST_WORK:
        raise NoMatrix(
            f"The sum over all datasets would take {work:.1g} floating-point operations; at most {MOST_WORK:.0g} are done."
        )


def _subsets(setting: Setting) -> Sequence[tuple[int, ...]]:
    """Every choice of outcomes of d⁰ that are mixed in."""
    mixed = setting.samples - setting.config.own_samples
    if math.comb(len(setting.start), mixed) > 10_000:
        raise NoMatrix(f"{mixed} of {len(setting.start)} examples of d⁰ can be mixed in in too many ways.")
    return list(itertools.combinations(setting.start.tolist(), mixed))


def _made(setting: Setting, maker: Learner) -> tuple[Array, Array]:
    """(K, H) the chance of each outcome to be passed on in one place, and (H,) that nothing is."""
    make = np.exp(setting.outcomes.log_p(maker.noise))
    make = make / make.sum(axis=0)
    for gate in setting.sample_gates:
        assert isinstance(gate, Accept)
        passes = make * gate.chances(1, setting.outcomes.agree())
        chance = passes.sum(axis=0)
        with np.errstate(divide="ignore"):
            ever = -np.expm1((gate.redraws + 1) * np.log1p(-np.minimum(chance, 1.0)))
        make = passes * np.divide(ever, chance, out=np.zeros_like(chance), where=chance > 0)
    return make, np.clip(1 - make.sum(axis=0), 0.0, 1.0)


def _independent_parts(setting: Setting, maker: Learner, learner: Learner) -> list[_Sum]:
    """The share of common words and the length of acronyms, learned independently of each other; none if they are not."""
    if not isinstance(setting.outcomes, AcronymOutcomes) or setting.gates(1) or setting.sample_gates or setting.config.keep.mix:
        return []
    lengths = setting.outcomes.lengths
    prior = learner.log_prior.reshape(-1, lengths)
    with np.errstate(invalid="ignore"):
        apart = prior - prior[:, :1] - prior[:1] + prior[0, 0]
    if not (np.abs(apart) < 1e-9).all():
        return []
    shape = (2, lengths, -1, lengths)
    shares, sizes = [], []
    for noise in (maker.noise, learner.noise):
        p = np.exp(setting.outcomes.log_p(noise)).reshape(shape)
        shares.append(p[:, :, :, 0].sum(axis=1))
        sizes.append(p[:, :, 0, :].sum(axis=0))
    parts = []
    for (make, learn), log_prior in ((shares, prior[:, 0]), (sizes, prior[0])):
        tempered = np.exp((log_prior - log_prior.max()) / learner.temperature)
        scaled = (learn / learn.max(axis=1, keepdims=True)) ** (1 / learner.temperature)
        parts.append(_Sum(make, scaled, tempered, setting.samples, None, (), learner))
    return parts
