from __future__ import annotations

import asyncio
import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made import HOSTILE, make
from narrow import not_none
from speaking import RULE, SHARES, rule, samples, spoken, with_logprobs

from iicl_tui.agents.calls import Request
from iicl_tui.bayes import dirichlet
from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.metrics import measure
from iicl_tui.errors import LabError
from iicl_tui.filters.scripted import ScriptedDecider
from iicl_tui.store.export import KINDS, export
from iicl_tui.store.session import SessionFile
from iicl_tui.text import visible


def chain_of(path: Path) -> Chain:
    with SessionFile.open(path, read_only=True) as session:
        return Chain(session.config, session.generations)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_tables(tmp_path: Path) -> None:
    path = make(tmp_path, human=True)
    chain, measures = chain_of(path), measure(chain_of(path))
    written = export(path, "csv", tmp_path / "out")
    assert [each.name for each in written] == [f"a-test-{name}.csv" for name in ("generations", "samples", "beliefs")]
    generations, samples, beliefs = map(rows, written)
    assert [row["generation"] for row in generations] == ["1", "2", "3"]
    assert [float(row["entropy_nats"]) for row in generations] == measures.entropy.tolist()
    assert [float(row["p(screen=off)"]) for row in generations] == measures.marginals[4][:, 1].tolist()
    assert [row["hypothesis"] for row in generations] == [chain.task.rule(h) for h in measures.hypothesis]
    assert [int(row["samples_passed"]) for row in generations] == [len(each.data) for each in chain.generations]
    given = [row for row in samples if row["generation"] == "0"]
    assert [(row["input"], row["output"]) for row in given] == [
        (", ".join(example.input), example.output) for example in chain.start.samples
    ]
    made = [sample for each in chain.generations for sample in (each.transmission.samples if each.transmission else ())]
    assert [row["verdict"] for row in samples[len(given) :]] == [sample.verdict for sample in made]
    assert {row["reason"] for row in samples} == {"", visible(HOSTILE)}
    assert all((row["shown_output"] != "") == (row["verdict"] == "edited") for row in samples)
    assert len(beliefs) == 3 * 243
    for t in (1, 2, 3):
        mine = [row for row in beliefs if row["generation"] == str(t)]
        assert [int(row["index"]) for row in mine] == list(range(243))
        known = chain.belief(t)
        assert known is not None
        np.testing.assert_allclose([float(row["p"]) for row in mine], np.exp(known.log_p))
    assert beliefs[33]["A"] == chain.task.space.assignment(33)["A"]


def test_a_document(tmp_path: Path) -> None:
    path = make(tmp_path, human=True, until=2)
    chain, measures = chain_of(path), measure(chain_of(path))
    (written,) = export(path, "json", tmp_path / "out")
    document = json.loads(written.read_text(encoding="utf-8"))
    assert document["config"] == chain.config.document
    assert document["start"]["hypothesis"] == chain.task.write_hypothesis(chain.start.target)
    assert len(document["hypotheses"]) == 243
    first, second = document["generations"]
    assert first["interaction"]["hypothesis"] == chain.generations[0].hypothesis
    assert [each["verdict"] for each in first["interaction"]["decisions"]] == ["reject", "edit"]
    assert second["measures"]["entropy_nats"] == measures.entropy[1]
    assert sum(second["belief"]) == pytest.approx(1)
    assert any(sample["shown"] for sample in first["transmission"])


def test_a_belief_with_impossible_hypotheses(tmp_path: Path) -> None:
    path = make(tmp_path, until=1)
    path.write_text(path.read_text().replace("noise = 0.02", "noise = 0.0"))
    (document,) = export(path, "json", tmp_path)
    (generation,) = json.loads(document.read_text())["generations"]
    assert 0.0 in generation["belief"]
    beliefs = rows(export(path, "csv", tmp_path)[2])
    assert {row["log_p_nats"] for row in beliefs if row["p"] == "0.0"} == {"-inf"}


