from __future__ import annotations

import argparse
import asyncio
import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import made
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from narrow import not_none
from notebook_runs import LETTERS, SCREEN, STATES, Plots, Run, all_rules, light

from iicl_tui.agents.calls import Call, Token, Usage
from iicl_tui.bayes.inference import entropy
from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.metrics import measure
from iicl_tui.chain.records import ImitationRecord, InteractionRecord, TransmissionRecord
from iicl_tui.commands import import_
from iicl_tui.errors import LabError
from iicl_tui.store.errors import ExistingFile
from iicl_tui.store.export import export
from iicl_tui.store.notebook_export import notebook_files, notebook_notices
from iicl_tui.store.notebook_import import Imported, read_logs
from iicl_tui.store.notebook_setup import NEAREST, bias_level, drawn_again
from iicl_tui.store.session import SessionFile
from iicl_tui.tasks.acre.bias import PAIRS
from iicl_tui.tasks.acre.task import Acre

TAKEN = "The logs lack some settings, so the notebooks' own are used: look-back 2 and M = 4."
GOING_ON = "If you branch or resume the session, the model is asked with this program's prompts, not the notebook's."
FILES = ("prob_list_all.json", "other_results_all.json", "chat_log.txt")
fixed = settings(derandomize=True, deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def chain_of(imported: Imported, **agent: Any) -> Chain:
    """The chain of an import, by way of nothing but its records."""
    document = {**imported.document, "agent": [{**imported.document["agent"][0], **agent}]}
    chain = Chain(read_config(document))
    calls = [record for record in imported.records if isinstance(record, Call)]
    for record in imported.records:
        if not isinstance(record, Call):
            chain._add(record)
    return Chain(chain.config, chain.generations, calls=calls)


def kept_in(folder: Path, imported: Imported) -> SessionFile:
    """The session of an import, written and read again."""
    with SessionFile.create(read_config(imported.document), folder / "imported.toml", created=made.CREATED) as session:
        for record in imported.records:
            session.append(record)
    return SessionFile.open(folder / "imported.toml", read_only=True)


def exported(chain: Chain, folder: Path) -> Path:
    """The folder of the exported run."""
    target = folder
    for name, parts in notebook_files(chain):
        target = (folder / name).parent
        target.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"".join(parts))
    return target


def logs_or_words(folder: Path) -> Imported | None:
    """None where there was an error that says what and what to do."""
    try:
        return read_logs(folder)
    except LabError as error:
        said = error
    assert said.title
    assert said.what
    assert said.remedy
    return None


def rules(chain: Chain, learned: bool = False) -> list[dict[str, str]]:
    kept = [each.imitation.hypothesis if learned else each.hypothesis for each in chain.generations]
    return [chain.task.space.assignment(hypothesis) for hypothesis in kept]


def samples(chain: Chain) -> list[list[tuple[list[str], str]]]:
    told = [chain.start.samples, *(each.data for each in chain.generations if each.data)]
    return [[(list(x), y) for x, y in data] for data in told]


def ordered(data: list[list[tuple[list[str], str]]], objects: list[str]) -> list[list[tuple[list[str], str]]]:
    return [[(sorted(x, key=objects.index), y) for x, y in pairs] for pairs in data]


@pytest.fixture
def e2(tmp_path: Path) -> Run:
    return Run(tmp_path).write()


# -- what the notebooks do, against what they have published ---------------------------------------------------------------


def test_the_writer_of_these_tests_draws_what_the_published_runs_drew(tmp_path: Path) -> None:
    run = Run(tmp_path, index=0, seed=1314, bias=("none", "none")).write()
    assert run.data[0] == [(["C", "screen"], "on"), (["C", "D"], "on"), (["C"], "on"), (["B", "D"], "on")]
    letters = Run(tmp_path, interaction=None, seed=10086, generations=1).write()
    assert letters.target == {"A": "on", "B": "on", "C": "off", "D": "off", "E": "on"}


def test_e1_is_drawn_again_from_its_seed(tmp_path: Path) -> None:
    assert drawn_again(10086, 4)[0] == {"A": "on", "B": "on", "C": "off", "D": "off", "E": "on"}
    for seed in (10086, 42, 1314, 1024, 14843, 916):
        run = Run(tmp_path, interaction=None, seed=seed, generations=1).write()
        assert drawn_again(seed, 4) == (run.target, run.data[0])


# -- import ----------------------------------------------------------------------------------------------------------------


def test_a_run_with_a_screen_is_a_session(e2: Run, tmp_path: Path) -> None:
    imported = read_logs(e2.folder)
    with kept_in(tmp_path, imported) as session:
        chain = Chain(session.config, session.generations, calls=session.calls)
    assert rules(chain, learned=True) == rules(chain) == e2.rules
    assert samples(chain) == ordered(e2.data, SCREEN)
    assert chain.task.space.assignment(chain.start.target) == e2.target
    assert chain.task.space.assignment(not_none(chain.start.rival)) == e2.rivals
    assert chain.config.seed == 42
    assert chain.config.lookback == 2
    assert chain.config.generations == 4
    assert imported.document["task"]["hypothesis"] == 33
    assert imported.document["task"]["bias"] == "high"
    assert chain.status == "finished"
    assert chain.generations[-1].data == ()  # the notebooks draw no examples in the last generation
    assert chain.config.title == "E2, none, h033, bias high, gpt-3.5-turbo-0125, seed 42"
    assert chain.config.agents[0].describe() == "openai gpt-3.5-turbo-0125 τ1"


