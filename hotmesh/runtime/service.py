"""A background loop with a life: started once, stopped once, owned by whoever started it."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod

logger = logging.getLogger("hotmesh.runtime")

AT_MOST_S = 5.0
"""Seconds that `stop` waits for what must not be cut off."""


class Service(ABC):
    """One loop. `start` and `stop` are idempotent; a loop that dies of a surprise says so and begins again after a pause."""

    restart_s = 0.5

    def __init__(self, name: str) -> None:
        self.name = name
        self._task: asyncio.Task[None] | None = None
        self._whole = asyncio.Lock()
        """Held by what must not be cut off half way: `stop` waits for it."""
        self.errors = 0

    @abstractmethod
    async def run(self) -> None:
        """The loop; returns or is cancelled."""

    def start(self) -> None:
        """Begin, unless begun."""
        if self._task is None:
            self._task = asyncio.create_task(self._keep_running(), name=f"hotmesh {self.name}")

    async def stop(self) -> None:
        """End, and wait for the end."""
        task, self._task = self._task, None
        if task is None:
            return
        try:
            await asyncio.wait_for(self._whole.acquire(), AT_MOST_S)
            self._whole.release()
        except TimeoutError:
            logger.warning("%s is cut off: what it waits for takes more than %g s", self.name, AT_MOST_S)
        task.cancel()
        await asyncio.wait([task])

    async def _keep_running(self) -> None:
        while True:
            try:
                await self.run()
            except Exception as error:
                self.errors += 1
                logger.warning("%s stopped by %s: %s; it begins again in %s s", self.name, type(error).__name__, error, self.restart_s)
                logger.debug("%s", self.name, exc_info=True)
                await asyncio.sleep(self.restart_s)
            else:
                return
