"""The edges of a picture: lines with round corners and arrow heads, and their labels."""

from __future__ import annotations

from math import ceil
from typing import Final

from hotmesh.graph.diagram import Edge
from hotmesh.graph.layout import Link, Point, Rect, Route
from hotmesh.graph.svg.markup import element, number, text, title
from hotmesh.graph.svg.text_width import text_width
from hotmesh.graph.wrapping import wrapped

RADIUS: Final = 8
HEAD: Final = 9
"""The length of an arrow head."""

LABEL_SIZE, LABEL_STEP = 12, 15
LABEL_PADDING: Final = 7
LABEL_CHARACTERS: Final = 26
CHANGE_SIGNS: Final = {"added": "+ ", "removed": "− ", "changed": "~ "}


def link(edge: Edge) -> Link:
    """What the layout must know of an edge, in pixels."""
    lines = label_lines(edge)
    width = ceil(max((text_width(line, LABEL_SIZE) for line in lines), default=0))
    size = (width + 2 * LABEL_PADDING, len(lines) * LABEL_STEP + 5) if lines else (0, 0)
    return Link(edge.source, edge.target, *size, back=edge.back)


def label_lines(edge: Edge) -> tuple[str, ...]:
    """The label of an edge, in lines."""
    label = CHANGE_SIGNS.get(edge.change or "", "") + edge.label
    return wrapped(label.strip(), LABEL_CHARACTERS) if label.strip() else ()


def draw_edge(edge: Edge, route: Route) -> str:
    """The line of an edge with its head and its label."""
    taken = None if edge.taken is None else "taken" if edge.taken else "untaken"
    classes = " ".join(part for part in (taken, edge.change) if part) or None
    back = " back" if edge.back else ""
    content = [
        title(edge.tooltip),
        element("path", d=_path(route.points), class_=f"edge{back}"),
        element("path", d=_head(route.points), class_=f"head{back}"),
        *(_label(edge, route.label) if route.label else ()),
    ]
    return element("g", *content, class_=classes)


def _label(edge: Edge, rect: Rect) -> list[str]:
    """The lines of a label on a patch of the page's color, which interrupts the line below."""
    lines = label_lines(edge)
    patch = element("rect", x=rect.x, y=rect.y, width=rect.width, height=rect.height, rx=4, class_="page")
    middle = rect.x + rect.width / 2
    first = rect.y + (rect.height - LABEL_STEP * len(lines)) / 2 + 11
    class_ = "label" + (" sign" if edge.change else "")
    return [patch, *(text(line, middle, first + LABEL_STEP * row, class_, "middle") for row, line in enumerate(lines))]


def _path(points: tuple[Point, ...]) -> str:
    """The line through the points up to the arrow head, its corners rounded."""
    ends = [*points[:-1], _back_from(points[-1], points[-2], HEAD - 1)]
    parts = [f"M{ends[0][0]} {ends[0][1]}"]
    for before, corner, after in zip(ends, ends[1:], ends[2:], strict=False):
        radius = min(RADIUS, _length(before, corner) // 2, _length(corner, after) // 2)
        start, end = _back_from(corner, before, radius), _back_from(corner, after, radius)
        parts.append(f"L{_at(start)}Q{_at(corner)} {_at(end)}")
    return "".join([*parts, f"L{_at(ends[-1])}"])


def _head(points: tuple[Point, ...]) -> str:
    tip, before = points[-1], points[-2]
    x, y = _back_from(tip, before, HEAD)
    along = tip[0] != before[0]
    one, other = ((x, y - 4.5), (x, y + 4.5)) if along else ((x - 4.5, y), (x + 4.5, y))
    return f"M{_at(tip)}L{_at(one)}L{_at(other)}z"


def _back_from(point: Point, towards: Point, distance: int) -> Point:
    x, y = point
    return x + distance * _sign(towards[0] - x), y + distance * _sign(towards[1] - y)


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)


def _length(a: Point, b: Point) -> int:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _at(point: tuple[float, float]) -> str:
    return f"{number(point[0])} {number(point[1])}"
