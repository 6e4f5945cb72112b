"""Cycles: with joins on their way, below activities that answer several times, and the numbers that they give."""

from __future__ import annotations

from collections import Counter

import pytest

from hotmesh.machine.events import Retried
from hotmesh.values import Json
from tests.machine.test_activities import only_task, to, world
from tests.machine.world import failed, succeed

WORK: Json = {"type": "worker", "topic": "work", "input": {"maps": {"n": 0}}}
GATHER: Json = {"type": "hook", "join": "all", "input": {"maps": {"n": 0}}}


def again(ancestor: str) -> Json:
    """A cycle that counts the rounds of its ancestor."""
    next_ = {"@pipe": [[f"{{{ancestor}.input.data.n}}", 1], ["{@math.add}"]]}
    return {"type": "cycle", "ancestor": ancestor, "input": {"maps": {"n": next_}}}


def while_below(ancestor: str, rounds: int) -> Json:
    """The condition of an edge to such a cycle."""
    less = {"@pipe": [[f"{{{ancestor}.input.data.n}}", rounds - 1], ["{@conditional.less_than}"]]}
    return {"match": [{"expected": True, "actual": less}]}


@pytest.mark.parametrize("join", ["all", "any"])
@pytest.mark.parametrize("ancestor", ["a", "j"])
def test_a_join_on_the_way_of_a_cycle_runs_in_every_round(join: str, ancestor: str) -> None:
    edges = {"t": to("a"), "a": to("b", "c"), "b": to("j"), "c": to("j"), "j": to("d")}
    cycle = to("again", conditions=while_below(ancestor, 3))
    it = world({"a": WORK, "b": WORK, "c": WORK, "j": {**GATHER, "join": join}, "d": WORK, "again": again(ancestor)}, {**edges, "d": cycle})
    job = it.start("main")
    it.run()
    counted = Counter(name for name, _ in it.instances(job))
    assert it.job(job).status == 0
    assert {name: counted[name] for name in "bcjd"} == (
        {"b": 3, "c": 3, "j": 3, "d": 3} if ancestor == "a" else {"b": 1, "c": 1, "j": 3, "d": 3}
    )


def test_a_join_waits_for_a_branch_that_goes_round() -> None:
    edges = {"t": to("b", "c"), "b": to("j") + to("again", conditions=while_below("b", 3)), "c": to("j")}
    gather = {**GATHER, "job": {"maps": {"rounds": "{b.input.data.n}"}}}
    it = world({"b": WORK, "c": WORK, "j": gather, "again": again("b")}, edges)
    job = it.start("main")
    it.run()
    assert (it.job(job).status, it.job(job).data) == (0, {"rounds": 2})


def test_a_join_that_failed_runs_again_when_its_job_is_retried() -> None:
    join = {**WORK, "join": "all"}
    it = world({"b": {"type": "hook"}, "c": {"type": "hook"}, "j": join}, {"t": to("b", "c"), "b": to("j"), "c": to("j")})
    job = it.start("main")
    it.run(failed)
    it.take(job, Retried())
    it.run()
    assert it.job(job).status == 0


def test_a_branch_that_goes_round_still_sees_the_answer_that_opened_it() -> None:
    see = {"type": "worker", "topic": "see", "input": {"maps": {"n": 0, "saw": "{w.output.data}"}}}
    round_ = {"type": "cycle", "ancestor": "s", "input": {"maps": {"n": 1, "saw": "{w.output.data}"}}}
    first = {"match": [{"expected": 0, "actual": "{s.input.data.n}"}]}
    it = world(
        {"w": WORK, "s": see, "again": round_}, {"t": to("w"), "w": to("s", conditions={"code": 202}), "s": to("again", conditions=first)}
    )
    job = it.start("main")
    task = only_task(it)
    it.take(job, succeed(task, 1, "pending", 202))
    it.deliver(next(id_ for id_, (_, each) in it.tasks.items() if each.topic == "see"))
    it.memory.clear()
    it.take(job, succeed(task, 2, "pending", 202))
    it.deliver(next(id_ for id_, (_, each) in it.tasks.items() if each.input.get("n") == 1))
    it.run()
    seen = [(each.input["n"], each.input["saw"]) for each in it.job(job).instances.values() if each.activity_id == "s"]
    assert sorted(seen) == [(0, 1), (0, 2), (1, 1), (1, 2)]


def test_a_cycle_without_a_row_leaves_the_numbers_to_those_beside_it() -> None:
    """Its number is that of the activities that were entered with it; see checks.py for the numbers."""
    unstored = {**again("b"), "settings": {"stored": False}}
    it = world({"b": WORK, "c": WORK, "again": unstored}, {"t": to("b"), "b": to("c") + to("again", conditions=while_below("b", 3))})
    job = it.start("main")
    it.run()
    assert Counter(name for name, _ in it.instances(job)) == {"t": 1, "b": 3, "c": 3}


def test_a_cycle_that_begins_a_step_later_than_it_was_entered_has_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotmesh.machine.step.MAX_ENTRIES", 1)
    unstored = {**again("b"), "settings": {"stored": False}}
    it = world(
        {"b": {"type": "hook", "input": {"maps": {"n": 0}}}, "again": unstored},
        {"t": to("b"), "b": to("again", conditions=while_below("b", 3))},
    )
    job = it.start("main")
    it.run()
    assert Counter(name for name, _ in it.instances(job)) == {"t": 1, "b": 3, "again": 2}
