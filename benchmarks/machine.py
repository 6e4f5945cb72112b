"""Where the benchmarks ran: the machine, the versions, the settings, and what one-row commits cost there."""

from __future__ import annotations

import asyncio
import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import asyncpg

from benchmarks.measure import Json, one_by_one, quantile

PACKAGES = ("hotmesh", "asyncpg", "psycopg", "sqlalchemy", "dbos", "procrastinate", "pgqueuer")
SETTINGS = ("fsync", "synchronous_commit", "full_page_writes", "wal_level", "shared_buffers", "max_wal_size", "max_connections")
NOISY = 1.2
"""Calibrations of one run that differ by more than this factor: the machine had something else to do."""


async def surroundings(dsn: str) -> Json:
    """The machine, the versions and the settings that matter."""
    connection = await asyncpg.connect(dsn)
    settings = {name: await connection.fetchval("SELECT current_setting($1)", name) for name in ("server_version", *SETTINGS)}
    await connection.close()
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "system": platform.platform(),
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "postgres": settings,
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
    }


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


async def calibrate(dsn: str, seconds: float = 2.0, clients: int = 8) -> Json:
    """One-row INSERT commits per second, and the median time of one alone: what this machine's disk and server give."""
    connections = [await asyncpg.connect(dsn) for _ in range(clients)]
    first = connections[0]
    await first.execute("CREATE TABLE calibration (n bigint)")
    alone = await one_by_one(int(100 * seconds), lambda n: first.execute("INSERT INTO calibration VALUES ($1)", n))
    until = time.perf_counter() + seconds
    counts = await asyncio.gather(*(_insert(connection, until) for connection in connections))
    await first.execute("DROP TABLE calibration")
    for connection in connections:
        await connection.close()
    return {"commits_per_s": round(sum(counts) / seconds), "one_commit_ms": round(quantile(alone, 0.5) * 1e3, 3)}


async def _insert(connection: asyncpg.Connection, until: float) -> int:
    count = 0
    while time.perf_counter() < until:
        await connection.execute("INSERT INTO calibration VALUES ($1)", count)
        count += 1
    return count


def noise(calibrations: list[Json]) -> str | None:
    """What to say when the machine was not the same all the time."""
    rates = [each["commits_per_s"] for each in calibrations]
    if not rates or max(rates) <= NOISY * min(rates):
        return None
    least, most = (each["when"] for each in (min(calibrations, key=_rate), max(calibrations, key=_rate)))
    return (
        f"the calibration differs by {max(rates) / min(rates) - 1:.0%} within the run ({min(rates):,} commits/s {least}, "
        f"{max(rates):,} {most}): something else was at work on this machine, so the times can't be compared"
    )


def _rate(calibration: Json) -> int:
    rate: int = calibration["commits_per_s"]
    return rate
