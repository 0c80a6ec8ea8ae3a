"""iicl-tui doctor --base-url URL --model MODEL: what a server can do."""

from __future__ import annotations

import argparse
import asyncio
import json
from dataclasses import asdict
from importlib import import_module
from typing import Any

from iicl_tui.agents.access import VARIABLE_NAME, Access, Credential, host_of
from iicl_tui.agents.calls import Usage
from iicl_tui.agents.failures import CallFailed
from iicl_tui.agents.language_kind import ApiSpec
from iicl_tui.agents.model_names import known_sampling
from iicl_tui.agents.money import cost, money_text
from iicl_tui.agents.prices import known_price
from iicl_tui.commands.common import surroundings
from iicl_tui.errors import LabError
from iicl_tui.text import printable

_PROMPT_TOKENS = 60
"""The tokens of a question, with its delimiters, at most."""


def main(arguments: argparse.Namespace) -> int:
    """Prints what the server can do, each finding as soon as it is known. Returns 1 if it cannot be talked to."""
    _, settings, _ = surroundings(arguments)
    api, provider = _provider(arguments, settings.hosts)
    return asyncio.run(_report(arguments, api, provider))


def _provider(arguments: argparse.Namespace, hosts: tuple[str, ...]) -> tuple[ApiSpec, Any]:
    """The API and the provider. Raises LabError for options that cannot be used."""
    api: ApiSpec = import_module(f"iicl_tui.agents.{arguments.kind}").API
    url, variable = arguments.base_url, arguments.key_variable or api.key_env
    if url is not None and not host_of(url):
        raise LabError("--base-url takes an address such as http://localhost:8080/v1")
    if not VARIABLE_NAME.fullmatch(variable):
        raise LabError("--key-variable takes the name of an environment variable, not the key itself")
    credential = Credential(variable, url, api.key_env, api.urls[0])
    access = Access().with_entries(hosts)
    if arguments.key_variable:  # naming it is the consent
        access = access.with_entries([f"{variable}@{credential.host}"])
    module, _, name = api.provider.partition(":")
    provider = getattr(import_module(module), name)(
        arguments.model or "", base_url=url, key=access.key(credential), key_env=variable, timeout=arguments.timeout
    )
    return api, provider


async def _report(arguments: argparse.Namespace, api: ApiSpec, provider: Any) -> int:
    from iicl_tui.agents.server_report import MOST_CALLS, MOST_TOKENS, Finding, ServerReport

    official = arguments.base_url is None
    found: list[Finding] = []
    say = _silent if arguments.json else _say
    try:
        if arguments.model:
            say(_cost(arguments.kind, arguments.model, official, MOST_CALLS, MOST_TOKENS))
        models, trouble = await _models(provider)
        if not arguments.model:
            if arguments.json:
                print(json.dumps({"models": [model._asdict() for model in models], "trouble": trouble}))
            for model in models:
                say(model.name + (f"  ends on {model.ends}" if model.ends else ""))
            if trouble:
                say(f"The models are not known: {trouble}")
            return 1 if trouble else 0
        takes = known_sampling(arguments.kind, arguments.model, official)
        effort = "none" if takes == "without-reasoning" else None
        ways = api.continuations if api.official_continues or not official else ()
        report = ServerReport(provider, arguments.kind, ways, effort)
        if effort:
            say('This model is asked with reasoning-effort "none": it takes a temperature only so.')
        async for finding in report.findings():
            found.append(finding)
            say(f"{finding.answer:<8}{finding.name:<36}{finding.evidence}")
        found.append(_end(arguments.model, models, trouble))
        say(f"{found[-1].answer:<8}{found[-1].name:<36}{found[-1].evidence}")
        say(f"{report.calls} calls were made.")
    finally:
        await provider.close()
    if arguments.json:
        shown = {"model": arguments.model, "calls": report.calls, "findings": [asdict(finding) for finding in found]}
        print(json.dumps(shown, ensure_ascii=True))
    return 0 if any(each.name in ("chat", "completions") and each.answer == "yes" for each in found) else 1


async def _models(provider: Any) -> tuple[tuple[Any, ...], str]:
    try:
        return await provider.models(), ""
    except CallFailed as failure:
        return (), printable(failure.what or failure.title, 200)


def _end(model: str, models: tuple[Any, ...], trouble: str) -> Any:
    from iicl_tui.agents.server_report import Finding

    entry = next((each for each in models if each.name == model), None)
    if entry is None:
        why = f"the models are not listed: {trouble}" if trouble else f"the model is not among the {len(models)} that are listed"
        return Finding("shutdown date", "unknown", why)
    if not entry.ends:
        return Finding("shutdown date", "unknown", "the list of models gives none")
    return Finding("shutdown date", "yes", f"it ends on {entry.ends}")


def _cost(kind: str, model: str, official: bool, calls: int, tokens: int) -> str:
    price = known_price(kind, model) if official else None
    most = Usage(calls * _PROMPT_TOKENS, calls * tokens)
    words = f"At most {calls} calls and {most.prompt + most.completion:,} tokens"
    return f"{words}, {money_text(cost(most, price))}." if price is not None else f"{words}; their price is not known."


def _say(text: str) -> None:
    print(printable(text), flush=True)


def _silent(text: str) -> None:
    pass
