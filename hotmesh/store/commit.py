"""Steps as one transaction: the arguments of `commit_steps`, gathered from any number of steps.

A commit is all or nothing. What the guards refuse comes back as `Refused` with the jobs it was for; everything else is a fault of the
connection (`pool.LOST`) or of a single step's content, which the caller finds by committing one by one.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import asyncpg

from hotmesh import codec
from hotmesh.machine.dimension import to_text
from hotmesh.machine.effects import Step
from hotmesh.machine.job import Instance, JobState
from hotmesh.store.pool import Pool
from hotmesh.store.queries import Queries
from hotmesh.store.signal_row import signal_row
from hotmesh.store.transactions import DriverError, Transaction
from hotmesh.store.two_clocks import TwoClocks
from hotmesh.values import Json, dumps


class Reason(Enum):
    """Why a commit was refused."""

    STALE = "HM001"
    """A revision has moved, or the job is paused."""
    VERSION = "HM002"
    """A start carries a version that is not the active one."""
    DUPLICATE = "HM003"
    """A job id is alive already."""
    LEDGER = "HM004"
    """A ledger would shrink: the rows are not what this engine believes."""
    SIGNALED = "HM005"
    """A signal has settled the wait that a timer was for."""
    LEASE = "HM006"
    """A message is no longer leased to this engine."""


class Refused(Exception):
    """Nothing of a commit was written; `job_ids` are those whose steps were in the way (all of them when empty).

    `lost`: the ids of the messages and waits that are not, or no longer, there to be consumed.
    """

    def __init__(self, reason: Reason, job_ids: frozenset[str], lost: frozenset[str] = frozenset()) -> None:
        super().__init__(reason.name)
        self.reason = reason
        self.job_ids = job_ids
        self.lost = lost


@dataclass(slots=True)
class Unit:
    """One job's part of a commit: its state after the step, the step, and the messages that the step consumes."""

    job: JobState
    step: Step
    more: dict[str, Json] | None = None
    """For a new job: what `insert_jobs` takes beside the columns."""
    tasks: list[tuple[str, int]] = field(default_factory=list)
    """Consumed tasks: id and lease token."""
    kept: list[tuple[str, int]] = field(default_factory=list)
    """Tasks whose worker has more to say: not consumed, but the lease must be good."""
    messages: list[tuple[str, int | None]] = field(default_factory=list)
    """Consumed messages: id and lease token, None for a timer that its own setter fires."""
    leased: dict[str, int] = field(default_factory=dict)
    """Tasks and messages of the step that are inserted as leased to this engine, with the token."""
    retry_tokens: dict[str, int] = field(default_factory=dict)
    signal_keys: dict[str, list[str]] = field(default_factory=dict)
    """By signal id: the keys that the rules of all versions give for it."""
    sent_at: float = 0.0
    """When its commit was sent, in the loop's time."""
    stored_at: float = 0.0
    """The moment that the commit's rows name, in the loop's time: what is due after a while is due so long after it, not earlier."""


