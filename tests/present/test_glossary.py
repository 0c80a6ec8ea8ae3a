from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from iicl_tui.agents.base import agent_kinds
from iicl_tui.agents.beliefs import Belief, FactorMass, from_draws, from_masses
from iicl_tui.chain.config import chain_fields, read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.filters.base import filter_kinds
from iicl_tui.present.drawn_terms import at_cell, find
from iicl_tui.present.drawn_terms import sections as sections_of
from iicl_tui.present.explain import DEPTHS
from iicl_tui.present.explanation_page import Focus, page_of
from iicl_tui.present.glossary import document, lookup, settings, terms
from iicl_tui.present.lab_builder import build_lab_state
from iicl_tui.present.lab_session import LabSession
from iicl_tui.present.lab_state import FORMS, ChartSettings
from iicl_tui.present.read_beliefs import sections
from iicl_tui.present.review_words import SIGNS, VERDICTS
from iicl_tui.store.presets import load
from iicl_tui.study.measures import measures_of
from iicl_tui.tasks.base import task_kinds

GLOSSARY = Path(__file__).parents[2] / "docs" / "glossary.md"


def test_the_page_in_the_docs_is_the_programs_glossary() -> None:
    assert GLOSSARY.read_text(encoding="utf-8") == document()


def test_each_term_is_explained_once_and_for_both() -> None:
    names = [entry.term for entry in terms()]
    assert len(names) == len(set(names))
    for entry in (*terms(), *settings()):
        assert entry.plain.strip()
        assert entry.exact.strip()
    shown = [name.casefold() for entry in terms() for name in entry.shown if len(name) > 2]
    assert sorted(name for name in set(shown) if shown.count(name) > 1) == []


def test_every_setting_and_every_filter_has_an_entry() -> None:
    kinds: list[Any] = [*task_kinds().values(), *agent_kinds().values(), *filter_kinds().values()]
    fields = [*chain_fields(), *(field for kind in kinds for field in kind.fields)]
    missing = [field.label for field in fields if lookup(field.label) is None]
    missing += [kind.title for kind in filter_kinds().values() if lookup(kind.title) is None]
    assert not missing


async def session_of(preset: str, **changes: Any) -> LabSession:
    document_ = tomllib.loads(load(preset).text)
    document_["chain"] |= {"generations": 2, **changes}
    chain = Chain(read_config(document_))
    for _ in range(3):
        await chain.step()
    return LabSession(chain)


@pytest.mark.parametrize(
    "preset", ["e3-effective-set", "e2-strong-high", "e0-understood-degenerate", "e4-easy", "theory-1-sampling"]
)
async def test_every_term_in_the_lab_has_an_entry(preset: str) -> None:
    session = await session_of(preset)
    for generation in (0, 1, 2):
        state = build_lab_state(session, generation, ChartSettings(by=session.chain.task.focus))
        assert (belief := lookup(state.belief.title)) is not None
        assert belief.term == "belief"
        words = [panel.title for panel in state.curves] + [step.phase for step in state.phases]
        words += [name for panel in state.curves for name, _ in panel.references]
        values = {value for split in session.chain.task.space.groupings for value in split.values}
        words += [series.name for panel in state.curves for series in panel.series if series.name not in values]
        assert not [word for word in words if lookup(word) is None]
        assert not [word for word in words if not find([f"── {word}  "])]
        assert len({each.entry for each in find([state.belief.title, *words])}) > 5


async def test_the_page_explains_how_the_belief_came_about_at_two_depths() -> None:
    session = await session_of("e3-effective-set")
    state = build_lab_state(session, 1, ChartSettings(by=4, cursor=33))
    plain, exact = page_of(session, state, "newcomer"), page_of(session, state, "researcher")
    assert [heading for heading, _ in plain] == [heading for heading, _ in exact]
    assert [heading for heading, _ in plain][:2] == ["How it came about"] * 2
    assert "before any data" in plain[0][1]
    assert "log₂ odds" in exact[0][1]
    assert all(one != other for (_, one), (_, other) in zip(plain, exact, strict=True))


@pytest.mark.parametrize("focus", get_args(Focus))
async def test_what_is_asked_about_comes_first(focus: Focus) -> None:
    session = await session_of("e3-effective-set")
    state = build_lab_state(session, 1, ChartSettings(by=4))
    for depth in DEPTHS:
        page = page_of(session, state, depth, focus)
        headings = [heading for heading, _ in page]
        assert headings[0] == {
            "belief": "How it came about", "objects": "Each of the objects", "curves": "These curves now",
            "data": "What is passed on here", "generations": "Generation 1",
        }.get(focus, "What happens here")  # fmt: skip
        assert all(text.strip() for _, text in page)
    if focus == "curves":
        values = [float(series.values[0]) for panel in state.curves for series in panel.series]
        assert all(f": {value:.3g}" in page[0][1] for value in values if np.isfinite(value))


