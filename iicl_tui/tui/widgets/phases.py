"""The phases of the selected generation: done, next, or later."""

from __future__ import annotations

from rich.cells import cell_len
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from iicl_tui.present.lab_state import PhaseStep


class PhaseLine(Widget):
    """One line. Signs show the state without colour; details stand beside the names if there is room."""

    DEFAULT_CSS = """
    PhaseLine { height: 1; width: 1fr; text-wrap: nowrap; }
    """

    steps: reactive[tuple[PhaseStep, ...]] = reactive(())
    place: reactive[str] = reactive("")
    """Stands before the phases: the generation shown."""
    cost: reactive[str] = reactive("")
    """What the generation has cost; after its name, if there is room."""

    def render(self) -> Content:
        if not self.steps:
            return Content.styled(self.place, "bold")
        width = self.content_size.width
        names = [step.phase.capitalize() for step in self.steps]
        place, cost = self._head(width - sum(len(name) + 3 for name in names) + 1)
        names = self._names(names, width - cell_len(place) - cell_len(cost))
        bare = cell_len(place) + cell_len(cost) + sum(len(name) + 2 for name in names)
        details = [f": {step.detail}" if step.detail else "" for step in self.steps]
        room = width - bare - 6 * (len(self.steps) - 1)
        while room < sum(map(cell_len, details)) and any(details):
            longest = max(range(len(details)), key=lambda at: (cell_len(details[at]), self.steps[at].mark != "◉"))
            details[longest] = ""
        rest = width - bare - sum(map(cell_len, details))
        dash = max(0, min(6, rest // max(len(self.steps) - 1, 1) - 2))
        parts: list[Content | str | tuple[str, str]] = [(place, "bold"), (cost, "$text-accent")]
        for at, step in enumerate(self.steps):
            if at:
                parts.append((f" {'─' * dash} " if dash else " ", "$text-disabled"))
            style = {"●": "", "◉": "bold $text-accent", "○": "$text-muted", "✗": "bold $text-error"}[step.mark]
            parts.append((f"{step.mark} {names[at]}", style))
            parts.append((details[at], "$text-muted"))
        return Content.assemble(*parts)

    def _head(self, room: int) -> tuple[str, str]:
        """The generation and its cost, each followed by blanks, in the longest forms that fit. Showing the cost has priority."""
        cost = f"{self.cost}   " if self.cost else ""
        number = self.place.partition(",")[0]
        forms = [f"{name}   " if name else "" for name in (self.place, number, number.replace("generation", "gen."))]
        for name, paid in ((forms[0], cost), (forms[1], cost), (forms[0], ""), (forms[1], "")):
            if cell_len(name) + cell_len(paid) <= room:
                return name, paid
        return forms[2], ""

    def _names(self, names: list[str], room: int) -> list[str]:
        """The names. If they do not all fit, shortens those of phases that are not next."""
        kept = list(names)
        for at in sorted(range(len(names)), key=lambda at: (self.steps[at].mark == "◉", -len(names[at]))):
            if sum(len(name) + 3 for name in kept) - 1 > room:
                kept[at] = f"{names[at][:5]}."
        return kept
