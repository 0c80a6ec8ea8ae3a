"""What the laboratory, `show` and the exports say of the tasks beside ACRE, against what follows from the records themselves."""

from __future__ import annotations

import asyncio
import csv
import importlib
import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.metrics import measure, outcome
from iicl_tui.commands.headless import summary
from iicl_tui.commands.show import page
from iicl_tui.present.lab_builder import build_lab_state, initial_charts
from iicl_tui.present.lab_session import LabSession
from iicl_tui.present.lab_state import ChartSettings, DataBlock
from iicl_tui.store.export import export
from iicl_tui.store.presets import load
from iicl_tui.store.session import SessionFile

GENERATIONS = 5


def session_of(preset: str, path: Path, **chain: Any) -> LabSession:
    document: dict[str, Any] = tomllib.loads(load(preset).text)
    document["chain"] |= {"generations": GENERATIONS, **chain}
    with SessionFile.create(read_config(document), path) as file:
        asyncio.run(Chain(file.config, sink=file).run())
    return LabSession.from_file(SessionFile.open(path, read_only=True))


@pytest.fixture(scope="module")
def naming(tmp_path_factory: pytest.TempPathFactory) -> LabSession:
    return session_of("e0-interaction-degenerate", tmp_path_factory.mktemp("s") / "naming.toml")


@pytest.fixture(scope="module")
def acronyms(tmp_path_factory: pytest.TempPathFactory) -> LabSession:
    return session_of("e4-easy", tmp_path_factory.mktemp("s") / "acronyms.toml")


def test_the_figures_of_what_was_made_are_of_what_was_drawn_before_it_was_edited(acronyms: LabSession) -> None:
    chain = acronyms.chain
    first, *_ = chain.generations
    assert first.transmission is not None
    made = [sample for sample in first.transmission.samples if sample.origin is None]
    other = chain.task.read_line("ÉÜ ← ent, uhu")
    edited = [replace(sample, verdict="edited", shown=sample.example, example=other) for sample in made]
    again = replace(first, transmission=replace(first.transmission, samples=tuple(edited)))
    figures = measure(Chain(chain.config, [again]))
    assert figures.made[0] == pytest.approx(chain.task.measure([sample.example for sample in made]), nan_ok=True)
    assert figures.passed[0] == pytest.approx(chain.task.measure([other] * len(made)), nan_ok=True)


def charts(session: LabSession) -> ChartSettings:
    return initial_charts(session.chain.task, {})


def block(session: LabSession, name: str, look: int) -> DataBlock:
    return next(each for each in build_lab_state(session, look, charts(session)).data if each.name == name)


def test_the_belief_over_languages_is_split_by_class_and_the_split_is_drawn_by_generation(naming: LabSession) -> None:
    state = build_lab_state(naming, 3, charts(naming))
    task = naming.chain.task
    assert state.belief.by == task.focus == 4
    belief = naming.chain.belief(3)
    assert belief is not None
    p = np.exp(belief.log_p)
    by_class = {"degenerate": 0.0, "systematic": 0.0, "holistic": 0.0, "other": 0.0}
    for h in range(256):
        by_class[task.rule(h).rpartition("(")[2].rstrip(")")] += float(p[h])
    panel = next(panel for panel in state.curves if panel.title == "How likely, for class?")
    assert {series.name: series.values[2] for series in panel.series} == pytest.approx(by_class)
    assert state.film.totals[2] == pytest.approx(list(by_class.values()))


def test_the_language_of_a_generation_stands_there_as_a_table_first(naming: LabSession) -> None:
    state = build_lab_state(naming, 2, charts(naming))
    first = state.data[0]
    assert (first.name, first.lines) == ("h²", True)
    signals = naming.chain.task.space.assignment(naming.chain.generations[1].hypothesis)
    lines = [item.text.split() for item in first.items]
    assert lines[0] == ["circle", "box"]
    assert lines[1] == ["blue", signals["blue circle"], signals["blue box"]]
    assert lines[2] == ["red", signals["red circle"], signals["red box"]]
    assert "α =" in first.items[3].text
    assert state.objects.word == "meanings"


def easy(output: str) -> bool:
    return output in ranks() and ranks()[output] < 60_000


@cache
def ranks() -> dict[str, int]:
    """The standard words in their order, as wordfreq itself gives them."""
    top_n_list = importlib.import_module("wordfreq").top_n_list  # its data take seconds: only the worker that needs them

    return {word: rank for rank, word in enumerate(top_n_list("en", 60_000), 1)}


