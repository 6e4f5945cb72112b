"""What an engine holds, and what all its parts do with it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from hotmesh.errors import HotMeshError
from hotmesh.machine.job import JobState
from hotmesh.runtime.cache import Cache
from hotmesh.runtime.inline import InlineWorker
from hotmesh.runtime.programs import Programs
from hotmesh.runtime.work import Counts, Pending, StartRequest, Work
from hotmesh.store.commit import Committer
from hotmesh.store.jobs import Jobs
from hotmesh.store.pool import Pool
from hotmesh.store.streams import ClaimedMessage, ClaimedTask, Lease, Streams


class EngineState:
    """The fields of an engine. Its owner sets the hooks (`on_*`, `reserve`, `spawn`, …) before `start`."""

    take_message: Callable[[ClaimedMessage], None]
    on_refused_start: Callable[[StartRequest, Lease, HotMeshError], None]
    spawn: Callable[[Any], None]

    def __init__(
        self,
        pool: Pool,
        committer: Committer,
        jobs: Jobs,
        streams: Streams,
        programs: Programs,
        *,
        group_commit: int,
        cache_bytes: int,
    ) -> None:
        self._pool = pool
        self._committer = committer
        self._jobs = jobs
        self._streams = streams
        self._programs = programs
        self._group = group_commit
        self._cache = Cache(cache_bytes, self._evicted)
        self._inbox: dict[str, list[Pending]] = {}
        self._in_flight: set[str] = set()
        self._contended: set[str] = set()
        """Jobs that another engine was quicker with: their next step waits for its turn."""
        self._ready = asyncio.Event()
        self._left = asyncio.Event()
        """Wakes, for a moment, those who wait for a job to leave its commit."""
        self._quiet = asyncio.Event()
        self._quiet.set()
        self.counts = Counts()
        self.messages: dict[str, tuple[Lease, float]] = {}
        """Messages held, by id: lease and the moment it was taken or renewed."""
        self.inline: dict[str, InlineWorker] = {}
        self.paused = False
        self.reserve: Callable[[str], bool] = lambda topic: False
        self.unreserve: Callable[[str], None] = lambda topic: None
        self.on_task: Callable[[ClaimedTask], None] = lambda task: None
        self.on_settled_task: Callable[[Lease], None] = lambda lease: None
        self.on_commit: Callable[[list[Work], int], Awaitable[None]] = _nothing

    def _requeue(self, batch: dict[str, list[Pending]]) -> None:
        for job_id, pendings in batch.items():
            waiting = [each for each in pendings if not (each.done and each.done.done())]
            if waiting:
                self._inbox[job_id] = waiting + self._inbox.get(job_id, [])
        self._ready.set()

    def _settle(self, pending: Pending, job: JobState) -> None:
        if pending.task is not None and not pending.keep:
            self.on_settled_task(pending.task)
        if pending.message is not None:
            self.messages.pop(pending.message[0], None)
        if pending.done is not None and not pending.done.done():
            pending.done.set_result(job)

    def _forget(self, job_id: str) -> None:
        self._cache.drop(job_id)
        for worker in self.inline.values():
            worker.drop(job_id)

    def _evicted(self, job_id: str) -> None:
        for worker in self.inline.values():
            worker.drop(job_id)


async def _nothing(works: list[Work], epoch: int) -> None:
    pass
