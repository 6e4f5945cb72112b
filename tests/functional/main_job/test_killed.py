"""kill -9 of the worker process in the middle of 200 orders: a second process finishes them, each reservation made once."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import asyncpg
import pytest

from hotmesh import HotMesh
from tests.functional.main_job.test_order import order_app

ORDERS = 200
LEASE_S = 2.0

PROCESS = Path(__file__).with_name("reserving.py")


async def spawn(dsn: str, app_id: str) -> asyncio.subprocess.Process:
    """A worker process, once it works."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(PROCESS), dsn, app_id, str(LEASE_S), stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process


@pytest.mark.timeout(120)
async def test_kill_9_in_the_middle_of_200_orders(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    await admin.execute(f"CREATE TABLE {app_id}_reservations (guid text PRIMARY KEY, made integer NOT NULL DEFAULT 1)")
    async with HotMesh(app_id=app_id, engine={"connection": dsn}, lease_s=LEASE_S) as mesh:
        await mesh.deploy(order_app(app_id))
        await mesh.activate("1")
        first = await spawn(dsn, app_id)
        orders = [
            asyncio.create_task(mesh.pubsub("order.requested", {"itemId": "item", "requestedQty": 1}, timeout=100)) for _ in range(ORDERS)
        ]
        assert first.stdout is not None
        for _ in range(50):
            await first.stdout.readline()
        first.kill()
        await first.wait()
        assert not all(order.done() for order in orders), "the process was killed too late to prove anything"
        second = await spawn(dsn, app_id)
        outputs = await asyncio.gather(*orders)
        depths = await mesh.node.streams.depths()
        second.terminate()
        assert await second.wait() == 0, "SIGTERM did not end the worker process well"
    reserved = [output.data["reservationId"] for output in outputs]
    rows = await admin.fetch(f"SELECT guid FROM {app_id}_reservations")
    await admin.execute(f"DROP TABLE {app_id}_reservations")
    assert len(set(reserved)) == ORDERS, "two orders share a reservation"
    assert {row["guid"] for row in rows} == set(reserved), "a reservation was made twice, or one is missing"
    assert depths == [], "something was left in a stream"
