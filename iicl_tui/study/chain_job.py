"""Runs one chain of a sweep in whatever process it is given to. Chains of exact agents are written as a whole when they end."""

from __future__ import annotations

import asyncio
import os
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from iicl_tui.chain.config import ChainConfig, read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.records import in_order
from iicl_tui.errors import ConfigError, LabError
from iicl_tui.files import OutsideFiles, outside_files, read_bytes
from iicl_tui.store import errors
from iicl_tui.store.block_ends import HEAD, last_generation, marker_line
from iicl_tui.store.errors import ExistingFile
from iicl_tui.store.format import Encoder, head_text
from iicl_tui.store.journal import MOST_BYTES, Journal, split
from iicl_tui.store.session import SessionFile, encode
from iicl_tui.study.folder import SweepFolder

State = Literal["done", "stuck", "failed", "skipped", "stopped"]
"""How a chain ended: complete; stuck, since a filter's redraws were used up; failed now; failed before and left alone; or stopped
by the budget, to be continued by the same command."""

MOST_IN_MEMORY = 2_000
"""Generations of a chain that is written as a whole. A longer one is written phase by phase, so that a kill loses little."""


@dataclass(frozen=True)
class Job:
    """One chain to run.

    Attributes:
        name: The name of its file without the suffix.
        document: Its configuration.
        base: Where file names in the configuration are looked up.
        folder: The sweep's folder.
        outside: Whether the configuration may name files outside `base`.
        home: The folder that files may be in, if that is another one.
        retry: Whether to run it again if it failed before.
    """

    name: str
    document: Mapping[str, Any]
    base: Path | None
    folder: SweepFolder
    outside: bool = False
    home: Path | None = None
    retry: bool = False


@dataclass(frozen=True)
class Outcome:
    """How a chain ended. message: why it failed, with a remedy; "" otherwise."""

    name: str
    state: State
    message: str = ""


def run_job(job: Job) -> Outcome:
    """Runs a chain of exact agents to its end, or continues it. Never raises: a failure is noted and returned."""
    if not job.retry and job.folder.has_failed(job.name):
        return Outcome(job.name, "skipped")
    try:
        config = read(job)
        there = existing_state(job, config)
        state: State = asyncio.run(_run(job, config)) if there is None else there
    except Exception as error:
        return failure(job, error)
    job.folder.forget_failure(job.name)
    return Outcome(job.name, state)


def read(job: Job) -> ChainConfig:
    """The chain's checked configuration. Raises ConfigError."""
    with outside_files(OutsideFiles(job.outside, home=job.home)):
        return read_config(job.document, job.base)


def failure(job: Job, error: Exception) -> Outcome:
    """Notes a failure and returns it. An error of the program itself comes with where it arose."""
    message = str(error) if isinstance(error, LabError) else "".join(traceback.format_exception(error))
    job.folder.note_failure(job.name, message)
    return Outcome(job.name, "failed", message)


def existing_state(job: Job, config: ChainConfig) -> State | None:
    """The state of a chain that is already there in full; None if there is something to run.

    Raises:
        LabError: The file holds another chain.
    """
    path = job.folder.session(job.name)
    try:
        data = read_bytes(path, MOST_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise errors.from_os_error(error, "read", path) from error
    head = head_text(config, job.folder.created)
    whole = (head + marker_line(HEAD, head)).encode()
    if not data.startswith(whole):
        _check_same(path, config)
    parts = split(data)
    if parts.damaged:
        raise LabError(
            f"{path.name} was changed after it was written",
            f"Its block “{parts.damaged[0].block}” does not match its checksum.",
            "Move it away to run the chain again.",
        )
    end = len(parts.whole)
    if last_generation(data[:end]) == config.generations and b"\n# end: transmission " in data[data.rfind(b"\n[[generation]]\n") :]:
        return "done"
    return None


def _check_same(path: Path, config: ChainConfig) -> None:
    """Raises LabError unless the session has this configuration, perhaps written by another version of the program."""
    try:
        with SessionFile.open(path, read_only=True) as session:
            same = session.config.document == config.document and session.config.start == config.start
    except ConfigError as error:
        raise LabError(f"{path.name} is there and is no session that can be read", str(error), "Move it away.") from error
    if not same:
        raise LabError(
            f"{path.name} holds another chain",
            "A file of this name is there, and its configuration differs from the study's.",
            "Move it away, or give the study another folder with -o.",
        )


async def _run(job: Job, config: ChainConfig) -> State:
    path = job.folder.session(job.name)
    if _is_there(path) or config.generations > MOST_IN_MEMORY:
        with open_session(job, config) as session:
            chain = Chain(config, session.generations, session, calls=session.calls)
            await chain.run()
            return "stuck" if chain.stuck else "done"
    chain = Chain(config)
    await chain.run()
    blocks = encode(in_order(chain.generations, chain.calls), Encoder(config.task))
    try:
        Journal.create(path, head_text(config, job.folder.created), blocks).close()
    except ExistingFile:  # another process, which makes the same
        if existing_state(job, config) is None:
            raise
    return "stuck" if chain.stuck else "done"


def _is_there(path: Path) -> bool:
    """Whether there is such a file, as far as the system can say."""
    return os.path.exists(path)


def open_session(job: Job, config: ChainConfig) -> SessionFile:
    """The chain's session, to continue or new. Raises StoreError, ConfigError; LabError if another program writes to it."""
    path = job.folder.session(job.name)
    if not _is_there(path):
        try:
            return SessionFile.create(config, path, created=job.folder.created)
        except ExistingFile:
            pass
    session = SessionFile.open(path)
    if session.read_only:
        session.close()
        raise LabError(f"{path.name} cannot be continued", session.read_only, "Close it there, then run the sweep again.")
    return session
