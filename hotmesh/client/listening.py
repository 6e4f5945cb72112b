"""Listening to the publications of jobs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from hotmesh.client.output import JobOutput
from hotmesh.runtime.listening import Finished, Listener
from hotmesh.runtime.node import Node

Subscriber = Callable[[str, JobOutput], Awaitable[None] | None]


class Listening:
    """The part of `HotMesh` that hears of completions and emissions."""

    def __init__(self) -> None:
        self._subscribers: dict[str, list[tuple[Subscriber, Listener]]] = {}

    if TYPE_CHECKING:

        @property
        def node(self) -> Node:
            """The running part."""

    async def sub(self, topic: str, callback: Subscriber) -> None:
        """Hear of completions and emissions: `order.done` of all jobs, `order.done.<job id>` of one. Calls `callback(topic, JobOutput)`."""

        def listener(finished: Finished) -> Awaitable[None] | None:
            return callback(finished.topic, JobOutput.of(finished.data, finished.metadata))

        self._subscribers.setdefault(topic, []).append((callback, listener))
        self.node.listeners.setdefault(topic, []).append(listener)
        await self.node.announce()

    async def unsub(self, topic: str, callback: Subscriber | None = None) -> None:
        """Hear no more of a topic: this callback, or all."""
        kept = []
        for known, listener in self._subscribers.pop(topic, []):
            if callback is None or known is callback:
                self.node.listeners[topic].remove(listener)
            else:
                kept.append((known, listener))
        if kept:
            self._subscribers[topic] = kept
        if not self.node.listeners.get(topic, True):
            del self.node.listeners[topic]
        await self.node.announce()

    async def psub(self, pattern: str, callback: Subscriber) -> None:
        """`sub` for a pattern, as `order.*`."""
        await self.sub(pattern, callback)

    async def punsub(self, pattern: str, callback: Subscriber | None = None) -> None:
        """`unsub` for a pattern."""
        await self.unsub(pattern, callback)
