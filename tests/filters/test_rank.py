"""The rank filter and the consistent filter, at the samples' gate and in a chain."""

from __future__ import annotations

import asyncio
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import count

import numpy as np
import pytest
from deciders import Unasked
from hypothesis import given
from hypothesis import strategies as st

from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.errors import Fault
from iicl_tui.filters import consistent, rank
from iicl_tui.filters.base import Decider, Filter, PhaseContext, PoolExample, Sample, SamplesShown, sample_gate
from iicl_tui.filters.consistent import Consistent
from iicl_tui.filters.human import Human
from iicl_tui.filters.rank import Rank
from iicl_tui.store.presets import load
from iicl_tui.tasks.acre.task import Acre
from iicl_tui.tasks.base import Example, Start

TASK = Acre()


def made_of(output: str) -> Example:
    return Example(("A",), output)


def by_length(example: Example) -> tuple[float, ...]:
    return (len(example.output),)


def run(
    filters: Sequence[Filter],
    made: Sequence[str],
    wanted: int,
    pool: Sequence[str] = (),
    seed: int = 0,
    decider: Decider | None = None,
) -> dict[str, list[Sample]]:
    """The samples that come to pass, and those laid aside, when the agent makes `made`, one after the other."""
    context = PhaseContext(
        TASK, 1, Start(0, None, ()), decider, pool=lambda: [PoolExample(made_of(word), 0) for word in pool],
        seed=np.random.SeedSequence(seed),
    )  # fmt: skip
    left = iter(made)

    async def draw(number: int) -> list[Sample]:
        return [Sample(made_of(next(left)), next(context.numbers)) for _ in range(number)]

    aside: list[Sample] = []
    gate = sample_gate(filters, draw, 0, context, aside)

    async def passing() -> Sequence[Sample]:
        return await gate(wanted)

    passed = asyncio.run(passing())
    return {"passed": list(passed), "aside": aside}


def words(samples: Sequence[Sample]) -> list[str]:
    return [sample.example.output for sample in samples]


def test_the_best_of_the_pool_and_of_what_was_made_pass() -> None:
    found = run([Rank(by_length)], ["aaaa", "b"], 2, pool=["cc", "ddd"])
    assert words(found["passed"]) == ["b", "cc"]
    assert [(s.origin, s.verdict) for s in found["passed"]] == [(None, "approved"), (0, "approved")]
    assert [(s.example.output, s.verdict) for s in found["aside"]] == [("aaaa", "pooled")]  # the rest of the pool was not seen
    assert sorted(s.number for s in (*found["passed"], *found["aside"])) == [0, 1, 2]


def test_from_the_last_generation_alone_all_that_was_made_passes() -> None:
    found = run([Rank(by_length, source="last")], ["aaaa", "b"], 2, pool=["cc", "d"])
    assert words(found["passed"]) == ["b", "aaaa"]
    assert found["aside"] == []


def test_an_output_passes_once_and_its_earliest_example_is_taken() -> None:
    found = run([Rank(by_length, distinct=True)], ["b", "b", "ccc"], 3, pool=["b"])
    assert [(s.example.output, s.origin) for s in found["passed"]] == [("b", 0), ("ccc", None)]
    twice = run([Rank(by_length)], ["b", "b", "ccc"], 3, pool=["b"])
    assert words(twice["passed"]) == ["b", "b", "b"]


def test_others_in_the_place_of_rejected_ones_come_from_all_that_is_left() -> None:
    class First(Unasked):
        """Rejects what it sees first, and what is longer than two letters."""

        async def samples(self, shown: SamplesShown) -> list[Sample]:
            refuse = shown.attempt == 0
            return [
                replace(s, verdict="rejected") if (refuse and at == 0) or len(s.example.output) > 2 else s
                for at, s in enumerate(shown.samples)
            ]

    found = run([Rank(by_length), Human(gates="samples")], ["aaaa", "bb", "eee", "a"], 2, pool=["c"], decider=First())
    # of aaaa, bb and c the best two are c and bb; of aaaa and eee it is eee; of aaaa and a it is a
    assert words(found["passed"]) == ["bb", "a"]
    last = {s.number: s for s in found["aside"]}
    assert {s.example.output: s.verdict for s in last.values()} == {"c": "rejected", "eee": "rejected", "aaaa": "pooled"}


@pytest.mark.slow
@given(st.lists(st.text("ab", min_size=1, max_size=4), min_size=4, max_size=12), st.lists(st.text("ab", min_size=1, max_size=4)),
       st.integers(0, 2**31), st.sampled_from(["top", "weighted"]), st.booleans(), st.sampled_from([None, by_length]))  # fmt: skip
def test_never_more_than_wanted_and_never_one_twice(
    made: list[str], pool: list[str], seed: int, choose: str, distinct: bool, key: object
) -> None:
    found = run([Rank(key, "pool", distinct, choose)], made, 4, pool, seed)  # type: ignore[arg-type]
    passed = found["passed"]
    known = Counter([*made[:4], *pool])
    if distinct:
        assert len(passed) == min(4, len(known))
        assert len(set(words(passed))) == len(passed)
    else:
        assert len(passed) == min(4, known.total())
        assert not Counter(words(passed)) - known
    new = [s.number for s in (*passed, *found["aside"]) if s.origin is None]
    assert sorted(new) == [0, 1, 2, 3]  # whatever was made is on record, once
    assert words([*passed, *found["aside"]]) == words(
        [*run([Rank(key, "pool", distinct, choose)], made, 4, pool, seed)["passed"], *found["aside"]]  # type: ignore[arg-type]
    )