class Batch:
    """The arguments of one commit."""

    def __init__(self) -> None:
        self.updates: list[tuple[Any, ...]] = []
        self.starts: list[tuple[Any, ...]] = []
        self.inserts: list[tuple[Any, ...]] = []
        self.changes: list[tuple[Any, ...]] = []
        self.tasks_done: list[tuple[Any, ...]] = []
        self.messages_done: list[tuple[Any, ...]] = []
        self.tasks: list[tuple[Any, ...]] = []
        self.messages: list[tuple[Any, ...]] = []
        self.rare: dict[str, list[Json]] = {}

    def add(self, unit: Unit, expire_s: float) -> None:
        """Take in one job's part. `expire_s`: the default time a finished job is kept."""
        job, step = unit.job, unit.step
        keep = expire_s if step.expires and step.expire_s is None else step.expire_s
        error = None if job.error is None else codec.error_to_text(job.error)
        if job.revision == 0:
            more = dumps(unit.more) if unit.more else None
            self.starts.append((job.id, job.key, job.topic, job.version, job.status, error, job.done, keep, job.entity, job.origin, more))
        else:
            self.updates.append((job.id, job.revision, job.status, error, job.done, keep))
        self._add_rows(job, step)
        self.tasks_done.extend((id_, token, job.id) for id_, token in unit.tasks)
        self.messages_done.extend((id_, token, job.id) for id_, token in unit.messages)
        self._add_tasks(unit)
        self._add_rare(unit)

    def _add_rows(self, job: JobState, step: Step) -> None:
        for key, is_new in step.touched.items():
            instance = job.instances.get(key) or job.answers[key]
            text = instance_text(instance)
            job.size += len(text)
            row = (job.id, key[0], to_text(key[1]), text, instance.ledger)
            (self.inserts if is_new else self.changes).append(row)
        for name, is_new in step.fields.items():
            text = codec.to_text(job.data[name])
            job.size += len(text)
            (self.inserts if is_new else self.changes).append((job.id, name, "", text, None))

    def _add_tasks(self, unit: Unit) -> None:
        job_id, leased = unit.job.id, unit.leased
        for task in unit.step.tasks:
            self.tasks.append((task.id, task.topic, job_id, task.activity_id, to_text(task.dimension), leased.get(task.id)))
        for message in unit.step.messages:
            dimension = None if message.dimension is None else to_text(message.dimension)
            payload = None if message.payload is None else codec.to_text(message.payload)
            self.messages.append(
                (message.id, message.kind, message.job_id, message.activity_id, dimension, payload, message.delay_s, leased.get(message.id))
            )

    def _add_rare(self, unit: Unit) -> None:
        job_id, step = unit.job.id, unit.step
        if step.waits:
            self._extend(
                "waits",
                [
                    {
                        "id": w.id,
                        "topic": w.topic,
                        "key": codec.sealed_key(w.key),
                        "job": job_id,
                        "symbol": w.activity_id,
                        "dimension": to_text(w.dimension),
                    }
                    for w in step.waits
                ],
            )
        for name in ("removed_tasks", "removed_messages", "removed_waits"):
            self._extend(name, getattr(step, name))
        self._extend("settled_waits", [{"id": id_, "job": job_id} for id_ in step.settled_waits])
        self._extend("closed_escalations", [{"id": id_, "state": state} for id_, state in step.closed_escalations.items()])
        self._extend("kept_tasks", [{"id": id_, "token": token, "job": job_id} for id_, token in unit.kept])
        if step.retries:
            self._extend("retries", [_retry(unit, retry.id, retry.delay_s) for retry in step.retries])
        if step.signals:
            self._extend("signals", [_signal(unit, signal.id) for signal in step.signals])
        if step.escalations or step.dead_letters:
            self._add_people(unit)
        if step.descend is not None:
            self._extend("descend", [{"job": job_id, "payload": {**step.descend, "reason": codec.encoded(step.descend["reason"])}}])
        if step.purged_below is not None:
            self._extend("purged", [{"job": job_id, "below": step.purged_below}])
        if step.pause:
            self._extend("paused", [job_id])
        if unit.job.final and (unit.job.failed or not unit.job.done):
            self._extend("persisted", [job_id])

    def _add_people(self, unit: Unit) -> None:
        waits = {(wait.activity_id, wait.dimension): wait for wait in unit.step.waits}
        for each in unit.step.escalations:
            wait = waits[each.activity_id, each.dimension]
            row = {"id": each.id, "job": unit.job.id, "symbol": each.activity_id, "dimension": to_text(each.dimension)}
            key = codec.sealed_key(wait.key).partition(" ")[0] if codec.is_registered() else wait.key
            self._extend("escalations", [{**row, "fields": _readable(each.fields), "topic": wait.topic, "key": key}])
        for letter in unit.step.dead_letters:
            row = {"id": letter.task_id, "job": unit.job.id, "symbol": letter.activity_id, "dimension": to_text(letter.dimension)}
            self._extend("dead_letters", [{**row, "error": codec.encoded(letter.error)}])

    def _extend(self, name: str, rows: list[Json]) -> None:
        if rows:
            self.rare.setdefault(name, []).extend(rows)

    def arguments(self) -> list[Any]:
        """The arrays of `commit_steps`, after owner and lease, in its order; sorted so that two engines can't deadlock."""
        self.updates.sort()
        self.starts.sort(key=lambda row: row[1])
        return [
            *_columns(self.updates, 6),
            *_columns(self.starts, 11),
            *_columns(self.inserts, 5),
            *_columns(self.changes, 5),
            *_columns(self.tasks_done, 3),
            *_columns(self.messages_done, 3),
            *_columns(self.tasks, 6),
            *_columns(self.messages, 8),
            dumps(self.rare) if self.rare else None,
        ]


