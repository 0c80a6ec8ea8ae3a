"""What a server's refusal means: every status and error body of every provider as one type of error."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from iicl_tui.agents.calls import Request
from iicl_tui.agents.failures import CallFailed
from iicl_tui.agents.providers.endpoint import Endpoint
from iicl_tui.agents.providers.error_body import ErrorBody, parse_error_body
from iicl_tui.agents.providers.http_client import RawResponse

# What providers and local servers write, in the order in which they are looked for. A code decides; words do where there is none.
_NO_CREDIT_CODES = {
    "insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "billing_error", "insufficient_credits",
    "payment_required",
}  # fmt: skip
_NO_CREDIT = re.compile(
    r"credit balance|insufficient (?:quota|credits?|funds|balance)|exceeded your current quota|account is not active", re.I
)
_KEY = re.compile(r"(?:invalid|incorrect) api[ _-]?key|api[ _-]?key (?:is )?(?:not valid|invalid|incorrect)", re.I)
_TOO_LONG_CODES = {"context_length_exceeded", "exceed_context_size_error", "request_too_large", "string_above_max_length"}
_TOO_LONG = re.compile(
    r"maximum context|context[ _-]?(?:length|window|size|limit)|prompt is too long|too many (?:input |prompt )?tokens"
    r"|too large for model with|reduce the length of the (?:messages|prompt)|^request too large",
    re.I,
)
_MODEL_CODES = {"model_not_found", "invalid_model", "model_not_available", "unknown_model"}
_MODEL = re.compile(
    r"\b(?:unknown|invalid|no such) model\b|\bmodel\b.{0,120}?(?:not found|not exist|not available|unavailable)|^model:", re.I
)
_REFUSED_CODES = {"content_filter", "content_policy_violation", "responsibleaipolicyviolation", "moderation_blocked"}
_REFUSED = re.compile(
    r"content (?:filter|management policy|polic|moderation)|(?:violat\w+|flagged).{0,60}polic|flagged by|safety system", re.I
)

_NAMES: Mapping[str, str] = {
    "temperature": r"temperature",
    "top_p": r"top[_-]?p",
    "seed": r"(?:random_)?seed",
    "top_logprobs": r"(?:top_)?log[_-]?prob(?:s|abilities)?|log probabilities",
    "schema": r"response[_ ]format|json[_ ]schema|output_config|output_format|structured outputs?|guided_json",
}
"""How the APIs spell each of Request.PARAMETERS."""

_NOT_TAKEN = re.compile(
    r"not (?:\w+ )?support|unsupported|not (?:permitted|allowed|available)|unknown|unrecogni[sz]ed|unexpected|deprecated"
    r"|only the default",
    re.I,
)
_RANGE_CODES = re.compile(r"_(?:above_max|below_min)_value$|^(?:less|greater)_than(?:_equal)?$")
_RANGE = re.compile(
    r"(?:less|greater|lower|higher|smaller|larger) than|at (?:most|least)|[<>≤≥]|\bbetween\b|\brange\b|maximum value|minimum value",
    re.I,
)


def refusal(endpoint: Endpoint, heard: RawResponse, request: Request) -> CallFailed:
    """The failure that an answer other than 2xx means; or an error within a 200, whose body then names the status."""
    assert heard.status is not None
    said = parse_error_body(heard.body or b"")
    status = heard.status if heard.status >= 300 else said.status or heard.status
    if 300 <= status < 400:
        return _redirect(endpoint, heard, status)
    failure = _judge(endpoint, said, status, request)
    if failure.retriable:
        failure.retry_after = retry_after(heard.headers)
    failure.status = status
    return failure


def rejects_parameter(said: ErrorBody, parameter: str) -> bool:
    """Whether a server says that it does not know this parameter, spelled as it was sent."""
    named = re.search(rf"(?<!\w){re.escape(parameter)}(?!\w)", said.message) is not None
    return (parameter in said.params or (not said.params and named)) and (
        bool(said.codes & {"unsupported_parameter", "extra_forbidden"}) or _NOT_TAKEN.search(said.message) is not None
    )


def _judge(endpoint: Endpoint, said: ErrorBody, status: int, request: Request) -> CallFailed:
    words, codes = said.message, said.codes
    answered = f"{endpoint.name} answered {status}"
    quoted = endpoint.quote(words)
    stop = "" if quoted[-2:-1] in (".", "!", "?", "…") else "."
    what = f"{answered}: {quoted}{stop}" if quoted else f"{answered} and gave no reason."
    if status == 402 or (status < 500 and (codes & _NO_CREDIT_CODES or _NO_CREDIT.search(words))):
        return CallFailed(
            "no-credit",
            f"No credit left with {endpoint.who}",
            what,
            "Add credit to your account there, then resume the session.",
        )
    if status < 500 and status != 429:
        elsewhere = [param for param in said.params if param != "model"]
        if codes & _MODEL_CODES or "model" in said.params or (status in (400, 404, 422) and not elsewhere and _MODEL.search(words)):
            return _unknown_model(what)
        if status in (404, 405) and not endpoint.own:
            return CallFailed(
                "bad-request",
                "Nobody answers at that address",
                f"{what} The call went to {endpoint.address}.",
                "Check base-url; most servers that speak as OpenAI does want /v1 at its end.",
            )
        if status == 404:
            return _unknown_model(what)
    if status in (400, 413, 422) or (status == 429 and _TOO_LONG.search(words)):
        if status == 413 or codes & _TOO_LONG_CODES or _TOO_LONG.search(words):
            return CallFailed(
                "too-long",
                "The call is longer than the model can take",
                what,
                "Lower the look-back, the number of examples or max-tokens, or take a model with a larger context.",
            )
        if codes & _REFUSED_CODES or _REFUSED.search(words):
            return CallFailed(
                "refused",
                "The content filter refused the call",
                what,
                "Word the prompts differently (`prompts`), or take another model.",
            )
    if status in (400, 403, 422):
        parameter = _parameter(said, request)
        if parameter is not None:
            return _about_parameter(parameter, said, what)
    if status in (401, 403) or (status == 400 and _KEY.search(words)):
        return _key_refused(endpoint, what)
    if status in (408, 409, 425, 429):
        return CallFailed("busy", f"{endpoint.who} is busy", what, "Wait a while, then resume the session.")
    if status >= 500:
        return CallFailed(
            "server", f"A fault at the end of {endpoint.who}", what, "Wait a while, then resume the session; it is not your doing."
        )
    if status < 300:
        return CallFailed(
            "unexpected-shape", "An error came instead of a reply", what, "Check base-url, the model, and what the server logs."
        )
    return CallFailed(
        "bad-request",
        "The server does not take the call",
        what,
        "Check the agent's options, such as max-tokens and extra-body.",
    )


def _unknown_model(what: str) -> CallFailed:
    return CallFailed(
        "unknown-model",
        "The model is unknown",
        what,
        "Correct the agent's model; your account may also lack access to it.",
    )


def _key_refused(endpoint: Endpoint, what: str) -> CallFailed:
    if endpoint.key is None:
        return CallFailed(
            "key-refused",
            f"{endpoint.host} wants a key",
            f"{what} No key was sent.",
            "Name the environment variable that holds it with key-env, and agree to send it to this host: the lab asks, "
            "and `run` and `resume` take --trust HOST or VARIABLE@HOST.",
        )
    return CallFailed(
        "key-refused",
        f"{endpoint.who} refuses the key",
        what,
        f"Check the key in {endpoint.quote(endpoint.key_env)}, and that it may use this model.",
    )


def _redirect(endpoint: Endpoint, heard: RawResponse, status: int) -> CallFailed:
    where = endpoint.quote(heard.headers.get("location", "")) or "nowhere in particular"
    return CallFailed(
        "bad-request",
        "The server sends calls elsewhere",
        f"{endpoint.name} answered {status}: the call should go to {where}. It did not, since the key would have gone along.",
        "If you trust that address, make it the agent's base-url.",
        status=status,
    )


def _parameter(said: ErrorBody, request: Request) -> str | None:
    """Which of the parameters that were asked for the server complains of."""
    asked = [name for name in Request.PARAMETERS if getattr(request, name) is not None]
    if said.params:
        named = [re.split(r"[.\[]", param)[0] for param in said.params]
        return next((name for name in asked if any(re.fullmatch(_NAMES[name], param, re.I) for param in named)), None)
    start = said.message[:400]  # some servers repeat the whole request after their complaint
    found = {name: hit.start() for name in asked if (hit := re.search(rf"(?<![\w-])(?:{_NAMES[name]})(?!\w)", start, re.I))}
    if {"temperature", "top_p"} <= found.keys():
        found.pop("temperature")  # one of the two at a time: the temperature is the experiment
    return min(found, key=lambda name: found[name]) if found else None


def _about_parameter(parameter: str, said: ErrorBody, what: str) -> CallFailed:
    shown = {"top_p": "top-p", "top_logprobs": "log-probabilities", "schema": "the JSON schema"}.get(parameter, parameter)
    beyond = any(_RANGE_CODES.search(code) for code in said.codes) or _RANGE.search(said.message) is not None
    if beyond and not _NOT_TAKEN.search(said.message) and parameter != "schema":
        # Left out, the reply would come, but not from the distribution that the person asked for.
        return CallFailed(
            "bad-request",
            f"A value that {shown} cannot have",
            what,
            f"Correct the agent's {shown}.",
            parameter=parameter,
        )
    return CallFailed(
        "parameter",
        f"The model does not take {shown}",
        what,
        f"Leave {shown} out, or take another model.",
        parameter=parameter,
    )


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds ≥ 0 that the server asks one to wait, from retry-after-ms or Retry-After (seconds or an HTTP date)."""
    for name, unit in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        try:
            seconds = float(value) * unit
        except ValueError:
            continue
        if math.isfinite(seconds):
            return max(0.0, seconds)
    try:
        date = parsedate_to_datetime(headers.get("retry-after", ""))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - (now or datetime.now(UTC))).total_seconds())
