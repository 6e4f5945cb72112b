"""A transaction of somebody else's that takes long holds up whoever needs its rows, and nobody else."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from hotmesh import HotMesh
from hotmesh.errors import DuplicateJobError
from tests.functional.engine.apps import app, drained, graph, running

ONE = graph("one", "{t: {type: trigger}, w: {type: worker, topic: work}}", "{t: [{to: w}]}")


async def echo(task: Any) -> Any:
    return task.data


async def others_go_on(mesh: HotMesh) -> None:
    for _ in range(3):
        await asyncio.gather(*(mesh.pubsub("one", {}, timeout=20) for _ in range(10)))


@pytest.mark.parametrize("ends", ["commits", "rolls back"])
async def test_a_start_waits_for_a_transaction_that_has_taken_its_id(dsn: str, app_id: str, admin: asyncpg.Connection, ends: str) -> None:
    async with running(dsn, app_id, app(app_id, ONE), {"work": echo}) as mesh:
        own = await asyncpg.connect(dsn)
        transaction = own.transaction()
        await transaction.start()
        await mesh.pub("one", {}, job_id="taken", tx=own)
        waiting = [asyncio.create_task(mesh.pub("one", {}, job_id="taken")) for _ in range(6)]
        await others_go_on(mesh)
        assert not any(each.done() for each in waiting), "who started the same job knew the end of a transaction that has none yet"
        await (transaction.commit() if ends == "commits" else transaction.rollback())
        results = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 20)
        refused = [each for each in results if isinstance(each, DuplicateJobError)]
        assert len(refused) == (6 if ends == "commits" else 5), results
        assert (await mesh.result("taken", timeout=20)).metadata.js == 0
        await drained(admin, app_id)
        await own.close()


async def test_a_step_waits_for_a_transaction_that_holds_its_job(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    """As a console's does, or a transactional worker's."""
    go_on = asyncio.Event()

    async def work(task: Any) -> Any:
        if task.metadata.jid == "held":
            await go_on.wait()
        return {}

    async with running(dsn, app_id, app(app_id, ONE), {"work": work}) as mesh:
        await mesh.pub("one", {}, job_id="held")
        async with admin.transaction():
            await admin.execute(f"""SELECT FROM "{app_id}".jobs WHERE key = 'held' FOR UPDATE""")
            go_on.set()
            await others_go_on(mesh)
            assert await mesh.get_status("held") == 1
        assert (await mesh.result("held", timeout=20)).metadata.js == 0
        await drained(admin, app_id)
