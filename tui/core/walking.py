"""Walking through a drawing with four keys: along the edges, and across to the neighbors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

from hotmesh.graph.diagram import Edge
from hotmesh.graph.layout import Layout

Way: TypeAlias = Literal["left", "right", "up", "down"]

_AHEAD: dict[str, dict[Way, str]] = {
    "LR": {"right": "on", "left": "back", "up": "before", "down": "after"},
    "TB": {"down": "on", "up": "back", "left": "before", "right": "after"},
}
"""What a key means in a drawing that goes left to right, or top to bottom."""


def step(drawn: Layout, edges: Sequence[Edge], here: str, way: Way) -> str:
    """The box one comes to; the same one where there is no way."""
    meant = _AHEAD[drawn.direction][way]
    if meant in ("on", "back"):
        along = [each.target for each in edges if each.source == here and not each.back]
        against = [each.source for each in edges if each.target == here and not each.back]
        return _nearest(drawn, here, along if meant == "on" else against) or here
    return _beside(drawn, here, forward=meant == "after") or here


def _beside(drawn: Layout, here: str, *, forward: bool) -> str | None:
    place = _across(drawn, here)
    beyond = [each for each in drawn.boxes if (_across(drawn, each) > place if forward else _across(drawn, each) < place)]
    return _nearest(drawn, here, beyond)


def _nearest(drawn: Layout, here: str, candidates: Iterable[str]) -> str | None:
    return min(candidates, key=lambda each: _distance(drawn, here, each), default=None)


def _across(drawn: Layout, box: str) -> int:
    rect = drawn.boxes[box]
    return rect.center[1] if drawn.direction == "LR" else rect.center[0]


def _distance(drawn: Layout, here: str, there: str) -> tuple[int, str]:
    (ax, ay), (bx, by) = drawn.boxes[here].center, drawn.boxes[there].center
    return abs(ax - bx) + 2 * abs(ay - by), there
