"""The fixtures themselves: the server keeps what it commits, and tests can't see each other."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest


@pytest.mark.parametrize("setting", ["fsync", "synchronous_commit", "full_page_writes"])
async def test_the_server_keeps_what_it_commits(admin: asyncpg.Connection, setting: str) -> None:
    assert await admin.fetchval("SELECT current_setting($1)", setting) == "on"


async def test_the_server_speaks_utf8_and_utc(admin: asyncpg.Connection) -> None:
    assert await admin.fetchval("SELECT current_setting('server_encoding')") == "UTF8"
    assert await admin.fetchval("SELECT current_setting('timezone')") == "UTC"


async def test_hundreds_of_connections_fit(dsn: str) -> None:
    connections = await asyncio.gather(*(asyncpg.connect(dsn) for _ in range(50)))
    await asyncio.gather(*(connection.close() for connection in connections))


@pytest.mark.parametrize("turn", [1, 2])
async def test_an_app_id_is_new_and_its_schema_goes(app_id: str, admin: asyncpg.Connection, turn: int) -> None:
    assert await admin.fetchval("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'app%'") == 0, (
        f"turn {turn} found the schema of another"
    )
    await admin.execute(f"CREATE SCHEMA {app_id}")


async def test_an_empty_database_is_empty(empty_dsn: str) -> None:
    connection = await asyncpg.connect(empty_dsn)
    assert await connection.fetchval("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == 0
    await connection.close()
