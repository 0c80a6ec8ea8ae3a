"""Changes files at random: bytes, lines, values and tables, each into something that no reader expects."""

from __future__ import annotations

import random
import re

HOSTILE = (
    "9" * 4400, "-1", "0", "1e400", "-inf", "nan", "5e-324", "true", '""', "[]", "{}", "[[]]", "[{}]", "2026-01-02T03:04:05Z",
    "12:30:00", '"\\u0000"', '"\\u001b[2J"', '"\\u202e"', '"\\uffff"', '"' + "x" * 100_000 + '"', "[" * 70 + "]" * 70,
    "[" + "1," * 20_000 + "1]", "{ a = { b = { c = 1 } } }", "0x7fffffffffffffff", "9223372036854775808",
    '"../../../../etc/passwd"', '"/dev/zero"', '"."', "[1, true]", '["A", "A"]', "'''\n# end: head\n'''",
    '"# end: imitation 1"', "1_000_000_000_000", "1e308", '"\\U0001f9ff"', '"ｏｎ"', "+0.0", "-0.0",
)  # fmt: skip
"""Values for a TOML key."""

LINES = (
    "[[generation]]", "[generation.imitation]", "[[generation.call]]", "index = 0", "# end: head", "# end: imitation 1",
    "[chain]", "[[agent]]", "[[filter]]", "a" + ".a" * 1000 + " = 1", "[" + ".".join("a" * 1000) + "]", "x = '''", 'x = """',
    "= 1", "\ufeff", "\x00", "\x1b[31m", "kind = \"partner\"", "[[[[", "]", "}", "#" * 10_000, "\u2028", "[start]", "[a.b]",
    "[a]", "a = {",
)  # fmt: skip
_VALUE = re.compile(rb"^([^=\n\[]{1,60})= .*$", re.MULTILINE)
_TABLE = re.compile(rb"^\[[^\n]*\]\n(?:[^\[\n][^\n]*\n|\n)*", re.MULTILINE)


def mutated(data: bytes, rng: random.Random) -> bytes:
    """The data with one to four changes."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        data = rng.choice(_CHANGES)(data, rng)
    return data[:2_000_000]


def _flip(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) or 1)
    return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]


def _delete(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) or 1)
    return data[:at] + data[at + rng.choice((1, 1, 2, 5, 50, 1000)) :]


def _insert(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return (
        data[:at]
        + rng.choice((b"\n", b'"', b"'", b"[", b"]", b"{", b"=", b".", b"#", b"\x00", b"\xff", b"\r", b"\\", b"9" * 30))
        + data[at:]
    )


def _repeat(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) or 1)
    part = data[at : at + rng.choice((1, 10, 100))]
    return data[:at] + part * rng.choice((2, 20, 1000)) + data[at:]


def _cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) or 1)]


def _move_line(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    lines.insert(rng.randrange(len(lines) + 1), lines.pop(rng.randrange(len(lines))))
    return b"\n".join(lines)


def _add_line(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    lines.insert(rng.randrange(len(lines) + 1), rng.choice(LINES).encode())
    return b"\n".join(lines)


def _drop_line(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    del lines[rng.randrange(len(lines))]
    return b"\n".join(lines)


def _set_value(data: bytes, rng: random.Random) -> bytes:
    pairs = list(_VALUE.finditer(data))
    if not pairs:
        return _insert(data, rng)
    pair = rng.choice(pairs)
    return data[: pair.start()] + pair[1] + b"= " + rng.choice(HOSTILE).encode() + data[pair.end() :]


def _swap_values(data: bytes, rng: random.Random) -> bytes:
    pairs = list(_VALUE.finditer(data))
    if not pairs:
        return _flip(data, rng)
    pair, other = rng.choice(pairs), rng.choice(pairs)
    return data[: pair.start()] + pair[1] + other[0][len(other[1]) :] + data[pair.end() :]


def _rename_key(data: bytes, rng: random.Random) -> bytes:
    pairs = list(_VALUE.finditer(data))
    if not pairs:
        return _flip(data, rng)
    pair = rng.choice(pairs)
    return data[: pair.start()] + rng.choice((b"x ", b'"" ', b"a.b ", b'"\\u0000" ', b"kind ")) + data[pair.end(1) :]


def _double_table(data: bytes, rng: random.Random) -> bytes:
    tables = list(_TABLE.finditer(data))
    if not tables:
        return _repeat(data, rng)
    table = rng.choice(tables)
    return data[: table.end()] + table[0] * rng.choice((1, 1, 2, 60, 500)) + data[table.end() :]


def _drop_table(data: bytes, rng: random.Random) -> bytes:
    tables = list(_TABLE.finditer(data))
    if not tables:
        return _delete(data, rng)
    table = rng.choice(tables)
    return data[: table.start()] + data[table.end() :]


def _line_ends(data: bytes, rng: random.Random) -> bytes:
    return data.replace(b"\n", rng.choice((b"\r\n", b"\r", b"\n\n")))


def _mark(data: bytes, rng: random.Random) -> bytes:
    return rng.choice((b"\xef\xbb\xbf", b"\xff\xfe", b"\x1f\x8b", b"#!/bin/sh\n")) + data


_CHANGES = (
    _flip, _flip, _delete, _delete, _insert, _insert, _repeat, _cut, _move_line, _add_line, _drop_line, _set_value, _set_value,
    _set_value, _set_value, _swap_values, _swap_values, _rename_key, _double_table, _drop_table, _line_ends, _mark,
)  # fmt: skip
