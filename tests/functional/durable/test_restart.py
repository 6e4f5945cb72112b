"""Everything ends and begins again, the database too: who sleeps is woken exactly once, on time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from hotmesh import Durable
from tests.functional.crash.test_database import crash
from tests.functional.durable import workflows as flows
from tests.functional.durable.test_kill import member, prepare, reached
from tests.functional.durable.workflows import QUEUE
from tests.functional.server import cluster, home_folder

NAMESPACE = "sleepers"
SHORT, LONG = 30, 120
"""Minutes; every tenth workflow sleeps long."""


@pytest.fixture
async def own_server() -> AsyncIterator[tuple[Path, str]]:
    """A server of this test's own, to be stopped: its home and address."""
    with home_folder() as home:
        yield home, await asyncio.to_thread(cluster(home).ensure)
        await asyncio.to_thread(cluster(home).stop)


async def restarted(home: Path, dsn: str, *, hours_later: int) -> asyncpg.Connection:
    """The server, killed and started again so many hours later."""
    admin = await asyncpg.connect(dsn)
    await admin.execute(
        f"ALTER DATABASE {await admin.fetchval('SELECT current_database()')} SET hotmesh.clock_offset = '{hours_later} hours'"
    )
    await admin.close()
    await asyncio.to_thread(crash, home)
    return await asyncpg.connect(dsn)


async def fall_asleep(dsn: str, count: int) -> None:
    """So many workflows, asleep; every process is dead afterwards."""
    admin = await asyncpg.connect(dsn)
    await prepare(admin)
    async with member(dsn, NAMESPACE), Durable.Client(dsn, namespace=NAMESPACE) as client:
        for n in range(count):
            await client.start(flows.sleeper, f"w{n}", LONG if n % 10 == 0 else SHORT, id=f"w{n}", task_queue=QUEUE)
        await until_asleep(admin, count)
    await admin.close()


async def until_asleep(admin: asyncpg.Connection, count: int) -> None:
    timers = f"SELECT count(*) FROM {NAMESPACE}.engine_streams WHERE kind = 'timer'"
    while await admin.fetchval(timers) < count:  # noqa: ASYNC110
        await asyncio.sleep(0.02)


async def awake(admin: asyncpg.Connection) -> set[str]:
    return {row["key"] for row in await admin.fetch("SELECT key FROM public.effects WHERE key LIKE '%:awake'")}


async def sleep_over_restarts(home: Path, dsn: str, count: int) -> None:
    await fall_asleep(dsn, count)
    early = {f"w{n}:awake" for n in range(count) if n % 10}
    admin = await restarted(home, dsn, hours_later=1)
    async with member(dsn, NAMESPACE, hours_later=1):
        await reached(admin, count + len(early))
        assert await awake(admin) == early, "somebody was woken who sleeps longer"
    await admin.close()
    admin = await restarted(home, dsn, hours_later=3)
    async with member(dsn, NAMESPACE, hours_later=3), Durable.Client(dsn, namespace=NAMESPACE) as client:
        for n in range(count):
            handle: Durable.Handle[str] = client.get_handle(f"w{n}")
            times, minutes = (1, LONG) if n % 10 == 0 else (2, SHORT)
            assert await handle.result(60) == f"w{n} slept {times} times {minutes} minutes"
    assert await awake(admin) == {f"w{n}:awake" for n in range(count)}
    rows = await admin.fetch(
        f"SELECT symbol, count(*) AS n FROM {NAMESPACE}.jobs_attributes WHERE symbol IN ('timer', 'activity') GROUP BY 1"
    )
    assert {row["symbol"]: row["n"] for row in rows} == {"timer": count, "activity": 2 * count}, "somebody was woken twice"
    for table in ("worker_streams", "engine_streams", "waits"):
        assert await admin.fetchval(f"SELECT count(*) FROM {NAMESPACE}.{table}") == 0, table
    await admin.close()


@pytest.mark.timeout(120)
async def test_a_hundred_sleep_over_restarts_of_everything(own_server: tuple[Path, str]) -> None:
    await sleep_over_restarts(*own_server, 100)


@pytest.mark.crash
@pytest.mark.timeout(300)
async def test_a_thousand_sleep_over_restarts_of_everything(own_server: tuple[Path, str]) -> None:
    await sleep_over_restarts(*own_server, 1_000)
