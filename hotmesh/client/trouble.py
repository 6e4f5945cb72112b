"""Faults of Postgres as errors of ours: one sentence that says what is wrong and what to do."""

from __future__ import annotations

import asyncpg

from hotmesh.errors import ConnectionError, HotMeshError, SchemaError
from hotmesh.store.pool import LOST


def foreign(error: BaseException) -> HotMeshError | None:
    """Our error for one of asyncpg's or of the network's, None for what is none of these."""
    if isinstance(error, asyncpg.InsufficientPrivilegeError):
        return ConnectionError(f"the database refused: {error}; GRANT that right to the role in HOTMESH_DSN, or use another role.")
    if isinstance(error, (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError, asyncpg.UndefinedFunctionError)):
        return SchemaError(f"the app's tables are not those of this HotMesh ({error}); run `hotmesh db migrate`.")
    if isinstance(error, asyncpg.ReadOnlySQLTransactionError):
        return ConnectionError(f"the database is read-only ({error}); point HOTMESH_DSN at its primary.")
    if isinstance(error, asyncpg.DiskFullError):
        return ConnectionError(f"the database has no space left ({error}); free some.")
    if isinstance(error, (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, *LOST)):
        return ConnectionError(f"the connection to Postgres was lost ({error or type(error).__name__}); try again when it is back.")
    return None
