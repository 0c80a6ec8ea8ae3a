"""The metrics that a lesson's texts and questions can name, each a number of a chain at a generation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes.inference import entropy, log_normalise
from iicl_tui.chain.engine import Chain
from iicl_tui.filters.effective_set import EffectiveSet
from iicl_tui.lessons.hints import hint

Unit = Literal["share", "count", "nats", "number"]
Array = NDArray[np.float64]

RIVAL = ("ĥ", "rival")


@dataclass(frozen=True)
class Metric:
    """One metric.

    Attributes:
        help: One line for the guide.
        unit: Decides how the number is written; "number" for a metric whose unit depends on its argument.
        value: From a chain, a generation and the argument to a number. Raises ValueError with a sentence for the author.
        argument: The metric takes an argument in parentheses.
        first: The first generation that has it; 0 is d⁰.
    """

    help: str
    unit: Unit
    value: Callable[[Chain, int, str], float]
    argument: bool = False
    first: int = 0


def log_belief(chain: Chain, generation: int) -> Array:
    """(H,) log P(h | dᵗ⁻¹) in nats of the agent of generation t; its prior for 0. Raises ValueError if it is not known."""
    belief = chain.prior() if generation == 0 else chain.belief(generation)
    if belief is None:
        raise ValueError("the belief is not known" + (": a prior is known of a Bayesian agent" if generation == 0 else ""))
    return belief.log_p


def log_going_on(chain: Chain, generation: int) -> Array:
    """(H,) the belief restricted to the hypotheses that the effective-set filters let pass, renormalised, in nats."""
    log_p = log_belief(chain, generation)
    for each in chain.config.filters:
        if isinstance(each, EffectiveSet):
            log_p = np.where(each.members(chain.task, chain.start), log_p, -np.inf)
    return log_normalise(log_p)


def grouping(chain: Chain, name: str) -> int:
    """The index of a grouping of the space, such as an object. Raises ValueError."""
    names = [split.name for split in chain.task.space.groupings]
    if name in names:
        return names.index(name)
    raise ValueError(f'there is no "{name}"; {hint(name, names)}')


def part(chain: Chain, argument: str) -> tuple[int, int]:
    """The grouping and the value that "screen off" names. Raises ValueError."""
    known = [(f"{split.name} {value}", (i, j))
             for i, split in enumerate(chain.task.space.groupings) for j, value in enumerate(split.values)]  # fmt: skip
    for name, place in known:
        if name == argument:
            return place
    raise ValueError(f'there is no "{argument}"; {hint(argument, (name for name, _ in known))}')


def distribution(chain: Chain, generation: int, name: str) -> Array:
    """(values,) the probabilities of a grouping's values. Raises ValueError."""
    split = chain.task.space.groupings[grouping(chain, name)]
    p = np.exp(log_belief(chain, generation))
    return np.asarray([p[split.codes == value].sum() for value in range(len(split.values))])


def _probability(chain: Chain, log_p: Array, argument: str, generation: int) -> float:
    p = np.exp(log_p)
    if argument == "h*":
        return float(p[chain.start.target])
    if argument in RIVAL:
        if chain.start.rival is None:
            raise ValueError("this chain has no rival ĥ")
        return float(p[chain.start.rival])
    if argument == "likeliest":
        return float(p.max())
    if argument == "kept":
        return float(p[_kept(chain, generation)])
    at, value = part(chain, argument)
    return float(p[chain.task.space.groupings[at].codes == value].sum())


def _kept(chain: Chain, generation: int) -> int:
    if generation < 1:
        raise ValueError("a rule is kept from generation 1 on")
    return chain.generations[generation - 1].hypothesis


def _figure(chain: Chain, argument: str, made: bool, generation: int) -> float:
    metrics = chain.task.dataset_metrics
    names = {name: i for i, metric in enumerate(metrics) for name in (metric.name, metric.short) if name}
    if argument not in names:
        raise ValueError(f'there is no measure "{argument}" of examples; {hint(argument, names)}')
    examples = chain.data(generation)
    if made and generation:
        record = chain.generations[generation - 1].transmission
        examples = tuple(s.drawn for s in record.samples if s.origin is None) if record is not None else ()
    if not examples:
        raise ValueError("there are no examples to measure")
    return float(chain.task.measure(examples)[names[argument]])


def _is(chain: Chain, generation: int, argument: str) -> float:
    at, value = part(chain, argument)
    return float(chain.task.space.groupings[at].codes[_kept(chain, generation)] == value)


def _says(chain: Chain, generation: int, argument: str) -> float:
    try:
        example = chain.task.read_line(argument)
    except ValueError as error:
        raise ValueError(f"says takes an example, as says(A, B -> on): {error}") from None
    rule = _kept(chain, generation) if generation else chain.start.target
    return float(chain.task.agrees(rule, example))


def _redraws(chain: Chain, generation: int) -> float:
    record = chain.generations[generation - 1].interaction
    return float(record.redraws if record is not None else 0)


METRICS: Mapping[str, Metric] = {
    "P": Metric("probability of an object's state (screen off), of h*, rival, likeliest or kept; @0 is the prior", "share",
                lambda chain, t, what: _probability(chain, log_belief(chain, t), what, t), argument=True),
    "passed P": Metric("the same within what an effective-set filter lets pass", "share",
                       lambda chain, t, what: _probability(chain, log_going_on(chain, t), what, t), argument=True, first=1),
    "kept": Metric("1 if the rule that goes on has this state, else 0", "count", _is, argument=True,
                   first=1),
    "share": Metric("share of the generations so far whose rule has this state", "share",
                    lambda chain, t, what: float(np.mean([_is(chain, each, what) for each in range(1, t + 1)])), argument=True,
                    first=1),
    "made": Metric("a measure of the examples that were made, by its name", "number",
                   lambda chain, t, what: _figure(chain, what, True, t), argument=True),
    "passed": Metric("the same of the examples that were passed on", "number",
                     lambda chain, t, what: _figure(chain, what, False, t), argument=True),
    "entropy": Metric("entropy of the belief in nats", "nats", lambda chain, t, _: float(entropy(log_belief(chain, t)))),
    "explained": Metric("how many of the first examples the rule gets right", "count",
                        lambda chain, t, _: float(chain.task.explained(chain.start.samples)[_kept(chain, t)]), first=1),
    "rules": Metric("how many rules there are", "count", lambda chain, t, _: float(chain.task.space.size)),
    "fitting": Metric("how many rules explain all examples of dᵗ", "count",
                      lambda chain, t, _: float((chain.task.explained(chain.data(t)) == len(chain.data(t))).sum())),
    "examples": Metric("how many examples are passed on", "count", lambda chain, t, _: float(len(chain.data(t)))),
    "says": Metric("1 if the rule of generation t gives this output, else 0; @0 is h*", "count", _says, argument=True),
    "redraws": Metric("how often the filter had the agent draw again", "count", lambda chain, t, _: _redraws(chain, t), first=1),
}  # fmt: skip


def unit_of(chain: Chain, name: str, argument: str) -> Unit:
    """The unit of a metric; for a measure of examples, whether it is a share."""
    unit = METRICS[name].unit
    if unit != "number":
        return unit
    found = [metric for metric in chain.task.dataset_metrics if argument in (metric.name, metric.short)]
    return "share" if found and found[0].high == 1.0 else "number"
