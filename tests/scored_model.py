"""A model server with a known joint distribution over whole answers, whose tokens are cut at random: for tests of scoring."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from math import exp, log
from threading import Lock
from typing import Any
from zlib import crc32

import numpy as np
from loopback import Answer, Fault, Seen, Text, status, token

from iicl_tui.agents.calls import Token
from iicl_tui.tasks.answer_form import AnswerForm
from iicl_tui.tasks.base import Example, Task

AFRESH = (token("Rule", {"Rule": 0.9, "{": 0.06, "Sure": 0.04}),)
"""What a model says that begins its answer anew."""


class CutModel:
    """A model with a known distribution over whole answers.

    After a beginning it continues an answer up to a random place, which depends on the beginning and the text between, so that
    tokens hold parts of values and run over their ends. Between values its answers leave no choice.
    """

    def __init__(self, form: AnswerForm, p: np.ndarray, seed: int, other: float = 0.0, quotes: int | None = None) -> None:
        """p: the probability of each answer, shaped like the space. other: of the rest, at every place where there is a choice.
        quotes: the most that one token holds; None: any number."""
        self.form, self.seed, self.other, self.quotes = form, seed, other, quotes
        self.answers = {form.beginning(codes): float(p[codes]) for codes in product(*(range(n) for n in p.shape))}

    def after(self, beginning: str) -> Sequence[tuple[str, float]]:
        going_on = {answer: share for answer, share in self.answers.items() if answer.startswith(beginning) and share}
        total = sum(going_on.values())
        pieces: dict[str, float] = {}
        for answer, share in going_on.items():
            ends = range(len(beginning) + 1, len(answer))
            end = next((end for end in ends if self._cuts(beginning, answer[:end])), len(answer))
            piece = answer[len(beginning) : end]
            pieces[piece] = pieces.get(piece, 0.0) + share / total * (1 - self.other)
        if self.other:
            pieces["?"] = self.other
        return [(piece, log(share)) for piece, share in pieces.items()]

    def _cuts(self, beginning: str, text: str) -> bool:
        full = self.quotes is not None and text.count('"', len(beginning)) >= self.quotes
        return full or crc32(f"{self.seed} {beginning} {text}".encode()) % 4 == 0


class ScoredServer:
    """What a loopback server answers: it continues beginnings by a model, and states a rule or examples where it is asked afresh.

    Attributes:
        reads: Every beginning that it was given, in order.
        continues: Whether a request's body makes it continue; a refusal is an answer.
        elsewhere: What it answers at other addresses than that of chat completions.
        before: Called before each answer with the number of requests so far.
    """

    def __init__(self, model: CutModel, fresh: Callable[[str], str]) -> None:
        self.model, self.fresh = model, fresh
        self.reads: list[str] = []
        self.bodies: list[Mapping[str, Any]] = []
        self.continues: Callable[[Mapping[str, Any]], bool | Answer] = lambda body: True
        self.elsewhere: Callable[[ScoredServer, Seen], Answer] = lambda server, seen: status(404, {"detail": "Not Found"})
        self.before: Callable[[int], None] = lambda number: None
        self._lock = Lock()

    def __call__(self, seen: Seen) -> Answer:
        if not seen.path.endswith(("/chat/completions", "/v1/messages")):
            return self.elsewhere(self, seen)
        return self.answer(seen, self.model)

    def answer(self, seen: Seen, model: CutModel) -> Answer:
        """The answer of this model."""
        last = seen.body["messages"][-1]
        with self._lock:
            self.bodies.append(seen.body)
            number = len(self.bodies)
            if last["role"] == "assistant":
                self.reads.append(last["content"])
        self.before(number)
        if last["role"] != "assistant":
            return Text(self.fresh(last["content"]))
        assert (seen.body.get("max_tokens") or seen.body.get("max_completion_tokens")) == 1
        assert (seen.body["temperature"], seen.body.get("top_logprobs", 20)) == (1.0, 20)
        how = self.continues(seen.body)
        if how is True:
            listed = sorted(model.after(last["content"]), key=lambda pair: -pair[1])
            tokens = (Token(listed[0][0].encode(), listed[0][1], tuple((text.encode(), p) for text, p in listed)),)
            # As llama.cpp: the content holds the beginning too, the log-probabilities only what is new.
            return Text(last["content"] + listed[0][0], tokens, "length", usage=(50, 1))
        return Text("Rule", AFRESH, "length", usage=(50, 1)) if how is False else how


class Learner(ScoredServer):
    """A server whose distribution over answers depends on the examples in the question.

    Attributes:
        asked: The examples of every question that was begun, each once.
    """

    def __init__(self, task: Task, belief: Callable[[tuple[Example, ...]], np.ndarray]) -> None:
        """belief: examples → (H,) probabilities."""
        wording = task.wording
        assert wording is not None
        form = wording.answer_form
        assert form is not None
        self._task, self._wording, self._form, self._belief = task, wording, form, belief
        self.asked: dict[tuple[Example, ...], CutModel] = {}
        super().__init__(self._model(()), lambda prompt: wording.samples_reply(task.transmit(5, 4, 0.0, np.random.default_rng(0))))

    def _model(self, examples: tuple[Example, ...]) -> CutModel:
        return CutModel(self._form, self._belief(examples).reshape(self._task.space.shape), 1, quotes=2)

    def __call__(self, seen: Seen) -> Answer:
        messages = seen.body["messages"]
        if messages[-1]["role"] == "assistant":
            examples = self._wording.read_samples(messages[-2]["content"], 100).examples
            with self._lock:
                model = self.asked.setdefault(examples, self._model(examples))
            return self.answer(seen, model)
        return self.answer(seen, self.model)


def vllm(body: Mapping[str, Any]) -> bool:
    """Continues as vLLM does: only where it is told to."""
    return body.get("continue_final_message") is True and body.get("add_generation_prompt") is False


def strict(body: Mapping[str, Any]) -> bool | Answer:
    """Refuses fields that it does not know."""
    unknown = [name for name in ("chat_template_kwargs", "continue_final_message") if name in body]
    return status(400, {"error": {"message": f"Unrecognized request argument: {unknown[0]}"}}) if unknown else True


def mistral(body: Mapping[str, Any]) -> bool | Answer:
    """Continues as Mistral does."""
    if body["messages"][-1].get("prefix") is True:
        return True
    return status(400, {"message": "Expected last role User or Tool (or Assistant with prefix True)"})


# -- servers that score in other ways than by continuing a message --------------------------------------------------------

MARK = "<|assistant|>"
"""Where the test's chat template begins the model's answer."""


def tokens_of_answer(model: CutModel, text: str) -> list[tuple[str, float]]:
    """A canonical answer, or a beginning of one, in the tokens in which the model would write it."""
    at = len(model.form.literals[0])
    found = [(text[:at], log(0.5))]
    while at < len(text):
        left = text[at:]
        listed = model.after(text[:at])
        whole = next(((piece, p) for piece, p in listed if left.startswith(piece)), None)
        # At the end of the text a token holds only what is left of it.
        rest = sum(exp(p) for piece, p in listed if piece.startswith(left))
        found.append(whole if whole is not None else (left, log(rest) if rest else -30.0))
        at += len(found[-1][0])
    return found


def llama_cpp(server: ScoredServer, seen: Seen) -> Answer:
    """llama.cpp's own endpoints."""
    with server._lock:
        server.bodies.append(seen.body)
    if seen.path == "/apply-template":
        said = "".join(f"<|{each['role']}|>{each['content']}" for each in seen.body["messages"])
        assert seen.body["chat_template_kwargs"] == {"enable_thinking": False}
        return status(200, {"prompt": said + MARK})
    if seen.path != "/completion":
        return status(404, {"error": {"message": "File Not Found", "type": "not_found_error", "code": 404}})
    assert (seen.body["n_predict"], seen.body["n_probs"], seen.body["temperature"]) == (1, 20, 1.0)
    beginning = seen.body["prompt"].partition(MARK)[2]
    with server._lock:
        server.reads.append(beginning)
    server.before(len(server.bodies))
    listed: list[dict[str, Any]] = [
        {"id": 1, "token": text, "bytes": list(text.encode()), "logprob": p} for text, p in server.model.after(beginning)
    ]
    entry = {**max(listed, key=lambda each: each["logprob"]), "top_logprobs": listed}
    return status(
        200, {"content": entry["token"], "completion_probabilities": [entry], "tokens_evaluated": 50, "tokens_predicted": 1}
    )


