"""Regular expressions from a configuration. They must not be able to stop the program, and must give every machine the same number.

They are RE2's, which needs a time that grows with the text alone and no limit on it. So there are no references back and no looking
around, and `\\w`, `\\d`, `\\s` and `\\b` are about ASCII; `\\pL` is any letter.
"""

from __future__ import annotations

from collections.abc import Callable

MOST_PATTERN = 500
MOST_STEPS = 20_000
"""Steps of a compiled pattern: the time for a text also grows with their number."""
MOST_SEARCHED = 20_000
"""How many characters of a text are searched."""


def counter(pattern: str) -> Callable[[str], float]:
    """A function that counts how often the pattern is found in a text.

    Raises:
        ValueError: the pattern is invalid or too large; with a message for the user.
    """
    import re2  # slow to import

    if not pattern or len(pattern) > MOST_PATTERN:
        raise ValueError(f"expected a regular expression of 1 to {MOST_PATTERN} characters")
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as error:
        what = error.args[0].decode(errors="replace") if isinstance(error, re2.error) else str(error)
        around = "; RE2 has no references back and no looking around" if what.startswith("invalid") else ""
        raise ValueError(f"it is no valid regular expression: {what}{around}") from None
    if compiled.programsize > MOST_STEPS:
        raise ValueError("it repeats too much too often, which may take very long; write it with fewer repetitions")

    def count(text: str) -> float:
        return float(sum(1 for _ in compiled.finditer(text[:MOST_SEARCHED])))

    return count
