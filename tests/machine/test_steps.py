"""Whole steps: fan-out and joins, publications, what comes too late, what one step makes and takes back, steps that are cut."""

from __future__ import annotations

import pytest

from hotmesh.machine import ledger as digits
from hotmesh.machine.events import Cancelled, ChildAnswered, Interrupted, Response, Retried, RetryDue, SignalReceived, TimerFired
from hotmesh.machine.job import ENDED
from hotmesh.values import UNDEFINED
from tests.machine.test_activities import CHILD, HOOK, RULE, WORK, only_task, to, world
from tests.machine.world import failed, succeed

# ---- foreach, join, threshold, publications


@pytest.mark.parametrize("items", [[], [1], [1, 2, 3]])
def test_a_join_gathers_the_items_in_their_order(items: list[int]) -> None:
    each = {"type": "worker", "topic": "work", "input": {"maps": {"v": "{$item}", "i": "{$index}"}}}
    gather = {"type": "hook", "join": "all", "job": {"maps": {"all": "{w.output.data.v}"}}}
    it = world(
        {"m": {"type": "hook"}, "w": each, "j": gather},
        {"t": to("w", foreach="{t.output.data.items}") + to("m"), "w": to("j"), "m": to("j")},
    )
    job = it.start("main", {"items": items})
    for id_ in reversed(list(it.tasks)):
        it.memory.clear()
        it.deliver(id_)
    assert it.job(job).data == {"all": items}
    assert it.job(job).status == 0


def test_any_runs_on_the_first_and_ignores_the_others() -> None:
    it = world({"a": WORK, "b": WORK, "j": {"type": "hook", "join": "any"}}, {"t": to("a", "b"), "a": to("j"), "b": to("j")})
    job = it.start("main")
    it.run()
    assert [name for name, _ in it.instances(job)].count("j") == 1


def test_a_foreach_over_no_list_fails_with_its_place() -> None:
    it = world({"w": WORK}, {"t": to("w", foreach="{t.output.data.items}")})
    error = it.job(it.start("main", {"items": 5})).error
    assert (error["code"], "foreach of w" in error["message"]) == (590, True)


def test_a_status_threshold_closes_the_job() -> None:
    it = world({"w": WORK, "n": {"type": "hook", "statusThreshold": 3}}, {"t": to("w", "n")})
    assert it.job(it.start("main")).status == ENDED


def test_emit_persist_and_the_end_are_published() -> None:
    it = world({"w": {**WORK, "emit": True}, "v": {**WORK, "persist": True}}, {"t": to("w"), "w": to("v")}, expire=60)
    it.start("main", {"x": 1})
    it.run()
    told = [(each.topic, each.final) for done in it.steps for each in done.publications]
    assert told == [("done", False), ("done", True)]
    assert it.steps[-1].expire_s == 60


def test_an_answer_for_what_was_never_asked_is_dropped() -> None:
    it = world({"w": WORK}, {"t": to("w")})
    job = it.start("main")
    rows = dict(it.jobs[job].rows)
    for event in (Response("w", (0, 7), "success", 200), Response("x", (0,), "success", 200), TimerFired("t", (0,), 1)):
        assert it.take(job, event).dropped == 1
    assert it.jobs[job].rows == rows


def test_undefined_is_never_stored() -> None:
    it = world({"w": {**WORK, "job": {"maps": {"a": "{$self.output.data.no}", "b": None}}}}, {"t": to("w")})
    job = it.start("main")
    it.run()
    assert it.job(job).data == {"b": None}
    assert UNDEFINED not in it.job(job).data.values()


# ---- what comes too late, or too often


def test_a_child_that_answers_after_the_end_of_its_parent_changes_nothing() -> None:
    it = world({"a": {"type": "await", "topic": "child"}}, {"t": to("a")}, CHILD)
    job = it.start("main")
    it.take(job, Interrupted())
    assert it.take(job, ChildAnswered("a", (0, 0), "x", "success", 200, {})).dropped == 1
    other = world({"a": {"type": "await", "topic": "child"}, "w": WORK}, {"t": to("a", "w")}, CHILD)
    job = other.start("main")
    assert [other.take(job, ChildAnswered("a", (0, 0), "x", "success", 200, {})).dropped for _ in range(2)] == [0, 1]


def test_a_retry_that_is_due_twice_begins_once() -> None:
    it = world({"a": {"type": "await", "topic": "child"}, "w": WORK}, {"t": to("a", "w")}, CHILD)
    job = it.start("main")
    it.take(job, ChildAnswered("a", (0, 0), "x", "success", 200, {}))
    assert it.take(job, RetryDue("a", (0, 0))).dropped == 1


def test_a_signal_for_a_hook_that_is_closed_changes_nothing() -> None:
    it = world({"h": HOOK, "w": WORK}, {"t": to("h", "w")}, hooks=RULE)
    job = it.start("main", {"k": 1})
    assert [it.take(job, SignalReceived("h", (0, 0), {})).dropped for _ in range(2)] == [0, 1]


def test_an_emission_of_a_cancelled_child_is_not_its_end() -> None:
    child = {"subscribes": "child", "activities": {"c": {"type": "trigger"}, "h": {"type": "hook", "sleep": 5, "emit": True}}}
    it = world({"a": {"type": "await", "topic": "child"}}, {"t": to("a")}, child | {"transitions": {"c": to("h")}})
    it.start("main")
    it.deliver(next(iter(it.messages)))
    [child_id] = [each.state.id for each in it.jobs.values() if each.state.topic == "child"]
    done = it.take(child_id, Cancelled())
    assert [each.payload["status"] for each in done.messages] == ["pending", "error"]


