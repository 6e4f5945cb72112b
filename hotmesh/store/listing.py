"""Lists of jobs, page by page: one way for `hotmesh jobs`, the terminal app and the Python API.

A page is a walk down the primary key from where the page before ended, so that the newest jobs cost the same however many there are. A
filter walks in windows of ids: no statement runs for long, and no filter needs an index that every step would have to keep.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from hotmesh import clock, codec
from hotmesh.store.pool import Pool
from hotmesh.store.queries import Queries
from hotmesh.values import Json, loads

JobState: TypeAlias = Literal["running", "waiting", "paused", "completed", "failed", "interrupted", "cancelled"]
"""As the view `job_status` tells it. `waiting`: whatever is open waits for a signal, a time, a child, another try, or a worker that is not
there."""

STATES: tuple[JobState, ...] = get_args(JobState)
OPEN: tuple[JobState, ...] = ("running", "waiting", "paused")
NEWEST = "ffffffff-ffff-ffff-ffff-ffffffffffff"
OLDEST = "00000000-0000-0000-0000-000000000000"
WINDOW = 200_000
"""Ids that one statement looks through."""
TALLIED = 10_000
"""The newest jobs, whose states are counted."""
CLOCK_SLACK_S = 300.0
"""Ids carry the time of the process that made them; ages by clocks further apart than this miss jobs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs to list; everything given must hold. Patterns take `*` for any text."""

    states: tuple[JobState, ...] = ()
    topics: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    entity: str | None = None
    """A pattern."""
    version: str | None = None
    parent: str | None = None
    """The id of the job that started them."""
    younger_s: float | None = None
    """Started less than so many seconds ago."""
    older_s: float | None = None
    words: tuple[str, ...] = ()
    """Texts to be found in the id, the topic, the entity, the parent's id, the error or the facets, in any case."""


EVERYTHING = JobFilter()


class JobRow(NamedTuple):
    """A job in a list. Times are epoch milliseconds by the database's clock."""

    id: str
    key: str
    topic: str
    version: str
    state: JobState
    status: int
    revision: int
    created_ms: int
    updated_ms: int
    completed_ms: int | None
    entity: str | None
    parent: str | None
    error: Json
    open: tuple[tuple[str, int], ...]
    """The open activities with their number of instances."""


class Page(NamedTuple):
    """Some jobs of a list, the newest first."""

    rows: tuple[JobRow, ...]
    next: str | None
    """Where the next page begins; None = this is the end."""
    looked: int
    """Through how many jobs a filter looked that found nothing."""
    now_ms: int


class Tally(NamedTuple):
    """How many jobs there are."""

    total: int
    """All jobs; an estimate when there are more than `counted`."""
    counted: int
    """The newest ones that `states` counts."""
    states: dict[str, int]
    """By state; `running` and `waiting` are one here, `open`."""


class Listing:
    """The table `jobs`, for lists."""

    def __init__(self, pool: Pool, schema: str) -> None:
        self._pool = pool
        self._sql = Queries("listing", schema)

    async def page(self, chosen: JobFilter = EVERYTHING, *, before: str | None = None, limit: int = 100, windows: int = 50) -> Page:
        """Up to `limit` jobs that match, from `before` (a page's `next`) on; gives up after `windows` windows of ids without enough."""
        start, floor = min(before or NEWEST, _newest(chosen)), _oldest(chosen)
        rows: list[JobRow] = []
        async with self._pool.acquire() as connection, connection.transaction(readonly=True):
            now_ms: int = await connection.fetchval(self._sql["begin"])
            for number in range(windows):
                edge = None if chosen == EVERYTHING else await self._edge(connection, start)
                rows += await self._look(connection, chosen, start, max(edge or OLDEST, floor), limit + 1 - len(rows))
                if len(rows) > limit:
                    return Page(tuple(rows[:limit]), rows[limit - 1].id, 0, now_ms)
                if edge is None or edge <= floor:
                    looked = 0 if rows else number * WINDOW + await connection.fetchval(self._sql["below"], start)
                    return Page(tuple(rows), None, looked, now_ms)
                start = edge
        return Page(tuple(rows), start, windows * WINDOW, now_ms)

    async def _edge(self, connection: Any, start: str) -> str | None:
        """Where the window below `start` ends; None = with the table."""
        row = await connection.fetchrow(self._sql["edge"], start, WINDOW)
        return None if row is None else str(row["id"])

    async def _look(self, connection: Any, chosen: JobFilter, start: str, floor: str, limit: int) -> list[JobRow]:
        return [_job_row(row) for row in await connection.fetch(self._sql["page"], start, floor, *_arguments(chosen), limit)]

    async def tally(self) -> Tally:
        """How many jobs there are, in which states."""
        async with self._pool.acquire() as connection, connection.transaction(readonly=True):
            await connection.fetchval(self._sql["begin"])
            row = await connection.fetchrow(self._sql["tally"], TALLIED)
        states: dict[str, int] = loads(row["states"]) if row["states"] else {}
        counted = sum(states.values())
        return Tally(max(counted, row["estimate"]) if counted >= TALLIED else counted, counted, states)

    async def keys(self, beginning: str) -> list[str]:
        """Ids of recent jobs that begin so."""
        async with self._pool.acquire() as connection:
            return [row["key"] for row in await connection.fetch(self._sql["keys"], beginning)]

    async def has(self, key: str) -> bool:
        """Whether there is a job with this id."""
        async with self._pool.acquire() as connection:
            return bool(await connection.fetchval(self._sql["has"], key))


def _arguments(chosen: JobFilter) -> tuple[Any, ...]:
    kinds = {state in OPEN for state in chosen.states}
    return (
        list(chosen.states) or None,
        kinds.pop() if len(kinds) == 1 else None,
        [like(pattern) for pattern in chosen.topics] or None,
        [like(pattern) for pattern in chosen.keys] or None,
        None if chosen.entity is None else like(chosen.entity),
        chosen.version,
        chosen.parent,
        chosen.younger_s,
        chosen.older_s,
        [f"%{like(word)}%" for word in chosen.words] or None,
    )


def like(pattern: str) -> str:
    """A pattern with `*` as LIKE takes it."""
    for sign in ("\\", "%", "_"):
        pattern = pattern.replace(sign, "\\" + sign)
    return pattern.replace("*", "%")


def _oldest(chosen: JobFilter) -> str:
    """No job that is young enough has a smaller id."""
    return OLDEST if chosen.younger_s is None else _first_id(clock.now().timestamp() - chosen.younger_s - CLOCK_SLACK_S)


def _newest(chosen: JobFilter) -> str:
    """Every job that is old enough has a smaller id."""
    return NEWEST if chosen.older_s is None else _first_id(clock.now().timestamp() - chosen.older_s + CLOCK_SLACK_S)


def _first_id(epoch_s: float) -> str:
    """The least UUIDv7 of a moment."""
    digits = f"{max(0, int(epoch_s * 1000)):012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-000000000000"


def _job_row(row: Any) -> JobRow:
    return JobRow(
        str(row["id"]),
        row["key"],
        row["topic"],
        row["version"],
        row["state"],
        row["status"],
        row["revision"],
        row["created_ms"],
        row["updated_ms"],
        row["completed_ms"],
        row["entity"],
        row["parent"],
        None if row["error"] is None else codec.error_from_text(row["error"]),
        tuple((symbol, instances) for symbol, instances in loads(row["open"] or "[]")),
    )
