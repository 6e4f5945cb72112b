"""Signals from outside a step."""

from __future__ import annotations

from typing import Any

from hotmesh.store.commit import signal_row
from hotmesh.store.pool import Pool
from hotmesh.store.queries import Queries
from hotmesh.values import Json


async def send(
    pool: Pool, schema: str, id_: str, topic: str, keys: list[str], data: Json, status: str, code: int, connection: Any = None
) -> int:
    """Deliver a signal, or keep it for the hook that will wait; how many hooks it met. `connection`: the caller's, with its transaction."""
    row = signal_row(id_, topic, keys, data, status, code)
    arguments = (id_, topic, keys, row["payload"], row["final"], None, False, row["keep_s"])
    statement = Queries("signals", schema)["send"]
    if connection is not None:
        return int(await connection.fetchval(statement, *arguments))
    async with pool.acquire() as own:
        return int(await own.fetchval(statement, *arguments))
