"""The timers that this process has set, fired from memory on time.

A timer is a message with a future `visible_at` and its setter as owner. The setter fires it without claiming it: the step's commit deletes
the row, and whoever deletes it has fired it. Other engines leave an owned timer alone until it is a moment overdue, so that a timer whose
setter died is late by that moment and the poll, and never lost.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from typing import NamedTuple

from hotmesh.machine.dimension import Dimension
from hotmesh.machine.effects import Message
from hotmesh.runtime.service import Service

HORIZON_S = 60.0
"""Timers further off are left to the stream."""

MOST = 20_000
"""Timers held in memory at once."""


class Timer(NamedTuple):
    """A timer of one hook; `at` is in the loop's time."""

    at: float
    message_id: str
    job_id: str
    activity_id: str
    dimension: Dimension


class OwnTimers(Service):
    """Fires this process's timers."""

    def __init__(self, fire: Callable[[Timer], None]) -> None:
        super().__init__("timers")
        self._fire = fire
        self._timers: list[Timer] = []
        self._changed = asyncio.Event()

    def set(self, message: Message, since: float) -> bool:
        """Keep a timer whose row says that it was set at `since` (loop time); false when it is left to the stream."""
        if message.delay_s is None or message.delay_s > HORIZON_S or len(self._timers) >= MOST:
            return False
        timer = Timer(since + message.delay_s, message.id, message.job_id or "", message.activity_id or "", message.dimension or ())
        heapq.heappush(self._timers, timer)
        if self._timers[0] is timer:
            self._changed.set()
        return True

    async def run(self) -> None:
        """Fire, wait, fire."""
        now = asyncio.get_running_loop().time
        while True:
            while self._timers and self._timers[0].at <= now():
                self._fire(heapq.heappop(self._timers))
            self._changed.clear()
            try:
                async with asyncio.timeout_at(self._timers[0].at if self._timers else None):
                    await self._changed.wait()
            except TimeoutError:
                continue
