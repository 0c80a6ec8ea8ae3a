"""Fits a Bayesian agent to what an agent chose or believed, by penalised maximum likelihood.

An agent with prior weights, label noise ε and temperature τ learns h from data of which it gets w(h) examples wrong with

    q(h | d) ∝ exp(φ(h) − β w(h)),    φ = log P₀ / τ,    β = λ / τ,    λ = ln((1 − ε)(Y − 1) / ε) nats per wrong example,

an exponential family. φ is a sum of one weight for each value of each factor, φ(h) = Σ θ(value of h), so that what is learned of a
value holds for all rules with it. The objective is

    Σ over generations of Σ n(h) log q(h | d) − Σ θ² / 2σ²,    σ = 3 nats,

which has one maximum. n counts what was drawn, or it is the belief itself, which is known and not drawn; then it counts as
`KNOWN` draws, so that the penalty does not matter. From what an agent believes and chooses, only φ and β can be told: twice the
temperature with twice the prior and twice λ is the same agent. What it makes tells ε, and ε tells τ = λ / β.

Of few draws that β is far too high on average, since some agents hardly show a wrong choice. For draws, β is therefore the
maximum with Jeffreys' prior, of the objective plus ½ log det of minus its second derivative, over the θ that are best for each β.
That takes away the bias of order 1/n (Firth 1993).

Of draws, β's interval is where that objective is at most 1.92 below its maximum. The other intervals are ± 1.96 standard errors:
of draws by the inverse of the objective's second derivative; of known beliefs by the sandwich of the generations' scores, since
what varies is the generation and not a draw. They need several generations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes.binomial import log_interval
from iicl_tui.bayes.inference import log_normalise
from iicl_tui.errors import LabError
from iicl_tui.text import outwards

Array = NDArray[np.float64]

SIGMA = 3.0
"""Standard deviation of the penalty on each weight, in nats: a factor of 20 either way is usual."""

KNOWN = 1000.0
"""How many draws a known belief counts as."""

_BEYOND, _LEAST_MOST = 1.2, 0.5
"""β with Jeffreys' prior is looked for up to so many times the one without, or nats."""
_MOST_BETA = 200.0

SIMULATIONS = 999
"""Of the goodness of fit."""

Z = 1.959963984540054


