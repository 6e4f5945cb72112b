"""The outline of an app: its graphs, activities, edges and hook rules, each with its node, whatever else may be wrong with them.

What has not the shape of the language is left out here; `checking` says so. The linter and `freezing` read an app through its outline.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from hotmesh.program import KINDS
from hotmesh.source.nodes import Mapping, Node, Scalar, Sequence, descend

OLD_KINDS = {"activity": "hook"}
"""Old names of activity types, with the present ones."""


@dataclass(slots=True)
class ActivityOutline:
    """An activity; `kind` is '' when its type is missing or unknown."""

    id: str
    kind: str
    key: Scalar
    node: Mapping

    @property
    def join(self) -> str | None:
        node = self.node.get("join")
        return str(node.value) if isinstance(node, Scalar) and node.value in ("all", "any") else None


@dataclass(slots=True)
class EdgeOutline:
    """One item of `transitions`; `to` is the node that names its target."""

    source: str
    target: str
    key: Scalar
    to: Scalar
    node: Mapping


@dataclass(slots=True)
class RuleOutline:
    """One item of `hooks`; `to` is the node that names the waiting hook."""

    topic: str
    target: str
    key: Scalar
    to: Scalar
    node: Mapping


@dataclass(slots=True)
class GraphOutline:
    """A graph; `subscribes` is '' when it is missing."""

    node: Mapping
    subscribes: str
    activities: dict[str, ActivityOutline] = field(default_factory=dict)
    edges: list[EdgeOutline] = field(default_factory=list)
    rules: list[RuleOutline] = field(default_factory=list)

    @property
    def triggers(self) -> list[ActivityOutline]:
        return [activity for activity in self.activities.values() if activity.kind == "trigger"]

    @property
    def trigger(self) -> ActivityOutline | None:
        """The first trigger."""
        return next(iter(self.triggers), None)


@dataclass
class AppOutline:
    """An app. `node` is what stands under `app:`, or the only graph when the file is one."""

    node: Mapping
    graphs: list[GraphOutline]

    @cached_property
    def by_topic(self) -> dict[str, GraphOutline]:
        """The graphs by the topic that starts them."""
        return {graph.subscribes: graph for graph in reversed(self.graphs) if graph.subscribes}


def outline(root: Mapping) -> AppOutline:
    """The outline of a document: an app, or one graph alone."""
    app = root.get("app")
    if not isinstance(app, Mapping):
        return AppOutline(root, [_graph(root)] if "activities" in root.entries else [])
    graphs = app.get("graphs")
    items = graphs.items if isinstance(graphs, Sequence) else []
    return AppOutline(app, [_graph(item) for item in items if isinstance(item, Mapping)])


def _graph(node: Mapping) -> GraphOutline:
    graph = GraphOutline(node, text_of(node.get("subscribes")))
    activities = node.get("activities")
    if isinstance(activities, Mapping):
        graph.activities = {id: _activity(id, key, value) for id, (key, value) in activities.entries.items() if isinstance(value, Mapping)}
    graph.edges = [EdgeOutline(*item) for item in _targets(node.get("transitions"))]
    graph.rules = [RuleOutline(*item) for item in _targets(node.get("hooks"))]
    return graph


def _activity(id: str, key: Scalar, node: Mapping) -> ActivityOutline:
    word = text_of(node.get("type"))
    kind = OLD_KINDS.get(word, word)
    return ActivityOutline(id, kind if kind in KINDS else "", key, node)


def _targets(table: Node | None) -> Iterator[tuple[str, str, Scalar, Scalar, Mapping]]:
    """The items `{to: …}` in a map of lists."""
    if not isinstance(table, Mapping):
        return
    for name, (key, items) in table.entries.items():
        for item in items.items if isinstance(items, Sequence) else []:
            to = descend(item, "to")
            if isinstance(item, Mapping) and isinstance(to, Scalar) and isinstance(to.value, str):
                yield name, to.value, key, to, item


def text_of(node: Node | None) -> str:
    """The text of a scalar, '' for anything else."""
    return node.value if isinstance(node, Scalar) and isinstance(node.value, str) else ""
