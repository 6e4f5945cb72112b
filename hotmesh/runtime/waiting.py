"""Waiting for the ends of jobs."""

from __future__ import annotations

import asyncio

from hotmesh.machine.job import JobState
from hotmesh.store.jobs import Jobs
from hotmesh.store.pool import LOST


class Waiters:
    """The part of a node that waits for jobs to end: told by its own engine or by others, with a look now and then."""

    def __init__(self, jobs: Jobs, poll_s: float) -> None:
        self.jobs = jobs
        self._look_s = poll_s
        self.waiters: dict[str, list[asyncio.Future[JobState | None]]] = {}
        """Futures of those who wait for a job's end, by job row id; they get its state when it ended in this process."""

    def expect_end(self, job_id: str) -> asyncio.Future[JobState | None]:
        """A future of a job's end; make it before the job is asked for, so that nothing is missed between."""
        waiter: asyncio.Future[JobState | None] = asyncio.get_running_loop().create_future()
        self.waiters.setdefault(job_id, []).append(waiter)
        return waiter

    async def ended(self, job_id: str, waiter: asyncio.Future[JobState | None]) -> JobState | None:
        """Wait for the end of a job by word of mouth, with a look now and then; its state when it ended here."""
        try:
            while True:
                done, _ = await asyncio.wait([waiter], timeout=self._look_s)
                if done:
                    return waiter.result()
                if job_id in await self._finished_now(job_id):
                    return None
        finally:
            self.expect_no_more(job_id, waiter)

    def expect_no_more(self, job_id: str, waiter: asyncio.Future[JobState | None]) -> None:
        """Take a future of `expect_end` back."""
        left = [each for each in self.waiters.pop(job_id, []) if each is not waiter]
        if left:
            self.waiters[job_id] = left

    async def _finished_now(self, job_id: str) -> set[str]:
        try:
            return await self.jobs.finished([job_id])
        except LOST:
            return set()

    def wake_waiters(self, job_id: str, job: JobState | None = None) -> None:
        """A job has ended."""
        for waiter in self.waiters.pop(job_id, ()):
            if not waiter.done():
                waiter.set_result(job)
