"""What can happen: a compiled app as frozen dataclasses, hashable by content, a JSON round trip (schemas/program.schema.json).

A *template* is a tree of JSON in which strings `'{a.b}'` are references and `{'@pipe': …}` are pipes; `hotmesh.expr` gives it its
meaning. Every part carries the `Span` it was read from.

The graph of a program is a tree once cycles are taken away and joins hang below their immediate dominator: `parent` and `depth`
speak of that tree. An instance of an activity at depth d has a dimension of d + 1 numbers, `,0` for the trigger.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cached_property
from types import MappingProxyType, UnionType
from typing import Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

from hotmesh.diagnostic import NOWHERE, Span
from hotmesh.values import Json, canonical

Template = Json
"""A tree of literals, references and pipes."""

Gate = Literal["and", "or"]
Join = Literal["all", "any"]


@dataclass(frozen=True, slots=True)
class Mapping:
    """A `maps` block: where its values come from, and which activities it reads."""

    template: Template
    reads: tuple[str, ...] = ()
    span: Span = NOWHERE


@dataclass(frozen=True, slots=True)
class Match:
    """One comparison of a condition: `actual` must equal `expected`, as JSON."""

    expected: Template
    actual: Template
    span: Span = NOWHERE


@dataclass(frozen=True, slots=True)
class Transition:
    """An edge. `codes` are texts like '422' and '4xx'; none means: on a final success."""

    source: str
    target: str
    codes: tuple[str, ...] = ()
    gate: Gate = "and"
    match: tuple[Match, ...] = ()
    foreach: Template | None = None
    span: Span = NOWHERE


@dataclass(frozen=True, slots=True)
class HookRule:
    """How a signal on `topic` finds the waiting hook `target`: every `actual` (on the signal) equals its `expected` (in the job)."""

    topic: str
    target: str
    match: tuple[Match, ...] = ()
    span: Span = NOWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What all activities have. The fields `parent`, `depth`, `edges` and `rules` are the compiler's own."""

    kind: ClassVar[str]

    id: str
    title: str | None = None
    description: str | None = None
    input_maps: Mapping | None = None
    input_schema: Json | None = None
    output_maps: Mapping | None = None
    output_schema: Json | None = None
    output_schemas: dict[str, Json] = field(default_factory=dict)
    """The schema of the output by code, as '200' or '4xx'."""
    job_maps: Mapping | None = None
    job_maps_by_code: dict[str, Mapping] = field(default_factory=dict)
    status_threshold: int = 0
    emit: Template = False
    persist: Template = False
    telemetry: dict[str, Template] = field(default_factory=dict)
    settings: Json = None
    join: Join | None = None

    parent: str | None = None
    """The immediate dominator: the activity below which this one's instances live."""
    depth: int = 0
    join_scope: str | None = None
    """For a join: the activity below whose instance the branches are gathered; it is `parent` too."""
    edges: tuple[Transition, ...] = ()
    """The outgoing transitions in document order."""
    joins_ahead: tuple[str, ...] = ()
    """The joins that can be reached from here along the edges (and through the ancestors of cycles on the way)."""
    span: Span = NOWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger(Activity):
    """The first activity of a graph; its output is the payload."""

    kind: ClassVar[str] = "trigger"
    job_id: Template | None = None
    """`stats.id`"""
    job_key: Template | None = None
    """`stats.key`"""
    facets: dict[str, Template] = field(default_factory=dict)
    """The other scalar `stats`, which `signal` with `subtype: all` finds jobs by; `key` is always among them when there is one."""
    entity: Template | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker(Activity):
    """Sends its input to the consumers of `topic` and settles with their answer."""

    kind: ClassVar[str] = "worker"
    topic: Template
    retry: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """Retries by code: `{'500': (3,)}` = three more attempts after a 500."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Await(Activity):
    """Starts the graph that subscribes to `topic` as a child job; waits for its data unless `wait` is false."""

    kind: ClassVar[str] = "await"
    topic: Template
    wait: Template = True
    """the `await` key"""
    retry: dict[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook(Activity):
    """Waits for a signal (when `rules` target it), for a time (when `sleep` > 0), for whichever comes first, or passes through."""

    kind: ClassVar[str] = "hook"
    sleep: Template | None = None
    escalation: dict[str, Template] | None = None
    hook_schema: Json | None = None
    rules: tuple[HookRule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal(Activity):
    """Sends `signal_maps` on the hook topic `topic` to one waiting hook, or to all jobs with a facet."""

    kind: ClassVar[str] = "signal"
    topic: Template
    subtype: Literal["one", "all"] = "one"
    signal_maps: Mapping | None = None
    signal_schema: Json | None = None
    status: Template = "success"
    code: Template = 200
    key_name: Template | None = None
    key_value: Template | None = None
    resolver_maps: Mapping | None = None
    resolver_schema: Json | None = None
    scrub: Template = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle(Activity):
    """Re-enters `ancestor` in a new dimension."""

    kind: ClassVar[str] = "cycle"
    ancestor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupt(Activity):
    """Ends this job, or with `target` another one."""

    kind: ClassVar[str] = "interrupt"
    target: Template | None = None
    topic: Template | None = None
    reason: Template | None = None
    error_code: Template = 410
    """the `code` key"""
    throw: Template = True
    descend: Template = False
    expire: Template | None = None


KINDS: dict[str, type[Activity]] = {
    "trigger": Trigger,
    "worker": Worker,
    "await": Await,
    "hook": Hook,
    "signal": Signal,
    "cycle": Cycle,
    "interrupt": Interrupt,
}
"""The closed set of activity kinds; `activity`, the old name of `hook`, is gone once a program is compiled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """One graph: started by its topic, run along its activities."""

    subscribes: str
    publishes: str | None = None
    entity: str | None = None
    expire: Template | None = None
    """Seconds a finished job is kept, -1 for ever; None = the setting `expire_s`."""
    input_schema: Json | None = None
    output_schema: Json | None = None
    output_schemas: dict[str, Json] = field(default_factory=dict)
    trigger: str
    activities: dict[str, Activity]
    """In document order."""
    hooks: dict[str, tuple[HookRule, ...]] = field(default_factory=dict)
    span: Span = NOWHERE

    def transitions(self) -> Iterator[Transition]:
        """Every edge, by source in document order."""
        for activity in self.activities.values():
            yield from activity.edges

    def ancestors(self, activity_id: str) -> tuple[str, ...]:
        """Every activity on some path from the trigger to this one, the trigger first.

        Stored with each activity they would make the program of a long chain grow with the square of its length.
        """
        above: dict[str, list[str]] = {}
        for edge in self.transitions():
            above.setdefault(edge.target, []).append(edge.source)
        found: dict[str, None] = {}
        seen = {activity_id}
        way = [(activity_id, iter(above.get(activity_id, ())))]
        while way:
            source = next(way[-1][1], None)
            if source is None:
                found[way.pop()[0]] = None
            elif source not in seen:
                seen.add(source)
                way.append((source, iter(above.get(source, ()))))
        return tuple(found)[:-1]


