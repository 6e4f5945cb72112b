"""The tree in a graph: which activity lives below which, who comes before whom, which joins lie ahead.

Once cycles are left out a graph is a directed graph without loops; its tree is that of the immediate dominators. A join gathers the
branches of its scope: with two and more incoming edges its immediate dominator, with one the source of the nearest `foreach` above it.
Sets of activities are the bits of an int, so that a thousand activities take a few milliseconds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from hotmesh.source.nodes import Scalar
from hotmesh.source.outline import EdgeOutline, GraphOutline, text_of


@dataclass
class Shape:
    """The shape of one graph; activities that the trigger doesn't reach, or that lie on a loop of edges, are not in `order`."""

    order: list[str] = field(default_factory=list)
    """Sources before targets, in document order otherwise."""
    incoming: dict[str, list[EdgeOutline]] = field(default_factory=dict)
    outgoing: dict[str, list[EdgeOutline]] = field(default_factory=dict)
    parent: dict[str, str | None] = field(default_factory=dict)
    depth: dict[str, int] = field(default_factory=dict)
    ancestor_bits: dict[str, int] = field(default_factory=dict)
    scope: dict[str, str] = field(default_factory=dict)
    """The join scope of each join."""
    ahead_bits: dict[str, int] = field(default_factory=dict)
    dominator_bits: dict[str, int] = field(default_factory=dict)
    position: dict[str, int] = field(default_factory=dict)

    @cached_property
    def ancestors(self) -> dict[str, tuple[str, ...]]:
        """For each activity every activity on some path from the trigger to it, the trigger first."""
        found: dict[str, tuple[str, ...]] = {}
        for activity_id in self.order:
            above = {edge.source for edge in self.incoming.get(activity_id, ()) if edge.source in self.position}
            if len(above) == 1:
                (source,) = above
                found[activity_id] = (*found[source], source)
            else:
                found[activity_id] = tuple(self._members(self.ancestor_bits[activity_id]))
        return found

    def joins_ahead(self, activity_id: str) -> tuple[str, ...]:
        """The joins that can be reached from an activity."""
        return tuple(self._members(self.ahead_bits.get(activity_id, 0)))

    def is_ancestor(self, candidate: str, activity_id: str) -> bool:
        """Whether `candidate` comes before an activity on some path."""
        position = self.position.get(candidate)
        return position is not None and bool(self.ancestor_bits.get(activity_id, 0) >> position & 1)

    def is_dominator(self, candidate: str, activity_id: str) -> bool:
        """Whether every instance of an activity has one of `candidate` above it in the tree."""
        position = self.position.get(candidate)
        return position is not None and bool(self.dominator_bits.get(activity_id, 0) >> position & 1)

    def dominators(self, activity_id: str) -> Iterator[str]:
        """The activities on the way up the tree, the parent first."""
        above = self.parent.get(activity_id)
        while above is not None:
            yield above
            above = self.parent[above]

    def _members(self, bits: int) -> Iterator[str]:
        while bits:
            lowest = bits & -bits
            yield self.order[lowest.bit_length() - 1]
            bits ^= lowest


def shape_of(graph: GraphOutline) -> Shape:
    """The shape of a graph; of a broken one, what can be said."""
    shape = Shape()
    trigger = graph.trigger
    if trigger is None:
        return shape
    _link(graph, shape)
    _sort(shape, trigger.id, _reachable(shape, trigger.id))
    for activity_id in shape.order:
        _place(graph, shape, activity_id)
    _look_ahead(graph, shape)
    return shape


def _link(graph: GraphOutline, shape: Shape) -> None:
    for edge in graph.edges:
        if edge.source in graph.activities and edge.target in graph.activities:
            shape.outgoing.setdefault(edge.source, []).append(edge)
            shape.incoming.setdefault(edge.target, []).append(edge)


def _reachable(shape: Shape, start: str) -> set[str]:
    seen, waiting = {start}, [start]
    while waiting:
        for edge in shape.outgoing.get(waiting.pop(), ()):
            if edge.target not in seen:
                seen.add(edge.target)
                waiting.append(edge.target)
    return seen


