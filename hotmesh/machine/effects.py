"""What a step does to the world: rows, messages, waits and signals as plain data, committed together or not at all.

Ids are UUID texts made by the machine; delays are seconds from the database's now.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from hotmesh.machine.dimension import Dimension
from hotmesh.values import Json


class Task(NamedTuple):
    """Work for the consumers of a topic; its payload is the `input` of the instance it names."""

    id: str
    topic: str
    activity_id: str
    dimension: Dimension
    input: Json
    priority: int = 5


class TaskRetry(NamedTuple):
    """Another attempt of a task, after a pause."""

    id: str
    delay_s: float


class Message(NamedTuple):
    """A message to the engines, for the job `job_id`, or for the one with `payload["key"]` when that is None."""

    id: str
    kind: str
    job_id: str | None
    activity_id: str | None = None
    dimension: Dimension | None = None
    payload: Json = None
    delay_s: float | None = None


class Wait(NamedTuple):
    """A hook's registration for a signal on `topic` whose key is `key`."""

    id: str
    topic: str
    key: str
    activity_id: str
    dimension: Dimension


class SignalSent(NamedTuple):
    """A signal on its way: to one waiting hook, or with `facet` to every job whose facet has that value."""

    id: str
    topic: str
    data: Json
    status: str = "success"
    code: int = 200
    facet: tuple[str, Json] | None = None
    scrub: bool = False


class Escalation(NamedTuple):
    """A claimable row for people, living as long as the hook that waits."""

    id: str
    activity_id: str
    dimension: Dimension
    fields: dict[str, Json]


class DeadLetter(NamedTuple):
    """A task that was given up."""

    task_id: str
    activity_id: str
    dimension: Dimension
    error: Json


class Publication(NamedTuple):
    """The job's data as of now, for those who listen to `topic`."""

    topic: str
    final: bool
    data: dict[str, Json]


@dataclass(slots=True)
class Step:
    """Everything that one step changes. The machine's successor state is in the JobState it was given."""

    touched: dict[tuple[str, Dimension], bool] = field(default_factory=dict)
    """Instance rows to write; true when the row is new."""
    fields: dict[str, bool] = field(default_factory=dict)
    """Job data rows to write, by symbol; true when the row is new."""
    tasks: list[Task] = field(default_factory=list)
    retries: list[TaskRetry] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    signals: list[SignalSent] = field(default_factory=list)
    escalations: list[Escalation] = field(default_factory=list)
    closed_escalations: dict[str, str] = field(default_factory=dict)
    """The new state of escalations whose hook is settled, by id."""
    dead_letters: list[DeadLetter] = field(default_factory=list)
    publications: list[Publication] = field(default_factory=list)
    settled_waits: list[str] = field(default_factory=list)
    """Waits that a timer has beaten: the step counts only if they are still there."""
    removed_tasks: list[str] = field(default_factory=list)
    removed_messages: list[str] = field(default_factory=list)
    removed_waits: list[str] = field(default_factory=list)
    descend: dict[str, Json] | None = None
    """Payload of the interrupts to send to the children."""
    purged_below: int | None = None
    """The job began afresh: the rows of what stands below the trigger under smaller numbers are to go."""
    expires: bool = False
    """The job ended or persisted in this step."""
    expire_s: float | None = None
    """Seconds until its rows may go then, -1 for never, None for the setting's default."""
    pause: bool = False
    telemetry: dict[tuple[str, Dimension], dict[str, Json]] = field(default_factory=dict)
    """Span attributes by instance, from the `telemetry` key."""
    dropped: int = 0
    """Events that came late or twice."""

    def forget_moot(self) -> None:
        """Leave out what this very step has both asked for and taken back."""
        gone = {*self.removed_tasks, *self.removed_messages, *self.removed_waits, *self.closed_escalations}
        if not gone:
            return
        self.tasks = [task for task in self.tasks if task.id not in gone]
        self.retries = [retry for retry in self.retries if retry.id not in gone]
        self.messages = [message for message in self.messages if message.id not in gone]
        self.waits = [wait for wait in self.waits if wait.id not in gone]
        self.escalations = [escalation for escalation in self.escalations if escalation.id not in gone]