@dataclass(frozen=True)
class Estimate:
    """A number with its interval of 95 %."""

    value: float
    low: float
    high: float

    @property
    def text(self) -> str:
        """0.52 (0.31 to 0.74)"""
        value = f"{self.value + 0.0:.2f}".replace("-0.00", "0.00")
        return f"{value} ({' to '.join(outwards(self.low, self.high, 2))})"


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted agent.

    Attributes:
        log_prior: (H,) φ, normalised: the tempered prior, in nats.
        weights: One for each value of each factor, relative to the mean of the factor's values, in nats.
        beta: β in nats per wrong example.
        log_q: (T, H) what the fitted agent believes of each generation's data, in nats.
        distance: The mean total variation between n, normalised, and q.
        p_value: How often draws from q lie as far from what is expected as these do; None for known beliefs. It is
            somewhat too high, since q was fitted.
        informed: Whether the median standard error of a weight is below 1 nat, so that the data tell weights within a factor of 7.
    """

    log_prior: Array
    weights: tuple[tuple[Estimate, ...], ...]
    beta: Estimate
    log_q: Array
    distance: float
    p_value: float | None
    informed: bool


def fit_agent(counts: Array, wrong: Array, codes: NDArray[np.integer], known: bool = False) -> Fit:
    """Fits φ and β.

    Args:
        counts: (T, H) n of each generation; for known beliefs the beliefs.
        wrong: (T, H) w.
        codes: (H, F) the value of each factor, as `ProductSpace.codes`.
        known: The beliefs are known, not drawn.

    Raises:
        LabError: scipy is not installed, or there is nothing to fit.
    """
    if counts.sum() <= 0:
        raise LabError("Nothing to fit", "No generation has a belief or a choice on record.")
    optimize = _scipy()
    design, sizes = _design(codes)
    n = counts * KNOWN if known else counts
    problem = _Problem(n, wrong, design)
    start = np.append(np.zeros(design.shape[1]), 1.0)
    bounds = [(None, None)] * design.shape[1] + [(0.0, _MOST_BETA)]
    found = optimize.minimize(problem.loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500})
    theta = problem.polished(found.x)
    ends = None
    if not known:
        theta, *ends = problem.unbiased(theta, optimize)
    log_q = problem.log_q(theta)
    covariance = problem.covariance(theta, known)
    error = math.sqrt(max(float(covariance[-1, -1]), 0.0))
    low, high = ends or (max(float(theta[-1]) - Z * error, 0.0), float(theta[-1]) + Z * error)
    beta = Estimate(float(theta[-1]), low, high)
    weights = _centred(theta[:-1], covariance[:-1, :-1], sizes)
    p = n / np.maximum(n.sum(axis=1, keepdims=True), 1e-300)
    used = n.sum(axis=1) > 0
    return Fit(
        log_normalise(design @ theta[:-1]), weights, beta, log_q,
        float(np.abs(p - np.exp(log_q))[used].sum(axis=1).mean() / 2), None if known else problem.p_value(log_q),
        known or _is_informed(weights),
    )  # fmt: skip


class _Problem:
    """The objective, its gradient and its second derivative. The parameters: θ, then β."""

    def __init__(self, n: Array, wrong: Array, design: Array) -> None:
        self.n, self.design = n, design
        self.wrong = wrong - wrong.min(axis=1, keepdims=True)

    def log_q(self, theta: Array) -> Array:
        return log_normalise(self.design @ theta[:-1] - theta[-1] * self.wrong)

    def loss(self, theta: Array) -> tuple[float, Array]:
        log_q = self.log_q(theta)
        scores = self.scores(theta, log_q).sum(axis=0)
        penalty = float((theta[:-1] ** 2).sum()) / (2 * SIGMA**2)
        return float(-(self.n * log_q).sum()) + penalty, -scores + np.append(theta[:-1], 0.0) / SIGMA**2

    def scores(self, theta: Array, log_q: Array) -> Array:
        """(T, P) the gradient of each generation's log-likelihood."""
        off = self.n - self.n.sum(axis=1, keepdims=True) * np.exp(log_q)
        return np.concatenate([off @ self.design, -(off * self.wrong).sum(axis=1, keepdims=True)], axis=1)

    def information(self, theta: Array) -> Array:
        """(P, P) minus the second derivative of the objective."""
        weights = self.n.sum(axis=1)
        q = np.exp(self.log_q(theta)) * weights[:, None]
        means = np.concatenate([q @ self.design, -(q * self.wrong).sum(axis=1, keepdims=True)], axis=1)
        total = np.diag(np.append(np.full(len(theta) - 1, SIGMA**-2), 1e-12))
        total[:-1, :-1] += (self.design * q.sum(axis=0)[:, None]).T @ self.design
        total[:-1, -1] -= self.design.T @ (q * self.wrong).sum(axis=0)
        total[-1, :-1] = total[:-1, -1]
        total[-1, -1] += (q * self.wrong**2).sum()
        return np.asarray(total - (means / np.maximum(weights, 1e-300)[:, None]).T @ means, dtype=np.float64)

    def polished(self, theta: Array) -> Array:
        """The maximum, by Newton's method from near it; β stays at a bound."""
        for _ in range(20):
            loss, gradient = self.loss(theta)
            free = np.append(np.ones(len(theta) - 1, dtype=np.bool_), 0 < theta[-1] < _MOST_BETA)
            step = np.zeros(len(theta))
            step[free] = np.linalg.solve(self.information(theta)[np.ix_(free, free)], gradient[free])
            new = theta - step
            if not np.isfinite(new).all() or new[-1] < 0 or self.loss(new)[0] > loss:
                return theta
            theta = new
            if np.abs(step).max() < 1e-10:
                return theta
        return theta

    def unbiased(self, theta: Array, optimize: Any) -> tuple[Array, float, float]:
        """The maximum with Jeffreys' prior over β, from the one without, and the ends of β's interval."""

        def loss(beta: float) -> float:
            there = self.best_for(beta, theta)
            return self.loss(there)[0] - float(np.linalg.slogdet(self.information(there))[1]) / 2

        most = _BEYOND * max(float(theta[-1]), _LEAST_MOST)
        found = optimize.minimize_scalar(loss, bounds=(0.0, most), method="bounded", options={"xatol": 1e-3})
        best, least = float(found.x), float(found.fun) + Z**2 / 2

        def beyond(beta: float) -> float:
            return loss(beta) - least

        low = optimize.brentq(beyond, 0.0, best, xtol=1e-3) if beyond(0.0) > 0 else 0.0
        far = 2 * most
        while beyond(far) < 0 and far < _MOST_BETA:
            far *= 2
        high = optimize.brentq(beyond, best, far, xtol=1e-3) if beyond(far) > 0 else math.inf
        return self.best_for(best, theta), float(low), float(high)

    def best_for(self, beta: float, theta: Array) -> Array:
        """The best θ for this β, by Newton's method."""
        out = np.append(theta[:-1], beta)
        for _ in range(20):
            step = np.linalg.solve(self.information(out)[:-1, :-1], self.loss(out)[1][:-1])
            out[:-1] -= step
            if np.abs(step).max() < 1e-8:
                break
        return out

    def covariance(self, theta: Array, known: bool) -> Array:
        inverse = np.asarray(np.linalg.inv(self.information(theta)), dtype=np.float64)
        if not known:
            return inverse
        scores = self.scores(theta, self.log_q(theta))
        generations = max(len(scores), 2)
        return np.asarray(inverse @ (scores.T @ scores) @ inverse * generations / (generations - 1), dtype=np.float64)

    def p_value(self, log_q: Array) -> float:
        """How often draws of the fitted agent lie as far from what it expects, rule by rule over all generations, as these do."""
        q, weights = np.exp(log_q), np.rint(self.n.sum(axis=1)).astype(np.int64)
        expected = (weights[:, None] * q).sum(axis=0)
        rng = np.random.default_rng(0)
        drawn = np.zeros((SIMULATIONS, q.shape[1]))
        for weight, row in zip(weights, q, strict=True):
            drawn += rng.multinomial(weight, row / row.sum(), size=SIMULATIONS)
        there = expected > 1e-9
        found, usual = (((each - expected) ** 2)[..., there] @ (1 / expected[there]) for each in (self.n.sum(axis=0), drawn))
        return float((1 + (usual >= found).sum()) / (1 + SIMULATIONS))


