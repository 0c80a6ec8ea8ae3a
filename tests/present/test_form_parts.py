"""The parts of the form that edit priors and given first data."""

from __future__ import annotations

import tomllib
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iicl_tui.present import prior_table
from iicl_tui.present.config_form import Form, read_form
from iicl_tui.present.example_lines import read_line, write_line
from iicl_tui.present.prior_effect import bar, changes, lines, summary
from iicl_tui.present.prior_table import STEPS, PriorTable, stepped, with_weight
from iicl_tui.store.config_draft import Draft, examine
from iicl_tui.store.format import start_table

TEXT = """\
# Mine.
[task]
objects = ["A", "screen"]
states = ["on", "off"]
initial = 2

[[agent]]
kind = "bayes" # exact
noise = 0.1

[agent.prior] # odds
screen = { on = 1, off = 3 } # off, mostly

[start]
hypothesis = { A = "on", screen = "off" }

[[start.sample]]
input = ["A", "screen"] # seen
output = "on"
"""


def form_of(draft: Draft) -> Form:
    config, faults = examine(draft)
    return read_form(draft, faults, config.task if config else None)


def table_of(draft: Draft) -> PriorTable:
    table = form_of(draft).groups["agents"][0].prior
    assert table is not None
    return table


def set_weight(draft: Draft, factor: str, value: str, weight: float) -> Draft:
    table = table_of(draft)
    return with_weight(draft, next(c for c in table.cells if (c.factor, c.value) == (factor, value)), table, weight)


def test_the_table_has_a_cell_for_each_state_and_its_share() -> None:
    cells = table_of(Draft(TEXT)).cells
    assert [(cell.factor, cell.value, cell.weight, cell.share) for cell in cells] == [
        ("A", "on", 1, 0.5), ("A", "off", 1, 0.5), ("screen", "on", 1, 0.25), ("screen", "off", 3, 0.75),
    ]  # fmt: skip


def test_a_weight_is_written_into_its_place_and_comments_stay() -> None:
    draft = set_weight(Draft(TEXT), "screen", "off", 4)
    assert draft.text == TEXT.replace("off = 3 }", "off = 4 }")
    draft = set_weight(draft, "A", "off", 0)
    assert tomllib.loads(draft.text)["agent"][0]["prior"] == {"screen": {"on": 1, "off": 4}, "A": {"on": 1, "off": 0}}
    assert all(comment in draft.text for comment in ("# Mine.", "# exact", "# odds", "# off, mostly", "# seen"))
    draft = set_weight(set_weight(draft, "A", "off", 1), "screen", "off", 1)
    assert "prior" not in draft.document["agent"][0]
    assert set_weight(Draft("# bare\n"), "B", "und", 2).document["agent"] == [
        {"kind": "bayes", "prior": {"B": {"on": 1, "off": 1, "und": 2}}}
    ]


@pytest.mark.parametrize("prior", ["3", "{ screen = 3 }", "{ screen = { of = 1 } }", '{ screen = { on = "x" } }', "{ scren = {} }"])
def test_a_prior_that_is_no_table_of_weights_stays_as_it_is(prior: str) -> None:
    draft = Draft(f'[[agent]]\nkind = "bayes"\nprior = {prior}\n')
    config, _ = examine(Draft(""))
    assert config is not None
    section = read_form(draft, examine(draft)[1], config.task).groups["agents"][0]
    assert section.prior is None
    assert section.preserved[0].path == ("agent", 0, "prior")
    assert section.preserved[0].faults


def test_a_prior_of_too_many_weights_says_where_to_write_it(monkeypatch: pytest.MonkeyPatch) -> None:
    config, _ = examine(Draft(TEXT))
    assert config is not None
    count = sum(len(factor.values) for factor in config.task.space.factors)
    monkeypatch.setattr(prior_table, "_MOST_CELLS", count - 1)
    section = read_form(Draft(TEXT), examine(Draft(TEXT))[1], config.task).groups["agents"][0]
    assert section.prior is not None
    assert section.prior.note == f"{count} weights are too many for a table here. Write them in the file, under [agent.prior]."
    assert section.prior.cells == []
    assert [key.path for key in section.preserved] == [("agent", 0, "prior")]


