"""Two engines move one job in turn: what one remembers of it is never taken for the truth."""

from __future__ import annotations

import asyncio
from typing import Any

from hotmesh import HotMesh, StreamData
from tests.functional.activities.conftest import Start

TURNS = """
- subscribes: turns
  activities:
    begin: {type: trigger}
    first: {type: hook}
    work: {type: worker, topic: work, input: {maps: {n: '{first.hook.data.n}'}}}
    second: {type: hook}
    last: {type: worker, topic: work, input: {maps: {n: '{second.hook.data.n}'}}, job: {maps: {n: '{$self.output.data.n}'}}}
  transitions:
    begin: [{to: first}]
    first: [{to: work}]
    work: [{to: second}]
    second: [{to: last}]
  hooks:
    one: [{to: first, conditions: {match: [{expected: '{$job.metadata.jid}', actual: '{$hook.data.job}'}]}}]
    two: [{to: second, conditions: {match: [{expected: '{$job.metadata.jid}', actual: '{$hook.data.job}'}]}}]
"""


async def test_an_answer_to_what_another_engine_began_is_taken(start: Start, dsn: str) -> None:
    async def work(task: StreamData) -> Any:
        return {"n": task.data["n"]}

    mesh = await start(TURNS, {"work": work})
    async with HotMesh(app_id=mesh.app_id, engine={"connection": dsn}) as other:
        jobs = [await mesh.pub("turns", {}, job_id=f"job{n}") for n in range(10)]
        for topic in ("one", "two"):
            for number, job in enumerate(jobs):
                await (other if number % 2 else mesh).signal(topic, {"job": job, "n": number})
        outputs = await asyncio.gather(*(mesh.result(job, timeout=30) for job in jobs))
    assert [output.data["n"] for output in outputs] == list(range(10))
