"""A restricted worker: a process whose Postgres role can only claim, renew and answer tasks of its topics; engines do the rest."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from hotmesh import clock
from hotmesh.machine.events import Response
from hotmesh.runtime.bus import Bus
from hotmesh.runtime.claims import Leases, TaskClaims
from hotmesh.runtime.profile import HEARTBEAT_S, process, served
from hotmesh.runtime.router import Consumer, Router
from hotmesh.runtime.service import Service
from hotmesh.runtime.work import Counts, DroppedEvent
from hotmesh.settings import Settings
from hotmesh.store.pool import LOST, Pool
from hotmesh.store.roles import RoleStreams
from hotmesh.store.streams import ClaimedTask
from hotmesh.telemetry import Telemetry
from hotmesh.values import Json

logger = logging.getLogger("hotmesh.worker")

T = TypeVar("T")

TAKEN_S = (0.005, 0.2)
"""Pauses between two looks whether a pending answer was taken: the first, and the longest."""
AGAIN_S = (0.05, 2.0)
"""Pauses before what a lost connection cut short is tried again."""


class RestrictedNode:
    """One restricted process: router, claims, leases, and the bus to be woken by."""

    def __init__(self, pool: Pool, schema: str, guid: str, settings: Settings) -> None:
        self.streams = RoleStreams(pool, schema, guid, settings.lease_s)
        self.router = Router(self, Telemetry(schema, enabled=settings.telemetry), self.streams)
        self.leases = Leases(self.streams, settings.lease_s, self.router, {})
        self.claims = TaskClaims(self.streams, settings.poll_s, self.router, self.leases)
        self.bus: Bus | None = None
        self.presence = Presence(self)
        self.schema = schema
        self.guid = guid
        self._pool = pool
        self.started_at = clock.now()
        self._answering: set[asyncio.Task[Any]] = set()

    def add(self, consumer: Consumer) -> None:
        """Serve a topic. Raises ValueError for a transactional worker: the role may not write the job's rows."""
        if consumer.transactional:
            raise ValueError(f"the worker of {consumer.topic!r} is transactional, which a restricted worker can't be; run it under HotMesh")
        self.router.add(consumer)

    async def start(self) -> None:
        """Begin to work. Raises RoleError."""
        await self.announce()
        self.bus = Bus(self._pool, self.schema, self.guid)
        self.bus.on_message = self._on_message
        self.bus.on_connected = self._brake
        await self._brake()
        for service in self.services():
            service.start()

    def services(self) -> list[Service]:
        """Every loop."""
        return [*([self.bus] if self.bus is not None else []), self.claims, self.leases, self.presence]

    async def announce(self) -> None:
        """Tell the mesh who this is and what it serves, and learn the name that it is known by. Raises RoleError."""
        self.guid = await self.streams.join(list(self.router.consumers), self.profile())

    def profile(self) -> dict[str, Json]:
        """Who this is and how it goes, as the other members tell it of themselves; it commits nothing itself."""
        return {
            "guid": self.guid,
            "app_id": self.schema,
            "version": None,
            "topics": served(self.router),
            "counts": dict.fromkeys(Counts.__slots__, 0),
            "error_count": sum(service.errors for service in self.services()),
            "inbox": 0,
            "throttle_ms": 0,
            "started_at": self.started_at.isoformat(),
            **process(),
        }

    async def stop(self, grace_s: float) -> None:
        """No new claims; running callbacks finish within `grace_s` seconds; leases are given back."""
        await self.claims.stop()
        await self.router.drain(grace_s)
        if self._answering:
            await asyncio.wait(set(self._answering), timeout=max(1.0, grace_s))
        held = [*(each.lease for each in self.router.held.values()), *self.router.cut]
        try:
            if held:
                await self.streams.give_back(held)
            await self.streams.leave()
        except LOST as error:
            logger.warning("the database was lost while leaving (%s); what is held comes back when its lease ends", error)
        for service in self.services():
            await service.stop()

    def answer(self, task: ClaimedTask, response: Response, *, keep: bool = False) -> Awaitable[object] | None:
        """Send an answer to the engines. With `keep`, the task stays leased; await it until an engine has taken the answer."""
        if keep:
            return self._keep(task, response)
        sending = asyncio.create_task(self._send(task, response))
        self._answering.add(sending)
        sending.add_done_callback(self._sent)
        return None

    def take_inline(self, task: ClaimedTask) -> None:
        """A restricted worker runs no workflows."""
        raise TypeError("a restricted worker can't run workflow functions: they need an engine")

    async def answer_within(self, task: ClaimedTask, work: Callable[[Any], Awaitable[Response]]) -> None:
        """A restricted worker has no transaction to share."""
        raise TypeError("a restricted worker can't be transactional: its role may not write the job's rows")

    async def _send(self, task: ClaimedTask, response: Response) -> None:
        try:
            await _insist(lambda: self.streams.answer(task, response))
        finally:
            self.router.release((task.id, task.token))

    def _sent(self, sending: asyncio.Task[Any]) -> None:
        self._answering.discard(sending)
        if not sending.cancelled() and (error := sending.exception()) is not None:
            logger.error("an answer could not be given (%s: %s); its task comes back when its lease ends", type(error).__name__, error)

    async def _keep(self, task: ClaimedTask, response: Response) -> None:
        """Answers of one task stay in their order: each waits until the one before is taken. Raises DroppedEvent when the lease is lost."""
        message_id = await _insist(lambda: self.streams.pending(task, response))
        pause_s, longest_s = TAKEN_S
        while message_id is not None:
            taken = await _insist(lambda: self.streams.taken(task, message_id))
            if taken:
                return
            if taken is None:
                break
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, longest_s)
        raise DroppedEvent(f"the lease of the task {task.id} was lost")

    async def _brake(self) -> None:
        brakes = await self.streams.brakes()
        for consumer in self.router.consumers.values():
            both = brakes.get("all", 0), brakes.get(f"topic:{consumer.topic}", 0)
            consumer.throttle_ms = -1 if min(both) < 0 else max(both)
        self.claims.alarm.ring()

    async def _on_message(self, kind: str, body: Json, _sender: str) -> None:
        if kind == "changed":
            await self._brake()
        elif kind == "tasks":
            self.claims.alarm.ring()
        elif kind == "ping" and self.bus is not None:
            self.bus.say("pong", {"nonce": body, "profile": self.profile()})


class Presence(Service):
    """Shows the mesh that this worker is alive."""

    def __init__(self, node: RestrictedNode) -> None:
        super().__init__("presence")
        self._node = node

    async def run(self) -> None:
        """Be seen, again and again."""
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            if not await self._node.streams.seen():
                await self._node.announce()


async def _insist(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Do what has the same effect once and twice, again after each loss of the connection."""
    pause_s, longest_s = AGAIN_S
    while True:
        try:
            return await work()
        except LOST as error:
            logger.debug("the database was lost (%s); the answer is given again", error)
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))
            pause_s = min(2 * pause_s, longest_s)
