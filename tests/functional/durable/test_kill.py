"""kill -9 of processes that run workflow functions: every workflow ends as without faults, no effect happens twice."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from hotmesh import Durable
from tests.functional.durable import workflows as flows
from tests.functional.durable.workflows import QUEUE

ROOT = Path(__file__).parents[3]
STEPS = 6


@asynccontextmanager
async def member(dsn: str, namespace: str, die_after: int = 0, *, hours_later: int = 0) -> AsyncIterator[Process]:
    """A process that takes part; killed at the end, if it is not dead already."""
    arguments = ["-m", "tests.functional.durable.member", dsn, namespace, "1", str(die_after)]
    environment = os.environ | {"EFFECTS_DSN": dsn, "CLOCK_OFFSET_S": str(hours_later * 3600)}
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=PIPE, cwd=ROOT, env=environment)
    assert process.stdout is not None
    try:
        await process.stdout.readline()
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def prepare(admin: asyncpg.Connection) -> None:
    await admin.execute("DROP TABLE IF EXISTS public.effects")
    await admin.execute("CREATE TABLE public.effects (guid text PRIMARY KEY, key text NOT NULL UNIQUE)")


async def reached(admin: asyncpg.Connection, count: int) -> None:
    """Wait until so many effects have been made."""
    while await admin.fetchval("SELECT count(*) FROM public.effects") < count:  # noqa: ASYNC110
        await asyncio.sleep(0.02)


def expected(name: str) -> set[str]:
    """The effects of one workflow."""
    plain = {f"{name}:{n}" for n in range(STEPS)}
    side = {f"{name}:{n}:{side}" for n in range(STEPS) if n % 3 == 1 for side in "ab"}
    return plain | side | {f"{name}:{n}:child" for n in range(STEPS) if n % 4 == 3}


async def check(client: Durable.Client, admin: asyncpg.Connection, app_id: str, names: list[str]) -> None:
    """Every workflow has its result, every effect happened once, nothing is left in a stream."""
    for name in names:
        handle: Durable.Handle[list[str]] = client.get_handle(name)
        result = await handle.result(60)
        assert result == [f"{name}:0", f"{name}:1", f"{name}:2", f"{name}:3", f"{name}:3:child", f"{name}:4", f"{name}:5"]
    effects = {row["key"] for row in await admin.fetch("SELECT key FROM public.effects")}
    assert effects == set().union(*map(expected, names))
    for table in ("worker_streams", "engine_streams", "waits"):
        assert await admin.fetchval(f'SELECT count(*) FROM "{app_id}".{table}') == 0, table


async def test_killed_in_the_middle(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    await prepare(admin)
    names = [f"w{n}" for n in range(60)]
    async with Durable.Client(dsn, namespace=app_id, lease_s=1, poll_s=0.2) as client:
        for name in names:
            await client.start(flows.stamped, name, STEPS, id=name, task_queue=QUEUE)
        async with member(dsn, app_id) as first:
            await reached(admin, 100)
            first.kill()
            await first.wait()
        async with member(dsn, app_id):
            await check(client, admin, app_id, names)


@pytest.mark.crash
@pytest.mark.timeout(300)
async def test_killed_at_every_commit(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    await prepare(admin)
    async with Durable.Client(dsn, namespace=app_id, lease_s=1, poll_s=0.2) as client:
        handle = await client.start(flows.stamped, "w", STEPS, id="w", task_queue=QUEUE)
        deaths = 0
        while await handle.status() > 0:
            async with member(dsn, app_id, die_after=1) as process:
                ended = asyncio.ensure_future(handle.result())
                died = asyncio.ensure_future(process.wait())
                await asyncio.wait([ended, died], return_when=asyncio.FIRST_COMPLETED)
                deaths += died.done()
                ended.cancel()
        assert deaths > 8
        await check(client, admin, app_id, ["w"])


async def everything(client: Durable.Client, admin: asyncpg.Connection, dsn: str, app_id: str, die_after: int, key: str) -> tuple[Any, int]:
    """The result of a workflow of every primitive, and how many processes have died of it."""
    await prepare(admin)
    handle: Durable.Handle[Any] = await client.start("afresh", "e", id=key, task_queue=QUEUE)
    deaths = 0
    while await handle.status() > 0:
        async with member(dsn, app_id, die_after) as process:
            ended, died = asyncio.ensure_future(handle.result()), asyncio.ensure_future(process.wait())
            await asyncio.wait([ended, died], return_when=asyncio.FIRST_COMPLETED)
            deaths += died.done()
            ended.cancel()
    effects = {row["key"] for row in await admin.fetch("SELECT key FROM public.effects")}
    assert effects == {f"e.{n}:{each}" for n in (0, 1) for each in flows.EVERYTHING}
    for table in ("worker_streams", "engine_streams", "waits"):
        assert await admin.fetchval(f'SELECT count(*) FROM "{app_id}".{table}') == 0, table
    return await handle.result(), deaths


async def everything_with_and_without(dsn: str, app_id: str, admin: asyncpg.Connection, die_after: int) -> int:
    async with Durable.Client(dsn, namespace=app_id, lease_s=1, poll_s=0.2) as client:
        undisturbed, _ = await everything(client, admin, dsn, app_id, 0, "undisturbed")
        killed, deaths = await everything(client, admin, dsn, app_id, die_after, "killed")
    assert killed == undisturbed
    return deaths


async def test_every_primitive_in_a_process_that_is_killed(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    assert await everything_with_and_without(dsn, app_id, admin, 15) > 0


@pytest.mark.crash
@pytest.mark.timeout(300)
async def test_every_primitive_in_processes_killed_at_every_commit(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    assert await everything_with_and_without(dsn, app_id, admin, 1) > 15


@pytest.mark.crash
@pytest.mark.timeout(300)
async def test_ten_kills_at_random_with_two_processes_alive(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    await prepare(admin)
    chance = random.Random(7)
    names = [f"w{n}" for n in range(200)]
    total = len(names) * len(expected("w"))
    async with Durable.Client(dsn, namespace=app_id, lease_s=1, poll_s=0.2) as client:
        for name in names:
            await client.start(flows.stamped, name, STEPS, id=name, task_queue=QUEUE)
        async with member(dsn, app_id):
            for number in range(10):
                async with member(dsn, app_id):
                    wanted = total * number // 11 + chance.randint(1, total // 12)
                    await reached(admin, wanted)
        async with member(dsn, app_id):
            await check(client, admin, app_id, names)


async def deposits(dsn: str, app_id: str, admin: asyncpg.Connection, count: int, kills: int) -> None:
    """So many updates from a process that runs no workflows, while those that do are killed."""
    await prepare(admin)
    async with Durable.Client(dsn, namespace=app_id, lease_s=1, poll_s=0.2) as client:
        handle = await client.start(flows.account, id="account", task_queue=QUEUE)
        few = asyncio.Semaphore(20)

        async def deposit(number: int) -> int:
            async with few:
                return int(await handle.update("deposit", number, timeout=100))

        asked = [asyncio.create_task(deposit(n)) for n in range(count)]
        for number in range(kills):
            async with member(dsn, app_id):
                await reached(admin, count * (number + 1) // (kills + 1))
        async with member(dsn, app_id):
            balances = await asyncio.gather(*asked)
            total = count * (count - 1) // 2
            assert await handle.query("total", timeout=60) == total == max(balances)
            assert len(set(balances)) >= count - 1, "two deposits have seen the same balance"
            await handle.signal("close")
            assert await handle.result(60) == total
    assert {row["key"] for row in await admin.fetch("SELECT key FROM public.effects")} == {f"deposit {n}" for n in range(count)}
    for table in ("worker_streams", "engine_streams", "waits"):
        assert await admin.fetchval(f'SELECT count(*) FROM "{app_id}".{table}') == 0, table


@pytest.mark.timeout(120)
async def test_no_update_is_lost_when_its_process_dies(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    await deposits(dsn, app_id, admin, 40, 2)


@pytest.mark.crash
@pytest.mark.timeout(300)
async def test_no_update_is_lost_in_ten_kills(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    await deposits(dsn, app_id, admin, 200, 10)
