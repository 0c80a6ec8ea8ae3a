"""A person's own ranks and pool: read as they are, or refused with what to do."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iicl_tui.chain.config import read_config
from iicl_tui.errors import ConfigError
from iicl_tui.files import OutsideFiles, outside_files
from iicl_tui.tasks.acronym import KIND, files
from iicl_tui.tasks.acronym.task import Acronym
from iicl_tui.tasks.acronym.wordfreq import wordfreq_ranks
from iicl_tui.tasks.acronym.words import RankList
from iicl_tui.tasks.base import Example

READ = Acronym().read_example


def wrote(folder: Path, name: str, content: str | bytes) -> str:
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return name


# -- ranks ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "ranks"),
    [
        ("rank,word\n1,the\n3,Cat\n2,a\n", {"the": 1, "a": 2, "cat": 3}),
        ("\ufeffword, extra ,RANK\r\nthe,x,1\r\n\r\n , , \r\n cat ,,7\r\n", {"the": 1, "cat": 7}),
        ("RANK,PoS,WORD,TOTAL\n9, N ,run,5\n4, V , run,6\n5, C ,and,6\n", {"run": 4, "and": 5}),  # unsorted, one word twice
        ("RANK,PoS,WORD\n2,N,caf\xe9\n1,N,a\n".encode("latin-1"), {"a": 1, "café": 2}),
        ("RANK,PoS,WORD\n2,N,café\n1,N,a\n", {"a": 1, "café": 2}),
        ("rank,word\n1.0,a\n2,it's\n3,n't\n4,e-mail\n5,b\n5,c\n", {"a": 1, "b": 5, "c": 5}),
        ('rank,word\n1,"a"\n2\n3,"b', {"a": 1, "b": 3}),
    ],
)
def test_ranks_are_read(tmp_path: Path, content: str | bytes, ranks: dict[str, int]) -> None:
    found = files.read_ranks(wrote(tmp_path, "own.csv", content), tmp_path)
    assert list(found.ranks.items()) == list(ranks.items())
    assert found.name == "own.csv"
    assert files.unpack(files.pack(found), "own.csv").ranks == ranks


HOSTILE_RANKS: list[tuple[str | bytes, str]] = [
    ("", "no first line that names its columns, which are rank and word"),
    ("\n\n", "no first line"),
    ("1,the\n2,a\n", "no column rank and word. Name the columns"),
    ("rank;word\n1;the\n", "no column rank and word. Name the columns"),
    ("rank,term,word2\n", "no column word. Name the columns"),
    (",".join(f"c{i}" for i in range(40)), "no column rank and word. Name the columns"),
    ("rank,word,Rank\n1,a,2\n", "the column rank twice"),
    ("rank,word\n", "no word made of letters only"),
    ("rank,word\n1,it's\n", "no word made of letters only"),
    (
        "rank,word\n1,a\nx,b\n\n-3,c\n0,d\n1.5,e\n,f\n",
        "line 3: the rank is not a whole number from 1 to 1,000,000,000; line 5: the rank is",
    ),
    ("rank,word\n1,a\nx,b\n\n-3,c\n0,d\n1.5,e\n,f\n", "and 2 more lines"),
    ("rank,word\n" + "9" * 5000 + ",a\n", "is not a whole number"),
    ("rank,word\n٣,a\n", "is not a whole number"),
    ("rank,word\n1," + "a" * 200_000 + "\n", "cannot be read"),
    ("x" * 200_000, "cannot be read"),
    ("rank,word\n1,a".encode("utf-16"), "save it as CSV in UTF-8"),
    (b"PK\x03\x04\0\0", "is not a CSV file"),
]


@pytest.mark.parametrize(("content", "words"), HOSTILE_RANKS, ids=range(len(HOSTILE_RANKS)))
def test_ranks_that_cannot_be_read(tmp_path: Path, content: str | bytes, words: str) -> None:
    with pytest.raises(ValueError, match=f"own.csv.*{re.escape(words)}") as caught:
        files.read_ranks(wrote(tmp_path, "own.csv", content), tmp_path)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("read", [files.read_ranks, lambda name, folder: files.read_pool(name, folder, READ)])
def test_what_is_no_file(tmp_path: Path, read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, words in [("pipe", "pipe is not a regular file"), (".", "is not a regular"), ("/dev/zero", "not a regular file"),
                        ("none", "No such file"), ("a\0b", "cannot be read"), ("x" * 5000, "cannot be read")]:  # fmt: skip
        with pytest.raises(ValueError, match=words), outside_files(OutsideFiles(True)):
            read(name, tmp_path)
    monkeypatch.setattr(files, "MOST_BYTES", 1_000_000)
    wrote(tmp_path, "huge.csv", "rank,word\n" + "1,a\n" * 300_000)
    with pytest.raises(ValueError, match=r"huge\.csv has more than 1 MB"):
        read("huge.csv", tmp_path)


def test_a_list_of_too_many_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_WORDS", 3)
    with pytest.raises(ValueError, match="has 4 words; keep the 3 most common"):
        files.read_ranks(wrote(tmp_path, "many.csv", "rank,word\n1,a\n2,b\n3,c\n4,d\n"), tmp_path)


columns = st.lists(st.sampled_from(["rank", "word", "RANK", "input", "output", "x", ""]), max_size=5).map(",".join)
cell = st.sampled_from(["1", "2", "a", "cat", '"', "'", "\r", "\n", ",", "é", "\0", "1e9", " ", "→"])
table = st.tuples(columns, st.lists(cell, max_size=30).map("".join)).map(lambda parts: "\n".join(parts).encode("utf-8"))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(table, st.binary(max_size=60), st.text(max_size=40).map(lambda text: f"rank,word\n{text}".encode())))
def test_no_file_does_worse_than_a_sentence(tmp_path: Path, content: bytes) -> None:
    name = wrote(tmp_path, "any.csv", content)
    readers: list[Any] = [files.read_ranks, lambda name, folder: files.read_pool(name, folder, READ)]
    for read in readers:
        try:
            found = read(name, tmp_path)
        except ValueError as error:
            found = str(error)
        if isinstance(found, str):
            assert found.startswith(name)
        elif isinstance(found, RankList):
            assert files.unpack(files.pack(found), name).ranks == found.ranks


letters = st.text("abcé", min_size=1, max_size=3)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(letters, st.integers(1, 30), min_size=1), st.sampled_from(["own.csv", "a: b c", "7", "x y"]))
def test_a_list_is_packed_with_its_gaps_and_ties(ranks: dict[str, int], name: str) -> None:
    ranked = RankList(name, dict(sorted(ranks.items(), key=lambda item: (item[1], item[0]))))
    packed = files.pack(ranked)
    assert files.holds(packed, name)
    assert list(files.unpack(packed, name).ranks.items()) == list(ranked.ranks.items())


def test_the_packed_form() -> None:
    assert files.pack(RankList("own.csv", {"the": 1, "a": 2, "cat": 7, "dog": 7, "ox": 8})) == "own.csv: the a 7 cat 7 dog ox"
    assert len(files.pack(wordfreq_ranks(60_000))) < 600_000


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("own.csv: ", "no word"),
        ("own.csv: a b-c", '"b-c" is neither a word nor a rank'),
        ("own.csv: a 0 b", '"0" is neither'),
        ("own.csv: 1000000000 a b", "remove `words`"),
        ("own.csv: 99999999999 a", "is neither"),
    ],
)
def test_a_packed_list_that_was_edited(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        files.unpack(text, "own.csv")


# -- a pool --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        'output,input\nCAT,"cab, Ace,tin"\ndog,"dot, oak, gum"\ncat,x\n',
        'words,Output\n"cab, ace, tin",cat\n"dot,oak,gum",DOG\n',
        ',Output_upper,Output_lower,Input,RANK,TOTAL\n0,CAT,cat,"cab, ace, tin",5,3\n1,DOG,dog,"dot, oak, gum",6,3\n',
        ',Output_upper,Input\n0,CAT,"cab, ace, tin"\n\n1,DOG,"dot, oak, gum"\n',
    ],
)
def test_a_pool_is_read(tmp_path: Path, content: str) -> None:
    pool = files.read_pool(wrote(tmp_path, "pool.csv", content), tmp_path, READ)
    assert pool == [Example(("cab", "ace", "tin"), "cat"), Example(("dot", "oak", "gum"), "dog")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "which are output or output_lower or output_upper and input or words"),
        ("rank,word\n1,a\n", "no column output"),
        ("output\ncat\n", "no column input or words"),
        (
            "output,input\ncat,\n,a\n",
            "line 2: input: expected a list of at least one word, found an empty list; line 3: output: expected",
        ),
        ("output,input\n" + "c t,a\n" * 9, "and 6 more lines. Correct or remove these lines"),
    ],
)
def test_a_pool_that_cannot_be_read(tmp_path: Path, content: str, words: str) -> None:
    with pytest.raises(ValueError, match=f"pool.csv.*{re.escape(words)}"):
        files.read_pool(wrote(tmp_path, "pool.csv", content), tmp_path, READ)


# -- as a configuration --------------------------------------------------------------------------------------------------

EASY = [word for word in wordfreq_ranks(60_000).ranks if len(word) == 7 and word.isalpha() and word.isascii()][:30]
HARD = [f"zz{a}qj{b}x" for a in "abcde" for b in "abcde"]


def pool_of(easy: int, hard: int) -> str:
    return "output,words\n" + "".join(f'{word},"{", ".join(word)}"\n' for word in (*EASY[:easy], *HARD[:hard]))


def own_ranks() -> str:
    """A line for each of wordfreq's 5,000 commonest words that is of letters alone, the rarest first, every second rank."""
    ranks = wordfreq_ranks(60_000).ranks.items()
    return "rank,word\n" + "".join(f"{2 * rank},{word}\n" for word, rank in reversed([*ranks][:5000]))


