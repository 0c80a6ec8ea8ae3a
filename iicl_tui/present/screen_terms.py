"""The terms of each screen. Every one has an entry in the glossary, which a test checks; a page explains them.

A new screen adds a line to `SCREEN_TERMS`, under the name of its group of actions.
"""

from __future__ import annotations

from iicl_tui.present.explain import Depth
from iicl_tui.present.glossary import Entry, lookup

SCREEN_TERMS: dict[str, tuple[str, ...]] = {
    "home": ("session", "example", "preset", "chain", "generation", "task", "agent", "filter", "seed", "small curve", "entropy",
             "h*", "saved", "branch"),
    "configure": ("task", "agent", "filter", "prior", "leaning", "seed", "data", "h*", "ĥ", "temperature", "label noise",
                  "bottleneck", "preset", "budget"),
    "lab": ("belief", "view", "linear scale", "previous belief", "rank", "entropy", "focus", "h* and ĥ", "d⁰ explained",
            "imitation", "interaction", "transmission", "generation", "data", "effective set", "saved", "unobserved", "note",
            "branch"),
    "review": ("approve", "reject", "edit", "undecided", "if you commit now", "commit", "follows hᵗ", "reason", "blind", "sample"),
    "rows": ("verdict", "approve", "reject", "edit", "flag", "skip", "undecided", "judged", "reason", "rate", "reviewer", "blind",
             "agreement"),
    "lesson": ("guess", "truth of a lesson", "agent", "hypothesis", "belief", "leaning", "hand-over", "generation", "filter",
               "data"),
    "study": ("study", "condition", "seed", "mean", "interval"),
}  # fmt: skip


def entries_of(group: str) -> list[Entry]:
    """The glossary's entries for a screen."""
    return [entry for term in SCREEN_TERMS.get(group, ()) if (entry := lookup(term)) is not None]


def terms_page(group: str, depth: Depth, first: str = "") -> list[tuple[str, str]]:
    """A heading and a text for each term of a screen.

    Args:
        group: The screen's group of actions.
        depth: Plain or exact.
        first: A term that has the focus; it comes first.
    """
    entry = lookup(first) if first else None
    found = dict.fromkeys([*([entry] if entry is not None else []), *entries_of(group)])
    return [(each.term, each.plain if depth == "newcomer" else each.exact) for each in found]


def with_terms(page: list[tuple[str, str]], group: str, depth: Depth) -> list[tuple[str, str]]:
    """A page with the terms of a screen that it does not explain yet."""
    there = {heading for heading, _ in page}
    return [*page, *(section for section in terms_page(group, depth) if section[0] not in there)]
