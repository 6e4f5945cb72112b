"""Several processes of one mesh, each with its part; and how they end when they are told to."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from hotmesh import HotMesh
from tests.functional.engine.apps import app, graph, until

ROOT = Path(__file__).parents[3]
APP = graph(
    "asked",
    "{ask: {type: trigger}, w: {type: worker, topic: work, input: {maps: {size: '{ask.output.data.size}'}},"
    " job: {maps: {text: '{$self.output.data.text}'}}}}",
    "{ask: [{to: w}]}",
)


@pytest.fixture
async def deployed(dsn: str, app_id: str) -> str:
    async with HotMesh(app_id=app_id, engine={"connection": dsn}) as mesh:
        await mesh.deploy(app(app_id, APP))
        await mesh.activate("1")
    return app_id


@asynccontextmanager
async def process(role: str, *arguments: str) -> AsyncIterator[Process]:
    """A script of processes.py; killed at the end, if it is not dead already."""
    command = [sys.executable, "-m", "tests.functional.api.processes", role, *arguments]
    started = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=PIPE, cwd=ROOT)
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()


async def line(started: Process) -> str:
    assert started.stdout is not None
    async with asyncio.timeout(20):
        return (await started.stdout.readline()).decode().strip()


async def type_in(started: Process, text: str) -> str:
    assert started.stdin is not None
    started.stdin.write(f"{text}\n".encode())
    await started.stdin.drain()
    return await line(started)


@pytest.mark.parametrize("size", [3, 20_000], ids=["a short result", "one longer than a notification"])
async def test_one_starts_another_works_a_third_listens(dsn: str, deployed: str, size: int) -> None:
    async with AsyncExitStack() as stack:
        starter, worker, subscriber = [
            await stack.enter_async_context(process(role, dsn, deployed)) for role in ("starter", "worker", "subscriber")
        ]
        assert [await line(each) for each in (worker, subscriber)] == ["ready", "ready"]
        told = {f"asked.done {await type_in(starter, str(size))} {size}" for _ in range(5)}
        assert {await line(subscriber) for _ in range(5)} == told


async def test_sigterm_lets_what_runs_finish_and_takes_nothing_new(dsn: str, deployed: str, admin: asyncpg.Connection) -> None:
    async with process("slow", dsn, deployed) as started, HotMesh(app_id=deployed, engine={"connection": dsn}) as mesh:
        assert await line(started) == "ready"
        jobs = [await mesh.pub("asked", {"size": 0}) for _ in range(2)]
        assert await line(started) == "started"
        started.send_signal(signal.SIGTERM)
        assert await line(started) == "finished", "the running callback was cut off"
        assert await line(started) == "", "it took another task after SIGTERM"
        assert await started.wait() == 128 + signal.SIGTERM
        assert started.stderr is not None
        assert await started.stderr.read() == b""
        await until(lambda: mesh_has_ended_one(mesh, jobs))
    left = await admin.fetch(f'SELECT owner, token, visible_at FROM "{deployed}".worker_streams')
    assert [tuple(row) for row in left] == [(None, None, None)], "the other task waits for anybody, at once"
    assert await admin.fetchval(f'SELECT count(*) FROM "{deployed}".members') == 0


async def mesh_has_ended_one(mesh: HotMesh, jobs: list[str]) -> bool:
    return sorted([await mesh.get_status(job) for job in jobs]) == [0, 1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda each: each.name)
async def test_a_second_signal_ends_it_at_once(dsn: str, deployed: str, number: signal.Signals) -> None:
    async with process("slow", dsn, deployed, "60") as started, HotMesh(app_id=deployed, engine={"connection": dsn}) as mesh:
        assert await line(started) == "ready"
        await mesh.pub("asked", {"size": 0})
        assert await line(started) == "started"
        started.send_signal(number)
        await until(lambda: serves_nothing(mesh, deployed, started))
        started.send_signal(number)
        async with asyncio.timeout(3):
            await started.wait()


async def serves_nothing(mesh: HotMesh, app_id: str, started: Process) -> bool:
    """A process that drains claims no more: a task that is put there stays ready."""
    job = await mesh.pub("asked", {"size": 0})
    waits = (await mesh.execution(job)).open_instances()[0].waits_for[0]
    assert started.returncode is None, "it ended at the first signal, with a callback running"
    return waits.kind == "consumer"


async def test_a_handler_of_the_users_own_is_left_alone(dsn: str, deployed: str) -> None:
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, told.set)
    try:
        async with HotMesh(app_id=deployed, engine={"connection": dsn}):
            signal.raise_signal(signal.SIGTERM)
            async with asyncio.timeout(5):
                await told.wait()
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
