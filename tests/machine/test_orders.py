"""Random programs under random orders of events, with duplicates, losses and crashes between the steps."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hotmesh.machine.events import Cancelled, Interrupted
from hotmesh.values import Json
from tests.machine.world import World, plan_of


def program(seed: int) -> Json:
    """A random app of one graph with workers, sleeps, pass-through hooks, children, foreach and joins; its branches are independent."""
    chance = random.Random(seed)
    activities: dict[str, Any] = {"t": {"type": "trigger"}}
    transitions: dict[str, list[Any]] = {}
    _grow(chance, "t", 3, activities, transitions)
    child = {"subscribes": "child", "activities": {"c": {"type": "trigger", "job": {"maps": {"n": 1}}}, "d": {"type": "hook"}}}
    graph = {"subscribes": "main", "publishes": "done", "activities": activities, "transitions": transitions}
    return {"app": {"id": "test", "version": "1", "graphs": [graph, child | {"transitions": {"c": [{"to": "d"}]}}]}}


KINDS: list[dict[str, Any]] = [
    {"type": "worker", "topic": "work", "input": {"maps": {"n": "{$self.output.metadata.dad}"}}},
    {"type": "hook"},
    {"type": "hook", "sleep": 5},
    {"type": "await", "topic": "child"},
    {"type": "worker", "topic": "work", "retry": {"500": [2]}},
]


def _grow(chance: random.Random, above: str, depth: int, activities: dict[str, Any], transitions: dict[str, list[Any]]) -> None:
    """Branches below `above`, sometimes joined again."""
    edges, names = [], []
    for _ in range(chance.randint(1, 3)):
        name = f"a{len(activities)}"
        activities[name] = chance.choice(KINDS)
        edges.append({"to": name} | ({"foreach": ["x", "y", "z"][: chance.randint(0, 3)]} if chance.random() < 0.3 else {}))
        names.append(name)
    transitions[above] = edges
    joined = chance.random() < 0.4
    if joined:
        join = f"j{len(activities)}"
        activities[join] = {"type": "hook", "join": chance.choice(["all", "all", "any"])}
        for name in names:
            transitions[name] = [{"to": join}]
        if depth and chance.random() < 0.5:
            _grow(chance, join, depth - 1, activities, transitions)
        return
    for name in names:
        if depth and chance.random() < 0.5:
            _grow(chance, name, depth - 1, activities, transitions)


def ends_alike(seed: int, orders: list[random.Random]) -> None:
    plan = plan_of(program(seed))
    ends = []
    for chance in orders:
        world = World(plan)
        job_id = world.start("main")
        while waiting := [*world.messages, *world.tasks]:
            world.deliver(chance.choice(waiting))
            if chance.random() < 0.5:
                world.memory.clear()
        assert world.job(job_id).done
        assert world.job(job_id).status == 0
        ends.append({key: status for key, (status, _) in world.instances(job_id).items()})
    assert all(end == ends[0] for end in ends)


@settings(max_examples=150)
@given(st.integers(0, 10**9), st.randoms(use_true_random=False))
def test_order_does_not_change_what_comes_of_independent_branches(seed: int, chance: random.Random) -> None:
    ends_alike(seed, [random.Random(chance.random()) for _ in range(3)])


class Interleavings(RuleBasedStateMachine):
    """Any event, in any order, once or twice; memory lost at any moment."""

    world: World
    job_id: str

    @initialize(seed=st.integers(0, 10**6))
    def begin(self, seed: int) -> None:
        self.world = World(plan_of(program(seed)))
        self.job_id = self.world.start("main")

    @precondition(lambda self: self.world.messages or self.world.tasks)
    @rule(number=st.integers(0, 10**6))
    def deliver(self, number: int) -> None:
        waiting = [*self.world.messages, *self.world.tasks]
        self.world.deliver(waiting[number % len(waiting)])

    @precondition(lambda self: self.world.history)
    @rule(number=st.integers(0, 10**6))
    def deliver_again(self, number: int) -> None:
        job_id, event = self.world.history[number % len(self.world.history)]
        before = {key: dict(stored.rows) for key, stored in self.world.jobs.items()}
        if isinstance(event, (Interrupted, Cancelled)) and not self.world.job(job_id).done:
            return
        done = self.world.take(job_id, event)
        if done.dropped:
            assert before == {key: stored.rows for key, stored in self.world.jobs.items()}, "an event that came late changed a row"

    @rule()
    def crash(self) -> None:
        self.world.memory.clear()

    @precondition(lambda self: len(self.world.history) > 8)
    @rule(reason=st.sampled_from([Interrupted(), Interrupted(throw=False, descend=True), Cancelled()]))
    def end(self, reason: Interrupted | Cancelled) -> None:
        self.world.take(self.job_id, reason)

    @invariant()
    def the_end_is_reported_once(self) -> None:
        if not hasattr(self, "world"):
            return
        finals = [each for done in self.world.steps for each in done.publications if each.final]
        assert len(finals) == (1 if self.world.job(self.job_id).done else 0)

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.run()
            assert self.world.job(self.job_id).done
            self.the_end_is_reported_once()
            assert all(stored.state.done for stored in self.world.jobs.values())


Interleavings.TestCase.settings = settings(max_examples=100, stateful_step_count=40)
TestInterleavings = Interleavings.TestCase
