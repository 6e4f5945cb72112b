"""An `Execution` as what renderers lay over a graph."""

from __future__ import annotations

from collections.abc import Iterable

from hotmesh.export.execution import Execution, Instance
from hotmesh.graph.overlay import ActivityRun, Overlay, State

_INSTANCE: dict[str, State] = {
    "pending": State.PENDING,
    "running": State.RUNNING,
    "waiting": State.WAITING,
    "done": State.DONE,
    "failed": State.FAILED,
    "skipped": State.SKIPPED,
    "interrupted": State.SKIPPED,
}
_JOB: dict[str, State] = {
    "running": State.RUNNING,
    "waiting": State.WAITING,
    "paused": State.WAITING,
    "completed": State.DONE,
    "failed": State.FAILED,
    "interrupted": State.FAILED,
    "cancelled": State.FAILED,
}
_LOUDEST = (State.FAILED, State.RUNNING, State.WAITING, State.PENDING, State.DONE, State.SKIPPED)
"""Which state an activity shows when its instances are in several."""


def overlay(execution: Execution) -> Overlay:
    """The run of a job, activity by activity."""
    groups: dict[str, list[Instance]] = {}
    for instance in execution.instances:
        groups.setdefault(instance.activity_id, []).append(instance)
    runs = {activity_id: _run(instances, execution.read_ms) for activity_id, instances in groups.items()}
    error = execution.error or {}
    return Overlay(
        job_id=execution.key,
        topic=execution.topic,
        state=_JOB[execution.state],
        activities=runs | {each: ActivityRun(State.SKIPPED) for each in execution.skipped},
        taken=frozenset((edge.source, edge.target) for edge in execution.edges),
        elapsed_s=execution.elapsed_s,
        note=f"{error['code']} {error['message']}" if error else "paused" if execution.state == "paused" else None,
    )


def _run(instances: list[Instance], now_ms: int) -> ActivityRun:
    states = [_INSTANCE[each.state] for each in instances]
    counts = {state: states.count(state) for state in _LOUDEST if state in states}
    end_ms = max(now_ms if each.is_open else each.updated_ms for each in instances)
    return ActivityRun(
        state=next(iter(counts)),
        counts=counts,
        attempts=max(each.attempts for each in instances),
        passes=sum(each.passed for each in instances),
        elapsed_s=max(0, end_ms - min(each.created_ms for each in instances)) / 1000,
        note=next(iter(_notes(instances)), None),
    )


def _notes(instances: Iterable[Instance]) -> Iterable[str]:
    for instance in instances:
        if instance.error:
            yield f"{instance.error['code']} {instance.error['message']}"
    for instance in instances:
        for wait in instance.waits_for:
            yield f"waits for {wait.kind} {wait.topic or wait.job_id or ''}".strip()
