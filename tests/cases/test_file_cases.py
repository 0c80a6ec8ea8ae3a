"""Files that stopped a reader: each was found by `tests/attack`."""

from __future__ import annotations

from pathlib import Path

import pytest
from review_chains import make_chain

from iicl_tui.agents.base import UnreadableReply
from iicl_tui.chain.config import read_config
from iicl_tui.errors import ConfigError
from iicl_tui.files import BeyondLimits, parse_toml
from iicl_tui.filters.base import HypothesisShown, PhaseContext
from iicl_tui.present.sources import read_decisions
from iicl_tui.review.chain_subject import HypothesisSubject
from iicl_tui.review.drafts import Draft, DraftFile, Round
from iicl_tui.review.reply_drafts import ReplyDrafts
from iicl_tui.review.state import ReviewState
from iicl_tui.store.block_ends import head_end
from iicl_tui.store.library import Library

REPLY = UnreadableReply(1, "imitation", "imitate", "a prompt", "a reply", "it states no rule", "", lambda text: "")


@pytest.mark.parametrize("value", ["inf", "-inf", "nan", "[]", '"x"'])
def test_a_number_of_generations_that_is_none(tmp_path: Path, value: str) -> None:
    (tmp_path / "a.toml").write_text(f"[chain]\ngenerations = {value}\n")
    (row,) = Library(tmp_path).sessions()
    assert row.fault


@pytest.mark.parametrize("key", ["generation", "attempt", "cursor", "looked", "round"])
@pytest.mark.parametrize("value", ["inf", "nan", "[" * 5000])
def test_a_draft_that_cannot_be_read_is_none(tmp_path: Path, key: str, value: str) -> None:
    chain = make_chain()
    subject = HypothesisSubject(chain, HypothesisShown(PhaseContext(chain.task, 1, chain.start), 5, 0, 20, False))
    file = DraftFile(tmp_path, tmp_path / "s.toml")
    file.save(Draft(1, "hypothesis", (Round(0, ReviewState.from_values(subject.values)),)), subject)
    lines = file.path.read_text().splitlines()
    place = next((place for place, line in enumerate(lines) if line.startswith(f"{key} =")), 0)
    lines[place] = f"{key} = {value}"
    file.path.write_text("\n".join(lines))
    assert file.load(subject) is None or key == "looked"


@pytest.mark.parametrize("value", ["inf", "nan", "[" * 5000])
def test_a_draft_of_a_reply_that_cannot_be_read_is_none(tmp_path: Path, value: str) -> None:
    drafts = ReplyDrafts(tmp_path, tmp_path / "s.toml")
    drafts.keep(REPLY, "a text")
    assert drafts.path is not None
    drafts.path.write_text(drafts.path.read_text().replace("generation = 1", f"generation = {value}"))
    assert ReplyDrafts(tmp_path, tmp_path / "s.toml").get(REPLY) is None


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 3000 + "]" * 3000, "a = " + "{b = " * 3000 + "1" + "}" * 3000], ids=["lists", "tables"]
)
def test_deeply_nested_decisions_are_a_fault(tmp_path: Path, text: str) -> None:
    (tmp_path / "d.toml").write_text(text)
    with pytest.raises(ConfigError, match="nested too deeply"):
        read_decisions(tmp_path / "d.toml", read_config({}).task)


LONG_KEYS = {
    "a header": "[{}]",
    "an inline table": "x = {{{} = 1}}",
    "spaced": "x = {{ y = 1, {} = 1}}",
    "a line": "{} = 1",
}


@pytest.mark.parametrize("form", LONG_KEYS.values(), ids=LONG_KEYS.keys())
@pytest.mark.parametrize("part", ["a", '"b"', r'"\""', "'c'"])
def test_a_key_of_thousands_of_parts_is_refused_at_once(form: str, part: str) -> None:
    text = form.format((" . " if "y = 1" in form else ".").join([part] * 20_000))
    with pytest.raises(BeyondLimits, match="A key with more than 64 parts"):
        parse_toml(text)
    assert head_end(f"{text}\n# end: head\n".encode()) is None


def test_a_text_with_many_full_stops_is_no_key() -> None:
    words = ". ".join(["A sentence of some words"] * 2000)
    assert parse_toml(f'x = "{words}"\ny = "{"1.5, " * 3000}"\nz = "{"." * 5000}"\n').keys() == {"x", "y", "z"}
