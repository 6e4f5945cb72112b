"""The themes: our own light and dark ones first, then Textual's, among them two of the terminal's own 16 colors."""

from __future__ import annotations

from textual.color import Color
from textual.theme import Theme

DARK = Theme(
    name="hotmesh-dark",
    primary="#5fb3f9",
    secondary="#b4a1ff",
    accent="#ffb454",
    warning="#f2c94c",
    error="#ff6b6b",
    success="#4cd08a",
    foreground="#dfe6ee",
    background="#0f141a",
    surface="#151c24",
    panel="#1d2630",
    boost="#26323f",
    dark=True,
)
LIGHT = Theme(
    name="hotmesh-light",
    primary="#0b62b5",
    secondary="#6247c9",
    accent="#b45309",
    warning="#96650a",
    error="#c2261d",
    success="#14743f",
    foreground="#1b2430",
    background="#fbfcfd",
    surface="#f2f5f8",
    panel="#e4eaf0",
    boost="#d4e3f4",
    dark=False,
)
OWN = (DARK, LIGHT)
MUTED, FAINT = 4.8, 3.2
"""The contrast of what is said in passing, and of what didn't happen."""

ORDER = (DARK.name, LIGHT.name, "ansi-dark", "ansi-light", "nord", "gruvbox", "catppuccin-mocha", "solarized-light", "tokyo-night")
"""The round that the theme key goes."""


def next_theme(current: str, there: frozenset[str]) -> str:
    """The theme after this one."""
    round_ = [name for name in ORDER if name in there]
    return round_[(round_.index(current) + 1) % len(round_)] if current in round_ else round_[0]


def shades(variables: dict[str, str]) -> dict[str, str]:
    """Our own shades of a theme's colors: `hm-muted` and `hm-faint` text, and the row of the cursor."""
    if variables["background"].startswith("ansi"):
        return {"hm-muted": "ansi_white", "hm-faint": "ansi_bright_black", "hm-cursor": "ansi_bright_black"}
    foreground, background = Color.parse(variables["foreground"]), Color.parse(variables["background"])
    primary = Color.parse(variables["primary"])
    return {
        "hm-muted": _paler(foreground, background, MUTED).hex6,
        "hm-faint": _paler(foreground, background, FAINT).hex6,
        "hm-cursor": background.blend(primary, 0.24).hex6,
    }


def contrast(one: Color, other: Color) -> float:
    """The contrast of two colors, from 1 to 21, as WCAG 2 defines it."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: Color) -> float:
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _paler(foreground: Color, background: Color, least: float) -> Color:
    """The foreground as near to the background as this contrast allows; itself in a theme that has no more than that."""
    blends = (foreground.blend(background, step / 100) for step in range(70, 0, -2))
    return next((each for each in blends if contrast(each, background) >= least), foreground)
