"""What the kinds of language models have in common: the options of their [[agent]] table, and how an agent is made of them.

Every chain knows these options, since a file may name any kind; what it takes to ask a model comes with the first agent that does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from iicl_tui.agents.access import VARIABLE, Access, Credential, host_of, same_address
from iicl_tui.agents.base import Agent, AgentKind
from iicl_tui.agents.calls import Provider
from iicl_tui.agents.extra_body import check_extra
from iicl_tui.agents.money import configured_price, known_price
from iicl_tui.agents.retry import Patience
from iicl_tui.errors import Fault
from iicl_tui.schema import Field, describe
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.base import Task

if TYPE_CHECKING:  # most chains ask no model, and do without all that it takes
    from iicl_tui.agents.language import LanguageAgent
    from iicl_tui.tasks.wording import Wording

_KEY_ITSELF = 20
"""So many characters in mixed case and without _ are taken for a key, not for a variable's name."""


@dataclass(frozen=True)
class Api:
    """One provider's API. hottest: the highest temperature that it takes. beliefs: what its models' beliefs can be known from, the
    default first. urls: how the provider's own base-url may be written."""

    name: str
    title: str
    help: str
    model: str
    key_env: str
    hottest: float
    beliefs: tuple[str, ...]
    provider: str
    urls: tuple[str, ...]
    order: int
    lacks: frozenset[str] = frozenset()


def language_kind(api: Api) -> AgentKind:
    """The kind of agent that asks this API."""

    def build(values: Mapping[str, Any], task: Task, path: KeyPath, faults: list[Fault], folder: Path | None) -> Agent:
        return _build(api, values, task, path, faults, folder)

    return AgentKind(api.name, api.title, api.help, _fields(api), build, _embed, api.order)


def _fields(api: Api) -> tuple[Field, ...]:
    lacks = api.lacks
    no_seed = " This API has none: it is left out." if "seed" in lacks else ""
    has_logprobs = "logprobs" in api.beliefs
    return (
        Field("model", "str", "model", "The model's name, as the provider writes it.", api.model, convert=_named),
        Field("base-url", "str", "base URL", "The server's address, for a server of your own or another provider's that speaks the "
              "same protocol, as http://localhost:8080/v1. Empty: the provider's own.", None, convert=_url),
        Field("key-env", "str", "key's variable", "The environment variable that has the key. The key is never written down. "
              "A server of your own may need none.", api.key_env, convert=_variable),
        Field("temperature", "float", "temperature τ", f"Sent to the model; up to {api.hottest:g} here. What a model does not take "
              "is left out, and said.", 1.0, low=0, high=api.hottest),
        Field("top-p", "float", "top-p", "Sent to the model, where it is given.", None, low=0, high=1),
        Field("seed", "bool", "send a seed", "A seed from the chain's own random numbers goes with each call. Providers promise "
              f"little for it.{no_seed}", "seed" not in lacks),
        Field("max-tokens", "int", "tokens a reply", "A longer reply is cut off. Models that think aloud need more.", 1024, low=1,
              high=1_000_000),
        Field("belief", "choice", "belief from", ("logprobs: the log-probabilities of the reply's tokens. samples: hypotheses "
              "drawn again and again. none: not known." if has_logprobs else "samples: hypotheses drawn again and again. none: not "
              "known. This API gives no log-probabilities.") + " A task that states no rule (acronyms) has one way only: from the "
              "examples made.", api.beliefs[0], choices=api.beliefs),
        *([Field("top-logprobs", "int", "log-probabilities", "How many of the likeliest tokens are asked for at each place.", 5,
                 low=1, high=20),
           Field("reading", "choice", "reading", "spans: each state's tokens are found by their place in the reply. notebook: "
                 "as the paper's notebooks did, for comparison with their numbers.", "spans",
                 choices=("spans", "notebook")),
           Field("fallback", "choice", "without them", "What the belief is known from where the model gives no log-probabilities.",
                 "samples", choices=("samples", "none"))] if has_logprobs else []),
        Field("draws", "int", "draws", "How many hypotheses are drawn a generation where the belief is known from samples. Each is "
              "a call.", 10, low=1, high=1000),
        Field("smoothing", "float", "smoothing", "The weight of the uniform prior in that estimate, in draws.", 1.0, low=0.001,
              high=1000),
        Field("json-schema", "bool", "JSON schema", "Replies must follow a JSON schema. They can then always be read, but the "
              "log-probabilities are others.", False),
        Field("prompts", "any", "prompts", "A file of your own texts in place of the program's.", None, convert=_prompts),
        Field("timeout", "float", "time-out, s", "A reply that is not whole after so many seconds is given up.", 120.0, low=0.05,
              high=3600),
        Field("attempts", "int", "tries", "How often a call is tried that fails for a passing reason.", 5, low=1, high=100),
        Field("patience", "float", "patience, s", "No try begins later than this after the first.", 300.0, low=0, high=86_400),
        Field("retry-after", "float", "longest wait, s", "A server that asks for longer is not waited for: the chain stops, "
              "and can be resumed.", 60.0, low=0, high=86_400),
        Field("extra-body", "table", "extra body", "Goes into each request as it is.", {}, in_form=False),
        Field("price", "table", "price", "input, output: US dollars per million tokens, before what the program knows.", None,
              in_form=False),
    )  # fmt: skip


