"""The times of activities, their heartbeats, and workers under a role of their own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from hotmesh import Durable
from hotmesh.errors import ConnectionError, HotMeshError

w = Durable.workflow
QUEUE = "orders"


async def fine(item: str) -> str:
    return f"{item} done"


async def counting(upto: int) -> list[Any]:
    """Fails half way, and goes on from there."""
    context = Durable.activity.get_context()
    begun = (context.heartbeat_details or {"at": 0})["at"]
    for at in range(begun, upto):
        context.heartbeat({"at": at + 1})
        if at == upto // 2 and context.attempt == 1:
            raise RuntimeError("half way")
    return [begun, context.attempt]


def counting_in_a_thread(upto: int) -> list[Any]:
    context = Durable.activity.get_context()
    if context.attempt == 1:
        context.heartbeat({"at": upto})
        raise RuntimeError("once")
    return [context.heartbeat_details, threading.current_thread() is threading.main_thread()]


ACTIVITIES: dict[str, Any] = {"fine": fine, "counting": counting, "counting_in_a_thread": counting_in_a_thread}
act: Any = w.proxy_activities(ACTIVITIES, retry={"maximum_attempts": 2, "initial_interval": "1ms"})


async def simple(item: str) -> str:
    return str(await act.fine(item))


async def counts(upto: int) -> list[Any]:
    return [await act.counting(upto), await act.counting_in_a_thread(upto)]


async def unserved() -> str:
    try:
        await w.proxy_activities({"fine": fine}, task_queue="nowhere", schedule_to_start_timeout="200ms")["fine"]("x")
    except Durable.ActivityTimeout as error:
        return error.message
    return "answered"


async def served_in_time() -> list[str]:
    quick = w.proxy_activities({"fine": fine}, schedule_to_start_timeout="1 minute")
    return list(await asyncio.gather(*(quick.fine(str(n)) for n in range(5))))


@pytest.fixture
async def client(dsn: str, app_id: str) -> AsyncIterator[Durable.Client]:
    async with Durable.Client(dsn, namespace=app_id) as client:
        yield client


async def exits() -> None:
    raise SystemExit(2)


def exits_in_a_thread() -> None:
    raise SystemExit(2)


async def cancels_itself() -> None:
    async def broken() -> None:
        raise asyncio.CancelledError("inside")

    await asyncio.gather(asyncio.create_task(broken()))


ENDINGS: list[tuple[Any, str]] = [
    (exits, r"sys.exit\(2\) was called, which would have ended the worker"),
    (exits_in_a_thread, r"sys.exit\(2\) was called, which would have ended the worker"),
    (cancels_itself, r"cancels_itself: it raised CancelledError\(.*\), though nobody has cancelled it"),
]


@pytest.mark.parametrize(("activity", "message"), ENDINGS, ids=[each.__name__ for each, _ in ENDINGS])
async def test_an_activity_that_wants_to_end_its_worker_fails(client: Durable.Client, activity: Any, message: str) -> None:
    async def workflow() -> None:
        await w.execute_activity(activity, retry={"maximum_attempts": 1})

    async with Durable.Worker(client, task_queue=QUEUE, workflows=workflow, activities=activity):
        with pytest.raises(Durable.WorkflowError, match=message):
            await run(client, workflow)


async def run(client: Durable.Client, workflow: Any, *args: Any) -> Any:
    return await client.execute(workflow, *args, task_queue=QUEUE, timeout=30)


async def left(admin: asyncpg.Connection, app_id: str) -> list[int]:
    return [await admin.fetchval(f'SELECT count(*) FROM "{app_id}".{table}') for table in ("worker_streams", "engine_streams", "waits")]


async def test_an_activity_that_nobody_takes_fails_in_time(client: Durable.Client, admin: asyncpg.Connection, app_id: str) -> None:
    async with Durable.Worker(client, task_queue=QUEUE, workflows=[unserved, served_in_time], activities=ACTIVITIES):
        assert "has waited for a worker longer than its schedule_to_start_timeout of 0.2 s" in await run(client, unserved)
        assert await run(client, served_in_time) == [f"{n} done" for n in range(5)]
    assert await left(admin, app_id) == [0, 0, 0]


async def test_an_attempt_finds_what_the_last_one_said(client: Durable.Client) -> None:
    async with Durable.Worker(client, task_queue=QUEUE, workflows=counts, activities=ACTIVITIES):
        assert await run(client, counts, 10) == [[6, 2], [{"at": 10}, False]]


async def test_an_attempt_finds_what_a_dead_worker_said(client: Durable.Client, dsn: str, app_id: str) -> None:
    said, hang = asyncio.Event(), asyncio.Event()

    async def dying() -> str:
        context = Durable.activity.get_context()
        if context.heartbeat_details is None:
            context.heartbeat("half")
            said.set()
            await hang.wait()
        return f"after {context.heartbeat_details}, attempt {context.attempt}"

    async def workflow() -> str:
        return str(await w.proxy_activities({"dying": dying}).dying())

    async with Durable.Worker(client, task_queue=QUEUE, workflows=workflow):
        first = await Durable.Worker.create(connection=dsn, namespace=app_id, task_queue=QUEUE, activities=[dying], lease_s=1, poll_s=0.1)
        handle = await client.start(workflow, task_queue=QUEUE)
        await said.wait()
        await stored(client)
        await first.stop(grace_s=0)
        async with Durable.Worker(connection=dsn, namespace=app_id, task_queue=QUEUE, activities=[dying], poll_s=0.1):
            assert await handle.result(30) == "after half, attempt 1"


async def stored(client: Durable.Client) -> None:
    """Wait until a heartbeat's details stand in the row of the task."""
    while not await client.workflow.search("SELECT 1 FROM worker_streams WHERE details IS NOT NULL"):  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def test_an_activity_that_nobody_waits_for_is_told_at_its_next_heartbeat(client: Durable.Client) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def endless() -> None:
        begun.set()
        try:
            while True:
                Durable.activity.get_context().heartbeat()
                await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            ended.set()
            raise

    async def workflow() -> str:
        try:
            await w.proxy_activities({"endless": endless}).endless()
        except w.CancelledFailure:
            return "cancelled"
        return "never"

    async with Durable.Worker(client, task_queue=QUEUE, workflows=workflow, activities=[endless]):
        handle = await client.start(workflow, task_queue=QUEUE)
        await begun.wait()
        await handle.cancel()
        assert await handle.result(30) == "cancelled"
        async with asyncio.timeout(20):
            await ended.wait()


