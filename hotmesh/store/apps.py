"""The apps of a database."""

from __future__ import annotations

from hotmesh.store.pool import Pool
from hotmesh.store.queries import paragraphs


class Apps:
    """The table `hotmesh.apps`, shared by all."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def names(self) -> list[str]:
        """The ids of the apps that have tables here, in alphabetical order."""
        async with self._pool.acquire() as connection:
            if not await connection.fetchval(paragraphs("migrations")["has_table"]):
                return []
            return [row[0] for row in await connection.fetch(paragraphs("apps")["list"])]
