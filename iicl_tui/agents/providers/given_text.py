"""Log-probabilities after or of a given text: llama.cpp's own completion, vLLM's prompt_logprobs, and the completions API's echo.

None of them is a chat completion, so the requests and responses have their own shapes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import log
from typing import Any

from iicl_tui.agents.calls import UNKNOWN_LOGPROB, Message, Reply, Request, Token
from iicl_tui.agents.providers.endpoint import replace_surrogates
from iicl_tui.agents.providers.response_parsing import UnexpectedShape, read_model
from iicl_tui.agents.providers.token_parsing import parse_tokens
from iicl_tui.agents.providers.usage_parsing import parse_usage

NO_THINKING = {"enable_thinking": False}
"""The argument of chat templates that keeps a model from thinking first."""


def plain_text(messages: Sequence[Message]) -> str:
    """The dialogue without a chat template: the messages, separated by empty lines."""
    return replace_surrogates("\n\n".join(message.text for message in messages))


def continued_text(request: Request) -> str:
    """The text that the completions API continues: after a line break, or right after the beginning of an answer."""
    if not request.continuation:
        return plain_text(request.messages) + "\n"
    return plain_text(request.messages[:-1]) + "\n" + replace_surrogates(request.prompt)


def own_url(base_url: str, path: str) -> str:
    """The address of one of llama.cpp's own endpoints, which are beside /v1."""
    return base_url.rstrip("/").removesuffix("/v1") + path


def template_body(messages: Sequence[Mapping[str, str]], extra: Mapping[str, Any]) -> dict[str, Any]:
    """The request that turns a dialogue into a prompt."""
    given = extra.get("chat_template_kwargs")
    return {"messages": [*messages], "chat_template_kwargs": {**(given if isinstance(given, Mapping) else {}), **NO_THINKING}}


def completion_body(prompt: str, request: Request, extra: Mapping[str, Any]) -> dict[str, Any]:
    """The request for one token after a prompt, with the likeliest ones."""
    return {
        **{key: value for key, value in extra.items() if key != "chat_template_kwargs"},
        "prompt": prompt,
        "n_predict": request.max_tokens,
        "n_probs": request.top_logprobs,
        "temperature": request.temperature,
        "cache_prompt": True,
    }


def read_template(document: Any) -> str:
    """The prompt that a dialogue was turned into. Raises UnexpectedShape."""
    prompt = document.get("prompt") if isinstance(document, Mapping) else None
    if not isinstance(prompt, str):
        raise UnexpectedShape("an answer without a prompt")
    return prompt


def read_own_completion(document: Any) -> Reply:
    """Parses llama.cpp's own completion, in its present and its older form. Raises UnexpectedShape."""
    if not isinstance(document, Mapping) or not isinstance(document.get("completion_probabilities"), list):
        raise UnexpectedShape("an answer without completion_probabilities")
    tokens, remarks = parse_tokens({"content": [_present(entry) for entry in document["completion_probabilities"]]})
    content = document.get("content")
    counts = {"prompt_tokens": document.get("tokens_evaluated"), "completion_tokens": document.get("tokens_predicted")}
    text = content if isinstance(content, str) else ""
    return Reply(replace_surrogates(text), "length", tokens, parse_usage(counts), read_model(document), remarks)


def _present(entry: Any) -> Any:
    """An entry of the older form {"content", "probs": [{"tok_str", "prob"}]} in the present one."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("probs"), list):
        return entry
    listed = [
        {"token": each.get("tok_str"), "logprob": log(each["prob"])}
        for each in entry["probs"]
        if isinstance(each, Mapping) and isinstance(each.get("prob"), (int, float)) and 0 < each["prob"] <= 1
    ]
    drawn = next((each["logprob"] for each in listed if each["token"] == entry.get("content")), UNKNOWN_LOGPROB)
    return {"token": entry.get("content"), "logprob": drawn, "top_logprobs": listed}


def read_echo(document: Any, text: str) -> Reply:
    """Parses a completion that repeats the prompt: the tokens of the text at its end. Raises UnexpectedShape."""
    choices = document.get("choices") if isinstance(document, Mapping) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    logprobs = choice.get("logprobs") if isinstance(choice, Mapping) else None
    if not isinstance(logprobs, Mapping):
        raise UnexpectedShape("an answer without log-probabilities")
    tokens, remarks = parse_tokens(logprobs)
    return Reply("", "length", _holding(tokens or (), text), parse_usage(document.get("usage")), read_model(document), remarks)


def read_prompt_logprobs(document: Any, text: str) -> Reply:
    """Parses vLLM's log-probabilities of the dialogue: the tokens of the text at its end. Raises UnexpectedShape."""
    listed = document.get("prompt_logprobs") if isinstance(document, Mapping) else None
    if not isinstance(listed, list):
        raise UnexpectedShape("an answer without prompt_logprobs")
    tokens, remarks = parse_tokens({"content": list(_prompt_tokens(listed))})
    return Reply("", "length", _holding(tokens or (), text), parse_usage(document.get("usage")), read_model(document), remarks)


def _prompt_tokens(listed: Sequence[Any]) -> Iterator[dict[str, Any]]:
    """One entry per position: the prompt's own token, which is listed first. The first position has none."""
    for place in listed:
        if place is None:
            continue
        entry = next(iter(place.values()), None) if isinstance(place, Mapping) else None
        if not isinstance(entry, Mapping):
            raise UnexpectedShape("an answer whose prompt_logprobs are no tokens")
        yield {"token": entry.get("decoded_token"), "logprob": entry.get("logprob")}


def _holding(tokens: Sequence[Token], text: str) -> tuple[Token, ...]:
    """The tokens that hold the last occurrence of this text, the first of which may begin before it."""
    data = replace_surrogates(text).encode()
    begin = b"".join(token.data for token in tokens).rfind(data)
    if begin < 0:
        raise UnexpectedShape("an answer whose tokens do not hold the given text")
    found, at = [], 0
    for token in tokens:
        if at < begin + len(data) and at + len(token.data) > begin:
            found.append(Token(token.data, token.logprob))
        at += len(token.data)
    return tuple(found)
