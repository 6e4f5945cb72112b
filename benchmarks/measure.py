"""How the benchmarks measure: many at once, quantiles, what the server wrote, the memory of a process."""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
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
    async with asyncio.TaskGroup() as tasks:
        for _ in range(min(limit, count)):
            tasks.create_task(one_after_another())
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
    """What the server wrote between two looks: transactions and bytes of WAL.

    Transactions are counted by the ids that writing ones take: exact and at once, where the server's statistics come seconds late.
    Nobody else may write to the server meanwhile.
    """

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self._began: tuple[int, int] = (0, 0)

    async def begin(self) -> None:
        """The first look."""
        self._began = await self._read()

    async def since(self, units: int) -> Json:
        """Writing transactions and bytes of WAL per unit since `begin`."""
        commits, wal = await self._read()
        return {"commits": round((commits - self._began[0]) / units, 3), "wal_bytes": round((wal - self._began[1]) / units)}

    async def _read(self) -> tuple[int, int]:
        row = await self._connection.fetchrow(
            """SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
                      pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"""
        )
        assert row is not None
        return row[0], row[1]


def memory_mb() -> Json:
    """What this process holds now, and the most it ever held, in megabytes."""
    status = Path("/proc/self/status")
    if not status.exists():
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 * 1024 if sys.platform == "darwin" else 1024)
        return {"now": most, "most": most}
    fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return {"now": int(fields["VmRSS"].split()[0]) // 1024, "most": int(fields["VmHWM"].split()[0]) // 1024}


def tell(text: str) -> None:
    """Progress, to people."""
    print(text, file=sys.stderr, flush=True)
