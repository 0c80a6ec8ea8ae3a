"""The options that all language models share, and how an agent is built from them.

Every chain needs the options, because a file may name any kind. The modules that call models are imported with the first agent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from iicl_tui.agents.access import VARIABLE_NAME, Access, Credential, host_of, same_address
from iicl_tui.agents.base import Agent, AgentKind
from iicl_tui.agents.calls import Provider
from iicl_tui.agents.extra_body import check_extra
from iicl_tui.agents.model_names import known_sampling
from iicl_tui.agents.plain_text import TEXT_CONTINUATIONS, TEXT_FIELDS, text_options
from iicl_tui.agents.prices import Price, configured_price, known_price
from iicl_tui.agents.prior_belief import PRIOR_FIELD, asks_prior
from iicl_tui.agents.retry import RetryPolicy
from iicl_tui.agents.score_options import SCORE_FIELDS, SCORE_HELP, BeliefField, choice_of, score_settings
from iicl_tui.errors import Fault
from iicl_tui.schema import Field, describe
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.base import Task

if TYPE_CHECKING:  # imported only by chains that ask a model
    from iicl_tui.agents.language import LanguageAgent
    from iicl_tui.tasks.wording import Wording

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""The values of `reasoning-effort`."""
MAX_REPLY_MB = 4.0
"""The default limit of a response in MB."""
_KEY_ITSELF = 20
"""A text of this many characters in mixed case and without _ is taken for a key, not for a variable's name."""


@dataclass(frozen=True)
class ApiSpec:
    """One provider's API.

    Attributes:
        name: The agent's kind.
        title: The name for a person.
        help: A one-line description.
        model: The default model.
        key_env: The default environment variable for the key.
        max_temperature: The highest temperature that the API accepts.
        belief_sources: What beliefs can be estimated from, the default first.
        provider: "module:class" of the provider.
        urls: The spellings of the official base URL.
        order: The position in lists of kinds.
        unsupported: The request parameters that the API never takes.
        continuations: How servers can be told to continue a given beginning of an answer, see `scored_belief.CONTINUATIONS`. Empty
            if none can.
        official_continues: Whether the official server can.
        models: How the names of its models begin; "" for an API that serves any model.
        completes_text: Whether its servers may also continue a text without a chat template.
        schema_bounds: Whether its JSON schemas can bound the lengths and letters of texts.
    """

    name: str
    title: str
    help: str
    model: str
    key_env: str
    max_temperature: float
    belief_sources: tuple[str, ...]
    provider: str
    urls: tuple[str, ...]
    order: int
    unsupported: frozenset[str] = frozenset()
    continuations: tuple[str, ...] = ()
    official_continues: bool = False
    models: tuple[str, ...] = ()
    schema_bounds: bool = False
    completes_text: bool = False


def language_kind(api: ApiSpec) -> AgentKind:
    """The kind of agent that uses this API."""

    def build(values: Mapping[str, Any], task: Task, path: KeyPath, faults: list[Fault], folder: Path | None) -> Agent:
        return build_agent(api, values, task, path, faults, folder)

    gives_logprobs = "logprobs" in api.belief_sources
    return AgentKind(
        api.name, api.title, api.help, language_fields(api), build, embed_prompts, api.order, api.models, gives_logprobs
    )


