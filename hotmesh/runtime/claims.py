"""Claiming: what is in the streams for this process, when it is told, when something comes due, and now and then anyway."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Protocol

from hotmesh.ids import make_token
from hotmesh.runtime.router import SUSPECT_CLAIMS, Router
from hotmesh.runtime.service import Service
from hotmesh.store.pool import LOST
from hotmesh.store.streams import ClaimedMessage, ClaimedTask, Lease, Streams

IDLE_FACTOR = 5.0
"""An idle process looks this many times less often."""


BUSY_S = 0.05
"""Pause before it looks again while it can't take what there may be."""
OVERDUE_S = 0.01
"""Pause between two looks at a timer that is due and that its setter has not fired yet."""


class TaskStreams(Protocol):
    """Where tasks are claimed: as an engine's owner, or as a worker role."""

    async def claim_tasks(self, wanted: dict[str, int], token: int, /) -> list[ClaimedTask]:
        """Lease up to `wanted[topic]` tasks of each topic."""

    async def next_due(self, topics: Sequence[str], /) -> tuple[float | None, float | None]:
        """Seconds until the next message and the next task come due."""

    async def renew(self, tasks: Sequence[Lease], messages: Sequence[Lease], /) -> set[str]:
        """Renew leases; the ids that are still ours."""

    async def give_back(self, tasks: Sequence[Lease], messages: Sequence[Lease], /) -> None:
        """Return leases unused."""


