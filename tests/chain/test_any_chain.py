"""What holds for every chain that can be configured."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tomli_w
from deciders import Unasked
from hypothesis import given, settings
from hypothesis import strategies as st

from iicl_tui.chain.config import ChainConfig, read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.metrics import measure
from iicl_tui.errors import ChainStopped
from iicl_tui.filters.base import Decision, HypothesisShown, Sample, SamplesShown

weights = st.dictionaries(st.sampled_from(["on", "off"]), st.integers(1, 9))
agents: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "choose": st.sampled_from(["sample", "map"]),
        "temperature": st.sampled_from([0.1, 0.5, 1, 2.0]),
        "noise": st.sampled_from([0, 0.01, 0.3]),
        "prior": st.dictionaries(st.sampled_from(["A", "s"]), weights),
    },
)
filters = st.one_of(
    st.fixed_dictionaries(
        {"kind": st.just("effective-set"), "mode": st.sampled_from(["redraw", "restrict"])},
        optional={"least": st.integers(0, 2), "redraws": st.integers(0, 30)},
    ),
    st.fixed_dictionaries(
        {"kind": st.just("human")},
        optional={
            "gates": st.sampled_from(["both", "hypothesis", "samples"]),
            "on-reject": st.sampled_from(["redraw", "drop"]),
            "redraws": st.integers(0, 3),
            "blind": st.booleans(),
        },
    ),
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    objects = ["A", "B", "C", "s"][-draw(st.integers(2, 4)) :]
    task: dict[str, Any] = {"objects": objects, "initial": draw(st.integers(0, 1)), "samples": draw(st.integers(1, 3))}
    task["states"] = draw(st.sampled_from([["on", "off", "und"], ["on", "off"]]))
    task["distinct"] = draw(st.booleans())
    if draw(st.booleans()):
        task |= {
            "spurious": "s",
            "bias": draw(st.sampled_from(["none", "mild"])),
            "hypothesis": draw(st.sampled_from(["random", 0, 1])),
        }
        task["draw"] = draw(st.sampled_from(["any", "overlap"]))
    chain = {"seed": draw(st.integers(0, 2**63 - 1)), "generations": draw(st.integers(1, 4)), "lookback": draw(st.integers(0, 2))}
    taking_turns = [
        {**agent, "prior": {name: table for name, table in agent.get("prior", {}).items() if name in objects}}
        for agent in draw(st.lists(agents, min_size=1, max_size=3))
    ]
    judges = draw(st.lists(filters, max_size=2))
    if any(agent.get("choose") == "map" for agent in taking_turns):  # redrawing from it is a fault
        judges = [{**each, "mode": "restrict"} if each["kind"] == "effective-set" else each for each in judges]
    return {"chain": chain, "task": task, "agent": taking_turns, "filter": judges}


class Moody(Unasked):
    """Decides by what is shown alone, so that it is the same person whenever it is asked."""

    async def hypothesis(self, shown: HypothesisShown) -> Decision:
        mood = (shown.hypothesis + shown.context.generation) % 4
        if mood == 0:
            return Decision(shown.hypothesis, "edit", (shown.hypothesis * 7) % shown.context.task.space.size, "better")
        return Decision(shown.hypothesis, "reject" if mood == 1 else "approve", shown.hypothesis)

    async def samples(self, shown: SamplesShown) -> Sequence[Sample]:
        out = []
        for sample in shown.samples:
            mood = (sample.number + shown.hypothesis) % 3
            outputs = shown.context.task.outputs
            edited = sample.example._replace(output=outputs[sample.number % len(outputs)])
            kinds = (
                sample,
                replace(sample, verdict="rejected"),
                replace(sample, verdict="edited", example=edited, shown=sample.example),
            )
            out.append(kinds[mood])
        return out


async def _run(chain: Chain) -> str | None:
    try:
        await chain.run()
    except ChainStopped as stopped:
        return stopped.title
    return None


def ran(chain: Chain) -> str | None:
    """Runs to the end; why it stopped before it, if it did."""
    return asyncio.run(_run(chain))


def with_start(config: ChainConfig) -> dict[str, Any]:
    task, start = config.task, config.start
    table: dict[str, Any] = {"hypothesis": task.write_hypothesis(start.target)}
    if start.rival is not None:
        table["rival"] = task.write_hypothesis(start.rival)
    table["sample"] = [{"input": list(example.input), "output": example.output} for example in start.samples]
    return {**config.document, "start": table}


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(documents(), st.data())
def test_written_read_and_resumed_it_is_the_same_chain(document: dict[str, Any], data: st.DataObject) -> None:
    chain = Chain(read_config(document), decider=Moody())
    why = ran(chain)
    written = tomllib.loads(tomli_w.dumps(with_start(chain.config)))
    config = read_config(written)
    assert with_start(config) == written
    assert config.start == chain.start

    done = data.draw(st.integers(0, len(chain.generations)))
    kept = list(chain.generations[:done])
    if kept:
        phases = data.draw(st.integers(0, 2))
        last = kept[-1]
        kept[-1] = replace(
            last, interaction=last.interaction if phases else None, transmission=last.transmission if phases > 1 else None
        )
    again = Chain(config, kept, decider=Moody())
    assert ran(again) == why
    assert again.generations == chain.generations
    assert again.status == chain.status


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(documents())
def test_what_passed_the_filters_is_what_they_let_pass(document: dict[str, Any]) -> None:
    chain = Chain(read_config(document), decider=Moody())
    why = ran(chain)
    assert (chain.next is None) == (why is None)
    kinds = [table["kind"] for table in document["filter"]]
    explained = chain.task.explained(chain.start.samples)
    for generation in chain.generations:
        if generation.interaction is None:
            continue
        assert generation.interaction.filters == tuple(kinds)
        if kinds and kinds[-1] == "effective-set" and generation.interaction.exhausted is None:
            least = document["filter"][-1].get("least", len(chain.start.samples))
            assert explained[generation.hypothesis] >= min(least, len(chain.start.samples))
        if generation.transmission is None:
            continue
        numbers = [sample.number for sample in generation.transmission.samples]
        assert numbers == list(range(len(numbers)))  # nothing that was drawn is lost
        assert len(generation.data) <= chain.task.samples
        if "human" not in kinds:
            assert len(generation.data) == chain.task.samples
    m = measure(chain)
    assert len(m) == len(chain.generations)
    assert ((m.entropy >= 0) & (m.entropy <= np.log(chain.task.space.size) + 1e-9)).all()
    for marginal in m.marginals:
        np.testing.assert_allclose(marginal.sum(axis=1), 1)
