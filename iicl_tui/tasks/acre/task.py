"""ACRE: which objects light the lamp.

A hypothesis maps every object to a state. An example is a set of objects and the state of the light: on if any object shown
is on; otherwise undetermined if any is und; otherwise off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes.inference import log_normalise
from iicl_tui.bayes.space import Factor, ProductSpace
from iicl_tui.errors import Fault
from iicl_tui.schema import Field, describe, nearest
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.acre.bias import LEVELS, doublings
from iicl_tui.tasks.example import Example, Start
from iicl_tui.tasks.labelling import Labelling
from iicl_tui.tasks.priors import read_prior
from iicl_tui.tasks.spelling import comparable, composed

if TYPE_CHECKING:
    from iicl_tui.tasks.acre.wording import AcreWording

Array = NDArray[np.float64]

MOST_OBJECTS = 8
"""Limit on n. The truth table has 3ⁿ × (2ⁿ − 1) entries: 1.7 million for 8 objects; 10 million for 9, too slow for a step."""

RANDOM_STATES = (0.5, 0.3, 0.2)
"""P(on), P(off), P(und) of each object of a random h* (experiment E1)."""


RESERVED = ("weight", "weights", "table")
"""Keys of [agent.prior] and columns of its file that are not objects. No object may have such a name."""


class Acre(Labelling):
    """An ACRE task.

    Args:
        objects: names of the n objects.
        states: names of the states on, off and undetermined, in this order; the third may be left out.
        hypothesis: h*, as in the [task] table: "random", an index into `candidates`, or a table of states.
        initial: size of d⁰.
        samples: M.
        draw: "any", or "overlap" for a d⁰ that cannot tell h* and ĥ apart.
        distinct: no input twice among the samples of one draw.
        spurious: the object that the bias is about.
        rival: the state that ĥ gives to the spurious object if h* is a table.
        bias: one of `LEVELS`.
        rules: "stated", or "hidden" if examples are made straight from examples.
    """

    name = "acre"
    factor_word = "objects"

    def __init__(
        self,
        objects: Sequence[str] = ("A", "B", "C", "D", "screen"),
        states: Sequence[str] = ("on", "off", "und"),
        *,
        hypothesis: Any = "random",
        initial: int = 4,
        samples: int = 4,
        draw: str = "any",
        distinct: bool = False,
        spurious: str | None = None,
        rival: str | None = None,
        bias: str = "none",
        rules: str = "stated",
    ) -> None:
        self.objects = tuple(map(composed, objects))
        self.outputs = tuple(map(composed, states))
        self.space = ProductSpace(tuple(Factor(name, self.outputs) for name in self.objects))
        self.focus = self.objects.index(composed(spurious)) if spurious is not None else None
        self.samples = samples
        self._initial, self._draw, self.distinct = initial, draw, distinct
        self._hypothesis, self._rival, self.bias = hypothesis, rival, bias
        self.fresh_rules = rules == "hidden"
        self._objects_by_form = {comparable(name): name for name in self.objects} | dict(
            zip(self.objects, self.objects, strict=True)
        )
        self._states_by_form = {comparable(name): name for name in self.outputs} | dict(
            zip(self.outputs, self.outputs, strict=True)
        )
        self._input_of: dict[tuple[str, ...], int] = {x: i for i, x in enumerate(self.inputs)}
        self._output_of = {y: i for i, y in enumerate(self.outputs)}

    # -- semantics ----------------------------------------------------------------------------------------------------

    @cached_property
    def shown(self) -> NDArray[np.bool_]:
        """(X, objects): which objects each input shows. Inputs are the binary numbers 1 … 2ⁿ−1, first object highest bit."""
        n = len(self.objects)
        numbers = np.arange(1, 2**n)
        return (numbers[:, None] >> np.arange(n - 1, -1, -1)) & 1 == 1

    @cached_property
    def inputs(self) -> tuple[tuple[str, ...], ...]:
        """The objects of every input, in the order of `shown`."""
        return tuple(tuple(name for name, present in zip(self.objects, row, strict=True) if present) for row in self.shown.tolist())

    @cached_property
    def table(self) -> NDArray[np.int8]:
        """(H, X): index of the light's state that each hypothesis gives to each input."""
        codes = self.space.codes
        shown = self.shown.T.astype(np.float32)  # floats, since BLAS is far faster than integer products
        any_on = (codes == 0).astype(np.float32) @ shown > 0
        any_und = (codes == 2).astype(np.float32) @ shown > 0
        return np.where(any_on, 0, np.where(any_und, 2, 1)).astype(np.int8)

    def transmit(self, hypothesis: int, count: int, noise: float, rng: np.random.Generator) -> tuple[Example, ...]:
        """Draw count samples: x uniform over the inputs (without replacement if `distinct`), y with label noise."""
        total = len(self.inputs)
        chosen = rng.permutation(total)[:count] if self.distinct else rng.integers(total, size=count)
        return self.draw_labels(hypothesis, chosen, noise, rng)

    # -- words --------------------------------------------------------------------------------------------------------

    def rule(self, hypothesis: int) -> str:
        """The hypothesis in words: A on  B off  …"""
        return "  ".join(f"{name} {state}" for name, state in self.space.assignment(hypothesis).items())

    def example_text(self, example: Example) -> str:
        """The example on one line: A, C → on"""
        return f"{', '.join(example.input)} → {example.output}"

    def read_hypothesis(self, value: Any) -> int:
        """Read {A = "on", …}. Raises ValueError."""
        if not isinstance(value, dict):
            raise ValueError(f"expected a table that gives every object a state, found {describe(value)}")
        given = {_spelt(key, self._objects_by_form): state for key, state in value.items()}
        codes = []
        for name in self.objects:
            if name not in given:
                raise ValueError(f"gives no state to {name}")
            state = _spelt(given[name], self._states_by_form)
            if not isinstance(state, str) or state not in self._output_of:
                raise ValueError(f"{name} must be one of {', '.join(self.outputs)}, found {describe(state)}")
            codes.append(self._output_of[state])
        unknown = [key for key in given if key not in self.objects]
        if unknown:
            near = nearest(unknown[0], self.objects)
            raise ValueError(f"unknown object {describe(unknown[0])}; nearest known: {near or ', '.join(self.objects)}")
        return self.space.index(tuple(codes))

    def read_target(self, value: Any) -> int:
        """Read h* from {A = "on", …}. Raises ValueError, also if `rival` gives ĥ the same spurious object."""
        target = self.read_hypothesis(value)
        if self.focus is not None and self._rival is not None and self._rival_of(target) == target:
            name = self.objects[self.focus]
            raise ValueError(f"h* and ĥ must differ in {name}, and `rival` gives it {self._rival} in both")
        return target

    def read_example(self, input: Any, output: Any) -> Example:
        """Read a list of objects and a state. Raises ValueError."""
        if not isinstance(input, list) or not input:
            raise ValueError(f"input: expected a list of at least one object, found {describe(input)}")
        input, output = [_spelt(name, self._objects_by_form) for name in input], _spelt(output, self._states_by_form)
        for name in input:
            if not isinstance(name, str) or name not in self.objects:
                near = nearest(name, self.objects) if isinstance(name, str) else None
                hint = f"nearest known: {near}" if near else f"known: {', '.join(self.objects)}"
                raise ValueError(f"input: unknown object {describe(name)}; {hint}")
        if len(set(input)) != len(input):
            raise ValueError("input: an object appears twice")
        if not isinstance(output, str) or output not in self._output_of:
            raise ValueError(f"output: expected one of {', '.join(self.outputs)}, found {describe(output)}")
        ordered = tuple(input) if tuple(input) in self._input_of else tuple(o for o in self.objects if o in input)
        return Example(ordered, output)

    @cached_property
    def wording(self) -> AcreWording | None:
        """The wording; None if two state names differ in case alone, since replies could not tell them apart."""
        from iicl_tui.tasks.acre.hidden_wording import HiddenAcreWording  # most chains need no language model
        from iicl_tui.tasks.acre.wording import AcreWording

        if len({name.lower() for name in self.outputs}) != len(self.outputs):
            return None
        return HiddenAcreWording(self) if self.fresh_rules else AcreWording(self)

    # -- prior and start ----------------------------------------------------------------------------------------------

    def log_prior(self, prior: Mapping[str, Any], path: KeyPath, faults: list[Fault], folder: Path | None) -> Array:
        """(H,) log P₀: the agent's own weights times the bias towards a spurious object that is off."""
        log_prior = read_prior(self.space, prior, path, faults, folder)
        times = doublings(self.bias)
        if self.focus is not None and times:
            log_prior = log_normalise(log_prior + (self.space.codes[:, self.focus] == 1) * (times * np.log(2.0)))
        return log_prior

    def candidates(self) -> NDArray[np.int64]:
        """The hypotheses that a number in the configuration can name, in the order of the space.

        Those whose spurious object is not off (162 for five objects); all of them without a spurious object.
        """
        if self.focus is None:
            return np.arange(self.space.size)
        return np.flatnonzero(self.space.codes[:, self.focus] != 1)

    def partner(self, hypothesis: int) -> int:
        """The hypothesis that differs only in that the spurious object is off."""
        assert self.focus is not None
        codes = self.space.codes[hypothesis].tolist()
        codes[self.focus] = 1
        return self.space.index(tuple(codes))

    def in_common(self, first: int, second: int) -> NDArray[np.intp]:
        """Indices of the inputs to which both hypotheses give the same state."""
        return np.flatnonzero(self.table[first] == self.table[second])

    def start(self, rng: np.random.Generator, given: Mapping[str, Any], path: KeyPath, faults: list[Fault]) -> Start:
        """h*, ĥ and d⁰. What is not given is drawn: first h*, then d⁰ (distinct inputs, labels without noise)."""
        target, rival = self._draw_target(rng)
        try:
            if "hypothesis" in given:
                target = self.read_target(given["hypothesis"])
                rival = self._rival_of(target)
        except ValueError as error:
            faults.append(Fault((*path, "hypothesis"), str(error)))
        try:
            if "rival" in given:
                rival = self.read_hypothesis(given["rival"])
        except ValueError as error:
            faults.append(Fault((*path, "rival"), str(error)))
        if "sample" in given:
            return Start(target, rival, self.read_given_samples(given, path, faults))
        pool = np.arange(len(self.inputs))
        if self._draw == "overlap" and rival is not None:
            pool = self.in_common(target, rival)
        if len(pool) < self._initial:
            which = " that h* and ĥ both explain" if self._draw == "overlap" else ""
            faults.append(Fault(("task", "initial"), f"there are only {len(pool)} inputs{which}, and d⁰ shows none twice"))
        chosen = rng.permutation(pool)[: self._initial]
        return Start(target, rival, tuple(Example(self.inputs[x], self.predict(target, self.inputs[x])) for x in chosen))

    def _draw_target(self, rng: np.random.Generator) -> tuple[int, int | None]:
        if self._hypothesis == "random":
            weights = np.array(RANDOM_STATES[: len(self.outputs)])
            while True:
                codes = rng.choice(len(weights), size=len(self.objects), p=weights / weights.sum())
                if self.focus is not None:
                    codes[self.focus] = 1  # off in h*; another object must be on
                if (codes == 0).any() and (codes == 1).any():
                    break
            if self.focus is None:
                return self.space.index(tuple(codes.tolist())), None
            others = np.where(np.arange(len(weights)) == 1, 0.0, weights)
            codes[self.focus] = rng.choice(len(weights), p=others / others.sum())
            rival = self.space.index(tuple(codes.tolist()))
            return self.partner(rival), rival
        if isinstance(self._hypothesis, int):
            named = int(self.candidates()[self._hypothesis])
            return (named, None) if self.focus is None else (self.partner(named), named)
        target = self.read_hypothesis(self._hypothesis)
        return target, self._rival_of(target)

    def _rival_of(self, target: int) -> int | None:
        """ĥ differs from h* in the spurious object only. By default it is on in ĥ if it is off in h*, and off otherwise."""
        if self.focus is None:
            return None
        codes = self.space.codes[target].tolist()
        codes[self.focus] = self._output_of[self._rival] if self._rival else int(codes[self.focus] != 1)
        return self.space.index(tuple(codes))


