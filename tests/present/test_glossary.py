from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from iicl_tui.agents.base import agent_kinds
from iicl_tui.chain.config import chain_fields, read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.filters.base import filter_kinds
from iicl_tui.present.explanation_page import entries_on_screen, page_of
from iicl_tui.present.glossary import document, lookup, settings, terms
from iicl_tui.present.lab_builder import build_lab_state
from iicl_tui.present.lab_session import LabSession
from iicl_tui.present.lab_state import ChartSettings
from iicl_tui.store.presets import load
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
        assert len(entries_on_screen(state)) > 8


async def test_the_page_explains_how_the_belief_came_about_at_two_depths() -> None:
    session = await session_of("e3-effective-set")
    state = build_lab_state(session, 1, ChartSettings(by=4, cursor=33))
    plain, exact = page_of(session, state, "newcomer"), page_of(session, state, "researcher")
    assert [heading for heading, _ in plain] == [heading for heading, _ in exact]
    assert [heading for heading, _ in plain][:2] == ["How it came about"] * 2
    assert "before any data" in plain[0][1]
    assert "log₂ odds" in exact[0][1]
    assert all(one != other for (_, one), (_, other) in zip(plain, exact, strict=True))


def test_an_unknown_word_has_no_entry() -> None:
    assert lookup("quux") is None