def _sort(shape: Shape, trigger: str, reachable: set[str]) -> None:
    """Kahn's order; what lies on a loop of edges, or behind one, stays out."""
    missing = {target: len(_from(edges, reachable)) for target, edges in shape.incoming.items()}
    ready = deque([trigger] if not missing.get(trigger) else [])
    while ready:
        activity_id = ready.popleft()
        shape.position[activity_id] = len(shape.order)
        shape.order.append(activity_id)
        for edge in shape.outgoing.get(activity_id, ()):
            missing[edge.target] -= 1
            if not missing[edge.target]:
                ready.append(edge.target)


def _from(edges: Iterable[EdgeOutline], reachable: set[str]) -> list[EdgeOutline]:
    return [edge for edge in edges if edge.source in reachable]


def _place(graph: GraphOutline, shape: Shape, activity_id: str) -> None:
    """Parent, depth and ancestors of an activity whose sources are placed."""
    sources = [edge for edge in shape.incoming.get(activity_id, ()) if edge.source in shape.position]
    parent = _common(shape, [edge.source for edge in sources])
    if graph.activities[activity_id].join is not None:
        parent = parent if len(sources) > 1 else _above_foreach(shape, sources)
        if parent is not None:
            shape.scope[activity_id] = parent
    shape.parent[activity_id] = parent
    shape.depth[activity_id] = 0 if parent is None else shape.depth[parent] + 1
    shape.dominator_bits[activity_id] = 0 if parent is None else shape.dominator_bits[parent] | 1 << shape.position[parent]
    bits = 0
    for edge in sources:
        bits |= shape.ancestor_bits[edge.source] | 1 << shape.position[edge.source]
    shape.ancestor_bits[activity_id] = bits


def _common(shape: Shape, sources: list[str]) -> str | None:
    """The nearest activity that all ways from the trigger to the sources pass."""
    if not sources:
        return None
    common: str | None = sources[0]
    for source in sources[1:]:
        other: str | None = source
        while common != other and common is not None and other is not None:
            if shape.depth[common] >= shape.depth[other]:
                common = shape.parent[common]
            else:
                other = shape.parent[other]
    return common


def _above_foreach(shape: Shape, sources: list[EdgeOutline]) -> str | None:
    """The source of the nearest `foreach` on the way to a join that no other join has gathered; else the direct source."""
    if not sources:
        return None
    edge = sources[0]
    while "foreach" not in edge.node.entries:
        below = shape.scope.get(edge.source, edge.source)
        above = [edge for edge in shape.incoming.get(below, ()) if edge.source in shape.position]
        if not above:
            return sources[0].source
        edge = above[0]
    return edge.source


def _look_ahead(graph: GraphOutline, shape: Shape) -> None:
    """Joins ahead, to a fixed point because cycles lead back up; without joins there is nothing to do.

    Ahead is what can still be reached of the same instance of a join: a cycle that enters the join's scope again, or what lies above it,
    leads to another one, and one that enters the join itself again gathers nothing.
    """
    joins = {id: 1 << shape.position[id] for id in shape.order if graph.activities[id].join is not None}
    if not joins:
        return
    following = {id: [edge.target for edge in shape.outgoing.get(id, ()) if edge.target in shape.position] for id in shape.order}
    again = {id: ancestor for id in shape.order if (ancestor := _entered_again(graph, shape, id)) is not None}
    around = {id: sum(bit for join, bit in joins.items() if shape.is_dominator(shape.scope.get(join, ""), id)) for id in again.values()}
    ahead = dict.fromkeys(shape.order, 0)
    changed = True
    while changed:
        changed = False
        for activity_id in reversed(shape.order):
            bits = ahead[activity_id]
            for target in following[activity_id]:
                bits |= ahead[target] | joins.get(target, 0)
            if activity_id in again:
                ancestor = again[activity_id]
                bits |= ahead[ancestor] & around[ancestor]
            changed = changed or bits != ahead[activity_id]
            ahead[activity_id] = bits
    shape.ahead_bits = ahead


def _entered_again(graph: GraphOutline, shape: Shape, activity_id: str) -> str | None:
    """The ancestor of a cycle."""
    activity = graph.activities[activity_id]
    ancestor = activity.node.get("ancestor") if activity.kind == "cycle" else None
    return text_of(ancestor) if isinstance(ancestor, Scalar) and text_of(ancestor) in shape.position else None
