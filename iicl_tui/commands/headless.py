"""Runs a chain without a screen: progress on a terminal, a summary at the end, every phase saved."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import math
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from iicl_tui.agents.access import Access, entry_of
from iicl_tui.agents.calls import Call
from iicl_tui.agents.key_consent import key_requests
from iicl_tui.agents.model_session import MAY_BE_BILLED, pending_call_text
from iicl_tui.agents.money import spent_text
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.estimate import estimate
from iicl_tui.chain.metrics import outcome
from iicl_tui.chain.records import Generation, PhaseRecord, Record
from iicl_tui.errors import ChainStopped, LabError
from iicl_tui.filters.base import Decider
from iicl_tui.present.belief_provenance import entropy_text
from iicl_tui.present.remarks import phase_remarks
from iicl_tui.present.temperature_warnings import temperature_warnings
from iicl_tui.store.errors import ChangedFile, DeletedFile, ExistingFile
from iicl_tui.store.session import SessionFile
from iicl_tui.text import printable

SAVED = 3
INTERRUPTED = 130
_REFRESH = 0.25
"""Seconds between updates of the call in progress."""


@dataclass(frozen=True)
class Terms:
    """Limits on calls to models, and the keys for them.

    Attributes:
        access: Which keys may go where.
        budget: US dollars, instead of the session's budget; None keeps that.
        tokens: Tokens, instead of the session's budget of tokens; None keeps that.
    """

    access: Access
    budget: float | None = None
    tokens: int | None = None


def read_terms(arguments: argparse.Namespace, hosts: Iterable[str]) -> Terms:
    """The terms that a command line sets with --budget, --token-budget and --trust.

    Args:
        arguments: The parsed command line.
        hosts: The hosts that the settings agree to.

    Raises:
        LabError: A value that cannot be used.
    """
    if arguments.budget is not None and not (math.isfinite(arguments.budget) and arguments.budget >= 0):
        raise LabError("--budget takes US dollars from 0 up")
    if arguments.token_budget is not None and arguments.token_budget < 0:
        raise LabError("--token-budget takes a number of tokens from 0 up")
    for given in arguments.trust:
        if not entry_of(given):
            raise LabError("--trust takes a host, as localhost:8080, http://host or VARIABLE@host")
    return Terms(Access().with_entries(hosts).with_entries(arguments.trust), arguments.budget, arguments.token_budget)


def run_to_end(session: SessionFile, decider: Decider | None, quiet: bool, terms: Terms, strict: bool = False) -> int:
    """Runs the session's chain to its end and returns the exit code.

    If the file was deleted or changed meanwhile, everything that was saved goes into a copy next to it.

    Args:
        session: The open session.
        decider: Answers for the human filter, if there is one.
        quiet: No progress and no summary.
        terms: The terms on which models are asked.
        strict: Stop after a phase with remarks on its replies, see `with_remarks`.

    Raises:
        LabError: The chain stopped; the remedy says what is saved and how to continue.
    """
    chain = Chain(session.config, session.generations, session, decider, session.calls, terms.access)
    if terms.budget is not None:
        chain.budget = replace(chain.budget, dollars=terms.budget)
    if terms.tokens is not None:
        chain.budget = replace(chain.budget, tokens=terms.tokens)
    chain.on_notice = lambda text: print(printable(text), file=sys.stderr)
    if not quiet and chain.next is not None and (ahead := estimate(chain.config, count_complete(chain.generations)).text):
        print(printable(ahead), file=sys.stderr)
    if chain.next is not None:
        for warning in temperature_warnings(chain.config, chain.calls):
            print(printable(f"Warning: {warning}"), file=sys.stderr)
        for withheld in key_requests(chain.config.agents, chain.access):
            keys, host, entry = " and ".join(withheld.variables), withheld.host, withheld.entry
            print(
                printable(f"{host} is asked without the key in {keys}. To send the key there, add --trust {entry}."),
                file=sys.stderr,
            )
    try:
        with progress(chain, quiet) as display:
            interrupted = asyncio.run(_run(chain, with_remarks(display, chain, strict)))
    except (DeletedFile, ChangedFile) as error:
        error.exit_code = SAVED
        try:
            error.remedy = saved_text(chain, save_rescue_copy(session, chain.unsaved), count_complete(chain.generations))
        except LabError as no_copy:
            _print_unsaved(chain)
            error.remedy = f"No copy could be made either. {no_copy}"
        raise
    except LabError as error:
        _print_unsaved(chain)
        error.exit_code = SAVED
        same_again = isinstance(error, ChainStopped) and not chain.waits_for_person
        error.remedy = (
            f"{error.remedy}\n{session.path if same_again else saved_text(chain, session.path, saved_generations(session))}".strip()
        )
        raise
    if interrupted:
        print(printable(f"{interrupted} {saved_text(chain, session.path, saved_generations(session))}"), file=sys.stderr)
        return INTERRUPTED
    if chain.stuck:
        raise ChainStopped(chain.end_error().title, chain.end_error().what, f"{chain.end_error().remedy}\n{session.path}")
    if not quiet:
        print(summary(chain))
        print(printable(str(session.path)))
    return 0


@dataclass(frozen=True)
class RunDisplay:
    """Shows how a running chain proceeds.

    Attributes:
        done: Called after each phase.
        tick: Called to update the call in progress.
    """

    done: Callable[[PhaseRecord], None]
    tick: Callable[[], None]


def with_remarks(display: RunDisplay, chain: Chain, strict: bool) -> RunDisplay:
    """The display, which also prints the remarks on each phase. If strict, the first remark stops the chain."""

    def done(record: PhaseRecord) -> None:
        display.done(record)
        found = phase_remarks(chain, record.generation, record.phase)
        for remark in found:
            print(printable(str(remark)), file=sys.stderr)
        if strict and found:
            raise ChainStopped(
                f"Stopped after the {record.phase} of generation {record.generation}, as --strict says",
                "Something was not read or measured as asked; the remarks above say what.",
                "Resume to accept what was read, or branch from an earlier generation.",
            )

    return RunDisplay(done, display.tick)


async def _run(chain: Chain, display: RunDisplay) -> str:
    """Runs the chain and returns what to say if it was interrupted, else "". Only the phase in progress is cancelled."""
    task = asyncio.ensure_future(_to_end(chain, display))
    loop = asyncio.get_running_loop()
    interruption = "Interrupted."

    def stop() -> None:
        nonlocal interruption
        if chain.calling is not None and chain.calling.in_flight:
            interruption = f"Interrupted. {MAY_BE_BILLED}"
        task.cancel()

    def hang_up() -> None:
        _silence_terminal()
        stop()

    with contextlib.suppress(NotImplementedError):  # no signal handlers in event loops on Windows
        loop.add_signal_handler(signal.SIGINT, stop)
        loop.add_signal_handler(signal.SIGTERM, stop)
        loop.add_signal_handler(signal.SIGQUIT, stop)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup ignores it
            loop.add_signal_handler(signal.SIGHUP, hang_up)
    try:
        await task
    except asyncio.CancelledError:
        return interruption
    return ""


def _silence_terminal() -> None:
    """Discards what is still to be printed on a terminal that was closed, so that nothing fails on it."""
    for stream in (sys.stdout, sys.stderr):
        if stream.isatty():
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


async def _to_end(chain: Chain, display: RunDisplay) -> None:
    async def watch() -> None:
        while True:
            display.tick()
            await asyncio.sleep(_REFRESH)

    watching = asyncio.ensure_future(watch())
    try:
        await chain.run(done=display.done)
    finally:
        watching.cancel()
        await chain.close()


@contextlib.contextmanager
def progress(chain: Chain, quiet: bool) -> Iterator[RunDisplay]:
    """A progress bar on standard error if that is a terminal; otherwise nothing."""
    if quiet or not sys.stderr.isatty():
        yield RunDisplay(lambda record: None, lambda: None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("generations", total=chain.config.generations, completed=count_complete(chain.generations))

        def done(record: PhaseRecord) -> None:
            if record.phase == "transmission":
                bar.update(task, completed=record.generation)

        def tick() -> None:
            said = f" · {pending_call_text(chain.calling, time.monotonic())}" if chain.calling is not None else ""
            bar.update(task, description=printable(f"generations{said}", limit=90))

        yield RunDisplay(done, tick)


def _print_unsaved(chain: Chain) -> None:
    """Prints the replies that could not be saved: they were paid for, and nothing else has them."""
    for record in chain.unsaved:
        if isinstance(record, Call):
            print(printable(f"This reply could not be saved:\n{record.reply}", newlines=True), file=sys.stderr)


def save_rescue_copy(session: SessionFile, unsaved: Sequence[Record]) -> Path:
    """Saves a copy next to a file that another program changed: what was saved before, then these records. Raises StoreError."""
    number = 1
    while True:
        copy = session.path.with_name(f"{session.path.stem}-rescued{f'-{number}' if number > 1 else ''}.toml")
        try:
            session.save_copy(copy, unsaved)
        except ExistingFile:
            number += 1
        else:
            return copy


def count_complete(generations: Sequence[Generation]) -> int:
    """The number of complete generations."""
    return sum(generation.complete for generation in generations[-1:]) + max(len(generations) - 1, 0)


def saved_generations(session: SessionFile) -> int:
    """The number of complete generations in the file. The chain may have one more record that could not be saved."""
    return count_complete(session.generations)


def saved_text(chain: Chain, path: Path, kept: int) -> str:
    """What is saved, and how to continue. path: the session's file, or its copy. kept: the complete generations in it."""
    return f"Saved: {kept} of {chain.config.generations} generations. Continue with: iicl-tui resume {shlex.quote(str(path))}"


def summary(chain: Chain) -> str:
    """One line of measures of the last generation."""
    last, title = outcome(chain), printable(chain.config.title, limit=100)
    if last is None:
        return f"{title}: no generation yet"
    words = [f"generation {last.generation}/{chain.config.generations}"]
    if last.entropy is not None:
        words.append(entropy_text(last.entropy, last.entropy_range, 3, " nats"))
    if last.p_target is not None:
        words.append(f"P(h*) {last.p_target:.3g}")
    if chain.task.predictive:
        words.append(f"d⁰ {last.explained}/{last.initial}" + (", BOTH" if last.both else ""))
    if last.focus is not None:
        name, value, p = last.focus
        words.append(f"P({name} {value}) {p:.3g}")
    words += [f"{metric.name} {value:.{metric.digits}f}" for metric, value in last.metrics]
    if chain.spent.tokens or chain.spent.calls:
        words.append(spent_text(chain.spent))
    return f"{title}: " + " · ".join(words)
