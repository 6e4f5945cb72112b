"""A workflow's history as a list of events, in the manner of Temporal: what was scheduled, what came of it, in the order of commits.

Every event has `event_id`, `type` and `time`; one of an operation its `operation` and `name`, one that ends it `scheduled_event_id`.
Verbose ones have what was sent (`attributes`) and what came back (`result`, `error`), and those of children the child's own `history`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, get_args

from hotmesh.client.hotmesh import HotMesh
from hotmesh.durable.commands import Command, Event
from hotmesh.durable.history import answered, commands_of, event_of
from hotmesh.durable.job_data import RESULT
from hotmesh.errors import JobNotFound
from hotmesh.machine import ledger as digits
from hotmesh.machine.dimension import from_text
from hotmesh.machine.job import Instance, JobState, iso_time
from hotmesh.machine.restore import restore
from hotmesh.values import Json

Mode = Literal["sparse", "verbose"]

_SCHEDULED = {
    "activity": "ActivityTaskScheduled",
    "timer": "TimerStarted",
    "wait": "SignalAwaited",
    "task": "EscalationOpened",
    "child": "ChildWorkflowExecutionStarted",
    "signal": "SignalSent",
    "order": "WorkflowTerminationRequested",
}
_CAME = {
    "activity": ("ActivityTaskCompleted", "ActivityTaskFailed"),
    "timer": ("TimerFired", "TimerFailed"),
    "wait": ("WorkflowExecutionSignaled", "SignalFailed"),
    "task": ("EscalationResolved", "EscalationCancelled"),
    "child": ("ChildWorkflowExecutionCompleted", "ChildWorkflowExecutionFailed"),
}
_TIMED_OUT = {"wait": "SignalTimedOut", "task": "EscalationTimedOut"}
_ASKED = {
    "start": "WorkflowExecutionStarted",
    "cancel": "WorkflowExecutionCancelRequested",
    "hook": "HookStarted",
    "update": "WorkflowExecutionUpdateAccepted",
    "query": "WorkflowExecutionQueried",
}
_REPLIED = {
    "hook": ("HookCompleted", "HookFailed"),
    "update": ("WorkflowExecutionUpdateCompleted", "WorkflowExecutionUpdateFailed"),
    "query": ("WorkflowExecutionQueryAnswered", "WorkflowExecutionQueryFailed"),
}

DEEPEST = 10
"""Generations of children whose histories are told."""


async def event_history(mesh: HotMesh, workflow_id: str, mode: Mode, generations: int = DEEPEST) -> list[Json]:
    """The events of a workflow. Raises JobNotFound, and ValueError for a mode there is none of."""
    if mode not in get_args(Mode):
        raise ValueError(f"mode is {' or '.join(get_args(Mode))}, not {mode!r}")
    node = mesh.node
    found = await node.jobs.find(workflow_id)
    loaded = None if found is None else (await node.jobs.load([found.id])).get(found.id)
    if loaded is None:
        raise JobNotFound(f"there is no workflow {workflow_id!r} in {mesh.app_id}; it may have expired")
    await node.programs.want({loaded.job.version})
    restore(node.programs.plan(loaded.job.version).graph_of(loaded.job.topic), loaded.job, loaded.rows)
    events = list(Telling(loaded.job, mode == "verbose").events())
    if mode == "verbose" and generations > 0:
        for event in events:
            if event["type"] == _SCHEDULED["child"]:
                event["history"] = await _of_child(mesh, event["workflow_id"], generations)
    return events


async def _of_child(mesh: HotMesh, workflow_id: str, generations: int) -> list[Json] | None:
    """A child's history; None when its rows are gone, or not there yet."""
    try:
        return await event_history(mesh, workflow_id, "verbose", generations - 1)
    except JobNotFound:
        return None