@dataclass(frozen=True)
class Program:
    """A compiled app."""

    id: str
    version: str
    graphs: dict[str, Graph]
    """By the topic that starts them, in document order."""
    settings: Json = None
    span: Span = NOWHERE

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the content without its places: equal for two texts that mean the same."""
        return hashlib.sha256(canonical(_without_spans(self.to_json())).encode()).hexdigest()

    @property
    def validates(self) -> bool:
        """Whether payloads are checked against the input schemas."""
        return not (isinstance(self.settings, dict) and self.settings.get("validate") is False)

    def to_json(self) -> Json:
        """The program as JSON (schemas/program.schema.json)."""
        return _to_json(self)

    @staticmethod
    def from_json(value: Json) -> Program:
        """The program that `to_json` described. Raises KeyError or TypeError when it is something else."""
        program: Program = _from_json(Program, value)
        return program


def _to_json(value: Any) -> Json:
    if isinstance(value, Span):
        return [value.file, value.line, value.column, value.end_line, value.end_column]
    if is_dataclass(value) and not isinstance(value, type):
        kind = {"type": value.kind} if isinstance(value, Activity) else {}
        return kind | {f.name: _to_json(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dict):
        return {key: _to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_to_json(item) for item in value]
    return value


def _from_json(shape: Any, value: Json) -> Any:
    """`value` read as the type `shape`, one of those the fields above are declared with."""
    origin, arguments = get_origin(shape), get_args(shape)
    if shape is Span:
        return Span(*value)
    if shape is Activity:
        return _record(KINDS[value["type"]], value)
    if isinstance(shape, type) and is_dataclass(shape):
        return _record(shape, value)
    if origin in (Union, UnionType):
        present = next((a for a in arguments if a is not type(None)), Any)
        return None if value is None else _from_json(present, value)
    if origin is tuple:
        return tuple(_from_json(arguments[0], item) for item in value)
    if origin is dict:
        return {key: _from_json(arguments[1], item) for key, item in value.items()}
    return value


def _record(shape: type, value: Json) -> Any:
    return shape(**{name: _from_json(hint, value[name]) for name, hint in _hints(shape).items()})


_HINTS: dict[type, MappingProxyType[str, Any]] = {}


def _hints(shape: type) -> MappingProxyType[str, Any]:
    """The types of the fields of a dataclass, resolved once."""
    if shape not in _HINTS:
        hints = get_type_hints(shape)
        names = [f.name for f in fields(shape)]
        _HINTS[shape] = MappingProxyType({name: hints[name] for name in names})
    return _HINTS[shape]


def _without_spans(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _without_spans(item) for key, item in value.items() if key != "span"}
    if isinstance(value, list):
        return [_without_spans(item) for item in value]
    return value
