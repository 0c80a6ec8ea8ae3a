"""Replies as people see them: struck-out text, LaTeX, full-width forms and composed characters, with positions kept."""

from __future__ import annotations

import unicodedata
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iicl_tui.tasks.acre.task import Acre
from iicl_tui.tasks.acre.wording import AcreWording
from iicl_tui.tasks.acronym.task import Acronym
from iicl_tui.tasks.reply_parsing.cleaning import STRUCK_OUT, clean

Form = Literal["NFC", "NFD"]
ACRE = Acre()
WORDING = AcreWording(ACRE)
TARGET = ACRE.read_hypothesis({"A": "on", "B": "off", "C": "und", "D": "off", "screen": "off"})
REST = "B: off\nC: und\nD: off\nscreen: off"

STRUCK = {
    "markdown": "~~off~~ on",
    "one tilde": "~off~ on",
    "behind": "on ~~off~~",
    "twice": "~~off~~ ~~und~~ on",
    "strong": "~~**off**~~ **on**",
    "html s": "<s>off</s> on",
    "html del": "<del>off</del> <ins>on</ins>",
    "html strike": "<STRIKE>off</STRIKE> on",
    "html style": '<span style="text-decoration: line-through">off</span> on',
    "bbcode": "[s]off[/s] on",
    "overlay": "o\u0336f\u0336f\u0336 on",
    "slashes": "o\u0338f\u0338f\u0338 on",
    "latex": r"\sout{off} on",
    "cancel": r"$\cancel{off}$ on",
}


@pytest.mark.parametrize("state", STRUCK.values(), ids=STRUCK.keys())
def test_what_is_struck_out_never_counts(state: str) -> None:
    reply = f"A: {state}\n{REST}"
    reading = WORDING.read_rule(reply)
    assert reading.hypothesis == TARGET
    assert STRUCK_OUT in reading.remarks
    start, end = reading.spans[0]
    assert reply[start:end] == "on"


def test_struck_out_examples_and_lines() -> None:
    reply = "~~Input: A\nOutput: off~~\nInput: A\nOutput: on"
    assert [ACRE.example_text(each) for each in WORDING.read_samples(reply, 1).examples] == ["A → on"]
    reply = f"~~A: off\n{REST}~~\n\nA: on\n{REST}"
    assert WORDING.read_rule(reply).hypothesis == TARGET
    acronym = Acronym().wording.read_samples("Output: ~~DOG~~ CAT\nInput: cold, air, test", 1)
    assert [each.output for each in acronym.examples] == ["cat"]
    assert STRUCK_OUT in acronym.remarks


@pytest.mark.parametrize("text", ["~on", "A ~ B", "~~~\nA: on\n~~~", "~ 5 ~ 6", "A: ~on, B: ~off"])
def test_a_tilde_alone_strikes_nothing_out(text: str) -> None:
    assert clean(text).text == text


LATEX = {
    "inline": r"So the rule is \(A = \text{on},\ B = \text{off},\ C = \text{und},\ D = \text{off},\ \text{screen} = \text{off}\).",
    "dollars": r"$A = \mathrm{on}$, $B = \mathtt{off}$, $C=\texttt{und}$, $D=\textit{off}$, $\mathit{screen}=\mathbf{off}$",
    "boxed": r"\boxed{A: \text{on}, B: \text{off}, C: \text{und}, D: \text{off}, \text{screen}: \text{off}}",
    "arrows": r"$A \to \text{on}$; $B \rightarrow \text{off}$; $C \mapsto \text{und}$; $D \Rightarrow off$; screen $\to$ off",
    "cases": r"\[\begin{cases} A = \text{on} \\ B = \text{off} \\ C = und \\ D = off \\ screen = off \end{cases}\]",
    "aligned": r"\begin{aligned} A &= \text{on} \\ B &= \text{off} \\ C &= und \\ D &= off \\ screen &= off\end{aligned}",
    "array": r"\begin{array}{ll} \text{A} & \text{on} \\ B & off \\ C & und \\ D & off \\ \hline screen & off \end{array}",
    "spacing": r"\(A\!=\,\text{on},\; B=\:\text{off},\quad C=\text{und},\qquad D=\text{off},\ \text{screen}=\text{off}\)",
    "old fonts": r"$A = {\bf on}$, $B = {\rm off}$, $C = {\tt und}$, $D = {\it off}$, $\mbox{screen} = \operatorname{off}$",
    "colour": r"$\textcolor{red}{A} = \color{red}{on}$, $B=\text{off}$, $C=\text{und}$, $D=\text{off}$, $\text{screen}=\text{off}$",
    "conjunction": r"$A=\text{on} \land B=\text{off} \land C=\text{und} \wedge D=\text{off} \land \text{screen}=\text{off}$",
}