@asynccontextmanager
async def role(client: Durable.Client, *queues: str) -> AsyncIterator[Any]:
    credentials = await client.provision_worker_role(queues)
    try:
        yield credentials
    finally:
        if any(each.role == credentials.role for each in await client.list_worker_roles()):
            await client.revoke_worker_role(credentials.role)


async def test_a_worker_under_a_role_runs_activities_and_nothing_else(client: Durable.Client, dsn: str, app_id: str) -> None:
    async with role(client, QUEUE) as credentials, Durable.Worker(client, task_queue=QUEUE, workflows=[simple, counts]):
        options: dict[str, Any] = {"connection": dsn, "namespace": app_id, "task_queue": QUEUE, "worker_credentials": credentials}
        async with Durable.Worker(activities=ACTIVITIES, poll_s=0.05, **options):
            assert await run(client, simple, "x") == "x done"
            assert await run(client, counts, 10) == [[6, 2], [{"at": 10}, False]]
        with pytest.raises(ValueError, match="runs activities only: workflow functions need an engine"):
            await Durable.Worker.create(workflow=simple, **options)


async def test_a_role_for_one_queue_works_for_no_other(client: Durable.Client, dsn: str, app_id: str) -> None:
    async with role(client, "others") as credentials:
        worker = Durable.Worker(
            connection=dsn, namespace=app_id, task_queue=QUEUE, activities=ACTIVITIES, worker_credentials=credentials, poll_s=0.05
        )
        with pytest.raises(HotMeshError, match="may work for others, not for orders"):
            await worker.start()


async def test_a_role_that_is_gone_can_not_connect(client: Durable.Client, dsn: str, app_id: str) -> None:
    async with role(client, QUEUE) as credentials:
        await client.revoke_worker_role(credentials.role)
        with pytest.raises(ConnectionError):
            await Durable.Worker.create(
                connection=dsn, namespace=app_id, task_queue=QUEUE, activities=ACTIVITIES, worker_credentials=credentials
            )


async def test_a_transactional_activity_needs_more_than_a_role(client: Durable.Client, dsn: str, app_id: str) -> None:
    @Durable.activity(transactional=True)
    async def pay() -> None: ...

    async with role(client, QUEUE) as credentials:
        with pytest.raises(ValueError, match="pay is transactional, which a worker role can't be"):
            await Durable.Worker.create(
                connection=dsn, namespace=app_id, task_queue=QUEUE, activities=[pay], worker_credentials=credentials
            )
