"""A light connection for those who only look: every app of a database, without joining any mesh."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from hotmesh import codec, settings
from hotmesh.client.views import Views
from hotmesh.errors import SchemaError
from hotmesh.store.address import resolve_dsn
from hotmesh.store.apps import Apps
from hotmesh.store.migrate import schema_of
from hotmesh.store.pool import Pool, Source


def embedded_runs() -> bool:
    """Whether the embedded Postgres is there and runs; nothing is started."""
    from hotmesh.store import embedded

    return embedded.cluster(settings.load()).status().state == "running"


class Observer:
    """Looks into a database: `async with Observer(dsn) as observer`."""

    def __init__(self, connection: Source | None = None) -> None:
        """`connection`: a DSN, an asyncpg pool or connection, None = as the settings say, else the embedded Postgres."""
        self._source = connection
        self._pool: Pool | None = None

    async def __aenter__(self) -> Self:
        source, chosen = self._source, settings.load()
        codec.register_from(chosen.codec)
        if source is None or isinstance(source, str):
            source = await asyncio.to_thread(resolve_dsn, source, chosen)
        self._pool = Pool(source, max_size=2)
        await self._pool.open()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    @property
    def pool(self) -> Pool:
        """The connections. Raises RuntimeError outside of `async with`."""
        if self._pool is None:
            raise RuntimeError("this observer is not connected: use `async with Observer(…)`.")
        return self._pool

    async def app_ids(self) -> list[str]:
        """Every app of the database."""
        return await Apps(self.pool).names()

    async def app(self, app_id: str) -> Views:
        """The views of an app. Raises SchemaError when the database has no such app."""
        known = await self.app_ids()
        if app_id not in known:
            there = f"there is {', '.join(known)}" if known else "there is none: deploy one first"
            raise SchemaError(f"the database has no app {app_id!r}; {there}")
        return Views(self.pool, schema_of(app_id), app_id)

    async def apps(self) -> list[Views]:
        """The views of every app."""
        return [Views(self.pool, schema_of(each), each) for each in await self.app_ids()]