@pytest.mark.parametrize("reply", LATEX.values(), ids=LATEX.keys())
def test_rules_in_latex(reply: str) -> None:
    reading = WORDING.read_rule(reply)
    assert reading.hypothesis == TARGET, reading.trouble
    assert [reply[start:end] for start, end in reading.spans] == ["on", "off", "und", "off", "off"]


def test_examples_in_latex() -> None:
    reply = r"$\{A, C\} \to \text{on}$" + "\n" + r"$\{\text{screen}\} \rightarrow \mathrm{off}$"
    assert [ACRE.example_text(each) for each in WORDING.read_samples(reply, 2).examples] == ["A, C → on", "screen → off"]


FORMS = {
    "full width": "Ａ：ｏｎ，Ｂ：ｏｆｆ，Ｃ：ｕｎｄ，Ｄ：ｏｆｆ，ｓｃｒｅｅｎ：ｏｆｆ",
    "CJK punctuation": "A：on、B：off、C：und、D：off、screen：off。",
    "CJK brackets": "【A：on；B：off；C：und；D：off；screen：off】",
    "Arabic commas": "A: on، B: off، C: und، D: off، screen: off",
    "mathematical letters": "𝗔: 𝗼𝗻\n𝘽: 𝙤𝙛𝙛\n𝐂: 𝐮𝐧𝐝\n𝙳: 𝚘𝚏𝚏\n𝓈𝒸𝓇ℯℯ𝓃: off".replace("𝓈𝒸𝓇ℯℯ𝓃", "𝐬𝐜𝐫𝐞𝐞𝐧"),
    "box drawing": "│ A │ on │\n│ B │ off │\n│ C │ und │\n│ D │ off │\n│ screen │ off │",
    "ideographic space": "A：　on\nB：　off\nC：　und\nD：　off\nscreen：　off",
    "selectors": "A\ufe0e: on\nB\ufe0f: off\nC: und\nD: off\nscr\u00adeen: off",
}


@pytest.mark.parametrize("reply", FORMS.values(), ids=FORMS.keys())
def test_rules_in_other_characters(reply: str) -> None:
    reading = WORDING.read_rule(reply)
    assert reading.hypothesis == TARGET, reading.trouble


def test_chinese_names_and_commas() -> None:
    task = Acre(("灯", "风扇", "窗", "门", "屏"), ("开", "关", "未定"))
    wording = task.wording
    assert wording is not None
    reply = "Input: 灯，风扇\nOutput: 开\nInput: 门\nOutput: 关\nInput: 窗、屏\nOutput: 未定\n灯，门 → 开"
    examples = wording.read_samples(reply, 3)
    assert [task.example_text(each) for each in examples.examples] == ["灯, 风扇 → 开", "门 → 关", "窗, 屏 → 未定"]
    rule = wording.read_rule("灯：开，风扇：关，窗：未定，门：关，屏：关。")
    assert rule.hypothesis == task.read_hypothesis({"灯": "开", "风扇": "关", "窗": "未定", "门": "关", "屏": "关"})


@pytest.mark.parametrize("name", ["Käfer", "한글", "ガス", "Å", "❤\ufe0f", "☂\ufe0f", "é̂x"])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("said", ["NFC", "NFD", "bare"])
def test_names_are_compared_as_people_see_them(name: str, form: Form, said: Form | Literal["bare"]) -> None:
    task = Acre(("A", unicodedata.normalize(form, name)))
    wording = task.wording
    assert wording is not None
    spelt = name.replace("\ufe0f", "") if said == "bare" else unicodedata.normalize(said, name)
    assert wording.read_rule(f'{{"A": "off", "{spelt}": "on"}}').hypothesis == task.space.index((1, 0))
    assert wording.read_rule(f"A is off and {spelt} is on.").hypothesis == task.space.index((1, 0))
    (example,) = wording.read_samples(f"Input: A, {spelt}\nOutput: on", 1).examples
    assert example == (task.objects, "on")


def test_accents_of_acronyms() -> None:
    reading = Acronym().wording.read_samples(unicodedata.normalize("NFD", "Output: ÉCU\nInput: élan, café, unité"), 1)
    assert [(each.output, each.input) for each in reading.examples] == [("ecu", ("élan", "café", "unité"))]


