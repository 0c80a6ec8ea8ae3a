"""The messages of calls that were not made yet: the page of the transcript, with other entries."""

from __future__ import annotations

from typing import ClassVar

from iicl_tui.tui.screens.transcript import TranscriptScreen


class MessagesScreen(TranscriptScreen):
    """What would be sent."""

    WHAT: ClassVar[str] = "next messages"
    HELP = (
        "What a language model would be sent next, to the letter: each message, and the parameters that go with them. Entries "
        "marked as supposed show what it would be sent if it had learned the rule that they name. The message under the cursor "
        "stands in full below; Tab goes there to scroll it, and y copies it."
    )
