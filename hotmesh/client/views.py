"""What one app's rows say, without taking part: no engine, no claims, no membership."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from hotmesh.export.execution import Execution, State
from hotmesh.export.read import Reader
from hotmesh.export.sections import JobExport, job_export
from hotmesh.export.standing import ended_state
from hotmesh.program import Program
from hotmesh.store.listings import DeadLetter, JobFilter, JobRow, Listings, Queue
from hotmesh.store.mesh import Member, Mesh, Version
from hotmesh.store.pool import Pool

__all__ = ["DeadLetter", "JobFilter", "JobSummary", "Member", "Queue", "Version", "Views"]


class JobSummary(NamedTuple):
    """A job in a list, with its state in one word."""

    app_id: str
    state: State
    row: JobRow


class Views:
    """Reads one app."""

    def __init__(self, pool: Pool, schema: str, app_id: str) -> None:
        self.app_id = app_id
        self._reader = Reader(pool, schema, app_id)
        self._listings = Listings(pool, schema)
        self._mesh = Mesh(pool, schema)

    async def execution(self, job_id: str, *, history: bool = True) -> Execution:
        """Everything about a job; `history` false leaves out edges and events, which cost the most. Raises JobNotFound."""
        return await self._reader.read(job_id, history=history)

    async def export(self, job_id: str, *, allow: Iterable[str] | None = None, block: Iterable[str] = (), values: bool = True) -> JobExport:
        """A job as sections: data, state, status, timeline, transitions. Raises JobNotFound; ValueError for a section there is none of."""
        return job_export(await self.execution(job_id), allow=allow, block=tuple(block), values=values)

    async def jobs(self, wanted: JobFilter | None = None, *, after: str | None = None, limit: int = 50) -> list[JobSummary]:
        """A page of jobs, the newest first. `after`: the row id of the last one of the page before."""
        rows = await self._listings.jobs(wanted or JobFilter(), after=after, limit=limit)
        return [JobSummary(self.app_id, _state(row), row) for row in rows]

    async def has_job(self, job_id: str) -> bool:
        """Whether there is a job with this id."""
        return await self._listings.has(job_id)

    async def job_keys(self, beginning: str) -> list[str]:
        """Ids of recent jobs that begin so."""
        return await self._listings.keys(beginning)

    async def queues(self) -> list[Queue]:
        """Every stream that holds something; topic '' = the engines'."""
        return await self._listings.queues()

    async def dead(self, limit: int = 100) -> list[DeadLetter]:
        """The latest dead letters."""
        return await self._listings.dead(limit)

    async def members(self) -> list[Member]:
        """The live processes of the mesh."""
        return await self._mesh.members()

    async def throttles(self) -> dict[str, int]:
        """Every brake: milliseconds by scope (`all`, `topic:…`, `guid:…`), -1 = paused."""
        return await self._mesh.throttles()

    async def versions(self) -> list[Version]:
        """Every deployed version, the newest first."""
        return await self._mesh.versions()

    async def program(self, version: str | None = None) -> Program | None:
        """The program of a version, None = the active one; None when there is none."""
        chosen = version or (await self._mesh.state()).version
        return None if chosen is None else await self._mesh.program(chosen)


def _state(row: JobRow) -> State:
    if row.completed_at is not None:
        return ended_state(row.status, row.error)
    return "paused" if row.paused else "running" if row.held else "waiting"
