"""The workloads on HotMesh, written as plain async functions."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from hotmesh import Durable

QUEUE = "bench"


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


class DurableForm:
    """What the workloads ask for, as workflow functions."""

    name = "durable"

    def __init__(self, client: Durable.Client) -> None:
        self._client = client

    @staticmethod
    @asynccontextmanager
    async def open(dsn: str) -> AsyncIterator[DurableForm]:
        """A namespace of its own, with a worker in this process."""
        namespace = f"bench{uuid4().hex[:8]}"
        await Durable.Worker.create(
            connection=dsn,
            task_queue=QUEUE,
            workflow=[sequence, fan_out, waiting, sleeping],
            activities={"work": work},
            namespace=namespace,
            max_concurrent_activities=1000,
        )
        try:
            yield DurableForm(Durable.Client(connection=dsn, namespace=namespace))
        finally:
            await Durable.shutdown()

    async def _run(self, function: Any, *arguments: Any) -> Any:
        handle = await self._client.workflow.start(function, args=list(arguments), task_queue=QUEUE)
        return await handle.result()

    async def steps(self, count: int, number: int) -> Any:
        """A workflow of so many sequential activities."""
        return await self._run(sequence, count, number)

    async def fan(self, width: int) -> Any:
        """A workflow of so many parallel activities."""
        return await self._run(fan_out, width)

    async def start_waiting(self, name: str) -> asyncio.Task[Any]:
        """A workflow that waits for a signal; a task that ends with it."""
        handle = await self._client.workflow.start(waiting, args=[], task_queue=QUEUE, workflow_id=name)
        return asyncio.create_task(handle.result())

    async def signal(self, name: str) -> None:
        """Wake it."""
        handle = await self._client.workflow.get_handle(QUEUE, waiting, name)
        await handle.signal("go", 1)

    async def sleep(self, seconds: float) -> float:
        """A workflow that sleeps; the seconds by which it ended late, as its caller sees it."""
        began = time.perf_counter()
        await self._run(sleeping, seconds)
        return time.perf_counter() - began - seconds
