"""kill -9 of processes that are engine and worker at once."""

from __future__ import annotations

import random

import asyncpg
import pytest

from hotmesh import HotMesh
from tests.functional.crash import orders


async def test_a_second_process_finishes_what_a_killed_one_began(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    async with HotMesh(app_id=app_id, engine={"connection": dsn}, lease_s=1) as mesh:
        await orders.prepare(mesh, app_id, admin)
        async with orders.member(dsn, app_id) as first:
            await orders.order(mesh, 200)
            await orders.reached(admin, 60)
            await orders.kill(first)
        assert await orders.reservations(admin) < 400, "the first process was too fast for this test"
        async with orders.member(dsn, app_id):
            await orders.all_done(admin, app_id, 200)
        await orders.check(mesh, admin, app_id, 200)


@pytest.mark.crash
@pytest.mark.timeout(300)
async def test_ten_kills_at_random_with_two_processes_alive(dsn: str, app_id: str, admin: asyncpg.Connection) -> None:
    chance = random.Random(10)
    count = 1_000
    async with HotMesh(app_id=app_id, engine={"connection": dsn}, lease_s=1) as mesh:
        await orders.prepare(mesh, app_id, admin)
        await orders.order(mesh, count)
        async with orders.member(dsn, app_id):
            for number in range(10):
                async with orders.member(dsn, app_id):
                    await orders.reached(admin, min(2 * count - 1, number * 150 + chance.randint(1, 150)))
        async with orders.member(dsn, app_id):
            await orders.all_done(admin, app_id, count)
        await orders.check(mesh, admin, app_id, count)
