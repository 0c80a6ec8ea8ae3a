"""Turns every provider's HTTP statuses and error bodies into CallFailed."""

from __future__ import annotations

import re
from collections.abc import Mapping

from iicl_tui.agents.calls import Request
from iicl_tui.agents.failures import CallFailed, FailureKind
from iicl_tui.agents.providers.endpoint import Endpoint
from iicl_tui.agents.providers.error_body import ErrorBody, parse_error_body, text_of_page
from iicl_tui.agents.providers.http_client import RawResponse
from iicl_tui.agents.providers.surroundings import Proxy, proxy_for
from iicl_tui.agents.providers.waits import retry_after

# What providers and local servers write, in the order of the checks. Codes are preferred to messages.
_NO_CREDIT_CODES = {
    "insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "billing_error", "insufficient_credits",
    "payment_required", "budget_exceeded", "insufficient_balance",
}  # fmt: skip
_NO_CREDIT = re.compile(
    r"credit balance|insufficient (?:quota|credits?|funds|balance)|exceeded your current quota|account is not active"
    r"|budget has been exceeded|out of credits?",
    re.I,
)
_KEY = re.compile(r"(?:invalid|incorrect) api[ _-]?key|api[ _-]?key (?:is )?(?:not valid|invalid|incorrect)", re.I)
_TOO_LONG_CODES = {"context_length_exceeded", "exceed_context_size_error", "request_too_large", "string_above_max_length"}
_TOO_LONG = re.compile(
    r"maximum context|context[ _-]?(?:length|window|size|limit)|prompt is too long|too many (?:input |prompt )?tokens"
    r"|too large for model with|reduce the length of the (?:messages|prompt)|^request too large"
    r"|tokens`? (?:\+|and) `?max_(?:new_)?tokens`? must|max(?:imum)?(?: input)? (?:characters|length) (?:is|of) \d",
    re.I,
)
_MODEL_CODES = {"model_not_found", "invalid_model", "model_not_available", "unknown_model", "deploymentnotfound"}
_MODEL = re.compile(
    r"\b(?:unknown|invalid|no such) model\b|\bmodel\b.{0,120}?(?:not found|not exist|not available|unavailable)|^model:"
    r"|\bnot a valid model\b",
    re.I,
)
_NO_ROUTE = re.compile(
    r"\bno (?:\w+ )?(?:endpoints?|providers?|deployments?|instances?) (?:was |were )?(?:found|available|can)\b", re.I
)
"""How routers say that no server behind them takes the call."""
_REFUSED_CODES = {"content_filter", "content_policy_violation", "responsibleaipolicyviolation", "moderation_blocked"}
_REFUSED = re.compile(
    r"content (?:filter|management policy|polic|moderation)|(?:violat\w+|flagged).{0,60}polic|flagged (?:by|for|as)|safety system"
    r"|requires moderation",
    re.I,
)

_NAMES: Mapping[str, str] = {
    "temperature": r"temperature",
    "top_p": r"top[_-]?p",
    "seed": r"(?:random_)?seed",
    "top_logprobs": r"(?:(?:top|sample|response)[_ -])?log[_ -]?prob(?:s|abilities)?",
    "reasoning_effort": r"reasoning(?:[_. ]effort)?|think(?:ing)?",
    "n": r"n(?=['\"`:=\])]| ?[<>/]| (?:must|should|is|not|parameter|cannot|can|has)\b)|completion choices?"
    r"|multiple (?:choices|completions|candidates)|candidate_?count|num_(?:return_sequences|generations)",
    "schema": r"response[_ ]format|json[_ ]schema|output_config|output_format|structured (?:outputs?|generation)|guided[_ ]\w+"
    r"|grammar|json[_ ](?:mode|object)",
}
"""The APIs' spellings of Request.PARAMETERS."""

_SHOWN = {
    "top_p": "top-p", "top_logprobs": "log-probabilities", "schema": "the JSON schema", "reasoning_effort": "reasoning-effort",
    "n": "several replies to one call",
}  # fmt: skip
"""The names of parameters for a person, where they differ."""

_DISPENSABLE = ("schema", "reasoning_effort", "n", "seed")
"""Parameters whose values a model may not know; the reply is asked for without them."""

