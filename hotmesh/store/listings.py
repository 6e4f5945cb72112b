"""What those who look at an app want listed: jobs page by page, queues, dead letters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from hotmesh import clock, codec
from hotmesh.store.pool import Pool
from hotmesh.store.queries import Queries, paragraphs
from hotmesh.values import Json

CLOCK_SLACK_S = 300.0
"""Ids carry the time of the process that made them; clocks further apart than this make `since` miss jobs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs are wanted; None = no matter. `topic` and `entity` may hold `*`; times are seconds before now."""

    states: tuple[str, ...] | None = None
    topic: str | None = None
    entity: str | None = None
    version: str | None = None
    parent: str | None = None
    """The id of the job that started them."""
    text: str | None = None
    """A part of the id or of the error."""
    since_s: float | None = None
    until_s: float | None = None


class JobRow(NamedTuple):
    """A job in a list."""

    id: str
    key: str
    entity: str | None
    topic: str
    version: str
    status: int
    error: Json
    paused: bool
    parent_key: str | None
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None
    activities: tuple[str, ...]
    """Up to eight that are open."""
    held: bool
    """A worker has one of its tasks."""


class Queue(NamedTuple):
    """One stream; topic '' = the engines'."""

    topic: str
    ready: int
    leased: int
    delayed: int
    parked: int
    oldest_s: float | None


class DeadLetter(NamedTuple):
    """A task that was given up because it killed its process again and again."""

    id: str
    job_key: str
    job_topic: str
    activity_id: str
    dimension: str
    error: Json
    created_at: datetime


async def app_ids(pool: Pool) -> list[str]:
    """Every app of the database."""
    sql = paragraphs("listings")
    async with pool.acquire() as connection:
        if not await connection.fetchval(sql["has_apps"]):
            return []
        return [row["id"] for row in await connection.fetch(sql["apps"])]


class Listings:
    """Lists of one app."""

    def __init__(self, pool: Pool, schema: str) -> None:
        self._pool = pool
        self._sql = Queries("listings", schema)

    async def jobs(self, wanted: JobFilter, *, after: str | None = None, limit: int = 50) -> list[JobRow]:
        """Jobs, the newest first, older than the one with the row id `after`."""
        rows = await self._fetch(
            "jobs",
            after,
            None if wanted.states is None else list(wanted.states),
            _pattern(wanted.topic),
            _pattern(wanted.entity),
            wanted.version,
            wanted.parent,
            wanted.text,
            wanted.since_s,
            None if wanted.since_s is None else _first_id(clock.now().timestamp() - wanted.since_s - CLOCK_SLACK_S),
            wanted.until_s,
            limit,
            _open_only(wanted.states),
        )
        return [_job(row) for row in rows]

    async def keys(self, beginning: str) -> list[str]:
        """Ids of recent jobs that begin so."""
        return [row["key"] for row in await self._fetch("keys", beginning)]

    async def has(self, key: str) -> bool:
        """Whether there is a job with this id."""
        return bool((await self._fetch("has", key))[0][0])

    async def queues(self) -> list[Queue]:
        """Every stream that holds something."""
        return [_queue(row) for row in await self._fetch("queues")]

    async def dead(self, limit: int) -> list[DeadLetter]:
        """The latest dead letters."""
        rows = await self._fetch("dead", limit)
        return [_letter(row) for row in rows]

    async def _fetch(self, name: str, *arguments: Any) -> list[Any]:
        async with self._pool.acquire() as connection:
            rows: list[Any] = await connection.fetch(self._sql[name], *arguments)
        return rows


_OPEN = {"running", "waiting", "paused"}


def _open_only(states: tuple[str, ...] | None) -> bool | None:
    """Whether only jobs that have not ended are wanted, or only those that have; None = both."""
    kinds = {state in _OPEN for state in states or ()}
    return kinds.pop() if len(kinds) == 1 else None


def _job(row: Any) -> JobRow:
    fields = dict(row)
    fields["id"] = str(row["id"])
    fields["error"] = None if row["error"] is None else codec.from_text(row["error"])
    fields["activities"] = tuple(row["activities"] or ())
    return JobRow(**fields)


def _queue(row: Any) -> Queue:
    oldest = row["oldest"]
    oldest_s = None if oldest is None else max(0.0, row["now_s"] - int(oldest.replace("-", "")[:12], 16) / 1000)
    return Queue(row["topic"], row["ready"], row["leased"], row["delayed"], row["parked"], oldest_s)


def _letter(row: Any) -> DeadLetter:
    error = None if row["error"] is None else codec.from_text(row["error"])
    return DeadLetter(str(row["id"]), row["key"], row["topic"], row["symbol"], row["dimension"], error, row["created_at"])


def _pattern(glob: str | None) -> str | None:
    """A glob with `*` as a LIKE pattern."""
    if glob is None:
        return None
    return glob.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("*", "%")


def _first_id(epoch_s: float) -> str:
    """The least UUIDv7 of a moment."""
    digits = f"{max(0, int(epoch_s * 1000)):012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-000000000000"
