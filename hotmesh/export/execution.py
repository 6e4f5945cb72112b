"""What did happen: one job as frozen dataclasses with a JSON round trip (schemas/execution.schema.json).

The second waist of the house. `export.build` makes an `Execution` of a program's graph and the rows; everything that shows a job (the
TUI, `hotmesh why`, `hotmesh render --job`, `mesh.export`) reads this and no rows. Times are epoch milliseconds by the database's clock.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from types import UnionType
from typing import Any, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

from hotmesh.values import UNDEFINED, Json

State: TypeAlias = Literal["running", "completed", "failed", "interrupted", "cancelled", "paused", "waiting"]
"""A job's. `running`: an engine or a worker has it, or it is about to be taken; `waiting`: all that is open waits for a signal, a time, a
child, another attempt, or a consumer that isn't there."""

InstanceState: TypeAlias = Literal["pending", "running", "waiting", "done", "failed", "skipped", "interrupted"]
"""An activity instance's. `pending`: entered, not begun; `skipped`: closed without having begun."""

WaitKind: TypeAlias = Literal["signal", "timer", "child", "task", "consumer", "retry", "join", "engine"]
"""What an open instance waits for: `task` = a worker has it; `consumer` = nobody has taken it yet; `retry` = another attempt at
`due_ms`; `join` = other branches; `engine` = an engine that takes its message up."""

