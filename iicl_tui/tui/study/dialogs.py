"""The dialogs about many chains: start a study, run a chain many times, export, compare, and what they do."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from iicl_tui.agents.money import Budget
from iicl_tui.errors import LabError
from iicl_tui.store import crash_reports
from iicl_tui.store.session import slug
from iicl_tui.study.collection import Collection
from iicl_tui.study.cost import total, uses_models
from iicl_tui.study.following import MOST_CHAINS
from iicl_tui.study.study_file import MOST_UNASKED, Study, read_study
from iicl_tui.tui.widgets.inline_form import InlineForm, Question, amount, one_of, whole_number, word_of

START, RETRY, EXPORT, MANY, OPEN, COMPARE = "start-study", "retry-study", "export-chains", "many", "open-study", "compare"
GROUP, AT = "group", "at"
YES, NO = "yes", "no"
FORMS = ("csv", "parquet", "report")
"""Of many chains together."""
SINGLE = ("json", "notebook")
"""Of each session by itself."""
_MOST_SEED = 2**63 - 1
_MOST_DOLLARS, _MOST_TOKENS = 1e6, 10**12


_MOST_ESTIMATED = 40
"""Conditions that are estimated one by one, which takes a moment; of more, these stand for all."""


def start(study: Study, budget: Budget, left: int, retry: bool = False) -> InlineForm | None:
    """Asks before many chains are run, or chains that call models; None if there is nothing to ask.

    Args:
        budget: What the calls of all chains may cost together; the person may change its limits.
        left: How many chains are not done.
    """
    models = uses_models(study)
    if study.count <= MOST_UNASKED and not models:
        return None
    words = [
        f"{study.count:,} chain{'s' if study.count != 1 else ''} ("
        + " × ".join(f"{len(axis):,} {axis.title}" for axis in study.axes)
        + ")."
    ]
    questions = []
    if models:
        text = total(study, left, _MOST_ESTIMATED).text
        which = f"the {left:,} not done, each from its beginning" if left < study.count else "all of them"
        words.append(f"For {which}: {text[0].lower()}{text[1:]}" if text else "Models are called.")
        limited = budget.dollars is not None or budget.tokens is not None
        words.append("All together stop before they cost more than the budget." if limited else "There is no budget.")
        if budget.dollars is not None:
            questions.append(Question("dollars", "budget, US dollars:", f"{budget.dollars:.12g}", amount(_MOST_DOLLARS)))
        if budget.tokens is not None:
            questions.append(Question("tokens", "budget, tokens:", str(budget.tokens), whole_number(0, _MOST_TOKENS)))
    question = Question("answer", "run them? yes or no:", NO, one_of(YES, NO), (NO, YES), word_of(YES, NO))
    return InlineForm(RETRY if retry else START, "Start", [question, *questions], lambda _: " ".join(words))


def budget_in(answers: Mapping[str, str]) -> Budget:
    """The budget of the dialog `start`."""
    dollars, tokens = answers.get("dollars"), answers.get("tokens")
    return Budget(None if dollars is None else float(dollars), None if tokens is None else int(tokens))


def many(title: str, seed: int, sessions: Path, count: int = 20) -> InlineForm:
    """Asks how many times to run a configuration, and into which folder."""
    questions = [
        Question("count", "chains:", str(count), _count),
        Question("folder", "into the folder:", str(free_folder(sessions, title)), lambda text: "" if text else "Enter a folder."),
    ]

    def hint(answers: Mapping[str, str]) -> str:
        chains = int(answers["count"])
        return f"{chains:,} chains with the seeds {seed} to {seed + chains - 1}, each in a file of its own. Opens the study."

    return InlineForm(MANY, "Run it many times", questions, hint)


def _count(text: str) -> str:
    if not text.isascii() or not text.isdigit() or len(text) > 24:
        return "Enter how many chains, as 20."
    if int(text) == 0:
        return "0 makes no chain; enter at least 1."
    if int(text) > MOST_CHAINS:
        return f"{int(text):,} chains are more than the {MOST_CHAINS:,} that a screen can follow; `iicl-tui sweep` runs them."
    return ""


def free_folder(sessions: Path, title: str) -> Path:
    """A folder for a study of this title that is not there yet."""
    stem, number = f"{slug(title)}-study", 1
    while (folder := sessions / (f"{stem}-{number}" if number > 1 else stem)).exists():
        number += 1
    return folder


def many_study(text: str, title: str, base: Path | None, seed: int, answers: Mapping[str, str]) -> tuple[Study, Path]:
    """The study and the folder of the dialog `many`.

    Raises:
        ConfigError: The configuration makes no study, as one with a person in it.
    """
    count = int(answers["count"])
    seeds = f"chain.seed={seed}..{min(seed + count - 1, _MOST_SEED)}"
    return read_study(text, title, base, [seeds]), Path(answers["folder"]).expanduser()


def export(folder: Path, given: Sequence[Path]) -> InlineForm:
    """Asks for the form and the folder of an export of these files and folders.

    Args:
        folder: Where the export's folder is proposed.
        given: What is exported.
    """
    forms = FORMS if any(path.is_dir() for path in given) else (*FORMS, *SINGLE)
    questions = [
        Question("form", f"{', '.join(forms[:-1])} or {forms[-1]}:", forms[0], one_of(*forms), forms, word_of(*forms)),
        Question("folder", "into the folder:", str(folder / "export"), lambda text: "" if text else "Enter a folder."),
    ]

    def hint(answers: Mapping[str, str]) -> str:
        if answers["form"] == "report":
            return "A page with tables, figures and all data. Files of an earlier report are replaced."
        if answers["form"] in SINGLE:
            return "Everything about each session, in a folder of its own."
        return "One table: a row for each chain, generation and metric, with every key in which the chains differ."

    return InlineForm(EXPORT, f"Export {len(given)} sessions" if len(given) > 1 else "Export", questions, hint)


def write(given: Sequence[Path], answers: Mapping[str, str]) -> str:
    """Writes the export that the dialog's answers describe, and returns a sentence about it. Raises LabError."""
    from iicl_tui.store.export import export as write_session
    from iicl_tui.study.collection import collect
    from iicl_tui.study.comparison import compare
    from iicl_tui.study.report import Wanted
    from iicl_tui.study.report import write as write_report
    from iicl_tui.study.tables import write_csv, write_parquet

    target, form = Path(answers["folder"]).expanduser(), answers["form"]
    if form in SINGLE:
        files = [file for path in given for file in write_session(path, form, target / path.stem, lambda notice: None)]
        return f"{len(files)} files in {target}"
    collection = collect(given)
    if form == "report":
        names = shlex.join(["iicl-tui", "report", *map(str, given), "-o", str(target)])
        return str(write_report(compare(collection), list(given), Wanted(collection.wanted, "svg", names), target)[0].parent)
    path = target / f"chains.{form}"
    (write_csv if form == "csv" else write_parquet)(collection, path)
    return str(path)


