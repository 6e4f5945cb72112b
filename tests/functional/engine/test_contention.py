"""What many events for one job, few bytes of memory and several engines must not lose."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg

from hotmesh import HotMesh
from tests.functional.engine.apps import app, graph, running, until

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


async def test_a_step_that_came_second_waits_for_its_turn(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    """Others take the job's row twice while the answer is on its way: it is refused once, then waits for the row before it reads."""
    go = asyncio.Event()

    async def work(task: Any) -> Any:
        await go.wait()
        return {"n": 1}

    async def waiting_for_the_row(count: int) -> bool:
        sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        return bool(await admin.fetchval(sql) == count)

    touch = f'UPDATE "{app_id}".jobs SET revision = revision + 1'
    async with running(dsn, app_id, app(app_id, FAN), {"work": work}) as mesh:
        done = asyncio.create_task(mesh.pubsub("fan", {"items": [1]}, timeout=40))
        await until(lambda: asyncio.sleep(0, bool(mesh.node.router.held)))
        first, second = [await asyncio.wait_for(asyncpg.connect(dsn), 10) for _ in range(2)]
        held = first.transaction()
        await held.start()
        await first.execute(touch)
        go.set()
        await until(lambda: waiting_for_the_row(1))
        held_next = second.transaction()
        await held_next.start()
        took = asyncio.create_task(second.execute(touch))
        await until(lambda: waiting_for_the_row(2))
        await held.commit()
        await took
        await until(lambda: waiting_for_the_row(1))
        await held_next.commit()
        assert (await done).data["all"] == [1]
        assert mesh.node.engine.counts.conflicts == 1
        await asyncio.gather(first.close(), second.close())


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
