"""Activities that reach beyond their job or end it: signal, cycle, interrupt; interruption, cancellation, retries of a job."""

from __future__ import annotations

import pytest

from hotmesh.machine.events import Cancelled, Interrupted, Retried
from hotmesh.machine.job import ENDED
from hotmesh.values import Json
from tests.machine.test_activities import CHILD, HOOK, RULE, WORK, to, world
from tests.machine.world import failed, succeed

# ---- signal, cycle, interrupt


def test_a_signal_meets_a_hook_and_goes_on() -> None:
    send = {"type": "signal", "topic": "go", "signal": {"maps": {"k": 1, "v": 2}}}
    sender = {"subscribes": "send", "activities": {"t": {"type": "trigger"}, "s": send}, "transitions": {"t": to("s")}}
    it = world({"h": HOOK}, {"t": to("h")}, sender, hooks=RULE)
    job = it.start("main", {"k": 1})
    assert it.job(it.start("send")).status == 0
    it.run()
    assert it.job(job).data == {"woke": {"k": 1, "v": 2}}


def test_a_signal_may_say_how_long_it_is_kept() -> None:
    send = {"type": "signal", "topic": "go", "signal": {"maps": {"k": 1, "$expire": "5s"}}}
    it = world({"s": send, "h": HOOK}, {"t": to("s", "h")}, hooks=RULE)
    it.start("main", {"k": 1})
    assert [sent.data["$expire"] for sent in it.steps[0].signals] == ["5s"]


def test_a_signal_to_all_names_its_facet() -> None:
    send = {
        "type": "signal",
        "subtype": "all",
        "topic": "go",
        "key_name": "color",
        "key_value": "red",
        "scrub": True,
        "signal": {"maps": {"k": 1}},
        "resolver": {"maps": {"r": 2}},
    }
    it = world({"s": send, "h": HOOK}, {"t": to("s", "h")}, hooks=RULE)
    it.start("main", {"k": 1})
    [sent] = it.steps[0].signals
    assert (sent.facet, sent.scrub, sent.data) == (("color", "red"), True, {"k": 1, "r": 2})


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "{t.output.data.x}"},
        {"status": "{t.output.data.x}"},
        {"signal": {"maps": {"k": 1, "$expire": "{t.output.data.x}"}}},
        {"signal": {"maps": {"k": 1, "$expire": -1}}},
    ],
)
def test_a_signal_without_a_true_code_or_time_fails(wrong: Json) -> None:
    it = world({"s": {"type": "signal", "topic": "go", **wrong}, "h": HOOK}, {"t": to("s", "h")}, hooks=RULE)
    assert it.job(it.start("main", {"x": "odd", "k": 1})).error["code"] == 590


def test_a_worker_reached_by_a_cycle_runs_again_with_its_maps() -> None:
    again = {"type": "cycle", "ancestor": "w", "input": {"maps": {"n": "{w.output.data.n}"}}}
    go_on = {"match": [{"expected": True, "actual": {"@pipe": [["{w.output.data.n}", 3], ["{@conditional.less_than}"]]}}]}
    it = world({"w": WORK, "again": again}, {"t": to("w"), "w": to("again", conditions=go_on)})
    job = it.start("main", {"n": 0})
    it.run(lambda task: succeed(task, {"n": task.input["n"] + 1}))
    assert it.job(job).data == {"got": {"n": 3}}
    assert [dimension for name, dimension in it.instances(job) if name == "w"] == [",0,0", ",0,1", ",0,2"]


def test_a_cycle_leaves_no_row_when_it_is_told_so() -> None:
    again = {"type": "cycle", "ancestor": "w", "settings": {"stored": False}, "input": {"maps": {"n": "{w.output.data.n}"}}}
    go_on = {"match": [{"expected": True, "actual": {"@pipe": [["{w.output.data.n}", 3], ["{@conditional.less_than}"]]}}]}
    it = world({"w": WORK, "again": again}, {"t": to("w"), "w": to("again", conditions=go_on)})
    job = it.start("main", {"n": 0})
    it.run(lambda task: succeed(task, {"n": task.input["n"] + 1}))
    assert it.job(job).data == {"got": {"n": 3}}
    assert {name for name, _ in it.instances(job)} == {"t", "w"}


def test_a_cycle_without_an_end_fails_with_597() -> None:
    it = world({"p": {"type": "hook"}, "again": {"type": "cycle", "ancestor": "p"}}, {"t": to("p"), "p": to("again")})
    job = it.start("main")
    it.run()
    assert (it.job(job).failed, it.job(job).error["code"]) == (True, 597)
    assert all(len(done.touched) <= 2_100 for done in it.steps), "a tight cycle holds its transaction too long"


def test_an_interrupt_as_the_only_open_activity_ends_its_job() -> None:
    it = world({"i": {"type": "interrupt", "reason": "enough", "code": 418}}, {"t": to("i")})
    job = it.job(it.start("main"))
    assert (job.status, job.error["code"], job.error["message"]) == (ENDED, 418, "enough")


