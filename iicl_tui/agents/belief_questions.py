"""Asks a model what it believes, beside what a chain asks it: by reads of a scored belief, and by further drawn rules."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from iicl_tui.agents.base import ModelClient, ModelSession
from iicl_tui.agents.call_notices import CallNotices
from iicl_tui.agents.calls import Purpose, Request
from iicl_tui.agents.request_settings import RequestSettings
from iicl_tui.agents.scored_belief import Scoring, is_probe, known_way, score

MAX_CHOICES = 16
"""The most replies to one call, so that a slow server can make them in time."""


class BeliefQuestions:
    """The questions of one agent.

    Args:
        client: The model.
        settings: How it is asked.
        notices: What a person is told.
    """

    def __init__(self, client: ModelClient, settings: RequestSettings, notices: CallNotices) -> None:
        self._client, self._settings, self._notices = client, settings, notices

    async def score(self, request: Request, session: ModelSession, purpose: Purpose = "score", instead: str = "") -> str:
        """Scores the joint belief.

        Args:
            request: The question whose answers are scored.
            session: The agent's access to its model.
            purpose: One of READS.
            instead: What is done if that is refused, for the notice; "" for the reading along one reply.

        Returns:
            Why it was refused; "" if it was not.
        """
        settings = self._settings.estimator.score
        assert settings is not None
        upcoming = session.upcoming
        if upcoming is not None and upcoming.purpose == purpose:  # as it was known when this began
            known = "" if is_probe(upcoming, settings.form) else upcoming.continuation
        else:
            known = known_way((*session.past_calls(), *session.calls()), settings.form)
        scoring = Scoring(settings, known)
        await score(session, self._client, request, scoring, settings.parallel, purpose)
        for call in session.calls()[-1:]:
            self._notices.about_server(call, session)
        if scoring.refusal and self._settings.choose == "reply":
            then = instead or self._along_one_reply()
            self._notices.once(session, f"The joint belief of {self._client.model} is not known: {then}. {scoring.refusal}")
        return scoring.refusal

    def _along_one_reply(self) -> str:
        then = "its log-probabilities are read along one reply instead (factorised)"
        if self._settings.estimator.fallback == "samples":
            then += f", or if it gives none, the belief is estimated from {self._settings.estimator.draws} draws"
        return then

    async def draw(self, request: Request, count: int, rng: np.random.Generator, session: ModelSession) -> None:
        """Draws so many rules from the same prompt, several in one call where the server can."""
        seeds = [int(rng.integers(2**31)) for _ in range(count)]
        ignores_n = any("n" in call.without for call in (*session.past_calls(), *session.calls()))
        while seeds:
            n = 1 if ignores_n else min(len(seeds), MAX_CHOICES)
            request = replace(request, seed=seeds[0] if self._settings.seed else None, n=n if n > 1 else None)
            calls = await session.ask_several("draw", request, self._client)
            ignores_n = ignores_n or "n" in calls[0].without
            self._notices.about(calls[0], request, session)
            del seeds[: len(calls)]

    async def aside(self, request: Request, rng: np.random.Generator, session: ModelSession) -> None:
        """Measures the belief about rules of an agent that states none in its chain.

        Args:
            request: The question for a rule, with the same data.
            rng: The source of random numbers.
            session: The agent's access to its model.
        """
        estimator = self._settings.estimator
        draws = estimator.source == "samples" or estimator.fallback == "samples"
        instead = "it is inferred from the examples that it made"
        if draws:
            instead = f"it is estimated from {estimator.draws} draws instead"
        if estimator.score is not None and not await self.score(request, session, instead=instead):
            return
        if draws:
            await self.draw(request, estimator.draws, rng, session)
