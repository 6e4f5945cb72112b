"""What passes between a workflow function and the engine: commands out, events in, and what history keeps of both."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from hotmesh.expr import to_json
from hotmesh.values import Json, canonical

Kind: TypeAlias = Literal["activity", "timer", "wait", "task", "child", "signal", "order"]
"""activity: run a function on a worker · timer: wait for a time · wait: for a signal · task: for a signal, with an escalation for people ·
child: run another workflow · signal: send one · order: have another job cancelled or terminated."""

KINDS: tuple[Kind, ...] = ("activity", "timer", "wait", "task", "child", "signal", "order")
"""The closed set: each is an activity of graphs/durable.yaml, with one edge from `run`."""

SILENT: frozenset[Kind] = frozenset({"signal", "order"})
"""Commands that bring no event back: done is what is committed."""

Withdrawal: TypeAlias = Literal["release", "abandon", "request", "terminate"]
"""release: it is taken back · abandon: it goes on alone · request: a child is asked to end · terminate: a child is ended."""


@dataclass(frozen=True, slots=True)
class Command:
    """Something the function asks for. `id`: the operation; `place`: the file and line that asked, not part of history."""

    id: str
    kind: Kind
    name: str
    fields: dict[str, Json]
    place: str = ""

    def to_json(self) -> dict[str, Json]:
        """The item that the command's activity is entered with."""
        return {"id": self.id, "name": self.name, **self.fields}

    @staticmethod
    def from_json(kind: Kind, item: dict[str, Json]) -> Command:
        """The command of an item in a history."""
        fields = {key: value for key, value in item.items() if key not in ("id", "name")}
        return Command(item["id"], kind, item["name"], fields)

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that differ when name or arguments differ."""
        return hashlib.sha256(self._canonical().encode()).hexdigest()[:12]

    def same_as(self, other: Command) -> bool:
        """Whether both ask for the same."""
        return self._canonical() == other._canonical()

    def _canonical(self) -> str:
        """One text for equal commands: numbers as the graph's items have them, whole ones without a fraction."""
        return canonical([self.kind, self.name, to_json(self.fields)])

    def __str__(self) -> str:
        return f"{self.kind} {self.name!r}" if self.name else self.kind


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a workflow.

    `kind`: `start`, a command's kind, or one that comes from outside: `cancel`, `hook`, `update`, `query`. `id`: the operation it settles,
    or the request's id. `time`: epoch seconds. A failure has `error` (`{code, message, type?, stack?, cause?}`).
    """

    kind: str
    id: str
    time: float
    value: Json = None
    error: Json = None


@dataclass(slots=True)
class Answer:
    """What the function did with an event, once nothing in it could go on."""

    outcome: Literal["waiting", "completed", "failed", "continued"] = "waiting"
    commands: list[Command] = field(default_factory=list)
    withdrawn: list[tuple[str, Withdrawal]] = field(default_factory=list)
    """Operations that are waited for no more, and what becomes of what they started."""
    fields: dict[str, Json] = field(default_factory=dict)
    """Changes to the job's data."""
    patches: list[str] = field(default_factory=list)
    replies: list[Json] = field(default_factory=list)
    emissions: dict[str, Json] = field(default_factory=dict)
    trace: dict[str, Json] = field(default_factory=dict)
    result: Json = None
    error: Json = None

    def record(self) -> dict[str, Json]:
        """The output of the `run` instance: the commands by kind, which become items of their activities, how many of each are asked for,
        and what else was done. Empty parts are left out."""
        record: dict[str, Json] = {}
        for command in self.commands:
            record.setdefault(command.kind, []).append(command.to_json())
        if record:
            record["asks"] = {kind: len(items) for kind, items in record.items()}
        for name in ("fields", "patches", "replies", "emissions", "trace"):
            if part := getattr(self, name):
                record[name] = part
        return record


@dataclass(frozen=True, slots=True)
class Recorded:
    """One step of a history: the event, and what the function asked for then."""

    event: Event
    commands: Sequence[Command]
    patches: frozenset[str] = frozenset()
