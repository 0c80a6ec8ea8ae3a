"""Prepares a reply for reading: finds the answer, and writes it as people see it. Positions map back to the reply.

Unicode is composed (NFC), full-width forms and CJK punctuation become ASCII, HTML and LaTeX become plain text, and struck-out text
and special tokens become blanks.
"""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from iicl_tui.tasks.reply_parsing.markers import ANSWER_TAG, SPECIAL_TOKEN, find_answer
from iicl_tui.tasks.spelling import PLAIN, SELECTORS

EMPTY = "The reply is empty."
NO_ANSWER = "The reply ends before the answer begins."
AFTER_TURN = "The reply goes on after the end of its turn. That part does not count."
STRUCK_OUT = "Some of the reply is struck out. That part does not count."

_STRUCK = re.compile(
    r"~~(?=\S)(?:(?!\n\s*\n)[^~]){1,400}?(?<=\S)~~|(?<![~\w])~(?=[^\s~])[^~\n\"':,;|]{1,60}?(?<=[^\s~])~(?![~\w])"
    r"|<(?P<line>span|font)\b[^<>]{0,80}line-through[^<>]{0,80}>[^<>]{0,400}</(?P=line)>"
    r"|<(?P<tag>s|del|strike)>(?:(?!</(?P=tag)>)[\s\S]){0,400}?</(?P=tag)>"
    r"|\[(?P<code>s|del|strike)\](?:(?!\[/(?P=code)\])[\s\S]){0,400}?\[/(?P=code)\]"
    r"|\\{1,2}(?:sout|st|cancel|bcancel|xcancel|xout|strike)\s{0,3}\{[^{}\n]{0,400}\}"
    r"|(?:[^\W_][\u0335-\u0338]+(?:[^\S\n](?=[^\W_][\u0335-\u0338]))?)+",
    re.IGNORECASE,
)
_UNCHECKED = re.compile(r"(?:\[ ?\]|[☐⬜])[^\S\n]{0,3}[^\n\[\]☐☑☒⬜✅|,;]{1,40}(?=[^\n]*(?:\[[xX✓✔]\]|[☑☒✅]))")
_UNCHECKED_AFTER = re.compile(r"(?:\[[xX✓✔]\]|[☑☒✅])[^\n\[\]☐☑☒⬜✅]{1,40}(?P<rest>(?:(?:\[ ?\]|[☐⬜])[^\n\[\]☐☑☒⬜✅]{0,40})+)")
"""Options of a line that are not ticked, before and after the one that is."""
_CHECKED = re.compile(r"\[[xX✓✔]\]|[☑☒✅]")
_COMMANDS = (
    "text|textbf|textit|textrm|textsf|texttt|textnormal|textup|textmd|textsl|textsc|mathrm|mathbf|mathit|mathsf|mathtt|mathnormal|"
    "boldsymbol|bm|operatorname|mbox|hbox|fbox|boxed|emph|underline|bold|rm|mathord|mathrel"
)
_ARGUMENT = re.compile(rf"\\{{1,2}}(?:{_COMMANDS})\*?[^\S\n]{{0,3}}\{{[^\S\n]{{0,3}}")
_ARROWS = re.compile(r"\\{1,2}(?:long)?(?:right|map|leads)(?:arrow|sto|to)\b|\\{1,2}to\b|\\{1,2}implies\b", re.IGNORECASE)
_SIGNS = re.compile(r"\\{1,2}(?:(?P<comma>land|wedge|quad|qquad)|(?P<colon>colon)|(?P<equal>equiv)|(?P<bar>mid|vert))(?![A-Za-z])")
_LAYOUT = re.compile(
    r"\\{1,2}(?:begin|end)\{[A-Za-z*]{1,20}\}(?:\{[^{}\n]{0,40}\})?|\\{1,2}(?:hline|left|right|displaystyle|toprule|midrule|bottomrule)"
    r"(?![A-Za-z])"
)
_ENTITY = re.compile(r"&(?:(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});|(?:[gl]t|amp|quot|nbsp)(?![A-Za-z0-9;]))")
_MOST_ESCAPES = 2
"""How often HTML may be escaped."""
_ENDS_ROW = r"tr|br|li|p|div|dd|h[1-6]|blockquote"
_ENDS_CELL = r"t[dh]|dt"
_INLINE = (
    r"table|thead|tbody|tfoot|caption|colgroup|col|ul|ol|dl|strong|em|code|pre|span|font|mark|small|kbd|tt|var|samp|big|sub|sup"
    r"|(?-i:[abiu])"
)
_HAS_TAGS = re.compile(r"</[A-Za-z][\w-]{0,30}\s?>|<br\s?/?>|<!--", re.IGNORECASE)
_TAG = re.compile(
    rf"(?P<hidden><!--.{{0,20000}}?-->)|(?P<row></(?:{_ENDS_ROW})\s?>\s*|<(?:br|hr)\s?/?>)|(?P<cell></(?:{_ENDS_CELL})\s?>\s*)"
    rf"|(?P<none><(?:{_ENDS_ROW}|{_ENDS_CELL})(?:\s[^<>]{{0,200}})?>\s*|</?(?:{_INLINE})(?:\s[^<>]{{0,200}})?>)"
    r"|<(?P<name>[A-Za-z][\w-]{0,30})>(?=[^<>\n]{1,200}</(?P=name)>)|(?P<end></[A-Za-z][\w-]{0,30}>)",
    re.IGNORECASE | re.DOTALL,
)
"""HTML, and XML whose elements are names with values."""
_LATEX = re.compile(r"\\(?:[(\[]|begin\{|text|math|operatorname|boxed|quad|to\b|rightarrow)|\$[^$\n]{1,200}\$")
_SPACING = re.compile(
    r"\\{1,2}[,;:!>]|\\{1,2}(?:text)?color\{[A-Za-z0-9!]{1,20}\}"
    r"|\\{1,2}(?:bf|it|tt|rm|sf|bfseries|itshape|ttfamily|sffamily)(?![A-Za-z])"
)
_BARE_ROW = re.compile(r"(?<!\\)&(?:[^\n\\]|\\(?!\\)){0,120}\\\\(?!n)")
"""A row of a table whose beginning and end are missing."""
_CELL = re.compile(r"(?P<relation>&(?=\s{0,9}(?:[=:]|→|->)))|(?P<cell>(?<!\\)&)|(?P<row>\\\\(?!n)(?:\[[^\]\n]{0,10}\])?)")


