"""What goes into a layout and what comes out: boxes and links on an integer grid, in cells of a terminal or in pixels alike.

A box at (x, y) covers the cells x … x + width − 1 and y … y + height − 1. A route is a line one cell thick through its points; it
begins in the first cell outside its source and ends in the last cell before its target.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Direction = Literal["LR", "TB"]
"""Left to right, or top to bottom."""

Point: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Box:
    """A node to place, with its size in grid units (at least 1 by 1)."""

    id: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Link:
    """An edge to draw. A label gets a place of its own on the line. `back` says that the link closes a cycle; others are found."""

    source: str
    target: str
    label_width: int = 0
    label_height: int = 0
    back: bool = False


@dataclass(frozen=True, slots=True)
class Spacing:
    """The free grid units between things. *Along* is the direction of the graph, *across* the other one."""

    box: int
    """across, between two boxes"""
    line: int
    """across, between a line and whatever is beside it"""
    track: int
    """along, between two parallel lines that cross over to other rows"""
    lead: int
    """along, from a box or a label to the first such line, and from the last one to a label"""
    arrow: int
    """along, from the last such line to a box: room for the arrow head"""


CELLS: Mapping[Direction, Spacing] = {
    "LR": Spacing(box=1, line=1, track=2, lead=1, arrow=2),
    "TB": Spacing(box=3, line=2, track=1, lead=1, arrow=1),
}
"""Spacing for a terminal, whose cells are twice as high as wide."""


@dataclass(frozen=True, slots=True)
class Rect:
    """A placed box or label."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The first column after the rectangle."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row below the rectangle."""
        return self.y + self.height

    @property
    def center(self) -> Point:
        """The cell in the middle (the upper left one of four)."""
        return self.x + (self.width - 1) // 2, self.y + (self.height - 1) // 2


@dataclass(frozen=True, slots=True)
class Route:
    """A placed link: `points` are the corners of a line of horizontal and vertical pieces from the source to the target."""

    source: str
    target: str
    points: tuple[Point, ...]
    label: Rect | None
    back: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """A placed graph. `routes` stand in the order of the links they were made from."""

    direction: Direction
    width: int
    height: int
    boxes: dict[str, Rect]
    routes: tuple[Route, ...]
    layers: tuple[tuple[str, ...], ...]
    """The boxes by layer along the direction, each layer in its order across it."""
