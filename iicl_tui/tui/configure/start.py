"""The first data of a configuration as text: h*, ĥ and d⁰, and the expected cost of calls to models."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content

from iicl_tui.chain.config import ChainConfig
from iicl_tui.errors import Fault
from iicl_tui.present import prior_effect
from iicl_tui.present.costs import estimate_text
from iicl_tui.text import printable

_MOST_FAULTS = 30


def start_words(config: ChainConfig | None, given: bool, width: int) -> Content:
    """The chain's first data, and its expected cost if it calls models.

    Args:
        config: The configuration; None while there are faults.
        given: The first data are in the file.
        width: Columns of the pane.
    """
    if config is None:
        return Content.styled("d⁰ is drawn as soon as all faults are corrected.", "$text-muted")
    task, start = config.task, config.start
    how = "given in [start] · F6 draws it" if given else f"drawn with seed {config.seed} · F6 draws again"
    lines: list[Content] = []
    if takes := estimate_text(config, config.budget):
        lines += [Content.assemble(printable(takes, 400), ("  F9 shows the messages", "$text-muted")), Content("")]
    lines.append(Content.assemble(("d⁰  ", "bold"), (f"{len(start.samples)} examples, {how}", "$text-muted")))
    lines += _columns([printable(task.example_text(sample), 80) for sample in start.samples], width)
    lines.append(Content(""))
    lines.append(Content.assemble(("h*  ", "bold"), printable(task.rule(start.target), 300)))
    if start.rival is not None:
        lines.append(Content.assemble(("ĥ   ", "bold"), printable(task.rule(start.rival), 300)))
    explained = task.explained(start.samples)
    consistent = int((explained == len(start.samples)).sum())
    lines.append(Content.styled(f"{consistent:,} of {task.space.size:,} hypotheses explain all of d⁰.", "$text-muted"))
    for at in range(len(config.agents)):
        if changes := prior_effect.changes(config, at):
            which = f" of agent {at + 1}" if len(config.agents) > 1 else ""
            head = Content.assemble((f"belief{which}  ", "bold"), ("per cent before d⁰ → after it", "$text-muted"))
            lines += [Content(""), head, *(Content(f"    {line}") for line in prior_effect.summary(changes))]
    return Content("\n").join(lines)


def fault_words(faults: Sequence[Fault]) -> Content:
    """Every fault with its line, one a line."""
    count = f"{len(faults)} fault{'s' if len(faults) > 1 else ''} in the file"
    lines = [Content.styled(f"✗ {printable(str(fault), 300)}", "$text-error") for fault in faults[:_MOST_FAULTS]]
    return Content("\n").join([Content.styled(count, "bold"), *lines])


def first_fault(first: Fault, count: int) -> Content:
    """The line below the form while there are faults."""
    return Content(f"✗ {count} fault{'s' if count > 1 else ''} · {printable(str(first), 300)}")


def ready(name: str, key: str) -> Content:
    """The line below the form when all is right: the file's name, and the key that writes it."""
    return Content.assemble("✓ ready  ", (f"{key} writes {printable(name, 80)} and opens the lab", "$text-muted"))


def _columns(texts: list[str], width: int) -> list[Content]:
    """Arranges the texts in as many columns as fit, from left to right."""
    if not texts:
        return []
    widest = max(map(cell_len, texts)) + 3
    count = max(min((width - 4) // widest, 4), 1)
    rows = [texts[at : at + count] for at in range(0, len(texts), count)]
    return [Content("    " + "".join(text + " " * (widest - cell_len(text)) for text in row).rstrip()) for row in rows]
