"""Which key goes to which host."""

from __future__ import annotations

import pytest

from iicl_tui.agents.access import Access, Credential, consent_host, entry_of, host_of, is_loopback, same_address

PROVIDER = "https://api.example.com/v1"
ACCESS = Access(environment={"A_KEY": "secret", "TOKEN": "another", "EMPTY": "  "})


def wanted(variable: str, base_url: str | None) -> Credential:
    return Credential(variable, base_url, "A_KEY", PROVIDER)


OWN = wanted("A_KEY", None)
OTHER = wanted("A_KEY", "http://localhost:8080/v1")


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://localhost:8080/v1", "localhost:8080"),
        ("https://API.example.com/v1", "api.example.com"),
        ("http://[::1]:11434/v1", "[::1]:11434"),
        ("https://trusted.com@evil.com/", "evil.com"),
        ("https://trusted.com:443@evil.com:1/", "evil.com:1"),
        ("https://one.example:443/v1", "one.example"),
        ("http://one.example:80/v1", "one.example"),
        ("https://one.example:80/v1", "one.example:80"),
        ("https://b\u00fccher.example/v1", ""),
        ("https://\u0430pi.example.com/v1", ""),
        ("https://xn--bcher-kva.example/v1", "xn--bcher-kva.example"),
        ("https://%61pi.example.com/v1", ""),
        ("http://[::1", ""),
        ("http://[nonsense]/", ""),
        ("nonsense", ""),
        ("http://host:port/", ""),
    ],
)
def test_the_host_is_the_one_that_is_called(url: str, host: str) -> None:
    assert host_of(url) == host


def test_the_providers_own_host_gets_the_key_and_no_other_does_unasked() -> None:
    assert ACCESS.key(OWN) == "secret"
    assert ACCESS.key(OTHER) is None
    assert ACCESS.needs_consent(OTHER)
    assert not ACCESS.needs_consent(OWN)
    assert not ACCESS.needs_consent(wanted("EMPTY", OTHER.base_url))
    agreed = ACCESS.with_entries([" LocalHost:8080 "])
    assert agreed.key(OTHER) == "secret"
    assert agreed.key(wanted("A_KEY", "http://localhost:8081/v1")) is None
    assert agreed.key(wanted("A_KEY", "http://localhost/v1")) is None


@pytest.mark.parametrize("base_url", [None, PROVIDER, "http://localhost:8080/v1", "https://elsewhere.example/v1"])
def test_another_variable_goes_nowhere_without_a_word_about_that_very_pair(base_url: str | None) -> None:
    token = wanted("TOKEN", base_url)
    assert ACCESS.key(token) is None
    assert ACCESS.needs_consent(token)
    assert ACCESS.with_entries([token.host, "TOKEN@third.example", f"OTHER@{token.host}"]).key(token) is None
    agreed = ACCESS.with_entries([f"TOKEN@{token.host}"])
    assert token.entry == f"TOKEN@{token.host}"
    assert agreed.key(token) == "another"
    assert not agreed.needs_consent(token)
    assert agreed.key(wanted("TOKEN", "https://third.example/v1")) is None
    assert agreed.key(wanted("A_KEY", "http://localhost:8080/v1")) is None
    assert agreed.key(OWN) == "secret"


def test_the_kinds_own_variable_may_be_agreed_to_by_name() -> None:
    assert OTHER.entry == "localhost:8080"
    assert ACCESS.with_entries(["A_KEY@localhost:8080"]).key(OTHER) == "secret"


def test_a_word_for_https_is_none_for_plain_http() -> None:
    plain, safe = wanted("A_KEY", "http://api.example.com/v1"), wanted("A_KEY", "https://elsewhere.example/v1")
    assert ACCESS.key(plain) is None
    assert ACCESS.with_entries(["api.example.com", "https://api.example.com"]).key(plain) is None
    assert plain.entry == "http://api.example.com"
    assert ACCESS.with_entries([plain.entry]).key(plain) == "secret"
    assert ACCESS.with_entries(["http://elsewhere.example"]).key(safe) is None
    assert ACCESS.with_entries(["elsewhere.example"]).key(safe) == "secret"


def test_on_this_machine_the_scheme_does_not_matter() -> None:
    for url in ("http://localhost:1/v1", "https://localhost:1/v1"):
        assert consent_host(url) == "localhost:1"
    assert consent_host("http://localhost.example:1/v1") == "http://localhost.example:1"
    assert is_loopback("http://127.0.0.1:1")
    assert not is_loopback("http://127.0.0.1.example:1")


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        (" LocalHost:8080 ", "localhost:8080"), ("http://localhost:8080/v1", "localhost:8080"),
        ("A_Key@One.Example", "A_Key@one.example"), ("A_KEY@http://one.example:80/v1", "A_KEY@http://one.example"),
        ("https://one.example/v1", "one.example"), ("one.example:443", "one.example"), ("[::1]:8080", "[::1]:8080"),
        ("b\u00fccher.example", ""), ("", ""), ("@one.example", ""), ("sk-1@one.example", ""), ("A_KEY@", ""), ("a b", ""),
        ("https://me:pw@one.example", ""),
    ],
)  # fmt: skip
def test_an_entry_has_one_form(text: str, entry: str) -> None:
    assert entry_of(text) == entry
    assert entry_of(entry) == entry


def test_what_is_no_entry_agrees_to_nothing() -> None:
    assert ACCESS.with_entries(["", "b\u00fccher.example", "@"]) == ACCESS


@pytest.mark.parametrize(
    ("url", "same"),
    [
        (PROVIDER, True), (PROVIDER + "/", True), ("https://API.example.com:443/v1", True), ("http://api.example.com/v1", False),
        ("https://api.example.com", False), ("https://api.example.com/v2", False), ("https://api.example.com:444/v1", False),
    ],
)  # fmt: skip
def test_an_address_is_the_same_however_it_is_spelt(url: str, same: bool) -> None:
    assert same_address(url, PROVIDER) is same


def test_a_key_of_blanks_is_none() -> None:
    empty = Access(environment={"A_KEY": " \n"})
    assert empty.key(OWN) is None
    assert not empty.needs_consent(OTHER)
    assert Access(environment={}).key(OWN) is None


def test_no_repr_has_a_key() -> None:
    assert "secret" not in repr(ACCESS)
    assert "secret" not in repr(ACCESS.with_entries(["x"]))
