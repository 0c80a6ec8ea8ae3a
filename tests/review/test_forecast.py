from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import product
from math import exp, isclose, log

import numpy as np
import pytest
from deciders import Unasked
from narrow import not_none
from review_chains import make_chain

from iicl_tui.filters.base import Decision, HypothesisShown, PhaseContext, Sample, SamplesShown
from iicl_tui.present import review_words as words
from iicl_tui.review.chain_subject import chain_subject
from iicl_tui.review.forecast import Forecast, summarize
from iicl_tui.review.state import ReviewState
from iicl_tui.tasks.base import Example

STATES = ("on", "off", "und")
OBJECTS = ("A", "B", "C", "D", "screen")


def light(rule: dict[str, str], x: tuple[str, ...]) -> str:
    shown = [rule[name] for name in x]
    return "on" if "on" in shown else "und" if "und" in shown else "off"


def bayes(data: list[Example], noise: float, weight_off: float = 32.0) -> list[float]:
    """P(h | d), by summing over all rules in plain Python. The bias "high" weighs screen off 2⁵."""
    weights = []
    for states in product(STATES, repeat=5):
        rule = dict(zip(OBJECTS, states, strict=True))
        weight = weight_off if rule["screen"] == "off" else 1.0
        for example in data:
            weight *= 1 - noise if light(rule, example.input) == example.output else noise / 2
        weights.append(weight)
    return [weight / sum(weights) for weight in weights]


def test_the_reference_is_the_agents_prior() -> None:
    chain = make_chain()
    assert np.allclose(np.exp(chain.agent(1).log_prior), bayes([], 0.0))  # type: ignore[attr-defined]


async def forecast(chain, shown, state: ReviewState, trial=None) -> Forecast:
    return await chain_subject(chain, shown).forecast(state, trial)


def chain_values(shown: SamplesShown):
    return tuple(sample.example for sample in shown.samples)


async def at_gate(chain, phase: str):
    while chain.next[1] != phase:
        chain.decider = None
        await chain.step()
    return PhaseContext(chain.task, chain.next[0], chain.start)


async def samples_shown(chain, **more) -> SamplesShown:
    context = await at_gate(chain, "transmission")
    h = chain.generations[-1].hypothesis
    drawn = tuple(Sample(example, n) for n, example in enumerate(await chain.would_pass_on(h)))
    values = {"kept": (), "attempt": 0, "redraws_left": 3, "refill": True, "blind": False, **more}
    return SamplesShown(context, h, drawn, **values)


@pytest.mark.parametrize("lookback", [0, 1])
async def test_the_forecast_of_samples_is_bayes_rule_on_what_would_pass(lookback: int) -> None:
    chain = make_chain(filter=[], chain={"generations": 3, "seed": 7, "lookback": lookback})
    kept = (Sample(Example(("A",), "und"), 9),)
    await chain.run(until=1)
    shown = await samples_shown(chain, kept=kept)
    assert shown.context.generation == 2
    edited = Example(("B", "screen"), "on")
    state = ReviewState.from_values(chain_values(shown)).reject().edit(edited).approve()
    found = await forecast(chain, shown, state)
    drawn = [sample.example for sample in shown.samples]
    passed = [kept[0].example, edited, drawn[2], drawn[3]]
    assert list(found.passed) == passed
    d0, d1 = list(chain.data(0)), list(chain.data(1))
    own = d1 if lookback else []
    assert np.allclose(np.exp(not_none(found.now)), bayes((d0 if lookback else []) + d1, 0.05))
    expected = bayes(own + passed, 0.05)
    assert np.allclose(np.exp(not_none(found.then)), expected)
    assert found.notes == ("Assumes that you approve the 1 undecided.", "Leaves out the 1 to be redrawn.")
    after = summarize(not_none(found.then), found.frame)
    assert isclose(after.entropy, -sum(p * log(p) for p in expected if p))
    assert isclose(after.p_target, expected[chain.start.target])
    for at in range(3):
        total = sum(p for p, states in zip(expected, product(STATES, repeat=5), strict=True) if states[4] == STATES[at])
        assert isclose(after.focus[at], total)


