"""Decodes tokens that a server gives as raw vocabulary entries, such as "Ġoff" or "▁off" for " off"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from iicl_tui.agents.calls import Token

_BYTE_LEVEL = re.compile("[ĠĊĉč]")
_SENTENCE_PIECE = "▁"
_BYTE_PIECE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_ENDS = re.compile(r"(?:</w>|@@)$")


def decoded(tokens: Sequence[Token], text: str) -> tuple[Token, ...] | None:
    """The tokens with raw vocabulary entries decoded; None if there are none.

    Args:
        tokens: The tokens. Some servers decode those that were drawn, and leave the alternatives raw.
        text: The reply. Marks that it contains itself are not taken for those of a vocabulary.
    """
    if not any(_is_raw(data) for token in tokens for data in (token.data, *(data for data, _ in token.top))):
        return None
    if _BYTE_LEVEL.search(text) or _SENTENCE_PIECE in text or _BYTE_PIECE.search(text):
        return None
    return tuple(Token(_decode(token.data), token.logprob, tuple((_decode(data), p) for data, p in token.top)) for token in tokens)


def _is_raw(data: bytes) -> bool:
    if data.isascii():
        return _BYTE_PIECE.fullmatch(data.decode()) is not None
    text = data.decode("utf-8", "replace")
    return _BYTE_LEVEL.match(text) is not None or text.startswith(_SENTENCE_PIECE)


def _decode(data: bytes) -> bytes:
    """One entry: with SentencePiece's blanks, or with the bytes that byte-level vocabularies write as letters."""
    text = data.decode("utf-8", "replace")
    piece = _BYTE_PIECE.fullmatch(text)
    if piece is not None:
        return bytes([int(piece[1], 16)])
    if _SENTENCE_PIECE in text:
        return text.replace(_SENTENCE_PIECE, " ").encode()
    text = _ENDS.sub("", text)
    table = _byte_of_letter()
    if text.isascii() or not all(letter in table for letter in text):
        return text.encode() if "\ufffd" not in text else data
    found = bytes(table[letter] for letter in text)
    if _BYTE_LEVEL.search(text):
        return found
    try:
        found.decode()
    except UnicodeDecodeError:  # decoded text, such as é
        return data
    return found


@cache
def _byte_of_letter() -> dict[str, int]:
    """GPT-2's letters for bytes (openai/gpt-2, encoder.py, bytes_to_unicode), inverted."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + at): byte for at, byte in enumerate(others)}