def older_llama_cpp(server: ScoredServer, seen: Seen) -> Answer:
    """The same with the older form of probabilities."""
    answer = llama_cpp(server, seen)
    if seen.path != "/completion" or not isinstance(answer, Fault):
        return answer
    document = json.loads(answer.body)
    [entry] = document["completion_probabilities"]
    probs = [{"tok_str": each["token"], "prob": exp(each["logprob"])} for each in entry["top_logprobs"]]
    return status(200, {**document, "completion_probabilities": [{"content": entry["token"], "probs": probs}]})


def echoing(server: ScoredServer, seen: Seen) -> Answer:
    """A completions API that repeats the prompt, as llama-cpp-python's."""
    if seen.path != "/v1/completions":
        return status(404, {"detail": "Not Found"})
    assert (seen.body["echo"], seen.body["max_tokens"], seen.body["logprobs"]) == (True, 1, 1)
    before, mark, rest = seen.body["prompt"].rpartition(server.model.form.literals[0])
    with server._lock:
        server.bodies.append(seen.body)
        server.reads.append(mark + rest)
    tokens = [(before[:9], None), (before[9:], -1.0), *tokens_of_answer(server.model, mark + rest), ("!", -2.0)]
    logprobs = {
        "tokens": [text for text, _ in tokens],
        "token_logprobs": [p for _, p in tokens],
        "top_logprobs": [None, *[{text: p} for text, p in tokens[1:]]],
        "text_offset": [sum(len(text) for text, _ in tokens[:place]) for place in range(len(tokens))],
    }
    choice = {"index": 0, "text": seen.body["prompt"] + "!", "finish_reason": "length", "logprobs": logprobs}
    usage = {"prompt_tokens": 50, "completion_tokens": 1, "total_tokens": 51}
    return status(200, {"id": "1", "object": "text_completion", "created": 1, "model": "m", "choices": [choice], "usage": usage})


