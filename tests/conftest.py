"""Shared by all tests: the same terminal everywhere, pilots that wait for a state, and a short way to a chain."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from settling import _pilots_wait_for_the_state  # noqa: F401

from iicl_tui.chain.config import ChainConfig, read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.records import PhaseRecord
from iicl_tui.errors import StoreError

for variable in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "TEXTUAL_ANIMATIONS", "TEXTUAL_THEME"):
    os.environ.pop(variable, None)
# Compile once: most tests of the command line start the program anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
os.environ["COLORTERM"] = "truecolor"
os.environ["TERM"] = "xterm-256color"
# The same examples in every run, and no limit of time for one: a busy machine must not fail a test.
settings.register_profile("sure", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("sure")


# Apps and chains make many objects that stay for a whole test: searching them for garbage less often saves a twelfth of the time.
gc.set_threshold(50_000, 10, 5)

SLOW = (
    "agents/providers", "agents/test_implicit_language.py", "bayes/test_bayes_rule.py", "bayes/test_markov.py", "browser",
    "cases/test_attacks.py", "cases/test_last_nets.py", "cases/test_outside_files.py", "chain/test_bayes_check.py",
    "chain/test_keep.py", "chain/test_naming_chain.py", "chain/test_prior.py", "chain/test_scored_chain.py",
    "chain/test_simulation.py", "commands", "filters/test_controls.py", "filters/test_conversation.py",
    "filters/test_effective_set.py", "filters/test_partner.py", "filters/test_rank.py", "lessons/test_shipped_lessons.py", "plugin",
    "snapshots", "store/test_changes.py", "store/test_format.py", "store/test_journal.py", "store/test_named_files.py",
    "store/test_notebooks.py", "store/test_other_systems.py", "store/test_presets.py", "store/test_session.py",
    "study/test_figures.py", "study/test_model_sweep.py", "study/test_report.py", "study/test_sweep.py",
    "study/theory/test_ensemble.py", "study/theory/test_own_law.py", "study/theory/test_twin.py", "tasks/acre/test_hidden_rules.py",
    "tasks/text/test_text_sessions.py", "test_doc_commands.py", "tui", "web",
)  # fmt: skip
"""Folders and files whose tests run whole apps, many chains or processes."""
FAST = ("agents/providers/test_provider_words.py", "commands/test_show_models.py", "tui/test_actions.py", "tui/test_lab_dialogs.py")
"""Files within them that do not, or hardly: `-m "not slow"` still touches each package."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests of whole folders as slow."""
    here = Path(__file__).parent
    for item in items:
        path = item.path.relative_to(here).as_posix()
        if path.startswith(SLOW) and not path.startswith(FAST):
            item.add_marker(pytest.mark.slow)


class Memory:
    """A sink in memory. fail_next: so many appends fail first."""

    def __init__(self) -> None:
        self.records: list[PhaseRecord] = []
        self.fail_next = 0

    def append(self, *records: PhaseRecord) -> None:
        if self.fail_next:
            self.fail_next -= 1
            raise StoreError("No room", "The disk is full.", "Make room.")
        self.records += records

    append_loosely = append

    def sync(self) -> None:
        """Every record is kept at once."""

    def check_space(self, size: int) -> None:
        """It does not see it coming."""


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def config() -> Callable[..., ChainConfig]:
    """config(task={…}, chain={…}, agent=[…], filter=[…], start={…}) → a checked configuration."""

    def make(**document: Any) -> ChainConfig:
        return read_config(document)

    return make


@pytest.fixture
def records() -> Callable[[Chain], list[PhaseRecord]]:
    """records(chain) → all of its records in the order in which they happened."""

    def of(chain: Chain) -> list[PhaseRecord]:
        phases = [(g.imitation, g.interaction, g.transmission) for g in chain.generations]
        return [record for three in phases for record in three if record is not None]

    return of
