"""The caller's own transaction, whichever driver it is of: asyncpg, psycopg 3 (sync and async), SQLAlchemy (sync and async) over either."""

from __future__ import annotations

import asyncio
import inspect
import re
from typing import Any, Protocol

from hotmesh.errors import ConnectionError
from hotmesh.store.queries import paragraphs

_PLACEHOLDER = re.compile(r"\$\d+")

SAVEPOINT = "hotmesh_start"


class Transaction(Protocol):
    """A connection inside a transaction, as far as we use it. Errors have `sqlstate`, `detail` and `constraint_name`."""

    async def execute(self, statement: str) -> Any:
        """Run a statement without arguments."""

    async def fetchrow(self, statement: str, *arguments: Any) -> Any:
        """The first row, by position and name."""

    async def fetchval(self, statement: str, *arguments: Any) -> Any:
        """The first value of the first row."""


class DriverError(Exception):
    """An error of another driver than asyncpg, with the fields of Postgres' error."""

    def __init__(self, error: Any) -> None:
        super().__init__(str(error))
        self.sqlstate: str | None = getattr(error, "sqlstate", None)
        diagnosis = getattr(error, "diag", None)
        self.detail: str | None = getattr(diagnosis, "message_detail", None)
        self.constraint_name: str | None = getattr(diagnosis, "constraint_name", None)


class PsycopgTransaction:
    """A psycopg connection: `%s` for `$n` (our statements use each once, in order), lists for tuples."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def execute(self, statement: str) -> Any:
        """Run a statement without arguments."""
        return await self._run(statement, ())

    async def fetchrow(self, statement: str, *arguments: Any) -> Any:
        """The first row."""
        cursor = await self._run(statement, arguments)
        row = cursor.fetchone()
        row = await row if inspect.isawaitable(row) else row
        names = [column.name for column in cursor.description]
        return dict(zip(names, row.values() if isinstance(row, dict) else row, strict=True))

    async def fetchval(self, statement: str, *arguments: Any) -> Any:
        """The first value of the first row."""
        return next(iter((await self.fetchrow(statement, *arguments)).values()))

    async def _run(self, statement: str, arguments: tuple[Any, ...]) -> Any:
        import psycopg

        text = _PLACEHOLDER.sub("%s", statement.replace("%", "%%")) if arguments else statement
        values = [list(each) if isinstance(each, tuple) else each for each in arguments]
        try:
            if isinstance(self._connection, psycopg.AsyncConnection):
                return await self._connection.execute(text, values or None)
            return await asyncio.to_thread(self._connection.execute, text, values or None)
        except psycopg.Error as error:
            raise DriverError(error) from error


async def transaction_of(tx: Any) -> Transaction:
    """The caller's connection as a Transaction. Raises TypeError for what is none we know, ConnectionError outside a transaction."""
    connection = await _driver_connection(tx)
    module = type(connection).__module__.partition(".")[0]
    if module == "asyncpg":
        if not connection.is_in_transaction():
            raise ConnectionError("tx is not in a transaction: begin one, `async with connection.transaction():`, and pass the connection.")
        known: Transaction = connection
        return known
    if module == "psycopg":
        return PsycopgTransaction(connection)
    raise TypeError(f"tx is an asyncpg, psycopg or SQLAlchemy connection, not {type(tx).__module__}.{type(tx).__qualname__}")


async def _driver_connection(tx: Any) -> Any:
    """What lies under a SQLAlchemy connection or session, its transaction begun; anything else as it is."""
    if type(tx).__module__.partition(".")[0] != "sqlalchemy":
        return tx
    from sqlalchemy import text
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
    from sqlalchemy.orm import Session

    if isinstance(tx, AsyncSession):
        tx = await tx.connection()
    elif isinstance(tx, Session):
        tx = tx.connection()
    if isinstance(tx, AsyncConnection):
        await tx.execute(text(paragraphs("connection")["nothing"]))
        return (await tx.get_raw_connection()).driver_connection
    tx.execute(text(paragraphs("connection")["nothing"]))
    return tx.connection.driver_connection
