"""Which way a job went: the edges between its instances, and the activities it can't reach any more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from hotmesh.errors import PipeError
from hotmesh.export.execution import Edge, EdgeKind
from hotmesh.expr import strict_equals
from hotmesh.machine import ledger as digits
from hotmesh.machine.dimension import to_text
from hotmesh.machine.job import Instance, JobState
from hotmesh.machine.plan import EdgePlan, GraphPlan, Plan
from hotmesh.machine.scope import JobScope
from hotmesh.program import Cycle


def edges_taken(plan: Plan, graph: GraphPlan, job: JobState) -> tuple[Edge, ...]:
    """Every edge that led to an instance, in the order the instances were entered."""
    passes = _passes(graph, job)
    found: list[Edge] = []
    for instance in job.instances.values():
        if instance.activity_id == graph.trigger.id:
            continue
        if instance.passed:
            found.append(_edge(*passes[instance.key], instance))
        elif graph.activities[instance.activity_id].activity.join:
            found.extend(_edge(source, "transition", instance) for source in _joined(plan, graph, job, instance))
        else:
            source = _above(graph, job, instance)
            found.append(_edge(source, "transition", instance))
    return tuple(found)


def unreachable(graph: GraphPlan, job: JobState) -> tuple[str, ...]:
    """The activities without an instance that nothing open leads to."""
    seen = {activity_id for activity_id, _ in job.instances}
    ahead: set[str] = set()
    frontier = [] if job.done else list({activity_id for activity_id, _ in job.open})
    while frontier:
        for target in _targets(graph, frontier.pop()):
            if target not in ahead:
                ahead.add(target)
                frontier.append(target)
    return tuple(each for each in graph.activities if each not in seen and each not in ahead)


def _targets(graph: GraphPlan, activity_id: str) -> Iterator[str]:
    activity = graph.activities[activity_id].activity
    yield from (edge.target for edge in activity.edges)
    if isinstance(activity, Cycle):
        yield activity.ancestor


def _edge(source: Instance, kind: EdgeKind, target: Instance) -> Edge:
    return Edge(
        source=source.activity_id,
        source_dimension=to_text(source.dimension),
        target=target.activity_id,
        target_dimension=to_text(target.dimension),
        kind=kind,
        at_ms=target.created_ms,
    )


def _above(graph: GraphPlan, job: JobState, instance: Instance) -> Instance:
    """The instance below which one stands; without a join or a cycle it is the one whose edge led there."""
    parent = graph.parent_of(instance.activity_id)
    return job.instances[parent or graph.trigger.id, instance.dimension[:-1]]


def _passes(graph: GraphPlan, job: JobState) -> dict[tuple[str, tuple[int, ...]], tuple[Instance, EdgeKind]]:
    """For every instance entered again: the cycle that did it; when there is none, the failed instance that was retried."""
    cycles: dict[tuple[str, tuple[int, ...], int], list[Instance]] = {}
    for instance in job.instances.values():
        activity = graph.activities[instance.activity_id].activity
        if isinstance(activity, Cycle):
            above = instance.dimension[: graph.activities[activity.ancestor].depth]
            cycles.setdefault((activity.ancestor, above, instance.updated_ms), []).append(instance)
    found: dict[tuple[str, tuple[int, ...]], tuple[Instance, EdgeKind]] = {}
    former: dict[tuple[str, tuple[int, ...]], Instance] = {}
    for instance in sorted(job.instances.values(), key=lambda each: each.dimension):
        place = (instance.activity_id, instance.dimension[:-1])
        if instance.passed:
            came = cycles.get((*place, instance.created_ms))
            found[instance.key] = (came.pop(0), "cycle") if came else (former.get(place, _above(graph, job, instance)), "retry")
        former[place] = instance
    return found


def _joined(plan: Plan, graph: GraphPlan, job: JobState, join: Instance) -> Iterator[Instance]:
    """The instances below the join's scope whose edge to it held."""
    above = join.dimension[:-1]
    for instance in job.instances.values():
        source = graph.activities[instance.activity_id]
        edges = [edge for edge in source.edges if edge.target == join.activity_id]
        settled = instance.dimension[: len(above)] == above and not digits.is_open(instance.ledger)
        if settled and any(_held(plan, graph, job, instance, edge) for edge in edges):
            yield instance


def _held(plan: Plan, graph: GraphPlan, job: JobState, instance: Instance, edge: EdgePlan) -> bool:
    """Whether an edge's conditions hold, seen from now; one that reads job data which has changed since may be told wrong."""
    if not edge.takes(instance.status, instance.code):
        return False
    moment = datetime.fromtimestamp(instance.updated_ms / 1000, UTC)
    scope = JobScope(plan.program.id, graph, job, graph.activities[instance.activity_id], instance, moment, 0)
    try:
        verdicts = [strict_equals(expected(scope), actual(scope)) for expected, actual in edge.match]
    except PipeError:
        return False
    return all(verdicts) if edge.gate_all else any(verdicts)
