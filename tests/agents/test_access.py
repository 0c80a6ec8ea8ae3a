"""Which key goes to which host."""

from __future__ import annotations

import pytest

from iicl_tui.agents.access import Access, Credential, host_of

OWN = Credential("A_KEY", None)
OTHER = Credential("A_KEY", "http://localhost:8080/v1")
ACCESS = Access(environment={"A_KEY": "secret", "EMPTY": "  "})


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://localhost:8080/v1", "localhost:8080"),
        ("https://API.example.com/v1", "api.example.com"),
        ("http://[::1]:11434/v1", "::1:11434"),
        ("https://trusted.com@evil.com/", "evil.com"),
        ("https://trusted.com:443@evil.com:1/", "evil.com:1"),
        ("nonsense", ""),
        ("http://host:port/", ""),
    ],
)
def test_the_host_is_the_one_that_is_called(url: str, host: str) -> None:
    assert host_of(url) == host


def test_the_providers_own_host_gets_the_key_and_no_other_does_unasked() -> None:
    assert ACCESS.key(OWN) == "secret"
    assert ACCESS.key(OTHER) is None
    assert ACCESS.withheld(OTHER)
    assert not ACCESS.withheld(OWN)
    assert not ACCESS.withheld(Credential("EMPTY", OTHER.base_url))
    agreed = ACCESS.agreed([" LocalHost:8080 "])
    assert agreed.key(OTHER) == "secret"
    assert agreed.key(Credential("A_KEY", "http://localhost:8081/v1")) is None
    assert agreed.key(Credential("A_KEY", "http://localhost/v1")) is None


def test_a_key_of_blanks_is_none() -> None:
    assert ACCESS.key(Credential("EMPTY", None)) is None
    assert ACCESS.key(Credential("ABSENT", None)) is None


def test_no_repr_has_a_key() -> None:
    assert "secret" not in repr(ACCESS)
    assert "secret" not in repr(ACCESS.agreed(["x"]))