@dataclass(frozen=True, eq=False)
class Mapped:
    """A text made from another one. segments: parallel starts here and there, in order; stretches between them correspond."""

    text: str
    starts: tuple[int, ...] = (0,)
    origins: tuple[int, ...] = (0,)
    ends: tuple[int, ...] = field(default=(0,))

    def origin(self, position: int) -> int:
        """Where the character at this position comes from; the start of what was replaced if it is new."""
        at = bisect_right(self.starts, position) - 1
        return min(self.origins[at] + position - self.starts[at], max(self.ends[at], self.origins[at]))


Edit = tuple[int, int, str]
"""Replaces text[start:end] by a new text."""


def edited(text: str, edits: Sequence[Edit]) -> Mapped:
    """The text with these edits, which are in order and do not overlap."""
    parts: list[str] = []
    starts, origins, ends = [], [], []
    length = last = 0
    for start, end, new in [*edits, (len(text), len(text), "")]:
        for origin, stop, part in ((last, start, text[last:start]), (start, start, new)):
            if part:
                starts.append(length)
                origins.append(origin)
                ends.append(stop)
                parts.append(part)
                length += len(part)
        last = end
    starts.append(length)
    origins.append(len(text))
    ends.append(len(text))
    return Mapped("".join(parts), tuple(starts), tuple(origins), tuple(ends))


@dataclass(frozen=True, eq=False)
class Cleaned:
    """The answer of a reply, ready for reading.

    Attributes:
        text: the answer as people see it.
        remarks: what was ignored, in sentences for a person.
        trouble: why there is no answer; "" if there is one.
        steps: from the reply to `text`.
    """

    text: str
    remarks: tuple[str, ...] = ()
    trouble: str = ""
    steps: tuple[Mapped, ...] = ()

    def span(self, span: tuple[int, int]) -> tuple[int, int]:
        """The range of the reply from which this range of the text comes."""
        first, last = span[0], max(span[1] - 1, span[0])
        for step in reversed(self.steps):
            first, last = step.origin(first), step.origin(last)
        return first, last + (span[1] > span[0])


