"""The shipped lessons: their order, their length, and every stated number held against the chain."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from iicl_tui.chain.engine import Chain
from iicl_tui.cli import main
from iicl_tui.commands.lesson_text import read_aloud, read_guess
from iicl_tui.lessons import library, progress
from iicl_tui.lessons.attempt import Attempt
from iicl_tui.lessons.expressions import read_expression
from iicl_tui.lessons.lesson import BarsQuestion, ChoiceQuestion, FilterQuestion, NumberQuestion
from iicl_tui.lessons.prepared import Asked, Prepared, gap, prepare_now
from iicl_tui.lessons.reading import read_lesson


def prepared_lesson(name: str) -> Prepared:
    return prepare_now(read_lesson(library.path_of(name)))


def independent(chain: Chain, name: str, argument: str, generation: int) -> float:
    """A metric computed without the lessons' own code: by Bayes' rule from the examples, hypothesis by hypothesis."""
    task, agent = chain.task, chain.agent(max(generation, 1))
    if name in ("rules", "examples"):
        return task.space.size if name == "rules" else len(chain.data(generation))
    if name == "fitting":
        return sum(all(task.agrees(h, x) for x in chain.data(generation)) for h in range(task.space.size))
    if name == "says":
        example = task.read_line(argument)
        return float(task.predict(chain.start.target, example.input) == example.output)
    if name == "explained":
        return sum(task.agrees(chain.generations[generation - 1].hypothesis, x) for x in chain.start.samples)
    if name in ("made", "passed"):
        record = chain.generations[generation - 1].transmission
        examples = [s.drawn for s in record.samples if s.origin is None] if record and generation else chain.start.samples
        common = [task.dataset_metrics[0].short, task.dataset_metrics[0].name]
        assert argument in common
        return float(np.mean([task.measure([each])[0] for each in examples]))
    if name == "share":
        rules = [task.rule(chain.generations[t].hypothesis) for t in range(generation)]
        return sum(argument in re.split(r"  +", rule) for rule in rules) / generation
    belief = chain.prior() if generation == 0 else chain.belief(generation)
    assert belief is not None
    p = np.exp(belief.log_p)
    if agent.exact and generation and not chain.config.lookback:
        noise, tau = float(getattr(agent, "noise", 0.0)), float(getattr(agent, "temperature", 1.0))
        prior = chain.prior()
        assert prior is not None
        seen, outputs = chain.data(generation - 1), len(task.outputs)
        fits = np.array([[task.agrees(h, x) for x in seen] for h in range(task.space.size)])
        with np.errstate(divide="ignore"):
            logs = np.where(fits, np.log1p(-noise), np.log(noise / (outputs - 1)) if noise else -np.inf).sum(axis=1)
        scores = prior.log_p + logs / tau  # the prior is tempered already
        p = np.exp(scores - scores.max())
        p /= p.sum()
    if name == "passed P":
        right = [sum(task.agrees(h, x) for x in chain.start.samples) for h in range(task.space.size)]
        p = np.where(np.array(right) == len(chain.start.samples), p, 0.0)
        p /= p.sum()
    if argument == "h*":
        return float(p[chain.start.target])
    for split in task.space.groupings:
        for value, word in enumerate(split.values):
            if argument == f"{split.name} {word}":
                return float(p[split.codes == value].sum())
    raise AssertionError(argument)


def assert_truth(asked: Asked, prepared: Prepared) -> None:
    """The answer, computed again."""
    question, chains = asked.question, prepared.chains
    first = next(iter(chains.values()))
    if isinstance(question, NumberQuestion):
        assert not question.answer.rest
        reference = question.answer.references[0]
        chain, at = reference.find(chains)
        assert asked.truth[0] == pytest.approx(independent(chain, reference.name, reference.argument, at), abs=1e-9)
    elif isinstance(question, BarsQuestion):
        chain, at = question.answer.find(chains)
        values = [independent(chain, "P", f"{question.answer.argument} {label}", at) for label in asked.labels]
        assert asked.truth == pytest.approx(values, abs=1e-9)
        assert sum(asked.truth) == pytest.approx(1)
    elif isinstance(question, ChoiceQuestion):
        assert len(asked.labels) == 3
        for reference in {ref for _, when in question.options for each in when.comparisons
                          for ref in (*each.left.references, *each.right.references)}:  # fmt: skip
            if reference.name != "examples":
                chain, at = reference.find(chains)
                value = independent(chain, reference.name, reference.argument, at)
                assert reference.value(chains) == pytest.approx(value, abs=1e-9)
    else:
        assert isinstance(question, FilterQuestion)
        for label, true in zip(asked.labels, asked.truth, strict=True):
            example = first.task.read_line(label)
            assert (first.task.predict(first.start.target, example.input) == example.output) == (true > 0.5)
        assert {0.0, 1.0} == set(asked.truth), "a filter with nothing to reject teaches nothing"


def assert_stated(text: str, prepared: Prepared) -> None:
    """Every number that a text states, computed again."""
    for slot in re.findall(r"\{([^{}]*)\}", text):
        if slot in ("guess", "truth", "gap") or re.match(r"(rule|data|example)\b", slot):
            continue
        expression = read_expression(slot.partition("|")[0])
        for reference in expression.references:
            chain, at = reference.find(prepared.chains)
            stated = reference.value(prepared.chains)
            assert stated == pytest.approx(independent(chain, reference.name, reference.argument, at), abs=1e-9), slot


@pytest.mark.parametrize("name", library.ORDER)
def test_a_lesson_reads_as_text_and_its_numbers_are_those_of_the_chain(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    prepared = prepared_lesson(name)
    questions = [step.asked for step in prepared.steps if step.asked is not None]
    assert isinstance(questions[-1].question, NumberQuestion)
    assert prepared.steps[-1].asked is questions[-1], "each ends with a number that was guessed"
    assert prepared.lesson.minutes <= 5
    for asked in questions:
        assert_truth(asked, prepared)
    for step in prepared.steps:
        assert_stated(step.step.text, prepared)
        if step.asked is not None:
            assert_stated(step.asked.question.ask, prepared)
            assert_stated(step.asked.question.explain, prepared)
    moved: list[Attempt] = []
    end = read_aloud(Attempt.begin(prepared), None, moved.append)
    silent = capsys.readouterr().out
    assert end.finished
    assert max(map(len, silent.splitlines())) <= 80
    assert "you said" not in silent
    assert "not known here" not in silent
    assert "{" not in silent
    replies = iter(
        [{"bars": "1 1 1", "choice": "1", "filter": "1 2 / 3"}.get(asked.question.kind, "nonsense") for asked in questions]
    )
    numbers = iter([asked for asked in questions if isinstance(asked.question, NumberQuestion)])

    def answer(prompt: str) -> str:
        if prompt.startswith("Enter"):
            return ""
        reply = next(replies, None)
        if reply is None or reply == "nonsense":
            asked = next(numbers)
            question = asked.question
            assert isinstance(question, NumberQuestion)
            return f"{100 * question.high:g} %" if asked.unit == "share" else f"{question.high:g}"
        return reply

    end = read_aloud(Attempt.begin(prepared), answer, moved.append)
    spoken = capsys.readouterr().out
    assert end.finished
    last = questions[-1]
    assert f"The answer: {last.text(last.truth[0])}" in spoken
    assert "├" not in spoken, "words, for a reader without charts"
    guess = end.guess
    assert guess is not None
    assert gap(last, guess) == pytest.approx(abs(guess[0] - last.truth[0]))


def test_the_flagship_grows_without_a_filter_and_nothing_of_it_goes_on_with_one() -> None:
    chains = prepared_lesson("choosing-makes-it-grow").chains
    off = [independent(chains["alone"], "P", "screen off", t) for t in range(1, 7)]
    assert np.allclose(off, np.maximum.accumulate(off), atol=0.01)
    assert off[0] < 0.01
    assert off[-1] > 0.8
    kept = [chains["filtered"].task.rule(each.hypothesis) for each in chains["filtered"].generations]
    assert all(rule.endswith("screen on") for rule in kept)
    assert chains["alone"].start == chains["filtered"].start
    assert chains["alone"].config.seed == chains["filtered"].config.seed


def test_the_order_names_every_file_once() -> None:
    files = {path.stem for path in library.FOLDER.glob("*.toml") if not path.stem.endswith(".session")}
    assert files == set(library.ORDER)
    assert [each.number for each in library.lessons()] == list(range(1, len(library.ORDER) + 1))
    assert len(library.ORDER) >= 10


def test_progress_is_kept_and_a_lesson_done_stays_done(tmp_path: Path) -> None:
    file = progress.file_beside(tmp_path / "settings.toml")
    progress.save(file, "passing-on", progress.Progress(2, 3, True))
    progress.save(file, "passing-on", progress.Progress(0, 3))
    progress.save(file, str(tmp_path / "own.toml"), progress.Progress(1, 4))
    assert progress.load(file)["passing-on"] == progress.Progress(0, 3, True)
    assert progress.load(file)[str(tmp_path / "own.toml")].words == "step 2 of 4"
    assert [each.progress.words for each in library.lessons(tmp_path / "settings.toml")][2] == "done"
    file.write_text("no [toml")
    assert progress.load(file) == {}


@pytest.mark.parametrize("reply", ["", "much", "nan", "inf", "1e999", "200", "-5", "1 2", "½"])
def test_a_guess_that_is_no_number_is_refused_in_words(reply: str) -> None:
    asked = next(step.asked for step in prepared_lesson("passing-on").steps[::-1] if step.asked is not None)
    with pytest.raises(ValueError, match=r"That|is no number"):
        read_guess(asked, reply)


def test_a_list_of_lessons_needs_neither_numpy_nor_a_screen() -> None:
    code = "import sys; from iicl_tui.lessons import library; assert len(library.lessons()) == 12; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "textual"} & set(loaded)


def test_the_list_is_one_line_for_each_lesson(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = tmp_path / "settings.toml"
    progress.save(progress.file_beside(settings), library.ORDER[0], progress.Progress(2, 3, True))
    assert main(["learn", "--list", "--config", str(settings)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == list(library.ORDER)
    assert [line.endswith("done") for line in lines].count(True) == 1
    assert main(["learn", "choosing-makes-it-gro", "--config", str(settings)]) == 2
    assert "The nearest is choosing-makes-it-grow" in capsys.readouterr().err
