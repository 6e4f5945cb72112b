"""Telling those who watch which jobs have changed; free of cost while nobody does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from hotmesh.runtime.bus import Bus

TOLD_AT_ONCE = 100
GATHER_S = 0.05
"""Changes within so many seconds are told together."""


class Watching:
    """A watcher says `watch` on the bus with the seconds it is going to watch; until then it hears `jobs` with row ids."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._until = 0.0
        self._changed: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None

    def wanted(self, seconds: float) -> None:
        """Somebody watches for so long."""
        self._until = max(self._until, asyncio.get_running_loop().time() + min(seconds, 300))

    def note(self, job_ids: Iterable[str]) -> None:
        """These jobs have changed."""
        loop = asyncio.get_running_loop()
        if loop.time() >= self._until:
            return
        self._changed.update(job_ids)
        if self._timer is None and self._changed:
            self._timer = loop.call_later(GATHER_S, self._tell)

    def stop(self) -> None:
        """Tell nothing more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tell(self) -> None:
        changed, self._changed, self._timer = self._changed, set(), None
        self._bus.say("jobs", sorted(changed) if len(changed) <= TOLD_AT_ONCE else None)
