"""Acronyms read from replies of every form that models use, and from texts that are made to mislead."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iicl_tui.tasks.acronym.task import Acronym
from iicl_tui.tasks.acronym.words import RankList, words_of
from iicl_tui.tasks.base import Example
from iicl_tui.tasks.reply_parsing.acronyms import read_acronyms
from iicl_tui.tasks.wording import SamplesReading

profile = settings(derandomize=True, deadline=None, max_examples=100)

TASK = Acronym(words_of(RankList("a list", {"cat": 1}), 60_000, 7))

THREE = (
    Example(("cold", "air", "test"), "cat"),
    Example(("dry", "open", "grass"), "dog"),
    Example(("big", "early", "apple", "red"), "bear"),
)


def read(text: str, count: int = 3) -> SamplesReading:
    reading = read_acronyms(text, count, TASK.read_example)
    assert len(reading.examples) <= count
    assert bool(reading.trouble) == (len(reading.examples) < count)
    return reading


def each(form: str, between: str = "\n", sep: str = ", ", upper: bool = True, examples: Sequence[Example] = THREE) -> str:
    """0: the words, 1: the output, 2: the number, 3: the words in title case and with blanks alone."""
    return between.join(
        form.format(sep.join(x), y.upper() if upper else y, n, " ".join(x).title()) for n, (x, y) in enumerate(examples, 1)
    )


def below(form: str, item: str, between: str = "\n\n") -> str:
    """Each word in a line of its own."""
    return between.join(
        form.format("\n".join(item.format(word, n, word[0].upper()) for n, word in enumerate(x, 1)), y.upper()) for x, y in THREE
    )


def marked(form: str, sep: str, mark: str) -> str:
    """With a mark on the initials."""
    return each(form, examples=[Example((sep.join(mark.format(w[0].upper(), w[1:]) for w in x),), y) for x, y in THREE])


TABLES = [{"output": y.upper(), "input": list(x)} for x, y in THREE]
TEXTS = [{"Output": y.upper(), "Input": ", ".join(x)} for x, y in THREE]
ASKED = each("Output: {1}\nInput: {0}")
FORMS = {
    "asked for": ASKED,
    "input first": each("Input: {0}\nOutput: {1}"),
    "crlf": each("Output: {1}\r\nInput: {0}", "\r\n"),
    "blank lines": each("Output: {1}\nInput: {0}", "\n\n"),
    "input first, blank lines": each("Input: {0}\n\nOutput: {1}", "\n\n\n"),
    "lower case": each("output: {1}\ninput: {0}", upper=False),
    "upper case": ASKED.upper(),
    "fenced": f"```\n{ASKED}\n```",
    "numbered": each("{2}. Output: {1}\n   Input: {0}"),
    "numbered, input first": each("{2}) Input: {0}\n   Output: {1}"),
    "numbered labels": each("Output {2}: {1}\nInput {2}: {0}", "\n\n"),
    "headed": each("Example {2}:\nOutput: {1}\nInput: {0}", "\n\n"),
    "headings": each("### Example {2}\n\n- Output: {1}\n- Input: {0}", "\n\n"),
    "bold": each("**Output:** {1}\n**Input:** {0}", "\n\n"),
    "bold before the colon": each("**Output**: **{1}**  \n**Input**: *{0}*", "\n\n"),
    "one line": each("Output: {1}; Input: {0}"),
    "one line, bars": each("Output: {1} | Input: {0}"),
    "one line, commas": each("Output: {1}, Input: {0}"),
    "one line, input first": each("Input: {0}; Output: {1}"),
    "one line, arrow": each("Input: {0} -> Output: {1}"),
    "all on one line": each("{2}. Output: {1}, Input: {0}", " "),
    "blanks between words": each("Output: {1}\nInput: {0}", sep=" "),
    "title case": each("Output: {1}\nInput: {3}"),
    "semicolons": each("Output: {1}\nInput: {0}", sep="; "),
    "plus": each("Output: {1}\nInput: {0}", sep=" + "),
    "slashes": each("Output: {1}\nInput: {0}", sep=" / "),
    "brackets": each("Output: {1}\nInput: [{0}]"),
    "braces": each("Output: {{{1}}}\nInput: ({0})"),
    "quoted": each('Output: "{1}"\nInput: "{0}"'),
    "every word quoted": each("Output: “{1}”\nInput: “{0}”", sep="”, “"),
    "dots in outputs": ASKED.replace("CAT", "C.A.T.").replace("DOG", "D. O. G."),
    "blanks in outputs": ASKED.replace("CAT", "C A T").replace("DOG", "D-O-G"),
    "remarks": each("Output: {1} (a word)\nInput: {0} (three words)"),
    "comments": each("Output: {1} # a word\nInput: {0} // yes"),
    "explained": each("Output: {1}\nInput: {0}\nThis spells {1} since the initials agree.", "\n\n"),
    "acronym and words": each("Acronym: {1}\nWords: {0}"),
    "full form": each("Acronym: {1}\nFull form: {3}"),
    "and": ASKED.replace("air, test", "air, and test").replace("open, grass", "open and grass"),
    "bullets below": below("Output: {1}\nInput:\n{0}", "- {0}"),
    "numbers below": below("Output: {1}\nInput:\n{0}", "{1}. {0}"),
    "yaml": below("- output: {1}\n  input:\n{0}", "    - {0}", "\n"),
    "yaml, input first": below("- input:\n{0}\n  output: {1}", "    - {0}", "\n"),
    "json": json.dumps(TABLES),
    "json, text": json.dumps(TEXTS),
    "json, fenced": f"```json\n{json.dumps(TEXTS, indent=2)}\n```",
    "json, pretty": json.dumps(TABLES, indent=2),
    "json lines": "\n".join(map(json.dumps, TEXTS)),
    "json lines, commas": ",\n".join(map(json.dumps, TEXTS)),
    "json lines, numbered": "\n".join(f"{n}. {json.dumps(table)}" for n, table in enumerate(TEXTS, 1)),
    "json in a table": json.dumps({"examples": TABLES, "note": "as asked"}),
    "json schema": json.dumps({f"example-{n}": table for n, table in enumerate(TABLES, 1)}),
    "json keys": json.dumps({y.upper(): ", ".join(x) for x, y in THREE}),
    "json keys, lists": json.dumps({y: list(x) for x, y in THREE}),
    "json pairs": json.dumps([[list(x), y] for x, y in THREE]),
    "json pairs, output first": json.dumps([[y, list(x)] for x, y in THREE]),
    "json, letters": json.dumps([{"output": y, "input": {f"{w[0]}{n}": w for n, w in enumerate(x)}} for x, y in THREE]),
    "json, broken off": json.dumps(TABLES)[:-2],
    "json, pretty and broken off": json.dumps(TABLES, indent=2)[:-6],
    "json, trailing commas": json.dumps(TABLES).replace("}", ",}"),
    "json, pretty with trailing commas": json.dumps(TABLES, indent=2).replace('"\n    ]', '",\n    ]'),
    "python": str(TABLES),
    "python, text": str(TEXTS),
    "colon": each("{1}: {0}"),
    "colon, lower case": each("{1}: {0}", upper=False),
    "colon, title case": each("{1}: {3}"),
    "colon, bold": each("{2}. **{1}**: {3}"),
    "colon in bold": each("- **{1}:** {0}"),
    "colons on one line": each("{1}: {0}", "; "),
    "dash": each("{1} - {3}"),
    "long dash": each("{1} – {0}"),
    "equals": each("{1} = {0}"),
    "arrow": each("{0} → {1}"),
    "arrow, output first": each("{1} -> {0}"),
    "arrow back": each("{1} ← {0}"),
    "fat arrow": each("{2}) {0} => {1}"),
    "stands for": each("{1} stands for {3}."),
    "in brackets": each("{1} ({0})"),
    "output in brackets": each("{2}. {3} ({1})"),
    "table": "| Output | Input |\n|---|---|\n" + each("| {1} | {0} |"),
    "numbered table": "| # | Acronym | Words |\n|:-|:-:|-:|\n" + each("| {2} | **{1}** | {0} |"),
    "table of words": "| Output | 1 | 2 | 3 | 4 |\n|---|---|---|---|---|\n" + each("| {1} | {0} |", sep=" | "),
    "csv": each("{1},{0}", sep=","),
    "csv, quoted": each('{1},"{0}"'),
    "csv, input first": each("{0},{1}", sep=","),
    "tabs": each("{1}\t{0}"),
    "bold initials": marked("Output: {1}\nInput: {0}", ", ", "**{0}**{1}"),
    "bold initials without labels": marked("{1}: {0}", " ", "**{0}**{1}"),
    "initials in brackets": marked("{1} – {0}", " ", "({0}){1}"),
    "letters first": marked("Output: {1}\nInput: {0}", ", ", "{0} – {0}{1}"),
    "letters below": below("{1}\n{0}", "{2}: {0}"),
    "stacked": each("{1}\n{0}", "\n\n"),
    "stacked, bold": each("**{1}**\n{3}", "\n\n"),
    "stacked, input first": each("{3}\n{1}", "\n\n"),
    "stacked, numbered": each("{2}. {1}\n   {0}"),
    "items below": below("### {1}\n{0}", "- {0}"),
    "items below a numbered output": below("1. **{1}**:\n{0}", "   - {0}"),
    "escaped": ASKED.replace("\n", "\\n"),
    "output as a heading": f"Output:\n\n{ASKED}",
    "output as a heading, input first": "Output:\n\n" + each("Input: {0}\nOutput: {1}"),
    "tags": each("<output>{1}</output>\n<input>{0}</input>"),
    "tags on one line": each("<example><input>{0}</input><output>{1}</output></example>"),
    "cut off": f"{ASKED}\nOutput: FO",
    "hostile": each("\u202eOutput:\u200b {1}\nInput: {0}\x00\x1b[0m"),
    "other letters": ASKED.replace("CAT", "𝐂𝐀𝐓").replace("DOG", "ＤＯＧ"),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_examples_in_every_form(form: str) -> None:
    reading = read(FORMS[form])
    assert reading.examples == THREE
    assert reading.remarks == ()


AROUND = (
    "Here are 3 new examples of this kind:\n\n{}",
    "{}\n\nLet me know: is more needed?",
    "Sure! Note: these are all short, easy words.\n{}\n\nThat is all.",
    "<think>DOG: do our goats</think>{}",
)


@pytest.mark.parametrize("form", FORMS)
def test_what_stands_around_changes_nothing(form: str) -> None:
    for around in AROUND:
        assert read(around.replace("{}", FORMS[form])).examples == THREE, around


def test_the_form_itself_is_no_example() -> None:
    reading = read(f"Output: what they spell, in capital letters\nInput: words, separated by commas\n{ASKED}")
    assert reading.examples == THREE
    assert reading.remarks == ("Example 1: “what they spell” is no word of the letters a–z.",)


# -- words and outputs ------------------------------------------------------------------------------------------------


def one(output: str, words: str) -> tuple[str, tuple[str, ...]]:
    (example,) = read(f"Output: {output}\nInput: {words}", 1).examples
    return example.output, example.input


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("CAFÉ", "cafe"),
        ("Ångström", "angstrom"),
        ("STRAẞE", "strasse"),
        ("ŁÓDŹ", "lodz"),
        ("c.a.t", "cat"),
        ("C · A · T", "cat"),
        ("C, A, T", "cat"),
        ("“CAT.”", "cat"),
        ("CAT!", "cat"),
        ("CAT, as asked", "cat"),
        ("CAT → fine", "cat"),
        ("A", "a"),
    ],
)
def test_an_output_is_its_letters(output: str, expected: str) -> None:
    assert one(output, "cold, air, test") == (expected, ("cold", "air", "test"))


@pytest.mark.parametrize("output", ["R2D2", "САТ", "CАT", "猫", "HELLO WORLD", "CAT'S", "...", "___", "x" * 41, ""])
def test_what_is_no_word_of_the_letters_is_no_output(output: str) -> None:
    reading = read(f"Output: {output}\nInput: cold, air, test", 1)
    assert reading.examples == ()
    assert reading.trouble.startswith("0 of 1 examples can be read. Example 1: ")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("don't, co-op, O’Neill, U.S.", ("don't", "co-op", "o’neill", "u.s")),
        ("ice cream, hot  dog", ("ice cream", "hot dog")),
        ("naïve, Élan, 日本", ("naïve", "élan", "日本")),
        ("1. cold, 2. air, 3)test", ("cold", "air", "test")),
        ("C: cold, A = air", ("cold", "air")),
        ("rock 'n' roll, C++, mother‑in‑law, a_b", ("rock n roll", "c", "mother-in-law", "ab")),
        ("T-shirt, X-ray", ("t-shirt", "x-ray")),
        ("cold,air,,test,", ("cold", "air", "test")),
        ("cold", ("cold",)),
        ("[C]old, [A]ir", ("cold", "air")),
    ],
)
def test_words_are_cleaned_of_marks(words: str, expected: tuple[str, ...]) -> None:
    assert one("XYZAB", words)[1] == expected


def test_words_are_split_so_that_they_spell_the_output_if_they_can() -> None:
    assert one("ICA", "ice cream, apple")[1] == ("ice", "cream", "apple")
    assert one("IA", "ice cream, apple")[1] == ("ice cream", "apple")
    assert one("CAD", "cats and dogs")[1] == ("cats", "and", "dogs")
    assert one("BCAD", "big cats, and dogs")[1] == ("big", "cats", "and", "dogs")


def test_a_word_without_a_letter_is_left_out_and_named() -> None:
    reading = read("Output: CAT\nInput: cold, 42, air, —, test", 1)
    assert reading.examples == THREE[:1]
    assert reading.remarks == ("Example 1: “42” has no letter and is left out.",)
    assert read("Output: CAT\nInput: 3D cold, air, 2nd test", 1).remarks == (
        "Example 1: “3” has no letter and is left out.",
        "Example 1: “2” has no letter and is left out.",
    )
    many = read("\n".join(["Output: CAT\nInput: cold, 1, air, 2, test"] * 3), 3)
    assert many.remarks[3:] == ("3 more have no letter and are left out.", "Some examples are there more than once.")


def test_what_does_not_match_is_kept() -> None:
    wrong = [Example(("cold", "air"), "cat"), Example(("red", "open", "grass"), "dog"), Example(("a",) * 9, "bear")]
    for form in ("Output: {1}\nInput: {0}", "Input: {0}\nOutput: {1}"):
        reading = read(each(form, examples=wrong))
        assert reading.examples == tuple(wrong)
        assert reading.remarks == ()
    assert read(each("{1}: {0}", examples=wrong[:2]), 2).examples == tuple(wrong[:2])


def test_the_order_is_that_in_which_words_spell_their_outputs() -> None:
    """A reply that begins with an input whose output was lost, and goes on with outputs first."""
    assert read(f"Input: sold, out\n{ASKED}").examples == THREE
    assert read("Output: LOST\n" + each("Input: {0}\nOutput: {1}")).examples == THREE


# -- how many ---------------------------------------------------------------------------------------------------------


def test_too_many_are_cut_off() -> None:
    reading = read(ASKED, 2)
    assert reading.examples == THREE[:2]
    assert reading.remarks == ("There are 3 examples: the first 2 that can be read are kept.",)


def test_too_few() -> None:
    reading = read(each("{1}: {0}", examples=THREE[:2]), 4)
    assert reading.examples == THREE[:2]
    assert reading.trouble == "2 of 4 examples can be read."


def test_the_same_example_twice_is_kept() -> None:
    reading = read(each("{0} -> {1}", examples=[THREE[0]] * 3))
    assert reading.examples == (THREE[0],) * 3
    assert reading.remarks == ("Some examples are there more than once.",)


def test_those_that_cannot_be_read_are_named_and_counted() -> None:
    wrong = "\n".join(f"Output: R{n}\nInput: red" for n in range(5))
    reading = read(f"{wrong}\n{ASKED}", 4)
    assert reading.examples == THREE
    assert reading.trouble == (
        "3 of 4 examples can be read. Example 1: “R0” is no word of the letters a–z. Example 2: “R1” is no word of the letters a–z."
        " Example 3: “R2” is no word of the letters a–z. 2 more cannot be read."
    )
    assert read(f"{wrong}\n{ASKED}", 3).examples == THREE


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("12, 34", "it has no words"),
        (", ".join(["cold"] * 41), "it has more than 40 words"),
        ("a" * 41 + ", b", "is too long for a word"),
    ],
)
def test_words_that_cannot_be_read_say_why(words: str, said: str) -> None:
    reading = read(f"Output: CAT\nInput: {words}", 1)
    assert reading.examples == ()
    assert said in reading.trouble


def test_what_the_task_refuses_cannot_be_read() -> None:
    def refuse(words: list[str], output: str) -> Example:
        if output == "cat":
            raise ValueError("no cats\x1b[31m")
        return Example(tuple(words), output)

    reading = read_acronyms(ASKED, 3, refuse)
    assert reading.examples == THREE[1:]
    assert reading.trouble == "2 of 3 examples can be read. Example 1: no cats␛[31m."


@pytest.mark.parametrize("text", ["", "  \n", "<think>Output: CAT\nInput: cold, air, test"])
def test_an_empty_reply(text: str) -> None:
    assert read(text).trouble in ("The reply is empty.", "The reply ends before the answer begins.")


@pytest.mark.parametrize(
    "text",
    [
        "I cannot do that.",
        "Note: these follow the pattern of your examples, as asked.",
        "NOTE: I would rather not. Sorry!",
        "Here is one: it is short. And that was all.",
        '{"note": "none", "list": ["a", ["b", 3], null, true]}',
        "| Output | Input |\n|---|---|",
        "- one\n- two\n- three",
    ],
)
def test_prose_without_examples(text: str) -> None:
    assert read(text).trouble.startswith(("There are no examples in the reply.", "0 of 3"))


# -- whatever comes ---------------------------------------------------------------------------------------------------

word = st.from_regex(r"[a-z]{2,9}", fullmatch=True).filter(lambda word: word not in ("and", "or"))


@pytest.mark.slow
@profile
@given(st.lists(st.lists(word, min_size=3, max_size=9), min_size=1, max_size=6), st.booleans())
def test_any_words_are_read_from_the_forms_that_are_asked_for(words: list[list[str]], upper: bool) -> None:
    examples = tuple(Example(tuple(x), "".join(w[0] for w in x)) for x in words)
    for text in (
        each("Output: {1}\nInput: {0}", upper=upper, examples=examples),
        each("Input: {0}\nOutput: {1}", upper=upper, examples=examples),
        json.dumps({f"example-{n}": {"output": y, "input": list(x)} for n, (x, y) in enumerate(examples, 1)}),
        "\n".join(json.dumps({"Output": y.upper(), "Input": ", ".join(x)}) for x, y in examples),
        each("{2}. **{1}**: {0}", examples=examples),
    ):
        assert read(text, len(examples)).examples == examples


pieces = st.sampled_from(
    [*" \n\t,;:|*-\"'()[]{}\\#>.1a", "Output: ", "Input: ", "CAT", "cold, air, test", "->", "\x1b[31m", "\u202e", "é", "\ud800"]
)


@profile
@given(st.one_of(st.text(), st.lists(pieces, max_size=60).map("".join)), st.integers(0, 5))
def test_nothing_is_raised_and_every_reading_is_sound(text: str, count: int) -> None:
    reading = read_acronyms(text, count, TASK.read_example)
    assert len(reading.examples) <= count
    for words, output in reading.examples:
        assert output.isascii()
        assert output.isalpha()
        assert output == output.lower()
        assert TASK.read_example(list(words), output) == Example(words, output)
    for sentence in (*reading.remarks, reading.trouble):
        assert all(unicodedata.category(char) not in ("Cc", "Cf", "Cs") for char in sentence)


UNITS = [
    *(" ", "\n", "[", '{"a":', "Output: ", "Output: CAT\nInput: ", "a, ", "- a\n", " (", " #", "C.", "a|", "a:b;", "1. "),
    *("\u0301", "\x1b[", '["CAT", ["cold", "air"]],', "CAT\ncold, air, test\n"),
]


@pytest.mark.slow
@pytest.mark.parametrize("unit", UNITS)
def test_400_kilobytes_of_anything_are_read(unit: str) -> None:
    """In linear time, or this would take for ever: no form is looked at but in a window."""
    read(f"Output: CAT\nInput: {unit * (400_000 // len(unit))}", 20)


def test_an_answer_at_the_end_of_a_huge_reply_is_found() -> None:
    assert read("I think. " * 30_000 + "\n" + ASKED).examples == THREE


def test_deep_nesting() -> None:
    assert read("[" * 50_000 + json.dumps(TABLES) + "]" * 50_000).examples == THREE
    inner = json.dumps({"examples": TABLES})
    for _ in range(200):
        inner = f"[{inner}]"
    assert read(inner).examples == THREE


def test_a_thousand_examples() -> None:
    many = [Example((a + "ir", b + "ed", c + "old"), a + b + c) for a in "abcdefghij" for b in "klmnopqrst" for c in "uvwxyzabcd"]
    assert read(each("Output: {1}\nInput: {0}", examples=many), 1000).examples == tuple(many)
