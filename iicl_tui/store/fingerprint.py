"""The digest of a growing file in segments. Comparing a few segments costs the same for a file of any length."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

SEGMENT = 1 << 15
"""Bytes in a segment."""


class Fingerprint:
    """The digests of all segments of a file. The last segment is incomplete."""

    def __init__(self) -> None:
        self._complete: list[bytes] = []
        self._last = hashlib.blake2b(digest_size=16)
        self._last_size = 0
        self._next = 0

    def copy(self) -> Fingerprint:
        """The same digests, which further updates of this one do not change."""
        other = Fingerprint()
        other._complete, other._last = list(self._complete), self._last.copy()
        other._last_size, other._next = self._last_size, self._next
        return other

    def update(self, data: bytes) -> None:
        """Adds data that was appended to the file."""
        view = memoryview(data)
        while view:
            part = view[: SEGMENT - self._last_size]
            self._last.update(part)
            self._last_size += len(part)
            view = view[len(part) :]
            if self._last_size == SEGMENT:
                self._complete.append(self._last.digest())
                self._last = hashlib.blake2b(digest_size=16)
                self._last_size = 0

    def matches(self, data: bytes) -> bool:
        """Whether data is the whole content of the file."""
        other = Fingerprint()
        other.update(data)
        return other._complete == self._complete and other._last.digest() == self._last.digest()

    def spot_check(self, read: Callable[[int, int], bytes]) -> bool:
        """Whether two segments match: the last one, and one that changes with each check. read: (size, offset) → bytes."""
        last = read(self._last_size, len(self._complete) * SEGMENT)
        if hashlib.blake2b(last, digest_size=16).digest() != self._last.digest():
            return False
        if not self._complete:
            return True
        self._next = (self._next - 1) % len(self._complete)
        part = read(SEGMENT, self._next * SEGMENT)
        return hashlib.blake2b(part, digest_size=16).digest() == self._complete[self._next]