def _design(codes: NDArray[np.integer]) -> tuple[Array, list[int]]:
    """(H, V) one column for each value of each factor, and how many values each factor has."""
    columns, sizes = [], []
    for factor in codes.T:
        sizes.append(int(factor.max()) + 1)
        columns.append(factor[:, None] == np.arange(sizes[-1]))
    return np.concatenate(columns, axis=1).astype(np.float64), sizes


def _centred(theta: Array, covariance: Array, sizes: list[int]) -> tuple[tuple[Estimate, ...], ...]:
    out, at = [], 0
    for size in sizes:
        centre = np.eye(size) - 1 / size
        values = centre @ theta[at : at + size]
        errors = np.sqrt(np.maximum(np.diag(centre @ covariance[at : at + size, at : at + size] @ centre), 0.0))
        out.append(tuple(Estimate(v, v - Z * e, v + Z * e) for v, e in zip(values.tolist(), errors.tolist(), strict=True)))
        at += size
    return tuple(out)


def _is_informed(weights: Sequence[Sequence[Estimate]]) -> bool:
    return bool(np.median([(each.high - each.low) / (2 * Z) for factor in weights for each in factor]) < 1)


def _scipy() -> Any:
    try:
        from scipy import optimize
    except ImportError:
        raise LabError(
            "scipy is not installed", "Fits of agents need it.", "Install it with `pip install 'iicl-tui[studies]'`."
        ) from None
    return optimize


# -- how it chooses ------------------------------------------------------------------------------------------------------

MOST_GAMMA = 1e6
SAMPLERS = 399
"""Simulated agents that sample, to judge by how far one may be off."""


@dataclass(frozen=True)
class Choosing:
    """How an agent chooses from its beliefs: with the chances P(h)^γ, renormalised. 1: a sampler; ∞: it takes the maximum.

    Attributes:
        gamma: The likeliest γ, with the interval of all γ whose log-likelihood is not further below the greatest than 1.92, or than
            that of γ = 1 is for 95 % of agents that sample, if that is more.
        verdict: "sampler", "maximiser", "neither" or "cannot tell".
        modes: How many choices were a likeliest rule.
        choices: How many choices there are.
    """

    gamma: Estimate
    verdict: str
    modes: int
    choices: int


