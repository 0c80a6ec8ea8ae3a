"""Features that another package computes: entry points of the group iicl_tui.features.

Such a function takes the text and its fields by name, and returns a number or a word.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from iicl_tui.schema import describe, nearest
from iicl_tui.tasks.example import Example
from iicl_tui.tasks.text.rows import fields_of

GROUP = "iicl_tui.features"


def function_named(name: str, fields: Sequence[str]) -> Callable[[Example], Any]:
    """The function of this name. It gives None for an example for which it raises an error.

    It is tried once on a short text whose fields are empty. Raises ValueError with a message for the user if that fails.
    """
    function = _load(name)
    try:
        function("A short text.", dict.fromkeys(fields, ""))
    except Exception as error:  # another package must not be able to stop the program
        raise ValueError(f"the function {name} failed: {type(error).__name__}: {error}") from error

    def call(example: Example) -> Any:
        try:
            return function(example.output, {**dict.fromkeys(fields, ""), **fields_of(example)})
        except Exception:
            return None

    return call


@cache
def _load(name: str) -> Callable[..., Any]:
    from importlib.metadata import entry_points  # slow to import

    known = {point.name: point for point in entry_points(group=GROUP)}
    if name not in known:
        near = nearest(name, known)
        hint = f"nearest: {near}" if near else f"known: {', '.join(known)}" if known else f"no package has entry points of {GROUP}"
        raise ValueError(f"there is no function {describe(name)}; {hint}")
    try:
        function: Any = known[name].load()
    except (Exception, SystemExit) as error:
        raise ValueError(f"the function {name} cannot be loaded: {type(error).__name__}: {error}") from error
    if not callable(function):
        raise ValueError(f"{name} is no function")
    return function