def test_calls_have_their_questions_answers_and_tokens_used(e2: Run) -> None:
    calls = [record for record in read_logs(e2.folder).records if isinstance(record, Call)]
    assert [(call.generation, call.purpose) for call in calls] == [
        (generation, purpose) for generation in range(1, 5) for purpose in ("imitate", "transmit")
    ][:-1]
    assert [call.prompt for call in calls] == [prompt for prompts in e2.prompts for prompt in prompts]
    used = [entry for place, entry in enumerate(e2.usage) if place % 3 != 1]  # the second is the first again: no interaction
    assert [call.usage for call in calls] == [Usage(prompt, completion) for completion, prompt, _ in used]
    assert {call.model for call in calls} == {"gpt-3.5-turbo-0125"}
    for call in calls:
        if call.purpose == "imitate":
            assert b"".join(token.data for token in call.tokens or ()).decode() == call.reply


def test_the_belief_is_the_models_and_the_notebooks_reading_gives_their_entropy(e2: Run) -> None:
    imported, plots = read_logs(e2.folder), Plots(e2.folder)
    chain = chain_of(imported)
    measures = measure(chain)
    for place, marginals in enumerate(e2.marginals):
        for factor, row in enumerate(marginals):
            # What is left out are the two alternatives that begin no state, of e^−17.5 and e^−18.25.
            np.testing.assert_allclose(measures.marginals[factor][place], np.array(row) / sum(row), atol=1e-5)
        assert plots.screen(place) == pytest.approx(dict(zip(STATES, marginals[4], strict=True)))
    notebook = chain_of(imported, reading="notebook")
    for place in range(4):
        belief = notebook.belief(place + 1)
        assert belief is not None
        assert belief.notebook_entropy == pytest.approx(plots.entropy(place), rel=1e-12)


def test_d0_right_and_both_are_as_the_notebooks_count_them(tmp_path: Path) -> None:
    run = Run(tmp_path, interaction="self", index=132).write()
    chain, plots = chain_of(read_logs(run.folder)), Plots(run.folder)
    measures = measure(chain)
    assert measures.explained.tolist() == plots.d0_right()
    off = chain.task.space.codes[measures.hypothesis, 4] == 1
    assert ((measures.explained == 8) & off).tolist() == plots.both()


@pytest.mark.parametrize("model", ["gpt-4-0125-preview", "claude-3-haiku-20240307", "mistral-small-2312"])
@pytest.mark.parametrize("interaction", ["none", "self", "hypothesis"])
def test_every_model_and_interaction(tmp_path: Path, model: str, interaction: str) -> None:
    run = Run(tmp_path, model=model, interaction=interaction, index=78, refined_as_text=model.startswith("gpt")).write()
    imported = read_logs(run.folder)
    with kept_in(tmp_path, imported) as session:
        chain = Chain(session.config, session.generations, calls=session.calls)
    assert rules(chain, learned=True) == run.rules
    assert rules(chain) == run.kept
    assert samples(chain) == ordered(run.data, SCREEN)
    kind = {"none": (), "self": ("self-refine",), "hypothesis": ("hypothesis-search",)}[interaction]
    assert all(not_none(each.interaction).filters == kind for each in chain.generations)
    d0 = run.data[0]
    for place, generation in enumerate(chain.generations):
        failing = sum(light(x, run.rules[place]) != y for x, y in d0)
        expected = interaction == "self" or (interaction == "hypothesis" and failing > 0)
        assert [each.failing for each in not_none(generation.interaction).refinements] == ([failing] if expected else [])
    refining = [call for call in chain.calls if call.phase == "interaction"]
    assert len(refining) == (0 if interaction == "none" else 4)
    assert [call.usage for call in refining] == [Usage(p, c) for c, p, _ in run.usage[1::3]][: len(refining)]
    assert all((chain.belief(t) is not None) == model.startswith("gpt") for t in range(1, 5))
    assert session.config.agents[0].kind == {"g": "openai", "c": "anthropic", "m": "mistral"}[model[0]]
    assert imported.notices == [TAKEN, GOING_ON]


@pytest.mark.parametrize("seed", [10086, 42, 14843])
@pytest.mark.parametrize("with_chat", [True, False])
def test_e1_with_and_without_its_chat_log(tmp_path: Path, seed: int, with_chat: bool) -> None:
    run = Run(tmp_path, interaction=None, seed=seed, generations=6, temperature=0.5, lookback=4).write()
    if not with_chat:
        (run.folder / "chat_log.txt").unlink()
    imported = read_logs(run.folder)
    chain, plots = chain_of(imported, reading="notebook"), Plots(run.folder, LETTERS)
    assert chain.task.space.assignment(chain.start.target) == run.target
    assert samples(chain) == ordered(run.data, LETTERS)
    assert rules(chain) == run.rules
    assert (chain.config.lookback, chain.task.samples, chain.task.focus) == (4, 4, None)
    assert imported.document["agent"][0]["temperature"] == 0.5
    entropies = [not_none(chain.belief(t)).notebook_entropy for t in range(1, 7)]
    assert entropies == pytest.approx([plots.entropy(at) for at in range(6)])
    assert any("drawn again" in notice for notice in imported.notices) is not with_chat


def test_e1_whose_figures_contradict_the_seed_says_that_h_is_not_known(tmp_path: Path) -> None:
    run = Run(tmp_path, interaction=None, seed=42, generations=6).write()
    (run.folder / "chat_log.txt").unlink()
    other = run.folder.with_name("tmp1.0_M4_LB2_seed43")
    run.folder.rename(other)
    with pytest.raises(LabError, match="true rule"):
        read_logs(other)


