"""What the providers' modules make of headers and bodies, without a server."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from provider_cases import KEY, PROVIDERS

from iicl_tui.agents.providers.endpoint import Endpoint, replace_surrogates
from iicl_tui.agents.providers.error_body import ErrorBody, error_body_of, parse_error_body
from iicl_tui.agents.providers.waits import retry_after

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HOUR = format_datetime(NOW + timedelta(hours=1), usegmt=True)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": " 2.5 "}, 2.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after-ms": "soon", "retry-after": HOUR}, 3600.0),
        ({"retry-after": HOUR}, 3600.0),
        ({"retry-after": HOUR.replace("GMT", "-0000")}, 3600.0),
        ({"retry-after": HOUR.replace("GMT", "+0100")}, 0.0),
        ({"retry-after": "Fri, 02 Jan 2026 00:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "1e999"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "Fri, 99 Jan 2026 00:00:00 GMT"}, None),
    ],
)
def test_how_long_a_server_asks_to_wait(headers, seconds) -> None:
    assert retry_after(headers, NOW) == seconds


@pytest.mark.slow
@settings(derandomize=True, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["retry-after", "retry-after-ms"]), st.text() | st.from_regex(r"\A\w{3}, \d+ Jan \d+ [\d:]+ \S*\Z")
    )
)
def test_any_retry_after_is_a_finite_number_of_seconds_or_none(headers) -> None:
    seconds = retry_after(headers, NOW)
    assert seconds is None or (math.isfinite(seconds) and seconds >= 0)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"error": {"message": "no", "type": "T", "param": "p", "code": "C"}}, ErrorBody("no", frozenset({"t", "c"}), ("p",))),
        ({"error": {"message": "no", "code": 503}}, ErrorBody("no", status=503)),
        ({"error": {"message": "no", "code": "429"}}, ErrorBody("no", frozenset({"429"}), status=429)),
        ({"error": {"message": "no", "details": {"error_code": "E"}}}, ErrorBody("no", frozenset({"e"}))),
        ({"error": "no"}, ErrorBody("no")),
        ({"detail": "no"}, ErrorBody("no")),
        ({"message": "no", "request_id": "1"}, ErrorBody("no")),
        ({"message": {"detail": "no"}}, ErrorBody("no")),
        (
            {"detail": [{"loc": ["body", "top_p"], "msg": "bad", "type": "t"}, {"loc": ["body", "x", 0], "msg": "odd"}]},
            ErrorBody("top_p: bad; x.0: odd", frozenset({"t"}), ("top_p", "x.0")),
        ),
        ("no", ErrorBody("no")),
        (None, ErrorBody()),
        ([], ErrorBody()),
        ({}, ErrorBody()),
        ({"error": None, "detail": None, "message": None}, ErrorBody()),
        ({"detail": [None, 3, {}, {"loc": "body", "msg": None}]}, ErrorBody()),
        ({"error": {"message": 5, "type": 5, "param": 5, "code": 5}}, ErrorBody()),
    ],
)
def test_every_form_of_an_error_body_is_read(document, said) -> None:
    assert error_body_of(document) == said


def test_a_body_that_is_no_json_speaks_for_itself_unless_it_is_a_page() -> None:
    assert parse_error_body(b" busy now \n").message == "busy now"
    assert parse_error_body(b"<html>busy</html>") == ErrorBody()
    assert parse_error_body(b"") == ErrorBody()
    assert parse_error_body(b"\xff\xfe" + b"[" * 10_000).codes == frozenset()


def endpoint(**fields) -> Endpoint:
    whole = {
        "provider": "OpenAI",
        "model": "m",
        "url": "http://user:pass@Host.Example:81/v1",
        "path": "/chat",
        "own": False,
        "key": KEY,
    }
    return Endpoint(**{**whole, "key_env": "THE_KEY", **fields})


def test_a_key_is_in_no_repr_and_no_quotation() -> None:
    there = endpoint()
    assert KEY not in repr(there)
    assert there.quote(f"a {KEY} b{KEY}") == "“a … b…”"
    assert KEY[:4] not in there.quote("x" * 180 + KEY), "hidden before it is cut"
    assert len(there.quote("x" * 9999)) == 202
    assert there.quote("") == there.quote(" \n") == ""


def test_an_address_is_shown_without_its_password() -> None:
    there = endpoint()
    assert there.address == "http://host.example:81/v1/chat"
    assert there.name == "OpenAI (m at host.example:81)"


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://localhost:1/v1", True), ("http://127.0.0.1", True), ("http://127.9.9.9:1", True), ("http://[::1]:80", True),
        ("http://api.localhost", True), ("http://127.0.0.1.example", False), ("http://localhost.example", False),
        ("https://api.openai.com", False), ("http://10.0.0.1", False),
    ],
)  # fmt: skip
def test_what_is_on_this_machine(url, loopback) -> None:
    assert endpoint(url=url).is_loopback is loopback


@settings(derandomize=True, deadline=None)
@given(st.text(st.characters()))
def test_mended_text_can_be_sent_and_is_the_same_where_it_could_be_before(text) -> None:
    assert replace_surrogates(text).encode().decode() == replace_surrogates(text)
    assert len(replace_surrogates(text)) == len(text)
    try:
        text.encode()
    except UnicodeEncodeError:
        assert replace_surrogates(text) != text
    else:
        assert replace_surrogates(text) == text


def test_a_provider_shows_no_key(name) -> None:
    provider = PROVIDERS[name]("m", key=KEY, key_env="K")
    assert KEY not in repr(provider)
    assert KEY not in repr(provider.endpoint)
