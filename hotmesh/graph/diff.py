"""Two versions of an app in one picture: what was added, removed and changed.

Activities and transitions are compared as the program holds them, without their places in the text and without what the compiler
derives, so that reformatting a file is no change.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import fields, is_dataclass, replace
from difflib import ndiff
from typing import Final

from hotmesh.graph.diagram import Change, Diagram, Edge, Node, diagram
from hotmesh.program import Activity, Graph, Program
from hotmesh.values import Json

DERIVED: Final = frozenset({"span", "parent", "depth", "join_scope", "edges", "joins_ahead", "reads"})


def compared(old: Program, new: Program, topics: Collection[str] | None = None) -> tuple[Diagram, ...]:
    """The graphs of two programs, each with what changed in it; removed graphs last. `topics` picks some."""
    names = [*new.graphs, *(topic for topic in old.graphs if topic not in new.graphs)]
    started = {*new.graphs, *old.graphs}
    wanted = [topic for topic in names if topics is None or topic in topics]
    return tuple(_graphs(old.graphs.get(topic), new.graphs.get(topic), started) for topic in wanted)


def _graphs(old: Graph | None, new: Graph | None, started: Collection[str]) -> Diagram:
    if old is None and new is not None:
        return _all(diagram(new, started), "added")
    if new is None and old is not None:
        return _all(diagram(old, started), "removed")
    assert old is not None
    assert new is not None
    before, after = diagram(old, started), diagram(new, started)
    nodes = [_node(node, before, old, new) for node in after.nodes]
    removed = {node.id: replace(node, change="removed") for node in before.nodes if node.id not in new.activities}
    edges = _edges(before.edges, after.edges, old, new)
    return replace(after, nodes=tuple(_inserted(nodes, removed, before)), edges=edges, compared=True)


def _all(shown: Diagram, change: Change) -> Diagram:
    nodes = tuple(replace(node, change=change) for node in shown.nodes)
    edges = tuple(replace(edge, change=change) for edge in shown.edges)
    return replace(shown, nodes=nodes, edges=edges, change=change, compared=True)


def _node(node: Node, before: Diagram, old: Graph, new: Graph) -> Node:
    if node.id not in old.activities:
        return replace(node, change="added")
    fields_changed = _changed_fields(old.activities[node.id], new.activities[node.id])
    if not fields_changed:
        return node
    earlier = next(other for other in before.nodes if other.id == node.id)
    return replace(node, change="changed", tooltip=f"{node.tooltip}\n\n{_told(earlier.tooltip, node.tooltip, fields_changed)}")


def _told(before: str, after: str, fields_changed: Iterable[str]) -> str:
    """What changed: the lines that differ, or the names of fields that a tooltip doesn't show."""
    lines = [line for line in ndiff(before.splitlines(), after.splitlines()) if line[:2] in ("- ", "+ ")]
    return "\n".join(["changed:", *(lines or fields_changed)])


def _changed_fields(old: Activity, new: Activity) -> list[str]:
    if old.kind != new.kind:
        return ["type"]
    names = [field.name for field in fields(new) if field.name not in DERIVED]
    return [name for name in names if _content(getattr(old, name)) != _content(getattr(new, name))]


def _edges(before: Iterable[Edge], after: Iterable[Edge], old: Graph, new: Graph) -> tuple[Edge, ...]:
    earlier = {(edge.source, edge.target, edge.back): edge for edge in before}
    shown = []
    for edge in after:
        key = (edge.source, edge.target, edge.back)
        if key not in earlier:
            shown.append(replace(edge, change="added"))
        elif _transitions(old, edge) != _transitions(new, edge):
            shown.append(replace(edge, change="changed", tooltip=f"{edge.tooltip}\nbefore: {earlier[key].label or 'no condition'}"))
        else:
            shown.append(edge)
        earlier.pop(key, None)
    return (*shown, *(replace(edge, change="removed") for edge in earlier.values()))


def _transitions(graph: Graph, edge: Edge) -> list[Json]:
    return [_content(each) for each in graph.activities[edge.source].edges if each.target == edge.target]


def _content(value: object) -> Json:
    """A part of a program as JSON, without places and without what is derived."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _content(getattr(value, field.name)) for field in fields(value) if field.name not in DERIVED}
    if isinstance(value, dict):
        return {key: _content(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_content(item) for item in value]
    return [type(value).__name__, value] if isinstance(value, bool) else value


def _inserted(nodes: list[Node], removed: dict[str, Node], before: Diagram) -> list[Node]:
    """The nodes with each removed one behind the one that stood before it."""
    result = list(nodes)
    previous: str | None = None
    for node in before.nodes:
        if node.id in removed:
            at = next((index + 1 for index, other in enumerate(result) if other.id == previous), 0)
            result.insert(at, removed[node.id])
        previous = node.id
    return result