def test_every_pair_of_strengths_is_a_level_and_comes_back() -> None:
    assert len(set(NEAREST.values())) == len(NEAREST) == 6
    assert bias_level(None) == bias_level(("none", "none")) == "none"
    assert bias_level(("strong", "strong")) == "very-high"
    assert bias_level(("strong", "none")) == "high"
    assert bias_level(("medium", "none")) == "mild"
    for start in ("strong", "medium", "weak", "none"):
        for end in ("strong", "medium", "weak", "none"):
            level = bias_level((start, end))
            assert (level == "none") == (start == end == "none")
            assert PAIRS.get(level) or NEAREST.get(level, ("none", "none")) == (start, end)
    assert bias_level(("other", "words")) == "none"


@pytest.mark.parametrize("bias", [("none", "weak"), ("medium", "medium"), ("strong", "none"), ("none", "none")])
def test_strengths_survive_import_and_export(tmp_path: Path, bias: tuple[str, str]) -> None:
    run = Run(tmp_path, bias=bias).write()
    imported = read_logs(run.folder)
    assert imported.notices == [TAKEN, GOING_ON]
    target = exported(chain_of(imported), tmp_path / "again")
    assert target.name == run.folder.name
    assert target.parent.name == run.folder.parent.name
    again = read_logs(target)
    assert again.document["task"]["bias"] == imported.document["task"]["bias"] == bias_level(bias)
    assert rules(chain_of(again)) == run.rules
    assert samples(chain_of(again)) == samples(chain_of(imported))
    assert not Plots(target).results["d_sampled"][4:]  # d⁰ and three: the last generation has none


def test_e3_without_interaction_goes_where_its_table_is_made(tmp_path: Path) -> None:
    for initial, folder in ((8, "add_interaction"), (4, "sup_corr")):
        task = {"spurious": "screen", "hypothesis": 132, "draw": "overlap", "initial": initial}
        chain = Chain(read_config({"task": task, "chain": {"generations": 1}}))
        assert {Path(name).parts[1] for name, _ in notebook_files(chain)} == {folder}


def test_a_named_level_without_such_a_pair_is_said(tmp_path: Path) -> None:
    task = {"spurious": "screen", "hypothesis": 132, "draw": "overlap", "bias": "low"}
    notices = notebook_notices(Chain(read_config({"task": task, "chain": {"generations": 1}})))
    assert "The bias low is exported as weak before and none after the data, the nearest." in notices
    task["bias"] = "weak/none"
    assert not any("bias" in notice for notice in notebook_notices(Chain(read_config({"task": task, "chain": {"generations": 1}}))))


def test_an_export_never_replaces_another_run(e2: Run, tmp_path: Path) -> None:
    with kept_in(tmp_path, read_logs(e2.folder)) as session:
        path = session.path
    there = {name: (e2.folder / name).read_bytes() for name in FILES}
    with pytest.raises(ExistingFile, match="another run") as caught:
        export(path, "notebook", tmp_path)  # where the notebook itself has written
    assert "Nothing was written" in str(caught.value)
    assert {name: (e2.folder / name).read_bytes() for name in FILES} == there
    first = export(path, "notebook", tmp_path / "out")
    assert export(path, "notebook", tmp_path / "out") == first  # the same session again
    other = tmp_path / "other.toml"
    other.write_text(path.read_text().replace("2026-", "2025-", 1))
    with pytest.raises(ExistingFile):
        export(other, "notebook", tmp_path / "out")


@pytest.mark.parametrize("reading", ["spans", "notebook"])
def test_the_reading_is_chosen_when_importing(e2: Run, reading: str) -> None:
    imported = read_logs(e2.folder, reading)
    assert imported.document["agent"][0]["reading"] == reading
    belief = not_none(chain_of(imported).belief(1))
    assert (belief.notebook_entropy is not None) == (reading == "notebook")


def test_a_reading_of_logs_without_log_probabilities_is_said(tmp_path: Path) -> None:
    imported = read_logs(Run(tmp_path, model="claude-3-haiku-20240307").write().folder, "notebook")
    assert "reading" not in imported.document["agent"][0]
    assert any("--reading changes nothing" in notice for notice in imported.notices)


def test_a_folder_of_another_name_is_imported_and_what_is_not_known_is_said(e2: Run, tmp_path: Path) -> None:
    folder = tmp_path / "some run"
    shutil.copytree(e2.folder, folder)
    imported = read_logs(folder)
    assert rules(chain_of(imported)) == e2.rules
    assert imported.document["task"]["hypothesis"] == e2.target
    assert imported.document["task"]["rival"] == e2.rivals["screen"]
    assert imported.document["agent"][0]["model"] == "unknown"
    assert [notice.split(":")[0] for notice in imported.notices] == [
        "The model is unknown",
        "The folder's name has no seed, so 0 is used.",
        TAKEN.split(":")[0],
        GOING_ON,
    ]


def test_refinement_is_seen_without_the_folders_name(tmp_path: Path) -> None:
    run = Run(tmp_path / "x", interaction="self").write()
    folder = tmp_path / "run"
    shutil.copytree(run.folder, folder)
    imported = read_logs(folder)
    assert rules(chain_of(imported)) == run.kept
    assert any("self-refine is assumed" in notice for notice in imported.notices)


def test_the_old_names_of_folders_are_read(e2: Run, tmp_path: Path) -> None:
    folder = tmp_path / "exp_logs" / "add_interaction" / "none_h033_alltorng_seed10086"
    shutil.copytree(e2.folder, folder)
    document = read_logs(folder).document
    assert document["chain"]["seed"] == 10086
    assert document["task"]["hypothesis"] == 33
    assert document["task"]["bias"] == "none"