def document(**table: Any) -> dict[str, Any]:
    return {"chain": {"task": "acronym"}, "task": table}


def faults_of(folder: Path | None, **table: Any) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        read_config(document(**table), folder)
    return {fault.key: fault.message for fault in caught.value.faults}


def test_d0_is_drawn_from_a_pool(tmp_path: Path) -> None:
    wrote(tmp_path, "pool.csv", pool_of(12, 10))
    config = read_config(document(pool="pool.csv", easy=4, initial=12), tmp_path)
    task, drawn = config.task, config.start.samples
    assert isinstance(task, Acronym)
    assert sum(map(task.is_easy, drawn)) == 4
    assert len({each.output for each in drawn}) == 12
    assert task.write_hypothesis(config.start.target) == {"common": "35%", "length": "7"}  # 4 of 12 is nearest to it
    assert {each.output for each in drawn} <= {*EASY[:12], *HARD[:10]}
    others = [read_config({**document(pool="pool.csv", easy=4, initial=12), "chain": {"task": "acronym", "seed": s}}, tmp_path)
              for s in range(5)]  # fmt: skip
    assert len({frozenset(each.start.samples) for each in others}) == 5
    sample = [{"input": list(each.input), "output": each.output} for each in drawn]
    again = read_config({**document(pool="pool.csv"), "start": {"sample": sample}})  # the file is not needed any more
    assert again.start.samples == drawn


