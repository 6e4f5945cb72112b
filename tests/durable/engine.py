"""An engine in memory: the real machine on the real graph, with dicts for tables and a clock that jumps.

What is ready (an activity's answer, a timer, a message, a signal) is delivered one by one, in the order that `choose` says. The three ways
of keeping a workflow between two events: `resident` keeps the suspended function, `evicted` throws it away after every commit, `restarted`
throws everything away but the rows.
"""

from __future__ import annotations

import asyncio
import inspect
import itertools
from collections import deque
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from hotmesh.compile import compile_app
from hotmesh.durable.activity_calls import retry_json
from hotmesh.durable.definition import SIGNAL_JOB_TOPIC, SIGNAL_TOPIC, name_of, signal_payload, start_payload
from hotmesh.durable.handing_on import replies_of
from hotmesh.durable.interception import Interceptors
from hotmesh.durable.residents import Residents, WorkerOptions
from hotmesh.durable.values import call_with, encode, encode_call
from hotmesh.errors import HotMeshError
from hotmesh.expr import to_json
from hotmesh.machine.dimension import to_text
from hotmesh.machine.effects import Message, Step, Task, Wait
from hotmesh.machine.events import (
    Cancelled,
    ChildAnswered,
    Continued,
    Event,
    Interrupted,
    Posted,
    Response,
    Retried,
    SignalReceived,
    TimerFired,
)
from hotmesh.machine.job import JobState, Key, Parent
from hotmesh.machine.plan import Plan
from hotmesh.machine.restore import restore
from hotmesh.machine.retry import RetryPolicy
from hotmesh.machine.run import Moment
from hotmesh.machine.scope import SignalScope
from hotmesh.machine.step import start, step
from hotmesh.values import Json, dumps

Mode = Literal["resident", "evicted", "restarted"]
MODES: tuple[Mode, ...] = ("resident", "evicted", "restarted")
EPOCH = datetime(2030, 1, 1, tzinfo=UTC)
GRAPH = Path(__file__).parents[2] / "graphs" / "durable.yaml"


def _plan() -> Plan:
    result = compile_app(GRAPH.read_text(), file=str(GRAPH))
    assert result.program is not None, result.diagnostics
    return Plan(result.program)


PLAN = _plan()


class Failed(Exception):
    """A workflow ended with this error."""

    def __init__(self, error: dict[str, Json]) -> None:
        super().__init__(f"{error.get('type')}: {error['message']}")
        self.error = error


