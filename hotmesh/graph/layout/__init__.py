"""A layered layout with right-angled lines on an integer grid: the same for terminals (cells) and pictures (pixels).

The stages, one module each: `layers` (links that go back, layers, vertices for labels and loops), `crossings` (the order in a layer),
`coordinates` (places across), `channels` (tracks between layers), `routes` (rectangles and lines). Everything is deterministic;
the order of the document breaks every tie, so that one more box moves little.
"""

from __future__ import annotations

from collections.abc import Sequence

from hotmesh.graph.layout.coordinates import coordinates
from hotmesh.graph.layout.crossings import arrange
from hotmesh.graph.layout.layers import layered
from hotmesh.graph.layout.routes import draw
from hotmesh.graph.layout.shapes import CELLS, Box, Direction, Layout, Link, Point, Rect, Route, Spacing

__all__ = ["CELLS", "Box", "Direction", "Layout", "Link", "Point", "Rect", "Route", "Spacing", "layout"]


def layout(boxes: Sequence[Box], links: Sequence[Link], direction: Direction = "LR", spacing: Spacing | None = None) -> Layout:
    """Place boxes and links.

    `boxes` and `links` in document order, sizes in grid units; `spacing` defaults to that of a terminal.
    Raises KeyError when a link names a box that is not there.
    """
    graph = layered(boxes, links, direction, spacing or CELLS[direction])
    arrange(graph)
    return draw(graph, coordinates(graph), links, direction)
