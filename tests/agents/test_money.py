import subprocess
import sys
import tomllib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from narrow import not_none

from iicl_tui.agents import prices
from iicl_tui.agents.base import agent_kinds
from iicl_tui.agents.calls import Call, Message, Request, Token, Usage
from iicl_tui.agents.money import (
    Budget,
    Spent,
    cost,
    estimated_tokens,
    money_text,
    spent,
    tokens_text,
    worst_case,
)
from iicl_tui.agents.prices import Price, known_price
from iicl_tui.errors import Fault
from iicl_tui.store.presets import load, presets

fixed = settings(derandomize=True, deadline=None)

PAPER = [
    ("openai", "gpt-3.5-turbo-0125", 0.5, 1.5),
    ("openai", "gpt-4-0125-preview", 10, 30),
    ("anthropic", "claude-3-haiku-20240307", 0.25, 1.25),
    ("anthropic", "claude-3-sonnet-20240229", 3, 15),
    ("mistral", "open-mixtral-8x7b", 0.7, 0.7),
    ("mistral", "open-mistral-7b", 0.25, 0.25),
]


def request(*texts: str, max_tokens: int = 100, **others) -> Request:
    return Request(tuple(Message("user", text) for text in texts), max_tokens, **others)


USED = Usage(1000, 100)


def call(usage: Usage | None = USED, **others) -> Call:
    return Call(1, "imitation", others.pop("purpose", "imitate"), usage=usage, **others)


# -- prices


@pytest.mark.parametrize(("kind", "model", "prompt", "reply"), PAPER)
def test_the_papers_models_have_a_price(kind, model, prompt, reply):
    price = not_none(known_price(kind, model))
    assert (price.input, price.output) == (prompt, reply)


@pytest.mark.parametrize("kind", ["openai", "anthropic", "mistral"])
def test_the_default_models_have_a_price_with_its_source(kind):
    model = next(field.default for field in agent_kinds()[kind].fields if field.key == "model")
    price = not_none(known_price(kind, model))
    assert 0 < price.input <= price.output
    assert price.source.startswith("genai-prices ")
    assert price.cached is None or 0 <= price.cached < price.input


def test_every_model_of_the_presets_has_a_price_and_is_not_deprecated():
    from genai_prices.data_snapshot import get_snapshot

    providers = {provider.id: provider for provider in get_snapshot().providers}
    for preset in presets():
        for agent in tomllib.loads(load(preset.name).text).get("agent", []):
            if agent["kind"] in providers and "base-url" not in agent:
                assert known_price(agent["kind"], agent["model"]) is not None, preset.name
                assert not not_none(providers[agent["kind"]].find_model(agent["model"])).deprecated, preset.name


def test_no_default_is_a_model_that_ends_in_january_2027():
    ending = ("gpt-4o", "gpt-4.1", "gpt-3.5", "gpt-5-", "o3", "o4")
    models = [agent.get("model", "") for preset in presets() for agent in tomllib.loads(load(preset.name).text).get("agent", [])]
    models += [str(field.default) for kind in agent_kinds().values() for field in kind.fields if field.key == "model"]
    assert "gpt-6-luna" in models
    assert not [model for model in models if model.startswith(ending)]


def test_a_model_is_never_priced_as_another_whose_name_begins_alike():
    assert not_none(known_price("openai", "gpt-4o-mini")).input == 0.15
    assert not_none(known_price("openai", "gpt-4o")).input == 2.5
    for unknown in ("gpt-4o-", "gpt-4.5", "gpt", "gpt-6-luna-2", "nobody-knows-it", "", "\x1b[31m", "gpt-6-luna\n"):
        assert known_price("openai", unknown) is None, unknown
    assert known_price("mistral", "mistral-small-2402") is None  # another model than any mistral-small that is known
    assert known_price("mistral", "gpt-4o") is None
    assert known_price("llama", "gpt-4o") is None