def test_a_pool_that_is_too_small(tmp_path: Path) -> None:
    wrote(tmp_path, "pool.csv", pool_of(12, 10))
    said = faults_of(tmp_path, pool="pool.csv", initial=23)["task.pool"]
    assert said == "pool.csv has 22 different outputs, but d⁰ needs 23; add some, or lower `initial`"
    said = faults_of(tmp_path, pool="pool.csv", easy=13)["task.pool"]
    assert "has 12 easy outputs" in said
    assert "and 10 hard ones, but d⁰ needs 13 and 7" in said
    # all at once: a pool is judged by a list that could be read, whatever else is wrong
    assert faults_of(tmp_path, pool="pool.csv", easy=13, letters=11).keys() == {"task.pool", "task.letters"}
    assert faults_of(tmp_path, pool="pool.csv", easy=13, ranks="none.csv").keys() == {"task.ranks"}
    wrote(tmp_path, "bad.csv", "rank,ward\n")
    faults = faults_of(tmp_path, pool="bad.csv", ranks="bad.csv", longest=3)
    assert faults.keys() == {"task.pool", "task.ranks", "task.longest"}
    assert faults["task.ranks"].startswith("bad.csv has no column word")


def test_a_session_holds_its_ranks(tmp_path: Path) -> None:
    wrote(tmp_path, "own.csv", own_ranks())
    table = {"ranks": "own.csv", "easy-rank": 9001, "letters": 6}
    config = read_config(document(**table), tmp_path)
    held = config.document["task"]
    assert held["ranks"] == "own.csv"
    again = read_config({**document(**held), "start": {}}, tmp_path / "elsewhere")
    first, second = config.task, again.task
    assert isinstance(first, Acronym)
    assert isinstance(second, Acronym)
    assert second.words.list.ranks == first.words.list.ranks
    assert first.words.rank("the") == 2
    assert again.start == config.start
    assert again.document["task"] == held
    drawn = [task.transmit(40, 50, 0.1, np.random.default_rng(3)) for task in (first, second)]
    assert drawn[0] == drawn[1]
    assert all((first.words.rank(each.output) or 9001) <= 9001 for each in drawn[0])


