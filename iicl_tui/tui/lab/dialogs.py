"""The laboratory's dialogs: run to a generation, save a copy, set the budget, trust a host with a key."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from pathlib import Path

from iicl_tui.agents.key_consent import KeyRequest
from iicl_tui.agents.money import Budget, WorstCase, spent_text
from iicl_tui.chain.engine import Chain
from iicl_tui.errors import LabError, StoreError
from iicl_tui.lessons import notes
from iicl_tui.present import branch_plan
from iicl_tui.present.costs import budget_text
from iicl_tui.present.lab_session import LabSession
from iicl_tui.store.session import SUFFIX, slug
from iicl_tui.text import printable
from iicl_tui.tui.widgets.inline_form import InlineForm, Question, amount, one_of, whole_number, word_of

RUN_TO, BRANCH, COPY, BUDGET, TRUST, EXPORT = "run-to", "branch", "copy", "budget", "trust", "export"
NOTE = "note"
_MOST_DOLLARS, _MOST_TOKENS = 1_000_000, 10**12
BESIDE, ALONE = "beside", "alone"
"""Where a branch opens."""
NO, YES, ALWAYS = "no", "yes", "always"


def run_to(chain: Chain) -> InlineForm:
    """Asks how far to run. The chain must have a next phase."""
    assert chain.next is not None
    first, last = chain.next[0], chain.config.generations

    def hint(answers: Mapping[str, str]) -> str:
        goal = int(answers["goal"])
        return f"Runs to the end of generation {goal}: {goal - first + 1} of the {last - first + 1} generations left."

    others = tuple(str(goal) for goal in dict.fromkeys((min(first + 9, last), last, first)))
    question = Question("goal", f"generation, {first} to {last}:", others[0], whole_number(first, last), others)
    return InlineForm(RUN_TO, "Run to", [question], hint)


def complete_generations(session: LabSession, selected: int) -> int:
    """Number of generations that a branch from the selected one keeps: those up to it that are complete in the file."""
    generations = session.file.generations if session.file is not None else ()
    return sum(each.complete for each in generations[:selected])


def create_branch(session: LabSession, selected: int, folder: Path, answers: Mapping[str, str]) -> LabSession:
    """Create the session that the answers of the dialog `BranchForm` describe. Raises LabError if it cannot be written."""
    keep, changes = complete_generations(session, selected), branch_plan.changes(session.chain.config, answers)
    file = session.branch(keep, folder, int(answers["seed"]), int(answers["generations"]), changes)
    new = LabSession.from_file(file)
    new.chain.access = session.chain.access
    return new


def save_copy(session: LabSession, folder: Path) -> InlineForm:
    """Asks for the copy's path. If the session could not be saved, proposes the home folder, if that is on another disk."""
    if session.saving.kind == "unsaved" and _disk(Path.home()) not in (None, _disk(folder)):
        folder = Path.home()
    stem = session.file.path.stem if session.file is not None else slug(session.chain.config.title)
    number = 1
    while (path := folder / f"{stem}-copy{f'-{number}' if number > 1 else ''}{SUFFIX}").exists():
        number += 1

    def check(text: str) -> str:
        if not text:
            return "Enter a file name."
        path = parse_path(text)
        if path.suffix != SUFFIX:
            return f"The name must end in {SUFFIX}."
        return "A file with this name exists." if path.exists() else ""

    def hint(answers: Mapping[str, str]) -> str:
        after = "This session stays as it is." if session.saving.kind == "saved" else "The session then continues in the copy."
        return f"Saves everything that happened. {after}"

    return InlineForm(COPY, "Save a copy", [Question("path", "as:", str(path), check)], hint)


def export(session: LabSession, folder: Path) -> InlineForm:
    """Asks for the format and the folder of an export."""
    stem = session.file.path.stem if session.file is not None else slug(session.chain.config.title)
    known = ("csv", "json", "notebook")
    questions = [
        Question("format", "csv, json or notebook:", known[0], one_of(*known), known, word_of(*known)),
        Question("folder", "into the folder:", str(folder / f"{stem}-export"), lambda text: "" if text else "Enter a folder."),
    ]

    def hint(answers: Mapping[str, str]) -> str:
        kind = {"csv": "Tables", "json": "One JSON document", "notebook": "Logs as the paper's notebooks write them"}
        return f"{kind[answers['format']]}, with all derived numbers. Files of an earlier export are replaced."

    return InlineForm(EXPORT, "Export", questions, hint)


def write_export(session: LabSession, answers: Mapping[str, str]) -> tuple[list[Path], list[str]]:
    """Writes the export that the dialog's answers describe. Raises LabError.

    Returns:
        The files written, and a sentence for each thing that the format cannot express.
    """
    from iicl_tui.store.export import export as write

    if session.file is None or session.chain.unsaved:
        raise LabError("Nothing was exported", "Not all of this chain is in a file yet.", "Save a copy first.")
    notices: list[str] = []
    return write(session.file.path, answers["format"], parse_path(answers["folder"]), notices.append), notices