@pytest.mark.slow
def test_a_weighted_draw_has_the_weights_it_names() -> None:
    """One of three is drawn, with the weights 3, 2, 1. 3,000 draws: a share's standard error is at most √(¼/3000) = .0091, so
    4.5 of them are .041: for three shares less than one failure in 40,000 choices of the seed (and the seed is fixed)."""
    counts: Counter[str] = Counter()
    for seed in range(3000):
        counts.update(words(run([Rank(by_length, choose="weighted")], ["bb"], 1, pool=["a", "ccc"], seed=seed)["passed"]))
    for word, weight in (("a", 3), ("bb", 2), ("ccc", 1)):
        assert counts[word] / 3000 == pytest.approx(weight / 6, abs=0.041)


def test_an_unknown_preference_is_a_fault_that_names_the_known_ones() -> None:
    faults: list[Fault] = []
    rank.build(
        {"prefer": "easy", "source": "pool", "distinct": True, "choose": "top", "ties": "order"}, TASK, ("filter", 0), faults
    )
    assert [str(fault) for fault in faults] == ['filter[1].prefer: "easy" is not a preference of the task acre; known: random']


def test_the_pool_of_a_chain_holds_all_that_was_made_but_what_was_rejected() -> None:
    config = read_config({"chain": {"generations": 5, "seed": 3}, "filter": [{"kind": "rank", "prefer": "random"}]})
    chain = Chain(config)
    asyncio.run(chain.run())
    for generation in chain.generations:
        record = generation.transmission
        assert record is not None
        own = [sample for sample in record.samples if sample.origin is None]
        assert len(own) == config.task.samples
        assert len({sample.number for sample in record.samples}) == len(record.samples)
        pool = chain.pool(generation.index)
        assert [each.example for each in pool[: len(chain.start.samples)]] == list(chain.start.samples)
        assert len(pool) == len(chain.start.samples) + (generation.index - 1) * config.task.samples
        for sample in record.samples:
            if sample.origin is not None:
                assert PoolExample(sample.example, sample.origin) in pool
                assert sample.origin < generation.index
    assert any(sample.origin for g in chain.generations for sample in g.transmission.samples)  # type: ignore[union-attr]


def wrong_then_right(wrong: int) -> list[Sample]:
    right = TASK.predict(0, ("A",))
    other = next(output for output in TASK.outputs if output != right)
    numbers = count()
    return [Sample(Example(("A",), other if at < wrong else right), next(numbers)) for at in range(wrong + 3)]


@pytest.mark.parametrize(("redraws", "passing"), [(0, 0), (1, 1), (20, 2)])
def test_what_contradicts_its_rule_is_refused_and_made_again(redraws: int, passing: int) -> None:
    left = iter(wrong_then_right(3))
    asked: list[int] = []

    async def draw(number: int) -> list[Sample]:
        asked.append(number)
        return [next(left) for _ in range(number)]

    seen = asyncio.run(Consistent("redraw", redraws).samples(draw, 2, 0, PhaseContext(TASK, 1, Start(0, None, ()))))
    assert sum(sample.passes for sample in seen) == passing
    assert asked == [2, 2, 1][: redraws + 1]
    assert {sample.reason for sample in seen if not sample.passes} == {f"the rule gives {TASK.predict(0, ('A',))}"}


def test_refused_samples_may_be_dropped() -> None:
    built = consistent.build({"on-reject": "drop", "redraws": 20}, TASK, ("filter", 0), [])
    assert built.redraws == 0


def test_the_seed_draws_among_equals_and_the_better_ones_come_first() -> None:
    first: Counter[str] = Counter()
    for seed in range(1200):
        found = run([Rank(by_length, ties="seed")], ["x", "bb", "dddd"], 3, pool=["aa", "cc", "y"], seed=seed)
        passed = words(found["passed"])
        assert set(passed[:2]) == {"x", "y"}
        assert found == run([Rank(by_length, ties="seed")], ["x", "bb", "dddd"], 3, pool=["aa", "cc", "y"], seed=seed)
        first[passed[2]] += 1
    assert set(first) == {"aa", "bb", "cc"}  # each in a third of the cases, with a standard deviation of 16.3
    assert all(abs(count - 400) < 54 for count in first.values())
    by_order = run([Rank(by_length)], ["x", "bb", "dddd"], 3, pool=["aa", "cc", "y"])
    assert words(by_order["passed"]) == ["y", "x", "aa"]


async def test_what_a_hard_filter_passes_keeps_moving_only_where_the_seed_decides() -> None:
    for ties, moves in (("seed", True), (None, False)):
        document = tomllib.loads(load("e4-hard").text)
        if ties is None:
            del document["filter"][0]["ties"]
        chain = Chain(read_config(document))
        await chain.run()
        last, before = set(chain.data(6)), set(chain.data(5))
        assert chain.task.measure(chain.data(6))[0] == 0  # all of them are hard
        assert (last != before) == moves
        again = Chain(read_config(document), chain.generations[:3])
        await again.run()
        assert again.generations == chain.generations


def test_the_weighted_preset_draws() -> None:
    preset = tomllib.loads(load("e4-hard-weighted").text)
    assert preset["filter"] == [
        {"kind": "rank", "prefer": "hard", "source": "pool", "distinct": False, "choose": "weighted", "ties": "seed"}
    ]
