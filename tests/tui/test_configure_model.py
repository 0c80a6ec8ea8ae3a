"""The form without a screen: what it reads from a text, and what a change makes of the text."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iicl_tui.chain.config import read_config
from iicl_tui.errors import ConfigError, LabError
from iicl_tui.present.config_form import GROUPS, Form, format_value, parse_text, read_form, with_kind
from iicl_tui.schema import Field
from iicl_tui.store.config_draft import Draft, examine
from iicl_tui.store.decode import decode
from iicl_tui.store.format import head_text
from iicl_tui.store.presets import presets
from iicl_tui.store.session import SessionFile
from iicl_tui.tasks.text.fields import KINDS
from iicl_tui.tui.configure.draft_edits import apply_button

PRESETS = {preset.name: preset.text for preset in presets()}
AGENT = '[[agent]]\nkind = "bayes"\nprior = { table = "mine.csv" }\n'
WHEN = datetime(2026, 11, 23, 16, tzinfo=UTC)

COMMENTED = """\
# A chain of my own.

[chain] # the chain
title = "Mine"   # as I call it
generations = 3

[task]
objects = [
  "A", # the first
  "B",
]
hypothesis = 1
initial = 2

# She who learns.
[[agent]]
kind = "bayes" # exact

[agent.prior]
A = { on = 1, off = 8 } # off, mostly

[[filter]]
kind = "human" # me

