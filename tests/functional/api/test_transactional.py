"""Transactional workers: what the callback writes and the step are one."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from hotmesh import HotMesh, JobError, StreamData

APP = """
app:
  id: {app}
  version: '1'
  graphs:
    - subscribes: asked
      activities:
        ask: {{type: trigger}}
        write: {{type: worker, topic: write, retry: {{'500': [1]}}, job: {{maps: {{n: '{{$self.output.data.n}}'}}}}}}
      transitions:
        ask: [{{to: write}}]
"""


@pytest.fixture
async def effects(admin: asyncpg.Connection, app_id: str) -> Any:
    """A table that the callbacks write to."""
    await admin.execute(f"CREATE TABLE {app_id}_effects (guid text)")
    yield f"{app_id}_effects"
    await admin.execute(f"DROP TABLE {app_id}_effects")


async def test_the_effect_and_the_step_are_one(dsn: str, app_id: str, admin: asyncpg.Connection, effects: str) -> None:
    async def write(task: StreamData) -> Any:
        await task.tx.execute(f"INSERT INTO {effects} VALUES ($1)", task.metadata.guid)
        return {"n": task.data["n"]}

    worker = {"topic": "write", "callback": write, "transactional": True}
    async with HotMesh(app_id=app_id, engine={"connection": dsn}, workers=[worker]) as mesh:
        await mesh.deploy(APP.format(app=app_id))
        await mesh.activate("1")
        outputs = await asyncio.gather(*(mesh.pubsub("asked", {"n": n}) for n in range(50)))
        assert [output.data["n"] for output in outputs] == list(range(50))
        assert await mesh.node.streams.depths() == []
    assert await admin.fetchval(f"SELECT count(DISTINCT guid) FROM {effects}") == 50


async def test_callbacks_that_wait_leave_the_engine_its_connections(dsn: str, app_id: str) -> None:
    several = asyncio.Event()
    numbers: list[int] = []

    async def write(task: StreamData) -> Any:
        numbers.append(task.data["n"])
        if len(numbers) == 4:
            several.set()
        await several.wait()
        assert await mesh.get_status(task.metadata.jid) > 0
        return {"n": task.data["n"]}

    worker = {"topic": "write", "callback": write, "transactional": True}
    async with HotMesh(app_id=app_id, engine={"connection": dsn}, workers=[worker]) as mesh:
        await mesh.deploy(APP.format(app=app_id))
        await mesh.activate("1")
        outputs = await asyncio.gather(*(mesh.pubsub("asked", {"n": n}) for n in range(30)))
    assert [output.data["n"] for output in outputs] == list(range(30))


async def test_an_exception_rolls_back_and_is_tried_again(dsn: str, app_id: str, admin: asyncpg.Connection, effects: str) -> None:
    attempts: list[int] = []

    async def write(task: StreamData) -> Any:
        attempts.append(task.metadata.attempt)
        await task.tx.execute(f"INSERT INTO {effects} VALUES ($1)", task.metadata.guid)
        if task.data["n"] == 0 or len(attempts) == 1:
            raise RuntimeError("after the write")
        return {"n": 1}

    worker = {"topic": "write", "callback": write, "transactional": True}
    async with HotMesh(app_id=app_id, engine={"connection": dsn}, workers=[worker]) as mesh:
        await mesh.deploy(APP.format(app=app_id))
        await mesh.activate("1")
        assert (await mesh.pubsub("asked", {"n": 1})).data == {"n": 1}
        with pytest.raises(JobError, match="after the write"):
            await mesh.pubsub("asked", {"n": 0})
    assert attempts == [1, 2, 1, 2]
    assert await admin.fetchval(f"SELECT count(*) FROM {effects}") == 1, "an attempt that failed left its write behind"


PROCESS = """
import asyncio, os, sys
from hotmesh import HotMesh

async def main(dsn, app_id):
    async def write(task):
        await task.tx.execute(f"INSERT INTO {app_id}_effects VALUES ($1)", task.metadata.guid)
        print("written", flush=True)
        await asyncio.sleep(0.02)
        return {"n": 1}
    worker = {"topic": "write", "callback": write, "transactional": True, "concurrency": 4}
    async with HotMesh(app_id=app_id, engine={"connection": dsn}, workers=[worker], lease_s=1):
        await asyncio.Event().wait()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_killed_process_leaves_no_effect_without_its_step(dsn: str, app_id: str, admin: asyncpg.Connection, effects: str) -> None:
    async with HotMesh(app_id=app_id, engine={"connection": dsn}, lease_s=1) as mesh:
        await mesh.deploy(APP.format(app=app_id))
        await mesh.activate("1")
        jobs = [asyncio.create_task(mesh.pubsub("asked", {"n": n}, timeout=50)) for n in range(40)]
        for writes in (5, 9, 1000):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", PROCESS, dsn, app_id, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[3]
            )
            assert process.stdout is not None
            reading = asyncio.create_task(_lines(process.stdout, writes))
            ended: asyncio.Future[Any] = asyncio.gather(*jobs)
            waiting: list[asyncio.Future[Any]] = [reading, ended]
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            process.kill()
            await process.wait()
            await reading
        await asyncio.gather(*jobs)
    rows = await admin.fetch(f"SELECT guid, count(*) FROM {effects} GROUP BY guid")
    assert len(rows) == 40
    assert {row["count"] for row in rows} == {1}, "an effect happened twice"


async def _lines(stream: asyncio.StreamReader, count: int) -> None:
    for _ in range(count):
        if not await stream.readline():
            return