@lru_cache(maxsize=64)  # one reply is read several times: for its rule or examples, its belief and its faults
def clean(reply: str) -> Cleaned:
    """Find the answer in a reply and write it as people see it."""
    if not reply.strip():
        return Cleaned("", trouble=EMPTY)
    text = reply
    steps: list[Mapped] = []

    def apply(edits: Sequence[Edit]) -> None:
        nonlocal text
        if edits:
            steps.append(edited(text, edits))
            text = steps[-1].text

    while len(steps) < _MOST_ESCAPES and (entities := list(_entities(text))):
        apply(entities)
    answer = find_answer(text)
    if not text[answer.start : answer.stop].strip():
        return Cleaned("", trouble=NO_ANSWER)
    remarks = [AFTER_TURN] if answer.ignored else []
    if (answer.start, answer.stop) != (0, len(text)):
        apply([(0, answer.start, ""), (answer.stop, len(text), "")])
    if "<" in text or "[" in text:
        apply([(*found.span(), " ") for found in SPECIAL_TOKEN.finditer(text)])
        apply([(*found.span(), "\n") for found in ANSWER_TAG.finditer(text)])
    struck = list(_struck(text))
    if struck:
        remarks.append(STRUCK_OUT)
        apply(struck)
    if "<" in text and _HAS_TAGS.search(text) is not None:
        apply(list(_tags(text)))
    if _CHECKED.search(text) is not None:
        before = len(steps)
        apply([(*found.span("rest"), " ") for found in _UNCHECKED_AFTER.finditer(text)])
        apply([(*found.span(), " ") for found in _UNCHECKED.finditer(text)])
        if len(steps) > before:
            apply([(*found.span(), " ") for found in _CHECKED.finditer(text)])
    if "\\" in text:
        has_cells = "\\begin{" in text or len(_BARE_ROW.findall(text)) > 1
        is_latex = has_cells or _LATEX.search(text) is not None
        if is_latex:
            apply([(*found.span(), " ") for found in _SPACING.finditer(text)])
        for rewrite in (_latex_arguments, _latex_words, *((_latex_cells,) if has_cells else ())):
            apply(list(rewrite(text)))
    if not text.isascii():
        apply([(*found.span(), "") for found in SELECTORS.finditer(text)])
        text = text.translate(PLAIN)
        if not unicodedata.is_normalized("NFC", text):
            apply(list(_composed(text)))
    return Cleaned(text, tuple(remarks), "", tuple(steps))


def _entities(text: str) -> Iterator[Edit]:
    """Write HTML's names and numbers of characters as these: &rarr; becomes →."""
    for found in _ENTITY.finditer(text) if "&" in text else ():
        new = html.unescape(found[0])
        if new != found[0]:
            yield *found.span(), new


def _tags(text: str) -> Iterator[Edit]:
    """Write rows, cells and elements of HTML and XML as lines, bars and pairs: <A>on</A> becomes A: on."""
    opened = ""
    for found in _TAG.finditer(text):
        kind = found.lastgroup
        if kind == "name":
            opened = found["name"]
            yield *found.span(), f"{opened}: "
        elif kind == "end" and found[0][2:-1] == opened:
            yield *found.span(), "\n"
        elif kind != "end":
            yield *found.span(), {"row": "\n", "cell": " | ", "hidden": " "}.get(kind or "", "")


def _struck(text: str) -> Iterator[Edit]:
    if any(sign in text for sign in ("~", "<", "[", "\\", "\u0335", "\u0336", "\u0337", "\u0338")):
        for found in _STRUCK.finditer(text):
            yield *found.span(), " "


def _latex_arguments(text: str) -> Iterator[Edit]:
    r"""Remove commands around text: \text{on} becomes on."""
    closing: list[int] = []
    opened = [found.span() for found in _ARGUMENT.finditer(text)]
    edits: list[Edit] = [(*span, " " if text[span[0] - 1 : span[0]].isalpha() else "") for span in opened]
    for _, start in opened:
        depth = 1
        for at in range(start, min(start + 400, len(text))):
            depth += (text[at] == "{") - (text[at] == "}")
            if not depth:
                closing.append(at)
                break
    yield from sorted([*edits, *((at, at + 1, "") for at in closing)])


def _latex_words(text: str) -> Iterator[Edit]:
    """Write arrows, separators and layout commands as plain characters."""
    rules: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
        (_ARROWS, lambda found: "→"),
        (_SIGNS, lambda found: {"comma": ", ", "colon": ":", "equal": "=", "bar": "|"}[found.lastgroup or "comma"]),
        (_LAYOUT, lambda found: "\n" if "begin" in found[0] or "end" in found[0] else " "),
    )
    yield from sorted((*found.span(), new(found)) for pattern, new in rules for found in pattern.finditer(text))


def _latex_cells(text: str) -> Iterator[Edit]:
    r"""Write cells and rows of an array, & and \\, as bars and lines."""
    for found in _CELL.finditer(text):
        yield *found.span(), {"relation": " ", "cell": "|", "row": "\n"}[found.lastgroup or "cell"]


def _composed(text: str) -> Iterator[Edit]:
    """Compose characters from a letter and its accents, or from the parts of a Hangul syllable."""
    start = 0
    for at in range(1, len(text) + 1):
        if at < len(text) and _joins(text[at]):
            continue
        cluster = text[start:at]
        new = unicodedata.normalize("NFC", cluster)
        if new != cluster:
            yield start, at, new
        start = at


def _joins(char: str) -> bool:
    """Whether a character may combine with the one before it."""
    return unicodedata.combining(char) != 0 or "\u1160" <= char <= "\u11ff"
