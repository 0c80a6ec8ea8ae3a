"""A page of headings, texts, tables and pictures, as Markdown and as one HTML file. All text is from outside and is escaped."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from iicl_tui.text import printable

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem;
  color: #1c1c1c; background: #fff; }
table { border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto; }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #ccc;
  font-variant-numeric: tabular-nums; white-space: nowrap; }
img { max-width: 100%; height: auto; } pre { background: #f3f3f3; padding: .8rem; overflow-x: auto; }
@media (prefers-color-scheme: dark) {
  body { color: #ddd; background: #161616; } pre { background: #242424; } img { background: #fff; } }
"""
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|#])")
_TYPES = {"svg": "image/svg+xml", "png": "image/png"}


@dataclass(frozen=True)
class Heading:
    """A heading of level 1 or 2."""

    level: int
    text: str


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Table:
    """Rows of cells under their columns."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Picture:
    """A picture, by the key of its file, and what it shows."""

    key: str
    text: str


@dataclass(frozen=True)
class Code:
    """Lines of a language, as they are."""

    language: str
    text: str


Block = Heading | Text | Table | Picture | Code


def data_url(data: bytes, form: str) -> str:
    """A picture as a URL that holds it."""
    return f"data:{_TYPES[form]};base64,{base64.b64encode(data).decode()}"


def markdown(blocks: Sequence[Block], pictures: Mapping[str, str]) -> str:
    """The page as Markdown. pictures: where each picture is."""
    return "\n\n".join(_markdown(block, pictures) for block in blocks) + "\n"


def _markdown(block: Block, pictures: Mapping[str, str]) -> str:
    if isinstance(block, Heading):
        return f"{'#' * block.level} {_plain(block.text)}"
    if isinstance(block, Text):
        return _plain(block.text)
    if isinstance(block, Picture):
        return f"![{_plain(block.text)}]({pictures[block.key]})"
    if isinstance(block, Code):
        fence = "`" * max(3, 1 + max(map(len, re.findall("`+", block.text)), default=0))
        return f"{fence}{block.language}\n{printable(block.text, newlines=True).rstrip()}\n{fence}"
    lines = [block.columns, ["---"] * len(block.columns), *block.rows]
    return "\n".join("| " + " | ".join(cell if cell == "---" else _plain(cell) for cell in line) + " |" for line in lines)


def _plain(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", printable(text))


def html(blocks: Sequence[Block], pictures: Mapping[str, str]) -> str:
    """The page as one HTML file that needs no other."""
    title = next((block.text for block in blocks if isinstance(block, Heading)), "Report")
    head = f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{_safe(title)}</title>\n<style>{_STYLE}</style>\n'
    return head + "\n".join(_html(block, pictures) for block in blocks) + "\n</html>\n"


def _html(block: Block, pictures: Mapping[str, str]) -> str:
    if isinstance(block, Heading):
        return f"<h{block.level}>{_safe(block.text)}</h{block.level}>"
    if isinstance(block, Text):
        return f"<p>{_safe(block.text)}</p>"
    if isinstance(block, Picture):
        return f'<p><img src="{pictures[block.key]}" alt="{_safe(block.text)} by generation"></p>'
    if isinstance(block, Code):
        return f"<pre>{escape(printable(block.text, newlines=True))}</pre>"
    return "<table>\n" + "\n".join(_html_rows(block)) + "\n</table>"


def _html_rows(table: Table) -> Iterator[str]:
    yield "<tr>" + "".join(f"<th>{_safe(cell)}</th>" for cell in table.columns) + "</tr>"
    for row in table.rows:
        yield "<tr>" + "".join(f"<td>{_safe(cell)}</td>" for cell in row) + "</tr>"


def _safe(text: str) -> str:
    return escape(printable(text))
