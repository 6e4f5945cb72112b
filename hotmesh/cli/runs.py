"""The run of a job, ready to be laid over a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hotmesh.cli.asynchronous import run_async
from hotmesh.errors import VersionError

if TYPE_CHECKING:
    from hotmesh.cli.target import Target
    from hotmesh.graph.overlay import Overlay
    from hotmesh.program import Program


class Run(NamedTuple):
    """What a job did, and the program it did it by."""

    overlay: Overlay
    program: Program


def run_of(target: Target, job_id: str) -> Run:
    """The run of a job. Raises JobNotFound, VersionError."""
    from hotmesh.export.overlay import overlay

    async def work() -> Run:
        async with target.job(job_id) as views:
            execution = await views.execution(job_id)
            program = await views.program(execution.version)
        if program is None:
            raise VersionError(f"version {execution.version} of {execution.app_id} is not stored any more.")
        return Run(overlay(execution), program)

    return run_async(work)
