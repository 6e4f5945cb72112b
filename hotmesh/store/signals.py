"""Signals from outside a step."""

from __future__ import annotations

from typing import Any

from hotmesh.machine.dimension import from_text
from hotmesh.store.pool import Pool
from hotmesh.store.queries import Queries
from hotmesh.store.signal_row import signal_row
from hotmesh.store.streams import ClaimedMessage
from hotmesh.values import Json


class Signals:
    """The table `waits`, for senders."""

    def __init__(self, pool: Pool, schema: str, owner: str, lease_s: float) -> None:
        self._pool = pool
        self._sql = Queries("signals", schema)
        self._statement = self._sql["send"]
        self._owner = owner
        self._lease_s = lease_s

    async def send(
        self, id_: str, topic: str, keys: list[str], data: Json, status: str, code: int, *, token: int | None = None, tx: Any = None
    ) -> ClaimedMessage | None:
        """Deliver a signal to the hook that waits, or keep it for the one that will.

        With `token` the message to the hook's job is leased to this process and given back, to be taken from memory. `tx`: the caller's
        connection, in whose transaction it is sent. Raises PayloadError when its `$expire` is no duration.
        """
        row = signal_row(id_, topic, keys, data, status, code)
        lease = (self._owner, self._lease_s, token) if token is not None else (None, None, None)
        arguments = (id_, topic, row["keys"], row["payload"], row["final"], None, False, row["keep_s"], *lease)
        if tx is not None:
            await tx.fetchrow(self._statement, *arguments)
            return None
        async with self._pool.acquire() as connection:
            met = await connection.fetchrow(self._statement, *arguments)
        if token is None or not met["met"]:
            return None
        payload = {"data": data, "status": status, "code": code}
        return ClaimedMessage(id_, token, "signal", str(met["job_id"]), met["symbol"], from_text(met["dimension"]), payload, 1)

    async def take_back(self, id_: str) -> None:
        """Forget a signal that nobody has waited for so far."""
        async with self._pool.acquire() as connection:
            await connection.execute(self._sql["take_back"], id_)
