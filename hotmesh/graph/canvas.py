"""A drawing in cells: what a terminal shows, with the role and the owner of each cell, so that the TUI can color it and find clicks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from unicodedata import combining, east_asian_width

NORTH, EAST, SOUTH, WEST = 1, 2, 4, 8
"""The directions in which a line leaves a cell, as bits."""

LIGHT: Final = " ╵╶└╷│┌├╴┘─┴┐┤┬┼"
HEAVY: Final = " ╹╺┗╻┃┏┣╸┛━┻┓┫┳╋"
DASHED: Final = LIGHT.replace("─", "╌").replace("│", "╎")
"""Line characters by the sum of their directions."""

PLAIN: Final = str.maketrans(
    {
        **dict.fromkeys("─━╌═", "-"),
        **dict.fromkeys("│┃╎║", "|"),
        **dict.fromkeys("╵╶└╷┌├╴┘┴┐┤┬┼╹╺┗╻┏┣╸┛┻┓┫┳╋╭╮╰╯╔╗╚╝", "+"),
        "▶": ">",
        "◀": "<",
        "▼": "v",
        "▲": "^",
        "■": "#",
        "▣": "@",
        "◇": "?",
        "○": "o",
        "◈": "!",
        "↺": "~",
        "⊘": "x",
        "✓": "v",
        "✗": "x",
        "⟳": "~",
        "◷": "o",
        "⚑": "!",
        "↗": ">",
        "–": "-",
        "−": "-",
        "·": ".",
        "×": "x",
        "‹": "<",
        "›": ">",
        "↵": " ",
    }
)
"""A character of ASCII for each of ours."""

PLAIN_WORDS: Final = {"≥": ">=", "≤": "<=", "≠": "!=", "→": "->", "…": "...", "⇢": "->"}
"""Longer texts of ASCII for some signs; they go in before anything is measured."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Neighbouring cells of one row that look alike. `owner`: the id of a box, or the number of a route as text."""

    text: str
    role: str
    owner: str


class Canvas:
    """A grid of cells; each holds a text of one column (or a wide one and an empty neighbour)."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._text = [[" "] * width for _ in range(height)]
        self._role = [[""] * width for _ in range(height)]
        self._owner = [[""] * width for _ in range(height)]

    def put(self, x: int, y: int, text: str, role: str = "", owner: str = "") -> None:
        """Write a text from a cell on to the right; what would leave the canvas is cut."""
        for character in text:
            size = cell_width(character)
            if not size and x:
                self._text[y][x - 1] += character
            elif x + size <= self.width:
                for column, part in enumerate((character, "")[:size]):
                    self._text[y][x + column] = part
                    self._role[y][x + column] = role
                    self._owner[y][x + column] = owner
            x += size

    def pieces(self, y: int) -> list[Piece]:
        """A row as pieces of the same role and owner."""
        return list(self._pieces(y))

    def _pieces(self, y: int) -> Iterator[Piece]:
        cells = zip(self._text[y], self._role[y], self._owner[y], strict=True)
        for (role, owner), group in groupby(cells, key=lambda cell: cell[1:]):
            yield Piece("".join(text for text, _, _ in group), role, owner)

    def lines(self) -> list[str]:
        """The rows as text, without blanks at their ends."""
        return ["".join(row).rstrip() for row in self._text]


def cell_width(character: str) -> int:
    """The columns a character takes in a terminal: 0, 1 or 2."""
    if combining(character):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def text_width(text: str) -> int:
    """The columns a text takes in a terminal."""
    return sum(map(cell_width, text))


def shortened(text: str, width: int) -> str:
    """The text, cut with an ellipsis to so many columns."""
    if text_width(text) <= width:
        return text
    kept = ""
    for character in text:
        if text_width(kept) + cell_width(character) > width - 1:
            break
        kept += character
    return kept.rstrip() + "…"
