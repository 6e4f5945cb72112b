"""hook: waits for a signal, for a time, for whichever comes first, or for nothing."""

from __future__ import annotations

from hotmesh.errors import PipeError
from hotmesh.expr import to_json
from hotmesh.machine.edges import place
from hotmesh.machine.effects import Escalation, Message, Wait
from hotmesh.machine.job import Instance
from hotmesh.machine.plan import ActivityPlan, RulePlan
from hotmesh.machine.run import Run
from hotmesh.values import UNDEFINED


def begin(run: Run, instance: Instance) -> None:
    """Decide, now that it runs, what the hook waits for, and register that."""
    plan = run.plan_of(instance)
    if instance.input is UNDEFINED and plan.input_maps is not None:
        instance.input = run.value(plan.input_maps, instance, "input.maps")
    seconds = run.duration(plan["sleep"], instance, "sleep") or 0.0
    waits = [Wait(run.make_id(), rule.topic, _key(run, instance, rule), instance.activity_id, instance.dimension) for rule in plan.rules]
    run.dispatched(instance)
    if not waits and seconds <= 0:
        run.settle(instance, "success", 200, instance.input if instance.passed else UNDEFINED)
        return
    _register(run, instance, waits)
    if seconds > 0:
        _set_timer(run, instance, seconds)
    if waits and getattr(plan.activity, "escalation", None) is not None:
        _escalate(run, instance, plan)


def _register(run: Run, instance: Instance, waits: list[Wait]) -> None:
    instance.wait_ids = tuple(wait.id for wait in waits)
    run.step.waits.extend(waits)


def _set_timer(run: Run, instance: Instance, seconds: float) -> None:
    instance.message_id = run.make_id()
    run.step.messages.append(Message(instance.message_id, "timer", run.job.id, instance.activity_id, instance.dimension, delay_s=seconds))


def _escalate(run: Run, instance: Instance, plan: ActivityPlan) -> None:
    fields = run.value(plan["escalation"], instance, "escalation")
    instance.escalation_id = run.make_id()
    run.step.escalations.append(Escalation(instance.escalation_id, instance.activity_id, instance.dimension, fields))


def _key(run: Run, instance: Instance, rule: RulePlan) -> str:
    scope = run.scope(instance)
    try:
        return rule.key([_plain(expected(scope)) for expected, _ in rule.match])
    except PipeError as raised:
        place(raised, f"hooks.{rule.topic}.expected")
        raise


def _plain(value: object) -> object:
    """The value as JSON; undefined meets nothing but undefined."""
    return {"$": "undefined"} if value is UNDEFINED else to_json(value)
