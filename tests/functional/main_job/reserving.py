"""A worker process of the order app that reserves in a table: one row a guid. Prints a line a reservation."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import Any

import asyncpg

from hotmesh import HotMesh, StreamData


async def main(dsn: str, app_id: str, lease_s: str) -> None:
    pool = await asyncpg.create_pool(dsn, min_size=2, max_size=4)

    async def check(_: StreamData) -> Any:
        return {"available": 10}

    async def reserve(task: StreamData) -> Any:
        await pool.execute(f"INSERT INTO {app_id}_reservations (guid) VALUES ($1) ON CONFLICT DO NOTHING", task.metadata.guid)
        print(task.metadata.guid, flush=True)
        return {"reservationId": task.metadata.guid}

    workers = [
        {"topic": "inventory.check", "callback": check, "concurrency": 5},
        {"topic": "inventory.reserve", "callback": reserve, "concurrency": 5},
    ]
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with HotMesh(app_id=app_id, engine={"connection": dsn}, workers=workers, lease_s=float(lease_s)):
        print("ready", flush=True)
        await stopped.wait()
    await pool.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
