"""What the crash scenarios share: a load of orders, processes that work on them, and what must hold when all are done."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from hotmesh import HotMesh
from hotmesh.errors import DuplicateJobError
from tests.functional.engine.apps import ORDER, until

ROOT = Path(__file__).parents[3]
TABLE = """CREATE TABLE IF NOT EXISTS public.reservations (
  guid uuid PRIMARY KEY, job text NOT NULL, activity text NOT NULL, UNIQUE (job, activity))"""


@asynccontextmanager
async def member(dsn: str, app_id: str, lease_s: float = 1.0) -> AsyncIterator[Process]:
    """A process that takes part; killed at the end, if it is not dead already."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.functional.crash.member", dsn, app_id, str(lease_s), stdout=PIPE, cwd=ROOT
    )
    assert process.stdout is not None
    try:
        assert await process.stdout.readline() == b"ready\n", "the process died before it took part"
        yield process
    finally:
        await kill(process)


async def kill(process: Process) -> None:
    """kill -9."""
    if process.returncode is None:
        process.kill()
    await process.wait()


async def prepare(mesh: HotMesh, app_id: str, admin: asyncpg.Connection) -> None:
    """Deploy the order app and make the table of its effects."""
    await admin.execute(TABLE)
    await admin.execute("TRUNCATE public.reservations")
    await mesh.deploy(ORDER.read_text(encoding="utf-8").replace("id: orders", f"id: {app_id}"))
    await mesh.activate("1")


async def order(mesh: HotMesh, count: int) -> None:
    """Start so many orders, every other one for more than there is."""

    async def one(number: int) -> None:
        payload = {"itemId": "x", "requestedQty": 3 if number % 2 else 30}
        try:
            await mesh.pub("order.requested", payload, job_id=f"o{number}")
        except DuplicateJobError:
            return

    await asyncio.gather(*map(one, range(count)))


async def reservations(admin: asyncpg.Connection) -> int:
    """How many effects there are so far."""
    return int(await admin.fetchval("SELECT count(*) FROM public.reservations"))


async def reached(admin: asyncpg.Connection, count: int) -> None:
    """Wait until so many effects have been made."""

    async def look() -> bool:
        return await reservations(admin) >= count

    await until(look, 200)


async def all_done(admin: asyncpg.Connection, app_id: str, count: int) -> None:
    """Wait until so many jobs have ended."""

    async def look() -> bool:
        done: int = await admin.fetchval(f'SELECT count(*) FROM "{app_id}".jobs WHERE completed_at IS NOT NULL')
        return done >= count

    await until(look, 200)


async def check(mesh: HotMesh, admin: asyncpg.Connection, app_id: str, count: int) -> None:
    """Every job complete with the output it has without faults, every effect once, no row left in a stream."""
    assert await admin.fetch(f'SELECT key, status, error FROM "{app_id}".jobs WHERE status <> 0') == []
    for number in range(count):
        state = await mesh.get_state("order.requested", f"o{number}")
        expected = {"itemId": "x", "available": 10}
        if number % 2:
            expected |= {"requestedQty": 3, "status": "reserved", "reservationId": f"r-o{number}"}
        else:
            expected |= {"requestedQty": 30, "status": "backordered", "backorderId": f"b-o{number}"}
        assert state.data == expected
    assert await reservations(admin) == 2 * count
    for table in ("engine_streams", "worker_streams", "waits"):
        assert await admin.fetch(f'SELECT * FROM "{app_id}".{table}') == [], f"rows are left in {table}"
