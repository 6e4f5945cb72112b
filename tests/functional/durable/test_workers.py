"""Workers beside clients and beside each other: settings, many who ask at once, two that know different code."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from hotmesh import Durable
from hotmesh.errors import SettingsError

w = Durable.workflow
QUEUE = "q"


@Durable.activity
async def touch(n: int) -> int:
    return n


async def counter() -> int:
    seen: list[int] = []

    @Durable.update
    async def add(n: int) -> int:
        seen.append(await touch(n))
        return n

    await w.condition("done")
    return sum(seen)


@pytest.fixture
async def client(dsn: str, app_id: str) -> AsyncIterator[Durable.Client]:
    async with Durable.Client(dsn, namespace=app_id) as client:
        yield client


async def members(admin: asyncpg.Connection, app_id: str) -> int:
    return int(await admin.fetchval(f'SELECT count(*) FROM "{app_id}".members'))


# ---- settings


async def test_a_worker_has_the_settings_of_its_client(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    """It takes part by the client's own connections: with other settings it would be a member of its own."""
    async with Durable.Client(dsn, namespace=app_id, lease_s=7, poll_s=0.4) as client:
        async with Durable.Worker(client, task_queue=QUEUE, workflows=counter, activities=touch):
            assert await members(admin, app_id) == 1
        async with Durable.Worker(client, task_queue=QUEUE, workflows=counter, activities=touch, poll_s=0.2):
            assert await members(admin, app_id) == 2


async def test_a_task_is_leased_for_as_long_as_the_client_says(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    @Durable.activity
    async def slow() -> str:
        begun.set()
        await go_on.wait()
        return "done"

    async def workflow() -> str:
        return await slow()

    async with (
        Durable.Client(dsn, namespace=app_id, lease_s=500) as client,
        Durable.Worker(client, task_queue=QUEUE, workflows=workflow, activities=slow),
    ):
        handle = await client.start(workflow, task_queue=QUEUE)
        await begun.wait()
        left = await admin.fetchval(f'SELECT extract(epoch FROM max(visible_at) - hotmesh.now()) FROM "{app_id}".worker_streams')
        go_on.set()
        assert await handle.result(30) == "done"
        assert 400 < left <= 500, f"leased for {left} s"


async def test_a_setting_there_is_none_of_is_told_at_once(dsn: str) -> None:
    with pytest.raises(SettingsError, match="no setting 'leases'; did you mean lease_s"):
        Durable.Client(dsn, leases=5)


# ---- many who ask


@pytest.mark.parametrize("where", ["here", "elsewhere"])
async def test_hundreds_of_updates_at_once(client: Durable.Client, dsn: str, app_id: str, where: str) -> None:
    """From the worker's own process, and from one that has to look for the replies."""
    other = client if where == "here" else Durable.Client(dsn, namespace=app_id, poll_s=0.5)
    async with Durable.Worker(client, task_queue=QUEUE, workflows=counter, activities=touch), other:
        handle = await other.start(counter, task_queue=QUEUE)
        given = list(range(300))
        assert await asyncio.gather(*(handle.update("add", n, timeout=20) for n in given)) == given
        await handle.signal("done")
        assert await handle.result(30) == sum(given)


async def test_an_answer_is_the_callers_own(client: Durable.Client) -> None:
    async def workflow() -> list[int]:
        kept = [1]

        @Durable.update
        def look() -> list[int]:
            return kept

        await w.condition("done")
        return kept

    async with Durable.Worker(client, task_queue=QUEUE, workflows=workflow):
        handle = await client.start(workflow, task_queue=QUEUE)
        for _ in range(2):
            answer: Any = await handle.update("look")
            assert answer == [1]
            answer.append(2)
        await handle.signal("done")
        assert await handle.result(30) == [1]


async def test_who_asks_a_workflow_that_ends_is_told(client: Durable.Client) -> None:
    async def workflow() -> None:
        @Durable.update
        async def never() -> None:
            await w.condition("never")

        await w.condition("done")

    async with Durable.Worker(client, task_queue=QUEUE, workflows=workflow):
        handle = await client.start(workflow, task_queue=QUEUE, id="w")
        asked = [asyncio.create_task(handle.update("never", timeout=30)) for _ in range(3)]
        while len(await client.workflow.search("SELECT 1 FROM jobs_attributes WHERE symbol = 'wait'")) < 4:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await handle.signal("done")
        await handle.result(30)
        ended = await asyncio.gather(*asked, return_exceptions=True)
        assert [str(each) for each in ended] == ["w ended before it replied"] * 3
