"""Write docs/keys.md from the registry of actions: `python docs/make_keys.py`."""

from __future__ import annotations

from pathlib import Path

from iicl_tui.tui.actions import GROUPS, TITLES, Action
from iicl_tui.tui.keymap import key_label, resolve

HEAD = """# Keys

Generated from the program's registry of actions by `python docs/make_keys.py`. In the program, `?` lists the keys of the
current screen and `F4` lists all keys.

To give an action other keys, name its id under `[keys]` in the settings file:

```toml
[keys]
"lab.next-phase" = "space,f9"
```

Keys are characters (`f`, `R`, `?`) or names (`space`, `enter`, `f5`, `ctrl+s`, `pageup`; the comma is `comma`). If an id
does not exist, or a key would mean two things on one screen, the program says so when it starts, and the action keeps
the keys below. `ctrl+q` always quits.
"""


def page() -> str:
    parts = [HEAD]
    for group, actions in GROUPS.items():
        parts.append(f"\n## {TITLES[group].capitalize()}\n\n| id | keys | what it does |\n|---|---|---|\n")
        parts += [_row(action) for action in actions]
    return "".join(parts)


def _row(action: Action) -> str:
    keys = " ".join(f"`{key_label(key)}`" for key in resolve({})[action])
    return f"| {action.id} | {keys} | {action.help} |\n"


if __name__ == "__main__":
    Path(__file__).with_name("keys.md").write_text(page(), encoding="utf-8")
