"""The styles of inks in a theme."""

from __future__ import annotations

from rich.color import Color as RichColor
from rich.style import Style
from textual.app import App
from textual.color import Color, ColorParseError

from iicl_tui.charts.picture import FIT_STEPS, LEVELS, Role, hue_name, unpack
from iicl_tui.tui.contrast import readable

_DARK = ("#f0a35e", "#5b8def", "#9aa0a6", "#7bc47f", "#d685d6", "#e3d26f", "#5fc9c9", "#e57373")
_LIGHT = ("#b4600a", "#2b5fc7", "#6b7178", "#2f7d38", "#963f96", "#7d6b00", "#0f7a7a", "#b73a3a")
_ANSI = ("yellow", "blue", "white", "green", "magenta", "bright_yellow", "cyan", "red")
_MARK = {"dark": "#ff6b6b", "light": "#c4262e"}


class Inks:
    """Turns ink numbers into styles, for one theme and one background.

    If colours cannot be mixed (ANSI themes, NO_COLOR), tiles and segments are not painted. Their shade characters and
    patterns, otherwise hidden, show instead.
    """

    def __init__(self, app: App[object], background: Color) -> None:
        self._variables = app.theme_variables
        self._ansi = app.native_ansi_color
        self.painted = not (self._ansi or app.no_color)
        self._kind = "ansi" if self._ansi else "dark" if app.current_theme.dark else "light"
        self._background = background
        self._text = self._named("foreground", "#e0e0e0" if self._kind == "dark" else "#202020")
        self._muted = self._named("text-muted", "#9a9a9a" if self._kind == "dark" else "#5c5c5c")
        self._below = Style() if self._ansi else Style(bgcolor=background.rich_color)
        self._styles: dict[int, Style] = {}

    def style(self, code: int) -> Style:
        """The style of an ink."""
        style = self._styles.get(code)
        if style is None:
            style = self._styles[code] = self._below + self._make(code)
        return style

    def _named(self, name: str, default: str) -> Color:
        for value in (self._variables.get(name), default):
            try:
                if value:
                    return Color.parse(value.split()[0])
            except ColorParseError:
                continue
        return Color.parse("ansi_default")

    def _hue(self, hue: int) -> Color:
        kind, number = hue_name(hue)
        if kind == "none":
            return self._text
        if kind == "fit":
            if self._ansi:
                return Color.parse("ansi_green" if number == FIT_STEPS else "ansi_white")
            return self._muted.blend(self._named("success", "#4ebf71"), number / FIT_STEPS)
        palette = {"dark": _DARK, "light": _LIGHT}.get(self._kind)
        default = palette[number % len(palette)] if palette else f"ansi_{_ANSI[number % len(_ANSI)]}"
        return self._named(f"state-{number}", default)

    def _on_background(self, color: Color) -> RichColor:
        """The colour of a text, strong enough to be read on this background."""
        return (color if not self.painted or self._background.ansi is not None else readable(color, (self._background,))).rich_color

    def _readable(self, style: Style, ground: Color) -> RichColor | None:
        return None if style.color is None else readable(Color.from_rich_color(style.color), (ground,)).rich_color

    def _mix(self, color: Color, share: float) -> Color:
        """The colour blended with the background; unchanged if colours cannot be mixed."""
        return color if self._ansi else self._background.blend(color, share, 1.0)

    def _make(self, code: int) -> Style:
        role, hue, level, under, cursor = unpack(code)
        color = self._hue(hue)
        style = self._role_style(role, hue, color, level, under)
        if not cursor:
            return style
        if role == Role.TILE or (role == Role.MARK and not self.painted):
            return style + Style(reverse=True)
        if role in (Role.VALUE, Role.ACCENT, Role.MARK, Role.LABEL) and self.painted:
            return style + self._lit + Style(color=self._readable(style, self._lit_ground), bold=True)
        if role == Role.DIM and self.painted:
            return self._role_style(Role.TEXT, 0, color, 0, 0) + self._lit + Style(bold=True)
        if role in (Role.BAR, Role.GHOST):  # only the background is lit, so that the bar keeps its shape
            return style if under else style + self._lit
        return style + self._lit + Style(bold=True)

    @property
    def _lit(self) -> Style:
        return Style(bgcolor=self._lit_ground.rich_color) if self.painted else Style()

    @property
    def _lit_ground(self) -> Color:
        return self._mix(self._text, 0.16)

    def _role_style(self, role: Role, hue: int, color: Color, level: int, under: int) -> Style:
        if role == Role.TEXT:
            return Style(color=self._text.rich_color)
        if role == Role.STRONG:
            return Style(color=self._text.rich_color, bold=True)
        if role == Role.DIM:
            return Style(dim=True) if self._ansi else Style(color=self._on_background(self._muted))
        if role == Role.ACCENT:
            return Style(color=self._on_background(self._named("text-accent", "#ffa62b")), bold=True)
        if role == Role.VALUE:
            return Style(color=self._on_background(color), bold=True)
        if role == Role.MARK:
            return self._mark(hue, color, level)
        if role == Role.GHOST:
            return self._ghost(hue, color, under)
        if role == Role.TILE:
            tile = self._tile(color, level)
            return self._solid(tile, tile if level else self._mix(self._text, 0.3)) if self.painted else self._shade(color)
        if role in (Role.SEGMENT, Role.LABEL) and self.painted:
            return self._solid(color, color if role == Role.SEGMENT else readable(color, (color,)))
        if role == Role.LABEL:
            return Style(bold=True)
        below = Style(bgcolor=self._hue(under).rich_color) if under and self.painted else Style()
        return self._shade(color) + below

    def _mark(self, hue: int, color: Color, level: int) -> Style:
        mark = self._named("mark", "ansi_red" if self._ansi else _MARK[self._kind])
        if not hue:
            return Style(color=self._on_background(mark), bold=True)
        if not self.painted:
            return Style(bold=True)
        tile = self._tile(color, level)
        return self._solid(tile, readable(tile, (tile,))) + Style(bold=True)

    def _ghost(self, hue: int, color: Color, under: int) -> Style:
        if not hue:
            return Style(dim=True) if self._ansi else Style(color=self._mix(self._text, 0.5).rich_color)
        if not under:
            return Style(color=self._mix(color, 0.6).rich_color, dim=self._ansi)
        if not self.painted:
            return Style(color=color.rich_color, reverse=True)
        return self._solid(color, self._mix(color, 0.55))

    def _tile(self, color: Color, level: int) -> Color:
        return self._mix(color, 0.04 + 0.96 * level / LEVELS) if level else self._mix(self._text, 0.03)

    @staticmethod
    def _shade(color: Color) -> Style:
        return Style(color=color.rich_color)

    @staticmethod
    def _solid(background: Color, text: Color) -> Style:
        return Style(color=text.rich_color, bgcolor=background.rich_color)
