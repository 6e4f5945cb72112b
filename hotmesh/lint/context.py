"""What the rules look at: an app with the shape of its graphs, its templates, its references and what is known of its data."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from hotmesh.lint.mentions import Mention, mentions_in
from hotmesh.lint.slots import Slot, slots_of
from hotmesh.source.findings import Findings
from hotmesh.source.nodes import Mapping, Node, Scalar, descend
from hotmesh.source.outline import ActivityOutline, AppOutline, GraphOutline, RuleOutline, text_of
from hotmesh.source.payload_schemas import schema_node, schema_value
from hotmesh.source.shape import Shape
from hotmesh.values import Json


@dataclass
class AppContext:
    """An app under the eyes of the rules."""

    outline: AppOutline
    shapes: list[Shape]
    findings: Findings
    root: Node
    """The whole document."""

    @cached_property
    def graphs(self) -> list[GraphContext]:
        return [GraphContext(self, graph, shape) for graph, shape in zip(self.outline.graphs, self.shapes, strict=True)]

    @cached_property
    def by_topic(self) -> dict[str, GraphContext]:
        """The graphs by the topic that starts them."""
        return {graph.outline.subscribes: graph for graph in reversed(self.graphs) if graph.outline.subscribes}

    @cached_property
    def hook_topics(self) -> dict[str, RuleOutline]:
        """The topics that hooks wait on, each with its first rule."""
        return {rule.topic: rule for graph in reversed(self.graphs) for rule in reversed(graph.outline.rules)}


@dataclass
class GraphContext:
    """One graph under the eyes of the rules."""

    app: AppContext
    outline: GraphOutline
    shape: Shape
    _schemas: dict[tuple[str, str], Json | None] = field(default_factory=dict)

    @property
    def findings(self) -> Findings:
        return self.app.findings

    @property
    def activities(self) -> dict[str, ActivityOutline]:
        return self.outline.activities

    @cached_property
    def slots(self) -> list[Slot]:
        """Every template."""
        return list(slots_of(self.outline))

    @cached_property
    def mentions(self) -> list[Mention]:
        """Every reference."""
        return [mention for slot in self.slots for mention in mentions_in(slot)]

    @cached_property
    def ruled(self) -> dict[str, list[RuleOutline]]:
        """The hook rules by the hook they wake."""
        found: dict[str, list[RuleOutline]] = {}
        for rule in self.outline.rules:
            found.setdefault(rule.target, []).append(rule)
        return found

    @cached_property
    def cycles_to(self) -> dict[str, list[ActivityOutline]]:
        """The cycles by the activity they enter again."""
        found: dict[str, list[ActivityOutline]] = {}
        for activity in self.activities.values():
            if activity.kind == "cycle":
                found.setdefault(text_of(activity.node.get("ancestor")), []).append(activity)
        return found

    @cached_property
    def entered_by_foreach(self) -> set[str]:
        """The activities that are entered once per item."""
        return {edge.target for edge in self.outline.edges if "foreach" in edge.node.entries}

    @cached_property
    def job_fields(self) -> set[str] | None:
        """The fields of job data that maps write, None when that can't be said."""
        names: set[str] = set()
        for slot in self.slots:
            if not slot.place.startswith("job."):
                continue
            if not isinstance(slot.node, Mapping) or "@pipe" in slot.node.entries or any(key.endswith("]") for key in slot.node.entries):
                return None
            names.update(slot.node.entries)
        return names

    def schema(self, activity_id: str, section: str) -> Json | None:
        """The schema of `{<activity>.<section>.data}`, None when nothing is known."""
        key = (activity_id, section)
        if key not in self._schemas:
            activity = self.activities.get(activity_id)
            self._schemas[key] = schema_value(self._schema_node(activity, section)) if activity is not None else None
        return self._schemas[key]

    def _schema_node(self, activity: ActivityOutline, section: str) -> Node | None:
        own = descend(activity.node, section, "schema")
        if section == "hook":
            return schema_node(activity.node.get("hook"))
        if section == "output" and own is None and activity.kind == "trigger":
            return descend(self.outline.node, "input", "schema")
        if section == "output" and own is None and activity.kind == "await":
            return self._child_output(activity)
        return own

    def _child_output(self, activity: ActivityOutline) -> Node | None:
        """The schema of the job data of the graph that an await starts, when it waits."""
        wait = activity.node.get("await")
        child = self.app.by_topic.get(text_of(activity.node.get("topic")))
        waits = wait is None or (isinstance(wait, Scalar) and wait.value is True)
        return descend(child.outline.node, "output", "schema") if child is not None and waits else None

    def dominators(self, activity_id: str) -> list[str]:
        """The activities that every instance has above it, the nearest first."""
        return list(self.shape.dominators(activity_id)) if activity_id in self.shape.parent else []
