"""Makes docs/glossary.md from the glossary that the program shows."""

from __future__ import annotations

from pathlib import Path

from iicl_tui.present.glossary import document

if __name__ == "__main__":
    Path(__file__).with_name("glossary.md").write_text(document(), encoding="utf-8")
