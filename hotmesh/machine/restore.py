"""A job's state from its rows."""

from __future__ import annotations

from collections.abc import Iterable

from hotmesh.machine import ledger as digits
from hotmesh.machine.job import Instance, JobState
from hotmesh.machine.plan import GraphPlan
from hotmesh.values import Json, loads

Row = tuple[str, str, str, int | None]
"""symbol, dimension ('' for job data), value as JSON text, ledger"""


def restore(graph: GraphPlan, job: JobState, rows: Iterable[Row]) -> None:
    """Fill a job with what its attribute rows say, and count what steps keep counts of."""
    instances = []
    for symbol, dimension, text, ledger in rows:
        value: Json = loads(text)
        if ledger is None:
            job.data[symbol] = value
        else:
            instances.append(Instance.from_row(symbol, dimension, value, ledger))
    for instance in sorted(instances, key=lambda each: (each.created_ms, each.dimension)):
        _take_in(graph, job, instance)
    _count(graph, job)


def _take_in(graph: GraphPlan, job: JobState, instance: Instance) -> None:
    if len(instance.dimension) > graph.activities[instance.activity_id].depth + 1:
        job.answers[instance.key] = instance
        return
    job.instances[instance.key] = instance
    if digits.is_open(instance.ledger):
        job.open[instance.key] = instance


def _count(graph: GraphPlan, job: JobState) -> None:
    for activity_id, dimension in job.instances:
        parent = graph.parent_of(activity_id)
        if parent is not None:
            above = job.instances[parent, dimension[:-1]]
            above.opened = max(above.opened, dimension[-1] + 1)
    for activity_id, dimension in job.answers:
        above = job.instances[activity_id, dimension[:-1]]
        above.opened = max(above.opened, dimension[-1] + 1)
    for activity_id, dimension in job.open:
        for join, depth in graph.activities[activity_id].joins_ahead:
            if len(dimension) > depth:
                key = (join, dimension[: depth + 1])
                job.joins[key] = job.joins.get(key, 0) + 1
