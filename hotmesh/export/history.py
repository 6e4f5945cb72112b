"""The order in which things happened, with what each wrote into the job's data.

The rows hold the data as it is now. What it was before follows from them: outputs never change once an instance has settled, so running
`job.maps` again in the order of events writes the same fields again; where a map isn't a pure function of the job (the date, a random
number) its last writer is given the value that is stored.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from hotmesh.errors import HotMeshError
from hotmesh.export.execution import Edge, Event, EventKind
from hotmesh.machine import ledger as digits
from hotmesh.machine.dimension import from_text, to_text
from hotmesh.machine.effects import Step
from hotmesh.machine.job import Instance, JobState, Key
from hotmesh.machine.plan import GraphPlan, Plan
from hotmesh.machine.run import Moment, Run
from hotmesh.values import Json

Mark = tuple[EventKind, Key]


def events_of(plan: Plan, graph: GraphPlan, job: JobState, edges: tuple[Edge, ...], ended_ms: int | None) -> tuple[Event, ...]:
    """Every event in order; the job's own end, when it has ended, is the last one."""
    events = [_event(plan, graph, job, mark, number) for number, mark in enumerate(_ordered(job, edges), 1)]
    shadow = replace(job, data={})
    written = [_write(plan, shadow, job, event) for event in events]
    events = [replace(event, data=data or None) for event, data in zip(events, _true(written, job.data), strict=True)]
    if ended_ms is not None:
        code = (job.error or {}).get("code", 0) if job.status else 200
        events.append(Event(number=len(events) + 1, at_ms=ended_ms, kind="ended", code=code))
    return tuple(events)


def _ordered(job: JobState, edges: tuple[Edge, ...]) -> Iterator[Mark]:
    """Marks by their moment; within one moment what led to something comes before it."""
    moments = dict(_moments(job))
    after: dict[Mark, list[Mark]] = {}
    waiting: dict[Mark, int] = dict.fromkeys(moments, 0)
    for before, later in _sequences(job, edges):
        if before in moments and later in moments and moments[before] <= moments[later]:
            after.setdefault(before, []).append(later)
            waiting[later] += 1
    order = {mark: number for number, mark in enumerate(moments)}
    ready = [(moments[mark], order[mark], mark) for mark, count in waiting.items() if count == 0]
    heapq.heapify(ready)
    while ready:
        _, _, mark = heapq.heappop(ready)
        yield mark
        for later in after.get(mark, ()):
            waiting[later] -= 1
            if waiting[later] == 0:
                heapq.heappush(ready, (moments[later], order[later], later))


def _moments(job: JobState) -> Iterator[tuple[Mark, int]]:
    for key, instance in job.instances.items():
        yield ("entered", key), instance.created_ms
        if not digits.is_open(instance.ledger):
            yield ("settled", key), max(instance.updated_ms, instance.created_ms)
    for key, answer in job.answers.items():
        yield ("answered", key), answer.updated_ms


def _sequences(job: JobState, edges: tuple[Edge, ...]) -> Iterator[tuple[Mark, Mark]]:
    for key in job.instances:
        yield ("entered", key), ("settled", key)
    for activity_id, dimension in job.answers:
        yield ("entered", (activity_id, dimension[:-1])), ("answered", (activity_id, dimension))
        yield ("answered", (activity_id, dimension)), ("settled", (activity_id, dimension[:-1]))
    for edge in edges:
        target: Mark = ("entered", (edge.target, from_text(edge.target_dimension)))
        yield ("settled", (edge.source, from_text(edge.source_dimension))), target
        if job.answers:
            yield ("answered", (edge.source, from_text(edge.target_dimension))), target


def _event(plan: Plan, graph: GraphPlan, job: JobState, mark: Mark, number: int) -> Event:
    kind, key = mark
    instance = job.answers[key] if kind == "answered" else job.instances[key]
    at_ms = instance.created_ms if kind == "entered" else max(instance.updated_ms, instance.created_ms)
    code = 0 if kind == "entered" else instance.code
    return Event(number=number, at_ms=at_ms, kind=kind, activity_id=key[0], dimension=to_text(key[1]), code=code)


def _write(plan: Plan, shadow: JobState, job: JobState, event: Event) -> dict[str, Json]:
    """Run an event's maps on the data as it was then; the fields they wrote."""
    instance = _mapped(job, event)
    if instance is None:
        return {}
    moment = Moment(datetime.fromtimestamp(event.at_ms / 1000, UTC), 0, str)
    run = Run(plan, shadow, moment, Step())
    try:
        run.map_job(instance, run.plan_of(instance))
    except HotMeshError:
        return {}
    return {name: shadow.data[name] for name in run.step.fields}


def _mapped(job: JobState, event: Event) -> Instance | None:
    key = (event.activity_id or "", from_text(event.dimension))
    instance = job.answers.get(key) if event.kind == "answered" else job.instances.get(key) if event.kind == "settled" else None
    return None if instance is None or instance.status == "interrupted" else instance


def _true(written: list[dict[str, Json]], data: dict[str, Json]) -> list[dict[str, Json]]:
    """The same writes, ending in the data that is stored."""
    missing = dict(data)
    for fields in reversed(written):
        for name in fields:
            if name in missing:
                fields[name] = missing.pop(name)
    if written:
        written[-1].update(missing)
    return written