def write_guarded(given: Sequence[Path], answers: Mapping[str, str]) -> tuple[str, str]:
    """As `write`, for a worker thread: a title and a sentence, also where it fails."""
    try:
        return "Exported", write(given, answers)
    except LabError as error:
        return "Nothing was exported", str(error)
    except Exception as error:  # nothing above a thread could tell the person
        return "Nothing was exported", crash_reports.cannot_show(error)


def open_study(sessions: Path) -> InlineForm:
    """Asks for a study to open: a folder of one, a file, or one that comes with the program."""
    known = tuple(dict.fromkeys([*map(str, studies_in(sessions)), *_shipped()]))
    question = Question("source", "folder, file or name:", known[0], lambda text: "" if text else "Name a study.", known)

    def hint(answers: Mapping[str, str]) -> str:
        return "A study is many chains, each in a file of its own. The arrows go through your studies and those of the program."

    return InlineForm(OPEN, "Open a study", [question], hint)


def studies_in(sessions: Path) -> list[Path]:
    """The folders of studies in the sessions folder, newest first."""
    try:
        found = [path.parent for path in sessions.glob("*/study.toml")]
        return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)
    except OSError:
        return []


def _shipped() -> list[str]:
    from iicl_tui.study.presets import study_presets

    return [preset.name for preset in study_presets()]


def compare_files(given: Sequence[Path]) -> InlineForm:
    """Asks for sessions or folders to compare, given these."""
    question = Question(
        "files", "files or folders:", ", ".join(map(str, given)), lambda text: "" if text else "Name a session or a folder."
    )
    return InlineForm(
        COMPARE,
        "Compare",
        [question],
        lambda _: "Sessions of one task, or folders of them, with commas between them. At home, Space marks sessions.",
    )


def files_of(answers: Mapping[str, str]) -> list[Path]:
    """The files and folders of the dialog `compare_files`. Raises LabError for one that is not there."""
    found = [Path(part.strip()).expanduser() for part in answers["files"].split(",") if part.strip()]
    for path in found:
        if not path.exists():
            raise LabError(f"There is no {path}", "", "Name a session or a folder.")
    return found


_DEFAULT = "all but seeds"
_NOTHING = "nothing"


def group_by(collection: Collection, by: Sequence[str] | None) -> InlineForm:
    """Asks for the keys that group the chains."""
    known = (_DEFAULT, *collection.keys, _NOTHING)
    now = _DEFAULT if by is None else ", ".join(by) or _NOTHING

    def check(text: str) -> str:
        wrong = [key for key in keys_of({"by": text}) or () if key not in collection.keys]
        return f"The chains differ in {', '.join(collection.keys) or 'nothing'}; not in {wrong[0]}." if wrong else ""

    def hint(answers: Mapping[str, str]) -> str:
        return "The chains of a group count together. Several keys have commas between them."

    return InlineForm(GROUP, "Group by", [Question("by", "keys:", now, check, known)], hint)


def keys_of(answers: Mapping[str, str]) -> tuple[str, ...] | None:
    """The keys of the dialog `group_by`; None: all that are no seeds."""
    text = answers["by"].strip()
    if text in (_DEFAULT, _NOTHING):
        return None if text == _DEFAULT else ()
    return tuple(key.strip() for key in text.split(",") if key.strip())


_LAST = "last"


def at(most: int, generation: int | None, last: int) -> InlineForm:
    """Asks at which generation to compare, and over how many up to there each chain is averaged first."""
    number, now = whole_number(1, most), _LAST if generation is None else str(generation)
    questions = [
        Question("generation", f"generation, 1 to {most}, or last:", now, lambda text: "" if text == _LAST else number(text)),
        Question("last", "mean of so many up to there:", str(last), number),
    ]
    return InlineForm(AT, "Compare at", questions, lambda _: "Each chain counts with its mean over these generations.")


def generation_of(answers: Mapping[str, str]) -> tuple[int | None, int]:
    """The answers of the dialog `at`: the generation (None: the last), and how many are averaged."""
    return None if answers["generation"] == _LAST else int(answers["generation"]), int(answers["last"])
