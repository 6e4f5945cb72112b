"""A hook's timer and its signal, one clearly before the other: the later one changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from hotmesh import HotMesh
from tests.functional.engine.apps import app, drained, graph, renew_nothing, running, until

HERE = "conditions: {match: [{expected: '{$job.metadata.jid}', actual: '{$hook.data.id}'}]}"
TWO = graph(
    "two",
    "{t: {type: trigger}, h: {type: hook, sleep: '{t.output.data.s}', job: {maps: {x: '{$self.hook.data.x}',"
    " timer: '{$self.hook.data.timestamp}'}}}, end: {type: hook}}",
    "{t: [{to: h}], h: [{to: end}]}",
    hooks=f"{{go: [{{to: h, {HERE}}}], end: [{{to: end, {HERE}}}]}}",
)
BLOCKED = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
async def mesh(dsn: str, app_id: str) -> AsyncIterator[HotMesh]:
    async with running(dsn, app_id, app(app_id, TWO), poll_s=0.1) as mesh:
        yield mesh


async def rows(admin: asyncpg.Connection, app_id: str) -> list[Any]:
    """The job and its instances."""
    job = await admin.fetch(f'SELECT revision, status FROM "{app_id}".jobs')
    instances = await admin.fetch(f'SELECT symbol, dimension, ledger, value::text FROM "{app_id}".jobs_attributes ORDER BY 1')
    return [tuple(row) for row in (*job, *instances)]


async def at_the_end_hook(admin: asyncpg.Connection, app_id: str) -> None:
    """Wait until the job has come by the first hook."""

    async def look() -> bool:
        return bool(await admin.fetchval(f"""SELECT count(*) FROM "{app_id}".waits WHERE symbol = 'end' AND job_id IS NOT NULL"""))

    await until(look)


async def blocked(admin: asyncpg.Connection, count: int) -> None:
    """Wait until so many statements wait for a row."""

    async def look() -> bool:
        return bool(await admin.fetchval(BLOCKED) == count)

    await until(look)


async def woken_by(mesh: HotMesh, admin: asyncpg.Connection, app_id: str, winner: str) -> None:
    """Let the job end; what has woken its first hook, by what its data says and by its ledger."""
    await mesh.signal("end", {"id": "j"})
    data = (await mesh.result("j", timeout=10)).data
    assert data.keys() == {winner}
    ledger = await admin.fetchval(f"""SELECT ledger FROM "{app_id}".jobs_attributes WHERE symbol = 'h'""")
    assert ledger == 301100000000001, "the hook took two answers"


async def test_a_signal_after_the_timer_is_kept_for_the_next(mesh: HotMesh, admin: asyncpg.Connection, app_id: str) -> None:
    await mesh.pub("two", {"s": 0.01}, job_id="j")
    await at_the_end_hook(admin, app_id)
    before = await rows(admin, app_id)
    await mesh.signal("go", {"id": "j", "x": 1})
    assert await rows(admin, app_id) == before
    assert await admin.fetchval(f'SELECT count(*) FROM "{app_id}".engine_streams') == 0
    await woken_by(mesh, admin, app_id, "timer")
    await admin.execute(f'UPDATE "{app_id}".jobs SET expired_at = hotmesh.now()')
    await mesh.pub("two", {"s": 60}, job_id="j")
    await at_the_end_hook(admin, app_id)
    await mesh.signal("end", {"id": "j"})
    assert (await mesh.result("j", timeout=10)).data == {"x": 1}
    await drained(admin, app_id)


async def test_a_timer_after_the_signal_changes_nothing(mesh: HotMesh, admin: asyncpg.Connection, app_id: str) -> None:
    await mesh.pub("two", {"s": 60}, job_id="j")
    await admin.execute(f'CREATE TABLE "{app_id}".kept AS SELECT * FROM "{app_id}".engine_streams')
    await mesh.signal("go", {"id": "j", "x": 1})
    await at_the_end_hook(admin, app_id)
    before = await rows(admin, app_id)
    assert await admin.fetchval(f'SELECT count(*) FROM "{app_id}".engine_streams') == 0, "the timer was not taken back"
    for owner in ("owner", "NULL"):
        await admin.execute(
            f"""INSERT INTO "{app_id}".engine_streams (id, kind, job_id, symbol, dimension, visible_at, owner)
                SELECT hotmesh.make_id(), kind, job_id, symbol, dimension, hotmesh.now(), {owner} FROM "{app_id}".kept"""
        )
    await until(lambda: asyncio.sleep(0, mesh.node.engine.counts.dropped == 2))
    assert await rows(admin, app_id) == before
    await woken_by(mesh, admin, app_id, "x")
    await drained(admin, app_id)


async def test_a_timer_that_is_due_while_the_signal_is_on_its_way(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    """The signal's sender dies with it: the hook's wait is settled, so the timer may do nothing though the job knows of no signal yet."""
    async with (
        running(dsn, app_id, app(app_id, TWO), poll_s=0.1, lease_s=1) as mesh,
        HotMesh(app_id=app_id, engine={"connection": dsn}, lease_s=1) as dead,
    ):
        dead.node.engine.take_message = lambda message: None
        dead.node.take_message = lambda message: None  # type: ignore[method-assign]
        renew_nothing(dead)
        await dead.node.message_claims.stop()
        await mesh.pub("two", {"s": 0.3}, job_id="j")
        await dead.signal("go", {"id": "j", "x": 1})
        await until(lambda: asyncio.sleep(0, mesh.node.engine.counts.dropped == 1))
        await at_the_end_hook(admin, app_id)
        await woken_by(mesh, admin, app_id, "x")
        await drained(admin, app_id)


@pytest.mark.parametrize(("locked", "winner"), [("jobs", "x"), ("waits", "timer")])
async def test_a_signal_while_the_timer_is_being_committed(
    mesh: HotMesh, admin: asyncpg.Connection, dsn: str, app_id: str, locked: str, winner: str
) -> None:
    """Who is first at the hook's wait wins: the timer's commit is held up before it gets there, or right there."""
    async with HotMesh(app_id=app_id, engine={"connection": dsn}, poll_s=0.1) as other:
        await mesh.pub("two", {"s": 0.2}, job_id="j")
        holder = await asyncpg.connect(dsn)
        async with holder.transaction():
            await holder.execute(f'SELECT FROM "{app_id}".{locked} FOR UPDATE')
            await blocked(admin, 1)
            sent = asyncio.create_task(other.signal("go", {"id": "j", "x": 1}))
            if locked == "jobs":
                await sent
            else:
                await blocked(admin, 2)
        await sent
        await holder.close()
        await at_the_end_hook(admin, app_id)
        await woken_by(mesh, admin, app_id, winner)
        early = await admin.fetchval(f'SELECT count(*) FROM "{app_id}".waits WHERE job_id IS NULL')
        assert early == (winner == "timer"), "a signal that nobody waits for is kept"
    assert await admin.fetchval(f'SELECT count(*) FROM "{app_id}".engine_streams') == 0