PEOPLE = ("role", "type", "subtype", "entity", "priority")
"""What stays readable of an escalation under a codec: lists are filtered and ordered by it."""


def _readable(fields: dict[str, Json]) -> dict[str, Json]:
    """An escalation's fields as they are stored."""
    stored = codec.fields_to_json(fields, PEOPLE)
    if stored is not fields and "description" in fields:
        stored["description"] = codec.encoded(fields["description"])
    return stored


def _columns(rows: list[tuple[Any, ...]], width: int) -> list[Any]:
    return list(zip(*rows, strict=True)) if rows else [None] * width


def _retry(unit: Unit, task_id: str, delay_s: float) -> Json:
    return {"id": task_id, "token": unit.retry_tokens.get(task_id), "job": unit.job.id, "delay": delay_s, "parked": unit.step.pause}


def _signal(unit: Unit, signal_id: str) -> Json:
    signal = next(each for each in unit.step.signals if each.id == signal_id)
    return signal_row(signal.id, signal.topic, unit.signal_keys.get(signal.id, []), signal.data, signal.status, signal.code) | {
        "facet": None if signal.facet is None else dumps(dict([signal.facet])),
        "scrub": signal.scrub,
    }


_PAYLOADS = ("input", "output", "hook", "item", "error")


def instance_text(instance: Instance) -> str:
    """The row's value; with a codec, its payloads are encoded one by one."""
    value = instance.to_json()
    if codec.is_registered():
        for name in _PAYLOADS:
            if name in value:
                value[name] = codec.encoded(value[name])
    return dumps(value)


PATIENCE_MS = 250
"""So long a commit of many waits for a row that another transaction holds, or for a job's key that it has taken."""


class Committer:
    """Commits batches on the app's database."""

    def __init__(self, pool: Pool, schema: str, owner: str, lease_s: float, expire_s: float) -> None:
        self._pool = pool
        self._statement = Queries("streams", schema)["commit"]
        self._owner = owner
        self._lease_s = lease_s
        self._expire_s = expire_s
        self._clocks = TwoClocks()

    async def commit(self, units: list[Unit], connection: Transaction | None = None) -> int:
        """Commit all of `units` or none; the mesh's epoch.

        `connection`: one with a transaction of the caller's, to commit within; it waits for others as long as they take. Without one, it
        raises asyncpg.LockNotAvailableError when that takes longer than PATIENCE_MS.

        Raises Refused, `pool.LOST`, asyncpg.PostgresError.
        """
        batch = Batch()
        for unit in units:
            batch.add(unit, self._expire_s)
        arguments = [self._owner, self._lease_s, *batch.arguments(), PATIENCE_MS if connection is None else None]
        try:
            if connection is not None:
                return await self._send(connection, units, arguments)
            async with self._pool.acquire() as own:
                return await self._send(own, units, arguments)
        except (asyncpg.PostgresError, DriverError) as error:
            refusal = _refusal(error)
            if refusal is None:
                raise
            raise refusal from error

    async def _send(self, connection: Transaction, units: list[Unit], arguments: list[Any]) -> int:
        now = asyncio.get_running_loop().time
        sent_at = now()
        row = await connection.fetchrow(self._statement, *arguments)
        stored_at = self._clocks.moment(row["now_s"], sent_at, now() - row["elapsed_s"])
        for unit in units:
            unit.sent_at, unit.stored_at = sent_at, stored_at
        return int(row["epoch"])


_REASONS = {reason.value: reason for reason in Reason}


def _refusal(error: asyncpg.PostgresError | DriverError) -> Refused | None:
    reason = _REASONS.get(error.sqlstate or "")
    if reason is None:
        if error.sqlstate == "23505" and getattr(error, "constraint_name", None) == "jobs_key":
            return Refused(Reason.DUPLICATE, frozenset())
        return None
    return Refused(reason, _listed(error, "detail"), _listed(error, "hint"))


def _listed(error: Exception, field: str) -> frozenset[str]:
    text = getattr(error, field, None)
    return frozenset(text.split(",")) if text else frozenset()
