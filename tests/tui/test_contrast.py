"""Every text style of every theme can be read: at least 4.5:1, computed here from the standard's own formula."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.style import Style
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

import iicl_tui
from iicl_tui.charts.picture import FIT_STEPS, LEVELS, Role, fit_hue, ink, state_hue
from iicl_tui.tui import contrast, themes
from iicl_tui.tui.contrast import with_readable_text
from iicl_tui.tui.widgets.inks import Inks

LEAST = 4.5
FOUND, FAULTS = themes.load_all(Path("/nowhere"))
ALL = {theme.name: theme for theme in [*BUILTIN_THEMES.values(), *FOUND]}
PAINTED = {name: theme for name, theme in ALL.items() if not theme.ansi}
"""The colours of the other themes are the terminal's."""
GROUNDS = ("background", "surface", "panel")
SECONDARY = ("text-muted", "text-disabled", "foreground-muted", "foreground-disabled")
ON_PANES = ("foreground", *SECONDARY, "text-accent", "text-success", "text-warning", "text-error", "text-primary",
            "text-secondary", "mark", *(f"state-{number}" for number in range(6)))  # fmt: skip
ON_OWN = {
    "block-cursor-foreground": "block-cursor-background",
    "block-cursor-blurred-foreground": "block-cursor-blurred-background",
    "input-cursor-foreground": "input-cursor-background",
    "input-selection-foreground": "input-selection-background",
    "footer-foreground": "footer-background",
    "footer-key-foreground": "footer-background",
    "footer-description-foreground": "footer-background",
}
DRAWN = ("border", "scrollbar", "error", "accent", "success", "warning", "primary")
"""Variables that lines and fillings have, and no text."""


def variables_of(theme: Theme) -> dict[str, str]:
    return with_readable_text({**themes.defaults(theme), **theme.to_color_system().generate(), **theme.variables})


def opaque(variables: dict[str, str], name: str, below: Color | None = None) -> Color:
    first, _, share = variables[name].partition(" ")
    color = Color.parse(first)
    alpha = color.a * (float(share.removesuffix("%")) / 100 if share else 1)
    if alpha == 1:
        return color
    assert below is not None, name
    red, green, blue = (round(under + alpha * (over - under)) for over, under in zip(color.rgb, below.rgb, strict=True))
    return Color(red, green, blue)


def luminance(color: Color) -> float:
    parts = [value / 255 for value in color.rgb]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ratio(one: Color, other: Color) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", PAINTED)
def test_every_text_can_be_read_on_every_ground(name: str) -> None:
    variables = variables_of(PAINTED[name])
    background = opaque(variables, "background")
    pairs = [*product(ON_PANES, GROUNDS), *ON_OWN.items(), ("background", "text-accent")]  # the last: what a search has found
    weak = {
        pair: round(found, 2) for pair in pairs if (found := ratio(*(opaque(variables, each, background) for each in pair))) < LEAST
    }
    assert not weak


@pytest.mark.parametrize("name", PAINTED)
def test_secondary_text_never_outshines_primary_text(name: str) -> None:
    variables = variables_of(PAINTED[name])
    pairs = [*product(SECONDARY, ("foreground",), GROUNDS),
             ("footer-description-foreground", "footer-foreground", "footer-background")]  # fmt: skip
    for secondary, primary, ground in pairs:
        below = opaque(variables, ground)
        assert ratio(opaque(variables, secondary), below) <= ratio(opaque(variables, primary), below) + 1e-9


def test_only_these_variables_colour_text() -> None:
    """A style that names another variable as a text colour would not be among those tested above."""
    package = Path(iicl_tui.__file__).parent / "tui"
    known = {*ON_PANES, *ON_OWN, "background", "text"}
    for path in [*package.rglob("*.tcss"), *package.rglob("*.py")]:
        text = path.read_text(encoding="utf-8")
        used = set(re.findall(r"(?<![-\w])color: \$([\w-]+)", text))
        if path.suffix == ".py":
            used |= set(re.findall(r'"(?:bold |italic |not bold |reverse )*\$([\w-]+)(?: [a-z ]+)?"', text))
        assert used <= known, (path.name, used - known)


def test_no_style_puts_a_text_on_a_ground_that_is_not_tested() -> None:
    """A rule that names both must name a pair that is tested above."""
    package = Path(iicl_tui.__file__).parent / "tui"
    for path in package.rglob("*.tcss"):
        for selector, rule in re.findall(r"([^{}]+)\{([^{}]*)\}", path.read_text(encoding="utf-8")):
            texts = re.findall(r"(?<![-\w])color: \$([\w-]+)", rule)
            for text, ground in product(texts, re.findall(r"(?<![-\w])background: \$([\w-]+)", rule)):
                tested = (text in ON_PANES and ground in GROUNDS) or ON_OWN.get(text) == ground
                assert tested or (text, ground) == ("background", "text-accent"), (path.name, selector.strip(), text, ground)


class FakeApp(SimpleNamespace):
    """What Inks needs of an app."""


def inks_of(theme: Theme, ground: str) -> tuple[Inks, Color]:
    variables = variables_of(theme)
    app = FakeApp(theme_variables=variables, native_ansi_color=False, no_color=False, current_theme=theme)
    background = opaque(variables, ground)
    return Inks(app, background), background  # type: ignore[arg-type]


@pytest.mark.parametrize("name", PAINTED)
def test_every_text_in_a_chart_can_be_read(name: str) -> None:
    hues = [*(state_hue(number) for number in range(9)), *(fit_hue(step, FIT_STEPS) for step in range(FIT_STEPS + 1))]
    texts = [ink(role) for role in (Role.TEXT, Role.DIM, Role.STRONG, Role.MARK, Role.ACCENT)]
    texts += [ink(role, hue) for role, hue in product((Role.VALUE, Role.LABEL), hues)]
    texts += [ink(Role.MARK, hue, level) for hue, level in product(hues, range(0, LEVELS + 1, 3))]
    for ground in ("background", "surface"):
        inks, background = inks_of(PAINTED[name], ground)
        for code, cursor in product(texts, (False, True)):
            style = inks.style(code | (1 << 20 if cursor else 0))
            front, back = (Color.from_rich_color(each) if each is not None else None for each in colors(style))
            assert front is not None
            assert ratio(front, back or background) >= LEAST, (ground, code, cursor)


def colors(style: Style) -> tuple:
    return (style.bgcolor, style.color) if style.reverse else (style.color, style.bgcolor)


def test_what_can_be_read_is_left_alone() -> None:
    white, black = Color.parse("#ffffff"), Color.parse("#000000")
    assert contrast.readable(Color.parse("#757575"), (white,)) == Color.parse("#757575")  # 4.61:1
    assert contrast.readable(Color.parse("#777777"), (white,)) != Color.parse("#777777")  # 4.48:1
    between = Color.parse("#757575")
    assert contrast.contrast(contrast.readable(Color.parse("#888888"), (between,)), between) >= LEAST
    assert contrast.readable(Color.parse("#123456"), (white, black)) in (white, black)  # nothing can be read on both
    assert contrast.contrast(black, white) == pytest.approx(21)


def test_ansi_themes_are_left_to_the_terminal() -> None:
    theme = BUILTIN_THEMES["ansi-dark"]
    variables = {**themes.defaults(theme), **theme.to_color_system().generate(), **theme.variables}
    assert with_readable_text(variables) == variables
    assert set(ALL) - set(PAINTED) == {"ansi-dark", "ansi-light"}
    assert not FAULTS
