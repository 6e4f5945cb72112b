"""A real Postgres: one server a run, one database a process of pytest-xdist, one app id a test."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import asyncpg
import psycopg
import pytest
from psycopg import sql

from tests.functional.server import server_dsn, with_database


@pytest.fixture(scope="session")
def server() -> str:
    """The address of the run's server."""
    return server_dsn()


@pytest.fixture(scope="session")
def dsn(server: str, worker_id: str) -> Iterator[str]:
    """The address of this process's own database; tests keep apart by their `app_id`."""
    keep = "HOTMESH_TEST_DSN" not in os.environ
    yield from _database(server, f"test_{worker_id}_{uuid4().hex[:8]}", keep=keep)


@pytest.fixture
def empty_dsn(server: str) -> Iterator[str]:
    """The address of a database that nothing was ever stored in."""
    yield from _database(server, f"test_{uuid4().hex[:12]}")


@pytest.fixture
def app_id(dsn: str) -> Iterator[str]:
    """The id of an app that no other test has; its schema is dropped afterwards."""
    name = f"app{uuid4().hex[:10]}"
    yield name
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SET lock_timeout = '10s'")
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(name)))


@pytest.fixture
async def admin(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A superuser's connection to the test's database, to look behind the product's back."""
    connection = await asyncpg.connect(dsn)
    yield connection
    await connection.close()


def _database(server: str, name: str, *, keep: bool = False) -> Iterator[str]:
    """A database of its own, dropped in the end; `keep`: its whole server is removed soon, files and all, which is quicker."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield with_database(server, name)
    if keep:
        return
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
