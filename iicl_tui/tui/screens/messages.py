"""Shows the messages of future calls in the form of a transcript."""

from __future__ import annotations

from typing import ClassVar

from iicl_tui.tui.screens.transcript import TranscriptScreen


class MessagesScreen(TranscriptScreen):
    """Shows what would be sent to a model."""

    PAGE_NAME: ClassVar[str] = "next messages"
    HELP = (
        "The exact text that a language model would be sent next: each message, and the parameters sent with it. Entries marked "
        "as supposed show what would be sent if the model had learned the rule that they name. The message under the cursor is "
        "shown in full below. Press Tab to scroll it, y to copy it."
    )