def test_objects_named_like_a_column_have_one_of_their_own(tmp_path: Path) -> None:
    task = {"objects": ["p", "index", "A"], "states": ["on", "off"]}
    with SessionFile.create(read_config({"chain": {"title": "x"}, "task": task}), tmp_path) as session:
        asyncio.run(Chain(session.config, sink=session).run(until=1))
    export(tmp_path / "x.toml", "csv", tmp_path)
    beliefs = rows(tmp_path / "x-beliefs.csv")
    assert list(beliefs[0]) == ["generation", "index", "object p", "object index", "A", "p", "log_p_nats"]
    assert sum(float(row["p"]) for row in beliefs) == pytest.approx(1)
    assert [row["object index"] for row in beliefs[:4]] == ["on", "on", "off", "off"]


def test_no_cell_is_computed_or_obeyed(tmp_path: Path) -> None:
    task = {"objects": ["=1+1", "@SUM(A1)", "B"], "initial": 2}
    reasons = ["\x1b]2;pwned\x07", "\x9b31m", "\u202egnp", "-2+3", "plain, -1", "tab\tand\nline"]
    config = read_config({"chain": {"title": "x", "generations": 1}, "task": task, "filter": [{"kind": "human"}]})
    samples = [{"number": number, "verdict": "rejected", "reason": reason} for number, reason in enumerate(reasons)]
    decider = ScriptedDecider({"default": "approve", "generation": [{"transmission": {"sample": samples}}]}, config.task)
    with SessionFile.create(config, tmp_path / "x.toml") as session:
        asyncio.run(Chain(session.config, sink=session, decider=decider).run())
    for kind in ("csv", "json"):
        for written in export(tmp_path / "x.toml", kind, tmp_path):
            text = written.read_text(encoding="utf-8").replace("\r\n", "\n")
            assert all(char.isprintable() or char in "\n\t" for char in text)
    made = rows(tmp_path / "x-samples.csv")
    assert not any(cell[:1] in ("=", "@", "+") or (cell[:1] == "-" and cell != "-inf") for row in made for cell in row.values())
    told = [row["reason"] for row in made if row["verdict"] == "rejected"]
    assert told == ["␛]2;pwned␇", "⟨U+009B⟩31m", "⟨U+202E⟩gnp", "'-2+3", "plain, -1", "tab\tand\nline"]
    document = json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))
    assert [each["reason"] for each in document["generations"][0]["transmission"]][: len(reasons)] == reasons
    assert all(name[:1] != "=" for name in rows(tmp_path / "x-beliefs.csv")[0])


@pytest.mark.parametrize("kind", KINDS)
def test_a_session_without_generations(tmp_path: Path, kind: str) -> None:
    for written in export(make(tmp_path, until=0), kind, tmp_path):
        assert written.stat().st_size


def test_many_generations_are_written_in_parts(tmp_path: Path) -> None:
    path = make(tmp_path, generations=30)
    before = path.read_bytes()
    assert len(rows(export(path, "csv", tmp_path)[2])) == 30 * 243
    export(path, "csv", tmp_path)  # again: in place of the first
    assert path.read_bytes() == before


def test_unknown_kinds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="Known: csv, json, notebook"):
        export(make(tmp_path, until=0), "yaml", tmp_path / "out")
    assert not (tmp_path / "out").exists()


# -- chains of language models


AGENTS: list[dict[str, Any]] = [
    {"kind": "openai", "belief": "logprobs"},
    {"kind": "bayes", "noise": 0.1},
    {"kind": "mistral", "belief": "samples", "draws": 3},
    {"kind": "openai", "belief": "none"},
    {"kind": "openai", "belief": "logprobs", "reading": "notebook"},
]


def spoken_session(folder: Path) -> tuple[Path, Chain]:
    config, model = spoken(agent=AGENTS, chain={"title": "spoken", "generations": 5})
    learned = rule(config, config.task.read_hypothesis(RULE))

    def answer(request: Request) -> Any:
        if "Write examples" in request.prompt:
            return samples(config, 1, 2, 3, 4)
        return with_logprobs(learned, SHARES) if request.top_logprobs else learned

    model.answers = answer
    path = folder / "spoken.toml"
    with SessionFile.create(config, path) as session:
        chain = Chain(config, sink=session)
        asyncio.run(chain.run())
    return path, chain