def test_the_counter_of_answers_ends_in_an_error() -> None:
    it = world({"h": {**HOOK, "sleep": 5}}, {"t": to("h")}, hooks=RULE)
    job = it.start("main", {"k": 1})
    it.memory[job].open["h", (0, 0)].ledger += digits.MAX_ANSWERS
    it.signal("go", {"k": 1}, "pending", 202)
    assert it.job(job).error["code"] == 597
    assert not it.waits
    assert not it.messages


def test_a_cancelled_job_ends_what_was_entered_and_has_not_begun() -> None:
    join = {"type": "hook", "join": "all"}
    it = world({"w": WORK, "h": {"type": "hook"}, "j": join}, {"t": to("w", "h"), "w": to("j"), "h": to("j")})
    job = it.start("main")
    it.take(job, Cancelled("no more"))
    it.run()
    assert (it.job(job).error["kind"], {status for status, _ in it.instances(job).values()}) == ("cancelled", {"success", "error"})


def test_a_pending_answer_to_a_cancelled_job_is_kept_and_opens_nothing() -> None:
    it = world({"w": WORK, "p": WORK}, {"t": to("w"), "w": to("p", conditions={"code": 202})})
    job = it.start("main")
    task = only_task(it)
    it.take(job, Cancelled("no more"))
    for number in (1, 2):
        it.take(job, succeed(task, number, "pending", 202))
    it.take(job, succeed(task, 3))
    assert {place for place, _ in it.instances(job)} == {"t", "w"}
    assert [each.output for each in it.job(job).answers.values()] == [1, 2]


def test_a_trigger_that_failed_its_job_can_not_be_tried_again() -> None:
    bad = {"maps": {"n": {"@pipe": [["{t.output.data.text}"], ["{@json.parse}"]]}}}
    it = world({"t": {"type": "trigger", "job": bad}, "h": {"type": "hook"}}, {"t": to("h")})
    job = it.start("main", {"text": "{"})
    it.take(job, Retried())
    assert (it.job(job).failed, it.job(job).error["message"]) == (True, "a trigger can't be entered again")


# ---- persist


def test_what_is_persisted_is_final_once() -> None:
    it = world({"a": {"type": "hook", "persist": True}, "b": {"type": "hook", "persist": True}}, {"t": to("a"), "a": to("b")})
    it.start("main")
    assert [each.final for done in it.steps for each in done.publications] == [True]


def test_persist_with_an_expire_that_is_no_duration_fails_its_activity() -> None:
    it = world({"a": {"type": "hook", "persist": True}, "w": WORK}, {"t": to("w", "a")}, expire="{t.output.data.keep}")
    job = it.job(it.start("main", {"keep": "a while"}))
    assert (job.failed, job.error["code"], job.error["activity"]) == (True, 590, "a")


# ---- what one step makes and takes back


def test_a_step_leaves_out_what_it_has_taken_back_itself() -> None:
    people = {"escalation": {"role": "boss"}}
    kinds = {"h": {**HOOK, "sleep": 5, **people}, "w": WORK, "a": {"type": "await", "topic": "child"}, "i": {"type": "interrupt"}}
    it = world(kinds, {"t": to("h", "w", "a", "i")}, CHILD, hooks=RULE)
    it.start("main", {"k": 1})
    [done] = it.steps
    assert (done.waits, done.escalations, done.tasks, done.messages) == ([], [], [], [])


def test_an_attempt_that_its_jobs_end_takes_back_is_not_tried_again() -> None:
    it = world({"w": {**WORK, "retry": {"500": [5]}}}, {"t": to("w")})
    job = it.start("main")
    done = it.take(job, failed(only_task(it)), Interrupted())
    assert (done.retries, len(done.removed_tasks)) == ([], 1)


# ---- a step that is cut


def test_a_step_that_is_cut_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotmesh.machine.step.MAX_ENTRIES", 1)
    kinds = {"v": WORK, "a": {"type": "hook"}, "w": WORK, "b": {"type": "hook"}, "c": {"type": "hook"}}
    join = {"type": "hook", "join": "all"}
    it = world({**kinds, "j": join}, {"t": to("v"), "v": to("a"), "a": to("w", "b"), "w": to("j"), "b": to("j", "c")})
    job = it.start("main")
    while waiting := [*it.messages, *it.tasks]:
        it.memory.clear()
        it.deliver(waiting[0])
    assert (it.job(job).status, len(it.instances(job))) == (0, 7)


def test_a_job_that_did_not_fail_can_not_be_retried() -> None:
    it = world({"w": WORK}, {"t": to("w")})
    job = it.start("main")
    it.run()
    assert it.take(job, Retried()).dropped == 1


def test_an_interrupt_may_reach_the_children() -> None:
    it = world(
        {"a": {"type": "await", "topic": "child"}, "h": {"type": "hook", "sleep": 1}, "i": {"type": "interrupt", "descend": True}},
        {"t": to("a", "h"), "h": to("i")},
        CHILD,
    )
    it.start("main")
    start, timer = it.messages
    it.deliver(start)
    it.deliver(timer)
    it.run(lambda task: pytest.fail(f"a worker was given {task.activity_id}"))
    assert [each.state.failed for each in it.jobs.values()] == [True, True]
