"""From events to steps: what an engine computes in memory before it commits."""

from __future__ import annotations

import logging
import random
from collections import deque

from hotmesh import clock
from hotmesh.errors import HotMeshError
from hotmesh.ids import make_id, make_token
from hotmesh.machine.dimension import to_text
from hotmesh.machine.effects import Step, Task
from hotmesh.machine.events import Event, RetryDue
from hotmesh.machine.job import JobState
from hotmesh.machine.plan import Plan
from hotmesh.machine.restore import restore
from hotmesh.machine.run import Moment
from hotmesh.machine.step import start, step
from hotmesh.runtime.inline import PauseJob
from hotmesh.runtime.refusing import Refusing
from hotmesh.runtime.work import InlineTask, Pending, StartRequest, Work
from hotmesh.store.commit import Unit
from hotmesh.store.jobs import Loaded
from hotmesh.values import Json

logger = logging.getLogger("hotmesh.engine")


class Computing(Refusing):
    """The part of an engine that computes steps."""

    async def _compute_all(self, batch: dict[str, list[Pending]]) -> list[Work]:
        held = {job_id: self._cache.get(job_id) for job_id in batch}
        missing = [job_id for job_id, pendings in batch.items() if held[job_id] is None and not isinstance(pendings[0].event, StartRequest)]
        loaded = await self._jobs.load(missing) if missing else {}
        await self._programs.want({each.job.version for each in loaded.values()})
        works = []
        for job_id, pendings in batch.items():
            work = self._compute(job_id, pendings, held[job_id] or loaded.get(job_id))
            if work is not None:
                works.append(work)
        return works

    def _compute(self, job_id: str, pendings: list[Pending], held: JobState | Loaded | None) -> Work | None:
        """One job's step over all its events; None when nothing changes."""
        if len(pendings) > 1:
            pendings[:], later = _together(pendings)
            if later:
                self._inbox[job_id] = later + self._inbox.get(job_id, [])
        try:
            return self._step(job_id, pendings, held)
        except PauseJob as pause:
            self._forget(job_id)
            logger.error("the job %s is paused: %s", _name(job_id, held), pause.reason)
            self.spawn(self._pause(job_id, pendings, pause.reason))
        except Exception as error:
            logger.exception("job %s: a step could not be computed", job_id)
            self._forget(job_id)
            self._poisoned(job_id, pendings, f"a step could not be computed: {type(error).__name__}: {error}")
        return None

    async def _pause(self, job_id: str, pendings: list[Pending], reason: str) -> None:
        """An inline worker can't go on: pause the job as it was before these events, which wait until it is resumed."""
        await self._jobs.pause(job_id, reason)
        if isinstance(pendings[0].event, StartRequest):
            self._refuse_start(pendings[0].event, pendings, HotMeshError(reason))
        else:
            await self._park(job_id, pendings)

    def _step(self, job_id: str, pendings: list[Pending], held: JobState | Loaded | None) -> Work | None:
        first = pendings[0].event
        if isinstance(first, StartRequest):
            return self._compute_start(first, pendings)
        if held is None:
            self._drop(pendings, HotMeshError(f"there is no job {job_id}"))
            return None
        if isinstance(held, JobState):
            return self._apply(held, Work(Unit(held, Step()), [], from_memory=True), pendings)
        if held.paused:
            self.spawn(self._park(job_id, pendings))
            return None
        job = held.job
        restore(self._programs.plan(job.version).graph_of(job.topic), job, held.rows)
        return self._apply(job, Work(Unit(job, Step()), []), pendings)

    def _compute_start(self, request: StartRequest, pendings: list[Pending]) -> Work | None:
        try:
            job, first = start_job(self._programs.plan(request.version), request, moment())
        except HotMeshError as error:
            self._refuse_start(request, pendings, error)
            return None
        work = Work(Unit(job, first, more(request, job)), [pendings[0]])
        if pendings[0].message is not None:
            work.unit.messages.append(pendings[0].message)
        self._run_inline(work)
        return self._apply(job, work, pendings[1:])

    def _apply(self, job: JobState, work: Work, pendings: list[Pending]) -> Work | None:
        plan = self._programs.plan(job.version)
        unit = work.unit
        for pending in pendings:
            if pending.surely_late or isinstance(pending.event, StartRequest):
                self._drop([pending], None)
                continue
            before, settled = unit.step.dropped, len(unit.step.settled_waits)
            step(plan, job, self._event_of(job, pending), moment(), unit.step)
            if unit.step.dropped > before:
                work.late.append(pending)
                continue
            pending.settled_waits = tuple(unit.step.settled_waits[settled:])
            _consume(unit, pending)
            work.pendings.append(pending)
            self._run_inline(work)
        if work.pendings:
            self._sign(work)
            return work
        if work.from_memory and work.late:
            self._forget(job.id)
            self._requeue({job.id: work.late})
        else:
            self._drop(work.late, None)
        return None

    def _event_of(self, job: JobState, pending: Pending) -> Event:
        """The event; for an inline worker's task, its answer."""
        event = pending.event
        assert not isinstance(event, StartRequest)
        if not isinstance(event, InlineTask):
            return event
        task = event.task
        if (task.activity_id, task.dimension) not in job.open:
            return RetryDue(task.activity_id, task.dimension)
        return self.inline[task.topic].call(job, task)

    def _run_inline(self, work: Work) -> None:
        """Answer the tasks of inline workers at once, in the same step. One that can't be answered is stored, and pauses its job later."""
        if not self.inline:
            return
        unit = work.unit
        plan = self._programs.plan(unit.job.version)
        waiting = deque(unit.step.tasks)
        kept: list[Task] = []
        while waiting:
            task = waiting.popleft()
            worker = self.inline.get(task.topic)
            if worker is None or unit.job.done:
                kept.append(task)
                continue
            try:
                response = worker.call(unit.job, task)
            except PauseJob:
                kept.append(task)
                continue
            unit.step.tasks = []
            step(plan, unit.job, response, moment(), unit.step)
            waiting.extend(unit.step.tasks)
        gone = set(unit.step.removed_tasks)
        unit.step.tasks = [task for task in kept if task.id not in gone]

    def _sign(self, work: Work) -> None:
        """Decide which tasks and messages are handed over in memory, and find the keys of signals."""
        unit, token = work.unit, make_token()
        if unit.leased:
            return
        for signal in unit.step.signals:
            unit.signal_keys[signal.id] = self._programs.signal_keys(signal.topic, signal.data, clock.now())
        for task in unit.step.tasks:
            if not self.paused and work.pendings and self.reserve(task.topic):
                unit.leased[task.id] = token
                work.handed.append(task)
        for message in unit.step.messages:
            if message.delay_s is None and not self.paused and work.pendings and len(self._inbox) < self._group:
                unit.leased[message.id] = token
                work.handed.append(message)