def test_a_folder_without_logs_names_those_that_have_them(e2: Run, tmp_path: Path) -> None:
    with pytest.raises(LabError) as caught:
        read_logs(tmp_path)
    assert f"Name one run's folder: {e2.folder}" in caught.value.remedy
    (tmp_path / "empty").mkdir()
    with pytest.raises(LabError, match="No logs of the notebooks in empty"):
        read_logs(tmp_path / "empty")
    with pytest.raises(LabError):
        read_logs(tmp_path / "nowhere")


# -- torn, odd and hostile -------------------------------------------------------------------------------------------------


def test_a_run_that_failed_has_only_a_chat_log(tmp_path: Path) -> None:
    for interaction in (None, "none", "self", "hypothesis"):
        run = Run(tmp_path / str(interaction), interaction=interaction).write()
        whole = read_logs(run.folder)
        for name in FILES[:2]:
            (run.folder / name).unlink()
        imported = read_logs(run.folder)
        chain = chain_of(imported)
        assert rules(chain) == run.kept
        assert samples(chain) == ordered(run.data, run.objects)
        assert imported.document["start"] == whole.document["start"]
        assert any("Everything is read from chat_log.txt" in notice for notice in imported.notices)


def test_the_last_of_several_runs_in_a_chat_log_is_read(tmp_path: Path) -> None:
    Run(tmp_path, generations=3).write()
    run = Run(tmp_path, generations=4)
    run.write()
    imported = read_logs(run.folder)
    assert [call.prompt for call in imported.records if isinstance(call, Call)] == [each for many in run.prompts for each in many]


