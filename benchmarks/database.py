"""A database of its own for every process of the benchmarks, so that none finds another one's rows, statistics or locks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg

from benchmarks.measure import tell

PREFIX = "hotmesh_bench_"


@asynccontextmanager
async def database(server: str) -> AsyncIterator[str]:
    """The address of a fresh database on the server; it is dropped at the end."""
    name = f"{PREFIX}{uuid4().hex[:12]}"
    await _administer(server, f'CREATE DATABASE "{name}"')
    try:
        yield of_database(server, name)
    finally:
        await _administer(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


async def settle(server: str) -> None:
    """Write out what the last process left, so that the next one doesn't pay for it. Needs a role that may."""
    try:
        await _administer(server, "CHECKPOINT")
    except asyncpg.InsufficientPrivilegeError:
        tell("(no CHECKPOINT between the forms: the role may not; their order may show in the figures)")


async def _administer(server: str, statement: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def of_database(dsn: str, name: str) -> str:
    """The address with another database, whether its host is in the address or in the query."""
    head, question, query = dsn.partition("?")
    return f"{head.rpartition('/')[0]}/{name}{question}{query}"
