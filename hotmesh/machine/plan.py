"""A program made ready to run: every template compiled to a closure, every table that a step looks things up in.

A Plan is derived from a Program alone and never changes; an engine keeps one per version.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from hotmesh.errors import UnknownTopic
from hotmesh.expr import Scope, compile_template, gives_json, to_json
from hotmesh.machine.payload import accepts, validator
from hotmesh.program import Activity, Graph, Hook, HookRule, Mapping, Match, Program, Template, Transition
from hotmesh.values import UNDEFINED, Json, canonical

Closure: TypeAlias = Callable[[Scope], Any]


class EdgePlan:
    """A transition, ready to be decided."""

    __slots__ = ("codes", "foreach", "gate_all", "match", "target")

    def __init__(self, edge: Transition) -> None:
        self.target = edge.target
        self.codes = frozenset(edge.codes)
        self.gate_all = edge.gate == "and"
        self.match = _matches(edge.match)
        self.foreach = None if edge.foreach is None else _json(edge.foreach)

    def takes(self, status: str, code: int) -> bool:
        """Whether the edge is for an answer of this status and code."""
        if self.codes:
            text = str(code)
            return text in self.codes or f"{text[0]}xx" in self.codes
        return status == "success" and 200 <= code < 300 and code != 202


class RulePlan:
    """A hook rule, ready for both of its sides."""

    __slots__ = ("fingerprint", "match", "topic")

    def __init__(self, rule: HookRule) -> None:
        self.topic = rule.topic
        self.match = _matches(rule.match)
        self.fingerprint = [canonical(match.actual) for match in rule.match]

    def key(self, values: list[Json]) -> str:
        """What a registration and a signal have in common when they meet: the rule's `actual` templates and their values."""
        return canonical([self.fingerprint, values])


class ActivityPlan:
    """An activity, ready to run."""

    __slots__ = (
        "_edges_by_answer",
        "activity",
        "closures",
        "depth",
        "edges",
        "emit",
        "foreach_target",
        "gathers",
        "id",
        "input_maps",
        "job_maps",
        "job_maps_by_code",
        "joins_ahead",
        "kind",
        "leaves_no_row",
        "lineage",
        "output_maps",
        "persist",
        "rules",
        "telemetry",
        "validate",
    )

    def __init__(self, activity: Activity, graph: Graph) -> None:
        self.activity = activity
        self.id = activity.id
        self.kind = activity.kind
        self.depth = activity.depth
        self.lineage = _lineage(activity, graph)
        self.edges = tuple(map(EdgePlan, activity.edges))
        self._edges_by_answer: dict[tuple[str, int], tuple[EdgePlan, ...]] = {}
        self.input_maps = _maps(activity.input_maps)
        self.output_maps = _maps(activity.output_maps)
        self.job_maps = _maps(activity.job_maps)
        self.job_maps_by_code = {code: _json(maps.template) for code, maps in activity.job_maps_by_code.items()}
        self.emit = _unless_false(activity.emit)
        self.persist = _unless_false(activity.persist)
        self.telemetry = _json(activity.telemetry) if activity.telemetry else None
        self.rules = tuple(map(RulePlan, activity.rules)) if isinstance(activity, Hook) else ()
        self.closures = {name: _json(_template(activity, name)) for name in _TEMPLATES[self.kind]}
        self.gathers = activity.join == "all"
        self.leaves_no_row = activity.kind == "cycle" and _setting(activity, "stored") is False
        self.joins_ahead = tuple((join, graph.activities[graph.activities[join].join_scope or ""].depth) for join in activity.joins_ahead)
        self.foreach_target = any(edge.target == self.id and edge.foreach is not None for edge in graph.transitions())

    def __getitem__(self, name: str) -> Closure:
        return self.closures[name]

    def edges_for(self, status: str, code: int) -> tuple[EdgePlan, ...]:
        """The edges that are for an answer of this status and code, whatever their conditions say."""
        answer = status, code
        if answer not in self._edges_by_answer:
            self._edges_by_answer[answer] = tuple(edge for edge in self.edges if edge.takes(status, code))
        return self._edges_by_answer[answer]


_TEMPLATES: dict[str, tuple[str, ...]] = {
    "trigger": ("job_id", "entity", "facets", "job_key"),
    "worker": ("topic",),
    "await": ("topic", "wait"),
    "hook": ("sleep", "escalation"),
    "signal": ("topic", "status", "code", "key_name", "key_value", "scrub", "signal_maps", "resolver_maps"),
    "cycle": (),
    "interrupt": ("target", "topic", "reason", "error_code", "throw", "descend", "expire"),
}
"""The templates of each kind beside those that all have."""


class GraphPlan:
    """A graph, ready to run."""

    __slots__ = ("activities", "expire", "graph", "inbox", "publishes", "trigger", "validate")

    def __init__(self, graph: Graph, validates: bool) -> None:
        self.graph = graph
        self.activities = {each.id: ActivityPlan(each, graph) for each in graph.activities.values()}
        self.trigger = self.activities[graph.trigger]
        self.inbox = next((each for each in self.activities.values() if _setting(each.activity, "inbox") is True), None)
        """The activity that takes what is posted to the job."""
        self.publishes = graph.publishes
        self.expire = None if graph.expire is None else _json(graph.expire)
        self.validate = validator(graph.input_schema) if validates else accepts

    def parent_of(self, activity_id: str) -> str | None:
        """The activity below which this one's instances live."""
        return self.activities[activity_id].activity.parent


class Plan:
    """A program, ready to run."""

    __slots__ = ("graphs", "program", "rules")

    def __init__(self, program: Program) -> None:
        self.program = program
        self.graphs = {topic: GraphPlan(graph, program.validates) for topic, graph in program.graphs.items()}
        self.rules: dict[str, list[RulePlan]] = {}
        for graph in program.graphs.values():
            for topic, rules in graph.hooks.items():
                self.rules.setdefault(topic, []).extend(map(RulePlan, rules))

    def graph_of(self, topic: str) -> GraphPlan:
        """The graph that a topic starts. Raises UnknownTopic naming those there are."""
        if topic not in self.graphs:
            program, known = self.program, ", ".join(self.graphs)
            raise UnknownTopic(f"no graph of {program.id} version {program.version} subscribes to {topic!r}; there is {known}")
        return self.graphs[topic]


def _setting(activity: Activity, name: str) -> Json:
    return activity.settings.get(name) if isinstance(activity.settings, dict) else None


def _template(activity: Activity, name: str) -> Template:
    value = getattr(activity, name)
    return value.template if isinstance(value, Mapping) else value


def _json(template: Template) -> Closure:
    """A closure that gives JSON; null for what is undefined."""
    closure = compile_template(template)
    if not gives_json(template):
        return lambda scope: to_json(closure(scope))
    return lambda scope: None if (value := closure(scope)) is UNDEFINED else value


def _maps(mapping: Mapping | None) -> Closure | None:
    return None if mapping is None else _json(mapping.template)


def _matches(match: tuple[Match, ...]) -> tuple[tuple[Closure, Closure], ...]:
    return tuple((compile_template(each.expected), compile_template(each.actual)) for each in match)


def _unless_false(template: Template) -> Closure | None:
    return None if template is False or template is None else _json(template)


def _lineage(activity: Activity, graph: Graph) -> tuple[str, ...]:
    """The activities above this one in the tree, the trigger first, itself last: number d is at depth d."""
    chain = [activity.id]
    while (parent := graph.activities[chain[-1]].parent) is not None:
        chain.append(parent)
    return tuple(reversed(chain))