def test_a_chat_log_of_another_run_lends_no_questions(e2: Run, tmp_path: Path) -> None:
    other = Run(tmp_path / "other", seed=916).write()
    shutil.copy(other.folder / "chat_log.txt", e2.folder)
    imported = read_logs(e2.folder)
    assert rules(chain_of(imported)) == e2.rules
    assert {call.prompt for call in imported.records if isinstance(call, Call)} == {""}
    assert sum("differ in generation" in notice for notice in imported.notices) == 4


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("interaction", [None, "none", "self"])
def test_a_file_torn_at_any_place_costs_what_comes_after_and_no_more(tmp_path: Path, name: str, interaction: str | None) -> None:
    run = Run(tmp_path, interaction=interaction, generations=3).write()
    whole = read_logs(run.folder)
    data = (run.folder / name).read_bytes()
    for end in range(0, len(data), max(1, len(data) // 150)):
        (run.folder / name).write_bytes(data[:end])
        imported = read_logs(run.folder)  # the other files have enough for a session
        phases = [record for record in imported.records if not isinstance(record, Call)]
        assert phases == [record for record in whole.records if not isinstance(record, Call)][: len(phases)]
        assert len(phases) == len([record for record in whole.records if not isinstance(record, Call)]) or name == FILES[1]
        read_config(imported.document)
        assert imported.document["start"] == whole.document["start"]


@pytest.mark.parametrize("alone", FILES[1:])
def test_a_torn_file_alone_gives_the_generations_before_the_tear(e2: Run, alone: str) -> None:
    whole = read_logs(e2.folder)
    for name in FILES:
        if name != alone:
            (e2.folder / name).unlink()
    data = (e2.folder / alone).read_bytes()
    reached = set()
    for end in range(0, len(data), 17):
        (e2.folder / alone).write_bytes(data[:end])
        imported = logs_or_words(e2.folder)
        if imported is None:
            continue
        found = [record for record in imported.records if isinstance(record, ImitationRecord)]
        assert found == [record for record in whole.records if isinstance(record, ImitationRecord)][: len(found)]
        reached.add(len(found))
    assert reached >= {1, 2, 3}


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", '"-0.1"', "null", "true", "10" * 200])
def test_a_log_probability_that_is_none_costs_the_belief_of_its_generation(e2: Run, number: str) -> None:
    path = e2.folder / FILES[0]
    tokens = json.loads(path.read_text())
    tokens[1][6]["top_logprobs"][1]["logprob"] = "HERE"
    path.write_text(json.dumps(tokens).replace('"HERE"', number))
    imported = read_logs(e2.folder)
    chain = chain_of(imported)
    assert [chain.belief(t) is not None for t in range(1, 5)] == [True, False, True, True]
    assert any("log-probabilities of generation 2" in notice for notice in imported.notices)


def test_tokens_of_another_reply_are_left_aside(e2: Run) -> None:
    path = e2.folder / FILES[0]
    tokens = json.loads(path.read_text())
    path.write_text(json.dumps(tokens[1:]))
    chain = chain_of(read_logs(e2.folder))
    assert all(chain.belief(t) is None for t in range(1, 5))


def test_parts_of_characters_are_put_together_from_their_bytes(e2: Run) -> None:
    results = json.loads((e2.folder / FILES[1]).read_text())
    tokens = json.loads((e2.folder / FILES[0]).read_text())
    results["rules"][1] += " 漢"
    for byte in "漢".encode():
        text = f"\\x{byte:02x}"
        top = [{"token": text, "logprob": -0.5, "bytes": [byte]}]
        tokens[0].append({"token": text, "logprob": -0.5, "top_logprobs": top})
    tokens[0].insert(-3, plain_token(" "))
    (e2.folder / FILES[1]).write_text(json.dumps(results))
    (e2.folder / FILES[0]).write_text(json.dumps(tokens))
    call = read_logs(e2.folder).records[0]
    assert isinstance(call, Call)
    assert call.tokens is not None
    assert [token.data for token in call.tokens[-3:]] == [bytes([byte]) for byte in "漢".encode()]


def plain_token(text: str) -> dict[str, Any]:
    return {"token": text, "logprob": -0.1, "top_logprobs": [{"token": text, "logprob": -0.1, "bytes": None}]}


def test_a_rule_that_cannot_be_read_ends_the_session_before_it(e2: Run) -> None:
    results = json.loads((e2.folder / FILES[1]).read_text())
    results["rules"][3] = "I \x1b[31mcannot\x1b[0m say."
    (e2.folder / FILES[1]).write_text(json.dumps(results))
    imported = read_logs(e2.folder)
    assert [record.generation for record in imported.records if isinstance(record, ImitationRecord)] == [1, 2]
    assert isinstance(imported.records[-1], Call)  # what was said is kept all the same
    assert imported.records[-1].reply == "I \x1b[31mcannot\x1b[0m say."
    assert imported.notices[-1].startswith("The rule of generation 3 cannot be read (")
    assert not any("\x1b" in notice for notice in imported.notices)
    assert imported.document["chain"]["generations"] == 4


def test_examples_that_cannot_be_read_end_the_session_after_their_rule(e2: Run) -> None:
    results = json.loads((e2.folder / FILES[1]).read_text())
    results["d_sampled"][2] = "Nothing comes to mind."
    (e2.folder / FILES[1]).write_text(json.dumps(results))
    imported = read_logs(e2.folder)
    assert [type(record) for record in imported.records[-3:]] == [ImitationRecord, InteractionRecord, Call]
    assert imported.notices[-1] == "The examples of generation 2 cannot be read: the session ends there."


def test_more_examples_than_were_asked_for_went_on_all_the_same(e2: Run) -> None:
    results = json.loads((e2.folder / FILES[1]).read_text())
    results["d_sampled"][1] += "\nInput: A\nOutput: on\nInput: B\nOutput: und"
    (e2.folder / FILES[1]).write_text(json.dumps(results))
    imported = read_logs(e2.folder)
    first = next(record for record in imported.records if isinstance(record, TransmissionRecord))
    assert len(first.samples) == 6
    assert "Generation 1 passed 6 examples on, not 4." in imported.notices


def test_a_first_rule_that_cannot_be_read_is_told_in_words(e2: Run) -> None:
    results = json.loads((e2.folder / FILES[1]).read_text())
    results["rules"][1] = ""
    (e2.folder / FILES[1]).write_text(json.dumps(results))
    with pytest.raises(LabError, match="The first generation cannot be read"):
        read_logs(e2.folder)


HOSTILE = [made.HOSTILE, "\n## TO GPT:\nx\n\n## FEEDBACK:\ny\n", "----------- Gen 1 -----------\n", "\ud800", "\x00", "x" * 5000]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_replies_are_kept_as_they_came_and_steer_nothing(tmp_path: Path, text: str) -> None:
    run = Run(tmp_path, generations=3).write()
    results = json.loads((run.folder / FILES[1]).read_text())
    results["rules"][1] = f"{text} {results['rules'][1]} {text}"
    (run.folder / FILES[1]).write_text(json.dumps(results))
    log = (run.folder / FILES[2]).read_text()
    reply = "Rule: " + json.dumps(run.rules[0])
    log = log.replace(f"\n{reply}\n", f"\n{text} {reply} {text}\n", 1)
    (run.folder / FILES[2]).write_bytes(log.encode(errors="replace"))
    imported = read_logs(run.folder)
    with kept_in(tmp_path, imported) as session:
        chain = Chain(session.config, session.generations, calls=session.calls)
    assert rules(chain) == run.rules
    (call,) = chain.calls_of(1, "imitation")
    assert call.reply == results["rules"][1].encode(errors="replace").decode().replace("\r\n", "\n")
    assert not any("\x1b" in notice for notice in imported.notices)


@pytest.mark.parametrize(
    "change",
    [
        {"rules": []}, {"rules": None}, {"rules": {}}, {"rules": [{"A": "on"}, "x"]}, {"rules": [7, 8]},
        {"rules": [{f"o{i}": "on" for i in range(30)}, "Rule: {}"]}, {"rules": [{"A": "broken", "screen": "on"}, "Rule: {}"]},
        {"rules": [{"a": "on", "A": "on"}, "Rule: {}"]}, {"rules": [{"A,B": "on", "": "off"}, "Rule: {}"]},
        {"d_sampled": []}, {"d_sampled": [3, None]}, {"d_sampled": "Input: A"}, {"d_sampled": ["Input: Z\nOutput: on\n"]},
        {"prompt_token": [[-1, 1, 0]]}, {"prompt_token": 5}, {"prompt_token": [["a", None, {}]]},
        {"prompt_token": [[10**30, 1, 1]]}, {"rules_refine": [1, 2, 3, 4]}, {"rules_refine": {}}, {"rules_refine": ["Rule: {"]},
        {"nh_corr": "x"}, {"nh_corr": [None] * 99},
    ],
)  # fmt: skip
def test_results_of_another_shape_are_used_as_far_as_they_go(e2: Run, change: dict[str, Any]) -> None:
    results = json.loads((e2.folder / FILES[1]).read_text())
    (e2.folder / FILES[1]).write_text(json.dumps({**results, **change}))
    imported = logs_or_words(e2.folder)
    if imported is not None:
        read_config(imported.document)


def test_lists_of_different_lengths_give_what_all_of_them_have(e2: Run) -> None:
    results = json.loads((e2.folder / FILES[1]).read_text())
    (e2.folder / FILES[2]).unlink()
    results["d_sampled"] = results["d_sampled"][:2]
    (e2.folder / FILES[1]).write_text(json.dumps(results))
    imported = read_logs(e2.folder)
    assert [record.generation for record in imported.records if isinstance(record, ImitationRecord)] == [1, 2]
    assert imported.notices[-1] == "The examples of generation 2 are not in the logs: the session ends there."


JUNK = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.sampled_from(["on", "Rule: {", "A"])),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=6), inner, max_size=4)),
    max_leaves=12,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*path, key))


