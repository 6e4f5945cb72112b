"""Workers under a role of their own: `RestrictedWorker`, and the part of `HotMesh` that provisions the roles."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, urlsplit, urlunsplit

from hotmesh import codec, ids, settings
from hotmesh.client.termination import Termination
from hotmesh.client.worker import Worker, as_worker
from hotmesh.runtime.node import Node
from hotmesh.runtime.restricted import RestrictedNode
from hotmesh.store.address import plain_dsn
from hotmesh.store.migrate import schema_of
from hotmesh.store.pool import Pool
from hotmesh.store.roles import Credentials, Roles, WorkerRole


class WorkerRoles:
    """The part of `HotMesh` that makes and takes worker roles; its connection needs CREATEROLE."""

    if TYPE_CHECKING:

        @property
        def node(self) -> Node:
            """The running part."""

    async def provision_worker_role(self, topics: Sequence[str], *, name: str | None = None) -> Credentials:
        """Make a Postgres role that can only claim, renew and answer tasks of `topics`. Raises ConnectionError, RoleError."""
        return await self._roles().provision(topics, name)

    async def rotate_worker_password(self, role: str) -> Credentials:
        """Give a worker role a new password. Raises RoleError."""
        return await self._roles().rotate(role)

    async def revoke_worker_role(self, role: str) -> None:
        """Take a worker role away and end its sessions. Raises RoleError."""
        await self._roles().revoke(role)

    async def list_worker_roles(self) -> list[WorkerRole]:
        """Every worker role of the app."""
        return await self._roles().list()

    def _roles(self) -> Roles:
        return Roles(self.node.pool, self.node.schema)


class RestrictedWorker:
    """Works for some topics under a worker role: `async with RestrictedWorker(app_id=…, connection=…, credentials=…, workers=[…]):`."""

    def __init__(
        self,
        *,
        app_id: str,
        connection: str,
        workers: Sequence[Worker | Mapping[str, Any]],
        credentials: Credentials | None = None,
        **options: Any,
    ) -> None:
        """`connection`: a DSN; `credentials` replace its user and password. Raises SettingsError, ValueError (transactional)."""
        self._settings = settings.load(**options)
        codec.register_from(self._settings.codec)
        self._termination = Termination()
        dsn = plain_dsn(connection)
        self._pool = Pool(dsn if credentials is None else with_credentials(dsn, credentials), max_size=4)
        self._node = RestrictedNode(self._pool, schema_of(app_id), ids.make_guid(), self._settings)
        for worker in workers:
            self._node.add(as_worker(worker).consumer())

    async def start(self) -> None:
        """Connect and begin. Raises ConnectionError, and RoleError for a role that may not work for all of the topics."""
        await self._pool.open()
        try:
            await self._node.start()
        except BaseException:
            await self._pool.close()
            raise

    async def stop(self, grace_s: float = 10.0) -> None:
        """Finish what runs, give the rest back, disconnect."""
        await self._node.stop(grace_s)
        await self._pool.close()

    async def __aenter__(self) -> Self:
        self._termination.watch()
        try:
            await self.start()
        except BaseException as error:
            self._termination.unwatch(error)
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop. After a SIGTERM, which ends the block as Ctrl-C does, SystemExit(143)."""
        try:
            await asyncio.shield(self.stop())
        finally:
            self._termination.unwatch(error)


def with_credentials(dsn: str, credentials: Credentials) -> str:
    """A DSN with another user and password."""
    parts = urlsplit(dsn)
    place = parts.netloc.rpartition("@")[2]
    user = f"{quote(credentials.role, safe='')}:{quote(credentials.password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{user}@{place}"))
