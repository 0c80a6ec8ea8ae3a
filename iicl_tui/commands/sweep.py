"""iicl-tui sweep STUDY.toml|CONFIG|PRESET -o DIR"""

from __future__ import annotations

import argparse
import asyncio
import os
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from iicl_tui.agents.money import Budget
from iicl_tui.chain.config import ChainConfig
from iicl_tui.commands.common import read_asking, surroundings
from iicl_tui.commands.headless import Terms, read_terms
from iicl_tui.errors import LabError
from iicl_tui.files import OutsideFiles, outside_files
from iicl_tui.present.sources import read_source
from iicl_tui.study.cost import MOST_CALLS, costs_money, total, uses_models
from iicl_tui.study.folder import SweepFolder, open_folder
from iicl_tui.study.presets import find
from iicl_tui.study.study_file import MOST_UNASKED, Study, read_study
from iicl_tui.study.sweep import Progress, Shard, jobs, run_exact, run_on_dask
from iicl_tui.text import printable

UNFINISHED = 3
INTERRUPTED = 130
_AT_ONCE = 8
"""Chains of language models that run at the same time unless --jobs says."""
_REFRESH = 0.2
_QUIET_STEP = 30.0
"""Seconds between lines of progress where the error output is no terminal."""


def main(arguments: argparse.Namespace) -> int:
    """Runs the chains of a study, each into a session file of its own. Raises LabError."""
    paths, settings, faults = surroundings(arguments)
    for fault in faults:
        print(printable(f"{paths.settings.name}: {fault}"), file=sys.stderr)
    shard = Shard.parse(arguments.shard) if arguments.shard else Shard()
    if arguments.jobs is not None and arguments.jobs < 1:
        raise LabError("--jobs takes a number from 1 up")
    study, arguments.outside = _study(arguments)
    with outside_files(OutsideFiles(arguments.outside)):
        return _sweep(arguments, study, shard, settings.hosts)


def _sweep(arguments: argparse.Namespace, study: Study, shard: Shard, hosts: Sequence[str]) -> int:
    if arguments.estimate:
        return _say_cost(study, shard)
    if not arguments.output:
        raise LabError("sweep needs a folder", "The session files of the chains go into it.", "Name one with -o DIR.")
    _agree_to(study, arguments.yes)
    first = study.config(study.plan(0))
    models = uses_models(study)
    if models and arguments.dask:
        what = "One rate limit and one budget for all chains need one process."
        raise LabError("--dask is for chains of Bayesian agents", what, "Run it without --dask.")
    if models:
        _agree_to_calls(study, shard, Path(arguments.output), arguments.yes)
    terms = read_terms(arguments, hosts)
    folder = open_folder(Path(arguments.output), study, _command(arguments))
    progress = Progress(len(shard.indices(study.count)), _shower(arguments.quiet))
    work = jobs(study, folder, shard, arguments.outside, arguments.retry_failed)
    if not arguments.quiet:
        _announce(study, first, progress.total)
    try:
        if models:
            _run_models(study, folder, terms, arguments, progress, first)
        elif arguments.dask:
            run_on_dask(work, progress, arguments.dask)
        else:
            run_exact(work, progress, min(arguments.jobs or os.cpu_count() or 1, max(progress.total, 1)))
    except KeyboardInterrupt:
        _clear()
        print(f"Interrupted: {progress.line}. Run the same command again to go on.", file=sys.stderr)
        return INTERRUPTED
    return _report(progress, folder, arguments.quiet)


def _study(arguments: argparse.Namespace) -> tuple[Study, bool]:
    """The study, and whether it may name files outside its folder."""
    preset = find(arguments.source)
    text, name, folder = (preset.text, preset.name, None) if preset else read_source(arguments.source)
    return read_asking(name, arguments.outside, lambda: read_study(text, name, folder, arguments.assignments, arguments.varied))


def _command(arguments: argparse.Namespace) -> str:
    """What made this study, so that the folder says how to make it again."""
    words = ["iicl-tui", "sweep", arguments.source]
    for option, values in (("--set", arguments.assignments), ("--vary", arguments.varied)):
        for value in values:
            words += [option, value]
    return printable(shlex.join(words))


def _agree_to(study: Study, yes: bool) -> None:
    """Asks before a very large study. Raises LabError if it is not wanted."""
    if study.count <= MOST_UNASKED or yes:
        return
    sizes = " × ".join(f"{len(axis):,} {axis.title}" for axis in study.axes)
    _ask(f"{study.title} makes {study.count:,} chains ({sizes}).")


def _agree_to_calls(study: Study, shard: Shard, folder: Path, yes: bool) -> None:
    """Asks before many paid calls of chains that have no file yet. Raises LabError if they are not wanted."""
    if yes or not costs_money(study):
        return
    left = sum(not (folder / study.plan(index).file).exists() for index in shard.indices(study.count))
    found = total(study, left)
    if found.work.calls > MOST_CALLS:
        _ask(f"{study.title}, {left:,} chains that are not begun: {found.text[0].lower()}{found.text[1:]}")


