from __future__ import annotations

import tomllib
from itertools import pairwise
from math import nan
from pathlib import Path

import numpy as np
import pytest

from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.metrics import measure
from iicl_tui.cli import main
from iicl_tui.present.first_visit import GROWTH, growth_lines
from iicl_tui.present.preset_questions import OTHER, in_order, question_of
from iicl_tui.present.preview import read_preview, spark
from iicl_tui.store.paths import shipped
from iicl_tui.store.presets import presets
from iicl_tui.store.session import SessionFile

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "a-small-bias-grows.toml"


async def test_the_bias_grows_as_the_picture_says() -> None:
    """The picture's numbers are the mean of 40 chains that are run here."""
    document = tomllib.loads(EXAMPLE.read_text())
    believed, kept = [], []
    for seed in range(40):
        document["chain"]["seed"] = seed
        chain = Chain(read_config(document))
        while chain.next is not None:
            await chain.step()
        measures = measure(chain)
        believed.append(measures.marginals[4][:, 1])
        kept.append(chain.task.space.groupings[4].codes[measures.hypothesis] == 1)
    mean = np.mean(believed, axis=0)
    assert mean.round(2).tolist() == list(GROWTH)
    assert np.mean(kept, axis=0)[-1] > 0.6  # not only believed: most of the rules that are passed on say so
    distance = np.abs(np.array(believed) - mean).mean(axis=1)
    assert int(distance.argmin()) == 35  # the shipped example is the chain nearest to the mean


def test_the_picture_has_a_line_for_each_agent() -> None:
    whole = growth_lines(len(GROWTH), 60)
    assert len(whole) == len(GROWTH)
    assert all(len(line) <= 60 for line in whole)
    lengths = [line.count("█") for line in whole]
    assert lengths == sorted(lengths)
    assert lengths[-1] == round(GROWTH[-1] * (60 - len("agent 1  ") - len("  100 %")))
    assert [bool(line.count("%")) for line in growth_lines(2, 30)] == [True, True, *[False] * (len(GROWTH) - 2)]


def test_presets_are_grouped_by_question_and_those_without_a_model_come_first() -> None:
    found = in_order(presets())
    assert sorted(each.name for each in found) == sorted(each.name for each in presets())
    assert [each.asks_models for each in found] == sorted(each.asks_models for each in found)
    headings = [question_of(each)[0] for each in found]
    changes = sum(one != other for one, other in pairwise(headings))
    assert changes + 1 == len(set(headings))  # each group stands together
    assert OTHER[0] not in headings


def test_every_example_says_what_it_is_and_what_to_notice(capsys: pytest.CaptureFixture[str]) -> None:
    paths = sorted(shipped("sessions").glob("*.toml"))
    assert len(paths) == 11
    for path in paths:
        preview = read_preview(path)
        assert preview.description
        assert 2 <= len(preview.notice) <= 3
        assert main(["show", "--no-charts", str(path)]) == 0
        said = capsys.readouterr().out
        assert preview.description in said
        assert all(each in said for each in preview.notice)


def test_the_bias_of_the_example_grows() -> None:
    with SessionFile.open(shipped("sessions") / "a-small-bias-grows.toml", read_only=True) as file:
        measures = measure(Chain(file.config, file.generations, calls=file.calls))
    off = measures.marginals[4][:, 1]
    assert off[:2].max() < 0.005
    assert off[2:].min() > 0.79
    assert abs(off[-1] - GROWTH[-1]) < 0.02


@pytest.mark.parametrize(
    ("values", "drawn"),
    [([], ""), ([0.0, 1.0], "▁█"), ([nan, 0.5], "·▅"), ([0.0] * 10 + [1.0] * 10, "▁▁▁▁▁█████"), ([nan, 1.0] * 10, "█" * 10)],
)
def test_a_small_curve(values: list[float], drawn: str) -> None:
    assert spark(values) == drawn
