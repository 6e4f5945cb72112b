"""The workloads on HotMesh, written as plain async functions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg

from benchmarks import serve
from benchmarks.effects import APP_ID, CONCURRENCY, SECONDS, Effects, record
from benchmarks.yaml_form import until_it_waits
from hotmesh import Durable

QUEUE = "work"


async def work(number: int) -> int:
    """The activity: as little as can be."""
    return number


async def sequence(count: int, number: int) -> int:
    """So many activities, one after the other."""
    activities = Durable.workflow.proxy_activities({"work": work})
    for _ in range(count):
        number = await activities.work(number)
    return number


async def fan_out(width: int) -> list[int]:
    """So many activities at once."""
    activities = Durable.workflow.proxy_activities({"work": work})
    return list(await asyncio.gather(*(activities.work(number) for number in range(width))))


async def waiting() -> int:
    """Waits for a signal."""
    return await Durable.workflow.condition("go", int)


async def sleeping(seconds: float) -> None:
    """Sleeps."""
    await Durable.workflow.sleep(seconds)


WORKFLOWS: list[Callable[..., Any]] = [sequence, fan_out, waiting, sleeping]


class DurableForm:
    """What the workloads ask for, as workflow functions."""

    def __init__(self, client: Durable.Client) -> None:
        self.client = client

    async def _run(self, function: Any, *arguments: Any) -> Any:
        handle = await self.client.workflow.start(function, args=list(arguments), task_queue=QUEUE)
        return await handle.result()

    async def steps(self, count: int, number: int) -> Any:
        """A workflow of so many sequential activities."""
        return await self._run(sequence, count, number)

    async def fan(self, width: int) -> Any:
        """A workflow of so many parallel activities."""
        return await self._run(fan_out, width)

    async def loop(self, count: int) -> Any:
        """The same function: it has a loop in it."""
        return await self._run(sequence, count, 0)

    async def begin_waiting(self, name: str) -> None:
        """A workflow that waits for a signal."""
        await self.client.workflow.start(waiting, args=[], task_queue=QUEUE, workflow_id=name)

    async def start_waiting(self, name: str) -> asyncio.Task[Any]:
        """One that waits for sure; a task that ends with it."""
        handle = await self.client.workflow.start(waiting, args=[], task_queue=QUEUE, workflow_id=name)
        await until_it_waits(await self.client.mesh(), name)
        return asyncio.create_task(handle.result())

    async def signal(self, name: str) -> None:
        """Wake it."""
        await self.client.workflow.signal("go", 1, workflow_id=name)

    async def sleep(self, seconds: float) -> None:
        """A workflow that sleeps."""
        await self._run(sleeping, seconds)


@asynccontextmanager
async def open_form(dsn: str, *, elsewhere: bool = False) -> AsyncIterator[DurableForm]:
    """A client, with the worker in this process, or `elsewhere` in one of its own."""
    async with Durable.Client(dsn, namespace=APP_ID) as client, AsyncExitStack() as stack:
        if elsewhere:
            await stack.enter_async_context(serve.process("durable", dsn))
        else:
            await stack.enter_async_context(_worker(client, work, 1000))
        yield DurableForm(client)


def _worker(client: Durable.Client, activity: Any, concurrency: int, **options: Any) -> Durable.Worker:
    activities = {"work": activity}
    return Durable.Worker(
        client, task_queue=QUEUE, workflows=WORKFLOWS, activities=activities, max_concurrent_activities=concurrency, **options
    )


@asynccontextmanager
async def working(dsn: str, effects: Effects, lease_s: float) -> AsyncIterator[None]:
    """The worker alone, in a process of its own; with `effects` each activity has one that can be counted."""
    async with asyncpg.create_pool(dsn, min_size=1, max_size=8) as pool:

        async def effect(number: int) -> int:
            context = Durable.activity.get_context()
            await record(context.tx or pool, context.guid)
            await asyncio.sleep(SECONDS)
            return number

        client = Durable.Client(dsn, namespace=APP_ID)
        worker = _worker(client, work, 1000, lease_s=lease_s)
        if effects is not Effects.NONE:
            activity = Durable.activity(name="work", transactional=effects is Effects.TRANSACTIONAL)(effect)
            worker = _worker(client, activity, CONCURRENCY, lease_s=lease_s)
        async with worker:
            yield


async def enqueue(dsn: str, count: int, effects: Effects) -> None:
    """Start so many workflows of one effect each, and leave."""
    async with Durable.Client(dsn, namespace=APP_ID) as client:
        starts = (client.workflow.start(sequence, args=[1, number], task_queue=QUEUE) for number in range(count))
        await asyncio.gather(*starts)


UNFINISHED = f"SELECT count(*) FROM {APP_ID}.jobs WHERE status > 0"
