"""Every kind of activity, key by key: what it sends, what settles it, what follows."""

from __future__ import annotations

from typing import Any

import pytest

from hotmesh.errors import PayloadError, UnknownTopic
from hotmesh.machine import ledger as digits
from hotmesh.machine.effects import Task
from hotmesh.machine.events import Cancelled, ChildAnswered, Event, Interrupted, Response, Retried, RetryDue, SignalReceived, TimerFired
from hotmesh.machine.job import ENDED
from hotmesh.machine.retry import RetryPolicy
from hotmesh.values import UNDEFINED, Json
from tests.machine.world import World, failed, plan_of, succeed


def world(activities: Json, transitions: Json, *others: Json, **graph: Any) -> World:
    """A world whose graph `main` has a trigger `t` and these activities."""
    main = {
        "subscribes": "main",
        "publishes": "done",
        "activities": {"t": {"type": "trigger"}, **activities},
        "transitions": transitions,
        **graph,
    }
    return World(plan_of({"app": {"id": "test", "version": "1", "graphs": [main, *others]}}))


def to(*names: str, **more: Any) -> list[Json]:
    return [{"to": name, **more} for name in names]


WORK: Json = {"type": "worker", "topic": "work", "job": {"maps": {"got": "{$self.output.data}"}}}
CHILD: Json = {
    "subscribes": "child",
    "activities": {"c": {"type": "trigger", "job": {"maps": {"x": "{c.output.data.x}"}}}, "w": {**WORK, "topic": "in"}},
    "transitions": {"c": to("w")},
}


def only_task(world: World) -> Task:
    [(_, task)] = world.tasks.values()
    return task


# ---- trigger


def test_a_payload_is_validated_and_a_topic_must_be_there() -> None:
    it = world({}, {}, input={"schema": {"type": "object", "required": ["x"]}})
    with pytest.raises(PayloadError, match="'x' is a required property"):
        it.start("main", {})
    with pytest.raises(UnknownTopic, match="there is main"):
        it.start("mian", {})


def test_a_trigger_alone_is_a_job_that_is_done() -> None:
    it = world({}, {})
    job = it.job(it.start("main", {"x": 1}))
    assert (job.done, job.status) == (True, 0)


# ---- worker


@pytest.mark.parametrize(
    ("maps", "sent"), [({}, {"x": 1}), ({"input": {"maps": {"y": "{t.output.data.x}", "z": "{t.output.data.none}"}}}, {"y": 1})]
)
def test_a_worker_is_sent_its_maps_or_the_payload(maps: Json, sent: Json) -> None:
    it = world({"w": {**WORK, **maps}}, {"t": to("w")})
    it.start("main", {"x": 1})
    assert only_task(it).input == sent


def test_a_topic_that_is_no_text_fails_the_worker_with_its_place() -> None:
    it = world({"w": {"type": "worker", "topic": "{t.output.data.x}"}}, {"t": to("w")})
    job = it.job(it.start("main", {"x": 1}))
    assert (job.failed, job.error["code"], job.error["activity"], job.error["graph"]) == (True, 590, "w", "main")


@pytest.mark.parametrize("code", [200, 201, 299])
def test_a_success_takes_the_edge_without_a_code(code: int) -> None:
    it = world({"w": WORK, "b": {"type": "hook"}, "c": {"type": "hook"}}, {"t": to("w"), "w": to("b") + to("c", conditions={"code": 422})})
    job = it.start("main")
    it.deliver(only_task(it).id, lambda task: succeed(task, 1, code=code))
    assert {name for name, _ in it.instances(job)} == {"t", "w", "b"}


@pytest.mark.parametrize("wanted", [422, "422", "4xx", [404, 422], ["5xx", "422"]])
@pytest.mark.parametrize("answer", [lambda task: failed(task, 422), lambda task: succeed(task, 1, code=422)])
def test_an_edge_for_a_code_takes_it_error_or_not(wanted: Any, answer: Any) -> None:
    it = world(
        {"w": WORK, "b": {"type": "hook"}, "c": {"type": "hook"}}, {"t": to("w"), "w": to("b") + to("c", conditions={"code": wanted})}
    )
    job = it.start("main")
    it.run(answer)
    assert {name for name, _ in it.instances(job)} == {"t", "w", "c"}
    assert it.job(job).status == 0


def test_an_error_that_no_edge_takes_fails_the_job() -> None:
    it = world({"w": WORK, "b": {"type": "hook"}}, {"t": to("w"), "w": to("b")})
    job = it.job(it.start("main"))
    it.run(failed)
    job = it.job(job.id)
    assert (job.status, job.error["code"], job.error["activity"], job.error["dimension"]) == (ENDED, 500, "w", ",0,0")