_NOT_TAKEN = re.compile(
    r"not (?:\w+ )?support|unsupported|no such field|extra (?:fields?|inputs?)|does not (?:accept|take)|not accepted"
    r"|not (?:permitted|allowed|available|enabled|implemented)|unknown|unrecogni[sz]ed|unexpected|deprecated|obsolete"
    r"|only the default|cannot be (?:used|set|disabled)",
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
    r"|\brole\W{1,8}(?:msg\W+)?input should be\W{1,4}(?:user|assistant)\W{1,4}or\W{1,4}(?:user|assistant)\b"
    r"|\brole\b.{0,20}?must be\W{1,4}(?:either\W+|one of\W+)?(?:user|assistant)\b"
    r"|\bsystem\W{1,4}is not one of\b|\bsystem\W{1,4}supported values are\b"
    r"|\brole\W{1,4}system\b.{0,40}?(?:cannot|can.t|disabled|invalid)"
    r"|\bunrecogni[sz]ed role\W{1,4}system\b"
    rf"|{_SYSTEM}.{{0,40}}?(?:(?:must not|cannot|can.t|may not) be used|disabled|forbidden|unavailable)"
    r"|\b(?:no|without|lacks?|not handle) (?:an? )?system\b(?! memory)"
    r"|\b(?:begin|start)s? with an? user\b|\bexpected (?:an? )?user\b"
    r"|messages(?:\[0\]|\.0\.)\W{0,3}role\b.{0,60}?\bsystem\b|first message.{0,40}?\buser\b",
    re.I | re.S,
)
"""How servers say that a model has no system role, or that user and assistant must alternate strictly."""
_PASSING = re.compile(
    r"\bloading\b|warming up|\bstarting\b|overloaded|capacity|try again|temporar|too many requests|rate.?limit|busy", re.I
)
"""Signs that a server will recover."""
_LIMITED = re.compile(r"rate.?limit|too many requests|throttl|capacity exceeded", re.I)
"""Signs of a limited rate, whatever the status."""
_STREAM_ONLY = re.compile(
    r"\bnon-?stream\w*\b.{0,60}?\b(?:not|un\w+)|(?:not|n't|un)[ -]?\w* non-?stream|\bstream\W{0,4}false\b"
    r"|\bstream\b.{0,12}?\btrue\b"
    r"|not support http call"
    r"|\bstream(?:ing|ed)?\b.{0,40}?\b(?:only|mode|required|must|mandatory|enable|turn(?:ed)? on|set to true)\b"
    r"|\b(?:only|must|requires?|needs?|enable|set|use)\b.{0,40}?\bstream(?:ing|ed)?\b",
    re.I,
)
_WANTS_TLS = re.compile(
    r"plain HTTP request was sent to HTTPS port|HTTP request to an HTTPS server|client sent an HTTP request", re.I
)
_RANGE_CODES = re.compile(r"_(?:above_max|below_min)_value$|^(?:less|greater)_than(?:_equal)?$")
_RANGE = re.compile(
    r"(?:less|greater|lower|higher|smaller|larger) than|at (?:most|least)|[<>≤≥]|\bbetween\b|\brange\b|maximum value|minimum value"
    r"|(?:strictly |non-?)?(?:positive|negative)|(?:must|should) be (?:in|within)\b|too (?:large|small|high|low)\b|out of bounds",
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
    status = raw.status if raw.status >= 300 else error.status or _status_of(error) or raw.status
    proxy = _plain_proxy(endpoint)
    if proxy is not None and (status == 407 or (status >= 400 and _FROM_PROXY.search(" ".join(raw.headers)))):
        seen = error.message or text_of_page((raw.body or b"").decode("utf-8", "replace"))
        return proxy_refusal(endpoint, proxy, status, endpoint.quote(f"{status} {seen}"))
    if 300 <= status < 400:
        return _redirect(endpoint, raw, status)
    failure = _classify(endpoint, error, status, request, raw.body or b"")
    failure.status = status
    if proxy is not None:  # which may have answered without saying so
        failure.what += proxy.through
    if failure.retriable:
        waits = [wait for wait in (retry_after(raw.headers, limited=status == 429), error.wait) if wait is not None]
        failure.retry_after = max(waits, default=None)
        passing = status in (425, 429, 502, 503, 504, 529) or _PASSING.search(error.message) is not None
        failure.hopeful = failure.hopeful or failure.retry_after is not None or passing
    return failure


_STATUSES = {
    401: {"authentication_error", "invalid_api_key", "unauthenticated", "unauthorized"},
    429: {"rate_limit_exceeded", "rate_limit_error", "too_many_requests", "throttlingexception", "resource_exhausted"},
    500: {"server_error", "api_error", "internal_error", "internal_server_error", "internal"},
    503: {"overloaded_error", "overloaded", "service_unavailable", "unavailable", "engine_overloaded_error"},
}
"""The statuses that codes stand for where a server answers with 200, as in a stream that has begun."""


def _status_of(error: ErrorBody) -> int | None:
    named = next((status for status, codes in _STATUSES.items() if error.codes & codes), None)
    return 503 if named is None and _PASSING.search(error.message[:300]) else named


_FROM_PROXY = re.compile(r"\b(?:x-squid-error|proxy-authenticate|proxy-status|x-bluecoat-\w+|x-zscaler-\w+)\b")
"""Headers of answers that a proxy gives itself."""


def _plain_proxy(endpoint: Endpoint) -> Proxy | None:
    """The proxy that an unencrypted call goes through, which may answer in the server's place."""
    return None if endpoint.is_loopback or not endpoint.url.lower().startswith("http:") else proxy_for(endpoint.url)


def proxy_refusal(endpoint: Endpoint, proxy: Proxy, status: int | None, answer: str) -> CallFailed:
    """The failure of a call that a proxy refused. answer: what it answered, in quotes."""
    what = f"Calls to {endpoint.host} go through the proxy {proxy.address}, which {proxy.variable} names, and it answered {answer}."
    if status == 407:
        title, remedy = "The proxy wants a password", f"Put it into {proxy.variable}: http://user:password@host:port."
    elif status in (401, 403, 451):
        title, remedy = (
            "The proxy forbids the call",
            f"Ask who runs the proxy, unset {proxy.variable}, or add the host to NO_PROXY.",
        )
    else:
        title, remedy = (
            "The proxy does not connect",
            f"Check the host in base-url and {proxy.variable}, or add the host to NO_PROXY.",
        )
    kind: FailureKind = "setup" if status in (401, 403, 407, 451) else "unreachable"
    return CallFailed(kind, title, what, remedy, status=status)


def most_logprobs(error: ErrorBody) -> int | None:
    """The most log-probabilities at a place that a server lists, if the error says so and there are some."""
    words = error.message[:400]
    named = re.search(r"log[_ -]?prob", words, re.I) or any("logprobs" in param for param in error.params)
    if not named or not _RANGE.search(words):
        return None
    found = _MOST.search(words)
    return int(found[1]) if found is not None and int(found[1]) > 0 else None


_MOST = re.compile(
    r"(?:(?:less|fewer|lower|smaller) than or equal to|at most|no more than|max(?:imum)?(?: (?:allowed|value))?(?: is| of|:)?|<=|≤"
    r"|between \d+ and|(?:must|should) be (?:in|within)\W+\d+\s?(?:,|-|to|and))\W{0,3}(\d{1,3})\b",
    re.I,
)


def asks_for_stream(error: ErrorBody) -> bool:
    """Whether the error says that the model can only be used with streaming."""
    return _STREAM_ONLY.search(error.message[:600]) is not None or "stream" in error.params


def rejects_parameter(error: ErrorBody, parameter: str) -> bool:
    """Whether the error says that the server does not know this parameter, given its spelling in the request."""
    named = re.search(rf"(?<!\w){re.escape(parameter)}(?!\w)", error.message) is not None
    other = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}.get(parameter, "")
    instead = other and re.search(rf"(?<!\w){other}(?!\w)", error.message) is not None
    return (parameter in error.params or (not error.params and named)) and (
        bool(error.codes & {"unsupported_parameter", "extra_forbidden"})
        or bool(instead)
        or _NOT_TAKEN.search(error.message) is not None
    )