@fixed
@given(data=st.data(), which=st.sampled_from(FILES[:2]), junk=JUNK)
def test_junk_anywhere_in_the_json_is_survived(tmp_path_factory: pytest.TempPathFactory, data: Any, which: str, junk: Any) -> None:
    run = Run(tmp_path_factory.mktemp("run"), interaction="self", generations=2).write()
    document = json.loads((run.folder / which).read_text())
    path = data.draw(st.sampled_from(list(places(document))))
    if path:
        parent = document
        for key in path[:-1]:
            parent = parent[key]
        parent[path[-1]] = junk
    else:
        document = junk
    (run.folder / which).write_text(json.dumps(document))
    try:
        imported = read_logs(run.folder)
    except LabError:
        return
    read_config(imported.document)
    assert all(
        math.isfinite(token.logprob) for record in imported.records if isinstance(record, Call) for token in record.tokens or ()
    )


@fixed
@given(junk=st.binary(max_size=300), at=st.floats(0, 1))
def test_bytes_anywhere_in_the_chat_log_are_survived(tmp_path_factory: pytest.TempPathFactory, junk: bytes, at: float) -> None:
    run = Run(tmp_path_factory.mktemp("run"), generations=2).write()
    data = (run.folder / FILES[2]).read_bytes()
    place = int(at * len(data))
    (run.folder / FILES[2]).write_bytes(data[:place] + junk + data[place:])
    imported = read_logs(run.folder)
    assert rules(chain_of(imported)) == run.rules


def test_a_log_that_is_far_too_long_is_not_read(e2: Run) -> None:
    with (e2.folder / FILES[1]).open("ab") as file:
        file.truncate(100_000_000)
    with pytest.raises(LabError, match="is not a log of the notebooks"):
        read_logs(e2.folder)


# -- export ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("interaction", [None, "none", "self", "hypothesis"])
def test_an_import_exported_is_what_it_was(tmp_path: Path, interaction: str | None) -> None:
    run = Run(tmp_path / "theirs", interaction=interaction).write()
    chain = chain_of(read_logs(run.folder))
    folder = exported(chain, tmp_path / "ours")
    assert folder.relative_to(tmp_path / "ours") == run.folder.relative_to(tmp_path / "theirs")
    theirs, ours = Plots(run.folder, run.objects), Plots(folder, run.objects)
    assert ours.tokens == theirs.tokens
    assert ours.replies() == theirs.replies()
    for key in ("rules", "nh_corr", "nh_perf"):
        assert ours.results[key] == theirs.results[key]
    assert [ours.pairs(text) for text in ours.results["d_sampled"]] == [theirs.pairs(text) for text in theirs.results["d_sampled"]]
    if interaction is not None:
        assert ours.refined() == theirs.refined()
        assert ours.d0_right() == theirs.d0_right()
        assert ours.results["prompt_token"] == theirs.results["prompt_token"]
    again = chain_of(read_logs(folder))
    assert again.config.document == chain.config.document
    assert again.generations == chain.generations
    assert [call.prompt for call in again.calls] == [call.prompt for call in chain.calls]
    assert [call.tokens for call in again.calls] == [call.tokens for call in chain.calls]


def bayes(spurious: str | None = "screen", generations: int = 4, **task: Any) -> Chain:
    document = {
        "chain": {"title": "Exact [/] \x1b one", "generations": generations, "seed": 5},
        "task": ({"spurious": spurious, "bias": "low", "draw": "overlap", "initial": 8} if spurious else {}) | task,
        "agent": [{"kind": "bayes", "noise": 0.02, "temperature": 0.5}],
    }
    chain = Chain(read_config(document))
    asyncio.run(chain.run())
    return chain


def product_entropy(marginals: list[np.ndarray]) -> float:
    """Of independent objects the entropies add up."""
    return sum(float(-(row[row > 0] * np.log(row[row > 0])).sum()) for row in marginals)


def test_an_exact_belief_goes_out_as_the_belief_in_each_object(tmp_path: Path) -> None:
    chain = bayes()
    plots, measures = Plots(exported(chain, tmp_path)), measure(chain)
    for place in range(4):
        marginals = [measures.marginals[factor][place] for factor in range(5)]
        assert plots.screen(place) == pytest.approx(dict(zip(STATES, marginals[4], strict=True)), abs=1e-12)
        assert plots.entropy(place) == pytest.approx(product_entropy(marginals), abs=1e-9)
        assert plots.entropy(place) >= measures.entropy[place] - 1e-9
    assert plots.d0_right() == measures.explained.tolist()
    assert plots.refined() == rules(chain)
    assert plots.results["rules"][0] == chain.task.space.assignment(not_none(chain.start.rival))
    assert any("no joint distribution" in notice for notice in notebook_notices(chain))