def test_a_snapshot_with_a_full_date_is_its_model():
    assert known_price("openai", "gpt-4o-2024-08-06") == known_price("openai", "gpt-4o")
    assert known_price("openai", "gpt-6-luna-2026-09-22") == known_price("openai", "gpt-6-luna")
    assert known_price("anthropic", "claude-sonnet-4-5-20250929") == known_price("anthropic", "claude-sonnet-4-5")


def test_a_snapshot_with_a_price_of_its_own_keeps_it():
    assert not_none(known_price("openai", "gpt-4o-2024-05-13")).input == 5
    assert not_none(known_price("openai", "gpt-4-0125-preview")).input == 10
    assert not_none(known_price("openai", "gpt-4-0613")).input == 30


def test_without_the_library_every_price_is_unknown(monkeypatch):
    monkeypatch.setitem(sys.modules, "genai_prices.data_snapshot", None)
    prices._library_price.cache_clear()
    assert known_price("openai", "gpt-6-luna") is None
    prices._library_price.cache_clear()


def test_the_library_is_imported_only_for_a_price():
    code = (
        "import sys; from iicl_tui.chain.config import read_config; made = read_config({'agent': [{'kind': 'openai'}]}).agents[0];"
        "assert 'genai_prices' not in sys.modules; assert made.price is not None; assert 'genai_prices' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.fixture
def own_file(tmp_path):
    """A file of one's own prices, which counts until the end of the test."""
    yield tmp_path / "prices.toml"
    prices.use_file(tmp_path / "none.toml")


def test_ones_own_file_goes_before_the_library(own_file):
    own_file.write_text('[openai]\n"gpt-6-luna" = { input = 7, output = 8, cached = 1 }\n"mine" = { input = 0, output = 0.5 }\n')
    assert prices.use_file(own_file) == ()
    assert known_price("openai", "gpt-6-luna") == Price(7, 8, 1, "prices.toml")
    assert known_price("openai", "mine") == Price(0, 0.5, None, "prices.toml")
    assert known_price("mistral", "mine") is None
    assert not_none(known_price("openai", "gpt-4o")).input == 2.5


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[openai]\nx = { input = -1, output = 1 }", ("openai", "x", "input")),
        ("[openai]\nx = 3", ("openai", "x")),
        ("openai = 3", ("openai",)),
        ("[openai", ()),
        ("\x00", ()),
    ],
)
def test_a_fault_of_ones_own_file_is_said_and_the_rest_of_it_counts(own_file, text, where):
    own_file.write_text(text + "\n[anthropic]\nmine = { input = 1, output = 2 }\n")
    faults = prices.use_file(own_file)
    assert [fault.path for fault in faults] == [where]
    assert known_price("openai", "x") is None
    assert (known_price("anthropic", "mine") is not None) is bool(where)


def test_a_file_that_is_not_there_is_no_fault(tmp_path):
    assert prices.use_file(tmp_path / "none.toml") == ()


def test_a_price_of_ones_own_is_read_from_a_table():
    faults: list[Fault] = []
    price = prices.configured_price({"input": 1, "output": 2.5}, ("agent", 0, "price"), faults)
    assert price == Price(1.0, 2.5, None, "configuration")
    assert not faults
    assert not_none(prices.configured_price({"input": 0, "output": 0}, (), faults)).input == 0  # a server of one's own
    assert not faults


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ({"input": 1}, "output"),
        ({"input": -1, "output": 1}, "input"),
        ({"input": float("nan"), "output": 1}, "input"),
        ({"input": float("inf"), "output": 1}, "input"),
        ({"input": "1", "output": 1}, "input"),
        ({"input": 1, "output": 1, "outptu": 2}, "outptu"),
    ],
)
def test_a_price_that_cannot_be_is_a_fault_and_no_price(table, key):
    faults: list[Fault] = []
    assert prices.configured_price(table, ("agent", 0, "price"), faults) is None
    assert [fault.path for fault in faults] == [("agent", 0, "price", key)]