def completing(server: ScoredServer, seen: Seen) -> Answer:
    """A completions API that continues a text, and gives log-probabilities in its own form; it has no chat."""
    if seen.path != "/v1/completions" or seen.body.get("echo"):
        return status(400, {"error": {"message": "This model has no chat template."}})
    before, mark, rest = seen.body["prompt"].rpartition(server.model.form.literals[0])
    with server._lock:
        server.bodies.append(seen.body)
        number = len(server.bodies)
        if seen.body["max_tokens"] == 1:
            server.reads.append(mark + rest)
    server.before(number)
    usage = {"prompt_tokens": 50, "completion_tokens": 1, "total_tokens": 51}
    answer = {"id": "1", "object": "text_completion", "created": 1, "model": "m", "usage": usage}
    if seen.body["max_tokens"] > 1:
        text = server.fresh(seen.body["prompt"])
        return status(200, {**answer, "choices": [{"index": 0, "text": text, "finish_reason": "stop", "logprobs": None}]})
    assert before.endswith("\n")
    assert (seen.body["temperature"], seen.body["logprobs"]) == (1.0, 20)
    assert "stop" not in seen.body
    listed = dict(sorted(server.model.after(mark + rest), key=lambda pair: -pair[1]))
    first = next(iter(listed))
    logprobs = {"tokens": [first], "token_logprobs": [listed[first]], "top_logprobs": [listed], "text_offset": [0]}
    choice = {"index": 0, "text": first, "finish_reason": "length", "logprobs": logprobs}
    return status(200, {**answer, "choices": [choice]})


def prompt_scoring(server: ScoredServer) -> Callable[[Mapping[str, Any]], bool | Answer]:
    """A server that gives prompt_logprobs, but lists no tokens of its reply."""

    def answer(body: Mapping[str, Any]) -> bool | Answer:
        if "prompt_logprobs" not in body:
            return status(400, {"error": {"message": "logprobs are not supported by this server", "param": "logprobs"}})
        tokens = [("<|user|>", -3.0), *tokens_of_answer(server.model, body["messages"][-1]["content"])]
        listed = [None, *[{"17": {"logprob": p, "rank": 1, "decoded_token": text}} for text, p in tokens]]
        choice = {"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": "length", "logprobs": None}
        return status(
            200,
            {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "prompt_logprobs": listed},
        )

    return answer
