"""Hooks and awaits: which of time and signal comes first, what is taken back, which event comes too late."""

from __future__ import annotations

from hotmesh.machine.events import Interrupted, RetryDue, SignalReceived, TimerFired
from hotmesh.values import Json
from tests.machine.test_activities import to, world
from tests.machine.world import World

RULES: Json = {"go": [{"to": "h", "conditions": {"match": [{"expected": "{t.output.data.x}", "actual": "{$hook.data.x}"}]}}]}
HOOK: Json = {"type": "hook", "sleep": 60, "input": {"maps": {"y": "{t.output.data.x}"}}, "job": {"maps": {"said": "{$self.hook.data}"}}}
ESCALATION: Json = {"escalation": {"role": "boss", "type": "approval"}}


def waiting(**more: Json) -> tuple[World, str]:
    it = world({"h": {**HOOK, **more}}, {"t": to("h")}, hooks=RULES)
    return it, it.start("main", {"x": 1})


def test_a_signal_takes_the_timer_back() -> None:
    it, job_id = waiting()
    assert it.signal("go", {"x": 1})
    assert it.job(job_id).data == {"said": {"x": 1}}
    assert not it.messages


def test_a_timer_takes_the_registration_back() -> None:
    it, job_id = waiting()
    it.run()
    assert it.job(job_id).data == {"said": {"timestamp": 1}}
    assert not it.waits


def test_who_comes_second_is_dropped() -> None:
    it, job_id = waiting()
    it.signal("go", {"x": 1})
    rows = dict(it.jobs[job_id].rows)
    assert it.take(job_id, TimerFired("h", (0, 0), 1)).dropped == 1
    assert it.take(job_id, SignalReceived("h", (0, 0), {})).dropped == 1
    assert it.take(job_id, RetryDue("h", (0, 0))).dropped == 1
    assert it.jobs[job_id].rows == rows


def test_an_error_as_signal_fails_the_hook_with_its_message() -> None:
    it, job_id = waiting()
    it.signal("go", {"x": 1, "message": "no"}, "error", 409)
    error = it.job(job_id).error
    assert (error["code"], error["message"], error["activity"]) == (409, "no", "h")


def test_an_escalation_ends_as_its_hook_does() -> None:
    ends = []
    for end in ("signal", "timer", "interrupt"):
        it, job_id = waiting(**ESCALATION)
        [escalation] = it.steps[0].escalations
        assert escalation.fields == ESCALATION["escalation"]
        match end:
            case "signal":
                it.signal("go", {"x": 1})
            case "timer":
                it.run()
            case _:
                it.take(job_id, Interrupted())
        ends.append(it.steps[-1].closed_escalations[escalation.id])
    assert ends == ["resolved", "expired", "cancelled"]
