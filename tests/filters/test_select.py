"""Select: passes on only examples with certain values of a trait."""

from __future__ import annotations

from typing import Any

import pytest

from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.errors import ConfigError

SENTIMENT = {"name": "sentiment", "kind": "label", "field": "sentiment", "values": ["positive", "neutral", "negative"]}


def chain_of(task: str = "text", **table: Any) -> Chain:
    own = {"feature": [SENTIMENT], "initial": 10, "samples": 10} if task == "text" else {}
    document = {"chain": {"task": task, "generations": 2}, "task": own, "filter": [{"kind": "select", **table}]}
    return Chain(read_config(document))


@pytest.mark.parametrize("table", [{"reject": ["negative", "other"]}, {"keep": ["positive", "neutral"]}])
async def test_rejected_ones_are_redrawn(table: dict[str, Any]) -> None:
    chain = chain_of(feature="sentiment", **table)
    await chain.run()
    for generation in chain.generations:
        assert generation.transmission is not None
        assert len(generation.data) == 10
        values = [chain.task.traits["sentiment"].of(each) for each in generation.data]
        assert set(values) <= {"positive", "neutral"}
        rejected = [sample for sample in generation.transmission.samples if not sample.passes]
        assert all(sample.reason in ("sentiment: negative", "sentiment: other") for sample in rejected)
    assert rejected or any(not sample.passes for sample in chain.generations[0].transmission.samples)  # type: ignore[union-attr]


async def test_dropped_ones_are_not() -> None:
    chain = chain_of(feature="sentiment", keep=["positive"], **{"on-reject": "drop"})
    await chain.step()
    await chain.step()
    await chain.step()
    made = chain.generations[0].transmission
    assert made is not None
    assert len(made.samples) == 10
    assert 0 < len(chain.data(1)) < 10


async def test_acronyms_can_be_selected_too() -> None:
    chain = chain_of("acronym", feature="word", keep=["hard"])
    await chain.run()
    assert chain.task.measure(chain.data(2))[0] == 0


@pytest.mark.parametrize(
    ("task", "table", "words"),
    [
        ("text", {"feature": "sentimnt", "keep": ["positive"]}, "nearest: sentiment"),
        ("acre", {"feature": "x", "keep": ["on"]}, "it has none"),
        ("text", {"keep": ["positive"]}, "expected one of sentiment"),
        ("acre", {}, "has none, so remove"),
        ("text", {"feature": "sentiment"}, "either `keep` or `reject`"),
        ("text", {"feature": "sentiment", "keep": ["positive"], "reject": ["negative"]}, "either `keep` or `reject`"),
        ("text", {"feature": "sentiment", "reject": ["negativ"]}, "nearest: negative"),
        ("text", {"feature": "sentiment", "keep": []}, "no value passes"),
        ("text", {"feature": "sentiment", "reject": ["positive", "neutral", "negative", "other"]}, "no value passes"),
    ],
)
def test_faults(task: str, table: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as found:
        chain_of(task, **table)
    assert words in str(found.value)
