"""What the form begins with, and the headings of its groups."""

from __future__ import annotations

from iicl_tui.present.config_form import GroupName

BLANK = """\
[chain]
title = "Untitled chain"
task = "acre"
generations = 6
seed = 42
lookback = 0

[task]
objects = ["A", "B", "C", "D", "screen"]
hypothesis = "random"
initial = 4
samples = 4

[[agent]]
kind = "bayes"
choose = "sample"
temperature = 1.0
"""

TITLES: dict[GroupName, str] = {"task": "Task", "agents": "Agents", "interaction": "Interaction", "chain": "Chain"}
HEADS: dict[GroupName, str] = {
    "task": "what is learned",
    "agents": "who learns, in turn",
    "interaction": "the filters between them, in order",
    "chain": "how long, and from which seed",
}
