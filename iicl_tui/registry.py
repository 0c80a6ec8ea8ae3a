"""Finds the kinds of a floor: every module of a package that has a line `KIND = …` is one. A new task, agent or filter is one new
file.

Other installed packages add kinds by an entry point whose group is the package's name, as "iicl_tui.agents".
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any


@cache
def kinds(package: str) -> dict[str, Any]:
    """Every KIND of the package's modules and of entry points by its name, those with the lowest `order` first.

    Ours go before others of the same name. An entry point that cannot be loaded is left out; `broken` tells of it.
    """
    room: ModuleType = importlib.import_module(package)
    found = []
    for info in pkgutil.iter_modules(room.__path__):
        if not _may_define(package, info):
            continue
        kind = getattr(importlib.import_module(f"{package}.{info.name}"), "KIND", None)
        if kind is not None:
            found.append(kind)
    ours = {kind.name for kind in found}
    found += [kind for kind in _others(package)[0] if kind.name not in ours]
    return {kind.name: kind for kind in sorted(found, key=lambda kind: (kind.order, kind.name))}


def _may_define(package: str, info: pkgutil.ModuleInfo) -> bool:
    """Whether the module's text has a KIND: the others are not imported before somebody needs them."""
    spec = info.module_finder.find_spec(f"{package}.{info.name}", None)
    source = getattr(spec.loader, "get_source", None) if spec is not None else None
    text = source(f"{package}.{info.name}") if source is not None else None
    return text is None or "\nKIND = " in text


def broken(package: str) -> tuple[str, ...]:
    """A sentence on each entry point of the package that could not be loaded."""
    return _others(package)[1]


@cache
def _others(package: str) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    found, faults = [], []
    for point in entry_points(group=package):
        where = f"{point.name} of {point.dist.name if point.dist else 'an unknown package'}"
        try:
            kind = point.load()
            if not isinstance(kind.name, str) or not isinstance(kind.order, int):
                raise TypeError("it is no kind")
        except Exception as error:  # whatever another package does must not end this program
            faults.append(f"{where} cannot be used: {type(error).__name__}: {error}")
        else:
            found.append(kind)
    return tuple(found), tuple(faults)
