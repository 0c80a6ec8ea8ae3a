"""The options of an agent's joint belief, and their faults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from iicl_tui.errors import Fault
from iicl_tui.schema import Field
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.base import Task

if TYPE_CHECKING:  # imported only by chains that ask a model
    from iicl_tui.agents.scored_belief import ScoreSettings

SCORE_HELP = (
    "score: the model's joint distribution, read token by token along all answers, from a server that continues a given beginning "
    "of the answer (llama.cpp, vLLM, SGLang, Ollama, Mistral). "
)

SCORE_FIELDS = (
    Field("choose", "choice", "chooses by", "reply: the rule that it states. belief: its hypothesis is drawn from the scored "
          "belief by the chain's own seed; no rule is asked for.", "reply", choices=("reply", "belief")),
    Field("pick", "choice", "picks", "With choose = belief. sample: draws from the belief, raised to 1/τ as a whole and "
          "renormalised. map: takes the likeliest hypothesis (ties broken at random).", "sample", choices=("sample", "map")),
    Field("floor", "float", "floor", "Of a scored belief: beginnings of answers with less probability are not followed; their "
          "mass is bounded.", 1e-6, low=0, high=0.5),
    Field("max-reads", "int", "most reads", "Of a scored belief: the most calls of one token per generation. Five objects with "
          "three states take 121 if each state is one token.", 2000, low=1, high=1_000_000),
    Field("parallel", "int", "reads at a time", "Of a scored belief: how many reads are under way at a time.", 4, low=1, high=256),
)  # fmt: skip


class BeliefField(Field):
    """The field `belief`, which says why a kind does not offer "score"."""

    def read(self, value: Any) -> Any:
        """As `Field.read`."""
        if value == "score" and value not in self.choices:
            raise ValueError(
                "this API gives no log-probabilities, so that no joint belief can be scored; expected one of "
                + ", ".join(self.choices)
            )
        return super().read(value)


def choice_of(values: Mapping[str, Any]) -> Literal["reply", "sample", "map"]:
    """Where the agent's hypotheses come from."""
    if values.get("choose", "reply") == "reply":
        return "reply"
    return "map" if values["pick"] == "map" else "sample"


def score_settings(
    values: Mapping[str, Any],
    task: Task,
    continuations: tuple[str, ...],
    continues: bool,
    api: str,
    path: KeyPath,
    faults: list[Fault],
) -> ScoreSettings | None:
    """How the belief is scored; None if it is not, or if the configuration is at fault, which adds to faults.

    Args:
        values: The options of the [[agent]] table.
        task: The task.
        continuations: How servers of this API can be told to continue.
        continues: Whether the configured server may be able to.
        api: The API's name for a person.
        path: The place of the table.
        faults: Where faults are added.
    """
    from iicl_tui.agents.scored_belief import ScoreSettings
    from iicl_tui.agents.scoring import TooManyReads, TreeScore

    chooses, wording = values.get("choose", "reply") != "reply", task.wording
    if wording is None:
        return None
    if values["belief"] != "score":
        if chooses:
            faults.append(Fault((*path, "choose"), '"belief" draws from the scored belief: it needs belief = "score"'))
        return None
    if not wording.states_rule and chooses:
        what = f"in the task {task.name} a model states no rule, so that no rule is drawn from a belief"
        faults.append(Fault((*path, "choose"), what))
        return None
    rules = wording if wording.states_rule else wording.aside
    if rules is None:
        return None
    form = rules.answer_form
    if form is None:
        faults.append(Fault((*path, "belief"), "the answers of this task have no form that could be scored"))
        return None
    if not continues:
        what = f"{api}'s own API does not continue a given beginning of an answer, so that no joint belief can be scored there"
        faults.append(Fault((*path, "belief"), f'{what}; "logprobs" can be used, or a server that continues it, as base-url'))
        return None
    try:
        TreeScore(form, max_reads=values["max-reads"])
    except TooManyReads as error:
        faults.append(Fault((*path, "max-reads"), str(error)))
        return None
    return ScoreSettings(form, continuations, values["floor"], values["max-reads"], values["parallel"])
