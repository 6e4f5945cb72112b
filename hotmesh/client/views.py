"""What one app's rows say, without taking part: no engine, no claims, no membership. Everything that looks at an app reads it here."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from hotmesh.client.asking import asked
from hotmesh.client.facts import EVERYTHING, DeadLetter, Escalation, EscalationFilter, JobFilter, Member, Page, Queue, Tally, Version
from hotmesh.store.escalations import Escalations
from hotmesh.store.listing import Listing
from hotmesh.store.mesh import Mesh
from hotmesh.store.pool import Pool
from hotmesh.store.queues import Queues

if TYPE_CHECKING:
    from hotmesh.export.execution import Execution
    from hotmesh.export.read import Reader
    from hotmesh.export.sections import JobExport
    from hotmesh.program import Program


class Views:
    """Reads one app."""

    def __init__(self, pool: Pool, schema: str, app_id: str) -> None:
        self.app_id = app_id
        self._pool = pool
        self._schema = schema
        self.escalations = Escalations(pool, schema)
        self._listing = Listing(pool, schema)
        self._mesh = Mesh(pool, schema)
        self._queues = Queues(pool, schema)

    @cached_property
    def _reader(self) -> Reader:
        """Made when the first job is read: lists need nothing of the machine."""
        from hotmesh.export.read import Reader

        return Reader(self._pool, self._schema, self.app_id)

    async def execution(self, job_id: str, *, history: bool = True) -> Execution:
        """Everything about a job; `history` false leaves out edges and events, which cost the most. Raises JobNotFound."""
        return await self._reader.read(job_id, history=history)

    async def export(self, job_id: str, *, allow: Iterable[str] | None = None, block: Iterable[str] = (), values: bool = True) -> JobExport:
        """A job as sections: data, state, status, timeline, transitions. Raises JobNotFound; ValueError for a section there is none of."""
        from hotmesh.export.sections import job_export

        return job_export(await self.execution(job_id), allow=allow, block=tuple(block), values=values)

    async def jobs(self, chosen: JobFilter = EVERYTHING, *, before: str | None = None, limit: int = 100) -> Page:
        """A page of jobs, the newest first, from `before` (the `next` of the page before) on."""
        return await self._listing.page(chosen, before=before, limit=limit)

    async def tally(self) -> Tally:
        """How many jobs there are, in which states."""
        return await self._listing.tally()

    async def has_job(self, job_id: str) -> bool:
        """Whether there is a job with this id."""
        return await self._listing.has(job_id)

    async def job_keys(self, beginning: str) -> list[str]:
        """Ids of recent jobs that begin so."""
        return await self._listing.keys(beginning)

    async def queues(self) -> list[Queue]:
        """What waits by topic, with who serves it and the brake that is on; topic '' = the engines'."""
        return await self._queues.depths()

    async def dead(self, limit: int = 200) -> list[DeadLetter]:
        """The newest dead letters: tasks that were given up, messages that could not be."""
        return await self._queues.dead(limit=limit)

    async def escalated(self, chosen: EscalationFilter | None = None) -> list[Escalation]:
        """Escalations, the most urgent first; without a filter the open ones."""
        return await self.escalations.list(chosen)

    async def has_escalation(self, id_: str) -> bool:
        """Whether there is an escalation with this id."""
        return await self.escalations.has(id_)

    async def members(self) -> list[Member]:
        """The live processes of the mesh."""
        return await self._mesh.members()

    async def roll_call(self) -> list[Member]:
        """The live processes, each with what it says of itself now."""
        return await asked(self._pool, self._schema, await self.members())

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

    async def source(self, version: str) -> str | None:
        """The YAML text that a version was deployed from, when it was one."""
        return await self._mesh.source(version)
