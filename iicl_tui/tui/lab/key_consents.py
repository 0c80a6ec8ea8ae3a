"""Which hosts get an API key, as the person answers while the lab is open."""

from __future__ import annotations

from iicl_tui.agents.key_consent import KeyRequest, next_key_request
from iicl_tui.chain.engine import Chain
from iicl_tui.tui.lab.dialogs import ALWAYS, NO


class KeyConsents:
    """Asks about one host after the other."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._declined: set[str] = set()

    def next_request(self) -> KeyRequest | None:
        """The next host to ask about, or None."""
        return next_key_request(self._chain.config.agents, self._chain.access, self._declined)

    def answer(self, answer: str) -> str | None:
        """Record the answer to the next request.

        Returns:
            The host to save in the settings, or None.
        """
        request = self.next_request()
        if request is None:
            return None
        if answer == NO:
            self._declined.add(request.entry)
        else:
            self._chain.access = self._chain.access.with_entries([request.entry])
        return request.entry if answer == ALWAYS else None
