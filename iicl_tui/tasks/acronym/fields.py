"""The options of an acronym task's [task] table."""

from __future__ import annotations

from iicl_tui.schema import Field

MOST_RANK = 1_000_000
"""Upper bound of `easy-rank`, above the length of any list."""


def _file_name(value: str) -> str:
    if not value.strip():
        raise ValueError("the file name is empty; give one, or remove the key")
    return value


FIELDS = (
    Field("initial", "int", "|d⁰|", "How many examples start the chain. No output appears twice.", 20, low=1, high=255),
    Field("easy", "int", "easy ones Nₑ", "How many of them have a common word as their output. The outputs of the others are "
          "pronounceable, but in no list.", 10, low=0, high=255),
    Field("letters", "int", "letters", "How many letters the outputs of d⁰ have.", 7, low=3, high=14),
    Field("word-letters", "int", "letters of words", "How many letters the words of an input have, or the nearest length for which "
          "there are words.", 7, low=1, high=14),
    Field("samples", "int", "samples M", "How many samples a generation passes to the next: the bottleneck.", 20, low=1, high=1000),
    Field("shortest", "int", "shortest output", "The shortest length of the grid of hypotheses.", 4, low=3, high=14),
    Field("longest", "int", "longest output", "The longest length of the grid. Shorter or longer outputs count as its ends.", 10,
          low=3, high=14),
    Field("spread", "float", "spread of lengths", "A length this many letters from that of the hypothesis is e times less likely: "
          "p ∝ exp(−|difference| / spread).", 1.0, low=0.1, high=100),
    Field("easy-rank", "int", "easy below rank", "An output is easy if its rank is below this, otherwise hard.", 60_000, low=2,
          high=MOST_RANK),
    Field("ranks", "str", "ranks from file", "A CSV file with columns rank and word (a session file holds a copy). Empty: the "
          "words of wordfreq.", None, convert=_file_name),
    Field("words", "str", "words of that file", "A session file's copy of the file that `ranks` names: its words in order. "
          "Ignored if it is a copy of another file.",
          None, in_form=False),
    Field("pool", "str", "d⁰ from file", "A CSV file with columns output and input (words separated by commas), from which d⁰ is "
          "drawn. Empty: d⁰ is made of the ranked words.", None, convert=_file_name),
    Field("order", "choice", "order", "Which part of an example is shown first.", "output-first",
          choices=("output-first", "input-first")),
    Field("case", "choice", "case", "How outputs are shown.", "upper", choices=("upper", "lower")),
    Field("persona", "choice", "persona", "Which outputs a language model is told to prefer: none (neutral), common, rare, long "
          "or short ones. Bayesian agents have a prior.", "neutral", choices=("neutral", "common", "rare", "long", "short")),
)  # fmt: skip
