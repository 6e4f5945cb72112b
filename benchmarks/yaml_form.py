"""The workloads on HotMesh, written in YAML."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg

from benchmarks import serve
from benchmarks.effects import APP_ID, CONCURRENCY, SECONDS, Effects, record
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
    - subscribes: loop
      activities:
        start: {type: trigger}
        pivot:
          type: hook
          output: {maps: {n: {'@pipe': [['{pivot.output.data.n}', 1], ['{@conditional.nullish}']]}}}
        step: {type: worker, topic: work, input: {maps: {n: '{pivot.output.data.n}'}}}
        again:
          type: cycle
          ancestor: pivot
          input: {maps: {n: {'@pipe': [['{pivot.output.data.n}', 1], ['{@math.add}']]}}}
      transitions:
        start: [{to: pivot}]
        pivot: [{to: step}]
        step:
          - to: again
            conditions:
              match:
                - expected: true
                  actual: {'@pipe': [['{pivot.output.data.n}', '{start.output.data.steps}'], ['{@conditional.less_than}']]}
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

    def __init__(self, mesh: HotMesh) -> None:
        self.mesh = mesh

    async def steps(self, count: int, number: int) -> Any:
        """A workflow of so many sequential activities."""
        topic = {1: "one", 2: "two", 10: "ten", 100: "hundred"}[count]
        return (await self.mesh.pubsub(topic, {"n": number}, timeout=300)).data["result"]

    async def fan(self, width: int) -> Any:
        """A workflow of so many parallel activities."""
        return (await self.mesh.pubsub("fan", {"items": list(range(width))}, timeout=300)).data["results"]

    async def loop(self, count: int) -> Any:
        """A workflow that comes round to its activity so often."""
        return await self.mesh.pubsub("loop", {"steps": count}, timeout=600)

    async def begin_waiting(self, name: str) -> None:
        """A workflow that waits for a signal."""
        await self.mesh.pub("wait", {"id": name})

    async def start_waiting(self, name: str) -> asyncio.Task[Any]:
        """One that waits for sure; a task that ends with it."""
        ended = asyncio.create_task(self.mesh.pubsub("wait", {"id": name}, timeout=300))
        await until_it_waits(self.mesh, name)
        return ended

    async def signal(self, name: str) -> None:
        """Wake it."""
        await self.mesh.signal("go", {"id": name, "n": 1})

    async def sleep(self, seconds: float) -> None:
        """A workflow that sleeps."""
        await self.mesh.pubsub("sleep", {"seconds": seconds}, timeout=300)


async def until_it_waits(mesh: HotMesh, name: str) -> None:
    """Until the job with that id has registered its wait."""
    query = "SELECT 1 FROM waits JOIN jobs ON jobs.id = waits.job_id WHERE jobs.key = $1"
    while not await mesh.node.jobs.query(query, name):  # noqa: ASYNC110
        await asyncio.sleep(0.001)


@asynccontextmanager
async def open_form(dsn: str, *, elsewhere: bool = False) -> AsyncIterator[YamlForm]:
    """The app, with its worker in this process, or `elsewhere` in one of its own."""
    workers = [] if elsewhere else [{"topic": "work", "callback": work, "concurrency": 1000}]
    async with HotMesh(app_id=APP_ID, engine={"connection": dsn}, workers=workers) as mesh, AsyncExitStack() as stack:
        await mesh.deploy(app_text(APP_ID))
        await mesh.activate("1")
        if elsewhere:
            await stack.enter_async_context(serve.process("yaml", dsn))
        yield YamlForm(mesh)


@asynccontextmanager
async def working(dsn: str, effects: Effects, lease_s: float) -> AsyncIterator[None]:
    """The worker alone, in a process of its own; with `effects` each task has one that can be counted."""
    async with asyncpg.create_pool(dsn, min_size=1, max_size=8) as pool:

        async def effect(task: StreamData) -> Any:
            await record(task.tx or pool, task.metadata.guid)
            await asyncio.sleep(SECONDS)
            return {"result": task.data["n"]}

        worker: dict[str, Any] = {"topic": "work", "callback": work, "concurrency": 1000}
        if effects is not Effects.NONE:
            worker = {"topic": "work", "callback": effect, "concurrency": CONCURRENCY, "transactional": effects is Effects.TRANSACTIONAL}
        async with HotMesh(app_id=APP_ID, engine={"connection": dsn}, workers=[worker], lease_s=lease_s):
            yield


async def enqueue(dsn: str, count: int, effects: Effects) -> None:
    """Start so many jobs of one effect each, and leave."""
    async with HotMesh(app_id=APP_ID, engine={"connection": dsn}) as mesh:
        await mesh.deploy(app_text(APP_ID))
        await mesh.activate("1")
        await asyncio.gather(*(mesh.pub("one", {"n": number}) for number in range(count)))


UNFINISHED = f"SELECT count(*) FROM {APP_ID}.jobs WHERE status > 0"