class Engine:
    """See the head of the module."""

    def __init__(
        self,
        workflows: Any,
        activities: Any = None,
        *,
        mode: Mode = "resident",
        choose: Callable[[int], int] = lambda count: 0,
        tripwires: bool = True,
        interceptors: Interceptors | None = None,
        unserved: Collection[str] = (),
    ) -> None:
        """`unserved`: topics whose tasks nobody takes."""
        functions = workflows if isinstance(workflows, (list, tuple)) else [workflows]
        self.functions = {name_of(each): each for each in functions}
        self.activities = dict(activities or {})
        self.mode = mode
        self.choose = choose
        self.unserved = unserved
        self.options = WorkerOptions(tripwires=tripwires, stuck_after_s=None, interceptors=interceptors or Interceptors())
        self.residents = self._residents()
        self.now = EPOCH
        self.jobs: dict[str, JobState] = {}
        self.rows: dict[str, dict[tuple[str, str], tuple[str, int | None]]] = {}
        self.tasks: dict[str, tuple[str, Task, int]] = {}
        self.timers: dict[str, tuple[datetime, str, Message]] = {}
        self.messages: deque[Message] = deque()
        self.waits: dict[str, tuple[str, Wait]] = {}
        self.early: list[tuple[str, list[str], Json]] = []
        self.ran: list[tuple[str, list[Json]]] = []
        """Every activity execution: name and arguments."""
        self.published: list[tuple[str, Json]] = []
        self.commits = 0
        self._ids = itertools.count(1)

    def _residents(self) -> Residents:
        return Residents("q", "durable", self.functions, self.options)

    def make_id(self) -> str:
        return f"00000000-0000-7000-8000-{next(self._ids):012d}"

    def moment(self) -> Moment:
        return Moment(self.now, next(self._ids), self.make_id)

    # ---- orders

    def start(self, function: Any, *args: Any, id: str = "w", **options: Any) -> str:
        retry = options.pop("retry", None)
        name = name_of(function)
        payload = start_payload(
            name, "q", encode_call(args, {}, name, function), {**options, "retry": retry_json(retry) if retry else None}
        )
        self._start({**payload, "id": id}, id, None)
        return id

    def _start(self, payload: Json, key: str, parent: Parent | None, row_id: str | None = None) -> None:
        job, first = start(PLAN, "durable.start", payload, self.moment(), job_id=row_id or self.make_id(), key=key, parent=parent)
        if key in self.jobs:
            raise HotMeshError(f"a job with the id {key!r} is alive already")
        self.jobs[key] = job
        self._finish(job, first)

    def signal(self, signal_id: str, data: Any = None, *, to: str | None = None) -> None:
        self._signal(SIGNAL_TOPIC if to is None else SIGNAL_JOB_TOPIC, signal_payload(signal_id, data, to))

    def cancel(self, key: str = "w", reason: str = "cancelled") -> None:
        self._event(key, Cancelled(reason))

    def retry(self, key: str = "w") -> None:
        self._event(key, Retried())

    def post(self, payload: dict[str, Json], key: str = "w") -> str:
        request = self.make_id()
        self._event(key, Posted({**payload, "id": request}))
        return request

    def reply(self, request: str, key: str = "w") -> Json:
        return next((reply for reply in replies_of(self.jobs[key]) if reply["id"] == request), None)

    # ---- the loop

    def settle(self) -> None:
        """Deliver everything that is ready now, without letting time pass."""
        while self._deliver():
            pass

    def run(self, key: str = "w", *, limit: int = 100_000) -> Any:
        """Deliver everything, jumping from timer to timer, until the job has ended; its result. Raises Failed."""
        for _ in range(limit):
            job = self.jobs[key]
            if job.done:
                if job.error is not None:
                    raise Failed(job.error)
                return job.data.get("result")
            if not self._deliver() and not self.advance():
                raise AssertionError(f"{key} waits for ever: {sorted(job.open)}")
        raise AssertionError(f"{key} has not ended after {limit} deliveries")

    def advance(self) -> bool:
        """Jump to the next timer."""
        if not self.timers:
            return False
        self.now = max(self.now, min(due for due, _, _ in self.timers.values()))
        return self._fire_timers()

    def pass_time(self, seconds: float) -> None:
        """Let so much time pass, firing what is due on the way."""
        end = self.now + timedelta(seconds=seconds)
        while self.timers and min(due for due, _, _ in self.timers.values()) <= end:
            self.advance()
            self.settle()
        self.now = end

    def _deliver(self) -> bool:
        ready = [id_ for id_, (_, task, _) in self.tasks.items() if task.topic not in self.unserved]
        count = len(ready) + bool(self.messages)
        if not count:
            return False
        chosen = self.choose(count) % count
        if chosen == len(ready):
            self._take_message()
        else:
            self._work(ready[chosen])
        return True

    def _fire_timers(self) -> bool:
        due = [id_ for id_, (at, _, _) in self.timers.items() if at <= self.now]
        for id_ in due:
            if id_ in self.timers:
                _, key, message = self.timers.pop(id_)
                assert message.dimension is not None
                if message.kind == "overdue":
                    self._overdue(key, message)
                    continue
                stamp = int(self.now.timestamp() * 1000)
                self._event(key, TimerFired(message.activity_id or "", message.dimension, stamp))
        return bool(due)

    def _overdue(self, key: str, message: Message) -> None:
        """A task that nobody serves fails; one that was taken is left alone."""
        waiting = [id_ for id_, (of, task, _) in self.tasks.items() if (of, task.activity_id, task.dimension) == (key, *_place(message))]
        for id_ in waiting:
            del self.tasks[id_]
            error = message.payload
            self._event(key, Response(*_place(message), "error", error["code"], None, error, retryable=False, task_id=id_))

    def _work(self, task_id: str) -> None:
        key, task, attempt = self.tasks.pop(task_id)
        told = task.input
        self.ran.append((told["name"], told["args"]))
        try:
            result = call_with(self.activities[told["name"]], told["args"])
            if inspect.isawaitable(result):
                result = asyncio.run(result)  # type: ignore[arg-type]
            answer = Response(task.activity_id, task.dimension, "success", 200, encode(result, "result"), task_id=task_id)
        except Exception as error:
            retry = dict(told.get("retry") or {"maximum_attempts": 1})
            final = type(error).__name__ in retry.pop("non_retryable", ())
            detail: dict[str, Any] = {
                "code": getattr(error, "code", 500),
                "message": str(error),
                "type": type(error).__name__,
                "stack": "…",
            }
            policy = RetryPolicy.parse(retry)
            answer = Response(
                task.activity_id, task.dimension, "error", detail["code"], None, detail, policy, retryable=not final, task_id=task_id
            )
            self._retrying = (key, task, attempt)
        self._event(key, answer)

    def _take_message(self) -> None:
        message = self.messages.popleft()
        payload = message.payload
        if message.kind == "start":
            self._start_child(payload)
        elif message.kind == "child":
            job = next(each for each in self.jobs.values() if each.id == message.job_id)
            assert message.activity_id is not None
            assert message.dimension is not None
            self._event(job.key, ChildAnswered(message.activity_id, message.dimension, **payload))
        elif message.kind in ("cancel", "interrupt"):
            if payload["key"] in self.jobs and not self.jobs[payload["key"]].done:
                event: Event = (
                    Cancelled(payload["reason"]) if message.kind == "cancel" else Interrupted(payload["reason"], payload.get("code", 410))
                )
                self._event(payload["key"], event)
        elif message.kind == "continue":
            self._event(next(each for each in self.jobs.values() if each.id == message.job_id).key, Continued())
        else:
            raise AssertionError(message)

    def _start_child(self, payload: Json) -> None:
        given = payload["parent"]
        parent = Parent(given["job_id"], given["job_key"], given["activity_id"], tuple(given["dimension"]), given["waits"])
        if payload.get("again") and payload["key"] in self.jobs:
            self.jobs[payload["key"]].parent = parent
            self._event(payload["key"], Retried())
            return
        try:
            self._start(payload["data"], payload["key"], parent, payload["id"])
        except HotMeshError as error:
            detail: dict[str, Any] = {"code": 409, "message": str(error)}
            event = ChildAnswered(parent.activity_id, parent.dimension, payload["id"], "error", 409, None, detail)
            self._event(parent.job_key, event)

    def _signal(self, topic: str, data: Json) -> None:
        scope = SignalScope(data, self.now)
        keys = [rule.key([to_json(actual(scope)) for _, actual in rule.match]) for rule in PLAN.rules[topic]]
        for key, wait in list(self.waits.values()):
            if wait.topic == topic and wait.key in keys:
                self._drop_waits(wait)
                self._event(key, SignalReceived(wait.activity_id, wait.dimension, data))
                return
        self.early.append((topic, keys, data))

    def _drop_waits(self, settled: Wait) -> None:
        for id_, (_, wait) in list(self.waits.items()):
            if (wait.activity_id, wait.dimension) == (settled.activity_id, settled.dimension):
                del self.waits[id_]

    # ---- a step and its commit

    def _event(self, key: str, event: Event) -> None:
        job = self.jobs[key]
        if self.mode == "restarted" and job.id in self.rows:
            job = self._reloaded(job)
        done = Step()
        step(PLAN, job, event, self.moment(), done)
        self._finish(job, done)

    def _reloaded(self, old: JobState) -> JobState:
        self.residents.clear()
        self.residents = self._residents()
        job = JobState(old.id, old.key, old.topic, old.version, entity=old.entity, status=old.status, error=old.error, done=old.done)
        job.parent, job.created_ms, job.updated_ms = old.parent, old.created_ms, old.updated_ms
        rows = [(symbol, dimension, text, ledger) for (symbol, dimension), (text, ledger) in self.rows[old.id].items()]
        restore(PLAN.graphs[job.topic], job, rows)
        self.jobs[job.key] = job
        return job

    def _finish(self, job: JobState, done: Step) -> None:
        """Answer the workflow function's tasks in the same step, then commit."""
        waiting, kept = deque(done.tasks), []
        while waiting:
            task = waiting.popleft()
            if task.topic != "q" or job.done:
                kept.append(task)
                continue
            done.tasks = []
            step(PLAN, job, self.residents.call(job, task), self.moment(), done)
            waiting.extend(done.tasks)
        done.tasks = kept
        self._commit(job, done)
        if self.mode == "evicted":
            self.residents.drop(job.id)

    def _commit(self, job: JobState, done: Step) -> None:
        self.commits += 1
        rows = self.rows.setdefault(job.id, {})
        if done.purged_below is not None:
            for symbol, dimension in [each for each in rows if each[1].count(",") > 1]:
                if int(dimension.split(",")[2]) < done.purged_below:
                    del rows[symbol, dimension]
        for symbol, dimensions in done.touched:
            instance = job.instances.get((symbol, dimensions)) or job.answers[symbol, dimensions]
            rows[symbol, to_text(dimensions)] = (dumps(instance.to_json()), instance.ledger)
        for name in done.fields:
            rows[name, ""] = (dumps(job.data[name]), None)
        self._effects(job, done)
        self.residents.committed(job)

    def _effects(self, job: JobState, done: Step) -> None:
        for task in done.tasks:
            self.tasks[task.id] = (job.key, task, 1)
        for message in done.messages:
            if message.delay_s is not None:
                self.timers[message.id] = (self.now + timedelta(seconds=message.delay_s), job.key, message)
            else:
                self.messages.append(message)
        for removed in (*done.removed_tasks, *done.removed_messages, *done.removed_waits, *done.settled_waits):
            self.tasks.pop(removed, None)
            self.timers.pop(removed, None)
            self.waits.pop(removed, None)
            self.messages = deque(each for each in self.messages if each.id != removed)
        for retry in done.retries:
            key, task, attempt = self._retrying
            self.tasks[retry.id] = (key, task, attempt + 1)
        self.published += [(each.topic, each.data) for each in done.publications if not each.final]
        for wait in done.waits:
            if wait.id not in done.removed_waits:
                self._register(job, wait)
        for sent in done.signals:
            self._signal(sent.topic, sent.data)

    def _register(self, job: JobState, wait: Wait) -> None:
        for number, (topic, keys, data) in enumerate(self.early):
            if topic == wait.topic and wait.key in keys:
                del self.early[number]
                self._drop_waits(wait)
                self._event(job.key, SignalReceived(wait.activity_id, wait.dimension, data))
                return
        if (wait.activity_id, wait.dimension) in job.open:
            self.waits[wait.id] = (job.key, wait)

    # ---- looking

    def job(self, key: str = "w") -> JobState:
        return self.jobs[key]

    def count(self, activity: str, key: str = "w") -> int:
        """How many instances of an activity the job has."""
        return sum(1 for name, _ in self.jobs[key].instances if name == activity)


def _place(message: Message) -> Key:
    assert message.activity_id is not None
    assert message.dimension is not None
    return message.activity_id, message.dimension


def run_in_all_modes(
    workflow: Any, *args: Any, activities: Any = None, drive: Callable[[Engine], Any] | None = None, **options: Any
) -> Any:
    """The outcome of a workflow, which must be the same in all three ways of keeping it between its events."""
    outcomes: list[tuple[Any, ...]] = []
    for mode in MODES:
        engine = Engine(workflow, activities, mode=mode)
        main = workflow[0] if isinstance(workflow, (list, tuple)) else workflow
        engine.start(main, *args, **options)
        if drive is not None:
            drive(engine)
        try:
            outcomes.append(("returned", engine.run()))
        except Failed as failed:
            outcomes.append(("failed", failed.error["type"], failed.error["message"], failed.error["code"]))
    assert outcomes[0] == outcomes[1] == outcomes[2], f"resident, evicted and restarted differ: {outcomes}"
    return outcomes[0][1] if outcomes[0][0] == "returned" else outcomes[0]
