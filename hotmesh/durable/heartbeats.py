"""The heartbeats of a running activity: they keep its time limits, and what they say is stored for the next attempt."""

from __future__ import annotations

import asyncio
import time

from hotmesh.durable.activity import ActivityContext
from hotmesh.errors import HotMeshError
from hotmesh.runtime.stream import Link

STORE_EVERY_S = 1.0


class Heart:
    """See the head of the module. An activity may beat in a thread."""

    def __init__(self, about: ActivityContext, link: Link | None) -> None:
        self.heard = time.monotonic()
        """When it was heard of last."""
        self._about = about
        self._link = link
        self._loop = asyncio.get_running_loop()
        self._running = asyncio.current_task()
        self._storing: asyncio.Task[None] | None = None
        self._unsaid = False
        """Something was said that is not stored."""
        about.beat = self._beat

    def _beat(self) -> None:
        self.heard = time.monotonic()
        self._unsaid = True
        self._loop.call_soon_threadsafe(self._begin_to_store)

    def _begin_to_store(self) -> None:
        if self._link is not None and (self._storing is None or self._storing.done()):
            self._storing = asyncio.create_task(self._store(self._link))

    async def _store(self, link: Link) -> None:
        """Store what was said, and again what was said meanwhile. When the lease is lost, nobody waits any more: the activity ends."""
        while self._unsaid:
            if not await self._store_now(link):
                self._about.is_cancelled = True
                if self._running is not None:
                    self._running.cancel("nobody waits for this activity any more")
                return
            await asyncio.sleep(STORE_EVERY_S)

    async def _store_now(self, link: Link) -> bool:
        self._unsaid = False
        try:
            return await link.heartbeat(self._about.details)
        except BaseException:
            self._unsaid = True
            raise

    async def stop(self, *, failed: bool) -> None:
        """Beat no more; the last words of an attempt that failed are stored."""
        self._running = None
        if self._storing is not None:
            self._storing.cancel()
            await asyncio.wait([self._storing])
        if failed and self._unsaid and self._link is not None:
            await self._store_now(self._link)


class ActivityOverTime(HotMeshError):
    """An activity took too long, or fell silent."""

    code = 596
