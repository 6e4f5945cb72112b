"""A process that dies right after it has started a job: another one completes it."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import asyncpg
import pytest

from tests.functional.crash.orders import ROOT
from tests.functional.engine.apps import app, drained, graph, running

ALL = graph(
    "all",
    "{t: {type: trigger}, w: {type: worker, topic: work, job: {maps: {w: '{$self.output.data.by}'}}}, h: {type: hook, sleep: 0.05},"
    " v: {type: worker, topic: work, job: {maps: {v: '{$self.output.data.by}'}}}, a: {type: await, topic: kid,"
    " job: {maps: {kid: '{$self.output.data.x}'}}}}",
    "{t: [{to: w}, {to: h}, {to: a}], h: [{to: v}]}",
)
KID = graph("kid", "{t: {type: trigger}, w: {type: worker, topic: work, job: {maps: {x: '{$self.output.data.by}'}}}}", "{t: [{to: w}]}")


@pytest.mark.parametrize("point", ["after the commit", "after pub"])
async def test_a_job_outlives_who_started_it(dsn: str, app_id: str, admin: asyncpg.Connection, point: str) -> None:
    """Its first task and its child's start were leased to the dead process, its timer was in that one's memory."""
    calls: list[tuple[str, str]] = []

    async def work(task: Any) -> Any:
        calls.append((task.metadata.guid, task.metadata.aid))
        return {"by": "another"}

    async with running(dsn, app_id, app(app_id, ALL, KID), lease_s=1, poll_s=0.1):
        arguments = ("-m", "tests.functional.crash.starter", dsn, app_id, point)
        process = await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=ROOT)
        assert await asyncio.wait_for(process.wait(), 20) == -9, "it did not come by the point"
        held = await admin.fetchval(f'SELECT count(*) FROM "{app_id}".worker_streams WHERE token IS NOT NULL')
        assert held >= 1, "nothing was leased to the dead process"
        async with running(dsn, app_id, app(app_id, ALL, KID), {"work": work}, lease_s=1, poll_s=0.1) as mesh:
            assert (await mesh.result("j", timeout=20)).data == {"w": "another", "v": "another", "kid": "another"}
            await drained(admin, app_id)
    assert sorted(aid for _, aid in calls) == ["v", "w", "w"]
    assert len({guid for guid, _ in calls}) == 3, "a task was given out twice"
