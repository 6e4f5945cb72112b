"""A world for the machine without a database: rows, streams and waits as dicts, events delivered in any order, once or more often.

Every step is checked: the semaphore counts the open instances, ledgers are valid and only grow, rows and memory tell the same story,
a job's end is reported once and leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hotmesh.compile import compile_app
from hotmesh.expr import to_json
from hotmesh.machine import ledger as digits
from hotmesh.machine.dimension import to_text
from hotmesh.machine.effects import Message, Step, Task, Wait
from hotmesh.machine.events import (
    ChildAnswered,
    Continued,
    Event,
    Interrupted,
    Response,
    RetryDue,
    SignalReceived,
    TimerFired,
)
from hotmesh.machine.job import ENDED, JobState, Parent
from hotmesh.machine.plan import Plan
from hotmesh.machine.restore import Row, restore
from hotmesh.machine.run import Moment, job_key
from hotmesh.machine.scope import SignalScope
from hotmesh.machine.step import start, step
from hotmesh.values import UNDEFINED, Json, dumps

NOW = datetime(2026, 1, 1, tzinfo=UTC)
Answer = Callable[[Task], Response | None]


def plan_of(app: Json | str) -> Plan:
    """The plan of an app: a mapping, or YAML. Fails with the diagnostics."""
    compiled = compile_app(app if isinstance(app, str) else dumps(app), app_id="test")
    errors = [str(each) for each in compiled.diagnostics if each.is_error]
    assert compiled.program is not None, errors
    assert not errors, errors
    return Plan(compiled.program)


def succeed(task: Task, data: Json = UNDEFINED, status: str = "success", code: int = 200, **more: Any) -> Response:
    """An answer to a task; by default its own input."""
    given = task.input if data is UNDEFINED else data
    return Response(task.activity_id, task.dimension, status, code, given, task_id=task.id, **more)


def failed(task: Task, code: int = 500, **more: Any) -> Response:
    """An error as the answer to a task."""
    error = {"code": code, "message": f"error {code}"}
    return Response(task.activity_id, task.dimension, "error", code, None, error, task_id=task.id, **more)


@dataclass
class Stored:
    """A job as its rows."""

    state: JobState
    rows: dict[tuple[str, str], tuple[str, int | None]] = field(default_factory=dict)


@dataclass
class World:
    """Any number of jobs of one plan, and what waits between them."""

    plan: Plan
    jobs: dict[str, Stored] = field(default_factory=dict)
    memory: dict[str, JobState] = field(default_factory=dict)
    tasks: dict[str, tuple[str, Task]] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    waits: dict[str, tuple[str, Wait]] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    history: list[tuple[str, Event]] = field(default_factory=list)
    ids: int = 0

    def make_id(self) -> str:
        self.ids += 1
        return f"id-{self.ids}"

    def moment(self) -> Moment:
        return Moment(NOW, 7, self.make_id)

    # ---- events

    def start(
        self, topic: str, payload: Json = None, parent: Parent | None = None, key: str | None = None, job_id: str | None = None
    ) -> str:
        """Start a job; its row id."""
        job_id = job_id or self.make_id()
        payload = {} if payload is None else payload
        name = key or job_key(self.plan, topic, payload, self.moment(), job_id)
        job, done = start(self.plan, topic, payload, self.moment(), job_id=job_id, key=name, parent=parent)
        self.jobs[job_id] = Stored(job)
        self._store(job, done)
        return job_id

    def take(self, job_id: str, event: Event) -> Step:
        """Take an event to a job, restored from its rows unless it is in memory."""
        self.history.append((job_id, event))
        job = self.memory.pop(job_id, None) or self.restored(job_id)
        done = step(self.plan, job, event, self.moment())
        self._store(job, done)
        return done

    def deliver(self, id_: str, answer: Answer = succeed) -> None:
        """Deliver what waits under this id: a worker's answer, or a message."""
        if id_ in self.tasks:
            job_id, task = self.tasks[id_]
            response = answer(task)
            if response is None:
                return
            done = self.take(job_id, response)
            if response.status != "pending" and not any(retry.id == id_ for retry in done.retries):
                self.tasks.pop(id_, None)
            return
        self._deliver_message(self.messages.pop(id_))

    def _deliver_message(self, message: Message) -> None:
        payload = message.payload
        if message.kind == "start":
            given = payload["parent"]
            parent = Parent(**{**given, "dimension": tuple(given["dimension"])})
            self.start(payload["topic"], payload["data"], parent, payload["key"], payload["id"])
        elif message.kind == "interrupt":
            for stored in list(self.jobs.values()):
                if stored.state.key == payload["key"] and not stored.state.done:
                    self.take(stored.state.id, Interrupted(payload["reason"], payload["code"], payload["throw"], payload["descend"]))
        elif message.kind == "recall":
            self._recall(message)
        else:
            assert message.job_id is not None
            self.take(message.job_id, _event(message))

    def _recall(self, message: Message) -> None:
        """A cancelled job's task that nobody has is answered in the place of a worker; here nobody ever has one."""
        assert message.job_id is not None
        place = (message.job_id, message.activity_id, message.dimension)
        for id_, (job_id, task) in list(self.tasks.items()):
            if (job_id, task.activity_id, task.dimension) == place:
                self.take(job_id, failed(self.tasks.pop(id_)[1], message.payload["code"], retryable=False))

    def signal(self, topic: str, data: Json, status: str = "success", code: int = 200) -> bool:
        """Send a signal to the hook that waits for it; whether there is one."""
        keys = [rule.key([to_json(actual(SignalScope(data, NOW))) for _, actual in rule.match]) for rule in self.plan.rules.get(topic, ())]
        for job_id, wait in list(self.waits.values()):
            if wait.topic == topic and wait.key in keys:
                if code != 202 and status != "pending":
                    self.waits = {id_: each for id_, each in self.waits.items() if each[1][3:] != wait[3:] or each[0] != job_id}
                self.take(job_id, SignalReceived(wait.activity_id, wait.dimension, data, status, code))
                return True
        return False

    def run(self, answer: Answer = succeed) -> None:
        """Deliver everything that can be, oldest first, until nothing is left."""
        while waiting := [*self.messages, *self.tasks]:
            self.deliver(waiting[0], answer)

    # ---- looking

    def job(self, job_id: str) -> JobState:
        return self.jobs[job_id].state

    def restored(self, job_id: str) -> JobState:
        """The job as a process that knows nothing reads it."""
        known = self.jobs[job_id].state
        job = JobState(known.id, known.key, known.topic, known.version, known.entity, known.status, known.revision, known.error, known.done)
        job.final, job.cancelled, job.parent, job.facets = known.final, known.cancelled, known.parent, known.facets
        rows: list[Row] = [(symbol, dimension, text, ledger) for (symbol, dimension), (text, ledger) in self.jobs[job_id].rows.items()]
        restore(self.plan.graph_of(job.topic), job, rows)
        return job

    def instances(self, job_id: str) -> dict[tuple[str, str], tuple[str, Json]]:
        """What has come of each instance: status and output."""
        found = self.restored(job_id).instances
        return {(each.activity_id, to_text(each.dimension)): (each.status, each.output) for each in found.values()}

    # ---- storing

    def _store(self, job: JobState, done: Step) -> None:
        self.steps.append(done)
        self.jobs[job.id].state = job
        self.memory[job.id] = job
        self._store_rows(job, done)
        self._store_streams(job, done)
        check(self, job, done)

    def _store_rows(self, job: JobState, done: Step) -> None:
        rows = self.jobs[job.id].rows
        if done.purged_below is not None:
            below = done.purged_below
            gone = [place for place in rows if place[1].count(",") > 1 and int(place[1].split(",")[2]) < below]
            for place in gone:
                del rows[place]
        for key, is_new in done.touched.items():
            instance = job.instances.get(key) or job.answers[key]
            place = (key[0], to_text(key[1]))
            assert (place not in rows) == is_new, f"{place} is said to be {'new' if is_new else 'there'}"
            before = rows.get(place, ("", 0))[1]
            assert before is not None
            assert before <= instance.ledger, f"the ledger of {place} shrinks"
            assert digits.is_valid(instance.ledger)
            rows[place] = (dumps(instance.to_json()), instance.ledger)
        for name, is_new in done.fields.items():
            assert ((name, "") not in rows) == is_new
            rows[name, ""] = (dumps(job.data[name]), None)

    def _store_streams(self, job: JobState, done: Step) -> None:
        self.tasks.update({task.id: (job.id, task) for task in done.tasks})
        self.messages.update({message.id: message for message in done.messages})
        self.waits.update({wait.id: (job.id, wait) for wait in done.waits})
        for id_ in done.removed_tasks:
            self.tasks.pop(id_, None)
        for id_ in done.removed_messages:
            self.messages.pop(id_, None)
        for id_ in [*done.removed_waits, *done.settled_waits]:
            self.waits.pop(id_, None)
        for signal in done.signals:
            self.signal(signal.topic, signal.data, signal.status, signal.code)


def _event(message: Message) -> Event:
    activity_id, dimension = message.activity_id or "", message.dimension or ()
    match message.kind:
        case "timer":
            return TimerFired(activity_id, dimension, 1)
        case "retry":
            return RetryDue(activity_id, dimension)
        case "child":
            return ChildAnswered(activity_id, dimension, **message.payload)
        case _:
            return Continued()


def check(world: World, job: JobState, done: Step) -> None:
    """What holds after every step."""
    expected = ENDED if job.done and job.status < 0 else len(job.open)
    assert job.status == expected, f"the semaphore is {job.status}, {len(job.open)} instances are open"
    assert {key for key, each in job.instances.items() if digits.is_open(each.ledger)} == set(job.open)
    fresh = world.restored(job.id)
    assert set(fresh.open) == set(job.open)
    assert fresh.data == job.data
    if not job.done:
        assert {key: count for key, count in job.joins.items() if count} == fresh.joins
    if job.done:
        assert not job.open
        assert not [task for job_id, task in world.tasks.values() if job_id == job.id and task in done.tasks], "a task outlives its job"
        assert not [message for message in world.messages.values() if message.job_id == job.id and message.kind == "timer"]
        assert not [wait for job_id, wait in world.waits.values() if job_id == job.id]
