"""How wide a text will be, for any font that a reader's machine may use for `sans-serif`.

The table holds, for each character, the width in thousandths of the font size in the widest of the usual fonts (Arial and its
likes, DejaVu Sans), so that a text may turn out narrower than its box but never wider.
"""

from __future__ import annotations

from typing import Final
from unicodedata import combining, east_asian_width

_ASCII: Final = (
    "318 401 460 838 636 950 780 275 390 390 500 838 318 361 318 337 636 636 636 636 636 636 636 636 636 636 337 337 838 838 838 556 "
    "1015 684 686 722 770 667 611 778 752 295 500 667 557 863 748 787 667 787 722 667 611 732 684 989 685 667 685 390 337 390 838 556 "
    "500 613 635 550 635 615 352 635 634 278 278 579 278 974 634 612 635 635 411 521 392 634 592 818 592 592 525 636 337 636 838"
)
WIDTHS: Final = {chr(32 + index): int(width) for index, width in enumerate(_ASCII.split())}

OTHER, WIDE, BOLD = 840, 1050, 1.14
"""The width of any other character, of one of East Asia, and how much wider a bold text is."""


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """The greatest width of a text in pixels, at a font size in pixels."""
    total = sum(WIDTHS.get(character) or _other(character) for character in text)
    return total * size * (BOLD if bold else 1) / 1000


def fitted(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """The text, cut with an ellipsis where it would be wider than `width` pixels."""
    if text_width(text, size, bold=bold) <= width:
        return text
    kept = text
    while kept and text_width(kept + "…", size, bold=bold) > width:
        kept = kept[:-1]
    return kept.rstrip() + "…"


def _other(character: str) -> int:
    if combining(character):
        return 0
    return WIDE if east_asian_width(character) in "WF" or ord(character) > 0xFFFF else OTHER
