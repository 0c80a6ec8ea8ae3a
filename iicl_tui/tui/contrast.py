"""Makes the text colours of a theme readable: each has a contrast of at least 4.5:1 (WCAG 2.2, success criterion 1.4.3).

Textual's own themes pass on what their authors chose, and some of it cannot be read on every background. A colour that
is too weak moves towards white or black just as far as it must. Secondary text never has more contrast than primary text.
Themes with ANSI colours are left alone: the terminal decides what these look like.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from textual.color import BLACK, WHITE, Color, ColorParseError

LEAST = 4.55
"""Contrast of any text with what is behind it: 4.5, and a little more for the rounding of blended colours."""
PRIMARY = 6.0
"""Contrast of primary text, so that secondary text can be weaker and still be readable."""
GROUNDS = ("background", "surface", "panel")
"""Behind every text colour but those in ON_OWN_GROUND."""
COLOURED = ("text-primary", "text-secondary", "text-accent", "text-success", "text-warning", "text-error", "mark",
            *(f"state-{number}" for number in range(6)))  # fmt: skip
"""Texts that must only be readable."""
SECONDARY = ("text-muted", "text-disabled", "foreground-muted", "foreground-disabled")
"""Texts that must not outshine the foreground."""
ON_OWN_GROUND = {
    "block-cursor-foreground": "block-cursor-background",
    "block-cursor-blurred-foreground": "block-cursor-blurred-background",
    "input-cursor-foreground": "input-cursor-background",
    "input-selection-foreground": "input-selection-background",
    "footer-foreground": "footer-background",
    "footer-key-foreground": "footer-background",
    "footer-description-foreground": "footer-background",
}
"""Texts with a background of their own."""

_STEPS = 40


def luminance(color: Color) -> float:
    """The relative luminance of an opaque colour, 0 … 1, as WCAG 2.2 defines it."""

    def linear(value: int) -> float:
        share = value / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    return 0.2126 * linear(color.r) + 0.7152 * linear(color.g) + 0.0722 * linear(color.b)


def contrast(one: Color, other: Color) -> float:
    """The contrast ratio of two opaque colours, 1 … 21, as WCAG 2.2 defines it."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def weakest(color: Color, grounds: Iterable[Color]) -> float:
    """The contrast of a text with the background on which it is hardest to read."""
    return min(contrast(color, ground) for ground in grounds)


@lru_cache(4096)
def readable(color: Color, grounds: tuple[Color, ...], least: float = LEAST) -> Color:
    """The colour nearest to this one that can be read on all grounds; black or white if none can."""
    if weakest(color, grounds) >= least:
        return color
    ends = sorted((WHITE, BLACK), key=lambda end: -weakest(end, grounds))
    for step in range(1, _STEPS + 1):
        for end in ends:
            moved = color.blend(end, step / _STEPS)
            if weakest(moved, grounds) >= least:
                return moved
    return ends[0]


def with_readable_text(variables: Mapping[str, str]) -> dict[str, str]:
    """A theme's variables, all of them, with readable text colours."""
    found = dict(variables)
    background = _color(found, "background")
    if background is None:
        return found
    grounds = tuple(ground for name in GROUNDS if (ground := _color(found, name, background)) is not None)
    foreground = readable(_color(found, "foreground") or background.get_contrast_text(1.0), grounds, PRIMARY)
    found["foreground"] = foreground.hex
    for name in COLOURED:
        if (color := _color(found, name, background)) is not None:
            found[name] = readable(color, grounds).hex
    for name in SECONDARY:
        found[name] = _secondary(_color(found, name, background), foreground, grounds).hex
    for name, below in ON_OWN_GROUND.items():
        ground = _color(found, below, background)
        if ground is not None:
            found[name] = readable(_color(found, name, ground) or ground.get_contrast_text(1.0), (ground,)).hex
    found["footer-description-foreground"] = _no_stronger(found, "footer-description-foreground", "footer-foreground")
    return found


def _secondary(color: Color | None, foreground: Color, grounds: tuple[Color, ...]) -> Color:
    """A theme's secondary colour, or if it is too weak or outshines the foreground, the foreground as pale as can be read."""
    if (
        color is not None
        and weakest(color, grounds) >= LEAST
        and not any(contrast(color, ground) > contrast(foreground, ground) for ground in grounds)
    ):
        return color
    for step in range(_STEPS // 2, -1, -1):
        pale = foreground.blend(grounds[0], step / _STEPS)
        if weakest(pale, grounds) >= LEAST:
            return pale
    return foreground


def _no_stronger(variables: Mapping[str, str], name: str, primary: str) -> str:
    ground, own, other = (_color(variables, each) for each in ("footer-background", name, primary))
    if ground is None or own is None or other is None or contrast(own, ground) <= contrast(other, ground):
        return variables[name]
    return variables[primary]


def _color(variables: Mapping[str, str], name: str, below: Color | None = None) -> Color | None:
    """A variable as an opaque colour, over `below` if it is translucent; None if it is no colour, as "auto 60%"."""
    words = variables.get(name, "").split()
    if not words or words[0] == "auto":  # which Textual would look for among the names of colours, and that takes long
        return None
    try:
        color = Color.parse(words[0])
        if color.ansi is not None:
            return None
        if len(words) > 1 and words[1].endswith("%"):
            color = color.multiply_alpha(float(words[1].removesuffix("%")) / 100)
    except (ColorParseError, ValueError):
        return None
    if color.a == 1:
        return color
    return below.blend(color.with_alpha(1.0), color.a) if below is not None else None
