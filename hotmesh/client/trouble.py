"""Faults of Postgres as errors of ours: one sentence that says what is wrong and what to do."""

from __future__ import annotations

import socket

import asyncpg

from hotmesh.errors import ConnectionError, HotMeshError, SchemaError
from hotmesh.store.pool import LOST

_OTHER_TABLES = (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError, asyncpg.UndefinedFunctionError, asyncpg.InvalidSchemaNameError)


def foreign(error: BaseException) -> HotMeshError | None:
    """Our error for one of asyncpg's or of the network's, None for what is none of these."""
    if isinstance(error, asyncpg.InsufficientPrivilegeError):
        return ConnectionError(f"the database refused: {error}; GRANT that right to the role in HOTMESH_DSN, or use another role.")
    if isinstance(error, _OTHER_TABLES):
        return SchemaError(f"the app's tables are not those of this HotMesh ({error}); run `hotmesh db migrate`.")
    if isinstance(error, asyncpg.ReadOnlySQLTransactionError):
        return ConnectionError(f"the database is read-only ({error}); point HOTMESH_DSN at its primary.")
    if isinstance(error, asyncpg.DiskFullError):
        return ConnectionError(f"the database has no space left ({error}); free some.")
    if isinstance(error, (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, *LOST)):
        return ConnectionError(f"the connection to Postgres was lost ({error or type(error).__name__}); try again when it is back.")
    return None


_ABSENT: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((FileNotFoundError, ConnectionRefusedError), "Postgres is not running."),
    ((TimeoutError,), "Postgres doesn't answer."),
    ((socket.gaierror,), "The host of Postgres can't be found."),
    ((asyncpg.InvalidPasswordError,), "Postgres refuses the password."),
    ((asyncpg.InvalidAuthorizationSpecificationError,), "Postgres refuses this role."),
    ((asyncpg.InvalidCatalogNameError,), "The database is not there any more."),
    ((asyncpg.CannotConnectNowError,), "Postgres is starting, or shutting down."),
    ((asyncpg.TooManyConnectionsError,), "Postgres has no connection left."),
    ((asyncpg.AdminShutdownError, asyncpg.CrashShutdownError, asyncpg.PostgresConnectionError), "Postgres has ended the connection."),
    ((asyncpg.InterfaceError, asyncpg.InternalClientError), "Postgres has ended the connection."),
    ((OSError, asyncpg.IdleInTransactionSessionTimeoutError), "Postgres can't be reached."),
)
"""What is said of a database that was there before, by the first kind of fault that fits."""


def absence(error: BaseException) -> str | None:
    """Why a database that was there can't be read now, in a short sentence; None for what is no such fault."""
    if isinstance(error, ConnectionError):
        return str(error)
    return next((told for kinds, told in _ABSENT if isinstance(error, kinds)), None)


def sentence(error: Exception) -> str | None:
    """An error of ours or of the database in a sentence; None for what is neither."""
    ours = error if isinstance(error, HotMeshError) else foreign(error)
    if ours is None and isinstance(error, asyncpg.PostgresError):
        return f"Postgres says: {error}."
    return None if ours is None else str(ours)
