"""Finds the kinds of a floor: every module of a package that defines KIND is one. A new task, agent or filter is one new file."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import ModuleType
from typing import Any


@cache
def kinds(package: str) -> dict[str, Any]:
    """Every KIND of the package's modules by its name, those with the lowest `order` first."""
    room: ModuleType = importlib.import_module(package)
    found = []
    for info in pkgutil.iter_modules(room.__path__):
        kind = getattr(importlib.import_module(f"{package}.{info.name}"), "KIND", None)
        if kind is not None:
            found.append(kind)
    return {kind.name: kind for kind in sorted(found, key=lambda kind: (kind.order, kind.name))}