def test_pending_answers_open_a_dimension_each_and_keep_what_each_said() -> None:
    note = {"type": "worker", "topic": "note", "input": {"maps": {"saw": "{w.output.data.n}"}}}
    it = world({"w": WORK, "p": note, "b": note}, {"t": to("w"), "w": to("p", conditions={"code": 202}) + to("b")})
    job = it.start("main")
    task = only_task(it)
    for n in (1, 2):
        it.memory.clear()
        it.take(job, succeed(task, {"n": n}, "pending", 202))
    it.take(job, succeed(task, {"n": 3}))
    assert [(each.activity_id, each.dimension, each.input) for _, each in it.tasks.values() if each.topic == "note"] == [
        ("p", (0, 0, 0), {"saw": 1}),
        ("p", (0, 0, 1), {"saw": 2}),
        ("b", (0, 0, 2), {"saw": 3}),
    ]
    it.memory.clear()
    it.run()
    assert it.job(job).status == 0


def test_each_item_that_a_pending_answer_opens_sees_that_answer() -> None:
    note = {"type": "worker", "topic": "note"}
    last = {"type": "worker", "topic": "last", "input": {"maps": {"saw": "{w.output.data.n}"}}}
    edges = {"t": to("w"), "w": to("p", conditions={"code": 202}, foreach="{w.output.data.items}"), "p": to("l")}
    it = world({"w": WORK, "p": note, "l": last}, edges)
    job = it.start("main")
    task = only_task(it)
    it.take(job, succeed(task, {"n": 1, "items": [1, 2, 3]}, "pending", 202))
    it.take(job, succeed(task, {"n": 2, "items": [4]}, "pending", 202))
    it.take(job, succeed(task, {"n": 3}))
    for id_ in [id_ for id_, (_, each) in it.tasks.items() if each.topic == "note"]:
        it.deliver(id_)
    assert [each.input["saw"] for _, each in it.tasks.values()] == [1, 1, 1, 2]


def test_a_pending_answer_whose_map_raises_fails_the_job() -> None:
    work = {**WORK, "job": {"maps": {"n": {"@pipe": [["{$self.output.data.n}"], ["{@json.parse}"]]}}}}
    it = world({"w": work, "b": {"type": "worker", "topic": "other"}}, {"t": to("w", "b")})
    job = it.start("main")
    task = next(each for _, each in it.tasks.values() if each.topic == "work")
    it.take(job, succeed(task, {"n": "{"}, "pending", 202))
    assert (it.job(job).failed, it.job(job).error["code"], it.job(job).error["activity"]) == (True, 590, "w")


# ---- retry


@pytest.mark.parametrize(("retry", "attempts"), [({}, 1), ({"500": [2]}, 3), ({"404": [2]}, 1)])
def test_retries_by_code(retry: Json, attempts: int) -> None:
    it = world({"w": {**WORK, "retry": retry}}, {"t": to("w")})
    job = it.start("main")
    it.run(failed)
    assert it.job(job).failed
    assert [each.delay_s for done in it.steps for each in done.retries] == [0.01, 0.1, 1.0][: attempts - 1]


@pytest.mark.parametrize(
    ("policy", "more", "delays"),
    [
        (RetryPolicy(), {}, [10.0, 100.0]),
        (RetryPolicy(maximum_attempts=1), {}, []),
        (RetryPolicy(maximum_attempts=4, initial_interval_s=2, backoff_coefficient=3, maximum_interval_s=10), {}, [6.0, 10.0, 10.0]),
        (RetryPolicy(), {"code": 598}, []),
        (RetryPolicy(), {"retryable": False}, []),
        (None, {"code": 599}, [10.0, 100.0]),
    ],
)
def test_a_workers_own_policy_wins(policy: RetryPolicy | None, more: Json, delays: list[float]) -> None:
    it = world({"w": {**WORK, "retry": {"500": [1]}}}, {"t": to("w")})
    job = it.start("main")
    it.run(lambda task: failed(task, policy=policy, **more))
    assert it.job(job).failed
    assert [each.delay_s for done in it.steps for each in done.retries] == delays


def test_exhausted_retries_pause_the_job_when_the_policy_says_so() -> None:
    it = world({"w": WORK}, {"t": to("w")})
    job = it.start("main")
    done = it.take(job, failed(only_task(it), policy=RetryPolicy(maximum_attempts=1, on_exhausted="pause")))
    assert done.pause
    assert not it.job(job).done
    it.run()
    assert it.job(job).status == 0


