"""Prices of models: those of a configuration, of the person's own file, and of the library genai-prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

from iicl_tui.errors import Fault
from iicl_tui.files import parse_toml, read_bytes
from iicl_tui.schema import REQUIRED, Field, read_table
from iicl_tui.schema import Path as KeyPath

_MOST_BYTES = 1_000_000
LIBRARY = "genai-prices"
"""The package with the providers' prices. It is imported when a price is first needed, and used without the network."""


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens.

    Attributes:
        input: The price of prompt tokens.
        output: The price of completion tokens.
        cached: The price of prompt tokens that were read from a cache; None if it is that of others.
        source: Where the price comes from.
    """

    input: float
    output: float
    cached: float | None = None
    source: str = ""


PRICE_FIELDS = (
    Field("input", "float", "prompt price", "US dollars per million tokens of the prompt.", REQUIRED, low=0),
    Field("output", "float", "reply price", "US dollars per million tokens of the reply.", REQUIRED, low=0),
    Field("cached", "float", "cached price", "US dollars per million tokens of the prompt that are read from a cache.", None,
          low=0),
)  # fmt: skip
"""The keys of a price, in an agent's table and in the person's file."""


def configured_price(table: Mapping[str, Any], path: KeyPath, faults: list[Fault], source: str = "configuration") -> Price | None:
    """The price in a table. Adds faults and returns None if the table is invalid."""
    found = len(faults)
    values = read_table(PRICE_FIELDS, table, path, faults)
    return None if len(faults) > found else Price(values["input"], values["output"], values["cached"], source)


def known_price(kind: str, model: str) -> Price | None:
    """The provider's official price of the model: from the person's own file, else from the library; None if it is unknown.

    On other servers a model of this name may cost anything, or nothing.
    """
    own, _ = _own_prices(_own.file)
    return own.get((kind, model)) or _library_price(kind, model)


# -- the person's own file -------------------------------------------------------------------------------------------------


class _OwnFile:
    """Where the person's own prices are."""

    file: Path | None = None


_own = _OwnFile()


def use_file(path: Path) -> tuple[Fault, ...]:
    """Makes this file the person's own prices. Returns its faults; a file that does not exist has none.

    It has a table for each kind of agent, with a price for each model:

        [openai]
        "gpt-6-luna" = { input = 0.10, output = 0.50, cached = 0.01 }
    """
    _own.file = path
    _own_prices.cache_clear()
    return tuple(replace(fault, message=f"{fault.message} ({path.name})") for fault in _own_prices(path)[1])


@lru_cache(maxsize=1)
def _own_prices(path: Path | None) -> tuple[Mapping[tuple[str, str], Price], tuple[Fault, ...]]:
    """The prices by kind and model, without those that are at fault."""
    if path is None:
        return {}, ()
    try:
        document = parse_toml(read_bytes(path, _MOST_BYTES).decode("utf-8-sig"))
    except FileNotFoundError:
        return {}, ()
    except (OSError, ValueError) as error:
        return {}, (Fault((), f"cannot be read: {getattr(error, 'strerror', None) or error}"),)
    prices: dict[tuple[str, str], Price] = {}
    faults: list[Fault] = []
    for kind, models in document.items():
        for model, table in models.items() if isinstance(models, dict) else [("", None)]:
            if not isinstance(table, dict):
                faults.append(Fault((kind, model) if model else (kind,), "expected { input = …, output = … } for each model"))
            elif (price := configured_price(table, (kind, model), faults, path.name)) is not None:
                prices[kind, model] = price
    return prices, tuple(faults)


# -- the library -----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _library_price(kind: str, model: str) -> Price | None:
    provider = _provider(kind)
    found = provider.find_model(model) if provider is not None else None
    if found is None:
        return None
    prices = found.get_prices(datetime.now(UTC))
    each = [_base(getattr(prices, name, None)) for name in ("input_mtok", "output_mtok", "cache_read_mtok")]
    if each[0] is None or each[1] is None:
        return None
    from importlib import metadata  # slow to import

    return Price(each[0], each[1], each[2], f"{LIBRARY} {metadata.version(LIBRARY)}")


def _base(price: Any) -> float | None:
    """The price of short prompts; some models have a higher one for hundreds of thousands of tokens."""
    return None if price is None else float(getattr(price, "base", price))


def _provider(kind: str) -> Any:
    return next((provider for provider in _providers() if provider.id == kind), None)


def _providers() -> Sequence[Any]:
    """The library's providers; none if it is not installed, so that prices are unknown."""
    try:
        snapshot = import_module("genai_prices.data_snapshot").get_snapshot()
    except ImportError:
        return ()
    providers: Sequence[Any] = snapshot.providers
    return providers
