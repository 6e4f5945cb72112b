"""A process that stood still for longer than its leases last, as on a machine that slept, goes on with what it has."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import asyncpg
import pytest

from hotmesh import HotMesh
from hotmesh.store.streams import ClaimedTask
from tests.functional.engine.apps import app, graph, running

ONE = graph("one", "{t: {type: trigger}, w: {type: worker, topic: work}}", "{t: [{to: w}]}")
LEASE_S = 0.4


def counted_looks(mesh: HotMesh, monkeypatch: pytest.MonkeyPatch) -> asyncio.Queue[int]:
    """How many tasks each claim from now on has found."""
    looks: asyncio.Queue[int] = asyncio.Queue()
    claim = mesh.node.streams.claim_tasks

    async def counted(wanted: dict[str, int], token: int) -> list[ClaimedTask]:
        claimed = await claim(wanted, token)
        looks.put_nowait(len(claimed))
        return claimed

    monkeypatch.setattr(mesh.node.streams, "claim_tasks", counted)
    return looks


async def test_it_does_not_begin_its_own_tasks_again(
    dsn: str, app_id: str, admin: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    all_begun, go_on = asyncio.Event(), asyncio.Event()

    async def work(task: Any) -> dict[str, Any]:
        begun.append(task.metadata.jid)
        if len(begun) == 20:
            all_begun.set()
        await go_on.wait()
        return {}

    async with running(dsn, app_id, app(app_id, ONE), {"work": work}, lease_s=LEASE_S, poll_s=0.02) as mesh:
        jobs = [await mesh.pub("one", {}) for _ in range(20)]
        await all_begun.wait()
        looks = counted_looks(mesh, monkeypatch)
        for _ in range(2):
            time.sleep(2.5 * LEASE_S)  # noqa: ASYNC251  (the whole process stands still)
            mesh.node.task_claims.alarm.ring()
            await looks.get()
        assert await admin.fetchval(f'SELECT max(claims) FROM "{app_id}".worker_streams') == 1
        go_on.set()
        for job in jobs:
            await mesh.result(job, timeout=20)
    assert len(begun) == 20, f"{len(begun) - 20} of 20 tasks were begun again by the process that had them"
