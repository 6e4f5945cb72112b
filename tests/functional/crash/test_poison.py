"""A task that kills every process that takes it, among tasks that do no harm."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process

import asyncpg
import pytest

from hotmesh import HotMesh, JobError
from hotmesh.store.streams import Streams
from tests.functional.crash.orders import ROOT, kill
from tests.functional.engine.apps import app, graph

FIELD = graph(
    "walk",
    "{t: {type: trigger}, w: {type: worker, topic: field, input: {maps: {mine: '{t.output.data.mine}'}}}}",
    "{t: [{to: w}]}",
)
LEASE_S = 0.5


async def walker(dsn: str, app_id: str) -> Process:
    arguments = ("-m", "tests.functional.crash.mine", dsn, app_id, str(LEASE_S))
    return await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=PIPE, cwd=ROOT)


@pytest.mark.crash
async def test_only_the_task_that_kills_is_given_up(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    """Thirty tasks die with it three times; then they are done one by one, and it alone is a dead letter after five deaths."""
    async with HotMesh(app_id=app_id, engine={"connection": dsn}, lease_s=LEASE_S, poll_s=0.1) as mesh:
        await mesh.deploy(app(app_id, FIELD))
        await mesh.activate("1")
        await asyncio.gather(*(mesh.pub("walk", {"mine": number == 15}, job_id=f"w{number}") for number in range(31)))
        poison = asyncio.create_task(mesh.result("w15", timeout=90))
        deaths = 0
        while True:
            process = await walker(dsn, app_id)
            died = asyncio.create_task(process.wait())
            await asyncio.wait({died, poison}, return_when=asyncio.FIRST_COMPLETED)
            if poison.done():
                break
            deaths += 1
        with pytest.raises(JobError, match="the task's process died 5 times") as failed:
            poison.result()
        for number in set(range(31)) - {15}:
            assert (await mesh.result(f"w{number}", timeout=30)).metadata.js == 0
        await kill(process)
    assert (failed.value.code, deaths) == (598, 5)
    assert await admin.fetchval(f'SELECT count(*) FROM "{app_id}".dead_letters') == 1
    assert await admin.fetchval(f'SELECT count(*) FROM "{app_id}".worker_streams') == 0


@pytest.mark.parametrize("stream", ["worker_streams", "engine_streams"])
async def test_a_process_has_one_suspect_at_a_time(dsn: str, app_id: str, admin: asyncpg.Connection, stream: str) -> None:
    async with HotMesh(app_id=app_id, engine={"connection": dsn}) as mesh:
        await mesh.deploy(app(app_id, FIELD))
        await mesh.activate("1")
        await mesh.pub("walk", {"mine": False})
        for service in mesh.node.services():
            await service.stop()
        pool = mesh.node.pool

        async def claim(owner: str) -> list[str]:
            streams = Streams(pool, mesh.node.schema, owner, 30)
            if stream == "worker_streams":
                return [task.id for task in await streams.claim_tasks({"field": 10}, 1)]
            return [message.id for message in await streams.claim_messages(10, 1)]

        await admin.execute(FILL[stream].format(schema=f'"{app_id}"'))
        first = await claim("one")
        assert len(first) == 3, "two that were never in doubt, and one suspect"
        assert await claim("one") == []
        assert len(await claim("two")) == 1
        await admin.execute(f'DELETE FROM "{app_id}".{stream} WHERE id = ANY ($1) AND claims > 3', first)
        assert len(await claim("one")) == 1


FILL = {
    "worker_streams": """
        WITH one AS (DELETE FROM {schema}.worker_streams RETURNING job_id, symbol, dimension)
        INSERT INTO {schema}.worker_streams (id, topic, job_id, symbol, dimension, claims, owner, token, visible_at)
        SELECT gen_random_uuid(), 'field', job_id, symbol, dimension,
               CASE WHEN n > 2 THEN 3 ELSE 2 END, 'dead', 7, now() - interval '1 second'
        FROM one, generate_series(1, 6) n""",
    "engine_streams": """
        INSERT INTO {schema}.engine_streams (id, kind, claims, owner, token, visible_at)
        SELECT gen_random_uuid(), 'timer', CASE WHEN n > 2 THEN 3 ELSE 2 END, 'dead', 7, now() - interval '1 second'
        FROM generate_series(1, 6) n""",
}