def test_the_first_curves_of_acronyms_are_their_own_figures_of_what_was_made_and_passed_on(acronyms: LabSession) -> None:
    state = build_lab_state(acronyms, None, charts(acronyms))
    share, rank, listed, length = state.curves[:4]
    for t, generation in enumerate(acronyms.chain.generations):
        assert generation.transmission is not None
        made = [s.example.output for s in generation.transmission.samples if s.origin is None]
        passed = [example.output for example in generation.data]
        assert len(made) == len(passed) == 20
        for place, words in enumerate((made, passed)):
            assert share.series[place].values[t] == pytest.approx(sum(map(easy, words)) / 20)
            assert rank.series[place].values[t] == pytest.approx(sum(ranks().get(word, 60_001) for word in words) / 20)
            assert listed.series[place].values[t] == pytest.approx(np.mean([ranks()[word] for word in words if word in ranks()]))
            assert length.series[place].values[t] == pytest.approx(sum(map(len, words)) / 20)
    assert share.references == (("d⁰", 0.5),)
    assert state.rows.metric is not None
    assert state.rows.metric == pytest.approx(share.series[0].values)
    assert not [panel for panel in state.curves if "explained" in panel.title]


def test_what_every_hypothesis_explains_alike_is_not_shown(acronyms: LabSession) -> None:
    state = build_lab_state(acronyms, 2, ChartSettings(by=None))
    assert state.belief.by is not None
    assert state.belief.explained is None
    assert state.rows.initial == 0
    assert not [item for block in state.data for item in block.items if "explains" in item.note]
    assert "d⁰ " not in summary(acronyms.chain)
    found = outcome(acronyms.chain)
    assert found is not None
    assert (found.initial, found.both) == (0, None)


def test_words_stand_with_rank_and_whence_those_that_pass_first(acronyms: LabSession) -> None:
    made = block(acronyms, "d³", 3)
    assert [item.mark for item in made.items] == sorted((item.mark for item in made.items), key="✓○".index)
    record = acronyms.chain.generations[2].transmission
    assert record is not None
    old = sum(sample.origin is not None for sample in record.samples)
    assert made.caption == f"20 passed on, {old} of them from the pool; {len(made.items) - 20} new ones stay in it"
    assert len(made.items) == 20 + old
    notes = {item.text.partition(" ")[0].lower(): item.note for item in made.items}
    for sample in record.samples:
        word = sample.example.output
        known = f"rank {ranks()[word]:,}" if word in ranks() else "not in the list"
        whence = {None: "", 0: " · from d⁰"}.get(sample.origin, f" · from generation {sample.origin}")
        assert notes[word] == known + whence


@pytest.mark.parametrize("with_charts", [True, False])
def test_show_says_it_in_words(acronyms: LabSession, naming: LabSession, with_charts: bool) -> None:
    text = "\n".join(page(acronyms, build_lab_state(acronyms, None, charts(acronyms)), 100, with_charts))
    assert "share of common words" in text
    assert ("○  " if with_charts else "in the pool  ") in text
    assert "Traits" in text
    text = "\n".join(page(naming, build_lab_state(naming, None, charts(naming)), 100, with_charts))
    assert "P(class systematic)" in text
    assert "Meanings" in text
    assert "α = " in text


def test_a_charts_width_is_the_terminals(naming: LabSession) -> None:
    lines = list(page(naming, build_lab_state(naming, None, charts(naming)), 100, charts=True))
    title = next(line for line in lines if line.startswith("How likely is each"))
    assert "last generation" in title  # what is told only where there is room


def test_exports_hold_figures_notes_and_whence(acronyms: LabSession, naming: LabSession, tmp_path: Path) -> None:
    assert acronyms.file is not None
    export(acronyms.file.path, "csv", tmp_path)
    with (tmp_path / "acronyms-generations.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["made_share_of_common_words"]) for row in rows] == pytest.approx(acronyms.measures.made[:, 0])
    assert [float(row["p(words=common)"]) for row in rows] == pytest.approx(acronyms.measures.marginals[2][:, 2])
    with (tmp_path / "acronyms-samples.csv").open(newline="") as stream:
        samples = list(csv.DictReader(stream))
    whence = [sample.origin for g in acronyms.chain.generations for sample in g.transmission.samples]  # type: ignore[union-attr]
    assert [row["from"] for row in samples[20:]] == ["" if origin is None else str(origin) for origin in whence]
    assert all(row["note"].startswith(("rank ", "not in the list")) for row in samples)
    assert naming.file is not None
    export(naming.file.path, "json", tmp_path)
    assert '"class": {"degenerate": ' in (tmp_path / "naming.json").read_text(encoding="utf-8")
