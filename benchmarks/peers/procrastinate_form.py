"""Queue throughput of procrastinate, as its documentation has it: an async task, deferred one by one, workers with LISTEN/NOTIFY.

Tuned: a pool of 20 connections in place of 4, and four workers of 25 jobs at once in this process, since a worker fetches one job a
statement.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import procrastinate

from benchmarks.measure import in_flight

WORKERS = 4
CONCURRENCY = 25
POOL = 20


class ProcrastinateForm:
    """Enqueue, and wait until all is done."""

    def __init__(self, task: Any) -> None:
        self.left = 0
        self.done = asyncio.Event()
        self._task = task

    def one_done(self) -> None:
        """What the task does when it has run."""
        self.left -= 1
        if self.left == 0:
            self.done.set()

    async def throughput(self, count: int, limit: int) -> dict[str, Any]:
        """Jobs per second: deferred one by one by so many callers at once; then all with one statement."""
        began = self._begin(count)
        await in_flight(count, limit, lambda number: self._task.defer_async(number=number))
        await self.done.wait()
        one_by_one = time.perf_counter() - began
        began = self._begin(count)
        await self._task.batch_defer_async(*({"number": number} for number in range(count)))
        await self.done.wait()
        at_once = time.perf_counter() - began
        return {"per_s": round(count / one_by_one), "enqueued_at_once_per_s": round(count / at_once)}

    def _begin(self, count: int) -> float:
        self.left = count
        self.done.clear()
        return time.perf_counter()


@asynccontextmanager
async def open_form(dsn: str) -> AsyncIterator[ProcrastinateForm]:
    """Its schema, and a worker in this process."""
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    connector = procrastinate.PsycopgConnector(conninfo=dsn, min_size=POOL, max_size=POOL)
    app = procrastinate.App(connector=connector)

    @app.task
    async def work(number: int) -> int:
        form.one_done()
        return number

    form = ProcrastinateForm(work)
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        work_on = partial(app.run_worker_async, concurrency=CONCURRENCY, install_signal_handlers=False)
        workers = [asyncio.create_task(work_on(name=f"worker {number}")) for number in range(WORKERS)]
        yield form
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
