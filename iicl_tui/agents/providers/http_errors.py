"""Turns every provider's HTTP statuses and error bodies into CallFailed."""

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

# What providers and local servers write, in the order of the checks. Codes are preferred to messages.
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
"""The APIs' spellings of Request.PARAMETERS."""

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


def failure_from_response(endpoint: Endpoint, raw: RawResponse, request: Request) -> CallFailed:
    """The failure for a status other than 2xx, or for an error inside a 200, whose body may name the status."""
    assert raw.status is not None
    error = parse_error_body(raw.body or b"")
    status = raw.status if raw.status >= 300 else error.status or raw.status
    if 300 <= status < 400:
        return _redirect(endpoint, raw, status)
    failure = _classify(endpoint, error, status, request)
    if failure.retriable:
        failure.retry_after = retry_after(raw.headers)
    failure.status = status
    return failure


def rejects_parameter(error: ErrorBody, parameter: str) -> bool:
    """Whether the error says that the server does not know this parameter, given its spelling in the request."""
    named = re.search(rf"(?<!\w){re.escape(parameter)}(?!\w)", error.message) is not None
    return (parameter in error.params or (not error.params and named)) and (
        bool(error.codes & {"unsupported_parameter", "extra_forbidden"}) or _NOT_TAKEN.search(error.message) is not None
    )


def _classify(endpoint: Endpoint, error: ErrorBody, status: int, request: Request) -> CallFailed:
    words, codes = error.message, error.codes
    answered = f"{endpoint.name} answered {status}"
    quoted = endpoint.quote(words)
    stop = "" if quoted[-2:-1] in (".", "!", "?", "…") else "."
    what = f"{answered}: {quoted}{stop}" if quoted else f"{answered} without a reason."
    if status == 402 or (status < 500 and (codes & _NO_CREDIT_CODES or _NO_CREDIT.search(words))):
        return CallFailed(
            "no-credit",
            f"No credit left with {endpoint.who}",
            what,
            "Add credit to your account there, then resume the session.",
        )
    if status < 500 and status != 429:
        elsewhere = [param for param in error.params if param != "model"]
        if (
            codes & _MODEL_CODES
            or "model" in error.params
            or (status in (400, 404, 422) and not elsewhere and _MODEL.search(words))
        ):
            return _unknown_model(what)
        if status in (404, 405) and not endpoint.own:
            return CallFailed(
                "bad-request",
                "There is no API at that address",
                f"{what} The call went to {endpoint.address}.",
                "Check base-url. For most OpenAI-compatible servers it ends in /v1.",
            )
        if status == 404:
            return _unknown_model(what)
    if status in (400, 413, 422) or (status == 429 and _TOO_LONG.search(words)):
        if status == 413 or codes & _TOO_LONG_CODES or _TOO_LONG.search(words):
            return CallFailed(
                "too-long",
                "The request is too long for the model",
                what,
                "Lower the look-back, the number of examples or max-tokens, or use a model with a larger context.",
            )
        if codes & _REFUSED_CODES or _REFUSED.search(words):
            return CallFailed(
                "refused",
                "The content filter refused the call",
                what,
                "Word the prompts differently (`prompts`), or use another model.",
            )
    if status in (400, 403, 422):
        parameter = _parameter(error, request)
        if parameter is not None:
            return _about_parameter(parameter, error, what)
    if status in (401, 403) or (status == 400 and _KEY.search(words)):
        return _key_refused(endpoint, what)
    if status in (408, 409, 425, 429):
        return CallFailed("busy", f"{endpoint.who} is busy", what, "Wait a while, then resume the session.")
    if status >= 500:
        return CallFailed(
            "server", f"Server error at {endpoint.who}", what, "Wait a while, then resume the session. The cause is at the server."
        )
    if status < 300:
        return CallFailed(
            "unexpected-shape", "An error came instead of a reply", what, "Check base-url, the model, and what the server logs."
        )
    return CallFailed(
        "bad-request",
        "The server rejects the request",
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
            f"{endpoint.host} needs a key",
            f"{what} No key was sent.",
            "Set key-env to the environment variable that holds it, and consent to sending it to this host: the lab asks, "
            "and `run` and `resume` take --trust HOST or VARIABLE@HOST.",
        )
    return CallFailed(
        "key-refused",
        f"{endpoint.who} rejects the key",
        what,
        f"Check the key in {endpoint.quote(endpoint.key_env)}, and that it may use this model.",
    )


def _redirect(endpoint: Endpoint, raw: RawResponse, status: int) -> CallFailed:
    where = endpoint.quote(raw.headers.get("location", "")) or "an unnamed address"
    return CallFailed(
        "bad-request",
        "The server redirects the request",
        f"{endpoint.name} answered {status}: a redirect to {where}. It was not followed, because it would have received the key.",
        "If you trust that address, make it the agent's base-url.",
        status=status,
    )


def _parameter(error: ErrorBody, request: Request) -> str | None:
    """The sent parameter that the error is about."""
    asked = [name for name in Request.PARAMETERS if getattr(request, name) is not None]
    if error.params:
        named = [re.split(r"[.\[]", param)[0] for param in error.params]
        return next((name for name in asked if any(re.fullmatch(_NAMES[name], param, re.I) for param in named)), None)
    start = error.message[:400]  # some servers repeat the whole request after the message
    found = {name: hit.start() for name in asked if (hit := re.search(rf"(?<![\w-])(?:{_NAMES[name]})(?!\w)", start, re.I))}
    if {"temperature", "top_p"} <= found.keys():
        found.pop("temperature")  # only one of the two is allowed, and the temperature matters to the experiment
    return min(found, key=lambda name: found[name]) if found else None


def _about_parameter(parameter: str, error: ErrorBody, what: str) -> CallFailed:
    shown = {"top_p": "top-p", "top_logprobs": "log-probabilities", "schema": "the JSON schema"}.get(parameter, parameter)
    beyond = any(_RANGE_CODES.search(code) for code in error.codes) or _RANGE.search(error.message) is not None
    if beyond and not _NOT_TAKEN.search(error.message) and parameter != "schema":
        # Without it the reply would come from another distribution than the person asked for.
        return CallFailed(
            "bad-request",
            f"Invalid value of {shown}",
            what,
            f"Correct the agent's {shown}.",
            parameter=parameter,
        )
    return CallFailed(
        "parameter",
        f"The model does not support {shown}",
        what,
        f"Remove {shown}, or use another model.",
        parameter=parameter,
    )


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """How long the server asks to wait, in seconds ≥ 0, from retry-after-ms or Retry-After (seconds or an HTTP date)."""
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