def test_no_hypothesis_with_a_weight_is_a_fault_of_the_table() -> None:
    config, _ = examine(Draft(TEXT))
    assert config is not None
    draft = set_weight(set_weight(Draft(TEXT), "A", "on", 0), "A", "off", 0)
    form = read_form(draft, examine(draft)[1], config.task)
    table = form.groups["agents"][0].prior
    assert table is not None
    assert table.faults == ("no hypothesis has a weight above 0",)


@given(st.floats(0, 2000, allow_nan=False))
@settings(max_examples=40)
def test_a_key_goes_to_the_next_weight(weight: float) -> None:
    above, below = stepped(weight, 1), stepped(weight, -1)
    assert above == min((step for step in STEPS if step > weight), default=weight)
    assert below == max((step for step in STEPS if step < weight), default=0)


def test_the_effect_is_bayes_rule_by_hand() -> None:
    config, _ = examine(Draft(TEXT))
    assert config is not None
    found = {(each.factor, each.value): (each.before, each.after) for each in changes(config, 0)}
    weights = {"on": 1, "off": 3}
    joint = {(a, screen): weights[screen] * (0.9 if "on" in (a, screen) else 0.1) for a, screen in product(("on", "off"), repeat=2)}
    off = sum(mass for (_, screen), mass in joint.items() if screen == "off") / sum(joint.values())
    assert found["screen", "off"] == pytest.approx((0.75, off))
    assert found["A", "on"][0] == pytest.approx(0.5)
    told = lines(changes(config, 0), "screen", 60)
    assert told[1].startswith("off  75.0% ")
    assert len(told) == 2
    assert any(line.startswith("screen") and f"75→{100 * off:.0f}" in line for line in summary(changes(config, 0)))


@given(st.floats(0, 1), st.integers(1, 40))
@settings(max_examples=40)
def test_a_bar_is_as_long_as_its_share(share: float, width: int) -> None:
    drawn = bar(share, width)
    assert abs(len(drawn) - share * width) <= 1
    assert bool(drawn) == (share > 0)


def test_what_explains_nothing_is_said_in_words() -> None:
    text = TEXT.replace("noise = 0.1\n", "").replace("{ on = 1, off = 3 }", "{ on = 0, off = 1 }")
    draft = set_weight(Draft(text), "A", "on", 0)
    config, _ = examine(draft)
    assert config is not None
    assert summary(changes(config, 0)) == ["No hypothesis with a weight above 0 explains d⁰."]
    assert "–" in lines(changes(config, 0), "A", 60)[0]


words = st.text(st.characters(categories=["L", "N", "Zs"]), min_size=1, max_size=6).map(str.strip).filter(bool)


@given(st.lists(words, max_size=4), words)
@settings(max_examples=40)
def test_a_line_that_is_written_is_read_back(parts: list[str], output: str) -> None:
    entry = {"input": parts, "output": output}
    line = write_line(entry)
    assert line is None or read_line(line) == entry


@pytest.mark.parametrize(
    "entry", [3, {"input": "A"}, {"input": ["A, B"], "output": "on"}, {"input": [], "output": "a\nb"}, {"x": 1}]
)
def test_what_no_line_can_say_has_none(entry: object) -> None:
    assert write_line(entry) is None


def test_given_examples_are_rows_and_a_fault_stands_at_its_row() -> None:
    draft = Draft(TEXT)
    assert form_of(draft).rows["start", "sample", 0].text == "A, screen → on"
    assert form_of(draft).rows["start", "hypothesis"].text == "A=on, screen=off"
    broken = draft.set(("start", "sample", 0, "output"), "onn")
    assert "onn" in form_of(broken).rows["start", "sample", 0].faults[0]
    assert read_line("A, screen") == {"input": ["A", "screen"], "output": ""}
    longer = draft.with_example()
    assert longer.document["start"]["sample"] == 2 * draft.document["start"]["sample"]
    assert "# seen" in longer.text
    assert longer.set(("start", "sample", 0), None).document["start"]["sample"] == draft.document["start"]["sample"]
    empty = draft.set(("start", "sample", 0), None)
    assert examine(empty)[1] == [] or empty.get(("start", "sample")) in ([], None)


def test_the_drawn_data_are_written_as_they_are() -> None:
    draft = Draft(TEXT[: TEXT.index("[start]")])
    config, _ = examine(draft)
    assert config is not None
    written = draft.with_start(start_table(config.task, config.start))
    again, faults = examine(written)
    assert not faults
    assert again is not None
    assert again.start == config.start
    assert "# off, mostly" in written.text
