"""Hands the snapshots' fixtures to pytest; their own module has a name that no other folder uses, as mypy needs."""

from __future__ import annotations

from snapshot_fixtures import made, made_of_other_tasks, other_sessions, pytest_make_parametrize_id, sessions, shoot  # noqa: F401
