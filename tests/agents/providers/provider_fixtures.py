"""A loopback server, and providers that are closed after the test."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from loopback import Loopback
from provider_cases import BASES, KEY, PROVIDERS
from waiting import LONGEST

from iicl_tui.agents.providers.sdk_provider import SDKProvider


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback() as server:
        yield server


@pytest.fixture
def decoy() -> Iterator[Loopback]:
    """A server that nobody should call."""
    with Loopback() as decoy:
        yield decoy
        assert decoy.connections == 0


@pytest.fixture(params=list(PROVIDERS))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
async def make(server: Loopback) -> AsyncIterator[Callable[..., SDKProvider]]:
    """make(name, …) → a provider that calls the server."""
    made = []

    def provider(name: str, model: str = "model-1", **options) -> SDKProvider:
        options = {"base_url": server.url + BASES[name], "key": KEY, "key_env": "THE_KEY", "timeout": LONGEST, **options}
        made.append(PROVIDERS[name](model, **options))
        return made[-1]

    yield provider
    for each in made:
        await each.close()


@pytest.fixture(autouse=True)
def no_key_in_logs(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a test does, nothing logs the key."""
    caplog.set_level(logging.DEBUG)
    yield
    for when in ("setup", "call"):
        for record in caplog.get_records(when):
            assert KEY not in record.getMessage()
            assert KEY not in caplog.handler.format(record)