def _spelt(value: Any, names: Mapping[str, str]) -> Any:
    """The name that a file's value stands for, however it is encoded; the value itself if it is none."""
    return names.get(value, names.get(comparable(value), value)) if isinstance(value, str) else value


def _names(what: str, least: int, most: int, taken: Sequence[str] = ()) -> Any:
    def convert(value: list[str]) -> tuple[str, ...]:
        if not least <= len(value) <= most:
            raise ValueError(f"expected {least} to {most} {what}, found {len(value)}")
        if len(set(map(comparable, value))) != len(value):
            raise ValueError(f"the {what} must have distinct names")
        for name in value:
            if not name.strip() or name != name.strip() or "," in name or len(name) > 24 or not name.isprintable():
                raise ValueError(f"{describe(name)} is not a name: 1 to 24 printable characters, no comma, no blank at an end")
            if name in taken:
                raise ValueError(f"{describe(name)} is a reserved key in a table of prior weights; choose another name")
        return tuple(map(composed, value))

    return convert


FIELDS = (
    Field("objects", "strings", "objects", "The objects of the scene, 2 to 8. 3ⁿ hypotheses: with 8 there are 6,561, and "
          "one more would make a step slow.", ("A", "B", "C", "D", "screen"), convert=_names("objects", 2, MOST_OBJECTS, RESERVED)),
    Field("states", "strings", "states", "The names of the states on, off and undetermined, in this order. "
          "Two names leave undetermined out.", ("on", "off", "und"), convert=_names("states", 2, 3)),
    Field("hypothesis", "any", "true rule h*", "random, a number, or a table of states. With a spurious object the number "
          "counts the rules whose spurious object is not off (0–161 for five objects): it names ĥ, and h* is the same rule "
          "with the spurious object off.", "random"),
    Field("initial", "int", "|d⁰|", "How many examples start the chain. None shows the same objects twice.", 4, low=0, high=255),
    Field("samples", "int", "samples M", "How many samples a generation passes to the next: the bottleneck.", 4, low=1, high=1000),
    Field("draw", "choice", "draw d⁰ from", "any: all inputs. overlap: only inputs to which h* and ĥ give the same state, so that "
          "d⁰ cannot tell them apart.", "any", choices=("any", "overlap")),
    Field("distinct", "bool", "no sample twice", "The samples of one draw show distinct inputs; what takes the place of a "
          "rejected one may repeat another. Otherwise every sample is drawn afresh from all inputs, as the theory assumes.", False),
    Field("spurious", "str", "spurious object", "The object that the bias is about. Empty: none.", None),
    Field("rival", "choice", "ĥ says spurious is", "The state that ĥ gives to the spurious object, where h* is given as a table. "
          "Empty: on if it is off in h*, otherwise off. A number or a random rule brings its own.", None,
          choices=("on", "off", "und")),
    Field("bias", "choice", "bias", "How much the prior favours the spurious object being off. Each level doubles the weight: "
          "none 1, very-low 2, low 4, mild 8, medium 16, high 32, very-high 64. A pair such as medium/none names the notebooks' "
          "sentences before and after the data.", "none", choices=LEVELS),
    Field("rules", "choice", "rules are", "stated: each generation states its rule and makes its examples from it. hidden: it "
          "makes examples straight from examples, and its rule is inferred from them; a Bayesian agent draws a fresh rule for "
          "each example.", "stated", choices=("stated", "hidden")),
)  # fmt: skip


