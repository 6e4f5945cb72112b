"""The workloads on HotMesh, written in YAML."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from hotmesh import HotMesh, StreamData

STEPS = 10


def sequence(topic: str, steps: int) -> str:
    """A graph of so many workers, one after the other."""
    maps = "input: {maps: {n: '{start.output.data.n}'}}"
    lines = [f"    - subscribes: {topic}", "      activities:", "        start: {type: trigger}"]
    lines += [f"        step{n}: {{type: worker, topic: work, {maps}{_last(n, steps)}}}" for n in range(1, steps + 1)]
    lines += ["      transitions:", "        start: [{to: step1}]"]
    lines += [f"        step{n}: [{{to: step{n + 1}}}]" for n in range(1, steps)]
    return "\n".join(lines)


def _last(number: int, steps: int) -> str:
    return ", job: {maps: {result: '{$self.output.data.result}'}}" if number == steps else ""


APP = """
app:
  id: APP
  version: '1'
  graphs:
SEQUENCES
    - subscribes: fan
      activities:
        start: {type: trigger}
        each: {type: worker, topic: work, input: {maps: {n: '{$item}'}}}
        gather: {type: hook, join: all, job: {maps: {results: '{each.output.data.result}'}}}
      transitions:
        start: [{to: each, foreach: '{start.output.data.items}'}]
        each: [{to: gather}]
    - subscribes: wait
      activities:
        start: {type: trigger, stats: {id: '{$self.output.data.id}'}}
        paused: {type: hook, job: {maps: {n: '{$self.hook.data.n}'}}}
      transitions:
        start: [{to: paused}]
      hooks:
        go:
          - to: paused
            conditions: {match: [{expected: '{$job.metadata.jid}', actual: '{$hook.data.id}'}]}
    - subscribes: sleep
      activities:
        start: {type: trigger}
        nap: {type: hook, sleep: '{start.output.data.seconds}', job: {maps: {slept: true}}}
      transitions:
        start: [{to: nap}]
"""


def app_text(app_id: str) -> str:
    """The app of all workloads."""
    sequences = "\n".join([sequence("one", 1), sequence("two", 2), sequence("ten", STEPS), sequence("hundred", 100)])
    return APP.replace("APP", app_id).replace("SEQUENCES", sequences)


async def work(task: StreamData) -> Any:
    """The activity: as little as can be."""
    return {"result": task.data["n"]}


class YamlForm:
    """What the workloads ask for, as jobs of the app."""

    name = "yaml"

    def __init__(self, mesh: HotMesh) -> None:
        self.mesh = mesh

    @staticmethod
    @asynccontextmanager
    async def open(dsn: str, *, works: bool = True, app_id: str | None = None) -> AsyncIterator[YamlForm]:
        """An app of its own; `works` false = the workers are in another process."""
        name = app_id or f"bench{uuid4().hex[:8]}"
        workers = [{"topic": "work", "callback": work, "concurrency": 1000}] if works else []
        async with HotMesh(app_id=name, engine={"connection": dsn}, workers=workers) as mesh:
            await mesh.deploy(app_text(name))
            await mesh.activate("1")
            yield YamlForm(mesh)

    async def steps(self, count: int, number: int) -> Any:
        """A workflow of so many sequential activities."""
        topic = {1: "one", 2: "two", 10: "ten", 100: "hundred"}[count]
        return (await self.mesh.pubsub(topic, {"n": number}, timeout=300)).data["result"]

    async def fan(self, width: int) -> Any:
        """A workflow of so many parallel activities."""
        return (await self.mesh.pubsub("fan", {"items": list(range(width))}, timeout=300)).data["results"]

    async def start_waiting(self, name: str) -> asyncio.Task[Any]:
        """A workflow that waits for a signal; a task that ends with it."""
        ended = asyncio.create_task(self.mesh.pubsub("wait", {"id": name}, timeout=300))
        while not await self._waits(name):  # noqa: ASYNC110
            await asyncio.sleep(0)
        return ended

    async def _waits(self, name: str) -> bool:
        return await self.mesh.node.jobs.find(name) is not None

    async def signal(self, name: str) -> None:
        """Wake it."""
        await self.mesh.signal("go", {"id": name, "n": 1})

    async def sleep(self, seconds: float) -> float:
        """A workflow that sleeps; the seconds by which it ended late, as its caller sees it."""
        began = time.perf_counter()
        await self.mesh.pubsub("sleep", {"seconds": seconds}, timeout=300)
        return time.perf_counter() - began - seconds
