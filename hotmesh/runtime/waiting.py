"""Waiting for the ends of jobs."""

from __future__ import annotations

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Iterable
from typing import Any

from hotmesh.machine.job import JobState
from hotmesh.runtime.service import Service
from hotmesh.store.jobs import Jobs

LOOK_UP = 5_000
"""Jobs looked at in one second; those who wait for more are looked at less often."""


AT_ONCE = 200
"""States of ended jobs loaded with one question."""


class Waiters(ABC):
    """The part of a node that waits for jobs to end: told by its own engine or by others, with a look now and then."""

    def __init__(self, jobs: Jobs, poll_s: float) -> None:
        self.jobs = jobs
        self.waiters: dict[str, list[asyncio.Future[JobState | None]]] = {}
        """Futures of those who wait for a job's end, by job row id; they get its state."""
        self.lookout = Lookout(self, poll_s)
        self._told: set[str] = set()
        """Jobs somebody waits for here that ended elsewhere and are not loaded yet."""
        self._loading = False

    @abstractmethod
    async def states(self, job_ids: Iterable[str]) -> dict[str, JobState]:
        """The jobs with these row ids, from their rows."""

    @abstractmethod
    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do something on the side; its errors are logged."""

    def expect_end(self, job_id: str) -> asyncio.Future[JobState | None]:
        """A future of a job's end; make it before the job is asked for, so that nothing is missed between."""
        waiter: asyncio.Future[JobState | None] = asyncio.get_running_loop().create_future()
        self.waiters.setdefault(job_id, []).append(waiter)
        self.lookout.wanted.set()
        return waiter

    async def ended(self, job_id: str, waiter: asyncio.Future[JobState | None]) -> JobState | None:
        """Wait for the end of a job; its state, unless it could not be loaded."""
        try:
            await asyncio.wait([waiter])
            return waiter.result()
        finally:
            self.expect_no_more(job_id, waiter)

    def expect_no_more(self, job_id: str, waiter: asyncio.Future[JobState | None]) -> None:
        """Take a future of `expect_end` back."""
        left = [each for each in self.waiters.pop(job_id, []) if each is not waiter]
        if left:
            self.waiters[job_id] = left

    async def look(self) -> None:
        """Wake those whose job has ended; for what was said while nobody listened."""
        if self.waiters:
            self.ended_elsewhere(await self.jobs.finished(self.waiters))

    def ended_elsewhere(self, job_ids: Iterable[str]) -> None:
        """These jobs have ended; those who wait for them get their states. What is told while some are loaded is loaded together."""
        self._told.update(self.waiters.keys() & set(job_ids))
        if self._told and not self._loading:
            self._loading = True
            self.spawn(self._load_and_wake())

    async def _load_and_wake(self) -> None:
        try:
            while self._told:
                job_ids = [self._told.pop() for _ in range(min(AT_ONCE, len(self._told)))]
                states: dict[str, JobState] = {}
                try:
                    states = await self.states(job_ids)
                finally:
                    for job_id in job_ids:
                        self.wake_waiters(job_id, states.get(job_id))
        finally:
            self._loading = False

    def wake_waiters(self, job_id: str, job: JobState | None = None) -> None:
        """A job has ended."""
        for waiter in self.waiters.pop(job_id, ()):
            if not waiter.done():
                waiter.set_result(job)


class Lookout(Service):
    """Looks for the ends that nobody has told of: one question for all who wait, in the rhythm of the poll."""

    def __init__(self, waiters: Waiters, poll_s: float) -> None:
        super().__init__("lookout")
        self.wanted = asyncio.Event()
        self._waiters = waiters
        self._poll_s = poll_s

    async def run(self) -> None:
        """Look while somebody waits."""
        while True:
            await self.wanted.wait()
            pause_s = max(self._poll_s, len(self._waiters.waiters) / LOOK_UP)
            await asyncio.sleep(pause_s * random.uniform(0.75, 1.25))
            await self._waiters.look()
            if not self._waiters.waiters:
                self.wanted.clear()
