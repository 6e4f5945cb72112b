"""Requests whose commit's answer was lost on its way: they were carried out, and are not carried out again."""

from __future__ import annotations

import asyncpg
import pytest

from hotmesh import Durable
from tests.functional.crash.test_commit_faults import Faults, Point
from tests.functional.durable import workflows as flows
from tests.functional.durable.workflows import ACTIVITIES, QUEUE, WORKFLOWS


@pytest.mark.parametrize("point", ["before it is sent", "before its answer arrives"])
async def test_an_update_counts_once(dsn: str, app_id: str, admin: asyncpg.Connection, point: Point) -> None:
    """At each commit in turn, from the workflow's start to its end; `add` would count twice what it is told twice."""
    async with (
        Durable.Client(dsn, namespace=app_id) as client,
        Durable.Worker(client, task_queue=QUEUE, workflows=WORKFLOWS, activities=ACTIVITIES),
    ):
        await client.execute(flows.fan, 1, task_queue=QUEUE, timeout=30)
        assert client._shared is not None
        at = 0
        while True:
            at += 1
            faults = Faults(client._shared.mesh, point, at)
            handle = await client.start(flows.counter, task_queue=QUEUE)
            assert await handle.update("add", 1) == 4, f"commit {at}"
            assert await handle.update("add", 10) == 17, f"commit {at}"
            assert await handle.query("peek") == 17, f"commit {at}"
            await handle.signal("done")
            assert await handle.result(30) == 17, f"commit {at}"
            faults.engine._committer.commit, faults.engine.on_commit = faults.commit, faults.after  # type: ignore[method-assign]
            if faults.count < at:
                break
        assert at > 4
    twice = await admin.fetch(
        f"""SELECT value -> 'input' ->> 'id' AS request, count(*) FROM "{app_id}".jobs_attributes
            WHERE json_typeof(value -> 'input') = 'object' AND value -> 'input' ->> 'id' IS NOT NULL
            GROUP BY job_id, symbol, request HAVING count(*) > 1"""
    )
    assert twice == [], "a request is there twice"
