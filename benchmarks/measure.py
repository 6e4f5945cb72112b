"""How the benchmarks measure: many at once, quantiles, counters of the server, the machine."""

from __future__ import annotations

import asyncio
import os
import platform
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import asyncpg

Json = dict[str, Any]


async def in_flight(count: int, limit: int, work: Callable[[int], Awaitable[Any]]) -> float:
    """Run `work(0)` … `work(count - 1)`, at most `limit` at once; the seconds it took."""
    numbers = iter(range(count))

    async def one_after_another() -> None:
        for number in numbers:
            await work(number)

    began = time.perf_counter()
    await asyncio.gather(*(one_after_another() for _ in range(min(limit, count))))
    return time.perf_counter() - began


async def one_by_one(count: int, work: Callable[[int], Awaitable[Any]]) -> list[float]:
    """The seconds of each of `count` runs of `work`."""
    taken = []
    for number in range(count):
        began = time.perf_counter()
        await work(number)
        taken.append(time.perf_counter() - began)
    return taken


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the values don't exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def milliseconds(values: Sequence[float]) -> Json:
    """Median and 95th percentile of seconds, in milliseconds."""
    return {"p50_ms": round(quantile(values, 0.5) * 1e3, 2), "p95_ms": round(quantile(values, 0.95) * 1e3, 2)}


class Counters:
    """What the whole server did between two looks: commits, bytes of WAL."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self._began: tuple[int, int] = (0, 0)

    async def begin(self) -> None:
        """The first look."""
        self._began = await self._read()

    async def since(self, units: int) -> Json:
        """Commits and WAL bytes per unit since `begin`; the looks themselves are taken off."""
        commits, wal = await self._read()
        return {
            "commits": round((commits - self._began[0] - 1) / units, 3),
            "wal_bytes": round((wal - self._began[1]) / units),
        }

    async def _read(self) -> tuple[int, int]:
        await self._connection.execute("SELECT pg_stat_clear_snapshot()")
        await asyncio.sleep(1.1)  # backends report their counts once a second
        row = await self._connection.fetchrow(
            "SELECT sum(xact_commit)::bigint, pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint FROM pg_stat_database"
        )
        return row[0], row[1]


async def calibrate(dsn: str, seconds: float = 2.0, clients: int = 8) -> Json:
    """One-row INSERT commits per second, and the median time of one alone: what this machine's disk and server give."""
    connections = [await asyncpg.connect(dsn) for _ in range(clients)]
    await connections[0].execute("CREATE TABLE IF NOT EXISTS calibration (n bigint)")
    alone = await one_by_one(200, lambda n: connections[0].execute("INSERT INTO calibration VALUES ($1)", n))
    until = time.perf_counter() + seconds
    counts = await asyncio.gather(*(_insert(connection, until) for connection in connections))
    await connections[0].execute("DROP TABLE calibration")
    for connection in connections:
        await connection.close()
    return {"commits_per_s": round(sum(counts) / seconds), "one_commit_ms": round(quantile(alone, 0.5) * 1e3, 3)}


async def _insert(connection: asyncpg.Connection, until: float) -> int:
    count = 0
    while time.perf_counter() < until:
        await connection.execute("INSERT INTO calibration VALUES ($1)", count)
        count += 1
    return count


async def surroundings(dsn: str) -> Json:
    """The machine, the versions and the settings that matter."""
    connection = await asyncpg.connect(dsn)
    names = ("server_version", "fsync", "synchronous_commit", "shared_buffers", "wal_level", "full_page_writes")
    settings = {name: await connection.fetchval("SELECT current_setting($1)", name) for name in names}
    await connection.close()
    return {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform(), **settings}


def tell(text: str) -> None:
    """Progress, to people."""
    print(text, file=sys.stderr, flush=True)
