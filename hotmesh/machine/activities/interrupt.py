"""interrupt: ends this job, or sends another one the message to end."""

from __future__ import annotations

from hotmesh.machine.activities.worker import topic_of
from hotmesh.machine.effects import Message
from hotmesh.machine.job import Instance
from hotmesh.machine.run import Run
from hotmesh.values import Json


def begin(run: Run, instance: Instance) -> None:
    """Without `target` end the job here and now; with it, send the message and go on."""
    plan = run.plan_of(instance)
    target = run.value(plan["target"], instance, "target")
    order = _order(run, instance)
    run.dispatched(instance)
    if target is not None:
        topic = topic_of(run, instance) if run.value(plan["topic"], instance, "topic") else None
        run.step.messages.append(Message(run.make_id(), "interrupt", None, payload={"key": str(target), "topic": topic, **order}))
        run.settle(instance, "success", 200, {"job_id": str(target)})
        return
    if order["descend"]:
        run.step.descend = order
    instance.code = order["code"]
    error = {"code": order["code"], "message": order["reason"], "kind": "interrupted", "activity": plan.id} if order["throw"] else None
    run.end(error, expire_s=order["expire_s"])


def _order(run: Run, instance: Instance) -> dict[str, Json]:
    plan = run.plan_of(instance)
    reason, code, throw, descend = (run.value(plan[name], instance, name) for name in ("reason", "error_code", "throw", "descend"))
    return {
        "reason": "interrupted" if reason is None else str(reason),
        "code": int(code) if isinstance(code, (int, float)) else 410,
        "throw": throw is not False,
        "descend": descend is True,
        "expire_s": run.duration(plan["expire"], instance, "expire"),
    }
