"""More members of the kinds of odd replies: tokens that say nothing, stopped replies, errors beside a reply, roles, spellings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from loopback import token
from speaking import follows, spoken

from iicl_tui.agents.beliefs import FactorMass
from iicl_tui.agents.calls import UNKNOWN_LOGPROB, Reply, Token
from iicl_tui.agents.logprobs import NoBelief, belief_from_tokens
from iicl_tui.agents.model_session import ReplyUnreadable
from iicl_tui.agents.providers.http_errors import _NO_SYSTEM_ROLE
from iicl_tui.agents.providers.redaction import redactor
from iicl_tui.agents.providers.response_parsing import error_in
from iicl_tui.agents.providers.token_parsing import PARTLY_INVALID, parse_tokens
from iicl_tui.bayes.space import Factor, ProductSpace
from iicl_tui.chain.engine import Chain
from iicl_tui.tasks.spelling import SELECTORS

SPACE = ProductSpace((Factor("A", ("on", "off")),))
WORDS = ((("on",), ("off",)),)
KEY = "sk-SECRETkJ7wQz93LmX0aaBBccDDeeFF"


def belief(value: Token) -> Any:
    return belief_from_tokens("A: on", [token("A:"), token(" "), value], [(3, 5)], SPACE, WORDS, distrusts_certain=True)


@pytest.mark.parametrize(
    "value",
    [
        Token(b"on", -0.0, ((b"on", -0.0),)),
        Token(b"on", -1e-9),
        Token(b"on", 0.0, ((b"on", 0.0), (b"off", UNKNOWN_LOGPROB))),
        Token(b"on", 0.0, ((b"off", float("-inf")),)),
    ],
)
def test_a_certain_token_with_nothing_beside_it_gives_no_belief(value: Token) -> None:
    found = belief(value)
    assert isinstance(found, NoBelief)
    assert "they say nothing" in found.reason


def test_a_certain_token_with_a_real_alternative_gives_a_belief() -> None:
    assert not isinstance(belief(Token(b"on", 0.0, ((b"on", 0.0), (b"off", -21.0)))), NoBelief)


def test_a_large_mass_that_begins_no_value_is_within_the_bounds() -> None:
    low, high = FactorMass(np.array([0.2, 0.0]), 0.75, 0.05).bounds
    np.testing.assert_allclose(low, [0.2, 0.0])
    np.testing.assert_allclose(high, [1.0, 0.8])
    low, high = FactorMass(np.array([0.9, 0.05]), 0.04, 0.01).bounds  # a small one is left out, as before
    np.testing.assert_allclose(low, [0.9 / 0.96, 0.05 / 0.96])
    np.testing.assert_allclose(high, [0.91 / 0.96, 0.06 / 0.96])


@pytest.mark.parametrize("odd", [None, 5, "x", {"token": 5, "logprob": -1}, {"token": None, "logprob": -1, "bytes": [300]}])
def test_one_entry_that_is_no_token_loses_no_other(odd: Any) -> None:
    sound: list[dict[str, Any]] = [{"token": word, "logprob": -0.1, "bytes": []} for word in ("A:", " on")]
    found = parse_tokens({"content": [sound[0], odd, sound[1]]})
    assert found.tokens is not None
    assert [each.data for each in found.tokens] == [b"A:", b" on"], "an empty list of bytes says less than the text"
    assert found.remarks == (PARTLY_INVALID,)
    assert parse_tokens({"content": [odd, odd, sound[0]]}).tokens is None


async def test_a_reply_that_a_filter_stopped_is_never_taken_as_whole() -> None:
    config, model = spoken()
    whole = follows(config)
    model.answers = lambda request: Reply(whole(request), "refused")
    with pytest.raises(ReplyUnreadable, match="stopped the reply"):
        await Chain(config).step()
    assert len(model.requests) == 2, "it is asked again once"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ({"code": 429, "message": "Slow down"}, True),
        ("Slow down", True),
        (None, False),
        ({}, False),
        ("", False),
        ({"code": 0}, False),
    ],
)
def test_an_error_beside_a_reply_is_that_error(error: Any, told: bool) -> None:
    document = {"choices": [{"message": {"content": "Rule"}, "finish_reason": "stop"}], "error": error}
    found = error_in(document)
    assert (found is not None) == told
    assert found is None or "Slow down" in found.message


@pytest.mark.parametrize(
    "words",
    [
        "messages.0.role: Input should be 'user' or 'assistant'",
        "`system` is not a valid role",
        "'system' is an invalid role",
        "Only user and assistant roles are supported!",
        "messages[0].role: unknown variant `system`, expected `user` or `assistant`",
        "Conversation roles must alternate user/assistant/user/assistant/...",
    ],
)
def test_how_servers_say_that_there_is_no_system_role(words: str) -> None:
    assert _NO_SYSTEM_ROLE.search(words)
    assert not _NO_SYSTEM_ROLE.search("The system is overloaded, please use another role of your account")


@pytest.mark.parametrize(
    "spelled",
    [
        "".join(chr(ord(sign) + 0xFEE0) for sign in KEY),
        "\n> ".join(KEY[at : at + 10] for at in range(0, len(KEY), 10)),
        "-\n".join(KEY[at : at + 10] for at in range(0, len(KEY), 10)),
        "=\r\n".join(KEY[at : at + 7] for at in range(0, len(KEY), 7)),
        f"{KEY[:15]}**{KEY[15:]}**",
        "\u2060".join(KEY),
    ],
)
def test_a_key_is_found_in_more_spellings(spelled: str) -> None:
    found = redactor(KEY)
    assert found is not None
    hidden = found.redact(f"the key {spelled} is wrong")
    assert hidden.startswith("the key …")
    assert hidden.endswith(("… is wrong", "…** is wrong"))


def test_signs_without_a_width_do_not_part_a_word() -> None:
    assert SELECTORS.sub("", "o\u200bn s\u00adcr\u2060een\ufeff") == "on screen"
    assert SELECTORS.sub("", "👩\u200d🔬 می\u200cخواهم") == "👩\u200d🔬 می\u200cخواهم", "the joiners of emoji and words stay"
