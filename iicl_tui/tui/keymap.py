"""Which keys run which action: the registry's, or those in a person's settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import Keys, format_key, key_to_character
from textual.screen import Screen

from iicl_tui.text import printable
from iicl_tui.tui.action import Action
from iicl_tui.tui.actions import ACTIONS, TITLES, TOGETHER, actions

_NAMED = frozenset(key.value for key in Keys)
_LABELS = {"escape": "Esc", "enter": "Enter", "space": "Space", "delete": "Del", "tab": "Tab", "home": "Home", "end": "End",
           "pageup": "PgUp", "pagedown": "PgDn", "backspace": "Backspace", "insert": "Ins"}  # fmt: skip
_NOT_TYPED = frozenset({"up", "down", "left", "right", "enter", "backspace"})  # shown as one sign all the same
_MODIFIERS = frozenset({"ctrl", "alt", "shift", "super", "meta", "hyper"})


@dataclass(frozen=True)
class Keymap:
    """The keys of all actions.

    Attributes:
        keys: Action id → its keys, by Textual's names.
        faults: One sentence for each setting that was ignored.
    """

    keys: Mapping[str, tuple[str, ...]]
    faults: tuple[str, ...] = ()

    def __getitem__(self, action: Action | str) -> tuple[str, ...]:
        return self.keys[action if isinstance(action, str) else action.id]

    def overrides(self) -> dict[str, str]:
        """The actions whose keys differ from the registry's, in the form that `App.set_keymap` takes."""
        return {name: ",".join(keys) for name, keys in self.keys.items() if keys != _defaults(ACTIONS[name])}


@dataclass(frozen=True)
class LiveAction:
    """The current state of an action on the screen.

    Attributes:
        action: Its entry in the registry.
        node: The app, screen or widget that runs it.
        label: The registry's label, or the screen's own.
        keys: Its keys, by Textual's names.
        enabled: It can be run now.
        usable: The focused widget does not take all of its keys.
    """

    action: Action
    node: DOMNode
    label: str
    keys: tuple[str, ...]
    enabled: bool
    usable: bool


def resolve(overrides: Mapping[str, str | Sequence[str]]) -> Keymap:
    """The keymap with these settings applied to the registry's keys.

    Ignores an entry that names no action or no key, or that gives one key to two actions of one screen; the action then
    keeps its default keys. So a bad settings file never removes a key.
    """
    faults: list[str] = []
    chosen: dict[str, tuple[str, ...]] = {}
    for name, value in overrides.items():
        if name not in ACTIONS:
            near = get_close_matches(name, ACTIONS, n=1)
            faults.append(f"{printable(name, 40)}: there is no such action." + (f" Did you mean {near[0]}?" if near else ""))
            continue
        parts = _split(value)
        bad = [part for part in parts if not _is_key(part)]
        if bad or not parts:
            faults.append(f"{name}: {', '.join(printable(part, 20) for part in bad) or 'an empty text'} is not a key.")
            continue
        chosen[name] = tuple(dict.fromkeys(_textual_name(part) for part in parts))
    while True:
        keys = {action.id: chosen.get(action.id, _defaults(action)) for action in ACTIONS.values()}
        clashes = [clash for clash in _clashes(keys) if clash[1] in chosen or clash[2] in chosen]
        if not clashes:
            return Keymap(keys, tuple(dict.fromkeys(faults)))
        for key, one, other in clashes:
            faults.append(f"{key_label(key)} would run both {one} and {other}; both keep their default keys.")
        for _, one, other in clashes:
            chosen.pop(one, None)
            chosen.pop(other, None)


def key_label(key: str) -> str:
    """The key's label for a person: ^p, Space, Enter, R, [."""
    *modifiers, base = key.split("+") if key != "+" else [key]
    label = _LABELS.get(base) or (base.upper() if base[0] == "f" and base[1:].isdigit() else format_key(base))
    if modifiers == ["ctrl"]:
        return "^" + label
    return "+".join([*modifiers, label])


