"""A process that works off a backlog, and tells its memory before and after.

    python -m tests.functional.crash.drainer DSN APP_ID

It prints its resident bytes once it takes part, works until a line comes, and prints them again: now, and at their most.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import psutil

from hotmesh import HotMesh


async def echo(task: Any) -> Any:
    """Answer at once."""
    return {"n": task.data["n"]}


async def most_of(process: psutil.Process, over: asyncio.Event) -> int:
    """The most resident bytes it was seen to have until it is over."""
    most = 0
    while not over.is_set():
        most = max(most, process.memory_info().rss)
        await asyncio.sleep(0.02)
    return most


async def work(dsn: str, app_id: str) -> None:
    """Take part until told that it is over."""
    process, over = psutil.Process(), asyncio.Event()
    await HotMesh.init(app_id=app_id, engine={"connection": dsn}, workers=[{"topic": "work", "callback": echo}])
    print(process.memory_info().rss, flush=True)
    looking = asyncio.create_task(most_of(process, over))
    await asyncio.to_thread(sys.stdin.readline)
    over.set()
    print(process.memory_info().rss, await looking, flush=True)


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]))
