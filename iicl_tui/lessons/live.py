"""A lesson's chain of language models, run on this machine where the model is installed. What was asked once is kept."""

from __future__ import annotations

import contextlib
import os
from importlib.util import find_spec
from pathlib import Path

from iicl_tui.agents.failures import CallFailed
from iicl_tui.chain.config import ChainConfig, read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.errors import LabError
from iicl_tui.lessons.lesson import ChainSource, Lesson
from iicl_tui.store.format import start_table
from iicl_tui.store.session import SessionFile

FOLDER = "live"
"""The folder of chains that lessons ran, in the state folder."""
_ENGINE = "xllamacpp"


def live_source(lesson: Lesson) -> ChainSource | None:
    """The chain of a lesson that can be run live here; None if there is none, its model is not installed, or in a browser."""
    return next((source for source in lesson.chains if source.live and _is_installed(source)), None)


def _is_installed(source: ChainSource) -> bool:
    if source.session is None or find_spec(_ENGINE) is None or "TEXTUAL_DRIVER" in os.environ:  # visitors share one machine
        return False
    from iicl_tui.agents.providers.embedded import model_file

    try:
        with SessionFile.open(source.session, read_only=True) as file:
            tables = file.config.document["agent"]
        for table in tables:
            model_file(str(table.get("model", "")))
    except (CallFailed, LabError):
        return False
    return all(table.get("kind") == "embedded" for table in tables)


class LiveChain:
    """The chain of a source, asked again on this machine. Its file is in the state folder, so that it can be gone on with.

    Attributes:
        chain: The chain so far.
    """

    def __init__(self, source: ChainSource, state: Path) -> None:
        """Open what was asked before, or begin. Raises LabError if the file cannot be read or written."""
        assert source.session is not None
        path = state / FOLDER / f"{source.session.name.partition('.')[0]}.toml"
        config, self._expected = _stored(source.session)
        self._file = SessionFile.open(path) if path.is_file() else SessionFile.create(config, path)
        if self._file.read_only is not None:
            self._file.close()
            raise LabError("The model is being asked already", self._file.read_only, "Wait until that is done.")
        self.chain = Chain(self._file.config, self._file.generations, self._file, calls=self._file.calls)

    @property
    def done(self) -> bool:
        """Whether nothing is left to ask."""
        return self.chain.next is None

    @property
    def words(self) -> str:
        """How far it is, in a few words."""
        total, upcoming = self.chain.config.generations, self.chain.next
        answers = f"{len(self.chain.calls):,} of about {self._expected:,} answers"
        return f"generation {upcoming[0] if upcoming else total} of {total}, {answers}"

    async def run(self) -> None:
        """Ask until the chain is over. Raises LabError; a cancellation keeps what was answered."""
        await self.chain.run()

    async def close(self) -> None:
        """End the model's process and close the file."""
        with contextlib.suppress(Exception):
            await self.chain.close()
        self._file.close()


def _stored(session: Path) -> tuple[ChainConfig, int]:
    """The configuration of a stored session, with its first examples, and how often its model was asked."""
    with SessionFile.open(session, read_only=True) as file:
        start = start_table(file.config.task, file.config.start)
        return read_config({**file.config.document, "start": start}), len(file.calls)
