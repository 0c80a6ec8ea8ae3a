"""What a filter needs of a chain's agents; a model that states no rule cannot be given a hypothesis."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from speaking import InMemory, connected, follows

from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.errors import ChainStopped, ConfigError
from iicl_tui.filters.scripted import ScriptedDecider

MODEL = {"kind": "openai", "model": "m"}
BAYES = {"kind": "bayes"}


def faults(task: str, agents: list[dict[str, Any]], *filters: dict[str, Any]) -> list[str]:
    try:
        read_config({"chain": {"task": task}, "agent": agents, "filter": list(filters)})
    except ConfigError as error:
        return [str(fault) for fault in error.faults]
    return []


@pytest.mark.parametrize("kind", ["self-refine", "hypothesis-search", "effective-set"])
@pytest.mark.parametrize("agent", [BAYES, MODEL])
def test_where_all_hypotheses_explain_the_same_no_filter_can_judge_them_by_it(kind: str, agent: dict[str, Any]) -> None:
    (fault,) = faults("acronym", [agent], {"kind": kind})
    assert fault.startswith("filter[1].kind: in the task acronym every hypothesis explains the same examples")
    assert faults("acre", [agent], {"kind": kind}) == []


async def test_a_person_after_a_partner_is_promised_nothing_that_the_partner_cannot_give() -> None:
    document = {
        "chain": {"task": "naming", "generations": 1},
        "filter": [{"kind": "partner"}, {"kind": "human", "gates": "samples"}],
    }
    chain = Chain(read_config(document))
    shown: list[Any] = []

    class Person:
        async def samples(self, request: Any) -> list[Any]:
            shown.append(request)
            return [replace(sample, verdict="rejected") for sample in request.samples]

    chain.decider = Person()  # type: ignore[assignment]
    await chain.run()
    assert [(request.refill, request.redraws_left) for request in shown] == [(False, 0)]
    assert chain.data(1) == ()


def test_a_partner_needs_a_belief_and_inputs_that_can_be_listed() -> None:
    silent = {**MODEL, "belief": "none"}
    assert faults("acre", [MODEL], {"kind": "partner"}) == []
    (fault,) = faults("acre", [BAYES, silent], {"kind": "partner"})
    assert fault.startswith("filter[1].kind: a partner needs the belief of its agent")
    (fault,) = faults("acronym", [BAYES], {"kind": "partner"})
    assert "cannot be listed" in fault


async def test_a_hypothesis_that_a_model_could_not_be_told_of_cannot_be_put_in_place() -> None:
    config = read_config(
        {"chain": {"task": "acronym", "generations": 1}, "agent": [MODEL], "filter": [{"kind": "human"}], "task": {"samples": 5}}
    )
    config = connected(config, InMemory(follows(config)))
    other = {"common": "95%", "length": "4"}
    script = {"default": "approve", "generation": [{"interaction": {"decision": [{"verdict": "edit", "hypothesis": other}]}}]}
    chain = Chain(config, decider=ScriptedDecider(script, config.task))
    with pytest.raises(ChainStopped, match="cannot be edited"):
        await chain.run()
    assert chain.next == (1, "interaction")
    chain.decider = ScriptedDecider({"default": "approve"}, config.task)
    await chain.run()
    assert chain.status == "finished"
