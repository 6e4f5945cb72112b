"""An outline without errors becomes a Program."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

from hotmesh.expr import references
from hotmesh.program import (
    Activity,
    Await,
    Cycle,
    Graph,
    Hook,
    HookRule,
    Interrupt,
    Mapping,
    Match,
    Program,
    Signal,
    Transition,
    Trigger,
    Worker,
)
from hotmesh.source import nodes
from hotmesh.source.nodes import Node, Scalar, Sequence, descend, to_json
from hotmesh.source.outline import ActivityOutline, AppOutline, GraphOutline, RuleOutline, text_of
from hotmesh.source.payload_schemas import schema_node, schema_value
from hotmesh.source.shape import Shape
from hotmesh.values import Json

CODE: Final = re.compile(r"[1-9]([0-9][0-9]|[xX][xX])\Z")
"""A code as a key or in a condition: 422 or 4xx."""

_FACETS_WITHOUT: Final = frozenset({"id", "measures", "granularity", "parent", "adjacent"})
"""The keys of `stats` that are no facets."""


def freeze(app: AppOutline, shapes: list[Shape], app_id: str, version: str) -> Program:
    """The program of an app that has no errors. `shapes` belong to `app.graphs`, one by one."""
    graphs = {graph.subscribes: _Freezer(graph, shape).graph() for graph, shape in zip(app.graphs, shapes, strict=True)}
    return Program(id=app_id, version=version, graphs=graphs, settings=_value(app.node, "settings"), span=app.node.span)


class _Freezer:
    """One graph on its way into the program."""

    def __init__(self, outline: GraphOutline, shape: Shape) -> None:
        self.outline = outline
        self.shape = shape
        self.rules = {topic: tuple(rules) for topic, rules in _grouped(outline.rules)}
        self.transitions: dict[str, list[Transition]] = {}
        for edge in outline.edges:
            transition = _transition(edge.source, edge.target, edge.node)
            self.transitions.setdefault(edge.source, []).append(transition)

    def graph(self) -> Graph:
        node, trigger = self.outline.node, self.outline.trigger
        assert trigger is not None, "an app without errors has a trigger"
        return Graph(
            subscribes=self.outline.subscribes,
            publishes=_value(node, "publishes"),
            entity=_value(node, "entity"),
            expire=_value(node, "expire"),
            input_schema=schema_value(descend(node, "input", "schema")),
            output_schema=schema_value(descend(node, "output", "schema")),
            output_schemas=_schemas_by_code(node.get("output")),
            trigger=trigger.id,
            activities={id: self.activity(activity) for id, activity in self.outline.activities.items()},
            hooks=self.rules,
            span=node.span,
        )

    def activity(self, outline: ActivityOutline) -> Activity:
        return _KINDS[outline.kind](self, outline)

    def common(self, outline: ActivityOutline) -> dict[str, Any]:
        """The fields that all activities have."""
        node, shape, id = outline.node, self.shape, outline.id
        return {
            "id": id,
            "title": _value(node, "title"),
            "description": _value(node, "description"),
            "input_maps": _mapping(descend(node, "input", "maps"), id),
            "input_schema": schema_value(descend(node, "input", "schema")),
            "output_maps": _mapping(descend(node, "output", "maps"), id),
            "output_schema": schema_value(descend(node, "output", "schema")),
            "output_schemas": _schemas_by_code(node.get("output")),
            "job_maps": _mapping(descend(node, "job", "maps"), id),
            "job_maps_by_code": _maps_by_code(node.get("job"), id),
            "status_threshold": _value(node, "statusThreshold", 0),
            "emit": _flag(node, "emit", False),
            "persist": _flag(node, "persist", False),
            "telemetry": _value(node, "telemetry") or {},
            "settings": _value(node, "settings"),
            "join": outline.join,
            "parent": shape.parent.get(id),
            "depth": shape.depth.get(id, 0),
            "join_scope": shape.scope.get(id),
            "edges": tuple(self.transitions.get(id, ())),
            "joins_ahead": shape.joins_ahead(id),
            "span": outline.key.span,
        }

    def trigger(self, outline: ActivityOutline) -> Trigger:
        stats = outline.node.get("stats")
        facets = {key: value for key, value in _items(stats) if key not in _FACETS_WITHOUT and not isinstance(value, list)}
        return Trigger(
            **self.common(outline),
            job_id=_value(stats, "id"),
            job_key=_value(stats, "key"),
            facets=facets,
            entity=_value(outline.node, "entity"),
        )

    def worker(self, outline: ActivityOutline) -> Worker:
        return Worker(**self.common(outline), topic=_value(outline.node, "topic"), retry=_retry(outline.node))

    def awaiting(self, outline: ActivityOutline) -> Await:
        node = outline.node
        return Await(**self.common(outline), topic=_value(node, "topic"), wait=_flag(node, "await", True), retry=_retry(node))

    def hook(self, outline: ActivityOutline) -> Hook:
        return Hook(
            **self.common(outline),
            sleep=_value(outline.node, "sleep"),
            escalation=_value(outline.node, "escalation"),
            hook_schema=schema_value(schema_node(outline.node.get("hook"))),
            rules=tuple(rule for rules in self.rules.values() for rule in rules if rule.target == outline.id),
        )

    def signal(self, outline: ActivityOutline) -> Signal:
        node, id = outline.node, outline.id
        return Signal(
            **self.common(outline),
            topic=_value(node, "topic"),
            subtype=_value(node, "subtype", "one"),
            signal_maps=_mapping(descend(node, "signal", "maps"), id),
            signal_schema=schema_value(schema_node(descend(node, "signal", "schema"))),
            status=_value(node, "status", "success"),
            code=_value(node, "code", 200),
            key_name=_value(node, "key_name"),
            key_value=_value(node, "key_value"),
            resolver_maps=_mapping(descend(node, "resolver", "maps"), id),
            resolver_schema=schema_value(schema_node(descend(node, "resolver", "schema"))),
            scrub=_flag(node, "scrub", False),
        )

    def cycle(self, outline: ActivityOutline) -> Cycle:
        return Cycle(**self.common(outline), ancestor=_value(outline.node, "ancestor"))

    def interrupt(self, outline: ActivityOutline) -> Interrupt:
        node = outline.node
        return Interrupt(
            **self.common(outline),
            target=_value(node, "target"),
            topic=_value(node, "topic"),
            reason=_value(node, "reason"),
            error_code=_value(node, "code", 410),
            throw=_flag(node, "throw", True),
            descend=_flag(node, "descend", False),
            expire=_value(node, "expire"),
        )


_KINDS: Final[dict[str, Callable[[_Freezer, ActivityOutline], Activity]]] = {
    "trigger": _Freezer.trigger,
    "worker": _Freezer.worker,
    "await": _Freezer.awaiting,
    "hook": _Freezer.hook,
    "signal": _Freezer.signal,
    "cycle": _Freezer.cycle,
    "interrupt": _Freezer.interrupt,
}


def codes_of(node: Node | None) -> tuple[str, ...]:
    """The codes of a condition: a number, a text or a list of them."""
    if isinstance(node, Sequence):
        return tuple(code for item in node.items for code in codes_of(item))
    return (node.text.lower(),) if isinstance(node, Scalar) and node.value is not None else ()


def _grouped(rules: list[RuleOutline]) -> Iterator[tuple[str, list[HookRule]]]:
    topics: dict[str, list[HookRule]] = {}
    for rule in rules:
        matches = tuple(_on_signal(match, rule.target) for match in _matches(descend(rule.node, "conditions", "match")))
        topics.setdefault(rule.topic, []).append(HookRule(rule.topic, rule.target, matches, rule.node.span))
    return iter(topics.items())


def _transition(source: str, target: str, node: nodes.Mapping) -> Transition:
    conditions = node.get("conditions")
    return Transition(
        source=source,
        target=target,
        codes=codes_of(descend(conditions, "code")),
        gate="or" if text_of(descend(conditions, "gate")) == "or" else "and",
        match=_matches(descend(conditions, "match")),
        foreach=_value(node, "foreach"),
        span=node.span,
    )


def _matches(node: Node | None) -> tuple[Match, ...]:
    items = node.items if isinstance(node, Sequence) else []
    return tuple(Match(_value(item, "expected"), _value(item, "actual"), item.span) for item in items)


def _on_signal(match: Match, target: str) -> Match:
    """A hook rule's match: on the side of the signal, `{$self.hook…}` and `{<hook>.hook…}` are old names of `{$hook…}`."""
    old = re.compile(rf"\{{\s*(\$self|{re.escape(target)})\.hook(?=[.\[}}])")
    return replace(match, actual=_renamed(match.actual, old))


