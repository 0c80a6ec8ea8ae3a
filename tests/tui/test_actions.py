from __future__ import annotations

import runpy
from importlib import import_module
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path

import pytest

from iicl_tui.tui.actions import ACTIONS, GROUPS, TITLES, TOGETHER, actions, bindings
from iicl_tui.tui.app import SCREENS_BY_NAME, LabApp
from iicl_tui.tui.keymap import key_label, resolve


def test_an_action_stands_under_its_own_group_and_once() -> None:
    assert len(ACTIONS) == sum(map(len, GROUPS.values()))
    for group, members in GROUPS.items():
        assert TITLES[group]
        assert {action.group for action in members} == {group}
        assert len({action.name for action in members}) == len(members)


def test_every_group_is_in_use_with_others() -> None:
    assert {group for groups in TOGETHER for group in groups} == set(GROUPS)


@pytest.mark.parametrize("groups", TOGETHER, ids="+".join)
def test_a_key_means_one_thing_at_a_time(groups: tuple[str, ...]) -> None:
    keymap = resolve({})
    for one, other in combinations(actions(groups), 2):
        assert not set(keymap[one]) & set(keymap[other]), (one.id, other.id)


@pytest.mark.parametrize("action", ACTIONS.values(), ids=lambda action: action.id)
def test_an_action_can_be_read_and_reached(action) -> None:
    assert action.label
    assert len(action.label) <= 18
    assert action.help.endswith(".")
    # The command palette reads markup in help texts.
    assert "[" not in action.help + action.label
    assert any(not key.startswith("ctrl+") for key in action.keys)


def test_bindings_have_ids_tooltips_and_derived_names() -> None:
    binding = bindings("lab")[0]
    assert (binding.id, binding.action, binding.key) == ("lab.next-phase", "next_phase", "space")
    assert binding.tooltip == ACTIONS["lab.next-phase"].help
    assert binding.show


def _classes():
    yield "app", LabApp
    for screen in SCREENS_BY_NAME.values():
        module, _, name = screen.partition(":")
        if find_spec(module):
            used = getattr(import_module(module), name)
            if used.GROUP:
                yield used.GROUP, used


@pytest.mark.parametrize(("group", "used"), list(_classes()), ids=lambda value: getattr(value, "__name__", value))
def test_each_action_of_a_group_has_its_method(group: str, used: type) -> None:
    missing = [action.id for action in GROUPS[group] if not hasattr(used, f"action_{action.name}")]
    assert not missing


def test_a_keymap_takes_keys_as_a_person_writes_them() -> None:
    keymap = resolve({"lab.next-phase": "f9, ?", "lab.pause": ["f8"], "transcript.search": "f7 , ctrl+f"})
    # ? is help's already: both entries' keys stay with help.
    assert keymap["lab.next-phase"] == ("space",)
    assert keymap["lab.pause"] == ("f8",)
    assert keymap["transcript.search"] == ("f7", "ctrl+f")
    assert len(keymap.faults) == 1
    assert "app.help" in keymap.faults[0]
    assert "lab.next-phase" in keymap.faults[0]
    assert keymap.overrides() == {"lab.pause": "f8", "transcript.search": "f7,ctrl+f"}


def test_two_actions_may_swap_their_keys() -> None:
    keymap = resolve({"review.approve": "x", "review.reject": "a"})
    assert not keymap.faults
    assert keymap["review.approve"] == ("x",)


def test_what_a_keymap_cannot_be_is_told_all_at_once() -> None:
    keymap = resolve({"lab.next-fase": "x", "lab.pause": "spcae", "lab.view": "", "\x1b[31m": "a", "help.all-keys": "q"})
    assert len(keymap.faults) == 5
    assert "Did you mean lab.next-phase?" in keymap.faults[0]
    assert not any("\x1b" in fault for fault in keymap.faults)
    assert keymap.overrides() == {}


def test_one_key_in_screens_that_are_never_together_is_no_clash() -> None:
    assert not resolve({"home.new": "f9", "transcript.search": "f9"}).faults


@pytest.mark.parametrize(
    ("key", "label"),
    [("ctrl+p", "^p"), ("question_mark", "?"), ("f12", "F12"), ("escape", "Esc"), ("R", "R"),
     ("left_square_bracket", "["), ("up", "↑"), ("f", "f"), ("plus", "+"), ("shift+f3", "shift+F3")],
)  # fmt: skip
def test_keys_are_shown_as_a_person_reads_them(key: str, label: str) -> None:
    assert key_label(key) == label


def test_the_page_of_keys_is_the_registrys() -> None:
    docs = Path(__file__).parents[2] / "docs"
    made = runpy.run_path(str(docs / "make_keys.py"))["page"]()
    assert (docs / "keys.md").read_text(encoding="utf-8") == made, "run: python docs/make_keys.py"