async def test_the_forecast_is_what_the_chain_then_has() -> None:
    chain = make_chain(filter=[])
    shown = await samples_shown(chain)
    found = await forecast(chain, shown, ReviewState.from_values(chain_values(shown)).approve_rest())
    await chain.step()
    assert chain.data(1) == found.passed
    await chain.step()
    belief = chain.belief(2)
    assert belief is not None
    assert np.array_equal(belief.log_p, not_none(found.then))


async def test_the_forecast_of_a_hypothesis_goes_by_the_samples_that_the_seed_draws() -> None:
    chain = make_chain(filter=[])
    context = await at_gate(chain, "interaction")
    h = chain.generations[-1].hypothesis
    shown = HypothesisShown(context, h, 0, 3, False)
    state = ReviewState.from_values((h,))
    for other in (h, 5, 200):
        trial = await forecast(chain, shown, state, other)
        kept = await forecast(chain, shown, state.edit(other))
        assert np.array_equal(not_none(trial.then), not_none(kept.then))
        assert np.allclose(np.exp(not_none(kept.then)), bayes(list(await chain.would_pass_on(other)), 0.05))
    assert (await forecast(chain, shown, state.reject())).then is None
    approved = await forecast(chain, shown, state.approve())
    await chain.step()
    await chain.step()
    assert chain.data(1) == approved.passed


async def test_the_forecast_of_a_hypothesis_knows_a_later_effective_set() -> None:
    chain = make_chain(filter=[{"kind": "human"}, {"kind": "effective-set", "mode": "restrict"}])
    context = await at_gate(chain, "interaction")
    explained = chain.task.explained(chain.start.samples)
    inside, outside = int(explained.argmax()), int(explained.argmin())
    shown = HypothesisShown(context, inside, 0, 3, False)
    state = ReviewState.from_values((inside,))
    assert (await forecast(chain, shown, state, inside)).then is not None
    replaced = await forecast(chain, shown, state, outside)
    assert replaced.then is None
    assert replaced.notes == ("It is not in H_eff, so a later filter replaces it; its effect is not known yet.",)
    refined = make_chain(filter=[{"kind": "human"}, {"kind": "self-refine"}])
    await at_gate(refined, "interaction")
    assert "Does not include the later filters." in (await forecast(refined, shown, state, inside)).notes


FOLLOWING = {
    "partner": {"kind": "partner", "rounds": 9},
    "consistent": {"kind": "consistent"},
    "dropping": {"kind": "consistent", "on-reject": "drop"},
    "weighted": {"kind": "rank", "choose": "weighted"},
    "last": {"kind": "rank", "source": "last"},
}


class Committed(Unasked):
    """Decides as it is told the first time, and forecasts that; whatever comes after is approved."""

    def __init__(self, chain, reject: int) -> None:
        self.chain, self.reject = chain, reject
        self.forecasts: list[Forecast] = []

    async def samples(self, shown: SamplesShown):
        state = ReviewState.from_values(chain_values(shown))
        for at in range(len(shown.samples)):
            state = state.reject() if at < self.reject else state.approve()
        self.forecasts.append(await forecast(self.chain, shown, state))
        return [replace(sample, verdict="rejected" if at < self.reject else "approved") for at, sample in enumerate(shown.samples)]


