"""Why a job isn't moving, in one sentence."""

from __future__ import annotations

from datetime import UTC, datetime

from hotmesh.export.execution import Execution, Instance, Wait
from hotmesh.values import UNDEFINED, dumps

MOST = 3
"""So many open instances are named; the rest is counted."""


def why(execution: Execution) -> str:
    """One sentence: what the job does, or waits for, or how it ended, and what would make it go on."""
    if execution.is_done:
        return _ended(execution)
    if execution.state == "paused":
        since = f"since {_time(execution.paused_ms)}{_pause_reason(execution)}"
        if execution.pause_reason:
            return f"{_job(execution)} is paused {since}; `hotmesh resume {execution.key}` tries again. {execution.pause_reason}"
        return f"{_job(execution)} is paused {since}; `hotmesh resume {execution.key}` lets it go on."
    if execution.engines == 0:
        return f"{_job(execution)} stands still because no process takes part in the mesh of {execution.app_id}; start `hotmesh worker`."
    if execution.throttle_ms < 0:
        return (
            f"{_job(execution)} stands still because the whole mesh is paused; `hotmesh throttle 0 --app {execution.app_id}` lets it go on."
        )
    verb = "is being cancelled and" if execution.cancelling else ""
    return f"{_job(execution)} {verb} {_open(execution)}.".replace("  ", " ")


def _job(execution: Execution) -> str:
    return f"The job {execution.key}"


def _ended(execution: Execution) -> str:
    took, when = _duration(round(execution.elapsed_s * 1000)), _time(execution.completed_ms)
    if execution.state == "completed":
        return f"{_job(execution)} completed at {when} after {took}."
    error = execution.error or {}
    told = f": {error['code']} {error['message']}".rstrip(".") if error else ""
    where = f" at {error['activity']}" if error.get("activity") else ""
    if execution.state == "failed":
        return f"{_job(execution)} failed{where} at {when} after {took}{told}; `hotmesh retry {execution.key}` runs that activity again."
    return f"{_job(execution)} was {execution.state}{where} at {when} after {took}{told}."


def _pause_reason(execution: Execution) -> str:
    """A job that a retry policy paused has an open instance with the error of its last attempt."""
    for instance in execution.open_instances():
        if instance.error and instance.attempts > 1:
            return (
                f" after {instance.attempts - 1} failed attempts of {instance.name} ({instance.error['code']} {instance.error['message']})"
            )
    return ""


def _open(execution: Execution) -> str:
    instances = [each for each in execution.open_instances() if all(wait.kind != "join" for wait in each.waits_for)]
    groups: dict[tuple[str, str], list[Instance]] = {}
    for instance in instances or execution.open_instances():
        groups.setdefault((instance.activity_id, _doing(instance, "{at}", execution.read_ms)), []).append(instance)
    parts = [words.replace("{at}", _name(each)) for (_, words), each in list(groups.items())[:MOST]]
    more = sum(len(each) for each in list(groups.values())[MOST:])
    return ", and ".join(parts) + (f", and has {more} more open" if more else "")


def _name(instances: list[Instance]) -> str:
    return instances[0].name if len(instances) == 1 else f"{instances[0].activity_id} ({len(instances)} instances)"


def _doing(instance: Instance, at: str, now_ms: int) -> str:
    """What an instance does, as `waits at {at} for …`; equal texts for instances that are told of together."""
    last = f" (the last attempt failed: {instance.error['code']} {instance.error['message']})" if instance.error else ""
    wait = instance.waits_for[0]
    match wait.kind:
        case "task":
            return f"runs {at} on {wait.owner} for {_duration(now_ms - wait.since_ms)}{last}"
        case "retry":
            return f"retries {at} with attempt {wait.attempt} at {_time(wait.due_ms)}{_until(wait.due_ms, now_ms)}{last}"
        case "engine":
            return f"is at {at}, which an engine is about to take up"
        case _:
            return f"waits at {at} for " + " or ".join(wait_words(each, now_ms) for each in instance.waits_for) + last


def wait_words(wait: Wait, now_ms: int) -> str:
    """What an instance waits for, in words."""
    match wait.kind:
        case "signal":
            who = f" with {_match(wait)}" if wait.match not in (UNDEFINED, {}, None) else ""
            return f"a signal on {wait.topic}{who}{_escalation(wait)}"
        case "timer":
            return f"the time {_time(wait.due_ms)}{_until(wait.due_ms, now_ms)}"
        case "child":
            return f"its child {wait.job_id} ({wait.topic})"
        case "task":
            return f"its worker on {wait.owner}"
        case "retry":
            return f"attempt {wait.attempt} at {_time(wait.due_ms)}{_until(wait.due_ms, now_ms)}"
        case "join":
            return "the other branches"
        case "engine":
            return "an engine"
        case "consumer":
            return _consumer(wait)


def _consumer(wait: Wait) -> str:
    if wait.consumers == 0:
        return f"a worker of {wait.topic}, which no live process serves"
    if wait.throttle_ms < 0:
        return f"a worker of {wait.topic}, which is paused by a throttle"
    brake = f", which is throttled to one in {wait.throttle_ms} ms" if wait.throttle_ms else ""
    return (
        f"one of the {wait.consumers} workers of {wait.topic} to be free{brake}"
        if wait.consumers > 1
        else (f"the worker of {wait.topic} to be free{brake}")
    )


def _match(wait: Wait) -> str:
    return " and ".join(f"{template.strip('{}').removeprefix('$hook.data.')} = {dumps(value)}" for template, value in wait.match.items())


def _escalation(wait: Wait) -> str:
    if not isinstance(wait.escalation, dict):
        return ""
    role, assignee = wait.escalation.get("role"), wait.escalation.get("assignee")
    return f" (escalated to {assignee or role})" if assignee or role else " (escalated)"


def _until(due_ms: int | None, now_ms: int) -> str:
    return "" if due_ms is None or due_ms <= now_ms else f" (in {_duration(due_ms - now_ms)})"


def _time(moment_ms: int | None) -> str:
    if moment_ms is None:
        return "an unknown time"
    return datetime.fromtimestamp(moment_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _duration(number_ms: int) -> str:
    seconds = max(0, number_ms) / 1000
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size * 2:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s" if seconds >= 1 else f"{number_ms if number_ms > 0 else 0} ms"
