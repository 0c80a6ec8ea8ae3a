"""What the pane says of a reply that cannot be read: its title, its lines, its sentences, and the keys below."""

from __future__ import annotations

from textual.content import Content

from iicl_tui.agents.base import UnreadableReply
from iicl_tui.chain.engine import Chain
from iicl_tui.text import printable, superscript
from iicl_tui.tui.actions import ACTIONS
from iicl_tui.tui.review.clickables import Clickable
from iicl_tui.tui.review.reply_boxes import Row
from iicl_tui.tui.review.words import MUTED, Key

_LONG = 400


def title(shown: UnreadableReply) -> tuple[str, str]:
    """What is asked of the person, and where in the chain it is."""
    return "this reply cannot be read", f"generation {shown.generation} · {printable(shown.phase, 40)}"


def asked(chain: Chain, shown: UnreadableReply) -> str:
    """What the model was asked for, one sentence."""
    t, wording = shown.generation, chain.task.wording
    what = {
        "imitate": f"was asked what it learns from d{superscript(t - 1)}",
        "draw": f"was asked what it learns from d{superscript(t - 1)}",
        "transmit": "was asked for samples" + (" of its rule" if wording is None or wording.states_rule else ""),
        "self-refine": f"was asked to check its rule on d{superscript(0)}",
        "hypothesis-search": "was told what its rule gets wrong, and asked to mend it",
    }.get(shown.purpose, "was asked")
    return f"{printable(chain.agent(t).describe(), 60)} {what}."


def trouble(text: str) -> str:
    """What is wrong, marked without colour too."""
    return f"✗ {printable(text, _LONG) or 'It cannot be read.'}"


def raw_heading(shown: UnreadableReply) -> Content:
    """Above the reply: whose words these are."""
    size = f"{len(shown.reply):,} character{'s' * (len(shown.reply) != 1)}"
    return Content.assemble(("the reply as it came", "bold"), (f" · untrusted text · {size}", MUTED))


def question_heading() -> Content:
    """Above the end of the question, where there is room for a few lines only."""
    return Content.assemble(("what it was asked", "bold"), (" · the end of it", MUTED))


def edit_heading() -> Content:
    """Above the editor."""
    return Content.assemble(("your text in its place", "bold"), (" · it goes on record as yours", MUTED))


def rows(shown: UnreadableReply) -> list[Row]:
    """The reply in full, and below it what was asked in full; all of it untrusted, and made printable."""
    reply = [Row(line, quoted=True) for line in printable(shown.reply, newlines=True).split("\n")] if shown.reply else []
    question = [Row(line, quoted=True) for line in printable(shown.prompt, newlines=True).split("\n")] if shown.prompt else []
    head = [Row(""), Row("what it was asked")] if question else []
    return [*(reply or [Row("(nothing at all)")]), *head, *question]


def choices(shown: UnreadableReply, draft: bool, key: Key) -> str:
    """What each answer means."""
    yours = f"{key('reply.edit')} goes on with the text that you began." if draft else ""
    again = f"{key('reply.redraw')} asks the model again: a new call."
    skip = "It cannot be skipped: there is nothing to go on with in its place."
    if shown.skip_effect:
        skip = f"{key('reply.skip')} skips it: {printable(shown.skip_effect, 160)}."
    return " ".join(part for part in (yours, again, skip) if part)


def verdict(wrong: str, key: Key) -> str:
    """Whether the text that is being written can be read. wrong: what is wrong with it, or ""."""
    if wrong:
        return trouble(wrong)
    return f"✓ It can be read: {key('text.keep')} keeps it, and the chain goes on."


def put_away(key: Key) -> str:
    """After the editor was left."""
    return f"Your text is kept: {key('reply.edit')} goes on with it."


def keys(shown: UnreadableReply, editing: bool, readable: bool, draft: bool, key: Key) -> list[Clickable]:
    """The bar."""
    if editing:
        names = ("text.keep", "text.start-over", "text.undo")
        tokens = [_token(name, ACTIONS[name].label, key, readable or name != "text.keep") for name in names]
        return [*tokens, _token("app.back", "put it away", key)]
    tokens = [_token("reply.edit", "go on editing" if draft else "edit", key), _token("reply.redraw", "redraw", key)]
    if shown.skip_effect:
        tokens.append(_token("reply.skip", "skip", key))
    return [*tokens, _token("app.copy", "copy", key), _token("app.back", "later", key)]


def _token(action: str, label: str, key: Key, enabled: bool = True) -> Clickable:
    return Clickable(Content.assemble((key(action), "bold $footer-key-foreground"), " " + label), action, enabled)
