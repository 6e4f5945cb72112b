"""A process that starts a job and kills itself right after.

    python -m tests.functional.crash.starter DSN APP_ID POINT

POINT: `after the commit` = when the job is stored and nothing of it was handed on; `after pub` = when the caller has the job's id.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any

from hotmesh import HotMesh


def die() -> None:
    """kill -9 of this process, by itself."""
    os.kill(os.getpid(), signal.SIGKILL)


async def never(task: Any) -> None:
    """A worker that is given tasks and answers none."""
    await asyncio.Event().wait()


async def work(dsn: str, app_id: str, point: str) -> None:
    """Start the job `j`, and die."""
    mesh = await HotMesh.init(app_id=app_id, engine={"connection": dsn}, workers=[{"topic": "work", "callback": never}], lease_s=1)
    committer = mesh.node.engine._committer
    commit = committer.commit

    async def last_commit(*arguments: Any) -> int:
        await commit(*arguments)
        die()
        return 0

    if point == "after the commit":
        committer.commit = last_commit  # type: ignore[method-assign, assignment]
    await mesh.pub("all", {}, job_id="j")
    die()


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]))
