"""The pictures in the documents: each is made by the script, and each that the script makes is shown somewhere."""

from __future__ import annotations

import re
from pathlib import Path

from docs_scripts import DOCS, script

ROOT = DOCS.parent
_PICTURE = re.compile(r"!\[[^\]]+\]\(([^)\s]+\.svg)\)")


def test_every_picture_in_the_documents_is_made_by_the_script() -> None:
    pages = [ROOT / "README.md", *DOCS.glob("*.md")]
    shown = {(page.parent / name).resolve() for page in pages for name in _PICTURE.findall(page.read_text(encoding="utf-8"))}
    made = {DOCS / "pictures" / f"{name}.svg" for name in script("pictures.make").SCENES}
    assert shown == made
    assert set((DOCS / "pictures").glob("*.svg")) == made


def test_no_picture_loads_anything_or_shows_where_it_was_made() -> None:
    for path in (DOCS / "pictures").glob("*.svg"):
        text = path.read_text(encoding="utf-8")
        assert "@font-face" not in text
        assert str(Path.home()) not in text
        assert "/tmp/" not in text
