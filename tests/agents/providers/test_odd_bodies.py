"""Usage, errors and waits in forms that no large provider sends, but gateways and small servers do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from iicl_tui.agents.calls import Usage
from iicl_tui.agents.providers.error_body import parse_error_body
from iicl_tui.agents.providers.usage_parsing import parse_usage
from iicl_tui.agents.providers.waits import wait_in_text


@pytest.mark.parametrize(
    ("usage", "read"),
    [
        ({"prompt_tokens": "10", "completion_tokens": "5"}, Usage(10, 5)),
        ({"prompt_tokens": 10.0, "completion_tokens": 5.0}, Usage(10, 5)),
        ({"inputTokens": 10, "outputTokens": 5, "totalTokens": 15}, Usage(10, 5)),
        ({"inputTokens": 10, "cacheReadInputTokens": 90, "outputTokens": 5}, Usage(100, 5, 90)),
        ({"promptTokenCount": 10, "candidatesTokenCount": 5, "thoughtsTokenCount": 7, "totalTokenCount": 22}, Usage(10, 12)),
        ({"prompt_tokens": 10, "completion_tokens": 5, "prompt_cache_hit_tokens": 4}, Usage(10, 5, 4)),
        ({"prompt_tokens": 10.5, "completion_tokens": 5}, None),
        ({"prompt_tokens": "1e3", "completion_tokens": 5}, None),
        ({"prompt_tokens": float("inf"), "completion_tokens": 5}, None),
    ],
)
def test_counts_are_read_under_other_names_and_as_other_numbers(usage: dict[str, Any], read: Usage | None) -> None:
    assert parse_usage(usage) == read


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"errors": {"top_p": ["must be positive", "and small"]}}', "top_p: must be positive; and small"),
        (b'{"fault": {"faultstring": "no quota", "detail": {"errorcode": "x"}}}', "no quota"),
        (b'{"Message": "no such model"}', "no such model"),
        (b'{"error_msg": "no such model", "error_code": 17}', "no such model"),
        (b'{"base_resp": {"status_code": 1004, "status_msg": "no balance"}}', "no balance"),
        (b'data: {"error": {"message": "no balance"}}\n\n', "no balance"),
        (b'event: error\ndata: {"type": "error", "error": {"message": "no balance"}}\n\n', "no balance"),
        ('{"error": {"message": "zu groß"}}'.encode("latin-1"), "zu groß"),
        ('{"error": {"message": "zu groß"}}'.encode("utf-16"), "zu groß"),
        ("zu groß".encode(), "zu groß"),
        (b"data: {", "data: {"),
    ],
)
def test_the_reason_of_an_error_is_found(body: bytes, message: str) -> None:
    assert parse_error_body(body).message == message


def test_a_wait_is_found_as_a_field_in_words_as_a_clock_and_as_a_date() -> None:
    assert wait_in_text("retryDelay: '37s'") == 37
    assert wait_in_text("The limit resets in 00:01:30.") == 90
    date = (datetime.now(UTC) + timedelta(seconds=100)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert wait_in_text(f"Try again at {date}") == pytest.approx(100, abs=5)
    assert wait_in_text("Try again at 2026-13-99T99:99:99Z") is None
