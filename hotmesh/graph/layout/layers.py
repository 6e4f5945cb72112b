"""The first stage: which links go back, which layer a box is in, and the vertices that long links, labels and loops need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import pairwise

from hotmesh.graph.layout.shapes import Box, Direction, Link, Spacing


class Kind(IntEnum):
    """What a vertex of the layered graph stands for."""

    BOX = 0
    LABEL = 1
    BEND = 2
    """a line that only passes through the layer"""
    LANE = 3
    """the end of a link that goes back: a line beside its box, which it reaches at a right angle"""


@dataclass(slots=True)
class Vertex:
    """Something in a layer. Sizes are *along* the direction of the graph and *across* it."""

    kind: Kind
    layer: int
    along: int
    across: int
    name: str = ""
    owner: int = -1
    """for a lane: the vertex of its box"""
    port: int = 0
    """the offset across of the line, from the first cell of the vertex"""
    lanes: list[int] = field(default_factory=list)
    """for a box: its lanes, the nearest first"""
    before: list[int] = field(default_factory=list)
    """neighbours in the layer before"""
    after: list[int] = field(default_factory=list)
    """neighbours in the layer after"""


@dataclass(slots=True)
class Layered:
    """The layered graph. `chains` holds, per link, its vertices from the layer nearer to the start on."""

    vertices: list[Vertex]
    layers: list[list[int]]
    """vertices by layer, in the order across"""
    chains: list[list[int]]
    back: list[bool]
    spacing: Spacing


def layered(boxes: Sequence[Box], links: Sequence[Link], direction: Direction, spacing: Spacing) -> Layered:
    """The layered graph of boxes and links. Layers are those of the longest way from a start; labels get layers between them."""
    ids = {box.id: number for number, box in enumerate(boxes)}
    ends = [(ids[link.source], ids[link.target]) for link in links]
    back, ranks = _ranks(len(boxes), ends, [link.back for link in links])
    builder = _Builder(boxes, links, ends, back, ranks, direction, spacing)
    return builder.build()


def _ranks(count: int, ends: list[tuple[int, int]], flagged: list[bool]) -> tuple[list[bool], list[int]]:
    """Which links go back, and the layer of each box. A link that is said to go back but doesn't is taken as an ordinary one."""
    hinted = list(flagged)
    while True:
        forward = [end for end, is_back in zip(ends, hinted, strict=True) if not is_back]
        returning = _returning(count, forward)
        ranks = _longest(count, [end for end in forward if end not in returning])
        wrong = [i for i, (a, b) in enumerate(ends) if hinted[i] and a != b and ranks[b] >= ranks[a]]
        if not wrong:
            return [hint or end in returning for end, hint in zip(ends, hinted, strict=True)], ranks
        for i in wrong:
            hinted[i] = False


