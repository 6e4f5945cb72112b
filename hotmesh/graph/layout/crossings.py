"""The second stage: the order in each layer. It starts from the order of the document and leaves it only for fewer crossings.

A box and its lanes are one block: they stay together, the lanes behind the box, nearest first. Sweeps by barycenter (Sugiyama,
Tagawa, Toda 1981); crossings are counted with an accumulator tree in O(e log v) (Barth, Jünger, Mutzel 2002).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from hotmesh.graph.layout.layers import Kind, Layered

SWEEPS = 16
"""At most so many passes over all layers."""

PATIENCE = 4
"""Passes without fewer crossings after which the search ends."""

Orders = list[list[int]]


def arrange(graph: Layered) -> None:
    """Put every layer of the graph in the order with the fewest crossings that was found."""
    order = _document_order(graph)
    best, fewest = order, _crossings(graph, order)
    idle = 0
    for sweep in range(SWEEPS):
        if not fewest or idle == PATIENCE:
            break
        order = _swept(graph, order, down=sweep % 2 == 0)
        count = _crossings(graph, order)
        idle = 0 if count < fewest else idle + 1
        if count < fewest:
            best, fewest = order, count
    graph.layers = _swapped(graph, best) if fewest else best


def _document_order(graph: Layered) -> Orders:
    """Each layer in the order of a depth-first walk that takes boxes and links as they stand in the document."""
    vertices = graph.vertices
    layers: Orders = [[] for _ in graph.layers]
    seen = [False] * len(vertices)
    starts = [n for n, v in enumerate(vertices) if v.kind is Kind.BOX]
    for start in sorted(starts, key=lambda n: vertices[n].layer > 0):
        stack = [start]
        while stack:
            node = stack.pop()
            if seen[node]:
                continue
            block = _block(graph, node)
            for member in block:
                seen[member] = True
            layers[vertices[node].layer].extend(block)
            stack.extend(n for member in reversed(block) for n in reversed(vertices[member].after))
    return layers


def _block(graph: Layered, node: int) -> list[int]:
    """The vertex with all that must stay beside it."""
    vertex = graph.vertices[node]
    if vertex.kind is Kind.LANE:
        return _block(graph, vertex.owner)
    return [node, *vertex.lanes]


def _blocks(graph: Layered, layer: list[int]) -> list[list[int]]:
    return [_block(graph, node) for node in layer if graph.vertices[node].kind is not Kind.LANE]


def _positions(graph: Layered, order: Orders) -> list[int]:
    position = [0] * len(graph.vertices)
    for layer in order:
        for index, node in enumerate(layer):
            position[node] = index
    return position


def _swept(graph: Layered, order: Orders, *, down: bool) -> Orders:
    """The order after one pass in which each layer follows its neighbours in the layer that the pass has just left."""
    vertices = graph.vertices
    layers = [list(layer) for layer in order]
    position = _positions(graph, layers)
    for number in range(len(layers)) if down else reversed(range(len(layers))):
        weighted = []
        for block in _blocks(graph, layers[number]):
            near = [position[n] for member in block for n in (vertices[member].before if down else vertices[member].after)]
            weighted.append((sum(near) / len(near) if near else None, block))
        layers[number] = [node for block in _merged(weighted) for node in block]
        for index, node in enumerate(layers[number]):
            position[node] = index
    return layers


def _merged(weighted: list[tuple[float | None, list[int]]]) -> Iterator[list[int]]:
    """The blocks sorted by weight; those without one keep their places."""
    movable = iter(sorted((pair for pair in weighted if pair[0] is not None), key=lambda pair: pair[0] or 0.0))
    for weight, block in weighted:
        yield block if weight is None else next(movable)[1]


def _crossings(graph: Layered, order: Orders) -> int:
    position = _positions(graph, order)
    return sum(_between(graph, position, upper, len(lower)) for upper, lower in pairwise(order))


def _between(graph: Layered, position: list[int], upper: list[int], width: int) -> int:
    """The crossings between a layer and the next: pairs of edges whose ends are in opposite order."""
    ends = [end for node in upper for end in sorted(position[n] for n in graph.vertices[node].after)]
    if all(a <= b for a, b in pairwise(ends)):
        return 0
    tree = [0] * (width + 1)
    total = 0
    for seen, end in enumerate(ends):
        index, not_greater = end + 1, 0
        while index:
            not_greater += tree[index]
            index &= index - 1
        total += seen - not_greater
        index = end + 1
        while index <= width:
            tree[index] += 1
            index += index & -index
    return total


def _swapped(graph: Layered, order: Orders) -> Orders:
    """The order after exchanging neighbouring blocks as long as each exchange removes a crossing."""
    layers = [list(layer) for layer in order]
    position = _positions(graph, layers)
    for _ in range(PATIENCE):
        gained = [_swap_layer(graph, layers, number, position) for number in range(len(layers))]
        if not any(gained):
            break
    return layers


def _swap_layer(graph: Layered, layers: Orders, number: int, position: list[int]) -> bool:
    blocks = _blocks(graph, layers[number])
    gained = False
    for i in range(len(blocks) - 1):
        if _gain(graph, position, blocks[i], blocks[i + 1]) > 0:
            blocks[i], blocks[i + 1] = blocks[i + 1], blocks[i]
            gained = True
    layers[number] = [node for block in blocks for node in block]
    for index, node in enumerate(layers[number]):
        position[node] = index
    return gained


def _gain(graph: Layered, position: list[int], first: list[int], second: list[int]) -> int:
    """How many crossings vanish when two neighbouring blocks change places."""
    gain = 0
    for before in (True, False):
        a = _ends(graph, position, first, before=before)
        b = _ends(graph, position, second, before=before)
        gain += sum((x > y) - (x < y) for x in a for y in b)
    return gain


def _ends(graph: Layered, position: list[int], block: list[int], *, before: bool) -> list[int]:
    return [position[n] for node in block for n in (graph.vertices[node].before if before else graph.vertices[node].after)]