def _build(
    api: Api, values: Mapping[str, Any], task: Task, path: KeyPath, faults: list[Fault], folder: Path | None
) -> LanguageAgent:
    from iicl_tui.agents.language import Asking, LanguageAgent
    from iicl_tui.agents.measuring import Measuring
    from iicl_tui.tasks.prompts import Prompts

    wording = task.wording
    if wording is None:
        faults.append(Fault((*path, "kind"), f"the task {task.name} cannot be put to a language model"))
    prompts = wording.read_prompts(values["prompts"], (*path, "prompts"), faults, folder) if wording else Prompts({}, {})
    check_extra(values["extra-body"], (*path, "extra-body"), faults)
    base_url, model = values["base-url"], values["model"]
    if base_url is not None and any(same_address(base_url, url) for url in api.urls):
        base_url = None
    price = configured_price(values["price"], (*path, "price"), faults) if values["price"] is not None else None
    if price is None and base_url is None:  # what another server asks for a model of this name, nobody knows
        price = known_price(api.name, model)
    measuring = Measuring(
        values["belief"], values["draws"], values["smoothing"], values.get("top-logprobs", 0), values.get("reading", ""),
        values.get("fallback", "none"), values["json-schema"],
    )  # fmt: skip
    asking = Asking(
        model, values["max-tokens"], measuring, values["temperature"], values["top-p"], values["seed"], values["json-schema"]
    )

    credential = Credential(values["key-env"], base_url, api.key_env, api.urls[0])

    def connect(access: Access) -> Provider:
        module, _, name = api.provider.partition(":")
        made: Provider = getattr(import_module(module), name)(
            model,
            base_url=base_url,
            key=access.key(credential),
            key_env=credential.variable,
            timeout=values["timeout"],
            extra_body=values["extra-body"],
        )
        return made

    return LanguageAgent(
        api.name,
        task,
        cast("Wording", wording),  # without one there is a fault, and nobody asks the agent anything
        prompts,
        asking,
        connect,
        credential,
        lacks=api.lacks,
        patience=Patience(values["attempts"], values["patience"], values["retry-after"]),
        price=price,
    )


def _embed(table: Mapping[str, Any], task: Task, folder: Path | None) -> dict[str, Any]:
    """With the texts themselves, also the program's own: those of a later version may be others."""
    from iicl_tui.tasks.prompts import as_table

    assert task.wording is not None
    return {**table, "prompts": as_table(task.wording.read_prompts(table.get("prompts"), (), [], folder))}


def _named(text: str) -> str:
    if not text.strip() or text != text.strip() or not text.isprintable() or len(text) > 200:
        raise ValueError("expected the name of a model, without blanks at its ends")
    return text


def _url(text: str) -> str:
    """Raises ValueError for what is no plain address. A password in it would be written to files."""
    parts = urlsplit(text)  # raises ValueError for a broken one
    if not (parts.hostname or "").isascii():
        raise ValueError("expected a host in ASCII; a name with other letters has a form that begins with xn--")
    if parts.scheme not in ("http", "https") or not host_of(text):
        raise ValueError("expected an address as http://localhost:8080/v1")
    if parts.username is not None or parts.password is not None:
        raise ValueError("an address with a name or password in it would be written into files; give the key by `key-env`")
    if parts.query or parts.fragment or any(char.isspace() or not char.isprintable() for char in text):
        raise ValueError("expected an address without blanks, ? or #")
    return text


def _variable(text: str) -> str:
    """Raises ValueError without repeating the text: it may be the key itself."""
    itself = len(text) >= _KEY_ITSELF and "_" not in text and text != text.upper()
    if itself or not VARIABLE.fullmatch(text):
        raise ValueError("expected the name of an environment variable, as OPENAI_API_KEY; a key itself must not stand in a file")
    return text


def _prompts(value: Any) -> Any:
    if not isinstance(value, (str, dict)):
        raise ValueError(f"expected a file's name in quotes, or the texts in a table, found {describe(value)}")
    return value
