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
        "hm-muted": foreground.blend(background, 0.4).hex6,
        "hm-faint": foreground.blend(background, 0.68).hex6,
        "hm-cursor": background.blend(primary, 0.24).hex6,
    }
