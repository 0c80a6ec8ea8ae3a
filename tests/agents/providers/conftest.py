"""Hands the providers' fixtures to pytest; their own module has a name that no other folder uses, as mypy needs."""

from __future__ import annotations

from provider_fixtures import decoy, make, name, no_key_in_logs, server  # noqa: F401