def _returning(count: int, ends: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
    """The edges to a box that is still open in a depth-first walk: without them there is no cycle."""
    successors: list[list[int]] = [[] for _ in range(count)]
    entered = [0] * count
    for a, b in ends:
        successors[a].append(b)
        entered[b] += a != b
    roots = [n for n in range(count) if not entered[n]] + list(range(count))
    state = [0] * count
    found: set[tuple[int, int]] = set()
    for root in roots:
        if not state[root]:
            _walk(root, successors, state, found)
    return found


def _walk(root: int, successors: list[list[int]], state: list[int], found: set[tuple[int, int]]) -> None:
    stack = [(root, iter(successors[root]))]
    state[root] = 1
    while stack:
        node, rest = stack[-1]
        following = next(rest, None)
        if following is None:
            state[node] = 2
            stack.pop()
        elif state[following] == 1:
            found.add((node, following))
        elif state[following] == 0:
            state[following] = 1
            stack.append((following, iter(successors[following])))


def _longest(count: int, ends: Sequence[tuple[int, int]]) -> list[int]:
    """Per box the length of the longest way to it."""
    successors: list[list[int]] = [[] for _ in range(count)]
    missing = [0] * count
    for a, b in ends:
        successors[a].append(b)
        missing[b] += 1
    ready = [n for n in range(count) if not missing[n]]
    ranks = [0] * count
    for node in ready:
        for following in successors[node]:
            ranks[following] = max(ranks[following], ranks[node] + 1)
            missing[following] -= 1
            if not missing[following]:
                ready.append(following)
    return ranks


class _Builder:
    """Makes the vertices: boxes, then for each link its lanes, label and bends, in the order of the links."""

    def __init__(
        self,
        boxes: Sequence[Box],
        links: Sequence[Link],
        ends: list[tuple[int, int]],
        back: list[bool],
        ranks: list[int],
        direction: Direction,
        spacing: Spacing,
    ) -> None:
        self.links, self.ends, self.back, self.ranks = links, ends, back, ranks
        self.turned = direction == "TB"
        self.spacing = spacing
        self.layer_of_rank, self.layer_of_gap = self._number_layers()
        self.vertices: list[Vertex] = []
        self.reach: dict[int, tuple[bool, bool, int]] = {}
        for number, box in enumerate(boxes):
            self._add(Kind.BOX, self.layer_of_rank[ranks[number]], *self._sizes(box.width, box.height), name=box.id)

    def build(self) -> Layered:
        chains = [self._chain(number) for number in range(len(self.links))]
        for chain in chains:
            for a, b in pairwise(chain):
                self.vertices[a].after.append(b)
                self.vertices[b].before.append(a)
        for vertex in self.vertices:
            vertex.lanes.sort(key=self.reach.__getitem__)
        layers: list[list[int]] = [[] for _ in range(max(self.layer_of_rank.values(), default=-1) + 1)]
        for number, vertex in enumerate(self.vertices):
            layers[vertex.layer].append(number)
        return Layered(self.vertices, layers, chains, self.back, self.spacing)

    def _number_layers(self) -> tuple[dict[int, int], dict[int, int]]:
        """The layer of each rank, and the layer for labels in the gap after a rank, where one is needed."""
        gaps = {self._label_gap(number) for number, link in enumerate(self.links) if link.label_width}
        of_rank: dict[int, int] = {}
        of_gap: dict[int, int] = {}
        layer = 0
        for rank in range(max(self.ranks, default=-1) + 1):
            of_rank[rank] = layer
            layer += 1
            if rank in gaps:
                of_gap[rank] = layer
                layer += 1
        return of_rank, of_gap

    def _label_gap(self, number: int) -> int | None:
        """The rank after which the label of a link lies: next to its source. None for a loop on one box."""
        source, target = self.ends[number]
        if source == target:
            return None
        return self.ranks[source] - 1 if self.back[number] else self.ranks[source]

    def _chain(self, number: int) -> list[int]:
        source, target = self.ends[number]
        if source == target:
            return [self._lane(source, number, arrives=False)]
        if not self.back[number]:
            return [source, *self._between(source, target, number), target]
        first = self._lane(target, number, arrives=True)
        return [first, *self._between(target, source, number), self._lane(source, number, arrives=False)]

    def _between(self, low: int, high: int, number: int) -> list[int]:
        link = self.links[number]
        gap = self._label_gap(number)
        at = self.layer_of_gap[gap] if link.label_width and gap is not None else None
        made = []
        for layer in range(self.vertices[low].layer + 1, self.vertices[high].layer):
            if layer == at:
                made.append(self._add(Kind.LABEL, layer, *self._sizes(link.label_width, link.label_height)))
            else:
                made.append(self._add(Kind.BEND, layer, 1, 1))
        return made

    def _lane(self, box: int, number: int, *, arrives: bool) -> int:
        """A lane beside a box. Lanes that leave lie nearer to it than those that arrive, short ones nearer than long ones, loops last."""
        source, target = self.ends[number]
        link = self.links[number]
        sizes = self._sizes(max(1, link.label_width), max(1, link.label_height)) if source == target else (1, 1)
        lane = self._add(Kind.LANE, self.vertices[box].layer, *sizes, owner=box)
        self.vertices[box].lanes.append(lane)
        self.reach[lane] = (source == target, arrives, abs(self.ranks[source] - self.ranks[target]))
        return lane

    def _sizes(self, width: int, height: int) -> tuple[int, int]:
        return (height, width) if self.turned else (width, height)

    def _add(self, kind: Kind, layer: int, along: int, across: int, *, name: str = "", owner: int = -1) -> int:
        self.vertices.append(Vertex(kind, layer, along, across, name, owner, (across - 1) // 2))
        return len(self.vertices) - 1
