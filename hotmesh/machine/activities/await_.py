"""await: a child job; its data settles the activity, unless it is not waited for."""

from __future__ import annotations

from hotmesh.machine.activities.worker import topic_of
from hotmesh.machine.effects import Message
from hotmesh.machine.job import Instance
from hotmesh.machine.run import Run, job_key
from hotmesh.values import Json


def begin(run: Run, instance: Instance) -> None:
    """Send the message that starts the child; the child's ids are known from here on."""
    plan = run.plan_of(instance)
    instance.input = run.mapped_input(instance, plan)
    topic = topic_of(run, instance)
    child_id = run.make_id()
    key = job_key(run.plan, topic, instance.input, run.moment, child_id)
    waits = run.value(plan["wait"], instance, "await") is not False
    payload = _start(run, instance, topic, child_id, key, waits)
    message = Message(run.make_id(), "start", None, payload=payload)
    run.step.messages.append(message)
    run.dispatched(instance)
    if waits:
        instance.message_id = message.id
    else:
        run.settle(instance, "success", 200, {"job_id": key})


def _start(run: Run, instance: Instance, topic: str, child_id: str, key: str, waits: bool) -> dict[str, Json]:
    job = run.job
    again = instance.passed and run.graph.inbox is not None
    return {
        **({"again": True} if again else {}),
        "topic": topic,
        "version": job.version,
        "id": child_id,
        "key": key,
        "data": instance.input,
        "trace": job.trace,
        "parent": {
            "job_id": job.id,
            "job_key": job.key,
            "activity_id": instance.activity_id,
            "dimension": list(instance.dimension),
            "waits": waits,
        },
    }
