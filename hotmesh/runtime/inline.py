"""Inline workers: consumers whose answers are computed inside the step loop, so that they commit with the step that asked.

An activity's answer, what an inline worker makes of it, and the tasks that it asks for next are then one commit. An inline worker does no
I/O and has no effect but its answer; whatever it keeps in memory is void when the commit is refused (`drop`).
"""

from __future__ import annotations

from typing import Protocol

from hotmesh.machine.effects import Task
from hotmesh.machine.events import Response
from hotmesh.machine.job import JobState


class InlineWorker(Protocol):
    """See the head of the module. `Response.withdrawn` and `Response.ends` are for inline workers alone."""

    def call(self, job: JobState, task: Task) -> Response:
        """The answer to a task of `job`, whose instance is already in the job's state. Raises PauseJob."""

    def committed(self, job: JobState) -> None:
        """A commit of this job succeeded."""

    def drop(self, job_id: str) -> None:
        """What was computed for this job since its last commit is void, or the job has left the memory."""


class PauseJob(Exception):
    """The job can't go on until somebody has mended something: it is paused with this reason, and resumes where it was."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
