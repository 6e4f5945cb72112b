"""What `hotmesh db doctor` looks at."""

from __future__ import annotations

from typing import NamedTuple

from hotmesh.store.migrate import missing
from hotmesh.store.pool import Pool
from hotmesh.store.queries import Queries, paragraphs


class Server(NamedTuple):
    """The server as the role sees it."""

    version: str
    database: str
    role: str
    may_create: bool
    connections: int
    max_connections: int
    synchronous_commit: str
    fsync: str


class Health(NamedTuple):
    """An app in numbers."""

    jobs: int
    size: str
    version: str | None
    members: int
    expired: int
    waiting: int
    late: int
    dead: int


class Checkup:
    """Reads what tells health."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def server(self) -> Server:
        """The server, the role, and how safe a commit is."""
        async with self._pool.acquire() as connection:
            return Server(*await connection.fetchrow(paragraphs("checkup")["server"]))

    async def missing_migrations(self, app_id: str) -> int:
        """How many migrations an app lacks. Raises SchemaError when its tables aren't those of this HotMesh."""
        async with self._pool.acquire() as connection:
            return await missing(connection, app_id)

    async def app(self, schema: str) -> Health:
        """How an app stands."""
        async with self._pool.acquire() as connection:
            return Health(*await connection.fetchrow(Queries("checkup", schema)["app"]))
