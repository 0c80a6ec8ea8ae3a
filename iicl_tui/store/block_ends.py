"""The comment lines that end the blocks of a session file, and the checksums in them.

`# end: imitation 3 sum 1a2b3c4d` ends a block. The checksum ignores comments, blank lines and the kind of line ends, so that a
person may add notes. Files of earlier versions have no checksums. A person's text may contain a line that only looks like an end
line. TOML tells them apart: the text before a real end line is complete.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from zlib import crc32

from iicl_tui.files import parse_toml

HEAD = "head"
_END = re.compile(rb"# end: ([a-z]+)(?: ([0-9]{1,9}))?(?: sum ([0-9a-f]{8})(?:[ \t]+#[^\n]*)?)?[ \t]*\r?(?:\n|\Z)")
_STARTS = re.compile(rb"^# end: ", re.MULTILINE)
_INDEX = re.compile(rb"^\[\[generation\]\]\r?\nindex = ([0-9]{1,9})\r?$", re.MULTILINE)
_COMMENTS = re.compile(rb"(?:[ \t]*\r?\n)*[ \t]*#[^\n]*(?:\n|\Z)")
_HEADER = re.compile(rb"^\[{1,2}(?:(generation\.)([a-z]+)|(decide|undo|redo|sitting|call))\]", re.MULTILINE)
_UNCOUNTED = re.compile(rb"\n[\n# \t]")
_NEWLINE = b"\n"
_BOM = b"\xef\xbb\xbf"
_MOST_TRIED = 50


@dataclass(frozen=True)
class Damage:
    """A block that was changed after it was written.

    Attributes:
        block: Its name, such as "imitation 3".
        line: The line of its end, counted from 1.
    """

    block: str
    line: int


def checksum(block: bytes) -> str:
    """The CRC-32 of a block's lines without comments and blank lines, as eight hexadecimal digits."""
    text = block.removeprefix(_BOM).strip(b"\n")
    if text[:1] in b"# \t" or b"\r" in text or _UNCOUNTED.search(text):
        lines = (line.rstrip(b"\r") for line in text.split(b"\n"))
        text = b"\n".join(line for line in lines if (bare := line.strip()) and not bare.startswith(b"#"))
    return f"{crc32(text):08x}"


def marker_line(marker: str, block: str | bytes | None = None) -> str:
    """The line that ends a block, with a checksum if the block's text is given."""
    if block is None:
        return f"# end: {marker}\n"
    return f"# end: {marker} sum {checksum(block.encode() if isinstance(block, str) else block)}\n"


def head_end(data: bytes) -> re.Match[bytes] | None:
    """The end line of a session's head; None for a text that has no blocks."""
    tried = 0
    for start in _STARTS.finditer(data):
        found = _END.match(data, start.start())
        if found and found[1] == HEAD.encode() and not found[2]:
            tried += 1
            before = data[: found.start()]
            if (found[3] and found[3].decode() == checksum(before)) or _is_toml(before):
                return found
            if tried == _MOST_TRIED:
                break
    return None


def is_broken_journal(data: bytes) -> bool:
    """Whether a text without a valid head is a broken session: it has the end line of a head and is not valid TOML."""
    return re.search(rb"^# end: head", data, re.MULTILINE) is not None and not _is_toml(data)


def lost_head(data: bytes) -> Damage | None:
    """The damage of a session whose head's end line is there no more; None if its last block is none of a session."""
    last = _end_before(data, 0, len(data))
    before = _end_before(data, 0, last.start()) if last else None
    if last is None or before is None or not last[3] or not _fits(data[before.end() : last.start()], last[3].decode()):
        return None
    return Damage(HEAD, data.count(b"\n", 0, max(data.find(b"\n[["), 0)) + 1)


