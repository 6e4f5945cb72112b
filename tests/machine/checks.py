"""What holds after every commit, whatever the program and the order of events."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

from hotmesh.machine import ledger as digits
from hotmesh.machine.effects import Step
from hotmesh.machine.job import ENDED, Instance, JobState

if TYPE_CHECKING:
    from tests.machine.world import World


MANY = 50
"""A job with so many instances is compared with its rows now and then, and at its end: the whole is read each time."""


def after(world: World, job: JobState, done: Step) -> None:
    """Check the job that a step was committed for, and what waits for it."""
    _semaphore(job)
    if len(job.instances) < MANY or job.done or len(world.steps) % MANY == 0:
        _memory_is_what_rows_tell(world, job)
    _what_waits_is_waited_for(world, job)
    _dropped_changes_nothing(done)
    _end_is_told_once(world, job)
    if job.done:
        _end_leaves_nothing(world, job)


def _semaphore(job: JobState) -> None:
    expected = ENDED if job.done and job.status < 0 else len(job.open)
    assert job.status == expected, f"the semaphore is {job.status}, {len(job.open)} instances are open"
    assert {key for key, each in job.instances.items() if digits.is_open(each.ledger)} == set(job.open)


def _memory_is_what_rows_tell(world: World, job: JobState) -> None:
    """Were the process to die now, the next one would go on with the same job."""
    fresh = world.restored(job.id)
    for name in ("status", "error", "done", "data", "facets"):
        assert getattr(fresh, name) == getattr(job, name), f"{name} is {getattr(job, name)}, its rows say {getattr(fresh, name)}"
    _same_instances(job.instances, fresh.instances)
    _same_instances(job.answers, fresh.answers)
    assert set(fresh.open) == set(job.open)
    if job.failed or not job.done:
        assert fresh.final == job.final
    if not job.done:
        assert fresh.cancelled == job.cancelled
        kept = {key: count for key, count in job.joins.items() if count}
        assert kept == fresh.joins, f"joins wait for {kept}, by the rows for {fresh.joins}"


def _same_instances(kept: dict[tuple[str, tuple[int, ...]], Instance], fresh: dict[tuple[str, tuple[int, ...]], Instance]) -> None:
    assert kept.keys() == fresh.keys()
    for key, instance in kept.items():
        if instance != fresh[key]:
            names = [each.name for each in fields(Instance) if getattr(instance, each.name) != getattr(fresh[key], each.name)]
            told = [(name, getattr(instance, name), getattr(fresh[key], name)) for name in names]
            raise AssertionError(f"{key} differs from its row: {told}")


def _what_waits_is_waited_for(world: World, job: JobState) -> None:
    """Tasks, timers and registrations belong to open instances that know of them; open instances that have begun wait for something."""
    known = {(job.id, *key) for key in job.open}
    held = [(owner, task.activity_id, task.dimension) for owner, task in world.tasks.values() if owner == job.id]
    held += [(owner, wait.activity_id, wait.dimension) for owner, wait in world.waits.values() if owner == job.id]
    timed = [each for each in world.messages.values() if each.job_id == job.id and each.kind in ("timer", "retry")]
    held += [(job.id, each.activity_id or "", each.dimension or ()) for each in timed]
    assert not set(held) - known, f"nothing waits for {set(held) - known}"
    open_escalations = {id_ for id_, (owner, state) in world.escalations.items() if owner == job.id and state == "pending"}
    asked = {each.escalation_id for each in job.open.values() if each.escalation_id is not None}
    assert open_escalations == asked, f"people are asked for {open_escalations}, hooks wait for {asked}"


def _dropped_changes_nothing(done: Step) -> None:
    """A step that did nothing but drop events says so: it has no effect."""
    if done.dropped and not done.touched:
        assert replace(done, dropped=0) == Step(), "an event that came late changed something"


def _end_is_told_once(world: World, job: JobState) -> None:
    """Listeners and the parent hear the last word once: at the end, or before it by `persist`. `hotmesh retry` makes another end."""
    stored = world.jobs[job.id]
    if job.final or "persisted" in stored.ends:
        stored.ends.setdefault("persisted", stored.reopened)
    elif job.done:
        stored.ends[stored.reopened] = stored.reopened
    stored.told += sum(each.final for each in world.steps[-1].publications)
    answers = [each for each in world.steps[-1].messages if each.kind == "child" and each.payload["child_id"] == job.id]
    stored.answered += sum(each.payload["status"] != "pending" for each in answers)
    ends = len(stored.ends)
    publishes = world.plan.graph_of(job.topic).publishes is not None
    assert stored.told == (ends if publishes else 0), f"{job.key} has told its end {stored.told} times, it ended {ends} times"
    waits = job.parent is not None and job.parent.waits
    assert stored.answered == (ends if waits else 0), f"{job.key} has answered its parent {stored.answered} times, it ended {ends} times"


def _end_leaves_nothing(world: World, job: JobState) -> None:
    assert not job.open
    starts = [each for each in world.messages.values() if each.kind == "start" and each.payload["parent"]["job_id"] == job.id]
    waited = [each for each in starts if each.payload["parent"]["waits"]]
    assert not waited or not job.failed, "a child is started whose parent has ended"
