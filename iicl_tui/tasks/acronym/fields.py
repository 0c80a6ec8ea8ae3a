"""The keys of an acronym task's [task] table."""

from __future__ import annotations

from iicl_tui.schema import Field

MOST_RANK = 1_000_000
"""The highest limit of easy words: no list has so many."""


def _file_name(value: str) -> str:
    if not value.strip():
        raise ValueError("the name of the file is empty; give one, or leave the key out")
    return value


FIELDS = (
    Field("initial", "int", "|d⁰|", "How many examples start the chain, no output twice.", 20, low=1, high=255),
    Field("easy", "int", "easy ones Nₑ", "How many of them have a common word as their output. Those of the others are "
          "pronounceable, but in no list.", 10, low=0, high=255),
    Field("letters", "int", "letters", "How many letters the outputs of d⁰ have.", 7, low=3, high=14),
    Field("word-letters", "int", "letters of words", "How many letters the words of an input have, or as near to it as there are "
          "words.", 7, low=1, high=14),
    Field("samples", "int", "samples M", "How many samples a generation passes to the next: the bottleneck.", 20, low=1, high=1000),
    Field("shortest", "int", "shortest output", "The grid of hypotheses begins at this length.", 4, low=3, high=14),
    Field("longest", "int", "longest output", "The grid ends at this length. Outputs beyond an end count as the end.", 10, low=3,
          high=14),
    Field("spread", "float", "spread of lengths", "A length that is this many letters from the hypothesis' is e times less likely: "
          "p ∝ exp(−|difference| / spread).", 1.0, low=0.1, high=100),
    Field("easy-rank", "int", "easy below rank", "An output is easy where its rank is below this, else hard.", 60_000, low=2,
          high=MOST_RANK),
    Field("ranks", "str", "ranks from file", "A CSV file with columns rank and word (a session file holds its words). Empty: the "
          "words of wordfreq.", None, convert=_file_name),
    Field("words", "str", "words of that file", "What a session file holds of the file that `ranks` names: its words in order. "
          "They count only where they are of this file.",
          None, in_form=False),
    Field("pool", "str", "d⁰ from file", "A CSV file with columns output and input (words separated by commas), from which d⁰ is "
          "drawn. Empty: d⁰ is made of the ranked words.", None, convert=_file_name),
    Field("order", "choice", "order", "What stands first in an example as it is shown.", "output-first",
          choices=("output-first", "input-first")),
    Field("case", "choice", "case", "How outputs are shown.", "upper", choices=("upper", "lower")),
    Field("persona", "choice", "persona", "What a language model is told to like: nothing (neutral), common or rare words, long or "
          "short ones. Bayesian agents have their prior.", "neutral", choices=("neutral", "common", "rare", "long", "short")),
)  # fmt: skip
