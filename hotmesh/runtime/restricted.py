"""A restricted worker: a process whose Postgres role can only claim, renew and answer tasks of its topics; engines do the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from hotmesh.machine.events import Response
from hotmesh.runtime.bus import Bus
from hotmesh.runtime.claims import Leases, TaskClaims
from hotmesh.runtime.router import Router
from hotmesh.settings import Settings
from hotmesh.store.pool import Pool
from hotmesh.store.roles import RoleStreams
from hotmesh.store.streams import ClaimedTask
from hotmesh.telemetry import Telemetry
from hotmesh.values import Json


class RestrictedNode:
    """One restricted process: router, claims, leases, and the bus to be woken by."""

    def __init__(self, pool: Pool, schema: str, guid: str, settings: Settings) -> None:
        self.streams = RoleStreams(pool, schema, guid, settings.lease_s)
        self.router = Router(self, Telemetry(schema, enabled=settings.telemetry), self.streams)
        self.claims = TaskClaims(self.streams, settings.poll_s, self.router)
        self.leases = Leases(self.streams, settings.lease_s, self.router, {})
        self.bus = Bus(pool, schema, guid)
        self.bus.on_message = self._on_message
        self.bus.on_connected = self._on_connected
        self._answering: set[asyncio.Task[Any]] = set()

    def start(self) -> None:
        """Begin to work."""
        for service in (self.bus, self.claims, self.leases):
            service.start()

    async def stop(self, grace_s: float) -> None:
        """No new claims; running callbacks finish within `grace_s` seconds; leases are given back."""
        await self.claims.stop()
        await self.router.drain(grace_s)
        while self._answering:
            await asyncio.wait(set(self._answering))
        held = [each.lease for each in self.router.held.values()]
        if held:
            await self.streams.give_back(held)
        for service in (self.leases, self.bus):
            await service.stop()

    def answer(self, task: ClaimedTask, response: Response, *, keep: bool = False) -> Awaitable[object] | None:
        """Send an answer to the engines."""
        if keep:
            raise TypeError("a restricted worker answers once; yield nothing but the last answer")
        self._spawn(self._send(task, response))
        return None

    def take_inline(self, task: ClaimedTask) -> None:
        """A restricted worker runs no workflows."""
        raise TypeError("a restricted worker can't run workflow functions: they need an engine")

    async def answer_within(self, task: ClaimedTask, work: Callable[[Any], Awaitable[Response]]) -> None:
        """A restricted worker has no transaction to share."""
        raise TypeError("a restricted worker can't be transactional: its role may not write the job's rows")

    async def _send(self, task: ClaimedTask, response: Response) -> None:
        await self.streams.answer(task, response)
        self.router.release(task.id)

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _on_message(self, kind: str, _body: Json, _sender: str) -> None:
        if kind in ("tasks", "changed"):
            self.claims.alarm.ring()

    async def _on_connected(self) -> None:
        self.claims.alarm.ring()
