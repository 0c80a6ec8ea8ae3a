"""The laboratory's questions: how far to run, how to branch, where to put a copy, what to spend, whom to trust with a key."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from pathlib import Path

from iicl_tui.agents.key_consent import KeyRequest
from iicl_tui.agents.money import Budget, WorstCase, spent_text
from iicl_tui.chain.engine import Chain
from iicl_tui.present.costs import budget_text
from iicl_tui.present.lab_session import LabSession
from iicl_tui.present.words import kept_generations
from iicl_tui.store.session import SUFFIX, slug
from iicl_tui.text import printable
from iicl_tui.tui.widgets.inline_form import InlineForm, Question, amount, one_of, whole_number, word_of

RUN_TO, BRANCH, COPY, BUDGET, TRUST = "run-to", "branch", "copy", "budget", "trust"
_MOST_SEED = 2**63 - 1
_MOST_DOLLARS, _MOST_TOKENS = 1_000_000, 10**12
NO, YES, ALWAYS = "no", "yes", "always"


def run_to(chain: Chain) -> InlineForm:
    """How far to run. The chain must have a next phase."""
    assert chain.next is not None
    first, last = chain.next[0], chain.config.generations

    def hint(answers: Mapping[str, str]) -> str:
        goal = int(answers["goal"])
        return f"Runs to the end of generation {goal}: {goal - first + 1} of the {last - first + 1} to go."

    others = tuple(str(goal) for goal in dict.fromkeys((min(first + 9, last), last, first)))
    question = Question("goal", f"generation, {first} to {last}:", others[0], whole_number(first, last), others)
    return InlineForm(RUN_TO, "Run to", [question], hint)


def kept(session: LabSession, look: int) -> int:
    """How many generations a branch from the generation looked at keeps: those that are complete in the file, up to it."""
    generations = session.file.generations if session.file is not None else ()
    return sum(each.complete for each in generations[:look])


def branch(session: LabSession, look: int) -> InlineForm:
    """Which random numbers and how many generations the branch has."""
    config, keep = session.chain.config, kept(session, look)
    length = max(config.generations, keep + 1)
    other = str(secrets.randbelow(1_000_000))

    def hint(answers: Mapping[str, str]) -> str:
        same = int(answers["seed"]) == config.seed
        numbers = "the same" if same else "other"
        return f"Keeps {kept_generations(keep)}, goes on with {numbers} random numbers in a new file; this one stays."

    questions = [
        Question("seed", "seed:", str(config.seed), whole_number(0, _MOST_SEED), (str(config.seed), other)),
        Question("generations", "generations:", str(length), whole_number(keep + 1, 1_000_000)),
    ]
    return InlineForm(BRANCH, f"Branch after generation {keep}" if keep else "Branch from d⁰", questions, hint)


def save_copy(session: LabSession, folder: Path) -> InlineForm:
    """Where the copy goes: into the folder, or the person's own where the session's disk takes no more and that is another one."""
    if session.saving.kind == "unsaved" and _disk(Path.home()) not in (None, _disk(folder)):
        folder = Path.home()
    stem = session.file.path.stem if session.file is not None else slug(session.chain.config.title)
    number = 1
    while (path := folder / f"{stem}-copy{f'-{number}' if number > 1 else ''}{SUFFIX}").exists():
        number += 1

    def check(text: str) -> str:
        if not text:
            return "a file name is needed"
        wanted = as_path(text)
        if wanted.suffix != SUFFIX:
            return f"the name must end in {SUFFIX}"
        return "there is a file of this name already" if wanted.exists() else ""

    def hint(answers: Mapping[str, str]) -> str:
        after = "this session stays" if session.saving.kind == "saved" else "the session then goes on in the copy"
        return f"Everything that happened goes into it; {after}."

    return InlineForm(COPY, "Save a copy", [Question("path", "as:", str(path), check)], hint)


def budget(chain: Chain, coming: WorstCase) -> InlineForm:
    """What the calls may cost in all: twice what they may now, or more where the next call needs more. coming: what that can
    come to."""
    now, spent = chain.budget, chain.spent
    dollars, tokens = now.dollars, now.tokens
    questions = []
    if dollars is not None or tokens is None:
        needed = spent.dollars + coming.dollars if coming.dollars is not None else 0.0
        questions.append(Question("dollars", "US dollars:", _proposed(dollars or 0.0, needed, "1"), amount(_MOST_DOLLARS)))
    if tokens is not None:
        proposed = _proposed(tokens, spent.tokens + coming.tokens if coming.tokens else 0, "10000")
        questions.append(Question("tokens", "tokens:", proposed, whole_number(0, _MOST_TOKENS)))

    def hint(answers: Mapping[str, str]) -> str:
        wanted = as_budget(chain, answers)
        less = "It still holds back the next call. " if wanted.refuses(spent, *coming) is not None else ""
        less = "It is less than what is spent. " if wanted.refuses(spent, 0, 0.0) is not None else less
        until = "It holds as long as this lab is open; the file keeps its own."
        limit = budget_text(now) or "none"
        return f"Spent so far: {spent_text(spent)}. Budget now: {limit}. {less}{until}"

    return InlineForm(BUDGET, "Budget", questions, hint)


def _proposed(now: float, needed: float, otherwise: str) -> str:
    """Twice what it is now; where that is not enough, what is needed, rounded up to two digits. otherwise: where both are 0."""
    most = Decimal(f"{2 * now:.6f}")
    if needed > 0 and needed > most:
        exact = Decimal(needed)
        most = exact.quantize(Decimal(1).scaleb(exact.adjusted() - 1), ROUND_CEILING)
    return f"{most.normalize():f}" if most else otherwise


def as_budget(chain: Chain, answers: Mapping[str, str]) -> Budget:
    """The budget that a person wrote; what was not asked for stays."""
    dollars, tokens = chain.budget.dollars, chain.budget.tokens
    if "dollars" in answers:
        dollars = float(answers["dollars"])
    if "tokens" in answers:
        tokens = int(answers["tokens"])
    return Budget(dollars, tokens)


def trust(wanted: KeyRequest) -> InlineForm:
    """Whether a host may have a key, of which the session names the host or the variable or both."""
    host, keys = printable(wanted.host, 100), printable(" and ".join(wanted.variables), 100)
    own = wanted.entry == wanted.host
    server = ", a server that this session names," if own else ""
    variable = "" if own else ", a variable that this session names,"
    open_to_all = " It goes there unencrypted." if wanted.host.startswith("http://") else ""

    def hint(answers: Mapping[str, str]) -> str:
        gets = f"{host}{server} gets the key in {keys}{variable}"
        if answers["answer"] == NO:
            return f"{host}{server} is asked without the key in {keys}{variable}".rstrip(",") + "."
        if answers["answer"] == YES:
            return f"{gets} until this lab is left.{open_to_all}"
        return f"{gets} now and from now on: your settings say so under `hosts`.{open_to_all}"

    words = (NO, YES, ALWAYS)
    question = Question("answer", f"{NO}, {YES} or {ALWAYS}:", NO, one_of(*words), words, word_of(*words))
    return InlineForm(TRUST, "May it have the key?", [question], hint)


def _disk(folder: Path) -> int | None:
    try:
        return folder.stat().st_dev
    except OSError:
        return None


def as_path(text: str) -> Path:
    """The path that a person wrote."""
    return Path(text).expanduser()
