"""The workloads on DBOS, in its natural style: async workflows and steps in the caller's process.

Tuned: LISTEN/NOTIFY on, a pool of 20 connections, its logs and telemetry off. For the kill it has a queue, which is what it offers for
work that one process hands to another, polled every 50 ms (default 1 s), of which a worker has as many at once as the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from dbos import DBOS, DBOSClient, DBOSConfig, SetWorkflowID

from benchmarks.effects import APP_ID, CONCURRENCY, SECONDS, Effects, record

QUEUE = "effects"
POLL_S = 0.05
POOL = 20


@DBOS.step()
async def work(number: int) -> int:
    """The activity: as little as can be."""
    return number


@DBOS.workflow()
async def sequence(count: int, number: int) -> int:
    """So many steps, one after the other."""
    for _ in range(count):
        number = await work(number)
    return number


@DBOS.workflow()
async def fan_out(width: int) -> list[int]:
    """So many steps at once."""
    return await asyncio.gather(*(work(number) for number in range(width)))


@DBOS.workflow()
async def waiting() -> Any:
    """Waits for a message."""
    return await DBOS.recv_async("go", timeout_seconds=300)


@DBOS.workflow()
async def sleeping(seconds: float) -> None:
    """Sleeps."""
    await DBOS.sleep_async(seconds)


_effects: asyncpg.Pool | None = None


@DBOS.step()
async def effect(number: int) -> int:
    """An effect that can be counted; the workflow's id is the same when it is recovered."""
    await record(_effects, str(DBOS.workflow_id))
    await asyncio.sleep(SECONDS)
    return number


@DBOS.workflow()
async def with_effect(number: int) -> int:
    """One effect."""
    return await effect(number)


class DbosForm:
    """What the workloads ask for, as DBOS workflows."""

    most_in_flight = 1_000
    """With 10,000 its threads wait longer for one of the pool's connections than it lets them, and begin again: no end in ten minutes."""

    async def _run(self, function: Any, *arguments: Any) -> Any:
        handle = await DBOS.start_workflow_async(function, *arguments)
        return await handle.get_result()

    async def steps(self, count: int, number: int) -> Any:
        """A workflow of so many sequential steps."""
        return await self._run(sequence, count, number)

    async def fan(self, width: int) -> Any:
        """A workflow of so many parallel steps."""
        return await self._run(fan_out, width)

    async def loop(self, count: int) -> Any:
        """The same function: it has a loop in it."""
        return await self._run(sequence, count, 0)

    async def begin_waiting(self, name: str) -> None:
        """A workflow that waits for a message."""
        with SetWorkflowID(name):
            await DBOS.start_workflow_async(waiting)

    async def start_waiting(self, name: str) -> asyncio.Task[Any]:
        """One that waits; a task that ends with it."""
        with SetWorkflowID(name):
            handle = await DBOS.start_workflow_async(waiting)
        ended = asyncio.create_task(handle.get_result())
        await asyncio.sleep(0.02)  # it says nowhere that it waits
        return ended

    async def signal(self, name: str) -> None:
        """Wake it."""
        await DBOS.send_async(name, 1, "go")

    async def sleep(self, seconds: float) -> None:
        """A workflow that sleeps."""
        await self._run(sleeping, seconds)


def _launch(dsn: str) -> None:
    config: DBOSConfig = {
        "name": APP_ID,
        "application_version": "1",
        "system_database_url": dsn,
        "sys_db_pool_size": POOL,
        "use_listen_notify": True,
        "log_level": "WARNING",
    }
    DBOS(config=config)
    DBOS.launch()


@asynccontextmanager
async def open_form(dsn: str) -> AsyncIterator[DbosForm]:
    """The workflows of this process."""
    _launch(dsn)
    try:
        yield DbosForm()
    finally:
        DBOS.destroy()


@asynccontextmanager
async def working(dsn: str, effects: Effects, lease_s: float) -> AsyncIterator[None]:
    """A process that works off the queue, and recovers what it had begun before it died; there are no leases."""
    global _effects
    async with asyncpg.create_pool(dsn, min_size=1, max_size=8) as _effects:
        _launch(dsn)
        await DBOS.register_queue_async(QUEUE, worker_concurrency=CONCURRENCY, polling_interval_sec=POLL_S)
        try:
            yield
        finally:
            DBOS.destroy()


async def enqueue(dsn: str, count: int, effects: Effects) -> None:
    """Put so many workflows of one effect each into the queue, and leave."""
    _launch(dsn)
    DBOS.destroy()
    client = DBOSClient(system_database_url=dsn)
    await client.register_queue_async(QUEUE, worker_concurrency=CONCURRENCY, polling_interval_sec=POLL_S)
    for number in range(count):
        await client.enqueue_async({"queue_name": QUEUE, "workflow_name": with_effect.__qualname__}, number)
    client.destroy()


UNFINISHED = "SELECT count(*) FROM dbos.workflow_status WHERE status NOT IN ('SUCCESS', 'ERROR')"
