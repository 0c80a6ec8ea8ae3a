"""Groups presets by the question that they answer, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iicl_tui.store.presets import Preset

QUESTIONS: dict[str, tuple[str, str]] = {
    "e2": ("Why does a small bias grow?", "prejudice spurious leaning amplification likelihood evidence"),
    "e3": ("What does a filter save?", "interaction review person human truth refine search effective set"),
    "e1": ("Do agents become surer from hand-over to hand-over?", "entropy certainty temperature confidence"),
    "e0": ("How does a language become simple, or orderly?", "naming game words grammar structure partner communication"),
    "e4": ("Which words take over?", "acronym vocabulary common rare frequency length"),
    "text": ("What becomes of texts that somebody filters?", "reviews negative sentiment reject topic"),
    "theory": ("What must happen, by theory?", "proof prior stationary Markov bottleneck maximum sampling"),
}
"""By the first part of a preset's name: the question, and further words that a search finds."""
OTHER = ("Other experiments", "")
WITH_MODEL = "with a language model"


def question_of(preset: Preset) -> tuple[str, str]:
    """The heading of a preset's group, and words that a search finds."""
    question, words = QUESTIONS.get(preset.name.partition("-")[0], OTHER)
    return (f"{question}  {WITH_MODEL}", f"{words} api key") if preset.asks_models else (question, words)


def in_order(presets: tuple[Preset, ...]) -> list[Preset]:
    """By question, those that need no model before those that do."""
    order = list(QUESTIONS)

    def place(preset: Preset) -> tuple[bool, int, str]:
        group = preset.name.partition("-")[0]
        return preset.asks_models, order.index(group) if group in order else len(order), preset.name

    return sorted(presets, key=place)