def last_end(data: bytes, start: int = 0) -> int:
    """Where the last complete block ends; `start` if there is none. start: where the first block begins."""
    likely, end = -1, len(data)
    for _ in range(_MOST_TRIED):
        found = _end_before(data, start, end)
        if found is None:
            break
        likely = max(likely, found.end())
        before = _end_before(data, start, found.start())
        block = data[before.end() if before else start : found.start()]
        if (found[3] and found[3].decode() == checksum(block)) or _is_toml(block):
            return found.end()
        end = found.start()
    return max(likely, start)


def last_generation(data: bytes) -> int:
    """The generation of the last block; 0 for the head."""
    found = _end_before(data, 0, len(data))
    return int(found[2]) if found and found[2] else 0


def end_of(data: bytes, block: str, start: int) -> int:
    """Where the block of this name ends; 0 if there is none after `start`."""
    for found in re.finditer(rb"^# end: %s(?: sum [0-9a-f]{8})?\r?\n" % block.encode(), data, re.MULTILINE):
        if found.start() >= start:
            return found.end()
    return 0


def after_comments(data: bytes, end: int) -> int:
    """The end of the comments that a person wrote below the last block. end: the end of that block."""
    while (found := _COMMENTS.match(data, end)) and found.end() > end:
        end = found.end()
    return end


def damaged(data: bytes, head: re.Match[bytes]) -> list[Damage]:
    """The blocks that do not match their checksums, or whose end lines name another block. data: complete blocks only."""
    out = []
    begin = line = counted = 0
    index = b"0"
    for found in _ends_from(data, head):
        block = data[begin : found.start()]
        at = block.find(b"[[generation]]")
        if at >= 0 and (began := _INDEX.match(block, at)):
            index = began[1]
        if found[3] and not (_fits(block, found[3].decode()) and _is_named(block, found, index)):
            line += data.count(b"\n", counted, found.start())
            counted = found.start()
            out.append(Damage(b" ".join(filter(None, found.groups()[:2])).decode(), line + 1))
        begin = found.end()
    return out


def _fits(block: bytes, sum: str) -> bool:
    """Whether a block has this checksum. Most blocks have no comments: then nothing has to be left out."""
    return f"{crc32(block.strip(_NEWLINE)):08x}" == sum or checksum(block) == sum


def _is_named(block: bytes, end: re.Match[bytes], index: bytes) -> bool:
    """Whether an end line has the name of its block: that of its first table, and for a generation's the number of that."""
    table = _HEADER.search(block)
    if end[1] == HEAD.encode() or table is None:
        return True
    return end[1] == (table[2] or table[3]) and (not table[1] or end[2] == index)


def _ends_from(data: bytes, first: re.Match[bytes]) -> Iterator[re.Match[bytes]]:
    """The end lines from the first one on."""
    yield first
    at = first.end() - 1  # the newline, in most cases
    while (at := data.find(b"\n# end: ", at) + 1) > 0:
        if found := _END.match(data, at):
            yield found


def _end_before(data: bytes, start: int, end: int) -> re.Match[bytes] | None:
    """The last line before `end` that looks like an end line."""
    while (at := data.rfind(b"# end: ", start, end)) >= 0:
        found = _END.match(data, at) if at == 0 or data[at - 1 : at] == b"\n" else None
        if found and _is_whole(data, found):
            return found
        end = at
    return None


def _is_whole(data: bytes, found: re.Match[bytes]) -> bool:
    """Whether the line is complete. One without a newline may also have lost digits or its checksum."""
    if found[0].endswith(b"\n") or found[3]:
        return True
    if not found[2]:
        return found[1] == HEAD.encode()
    at = data.rfind(b"\n# end: ", 0, found.start()) + 1  # not one in a text of the block
    if (before := _END.match(data, at)) and before[3]:
        return False
    at = data.rfind(b"[[generation]]", 0, found.start())
    index = _INDEX.match(data, at) if at >= 0 else None
    return index is not None and index[1] == found[2]


def _is_toml(data: bytes) -> bool:
    try:
        parse_toml(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return False
    return True