class Alarm:
    """Wakes its loop when something happens, or at the earliest moment it was set to."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._at: float | None = None
        self.idle_rounds = 0

    def ring(self) -> None:
        """Wake now."""
        self._event.set()

    def set(self, delay_s: float) -> None:
        """Wake after so many seconds, unless earlier."""
        at = asyncio.get_running_loop().time() + max(0.0, delay_s)
        if self._at is None or at < self._at:
            self._at = at
            self._event.set() if delay_s <= 0 else asyncio.get_running_loop().call_at(at, self._due, at)

    def _due(self, at: float) -> None:
        if self._at == at:
            self._event.set()

    async def wait(self, poll_s: float) -> bool:
        """Wait until woken, at most a jittered `poll_s` (longer while idle); whether it was woken."""
        pause_s = poll_s * random.uniform(0.75, 1.25) * min(IDLE_FACTOR, 1 + self.idle_rounds / 5)
        try:
            async with asyncio.timeout(pause_s):
                await self._event.wait()
        except TimeoutError:
            self.idle_rounds += 1
            return False
        self.idle_rounds = 0
        self._event.clear()
        if self._at is not None and self._at <= asyncio.get_running_loop().time() + 0.001:
            self._at = None
        return True


class Leases(Service):
    """Renews what this process holds, at a third of the lease, so that one missed round costs nothing."""

    def __init__(self, streams: TaskStreams, lease_s: float, router: Router, messages: dict[str, tuple[Lease, float]]) -> None:
        super().__init__("leases")
        self.messages = messages
        self._streams = streams
        self._lease_s = lease_s
        self._router = router

    async def run(self) -> None:
        """Renew, again and again."""
        while True:
            await asyncio.sleep(self._lease_s / 3)
            try:
                await self.renew()
            except LOST:
                continue

    async def catch_up(self) -> None:
        """Before a claim: renew what may have lapsed while this process stood still, lest it claims, and begins, its own work again."""
        moments = [*(held.since for held in self._router.held.values()), *(since for _, since in self.messages.values())]
        if moments and asyncio.get_running_loop().time() - min(moments) > self._lease_s / 2:
            await self.renew()

    async def renew(self) -> None:
        """Renew every lease older than a third of its life; cancel the callbacks of those that were lost."""
        now = asyncio.get_running_loop().time()
        tasks = {id_: held for id_, held in self._router.held.items() if now - held.since > self._lease_s / 4}
        messages = {id_: lease for id_, (lease, since) in self.messages.items() if now - since > self._lease_s / 4}
        if not tasks and not messages:
            return
        ours = await self._streams.renew([held.lease for held in tasks.values()], list(messages.values()))
        for id_, held in tasks.items():
            held.since = now
            if id_ not in ours and held.callback is not None and id_ in self._router.held:
                held.callback.cancel()
        for id_, lease in messages.items():
            if id_ in self.messages:
                self.messages[id_] = (lease, now)


class MessageClaims(Service):
    """Claims messages for the engine."""

    def __init__(
        self,
        streams: Streams,
        poll_s: float,
        room: Callable[[], int],
        take: Callable[[ClaimedMessage], None],
        leases: Leases,
    ) -> None:
        super().__init__("message claims")
        self.alarm = Alarm()
        self._streams = streams
        self._poll_s = poll_s
        self._room = room
        self._take = take
        self._leases = leases
        self._suspect: str | None = None
        """The message it has that processes died of; until that is dealt with, no other such is claimed."""

    async def run(self) -> None:
        """Claim, wait, claim."""
        while True:
            await self._leases.catch_up()
            room = self._room()
            async with self._whole:
                claimed = await self._streams.claim_messages(room, make_token()) if room > 0 else []
                for message in claimed:
                    if message.claims > SUSPECT_CLAIMS:
                        self._suspect = message.id
                    self._take(message)
            if room > 0 and len(claimed) >= room:
                await asyncio.sleep(0)
                continue
            if room <= 0 or self._suspect in self._leases.messages:
                await self.alarm.wait(BUSY_S)
                continue
            await self._look_ahead()
            await self.alarm.wait(self._poll_s)

    async def _look_ahead(self) -> None:
        due_s, _ = await self._streams.next_due([])
        if due_s is not None and due_s < 3600:
            self.alarm.set(max(due_s, OVERDUE_S))


class TaskClaims(Service):
    """Claims tasks for the consumers."""

    def __init__(self, streams: TaskStreams, poll_s: float, router: Router, leases: Leases) -> None:
        super().__init__("task claims")
        self.alarm = Alarm()
        self._streams = streams
        self._poll_s = poll_s
        self._router = router
        self._leases = leases
        self.starved = False
        """At the last look there may have been more tasks than this process could take."""
        router.on_free = self._freed

    def _freed(self) -> None:
        if self.starved:
            self.alarm.ring()

    async def run(self) -> None:
        """Claim, wait, claim."""
        while True:
            await self._leases.catch_up()
            wanted = self._router.wanted()
            async with self._whole:
                taken = await self._claim(wanted) if wanted else {}
            full = any(count >= wanted[topic] for topic, count in taken.items()) or not self._all_free(wanted)
            self.starved = full or self._router.holds_suspect()
            if not self.starved:
                await self._look_ahead()
            await self.alarm.wait(self._pause_s())

    async def _claim(self, wanted: dict[str, int]) -> dict[str, int]:
        """Claim tasks and hand them on; how many there were of each topic."""
        claimed = await self._streams.claim_tasks(wanted, make_token())
        taken: dict[str, int] = {}
        for task in claimed:
            taken[task.topic] = taken.get(task.topic, 0) + 1
            if not self._paused(task.topic):
                self._router.dispatch(task)
        await self._give_back(claimed)
        return taken

    async def _give_back(self, claimed: list[ClaimedTask]) -> None:
        """Return what was claimed for a topic that was paused meanwhile."""
        unused = [(task.id, task.token) for task in claimed if task.id not in self._router.held and self._paused(task.topic)]
        if unused:
            await self._streams.give_back(unused, [])

    def _paused(self, topic: str) -> bool:
        return self._router.consumers[topic].throttle_ms < 0

    def _all_free(self, wanted: dict[str, int]) -> bool:
        return len(wanted) == len(self._router.consumers)

    def _pause_s(self) -> float:
        """The poll, or the shortest brake that is on."""
        brakes = [each.throttle_ms / 1000 for each in self._router.consumers.values() if each.throttle_ms > 0]
        return min([self._poll_s, *brakes])

    async def _look_ahead(self) -> None:
        topics = list(self._router.consumers)
        if topics:
            _, due_s = await self._streams.next_due(topics)
            if due_s is not None and due_s < 3600:
                self.alarm.set(due_s)