def test_an_interrupt_without_throw_ends_without_error() -> None:
    it = world({"i": {"type": "interrupt", "throw": False, "expire": 7}, "w": WORK}, {"t": to("w", "i")})
    job = it.job(it.start("main"))
    assert (job.status, job.error, it.steps[-1].expire_s) == (ENDED, None, 7.0)
    assert not it.tasks


@pytest.mark.parametrize(("expire", "seconds"), [("90 days", 7_776_000), ("PT1M", 60), (5, 5), (-1, -1)])
def test_a_finished_job_is_kept_as_long_as_expire_says(expire: object, seconds: float) -> None:
    ends = world({"n": {"type": "hook"}}, {"t": to("n")}, expire=expire)
    ends.start("main")
    interrupts = world({"i": {"type": "interrupt", "expire": expire}}, {"t": to("i")})
    interrupts.start("main")
    assert (ends.steps[-1].expire_s, interrupts.steps[-1].expire_s) == (seconds, seconds)


def test_an_expire_that_is_no_duration_is_told() -> None:
    it = world({"n": {"type": "hook"}}, {"t": to("n")}, expire="{t.output.data.keep}")
    job = it.job(it.start("main", {"keep": "a while"}))
    assert job.error["code"] == 590
    assert "'a while' is not a duration" in job.error["message"]


def test_an_interrupt_of_another_job_goes_on() -> None:
    other = {
        "subscribes": "other",
        "activities": {"t": {"type": "trigger", "stats": {"id": "o"}}, "w": WORK},
        "transitions": {"t": to("w")},
    }
    it = world({"i": {"type": "interrupt", "target": "o", "topic": "other"}}, {"t": to("i")}, other)
    victim = it.start("other")
    job = it.start("main")
    it.deliver(next(iter(it.messages)))
    assert it.job(job).status == 0
    assert it.job(victim).error["code"] == 410


def test_interrupting_twice_changes_nothing_more() -> None:
    it = world({"w": WORK}, {"t": to("w")})
    job = it.start("main")
    it.take(job, Interrupted("one"))
    assert it.take(job, Interrupted("two")).dropped == 1
    assert it.job(job).error["message"] == "one"


def test_descend_reaches_the_children() -> None:
    it = world({"a": {"type": "await", "topic": "child"}}, {"t": to("a")}, CHILD)
    done = it.take(it.start("main"), Interrupted(descend=True))
    assert done.descend is not None
    assert done.removed_messages


def test_a_cancelled_job_lets_what_runs_finish_and_begins_nothing_new() -> None:
    it = world({"w": WORK, "h": {"type": "hook", "sleep": 60}, "b": WORK}, {"t": to("w", "h"), "w": to("b")})
    job = it.start("main")
    it.take(job, Cancelled("no more"))
    assert not it.job(job).done
    assert [(each.kind, each.activity_id) for each in it.messages.values()] == [("recall", "w")], "the timer is gone"
    it.deliver(next(iter(it.tasks)), lambda task: succeed(task, 1))
    it.run(lambda task: pytest.fail(f"a worker was given {task.activity_id}"))
    assert (it.job(job).status, it.job(job).error["kind"], it.job(job).data) == (ENDED, "cancelled", {"got": 1})


def test_a_cancelled_job_takes_back_what_no_worker_has() -> None:
    it = world({"w": WORK, "v": WORK, "b": WORK}, {"t": to("w", "v"), "w": to("b")})
    job = it.start("main")
    it.take(job, Cancelled("no more"))
    it.run(lambda task: pytest.fail(f"a worker was given {task.activity_id}"))
    assert (it.job(job).status, it.job(job).error["message"], it.job(job).data) == (ENDED, "no more", {})


def test_a_cancelled_job_tries_nothing_again() -> None:
    it = world({"w": {**WORK, "retry": {"500": [5]}}, "v": {**WORK, "retry": {"500": [5]}}}, {"t": to("w", "v")})
    job = it.start("main")
    (_, first), (_, second) = it.tasks.values()
    it.take(job, failed(first))
    done = it.take(job, Cancelled("no more"))
    assert done.removed_tasks == [first.id], "the attempt that waits for its time is taken back"
    done = it.take(job, failed(second))
    assert done.retries == []
    assert (it.job(job).status, it.job(job).error["kind"]) == (ENDED, "cancelled")


def test_a_failed_job_runs_its_failed_activity_again() -> None:
    it = world({"w": WORK}, {"t": to("w")})
    job = it.start("main", {"x": 1})
    it.run(failed)
    it.memory.clear()
    it.take(job, Retried())
    it.run()
    assert (it.job(job).status, it.job(job).error, it.job(job).data) == (0, None, {"got": {"x": 1}})
