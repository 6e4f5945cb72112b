"""Versions are activated while jobs are started: every start gets one that was active, and every job keeps its own."""

from __future__ import annotations

import asyncio
import time
from typing import Any, NamedTuple

import asyncpg
import pytest

from hotmesh import HotMesh
from tests.functional.engine.apps import app, drained, graph, running

VERSIONS = [str(number) for number in range(1, 6)]


def version(app_id: str, number: str) -> str:
    """An app whose jobs tell, at their end and after each of their steps, which version they run."""
    mapped = f"input: {{maps: {{v: '{number}'}}}}"
    steps = {
        name: f"{name}: {{type: worker, topic: work, {mapped}, job: {{maps: {{{name}: '{{$self.output.data.v}}'}}}}}}" for name in "ab"
    }
    last = f"z: {{type: hook, job: {{maps: {{z: '{number}'}}}}}}"
    return app(app_id, graph("one", f"{{t: {{type: trigger}}, {steps['a']}, {steps['b']}, {last}}}", EDGES), version=number)


EDGES = "{t: [{to: a}], a: [{to: b}], b: [{to: z}]}"


class Start(NamedTuple):
    """A start by one client: from when to when it took."""

    job_id: str
    called: float
    returned: float


async def starter(mesh: HotMesh, name: str, over: asyncio.Event, started: list[Start]) -> None:
    """Start job after job, until all is over."""
    while not over.is_set():
        called = time.monotonic()
        job_id = await mesh.pub("one", {}, job_id=f"{name}-{len(started)}")
        started.append(Start(job_id, called, time.monotonic()))


async def enough(starts: list[list[Start]], more: int, load: list[asyncio.Task[None]]) -> None:
    """Wait until each client has started so many more jobs. Raises what one of them could not be started for."""
    wanted = [len(each) + more for each in starts]
    while any(len(each) < want for each, want in zip(starts, wanted, strict=True)):
        for client in load:
            if client.done():
                client.result()
        await asyncio.sleep(0.005)


@pytest.mark.parametrize(("clients", "between"), [(4, 10), pytest.param(20, 100, marks=[pytest.mark.crash, pytest.mark.timeout(180)])])
async def test_versions_are_activated_under_load(dsn: str, app_id: str, admin: asyncpg.Connection, clients: int, between: int) -> None:
    async def work(task: Any) -> Any:
        return task.data

    over = asyncio.Event()
    called, returned = {"1": 0.0}, {"1": 0.0}
    starts: list[list[Start]] = [[] for _ in range(clients)]
    async with (
        running(dsn, app_id, version(app_id, "1"), {"work": work}) as mesh,
        HotMesh(app_id=app_id, engine={"connection": dsn}, workers=[{"topic": "work", "callback": work}]) as other,
    ):
        load = [asyncio.create_task(starter((mesh, other)[n % 2], str(n), over, starts[n])) for n in range(clients)]
        for number in VERSIONS[1:]:
            await enough(starts, between, load)
            await mesh.deploy(version(app_id, number))
            called[number] = time.monotonic()
            await (mesh, other)[int(number) % 2].activate(number, delay_s=0)
            returned[number] = time.monotonic()
        await enough(starts, between, load)
        over.set()
        await asyncio.gather(*load)
        await drained(admin, app_id)
    rows = await admin.fetch(f"""SELECT j.key, j.version, j.status, array_agg(DISTINCT a.value #>> '{{}}') AS told, count(*) AS tellings
        FROM "{app_id}".jobs j JOIN "{app_id}".jobs_attributes a ON a.job_id = j.id AND a.dimension = '' GROUP BY j.id""")
    assert len(rows) == sum(map(len, starts))
    for row in rows:
        assert (row["status"], row["told"], row["tellings"]) == (0, [row["version"]], 3), f"{dict(row)}: a job changed its version"
    versions = {row["key"]: row["version"] for row in rows}
    for each in starts:
        in_order = [int(versions[start.job_id]) for start in each]
        assert in_order == sorted(in_order), f"a client was given an older version than before: {in_order}"
        assert {1, 5} <= set(in_order), f"a client saw only {set(in_order)}"
        for start in each:
            was = versions[start.job_id]
            assert called[was] <= start.returned, f"{start} was given version {was} before that was active"
            over_at = returned.get(str(int(was) + 1), float("inf"))
            assert start.called <= over_at, f"{start} was given version {was} when that was active no more"
