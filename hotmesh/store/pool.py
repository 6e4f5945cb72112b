"""Connections: a pool of our own from an address, or what the caller brings.

The one place that maps asyncpg's connection errors; `LOST` names those after which nobody knows whether a statement was carried out.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import asyncpg

from hotmesh.errors import ConnectionError
from hotmesh.store.address import plain_dsn
from hotmesh.store.queries import paragraphs

logger = logging.getLogger("hotmesh.store")

Source: TypeAlias = "str | asyncpg.Pool | asyncpg.Connection"
"""A DSN, a pool or a connection."""

OLDEST = 140_000
"""PostgreSQL 14."""

CONNECT_S = 10.0
"""How long a server may take to answer."""

LOST: tuple[type[BaseException], ...] = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    TimeoutError,
)

PASSING = ("40", "53", "55", "57", "58", "25006")
"""How the SQLSTATEs begin of what is no fault of a statement's content: deadlocks, no room, locks, the operator, the system, a standby."""

_UNREACHABLE: tuple[type[BaseException], ...] = (*LOST, asyncpg.PostgresError, ValueError)


class Pool:
    """Where connections come from; `acquire()` is an async context manager."""

    def __init__(self, source: Source, *, max_size: int = 8, prepared: bool = True, listen_dsn: str | None = None) -> None:
        """`prepared` false = behind a pooler in transaction mode: no statement is kept, and nobody listens but at `listen_dsn`."""
        self.dsn = plain_dsn(source) if isinstance(source, str) else None
        self._max_size = max_size
        self._prepared = prepared
        self._listen_dsn = plain_dsn(listen_dsn) if listen_dsn else self.dsn if prepared else None
        self._pool: asyncpg.Pool | None = source if isinstance(source, asyncpg.Pool) else None
        self._single: Any = None if isinstance(source, (str, asyncpg.Pool)) else source
        self._lock = asyncio.Lock()
        self._lendable = asyncio.Semaphore(max(1, (max_size if self._pool is None else self._pool.get_max_size()) // 2))

    async def open(self) -> None:
        """Connect and check the server. Raises ConnectionError, which says in one sentence what is wrong and what to do."""
        try:
            if self.dsn is not None:
                self._pool = await asyncpg.create_pool(
                    self.dsn,
                    min_size=1,
                    max_size=self._max_size,
                    max_inactive_connection_lifetime=0,
                    statement_cache_size=200 if self._prepared else 0,
                    max_cached_statement_lifetime=0,
                    reset=_keep,
                    timeout=CONNECT_S,
                )
            async with self.acquire() as connection:
                await _check(connection)
        except ConnectionError:
            await self.close()
            raise
        except _UNREACHABLE as error:
            raise ConnectionError(_sentence(error)) from error

    async def close(self) -> None:
        """Close what `open` opened; what the caller brought stays open."""
        if self._pool is not None and self.dsn is not None:
            try:
                await asyncio.wait_for(self._pool.close(), 5)
            except LOST:
                self._pool.terminate()
            self._pool = None

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        """A connection, for as long as the block lasts."""
        if self._single is not None:
            async with self._lock:
                yield self._single
            return
        if self._pool is None:
            raise asyncpg.InterfaceError("the pool is closed")
        pool = self._pool
        connection = await pool.acquire()
        try:
            yield connection
        finally:
            await _release(pool, connection)

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[Any]:
        """A connection for a user's code, for as long as that takes: at most half of them, so that the engine never waits for its users."""
        async with self._lendable, self.acquire() as connection:
            yield connection

    async def listener(self) -> Any:
        """A connection of its own for LISTEN, or None where there is none to be had (a single connection is used by all)."""
        if self._listen_dsn is not None:
            return await asyncpg.connect(self._listen_dsn, statement_cache_size=0, timeout=CONNECT_S)
        if self.dsn is not None:
            return None
        if self._pool is not None:
            return await self._pool.acquire()
        return self._single

    async def release_listener(self, connection: Any) -> None:
        """Give back what `listener` gave."""
        if self._listen_dsn is not None:
            connection.terminate()
        elif self._pool is not None:
            await self._pool.release(connection)


async def _release(pool: asyncpg.Pool, connection: Any) -> None:
    """Give a connection back; one that was cut off may be back already, and what it was cut off from tells more."""
    try:
        await pool.release(connection)
    except asyncpg.InternalClientError as error:
        logger.debug("a lost connection could not be given back: %s", error)


def is_passing(error: Exception) -> bool:
    """Whether the same statement may well succeed when it is tried again."""
    return isinstance(error, asyncpg.PostgresError) and (error.sqlstate or "").startswith(PASSING)


async def _keep(_: Any) -> None:
    """Nothing is left on a connection that the next user would have to be kept from."""


async def _check(connection: Any) -> None:
    server = await connection.fetchrow(paragraphs("connection")["server"])
    if server["version"] < OLDEST:
        found = server["version"] // 10_000
        raise ConnectionError(f"this server is PostgreSQL {found}; HotMesh needs 14 or newer: point HOTMESH_DSN at a newer server.")
    if server["standby"]:
        raise ConnectionError("this server is a read-only standby; point HOTMESH_DSN at its primary.")


_SENTENCES: dict[type[BaseException], str] = {
    asyncpg.InvalidPasswordError: "the password was refused; check the user and password in HOTMESH_DSN.",
    asyncpg.InvalidAuthorizationSpecificationError: "the server refused this role; check the user in HOTMESH_DSN and pg_hba.conf.",
    asyncpg.InvalidCatalogNameError: "the database doesn't exist; create it with createdb, or correct its name in HOTMESH_DSN.",
    asyncpg.InsufficientPrivilegeError: "the role may not connect to this database; GRANT CONNECT to it, or use another role.",
    asyncpg.TooManyConnectionsError: "the server has no connection left; raise max_connections, or close some.",
    asyncpg.CannotConnectNowError: "the server is starting up or shutting down; try again in a moment.",
}


def _sentence(error: BaseException) -> str:
    for kind, text in _SENTENCES.items():
        if isinstance(error, kind):
            return text
    return f"Postgres can't be reached ({_reason(error)}); start it, or correct HOTMESH_DSN."


def _reason(error: BaseException) -> object:
    match error:
        case TimeoutError():
            return f"no answer within {CONNECT_S:g} s"
        case socket.gaierror():
            return "no such host"
        case FileNotFoundError():
            return "no server's socket is there"
        case ConnectionRefusedError():
            return "nothing listens at this address"
        case OSError(strerror=str(words)):
            return words
        case ValueError() if not isinstance(error, asyncpg.InterfaceError):
            return "its address can't be read"
    return error
