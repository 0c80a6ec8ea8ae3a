from __future__ import annotations

from pathlib import Path

import pytest
from textual.color import Color
from textual.theme import BUILTIN_THEMES

from iicl_tui.store.paths import shipped
from iicl_tui.tui import themes

OURS = sorted(shipped("themes").glob("*.toml"))
ON_BACKGROUND = ("foreground", "text-muted", "text-accent", "accent", "error", "warning", "success", "mark",
                 *(f"state-{index}" for index in range(6)))  # fmt: skip
PAIRS = (
    *((name, ground) for name in ON_BACKGROUND for ground in ("background", "surface")),
    ("footer-foreground", "footer-background"),
    ("footer-key-foreground", "footer-background"),
    ("footer-description-foreground", "footer-background"),
    ("text-muted", "footer-background"),
    ("text-accent", "footer-background"),
    ("block-cursor-foreground", "block-cursor-background"),
    ("background", "accent"),  # what a search has found
)


def luminance(colour: Color) -> float:
    def linear(value: int) -> float:
        share = value / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    return 0.2126 * linear(colour.r) + 0.7152 * linear(colour.g) + 0.0722 * linear(colour.b)


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(Color.parse(one)), luminance(Color.parse(other))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_the_one_of_the_standard() -> None:
    assert contrast("#000", "#fff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_our_themes_are_faultless_and_can_be_read(path: Path) -> None:
    theme, faults = themes.load(path)
    assert not faults
    assert theme is not None
    assert theme.name == path.stem
    variables = {**themes.defaults(theme), **theme.to_color_system().generate(), **theme.variables}
    weak = {(text, ground): round(contrast(variables[text], variables[ground]), 2) for text, ground in PAIRS
            if contrast(variables[text], variables[ground]) < 4.5}  # fmt: skip
    assert not weak


def test_there_is_a_dark_and_a_light_one() -> None:
    found, faults = themes.load_all(Path("/nowhere"))
    assert not faults
    assert {theme.dark for theme in found} == {True, False}
    assert themes.DEFAULT in {theme.name for theme in found}


@pytest.mark.parametrize("name", BUILTIN_THEMES)
def test_textuals_themes_get_our_colours(name: str) -> None:
    found = themes.defaults(BUILTIN_THEMES[name])
    assert set(found) == {"mark", *(f"state-{index}" for index in range(6))}
    for value in found.values():
        Color.parse(value)


def test_a_short_file_is_filled_from_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('dark = false\naccent = "crimson"\n')
    theme, faults = themes.load(path)
    assert not faults
    assert theme is not None
    assert (theme.name, theme.dark, theme.accent) == ("mine", False, "crimson")
    assert theme.background == "#f7f7f4"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('acent = "red"', "Did you mean accent?"),
        ('accent = "no-colour"', "accent: no-colour is not a colour"),
        ("accent = 7", "accent: 7 is not a colour"),
        ('accent = "red; } * { display: none"', "is not a colour"),
        ('accent = "auto"', "is not a colour"),
        ('dark = "yes"', "expected true or false"),
        ("text-alpha = 7", "expected a number from 0 to 1"),
        ("text-alpha = nan", "expected a number from 0 to 1"),
        ("text-alpha = true", "expected a number from 0 to 1"),
        ("variables = 3", "expected a table"),
        ('[variables]\n"a b" = "red"', "is not a name"),
        ('[variables]\nborder = "red; } * { display: none; } a {"', "is not a colour"),
        ("[variables]\nborder = [1]", "is not a colour"),
        ('[variables]\nblock-cursor-text-style = "blink; color: red"', "is not a text style"),
        ('accent = "[/\\u001b[31m\\u202e"', "accent: [/␛[31m"),
    ],
)
def test_a_fault_is_told_and_the_rest_is_used(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    theme, faults = themes.load(path)
    assert theme is not None
    assert len(faults) == 1
    assert fault in faults[0]
    theme.to_color_system().generate()


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"a = ", "not valid TOML"),
        (b"\xff\xfe", "not valid UTF-8"),
        (b'name = "A\x1b"', "TOML"),
        (b'name = "../x"', "is not a name"),
        (b"name = 1", "is not a name"),
        (b'name = "nord"', "one of Textual's own"),
        (b"#" * (themes.MAX_BYTES + 1), "longer than"),
        (b"a = " + b"[" * 20_000, "not valid TOML"),
    ],
)
def test_a_hopeless_file_gives_no_theme(tmp_path: Path, data: bytes, fault: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(data)
    theme, faults = themes.load(path)
    assert theme is None
    assert len(faults) == 1
    assert fault in faults[0]
    assert "\x1b" not in faults[0]


def test_folders_and_odd_names_are_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "dir.toml").mkdir()
    (tmp_path / "gone.toml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "read.me").write_text("x")
    (tmp_path / "good.toml").write_text("")
    found, faults = themes.load_all(tmp_path)
    assert "good" in {theme.name for theme in found}
    assert len(faults) == 2
