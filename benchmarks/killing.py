"""W9: a process is killed with 1,000 effects half done; how long until a second one has done all, and how often an effect is repeated."""

from __future__ import annotations

import asyncio
import sys
import time
from uuid import uuid4

import asyncpg

from benchmarks.measure import Json
from benchmarks.yaml_form import app_text
from hotmesh import HotMesh, StreamData

LEASE_S = 5.0

WORKER = """
import asyncio, sys
from benchmarks.killing import serve
asyncio.run(serve(*sys.argv[1:]))
"""


async def serve(dsn: str, app_id: str, transactional: str) -> None:
    """A worker process: each effect is a row under the task's guid."""
    pool = await asyncpg.create_pool(dsn, min_size=2, max_size=8)

    async def effect(task: StreamData) -> Json:
        connection = task.tx or pool
        await connection.execute(f"INSERT INTO {app_id}_effects (guid) VALUES ($1)", task.metadata.guid)
        await asyncio.sleep(0.01)
        return {"result": 1}

    worker = {"topic": "work", "callback": effect, "concurrency": 50, "transactional": transactional == "yes"}
    async with HotMesh(app_id=app_id, engine={"connection": dsn}, workers=[worker], lease_s=LEASE_S):
        print("ready", flush=True)
        await asyncio.Event().wait()


async def w9(dsn: str, scale: float) -> Json:
    """For ordinary and for transactional workers."""
    return {name: await _kill(dsn, int(1000 * scale), name == "transactional") for name in ("ordinary", "transactional")}


async def _kill(dsn: str, count: int, transactional: bool) -> Json:
    app_id = f"bench{uuid4().hex[:8]}"
    admin = await asyncpg.connect(dsn)
    await admin.execute(f"CREATE TABLE {app_id}_effects (guid text)")
    async with HotMesh(app_id=app_id, engine={"connection": dsn}, lease_s=LEASE_S) as mesh:
        await mesh.deploy(app_text(app_id))
        await mesh.activate("1")
        first = await _spawn(dsn, app_id, transactional)
        jobs = [asyncio.create_task(mesh.pubsub("one", {"n": n}, timeout=120)) for n in range(count)]
        while await admin.fetchval(f"SELECT count(*) FROM {app_id}_effects") < count // 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # another process works
        first.kill()
        killed = time.perf_counter()
        second = await _spawn(dsn, app_id, transactional)
        await asyncio.gather(*jobs)
        seconds = time.perf_counter() - killed
        second.terminate()
        await asyncio.gather(first.wait(), second.wait())
    effects = await admin.fetchval(f"SELECT count(*) FROM {app_id}_effects")
    await admin.execute(f"DROP TABLE {app_id}_effects")
    await admin.close()
    return {"seconds": round(seconds, 1), "lease_s": LEASE_S, "repeated": effects - count}


async def _spawn(dsn: str, app_id: str, transactional: bool) -> asyncio.subprocess.Process:
    arguments = [sys.executable, "-c", WORKER, dsn, app_id, "yes" if transactional else "no"]
    process = await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    await process.stdout.readline()
    return process
