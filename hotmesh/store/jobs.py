"""Jobs read from their rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from hotmesh import codec
from hotmesh.machine.dimension import from_text, to_text
from hotmesh.machine.job import JobState, Parent
from hotmesh.store.pool import Pool
from hotmesh.store.queries import Queries
from hotmesh.values import Json, dumps, loads

Rows = list[tuple[str, str, str, int | None]]


class Loaded(NamedTuple):
    """A job as it stands: its state without instances and data, and the rows that hold those."""

    job: JobState
    rows: Rows
    paused: bool


class Found(NamedTuple):
    """What a job id leads to."""

    id: str
    topic: str
    version: str
    status: int
    done: bool
    paused: bool


class Jobs:
    """The tables `jobs` and `jobs_attributes`, for reading and for what is done to a job as a whole."""

    def __init__(self, pool: Pool, schema: str) -> None:
        self._pool = pool
        self._sql = Queries("jobs", schema)

    async def load(self, ids: Iterable[str], connection: Any = None) -> dict[str, Loaded]:
        """The jobs with these ids that are there."""
        wanted = list(ids)
        if connection is not None:
            rows = await connection.fetch(self._sql["load"], wanted)
        else:
            async with self._pool.acquire() as own:
                rows = await own.fetch(self._sql["load"], wanted)
        return {loaded.job.id: loaded for loaded in map(loaded_job, rows)}

    async def lock(self, ids: Iterable[str], connection: Any) -> None:
        """Keep these jobs for the transaction of `connection`."""
        await connection.fetch(self._sql["lock"], list(ids))

    async def find(self, key: str) -> Found | None:
        """The live job with this id."""
        async with self._pool.acquire() as connection:
            row = await connection.fetchrow(self._sql["find"], key)
        return row and Found(str(row["id"]), row["topic"], row["version"], row["status"], row["done"], row["paused"])

    async def adopt(self, key: str, parent: Parent) -> Found | None:
        """The child of `parent`'s job with this id, which answers to `parent` from now on."""
        async with self._pool.acquire() as connection:
            row = await connection.fetchrow(self._sql["adopt"], key, parent.job_id, parent.activity_id, to_text(parent.dimension))
        return row and Found(str(row["id"]), row["topic"], row["version"], row["status"], row["done"], row["paused"])

    async def revisions(self, ids: Iterable[str]) -> dict[str, int]:
        """The stored revisions of those jobs that are there."""
        async with self._pool.acquire() as connection:
            return {str(row["id"]): row["revision"] for row in await connection.fetch(self._sql["revision"], list(ids))}

    async def finished(self, ids: Iterable[str]) -> set[str]:
        """Which of these jobs have ended."""
        async with self._pool.acquire() as connection:
            return {str(row["id"]) for row in await connection.fetch(self._sql["finished"], list(ids))}

    async def pause(self, job_id: str, reason: str | None = None) -> bool:
        """Stop a job where it is; whether anything changed."""
        async with self._pool.acquire() as connection, connection.transaction():
            paused = await connection.fetchrow(self._sql["pause"], job_id, reason) is not None
            await connection.execute(self._sql["set_aside"], job_id)
        return paused

    async def paused_for(self, reason: str) -> list[str]:
        """The paused jobs whose reason begins with `reason`."""
        async with self._pool.acquire() as connection:
            return [str(row["id"]) for row in await connection.fetch(self._sql["paused_for"], reason)]

    async def query(self, sql: str, *params: Any) -> list[dict[str, Any]]:
        """The rows of a reading query over the app's tables, in a transaction that can't write."""
        async with self._pool.acquire() as connection, connection.transaction(readonly=True):
            await connection.execute(self._sql["search_here"])
            return [dict(row) for row in await connection.fetch(sql, *params)]

    async def act(self, name: str, job_id: str) -> bool:
        """`resume` or `scrub` a job; whether anything changed."""
        async with self._pool.acquire() as connection, connection.transaction():
            changed = await connection.fetchrow(self._sql[name], job_id) is not None
            if name == "resume":
                await connection.execute(self._sql["take_up"], job_id)
        return changed

    async def prune(self, *, older_than_s: float = 0, batch: int = 1000, progress: Callable[[int], None] | None = None) -> int:
        """Delete the jobs whose time is over (since `older_than_s` seconds), `batch` by `batch`; how many."""
        last, total = "00000000-0000-0000-0000-000000000000", 0
        while last is not None:
            async with self._pool.acquire() as connection:
                row = await connection.fetchrow(self._sql["prune"], last, batch, older_than_s)
            last, total = row["last"], total + row["deleted"]
            if progress is not None:
                progress(total)
        async with self._pool.acquire() as connection:
            await connection.execute(self._sql["prune_signals"])
        return total


def loaded_job(row: Any) -> Loaded:
    """A row of `load_jobs`."""
    job = JobState(
        str(row["id"]),
        row["key"],
        row["topic"],
        row["version"],
        entity=row["entity"],
        status=row["status"],
        revision=row["revision"],
        error=None if row["error"] is None else codec.error_from_text(row["error"]),
        done=row["done"],
        final=row["persisted"],
        parent=_parent(row),
        origin=row["origin"],
        trace=_optional(row["trace"]),
        facets=_optional(row["facets"]),
        created_ms=int(row["created_at"].timestamp() * 1000),
        updated_ms=int(row["updated_at"].timestamp() * 1000),
    )
    job.cancelled = job.error is not None and not job.done
    symbols = row["symbols"] or ()
    rows = [
        (symbol, row["dimensions"][n], _plain(row["vals"][n], row["ledgers"][n]), row["ledgers"][n]) for n, symbol in enumerate(symbols)
    ]
    job.size = sum(len(each[2]) for each in rows)
    return Loaded(job, rows, row["paused"])


def _parent(row: Any) -> Parent | None:
    if row["parent_id"] is None:
        return None
    dimension = from_text(row["parent_dimension"])
    return Parent(str(row["parent_id"]), row["parent_key"], row["parent_activity"], dimension, row["parent_waits"])


def _optional(text: str | None) -> Json:
    return None if text is None else loads(text)


def _plain(text: str, ledger: int | None) -> str:
    """A row's value without the codec."""
    if not codec.is_registered():
        return text
    if ledger is None:
        return dumps(codec.from_text(text))
    return dumps({name: codec.decoded(value) for name, value in loads(text).items()})
