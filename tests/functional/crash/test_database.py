"""The database goes away: stopped at once, its connections cut."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from hotmesh import HotMesh
from tests.functional.crash import orders
from tests.functional.server import cluster, home_folder

OTHERS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


async def cut(admin: asyncpg.Connection, chance: random.Random, part: float) -> None:
    """Cut some of the connections to this database."""
    for row in await admin.fetch(OTHERS):
        if chance.random() < part:
            await admin.execute("SELECT pg_terminate_backend($1)", row["pid"])


async def run_while_cut(dsn: str, app_id: str, admin: asyncpg.Connection, count: int, cuts: int) -> None:
    chance = random.Random(3)
    async with HotMesh(app_id=app_id, engine={"connection": dsn}, lease_s=1) as mesh:
        await orders.prepare(mesh, app_id, admin)
        async with orders.member(dsn, app_id), orders.member(dsn, app_id):
            load = asyncio.create_task(orders.order(mesh, count))
            for number in range(cuts):
                await orders.reached(admin, min(2 * count, number * 2 * count // cuts))
                await cut(admin, chance, 1.0 if number == 0 else 0.5)
            await load
            await orders.all_done(admin, app_id, count)
        await orders.check(mesh, admin, app_id, count)


async def test_connections_are_cut(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    await run_while_cut(dsn, app_id, admin, 200, 5)


@pytest.mark.crash
@pytest.mark.timeout(300)
async def test_connections_are_cut_all_the_time(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    await run_while_cut(dsn, app_id, admin, 1_000, 60)


@pytest.fixture
async def own_server() -> AsyncIterator[tuple[Path, str]]:
    """A server of this test's own, to be stopped: its home and address."""
    with home_folder() as home:
        yield home, await asyncio.to_thread(cluster(home).ensure)
        await asyncio.to_thread(cluster(home).stop)


async def run_while_stopped(home: Path, dsn: str, count: int, stops: int) -> None:
    app_id = "stopped"
    admin = await asyncpg.connect(dsn)
    async with HotMesh(app_id=app_id, engine={"connection": dsn}, lease_s=1) as mesh:
        await orders.prepare(mesh, app_id, admin)
        async with orders.member(dsn, app_id), orders.member(dsn, app_id):
            load = asyncio.create_task(orders.order(mesh, count))
            for number in range(stops):
                await orders.reached(admin, number * 2 * count // stops)
                await asyncio.to_thread(crash, home)
                await admin.close()
                admin = await asyncpg.connect(dsn)
            await load
            await orders.all_done(admin, app_id, count)
        await orders.check(mesh, admin, app_id, count)
    await admin.close()


def crash(home: Path) -> None:
    """Stop the server as `pg_ctl stop -m immediate` does, without a checkpoint, and start it again."""
    pid = cluster(home).status().pid
    assert pid is not None
    os.kill(pid, signal.SIGQUIT)
    while psutil.pid_exists(pid):
        time.sleep(0.02)
    cluster(home).ensure()


async def test_the_server_is_stopped_at_once(own_server: tuple[Path, str]) -> None:
    await run_while_stopped(*own_server, 200, 1)


@pytest.mark.crash
@pytest.mark.timeout(300)
async def test_the_server_is_stopped_at_once_three_times(own_server: tuple[Path, str]) -> None:
    await run_while_stopped(*own_server, 1_000, 3)
