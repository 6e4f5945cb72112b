"""Processes of the tests: what a user's own scripts look like.

python -m tests.functional.api.processes ROLE DSN APP_ID
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from hotmesh import HotMesh, JobOutput, StreamData


def say(text: object) -> None:
    print(text, flush=True)


async def starter(dsn: str, app_id: str) -> None:
    """Starts jobs, waits for nothing."""
    async with HotMesh(app_id=app_id, engine={"connection": dsn}) as mesh:
        for line in iter(sys.stdin.readline, ""):
            say(await mesh.pub("asked", {"size": int(line)}))


async def worker(dsn: str, app_id: str) -> None:
    """Serves a topic: an answer of the size that is asked for."""

    async def answer(task: StreamData) -> dict[str, Any]:
        return {"text": "€" * task.data["size"]}

    async with HotMesh(app_id=app_id, engine={"connection": dsn}, workers=[{"topic": "work", "callback": answer}]):
        say("ready")
        await asyncio.Event().wait()


async def subscriber(dsn: str, app_id: str) -> None:
    """Hears of the ends of jobs."""

    async def hear(topic: str, output: JobOutput) -> None:
        say(f"{topic} {output.metadata.jid} {len(output.data['text'])}")

    async with HotMesh(app_id=app_id, engine={"connection": dsn}) as mesh:
        await mesh.psub("asked.*", hear)
        say("ready")
        await asyncio.Event().wait()


async def slow(dsn: str, app_id: str, seconds: str = "0.7") -> None:
    """Takes its time for each task, one at a time."""

    async def nap(_: StreamData) -> dict[str, Any]:
        say("started")
        await asyncio.sleep(float(seconds))
        say("finished")
        return {"text": ""}

    one = {"topic": "work", "callback": nap, "concurrency": 1}
    async with HotMesh(app_id=app_id, engine={"connection": dsn}, workers=[one]):
        say("ready")
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run({"starter": starter, "worker": worker, "subscriber": subscriber, "slow": slow}[sys.argv[1]](*sys.argv[2:]))
