"""Turns every provider's HTTP statuses and error bodies into CallFailed."""

from __future__ import annotations

import re
from collections.abc import Mapping

from iicl_tui.agents.calls import Request
from iicl_tui.agents.failures import CallFailed
from iicl_tui.agents.providers.endpoint import Endpoint
from iicl_tui.agents.providers.error_body import ErrorBody, parse_error_body
from iicl_tui.agents.providers.http_client import RawResponse
from iicl_tui.agents.providers.waits import retry_after

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
    "reasoning_effort": r"reasoning[_. ]effort",
    "n": r"n(?=['\"`:= ]|$)|completion choices?",
    "schema": r"response[_ ]format|json[_ ]schema|output_config|output_format|structured outputs?|guided_json",
}
"""The APIs' spellings of Request.PARAMETERS."""

_SHOWN = {
    "top_p": "top-p", "top_logprobs": "log-probabilities", "schema": "the JSON schema", "reasoning_effort": "reasoning-effort",
    "n": "several replies to one call",
}  # fmt: skip
"""The names of parameters for a person, where they differ."""

_DISPENSABLE = ("schema", "reasoning_effort", "n")
"""Parameters whose values a model may not know; the reply is asked for without them."""

_NOT_TAKEN = re.compile(
    r"not (?:\w+ )?support|unsupported|no such field|extra (?:fields?|inputs?)|does not (?:accept|take)|not accepted"
    r"|not (?:permitted|allowed|available)|unknown|unrecogni[sz]ed|unexpected|deprecated|only the default",
    re.I,
)
_NEGATED = r"(?:not|n't|un)[ -]?(?:\w+ )?(?:support|allow|permit|enabl|accept)\w*"
_SYSTEM = r"\b(?:system|developer)[`'\"]?[ _-]*(?:role|message|prompt|instruction)s?\b"
_NO_SYSTEM_ROLE = re.compile(
    rf"{_SYSTEM}.{{0,80}}?{_NEGATED}|{_NEGATED}.{{0,60}}?{_SYSTEM}"
    rf"|\brole\W{{1,4}}(?:system|developer)\b.{{0,60}}?{_NEGATED}"
    r"|\broles?\b.{0,80}?(?:got|found|unknown|invalid|unexpected|not)\W+(?:\w+\W+){0,3}?system\b"
    r"|\bonly (?:the )?\W*(?:user|assistant)\b.{0,60}?\broles?\b"
    r"|\b(?:invalid|unknown|unexpected|unsupported)\b.{0,30}?\brole\b.{0,30}?\bsystem\b"
    r"|\broles?\b.{0,40}?\balternat|\balternat\w+.{0,60}?\b(?:user|roles?)\b"
    r"|\bsystem\b\W{1,4}is (?:not an?|no|an? (?:in|un)\w+) (?:\w+ )?role"
    r"|\brole\W{1,4}input should be\W{1,4}(?:user|assistant)\W{1,4}or\W{1,4}(?:user|assistant)\b"
    r"|messages(?:\[0\]|\.0\.)\W{0,3}role\b.{0,60}?\bsystem\b|first message.{0,40}?\buser\b",
    re.I | re.S,
)
"""How servers say that a model has no system role, or that user and assistant must alternate strictly."""
_PASSING = re.compile(
    r"\bloading\b|warming up|\bstarting\b|overloaded|capacity|try again|temporar|too many requests|rate.?limit|busy", re.I
)
"""Signs that a server will recover."""
_STREAM_ONLY = re.compile(
    r"\bstream(?:ing|ed)?\b.{0,40}?\b(?:only|mode|required|must|mandatory|enable|turn(?:ed)? on|set to true)\b"
    r"|\b(?:only|must|requires?|needs?|enable|set|use)\b.{0,40}?\bstream(?:ing|ed)?\b",
    re.I,
)
_WANTS_TLS = re.compile(
    r"plain HTTP request was sent to HTTPS port|HTTP request to an HTTPS server|client sent an HTTP request", re.I
)
_RANGE_CODES = re.compile(r"_(?:above_max|below_min)_value$|^(?:less|greater)_than(?:_equal)?$")
_RANGE = re.compile(
    r"(?:less|greater|lower|higher|smaller|larger) than|at (?:most|least)|[<>≤≥]|\bbetween\b|\brange\b|maximum value|minimum value",
    re.I,
)


def failure_from_response(endpoint: Endpoint, raw: RawResponse, request: Request, inner: ErrorBody | None = None) -> CallFailed:
    """The failure for a status other than 2xx, or for an error inside a 200, whose body may name the status.

    Args:
        endpoint: The server.
        raw: The response.
        request: The request.
        inner: The error inside a 200.
    """
    assert raw.status is not None
    error = inner or parse_error_body(raw.body or b"")
    status = raw.status if raw.status >= 300 else error.status or raw.status
    if 300 <= status < 400:
        return _redirect(endpoint, raw, status)
    failure = _classify(endpoint, error, status, request, raw.body or b"")
    failure.status = status
    if failure.retriable:
        waits = [wait for wait in (retry_after(raw.headers), error.wait) if wait is not None]
        failure.retry_after = max(waits, default=None)
        passing = status in (425, 429, 502, 503, 504, 529) or _PASSING.search(error.message) is not None
        failure.hopeful = failure.hopeful or failure.retry_after is not None or passing
    return failure


def asks_for_stream(error: ErrorBody) -> bool:
    """Whether the error says that the model can only be used with streaming."""
    return _STREAM_ONLY.search(error.message[:600]) is not None or "stream" in error.params


def rejects_parameter(error: ErrorBody, parameter: str) -> bool:
    """Whether the error says that the server does not know this parameter, given its spelling in the request."""
    named = re.search(rf"(?<!\w){re.escape(parameter)}(?!\w)", error.message) is not None
    return (parameter in error.params or (not error.params and named)) and (
        bool(error.codes & {"unsupported_parameter", "extra_forbidden"}) or _NOT_TAKEN.search(error.message) is not None
    )


def _classify(endpoint: Endpoint, error: ErrorBody, status: int, request: Request, body: bytes) -> CallFailed:
    words, codes = error.message, error.codes
    answered = f"{endpoint.name} answered {status}"
    quoted = endpoint.quote(words) or endpoint.quote(body[:4000].decode("utf-8", "replace"), 300)
    stop = "" if quoted[-2:-1] in (".", "!", "?", "…") else "."
    what = f"{answered}: {quoted}{stop}" if quoted and body != b"null" else f"{answered} without a reason."
    if any(message.role == "system" for message in request.messages) and _NO_SYSTEM_ROLE.search(words[:600]) and status >= 300:
        return CallFailed("parameter", "The model has no system role", what, "Use another model.", parameter="system")
    if _WANTS_TLS.search(words or body[:2000].decode("utf-8", "replace")):
        return CallFailed("bad-request", "The server wants https", what, "Write https:// instead of http:// in base-url.")
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
    if status == 501:
        return CallFailed("bad-request", f"{endpoint.who} cannot do that", what, "Use another server, or other options.")
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
    shown = _SHOWN.get(parameter, parameter)
    beyond = any(_RANGE_CODES.search(code) for code in error.codes) or _RANGE.search(error.message) is not None
    if beyond and not _NOT_TAKEN.search(error.message) and parameter not in _DISPENSABLE:
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
