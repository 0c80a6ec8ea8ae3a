"""Wordfreq's English words by rank.

They are read from wordfreq's own data, a cBpack file (its format is told in `wordfreq.read_cBpack`): to import wordfreq, with all
that it brings for other languages, takes a quarter of a second and 80 MB.
"""

from __future__ import annotations

import gzip
import re
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from iicl_tui.tasks.acronym.words import RankList

_DIGITS = re.compile(r"\d[\d.,]+")
"""Wordfreq's own list of the commonest words has none that begins so: it computes the frequency of numbers."""

_READ = 1 << 16
"""Bytes at a time: the rarest words, which are most of the file, are not even unpacked."""


@lru_cache(maxsize=4)
def wordfreq_ranks(count: int) -> RankList:
    """The `count` commonest English words. Those that are equally common stand in alphabetical order.

    Words with a stem of undrawn.txt are not drawn.
    """
    lines = Path(__file__).with_name("undrawn.txt").read_text(encoding="utf-8").splitlines()
    undrawn = tuple(line for line in lines if not line.startswith("#"))
    return RankList("wordfreq's list", dict(zip(_words(count), range(1, count + 1), strict=False)), undrawn)


def _words(count: int) -> list[str]:
    found = find_spec("wordfreq")
    assert found is not None
    assert found.submodule_search_locations
    file = Path(found.submodule_search_locations[0]) / "data" / "large_en.msgpack.gz"
    if not file.is_file():  # another release keeps it elsewhere
        from wordfreq import top_n_list

        return top_n_list("en", count)
    import msgpack  # type: ignore[import-untyped]  # what wordfreq reads it with

    words: list[str] = []
    with gzip.open(file) as unzipped:
        packed = msgpack.Unpacker(unzipped, raw=False, read_size=_READ)
        groups = packed.read_array_header() - 1
        packed.skip()  # the file's header
        for _ in range(groups):  # one for each frequency, the greatest first
            words += [word for word in packed.unpack() if not (word[0].isdigit() and _DIGITS.match(word))]
            if len(words) >= count:
                break
    return words[:count]
