"""Random programs under random orders of events, with duplicates, losses and crashes between the steps.

The short form runs with the other tests; the long one with `make crash`.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from hotmesh.errors import HotMeshError
from hotmesh.machine import ledger as digits
from hotmesh.machine import step as machine
from hotmesh.machine.effects import SignalSent, Task
from hotmesh.machine.events import Cancelled, ChildAnswered, Event, Interrupted, Response, Retried, RetryDue, SignalReceived, TimerFired
from hotmesh.machine.retry import RetryPolicy
from hotmesh.values import Json
from tests.machine.programs import KEYS, app_of, programs
from tests.machine.world import World, event_of, failed, plan_of, succeed

PENDING_AT_MOST = 3
TO_ONE_INSTANCE = (Response, TimerFired, SignalReceived, ChildAnswered, RetryDue)


def answer_of(kind: str, task: Task) -> Response:
    """What a worker may say."""
    match kind:
        case "pending":
            return succeed(task, status="pending", code=202)
        case "code":
            return succeed(task, code=422)
        case "error":
            return failed(task)
        case "retryable":
            return failed(task, 599)
        case "policy":
            return failed(task, policy=RetryPolicy(maximum_attempts=2))
        case "dead":
            return failed(task, 598, dead=True, retryable=False)
        case _:
            return succeed(task)


ANSWERS = ("success", "success", "success", "pending", "code", "error", "retryable", "policy", "dead")
SIGNALS = (("success", 200), ("pending", 202), ("error", 422), ("success", 418))
ENDS: tuple[Event, ...] = (Interrupted(), Interrupted(throw=False, descend=True, expire_s=5), Cancelled())


class Interleavings(RuleBasedStateMachine):
    """Any event, in any order, alone or with others in one commit, once or twice; memory lost at any moment."""

    world: World
    main: str | None = None

    @initialize(main=programs(), at_once=st.sampled_from([2, 5, 1_000]))
    def begin(self, main: Json, at_once: int) -> None:
        """Start a job; a step is cut after `at_once` entries."""
        self.cut = patch.object(machine, "MAX_ENTRIES", at_once)
        self.cut.start()
        self.world = World(plan_of(app_of(main)))
        self.pending: Counter[str] = Counter()
        try:
            self.main = self.world.start("main", key="main")
        except HotMeshError:
            self.main = None

    def waiting(self) -> list[str]:
        return [*self.world.messages, *self.world.tasks]

    def answer(self, kind: str, task: Task) -> Response:
        if kind == "pending":
            self.pending[task.id] += 1
            if self.pending[task.id] > PENDING_AT_MOST:
                return succeed(task)
        return answer_of(kind, task)

    @precondition(lambda self: self.waiting())
    @rule(number=st.integers(0, 40), kind=st.sampled_from(ANSWERS))
    def deliver(self, number: int, kind: str) -> None:
        waiting = self.waiting()
        self.world.deliver(waiting[number % len(waiting)], lambda task: self.answer(kind, task))

    @precondition(lambda self: self.waiting())
    @rule(order=st.randoms(use_true_random=False), kind=st.sampled_from(ANSWERS))
    def deliver_together(self, order: random.Random, kind: str) -> None:
        """Events of one job that are ready together are committed together."""
        for job_id in self.world.jobs:
            messages = [each for each in self.world.messages.values() if each.job_id == job_id and each.kind in GOES_TO_ITS_JOB]
            events = [event_of(each) for each in messages]
            events += [self.answer(kind, task) for owner, task in self.world.tasks.values() if owner == job_id]
            if len(events) > 1:
                order.shuffle(events)
                for each in messages:
                    del self.world.messages[each.id]
                self.world.take(job_id, *events)
                return

    @precondition(lambda self: self.world.history)
    @rule(number=st.integers(0, 200))
    def deliver_again(self, number: int) -> None:
        """An event that has closed its instance is delivered once more: nothing changes."""
        job_id, event = self.world.history[number % len(self.world.history)]
        if isinstance(event, TO_ONE_INSTANCE) and (event.activity_id, event.dimension) in self.world.job(job_id).open:
            return
        if isinstance(event, TO_ONE_INSTANCE) or (self.world.job(job_id).done and not isinstance(event, Retried)):
            before = {key: dict(stored.rows) for key, stored in self.world.jobs.items()}
            assert self.world.take(job_id, event).dropped == 1
            assert before == {key: stored.rows for key, stored in self.world.jobs.items()}, "an event that came late changed a row"

    @rule(key=st.sampled_from(KEYS), how=st.sampled_from(SIGNALS), to_all=st.booleans())
    def signal(self, key: str, how: tuple[str, int], to_all: bool) -> None:
        facet = ("color", key) if to_all else None
        self.world.send(SignalSent(self.world.make_id(), "go", {"key": key}, *how, facet=facet))

    @rule()
    def crash(self) -> None:
        self.world.memory.clear()

    @precondition(lambda self: len(self.world.history) > 6)
    @rule(number=st.integers(0, 5), end=st.sampled_from(ENDS))
    def end(self, number: int, end: Event) -> None:
        jobs = list(self.world.jobs)
        self.world.take(jobs[number % len(jobs)], end)

    @rule(number=st.integers(0, 5))
    def retry(self, number: int) -> None:
        """A job that failed is opened again."""
        failures = [each.state.id for each in self.world.jobs.values() if each.state.failed]
        if failures and self.world.jobs[failures[number % len(failures)]].reopened < 2:
            self.world.take(failures[number % len(failures)], Retried())

    def teardown(self) -> None:
        """Whatever is left is delivered: every job comes to its end."""
        if not hasattr(self, "world"):
            return
        self.world.run()
        while self.world.waits:
            for key in KEYS:
                self.world.signal("go", {"key": key})
            self.world.run()
        self.cut.stop()
        for stored in self.world.jobs.values():
            assert stored.state.done, f"{stored.state.key} never ends: {list(stored.state.open)} are open"
            assert all(not digits.is_open(ledger) for _, ledger in stored.rows.values() if ledger is not None)


GOES_TO_ITS_JOB = ("timer", "retry", "child", "signal", "continue")


def ends_alike(main: Json, orders: list[random.Random]) -> None:
    """Run a program in several orders, with crashes and cuts; what comes of it is the same."""
    plan, ends = plan_of(app_of(main)), []
    for chance in orders:
        with patch.object(machine, "MAX_ENTRIES", chance.choice([2, 7, 1_000])):
            ends.append(end_of(World(plan), chance))
    assert all(end == ends[0] for end in ends), "\n".join(str(each) for each in ends)


def end_of(world: World, chance: random.Random) -> Any:
    """What becomes of each activity, and the job's data. Numbers follow the order of events, a cycle may leave no row: neither counts."""
    job_id = world.start("main")
    while waiting := [*world.messages, *world.tasks]:
        world.deliver(chance.choice(waiting))
        if chance.random() < 0.5:
            world.memory.clear()
    job = world.job(job_id)
    assert (job.done, job.status) == (True, 0)
    kinds = {each.id: each.kind for each in world.plan.graph_of("main").activities.values()}
    ends = [(name, *end) for (name, _), end in world.instances(job_id).items() if kinds[name] != "cycle"]
    return Counter((name, status, said(output)) for name, status, output in ends), job.data


def said(output: object) -> str:
    """An output without the id that a child was given."""
    return "a job" if isinstance(output, dict) and "job_id" in output else str(output)


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs(independent=True), st.randoms(use_true_random=False))
def test_order_does_not_change_what_comes_of_independent_branches(main: Json, chance: random.Random) -> None:
    ends_alike(main, [random.Random(chance.random()) for _ in range(3)])


SHORT = settings(max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))
LONG = settings(SHORT, max_examples=4_000, stateful_step_count=60, phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink])


def test_any_interleaving_keeps_what_must_hold() -> None:
    run_state_machine_as_test(Interleavings, settings=SHORT)


@pytest.mark.crash
@pytest.mark.timeout(900)
def test_any_interleaving_keeps_what_must_hold_at_length() -> None:
    run_state_machine_as_test(Interleavings, settings=LONG)
