"""The figures of a report: made in every format, the same every time, legible, and with what the comparison says."""

from __future__ import annotations

import importlib
import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from iicl_tui.study import figures
from iicl_tui.study.collection import ChainData, Collection, Value
from iicl_tui.study.comparison import Comparison, compare

STARTS = {"svg": b"<?xml", "png": b"\x89PNG\r\n", "pdf": b"%PDF-"}


def comparison(conditions: int = 2, name: str = "plain") -> Comparison:
    """Three chains of five generations in each condition, by two keys."""
    rng = np.random.default_rng(1)
    metrics = ("p(class=a)", "p(class=b)", "entropy_nats")
    chains = []
    for number in range(conditions):
        for seed in (1, 2, 3):
            values = {metric: rng.random(5) for metric in metrics}
            labels: dict[str, Value] = {
                "chain.seed": seed,
                "task.bias": f"{name} {number // 4}",
                "agent.temperature": float(number % 4),
            }
            chains.append(ChainData(f"{number}-{seed}", "here", Path("x"), labels, values, 5, {"chain": {"task": "acre"}}))
    keys = ("chain.seed", "task.bias", "agent.temperature")
    return compare(Collection(tuple(chains), keys, ("chain.seed",), (), "acre", metrics, metrics, None))


@pytest.mark.parametrize("form", ["svg", "png", "pdf"])
def test_every_format_is_made_and_is_the_same_every_time(form: str) -> None:
    made = [figures.figure(comparison(), "entropy_nats", form) for _ in range(2)]
    assert made[0] == made[1]
    assert made[0].startswith(STARTS[form])
    assert figures.shares(comparison(), ("p(class=a)", "p(class=b)"), form) != made[0]


def test_nothing_is_cut_off_at_the_edges() -> None:
    """The outermost pixels of a figure with many panels and long names are white, and not everything is."""
    for each in (comparison(1), comparison(9, "a rather long name of a condition, longer than the legend can show")):
        image = importlib.import_module("matplotlib.image")  # seconds, which only the worker that needs it should spend
        pixels = image.imread(io.BytesIO(figures.figure(each, "entropy_nats", "png")))[..., :3]
        assert (pixels < 0.5).any()
        for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
            assert (edge == 1).all()


def test_names_from_outside_are_drawn_as_text() -> None:
    assert figures.figure(comparison(2, "$x^{ \x1b[31m \\frac"), "entropy_nats", "svg")


def test_many_conditions_are_split_by_the_key_that_makes_the_fewest_panels() -> None:
    panels = figures.split(comparison(9))
    assert [(title, len(groups)) for title, groups in panels] == [("bias plain 0", 4), ("bias plain 1", 4), ("bias plain 2", 1)]
    assert panels[0][1][0].name == "temperature 0"
    assert [title for title, _ in figures.split(comparison(2))] == [""]


def test_probabilities_of_one_grouping_are_drawn_together() -> None:
    assert figures.splits(("p(class=a)", "entropy_nats", "p(class=b)", "p(x=1)", "h(y=1)", "h(y=2)")) == [
        ("p(class=a)", "p(class=b)")
    ]
    assert figures.shares_name(("p(class=a)",)) == "p(class)"


def test_the_curves_are_at_the_means() -> None:
    """In the SVG the points of the first line lie as the means do, up to the scale of the axis."""
    each = comparison(1)
    text = figures.figure(each, "entropy_nats", "svg").decode()
    drawn = re.findall(r'id="line2d_\d+">\s*<path d="(M [^z"]+?)"[^>]*style="fill: none; stroke: #0072b2', text)
    points = np.array([[float(x), float(y)] for x, y in re.findall(r"[ML] ([\d.]+) ([\d.]+)", drawn[0])])
    mean = each.curve(each.groups[0], "entropy_nats").mean
    assert len(points) == 5
    assert abs(np.corrcoef(points[:, 1], mean)[0, 1] + 1) < 1e-6  # down is up in SVG


def test_a_condition_without_values_is_left_out_of_the_limits() -> None:
    each = comparison(2)
    group = each.groups[0]
    empty = tuple(replace(chain, metrics={"entropy_nats": np.full(5, np.nan)}) for chain in group.chains)
    assert figures.figure(replace(each, groups=(replace(group, chains=empty), each.groups[1])), "entropy_nats", "svg")
    assert figures.figure(replace(each, groups=(replace(group, chains=empty),)), "entropy_nats", "svg")