def _classify(endpoint: Endpoint, error: ErrorBody, status: int, request: Request, body: bytes) -> CallFailed:
    words, codes = error.message, error.codes
    answered = f"{endpoint.name} answered {status}"
    shown = body[:20_000].decode("utf-8", "replace")
    quoted = endpoint.quote(words) or endpoint.quote(text_of_page(shown) if shown.lstrip().startswith("<") else shown, 300)
    stop = "" if quoted[-2:-1] in (".", "!", "?", "…") else "."
    what = f"{answered}: {quoted}{stop}" if quoted and body != b"null" else f"{answered} without a reason."
    if any(message.role == "system" for message in request.messages) and _NO_SYSTEM_ROLE.search(words[:600]) and status >= 300:
        return CallFailed("parameter", "The model has no system role", what, "Use another model.", parameter="system")
    if _WANTS_TLS.search(words or body[:2000].decode("utf-8", "replace")):
        return CallFailed("bad-request", "The server wants https", what, "Write https:// instead of http:// in base-url.")
    limited = status == 429 and error.wait is not None and not codes & _NO_CREDIT_CODES  # a quota that is filled again
    if status == 402 or (status < 500 and not limited and (codes & _NO_CREDIT_CODES or _NO_CREDIT.search(words))):
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
        if status == 404 and _NO_ROUTE.search(words) and _parameter(error, request) is None:
            return CallFailed(
                "unknown-model",
                "No server takes the call",
                what,
                "Use another model, or leave out what it may not support (log-probabilities, a seed, a JSON schema); or change the "
                "settings of your account there.",
            )
        if status in (404, 405) and not endpoint.own and not _NO_ROUTE.search(words):
            return CallFailed(
                "bad-request",
                "There is no API at that address",
                f"{what} The call went to {endpoint.address}.",
                "Check base-url. For most OpenAI-compatible servers it ends in /v1.",
            )
        if status == 404 and not _NO_ROUTE.search(words):
            return _unknown_model(what)
    if status in (400, 403, 413, 422, 451) or (status == 429 and _TOO_LONG.search(words)):
        if status == 413 or codes & _TOO_LONG_CODES or (status != 403 and _TOO_LONG.search(words)):
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
    if "json_validate_failed" in codes:
        return CallFailed("server", "The model did not keep to the JSON schema", what, "Try again, or set json-schema = false.")
    if status in (400, 403, 404, 422) or (status in (405, 500, 501) and _NOT_TAKEN.search(words)):
        parameter = _parameter(error, request)
        if parameter is not None:
            return _about_parameter(parameter, error, what)
    if status not in (401, 404) and status < 500 and (codes & _STATUSES[429] or _LIMITED.search(words[:300])):
        return CallFailed("busy", f"{endpoint.who} is busy", what, "Wait a while, then resume the session.")
    if status in (401, 403) or (status == 400 and _KEY.search(words)):
        return _key_refused(endpoint, what)
    if status in (408, 409, 420, 425, 429, 498):
        return CallFailed("busy", f"{endpoint.who} is busy", what, "Wait a while, then resume the session.")
    if status == 511:
        return CallFailed(
            "setup", "The network wants a login", what, "Open a page in a browser and log in to the network, then resume."
        )
    if status == 501:
        return CallFailed("bad-request", f"{endpoint.who} cannot do that", what, "Use another server, or other options.")
    if status >= 500 or status == 424:
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
        "If you trust that address, make it the agent's base-url. If it is the login of a network, log in with a browser.",
        status=status,
    )


def _parameter(error: ErrorBody, request: Request) -> str | None:
    """The sent parameter that the error is about."""
    asked = [name for name in Request.PARAMETERS if getattr(request, name) is not None]
    if error.params:
        named = [part for param in error.params for part in re.split(r"[.\[\]]", param) if part]
        return next((name for name in asked if any(part == name or re.fullmatch(_NAMES[name], part, re.I) for part in named)), None)
    start = error.message[:400]  # some servers repeat the whole request after the message
    found = {name: hit.start() for name in asked if (hit := re.search(rf"(?<![\w-])(?:{_NAMES[name]})(?!\w)", start, re.I))}
    if "reasoning_effort" in found and not _NOT_TAKEN.search(start) and "reasoning_effort" not in start:
        found.pop("reasoning_effort")  # the message only speaks of thinking
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