def _name(job_id: str, held: JobState | Loaded | None) -> str:
    """What its user calls a job, when that is known here."""
    job = held.job if isinstance(held, Loaded) else held
    return job_id if job is None else job.key


def moment() -> Moment:
    """Now, with fresh chance."""
    return Moment(clock.now(), random.getrandbits(32), make_id)


def start_job(plan: Plan, request: StartRequest, moment: Moment) -> tuple[JobState, Step]:
    """The job that a request asks for, and its first step."""
    return start(
        plan,
        request.topic,
        request.payload,
        moment,
        job_id=request.job_id,
        key=request.key,
        entity=request.entity,
        parent=request.parent,
        origin=request.origin,
        trace=request.trace,
    )


def more(request: StartRequest, job: JobState) -> dict[str, Json]:
    """What few starts have beside a job's columns."""
    more: dict[str, Json] = {}
    if request.on_duplicate == "replace_finished":
        more["on_duplicate"] = request.on_duplicate
    if request.version is not None:
        more["pinned"] = True
    if job.facets:
        more["facets"] = job.facets
    if job.trace:
        more["trace"] = job.trace
    if job.parent is not None:
        more |= {
            "parent_id": job.parent.job_id,
            "parent_key": job.parent.job_key,
            "parent_activity": job.parent.activity_id,
            "parent_dimension": to_text(job.parent.dimension),
            "parent_waits": job.parent.waits,
        }
    return more


def _together(pendings: list[Pending]) -> tuple[list[Pending], list[Pending]]:
    """The events that may share a step, and those that have to wait: behind what is tried alone, and a second answer to one task.

    A process that has claimed a task of its own again has it twice. Of two answers only one has a good lease, and which is known when the
    other is refused.
    """
    if pendings[0].alone:
        return pendings[:1], pendings[1:]
    answered: set[str] = set()
    now: list[Pending] = []
    later: list[Pending] = []
    for pending in pendings:
        task_id = pending.task[0] if pending.task is not None else None
        (later if task_id in answered else now).append(pending)
        if task_id is not None:
            answered.add(task_id)
    return now, later


def _consume(unit: Unit, pending: Pending) -> None:
    """Note what the event's message or task becomes: deleted under its token, kept under it, or sent again."""
    if pending.message is not None:
        unit.messages.append(pending.message)
    if pending.task is None:
        return
    if pending.keep:
        unit.kept.append(pending.task)
    elif any(retry.id == pending.task[0] for retry in unit.step.retries):
        unit.retry_tokens[pending.task[0]] = pending.task[1]
    else:
        unit.tasks.append(pending.task)
