"""What can happen to a job from outside: the closed set of events that `step` takes.

`activity_id` and `dimension` name the instance that an event is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from hotmesh.machine.dimension import Dimension
from hotmesh.machine.job import Key
from hotmesh.machine.retry import RetryPolicy
from hotmesh.values import UNDEFINED, Json


class Deadline(NamedTuple):
    """A task that an inline worker has asked for fails with `error` unless a consumer takes it within so many seconds."""

    key: Key
    seconds: float
    error: Json


class Aside(NamedTuple):
    """What an inline worker has done beside its answer, committed with it."""

    emissions: Mapping[str, Json] = {}
    """Payloads to publish, by topic."""
    messages: tuple[tuple[str, dict[str, Json]], ...] = ()
    """To other jobs: `cancel` or `interrupt`, with a payload whose `key` names the job."""
    abandoned: tuple[Key, ...] = ()
    """Awaits that are closed while their children go on."""
    trace: Mapping[str, Json] = {}
    """Span attributes."""
    transient: tuple[str, ...] = ()
    """Parts of the answer that its edges read and its row need not keep, since they are the items of what was entered."""
    spawns: bool = False
    """A last answer that is a pending one first: the edges for 202 fire, and what they enter begins."""
    deadlines: tuple[Deadline, ...] = ()
    moot: tuple[Key, ...] = ()
    """Instances whose deadlines count no more."""
    reopened: tuple[Key, ...] = ()
    """Instances that were closed when the job failed and are done again; of one that has succeeded, the worker is told again."""
    items: Mapping[Key, Json] = {}
    """Of instances that are done again: the items that are no longer what they were."""
    restart: Json = UNDEFINED
    """The job begins afresh with this, its data kept, its history gone."""


class Response(NamedTuple):
    """A worker's answer. `policy` is the worker's own retry policy; `retryable` is false for what must not be tried again."""

    activity_id: str
    dimension: Dimension
    status: str
    code: int
    data: Json = None
    error: Json = None
    policy: RetryPolicy | None = None
    retryable: bool = True
    task_id: str | None = None
    dead: bool = False
    """The task has killed its process too often and goes to the dead letters."""
    withdrawn: tuple[Key, ...] = ()
    """Instances that an inline worker waits for no more: they are closed unanswered."""
    ends: bool = False
    """An inline worker's last word: once it is settled the job is complete, whatever is still open."""
    aside: Aside | None = None
    number: int | None = None
    """Of a pending answer: the how-manieth of its task it is. One that was taken already, before a crash, is dropped."""


class TimerFired(NamedTuple):
    """A hook's sleep is over. `timestamp` is epoch milliseconds."""

    activity_id: str
    dimension: Dimension
    timestamp: int


class SignalReceived(NamedTuple):
    """A signal met a hook's registration."""

    activity_id: str
    dimension: Dimension
    data: Json
    status: str = "success"
    code: int = 200


class ChildAnswered(NamedTuple):
    """A child job ended, emitted (202), persisted (200) or could not be started."""

    activity_id: str
    dimension: Dimension
    child_id: str
    status: str
    code: int
    data: Json = None
    error: Json = None


class RetryDue(NamedTuple):
    """The pause before another attempt of an await is over."""

    activity_id: str
    dimension: Dimension


class Interrupted(NamedTuple):
    """The job is to end now."""

    reason: str = "interrupted"
    code: int = 410
    throw: bool = True
    descend: bool = False
    expire_s: float | None = None


class Cancelled(NamedTuple):
    """The job is to end in its own time: waits end, what runs may finish, nothing new begins."""

    reason: str = "cancelled"


class Posted(NamedTuple):
    """A message for the activity that takes a job's messages (`settings: {inbox: true}`): it is entered again with this input."""

    payload: Json


class Continued(NamedTuple):
    """The rest of a step that was cut after 1,000 entries."""


class Retried(NamedTuple):
    """A failed job is to run its failed activity again."""


Event: TypeAlias = (
    Response | TimerFired | SignalReceived | ChildAnswered | RetryDue | Interrupted | Cancelled | Posted | Continued | Retried
)
