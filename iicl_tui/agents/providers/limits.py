"""Reads a response's body with a limit on its size, before and after decompression."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable
from typing import Any


class ReplyTooLarge(Exception):
    """The body is larger than allowed."""


class UnknownCompression(Exception):
    """The body is compressed in a way that was not asked for."""


ENCODINGS = "gzip, deflate"
"""The compressions that requests accept."""


async def read_limited(chunks: AsyncIterable[bytes], encoding: str, limit: int) -> bytes:
    """The decompressed body.

    Args:
        chunks: The body as it is sent.
        encoding: The content-encoding header.
        limit: The most bytes, both sent and decompressed.

    Raises:
        ReplyTooLarge: The body exceeds the limit. No more than the limit is ever held.
        UnknownCompression: The encoding is none of ENCODINGS.
        zlib.error: The body is not compressed as declared.
    """
    names = [name for name in encoding.lower().replace(" ", "").split(",") if name and name != "identity"]
    if any(name not in ("gzip", "x-gzip", "deflate") for name in names) or len(names) > 1:
        raise UnknownCompression(encoding)
    decoder = _Decompressor(names[0]) if names else None
    received, body = 0, bytearray()
    async for chunk in chunks:
        received += len(chunk)
        if received > limit:
            raise ReplyTooLarge
        body += chunk if decoder is None else decoder.feed(chunk, limit + 1 - len(body))
        if len(body) > limit:
            raise ReplyTooLarge
    return bytes(body)


class _Decompressor:
    """Decompresses gzip (also of several members) and deflate (with or without a zlib header)."""

    def __init__(self, name: str) -> None:
        self._gzip = name != "deflate"
        self._first = True
        self._decoder: Any = zlib.decompressobj(31 if self._gzip else 15)

    def feed(self, data: bytes, limit: int) -> bytes:
        """The decompressed data, at most limit bytes."""
        out = bytearray()
        while data and len(out) < limit:
            try:
                out += self._decoder.decompress(data, limit - len(out))
            except zlib.error:
                if self._gzip or not self._first:
                    raise
                self._decoder = zlib.decompressobj(-15)
                out += self._decoder.decompress(data, limit - len(out))
            self._first = False
            data = self._decoder.unconsumed_tail
            if self._decoder.eof:
                data = self._decoder.unused_data
                if not self._gzip:
                    break
                self._decoder = zlib.decompressobj(31)
        return bytes(out)
