"""Drafts of texts that replace unreadable replies, in memory and on disk."""

from __future__ import annotations

import hashlib
from pathlib import Path

import tomli_w

from iicl_tui.agents.base import UnreadableReply
from iicl_tui.files import parse_toml, read_bytes
from iicl_tui.review.drafts import MOST_BYTES, DraftFile
from iicl_tui.store import atomic

_MOST = 8
"""Maximum number of texts kept on disk per phase; the latest are kept."""

Place = tuple[int, str]
"""A generation and a phase. Only one runs at a time."""


class ReplyDrafts:
    """The texts of the running phase, each found by the reply that it replaces.

    The arguments are those of `DraftFile`; without a folder or a session, the texts are in memory only.
    """

    def __init__(self, folder: Path | None, session: Path | None, created: str = "") -> None:
        self.path: Path | None = None
        if folder is not None and session is not None:
            review = DraftFile(folder, session, created)
            self._session = review.session
            self.path = review.path.with_suffix(".reply.toml")
        self._loaded = False
        self._place: Place | None = None
        self._texts: dict[str, str] = {}

    def get(self, shown: UnreadableReply) -> str | None:
        """Returns the text that replaces this reply; None if there is none."""
        self._select_phase((shown.generation, shown.phase))
        return self._texts.get(_digest(shown))

    def keep(self, shown: UnreadableReply, text: str | None) -> None:
        """Keeps the text; None forgets it. Raises OSError if the disk fails; the text is then kept in memory."""
        self._select_phase((shown.generation, shown.phase))
        self._texts.pop(_digest(shown), None)
        if text is not None:
            self._texts[_digest(shown)] = text
        if self.path is None:
            return
        if self._texts:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            atomic.replace(self.path, self._document().encode("utf-8", "replace"))
        else:
            self.path.unlink(missing_ok=True)

    def clear(self) -> None:
        """Forgets all texts, since the phase is on record. Raises OSError."""
        self._load()
        texts, self._texts = self._texts, {}
        if texts and self.path is not None:
            self.path.unlink(missing_ok=True)

    def _select_phase(self, place: Place) -> None:
        self._load()
        if self._place != place:
            self._place, self._texts = place, {}

    def _document(self) -> str:
        assert self._place is not None
        generation, phase = self._place
        replies = [{"reply": digest, "text": text} for digest, text in [*self._texts.items()][-_MOST:]]
        return tomli_w.dumps({"session": self._session, "generation": generation, "phase": phase, "draft": replies})

    def _load(self) -> None:
        """Reads the file, once. A file that cannot be read is ignored."""
        if self._loaded or self.path is None:
            return
        self._loaded = True
        try:
            document = parse_toml(read_bytes(self.path, MOST_BYTES).decode())
            if document["session"] != self._session:
                return
            texts = {str(entry["reply"]): str(entry["text"]) for entry in document["draft"]}
            self._place, self._texts = (int(document["generation"]), str(document["phase"])), texts
        except (OSError, ArithmeticError, ValueError, KeyError, TypeError, AttributeError):
            return


def _digest(shown: UnreadableReply) -> str:
    """Returns a hash of the reply and its question, since two questions may get the same reply."""
    whole = "\0".join((shown.purpose, shown.prompt, shown.reply))
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()
