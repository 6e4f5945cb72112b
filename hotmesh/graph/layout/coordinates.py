"""The third stage: where each vertex lies across the layers, so that lines are straight and boxes stand by their neighbours.

Brandes and Köpf, *Fast and simple horizontal coordinate assignment* (2001), with the block graph compacted by longest ways, on whole
numbers. Each of the four alignments keeps the least distances, so each order statistic of them does, and the rounded mean of two.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from hotmesh.graph.layout.layers import Kind, Layered


@dataclass(slots=True)
class _View:
    """The graph as one of the four alignments sees it: layers from its first on, each in its order."""

    layers: list[list[int]]
    near: list[list[int]]
    """per vertex its neighbours in the layer seen before"""
    position: list[int]


def coordinates(graph: Layered) -> list[int]:
    """Per vertex the coordinate of its line (its port) across; the least extent begins at 0."""
    if not graph.vertices:
        return []
    conflicts = _conflicts(graph)
    results = []
    for backward in (False, True):
        for mirrored in (False, True):
            view = _view(graph, backward=backward, mirrored=mirrored)
            root = _aligned(view, conflicts)
            found = _compacted(graph, view, root, mirrored=mirrored)
            results.append([-c for c in found] if mirrored else found)
    middle = _balanced(graph, results)
    least = min(c - graph.vertices[n].port for n, c in enumerate(middle))
    return [c - least for c in middle]


def distance(graph: Layered, first: int, second: int) -> int:
    """The least distance between the ports of two neighbours in a layer, `first` being the upper one."""
    a, b = graph.vertices[first], graph.vertices[second]
    lines = a.kind in _LINES or b.kind in _LINES
    gap = graph.spacing.line if lines else graph.spacing.box
    return a.across - a.port + gap + b.port


_LINES = (Kind.BEND, Kind.LANE)


def _conflicts(graph: Layered) -> set[tuple[int, int]]:
    """The edges that cross a straight piece of a long link: the link wins (type 1 conflicts)."""
    vertices = graph.vertices
    position = [0] * len(vertices)
    for layer in graph.layers:
        for index, node in enumerate(layer):
            position[node] = index
    found: set[tuple[int, int]] = set()
    for upper, lower in pairwise(graph.layers):
        low, checked = 0, 0
        for index, node in enumerate(lower):
            inner = _inner(graph, node)
            if inner is None and index != len(lower) - 1:
                continue
            high = len(upper) - 1 if inner is None else position[inner]
            for other in lower[checked : index + 1]:
                found.update((n, other) for n in vertices[other].before if not low <= position[n] <= high and _inner(graph, other) != n)
            low, checked = high, index + 1
    return found


def _inner(graph: Layered, node: int) -> int | None:
    """The line or label before this one on the same link, if both are no boxes."""
    vertex = graph.vertices[node]
    if vertex.kind is Kind.BOX or not vertex.before:
        return None
    before = vertex.before[0]
    return before if graph.vertices[before].kind is not Kind.BOX else None


def _view(graph: Layered, *, backward: bool, mirrored: bool) -> _View:
    layers = graph.layers[::-1] if backward else graph.layers
    layers = [layer[::-1] for layer in layers] if mirrored else layers
    position = [0] * len(graph.vertices)
    for layer in layers:
        for index, node in enumerate(layer):
            position[node] = index
    near = [sorted(v.after if backward else v.before, key=position.__getitem__) for v in graph.vertices]
    return _View(layers, near, position)


def _aligned(view: _View, conflicts: set[tuple[int, int]]) -> list[int]:
    """Each vertex joined with its median neighbour where no other pair is crossed; per vertex the root of its block."""
    count = len(view.position)
    root, align = list(range(count)), list(range(count))
    for layer in view.layers:
        last = -1
        for node in layer:
            near = view.near[node]
            for middle in sorted({(len(near) - 1) // 2, len(near) // 2}) if near else ():
                other = near[middle]
                free = (other, node) not in conflicts and (node, other) not in conflicts
                if align[node] == node and free and last < view.position[other]:
                    align[other], root[node] = node, root[other]
                    align[node] = root[node]
                    last = view.position[other]
    return root


def _compacted(graph: Layered, view: _View, root: list[int], *, mirrored: bool) -> list[int]:
    """Blocks pushed together: first as near to the start as distances allow, then back towards those they hold apart."""
    following: dict[int, dict[int, int]] = {}
    waiting: dict[int, int] = dict.fromkeys(root, 0)
    for layer in view.layers:
        for a, b in pairwise(layer):
            least = distance(graph, b, a) if mirrored else distance(graph, a, b)
            edges = following.setdefault(root[a], {})
            waiting[root[b]] += root[b] not in edges
            edges[root[b]] = max(least, edges.get(root[b], 0))
    place = _pushed(following, waiting)
    return [place[r] for r in root]


def _pushed(following: dict[int, dict[int, int]], waiting: dict[int, int]) -> dict[int, int]:
    ready = [block for block, count in waiting.items() if not count]
    place = dict.fromkeys(waiting, 0)
    for block in ready:
        for other, least in following.get(block, {}).items():
            place[other] = max(place[other], place[block] + least)
            waiting[other] -= 1
            if not waiting[other]:
                ready.append(other)
    for block in reversed(ready):
        room = [place[other] - least for other, least in following.get(block, {}).items()]
        if room:
            place[block] = max(place[block], min(room))
    return place


def _balanced(graph: Layered, results: list[list[int]]) -> list[int]:
    """The mean of the two middle ones of four alignments, each moved to the edge of the narrowest that it leans to."""
    spans = [_span(graph, result) for result in results]
    narrow = min(spans, key=lambda span: span[1] - span[0])
    moved = []
    for number, (result, span) in enumerate(zip(results, spans, strict=True)):
        shift = narrow[1] - span[1] if number % 2 else narrow[0] - span[0]
        moved.append([c + shift for c in result])
    return [sum(sorted(four)[1:3]) // 2 for four in zip(*moved, strict=True)]


def _span(graph: Layered, result: list[int]) -> tuple[int, int]:
    vertices = graph.vertices
    low = min(c - v.port for c, v in zip(result, vertices, strict=True))
    return low, max(c - v.port + v.across for c, v in zip(result, vertices, strict=True))
