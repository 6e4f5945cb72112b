"""W9: the only process of a mesh is killed with its effects half done; how long until a new one has done all, and what is done twice.

The caller starts the workflows and leaves. One process works: engine, workflow functions, activities. Half way it gets a SIGKILL,
and another is started at once. The clock runs from the kill to the last workflow's end, the start of the new process included.
"""

from __future__ import annotations

import asyncio
import time

import asyncpg

from benchmarks import serve
from benchmarks.effects import LEASE_S, SHORT_LEASE_S, TABLE, Effects
from benchmarks.measure import Json

MOST_S = 120.0
NOBODY_ELSE = "SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
"""What the dead process had sent is carried out."""


async def w9(form: str, dsn: str, scale: float, effects: Effects) -> Json:
    """One kill."""
    count = max(100, int(1000 * scale))
    lease_s = LEASE_S if scale >= 0.1 else SHORT_LEASE_S
    admin = await asyncpg.connect(dsn)
    await admin.execute(f"CREATE TABLE {TABLE} (key text NOT NULL)")
    written = serve.module(form)
    await written.enqueue(dsn, count, effects)
    async with serve.process(form, dsn, effects, lease_s) as first:
        await _reached(admin, f"SELECT count(*) >= {count // 2} FROM {TABLE}")
        first.kill()
        killed = time.perf_counter()
        await first.wait()
    await _reached(admin, NOBODY_ELSE)
    half = await admin.fetchval(f"SELECT count(*) FROM {TABLE}")
    in_flight = half - (count - await admin.fetchval(written.UNFINISHED))
    async with serve.process(form, dsn, effects, lease_s):
        ready = time.perf_counter()
        await _reached(admin, f"SELECT ({written.UNFINISHED}) = 0")
        seconds = time.perf_counter() - killed
    all_effects: int = await admin.fetchval(f"SELECT count(*) FROM {TABLE}")
    different: int = await admin.fetchval(f"SELECT count(DISTINCT key) FROM {TABLE}")
    await admin.close()
    if half >= count or different != count:
        raise RuntimeError(f"{half} of {count} effects were done at the kill and {different} different ones in the end")
    repeated = all_effects - count
    return {
        "seconds": round(seconds, 2),
        "repeated": repeated,
        "done_and_not_answered_at_the_kill": in_flight,
        "repeated_though_answered": max(0, repeated - in_flight),
        "of_that_to_start_s": round(ready - killed, 2),
        "done_at_the_kill": half,
        "lease_s": lease_s,
    }


async def _reached(admin: asyncpg.Connection, question: str) -> None:
    """Ask until it is so: another process works on it."""
    async with asyncio.timeout(MOST_S):
        while not await admin.fetchval(question):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
