"""The words about a reply that cannot be read, as styled text: title, lines and sentences."""

from __future__ import annotations

from dataclasses import dataclass

from iicl_tui.agents.base import UnreadableReply
from iicl_tui.chain.engine import Chain
from iicl_tui.present.review_words import Key
from iicl_tui.review.styled import StyledText, styled
from iicl_tui.text import printable, superscript

_LONG = 400


@dataclass(frozen=True)
class Row:
    """One line of printable text.

    Attributes:
        quoted: It is from a model or a prompt, and is marked as such.
    """

    text: str
    quoted: bool = False


def title(shown: UnreadableReply) -> tuple[str, str]:
    """Returns the subject of the question, and its place in the chain."""
    return "this reply cannot be read", f"generation {shown.generation} · {printable(shown.phase, 40)}"


def asked(chain: Chain, shown: UnreadableReply) -> str:
    """Says what the model was asked for."""
    t, wording = shown.generation, chain.task.wording
    what = {
        "imitate": f"was asked what it learns from d{superscript(t - 1)}",
        "draw": f"was asked what it learns from d{superscript(t - 1)}",
        "transmit": "was asked for samples" + (" of its rule" if wording is None or wording.states_rule else ""),
        "self-refine": f"was asked to check its rule against d{superscript(0)}",
        "hypothesis-search": "was told what its rule gets wrong, and asked to improve it",
    }.get(shown.purpose, "was asked")
    return f"{printable(chain.agent(t).describe(), 60)} {what}."


def trouble(text: str) -> str:
    """Says what is wrong, with a mark that needs no colour."""
    return f"✗ {printable(text, _LONG) or 'It cannot be read.'}"


def raw_heading(shown: UnreadableReply) -> StyledText:
    """Returns the heading of the reply."""
    size = f"{len(shown.reply):,} character{'s' * (len(shown.reply) != 1)}"
    return styled(("the reply as received", "strong"), (f" · untrusted text · {size}", "muted"))


def question_heading() -> StyledText:
    """Returns the heading of the end of the question, shown if only a few lines fit."""
    return styled(("the question", "strong"), (" · its end", "muted"))


def edit_heading() -> StyledText:
    """Returns the heading of the editor."""
    return styled(("your text instead of the reply", "strong"), (" · recorded as yours", "muted"))


def rows(shown: UnreadableReply) -> list[Row]:
    """Returns the whole reply, and the whole question below it, both made printable."""
    reply = [Row(line, quoted=True) for line in printable(shown.reply, newlines=True).split("\n")] if shown.reply else []
    question = [Row(line, quoted=True) for line in printable(shown.prompt, newlines=True).split("\n")] if shown.prompt else []
    head = [Row(""), Row("the question")] if question else []
    return [*(reply or [Row("(empty)")]), *head, *question]


def choices(shown: UnreadableReply, draft: bool, key: Key) -> str:
    """Says what each answer does."""
    yours = f"{key('reply.edit')} continues the text that you began." if draft else ""
    again = f"{key('reply.redraw')} asks the model again, in a new call."
    skip = "It cannot be skipped: the chain has nothing to use instead."
    if shown.skip_effect:
        skip = f"{key('reply.skip')} skips it: {printable(shown.skip_effect, 160)}."
    return " ".join(part for part in (yours, again, skip) if part)


def verdict(wrong: str, key: Key) -> str:
    """Says whether the text in the editor can be read. `wrong` is its fault, or ""."""
    if wrong:
        return trouble(wrong)
    return f"✓ It can be read: {key('text.keep')} keeps it and continues the chain."


def text_kept(key: Key) -> str:
    """Says, after the editor was closed, that the text is kept."""
    return f"Your text is kept: {key('reply.edit')} continues it."