# d0 as given
[[start.sample]]
input = ["A"]
output = "on"
"""


def form_of(draft: Draft) -> Form:
    return read_form(draft, examine(draft)[1])


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_makes_a_form_without_faults(name: str) -> None:
    draft = Draft.of(PRESETS[name])
    assert draft.text == PRESETS[name]
    form = form_of(draft)
    assert form.count == 0
    assert {row.text for row in form.rows.values() if row.field.key == "title"} == {draft.document["chain"]["title"]}
    said_by_rows: dict[Any, Any] = {path: row.value for path, row in form.rows.items() if row.value is not None}
    for path, value in said_by_rows.items():
        assert parse_text(form.rows[path].field, form.rows[path].text) == value or isinstance(value, (bool, dict))


def test_groups_and_their_rows() -> None:
    form = form_of(Draft.of(COMMENTED))
    assert tuple(form.groups) == GROUPS
    assert form.groups["task"][0].rows[0].path == ("chain", "task")
    assert form.rows["task", "objects"].text == "A, B"
    assert form.rows["task", "samples"].text == ""
    assert form.rows["task", "samples"].hint == "if empty: 4"
    assert [kept.path for kept in form.groups["agents"][0].preserved] == [("agent", 0, "prior")]
    assert form.groups["chain"][1].preserved == ()
    assert form.groups["task"][1].path == ("start",)
    assert form.rows["start", "sample", 0].text == "A → on"


def test_a_file_without_agents_has_one() -> None:
    draft = Draft.of('[chain]\ntitle = "x"\n')
    assert [section.path for section in form_of(draft).groups["agents"]] == [("agent", 0)]
    changed = draft.set(("agent", 0, "noise"), 0.1)
    assert changed.document["agent"] == [{"kind": "bayes", "noise": 0.1}]
    assert draft.add("agent", "bayes").document["agent"] == [{"kind": "bayes"}, {"kind": "bayes"}]


def test_a_change_leaves_all_else_as_it_is() -> None:
    before = Draft.of(COMMENTED)
    after = before.set(("chain", "generations"), 12)
    assert after.text == COMMENTED.replace("generations = 3", "generations = 12")
    assert before.set(("task", "hypothesis"), {"A": "on", "B": "off"}).text == COMMENTED.replace(
        "hypothesis = 1", 'hypothesis = {A = "on", B = "off"}'
    )


def test_taking_a_key_out_and_putting_it_back() -> None:
    draft = Draft.of(COMMENTED).set(("chain", "generations"), None)
    assert "generations" not in draft.document["chain"]
    assert draft.set(("chain", "generations"), None) is draft
    assert draft.set(("chain", "generations"), 3).document == tomllib.loads(COMMENTED)


def test_lists_are_ordered_and_comments_go_along() -> None:
    draft = Draft.of(COMMENTED).add("filter", "effective-set").add("filter", "human")
    assert [table["kind"] for table in draft.document["filter"]] == ["human", "effective-set", "human"]
    draft = draft.move("filter", 0, 1).remove("filter", 2)
    assert [table["kind"] for table in draft.document["filter"]] == ["effective-set", "human"]
    assert 'kind = "human" # me' in draft.text
    assert draft.move("filter", 0, -1) is draft
    assert "filter" not in draft.remove("filter", 0).remove("filter", 0).document
    moved = Draft.of(COMMENTED).add("agent", "bayes").move("agent", 0, 1)
    assert [set(table) for table in moved.document["agent"]] == [{"kind"}, {"kind", "prior"}]
    assert "# off, mostly" in moved.text


def test_headers_have_one_empty_line_before_them() -> None:
    lines = Draft.of(COMMENTED).add("filter", "effective-set").add("agent", "bayes").text.splitlines()
    for at, line in enumerate(lines):
        if line.startswith("[") and not lines[at - 1].startswith("#"):
            assert lines[at - 1] == ""
            assert lines[at - 2] != ""


def test_redrawing_takes_the_next_seed_and_a_given_start_out() -> None:
    draft = Draft.of(COMMENTED).redrawn()
    assert "start" not in draft.document
    assert draft.document["chain"]["seed"] == 43
    assert draft.redrawn().document["chain"]["seed"] == 44
    assert Draft.of("[chain]\nseed = 9223372036854775807\n").redrawn().document["chain"]["seed"] == 0
    assert Draft.of('[chain]\nseed = "x"\n').redrawn().document["chain"]["seed"] == 43


def test_faults_stand_at_their_rows_and_the_rest_is_counted() -> None:
    text = '[chain]\ngenerations = "six"\n[task]\nhypothesis = 999\nspuriuos = "x"\n[agent]\n[stat]\n'
    draft = Draft.of(text)
    config, faults = examine(draft)
    assert config is None
    form = read_form(draft, faults)
    assert "whole number" in form.rows["chain", "generations"].faults[0]
    assert "999" in form.rows["task", "hypothesis"].faults[0]
    kept = form.groups["task"][0].preserved[0]
    assert kept.path == ("task", "spuriuos")
    assert "nearest known: spurious" in kept.faults[0]
    beside = {kept.path: kept.faults[0] for kept in form.groups["chain"][1].preserved}
    assert "expected tables" in beside["agent",]
    assert "nearest known: start" in beside["stat",]
    assert form.elsewhere == ()
    assert form.count == len(faults) == 5
    assert [fault.line for fault in faults] == [2, 4, 5, 6, 7]


def test_a_fault_deep_in_a_kept_table_names_its_key() -> None:
    draft = Draft.of('[[agent]]\nkind = "bayes"\nprior = { screen = { of = 1 } }\n')
    kept = form_of(draft).groups["agents"][0].preserved[0]
    assert kept.faults[0].startswith("screen: unknown value")


def test_another_kind_drops_the_keys_that_only_the_old_one_knew() -> None:
    draft = Draft.of('[[filter]]\nkind = "human"\nblind = true\nredraws = 3\nmine = 1\n')
    changed = with_kind(draft, ("filter", 0, "kind"), "effective-set")
    assert changed.document["filter"] == [{"kind": "effective-set", "redraws": 3, "mine": 1}]
    unknown = Draft.of('[[filter]]\nkind = "humane"\nblind = true\n')
    assert [row.path for row in form_of(unknown).groups["interaction"][0].rows] == [("filter", 0, "kind")]
    assert with_kind(unknown, ("filter", 0, "kind"), "human").document["filter"] == [{"kind": "human", "blind": True}]


def test_another_task_has_its_own_defaults_and_keeps_what_was_said() -> None:
    draft = Draft.of('[chain]\ntask = "acre"\n[task]\ninitial = 4\nsamples = 6\n')
    changed = with_kind(draft, ("chain", "task"), "acronym")
    assert changed.document == {"chain": {"task": "acronym"}, "task": {"samples": 6}}
    assert examine(changed)[1] == []


def test_tables_of_another_shape_are_refused_in_words() -> None:
    with pytest.raises(LabError, match="cannot change"):
        Draft.of("chain = 3\n").set(("chain", "seed"), 1)
    with pytest.raises(LabError, match="cannot change"):
        Draft.of("[agent]\n").set(("agent", 0, "noise"), 0.1)
    with pytest.raises(ConfigError, match="line 2"):
        Draft.of("x = 1\ny = \n", "mine.toml")


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int", " 6 ", 6),
        ("int", "6.5", 6.5),
        ("int", "six", "six"),
        ("int", "", None),
        ("float", ".5", 0.5),
        ("float", "0,5", "0,5"),
        ("strings", "A, B,, C ,", ["A", "B", "C"]),
        ("any", "random", "random"),
        ("any", "33", 33),
        ("any", "A=on, screen = off", {"A": "on", "screen": "off"}),
        ("any", "A=on, B", "A=on, B"),
        ("any", "a=b=on", {"a=b": "on"}),
        ("str", " a ", " a "),
    ],
)
def test_what_a_text_means(kind: Any, text: str, value: object) -> None:
    assert parse_text(Field("k", kind, "", ""), text) == value


def test_nan_is_a_fault_and_no_crash() -> None:
    draft = Draft.of('[[agent]]\nkind = "bayes"\n').set(("agent", 0, "noise"), parse_text(Field("k", "float", "", ""), "nan"))
    assert "found nan" in form_of(draft).rows["agent", 0, "noise"].faults[0]


names = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters=",="), min_size=1, max_size=8)


@given(st.dictionaries(names, names, min_size=1, max_size=5))
def test_a_table_of_states_survives_the_input(states: dict[str, str]) -> None:
    field = Field("hypothesis", "any", "", "")
    assert parse_text(field, format_value(field, states)) == states


@given(st.text(max_size=40), st.sampled_from([("chain", "title"), ("task", "spurious"), ("agent", 0, "kind")]))
def test_any_text_can_be_set_and_read_back(text: str, path: Any) -> None:
    text = text.encode(errors="replace").decode()
    draft = Draft.of(COMMENTED).set(path, text)
    assert draft.get(path) == text
    assert "# off, mostly" in draft.text
    form_of(draft)


hostile = st.recursive(
    st.one_of(st.booleans(), st.integers(-5, 300), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)


@given(st.sampled_from(["chain", "task", "agent", "filter", "start"]), hostile)
def test_no_value_breaks_the_form(name: str, value: Any) -> None:
    from iicl_tui.store import toml_text

    draft = Draft.of(f"{name} = {toml_text.value(value)}\n")
    config, faults = examine(draft)
    form = read_form(draft, faults)
    assert form.count == len(faults)
    assert (config is None) == bool(faults)


# -- what is written ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRESETS)
def test_the_head_says_what_the_draft_says(name: str) -> None:
    draft = Draft.of(PRESETS[name])
    config, _ = examine(draft)
    assert config is not None
    head = draft.head(config, WHEN)
    assert head is not None
    first = PRESETS[name].splitlines()[0]
    assert first in head
    contents = decode(head)
    assert contents.config.document == config.document
    assert contents.config.start == config.start
    assert contents.created == WHEN


def test_a_session_keeps_the_comments_and_can_be_edited_as_new(tmp_path: Path) -> None:
    draft = Draft.of(COMMENTED)
    config, faults = examine(draft)
    assert config is not None, faults
    with SessionFile.create(config, tmp_path, created=WHEN, head=draft.head(config, WHEN)) as session:
        path = session.path
    text = path.read_text()
    assert "# She who learns." in text
    assert "# me" in text
    with SessionFile.open(path) as session:
        assert session.read_only is None
        assert session.config.start == config.start
    again = Draft.of(text)
    assert not {"format", "created", "generation"} & set(again.document)
    assert examine(again)[0] is not None
    assert again.document["start"]["sample"] == [{"input": ["A"], "output": "on"}]


def test_a_prior_from_a_file_is_written_into_the_head(tmp_path: Path) -> None:
    rows = "\n".join(f"{a},{b},{1 + (a == b)}" for a in ("on", "off", "und") for b in ("on", "off", "und"))
    (tmp_path / "mine.csv").write_text(f"A,B,weight\n{rows}\n")
    draft = Draft.of('[task]\nobjects = ["A", "B"] # two\ninitial = 1\n\n' + AGENT)
    config, faults = examine(draft, tmp_path)
    assert config is not None, faults
    head = draft.head(config, WHEN)
    assert head is not None
    assert "# two" in head
    assert decode(head).config.agents[0].log_prior.tolist() == config.agents[0].log_prior.tolist()  # type: ignore[attr-defined]


def test_a_comment_that_looks_like_a_marker_is_not_written() -> None:
    draft = Draft.of("# end: transmission 1\n" + COMMENTED)
    config, _ = examine(draft)
    assert config is not None
    assert draft.head(config, WHEN) is None


def test_the_texts_of_a_models_session_are_kept_and_not_put_into_a_line() -> None:
    config = read_config({"agent": [{"kind": "openai", "model": "m"}]})
    draft = Draft.of(head_text(config, WHEN) + "# end: head\n")
    form = read_form(draft)
    assert ("agent", 0, "prompts") not in form.rows
    agents = form.groups["agents"]
    assert [kept.path for kept in agents[0].preserved] == [("agent", 0, "prompts")]
    again, faults = examine(draft.set(("agent", 0, "temperature"), 0.5))
    assert not faults
    assert again is not None
    assert again.document["agent"][0]["prompts"] == config.document["agent"][0]["prompts"]


def test_features_of_texts_are_added_edited_moved_and_removed() -> None:
    draft = Draft.of('[chain]\ntask = "text"\n\n[task]\ninitial = 5  # few\n')
    assert read_form(draft).lists == ((("task", "feature"), KINDS),)
    for kind in ("words", "regex", "words"):
        draft, focus = apply_button(draft, "add", ("task", "feature", kind))
    assert focus == "#row-task-feature-2-kind .control"
    assert [(each["kind"], each["name"]) for each in draft.document["task"]["feature"]] == [
        ("words", "words"), ("regex", "regex"), ("words", "words 2"),
    ]  # fmt: skip
    rows = form_of(draft).rows
    assert [path[-1] for path in rows if path[:3] == ("task", "feature", 1)] == ["kind", "name", "bins", "pattern", "belief"]
    assert "is missing" in rows["task", "feature", 1, "pattern"].faults[0]
    draft = draft.set(("task", "feature", 1, "pattern"), "(?i)no")
    bins = rows["task", "feature", 2, "bins"]
    assert [parse_text(bins.field, text) for text in ("10, 20", "[10, 20]", "7.5,9", "a, b")] == [
        [10, 20],
        [10, 20],
        [7.5, 9],
        "a, b",
    ]
    draft = draft.set(("task", "feature", 2, "bins"), [10, 20])
    assert form_of(draft).rows["task", "feature", 2, "bins"].text == "[10, 20]"
    config, faults = examine(draft)
    assert (config is not None, faults) == (True, [])
    draft, _ = apply_button(draft, "up", ("task", "feature", 2))
    draft, _ = apply_button(draft, "remove", ("task", "feature", 0))
    assert [each["name"] for each in draft.document["task"]["feature"]] == ["words 2", "regex"]
    changed = with_kind(draft, ("task", "feature", 1, "kind"), "chars")
    section = next(each for each in form_of(changed).groups["task"] if each.path == ("task", "feature", 1))
    assert [kept.path[-1] for kept in section.preserved] == ["pattern"], "a key of the old kind can be removed"
    for _ in range(2):
        draft, _ = apply_button(draft, "remove", ("task", "feature", 0))
    assert "feature" not in draft.document["task"]
    assert "# few" in draft.text
    assert read_form(Draft.of("")).lists == ()