def test_tokens_from_a_cache_cost_what_they_cost():
    assert cost(Usage(1000, 0, 400), Price(10, 0, 1)) == pytest.approx((600 * 10 + 400 * 1) / 1e6)
    assert cost(Usage(1000, 0, 400), Price(10, 0)) == pytest.approx(1000 * 10 / 1e6)
    assert cost(Usage(100, 0, 400), Price(10, 0, 1)) == pytest.approx(100 * 1 / 1e6)


def test_the_cost_is_per_million_tokens_each_way():
    assert cost(Usage(1_000_000, 0), Price(3, 15, None, "")) == 3
    assert cost(Usage(0, 1_000_000), Price(3, 15, None, "")) == 15
    assert cost(Usage(1500, 200), Price(3, 15, None, "")) == pytest.approx(0.0045 + 0.003)


# -- estimates

KNOWN = {  # numbers of tokens that OpenAI states for these texts (cl100k) or that its published merges give
    "tiktoken is great!": 6,
    "antidisestablishmentarianism": 6,
    "2 + 2 = 4": 7,
    "お誕生日おめでとう": 9,
    "You miss 100% of the shots you don't take": 11,
    "Input: A, C\nOutput: on": 9,  # Input|:| A|,| C|\n|Output|:| on
    '{"A": "on", "B": "off"}': 13,  # {"|A|":| "|on|",| "|B|":| "|off|"} and one for good measure
}


@pytest.mark.parametrize("text", KNOWN)
def test_the_estimate_is_not_below_what_is_known_and_at_most_twice_that(text):
    assert KNOWN[text] <= estimated_tokens(text) <= 2 * KNOWN[text]


def test_prose_is_estimated_above_three_quarters_of_a_word_a_token():
    text = (
        "The light is on when one of the objects that make it shine is among those which are shown, "
        "and it stays dark otherwise, whatever else there may be in the room at the same time. "
    ) * 20
    rule_of_thumb = len(text.split()) / 0.75
    assert rule_of_thumb <= estimated_tokens(text) <= 1.6 * rule_of_thumb


def test_nothing_has_no_tokens():
    assert estimated_tokens("") == 0


@fixed
@given(st.text())
def test_the_estimate_never_fails_and_is_never_above_the_bytes(text):
    # A byte-level tokenizer has no token shorter than a byte, so more cannot be.
    assert (0 if not text else 1) <= max(estimated_tokens(text), bool(text)) <= max(len(text.encode()), 1)


@fixed
@given(st.text(), st.text())
def test_more_text_is_hardly_ever_fewer_tokens(first, second):
    # A blank at the seam may become part of what follows it.
    assert estimated_tokens(first + " x" + second) >= estimated_tokens(first) - 1


@pytest.mark.parametrize("text", ["\ud800", "\x1b[31m", "\x00" * 5, "a" * 10_000, "\n" * 1000, "́" * 50])
def test_odd_texts_are_estimated_too(text):
    assert estimated_tokens(text) >= 1


def test_ten_thousand_blanks_cost_no_more_than_a_moment():
    assert estimated_tokens(" " * 100_000) == 25_000
    assert estimated_tokens(" " * 100_000 + "x") <= 25_002


def test_the_worst_case_is_the_whole_prompt_and_the_longest_reply():
    asked = request("tiktoken is great!", "2 + 2 = 4", max_tokens=50)
    prompt = 3 + (5 + 6) + (5 + 7)
    assert worst_case(asked, None) == (prompt + 50, None)
    assert worst_case(asked, Price(1, 2, None, "")) == (prompt + 50, pytest.approx((prompt + 100) / 1e6))


def test_a_schema_is_part_of_the_prompt():
    plain, strict = request("a"), request("a", schema={"type": "object", "required": ["A", "B"]})
    assert worst_case(strict, None).tokens > worst_case(plain, None).tokens + 10


# -- what is spent


def test_spent_counts_each_call_at_its_own_price():
    cheap, dear = Price(1, 1, None, ""), Price(10, 100, None, "")
    total = spent([call(model="cheap"), call(model="dear")], lambda c: cheap if c.model == "cheap" else dear)
    assert total == Spent(2, 2000, 200, total.dollars, 0, 0)
    assert total.dollars == pytest.approx(0.0011 + 0.02)
    assert total.tokens == 2200


