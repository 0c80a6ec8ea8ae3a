"""What a filter needs of a chain's agents, and what a model that states no rule cannot be told."""

from __future__ import annotations

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


@pytest.mark.parametrize("kind", ["self-refine", "hypothesis-search"])
def test_a_model_that_states_no_rule_has_none_to_mend(kind: str) -> None:
    words = "filter[1].kind: in the task acronym a model states no rule that it could mend; leave this filter out"
    assert faults("acronym", [BAYES, MODEL], {"kind": kind}) == [words]
    assert faults("acronym", [BAYES], {"kind": kind}) == []
    assert faults("acre", [MODEL], {"kind": kind}) == []


def test_a_partner_needs_a_belief_and_inputs_that_can_be_listed() -> None:
    silent = {**MODEL, "belief": "none"}
    assert faults("acre", [MODEL], {"kind": "partner"}) == []
    (fault,) = faults("acre", [BAYES, silent], {"kind": "partner"})
    assert fault.startswith("filter[1].kind: a partner has the belief of its agent")
    (fault,) = faults("acronym", [BAYES], {"kind": "partner"})
    assert "have no list" in fault


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
