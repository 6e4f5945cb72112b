"""A workflow's history as a list of events, in the manner of Temporal: what was scheduled, what came of it, in the order of commits."""

from __future__ import annotations

from typing import Literal

from hotmesh.client.hotmesh import HotMesh
from hotmesh.durable.commands import Event
from hotmesh.durable.history import answered, commands_of, event_of
from hotmesh.durable.job_data import RESULT
from hotmesh.errors import JobNotFound
from hotmesh.machine.job import JobState, iso_time
from hotmesh.machine.restore import restore
from hotmesh.values import Json

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


async def event_history(mesh: HotMesh, workflow_id: str, mode: Literal["sparse", "verbose"]) -> list[Json]:
    """The events of a workflow; `verbose` with what was sent and returned. Raises JobNotFound."""
    node = mesh.node
    found = await node.jobs.find(workflow_id)
    loaded = None if found is None else (await node.jobs.load([found.id])).get(found.id)
    if loaded is None:
        raise JobNotFound(f"there is no workflow {workflow_id!r} in {mesh.app_id}; it may have expired")
    await node.programs.want({loaded.job.version})
    restore(node.programs.plan(loaded.job.version).graph_of(loaded.job.topic), loaded.job, loaded.rows)
    events = _events(loaded.job, mode == "verbose")
    return [{"event_id": number, **event} for number, event in enumerate(events, start=1)]


def _events(job: JobState, verbose: bool) -> list[dict[str, Json]]:
    events: list[dict[str, Json]] = []
    for instance in answered(job):
        events.append(_came(event_of(job, instance), job, verbose))
        at = iso_time(instance.updated_ms)
        for command, _ in commands_of(job, instance):
            told = {"type": _SCHEDULED[command.kind], "time": at, "operation": command.id, "name": command.name}
            events.append(told | ({"attributes": command.fields} if verbose else {}))
    if job.done:
        events.append(_end(job, verbose))
    return events


def _came(event: Event, job: JobState, verbose: bool) -> dict[str, Json]:
    failed = event.error is not None
    unanswered = event.kind in _TIMED_OUT and not failed and event.value is None
    kind = _ASKED.get(event.kind) or (_TIMED_OUT[event.kind] if unanswered else _CAME[event.kind][failed])
    told: dict[str, Json] = {"type": kind, "time": iso_time(round(event.time * 1000))}
    if event.id:
        told["operation"] = event.id
    if event.kind == "start" and verbose:
        told["attributes"] = job.instances["start", (0,)].output
    elif verbose and (failed or event.value is not None):
        told["error" if failed else "result"] = event.error if failed else event.value
    return told


def _end(job: JobState, verbose: bool) -> dict[str, Json]:
    error = job.error
    if error is None:
        told: dict[str, Json] = {"type": "WorkflowExecutionCompleted", "time": iso_time(job.updated_ms)}
        return told | ({"result": job.data.get(RESULT)} if verbose else {})
    kind = "Canceled" if error.get("type") == "CancelledFailure" else "Failed" if "type" in error else "Terminated"
    shown = error if verbose else {"code": error["code"], "message": error["message"]}
    return {"type": f"WorkflowExecution{kind}", "time": iso_time(job.updated_ms), "error": shown}
