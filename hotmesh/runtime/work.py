"""What the engine works on: events on their way to their jobs, and each job's part of the commit in the making."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from hotmesh.errors import HotMeshError
from hotmesh.machine.effects import Message, Task
from hotmesh.machine.events import Event
from hotmesh.machine.job import JobState, Parent
from hotmesh.store.commit import Unit
from hotmesh.store.streams import Lease, MessageLease
from hotmesh.values import Json

MAX_INBOX = 2_000
"""Jobs with events at hand; while there are more, no messages are claimed."""


@dataclass(slots=True)
class StartRequest:
    """A job to be started. `version` None = the active one."""

    topic: str
    payload: Json
    job_id: str
    key: str
    version: str | None = None
    entity: str | None = None
    parent: Parent | None = None
    origin: str | None = None
    trace: Json = None
    on_duplicate: str = "reject"
    again: bool = False
    """A parent that tries again wants its child: the one that is there already is its child still."""


@dataclass(slots=True)
class InlineTask:
    """A task of an inline worker that was claimed from the stream: asked for by another process, or left by one that died."""

    task: Task


@dataclass(slots=True)
class Pending:
    """An event on its way to its job, with the lease of the task or message that brought it."""

    event: Event | StartRequest | InlineTask
    task: Lease | None = None
    message: MessageLease | None = None
    keep: bool = False
    """The answer doesn't consume its task."""
    done: asyncio.Future[JobState] | None = None
    surely_late: bool = False
    """A signal has beaten this timer: only its message is to be consumed."""
    alone: bool = False
    """Something of a step that this event was in can't be stored: it is tried without the job's other events."""
    settled_waits: tuple[str, ...] = ()
    """The waits that this timer settles, as of the last try."""

    @property
    def lease(self) -> Lease | None:
        """The message's lease, when it has one."""
        if self.message is None or self.message[1] is None:
            return None
        return self.message[0], self.message[1]


@dataclass(slots=True)
class Work:
    """One job's part of the commit in the making."""

    unit: Unit
    pendings: list[Pending]
    handed: list[Task | Message] = field(default_factory=list)
    late: list[Pending] = field(default_factory=list)
    """Events that came too late, as far as this state of the job tells: true once the commit shows that the state is the stored one, or
    when it was just read."""
    from_memory: bool = False


class Counts:
    """What an engine has done since it started."""

    __slots__ = ("commits", "conflicts", "dropped", "events", "jobs_done", "jobs_started")

    def __init__(self) -> None:
        self.commits = self.conflicts = self.dropped = self.events = self.jobs_done = self.jobs_started = 0


class DroppedEvent(HotMeshError):
    """An event came too late, or for a job that is paused or gone; nothing was changed."""

    code = 409