def fit_choosing(log_p: Array, chosen: NDArray[np.integer]) -> Choosing:
    """Fits γ.

    Args:
        log_p: (T, H) the beliefs in nats.
        chosen: (T,) what was chosen of each.
    """
    relative = log_p - log_p.max(axis=1, keepdims=True)
    relative[relative > -1e-9] = 0.0
    of_choices = relative[np.arange(len(chosen)), chosen]
    grid = np.sort(np.concatenate([[0.0, 1.0], np.geomspace(1e-3, MOST_GAMMA, 1200)]))
    totals = _log_totals(relative, grid)
    below = _below_greatest(np.array([of_choices.sum()]), grid, totals)[0]
    reach = max(Z**2 / 2, _reach_of_samplers(relative, grid, totals))
    inside = np.flatnonzero(below <= reach + 1e-9)
    at, low, high = int(below.argmin()), float(grid[inside[0]]), float(grid[inside[-1]])
    modes = int((of_choices == 0).sum())
    value = math.inf if modes == len(chosen) or grid[at] >= MOST_GAMMA / 2 else float(grid[at])
    high = math.inf if high >= MOST_GAMMA / 2 else high
    sampler, maximiser = low <= 1 <= high, math.isinf(high)
    verdict = "cannot tell" if sampler and maximiser else "sampler" if sampler else "maximiser" if maximiser else "neither"
    return Choosing(Estimate(value, low, high), verdict, modes, len(chosen))


def _log_totals(relative: Array, grid: Array) -> Array:
    """(G,) for each γ the sum over choices of log Σ p(h)^γ; rules of probability 0 are never chosen, whatever γ."""
    finite = np.where(np.isfinite(relative), relative, 0.0)
    there = np.isfinite(relative)
    return np.array([np.log(np.where(there, np.exp(gamma * finite), 0.0).sum(axis=1)).sum() for gamma in grid])


def _below_greatest(sums: Array, grid: Array, totals: Array) -> Array:
    """(N, G) how far the log-likelihood of each γ is below the greatest, from (N,) sums of log p of the choices."""
    likelihood = np.where(np.isfinite(sums), sums, 0.0)[:, None] * grid - totals
    return np.asarray(likelihood.max(axis=1, keepdims=True) - likelihood)


def _reach_of_samplers(relative: Array, grid: Array, totals: Array) -> float:
    """How far γ = 1 is below the greatest log-likelihood in at most 5 % of agents that sample from these beliefs, simulated.

    Where few choices are not the likeliest rule, that is more than the 1.92 of many choices.
    """
    rng = np.random.default_rng(0)
    sums = np.zeros(SAMPLERS)
    for row in relative:
        p = np.cumsum(np.exp(row))
        sums += row[np.minimum(np.searchsorted(p, rng.random(SAMPLERS) * p[-1], side="right"), len(row) - 1)]
    at_one = _below_greatest(sums, grid, totals)[:, int(np.searchsorted(grid, 1.0))]
    return float(np.sort(at_one)[round(0.95 * (SAMPLERS + 1)) - 1])


# -- noise and temperature -------------------------------------------------------------------------------------------------


def noise_of(wrong: int, samples: int) -> Estimate:
    """ε from how many samples an agent made that its own rule contradicts: with Clopper and Pearson's exact interval."""
    if not samples:
        return Estimate(math.nan, 0.0, 1.0)
    low, high = (math.exp(end) for end in log_interval(wrong, samples))
    return Estimate(wrong / samples, low, high)


def temperature_of(beta: Estimate, noise: Estimate, outputs: int) -> Estimate:
    """τ = λ(ε) / β, between its extremes over both intervals: at least 90 % level. Infinite ends say that it cannot be told."""

    def weight(epsilon: float) -> float:
        if epsilon <= 0:
            return math.inf
        chance = 1 - 1 / outputs
        return 0.0 if epsilon >= chance else math.log((1 - epsilon) * (outputs - 1) / epsilon)

    if math.isnan(noise.value):
        return Estimate(math.nan, 0.0, math.inf)
    value = weight(noise.value) / beta.value if beta.value > 0 else math.inf
    low = weight(noise.high) / beta.high if beta.high > 0 else 0.0
    high = weight(noise.low) / beta.low if beta.low > 0 else math.inf
    return Estimate(value, low, high)