def test_attempts_end_at_ninety_nine() -> None:
    it = world({"w": {**WORK, "retry": {"500": [500]}}}, {"t": to("w")})
    job = it.start("main")
    it.run(failed)
    assert it.job(job).failed
    assert sum(len(done.retries) for done in it.steps) == 98


def test_a_dead_task_is_kept_as_a_letter() -> None:
    it = world({"w": WORK}, {"t": to("w")})
    job = it.start("main")
    done = it.take(job, failed(only_task(it), 598, dead=True, retryable=False))
    assert [(each.activity_id, each.error["attempts"]) for each in done.dead_letters] == [("w", 1)]
    assert it.job(job).error["code"] == 598


# ---- maps that raise


@pytest.mark.parametrize("key", ["input", "output", "job"])
def test_a_map_that_raises_is_one_failure_with_its_place(key: str) -> None:
    bad = {"maps": {"n": {"@pipe": [["{"], ["{@json.parse}"]]}}}
    it = world({"w": {"type": "worker", "topic": "work", key: bad}}, {"t": to("w")})
    job = it.start("main")
    it.run()
    error = it.job(job).error
    assert (error["code"], error["graph"], error["activity"]) == (590, "main", "w")
    assert f"{key}.maps.n" in error["message"]
    assert "row 1, cell 0" in error["message"]
    assert sum(len(done.tasks) for done in it.steps) == (0 if key == "input" else 1)


def test_an_edge_may_take_a_map_that_raises() -> None:
    bad = {"maps": {"n": {"@pipe": [["{"], ["{@json.parse}"]]}}}
    it = world({"w": {**WORK, "job": bad}, "b": {"type": "hook"}}, {"t": to("w"), "w": to("b", conditions={"code": 590})})
    job = it.start("main")
    it.run()
    assert it.job(job).status == 0


# ---- await


def test_an_awaited_childs_data_is_its_output() -> None:
    it = world({"a": {"type": "await", "topic": "child", "job": {"maps": {"got": "{$self.output.data}"}}}}, {"t": to("a")}, CHILD)
    job = it.start("main", {"x": 5})
    it.run(lambda task: succeed(task, "inner"))
    assert it.job(job).data == {"got": {"x": 5, "got": "inner"}}


def test_a_child_that_is_not_waited_for() -> None:
    it = world(
        {"a": {"type": "await", "topic": "child", "await": False, "job": {"maps": {"id": "{$self.output.data.job_id}"}}}},
        {"t": to("a")},
        CHILD,
    )
    job = it.start("main", {"x": 5})
    assert it.job(job).done
    it.run()
    [child] = [each.state for each in it.jobs.values() if each.state.topic == "child"]
    assert it.job(job).data == {"id": child.key}
    assert child.status == 0


@pytest.mark.parametrize(("retry", "starts"), [({}, 1), ({"500": [2]}, 3)])
def test_a_child_that_fails_fails_its_parent_after_its_retries(retry: Json, starts: int) -> None:
    it = world({"a": {"type": "await", "topic": "child", "retry": retry}}, {"t": to("a")}, CHILD)
    job = it.start("main")
    it.run(failed)
    assert (it.job(job).failed, it.job(job).error["code"]) == (True, 500)
    assert len(it.jobs) == 1 + starts


def test_emissions_of_a_child_are_pending_answers() -> None:
    emits = {**CHILD, "activities": {**CHILD["activities"], "w": {**CHILD["activities"]["w"], "emit": True}}}
    note = {"type": "worker", "topic": "note"}
    it = world({"a": {"type": "await", "topic": "child"}, "n": note}, {"t": to("a"), "a": to("n", conditions={"code": 202})}, emits)
    job = it.start("main", {"x": 1})
    it.run()
    assert it.job(job).status == 0
    assert [name for name, _ in it.instances(job)].count("n") == 1


def test_persist_answers_the_parent_while_the_child_goes_on() -> None:
    persists = {
        "subscribes": "child",
        "activities": {"c": {"type": "trigger", "persist": True, "job": {"maps": {"x": 1}}}, "w": {**WORK, "topic": "in"}},
        "transitions": {"c": to("w")},
    }
    it = world({"a": {"type": "await", "topic": "child"}}, {"t": to("a")}, persists)
    job = it.start("main")
    it.deliver(next(iter(it.messages)))
    it.deliver(next(iter(it.messages)))
    assert it.job(job).status == 0
    it.run()
    assert all(each.state.status == 0 for each in it.jobs.values())
    assert len([1 for done in it.steps for message in done.messages if message.kind == "child"]) == 1


