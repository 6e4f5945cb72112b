"""`why`: one sentence for everything that keeps a job from moving."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hotmesh.export.execution import Execution
from hotmesh.export.why import why
from hotmesh.machine.events import Cancelled, Interrupted, Response
from tests.export.rows import Played
from tests.export.test_execution import DONE, ENOUGH, JOIN, ORDER, task

HOOK = """
subscribes: go
activities:
  t: {type: trigger}
  approve: {type: hook, sleep: '{t.output.data.sleep}'}
transitions: {t: [{to: approve}]}
hooks: {approved: [{to: approve, conditions: {match: [{expected: o-1, actual: '{$hook.data.id}'}]}}]}
"""
AWAIT = """
app:
  id: a
  version: '1'
  graphs:
    - subscribes: go
      activities:
        t: {type: trigger}
        child: {type: await, topic: kid}
      transitions: {t: [{to: child}]}
    - subscribes: kid
      activities: {k: {type: trigger}}
"""


def checking(**around: object) -> Execution:
    played = Played(ORDER)
    given = dict(around)
    row = given.pop("row", None)
    if row is not None:
        given["tasks"] = {played.message_id("check"): row(played.now_ms) if callable(row) else row}
    paused = bool(given.pop("paused", False))
    return played.execution(paused=paused, **given)


def hooked(sleep: int = 0) -> Execution:
    played = Played(HOOK, {"sleep": sleep})
    wait = next(each for made in played.steps for each in made.waits)
    around: dict[str, Any] = {"waits": {wait.id: {"topic": wait.topic, "key": wait.key, "since_ms": played.now_ms}}}
    if sleep:
        around["messages"] = {played.message_id("approve"): {"kind": "timer", "due_ms": played.now_ms + sleep * 1000, "leased": False}}
    return played.execution(**around)


def parent() -> Execution:
    played = Played(AWAIT)
    child = {"id": "x", "key": "kid-7", "topic": "kid", "activity": "child", "dimension": ",0,0", "status": 1, "done": False}
    return played.execution(children=[{**child, "paused": False, "error": None}])


def ended(*events: object) -> Execution:
    played = Played(ORDER)
    for event in events:
        played.take(event)  # type: ignore[arg-type]
    return played.execution()


FAILS = Response("check", (0, 0), "error", 500, None, {"code": 500, "message": "no luck"})


def retrying() -> Execution:
    played = Played(ORDER.replace("topic: stock.check,", "topic: stock.check, retry: {'500': [3]},"))
    task_id = played.message_id("check")
    played.take(FAILS._replace(task_id=task_id))
    return played.execution(tasks={task_id: task(due_ms=played.now_ms + 10_000, attempt=2)}, members=[["stock.check"]])


CASES: dict[str, tuple[Callable[[], Execution], str]] = {
    "running": (
        lambda: checking(row=lambda now: task(owner="p-1", due_ms=now + 1000)),
        "The job job-1 runs check on p-1 for 0 ms.",
    ),
    "no consumer": (
        lambda: checking(row=task()),
        "The job job-1 waits at check for a worker of stock.check, which no live process serves.",
    ),
    "consumers busy": (
        lambda: checking(row=task(), members=[["stock.check"], ["stock.check"]]),
        "The job job-1 waits at check for one of the 2 workers of stock.check to be free.",
    ),
    "throttled topic": (
        lambda: checking(row=task(), members=[["stock.check"]], throttles={"topic:stock.check": 500}),
        "The job job-1 waits at check for the worker of stock.check to be free, which is throttled to one in 500 ms.",
    ),
    "paused topic": (
        lambda: checking(row=task(), members=[["stock.check"]], throttles={"topic:stock.check": -1}),
        "The job job-1 waits at check for a worker of stock.check, which is paused by a throttle.",
    ),
    "paused mesh": (
        lambda: checking(row=task(), throttles={"all": -1}),
        "The job job-1 stands still because the whole mesh is paused; `hotmesh throttle 0 --app app` lets it go on.",
    ),
    "no process": (
        lambda: checking(row=task(), members=[], engines=0),
        "The job job-1 stands still because no process takes part in the mesh of app; start `hotmesh worker`.",
    ),
    "paused": (
        lambda: checking(row=task(), paused=True),
        "The job job-1 is paused since 2026-01-01 00:00:00Z; `hotmesh resume job-1` lets it go on.",
    ),
    "paused with a reason": (
        lambda: checking(row=task(), paused=True, pause_reason="NonDeterminismError: order does not do what its history says."),
        "The job job-1 is paused since 2026-01-01 00:00:00Z; `hotmesh resume job-1` tries again. "
        "NonDeterminismError: order does not do what its history says.",
    ),
    "signal": (hooked, 'The job job-1 waits at approve for a signal on approved with id = "o-1".'),
    "signal or timer": (
        lambda: hooked(90),
        'The job job-1 waits at approve for a signal on approved with id = "o-1" or the time 2026-01-01 00:01:30Z (in 90 s).',
    ),
    "child": (parent, "The job job-1 waits at child for its child kid-7 (kid)."),
    "retrying": (
        retrying,
        "The job job-1 retries check with attempt 2 at 2026-01-01 00:00:11Z (in 10 s) (the last attempt failed: 500 no luck).",
    ),
    "branches": (
        lambda: Played(JOIN).execution(),
        "The job job-1 is at a, which an engine is about to take up, and is at b, which an engine is about to take up.",
    ),
    "cancelling": (
        lambda: ended(Cancelled()),
        "The job job-1 is being cancelled and is at check, which an engine is about to take up.",
    ),
    "completed": (lambda: ended(ENOUGH, DONE), "The job job-1 completed at 2026-01-01 00:00:02Z after 2.0 s."),
    "failed": (
        lambda: ended(FAILS),
        "The job job-1 failed at check at 2026-01-01 00:00:01Z after 1.0 s: 500 no luck; `hotmesh retry job-1` runs that activity again.",
    ),
    "interrupted": (
        lambda: ended(Interrupted("enough of it")),
        "The job job-1 was interrupted at 2026-01-01 00:00:01Z after 1.0 s: 410 enough of it.",
    ),
    "cancelled": (
        lambda: ended(Cancelled("changed my mind"), ENOUGH),
        "The job job-1 was cancelled at 2026-01-01 00:00:02Z after 2.0 s: 410 changed my mind.",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_why(name: str) -> None:
    make, sentence = CASES[name]
    assert why(make()) == sentence


def test_many_instances_are_told_of_together() -> None:
    text = """
subscribes: go
activities:
  t: {type: trigger}
  each: {type: worker, topic: each}
transitions: {t: [{to: each, foreach: '{t.output.data.items}'}]}
"""
    played = Played(text, {"items": [1, 2, 3]})
    tasks = {each.message_id: task(topic="each") for each in played.job.open.values()}
    told = why(played.execution(tasks=tasks))
    assert told == "The job job-1 waits at each (3 instances) for a worker of each, which no live process serves."
