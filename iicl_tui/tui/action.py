"""One action of the registry."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Action:
    """One action.

    Attributes:
        id: "group.what-it-does"; a settings file names it.
        keys: Textual's names, or the character itself; the first one is shown.
        label: One to three words.
        help: One or two sentences, plain text.
        footer: Place in the footer, 1 first; 0: not in the footer.
        priority: Works even if a text field has the focus.
    """

    id: str
    keys: tuple[str, ...]
    label: str
    help: str
    footer: int = 0
    priority: bool = False

    @property
    def group(self) -> str:
        return self.id.partition(".")[0]

    @property
    def name(self) -> str:
        """Textual's name of the action: `action_` + name is the method that runs."""
        return self.id.partition(".")[2].replace("-", "_")