def test_a_call_without_a_price_is_counted_in_tokens_and_said():
    total = spent([call(), call()], lambda c: None)
    assert total == Spent(2, 2000, 200, 0.0, 2, 0)


def test_a_call_without_usage_is_estimated_and_marked_never_nothing():
    total = spent([call(None, prompt="2 + 2 = 4", reply="tiktoken is great!")], lambda c: Price(1e6, 1e6, None, ""))
    assert total == Spent(1, 3 + 5 + 7, 6, 21.0, 0, 1)


def test_a_call_without_usage_counts_its_whole_request():
    total = spent([call(None, prompt="2 + 2 = 4", reply="tiktoken is great!", sent=400)], lambda c: None)
    assert (total.prompt, total.estimated) == (400, 1)


def test_where_the_tokens_are_on_record_they_are_counted_instead_of_estimated():
    total = spent([call(None, reply="on", tokens=(Token(b"o", 0.0), Token(b"n", 0.0)))], lambda c: None)
    assert total.completion == 2


def test_what_a_person_said_is_no_call_and_free():
    assert spent([call(None, purpose="person", reply="x" * 100)], lambda c: Price(1, 1, None, "")) == Spent()


def test_sums_add_up():
    calls = [call(), call(None, prompt="a", reply="b"), call(Usage(5, 7))]
    price = Price(2, 3, None, "")
    whole = spent(calls, lambda c: price)
    parts = sum((spent([c], lambda c: price) for c in calls), Spent())
    assert parts == replace(whole, dollars=parts.dollars)
    assert parts.dollars == pytest.approx(whole.dollars)


# -- the budget


def test_the_budget_may_be_used_up_to_the_last_cent_and_not_beyond():
    budget = Budget(5.0, None)
    assert budget.refuses(Spent(dollars=4.0), 10**9, 1.0) is None
    said = budget.refuses(Spent(dollars=4.0), 1, 1.01)
    assert said == "The next call can cost up to $1.01, and $4.00 of the budget of $5.00 is spent."


def test_ten_dimes_are_a_dollar():
    total = Spent()
    for _ in range(9):
        total += Spent(dollars=0.1)
    assert Budget(1.0).refuses(total, 0, 0.1) is None


def test_the_budget_in_tokens_holds_also_where_no_price_is_known():
    budget = Budget(5.0, 1000)
    assert budget.refuses(Spent(prompt=900), 100, None) is None
    said = budget.refuses(Spent(prompt=900), 101, None)
    assert said == "The next call can take up to 101 tokens, and 900 of the budget of 1,000 tokens are spent."


def test_an_unknown_price_is_held_back_by_no_budget_in_dollars():
    assert Budget(0.0).refuses(Spent(dollars=1.0), 10**9, None) is None


def test_a_budget_of_nothing_lets_only_what_is_free_pass():
    assert Budget(0.0).refuses(Spent(), 10, 0.0) is None
    assert Budget(0.0).refuses(Spent(), 10, 1e-9) is not None
    assert Budget(None, 0).refuses(Spent(), 1, None) is not None


def test_without_a_budget_everything_passes():
    assert Budget().refuses(Spent(dollars=1e9, prompt=10**12), 10**9, 1e9) is None


# -- words


@pytest.mark.parametrize(
    ("dollars", "text"),
    [
        (0, "$0"), (1e-12, "<$0.0001"), (0.0000999, "<$0.0001"), (0.0001, "$0.0001"), (0.01234, "$0.0123"), (0.5, "$0.5000"),
        (0.99994, "$0.9999"), (0.99996, "$1.00"), (1, "$1.00"), (4.999, "$5.00"), (1234.5, "$1,234.50"),
    ],
)  # fmt: skip
def test_money_in_words(dollars, text):
    assert money_text(dollars) == text


@pytest.mark.parametrize(("count", "text"), [(0, "0 tokens"), (1, "1 token"), (4512, "4,512 tokens")])
def test_tokens_in_words(count, text):
    assert tokens_text(count) == text
