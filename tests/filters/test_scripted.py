"""Decisions from a document."""

from __future__ import annotations

from typing import Any

import pytest

from iicl_tui.errors import ChainStopped, ConfigError
from iicl_tui.filters.base import Decision, HypothesisShown, PhaseContext, Sample, SamplesShown
from iicl_tui.filters.scripted import ScriptedDecider
from iicl_tui.tasks.acre.task import Acre
from iicl_tui.tasks.base import Example, Start

TASK = Acre(("A", "B"))
RULE = {"A": "on", "B": "und"}


def decider(*tables: dict[str, Any], **document: Any) -> ScriptedDecider:
    return ScriptedDecider({"generation": list(tables), **document}, TASK)


def scene_at(generation: int, decided: int = 0) -> PhaseContext:
    return PhaseContext(TASK, generation, Start(0, None, ()), None, [Decision(0, "reject", 0)] * decided)


def hypothesis_shown(generation: int, decided: int = 0, hypothesis: int = 5) -> HypothesisShown:
    return HypothesisShown(scene_at(generation, decided), hypothesis, decided, 3, False)


def samples_shown(generation: int, *numbers: int) -> SamplesShown:
    drawn = tuple(Sample(Example(("A",), "on"), number) for number in numbers)
    return SamplesShown(scene_at(generation), 5, drawn, (), 0, 3, True, False)


async def test_decisions_on_hypotheses() -> None:
    script = decider(
        {
            "index": 2,
            "interaction": {"decision": [{"verdict": "reject", "reason": "no"}, {"verdict": "edit", "hypothesis": RULE}, {}]},
        }
    )
    told = [await script.hypothesis(hypothesis_shown(2, decided)) for decided in range(3)]
    edited = TASK.read_hypothesis(RULE)
    assert told == [Decision(5, "reject", 5, "no"), Decision(5, "edit", edited), Decision(5, "approve", 5)]
    for generation, decided in ((2, 3), (1, 0)):
        with pytest.raises(ChainStopped, match=f"no more decisions for generation {generation}"):
            await script.hypothesis(hypothesis_shown(generation, decided))


async def test_decisions_on_samples() -> None:
    script = decider(
        {
            "transmission": {
                "sample": [
                    {"verdict": "rejected", "reason": "why"},
                    {"input": ["A"], "output": "on", "verdict": "approved"},
                    {"verdict": "edited", "input": ["B", "A"], "output": "off"},
                    {"verdict": "rejected", "number": 7},
                ]
            }
        }
    )
    told = await script.samples(samples_shown(1, 0, 1, 2))
    drawn = Example(("A",), "on")
    assert told == [
        Sample(drawn, 0, "rejected", None, "why"),
        Sample(drawn, 1),
        Sample(Example(("A", "B"), "off"), 2, "edited", drawn),
    ]
    assert [s.verdict for s in await script.samples(samples_shown(1, 7))] == ["rejected"]
    with pytest.raises(ChainStopped):
        await script.samples(samples_shown(1, 3))


async def test_being_asked_again_is_being_told_the_same() -> None:
    script = decider({"interaction": {"decision": [{"verdict": "reject"}]}, "transmission": {"sample": [{"verdict": "rejected"}]}})
    for _ in range(3):
        assert (await script.hypothesis(hypothesis_shown(1))).verdict == "reject"
        assert (await script.samples(samples_shown(1, 0)))[0].verdict == "rejected"


@pytest.mark.parametrize(("default", "standing"), [("approve", "approved"), ("reject", "rejected")])
async def test_the_default_decides_the_rest(default: str, standing: str) -> None:
    script = decider(default=default)
    assert (await script.hypothesis(hypothesis_shown(4))).verdict == default
    assert (await script.samples(samples_shown(4, 2)))[0].verdict == standing


async def test_what_an_earlier_person_edited_keeps_what_was_drawn() -> None:
    edit = {"verdict": "edited", "input": ["B"], "output": "off"}
    script = decider({"transmission": {"sample": [edit]}})
    first = await script.samples(samples_shown(1, 0))
    shown = SamplesShown(scene_at(1), 5, tuple(first), (), 0, 3, True, False)
    assert (await script.samples(shown))[0].shown == Example(("A",), "on")


async def test_a_sessions_own_tables_are_a_script() -> None:
    script = ScriptedDecider(
        {
            "format": "iicl-tui/1",
            "chain": {"title": "x"},
            "generation": [
                {
                    "index": 1,
                    "imitation": {"agent": 1, "hypothesis": RULE},
                    "interaction": {
                        "filter": ["human"],
                        "hypothesis": RULE,
                        "redraws": 1,
                        "decision": [{"shown": RULE, "verdict": "edit", "reason": "", "seconds": 1.5}],
                    },
                    "transmission": {
                        "sample": [
                            {"input": ["A"], "output": "on", "verdict": "edited", "number": 2, "seconds": 2.0,
                             "shown": {"input": ["B"], "output": "on"}},
                        ]
                    },
                }
            ],
        },
        TASK,
    )  # fmt: skip
    assert (await script.hypothesis(hypothesis_shown(1))).hypothesis == TASK.read_hypothesis(RULE)
    assert (await script.samples(samples_shown(1, 2)))[0].verdict == "edited"


def test_every_fault_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        decider(
            {
                "index": 1,
                "interaction": {
                    "decision": [{"verdict": "aprove"}, {"verdict": "edit"}, {"verdict": "edit", "hypothesis": {"A": "on"}}]
                },
                "transmission": {"sample": [{"verdict": "edited"}, {"verdict": "approve"}, {"raeson": "x"}, {"reason": 3}]},
            },
            {"index": 1},
            {"index": "2"},
            {"interaction": 3, "transmission": {"sample": [1]}},
            {"interaction": {"decisions": []}, "transmision": {}},
            default="maybe",
            defualt="approve",
        )
    assert [fault.key for fault in caught.value.faults] == [
        "defualt",
        "default",
        "generation[1].interaction.decision[1].verdict",
        "generation[1].interaction.decision[2].hypothesis",
        "generation[1].interaction.decision[3].hypothesis",
        "generation[1].transmission.sample[1]",
        "generation[1].transmission.sample[2].verdict",
        "generation[1].transmission.sample[3].raeson",
        "generation[1].transmission.sample[4].reason",
        "generation[2].index",
        "generation[3].index",
        "generation[4].interaction",
        "generation[4].transmission.sample",
        "generation[5].transmision",
        "generation[5].interaction.decisions",
    ]
    assert "nearest known: default" in str(caught.value)
    with pytest.raises(ConfigError, match="1 fault"):
        ScriptedDecider({"generation": {"index": 1}}, TASK)
