"""Finished jobs by the million, made by the server from one that really ran."""

from __future__ import annotations

import time

import asyncpg

ID = "(lpad(to_hex(1700000000000 + n), 12, '0') || '7' || lpad(to_hex(n % 4096), 3, '0') || '8' || lpad(to_hex(n), 15, '0'))::uuid"
"""Ids as they are made, ordered by time, all of them before today's."""

OWN = ("id", "key", "created_at", "updated_at", "completed_at")


async def fill(connection: asyncpg.Connection, schema: str, count: int) -> tuple[float, int]:
    """Copy the newest finished job and its attributes `count` times, and vacuum; the seconds it took and the megabytes there are then."""
    began = time.perf_counter()
    columns = await connection.fetch(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = $1 AND table_name = 'jobs'", schema
    )
    others = [row[0] for row in columns if row[0] not in OWN]
    await connection.execute(f"SET search_path = {schema}")
    await connection.execute("SET synchronous_commit = off")
    await connection.execute(
        f"CREATE TEMP TABLE past AS SELECT n, {ID} AS id, ({count} - n) * interval '50 ms' AS ago FROM generate_series(1, {count}) n"
    )
    await connection.execute("CREATE TEMP TABLE sample AS SELECT * FROM jobs WHERE status = 0 ORDER BY id DESC LIMIT 1")
    await connection.execute(
        f"""INSERT INTO jobs ({", ".join([*OWN, *others])})
            SELECT past.id, 'past-' || n, created_at - ago, updated_at - ago, completed_at - ago, {", ".join(others)} FROM past, sample"""
    )
    await connection.execute(
        """INSERT INTO jobs_attributes (job_id, symbol, dimension, value, ledger)
           SELECT past.id, symbol, dimension, value, ledger
           FROM past, jobs_attributes WHERE job_id = (SELECT id FROM sample)"""
    )
    await connection.execute("VACUUM ANALYZE jobs")
    await connection.execute("VACUUM ANALYZE jobs_attributes")
    await connection.execute("RESET synchronous_commit")
    size = await connection.fetchval("SELECT pg_total_relation_size('jobs') + pg_total_relation_size('jobs_attributes')")
    return round(time.perf_counter() - began, 1), size >> 20