@pytest.mark.parametrize("spurious", ["screen", None])
def test_an_exported_exact_chain_comes_back_with_the_same_rules_and_samples(tmp_path: Path, spurious: str | None) -> None:
    chain = bayes(spurious)
    folder = exported(chain, tmp_path)
    imported = read_logs(folder)
    again = chain_of(imported, reading="notebook")
    assert rules(again, learned=True) == rules(chain, learned=True)
    assert rules(again) == rules(chain)
    assert samples(again) == samples(chain)
    assert (again.start.target, again.start.rival) == (chain.start.target, chain.start.rival)
    assert imported.document["task"].get("bias") == ("weak/none" if spurious else None)
    plots = Plots(folder)
    entropies = [not_none(again.belief(t)).notebook_entropy for t in range(1, 5)]
    assert entropies == pytest.approx([plots.entropy(at) for at in range(4)])
    assert again.next is None  # here the last generation has its examples too


def test_what_is_impossible_stays_so_and_never_becomes_minus_ten(tmp_path: Path) -> None:
    document = {
        "chain": {"title": "x", "generations": 1, "seed": 5},
        "task": {"spurious": "screen", "draw": "overlap", "initial": 20, "hypothesis": 33},
        "agent": [{"kind": "bayes", "choose": "map"}],
    }
    chain = Chain(read_config(document))
    asyncio.run(chain.run())
    plots, measures = Plots(exported(chain, tmp_path)), measure(chain)
    assert any((marginal[0] == 0).any() for marginal in measures.marginals)
    assert plots.entropy(0) == pytest.approx(product_entropy([m[0] for m in measures.marginals]), abs=1e-9)
    assert plots.screen(0) == pytest.approx(dict(zip(STATES, measures.marginals[4][0], strict=True)))


def test_the_spurious_object_goes_last_and_is_found_again(tmp_path: Path) -> None:
    chain = bayes("B", objects=["A", "B", "C", "D", "E"])
    folder = exported(chain, tmp_path)
    order = ["A", "C", "D", "E", "B"]
    plots = Plots(folder, order)
    assert list(plots.results["rules"][0]) == order
    measures = measure(chain)
    assert [plots.screen(at)["off"] for at in range(4)] == pytest.approx(measures.marginals[1][:, 1].tolist(), abs=1e-12)
    imported = read_logs(folder)
    again = chain_of(imported)
    assert imported.document["task"]["spurious"] == "B"
    assert [{**rule} for rule in rules(again)] == rules(chain)
    candidates = [rule for rule in all_rules(order) if rule["B"] != "off"]
    index = candidates.index(again.task.space.assignment(not_none(again.start.rival)))
    assert folder.name.startswith(f"none_h{index:03d}_startweak_endnone_seed5")


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ({"objects": ["A", "B", "screen"], "initial": 3}, "five objects"),
        ({"states": ["an", "aus", "offen"], "initial": 3}, "exported as on, off and und"),
        ({"states": ["on", "off"], "initial": 3}, ""),
    ],
)
def test_other_objects_and_states(tmp_path: Path, task: dict[str, Any], words: str) -> None:
    chain = bayes(**task)
    folder = exported(chain, tmp_path)
    assert isinstance(chain.task, Acre)
    objects = list(chain.task.objects)
    plots, measures = Plots(folder, objects), measure(chain)
    assert plots.d0_right() == measures.explained.tolist()
    states = chain.task.outputs
    for place, rule in enumerate(plots.refined()):
        known = chain.task.space.assignment(chain.generations[place].hypothesis)
        assert rule == {name: STATES[states.index(state)] for name, state in known.items()}
        assert plots.entropy(place) == pytest.approx(product_entropy([m[place] for m in measures.marginals]), abs=1e-9)
    assert not words or any(words in notice for notice in notebook_notices(chain))
    assert [len(data) for data in samples(chain_of(read_logs(folder)))] == [len(data) for data in samples(chain)]


RULE = {"A": "on", "B": "off", "C": "off", "D": "und", "screen": "off"}


def spoken(pieces: list[str], top: int = 5) -> tuple[Token, ...]:
    def token(text: str) -> Token:
        others = [(f"~{rank}".encode(), -20.0 - rank) for rank in range(top - 1)]
        return Token(text.encode(), -0.125, ((text.encode(), -0.125), *others))

    return tuple(map(token, pieces))


def one_generation(pieces: list[str], top: int = 5, **agent: Any) -> Chain:
    document = {
        "chain": {"title": "x", "generations": 1},
        "task": {"spurious": "screen", "hypothesis": 33},
        "agent": [{"kind": "openai", "model": "m", **agent}],
    }
    chain = Chain(read_config(document))
    record = ImitationRecord(1, 0, chain.task.read_hypothesis(RULE))
    chain._add(record)
    call = Call(1, "imitation", "imitate", "?", "".join(pieces), tokens=spoken(pieces, top))
    return Chain(chain.config, chain.generations, calls=[call])


def framed(before: list[str], between: tuple[str, ...] = ('":', ' "'), after: tuple[str, ...] = ('"}',)) -> list[str]:
    pieces = list(before)
    for name, state in RULE.items():
        pieces += [name, *between, state]
        pieces += ['",', ' "'] if name != "screen" else list(after)
    return pieces


def test_a_reply_without_the_word_rule_goes_out_with_it_and_comes_back_without(tmp_path: Path) -> None:
    chain = one_generation(framed(['{"']))
    folder = exported(chain, tmp_path)
    assert Plots(folder).replies() == [RULE]
    assert Plots(folder).tokens[0][0]["token"] == '{"'
    again = chain_of(read_logs(folder))
    assert again.calls[0].reply == chain.calls[0].reply
    assert again.calls[0].tokens == chain.calls[0].tokens


