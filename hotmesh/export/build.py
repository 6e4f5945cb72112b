"""An `Execution` from a program's plan and a job's rows: a pure function."""

from __future__ import annotations

from hotmesh.export.execution import Answer, Child, Execution, Instance, InstanceState, ParentJob, State
from hotmesh.export.history import events_of
from hotmesh.export.path import edges_taken, unreachable
from hotmesh.export.standing import ended_state
from hotmesh.export.waiting import moves, open_state, strictest, waits_of
from hotmesh.machine import job as machine
from hotmesh.machine import ledger as digits
from hotmesh.machine.dimension import to_text
from hotmesh.machine.plan import GraphPlan, Plan
from hotmesh.machine.restore import restore
from hotmesh.store.executions import Around
from hotmesh.store.jobs import Loaded
from hotmesh.values import Json


def build(plan: Plan, loaded: Loaded, around: Around, *, history: bool = True) -> Execution:
    """The job that the rows tell of. `plan` is of the job's version; `history` false leaves out edges and events, which cost the most.

    Raises UnknownTopic when the plan has no such graph.
    """
    graph, job = plan.graph_of(loaded.job.topic), loaded.job
    restore(graph, job, loaded.rows)
    edges = edges_taken(plan, graph, job) if history else ()
    answers = _answers(job)
    instances = tuple(_instance(each, graph, around, answers.get(each.key, ())) for each in job.instances.values())
    return Execution(
        **_row(plan, job, around),
        state=_state(job, loaded.paused, instances),
        data=job.data,
        instances=instances,
        edges=edges,
        events=events_of(plan, graph, job, edges, around.completed_ms) if history else (),
        skipped=unreachable(graph, job),
        children=tuple(map(_child, around.children)),
    )


def _row(plan: Plan, job: machine.JobState, around: Around) -> dict[str, Json]:
    return {
        "id": job.id,
        "key": job.key,
        "app_id": plan.program.id,
        "topic": job.topic,
        "version": job.version,
        "entity": job.entity,
        "status": job.status,
        "revision": job.revision,
        "error": job.error,
        "created_ms": job.created_ms,
        "updated_ms": job.updated_ms,
        "completed_ms": around.completed_ms,
        "expires_ms": around.expires_ms,
        "paused_ms": around.paused_ms,
        "pause_reason": around.pause_reason,
        "read_ms": around.now_ms,
        "cancelling": job.cancelled,
        "engines": around.engines,
        "throttle_ms": strictest(around.throttles.get("all", 0), 0),
        "parent": _parent(job),
        "trace": job.trace,
    }


def _state(job: machine.JobState, paused: bool, instances: tuple[Instance, ...]) -> State:
    if job.done:
        return ended_state(job.status, job.error)
    if paused:
        return "paused"
    waits = [wait for each in instances for wait in each.waits_for]
    return "running" if any(map(moves, waits)) or not waits else "waiting"


def _instance(instance: machine.Instance, graph: GraphPlan, around: Around, answers: tuple[Answer, ...]) -> Instance:
    plan = graph.activities[instance.activity_id]
    is_open = digits.is_open(instance.ledger)
    waits = waits_of(instance, plan, around) if is_open else ()
    return Instance(
        activity_id=instance.activity_id,
        dimension=to_text(instance.dimension),
        kind=plan.kind,
        state=open_state(waits) if is_open else _closed_state(instance),
        code=instance.code,
        attempts=digits.dispatches(instance.ledger),
        answers=digits.answers(instance.ledger),
        index=instance.index,
        passed=instance.passed,
        created_ms=instance.created_ms,
        updated_ms=instance.updated_ms or instance.created_ms,
        error=instance.error,
        input=instance.input,
        output=instance.output,
        hook=instance.hook,
        item=instance.item,
        waits_for=waits,
        interim=answers,
    )


def _closed_state(instance: machine.Instance) -> InstanceState:
    if instance.status == "interrupted":
        return "interrupted"
    if instance.status == "error":
        return "failed"
    return "done" if digits.has_begun(instance.ledger) else "skipped"


def _answers(job: machine.JobState) -> dict[machine.Key, tuple[Answer, ...]]:
    found: dict[machine.Key, tuple[Answer, ...]] = {}
    for (activity_id, dimension), kept in sorted(job.answers.items()):
        key = (activity_id, dimension[:-1])
        answer = Answer(dimension=to_text(dimension), at_ms=kept.updated_ms, code=kept.code, output=kept.output, hook=kept.hook)
        found[key] = (*found.get(key, ()), answer)
    return found


def _parent(job: machine.JobState) -> ParentJob | None:
    parent = job.parent
    if parent is None:
        return None
    return ParentJob(
        id=parent.job_id,
        job_id=parent.job_key,
        activity_id=parent.activity_id,
        dimension=to_text(parent.dimension),
        waits=parent.waits,
    )


def _child(row: Json) -> Child:
    state: State = ended_state(row["status"], row["error"]) if row["done"] else "paused" if row["paused"] else "running"
    return Child(id=row["id"], job_id=row["key"], topic=row["topic"], activity_id=row["activity"], dimension=row["dimension"], state=state)
