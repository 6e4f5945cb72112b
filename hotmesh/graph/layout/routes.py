"""The last stage: rectangles and routes on the grid, from the vertices' places across and the channels' tracks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from hotmesh.graph.layout.channels import Channel, route_channel
from hotmesh.graph.layout.layers import Kind, Layered, Vertex
from hotmesh.graph.layout.shapes import Direction, Layout, Link, Point, Rect, Route


def draw(graph: Layered, across: list[int], links: Sequence[Link], direction: Direction) -> Layout:
    """The finished layout."""
    drawing = _Drawing(graph, across)
    turned = direction == "TB"
    boxes = {v.name: _rect(drawing.rect(n), turned) for n, v in enumerate(graph.vertices) if v.kind is Kind.BOX}
    routes = tuple(_route(drawing, number, link, turned) for number, link in enumerate(links))
    names = tuple(tuple(graph.vertices[n].name for n in layer if graph.vertices[n].kind is Kind.BOX) for layer in graph.layers)
    width, height = _extent(boxes, routes)
    return Layout(direction, width, height, boxes, routes, tuple(layer for layer in names if layer))


class _Drawing:
    """The places along the direction: where each layer starts and each track runs."""

    def __init__(self, graph: Layered, across: list[int]) -> None:
        self.graph, self.across = graph, across
        self.channels = [self._channel(number) for number in range(len(graph.layers) - 1)]
        self.starts: list[int] = []
        place = 0
        for number, layer in enumerate(graph.layers):
            self.starts.append(place)
            place += self._thickness(layer) + (self._width(number) if number < len(self.channels) else 0)

    def rect(self, node: int) -> Rect:
        """The rectangle of a vertex; x is along and y is across."""
        vertex = self.graph.vertices[node]
        return Rect(self.starts[vertex.layer], self.across[node] - vertex.port, vertex.along, vertex.across)

    def way(self, chain: list[int]) -> Iterator[Point]:
        """The corners of the line through a chain of vertices, without its two ends."""
        for a, b in pairwise(chain):
            layer = self.graph.vertices[a].layer
            row = self.across[a]
            for track, following in self.channels[layer].stops.get((a, b), ()):
                place = self._track(layer, track)
                yield place, row
                yield place, following
                row = following

    def port(self, box: int, lane: int, *, far: bool = False) -> int:
        """Where on its box a lane ends, along: lanes that arrive on the near side, nested so that they don't cross."""
        vertex = self.graph.vertices[box]
        slots = [slot for lane_ in vertex.lanes if self._arrives(lane_) for slot in [(lane_, False)]][::-1]
        for lane_ in vertex.lanes:
            if not self._arrives(lane_):
                slots += [(lane_, False), (lane_, True)] if self._loops(lane_) else [(lane_, False)]
        index = slots.index((lane, far))
        return self.starts[vertex.layer] + vertex.along * (2 * index + 1) // (2 * len(slots))

    def _arrives(self, lane: int) -> bool:
        return bool(self.graph.vertices[lane].after)

    def _loops(self, lane: int) -> bool:
        vertex = self.graph.vertices[lane]
        return not vertex.after and not vertex.before

    def _channel(self, number: int) -> Channel:
        first, second = self.graph.layers[number : number + 2]
        edges = [(a, b) for a in first for b in self.graph.vertices[a].after]
        return route_channel(edges, self.across, {self.across[n] for n in first + second})

    def _thickness(self, layer: list[int]) -> int:
        return max(self.graph.vertices[n].along for n in layer)

    def _width(self, number: int) -> int:
        spacing = self.graph.spacing
        kinds = [{self.graph.vertices[n].kind for n in layer} for layer in self.graph.layers[number : number + 2]]
        tracks = self.channels[number].tracks
        end = spacing.arrow if Kind.BOX in kinds[1] else spacing.lead
        return spacing.lead + (max(1, tracks) - 1) * spacing.track + 1 + end

    def _track(self, number: int, track: int) -> int:
        spacing = self.graph.spacing
        return self.starts[number] + self._thickness(self.graph.layers[number]) + spacing.lead + track * spacing.track


def _route(drawing: _Drawing, number: int, link: Link, turned: bool) -> Route:
    chain, back = drawing.graph.chains[number], drawing.graph.back[number]
    points = _loop(drawing, chain) if back else _forward(drawing, chain)
    labels = [n for n in chain if _is_label(drawing.graph.vertices[n], link)]
    label = _rect(drawing.rect(labels[0]), turned) if labels else None
    corners = _corners([(y, x) if turned else (x, y) for x, y in points])
    return Route(link.source, link.target, corners, label, back)


def _is_label(vertex: Vertex, link: Link) -> bool:
    loop = vertex.kind is Kind.LANE and not vertex.before and not vertex.after
    return vertex.kind is Kind.LABEL or (loop and link.label_width > 0)


def _forward(drawing: _Drawing, chain: list[int]) -> list[Point]:
    first, last = drawing.rect(chain[0]), drawing.rect(chain[-1])
    start = (first.right, drawing.across[chain[0]])
    return [start, *drawing.way(chain), (last.x - 1, drawing.across[chain[-1]])]


def _loop(drawing: _Drawing, chain: list[int]) -> list[Point]:
    """From the box, out to its lane, back along it, and in to the other box; a loop on one box has one lane with two ports."""
    vertices, across = drawing.graph.vertices, drawing.across
    arriving, leaving = chain[0], chain[-1]
    target, source = vertices[arriving].owner, vertices[leaving].owner
    out, into = drawing.port(source, leaving), drawing.port(target, arriving, far=arriving == leaving)
    return [
        (out, drawing.rect(source).bottom),
        (out, across[leaving]),
        *reversed(list(drawing.way(chain))),
        (into, across[arriving]),
        (into, drawing.rect(target).bottom),
    ]


def _corners(points: list[Point]) -> tuple[Point, ...]:
    """The points without those that lie on a straight piece."""
    kept = points[:1]
    for point, following in pairwise(points[1:]):
        straight = kept[-1][0] == point[0] == following[0] or kept[-1][1] == point[1] == following[1]
        if not straight and point != kept[-1]:
            kept.append(point)
    return (*kept, points[-1])


def _rect(rect: Rect, turned: bool) -> Rect:
    return Rect(rect.y, rect.x, rect.height, rect.width) if turned else rect


def _extent(boxes: dict[str, Rect], routes: Sequence[Route]) -> tuple[int, int]:
    rects = [*boxes.values(), *(route.label for route in routes if route.label)]
    points = [point for route in routes for point in route.points]
    width = max([0, *(rect.right for rect in rects), *(x + 1 for x, _ in points)])
    return width, max([0, *(rect.bottom for rect in rects), *(y + 1 for _, y in points)])
