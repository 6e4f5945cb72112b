"""Every kind of activity, key by key: what it sends, what settles it, what follows."""

from __future__ import annotations

from typing import Any

import pytest

from hotmesh.errors import PayloadError, UnknownTopic
from hotmesh.machine.effects import Task
from hotmesh.machine.events import ChildAnswered, Event, Interrupted, SignalReceived, TimerFired
from hotmesh.machine.job import ENDED
from hotmesh.machine.retry import RetryPolicy
from hotmesh.values import Json
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
