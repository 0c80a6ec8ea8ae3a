"""What a first visit to the home screen is told: what the program is, and how a bias grows. Imports nothing."""

from __future__ import annotations

TITLE = "Small biases, passed on"
INTRO = (
    "An agent learns a rule from a few examples and makes new examples; the next agent learns from those, and so on. A slight "
    "leaning grows from hand-over to hand-over, unless somebody filters what passes on. Here you set up such chains, step through "
    "them, see what every agent believes, and can be the filter yourself."
)
GROWTH_TITLE = "Watch a bias grow"
GROWTH = (0.00, 0.46, 0.64, 0.73, 0.73, 0.79, 0.80)
"""Mean belief that the screen does nothing, by generation: the example “A small bias grows” with the seeds 0 … 39."""
GROWTH_WORDS = (
    "Light goes on with the screen: so say the examples that agent 1 is given. Each agent leans a little towards “the screen does "
    "nothing”, and learns only from what the agent before it made. The bars: how strongly it believes that (mean of 40 chains)."
)
GROWTH_SHORT = "belief that “the screen does nothing”, mean of 40 chains"
"""Says what the bars are where there is no room for the words."""
LESSONS_TITLE = "The tour"
_FULL, _EMPTY = "█", "░"


def growth_lines(shown: int, width: int) -> list[str]:
    """The picture after `shown` generations, one line a generation; those to come have no bar."""
    room = max(width - len("agent 1  ") - len("  100 %"), 4)
    lines = []
    for place, share in enumerate(GROWTH, 1):
        length = round(share * room)
        bar = _FULL * length + _EMPTY * (room - length) + f"  {100 * share:3.0f} %" if place <= shown else ""
        lines.append(f"agent {place}  {bar}".rstrip())
    return lines