def test_words_of_another_file_do_not_count(tmp_path: Path) -> None:
    wrote(tmp_path, "own.csv", own_ranks())
    held = KIND.embed({"ranks": "own.csv"}, tmp_path)
    (tmp_path / "new.csv").write_bytes((tmp_path / "own.csv").read_bytes().replace(b",telling\n", b",tollong\n"))
    changed = KIND.embed({**held, "ranks": "new.csv"}, tmp_path)
    assert changed["words"].startswith("new.csv: ")
    assert "tollong" in changed["words"]
    del changed["ranks"]
    assert KIND.embed(changed, tmp_path) == {}  # back to wordfreq's
    task = read_config(document(words="own.csv: a")).task
    assert isinstance(task, Acronym)
    assert task.words.list is wordfreq_ranks(60_000)
    assert "neither a word nor a rank" in faults_of(None, ranks="own.csv", words="own.csv: a b.")["task.words"]


def test_own_ranks_must_have_words_of_every_length(tmp_path: Path) -> None:
    wrote(tmp_path, "few.csv", "rank,word\n1,stone\n2,tones\n3,onset\n4,notes\n5,east\n")
    said = faults_of(tmp_path, ranks="few.csv")
    assert said.keys() == {"task.easy-rank"}
    assert "few.csv has no word of 4, 6, 7, 8, 9 or 10 letters" in said["task.easy-rank"]  # no word begins with an a
    wrote(tmp_path, "none.csv", "rank,word\n1,ttttt\n")
    said = faults_of(tmp_path, ranks="none.csv", shortest=5, longest=5, letters=5)
    assert "none.csv: almost no pronounceable string of 5 letters" in said["task.shortest"]
    config = read_config(document(ranks="few.csv", shortest=5, longest=5, letters=5, easy=4, initial=6), tmp_path)
    assert config.task.space.size == 19
    assert {each.output for each in config.start.samples} >= {"stone", "tones", "onset", "notes"}


def test_the_words_are_one_text_of_a_session(tmp_path: Path) -> None:
    from iicl_tui.store import toml_text

    wrote(tmp_path, "own.csv", own_ranks())
    held = KIND.embed({"ranks": "own.csv"}, tmp_path)
    text = toml_text.table("[task]", held)
    assert text.count("\n") == 3  # the header and one line for each key
    assert tomllib.loads(text)["task"] == held
