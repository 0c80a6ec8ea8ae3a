"""Reads priors over a product space from an [agent.prior] table: weights per value, or per whole hypothesis."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes.inference import log_normalise
from iicl_tui.bayes.space import ProductSpace
from iicl_tui.errors import Fault
from iicl_tui.files import named_file, read_bytes
from iicl_tui.schema import Path as KeyPath
from iicl_tui.schema import describe, is_finite, nearest
from iicl_tui.tasks.spelling import composed

Array = NDArray[np.float64]
_MOST_BYTES = 4_000_000
"""Of a table of weights."""


def read_prior(space: ProductSpace, table: Mapping[str, Any], path: KeyPath, faults: list[Fault], folder: Path | None) -> Array:
    """Read an [agent.prior] table. All its keys multiply.

    Args:
        space: the hypotheses.
        table: keys are factors, each with weights of its values (equal weights if absent); or `weights`, one number
            per hypothesis in the order of the space; or `table`, a CSV file with a column per factor and a column weight.
        path: the table's place in the configuration.
        faults: what is invalid is added here.
        folder: where file names are looked up.

    Returns:
        (H,) log P₀ in nats; uniform if anything is invalid.
    """
    before = len(faults)
    factors = [factor.name for factor in space.factors]
    log_prior = np.zeros(space.size)
    for given, value in table.items():
        key = composed(given)
        try:
            if key == "weights":
                log_prior = log_prior + _log_weights(value, space.size)
            elif key == "table":
                if "weights" not in table:  # a saved session holds the weights, and the name is only for reference
                    log_prior = log_prior + _log_weights(read_weights(value, space, folder), space.size)
            elif key in factors:
                position = factors.index(key)
                log_prior = log_prior + _log_values(value, space.factors[position].values)[space.codes[:, position]]
            else:
                near = nearest(key, [*factors, "weights", "table"])
                raise ValueError(f"unknown key; nearest known: {near or ', '.join(factors)}")
        except ValueError as error:
            faults.append(Fault((*path, given), str(error)))
    if len(faults) == before and not np.isfinite(log_prior).any():
        faults.append(Fault(path, "no hypothesis has a weight above 0"))
    return log_normalise(log_prior if len(faults) == before else np.zeros(space.size))


def read_weights(name: Any, space: ProductSpace, folder: Path | None) -> list[float]:
    """Read the weight of every hypothesis, in the order of the space, from a CSV file. Raises ValueError."""
    if not isinstance(name, str):
        raise ValueError(f"expected the name of a CSV file, found {describe(name)}")
    try:
        file = named_file(name, folder)
    except ValueError as error:
        raise ValueError(f"{name} is not read: {error}") from None
    factors = [factor.name for factor in space.factors]
    weights: dict[int, float] = {}
    try:
        if file.exists() and not file.is_file():
            raise ValueError(f"{name} is not a regular file")
        text = read_bytes(file, _MOST_BYTES).decode("utf-8-sig")
        with io.StringIO(text, newline="") as stream:
            reader = csv.DictReader(map(composed, stream))
            missing = [name for name in [*factors, "weight"] if name not in (reader.fieldnames or [])]
            if missing:
                raise ValueError(f"{file.name}: no column {', '.join(missing)}")
            twice = [name for name in [*factors, "weight"] if (reader.fieldnames or []).count(name) > 1]
            if twice:
                raise ValueError(f"{file.name}: the column {twice[0]} appears twice")
            for row in reader:
                codes = []
                for factor in space.factors:
                    if row[factor.name] not in factor.values:
                        known = ", ".join(factor.values)
                        raise ValueError(f"{file.name}, line {reader.line_num}: {factor.name} must be one of {known}")
                    codes.append(factor.values.index(row[factor.name]))
                hypothesis = space.index(tuple(codes))
                if hypothesis in weights:
                    raise ValueError(f"{file.name}, line {reader.line_num}: this hypothesis appears twice")
                try:
                    weights[hypothesis] = float(row["weight"])
                except (TypeError, ValueError):
                    raise ValueError(f"{file.name}, line {reader.line_num}: the weight is not a number") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{file.name} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(weights) != space.size:
        raise ValueError(f"{file.name} has {len(weights)} of the {space.size} hypotheses; a weight of 0 rules one out")
    return [weights[hypothesis] for hypothesis in range(space.size)]


def _log_weights(value: Any, size: int) -> Array:
    if not isinstance(value, list) or len(value) != size:
        raise ValueError(f"expected a list of {size} numbers, one per hypothesis")
    return np.array([_log_weight(weight) for weight in value])


def _log_values(value: Any, names: tuple[str, ...]) -> Array:
    if not isinstance(value, dict):
        raise ValueError(f"expected a table of weights, as {{ {names[0]} = 1 }}, found {describe(value)}")
    value = {composed(key): weight for key, weight in value.items()}
    for key in value:
        if key not in names:
            near = nearest(key, names)
            raise ValueError(f"unknown value {describe(key)}; nearest known: {near or ', '.join(names)}")
    return np.array([_log_weight(value.get(name, 1)) for name in names])


def _log_weight(value: Any) -> float:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not is_finite(value) or value < 0:
        raise ValueError(f"a weight must be a number of at least 0, found {describe(value)}")
    return math.log(value) if value > 0 else -math.inf