def language_fields(api: ApiSpec) -> tuple[Field, ...]:
    """The options of a kind."""
    unsupported = api.unsupported
    no_seed = " This API has no seed, so none is sent." if "seed" in unsupported else ""
    has_logprobs = "logprobs" in api.belief_sources
    return (
        Field("model", "str", "model", "The model's name, as the provider writes it.", api.model, convert=model_name),
        Field("base-url", "str", "base URL", "The address of your own or another provider's server that speaks the same "
              "protocol, such as http://localhost:8080/v1. Empty: the provider's official server.", None, convert=_url),
        Field("key-env", "str", "key's variable", "The environment variable that holds the key. The key is never written to a "
              "file. Your own server may need none.", api.key_env, convert=_variable),
        *(TEXT_FIELDS if api.completes_text else ()),
        Field("temperature", "float", "temperature τ", f"Sent to the model; at most {api.max_temperature:g} here. If a model "
              "does not support it, it is left out with a notice.", 1.0, low=0, high=api.max_temperature),
        Field("top-p", "float", "top-p", "Sent to the model if it is set.", None, low=0, high=1),
        *([Field("reasoning-effort", "choice", "reasoning effort", "How much the model thinks before it answers, where it can be "
                 "told. Empty: as it does by itself; OpenAI's models that take a temperature and give log-probabilities only "
                 "without thinking are told none if these are needed.", None, choices=EFFORTS)]
          if "reasoning_effort" not in unsupported else []),
        Field("seed", "bool", "send a seed", "Sends a seed from the chain's random numbers with each call. Providers do not "
              f"guarantee reproducible replies.{no_seed}", "seed" not in unsupported),
        Field("max-tokens", "int", "tokens a reply", "The longest reply. A longer one is cut off. Reasoning models need more.",
              1024, low=1, high=1_000_000),
        BeliefField("belief", "choice", "belief from", ((SCORE_HELP if api.continuations else "") + "logprobs: factorised, along "
                    "the tokens of one reply. samples: repeatedly drawn hypotheses. none: not estimated." if has_logprobs else
                    "samples: repeatedly drawn hypotheses. none: not estimated. This API gives no log-probabilities.") + " In a "
                    "task that states no rule (acronyms, texts) the belief is inferred from the examples made; in ACRE with hidden "
                    "rules score and samples ask for rules beside the chain.",
                    api.belief_sources[0], choices=api.belief_sources),
        *(SCORE_FIELDS if api.continuations else ()),
        *([Field("top-logprobs", "int", "log-probabilities", "How many of the likeliest tokens are requested at each position.", 5,
                 low=1, high=20),
           Field("reading", "choice", "reading", "spans: finds each state's tokens by their position in the reply. notebook: "
                 "reads them as the paper's notebooks did, to compare numbers.", "spans",
                 choices=("spans", "notebook")),
           Field("fallback", "choice", "without them", "What the belief is estimated from if the model gives no log-probabilities.",
                 "samples", choices=("samples", "none"))] if has_logprobs else []),
        Field("draws", "int", "draws", "How many hypotheses are drawn per generation to estimate the belief. Each is a "
              "call.", 10, low=1, high=1000),
        Field("smoothing", "float", "smoothing", "The weight of the uniform prior in that estimate, in draws.", 1.0, low=0.001,
              high=1000),
        PRIOR_FIELD,
        Field("json-schema", "bool", "JSON schema", "Replies must follow a JSON schema. They are then always readable, but the "
              "log-probabilities change.", False),
        Field("prompts", "any", "prompts", "A file with your own texts instead of the program's.", None, convert=_prompts),
        Field("timeout", "float", "time-out, s", "A reply that is not complete after so many seconds is abandoned.", 120.0,
              low=0.05, high=3600),
        Field("attempts", "int", "tries", "How many attempts a call gets if it fails for a transient reason. Empty: as many "
              "as fit into the patience while the server is loading, overloaded or limits the rate, otherwise 5.", None,
              low=1, high=100),
        Field("patience", "float", "patience, s", "A failed call is retried for so long. No attempt starts later.", 300.0,
              low=0, high=86_400),
        Field("retry-after", "float", "longest wait, s", "If a server asks for a longer wait, the chain stops and can be "
              "resumed. Empty: the patience.", None, low=0, high=86_400),
        Field("max-reply", "float", "largest reply, MB", "A larger response, also decompressed, is not read and the call "
              "fails.", MAX_REPLY_MB, low=0.001, high=1000),
        Field("extra-body", "table", "extra body", "Added to each request unchanged.", {}, in_form=False),
        Field("price", "table", "price", "input, output: US dollars per million tokens, in place of the known price. cached: of "
              "a prompt's tokens that come from a cache.", None, in_form=False),
    )  # fmt: skip