def build(values: Mapping[str, Any], path: KeyPath, faults: list[Fault], folder: Path | None = None) -> Acre:
    """Build the task of a [task] table. Conflicts between keys are added to faults."""
    options = dict(values)
    objects, states, spurious = options["objects"], options["states"], options["spurious"]
    if spurious is not None:
        options["spurious"] = spurious = composed(spurious)
    if spurious is not None and spurious not in objects:
        near = nearest(spurious, objects)
        hint = f"nearest known: {near}" if near else f"known: {', '.join(objects)}"
        faults.append(Fault((*path, "spurious"), f"no such object: {describe(spurious)}; {hint}"))
        options |= {"spurious": None, "bias": "none", "draw": "any", "rival": None}  # so that one mistake gives one fault
    elif spurious is None:
        for key in ("bias", "draw", "rival"):
            neutral = {"bias": "none", "draw": "any", "rival": None}[key]
            if options[key] != neutral:
                faults.append(
                    Fault((*path, key), f'"{options[key]}" needs a spurious object; give `spurious`, or leave `{key}` out')
                )
                options[key] = neutral
    if options["rival"] == "und" and len(states) < 3:
        faults.append(Fault((*path, "rival"), "there is no third state"))
        options["rival"] = None
    elif options["rival"] is not None:
        options["rival"] = states[("on", "off", "und").index(options["rival"])]
    most = 2 ** len(objects) - 1
    if options["distinct"] and options["samples"] > most:
        faults.append(Fault((*path, "samples"), f"there are only {most} distinct inputs"))
        options["samples"] = most
    if options["distinct"] and options["rules"] == "hidden":
        faults.append(Fault((*path, "distinct"), "hidden rules give each example by itself, so that one may repeat; leave it out"))
        options["distinct"] = False
    wanted = options["hypothesis"]
    task = Acre(**{**options, "hypothesis": "random"})
    try:
        if isinstance(wanted, bool) or not (wanted == "random" or isinstance(wanted, (int, dict))):
            raise ValueError(f'expected "random", a number, or a table of states, found {describe(wanted)}')
        if isinstance(wanted, int):
            count = len(task.candidates())
            if not 0 <= wanted < count:
                raise ValueError(f"expected a number from 0 to {count - 1}, found {describe(wanted)}")
        elif isinstance(wanted, dict):
            task.read_target(wanted)
    except ValueError as error:
        faults.append(Fault((*path, "hypothesis"), str(error)))
        return task
    return Acre(**options)


def as_acre(task: object) -> Acre | None:
    """The task if it is an ACRE task, else None. For callers that need the objects and their states."""
    return task if isinstance(task, Acre) else None
