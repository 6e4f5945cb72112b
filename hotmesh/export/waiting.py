"""What the open instances of a job wait for."""

from __future__ import annotations

from hotmesh.export.execution import InstanceState, Wait
from hotmesh.machine import ledger as digits
from hotmesh.machine.dimension import to_text
from hotmesh.machine.job import Instance
from hotmesh.machine.plan import ActivityPlan
from hotmesh.store.executions import Around
from hotmesh.values import UNDEFINED, Json, loads


def waits_of(instance: Instance, plan: ActivityPlan, around: Around) -> tuple[Wait, ...]:
    """Everything that an open instance waits for; never empty."""
    if not digits.has_begun(instance.ledger):
        return (Wait(kind="join" if plan.gathers else "engine", since_ms=instance.created_ms),)
    found = {"worker": _task, "await": _child, "hook": _hook}.get(plan.kind, _nothing)(instance, around)
    return found or (Wait(kind="engine", since_ms=instance.updated_ms),)


def open_state(waits: tuple[Wait, ...]) -> InstanceState:
    """The state of an open instance."""
    kinds = {each.kind for each in waits}
    if "join" in kinds:
        return "pending"
    return "running" if kinds & {"task", "engine"} else "waiting"


def moves(wait: Wait) -> bool:
    """Whether a job that waits for this counts as running: somebody has it, or will in a moment."""
    if wait.kind == "consumer":
        return wait.consumers > 0 and wait.throttle_ms >= 0
    return wait.kind in ("task", "engine")


def _nothing(_instance: Instance, _around: Around) -> tuple[Wait, ...]:
    return ()


def _task(instance: Instance, around: Around) -> tuple[Wait, ...]:
    task = around.tasks.get(instance.message_id or "")
    if task is None:
        return ()
    topic, due_ms = task["topic"], task["due_ms"]
    later = due_ms is not None and due_ms > around.now_ms
    kind = "task" if task["owner"] and later else "retry" if later else "consumer"
    return (
        Wait(
            kind=kind,  # type: ignore[arg-type]  # one of the three above
            since_ms=instance.updated_ms,
            topic=topic,
            due_ms=due_ms if later else None,
            owner=task["owner"] if kind == "task" else None,
            attempt=task["attempt"],
            consumers=sum(topic in topics for topics in around.members),
            throttle_ms=strictest(around.throttles.get("all", 0), around.throttles.get(f"topic:{topic}", 0)),
        ),
    )


def _child(instance: Instance, around: Around) -> tuple[Wait, ...]:
    message = around.messages.get(instance.message_id or "")
    if message is not None and message["kind"] == "retry":
        due_ms = message["due_ms"]
        return (Wait(kind="retry", since_ms=instance.updated_ms, due_ms=due_ms, attempt=digits.dispatches(instance.ledger) + 1),)
    dimension = to_text(instance.dimension)
    mine = [each for each in around.children if (each["activity"], each["dimension"]) == (instance.activity_id, dimension)]
    if message is not None or not mine or mine[-1]["done"]:
        return ()
    return (Wait(kind="child", since_ms=instance.updated_ms, topic=mine[-1]["topic"], job_id=mine[-1]["key"]),)


def _hook(instance: Instance, around: Around) -> tuple[Wait, ...]:
    escalation = around.escalations.get(instance.escalation_id or "", UNDEFINED)
    found = [_signal(around.waits[id_], escalation) for id_ in instance.wait_ids if id_ in around.waits]
    timer = around.messages.get(instance.message_id or "")
    if timer is not None and not timer["leased"] and (timer["due_ms"] is None or timer["due_ms"] > around.now_ms):
        found.append(Wait(kind="timer", since_ms=instance.updated_ms, due_ms=timer["due_ms"]))
    return tuple(found)


def _signal(wait: Json, escalation: Json) -> Wait:
    return Wait(kind="signal", since_ms=wait["since_ms"], topic=wait["topic"], match=_match(wait["key"]), escalation=escalation)


def _match(key: str | None) -> Json:
    """The values a signal is to bring, by the template that reads them there; UNDEFINED when they can't be read."""
    if key is None:
        return UNDEFINED
    templates, values = loads(key)
    return {_words(template): value for template, value in zip(templates, values, strict=True)}


def _words(template: str) -> str:
    plain = loads(template)
    return plain if isinstance(plain, str) else template


def strictest(*brakes: int) -> int:
    """The brake that counts of several: paused, else the most milliseconds."""
    return -1 if min(brakes) < 0 else max(brakes)