def build_agent(
    api: ApiSpec, values: Mapping[str, Any], task: Task, path: KeyPath, faults: list[Fault], folder: Path | None
) -> LanguageAgent:
    from iicl_tui.agents.belief_estimator import BeliefEstimator
    from iicl_tui.agents.language import LanguageAgent
    from iicl_tui.agents.request_settings import RequestSettings
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
    text = text_options(values, path, faults)
    continues = api.official_continues or base_url is not None or bool(text)
    scores = score_settings(values, task, TEXT_CONTINUATIONS if text else api.continuations, continues, api.title, path, faults)
    estimator = BeliefEstimator(
        values["belief"], values["draws"], values["smoothing"], values.get("top-logprobs", 0), values.get("reading", ""),
        values.get("fallback", "none"), values["json-schema"], scores, values["temperature"],
        asks_prior(values, task, path, faults),
    )  # fmt: skip
    effort = values.get("reasoning-effort")
    if scores is not None and effort not in (None, "none"):
        what = 'the belief is scored without thinking: "none" or nothing can stand here, or belief = "logprobs" or "samples"'
        faults.append(Fault((*path, "reasoning-effort"), what))
    needs_sampling = estimator.asks_logprobs or values["temperature"] != 1
    if not text and effort is None and needs_sampling and known_sampling(api.name, model, base_url is None) == "without-reasoning":
        effort = "none"
    settings = RequestSettings(
        model, values["max-tokens"], estimator, values["temperature"], values["top-p"], values["seed"], values["json-schema"],
        effort, choice_of(values), api.schema_bounds, bool(text),
    )  # fmt: skip

    def find_price() -> Price | None:
        return known_price(api.name, model) if price is None and base_url is None else price  # on another server it is unknown

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
            max_reply=round(values["max-reply"] * 1e6),
            **text,
        )
        return made

    return LanguageAgent(
        api.name,
        task,
        cast("Wording", wording),  # without one there is a fault, and the agent is never used
        prompts,
        settings,
        connect,
        credential,
        unsupported=api.unsupported,
        retry_policy=RetryPolicy(values["attempts"], values["patience"], values["retry-after"]),
        find_price=find_price,
    )


def embed_prompts(table: Mapping[str, Any], task: Task, folder: Path | None) -> dict[str, Any]:
    """Reads the prompts into the table, including the program's own, which may change in a later version."""
    from iicl_tui.tasks.prompts import as_table

    assert task.wording is not None
    return {**table, "prompts": as_table(task.wording.read_prompts(table.get("prompts"), (), [], folder))}


def model_name(text: str) -> str:
    """Checks the name of a model. Raises ValueError."""
    if not text.strip() or text != text.strip() or not text.isprintable() or len(text) > 200:
        raise ValueError("expected the name of a model, without blanks at its ends")
    return text


def _url(text: str) -> str:
    """Checks a base URL. Raises ValueError if it is not a plain address; a password in it would be written to files."""
    parts = urlsplit(text)  # raises ValueError for a malformed one
    if not (parts.hostname or "").isascii():
        raise ValueError("expected a host in ASCII; write other letters in the form that begins with xn--")
    if parts.scheme not in ("http", "https") or not host_of(text):
        raise ValueError("expected an address such as http://localhost:8080/v1")
    if parts.username is not None or parts.password is not None:
        raise ValueError("an address with a name or password in it would be written into files; use `key-env` for the key")
    if parts.query or parts.fragment or any(char.isspace() or not char.isprintable() for char in text):
        raise ValueError("expected an address without blanks, ? or #")
    return text


def _variable(text: str) -> str:
    """Checks the name of a variable. Raises ValueError without repeating the text, which may be the key itself."""
    is_key = len(text) >= _KEY_ITSELF and "_" not in text and text != text.upper()
    if is_key or not VARIABLE_NAME.fullmatch(text):
        raise ValueError("expected the name of an environment variable, such as OPENAI_API_KEY; a key must not be in a file")
    return text


def _prompts(value: Any) -> Any:
    if not isinstance(value, (str, dict)):
        raise ValueError(f"expected a file's name in quotes, or the texts in a table, found {describe(value)}")
    return value
