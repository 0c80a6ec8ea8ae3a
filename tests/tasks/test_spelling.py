"""Names in files and typed lines are compared as people see them, however they are encoded."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from iicl_tui.chain.config import read_config
from iicl_tui.errors import ConfigError
from iicl_tui.tasks.acre.task import Acre
from iicl_tui.tasks.acronym.files import pack, read_ranks, unpack
from iicl_tui.tasks.acronym.task import Acronym
from iicl_tui.tasks.spelling import comparable, composed


def decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def document(*objects: str, **task: Any) -> dict[str, Any]:
    return {"task": {"objects": list(objects), **task}}


def test_a_configuration_in_decomposed_form_is_the_same_task() -> None:
    rule = {decomposed("Käfer"): decomposed("für"), "A": "off"}
    config = read_config(
        {
            **document("A", decomposed("Käfer"), states=[decomposed("für"), "off", "und"], hypothesis=rule, initial=1),
            "agent": [{"kind": "bayes", "prior": {decomposed("Käfer"): {decomposed("für"): 0}}}],
            "start": {"sample": [{"input": [decomposed("Käfer")], "output": decomposed("für")}]},
        }
    )
    task = config.task
    assert task.space.assignment(config.start.target) == {"A": "off", "Käfer": "für"}
    assert config.start.samples == ((("Käfer",), "für"),)
    assert task.outputs == ("für", "off", "und")


def test_the_spurious_object_may_be_in_another_form() -> None:
    config = read_config(document("A", "Käfer", spurious=decomposed("Käfer"), hypothesis=0, initial=1))
    assert config.task.focus == 1


@pytest.mark.parametrize("names", [("Käfer", decomposed("Käfer")), ("A", "Ａ"), ("❤", "❤\ufe0f"), ("x、y", "x､y")])
def test_names_that_look_alike_are_refused(names: tuple[str, str]) -> None:
    with pytest.raises(ConfigError, match="distinct names"):
        read_config(document(*names))


def test_files_may_spell_names_in_every_form(tmp_path: Path) -> None:
    task = Acre(("灯", "Ａ", "Käfer", "❤\ufe0f"), ("开", "关"))
    assert task.read_example(["❤", "A", decomposed("Käfer")], "开") == (("Ａ", "Käfer", "❤\ufe0f"), "开")
    rule = {"灯": "开", "A": "关", decomposed("Käfer"): "关", "❤": "开"}
    assert task.write_hypothesis(task.read_hypothesis(rule)) == {"灯": "开", "Ａ": "关", "Käfer": "关", "❤\ufe0f": "开"}
    task = Acre(("A", "Käfer"), ("on", "off"))
    (tmp_path / "p.csv").write_text(decomposed("A,Käfer,weight\non,on,1\non,off,2\noff,on,3\noff,off,4\n"), encoding="utf-8")
    faults: list[Any] = []
    p = np.exp(task.log_prior({"table": "p.csv"}, ("agent", 0, "prior"), faults, tmp_path))
    assert not faults
    np.testing.assert_allclose(p, [0.1, 0.2, 0.3, 0.4])


@pytest.mark.parametrize("line", ["灯，风扇 → 开", "灯、风扇→开", "风扇，　灯 -> 开", "灯,风扇 ⟶ 开"])
def test_typed_lines_may_have_chinese_commas(line: str) -> None:
    assert Acre(("灯", "风扇"), ("开", "关")).read_line(line) == (("灯", "风扇"), "开")


def test_a_wrong_line_is_still_wrong() -> None:
    with pytest.raises(ValueError, match="unknown object"):
        Acre(("灯", "风扇"), ("开", "关")).read_line("灯、门 → 开")
    with pytest.raises(ValueError, match="an arrow"):
        Acre(("灯", "风扇"), ("开", "关")).read_line("灯、风扇 开")


def test_acronyms_in_other_forms(tmp_path: Path) -> None:
    task = Acronym()
    assert task.read_example([decomposed("Élan"), "Cafe"], decomposed("ÉC")) == (("élan", "cafe"), "éc")
    assert task.read_line("ＣＡＴ ← cabinet、arbiter，trainer") == task.read_line("CAT <- cabinet, arbiter, trainer")
    (tmp_path / "ranks.csv").write_text(decomposed("rank,word\n1,café\n2,tea\n"), encoding="utf-8")
    ranks = read_ranks("ranks.csv", tmp_path)
    assert dict(ranks.ranks) == {"café": 1, "tea": 2}
    assert unpack(decomposed(pack(ranks)), "ranks.csv").ranks == ranks.ranks


@pytest.mark.parametrize("text", ["", "plain", "Käfer", "Ａ、Ｂ：Ｃ", "❤\ufe0f", "ｶﾞｽ", "𝗔", decomposed("한글"), "x\u00ady"])
def test_forms_are_stable(text: str) -> None:
    assert composed(composed(text)) == composed(text)
    assert comparable(comparable(text)) == comparable(text) == comparable(composed(text)) == comparable(decomposed(text))


def test_half_width_kana_and_bold_letters_are_letters() -> None:
    assert comparable("ｶﾞｽ") == "ガス"
    assert comparable("𝗔𝑏") == "Ab"
    assert comparable("１２") == "12"
