"""What a person is told about a model's calls, once each."""

from __future__ import annotations

from iicl_tui.agents.base import ModelSession
from iicl_tui.agents.calls import ADAPTATIONS, PARAMETER_NAMES, UNREADABLE, Call, Request
from iicl_tui.agents.model_connection import ModelConnection


class CallNotices:
    """Tells what a model does not support, and what is odd about its replies.

    Args:
        model: The model's name.
        connection: Its connection, which collects what was odd.
    """

    def __init__(self, model: str, connection: ModelConnection) -> None:
        self._model, self._connection = model, connection
        self._told: set[str] = set()

    def about(self, call: Call, request: Request, session: ModelSession) -> None:
        """Tells what a call had to do without, and what was odd about its reply."""
        self.about_server(call, session)
        for remark in self._connection.remarks:
            self.once(session, f"{self._model} answered with {remark}.")
        missing = call.tokens is None and "top_logprobs" not in call.without and UNREADABLE not in self._connection.remarks
        if request.top_logprobs is not None and missing:
            self.once(session, f"{self._model} answered without the log-probabilities that were asked for.")

    def about_server(self, call: Call, session: ModelSession) -> None:
        """Tells how a request had to be adapted to the server."""
        for text in server_remarks(self._model, call):
            self.once(session, text)

    def once(self, session: ModelSession, text: str) -> None:
        """Tells a sentence that was not told before."""
        if text not in self._told:
            self._told.add(text)
            session.notify(text)


def server_remarks(model: str, call: Call) -> list[str]:
    """How the request of a call was adapted to the server: what was left out, moved or named otherwise."""
    texts = []
    for name in call.without:
        if name == "n":  # replies that come one by one are the same replies
            continue
        done = "Its text goes into the first user message" if name == "system" else "It is left out"
        texts.append(f"{model} does not support {PARAMETER_NAMES.get(name, name)}. {done}, and each call's record says so.")
    adapted = [ADAPTATIONS[name] for name in call.adapted if name in ADAPTATIONS]
    return [*texts, *(f"{model} {done}, and each call's record says so." for done in adapted)]
