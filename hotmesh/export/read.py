"""Jobs as `Execution`, from the database."""

from __future__ import annotations

from hotmesh.errors import JobNotFound, VersionError
from hotmesh.export.build import build
from hotmesh.export.execution import Execution
from hotmesh.machine.plan import Plan
from hotmesh.store.executions import Executions
from hotmesh.store.mesh import Mesh
from hotmesh.store.pool import Pool


class Reader:
    """Reads the jobs of one app; keeps the plans of the versions it has met. Joins no mesh and claims nothing."""

    def __init__(self, pool: Pool, schema: str, app_id: str) -> None:
        self._executions = Executions(pool, schema)
        self._mesh = Mesh(pool, schema)
        self._app_id = app_id
        self._plans: dict[str, Plan] = {}

    async def read(self, job_id: str) -> Execution:
        """The live job with this id: one statement, two more for a version not met before. Raises JobNotFound."""
        found = await self._executions.read(job_id)
        if found is None:
            raise JobNotFound(f"there is no job {job_id!r} in {self._app_id}; it may have expired")
        loaded, around = found
        return build(await self._plan(loaded.job.version), loaded, around)

    async def _plan(self, version: str) -> Plan:
        """The plan of a version. A version that jobs have is never replaced by another content."""
        if version not in self._plans:
            program = await self._mesh.program(version)
            if program is None:
                raise VersionError(f"version {version} of {self._app_id} is not stored")
            self._plans[version] = Plan(program)
        return self._plans[version]