class Telling:
    """One job's events."""

    def __init__(self, job: JobState, verbose: bool) -> None:
        self._job = job
        self._verbose = verbose
        self._count = 0
        self._scheduled: dict[str, int] = {}
        """The event that began each operation and each request."""
        self._kinds: dict[str, str] = {}
        """What kind of request each was."""

    def events(self) -> Iterator[dict[str, Json]]:
        """Every event, numbered from 1."""
        for instance in answered(self._job):
            yield self._came(event_of(self._job, instance), instance)
            at = iso_time(instance.updated_ms)
            yield from self._recorded(instance, at)
            for command in sorted((command for command, _ in commands_of(self._job, instance)), key=_order):
                yield self._command(command, at)
            yield from self._replies(instance, at)
        if self._job.done:
            yield self._end()

    def _event(self, kind: str, time: str, operation: str = "", **told: Json) -> dict[str, Json]:
        self._count += 1
        event: dict[str, Json] = {"event_id": self._count, "type": kind, "time": time}
        if operation:
            event["operation"] = operation
            began = self._scheduled.setdefault(operation, self._count)
            if began != self._count:
                event["scheduled_event_id"] = began
        return event | {name: value for name, value in told.items() if value is not None}

    def _came(self, event: Event, instance: Instance) -> dict[str, Json]:
        time = iso_time(round(event.time * 1000))
        if event.kind == "start":
            given = self._job.instances["start", (0,)].output
            return self._event(_ASKED["start"], time, attributes=given if self._verbose else None)
        if event.kind in _ASKED:
            self._kinds[event.id] = event.kind
            asked = event.value or {}
            sent = {name: asked[name] for name in ("args", "reason") if name in asked}
            return self._event(_ASKED[event.kind], time, event.id, name=asked.get("name"), attributes=sent if self._verbose else None)
        return self._settled(event, self._job.instances[instance.input["of"], from_text(instance.input["at"])], time)

    def _settled(self, event: Event, settled: Instance, time: str) -> dict[str, Json]:
        failed = event.error is not None
        unanswered = event.kind in _TIMED_OUT and not failed and event.value is None
        kind = _TIMED_OUT[event.kind] if unanswered else _CAME[event.kind][failed]
        attempts = digits.dispatches(settled.ledger)
        told: dict[str, Json] = {"attempts": attempts} if attempts > 1 else {}
        if self._verbose:
            told["error" if failed else "result"] = event.error if failed else event.value
        return self._event(kind, time, event.id, name=settled.item["name"] or None, workflow_id=_child_id(event.kind, settled.item), **told)

    def _command(self, command: Command, at: str) -> dict[str, Json]:
        sent = command.fields if self._verbose else None
        child = _child_id(command.kind, command.fields)
        return self._event(_SCHEDULED[command.kind], at, command.id, name=command.name or None, workflow_id=child, attributes=sent)

    def _recorded(self, instance: Instance, at: str) -> Iterator[dict[str, Json]]:
        """What a step recorded: patches, and changes to the data."""
        for patch in instance.output.get("patches", ()):
            yield self._event("MarkerRecorded", at, name=patch)
        fields = {name: value for name, value in instance.output.get("fields", {}).items() if name != RESULT}
        if fields:
            yield self._event("WorkflowPropertiesModified", at, attributes=fields if self._verbose else None)

    def _replies(self, instance: Instance, at: str) -> Iterator[dict[str, Json]]:
        for reply in instance.output.get("replies", ()):
            failed = "error" in reply
            told = {"error" if failed else "result": reply.get("error" if failed else "result")} if self._verbose else {}
            yield self._event(_REPLIED[self._kinds.get(reply["id"], "update")][failed], at, reply["id"], **told)

    def _end(self) -> dict[str, Json]:
        error, at = self._job.error, iso_time(self._job.updated_ms)
        if error is None:
            return self._event("WorkflowExecutionCompleted", at, result=self._job.data.get(RESULT) if self._verbose else None)
        kind = "Canceled" if error.get("type") == "CancelledFailure" else "Failed" if "type" in error else "Terminated"
        shown = error if self._verbose else {"code": error["code"], "message": error["message"]}
        return self._event(f"WorkflowExecution{kind}", at, error=shown)


def _child_id(kind: str, fields: dict[str, Json]) -> str | None:
    return fields.get("key") if kind == "child" else None


def _order(command: Command) -> list[int]:
    """Operations in the order in which a task asked for them."""
    return [int(number) for number in re.findall(r"\d+", command.id)]
