"""Paused jobs and paused engines stand still, lose nothing, and go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from hotmesh import HotMesh, JobError, JobTimeout
from tests.functional.engine.apps import app, graph, running, until

TWO = graph(
    "two",
    "{t: {type: trigger}, a: {type: worker, topic: work}, b: {type: worker, topic: work, job: {maps: {b: '{$self.output.data}'}}}}",
    "{t: [{to: a}], a: [{to: b}]}",
)
GEN = graph(
    "gen",
    "{t: {type: trigger}, g: {type: worker, topic: gen}, n: {type: worker, topic: work, input: {maps: {n: '{g.output.data.n}'}}}}",
    "{t: [{to: g}], g: [{to: n, conditions: {code: 202}}]}",
)


async def echo(task: Any) -> Any:
    return task.data


async def test_an_answer_to_a_paused_job_counts_once_it_is_resumed(dsn: str, app_id: str) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    calls: list[str] = []

    async def work(task: Any) -> Any:
        calls.append(task.metadata.aid)
        begun.set()
        await go_on.wait()
        return {"aid": task.metadata.aid}

    async with running(dsn, app_id, app(app_id, TWO), {"work": work}) as mesh:
        await mesh.pub("two", {}, job_id="j")
        await begun.wait()
        await mesh.pause("j")
        go_on.set()
        with pytest.raises(JobTimeout):
            await mesh.result("j", timeout=0.5)
        assert calls == ["a"]
        await mesh.resume("j")
        await mesh.result("j", timeout=10)
        assert calls == ["a", "b"]


async def test_jobs_paused_and_resumed_all_the_time_lose_nothing(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    async with running(dsn, app_id, app(app_id, TWO), {"work": echo}, lease_s=2, poll_s=0.1) as mesh:
        jobs = [await mesh.pub("two", {"n": n}) for n in range(60)]

        async def tease(job: str) -> None:
            for _ in range(4):
                await mesh.pause(job)
                await mesh.resume(job)

        await asyncio.gather(*map(tease, jobs))
        done = await asyncio.gather(*(mesh.result(job, timeout=20) for job in jobs))
        assert [each.data["b"] for each in done] == [{"n": n} for n in range(60)]
    for table in ("engine_streams", "worker_streams"):
        assert await admin.fetchval(f'SELECT count(*) FROM "{app_id}".{table}') == 0


async def test_a_generator_whose_job_was_paused_says_each_thing_once(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    paused, go_on = asyncio.Event(), asyncio.Event()

    async def gen(task: Any) -> AsyncIterator[Any]:
        for n in range(5):
            if n == 3 and not paused.is_set():
                paused.set()
                await go_on.wait()
            yield {"data": {"n": n}, "status": "pending", "metadata": {}}

    async with running(dsn, app_id, app(app_id, GEN), {"gen": gen, "work": echo}, lease_s=2, poll_s=0.1) as mesh:
        await mesh.pub("gen", {}, job_id="j")
        await paused.wait()
        await mesh.pause("j")
        go_on.set()
        with pytest.raises(JobTimeout):
            await mesh.result("j", timeout=0.3)
        await mesh.resume("j")
        await mesh.result("j", timeout=10)
    rows = await admin.fetch(f"""SELECT value -> 'input' ->> 'n' AS n FROM "{app_id}".jobs_attributes WHERE symbol = 'n' ORDER BY 1""")
    assert [row["n"] for row in rows] == ["0", "1", "2", "3", "4"]


async def test_exhausted_retries_pause_the_job_until_it_is_resumed(dsn: str, app_id: str) -> None:
    broken = True

    async def work(task: Any) -> Any:
        if broken:
            raise RuntimeError("not yet")
        return "fine"

    policy = {"maximum_attempts": 1, "on_exhausted": "pause"}
    async with running(dsn, app_id, app(app_id, TWO), {"work": {"topic": "work", "callback": work, "retry": policy}}) as mesh:
        await mesh.pub("two", {}, job_id="j")
        with pytest.raises(JobTimeout):
            await mesh.result("j", timeout=1)
        broken = False
        await mesh.resume("j")
        assert (await mesh.result("j", timeout=10)).data == {"b": "fine"}


async def test_a_paused_mesh_really_pauses(dsn: str, app_id: str) -> None:
    calls: list[Any] = []

    async def work(task: Any) -> Any:
        calls.append(task.data)

    async with running(dsn, app_id, app(app_id, TWO), {"work": work}, poll_s=0.1) as mesh:
        await mesh.throttle(-1)
        await mesh.pub("two", {}, job_id="j")
        with pytest.raises(JobTimeout):
            await mesh.result("j", timeout=0.5)
        assert calls == []
        async with HotMesh(
            app_id=app_id, engine={"connection": dsn}, workers=[{"topic": "work", "callback": work}], poll_s=0.1
        ) as newcomer:
            with pytest.raises(JobTimeout):
                await newcomer.result("j", timeout=0.5)
            assert calls == []
            await mesh.throttle(0)
            await mesh.result("j", timeout=10)


async def test_an_interrupt_from_another_job_ends_a_paused_one(dsn: str, app_id: str) -> None:
    kill = graph("kill", "{t: {type: trigger}, i: {type: interrupt, target: j, topic: two, reason: gone}}", "{t: [{to: i}]}")
    async with running(dsn, app_id, app(app_id, TWO, kill), poll_s=0.1) as mesh:
        await mesh.pub("two", {}, job_id="j")
        await mesh.pause("j")
        await mesh.pubsub("kill", {})
        with pytest.raises(JobTimeout):
            await mesh.result("j", timeout=0.5)
        await mesh.resume("j")
        with pytest.raises(JobError, match="gone"):
            await mesh.result("j", timeout=10)


MOVES = graph(
    "moves",
    "{t: {type: trigger}, s: {type: hook, sleep: 0.05}, h: {type: hook, job: {maps: {x: '{$self.hook.data.x}'}}},"
    " a: {type: await, topic: kid, job: {maps: {kid: '{$self.output.data.n}'}}}}",
    "{t: [{to: s}, {to: h}], s: [{to: a}]}",
    hooks="{go: [{to: h, conditions: {match: [{expected: '{$job.metadata.jid}', actual: '{$hook.data.id}'}]}}]}",
)
KID = graph("kid", "{t: {type: trigger, job: {maps: {n: 7}}}}")


async def stand(admin: asyncpg.Connection, app_id: str) -> list[Any]:
    """All jobs, and how far they are."""
    rows = await admin.fetch(f'SELECT key, revision, status FROM "{app_id}".jobs ORDER BY key')
    return [tuple(row) for row in rows]


async def overdue(admin: asyncpg.Connection, app_id: str) -> bool:
    """Whether a timer should have fired a while ago."""
    count = f"SELECT count(*) FROM \"{app_id}\".engine_streams WHERE kind = 'timer' AND visible_at < hotmesh.now() - interval '0.5 s'"
    return bool(await admin.fetchval(count))


async def test_nothing_moves_in_a_paused_mesh(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    """Its timer comes due and its signal is sent: the engine leaves both until it may go on."""
    async with running(dsn, app_id, app(app_id, MOVES, KID), poll_s=0.1) as mesh:
        await mesh.pub("moves", {}, job_id="j")
        await mesh.throttle(-1)
        before = await stand(admin, app_id)
        await mesh.signal("go", {"id": "j", "x": 1})
        await until(lambda: overdue(admin, app_id))
        assert await stand(admin, app_id) == before
        assert mesh.node.engine.counts.events == 1
        await mesh.throttle(0)
        assert (await mesh.result("j", timeout=10)).data == {"x": 1, "kid": 7}


async def test_a_paused_engine_leaves_its_timers_to_the_others(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    async with (
        running(dsn, app_id, app(app_id, MOVES, KID), poll_s=0.1) as paused,
        HotMesh(app_id=app_id, engine={"connection": dsn}, poll_s=0.1) as other,
    ):
        await other.throttle(-1, guid=paused.guid)
        await until(lambda: asyncio.sleep(0, paused.node.engine.paused))
        await paused.pub("moves", {}, job_id="j")
        await other.signal("go", {"id": "j", "x": 1})
        assert (await other.result("j", timeout=10)).data == {"x": 1, "kid": 7}
        assert paused.node.engine.counts.events == 1, "the paused engine did more than to start the job"