def _renamed(template: Json, old: re.Pattern[str]) -> Json:
    if isinstance(template, str):
        return old.sub("{$hook", template) if template.endswith("}") else template
    if isinstance(template, dict):
        return {key: _renamed(item, old) for key, item in template.items()}
    return [_renamed(item, old) for item in template] if isinstance(template, list) else template


def _mapping(node: Node | None, own_id: str) -> Mapping | None:
    template = None if node is None else to_json(node)
    return None if node is None or template is None else Mapping(template, _reads(template, own_id), node.span)


def _reads(template: Json, own_id: str) -> tuple[str, ...]:
    """The activities that a template reads, each once, in the order of their first mention."""
    roots = (own_id if root == "$self" else root for root, _ in references(template))
    return tuple(dict.fromkeys(root for root in roots if not root.startswith("$")))


def _items(node: Node | None) -> Iterator[tuple[str, Json]]:
    """The keys and plain values of a map that may be missing."""
    for key, entry in node.entries.items() if isinstance(node, nodes.Mapping) else ():
        yield key, to_json(entry.value)


def _by_code(node: Node | None, part: str) -> Iterator[tuple[str, Node]]:
    """The `part` under each code in `output` or `job`."""
    for code, entry in node.entries.items() if isinstance(node, nodes.Mapping) else ():
        inner = descend(entry.value, part)
        if CODE.match(code) and inner is not None:
            yield code.lower(), inner


def _schemas_by_code(node: Node | None) -> dict[str, Json]:
    return {code: schema_value(schema) for code, schema in _by_code(node, "schema")}


def _maps_by_code(node: Node | None, own_id: str) -> dict[str, Mapping]:
    found = ((code, _mapping(maps, own_id)) for code, maps in _by_code(node, "maps"))
    return {code: mapping for code, mapping in found if mapping is not None}


def _retry(node: nodes.Mapping) -> dict[str, tuple[int, ...]]:
    return {code.lower(): tuple(counts) if isinstance(counts, list) else (counts,) for code, counts in _items(node.get("retry"))}


def _flag(node: Node | None, key: str, default: bool) -> Json:
    """A boolean, or what gives one; the texts 'true' and 'false' are meant as booleans."""
    value = _value(node, key, default)
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _value(node: Node | None, key: str, default: Json = None) -> Json:
    """The plain value at a key; the default when the key is missing or null."""
    found = descend(node, key)
    value = None if found is None else to_json(found)
    return default if value is None else value
