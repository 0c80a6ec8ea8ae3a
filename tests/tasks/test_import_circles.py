"""No module of tasks/ or bayes/ imports itself through others, not even lazily or for type checking only."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import iicl_tui

ROOT = Path(iicl_tui.__file__).parent


def module_name(file: Path) -> str:
    parts = file.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(file: Path, modules: set[str]) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            assert node.level == 0
            inner = {f"{node.module}.{alias.name}" for alias in node.names} & modules
            found |= inner or {node.module}
    return found & modules


def test_there_is_no_circle_of_imports() -> None:
    files = {module_name(file): file for room in ("tasks", "bayes") for file in (ROOT / room).rglob("*.py")}
    graph = {name: imported(file, set(files)) for name, file in files.items()}
    assert graph["iicl_tui.tasks.base"] >= {"iicl_tui.tasks.example", "iicl_tui.tasks.wording"}
    order = list(TopologicalSorter(graph).static_order())  # raises CycleError, which names the circle
    assert set(order) == set(files)
