"""A transactional worker killed, or cut off from Postgres, at every single point: its row and its step are there both, or neither."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from hotmesh import HotMesh
from hotmesh.store.pool import LOST
from tests.functional.crash.orders import ROOT, kill
from tests.functional.crash.transactional import POINTS, Faults, Point
from tests.functional.engine.apps import app, graph, running, until

JOBS = 6
APP = graph(
    "asked",
    "{ask: {type: trigger}, write: {type: worker, topic: write, input: {maps: {n: '{ask.output.data.n}'}},"
    " job: {maps: {n: '{$self.output.data.n}'}}}, after: {type: worker, topic: note, input: {maps: {n: '{write.output.data.n}'}}}}",
    "{ask: [{to: write}], write: [{to: after}]}",
)


@pytest.fixture
async def effects(admin: asyncpg.Connection, app_id: str) -> AsyncIterator[str]:
    """The table that the callbacks write to; nothing in it keeps a task from writing twice."""
    await admin.execute(f"CREATE TABLE {app_id}_effects (guid text)")
    yield f"{app_id}_effects"
    await admin.execute(f"DROP TABLE {app_id}_effects")


class Notes(list[int]):
    """What the activity after the transactional one was given."""

    async def note(self, task: Any) -> None:
        self.append(task.data["n"])


async def both_or_neither(admin: asyncpg.Connection, app_id: str) -> int:
    """In one snapshot: as many steps are settled as there are rows, and no task has two; how many."""
    row = await admin.fetchrow(
        f"""SELECT (SELECT count(*) FROM "{app_id}".jobs_attributes WHERE symbol = 'write' AND value ->> 'status' = 'success') AS steps,
                   (SELECT count(*) FROM {app_id}_effects) AS effects, (SELECT count(DISTINCT guid) FROM {app_id}_effects) AS tasks"""
    )
    assert row is not None
    assert row["steps"] == row["effects"] == row["tasks"], f"{dict(row)}: a row without its step, or a step without its row"
    return int(row["steps"])


@asynccontextmanager
async def worker(dsn: str, app_id: str, point: str) -> AsyncIterator[Process]:
    """A process that serves the transactional topic, and dies at a point."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.functional.crash.transactional", dsn, app_id, point, stdout=PIPE, cwd=ROOT
    )
    assert process.stdout is not None
    try:
        assert await process.stdout.readline() == b"ready\n", "the process died before it took part"
        yield process
    finally:
        await kill(process)


@pytest.mark.parametrize("point", POINTS)
async def test_killed_at_every_point(dsn: str, app_id: str, admin: asyncpg.Connection, effects: str, point: Point) -> None:
    notes = Notes()
    async with running(dsn, app_id, app(app_id, APP), {"note": notes.note}, lease_s=1, poll_s=0.1) as mesh:
        jobs = [await mesh.pub("asked", {"n": n}) for n in range(JOBS)]
        async with worker(dsn, app_id, point) as process:
            assert await asyncio.wait_for(process.wait(), 20) == -9, "it did not come by the point"
        await until(lambda: nobody_writes(admin, effects))
        before = await both_or_neither(admin, app_id)
        assert before >= (point in ("after the commit",)), "what was committed is gone"
        async with worker(dsn, app_id, "none"):
            outputs = [await mesh.result(job, timeout=30) for job in jobs]
    assert sorted(output.data["n"] for output in outputs) == list(range(JOBS))
    assert await both_or_neither(admin, app_id) == JOBS
    assert sorted(notes) == list(range(JOBS)), "the activity after it ran twice, or not at all"
    assert await admin.fetchval(f'SELECT count(*) FROM "{app_id}".worker_streams') == 0


async def nobody_writes(admin: asyncpg.Connection, effects: str) -> bool:
    """Whether Postgres has noticed that the killed process is gone."""
    holding = "SELECT count(*) FROM pg_locks WHERE relation = $1::regclass AND pid <> pg_backend_pid()"
    return bool(await admin.fetchval(holding, effects) == 0)


@pytest.mark.parametrize("point", POINTS)
async def test_cut_off_at_every_point(dsn: str, app_id: str, admin: asyncpg.Connection, effects: str, point: Point) -> None:
    """The lease is long: what was cut off goes on at once all the same."""
    notes = Notes()

    async def cut(connection: Any) -> None:
        pid = connection.get_server_pid() if connection is not None else None
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        await admin.execute(query + (f" AND pid = {pid}" if pid else ""))

    faults = Faults(point, cut)
    workers = {
        "note": notes.note,
        "write": {"topic": "write", "callback": faults.callback(effects), "transactional": True, "concurrency": 2},
    }
    async with running(dsn, app_id, app(app_id, APP), workers, lease_s=60, poll_s=0.1) as mesh:
        faults.install(mesh)
        jobs = [await mesh.pub("asked", {"n": n}) for n in range(JOBS)]
        outputs = [await result(mesh, job) for job in jobs]
        assert faults.happened
        await until(lambda: streams_are_empty(mesh))
    assert sorted(output.data["n"] for output in outputs) == list(range(JOBS))
    assert await both_or_neither(admin, app_id) == JOBS
    assert sorted(notes) == list(range(JOBS))


async def result(mesh: HotMesh, job_id: str) -> Any:
    """A job's result, asked for again when the question was cut off."""
    while True:
        try:
            return await mesh.result(job_id, timeout=25)
        except LOST:
            await asyncio.sleep(0.05)


async def streams_are_empty(mesh: HotMesh) -> bool:
    try:
        return await mesh.node.streams.depths() == []
    except LOST:
        return False