@pytest.mark.parametrize("kinds", [["weighted"], ["last"], ["dropping"], ["consistent"], ["partner"], ["weighted", "partner"]])
@pytest.mark.parametrize("seed", [1, 2])
async def test_the_forecast_of_samples_is_what_the_filters_that_follow_leave(kinds: list[str], seed: int) -> None:
    person = {"kind": "human", "gates": "samples", "on-reject": "drop"}
    noisy = [{"kind": "bayes", "noise": 0.4}]
    chain = make_chain(filter=[person, *(FOLLOWING[kind] for kind in kinds)], agent=noisy, chain={"generations": 2, "seed": seed})
    await chain.run(until=0)
    await chain.step()
    await chain.step()
    chain.decider = decider = Committed(chain, reject=1)
    await chain.step()
    first, *later = decider.forecasts
    if not later:  # no filter asked for more
        assert Counter(first.passed) == Counter(chain.data(1))
        assert f"After the later filters, {len(first.passed)} of 4 pass on." in first.notes
    for each in decider.forecasts if later else ():
        assert "Does not include the later filters." in each.notes
    assert bool(later) == ({"consistent", "partner"} & set(kinds) != set())


async def test_the_forecast_of_a_hypothesis_is_what_the_filters_leave_of_its_samples() -> None:
    following = [FOLLOWING["partner"], FOLLOWING["consistent"]]
    person = {"kind": "human", "gates": "hypothesis"}
    chain = make_chain(filter=[person, *following], agent=[{"kind": "bayes", "noise": 0.4}])
    context = await at_gate(chain, "interaction")
    h = chain.generations[-1].hypothesis
    found = await forecast(chain, HypothesisShown(context, h, 0, 3, False), ReviewState.from_values((h,)).approve())

    class Approve(Unasked):
        async def hypothesis(self, shown: HypothesisShown):
            return Decision(shown.hypothesis, "approve", shown.hypothesis)

    chain.decider = Approve()
    await chain.step()
    await chain.step()
    assert Counter(found.passed) == Counter(chain.data(1))
    assert any(sample.verdict == "rejected" for sample in not_none(chain.generations[0].transmission).samples)


async def test_nothing_passed_leaves_the_prior() -> None:
    chain = make_chain(filter=[])
    shown = await samples_shown(chain, refill=False)
    found = await forecast(chain, shown, ReviewState.from_values(chain_values(shown)).reject_rest())
    assert found.passed == ()
    assert np.allclose(np.exp(not_none(found.then)), bayes([], 0.05))


async def test_data_that_no_hypothesis_explains_are_told_of() -> None:
    chain = make_chain(filter=[], agent=[{"kind": "bayes"}])
    shown = await samples_shown(chain)
    state = ReviewState.from_values(chain_values(shown))
    state = state.edit(Example(("A",), "on")).edit(Example(("A",), "off"))
    found = await forecast(chain, shown, state)
    assert found.then is None
    assert found.notes[0].startswith("No hypothesis explains these")
    assert found.unlearnable
    text = "\n".join(line.plain for line in words.forecast_lines(found, False, 60, 12))
    assert "No hypothesis explains" in text
    assert "→ ?" in text


async def test_the_figures_fit_in_any_size_and_the_first_ones_stay() -> None:
    chain = make_chain(filter=[])
    shown = await samples_shown(chain)
    found = await forecast(chain, shown, ReviewState.from_values(chain_values(shown)))
    for width in (1, 2, 5, 9, 20, 33, 60, 200):
        for height in range(12):
            lines = words.forecast_lines(found, False, width, height)
            assert len(lines) <= height
            if height >= 3 and width >= 60:
                assert lines[1].plain.startswith("entropy")
                assert lines[2].plain.startswith("P(h*)")
            if height >= 8 and width >= 47:
                text = "\n".join(line.plain for line in lines)
                assert all(
                    part in text for part in ("on ", "off ", "und ", "now ", "then ", "Assumes that you approve the 4 undecided.")
                )


def test_the_bars_sum_to_the_belief() -> None:
    log_p = np.log(np.random.default_rng(0).dirichlet(np.ones(243)))
    for width in (1, 2, 3, 8, 9, 27, 30, 100, 243, 500):
        sums = words.bar_sums(log_p, (3,) * 5, width)
        assert len(sums) <= width
        assert isclose(sums.sum(), 1.0)
    assert isclose(words.bar_sums(log_p, (3,) * 5, 30)[26], sum(exp(p) for p in log_p[234:]))
