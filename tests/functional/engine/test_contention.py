"""What many events for one job, few bytes of memory and several engines must not lose."""

from __future__ import annotations

import asyncio
from typing import Any

from hotmesh import HotMesh
from tests.functional.engine.apps import app, graph, running

FAN = graph(
    "fan",
    "{t: {type: trigger}, w: {type: worker, topic: work, input: {maps: {n: '{$item}'}}},"
    " j: {type: hook, join: all, job: {maps: {all: '{w.output.data.n}'}}}}",
    "{t: [{to: w, foreach: '{t.output.data.items}'}], w: [{to: j}]}",
)


async def echo(task: Any) -> Any:
    await asyncio.sleep(0)
    return {"n": task.data["n"]}


async def test_no_answer_is_lost_between_engines_that_work_on_one_job(dsn: str, app_id: str) -> None:
    slow = {"topic": "work", "callback": echo, "concurrency": 3}
    async with running(dsn, app_id, app(app_id, FAN), {"work": slow}, lease_s=2, poll_s=0.1) as mesh:
        others = [await HotMesh.init(app_id=app_id, engine={"connection": dsn}, workers=[slow], lease_s=2, poll_s=0.1) for _ in range(3)]
        done = await mesh.pubsub("fan", {"items": list(range(600))}, timeout=40)
        await asyncio.gather(*(other.stop() for other in others))
    assert done.data["all"] == list(range(600))


async def test_a_memory_for_few_jobs_loses_none(dsn: str, app_id: str) -> None:
    text = app(
        app_id,
        graph(
            "two", "{t: {type: trigger}, a: {type: worker, topic: work}, b: {type: worker, topic: work}}", "{t: [{to: a}], a: [{to: b}]}"
        ),
    )
    async with running(dsn, app_id, text, {"work": echo}, cache_bytes=8_000) as mesh:
        done = await asyncio.gather(*(mesh.pubsub("two", {"n": n}, timeout=30) for n in range(100)))
    assert len(done) == 100
