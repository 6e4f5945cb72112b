"""Queue throughput of pgqueuer, as its documentation has it: an entrypoint, jobs enqueued one by one, a worker with LISTEN/NOTIFY.

Tuned: a pool of 20 connections in place of one, batches of 50 (default 10) since 100 may run at once, the worker in this process.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from pgqueuer import PgQueuer, Queries
from pgqueuer.models import Job

from benchmarks.measure import in_flight

CONCURRENCY = 100
BATCH = 50
POOL = 20


class PgqueuerForm:
    """Enqueue, and wait until all is done."""

    def __init__(self, queries: Queries) -> None:
        self.left = 0
        self.done = asyncio.Event()
        self._queries = queries

    def one_done(self) -> None:
        """What the entrypoint does when it has run."""
        self.left -= 1
        if self.left == 0:
            self.done.set()

    async def throughput(self, count: int, limit: int) -> dict[str, Any]:
        """Jobs per second: enqueued one by one by so many callers at once; then all with one statement."""
        began = self._begin(count)
        await in_flight(count, limit, lambda number: self._queries.enqueue("work", str(number).encode()))
        await self.done.wait()
        one_by_one = time.perf_counter() - began
        began = self._begin(count)
        await self._queries.enqueue(["work"] * count, [str(number).encode() for number in range(count)], [0] * count)
        await self.done.wait()
        at_once = time.perf_counter() - began
        return {"per_s": round(count / one_by_one), "enqueued_at_once_per_s": round(count / at_once)}

    def _begin(self, count: int) -> float:
        self.left = count
        self.done.clear()
        return time.perf_counter()


@asynccontextmanager
async def open_form(dsn: str) -> AsyncIterator[PgqueuerForm]:
    """Its tables, and a worker in this process."""
    async with asyncpg.create_pool(dsn, min_size=POOL, max_size=POOL) as pool:
        queuer = PgQueuer.from_asyncpg_pool(pool)
        queries = Queries.from_asyncpg_pool(pool)
        await queries.install()
        form = PgqueuerForm(queries)

        @queuer.entrypoint("work")
        async def work(job: Job) -> None:
            form.one_done()

        worker = asyncio.create_task(queuer.run(batch_size=BATCH, max_concurrent_tasks=CONCURRENCY))
        yield form
        queuer.shutdown.set()
        await worker
