from __future__ import annotations

import pytest
from scenes import DARK, LARGE, LIGHT, MIDDLE, SMALL, Shoot, configured

FAULTY = """\
# A comment stays where it is.
[chain]
title = "Some faults"
task = "acre"
generations = -3
speed = 7            # no such key

[task]
objects = ["A", "B", "C", "D", "screen"]
hypothesis = 500
spurious = "scren"
bias = "huge"

[[agent]]
kind = "bayes"
temperature = "warm"

[[filter]]
kind = "human"
on-reject = "redo"
"""


@pytest.mark.parametrize(("size", "theme"), [(SMALL, DARK), (MIDDLE, LIGHT), (LARGE, DARK)])
def test_a_preset(shoot: Shoot, size: tuple[int, int], theme: str) -> None:
    shoot("configure", size, theme, configured(0), preset="e3-human")


def test_the_file_at_a_small_size(shoot: Shoot) -> None:
    shoot("configure", SMALL, LIGHT, configured(0, "f8"), preset="e3-human")


@pytest.mark.parametrize(("size", "theme"), [(SMALL, LIGHT), (MIDDLE, DARK)])
def test_faults(shoot: Shoot, size: tuple[int, int], theme: str) -> None:
    shoot("configure", size, theme, configured(7), text=FAULTY)


def test_presets_to_choose_from(shoot: Shoot) -> None:
    shoot("configure", MIDDLE, DARK, configured(0, "f7"))
