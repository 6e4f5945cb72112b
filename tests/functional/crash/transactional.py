"""A transactional worker, and every point at which its process can die or lose its connection.

    python -m tests.functional.crash.transactional DSN APP_ID POINT

The process kills itself with SIGKILL at POINT the first time it comes by; `none` = it just works.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Literal, get_args
from unittest.mock import patch

import asyncpg

from hotmesh import HotMesh, StreamData
from hotmesh.store.commit import Unit

Point = Literal[
    "before the callback",
    "in the callback, after its insert",
    "before the step is sent",
    "before the commit is sent",
    "after the commit is sent",
    "after the commit",
]
POINTS: tuple[Point, ...] = get_args(Point)
Fault = Callable[[Any], Awaitable[None]]
"""What happens at the point; it is given the connection of the transaction, None where there is none."""


class Faults:
    """Lets a fault happen once, at one point of a mesh's transactional worker."""

    def __init__(self, point: str, fault: Fault) -> None:
        self.point, self.fault, self.happened = point, fault, False

    async def pass_by(self, point: Point, connection: Any = None) -> None:
        if self.point == point and not self.happened:
            self.happened = True
            await self.fault(connection)

    def callback(self, table: str) -> Callable[[StreamData], Awaitable[Any]]:
        """The worker: it leaves a row for its task."""

        async def write(task: StreamData) -> Any:
            await self.pass_by("before the callback", task.tx)
            await task.tx.execute(f"INSERT INTO {table} VALUES ($1)", task.metadata.guid)
            await self.pass_by("in the callback, after its insert", task.tx)
            return {"n": task.data["n"]}

        return write

    def install(self, mesh: HotMesh) -> None:
        """Stand by at the points that lie in the engine."""
        engine = mesh.node.engine
        commit, after = engine._committer.commit, engine.on_commit

        async def watched_commit(units: list[Unit], connection: Any = None) -> int:
            if connection is None:
                return await commit(units, connection)
            await self.pass_by("before the step is sent", connection)
            epoch = await commit(units, connection)
            self._watch_execute(connection)
            await self.pass_by("before the commit is sent", connection)
            return epoch

        async def watched_after(works: Any, epoch: int) -> None:
            if any(work.unit.tasks and epoch == 0 for work in works):
                await self.pass_by("after the commit")
            await after(works, epoch)

        engine._committer.commit = watched_commit  # type: ignore[method-assign]
        engine.on_commit = watched_after

    def _watch_execute(self, connection: Any) -> None:
        """The driver's next COMMIT is on its way when the fault happens, and its answer isn't read yet."""
        if self.point != "after the commit is sent" or self.happened:
            return
        inner, execute = connection._con, asyncpg.Connection.execute

        async def watched_execute(own: Any, query: str, *arguments: Any, **options: Any) -> Any:
            if own is not inner or query != "COMMIT;":
                return await execute(own, query, *arguments, **options)
            patched.stop()
            sent = asyncio.ensure_future(execute(own, query))
            await asyncio.sleep(0)
            await self.pass_by("after the commit is sent", connection)
            return await sent

        patched = patch.object(asyncpg.Connection, "execute", watched_execute)
        patched.start()


async def die(_: Any) -> None:
    """kill -9 of this process, by itself."""
    os.kill(os.getpid(), signal.SIGKILL)


async def work(dsn: str, app_id: str, point: str) -> None:
    """Take part until killed."""
    faults = Faults(point, die)
    worker = {"topic": "write", "callback": faults.callback(f"{app_id}_effects"), "transactional": True, "concurrency": 2}
    mesh = await HotMesh.init(app_id=app_id, engine={"connection": dsn}, workers=[worker], lease_s=1, poll_s=0.1)
    faults.install(mesh)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]))
