"""How a node is seen by others: its profile, and the heartbeat that shows it."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
from typing import TYPE_CHECKING

from hotmesh.runtime.router import Router
from hotmesh.runtime.service import Service
from hotmesh.values import Json

if TYPE_CHECKING:
    from hotmesh.runtime.node import Node

HEARTBEAT_S = 20.0


def profile(node: Node) -> dict[str, Json]:
    """Who a node is and how it goes."""
    counts = node.engine.counts
    return {
        "guid": node.guid,
        "app_id": node.app_id,
        "version": node.programs.active,
        "topics": served(node.router),
        "counts": {name: getattr(counts, name) for name in counts.__slots__},
        "error_count": sum(service.errors for service in node.services()),
        "inbox": node.engine.load,
        "throttle_ms": -1 if node.engine.paused else 0,
        "started_at": node.started_at.isoformat(),
        **process(),
    }


def served(router: Router) -> dict[str, Json]:
    """What a process serves, with its counts."""
    return {each.topic: {**each.counts, "running": each.running, "throttle_ms": each.throttle_ms} for each in router.consumers.values()}


def process() -> dict[str, Json]:
    """Which process this is, and what it uses."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "memory_bytes": usage.ru_maxrss * 1024,
        "cpu_s": usage.ru_utime + usage.ru_stime,
    }


class Heartbeat(Service):
    """Shows the mesh that this member is alive."""

    def __init__(self, node: Node) -> None:
        super().__init__("heartbeat")
        self._node = node

    async def run(self) -> None:
        """Beat."""
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            if not await self._node.mesh.heartbeat(self._node.guid, profile(self._node)):
                await self._node.announce()
            if self._node.telemetry.enabled:
                self._node.telemetry.depths([(each.topic, each.ready) for each in await self._node.streams.depths()])
