"""A workflow's history in its job's rows: the events are the inputs of the `run` instances, the answers are their outputs."""

from __future__ import annotations

from collections.abc import Iterator

from hotmesh.durable.commands import KINDS, Command, Event, Recorded
from hotmesh.durable.retrying import AGAIN
from hotmesh.machine import ledger as digits
from hotmesh.machine.dimension import from_text
from hotmesh.machine.job import Instance, JobState, Key
from hotmesh.values import UNDEFINED, Json

RUN = "run"


def start_payload_of(job: JobState, instance: Instance) -> dict[str, Json]:
    """What the execution was started with: the job's payload, with what it began afresh with on top."""
    payload: dict[str, Json] = dict(job.instances["start", (0,)].output or {})
    again = instance.input if isinstance(instance.input, dict) else {}
    return payload | ({**again, "delay": None} if "args" in again else {})


def event_of(job: JobState, instance: Instance) -> Event:
    """The event that a `run` instance was entered with."""
    time = instance.created_ms / 1000
    given = instance.input if isinstance(instance.input, dict) else {}
    if "of" in given:
        return _outcome(given["of"], job.instances[given["of"], from_text(given["at"])], time)
    if "kind" in given:
        return Event(given["kind"], given.get("id", ""), time, given)
    return Event("start", "", time)


def _outcome(kind: str, settled: Instance, time: float) -> Event:
    operation = settled.item["id"]
    if settled.status == "error":
        return Event(kind, operation, time, None, settled.error)
    if kind in ("wait", "task"):
        return Event(kind, operation, time, _signalled(settled))
    return Event(kind, operation, time, None if settled.output is UNDEFINED else settled.output)


def _signalled(settled: Instance) -> Json:
    """What a wait was given: the payload of its signal, the answer of whoever resolved its escalation; None when its time was over."""
    hook = settled.hook if isinstance(settled.hook, dict) else {}
    if "id" in hook and (settled.escalation_id is None or hook["id"] == settled.item["signal"]):
        return {"data": hook.get("data")}
    return {"data": settled.hook} if settled.escalation_id is not None else None


def answered(job: JobState) -> list[Instance]:
    """The `run` instances that have answered, in the order of their answers."""
    runs = [each for (activity, _), each in job.instances.items() if activity == RUN and _has_answered(each)]
    return sorted(runs, key=lambda each: each.output["n"])


def _has_answered(instance: Instance) -> bool:
    if digits.answers(instance.ledger) == 0 or instance.status == "error" or not isinstance(instance.output, dict):
        return False
    return AGAIN not in instance.output


def recorded(job: JobState, instance: Instance) -> Recorded:
    """One step of the history."""
    commands = [command for command, _ in commands_of(job, instance)]
    return Recorded(event_of(job, instance), commands, frozenset(instance.output.get("patches", ())))


def commands_of(job: JobState, instance: Instance) -> Iterator[tuple[Command, Key]]:
    """The commands that a `run` instance answered, each with the instance that carries it out, whose item it is."""
    asks = instance.output.get("asks", {})
    for kind in KINDS:
        for number in range(asks.get(kind, 0)):
            key = (kind, (*instance.dimension, number))
            fields = {name: value for name, value in job.instances[key].item.items() if name != "turn"}
            yield Command.from_json(kind, fields), key