EdgeKind: TypeAlias = Literal["transition", "cycle", "retry"]
EventKind: TypeAlias = Literal["entered", "answered", "settled", "ended"]
"""`answered`: one of several answers (202), the instance stays open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """One thing that an open instance waits for."""

    kind: WaitKind
    since_ms: int
    topic: str | None = None
    """Of the signal, the task or the child."""
    due_ms: int | None = None
    """When a timer or another attempt comes due, or a lease ends."""
    job_id: str | None = None
    """The child's id, as its user knows it."""
    owner: str | None = None
    """The guid of the process that has the task leased."""
    attempt: int = 1
    consumers: int = 0
    """How many live processes serve the topic."""
    throttle_ms: int = 0
    """The brake on the topic, -1 = paused."""
    match: Json = UNDEFINED
    """The values that a signal is to bring."""
    escalation: Json = UNDEFINED
    """The row of the escalation: id, state, role, assignee, …"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One of several answers of an instance that stayed open (202)."""

    dimension: str
    """The one it opened below the instance."""
    at_ms: int
    code: int
    output: Json = UNDEFINED
    hook: Json = UNDEFINED


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One activity instance. `input`, `output`, `hook` and `item` are UNDEFINED when there is none."""

    activity_id: str
    dimension: str
    """`,0,0,2`: where it stands, one number per activity on its path."""
    kind: str
    state: InstanceState
    code: int = 0
    attempts: int = 0
    """Dispatches so far; 0 = not begun."""
    answers: int = 0
    index: int | None = None
    """Its number among the items of a `foreach`."""
    passed: bool = False
    """Entered by a cycle, or by a retry of a failed job."""
    created_ms: int
    updated_ms: int
    """When it ended; while it is open, when it was last sent or answered."""
    error: Json = None
    """Also the error of the last attempt, while another one is to come."""
    input: Json = UNDEFINED
    output: Json = UNDEFINED
    hook: Json = UNDEFINED
    item: Json = UNDEFINED
    waits_for: tuple[Wait, ...] = ()
    interim: tuple[Answer, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it still takes answers."""
        return self.state in ("pending", "running", "waiting")

    @property
    def name(self) -> str:
        """`check`, or `check[3]` for an item of a foreach."""
        return self.activity_id if self.index is None else f"{self.activity_id}[{self.index}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One way the job went: an edge, from one instance to another."""

    source: str
    source_dimension: str
    target: str
    target_dimension: str
    kind: EdgeKind = "transition"
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, for the timeline and for travelling in time. `activity_id` is None for the job's own end."""

    number: int
    """Its place in the order of events, from 1."""
    at_ms: int
    kind: EventKind
    activity_id: str | None = None
    dimension: str = ""
    code: int = 0
    data: Json = None
    """The fields of the job's data that were written, with their values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A job that this one started."""

    id: str
    job_id: str
    """As its user knows it."""
    topic: str
    activity_id: str
    dimension: str
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentJob:
    """The job that started this one."""

    id: str
    job_id: str
    activity_id: str
    dimension: str
    waits: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One job: where it stands, and how it came there."""

    id: str
    """Names the incarnation."""
    key: str
    """The job id as its user knows it."""
    app_id: str
    topic: str
    version: str
    entity: str | None = None
    state: State
    status: int
    """The semaphore: how many instances are open; 0 = complete, below 0 = ended otherwise."""
    revision: int
    error: Json = None
    created_ms: int
    updated_ms: int
    completed_ms: int | None = None
    expires_ms: int | None = None
    paused_ms: int | None = None
    pause_reason: str | None = None
    """Why it was paused, when it was not by hand."""
    read_ms: int
    """When the rows were read."""
    cancelling: bool = False
    """It was cancelled and has not ended yet."""
    engines: int = 0
    """How many live processes take part in the app's mesh."""
    throttle_ms: int = 0
    """The brake on everything, -1 = paused."""
    parent: ParentJob | None = None
    trace: Json = None
    data: Json
    instances: tuple[Instance, ...] = ()
    """In the order they were entered."""
    edges: tuple[Edge, ...] = ()
    events: tuple[Event, ...] = ()
    skipped: tuple[str, ...] = ()
    """Activities that no instance was made of, and that no open one can reach any more."""
    children: tuple[Child, ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether it has ended."""
        return self.completed_ms is not None

    @property
    def elapsed_s(self) -> float:
        """Seconds from its start to its end, or to the moment the rows were read."""
        return max(0, (self.completed_ms or self.read_ms) - self.created_ms) / 1000

    def open_instances(self) -> tuple[Instance, ...]:
        """What is still open."""
        return tuple(each for each in self.instances if each.is_open)

    def instances_of(self, activity_id: str) -> tuple[Instance, ...]:
        """The instances of one activity."""
        return tuple(each for each in self.instances if each.activity_id == activity_id)

    def at(self, number: int) -> Execution:
        """The job as it stood after event `number` (0 = before everything): what came later is gone, what ended later is running."""
        return _rewound(self, number)

    def to_json(self) -> Json:
        """The job as JSON (schemas/execution.schema.json)."""
        return _to_json(self)

    @staticmethod
    def from_json(value: Json) -> Execution:
        """The job that `to_json` described. Raises KeyError or TypeError when it is something else."""
        execution: Execution = _from_json(Execution, value)
        return execution


def _rewound(whole: Execution, number: int) -> Execution:
    events = whole.events[:number]
    if len(events) == len(whole.events):
        return whole
    entered = {(each.activity_id, each.dimension) for each in events if each.kind == "entered"}
    settled = {(each.activity_id, each.dimension): each for each in events if each.kind == "settled"}
    now_ms = events[-1].at_ms if events else whole.created_ms
    data: dict[str, Json] = {}
    for event in events:
        data.update(event.data or {})
    instances = tuple(_rewound_instance(each, settled) for each in whole.instances if (each.activity_id, each.dimension) in entered)
    return replace(
        whole,
        state="running",
        status=sum(each.is_open for each in instances),
        error=None,
        completed_ms=None,
        paused_ms=None,
        pause_reason=None,
        expires_ms=None,
        read_ms=now_ms,
        updated_ms=now_ms,
        data=data,
        instances=instances,
        edges=tuple(each for each in whole.edges if (each.target, each.target_dimension) in entered),
        events=events,
        skipped=(),
        children=tuple(each for each in whole.children if (each.activity_id, each.dimension) in entered),
    )


def _rewound_instance(instance: Instance, settled: dict[tuple[str | None, str], Event]) -> Instance:
    if (instance.activity_id, instance.dimension) in settled or instance.is_open:
        return instance
    waits = instance.kind in ("hook", "await")
    return replace(
        instance,
        state="waiting" if waits else "running",
        code=0,
        answers=0,
        error=None,
        output=UNDEFINED,
        hook=UNDEFINED,
        updated_ms=instance.created_ms,
    )


def _to_json(value: Any) -> Json:
    if is_dataclass(value) and not isinstance(value, type):
        pairs = ((each.name, getattr(value, each.name)) for each in fields(value))
        return {name: _to_json(held) for name, held in pairs if held is not UNDEFINED}
    if isinstance(value, tuple):
        return [_to_json(item) for item in value]
    return value


def _from_json(shape: Any, value: Json) -> Any:
    origin, arguments = get_origin(shape), get_args(shape)
    if isinstance(shape, type) and is_dataclass(shape):
        hints = _hints(shape)
        unknown = value.keys() - hints.keys()
        if unknown:
            raise KeyError(f"{shape.__name__} has no {', '.join(sorted(unknown))}")
        return shape(**{name: _from_json(hints[name], held) for name, held in value.items()})
    if origin in (Union, UnionType):
        present = next(each for each in arguments if each is not type(None))
        return None if value is None else _from_json(present, value)
    if origin is tuple:
        return tuple(_from_json(arguments[0], item) for item in value)
    return value


@cache
def _hints(shape: type) -> dict[str, Any]:
    return get_type_hints(shape)