@pytest.mark.parametrize(
    ("pieces", "top"),
    [
        (framed(['{"'], between=('": "',)), 5),  # values two tokens after their names
        (framed(['{"'], between=('"', ":", ' "')), 5),  # or four
        (framed(['{"']), 4),  # too few alternatives
        (framed(['{"'], after=('"', "}")), 5),  # the screen's value is not the last but one
        (framed(["A", " rule", ": ", '{"']), 5),  # a word that is an object's name
        (framed(["Here", ' {"']), 5),  # not to be read by them
    ],
)
def test_tokens_that_the_notebooks_would_misread_are_made_anew(tmp_path: Path, pieces: list[str], top: int) -> None:
    chain = one_generation(pieces, top)
    folder = exported(chain, tmp_path)
    plots, measures = Plots(folder), measure(chain)
    assert plots.replies() == [RULE]
    assert plots.tokens[0][0]["token"] == "Rule"
    assert plots.screen(0) == pytest.approx(dict(zip(STATES, measures.marginals[4][0], strict=True)), abs=1e-6)
    assert rules(chain_of(read_logs(folder))) == [RULE]


def test_a_belief_that_is_not_known_ends_the_list_of_tokens_and_is_said(tmp_path: Path) -> None:
    run = Run(tmp_path / "theirs").write()
    tokens = json.loads((run.folder / FILES[0]).read_text())
    tokens[2] = []
    (run.folder / FILES[0]).write_text(json.dumps(tokens))
    chain = chain_of(read_logs(run.folder))
    folder = exported(chain, tmp_path / "ours")
    assert len(Plots(folder).tokens) == 2
    assert "The belief of generation 3 is not known, so prob_list_all.json ends before it." in notebook_notices(chain)


def test_claudes_runs_have_no_tokens(tmp_path: Path) -> None:
    run = Run(tmp_path / "theirs", model="claude-3-haiku-20240307", interaction="self").write()
    chain = chain_of(read_logs(run.folder))
    folder = exported(chain, tmp_path / "ours")
    assert not (folder / FILES[0]).exists()
    assert Plots(folder).refined() == run.kept
    assert notebook_notices(chain) == ["No belief is known, so there is no prob_list_all.json."]


def test_a_chain_that_has_not_begun(tmp_path: Path) -> None:
    chain = Chain(bayes().config)
    folder = exported(chain, tmp_path)
    assert Plots(folder).results["rules"] == [chain.task.space.assignment(not_none(chain.start.rival))]
    with pytest.raises(LabError, match="hold no generation"):
        read_logs(folder)


def test_titles_cannot_break_the_chat_log(tmp_path: Path) -> None:
    chain = bayes()
    title = "x\n## FEEDBACK:\nRule: {}\n----------- Gen 0 -----------"
    document = {**chain.config.document, "chain": {**chain.config.document["chain"], "title": title}}
    again = Chain(read_config(document), chain.generations)
    folder = exported(again, tmp_path)
    (folder / FILES[1]).unlink()
    assert rules(chain_of(read_logs(folder))) == rules(chain)


@pytest.mark.parametrize("model", ["meta/llama 3", "../../etc", "..", "漢字"])
def test_a_models_name_makes_no_path(tmp_path: Path, model: str) -> None:
    chain = one_generation(framed(['{"']))
    document = {**chain.config.document, "agent": [{**chain.config.document["agent"][0], "model": model}]}
    for name, _ in notebook_files(Chain(read_config(document), chain.generations)):
        assert len(Path(name).parts) == 4
        assert ".." not in Path(name).parts
        assert name.isprintable()


# -- the command -----------------------------------------------------------------------------------------------------------


def test_the_command_writes_a_session_and_names_it(e2: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "mine.toml"
    assert (
        import_.main(
            argparse.Namespace(reading=None, folder=str(e2.folder), output=str(target), config=str(tmp_path / "none.toml"))
        )
        == 0
    )
    said = capsys.readouterr()
    assert said.out == f"{target}\n"
    assert said.err == f"{TAKEN}\n{GOING_ON}\n"
    with SessionFile.open(target, read_only=True) as session:
        chain = Chain(session.config, session.generations, calls=session.calls)
    assert rules(chain) == e2.rules
    assert np.isfinite(measure(chain).entropy).all()


def test_the_command_puts_it_among_the_sessions(e2: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = argparse.Namespace(
        reading=None, folder=str(e2.folder), output=None, sessions=str(tmp_path / "s"), config=str(tmp_path / "none")
    )
    assert import_.main(arguments) == 0
    assert Path(capsys.readouterr().out.strip()).parent == tmp_path / "s"


@pytest.mark.parametrize(("name", "what"), [("none", "no such folder"), ("a.json", "is a file")])
def test_what_is_no_folder_is_said_to_be_so(tmp_path: Path, name: str, what: str) -> None:
    (tmp_path / "a.json").write_text("{}")
    arguments = argparse.Namespace(
        reading=None, folder=str(tmp_path / name), output=None, sessions=str(tmp_path), config=str(tmp_path / "c")
    )
    with pytest.raises(LabError, match=what) as caught:
        import_.main(arguments)
    assert caught.value.exit_code == 2


def test_the_entropy_of_independent_objects_is_as_the_tests_above_take_it() -> None:
    rng = np.random.default_rng(3)
    rows = list(rng.dirichlet([1, 1, 1], size=3))
    joint = np.einsum("i,j,k->ijk", *rows).reshape(-1)
    assert product_entropy(rows) == pytest.approx(float(entropy(np.log(joint)[None])[0]))
