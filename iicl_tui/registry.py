"""Finds the kinds of tasks, agents and filters: every module of the package with a line `KIND = …`. A new kind is one new file.

Other installed packages add kinds by an entry point whose group is the package's name, such as "iicl_tui.agents".
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from types import ModuleType
from typing import Any

_CLASSES = {"iicl_tui.tasks": "TaskKind", "iicl_tui.agents": "AgentKind", "iicl_tui.filters": "FilterKind"}
"""The class of a package's kinds, which its module `base` defines."""


@cache
def kinds(package: str) -> Kinds:
    """The kinds of the package's modules and of entry points."""
    return Kinds(package)


class Kinds(Mapping[str, Any]):
    """Every KIND by its name, in ascending `order`. The program's own kinds take precedence over others of the same name.

    Opening a session imports only the kinds that it names. All modules and entry points are searched only if all kinds are listed
    or a name is unknown. An entry point that cannot be loaded is left out; `broken` reports it.
    """

    def __init__(self, package: str) -> None:
        self._package = package
        self._asked: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._asked:
            found = (self._load(module) for module, text in self._modules.items() if text is None or f'"{name}"' in text)
            named = next((kind for kind in found if kind is not None and kind.name == name), None)
            self._asked[name] = named if named is not None else self._all[name]
        return self._asked[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    @cached_property
    def _all(self) -> dict[str, Any]:
        found = [kind for kind in map(self._load, self._modules) if kind is not None]
        ours = {kind.name for kind in found}
        found += [kind for kind in _others(self._package)[0] if kind.name not in ours]
        return {kind.name: kind for kind in sorted(found, key=lambda kind: (kind.order, kind.name))}

    @cached_property
    def _modules(self) -> dict[str, str | None]:
        """The source of every module that may have a KIND; None for a module without source."""
        room: ModuleType = importlib.import_module(self._package)
        texts = {info.name: _text(f"{self._package}.{info.name}", info) for info in pkgutil.iter_modules(room.__path__)}
        return {name: text for name, text in texts.items() if text is None or "\nKIND = " in text}

    def _load(self, module: str) -> Any:
        return getattr(importlib.import_module(f"{self._package}.{module}"), "KIND", None)


def _text(name: str, info: pkgutil.ModuleInfo) -> str | None:
    spec = info.module_finder.find_spec(name, None)
    source = getattr(spec.loader, "get_source", None) if spec is not None else None
    text: str | None = source(name) if source is not None else None
    return text


def broken(package: str) -> tuple[str, ...]:
    """One sentence for each entry point of the package that could not be loaded."""
    return _others(package)[1]


def plug_in_of(error: BaseException) -> str:
    """The plug-in in whose code an error arose, as "NAME of PACKAGE"; "" if it was in this program's."""
    from importlib.metadata import entry_points

    known = {}
    for package in _CLASSES:
        for point in entry_points(group=package):
            known[point.module.partition(".")[0]] = f"{point.name} of {point.dist.name if point.dist else point.module}"
    found, trace = "", error.__traceback__
    while trace is not None:
        name = str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        found = "" if name == "iicl_tui" else known.get(name, found)
        trace = trace.tb_next
    return found


@cache
def _others(package: str) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    from importlib.metadata import entry_points  # slow to import

    wanted: type = getattr(importlib.import_module(f"{package}.base"), _CLASSES[package])
    found, faults = [], []
    for point in entry_points(group=package):
        where = f"{point.name} of {point.dist.name if point.dist else 'an unknown package'}"
        try:
            kind = point.load()
            if not isinstance(kind, wanted):
                raise TypeError(f"{type(kind).__name__} is no {wanted.__name__}")
        except (Exception, SystemExit) as error:  # another package must not be able to stop the program
            faults.append(f"{where} cannot be used: {type(error).__name__}: {error}")
        else:
            found.append(kind)
    return tuple(found), tuple(faults)
