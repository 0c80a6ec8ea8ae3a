"""Wordfreq's English words by rank.

Reads wordfreq's data file directly (its format, cBpack, is documented in `wordfreq.read_cBpack`). Importing wordfreq with its
support for other languages would take a quarter of a second and 80 MB.
"""

from __future__ import annotations

import gzip
import re
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from iicl_tui.tasks.acronym.words import RankList

_DIGITS = re.compile(r"\d[\d.,]+")
"""Numbers, which wordfreq's own list of common words leaves out because it computes their frequency."""

_READ = 1 << 16
"""Bytes read at a time. Reading stops before the rarest words, which are most of the file."""


@lru_cache(maxsize=4)
def wordfreq_ranks(count: int) -> RankList:
    """The `count` most common English words; those of equal frequency in alphabetical order.

    Words that contain a stem of undrawn.txt are in the list but never drawn.
    """
    lines = Path(__file__).with_name("undrawn.txt").read_text(encoding="utf-8").splitlines()
    undrawn = tuple(line for line in lines if not line.startswith("#"))
    return RankList("wordfreq's list", dict(zip(_words(count), range(1, count + 1), strict=False)), undrawn)


def _words(count: int) -> list[str]:
    found = find_spec("wordfreq")
    assert found is not None
    assert found.submodule_search_locations
    file = Path(found.submodule_search_locations[0]) / "data" / "large_en.msgpack.gz"
    if not file.is_file():  # another release may store it elsewhere
        from wordfreq import top_n_list

        return top_n_list("en", count)
    import msgpack  # type: ignore[import-untyped]  # as wordfreq does

    words: list[str] = []
    with gzip.open(file) as unzipped:
        packed = msgpack.Unpacker(unzipped, raw=False, read_size=_READ)
        groups = packed.read_array_header() - 1
        packed.skip()  # the file's header
        for _ in range(groups):  # one per frequency, in descending order
            words += [word for word in packed.unpack() if not (word[0].isdigit() and _DIGITS.match(word))]
            if len(words) >= count:
                break
    return words[:count]
