"""A process of the crash tests: an engine and a worker of the order app, whose reservations are made under the task's guid.

    python -m tests.functional.crash.member DSN APP_ID LEASE_S

It prints `ready` once it takes part, and works until it is killed.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import asyncpg

from hotmesh import HotMesh
from hotmesh.store.pool import LOST


async def reserve(pool: asyncpg.Pool, task: Any) -> dict[str, Any]:
    """Make the reservation; one that an earlier attempt has made stands."""
    row = (task.metadata.guid, task.metadata.jid, task.metadata.aid)
    while True:
        try:
            await pool.execute(
                "INSERT INTO public.reservations (guid, job, activity) VALUES ($1, $2, $3) ON CONFLICT (guid) DO NOTHING", *row
            )
            return {"reservationId": f"r-{task.metadata.jid}", "remaining": 0}
        except LOST:
            await asyncio.sleep(0.05)


async def work(dsn: str, app_id: str, lease_s: float) -> None:
    """Take part until killed."""
    pool = await asyncpg.create_pool(dsn, min_size=1, max_size=4)

    async def check(task: Any) -> dict[str, int]:
        await reserve(pool, task)
        return {"available": 10}

    async def either(task: Any) -> dict[str, Any]:
        made = await reserve(pool, task)
        return {**made, "backorderId": f"b-{task.metadata.jid}"}

    callbacks = {"inventory.check": check, "inventory.reserve": either, "inventory.backorder.notify": either}
    workers = [{"topic": topic, "callback": callback, "concurrency": 20} for topic, callback in callbacks.items()]
    await HotMesh.init(app_id=app_id, engine={"connection": dsn}, workers=workers, lease_s=lease_s, poll_s=0.2)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], sys.argv[2], float(sys.argv[3])))