def test_tables_say_how_beliefs_are_known_and_how_well(tmp_path: Path) -> None:
    path, chain = spoken_session(tmp_path)
    generations, _, beliefs, _ = map(rows, export(path, "csv", tmp_path / "out"))
    assert [row["belief"] for row in generations] == ["logprobs", "exact", "samples", "", "logprobs"]
    first, exact, drawn, silent, notebook = generations
    for name, shares in SHARES.items():
        open_mass = 1 - sum(shares.values())
        assert float(first[f"unobserved({name})"]) == pytest.approx(open_mass, abs=1e-9)
        for value in ("on", "off", "und"):
            share = shares.get(value, 0.0)
            assert float(first[f"p_low({name}={value})"]) == pytest.approx(share, abs=1e-9)
            assert float(first[f"p_high({name}={value})"]) == pytest.approx(share + open_mass, abs=1e-9)
    assert (drawn["draws_read"], drawn["draws_asked"]) == ("3", "3")
    assert float(drawn["p_low(A=on)"]) < float(drawn["p(A=on)"]) < float(drawn["p_high(A=on)"])
    for row, empty in ((exact, "p_low(A=on)"), (silent, "p(A=on)"), (silent, "unobserved(A)"), (drawn, "unobserved(A)")):
        assert row[empty] == ""
    assert first["own_entropy_nats"] == first["entropy_least_nats"] == first["entropy_most_nats"] == ""
    assert "factorised, along one reply" in first["how_known"]
    assert exact["how_known"] == "exact"
    ends = float(drawn["entropy_least_nats"]), float(drawn["entropy_most_nats"])
    assert ends == pytest.approx(dirichlet.entropy_range(3, 243))
    assert ends[0] <= float(drawn["entropy_nats"]) <= ends[1]
    assert float(notebook["own_entropy_nats"]) == pytest.approx(not_none(chain.belief(5)).notebook_entropy)
    by = {t: [row for row in beliefs if row["generation"] == str(t)] for t in range(1, 6)}
    assert [len(by[t]) for t in range(1, 6)] == [243, 243, 243, 0, 243]
    for t, source in ((1, "logprobs"), (3, "samples")):
        belief = not_none(chain.belief(t))
        np.testing.assert_allclose(np.array([float(row["p_low"]) for row in by[t]]), np.exp(not_none(belief.low)))
        np.testing.assert_allclose(np.array([float(row["p_high"]) for row in by[t]]), np.exp(not_none(belief.high)))
        assert {row["belief"] for row in by[t]} == {source}
    assert {row["p_low"] for row in by[2]} == {row["p_high"] for row in by[5]} == {""}


def test_a_document_says_how_beliefs_are_known_and_how_well(tmp_path: Path) -> None:
    path, chain = spoken_session(tmp_path)
    (written,) = export(path, "json", tmp_path)
    known = [each["how_known"] for each in json.loads(written.read_text(encoding="utf-8"))["generations"]]
    assert [each and each["source"] for each in known] == ["logprobs", "exact", "samples", None, "logprobs"]
    assert known[0]["unobserved"]["C"] == pytest.approx(0.2)
    assert known[0]["marginals"]["C"]["und"] == pytest.approx([0.7, 0.9])
    np.testing.assert_allclose(known[0]["low"], np.exp(not_none(not_none(chain.belief(1)).low)))
    assert known[2]["draws"] == {"read": 3, "asked": 3}
    assert known[1]["low"] is known[1]["entropy_range_nats"] is None
    assert known[2]["entropy_range_nats"] == pytest.approx(dirichlet.entropy_range(3, 243))
    assert known[4]["own_entropy_nats"] == pytest.approx(not_none(chain.belief(5)).notebook_entropy)
    assert "unobserved" in known[0]["caption"]


def test_columns_of_exact_chains_are_as_they_were(tmp_path: Path) -> None:
    generations, _, beliefs = map(rows, export(make(tmp_path), "csv", tmp_path))
    assert list(beliefs[0])[-2:] == ["p", "log_p_nats"]
    assert not any("low" in name or name == "belief" or "unobserved" in name for name in generations[0])
    (written,) = export(tmp_path / "a-test.toml", "json", tmp_path)
    assert "how_known" not in written.read_text(encoding="utf-8")
