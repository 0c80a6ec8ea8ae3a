"""A person's own data: files of rows (JSON lines, CSV, Parquet), read within limits and never written.

    from iicl_tui.data_files import FieldMapping, guess_mapping, open_table

    with open_table(Path("mine.jsonl")) as table:   # DataError: all faults, each with its line
        table.notices                               # sentences for the person: empty rows, duplicates, mixed types, the encoding
        table.fields                                # FieldInfo(name, types) in the file's order
        table.digest                                # names the content of all rows
        len(table); table[7]                        # Row(index, line, key, values), decoded now
        table.key(7), table.line(7)                 # without decoding
        table.find(key)                             # the index of a row; None if it is not there any more
        mapping = guess_mapping(table)              # None if a person has to say what is judged
        mapping = FieldMapping("text", prompt="prompt").checked(table)   # LabError: no such field, with the nearest
        table[7].text(mapping.judged)               # the field as text, whatever its type; "" if it is absent

A row's key is a hash of its content: 32 hexadecimal digits, and `-2` after them for the second of two equal rows. It stays the same
when other rows are added, removed or moved. `Row.text` returns what is in the file: show it through `text.printable`. A table holds
about 32 bytes a row and decodes rows when they are asked for. A row that has changed since the table was opened raises DataError.
Writing rows is in `data_files.write`.
"""

from __future__ import annotations

from iicl_tui.data_files.faults import DataError
from iicl_tui.data_files.mapping import FieldMapping, guess_mapping
from iicl_tui.data_files.opening import open_table
from iicl_tui.data_files.table import DataTable, FieldInfo, Row, text_of, value_of

__all__ = ["DataError", "DataTable", "FieldInfo", "FieldMapping", "Row", "guess_mapping", "open_table", "text_of", "value_of"]
