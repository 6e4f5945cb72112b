"""The states an engine keeps in memory: least recently used out first, bounded by bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from hotmesh.machine.job import JobState

INSTANCE_BYTES = 1_500
"""About what one activity instance takes in memory, beside its payloads."""


class Cache:
    """JobStates by job id."""

    def __init__(self, limit: int, on_evicted: Callable[[str], None]) -> None:
        self._limit = limit
        self._on_evicted = on_evicted
        self._jobs: OrderedDict[str, tuple[JobState, int]] = OrderedDict()
        self.bytes = 0

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._jobs

    def get(self, job_id: str) -> JobState | None:
        """The state, now the most recently used."""
        if job_id not in self._jobs:
            return None
        self._jobs.move_to_end(job_id)
        return self._jobs[job_id][0]

    def put(self, job: JobState) -> None:
        """Keep a state; a finished job's is not kept. Others may have to go."""
        self.drop(job.id)
        if job.done:
            self._on_evicted(job.id)
            return
        size = job.size + INSTANCE_BYTES * len(job.instances)
        self._jobs[job.id] = (job, size)
        self.bytes += size
        while self.bytes > self._limit and self._jobs:
            job_id, (_, freed) = self._jobs.popitem(last=False)
            self.bytes -= freed
            self._on_evicted(job_id)

    def drop(self, job_id: str) -> None:
        """Forget a state."""
        held = self._jobs.pop(job_id, None)
        if held is not None:
            self.bytes -= held[1]
