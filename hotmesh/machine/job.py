"""The state of one job in memory: what its rows say, and a few counts that make the next step cheap.

A step changes its JobState in place. The runtime keeps the state only when the step's commit succeeded; else it throws it away and
reads the rows again, so a state in memory is never ahead of the database.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from hotmesh.machine import ledger as digits
from hotmesh.machine.dimension import Dimension, from_text
from hotmesh.values import UNDEFINED, Json, canonical

Key = tuple[str, Dimension]
"""Names an instance: activity id and dimension."""

ENDED = -1_000_000_000
"""Added to the semaphore of a job that ended other than by completing."""


@dataclass(slots=True)
class Parent:
    """Where a child job reports to."""

    job_id: str
    job_key: str
    activity_id: str
    dimension: Dimension
    waits: bool = True


@dataclass(slots=True)
class Instance:
    """One activity instance: what it was sent, what it returned, and what it waits for. UNDEFINED = not there."""

    activity_id: str
    dimension: Dimension
    ledger: int = digits.OPEN
    input: Json = UNDEFINED
    output: Json = UNDEFINED
    hook: Json = UNDEFINED
    item: Json = UNDEFINED
    index: int | None = None
    status: str = "pending"
    code: int = 0
    error: Json = None
    created_ms: int = 0
    updated_ms: int = 0
    message_id: str | None = None
    """Its task, timer or child job, while it waits."""
    wait_ids: tuple[str, ...] = ()
    escalation_id: str | None = None
    """Its row for people; none any more when its time came before their answer."""
    opened: int = 0
    """How many dimensions have been opened below it; not stored, counted from the rows."""
    passed: bool = False
    """Entered by a cycle."""
    branch: int | None = None
    """Of one that was entered again below an activity with several answers: the number under which its branch began."""

    @property
    def key(self) -> Key:
        return self.activity_id, self.dimension

    def to_json(self) -> dict[str, Json]:
        """The row's value. An item that is the input as it stands is stored once."""
        value: dict[str, Json] = {"status": self.status, "created": self.created_ms, "updated": self.updated_ms}
        if self.input is not UNDEFINED:
            value["input"] = self.input
        if self.output is not UNDEFINED:
            value["output"] = self.output
        if self.hook is not UNDEFINED:
            value["hook"] = self.hook
        if self.item is not UNDEFINED and not (self.index is not None and _same(self.input, self.item)):
            value["item"] = self.item
        if self.index is not None:
            value["index"] = self.index
        if self.branch is not None:
            value["branch"] = self.branch
        for name in _UNLESS_EMPTY:
            held = getattr(self, name)
            if held:
                value[name] = held
        return value

    @staticmethod
    def from_row(activity_id: str, dimension: str, value: dict[str, Json], ledger: int) -> Instance:
        """The instance that a row holds."""
        return Instance(
            activity_id,
            from_text(dimension),
            ledger,
            input=value.get("input", UNDEFINED),
            output=value.get("output", UNDEFINED),
            hook=value.get("hook", UNDEFINED),
            item=value.get("item", value["input"]) if "index" in value and "input" in value else value.get("item", UNDEFINED),
            index=value.get("index"),
            status=value["status"],
            code=value.get("code", 0),
            error=value.get("error"),
            created_ms=value["created"],
            updated_ms=value["updated"],
            message_id=value.get("message_id"),
            wait_ids=tuple(value.get("wait_ids", ())),
            escalation_id=value.get("escalation_id"),
            passed=value.get("passed", False),
            branch=value.get("branch"),
        )


_UNLESS_EMPTY = ("code", "error", "message_id", "wait_ids", "escalation_id", "passed")


def _same(left: Json, right: Json) -> bool:
    return left is right or (left == right and canonical(left) == canonical(right))


@dataclass(slots=True)
class JobState:
    """A job: its row, its data, its instances."""

    id: str
    key: str
    topic: str
    version: str
    entity: str | None = None
    status: int = 0
    """The semaphore: how many instances are open, below zero when the job ended otherwise than by completing."""
    revision: int = 0
    """The revision in the database; 0 = not stored yet."""
    error: Json = None
    done: bool = False
    final: bool = False
    """`persist` has published the output as final while the job stays open."""
    cancelled: bool = False
    parent: Parent | None = None
    origin: str | None = None
    trace: Json = None
    facets: dict[str, Json] | None = None
    created_ms: int = 0
    updated_ms: int = 0
    data: dict[str, Json] = field(default_factory=dict)
    instances: dict[Key, Instance] = field(default_factory=dict)
    answers: dict[Key, Instance] = field(default_factory=dict)
    """The single answers of an activity that answered several times, under the dimension that each opened."""
    open: dict[Key, Instance] = field(default_factory=dict)
    """The instances that are not closed, in the order they were entered."""
    joins: dict[Key, int] = field(default_factory=dict)
    """By join and its scope's dimension: how many open instances can still reach it."""
    size: int = 0
    """About how many bytes of JSON the job holds; for the bound on the cache."""

    @property
    def failed(self) -> bool:
        return self.done and self.status < 0

    def metadata(self) -> dict[str, Json]:
        """`{$job.metadata…}` without what only a step knows."""
        parent = self.parent
        return {
            "jid": self.key,
            "gid": self.id,
            "key": (self.facets or {}).get("key"),
            "tpc": self.topic,
            "vrs": self.version,
            "ts": iso_time(self.created_ms),
            "jc": iso_time(self.created_ms),
            "ju": iso_time(self.updated_ms),
            "js": self.status,
            "err": self.error,
            "trc": (self.trace or {}).get("trc"),
            "ngn": self.origin,
            "pj": parent and parent.job_key,
            "pg": parent and parent.job_id,
            "pd": parent and "".join(f",{n}" for n in parent.dimension),
            "pa": parent and parent.activity_id,
        }


def iso_time(milliseconds: int) -> str:
    """Epoch milliseconds as ISO 8601 text in UTC."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
