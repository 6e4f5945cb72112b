"""A world for the machine without a database: rows, streams and waits as dicts, events delivered in any order, once or more often.

What a step asks for is done in the order in which `commit_steps` does it, so that an effect which needs another order is found here.
Every step is checked (see checks.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hotmesh.compile import compile_app
from hotmesh.errors import HotMeshError
from hotmesh.expr import to_json
from hotmesh.machine.dimension import Dimension, to_text
from hotmesh.machine.effects import Message, SignalSent, Step, Task, Wait
from hotmesh.machine.events import (
    Cancelled,
    ChildAnswered,
    Continued,
    Event,
    Interrupted,
    Response,
    RetryDue,
    SignalReceived,
    TimerFired,
)
from hotmesh.machine.job import JobState, Parent
from hotmesh.machine.plan import Plan
from hotmesh.machine.run import Moment, job_key
from hotmesh.machine.scope import SignalScope
from hotmesh.machine.step import start, step
from hotmesh.values import UNDEFINED, Json, dumps
from tests.machine import checks
from tests.machine.stored import Stored

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
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


@dataclass(frozen=True)
class Early:
    """A signal that nobody waited for: it is kept under each of its keys until a hook that does registers."""

    signal: SignalSent
    keys: tuple[str, ...]


@dataclass
class World:
    """Any number of jobs of one plan, and what waits between them."""

    plan: Plan
    jobs: dict[str, Stored] = field(default_factory=dict)
    memory: dict[str, JobState] = field(default_factory=dict)
    tasks: dict[str, tuple[str, Task]] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    waits: dict[str, tuple[str, Wait]] = field(default_factory=dict)
    early: list[Early] = field(default_factory=list)
    escalations: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By id: whose, and its state."""
    steps: list[Step] = field(default_factory=list)
    history: list[tuple[str, Event]] = field(default_factory=list)
    ids: int = 0

    def make_id(self) -> str:
        self.ids += 1
        return f"id-{self.ids}"

    def moment(self) -> Moment:
        """A millisecond later than the last one."""
        return Moment(BEGINNING + timedelta(milliseconds=len(self.steps)), 7, self.make_id)

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
        self._commit(job, done)
        return job_id

    def take(self, job_id: str, *events: Event) -> Step:
        """Take events to a job in one commit, restored from its rows unless it is in memory. What brought them is consumed with it."""
        job = self.memory.pop(job_id, None) or self.restored(job_id)
        done = Step()
        for event in events:
            self.history.append((job_id, event))
            dropped, was_done = done.dropped, job.done
            step(self.plan, job, event, self.moment(), done)
            if done.dropped == dropped:
                self._consume(job_id, event, done)
                self.jobs[job_id].reopened += was_done
        if not all(id_ in self.waits for id_ in done.settled_waits):
            return self._refuse(job_id, events)
        self._commit(job, done)
        return done

    def _refuse(self, job_id: str, events: tuple[Event, ...]) -> Step:
        """A signal has beaten a timer: nothing of the step counts; without the timer the other events are taken again."""
        self.jobs[job_id].state = self.restored(job_id)
        done = Step(dropped=1)
        for event in events if len(events) > 1 else ():
            done = self.take(job_id, event)
        return done

    def _consume(self, job_id: str, event: Event, done: Step) -> None:
        """Delete the task or the timer that an event came with, unless there is more to come."""
        if isinstance(event, Response) and event.status != "pending" and not any(retry.id == event.task_id for retry in done.retries):
            self.tasks.pop(event.task_id or "", None)
        elif isinstance(event, TimerFired):
            self.messages = {id_: each for id_, each in self.messages.items() if not _is_for(each, "timer", job_id, event)}

    def deliver(self, id_: str, answer: Answer = succeed) -> None:
        """Deliver what waits under this id: a worker's answer, or a message."""
        if id_ in self.tasks:
            job_id, task = self.tasks[id_]
            response = answer(task)
            if response is not None:
                self.take(job_id, response)
                if response.status != "pending" and id_ in self.tasks and not self._is_retried(id_):
                    del self.tasks[id_]
            return
        self._deliver_message(self.messages.pop(id_))

    def _is_retried(self, id_: str) -> bool:
        return any(retry.id == id_ for retry in self.steps[-1].retries)

    def _deliver_message(self, message: Message) -> None:
        payload = message.payload
        if message.kind == "start":
            self._start_child(payload)
        elif message.kind in ("interrupt", "cancel"):
            for stored in list(self.jobs.values()):
                if stored.state.key == payload["key"] and not stored.state.done:
                    self.take(stored.state.id, _order(message.kind, payload))
        elif message.kind == "recall":
            self._recall(message)
        else:
            assert message.job_id is not None
            self.take(message.job_id, event_of(message))

    def _start_child(self, payload: dict[str, Json]) -> None:
        """Start a child; one that can't be is its parent's error."""
        given = payload["parent"]
        parent = Parent(**{**given, "dimension": tuple(given["dimension"])})
        try:
            if any(each.state.key == payload["key"] for each in self.jobs.values()):
                raise _KeyTaken
            self.start(payload["topic"], payload["data"], parent, payload["key"], payload["id"])
        except HotMeshError as error:
            if parent.waits:
                reason = {"code": error.code, "message": str(error)}
                refused = ChildAnswered(parent.activity_id, parent.dimension, payload["id"], "error", error.code, None, reason)
                self.take(parent.job_id, refused)

    def _recall(self, message: Message) -> None:
        """A cancelled job's task that nobody has is answered in the place of a worker; here nobody ever has one."""
        assert message.job_id is not None
        place = (message.job_id, message.activity_id, message.dimension)
        for job_id, task in list(self.tasks.values()):
            if (job_id, task.activity_id, task.dimension) == place:
                self.take(job_id, failed(task, message.payload["code"], retryable=False))

    def signal(self, topic: str, data: Json, status: str = "success", code: int = 200) -> bool:
        """Send a signal and deliver it at once to the hook that waits for it; whether there is one. Else it is not kept."""
        signal = SignalSent(self.make_id(), topic, data, status, code)
        met = self._meet(signal, self._keys(signal))
        if met:
            self.deliver(signal.id)
        return met

    def send(self, signal: SignalSent) -> None:
        """Send a signal: a message to the hook that has waited longest, or to all with its facet; kept when nobody waits."""
        if signal.facet is not None:
            self._broadcast(signal)
            return
        keys = self._keys(signal)
        if not self._meet(signal, keys):
            self.early.append(Early(signal, keys))

    def _keys(self, signal: SignalSent) -> tuple[str, ...]:
        scope, rules = SignalScope(signal.data, self.moment().now), self.plan.rules.get(signal.topic, ())
        given = [[actual(scope) for _, actual in rule.match] for rule in rules]
        plain = [[{"$": "undefined"} if value is UNDEFINED else to_json(value) for value in values] for values in given]
        return tuple(rule.key(values) for rule, values in zip(rules, plain, strict=True))

    def _meet(self, signal: SignalSent, keys: tuple[str, ...]) -> bool:
        found = next((each for each in self.waits.values() if each[1].topic == signal.topic and each[1].key in keys), None)
        if found is not None:
            self._hand(signal, signal.id, *found)
        return found is not None

    def _broadcast(self, signal: SignalSent) -> None:
        assert signal.facet is not None
        name, value = signal.facet
        jobs = {id_ for id_, each in self.jobs.items() if name in (each.state.facets or {}) and (each.state.facets or {})[name] == value}
        for job_id, wait in [each for each in self.waits.values() if each[1].topic == signal.topic and each[0] in jobs]:
            self._hand(signal, self.make_id(), job_id, wait)
        for job_id in jobs if signal.scrub else ():
            facets = self.jobs[job_id].state.facets or {}
            facets.pop(name, None)

    def _hand(self, signal: SignalSent, id_: str, job_id: str, wait: Wait) -> None:
        """A signal meets a wait: a message for its job; a final one settles all the waits of that hook."""
        if signal.code != 202 and signal.status != "pending":
            self._forget_waits(job_id, wait.activity_id, wait.dimension)
        payload = {"data": signal.data, "status": signal.status, "code": signal.code}
        self.messages[id_] = Message(id_, "signal", job_id, wait.activity_id, wait.dimension, payload)

    def _forget_waits(self, job_id: str, activity_id: str, dimension: Dimension) -> None:
        hook = (job_id, activity_id, dimension)
        self.waits = {id_: each for id_, each in self.waits.items() if (each[0], each[1].activity_id, each[1].dimension) != hook}

    def run(self, answer: Answer = succeed) -> None:
        """Deliver everything that can be, oldest first, until nothing is left."""
        while waiting := [*self.messages, *self.tasks]:
            self.deliver(waiting[0], answer)

    # ---- looking

    def job(self, job_id: str) -> JobState:
        return self.jobs[job_id].state

    def restored(self, job_id: str) -> JobState:
        """The job as a process that knows nothing reads it."""
        return self.jobs[job_id].restored(self.plan)

    def instances(self, job_id: str) -> dict[tuple[str, str], tuple[str, Json]]:
        """What has come of each instance: status and output."""
        found = self.restored(job_id).instances
        return {(each.activity_id, to_text(each.dimension)): (each.status, each.output) for each in found.values()}

    # ---- committing, in the order of commit_steps

    def _commit(self, job: JobState, done: Step) -> None:
        self.steps.append(done)
        self.memory[job.id] = job
        self.jobs[job.id].store(job, done)
        self.tasks.update({task.id: (job.id, task) for task in done.tasks})
        self.messages.update({message.id: message for message in done.messages})
        for gone, ids in ((self.tasks, done.removed_tasks), (self.messages, done.removed_messages)):
            for id_ in ids:
                gone.pop(id_, None)
        for id_ in [*done.settled_waits, *done.removed_waits]:
            self.waits.pop(id_, None)
        self._commit_escalations(job, done)
        self._descend(job, done)
        for wait in done.waits:
            self._register(job.id, wait)
        for signal in done.signals:
            self.send(signal)
        checks.after(self, job, done)

    def _commit_escalations(self, job: JobState, done: Step) -> None:
        for id_, state in done.closed_escalations.items():
            if id_ in self.escalations:
                self.escalations[id_] = (job.id, state)
        self.escalations.update({each.id: (job.id, "pending") for each in done.escalations})

    def _descend(self, job: JobState, done: Step) -> None:
        for each in [each.state for each in self.jobs.values() if done.descend is not None]:
            if each.parent is not None and each.parent.job_id == job.id and not each.done:
                id_ = self.make_id()
                self.messages[id_] = Message(id_, "interrupt", each.id, payload={**(done.descend or {}), "key": each.key})

    def _register(self, job_id: str, wait: Wait) -> None:
        """A wait meets the signals that came before it; a final one settles its hook, whose other waits are not there then."""
        if self._has_met(job_id, wait):
            return
        for early in [each for each in self.early if each.signal.topic == wait.topic and wait.key in each.keys]:
            self.early.remove(early)
            self._hand(early.signal, early.signal.id, job_id, wait)
            if early.signal.code != 202 and early.signal.status != "pending":
                return
        self.waits[wait.id] = (job_id, wait)

    def _has_met(self, job_id: str, wait: Wait) -> bool:
        """Whether a final signal is on its way to the hook."""
        signals = [each for each in self.messages.values() if each.kind == "signal" and each.job_id == job_id]
        here = [each for each in signals if (each.activity_id, each.dimension) == (wait.activity_id, wait.dimension)]
        return any(each.payload["code"] != 202 and each.payload["status"] != "pending" for each in here)


class _KeyTaken(HotMeshError):
    """Another job owns the id."""

    code = 409


def _is_for(message: Message, kind: str, job_id: str, event: TimerFired) -> bool:
    place = (message.kind, message.job_id, message.activity_id, message.dimension)
    return place == (kind, job_id, event.activity_id, event.dimension)


def _order(kind: str, payload: dict[str, Json]) -> Event:
    if kind == "cancel":
        return Cancelled(payload.get("reason", Cancelled().reason))
    return Interrupted(**{name: payload[name] for name in Interrupted._fields if name in payload})


def event_of(message: Message) -> Event:
    """The event that a message brings to its job."""
    activity_id, dimension = message.activity_id or "", message.dimension or ()
    match message.kind:
        case "timer":
            return TimerFired(activity_id, dimension, 1)
        case "retry":
            return RetryDue(activity_id, dimension)
        case "child":
            return ChildAnswered(activity_id, dimension, **message.payload)
        case "signal":
            return SignalReceived(activity_id, dimension, **message.payload)
        case "continue":
            return Continued()
    raise AssertionError(f"no message is of the kind {message.kind!r}")
