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


class Computed:
    """A function of another package over examples, which must not be able to stop the program."""

    def __init__(self, function: Callable[..., Any], fields: Sequence[str]) -> None:
        self._function, self._fields = function, tuple(fields)

    def __call__(self, example: Example) -> Any:
        """The value for an example; None if the function fails for it."""
        try:
            return self._value(example)
        except Exception:
            return None

    def fault(self, example: Example) -> str:
        """How the function fails for an example; empty if it does not."""
        try:
            self._value(example)
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return ""

    def _value(self, example: Example) -> Any:
        return self._function(example.output, {**dict.fromkeys(self._fields, ""), **fields_of(example)})


def function_named(name: str, fields: Sequence[str]) -> Computed:
    """The function of this name.

    It is tried once on a short text whose fields are empty. Raises ValueError with a message for the user if that fails.
    """
    function = _load(name)
    try:
        function("A short text.", dict.fromkeys(fields, ""))
    except Exception as error:  # another package must not be able to stop the program
        raise ValueError(f"the function {name} failed: {type(error).__name__}: {error}") from error
    return Computed(function, fields)


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
