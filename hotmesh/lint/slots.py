"""Where templates stand in an app: one table for activities, and the edges, hook rules and graphs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from hotmesh.source.freezing import CODE
from hotmesh.source.nodes import Mapping, Node, Sequence, descend
from hotmesh.source.outline import ActivityOutline, EdgeOutline, GraphOutline, RuleOutline

Use = Literal["activity", "edge", "expected", "actual", "graph"]
"""Who evaluates a template: an activity, its outgoing edge, a waiting hook, the incoming signal, the graph at its end."""


@dataclass(frozen=True, slots=True, eq=False)
class Slot:
    """A template in its place; `owner` is the id of the activity that evaluates it, '' for the graph."""

    owner: str
    place: str
    node: Node
    use: Use = "activity"


COMMON: Final = ("input.maps", "output.maps", "job.maps", "emit", "persist", "telemetry")

PLACES: Final[dict[str, tuple[str, ...]]] = {
    "trigger": (*COMMON, "stats", "entity"),
    "worker": (*COMMON, "topic"),
    "await": (*COMMON, "topic", "await"),
    "hook": (*COMMON, "sleep", "escalation"),
    "signal": (
        *COMMON, "topic", "status", "code", "key_name", "key_value", "scrub", "signal.maps", "resolver.maps",
    ),
    "cycle": COMMON,
    "interrupt": (*COMMON, "target", "topic", "reason", "code", "throw", "descend", "expire"),
}  # fmt: skip
"""The keys of each activity type whose values are templates."""


def slots_of(graph: GraphOutline) -> Iterator[Slot]:
    """Every template of a graph, in the order activities, edges, hook rules, the graph's own."""
    for activity in graph.activities.values():
        yield from _of_activity(activity)
    for edge in graph.edges:
        yield from _of_edge(edge)
    for rule in graph.rules:
        yield from _of_rule(rule)
    expire = graph.node.get("expire")
    if expire is not None:
        yield Slot("", "expire", expire, "graph")


def _of_activity(activity: ActivityOutline) -> Iterator[Slot]:
    for place in PLACES.get(activity.kind, COMMON):
        node = descend(activity.node, *place.split("."))
        if node is not None:
            yield Slot(activity.id, place, node)
    job = activity.node.get("job")
    for code in job.entries if isinstance(job, Mapping) else ():
        maps = descend(job, code, "maps")
        if CODE.match(code) and maps is not None:
            yield Slot(activity.id, f"job.{code}.maps", maps)


def _of_edge(edge: EdgeOutline) -> Iterator[Slot]:
    foreach = edge.node.get("foreach")
    if foreach is not None:
        yield Slot(edge.source, f"foreach of the edge to {edge.target}", foreach, "edge")
    for match in matches_of(edge):
        for side in ("expected", "actual"):
            node = match.get(side)
            if node is not None:
                yield Slot(edge.source, f"the edge to {edge.target}", node, "edge")


def _of_rule(rule: RuleOutline) -> Iterator[Slot]:
    for match in matches_of(rule):
        expected, actual = match.get("expected"), match.get("actual")
        if expected is not None:
            yield Slot(rule.target, f"the hook rule of {rule.topic}", expected, "expected")
        if actual is not None:
            yield Slot(rule.target, f"the hook rule of {rule.topic}", actual, "actual")


def matches_of(item: EdgeOutline | RuleOutline) -> list[Mapping]:
    """The comparisons in the conditions of an edge or a hook rule."""
    match = descend(item.node, "conditions", "match")
    return [node for node in match.items if isinstance(node, Mapping)] if isinstance(match, Sequence) else []
