"""What the members of an app's mesh share: who takes part, which version is active, the brakes, the versions' programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from hotmesh.errors import VersionError
from hotmesh.store.pool import Pool
from hotmesh.store.queries import Queries
from hotmesh.values import Json, dumps, loads

if TYPE_CHECKING:
    from hotmesh.program import Program


class MeshState(NamedTuple):
    """`epoch` grows whenever members, versions or brakes change."""

    epoch: int
    version: str | None


class Member(NamedTuple):
    """A process that takes part."""

    guid: str
    topics: tuple[str, ...]
    subscriptions: tuple[str, ...]
    profile: Json
    seen_at: datetime

    @property
    def is_engine(self) -> bool:
        """Whether it takes steps; a worker under a role of its own doesn't."""
        return "role" not in self.profile


class Version(NamedTuple):
    """A deployed version."""

    version: str
    digest: str
    deployed_at: datetime
    activated_at: datetime | None
    active: bool


class Mesh:
    """The tables `mesh`, `members`, `throttles` and `versions`."""

    def __init__(self, pool: Pool, schema: str) -> None:
        self._pool = pool
        self._mesh = Queries("mesh", schema)
        self._versions = Queries("versions", schema)

    async def state(self) -> MeshState:
        """The epoch and the active version."""
        return MeshState(*(await self._fetch(self._mesh["state"]))[0])

    async def bump(self) -> int:
        """Make every member look again, at its next commit or poll."""
        return int((await self._fetch(self._mesh["bump"]))[0][0])

    async def join(self, guid: str, topics: Sequence[str], subscriptions: Sequence[str], profile: Json) -> None:
        """Take part, or say what has changed."""
        await self._fetch(self._mesh["join"], guid, list(topics), list(subscriptions), dumps(profile))
        await self.bump()

    async def leave(self, guid: str) -> None:
        """Take part no more."""
        await self._fetch(self._mesh["leave"], guid)
        await self.bump()

    async def heartbeat(self, guid: str, profile: Json) -> bool:
        """Be seen; false when the others have given this member up meanwhile: it has to join again."""
        return bool(await self._fetch(self._mesh["heartbeat"], guid, dumps(profile)))

    async def members(self) -> list[Member]:
        """Who takes part."""
        rows = await self._fetch(self._mesh["members"])
        return [Member(row[0], tuple(row[1]), tuple(row[2]), loads(row[3]), row[4]) for row in rows]

    async def throttles(self) -> dict[str, int]:
        """Every brake: milliseconds by scope, -1 = paused."""
        return {row["scope"]: row["ms"] for row in await self._fetch(self._mesh["throttles"])}

    async def throttle(self, scope: str, ms: int) -> None:
        """Set a brake; 0 takes it away."""
        if ms:
            await self._fetch(self._mesh["throttle"], scope, ms)
        else:
            await self._fetch(self._mesh["unthrottle"], scope)
        await self.bump()

    async def deploy(self, program: Program, source: str | None) -> None:
        """Store a program. Raises VersionError when jobs run under its version with another content."""
        await self._fetch(self._versions["deploy"], program.version, dumps(program.to_json()), source, program.digest)
        stored = (await self._fetch(self._versions["digest"], program.version))[0][0]
        if stored != program.digest:
            raise VersionError(
                f"version {program.version} of {program.id} is deployed with another content and jobs run under it: "
                "raise app.version, then deploy again."
            )
        await self.bump()

    async def activate(self, version: str) -> int:
        """Give new jobs this version; the epoch. Raises VersionError when nobody deployed it."""
        rows = await self._fetch(self._versions["activate"], version)
        if not rows:
            known = ", ".join(each.version for each in await self.versions()) or "none"
            raise VersionError(f"version {version} is not deployed (there is {known}): deploy it first.")
        return int(rows[0][0])

    async def program(self, version: str) -> Program | None:
        """The program of a version."""
        from hotmesh.program import Program

        rows = await self._fetch(self._versions["program"], version)
        return Program.from_json(loads(rows[0][0])) if rows else None

    async def source(self, version: str) -> str | None:
        """The YAML text that a version was deployed from."""
        rows = await self._fetch(self._versions["source"], version)
        return rows[0][0] if rows else None

    async def versions(self) -> list[Version]:
        """Every version, the newest first."""
        return [Version(*row) for row in await self._fetch(self._versions["list"])]

    async def _fetch(self, statement: str, *arguments: Any) -> list[Any]:
        async with self._pool.acquire() as connection:
            rows: list[Any] = await connection.fetch(statement, *arguments)
        return rows
