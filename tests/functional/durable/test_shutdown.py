"""Leaving: a worker drains, `shutdown()` leaves nothing behind, and what was running goes on elsewhere."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import asyncpg

from hotmesh import Durable

w = Durable.workflow
QUEUE = "orders"
OTHERS = """SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""
ROOT = Path(__file__).parents[3]


async def test_a_worker_lets_running_activities_finish(dsn: str, app_id: str) -> None:
    begun, allowed = asyncio.Event(), asyncio.Event()

    async def slow() -> str:
        begun.set()
        await allowed.wait()
        return "finished"

    async def workflow() -> Any:
        return await w.proxy_activities({"slow": slow}).slow()

    async with Durable.Client(dsn, namespace=app_id) as client:
        worker = Durable.Worker(client, task_queue=QUEUE, workflows=workflow, activities=[slow])
        await worker.start()
        handle = await client.start(workflow, task_queue=QUEUE)
        await begun.wait()
        stopping = asyncio.create_task(worker.stop(grace_s=20))
        await asyncio.sleep(0)
        allowed.set()
        await stopping
        await worker.stop()
        async with Durable.Worker(client, task_queue=QUEUE, workflows=workflow):
            assert await handle.result(30) == "finished"


async def test_shutdown_leaves_no_member_and_no_connection(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    async def workflow() -> Any:
        return await w.condition("go")

    client = Durable.Client(dsn, namespace=app_id)
    await Durable.Worker.create(connection=dsn, namespace=app_id, task_queue=QUEUE, workflow=workflow)
    handle = await client.start(workflow, id="w", task_queue=QUEUE)
    assert await handle.status() > 0
    await Durable.shutdown()
    assert await admin.fetchval(f'SELECT count(*) FROM "{app_id}".members') == 0
    while await admin.fetchval(OTHERS):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    async with (
        Durable.Client(dsn, namespace=app_id) as again,
        Durable.Worker(again, task_queue=QUEUE, workflows=workflow),
    ):
        await again.get_handle("w").signal("go", 5)
        assert await again.get_handle("w").result(30) == 5


RUNS = """
import asyncio, sys
from hotmesh import Durable

w = Durable.workflow

@Durable.activity
async def slow() -> str:
    print("begun", flush=True)
    await asyncio.sleep(0.3)
    print("finished", flush=True)
    return "done"

async def workflow() -> str:
    return await slow()

async def main() -> None:
    dsn, namespace = sys.argv[1:]
    worker = await Durable.Worker.create(connection=dsn, namespace=namespace, task_queue="orders", workflow=workflow, activities=[slow])
    client = Durable.Client(dsn, namespace=namespace)
    await client.start(workflow, id="w", task_queue="orders")
    await worker.run()
    await Durable.shutdown()
    print("left", flush=True)

asyncio.run(main())
"""


async def test_sigterm_drains_a_worker(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", RUNS, dsn, app_id, stdout=PIPE, cwd=ROOT)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"begun\n"
    os.kill(process.pid, signal.SIGTERM)
    assert [line async for line in process.stdout] == [b"finished\n", b"left\n"]
    assert await process.wait() == 0
    assert await admin.fetchval(f'SELECT count(*) FROM "{app_id}".members') == 0
    assert await admin.fetchval(f"SELECT status FROM \"{app_id}\".jobs WHERE key = 'w'") == 0
