"""The fourth stage: the lines between two layers, on tracks that keep different lines apart.

A net is a fork (one source, several targets) or a join (several sources, one target). It runs along the rows of its ends and crosses
over on one track. Two rules keep nets apart: nets with overlapping spans take different tracks, and a net whose source lies on the row
of another's target turns off before that one turns in. Where the second rule goes round in a circle, a net takes two tracks with
a free row between them (a dogleg).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

Ends: TypeAlias = dict[int, int]
"""Rows by vertex."""

Stop: TypeAlias = tuple[int, int]
"""A track, and the row to which a line goes on it."""


@dataclass(slots=True, eq=False)
class Net:
    """Lines that share a track. `sources` and `targets` are rows by vertex."""

    sources: Ends
    targets: Ends
    track: int = 0
    rest: Net | None = None
    """the second half of a dogleg"""
    rows_in: list[int] = field(default_factory=list)
    rows_out: list[int] = field(default_factory=list)
    low: int = 0
    high: int = 0

    def __post_init__(self) -> None:
        self.rows_in = sorted(self.sources.values())
        self.rows_out = sorted(self.targets.values())
        self.low = min(self.rows_in[0], self.rows_out[0])
        self.high = max(self.rows_in[-1], self.rows_out[-1])

    def overlaps(self, other: Net) -> bool:
        """Whether the two can't lie on one track."""
        return self.low <= other.high and other.low <= self.high

    def must_precede(self, other: Net) -> bool:
        """Whether this net comes from a row on which the other goes on to another vertex, or is the first half of its dogleg."""
        if self.rest is other:
            return True
        rivals = ((vertex, row) for vertex, row in other.targets.items() if vertex not in self.sources)
        return any(row in self.rows_in and self.targets.get(vertex) != row for vertex, row in rivals)


@dataclass(slots=True)
class Channel:
    """The routed lines between two layers: per edge the stops on its way, none for a straight one."""

    tracks: int
    stops: dict[tuple[int, int], tuple[Stop, ...]]


def route_channel(edges: Iterable[tuple[int, int]], rows: Sequence[int], taken: Iterable[int]) -> Channel:
    """Route edges between two layers. `rows`: per vertex its row; `taken`: the rows of all vertices of both layers."""
    edges = list(dict.fromkeys(edges))
    nets = _nets(edges, rows)
    ordered = _ordered(nets, set(taken))
    for number, net in enumerate(ordered):
        net.track = max((other.track + 1 for other in ordered[:number] if other.overlaps(net)), default=0)
    return Channel(max((net.track + 1 for net in ordered), default=0), _stops(nets, rows))


def _nets(edges: list[tuple[int, int]], rows: Sequence[int]) -> list[Net]:
    """The forks and joins among the edges; a straight line of its own is neither."""
    forks: dict[int, list[int]] = {}
    for a, b in edges:
        forks.setdefault(a, []).append(b)
    joins: dict[int, list[int]] = {}
    for a, targets in forks.items():
        if len(targets) == 1:
            joins.setdefault(targets[0], []).append(a)
    nets = [Net({a: rows[a]}, {b: rows[b] for b in targets}) for a, targets in forks.items() if len(targets) > 1]
    nets += [Net({a: rows[a] for a in sources}, {b: rows[b]}) for b, sources in joins.items()]
    return sorted((net for net in nets if net.low < net.high), key=lambda net: (net.low, net.high))


def _ordered(nets: list[Net], taken: set[int]) -> list[Net]:
    """The nets in the order in which they turn: the rule first, then as few crossings as a greedy choice finds."""
    remaining = list(nets)
    relations = _Relations(remaining)
    ordered: list[Net] = []
    while remaining:
        free = [net for net in remaining if not relations.before[net]]
        if not free:
            simplest = min(relations.circle(), key=lambda net: len(net.rows_in) + len(net.rows_out))
            remaining.append(_split(simplest, taken))
            relations = _Relations(remaining)
            continue
        chosen = min(free, key=relations.total.__getitem__)
        ordered.append(chosen)
        remaining.remove(chosen)
        relations.settle(chosen)
    return ordered


class _Relations:
    """Per net those that must turn before it, and what it would cost if it turned before each other one."""

    def __init__(self, nets: list[Net]) -> None:
        self.before: dict[Net, dict[Net, None]] = {net: {} for net in nets}
        self.after: dict[Net, list[tuple[Net, int]]] = {net: [] for net in nets}
        self.total: dict[Net, int] = dict.fromkeys(nets, 0)
        for a, b in _overlapping(nets):
            self._relate(a, b)

    def settle(self, net: Net) -> None:
        """The net has turned: nothing waits for it any more."""
        for other, cost in self.after[net]:
            self.before[other].pop(net, None)
            self.total[other] -= cost

    def circle(self) -> list[Net]:
        """Nets that wait for one another in a circle; there is one when every net waits for another."""
        way: dict[Net, None] = {}
        net = next(waiting for waiting, others in self.before.items() if others)
        while net not in way:
            way[net] = None
            net = next(iter(self.before[net]))
        nets = list(way)
        return nets[nets.index(net) :]

    def _relate(self, a: Net, b: Net) -> None:
        gain = _cost(b, a) - _cost(a, b)
        for first, second, cost in ((a, b, gain), (b, a, -gain)):
            if first.must_precede(second):
                self.before[second][first] = None
            self.after[first].append((second, max(0, cost)))
            self.total[second] += max(0, cost)


def _overlapping(nets: list[Net]) -> Iterable[tuple[Net, Net]]:
    by_start = sorted(nets, key=lambda net: net.low)
    for number, a in enumerate(by_start):
        for b in by_start[number + 1 :]:
            if b.low > a.high:
                break
            yield a, b


def _cost(first: Net, second: Net) -> int:
    """The crossings of two nets when the first turns before the second."""
    return _within(first.rows_out, second) + _within(second.rows_in, first)


def _within(rows: list[int], net: Net) -> int:
    return bisect_left(rows, net.high) - bisect_right(rows, net.low)


def _split(net: Net, taken: set[int]) -> Net:
    """Give a net a dogleg over a free row; returns its second half."""
    row = next((r for r in range(net.low + 1, net.high) if r not in taken), None)
    if row is None:
        row = next(r for r in range(net.high + 1, net.high + len(taken) + 2) if r not in taken)
    taken.add(row)
    joint = -1 - len(taken)
    half = Net({joint: row}, net.targets)
    net.rest = half
    net.targets = {joint: row}
    net.__post_init__()
    return half


def _stops(nets: list[Net], rows: Sequence[int]) -> dict[tuple[int, int], tuple[Stop, ...]]:
    stops: dict[tuple[int, int], tuple[Stop, ...]] = {}
    for net in nets:
        parts = [net]
        while (rest := parts[-1].rest) is not None:
            parts.append(rest)
        joints = [(part.track, next(iter(part.targets.values()))) for part in parts[:-1]]
        for a in net.sources:
            for b in parts[-1].targets:
                stops[a, b] = (*joints, (parts[-1].track, rows[b]))
    return stops
