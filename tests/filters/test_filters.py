"""The two gates: what passes them, and who is asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from deciders import Unasked

from iicl_tui.errors import Fault
from iicl_tui.filters.base import (
    Decision,
    Exhausted,
    Filter,
    HypothesisShown,
    PhaseContext,
    Sample,
    SamplesShown,
    SampleStatus,
    filter_kinds,
    hypothesis_gate,
    sample_gate,
)
from iicl_tui.filters.effective_set import EffectiveSet
from iicl_tui.filters.human import Human, NeedsPerson
from iicl_tui.tasks.acre.task import Acre
from iicl_tui.tasks.base import Example, Start

TASK = Acre(("A", "B"))
D0 = (Example(("A",), "on"), Example(("B",), "off"))
RIGHT, HALF, WRONG = (TASK.read_hypothesis({"A": a, "B": b}) for a, b in (("on", "off"), ("on", "on"), ("off", "on")))


class Person(Unasked):
    """Answers from lists: verdicts (or a hypothesis to put in its place), and verdicts of samples; notes what was shown."""

    def __init__(self, hypotheses: Iterable[Any] = (), samples: Iterable[SampleStatus] = ()) -> None:
        self.hypotheses, self.verdicts = iter(hypotheses), iter(samples)
        self.shown: list[Any] = []

    async def hypothesis(self, shown: HypothesisShown) -> Decision:
        self.shown.append(shown)
        answer = next(self.hypotheses)
        if isinstance(answer, int):
            return Decision(shown.hypothesis, "edit", answer)
        return Decision(shown.hypothesis, answer, shown.hypothesis)

    async def samples(self, shown: SamplesShown) -> Sequence[Sample]:
        self.shown.append(shown)
        return [replace(sample, verdict=next(self.verdicts)) for sample in shown.samples]


def scene_of(person: Person | None = None) -> PhaseContext:
    return PhaseContext(TASK, 3, Start(RIGHT, None, D0), person)


def proposing(*hypotheses: int) -> Callable[[], Awaitable[int]]:
    waiting = iter(hypotheses)

    async def propose() -> int:
        return next(waiting)

    return propose


def drawing() -> tuple[Callable[[int], Awaitable[Sequence[Sample]]], list[int]]:
    asked: list[int] = []

    async def draw(count: int) -> Sequence[Sample]:
        first = sum(asked)
        asked.append(count)
        return [Sample(TASK.read_example(["A"], "on"), first + i) for i in range(count)]

    return draw, asked


def test_kinds_are_found() -> None:
    assert {"effective-set", "human"} <= set(filter_kinds())
    built = {}
    for name, kind in filter_kinds().items():
        faults: list[Fault] = []
        built[name] = kind.build({field.key: field.default for field in kind.fields}, TASK, ("filter", 0), faults)
        assert not faults
        assert built[name].kind == name
    assert [built["effective-set"].asks_at(gate) for gate in ("hypothesis", "samples")] == [False, False]
    assert [built["human"].asks_at(gate) for gate in ("hypothesis", "samples")] == [True, True]


async def test_without_filters_everything_passes() -> None:
    assert await hypothesis_gate([], proposing(WRONG), scene_of())() == WRONG
    draw, _ = drawing()
    aside: list[Sample] = []
    assert len(await sample_gate([], draw, 0, scene_of(), aside)(4)) == 4
    assert not aside


@pytest.mark.parametrize(("least", "expected"), [(None, RIGHT), (2, RIGHT), (9, RIGHT), (1, HALF), (0, WRONG)])
async def test_the_effective_set_takes_the_first_that_explains_enough(least: int | None, expected: int) -> None:
    assert await EffectiveSet(least).hypothesis(proposing(WRONG, HALF, RIGHT, RIGHT), scene_of()) == expected


@pytest.mark.parametrize("redraws", [0, 1, 5])
async def test_the_effective_set_gives_up_clearly(redraws: int) -> None:
    with pytest.raises(Exhausted) as caught:
        await EffectiveSet(None, redraws).hypothesis(proposing(*[HALF] * redraws, WRONG), scene_of())
    assert (caught.value.filter, caught.value.attempts, caught.value.hypothesis) == ("effective-set", redraws + 1, WRONG)


async def test_a_person_rejects_edits_and_approves() -> None:
    person = Person(["reject", "reject", RIGHT])
    context = scene_of(person)
    assert await Human(redraws=2, blind=True).hypothesis(proposing(WRONG, HALF, WRONG), context) == RIGHT
    assert [(d.shown, d.verdict, d.hypothesis) for d in context.decisions] == [
        (WRONG, "reject", WRONG),
        (HALF, "reject", HALF),
        (WRONG, "edit", RIGHT),
    ]
    assert [(s.hypothesis, s.attempt, s.redraws_left, s.blind) for s in person.shown] == [
        (WRONG, 0, 2, True),
        (HALF, 1, 1, True),
        (WRONG, 2, 0, True),
    ]
    assert all(s.context is context for s in person.shown)


async def test_a_person_who_rejects_everything() -> None:
    with pytest.raises(Exhausted) as caught:
        await Human(redraws=1).hypothesis(proposing(WRONG, HALF), scene_of(Person(["reject"] * 2)))
    assert (caught.value.filter, caught.value.hypothesis) == ("human", HALF)


async def test_what_a_person_rejects_is_drawn_through_the_filters_before() -> None:
    filters: list[Filter] = [EffectiveSet(1), Human()]
    person = Person(["reject", "approve"])
    gate = hypothesis_gate(filters, proposing(WRONG, HALF, WRONG, WRONG, RIGHT), scene_of(person))
    assert await gate() == RIGHT
    assert [s.hypothesis for s in person.shown] == [HALF, RIGHT]


async def test_what_a_person_approves_still_meets_the_filters_after() -> None:
    person = Person(["approve", "approve"])
    assert await hypothesis_gate([Human(), EffectiveSet()], proposing(WRONG, RIGHT), scene_of(person))() == RIGHT
    assert len(person.shown) == 2


async def test_an_effective_set_used_up_behind_a_person() -> None:
    gate = hypothesis_gate([EffectiveSet(None, 1), Human()], proposing(RIGHT, WRONG, HALF), scene_of(Person(["reject"])))
    with pytest.raises(Exhausted) as caught:
        await gate()
    assert caught.value.filter == "effective-set"


@pytest.mark.parametrize("gates", ["both", "hypothesis", "samples"])
async def test_a_person_is_asked_at_the_chosen_gates_alone(gates: str) -> None:
    person = Person(["approve"], ["approved"] * 3)
    human = Human(gates=gates)
    await human.hypothesis(proposing(WRONG), scene_of(person))
    draw, _ = drawing()
    assert len(await human.samples(draw, 3, WRONG, scene_of(person))) == 3
    kinds = [type(shown) for shown in person.shown]
    assert (HypothesisShown in kinds) == human.asks_at("hypothesis") == (gates != "samples")
    assert (SamplesShown in kinds) == human.asks_at("samples") == (gates != "hypothesis")


async def test_nobody_there() -> None:
    draw, asked = drawing()
    with pytest.raises(NeedsPerson, match="A person must decide"):
        await Human().hypothesis(proposing(WRONG), scene_of())
    with pytest.raises(NeedsPerson):
        await Human().samples(draw, 3, WRONG, scene_of())
    assert not asked


async def test_rejected_samples_are_drawn_again_until_enough_pass() -> None:
    person = Person(samples=["approved", "rejected", "edited", "rejected", "rejected", "approved", "approved"])
    draw, asked = drawing()
    aside: list[Sample] = []
    passed = await sample_gate([Human(redraws=5)], draw, WRONG, scene_of(person), aside)(4)
    assert asked == [4, 2, 1]
    assert [s.number for s in passed] == [0, 2, 5, 6]
    assert [s.number for s in aside] == [1, 3, 4]
    assert [len(s.kept) for s in person.shown] == [0, 2, 3]
    assert [(s.attempt, s.redraws_left, s.refill) for s in person.shown] == [(0, 5, True), (1, 4, True), (2, 3, True)]


async def test_the_last_redraw_says_that_nothing_refills() -> None:
    person = Person(samples=["rejected"] * 4)
    draw, asked = drawing()
    seen = await Human(redraws=1).samples(draw, 2, WRONG, scene_of(person))
    assert asked == [2, 2]
    assert [s.refill for s in person.shown] == [True, False]
    assert not any(s.passes for s in seen)


async def test_dropped_samples_are_not_replaced() -> None:
    person = Person(samples=["rejected", "approved", "rejected"])
    draw, asked = drawing()
    seen = await Human(on_reject="drop").samples(draw, 3, WRONG, scene_of(person))
    assert asked == [3]
    assert [s.verdict for s in seen] == ["rejected", "approved", "rejected"]
    assert [(s.refill, s.redraws_left) for s in person.shown] == [(False, 0)]


async def test_no_samples_wanted_asks_nobody() -> None:
    person = Person()
    draw, _ = drawing()
    assert list(await Human().samples(draw, 0, WRONG, scene_of(person))) == []
    assert not person.shown


async def test_two_people_and_a_first_one_who_lets_nothing_pass() -> None:
    person = Person(samples=["rejected"] * 4)
    draw, asked = drawing()
    aside: list[Sample] = []
    gate = sample_gate([Human(on_reject="drop"), Human(redraws=1)], draw, WRONG, scene_of(person), aside)
    assert await gate(2) == []
    assert asked == [2, 2]
    assert [s.number for s in aside] == [0, 1, 2, 3]
    assert all(s.samples for s in person.shown)  # the second person is not shown an empty page


async def test_the_second_of_two_people_sees_what_the_first_let_pass() -> None:
    person = Person(samples=["approved", "rejected", "approved"])
    draw, _ = drawing()
    aside: list[Sample] = []
    passed = await sample_gate([Human(on_reject="drop")] * 2, draw, WRONG, scene_of(person), aside)(2)
    assert [[s.number for s in shown.samples] for shown in person.shown] == [[0, 1], [0]]
    assert [s.number for s in passed] == [0]
    assert [s.number for s in aside] == [1]