def note(session: LabSession, selected: int) -> InlineForm:
    """Asks for a note to the moment shown."""
    generation, phase = notes.moment_of(session.chain, selected)
    place = f"generation {generation}, after the {phase}" if generation else "d⁰"

    def hint(answers: Mapping[str, str]) -> str:
        return "Kept beside the session. `iicl-tui learn --from SESSION -o FILE` makes a lesson from all of them."

    return InlineForm(NOTE, f"Note to {place}", [Question("text", "", "", notes.fault_of)], hint)


def keep_note(session: LabSession, selected: int, answers: Mapping[str, str]) -> str:
    """Keep the note of the dialog `note`, and return a sentence about it. Raises LabError."""
    if session.file is None:
        raise StoreError("This chain has no file", "Notes are kept beside a saved session.", "Save a copy first.")
    generation, phase = notes.moment_of(session.chain, selected)
    count = notes.add(session.file.path, notes.Note(generation, phase, answers["text"]))
    return f"Kept the note; there {'is one' if count == 1 else f'are {count}'} now."


def budget(chain: Chain, next_cost: WorstCase) -> InlineForm:
    """Asks for the budget of all calls. Proposes twice the current one, or more if the next call needs more.

    Args:
        chain: The chain.
        next_cost: Maximum cost of the next call.
    """
    now, spent = chain.budget, chain.spent
    dollars, tokens = now.dollars, now.tokens
    questions = []
    if dollars is not None or tokens is None:
        needed = spent.dollars + next_cost.dollars if next_cost.dollars is not None else 0.0
        questions.append(Question("dollars", "US dollars:", _proposed_amount(dollars or 0.0, needed, "1"), amount(_MOST_DOLLARS)))
    if tokens is not None:
        proposed = _proposed_amount(tokens, spent.tokens + next_cost.tokens if next_cost.tokens else 0, "10000")
        questions.append(Question("tokens", "tokens:", proposed, whole_number(0, _MOST_TOKENS)))

    def hint(answers: Mapping[str, str]) -> str:
        new = parse_budget(chain, answers)
        less = "The next call still does not fit. " if new.refuses(spent, *next_cost) is not None else ""
        less = "This is less than what is spent. " if new.refuses(spent, 0, 0.0) is not None else less
        until = "It holds while this lab is open; the file keeps its own budget."
        limit = budget_text(now) or "none"
        return f"Spent so far: {spent_text(spent)}. Budget now: {limit}. {less}{until}"

    return InlineForm(BUDGET, "Budget", questions, hint)


def _proposed_amount(now: float, needed: float, fallback: str) -> str:
    """Twice the amount now, or what is needed, rounded up to two digits; `fallback` if both are 0."""
    most = Decimal(f"{2 * now:.6f}")
    if needed > 0 and needed > most:
        exact = Decimal(needed)
        most = exact.quantize(Decimal(1).scaleb(exact.adjusted() - 1), ROUND_CEILING)
    return f"{most.normalize():f}" if most else fallback


def parse_budget(chain: Chain, answers: Mapping[str, str]) -> Budget:
    """The budget from the dialog's answers; limits that the dialog did not ask for stay."""
    dollars, tokens = chain.budget.dollars, chain.budget.tokens
    if "dollars" in answers:
        dollars = float(answers["dollars"])
    if "tokens" in answers:
        tokens = int(answers["tokens"])
    return Budget(dollars, tokens)


def trust(request: KeyRequest) -> InlineForm:
    """Asks whether a host may get a key. The session names the host, or the variable, or both."""
    host, keys = printable(request.host, 100), printable(" and ".join(request.variables), 100)
    own = request.entry == request.host
    server = ", a server that this session names," if own else ""
    variable = "" if own else ", a variable that this session names,"
    open_to_all = " It goes there unencrypted." if request.host.startswith("http://") else ""

    def hint(answers: Mapping[str, str]) -> str:
        gets = f"{host}{server} gets the key in {keys}{variable}"
        if answers["answer"] == NO:
            return f"{host}{server} is called without the key in {keys}{variable}".rstrip(",") + "."
        if answers["answer"] == YES:
            return f"{gets} until you leave this lab.{open_to_all}"
        return f"{gets} from now on; your settings keep this under `hosts`.{open_to_all}"

    words = (NO, YES, ALWAYS)
    question = Question("answer", f"{NO}, {YES} or {ALWAYS}:", NO, one_of(*words), words, word_of(*words))
    return InlineForm(TRUST, "Send the key?", [question], hint)


def _disk(folder: Path) -> int | None:
    try:
        return folder.stat().st_dev
    except OSError:
        return None


def parse_path(text: str) -> Path:
    """The path from a person's text."""
    return Path(text).expanduser()
