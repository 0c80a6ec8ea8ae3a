"""A filter from another package that refines: its session reopens, and says what is missing once the package is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from speaking import spoken

from iicl_tui import registry
from iicl_tui.chain.engine import Chain
from iicl_tui.errors import ConfigError
from iicl_tui.filters.base import FilterKind, HypothesisFilter, PhaseContext, Propose
from iicl_tui.store.export import export
from iicl_tui.store.session import SessionFile

NAME = "acme-second-look"


class SecondLook(HypothesisFilter):
    kind = NAME

    async def hypothesis(self, propose: Propose, context: PhaseContext) -> int:
        return await context.request_refinement(NAME, await propose(), context.start.samples)


KIND = FilterKind(NAME, "second look", "Has every hypothesis improved.", (), lambda values, task, path, faults: SecondLook())


class EntryPoint:
    name, dist = NAME, None

    def load(self) -> FilterKind:
        return KIND


def forget() -> None:
    for cached in (registry.kinds, registry._others):
        cached.cache_clear()


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The package is there, until the monkeypatch is undone."""
    real = metadata.entry_points
    monkeypatch.setattr(
        metadata, "entry_points", lambda **which: [EntryPoint()] if which == {"group": "iicl_tui.filters"} else real(**which)
    )
    forget()
    yield monkeypatch
    monkeypatch.undo()
    forget()


def run(folder: Path) -> Path:
    config, _ = spoken(filter=[{"kind": NAME}], chain={"title": "acme", "generations": 2})
    with SessionFile.create(config, folder) as session:
        asyncio.run(Chain(config, sink=session).run())
        return session.path


def test_its_session_is_opened_branched_and_exported(installed: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = run(tmp_path)
    with SessionFile.open(path) as session:
        refinements = [each.interaction.refinements[0].filter for each in session.generations if each.interaction]
        assert refinements == [NAME, NAME]
        assert [call.purpose for call in session.calls if call.phase == "interaction"] == [NAME, NAME]
        chain = Chain(session.config, session.generations, session, calls=session.calls)
        assert chain.status == "finished"
        with session.branch(1, changes=["chain.generations=3"]) as branch:
            assert len(branch.generations) == 1
    assert export(path, "json", tmp_path)


def test_without_the_package_the_fault_names_what_is_missing(installed: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = run(tmp_path)
    installed.undo()
    forget()
    with pytest.raises(ConfigError) as caught:
        SessionFile.open(path)
    said = [str(fault) for fault in caught.value.faults]
    assert any("filter[1].kind" in fault and NAME in fault for fault in said)
    calls = [fault for fault in said if ".purpose: " in fault]
    assert len(calls) == 2
    assert all(f'unknown purpose "{NAME}"' in fault and "is the package that brings it installed?" in fault for fault in calls)
