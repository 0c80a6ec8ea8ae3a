"""Which session was branched from which, and what differs at each: read from the heads of the files alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iicl_tui.errors import LabError
from iicl_tui.store.library import head_of
from iicl_tui.study.axes import value_text
from iicl_tui.study.collection import flat_keys
from iicl_tui.text import printable

_MOST_ABOVE = 100
"""Ancestors that are looked for."""
_NOT_SHOWN = ("chain.title",)


@dataclass(frozen=True)
class Node:
    """One session of the tree.

    Attributes:
        path: Its file.
        title: Its title.
        parent: The file that it was branched from, if that is there.
        after: The last generation that it shares with its parent; None without a parent.
        differs: What differs from the parent, in words.
        given: Whether it is one of the sessions to compare; otherwise it is only an ancestor of some.
    """

    path: Path
    title: str
    parent: Path | None
    after: int | None
    differs: tuple[str, ...]
    given: bool


def read_tree(given: Sequence[Path]) -> list[Node]:
    """The sessions and their ancestors. A file that cannot be read is left out."""
    heads: dict[Path, Mapping[str, Any]] = {}
    waiting = [path.resolve() for path in given]
    asked = set(waiting)
    above = 0
    while waiting:
        path = waiting.pop()
        try:
            heads[path] = head_of(path)
        except (LabError, OSError):
            continue
        parent = _parent(path, heads[path])
        if parent is not None and parent not in heads and above < _MOST_ABOVE:
            above += parent not in asked
            waiting.append(parent)
    return [_node(path, heads, path in asked) for path in heads]


def _parent(path: Path, head: Mapping[str, Any]) -> Path | None:
    table = head.get("parent")
    name = table.get("file") if isinstance(table, Mapping) else None
    return (path.parent / name).resolve() if isinstance(name, str) and name else None


def _node(path: Path, heads: Mapping[Path, Mapping[str, Any]], given: bool) -> Node:
    head = heads[path]
    parent = _parent(path, head)
    chain = head.get("chain", {})
    title = printable(str(chain.get("title", path.stem)) if isinstance(chain, Mapping) else path.stem, 200)
    if parent is None:
        return Node(path, title, None, None, (), given)
    after = head["parent"].get("generation")
    number = after if isinstance(after, int) else 0
    if parent not in heads:
        return Node(path, title, None, number, (f"branched from {printable(parent.name, 80)}, which is not there",), given)
    return Node(path, title, parent, number, differences(heads[parent], head), given)


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[str, ...]:
    """What two configurations differ in, as "key before → after"."""
    before, after = (flat_keys({key: value for key, value in each.items() if key not in _RECORD}) for each in (one, other))
    out = []
    for key in dict.fromkeys([*before, *after]):
        texts = [value_text(each[key]) if key in each else "default" for each in (before, after)]
        if key not in _NOT_SHOWN and texts[0] != texts[1]:
            name = key.rpartition(".")[2]
            out.append(printable(f"{name} {texts[0]} → {texts[1]}", 120))
    return tuple(out)


_RECORD = ("format", "created", "parent", "generation", "start")


def tree_lines(nodes: Sequence[Node]) -> list[tuple[str, Node]]:
    """The tree as lines, each with its session: ancestors above, their branches below and indented."""
    children: dict[Path | None, list[Node]] = {}
    for node in sorted(nodes, key=lambda node: (node.after or 0, node.path.name)):
        children.setdefault(node.parent, []).append(node)
    out: list[tuple[str, Node]] = []

    waiting = [(node, "", "") for node in reversed(children.get(None, []))]
    while waiting:
        node, stem, deeper = waiting.pop()
        out.append((stem + _words(node), node))
        below = children.get(node.path, [])
        for place, child in reversed(list(enumerate(below))):
            last = place == len(below) - 1
            waiting.append((child, deeper + ("└─ " if last else "├─ "), deeper + ("   " if last else "│  ")))
    return out


def _words(node: Node) -> str:
    words = node.title if node.after is None else printable(node.path.stem, 80)  # a branch has its parent's title
    words = words if node.given else f"({words})"
    if node.after is not None:
        words += f"  after generation {node.after}" if node.after else "  from d⁰"
    return words + (": " + ", ".join(node.differs) if node.differs else ": nothing differs" if node.parent is not None else "")