def _ask(what: str) -> None:
    """Asks on a terminal whether to run it. Raises LabError if the answer is no, or nobody can be asked."""
    if sys.stdin.isatty() and sys.stderr.isatty():
        print(printable(f"{what} Run them? (y/N) "), end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().casefold() in ("y", "yes"):
            return
    raise LabError(printable(what), "", "Add --yes to run so many, or vary less.")


def _announce(study: Study, first: ChainConfig, count: int) -> None:
    print(printable(f"{study.title}: {count:,} chain{'s' if count != 1 else ''}"), file=sys.stderr)
    varied = {key for axis in study.axes for key in axis.keys}
    chain = study.base.get("chain", {})
    if "chain.seed" in varied and first.task.predictive:
        pinned = [key for key in ("rule-seed", "data-seed") if key in chain or f"chain.{key}" in varied]
        drawn = study.base.get("task", {}).get("hypothesis", "random") == "random" and "task.hypothesis" not in varied
        parts = (["a random h*"] if drawn and "rule-seed" not in pinned else []) + (["d⁰"] if "data-seed" not in pinned else [])
        if parts and "start" not in study.base:
            keys = " and ".join(
                f"chain.{key}" for key in ("rule-seed", "data-seed") if key not in pinned and (key != "rule-seed" or drawn)
            )
            print(
                f"Each seed also draws {' and '.join(parts)} anew; {keys} would keep {'them' if len(parts) > 1 else 'it'}.",
                file=sys.stderr,
            )


def _run_models(
    study: Study, folder: SweepFolder, terms: Terms, arguments: argparse.Namespace, progress: Progress, first: ChainConfig
) -> None:
    from iicl_tui.study.model_sweep import ModelSweep, spent_before
    from iicl_tui.study.provider_limits import Rates

    options = study.options
    dollars = next((each for each in (terms.budget, options["budget"], first.budget.dollars) if each is not None), None)
    tokens = next((each for each in (terms.tokens, options["token-budget"], first.budget.tokens) if each is not None), None)
    requests = arguments.requests_per_minute or options["requests-per-minute"]
    rates = Rates.of(requests, arguments.tokens_per_minute or options["tokens-per-minute"])
    if not arguments.quiet:
        _estimate(study, progress.total, dollars)
    before = spent_before(jobs(study, folder, Shard(), arguments.outside, True))

    def tell(text: str) -> None:
        print(printable(text), file=sys.stderr)

    async def run() -> None:
        sweep = ModelSweep(terms.access, Budget(dollars, tokens), rates, arguments.jobs or _AT_ONCE, before, tell)
        progress.spent = before.dollars
        shard = Shard.parse(arguments.shard) if arguments.shard else Shard()
        await sweep.run(jobs(study, folder, shard, arguments.outside, arguments.retry_failed), progress)
        if sweep.reached is not None:
            _clear()
            print(printable(str(sweep.reached)), file=sys.stderr)

    asyncio.run(run())


def _say_cost(study: Study, shard: Shard) -> int:
    """Prints how many chains a study makes, and what they will cost."""
    count = len(shard.indices(study.count))
    sizes = " × ".join(f"{len(axis):,} {axis.title}" for axis in study.axes)
    print(printable(f"{study.title}: {count:,} chain{'s' if count != 1 else ''}{f' ({sizes})' if study.axes else ''}"))
    print(printable(total(study, count).text or "No model is called, so that they cost nothing."))
    return 0


def _estimate(study: Study, count: int, dollars: float | None) -> None:
    if text := total(study, count).text:
        print(printable(f"All chains from the beginning: {text[0].lower()}{text[1:]}"), file=sys.stderr)
    if dollars is not None:
        print(f"All of them together stop before they cost more than ${dollars:,.2f} (--budget).", file=sys.stderr)


def _shower(quiet: bool) -> Callable[[Progress], None]:
    """Shows the line of progress: on a terminal in place, otherwise every half minute."""
    last = time.monotonic()
    terminal = sys.stderr.isatty()

    def show(progress: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        if quiet or now - last < (_REFRESH if terminal else _QUIET_STEP):
            return
        last = now
        print(f"\r\x1b[K{progress.line}" if terminal else progress.line, end="" if terminal else "\n", file=sys.stderr, flush=True)

    return show


def _clear() -> None:
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)


def _report(progress: Progress, folder: SweepFolder, quiet: bool) -> int:
    _clear()
    for outcome in progress.told:
        print(printable(f"{outcome.name}: {outcome.message}", newlines=True), file=sys.stderr)
    more = progress.counts.get("failed", 0) - len(progress.told)
    if more > 0:
        print(f"… and {more:,} more; see {folder.path / 'failed'}", file=sys.stderr)
    if progress.failed:
        print("--retry-failed runs the failed chains again.", file=sys.stderr)
    if not quiet:
        print(progress.line)
        print(printable(str(folder.path)))
    unfinished = progress.failed or progress.counts.get("stopped", 0) or progress.ended < progress.total
    return UNFINISHED if unfinished else 0
