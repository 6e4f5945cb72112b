"""Jobs as `Execution`, from the database."""

from __future__ import annotations

import asyncio

from hotmesh.errors import JobNotFound, UnknownTopic, VersionError
from hotmesh.export.build import build
from hotmesh.export.execution import Execution
from hotmesh.machine.plan import Plan
from hotmesh.store.executions import Executions
from hotmesh.store.mesh import Mesh
from hotmesh.store.pool import Pool

MANY_ROWS = 1_000
"""A job with more is put together in a thread, so that nobody else waits for it."""


class Reader:
    """Reads the jobs of one app; keeps the plans of the versions it has met. Joins no mesh and claims nothing."""

    def __init__(self, pool: Pool, schema: str, app_id: str) -> None:
        self._executions = Executions(pool, schema)
        self._mesh = Mesh(pool, schema)
        self._app_id = app_id
        self._plans: dict[str, Plan] = {}

    async def read(self, job_id: str, *, history: bool = True) -> Execution:
        """The live job with this id: one statement, one more for a version not met before.

        `history` false leaves out edges and events. Raises JobNotFound; VersionError when the job's version was replaced.
        """
        found = await self._executions.read(job_id)
        if found is None:
            raise JobNotFound(f"there is no job {job_id!r} in {self._app_id}; it may have expired")
        loaded, around = found
        plan = await self._plan(loaded.job.version, around.digest)
        try:
            if len(loaded.rows) < MANY_ROWS:
                return build(plan, loaded, around, history=history)
            return await asyncio.to_thread(build, plan, loaded, around, history=history)
        except (KeyError, UnknownTopic) as error:
            raise VersionError(
                f"the job {job_id!r} ran under a version {loaded.job.version} of {self._app_id} that has been replaced by another content; "
                "its rows can only be read in SQL"
            ) from error

    async def _plan(self, version: str, digest: str | None) -> Plan:
        """The plan of a version, read again when it was deployed anew."""
        plan = self._plans.get(version)
        if plan is None or plan.program.digest != digest:
            program = await self._mesh.program(version)
            if program is None:
                raise VersionError(f"version {version} of {self._app_id} is not stored")
            plan = self._plans[version] = Plan(program)
        return plan
