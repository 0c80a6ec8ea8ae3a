"""What is predicted of a chain beside what happened: the numbers by hand, and where there is no prediction."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import numpy as np
import pytest

from iicl_tui.bayes.inference import total_variation
from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.charts import histogram as chart
from iicl_tui.errors import LabError
from iicl_tui.present import outlook as words
from iicl_tui.present.outlook import Outlook, expected_distance, outlook
from iicl_tui.store.array_cache import ArrayCache
from iicl_tui.study.theory.prediction import predict

SMALL = {"chain": {"generations": 5, "seed": 3}, "task": {"objects": ["A", "screen"], "hypothesis": 1, "initial": 2, "samples": 2}}


def run(document: dict) -> Chain:
    chain = Chain(read_config(document))
    asyncio.run(chain.run())
    return chain


@pytest.fixture(scope="module")
def found() -> Outlook:
    return outlook(run({**SMALL, "agent": [{"kind": "bayes", "noise": 0.1}]}), None)


@pytest.mark.parametrize(("p", "draws"), [([0.5, 0.5], 1), ([0.2, 0.3, 0.5], 4), ([0.9, 0.1, 0.0], 5), ([1.0], 3)])
def test_the_distance_by_chance_is_the_mean_over_all_possible_draws(p: list[float], draws: int) -> None:
    law = np.array(p)
    mean = 0.0
    for outcome in itertools.product(range(len(p)), repeat=draws):
        counts = np.bincount(outcome, minlength=len(p))
        mean += float(law[list(outcome)].prod()) * total_variation(counts / draws, law)
    assert expected_distance(law, draws) == pytest.approx(mean, abs=1e-12)


def test_what_happened_stands_beside_the_law_of_the_chain(found: Outlook) -> None:
    law = predict(found.prediction.config)
    assert found.prediction.exact
    assert found.prediction.distributions == pytest.approx(law.distributions)
    assert found.counts.sum() == 5
    names = [name for name, _ in found.against]
    assert names == ["predicted", "prior", "stationary"]
    assert found.mean == pytest.approx(law.distributions.mean(axis=0))
    text = words.distances(found)
    for name, p in found.against:
        assert f"{name} {total_variation(found.counts / 5, p):.3f} (by chance {expected_distance(p, 5):.3f})" in text
    assert words.how(found).startswith("Exact.")
    held = int(found.happened[2])
    rank = 1 + int((law.distributions[2] > law.distributions[2][held] + 1e-12).sum())
    assert f"rank {rank} of 9" in words.at_generation(found, 3)
    assert words.at_generation(found, 9) == ""
    log_p = words.log_predicted(found, 3)
    assert log_p is not None
    assert np.exp(log_p) == pytest.approx(law.distributions[2])


def test_the_histogram_begins_with_what_was_held(found: Outlook) -> None:
    target = found.prediction.config.start.target
    view = words.histogram(found, {target: "★"})
    names, columns = zip(*view.columns, strict=True)
    assert names == ("so far (5)", "predicted", "prior", "stationary")
    held = len(np.unique(found.happened))
    assert (columns[0][:held] > 0).all()
    assert not columns[0][held:].any()
    assert list(columns[0]) == sorted(columns[0], reverse=True)
    assert view.marks[view.rules.index(found.prediction.config.task.rule(target))] == "★"
    picture = chart.draw(view, 100, 8)
    assert len(picture.plain()) == 8
    assert [word for word in picture.plain()[0].split("  ") if word.strip()][-1].strip() == "stationary"


def test_the_matrix_is_kept_and_progress_may_cancel(tmp_path: Path) -> None:
    chain = run({**SMALL, "chain": {"generations": 2}})
    cache = ArrayCache(tmp_path)
    outlook(chain, cache)
    assert list(tmp_path.glob("*.npz"))

    class Cancelled(Exception):
        pass

    def cancel(share: float) -> None:
        raise Cancelled

    outlook(chain, cache, cancel)  # nothing is computed any more
    with pytest.raises(Cancelled):
        outlook(chain, None, cancel)


def test_where_there_is_no_prediction_one_line_says_why() -> None:
    chain = Chain(read_config({**SMALL, "filter": [{"kind": "human"}]}))
    with pytest.raises(LabError) as told:
        outlook(chain, None)
    line = words.reason(told.value)
    assert line == "No theory of this chain. What the filter human does is no matter of chance alone."
    model = Chain(read_config({**SMALL, "agent": [{"kind": "openai", "model": "m", "base-url": "http://localhost:1"}]}))
    with pytest.raises(LabError) as told:
        outlook(model, None)
    assert words.reason(told.value) == "No twin. A fit needs 3 generations of an agent, and the chain has fewer."
