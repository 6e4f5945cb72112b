"""Stopping leaves nothing leased behind, whatever was under way."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from hotmesh import HotMesh
from tests.functional.engine.apps import app, graph, running

ONE = graph("one", "{t: {type: trigger}, w: {type: worker, topic: work}}", "{t: [{to: w}]}")


async def echo(task: Any) -> Any:
    return task.data


async def leased(admin: asyncpg.Connection, schema: str) -> int:
    """How many tasks and messages somebody holds."""
    count: int = await admin.fetchval(
        f'SELECT (SELECT count(*) FROM "{schema}".worker_streams WHERE token IS NOT NULL)'
        f' + (SELECT count(*) FROM "{schema}".engine_streams WHERE token IS NOT NULL)'
    )
    return count


@pytest.mark.parametrize("stream", ["claim_tasks", "claim_messages"])
async def test_a_claim_under_way_is_not_lost(
    dsn: str, app_id: str, admin: asyncpg.Connection, stream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database has leased rows to a process that is about to stop, and its answer is still on the way."""
    asked, claimed, go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()
    async with running(dsn, app_id, app(app_id, ONE), poll_s=0.05) as mesh:
        other = await HotMesh.init(app_id=app_id, engine={"connection": dsn}, workers=[{"topic": "work", "callback": echo}], poll_s=0.05)
        claim = getattr(other.node.streams, stream)

        async def slow(*arguments: Any) -> Any:
            asked.set()
            rows = await claim(*arguments)
            if rows:
                claimed.set()
                await go_on.wait()
            return rows

        monkeypatch.setattr(other.node.streams, stream, slow)
        await asyncio.wait_for(asked.wait(), 10)
        if stream == "claim_tasks":
            job = await mesh.pub("one", {})
        else:
            await mesh.node.message_claims.stop()
            job = await admin.fetchval("SELECT hotmesh.pub($1, 'one', '{}', 'from-sql')", app_id)
        await asyncio.wait_for(claimed.wait(), 10)
        stopping = asyncio.create_task(other.stop())
        await asyncio.sleep(0)
        go_on.set()
        await stopping
        assert await leased(admin, app_id) == 0
        if stream == "claim_tasks":
            assert (await mesh.result(job, timeout=10)).metadata.js == 0