@pytest.mark.parametrize("words", [
    "session example preset chain generation task agent filter seed entropy h* saved branch",
    "prior leaning data ĥ temperature bottleneck budget",
    "belief rank focus imitation interaction transmission unobserved note",
    "approve reject edit undecided commit reason blind sample verdict flag skip rate reviewer agreement",
    "guess hypothesis hand-over study condition mean interval",
])  # fmt: skip
def test_every_word_of_a_screen_is_found_where_it_is_drawn(words: str) -> None:
    for word in words.split():
        (found,) = find([f"  {word}  "])
        assert (found.entry, found.start, found.end) == (lookup(word), 2, 2 + len(word))
    assert all(text for depth in DEPTHS for _, text in sections_of((each.entry for each in find([words])), depth))


@pytest.mark.parametrize(("line", "terms_found"), [
    ("How likely is each rule, after seeing d³?", ["belief", "data"]),
    ("H 3.91 nats  τ1.0  h³ explains 7/8 of d⁰", ["entropy", "entropy", "temperature", "hypothesis", "d⁰ explained"]),
    ("p(screen=off)  made_length  filters: self-refine", ["focus", "made", "filter", "filter: self-refine"]),
    ("go on, until all of it is left to the other; t d h", []),
    ("── made   ── so far  │on  40 %│  all", ["made", "made", "focus", "label noise"]),
])  # fmt: skip
def test_terms_are_found_in_a_line_the_longest_first_and_no_everyday_words(line: str, terms_found: list[str]) -> None:
    assert [each.entry.term for each in find([line])] == terms_found


def test_a_number_is_explained_by_the_word_beside_or_above_it() -> None:
    lines = [" condition  mean  interval", " high       .91   [.8, .99]", " P(h*) 12 %", "    0.4"]
    found = find(lines)
    assert (here := at_cell(found, 12, 0)) is not None
    assert here.term == "mean"
    for x, y, head, term in ((12, 1, 0, "mean"), (20, 1, 0, "interval"), (8, 2, None, "h* and ĥ"), (5, 3, None, "h* and ĥ")):
        assert (entry := at_cell(found, x, y, head)) is not None
        assert entry.term == term
    assert at_cell(find(["  9 %"]), 2, 0) is None


@pytest.mark.parametrize("preset", ["e3-none", "e0-understood-degenerate", "e4-easy"])
async def test_every_metric_that_a_study_compares_has_an_entry(preset: str) -> None:
    task = (await session_of(preset)).chain.task
    words = [word for each in measures_of(task).values() for word in (each.name, each.text)]
    assert [word for word in words if lookup(word) is None or not find([word])] == []


def test_the_words_that_screens_make_have_entries() -> None:
    words = [*VERDICTS.values(), *SIGNS.values(), "your sessions", "examples", "presets", *FORMS, "if you commit now", "blind"]
    words += ["follows h¹", "against h¹", "redraws left", "reason", "commit"]
    words += ["flag", "skip", "truth", "prompt", "group"]
    assert [word for word in words if lookup(word) is None] == []


@pytest.mark.parametrize(("source", "said"), [
    ("scored", "piece by piece"), ("logprobs", "independent"), ("samples", "counted"), ("examples", "states no rule"),
])  # fmt: skip
async def test_a_models_belief_is_explained_by_how_it_was_read(source: Any, said: str) -> None:
    session = await session_of("e3-none")
    space = session.chain.task.space
    uniform = np.full(space.size, -np.log(space.size))
    belief = Belief(uniform, source, notes=("under a JSON schema",))
    if source == "samples":
        belief = from_draws(space, [0, 0, 3], 4)
    if source == "logprobs":
        belief = from_masses(space, [FactorMass(np.array([0.5, 0.2, 0.1]), 0.05, 0.15)] * len(space.factors))
    plain, exact = (dict(sections(session.chain, belief, depth)) for depth in DEPTHS)
    assert said in plain["How this belief was read"]
    assert plain["How this belief was read"] != exact["How this belief was read"]
    if source == "samples":
        assert "3 of 4 answers could be read" in plain["What stays open"]
    if source == "logprobs":
        assert "screen 15%" in plain["What stays open"]


def test_an_unknown_word_has_no_entry() -> None:
    assert lookup("quux") is None
