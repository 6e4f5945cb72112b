"""Waiting for the end of jobs that another process works on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from hotmesh import HotMesh
from hotmesh.machine.job import JobState
from hotmesh.store.pool import LOST
from tests.functional.engine.apps import app, graph, running

JOBS = 200
ONE = graph(
    "one",
    "{t: {type: trigger}, w: {type: worker, topic: work, input: {maps: {n: '{t.output.data.n}'}}, "
    "job: {maps: {n: '{$self.output.data.n}'}}}}",
    "{t: [{to: w}]}",
)


async def echo(task: Any) -> Any:
    return task.data


async def test_ends_elsewhere_are_loaded_many_at_a_time(dsn: str, app_id: str) -> None:
    asked: list[int] = []
    async with running(dsn, app_id, app(app_id, ONE), poll_s=60) as mesh:
        load = mesh.node.states

        async def counted(job_ids: Iterable[str]) -> dict[str, JobState]:
            wanted = list(job_ids)
            asked.append(len(wanted))
            return await load(wanted)

        mesh.node.states = counted  # type: ignore[method-assign]
        worker = {"topic": "work", "callback": echo, "concurrency": JOBS}
        async with HotMesh(app_id=app_id, engine={"connection": dsn}, workers=[worker]):
            ended = await asyncio.gather(*(mesh.pubsub("one", {"n": n}) for n in range(JOBS)))
    assert [job.data["n"] for job in ended] == list(range(JOBS))
    assert sum(asked) == JOBS
    assert len(asked) <= JOBS / 4, f"so many were loaded together: {asked}"


async def test_an_end_whose_state_can_not_be_loaded_is_asked_for_again(dsn: str, app_id: str) -> None:
    lost = [LOST[0]("the connection broke")]
    async with running(dsn, app_id, app(app_id, ONE), poll_s=60) as mesh:
        load = mesh.node.states

        async def broken(job_ids: Iterable[str]) -> dict[str, JobState]:
            if lost:
                raise lost.pop()
            return await load(job_ids)

        mesh.node.states = broken  # type: ignore[method-assign]
        async with HotMesh(app_id=app_id, engine={"connection": dsn}, workers=[{"topic": "work", "callback": echo}]):
            assert (await mesh.pubsub("one", {"n": 7})).data == {"n": 7}
    assert not lost
