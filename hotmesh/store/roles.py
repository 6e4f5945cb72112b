"""Worker roles: Postgres roles that can only claim, renew and answer tasks of their topics (migration 0007)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg

from hotmesh import codec
from hotmesh.errors import ConnectionError, RoleError
from hotmesh.machine.events import Response
from hotmesh.store.pool import Pool
from hotmesh.store.queries import Queries
from hotmesh.store.streams import ClaimedTask, Lease, read_task, response_json
from hotmesh.values import Json, dumps


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a restricted worker connects with."""

    role: str
    password: str = field(repr=False)
    topics: tuple[str, ...]


class WorkerRole(NamedTuple):
    """A role as it is listed."""

    role: str
    topics: tuple[str, ...]
    created_at: datetime
    rotated_at: datetime


class Roles:
    """The administrator's side."""

    def __init__(self, pool: Pool, schema: str) -> None:
        self._pool = pool
        self._schema = schema
        self._sql = Queries("roles", schema)

    async def provision(self, topics: Sequence[str], name: str | None = None) -> Credentials:
        """Make a role for `topics`, or give an existing one these topics and a new password.

        Raises ConnectionError when this connection may not create roles, RoleError when the name is another role's.
        """
        role = name or f"{self._schema}_worker_{secrets.token_hex(4)}"
        credentials = Credentials(role, secrets.token_urlsafe(24), tuple(topics))
        try:
            await self._fetch("provision", role, credentials.password, list(topics))
        except asyncpg.InsufficientPrivilegeError as error:
            raise ConnectionError(f"this role may not create worker roles ({error}): connect as one with CREATEROLE.") from error
        except asyncpg.DuplicateObjectError as error:
            raise RoleError(f"{error}; choose another name.") from error
        return credentials

    async def rotate(self, role: str) -> Credentials:
        """Give a role a new password; sessions that are open stay. Raises RoleError when it is no worker role."""
        rows = await self._fetch("topics", role)
        if not rows:
            raise RoleError(f"{role!r} is no worker role of this app; `list_worker_roles` names them.")
        return await self.provision(rows[0][0], role)

    async def revoke(self, role: str) -> None:
        """Take a role away: its sessions end, its tasks come back when their leases run out. Raises RoleError when it is no worker role."""
        if not (await self._fetch("revoke", role))[0][0]:
            raise RoleError(f"{role!r} is no worker role of this app; `list_worker_roles` names them.")

    async def list(self) -> list[WorkerRole]:
        """Every worker role of the app."""
        return [WorkerRole(row[0], tuple(row[1]), row[2], row[3]) for row in await self._fetch("list")]

    async def _fetch(self, name: str, *arguments: Any) -> Any:
        async with self._pool.acquire() as connection:
            return await connection.fetch(self._sql[name], *arguments)


class RoleStreams:
    """The worker's side: what its role may call."""

    def __init__(self, pool: Pool, schema: str, owner: str, lease_s: float) -> None:
        self._pool = pool
        self._sql = Queries("roles", schema)
        self._owner = owner
        self._lease_s = lease_s

    async def claim_tasks(self, wanted: dict[str, int], _token: int) -> list[ClaimedTask]:
        """Lease up to `wanted[topic]` tasks of each topic; the server draws the token."""
        rows = await self._fetch("claim", self._owner, self._lease_s, list(wanted), list(wanted.values()))
        return [read_task(row, row["token"]) for row in rows]

    async def renew(self, tasks: Sequence[Lease], _messages: Sequence[Lease]) -> set[str]:
        """Renew leases; the ids that are still ours."""
        rows = await self._fetch("renew", self._lease_s, [id_ for id_, _ in tasks], [token for _, token in tasks])
        return {str(row[0]) for row in rows}

    async def give_back(self, tasks: Sequence[Lease], _messages: Sequence[Lease] = ()) -> None:
        """Return leases unused."""
        await self._fetch("give_back", [id_ for id_, _ in tasks], [token for _, token in tasks])

    async def answer(self, task: ClaimedTask, response: Response) -> bool:
        """Send an answer to the engines; false when the lease was lost."""
        return bool((await self._fetch("answer", task.id, task.token, dumps(response_json(response))))[0][0])

    async def pending(self, task: ClaimedTask, response: Response) -> str | None:
        """Send a pending answer and keep the task; the message's id, None when the lease was lost."""
        id_ = (await self._fetch("pending", task.id, task.token, response.number, dumps(response_json(response))))[0][0]
        return None if id_ is None else str(id_)

    async def taken(self, task: ClaimedTask, message_id: str) -> bool | None:
        """Whether an engine has taken a pending answer; None when the lease was lost."""
        taken: bool | None = (await self._fetch("taken", task.id, task.token, message_id))[0][0]
        return taken

    async def brakes(self) -> dict[str, int]:
        """The brakes on the role's topics: milliseconds by scope, -1 = paused."""
        return {row["scope"]: row["ms"] for row in await self._fetch("brakes")}

    async def join(self, topics: Sequence[str], profile: Json) -> str:
        """Take part in the mesh; the member's name. Raises RoleError when the role may not work for all of `topics`."""
        try:
            return str((await self._fetch("join", self._owner, list(topics), dumps(profile)))[0][0])
        except asyncpg.InsufficientPrivilegeError as error:
            raise RoleError(f"{error}; `list_worker_roles` tells what a role may do, `provision_worker_role` changes it.") from error

    async def seen(self) -> bool:
        """Be seen; false when the others have given this member up meanwhile."""
        return bool((await self._fetch("seen", self._owner))[0][0])

    async def leave(self) -> None:
        """Take part no more."""
        await self._fetch("leave", self._owner)

    async def heartbeat(self, lease: Lease, details: Json) -> bool:
        """Keep what a running task says of itself, and renew its lease; false when the lease was lost."""
        return bool((await self._fetch("heartbeat", *lease, self._lease_s, codec.to_text(details)))[0][0])

    async def next_due(self, _topics: Sequence[str]) -> tuple[float | None, float | None]:
        """A role can't look ahead; it polls."""
        return None, None

    async def _fetch(self, name: str, *arguments: Any) -> Any:
        async with self._pool.acquire() as connection:
            return await connection.fetch(self._sql[name], *arguments)