def live_actions(screen: Screen[object], keymap: Keymap) -> list[LiveAction]:
    """The actions of the screen, of its widgets and of the app, each once, in their current state."""
    nodes: list[DOMNode] = list(screen.focused.ancestors_with_self) if screen.focused is not None else [screen, screen.app]
    for widget in screen.walk_children():
        if getattr(widget, "GROUP", "") and widget not in nodes and widget.display:
            nodes.insert(0, widget)
    if screen.is_modal:
        nodes = nodes[: nodes.index(screen) + 1]
    # The screen's own first, then what is on it, then the app's.
    nodes.sort(key=lambda node: 2 if node is screen.app else 0 if node is screen else 1)
    found: dict[str, LiveAction] = {}
    consumers = _key_consumers(screen)
    for node in nodes:
        for action in actions(_groups(node)):
            if action.id in found:
                continue
            state = node.check_action(action.name, ())
            if state is False:
                continue
            keys = keymap[action]
            label = getattr(screen, "LABELS", {}).get(action.id, action.label)
            usable = any(not _consumed(consumers, key) for key in keys)
            found[action.id] = LiveAction(action, node, label, keys, state is True, usable)
    return list(found.values())


def first_key(screen: Screen[object], live: LiveAction) -> str:
    """The key to show: the first that the focused widget does not consume."""
    consumers = _key_consumers(screen)
    return next((key for key in live.keys if not _consumed(consumers, key)), live.keys[0])


def group_title(action: Action) -> str:
    return TITLES[action.group]


def _groups(node: DOMNode) -> tuple[str, ...]:
    group = getattr(node, "GROUP", "")
    return (group,) if isinstance(group, str) and group else ()


def _key_consumers(screen: Screen[object]) -> list[DOMNode]:
    """The focused widget and its parents that may take a key, as a text field does."""
    around = screen.focused.ancestors_with_self if screen.focused is not None else ()
    return [node for node in around if node is not screen and type(node).check_consume_key is not DOMNode.check_consume_key]


def _consumed(consumers: list[DOMNode], key: str) -> bool:
    if not consumers:
        return False
    # Textual's key_to_character does not know that "slash" and a few others are characters; format_key does.
    shown = "" if "+" in key else format_key(key)
    character = shown if len(shown) == 1 and key not in _NOT_TYPED else key_to_character(key)
    return any(node.check_consume_key(key, character) for node in consumers)


def _defaults(action: Action) -> tuple[str, ...]:
    return tuple(_textual_name(key) for key in action.keys)


def _textual_name(key: str) -> str:
    """Textual's name of a key. A comma needs its name, because commas separate keys in a binding."""
    if len(key) > 1:
        return key
    return "comma" if key == "," else next(iter(Binding.make_bindings([Binding(key, "")]))).key


def _split(value: str | Sequence[str]) -> list[str]:
    if not isinstance(value, str):
        return [str(part).strip() for part in value]
    if value.strip() == ",":
        return [","]
    return [part.strip() for part in value.split(",") if part.strip()]


def _is_key(text: str) -> bool:
    if len(text) == 1:
        return text.isprintable() and not text.isspace()
    *modifiers, base = text.split("+")
    if not set(modifiers) <= _MODIFIERS or not base:
        return False
    return text in _NAMED or base in _NAMED or key_to_character(base) is not None


def _clashes(keys: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str, str]]:
    """(key, one action, another) for each key that would mean two things at one time."""
    seen: set[tuple[str, str, str]] = set()
    for groups in TOGETHER:
        owner: dict[str, str] = {}
        for action in actions(groups):
            for key in keys[action.id]:
                other = owner.setdefault(key, action.id)
                if other != action.id and (clash := (key, other, action.id)) not in seen:
                    seen.add(clash)
                    yield clash
