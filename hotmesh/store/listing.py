"""Lists of jobs, page by page, for `hotmesh jobs` and the terminal app alike.

A page is looked for in windows of ids, the newest first, so that a first answer takes milliseconds however many jobs there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from hotmesh import codec
from hotmesh.store.pool import Pool
from hotmesh.store.queries import Queries
from hotmesh.values import Json, loads

JobState: TypeAlias = Literal["running", "waiting", "paused", "completed", "failed", "interrupted", "cancelled"]
"""`waiting`: whatever is open waits for a signal, a time, a child or another attempt."""

STATES: tuple[JobState, ...] = get_args(JobState)
NEWEST = "ffffffff-ffff-ffff-ffff-ffffffffffff"
WINDOW = 20_000
"""Ids looked at by one statement."""
TALLIED = 10_000
"""The newest jobs, whose states are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs to list; everything given must hold. Patterns take `*` for any text."""

    states: tuple[JobState, ...] = ()
    topics: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    entity: str | None = None
    version: str | None = None
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
    """How many jobs were looked at."""
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
        rows: list[JobRow] = []
        start, looked, now_ms = before or NEWEST, 0, 0
        for _ in range(windows):
            found, next_, seen, now_ms = await self._window(chosen, start, limit - len(rows))
            rows += found
            looked += seen
            if next_ is None or len(rows) >= limit:
                return Page(tuple(rows), next_, looked, now_ms)
            start = next_
        return Page(tuple(rows), start, looked, now_ms)

    async def _window(self, chosen: JobFilter, before: str, limit: int) -> tuple[list[JobRow], str | None, int, int]:
        """The matches of one window, where to go on, how many ids were looked at, and the time."""
        window = WINDOW if chosen != EVERYTHING else limit + 50
        async with self._pool.acquire() as connection:
            row = await connection.fetchrow(self._sql["look"], before, window, *_arguments(chosen), limit)
        found = [_job_row(each) for each in loads(row["found"])]
        last: str | None = found[-1].id if len(found) == limit else None if row["last"] is None else str(row["last"])
        is_end = len(found) < limit and row["looked"] < window
        wanted = [each for each in found if not chosen.states or each.state in chosen.states]
        return wanted, None if is_end else last, row["looked"], row["now"]

    async def tally(self) -> Tally:
        """How many jobs there are, in which states."""
        async with self._pool.acquire() as connection:
            row = await connection.fetchrow(self._sql["tally"], TALLIED)
        states: dict[str, int] = loads(row["states"]) if row["states"] else {}
        counted = sum(states.values())
        return Tally(max(counted, row["estimate"]) if counted >= TALLIED else counted, counted, states)


_STORED = {"running": "open", "waiting": "open"}
"""States that the table doesn't tell apart."""


def _arguments(chosen: JobFilter) -> tuple[Any, ...]:
    return (
        [_STORED.get(state, state) for state in chosen.states] or None,
        [like(pattern) for pattern in chosen.topics] or None,
        [like(pattern) for pattern in chosen.keys] or None,
        chosen.entity,
        chosen.version,
        chosen.younger_s,
        chosen.older_s,
        [f"%{like(word)}%" for word in chosen.words],
    )


def like(pattern: str) -> str:
    """A pattern with `*` as LIKE takes it."""
    for sign in ("\\", "%", "_"):
        pattern = pattern.replace(sign, "\\" + sign)
    return pattern.replace("*", "%")


def _job_row(found: Json) -> JobRow:
    opened = found["open"] or []
    state = found["state"]
    if state == "open":
        state = "running" if not opened or any(moving for _, moving, _ in opened) else "waiting"
    return JobRow(
        found["id"],
        found["key"],
        found["topic"],
        found["version"],
        state,
        found["status"],
        found["revision"],
        found["created"],
        found["updated"],
        found["completed"],
        found["entity"],
        found["parent"],
        codec.decoded(found["error"]),
        tuple((symbol, instances) for symbol, _, instances in opened),
    )
