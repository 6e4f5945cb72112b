"""signal: sends a signal in the same transaction, then goes on."""

from __future__ import annotations

from hotmesh.errors import PipeError
from hotmesh.machine.activities.worker import topic_of
from hotmesh.machine.early_signals import keep_s
from hotmesh.machine.effects import SignalSent
from hotmesh.machine.job import Instance
from hotmesh.machine.plan import ActivityPlan
from hotmesh.machine.run import Run
from hotmesh.program import Signal
from hotmesh.values import Json


def begin(run: Run, instance: Instance) -> None:
    """Send and settle; the output is the signal's id."""
    plan = run.plan_of(instance)
    activity = plan.activity
    assert isinstance(activity, Signal)
    topic = topic_of(run, instance)
    data = _payload(run, instance, plan)
    status, code = _verdict(run, instance, plan)
    facet = _facet(run, instance, plan) if activity.subtype == "all" else None
    scrub = run.value(plan["scrub"], instance, "scrub") is True
    sent = SignalSent(run.make_id(), topic, data, status, code, facet, scrub)
    run.step.signals.append(sent)
    instance.input = data
    run.dispatched(instance)
    run.settle(instance, "success", 200, {"signal_id": sent.id})


def _payload(run: Run, instance: Instance, plan: ActivityPlan) -> Json:
    """`signal.maps`; with `resolver.maps` on top, which tells a broadcast's receivers apart. Raises PipeError."""
    data = run.value(plan["signal_maps"], instance, "signal.maps")
    added = run.value(plan["resolver_maps"], instance, "resolver.maps")
    data = {} if data is None else data
    data = {**data, **added} if isinstance(data, dict) and isinstance(added, dict) else data
    try:
        keep_s(data)
    except ValueError as reason:
        raise PipeError(str(reason), path="signal.maps") from reason
    return data


def _verdict(run: Run, instance: Instance, plan: ActivityPlan) -> tuple[str, int]:
    """`status` and `code`. Raises PipeError for what is none."""
    status = run.value(plan["status"], instance, "status")
    if status not in ("success", "pending", "error"):
        raise PipeError(f"a signal's status is success, pending or error, not {status!r}", path="status")
    code = run.value(plan["code"], instance, "code")
    number = int(code) if isinstance(code, str) and code.isdecimal() else code
    if not isinstance(number, (int, float)) or isinstance(number, bool) or not 100 <= number <= 999:
        raise PipeError(f"a signal's code is a number from 100 to 999, not {code!r}", path="code")
    return status, int(number)


def _facet(run: Run, instance: Instance, plan: ActivityPlan) -> tuple[str, Json]:
    name = run.value(plan["key_name"], instance, "key_name")
    return str(name), run.value(plan["key_value"], instance, "key_value")