def test_a_child_whose_id_is_taken_is_an_error_of_the_await() -> None:
    it = world(
        {"a": {"type": "await", "topic": "child"}, "b": {"type": "hook"}}, {"t": to("a"), "a": to("b", conditions={"code": 409})}, CHILD
    )
    job = it.start("main")
    it.take(job, ChildAnswered("a", (0, 0), "x", "error", 409, None, {"code": 409, "message": "taken"}))
    assert "b" in {name for name, _ in it.instances(job)}


# ---- hook

RULE: Json = {"go": [{"to": "h", "conditions": {"match": [{"expected": "{t.output.data.k}", "actual": "{$hook.data.k}"}]}}]}
HOOK: Json = {"type": "hook", "job": {"maps": {"woke": "{$self.hook.data}"}}}


def test_a_hook_with_neither_passes_through() -> None:
    it = world({"h": HOOK}, {"t": to("h")})
    assert it.job(it.start("main")).status == 0


def test_a_hook_waits_for_its_signal() -> None:
    it = world({"h": HOOK}, {"t": to("h")}, hooks=RULE)
    job = it.start("main", {"k": 1})
    assert not it.signal("go", {"k": 2})
    assert it.signal("go", {"k": 1, "v": 9})
    assert it.job(job).data == {"woke": {"k": 1, "v": 9}}
    assert not it.signal("go", {"k": 1})


def test_pending_signals_leave_the_hook_open() -> None:
    it = world({"h": HOOK, "n": {"type": "hook"}}, {"t": to("h"), "h": to("n", conditions={"code": 202})}, hooks=RULE)
    job = it.start("main", {"k": 1})
    for _ in range(3):
        assert it.signal("go", {"k": 1}, "pending", 202)
        it.memory.clear()
    assert it.signal("go", {"k": 1})
    assert it.job(job).status == 0
    assert [name for name, _ in it.instances(job)].count("n") == 3


@pytest.mark.parametrize("sleep", [5, "5", "5s", "PT5S", "{t.output.data.s}"])
def test_a_hook_sleeps(sleep: Any) -> None:
    it = world({"h": {**HOOK, "sleep": sleep}}, {"t": to("h")})
    job = it.start("main", {"s": 5})
    [timer] = it.messages.values()
    assert timer.delay_s == 5
    it.run()
    assert it.job(job).data == {"woke": {"timestamp": 1}}


@pytest.mark.parametrize("sleep", [0, -1, "", None])
def test_a_sleep_of_nothing_passes(sleep: Any) -> None:
    it = world({"h": {**HOOK, "sleep": "{t.output.data.s}"}}, {"t": to("h")})
    assert it.job(it.start("main", {"s": sleep})).done


def test_a_sleep_that_is_no_time_is_an_error_with_its_place() -> None:
    it = world({"h": {**HOOK, "sleep": "{t.output.data.s}"}}, {"t": to("h")})
    error = it.job(it.start("main", {"s": "soon"})).error
    assert error["code"] == 590
    assert "sleep" in error["message"]


@pytest.mark.parametrize("first", ["signal", "timer"])
def test_of_signal_and_timer_the_first_wins_and_the_other_changes_nothing(first: str) -> None:
    it = world({"h": {**HOOK, "sleep": 5}}, {"t": to("h")}, hooks=RULE)
    job = it.start("main", {"k": 1})
    timer, wait = TimerFired("h", (0, 0), 1), SignalReceived("h", (0, 0), {"k": 1})
    events: list[Event] = [timer, wait] if first == "timer" else [wait, timer]
    it.messages.clear()
    assert it.take(job, events[0]).dropped == 0
    assert it.take(job, events[1]).dropped == 1
    assert it.job(job).data == {"woke": {"timestamp": 1} if first == "timer" else {"k": 1}}


@pytest.mark.parametrize(
    ("event", "state"),
    [(SignalReceived("h", (0, 0), {}), "resolved"), (TimerFired("h", (0, 0), 1), "expired"), (Interrupted(), "cancelled")],
)
def test_an_escalation_lives_as_long_as_its_hook(event: Any, state: str) -> None:
    it = world({"h": {**HOOK, "sleep": 5, "escalation": {"role": "boss", "priority": 1}}}, {"t": to("h")}, hooks=RULE)
    job = it.start("main", {"k": 1})
    [escalation] = it.steps[-1].escalations
    assert escalation.fields == {"role": "boss", "priority": 1}
    if isinstance(event, TimerFired):
        it.messages.clear()
    assert it.take(job, event).closed_escalations == {escalation.id: state}


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
