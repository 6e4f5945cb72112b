"""The workloads on DBOS, in its natural style: async workflows and steps in the caller's process, LISTEN/NOTIFY on, pool of 20."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from dbos import DBOS, DBOSConfig, SetWorkflowID

DATABASE = "bench_dbos"


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


class DbosForm:
    """What the workloads ask for, as DBOS workflows."""

    name = "dbos"

    @staticmethod
    @asynccontextmanager
    async def open(dsn: str) -> AsyncIterator[DbosForm]:
        """A database of its own, on the same server."""
        connection = await asyncpg.connect(dsn)
        await connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        await connection.execute(f"CREATE DATABASE {DATABASE}")
        await connection.close()
        config: DBOSConfig = {
            "name": "bench",
            "system_database_url": _of_database(dsn),
            "sys_db_pool_size": 20,
            "use_listen_notify": True,
            "log_level": "WARNING",
        }
        DBOS(config=config)
        DBOS.launch()
        try:
            yield DbosForm()
        finally:
            DBOS.destroy()

    async def steps(self, count: int, number: int) -> Any:
        """A workflow of so many sequential steps."""
        handle = await DBOS.start_workflow_async(sequence, count, number)
        return await handle.get_result()

    async def fan(self, width: int) -> Any:
        """A workflow of so many parallel steps."""
        handle = await DBOS.start_workflow_async(fan_out, width)
        return await handle.get_result()

    async def start_waiting(self, name: str) -> asyncio.Task[Any]:
        """A workflow that waits for a message; a task that ends with it."""
        with SetWorkflowID(name):
            handle = await DBOS.start_workflow_async(waiting)
        ended = asyncio.create_task(handle.get_result())
        await asyncio.sleep(0.02)  # it says nowhere that it waits
        return ended

    async def signal(self, name: str) -> None:
        """Wake it."""
        await DBOS.send_async(name, 1, "go")

    async def sleep(self, seconds: float) -> float:
        """A workflow that sleeps; the seconds by which it ended late, as its caller sees it."""
        began = time.perf_counter()
        handle = await DBOS.start_workflow_async(sleeping, seconds)
        await handle.get_result()
        return time.perf_counter() - began - seconds


def _of_database(dsn: str) -> str:
    """The DSN with another database, whether its host is in the address or in the query."""
    head, question, query = dsn.partition("?")
    base = head.rpartition("/")[0]
    return f"{base}/{DATABASE}{question}{query}"
