"""The queues, for those who look at them: depths, dead letters, and messages for the engines from outside."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from hotmesh import codec, ids
from hotmesh.store.pool import Pool
from hotmesh.store.queries import Queries
from hotmesh.values import Json


class Queue(NamedTuple):
    """What waits on a topic; the topic '' is the engines' own queue."""

    topic: str
    ready: int
    leased: int
    delayed: int
    parked: int
    """Of paused jobs."""
    oldest_s: float | None
    """Seconds since the oldest ready one was put here."""
    consumers: int
    throttle_ms: int
    """Milliseconds between two messages, -1 = paused, 0 = no brake."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits here."""
        return not (self.ready or self.leased or self.delayed or self.parked)


class DeadLetter(NamedTuple):
    """A task that was given up after it had ended its process too often."""

    id: str
    job_id: str
    job_topic: str
    activity_id: str
    dimension: str
    error: Json
    created_at: datetime


class Queues:
    """The tables of the streams and `dead_letters`."""

    def __init__(self, pool: Pool, schema: str) -> None:
        self._pool = pool
        self._sql = Queries("queues", schema)

    async def depths(self) -> list[Queue]:
        """Every topic that somebody serves or something waits on, the engines first."""
        async with self._pool.acquire() as connection:
            return [Queue(*row) for row in await connection.fetch(self._sql["queues"])]

    async def dead(self, *, limit: int = 200) -> list[DeadLetter]:
        """The tasks that were given up, the newest first."""
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(self._sql["dead"], limit)
        return [_dead_letter(*row) for row in rows]

    async def ask(self, kind: str, job_row_id: str | None, payload: Json) -> None:
        """Leave a message for the engines: `cancel`, `interrupt`, `retried` or `start`."""
        text = codec.to_text(payload)
        async with self._pool.acquire() as connection:
            await connection.execute(self._sql["ask"], ids.make_id(), kind, job_row_id, text)


def _dead_letter(
    id_: object, job_id: str, topic: str, activity_id: str, dimension: str, error: str | None, created_at: datetime
) -> DeadLetter:
    return DeadLetter(str(id_), job_id, topic, activity_id, dimension, None if error is None else codec.from_text(error), created_at)
