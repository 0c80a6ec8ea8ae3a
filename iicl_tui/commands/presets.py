"""iicl-tui presets"""

from __future__ import annotations

import argparse
import textwrap


def main(arguments: argparse.Namespace) -> int:
    """Prints every preset's name, title and summary."""
    from iicl_tui.store.presets import presets
    from iicl_tui.study.presets import study_presets

    for preset in presets():
        print(f"{preset.name}\n    {preset.title}")
        print(textwrap.indent(textwrap.fill(preset.summary, 92), "    ") + "\n")
    print("Studies of many chains:\n")
    for study in study_presets():
        print(f"{study.name}\n    {study.title}")
        print(textwrap.indent(textwrap.fill(study.summary.partition("\n\n")[0], 92), "    ") + "\n")
    print("Run all chains of one with `iicl-tui sweep NAME -o DIR`.")
    print("Run a preset with `iicl-tui run NAME`, or set it up with `iicl-tui new --preset NAME`.")
    return 0