PIECES = ["~~", "~", "<s>", "</s>", "o\u0336", "\\text{", "}", "\\(", "&", "\\\\", "\\begin{array}", "Ａ", "、", "a\u0308", "ᄒ",
          "ᅡ", "ᆫ", "❤\ufe0f", "A", ": ", "on", "off", ", ", "\n", "|", "<|x|>", "<think>", "</think>",
          "<|im_end|>", "\u00ad"]  # fmt: skip


@pytest.mark.slow
@settings(derandomize=True, deadline=None, max_examples=400)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_every_position_leads_back_into_the_reply(text: str) -> None:
    answer = clean(text)
    last = 0
    for at, char in enumerate(answer.text):
        start, end = answer.span((at, at + 1))
        assert last <= start < end <= len(text)
        last = start
        if char.isascii() and char.isalnum() and "\u0308" not in text and "ᄒ" not in text:
            assert unicodedata.normalize("NFKC", text[start:end])[:1] == char
    WORDING.read_rule(text)
    WORDING.read_samples(text, 3)


@pytest.mark.slow
def test_a_long_reply_is_cleaned_in_linear_time() -> None:
    for part in ("~~a", "<s>", "\\text{", "&\\\\", "o\u0336", "a\u0308", "<|", "User: a\n", "\\begin{a}&", "[s]", "<think>x"):
        clean(part * (120_000 // len(part)))


@pytest.mark.parametrize(
    "reply",
    [
        "A &rarr; on\nB &rarr; off\nC &#8594; und\nD &#x2192; off\nscreen -&gt off",
        'Rule: {"A": "on", "B": "off", "C": "und", "D": "off", "screen": "off"}'.replace('"', "&quot;"),
        "A:&nbsp;on<br>B:&nbsp;off<br/>\nC: und<BR>D: off<br>screen: &amp;#111;ff",
        "<table><tr><th>Object</th><th>State</th></tr>\n<tr>\n<td>A</td>\n<td>on</td>\n</tr><tr><td>B</td><td>off</td></tr>"
        "<tr><td>C</td><td>und</td></tr><tr><td>D</td><td>off</td></tr><tr><td>screen</td><td>off</td></tr></table>",
        "<ul><li><b>A</b>: on</li><li><b>B</b>: off</li><li>C: <code>und</code></li><li>D: off</li><li>screen: off</li></ul>",
        "<rule><A>on</A><B>off</B><C>und</C><D>off</D><screen>off</screen></rule>",
        "A & on \\\\\nB & off \\\\\nC & und \\\\\nD & off \\\\\nscreen & off \\\\",
        r"A & \text{on} \\ B & \text{off} \\ C & \text{und} \\ D & \text{off} \\ screen & \text{off}",
        r"$A\colon\mathrm{on};\;B\colon\mathrm{off};\;C\colon\mathrm{und};\;D\colon\mathrm{off};\;screen\colon\mathrm{off}$",
        "A ≔ on ∧ B ≔ off ∧ C ≡ und ∧ D ⟼ off ∧ screen ⤳ off",
        "<!-- A: off -->A: on\nB: off\nC: und\nD: off\nscreen: off",
    ],
)
def test_html_and_bare_latex_are_read_as_people_see_them(reply: str) -> None:
    assert (WORDING.read_rule(reply).hypothesis, WORDING.read_rule(reply).remarks) == (TARGET, ())


@pytest.mark.parametrize(
    "reply",
    [
        "A, B &rarr; on<br>\nC &rarr; off",
        "<ol><li>A, B → on</li><li>C → off</li></ol>",
        "<table><tr><th>Input</th><th>Output</th></tr><tr><td>A, B</td><td>on</td></tr><tr><td>C</td><td>off</td></tr></table>",
        "<example><input>A, B</input><output>on</output></example>\n<example><input>C</input><output>off</output></example>",
        "A, B & on \\\\ \\hline\nC & off \\\\",
        "A ∪ B ↦ on\nC ↦ off",
        '[{"id": ' + "9" * 5000 + ', "input": ["A", "B"], "output": "on"}, {"input": ["C"], "output": "off"}]',
    ],
)
def test_examples_in_html_and_bare_latex(reply: str) -> None:
    assert [ACRE.example_text(each) for each in WORDING.read_samples(reply, 2).examples] == ["A, B → on", "C → off"]
