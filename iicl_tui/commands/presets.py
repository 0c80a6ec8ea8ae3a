"""iicl-tui presets"""

from __future__ import annotations

import argparse
import textwrap


def main(arguments: argparse.Namespace) -> int:
    """Prints every preset's name, title and summary."""
    from iicl_tui.store.presets import presets

    for preset in presets():
        print(f"{preset.name}\n    {preset.title}")
        print(textwrap.indent(textwrap.fill(preset.summary, 92), "    ") + "\n")
    print("Run one with `iicl-tui run NAME`, or set it up with `iicl-tui new --preset NAME`.")
    return 0
